//! CycloneDX as JSON, 1.2 to 1.7.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use portcullis_model::parse_time;

use super::binding::{self, Claims};
use super::component::{Component, Element, Tally, UNSPECIFIED};
use super::graph::Graph;
use super::reading::{Binding, Completeness, CompletenessState, Format, Reading, Root, Tool};
use super::vulnerability::{services, vulnerabilities};
use super::{About, Ask, label, published, purl, said};
use crate::{Kind, MAX_FAULTS_SHOWN, MOST_MAKERS, Piece, Unreadable, shown};

pub(super) fn read(root: Piece<'_>, about: &About, ask: &Ask) -> Result<Reading, Unreadable> {
    let version = version(root)?;
    let schema = published::cyclonedx(&version).ok_or_else(|| Unreadable::at("/specVersion", unknown(&version)))?;
    let faults = schema.check(root, MAX_FAULTS_SHOWN);
    let metadata = root.get("metadata");
    let subject = metadata.and_then(|metadata| metadata.get("component"));
    let mut walk = Walk::new(ask, about);
    walk.list(root, subject)?;
    let roots: Vec<u32> = walk.root.into_iter().collect();
    let vulnerabilities = vulnerabilities(root, ask, &walk.purls, |id| walk.graph.find(id));
    let mut tally = walk.tally;
    let created = metadata.and_then(|metadata| metadata.get_str("timestamp"));
    let mut makers = Makers::default();
    if let Some(metadata) = metadata {
        makers.read(metadata);
    }
    Ok(Reading {
        format: Format::CycloneDx,
        version,
        faults,
        serial: root.get("serialNumber").and_then(Piece::shown),
        created_seconds: created.as_deref().and_then(parse_time),
        created: created.as_deref().map(shown),
        tools: makers.tools,
        authors: makers.authors,
        author_contact: makers.contact,
        supplier: metadata
            .and_then(|metadata| metadata.path(&["supplier", "name"]))
            .or_else(|| subject?.path(&["supplier", "name"]))
            .and_then(Piece::shown),
        lifecycles: makers.lifecycles,
        uri: root
            .list("externalReferences")
            .find(|reference| reference.get("type").is_some_and(|kind| kind.is("bom")))
            .and_then(|reference| reference.get("url"))
            .and_then(Piece::shown),
        root: subject.map(|subject| Root {
            name: subject.get("name").and_then(Piece::shown),
            version: subject.get("version").and_then(Piece::shown),
            purl: subject.get("purl").and_then(Piece::shown),
            pointer: subject.pointer(),
        }),
        binding: binding(subject, walk.candidates, about),
        components: tally.components,
        listed: tally.listed,
        types: std::mem::take(&mut tally.types),
        coverage: tally.coverage(),
        graph: walk.graph.reading(&roots, named),
        completeness: completeness(root, subject),
        denied_components: tally.denied_components,
        unreadable_purls: tally.unreadable_purls,
        denied_licenses: tally.denied_licenses,
        invalid_licenses: tally.invalid_licenses,
        deprecated_licenses: tally.deprecated_licenses,
        services: services(root, ask),
        vulnerabilities,
    })
}

fn version(root: Piece<'_>) -> Result<String, Unreadable> {
    if !root.get("bomFormat").is_some_and(|format| format.is("CycloneDX")) {
        return Err(Unreadable::at("/bomFormat", "`bomFormat` is not `CycloneDX`, so this is no SBOM that is known"));
    }
    let version = root.get("specVersion").and_then(Piece::shown);
    version.ok_or_else(|| Unreadable::at("/specVersion", "a CycloneDX document without a `specVersion` has no meaning"))
}

fn unknown(version: &str) -> String {
    match version {
        "1.0" | "1.1" => format!("CycloneDX {version} has no JSON form, so this cannot be one; write 1.4 or later"),
        _ => format!("CycloneDX `{version}` is no version that is known; 1.2 to 1.7 are read"),
    }
}

fn named(piece: Piece<'_>) -> String {
    label(said(piece, "name").as_deref(), said(piece, "version").as_deref())
}

fn reference<'a>(piece: Piece<'a>) -> Option<Cow<'a, str>> {
    piece.get_str("bom-ref")
}

/// A link into another document (`urn:cdx:..`) is nothing that could be found in this one.
fn elsewhere(reference: &str) -> bool {
    reference.starts_with("urn:cdx:")
}

struct Walk<'k, 'a> {
    about: &'k About,
    tally: Tally<'k>,
    graph: Graph<'a>,
    root: Option<u32>,
    /// Package URLs of components by node, for what refers to them.
    purls: HashMap<u32, Piece<'a>>,
    /// Components in the order of the document, with their nodes and depth.
    found: Vec<(Piece<'a>, u32)>,
    many: bool,
    /// What may be the root where none is declared.
    candidates: Vec<Claims<'k>>,
}

impl<'k, 'a> Walk<'k, 'a> {
    fn new(ask: &'k Ask, about: &'k About) -> Self {
        Self {
            about,
            candidates: Vec::new(),
            tally: Tally::new(ask),
            graph: Graph::default(),
            root: None,
            purls: HashMap::new(),
            found: Vec::new(),
            many: false,
        }
    }

    fn list(&mut self, root: Piece<'a>, subject: Option<Piece<'a>>) -> Result<(), Unreadable> {
        self.many = root.list("vulnerabilities").next().is_some();
        if let Some(subject) = subject {
            let node = self.graph.add(reference(subject), subject, false);
            self.root = Some(node);
            self.nested(subject, node)?;
            let mut about = component(subject);
            self.tally.root(&about);
            self.tally.judge(&mut about);
        }
        for component in root.list("components") {
            self.component(component)?;
        }
        let mut services: Vec<Piece<'a>> = root.list("services").collect();
        while let Some(service) = services.pop() {
            self.graph.add(reference(service), service, false);
            services.extend(service.list("services"));
        }
        self.relations(root)?;
        let found = std::mem::take(&mut self.found);
        let mut candidates = HashSet::new();
        if subject.is_none() {
            candidates.extend(found.iter().filter(|&&(piece, _)| self.candidate(piece)).map(|&(_, node)| node));
        }
        for (piece, node) in found {
            let mut component = component(piece);
            component.has(Element::Dependencies, self.graph.stated(node));
            if candidates.contains(&node) {
                self.tally.judge(&mut component);
            } else {
                self.tally.take(component)?;
            }
        }
        Ok(())
    }

    /// Whether a component may be what the document is about; then it lists nothing.
    fn candidate(&mut self, piece: Piece<'a>) -> bool {
        let component = component(piece);
        let mut claims = Claims::of_candidate(self.about);
        if binding::may_be_root(&component) {
            claim(piece, &mut claims);
        }
        let is_one = claims.any();
        if is_one {
            self.tally.root(&component);
            self.candidates.push(claims);
        }
        is_one
    }

    fn component(&mut self, piece: Piece<'a>) -> Result<u32, Unreadable> {
        let node = self.graph.add(reference(piece), piece, true);
        if self.found.len() > crate::MAX_COMPONENTS {
            let what = format!("it lists more than {} components; at most that many are read", crate::MAX_COMPONENTS);
            return Err(Unreadable::at(piece.pointer(), what));
        }
        self.found.push((piece, node));
        if self.many
            && let Some(purl) = piece.get("purl")
        {
            self.purls.insert(node, purl);
        }
        self.nested(piece, node)?;
        Ok(node)
    }

    /// A component consists of the ones inside it. No deeper than the text is.
    fn nested(&mut self, piece: Piece<'a>, node: u32) -> Result<(), Unreadable> {
        for inner in piece.list("components") {
            let inner = self.component(inner)?;
            self.graph.relate(node, inner)?;
        }
        Ok(())
    }

    fn relations(&mut self, root: Piece<'a>) -> Result<(), Unreadable> {
        for dependency in root.list("dependencies") {
            let Some(from) = dependency.get("ref").and_then(|from| self.graph.resolve(from, elsewhere)) else {
                continue;
            };
            self.graph.state(from);
            for list in ["dependsOn", "provides"] {
                for to in dependency.list(list) {
                    if let Some(to) = self.graph.resolve(to, elsewhere) {
                        self.graph.relate(from, to)?;
                    }
                }
            }
        }
        Ok(())
    }
}

fn component(piece: Piece<'_>) -> Component<'_> {
    let kind = said(piece, "type").unwrap_or(Cow::Borrowed(UNSPECIFIED));
    let mut component = Component::new(piece, kind);
    for (name, member) in piece.members() {
        match &*name {
            "bom-ref" => component.id = member.str().filter(|id| !id.is_empty()),
            "name" => component.name = said(piece, "name"),
            "version" => component.version = said(piece, "version"),
            "supplier" => component.has(Element::Supplier, said(member, "name").is_some()),
            "manufacturer" => component.has(Element::Author, said(member, "name").is_some()),
            "author" | "publisher" => {
                component.has(Element::Author, member.str().is_some_and(|text| super::says(&text)))
            }
            "authors" => {
                let one = |author: Piece<'_>| said(author, "name").or_else(|| said(author, "email")).is_some();
                component.has(Element::Author, member.elements().any(one));
            }
            "purl" => {
                if let Some(purl) = member.str() {
                    component.purl(purl);
                }
            }
            "cpe" => {
                component.has(Element::Cpe, said(piece, "cpe").is_some());
                component.has(Element::UniqueId, said(piece, "cpe").is_some());
            }
            "swid" => component.has(Element::UniqueId, said(member, "tagId").is_some()),
            "swhid" | "omniborId" => component.has(Element::UniqueId, member.elements().next().is_some()),
            "hashes" => {
                for hash in member.elements().filter(|hash| said(*hash, "content").is_some()) {
                    component.hash(&hash.get_str("alg").unwrap_or_default());
                }
            }
            "licenses" => component.licenses.extend(licenses(member)),
            "evidence" => {
                component.observed.extend(member.get("licenses").into_iter().flat_map(licenses));
                identities(member, &mut component.others);
            }
            "pedigree" => ancestors(member, &mut component.others),
            "properties" => properties(member, &mut component),
            "externalReferences" => {
                let place = |kind: &str| {
                    matches!(kind, "vcs" | "distribution" | "distribution-intake" | "source-distribution" | "website")
                };
                let one = |reference: Piece<'_>| reference.get_str("type").is_some_and(|kind| place(&kind));
                component.has(Element::Uri, member.elements().any(one));
            }
            _ => {}
        }
    }
    component.has(Element::Name, component.name.is_some());
    component.has(Element::Version, component.version.is_some());
    component
}

/// Several licences in one list without an expression that joins them: nothing says that one may choose, so all of them count.
fn licenses<'a>(list: Piece<'a>) -> impl Iterator<Item = Cow<'a, str>> {
    list.elements().filter_map(|choice| {
        let license = choice.get("license");
        let text = license.and_then(|license| license.get_str("id").or_else(|| license.get_str("name")));
        text.or_else(|| choice.get_str("expression"))
    })
}

/// What somebody took a component for: one identity up to 1.5, or a list of them.
fn identities<'a>(evidence: Piece<'a>, others: &mut Vec<Cow<'a, str>>) {
    let Some(found) = evidence.get("identity") else { return };
    let one = (found.kind() == Kind::Map).then_some(found);
    for identity in one.into_iter().chain(found.elements()) {
        let Some(text) = identity.get_str("concludedValue") else { continue };
        if purl::is_meant(&text) || identity.get("field").is_some_and(|field| field.is("purl")) {
            others.push(text);
        }
    }
}

/// What a component is made of, by the specification: it is derived from its ancestors, and contains nearly the same code as its
/// variants. Its descendants are others that were made of it, and are not in it.
fn ancestors<'a>(pedigree: Piece<'a>, others: &mut Vec<Cow<'a, str>>) {
    let of = |pedigree: Piece<'a>| pedigree.list("ancestors").chain(pedigree.list("variants"));
    let mut open: Vec<Piece<'a>> = of(pedigree).collect();
    while let Some(piece) = open.pop() {
        others.extend(piece.get_str("purl"));
        piece.get("evidence").into_iter().for_each(|evidence| identities(evidence, others));
        open.extend(piece.list("components").chain(piece.get("pedigree").into_iter().flat_map(of)));
    }
}

/// The properties by which BSI TR-03183-2 has CycloneDX say what a component is.
fn properties(list: Piece<'_>, component: &mut Component<'_>) {
    for property in list.elements() {
        let element = match property.get_str("name").as_deref() {
            Some("bsi:component:filename") => Element::Filename,
            Some("bsi:component:executable") => Element::Executable,
            Some("bsi:component:archive") => Element::Archive,
            Some("bsi:component:structured") => Element::Structured,
            _ => continue,
        };
        component.has(element, said(property, "value").is_some());
    }
}

fn binding(subject: Option<Piece<'_>>, candidates: Vec<Claims<'_>>, about: &About) -> Binding {
    let Some(subject) = subject else { return binding::of_any(candidates.into_iter()) };
    let mut claims = Claims::new(about);
    claim(subject, &mut claims);
    claims.binding()
}

fn claim(piece: Piece<'_>, claims: &mut Claims<'_>) {
    if let Some(purl) = piece.get("purl") {
        claims.purl(&purl.str().unwrap_or_default(), purl);
    }
    claims.version(piece.get_str("version"), piece.get("version"));
    claims.text(piece.get_str("name"), piece.get("name"));
    for hash in piece.list("hashes") {
        claims.hash(&hash.get_str("alg").unwrap_or_default(), &hash.get_str("content").unwrap_or_default(), hash);
    }
}

/// The worst word about the whole or any part of it: what names the root, or nothing at all, is about the whole. A part that is
/// complete does not make the whole so; a part that is not makes it incomplete.
fn completeness(root: Piece<'_>, subject: Option<Piece<'_>>) -> Completeness {
    let own = subject.and_then(reference);
    let mut worst: Option<(CompletenessState, Piece<'_>)> = None;
    for composition in root.list("compositions") {
        let Some(aggregate) = composition.get("aggregate") else { continue };
        let mut named = composition.list("assemblies").chain(composition.list("dependencies")).peekable();
        let whole =
            named.peek().is_none() || own.as_deref().is_some_and(|own| named.any(|reference| reference.is(own)));
        let state = match &*aggregate.str().unwrap_or_default() {
            "complete" if whole => CompletenessState::Complete,
            "complete" => continue,
            "unknown" | "not_specified" => CompletenessState::Unknown,
            _ => CompletenessState::Incomplete,
        };
        if worst.is_none_or(|(known, _)| state > known) {
            worst = Some((state, aggregate));
        }
    }
    match worst {
        Some((state, aggregate)) => Completeness {
            state,
            aggregate: aggregate.shown(),
            pointer: Some(aggregate.pointer().trim_end_matches("/aggregate").to_owned()),
        },
        None => Completeness { state: CompletenessState::Undeclared, aggregate: None, pointer: None },
    }
}

/// Who and what made a document.
#[derive(Default)]
struct Makers {
    tools: Vec<Tool>,
    authors: Vec<String>,
    contact: bool,
    lifecycles: Vec<String>,
}

impl Makers {
    fn read(&mut self, metadata: Piece<'_>) {
        // A list of tools up to 1.4; components and services since 1.5.
        let tools = metadata.list("tools").chain(
            metadata.get("tools").into_iter().flat_map(|tools| tools.list("components").chain(tools.list("services"))),
        );
        let tools = tools.filter_map(|tool| {
            Some(Tool { name: tool.get("name")?.shown()?, version: said(tool, "version").map(|text| shown(&text)) })
        });
        self.tools = tools.take(MOST_MAKERS).collect();
        for author in metadata.list("authors").take(MOST_MAKERS) {
            let (name, email) = (said(author, "name"), said(author, "email"));
            self.contact |= email.is_some() || said(author, "phone").is_some();
            match (name, email) {
                (Some(name), Some(email)) => self.authors.push(shown(&format!("{name} <{email}>"))),
                (Some(one), None) | (None, Some(one)) => self.authors.push(shown(&one)),
                (None, None) => {}
            }
        }
        for maker in ["manufacturer", "manufacture"].into_iter().filter_map(|name| metadata.get(name)) {
            self.authors.extend(said(maker, "name").map(|name| shown(&name)));
            self.contact |= maker.list("url").next().is_some()
                || maker.list("contact").any(|contact| said(contact, "email").is_some());
        }
        let phases = metadata.list("lifecycles").filter_map(|phase| phase.get("phase").or_else(|| phase.get("name")));
        self.lifecycles = phases.filter_map(Piece::shown).take(MOST_MAKERS).collect();
    }
}
