//! SPDX 3.0 as JSON-LD: a flat list of elements that refer to each other.

mod classes;
mod elements;
mod licenses;
mod rules;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use portcullis_model::parse_time;

use super::binding::{self, Claims};
use super::component::{Component, Element, Tally, UNSPECIFIED};
use super::graph::Graph;
use super::reading::{Binding, Completeness, CompletenessState, Format, Reading, Root, Services, Vulnerabilities};
use super::{About, Ask, label, purl, said};
use crate::{MOST_MAKERS, Piece, Unreadable, shown};
use elements::{Elements, Makers, external, hashes, values};
use licenses::Licenses;

/// Relations by which one thing contains or needs another.
const LEADS: [&str; 12] = [
    "dependsOn",
    "contains",
    "describes",
    "hasStaticLink",
    "hasDynamicLink",
    "hasPrerequisite",
    "hasProvidedDependency",
    "hasOptionalDependency",
    "hasOptionalComponent",
    "hasDistributionArtifact",
    "trainedOn",
    "testedOn",
];

pub(super) fn read(root: Piece<'_>, context: Piece<'_>, about: &About, ask: &Ask) -> Result<Reading, Unreadable> {
    known_context(context)?;
    let elements = Elements::read(root)?;
    let document = elements.document();
    let info = document.and_then(|document| elements.creation(document)).or_else(|| elements.any_creation());
    let version = info.and_then(|info| info.get("specVersion")).and_then(Piece::shown);
    let version = version.unwrap_or_else(|| "3.0".to_owned());
    if !version.starts_with("3.0") {
        let what = format!("SPDX `{version}` is no version that is known; 2.2, 2.3 and 3.0 are read");
        return Err(Unreadable::at(info.map(Piece::pointer).unwrap_or_default(), what));
    }
    let faults = rules::check(root, &elements);
    let mut walk =
        Walk { elements: &elements, tally: Tally::new(ask), graph: Graph::default(), licenses: HashMap::new() };
    let subject = Subject::of(&elements, about);
    let (roots, first) = (&subject.roots, subject.first);
    let nodes = walk.list(roots)?;
    let mut tally = walk.tally;
    let graph = walk.graph.reading(&nodes, named);
    let makers = info.map(|info| Makers::read(&elements, info)).unwrap_or_default();
    let created = info.and_then(|info| info.get_str("created"));
    let serial = document.and_then(|document| document.get("spdxId")).and_then(Piece::shown);
    Ok(Reading {
        format: Format::Spdx,
        version,
        faults,
        uri: serial.clone().filter(|id| id.contains("://")),
        serial,
        created_seconds: created.as_deref().and_then(parse_time),
        created: created.as_deref().map(shown),
        tools: makers.tools,
        authors: makers.authors,
        author_contact: makers.contact,
        supplier: first.and_then(|piece| piece.get_str("suppliedBy")).and_then(|id| elements.name(&id)),
        lifecycles: elements.lifecycles().take(MOST_MAKERS).collect(),
        root: first.map(|piece| Root {
            name: said(piece, "name").map(|text| shown(&text)),
            version: said(piece, "software_packageVersion").map(|text| shown(&text)),
            purl: purls(piece).next().map(|text| shown(&text)),
            pointer: piece.pointer(),
        }),
        binding: subject.binding(about),
        components: tally.components,
        listed: tally.listed,
        types: std::mem::take(&mut tally.types),
        coverage: tally.coverage(),
        completeness: completeness(&elements, roots),
        graph,
        denied_components: tally.denied_components,
        unreadable_purls: tally.unreadable_purls,
        denied_licenses: tally.denied_licenses,
        invalid_licenses: tally.invalid_licenses,
        deprecated_licenses: tally.deprecated_licenses,
        services: Services::default(),
        vulnerabilities: Vulnerabilities::default(),
    })
}

fn known_context(context: Piece<'_>) -> Result<(), Unreadable> {
    if values(context).any(rules::is_context) {
        return Ok(());
    }
    let vex = values(context).any(|context| context.str().is_some_and(|text| text.contains("openvex.dev")));
    let what = if vex {
        "it is OpenVEX, no SBOM"
    } else {
        "its `@context` is not that of SPDX 3.0, so this is no SBOM that is known"
    };
    Err(Unreadable::at("/@context", what))
}

fn named(piece: Piece<'_>) -> String {
    label(said(piece, "name").as_deref(), said(piece, "software_packageVersion").as_deref())
}

/// Package URLs: the member of their own, and external identifiers.
fn purls<'a>(piece: Piece<'a>) -> impl Iterator<Item = Cow<'a, str>> {
    let own = piece.get_str("software_packageUrl").into_iter();
    let of_kind = |kind: &str| matches!(kind.rsplit('/').next(), Some("packageUrl" | "purl"));
    own.chain(external(piece).filter(move |(kind, text)| of_kind(kind) || purl::is_meant(text)).map(|(_, text)| text))
}

/// What the document is about.
struct Subject<'a> {
    roots: Vec<Piece<'a>>,
    first: Option<Piece<'a>>,
    is_declared: bool,
}

impl<'a> Subject<'a> {
    /// The roots, if one of them is software; else the only package too, or every one that may be an image.
    fn of(elements: &Elements<'a>, about: &About) -> Self {
        let is_software = |piece: &Piece<'a>| {
            let kind = piece.get_str("type").unwrap_or_default();
            elements::is_package(&kind) || matches!(&*kind, "software_File" | "software_Snippet")
        };
        let mut roots = elements.roots();
        let mut first = roots.first().copied();
        let is_declared = roots.iter().any(is_software);
        if !is_declared {
            let is_package = |piece: &Piece<'a>| piece.get_str("type").is_some_and(|kind| elements::is_package(&kind));
            let mut packages = elements.all().filter(is_package);
            if let (Some(only), None) = (packages.next(), packages.next()) {
                first = Some(only);
                roots.push(only);
            } else {
                let packages = elements.all().filter(is_package);
                let images = packages.filter(|piece| binding::may_be_root(&component(*piece, false)));
                roots.extend(images.filter(|piece| candidate(*piece, about).any()));
            }
        }
        Self { roots, first, is_declared }
    }

    fn binding(&self, about: &About) -> Binding {
        if !self.is_declared {
            return binding::of_any(self.roots.iter().map(|&piece| candidate(piece, about)));
        }
        let mut claims = Claims::new(about);
        self.roots.iter().for_each(|&piece| claim(piece, &mut claims));
        claims.binding()
    }
}

fn candidate<'k>(piece: Piece<'_>, about: &'k About) -> Claims<'k> {
    let mut claims = Claims::of_candidate(about);
    claim(piece, &mut claims);
    claims
}

struct Walk<'k, 'e, 'a> {
    elements: &'e Elements<'a>,
    tally: Tally<'k>,
    graph: Graph<'a>,
    /// Licence texts by the element they are said of.
    licenses: HashMap<u32, Vec<Cow<'a, str>>>,
}

impl<'a> Walk<'_, '_, 'a> {
    /// Counts everything; the nodes of the roots.
    fn list(&mut self, roots: &[Piece<'a>]) -> Result<Vec<u32>, Unreadable> {
        let roots: HashSet<u32> = roots.iter().map(|root| root.index()).collect();
        let mut found = Vec::new();
        let mut nodes = Vec::new();
        for piece in self.elements.all() {
            let kind = piece.get_str("type").unwrap_or_default();
            let (package, file) = (elements::is_package(&kind), &*kind == "software_File");
            let is_root = roots.contains(&piece.index());
            let id = piece.get_str("spdxId").or_else(|| piece.get_str("@id"));
            let node = self.graph.add(id, piece, package && !is_root);
            if is_root {
                nodes.push(node);
            }
            if package || file {
                found.push((piece, node, file, is_root));
            }
        }
        self.relations()?;
        for &(piece, _, file, _) in found.iter().filter(|&&(_, _, _, is_root)| is_root) {
            self.tally.root(&component(piece, file));
        }
        for (piece, node, file, is_root) in found {
            let mut component = component(piece, file);
            component.has(Element::Dependencies, self.graph.stated(node));
            component.licenses = self.licenses.remove(&node).unwrap_or_default();
            if is_root {
                self.tally.judge(&mut component);
            } else {
                self.tally.take(component)?;
            }
        }
        Ok(nodes)
    }

    fn relations(&mut self) -> Result<(), Unreadable> {
        let elements = self.elements;
        let read = Licenses::new(elements);
        for relation in elements.relations() {
            let kind = relation.get_str("relationshipType").unwrap_or_default();
            let elsewhere = |id: &str| elements.elsewhere(id);
            let Some(from) = relation.get("from").and_then(|from| self.graph.resolve(from, elsewhere)) else {
                continue;
            };
            if depends(&kind) {
                self.graph.state(from);
            }
            for reference in relation.get("to").into_iter().flat_map(values) {
                let to = self.graph.resolve(reference, elsewhere);
                if matches!(&*kind, "hasConcludedLicense" | "hasDeclaredLicense") {
                    let text = read.read(reference)?;
                    self.licenses.entry(from).or_default().extend(text);
                }
                let Some(to) = to else { continue };
                if depends(&kind) {
                    self.graph.state(to);
                }
                if LEADS.contains(&&*kind) {
                    self.graph.relate(from, to)?;
                } else if matches!(&*kind, "generates" | "packagedBy") {
                    self.graph.relate(to, from)?;
                }
            }
        }
        Ok(())
    }
}

/// Whether a relation says something of dependencies.
fn depends(kind: &str) -> bool {
    matches!(
        kind,
        "dependsOn"
            | "hasStaticLink"
            | "hasDynamicLink"
            | "hasPrerequisite"
            | "hasProvidedDependency"
            | "hasOptionalDependency"
    )
}

fn component<'a>(piece: Piece<'a>, file: bool) -> Component<'a> {
    let kind = match said(piece, "software_primaryPurpose") {
        _ if file => Cow::Borrowed("file"),
        Some(purpose) => Cow::Owned(purpose.to_ascii_lowercase()),
        None => Cow::Borrowed(UNSPECIFIED),
    };
    let mut component = Component::new(piece, kind);
    component.name = said(piece, "name");
    component.version = said(piece, "software_packageVersion");
    let (name, version) = (component.name.is_some(), component.version.is_some());
    component.has(Element::Name, name);
    component.has(Element::Version, version);
    component.has(Element::Filename, file && name);
    component.has(Element::Supplier, said(piece, "suppliedBy").is_some());
    component.has(Element::Author, piece.get("originatedBy").into_iter().flat_map(values).next().is_some());
    component.has(
        Element::Uri,
        ["software_downloadLocation", "software_homePage"].iter().any(|name| said(piece, name).is_some()),
    );
    purls(piece).for_each(|purl| component.purl(purl));
    for (kind, text) in external(piece).filter(|(_, text)| super::says(text)) {
        component.has(Element::Cpe, kind.starts_with("cpe") && !text.is_empty());
        component.has(Element::UniqueId, matches!(&*kind, "cpe22" | "cpe23" | "swid" | "swhid" | "gitoid"));
    }
    for (algorithm, _, _) in hashes(piece).filter(|(_, value, _)| super::says(value)) {
        component.hash(&algorithm);
    }
    let purposes = piece.get("software_primaryPurpose").into_iter();
    let purposes = purposes.chain(piece.get("software_additionalPurpose")).flat_map(values);
    for purpose in purposes {
        component.has(Element::Executable, purpose.is("executable"));
        component.has(Element::Archive, purpose.is("archive"));
        component.has(Element::Structured, purpose.is("container") || purpose.is("firmware"));
    }
    component
}

fn claim(piece: Piece<'_>, claims: &mut Claims<'_>) {
    for (algorithm, value, place) in hashes(piece) {
        claims.hash(&algorithm, &value, place);
    }
    for purl in purls(piece) {
        claims.purl(&purl, piece.get("software_packageUrl").unwrap_or(piece));
    }
    claims.version(piece.get_str("software_packageVersion"), piece.get("software_packageVersion"));
    claims.text(piece.get_str("name"), piece.get("name"));
}

/// The worst word of any relation by which something is contained or needed; only one of the roots can make it complete.
fn completeness(elements: &Elements<'_>, roots: &[Piece<'_>]) -> Completeness {
    let roots: HashSet<Cow<'_, str>> = roots.iter().filter_map(|root| root.get_str("spdxId")).collect();
    let mut worst: Option<(CompletenessState, Piece<'_>)> = None;
    for relation in elements.relations() {
        let Some(word) = relation.get("completeness") else { continue };
        let kind = relation.get_str("relationshipType").unwrap_or_default();
        if !(depends(&kind) || &*kind == "contains") {
            continue;
        }
        let own = relation.get_str("from").is_some_and(|from| roots.contains(&from));
        let state = match &*word.str().unwrap_or_default() {
            "complete" if own => CompletenessState::Complete,
            "complete" => continue,
            "incomplete" => CompletenessState::Incomplete,
            _ => CompletenessState::Unknown,
        };
        if worst.is_none_or(|(known, _)| state > known) {
            worst = Some((state, word));
        }
    }
    match worst {
        Some((state, word)) => Completeness { state, aggregate: word.shown(), pointer: Some(word.pointer()) },
        None => Completeness { state: CompletenessState::Undeclared, aggregate: None, pointer: None },
    }
}
