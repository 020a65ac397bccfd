//! What SPDX 3.0.1 asks of a JSON-LD document, by our own reading: no package carries its schema.

use super::classes;
use super::elements::{Elements, hashes, is_package, values};
use crate::{Fault, Faults, Kind, MAX_FAULTS_COUNTED, MAX_FAULTS_SHOWN, Piece, shown};

/// `RelationshipType` of the core profile.
const RELATIONS: [&str; 60] = [
    "affects",
    "amendedBy",
    "ancestorOf",
    "availableFrom",
    "configures",
    "contains",
    "coordinatedBy",
    "copiedTo",
    "delegatedTo",
    "dependsOn",
    "descendantOf",
    "describes",
    "doesNotAffect",
    "expandsTo",
    "exploitCreatedBy",
    "fixedBy",
    "fixedIn",
    "foundBy",
    "generates",
    "hasAddedFile",
    "hasAssessmentFor",
    "hasAssociatedVulnerability",
    "hasConcludedLicense",
    "hasDataFile",
    "hasDeclaredLicense",
    "hasDeletedFile",
    "hasDependencyManifest",
    "hasDistributionArtifact",
    "hasDocumentation",
    "hasDynamicLink",
    "hasEvidence",
    "hasExample",
    "hasHost",
    "hasInput",
    "hasMetadata",
    "hasOptionalComponent",
    "hasOptionalDependency",
    "hasOutput",
    "hasPrerequisite",
    "hasProvidedDependency",
    "hasRequirement",
    "hasSpecification",
    "hasStaticLink",
    "hasTest",
    "hasTestCase",
    "hasVariant",
    "invokedBy",
    "modifiedBy",
    "other",
    "packagedBy",
    "patchedBy",
    "publishedBy",
    "reportedBy",
    "republishedBy",
    "serializedInArtifact",
    "testedOn",
    "trainedOn",
    "underInvestigationFor",
    "usesTool",
    "generatedBy",
];

/// Hash algorithms and how many hex digits each has.
const HASHES: [(&str, usize); 12] = [
    ("md5", 32),
    ("sha1", 40),
    ("sha224", 56),
    ("sha256", 64),
    ("sha384", 96),
    ("sha512", 128),
    ("sha3_224", 56),
    ("sha3_256", 64),
    ("sha3_384", 96),
    ("sha3_512", 128),
    ("blake2b256", 64),
    ("blake2b512", 128),
];

struct Found(Faults);

impl Found {
    fn add(&mut self, piece: Piece<'_>, what: impl Into<String>) {
        self.0.count += 1;
        if self.0.first.len() < MAX_FAULTS_SHOWN {
            self.0.first.push(Fault { pointer: piece.pointer(), what: what.into() });
        }
    }
}

/// Judges a document.
pub(super) fn check(root: Piece<'_>, elements: &Elements<'_>) -> Faults {
    let mut found = Found(Faults::default());
    outside(root, &mut found);
    let mut documents = 0;
    for piece in elements.all() {
        if found.0.count >= MAX_FAULTS_COUNTED {
            break;
        }
        if piece.kind() != Kind::Map {
            found.add(piece, "is no element: a JSON object is expected");
            continue;
        }
        let Some(kind) = piece.get_str("type") else {
            found.add(piece, "lacks `type`");
            continue;
        };
        members(piece, &kind, &mut found);
        // An id that stands twice is for the graph to tell: JSON-LD takes the two for one element.
        if piece.get_str("spdxId").or_else(|| piece.get_str("@id")).is_none() {
            found.add(piece, "lacks `spdxId`");
        }
        if &*kind == "CreationInfo" {
            creation(piece, &mut found);
            continue;
        }
        if piece.get("spdxId").is_some() && elements.creation(piece).is_none() {
            found.add(piece, "has no `creationInfo` that is in the document");
        }
        documents += usize::from(&*kind == "SpdxDocument");
        element(piece, &kind, elements, &mut found);
    }
    if documents != 1
        && let Some(first) = elements.all().next()
    {
        found.add(first, format!("the document has {documents} elements `SpdxDocument`; one is expected"));
    }
    found.0
}

/// What stands around the graph: the context of SPDX alone, since any other may give words another meaning.
fn outside(root: Piece<'_>, found: &mut Found) {
    for (name, value) in root.members() {
        match &*name {
            "@graph" => {}
            "@context" => {
                let mut contexts = values(value);
                if !contexts.next().is_some_and(is_context) || contexts.next().is_some() {
                    found.add(value, "`@context` is not that of SPDX 3.0 alone");
                }
            }
            _ => found.add(value, format!("`{}` is no member that may stand beside `@graph`", shown(&name))),
        }
    }
}

/// Whether this is the context of SPDX 3.0 or one of its patches.
pub(super) fn is_context(context: Piece<'_>) -> bool {
    let text = context.str().unwrap_or_default();
    let version =
        text.strip_prefix("https://spdx.org/rdf/3.0").and_then(|rest| rest.strip_suffix("/spdx-context.jsonld"));
    version.is_some_and(|patch| patch.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// Judges what an element says by its class: what this reader does not know could be a package to another one.
fn members(piece: Piece<'_>, kind: &str, found: &mut Found) {
    let class = match classes::find(kind).filter(|class| !class.is_abstract) {
        Some(class) => class,
        None => return found.add(piece, format!("`type` is `{}`, no class of SPDX 3.0", shown(kind))),
    };
    for (name, value) in piece.members() {
        // To JSON-LD `@id` and `spdxId` are the same word.
        if !class.has(&name) && (&*name != "@id" || piece.get("spdxId").is_some()) {
            found.add(value, format!("`{}` is no member of `{kind}`", shown(&name)));
        } else if &*name == "extension" {
            values(value).for_each(|one| extension(one, found));
        } else {
            if value.kind() == Kind::List && !classes::is_list(&name) {
                found.add(value, format!("`{}` is a list; one value is expected", shown(&name)));
            }
            values(value).for_each(|one| inner(one, found));
        }
    }
}

/// A value inside an element: a text, a number, or something without an id of its own.
fn inner(piece: Piece<'_>, found: &mut Found) {
    match piece.kind() {
        Kind::Map => {}
        Kind::List => return found.add(piece, "is a list inside a list"),
        _ => return,
    }
    match piece.get("type").map(Piece::str) {
        Some(Some(kind)) => {
            if is_element(&kind) || piece.get("spdxId").is_some() {
                found.add(piece, INLINE);
            } else {
                members(piece, &kind, found);
            }
        }
        // Hashes and identifiers are sometimes written without their type; the member that they stand in tells it.
        None => {
            for (name, value) in piece.members() {
                if !classes::is_any(&name) {
                    found.add(value, format!("`{}` is no member that SPDX 3.0 knows", shown(&name)));
                }
                values(value).for_each(|one| inner(one, found));
            }
        }
        Some(None) => found.add(piece, "`type` is no text"),
    }
}

const INLINE: &str = "stands inside another element; write it into `@graph` and name it by its `spdxId`";

fn is_element(kind: &str) -> bool {
    kind.starts_with("https://spdx.org/rdf/") || classes::find(kind).is_some_and(classes::Class::is_element)
}

/// An extension says what it likes, but no element may hide in it.
fn extension(piece: Piece<'_>, found: &mut Found) {
    let mut open = vec![piece];
    while let Some(piece) = open.pop() {
        match piece.kind() {
            Kind::Map => {
                let of_type = |name| piece.get(name).into_iter().flat_map(values).filter_map(Piece::str);
                if of_type("type").chain(of_type("@type")).any(|kind| is_element(&kind)) {
                    found.add(piece, INLINE);
                }
                open.extend(piece.members().map(|(_, value)| value));
            }
            Kind::List => open.extend(piece.elements()),
            _ => {}
        }
    }
}

fn creation(piece: Piece<'_>, found: &mut Found) {
    if !piece.get_str("created").is_some_and(|text| is_time(&text)) {
        found.add(piece, "`created` is no time such as `2026-11-21T10:00:00Z`");
    }
    if !piece.get_str("specVersion").is_some_and(|text| text.starts_with("3.0")) {
        found.add(piece, "`specVersion` is not 3.0");
    }
    if piece.get("createdBy").into_iter().flat_map(values).filter_map(Piece::str).next().is_none() {
        found.add(piece, "lacks `createdBy`");
    }
}

/// Seconds and `Z`, nothing else (SPDX 3.0.1, DateTime).
fn is_time(text: &str) -> bool {
    text.len() == 20 && text.ends_with('Z') && portcullis_model::parse_time(text).is_some()
}

fn element(piece: Piece<'_>, kind: &str, elements: &Elements<'_>, found: &mut Found) {
    match kind {
        "SpdxDocument" => {
            for root in piece.get("rootElement").into_iter().flat_map(values) {
                if !root.str().is_some_and(|id| elements.find(&id).is_some() || elements.elsewhere(&id)) {
                    found.add(root, "names no element of the document");
                }
            }
        }
        _ if kind.ends_with("Relationship") => relation(piece, found),
        _ if is_package(kind) || kind == "software_File" => {
            if piece.get_str("name").is_none_or(|name| name.is_empty()) {
                found.add(piece, "lacks `name`");
            }
            for (algorithm, value, place) in hashes(piece) {
                let digits = HASHES.iter().find(|(name, _)| *name == algorithm).map(|&(_, digits)| digits);
                let hex = value.bytes().all(|byte| byte.is_ascii_hexdigit());
                if digits.is_some_and(|digits| digits != value.len() || !hex) {
                    found.add(place, format!("`hashValue` is no {}", shown(&algorithm)));
                }
            }
        }
        "simplelicensing_LicenseExpression" if piece.get_str("simplelicensing_licenseExpression").is_none() => {
            found.add(piece, "lacks `simplelicensing_licenseExpression`");
        }
        _ => {}
    }
}

fn relation(piece: Piece<'_>, found: &mut Found) {
    if piece.get_str("from").is_none() {
        found.add(piece, "lacks `from`");
    }
    let mut to = piece.get("to").into_iter().flat_map(values).peekable();
    if to.peek().is_none() || to.any(|to| to.str().is_none()) {
        found.add(piece, "lacks `to`");
    }
    if !piece.get_str("relationshipType").is_some_and(|kind| RELATIONS.contains(&&*kind)) {
        found.add(piece, "`relationshipType` is none that SPDX 3.0 knows");
    }
    let complete = piece.get("completeness");
    let words = ["complete", "incomplete", "noAssertion"];
    if complete.is_some_and(|word| !words.iter().any(|known| word.is(known))) {
        found.add(piece, "`completeness` is none of `complete`, `incomplete`, `noAssertion`");
    }
}
