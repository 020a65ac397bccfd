//! What SPDX 3.0.1 asks of a JSON-LD document, by our own reading: no package carries its schema.

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
pub(super) fn check(elements: &Elements<'_>) -> Faults {
    let mut found = Found(Faults::default());
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
