//! SPDX 2.2 and 2.3.

use std::borrow::Cow;
use std::collections::HashSet;

use portcullis_model::parse_time;

use super::binding::{self, Claims};
use super::component::{Component, Element, Tally, UNSPECIFIED};
use super::graph::Graph;
use super::license::listed;
use super::reading::{
    Binding, Completeness, CompletenessState, Format, Reading, Root, Services, Tool, Vulnerabilities,
};
use super::{About, Ask, label, published, purl, said};
use crate::{Fault, MAX_FAULTS_SHOWN, MOST_MAKERS, Piece, Unreadable, shown};

/// Relations that lead from the first to the second.
const FORWARD: [&str; 7] =
    ["DESCRIBES", "CONTAINS", "DEPENDS_ON", "STATIC_LINK", "DYNAMIC_LINK", "HAS_PREREQUISITE", "GENERATED_FROM"];
/// Relations that lead from the second to the first; every `.._DEPENDENCY_OF` too.
const BACKWARD: [&str; 6] =
    ["DESCRIBED_BY", "CONTAINED_BY", "DEPENDENCY_OF", "PREREQUISITE_FOR", "GENERATES", "PACKAGE_OF"];

pub(super) fn read(root: Piece<'_>, about: &About, ask: &Ask) -> Result<Reading, Unreadable> {
    let version = version(root)?;
    let mut faults = published::spdx2().check(root, MAX_FAULTS_SHOWN);
    if version == "2.2" {
        required_by_2_2(root, &mut faults);
    }
    let mut walk = Walk { tally: Tally::new(ask), graph: Graph::default(), roots: Vec::new() };
    let mut described = described(root);
    let subject = Subject::of(root, &mut described, about);
    walk.list(root, &subject.pieces)?;
    let roots: Vec<u32> = walk.roots.iter().map(|&(node, _)| node).collect();
    let mut tally = walk.tally;
    let pieces = walk.roots.iter().map(|&(_, piece)| piece);
    let binding = subject.binding(pieces, about);
    let makers = Makers::read(root);
    let created = root.path(&["creationInfo", "created"]).and_then(Piece::str);
    let first = walk.roots.first().filter(|_| subject.is_known).map(|&(_, piece)| piece);
    let namespace = root.get("documentNamespace").and_then(Piece::shown);
    Ok(Reading {
        format: Format::Spdx,
        version,
        faults,
        serial: namespace.clone(),
        created_seconds: created.as_deref().and_then(parse_time),
        created: created.as_deref().map(shown),
        tools: makers.tools,
        authors: makers.authors,
        author_contact: makers.contact,
        supplier: first.and_then(|piece| said(piece, "supplier")).map(|text| shown(person(&text))),
        lifecycles: Vec::new(),
        uri: namespace,
        root: first.map(|piece| Root {
            name: said(piece, "name").or_else(|| said(piece, "fileName")).map(|text| shown(&text)),
            version: said(piece, "versionInfo").map(|text| shown(&text)),
            purl: purls(piece).next().map(|(text, _)| shown(&text)),
            pointer: piece.pointer(),
        }),
        binding,
        components: tally.components,
        listed: tally.listed,
        types: std::mem::take(&mut tally.types),
        coverage: tally.coverage(),
        completeness: completeness(root, &described),
        graph: walk.graph.reading(&roots, named),
        denied_components: tally.denied_components,
        unreadable_purls: tally.unreadable_purls,
        denied_licenses: tally.denied_licenses,
        invalid_licenses: tally.invalid_licenses,
        deprecated_licenses: tally.deprecated_licenses,
        services: Services::default(),
        vulnerabilities: Vulnerabilities::default(),
    })
}

fn version(root: Piece<'_>) -> Result<String, Unreadable> {
    let version = root.get_str("spdxVersion").unwrap_or_default();
    match version.strip_prefix("SPDX-") {
        Some(known @ ("2.2" | "2.3")) => Ok(known.to_owned()),
        _ => {
            let what = format!("`{}` is no version of SPDX that is known; 2.2, 2.3 and 3.0 are read", shown(&version));
            Err(Unreadable::at("/spdxVersion", what))
        }
    }
}

/// What 2.2 requires and 2.3 made optional (SPDX 2.3, annex I.1).
fn required_by_2_2(root: Piece<'_>, faults: &mut crate::Faults) {
    let package = ["licenseConcluded", "licenseDeclared", "copyrightText"].as_slice();
    let file = ["licenseConcluded", "copyrightText"].as_slice();
    for (list, wanted) in [("packages", package), ("files", file)] {
        for piece in root.list(list) {
            for name in wanted.iter().filter(|name| piece.get(name).is_none()) {
                faults.count += 1;
                if faults.first.len() < MAX_FAULTS_SHOWN {
                    let what = format!("lacks `{name}`, which SPDX 2.2 requires");
                    faults.first.push(Fault { pointer: piece.pointer(), what });
                }
            }
        }
    }
}

fn id<'a>(piece: Piece<'a>) -> Option<Cow<'a, str>> {
    piece.get_str("SPDXID")
}

fn named(piece: Piece<'_>) -> String {
    let name = said(piece, "name").or_else(|| said(piece, "fileName"));
    label(name.as_deref(), said(piece, "versionInfo").as_deref())
}

/// The document names other documents, and may name nothing.
fn elsewhere(reference: &str) -> bool {
    reference.starts_with("DocumentRef-") || matches!(reference, "NOASSERTION" | "NONE")
}

/// The ids of what the document says it describes.
fn described<'a>(root: Piece<'a>) -> HashSet<Cow<'a, str>> {
    let own = id(root).unwrap_or(Cow::Borrowed("SPDXRef-DOCUMENT"));
    let mut described: HashSet<Cow<'a, str>> = root.list("documentDescribes").filter_map(Piece::str).collect();
    for relation in root.list("relationships") {
        let ends =
            (relation.get("spdxElementId"), relation.get("relatedSpdxElement"), relation.get("relationshipType"));
        let (Some(from), Some(to), Some(kind)) = ends else { continue };
        if kind.is("DESCRIBES") && from.is(&own) {
            described.extend(to.str());
        } else if kind.is("DESCRIBED_BY") && to.is(&own) {
            described.extend(from.str());
        }
    }
    described
}

/// What the document is about.
struct Subject {
    pieces: HashSet<u32>,
    /// It says so, or its only package is it.
    is_known: bool,
    is_declared: bool,
}

impl Subject {
    /// What is described; where nothing is, the only package (SPDX 2.3, section 11.1), or every one that may be an image.
    fn of<'a>(root: Piece<'a>, described: &mut HashSet<Cow<'a, str>>, about: &About) -> Self {
        let all = root.list("packages").chain(root.list("files"));
        let pieces = all.filter(|piece| id(*piece).is_some_and(|id| described.contains(&id)));
        let pieces: HashSet<u32> = pieces.map(Piece::index).collect();
        if !pieces.is_empty() {
            return Self { pieces, is_known: true, is_declared: true };
        }
        let mut packages = root.list("packages");
        if let (Some(only), None) = (packages.next(), packages.next()) {
            described.extend(id(only));
            return Self { pieces: HashSet::from([only.index()]), is_known: true, is_declared: false };
        }
        let names = |piece: &Piece<'a>| {
            let mut claims = Claims::of_candidate(about);
            claim(*piece, &mut claims);
            claims.any()
        };
        let images = root.list("packages").filter(|piece| binding::may_be_root(&package(*piece))).filter(names);
        Self { pieces: images.map(Piece::index).collect(), is_known: false, is_declared: false }
    }

    fn binding<'a>(&self, pieces: impl Iterator<Item = Piece<'a>>, about: &About) -> Binding {
        if self.is_declared {
            let mut claims = Claims::new(about);
            pieces.for_each(|piece| claim(piece, &mut claims));
            return claims.binding();
        }
        binding::of_any(pieces.map(|piece| {
            let mut claims = Claims::of_candidate(about);
            claim(piece, &mut claims);
            claims
        }))
    }
}

struct Walk<'k, 'a> {
    tally: Tally<'k>,
    graph: Graph<'a>,
    roots: Vec<(u32, Piece<'a>)>,
}

impl<'a> Walk<'_, 'a> {
    fn list(&mut self, root: Piece<'a>, subject: &HashSet<u32>) -> Result<(), Unreadable> {
        self.graph.add(id(root), root, false);
        let mut found: Vec<(Piece<'a>, u32, bool)> = Vec::new();
        for (list, file) in [("packages", false), ("files", true)] {
            for piece in root.list(list) {
                let is_root = subject.contains(&piece.index());
                let node = self.graph.add(id(piece), piece, !is_root && !file);
                if is_root {
                    self.roots.push((node, piece));
                }
                found.push((piece, node, file));
            }
        }
        for snippet in root.list("snippets") {
            self.graph.add(id(snippet), snippet, false);
        }
        self.relations(root, &found)?;
        let roots: HashSet<u32> = self.roots.iter().map(|&(node, _)| node).collect();
        let read = |piece, is_file| if is_file { file(piece) } else { package(piece) };
        for &(piece, _, is_file) in found.iter().filter(|(_, node, _)| roots.contains(node)) {
            self.tally.root(&read(piece, is_file));
        }
        finds(root).for_each(|mut find| self.tally.judge(&mut find));
        for (piece, node, is_file) in found {
            let mut component = read(piece, is_file);
            component.has(Element::Dependencies, self.graph.stated(node));
            if roots.contains(&node) {
                self.tally.judge(&mut component);
            } else {
                self.tally.take(component)?;
            }
        }
        Ok(())
    }

    fn relations(&mut self, root: Piece<'a>, found: &[(Piece<'a>, u32, bool)]) -> Result<(), Unreadable> {
        for described in root.list("documentDescribes") {
            self.graph.resolve(described, elsewhere);
        }
        for &(package, node, _) in found {
            for file in package.list("hasFiles") {
                if let Some(file) = self.graph.resolve(file, elsewhere) {
                    self.graph.relate(node, file)?;
                }
            }
        }
        for relation in root.list("relationships") {
            let (from, to) = (relation.get("spdxElementId"), relation.get("relatedSpdxElement"));
            let from = from.and_then(|from| self.graph.resolve(from, elsewhere));
            let to = to.and_then(|to| self.graph.resolve(to, elsewhere));
            let kind = relation.get_str("relationshipType").unwrap_or_default();
            let backward = BACKWARD.contains(&&*kind) || kind.ends_with("_DEPENDENCY_OF");
            if depends(&kind) {
                from.into_iter().chain(to).for_each(|node| self.graph.state(node));
            }
            if let (Some(from), Some(to)) = (from, to)
                && (backward || FORWARD.contains(&&*kind))
            {
                let (from, to) = if backward { (to, from) } else { (from, to) };
                self.graph.relate(from, to)?;
            }
        }
        Ok(())
    }
}

/// Whether a relation says something of dependencies.
fn depends(kind: &str) -> bool {
    matches!(kind, "DEPENDS_ON" | "STATIC_LINK" | "DYNAMIC_LINK" | "HAS_PREREQUISITE" | "PREREQUISITE_FOR")
        || kind.ends_with("DEPENDENCY_OF")
}

/// The type of an external reference, which may be written as its address and in any case.
fn reference_type(reference: Piece<'_>) -> String {
    let kind = reference.get_str("referenceType").unwrap_or_default().trim().to_ascii_lowercase();
    let short = kind.split_once("://spdx.org/rdf/references/").map(|(_, short)| short.trim_end_matches('/').to_owned());
    short.unwrap_or(kind)
}

/// The package URLs among external references, whatever type they were given.
fn purls<'a>(piece: Piece<'a>) -> impl Iterator<Item = (Cow<'a, str>, Piece<'a>)> {
    piece.list("externalRefs").filter_map(|reference| {
        let locator = reference.get_str("referenceLocator")?;
        (purl::is_meant(&locator) || reference_type(reference) == "purl").then_some((locator, reference))
    })
}

fn package(piece: Piece<'_>) -> Component<'_> {
    let purpose = said(piece, "primaryPackagePurpose").map(|purpose| purpose.to_ascii_lowercase());
    let mut component = Component::new(piece, purpose.map_or(Cow::Borrowed(UNSPECIFIED), Cow::Owned));
    component.name = said(piece, "name");
    component.version = said(piece, "versionInfo");
    let version = component.version.is_some();
    component.has(Element::Version, version);
    component.has(Element::Supplier, said(piece, "supplier").is_some());
    component.has(Element::Author, said(piece, "originator").is_some());
    component.has(Element::Filename, said(piece, "packageFileName").is_some());
    component.has(Element::Uri, ["downloadLocation", "homepage"].iter().any(|name| said(piece, name).is_some()));
    for reference in piece.list("externalRefs") {
        let Some(locator) = said(reference, "referenceLocator") else { continue };
        match reference_type(reference).as_str() {
            kind if kind == "purl" || purl::is_meant(&locator) => component.purl(locator),
            "cpe22type" | "cpe23type" => {
                component.has(Element::Cpe, true);
                component.has(Element::UniqueId, true);
            }
            "swid" | "swh" | "gitoid" => component.has(Element::UniqueId, true),
            _ => {}
        }
    }
    stated(piece, &mut component, &["licenseConcluded", "licenseDeclared"]);
    component.observed.extend(piece.list("licenseInfoFromFiles").filter_map(Piece::str));
    component
}

fn file(piece: Piece<'_>) -> Component<'_> {
    let mut component = Component::new(piece, Cow::Borrowed("file"));
    component.name = said(piece, "fileName");
    let name = component.name.is_some();
    component.has(Element::Filename, name);
    stated(piece, &mut component, &["licenseConcluded"]);
    component.observed.extend(piece.list("licenseInfoInFiles").filter_map(Piece::str));
    component
}

/// What is no component and tells of licences that are in one: parts of files, and texts that were found. A text that goes by
/// the name of a listed licence is that licence, whatever reference it was given.
fn finds<'a>(root: Piece<'a>) -> impl Iterator<Item = Component<'a>> {
    let snippets = root.list("snippets").map(|piece| {
        let mut snippet = Component::new(piece, Cow::Borrowed("snippet"));
        snippet.name = said(piece, "name");
        snippet.observed.extend(said(piece, "licenseConcluded"));
        snippet.observed.extend(piece.list("licenseInfoInSnippets").filter_map(Piece::str));
        snippet
    });
    let texts = root.list("hasExtractedLicensingInfos").filter_map(|piece| {
        let known = listed(&said(piece, "name")?)?;
        let mut text = Component::new(piece, Cow::Borrowed("licence"));
        text.name = said(piece, "licenseId");
        text.observed.push(Cow::Borrowed(known));
        Some(text)
    });
    snippets.chain(texts)
}

/// What packages and files have in common.
fn stated<'a>(piece: Piece<'a>, component: &mut Component<'a>, licenses: &[&str]) {
    let name = component.name.is_some();
    component.has(Element::Name, name);
    for checksum in piece.list("checksums").filter(|checksum| said(*checksum, "checksumValue").is_some()) {
        component.hash(&checksum.get_str("algorithm").unwrap_or_default());
    }
    component.licenses.extend(licenses.iter().filter_map(|name| said(piece, name)));
}

fn claim(piece: Piece<'_>, claims: &mut Claims<'_>) {
    for checksum in piece.list("checksums") {
        let value = checksum.get_str("checksumValue").unwrap_or_default();
        claims.hash(&checksum.get_str("algorithm").unwrap_or_default(), &value, checksum);
    }
    for (text, reference) in purls(piece) {
        claims.purl(&text, reference);
    }
    // Those two are there to name digests; a version is one where neither does.
    if !claims.any() {
        claims.version(piece.get_str("versionInfo"), piece.get("versionInfo"));
    }
    claims.text(piece.get_str("name"), piece.get("name"));
}

/// SPDX 2 can only say of a root that nothing is known about what it depends on.
fn completeness(root: Piece<'_>, described: &HashSet<Cow<'_, str>>) -> Completeness {
    let unknown = root.list("relationships").find(|relation| {
        let (from, to) = (relation.get_str("spdxElementId"), relation.get_str("relatedSpdxElement"));
        let kind = relation.get_str("relationshipType").unwrap_or_default();
        let (owner, other) = if kind.ends_with("_OF") || kind.ends_with("_BY") { (to, from) } else { (from, to) };
        (depends(&kind) || kind.starts_with("CONTAIN"))
            && other.as_deref() == Some("NOASSERTION")
            && owner.is_some_and(|owner| described.contains(&owner))
    });
    match unknown {
        Some(relation) => Completeness {
            state: CompletenessState::Unknown,
            aggregate: Some("NOASSERTION".to_owned()),
            pointer: Some(relation.pointer()),
        },
        None => Completeness { state: CompletenessState::Undeclared, aggregate: None, pointer: None },
    }
}

/// `Organization: Org (mail)` without the first word.
fn person(text: &str) -> &str {
    text.split_once(": ").map_or(text, |(_, name)| name.trim())
}

#[derive(Default)]
struct Makers {
    tools: Vec<Tool>,
    authors: Vec<String>,
    contact: bool,
}

impl Makers {
    fn read(root: Piece<'_>) -> Self {
        let mut makers = Self::default();
        let creators = root.get("creationInfo").map(|info| info.list("creators"));
        for creator in creators.into_iter().flatten().filter_map(Piece::str).take(2 * MOST_MAKERS) {
            match creator.split_once(':') {
                Some(("Tool", tool)) => makers.tools.push(super::spdx_tool(tool.trim())),
                Some(("Person" | "Organization", name)) if super::says(name) => {
                    makers.contact |= name.split_once('(').is_some_and(|(_, contact)| contact.contains('@'));
                    makers.authors.push(shown(name.trim()));
                }
                _ => {}
            }
        }
        makers
    }
}
