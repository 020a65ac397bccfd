//! An SBOM is about what it is attested of: whoever signs one of something else says nothing about this (A45).

use portcullis_proof::document::{Document, Fault};
use portcullis_proof::words::{cut, name};
use portcullis_sdk::{Rule, Severity};

use crate::inventory::{BINDING, POINTER, ROOT, STATE, WHAT};
use crate::settings::Entry;

/// What it says that it is about is something else, or nothing where that must be said.
pub const WRONG: Rule =
    Rule::new("wrong-subject", Severity::High, "An SBOM does not say that it is about what is judged");

/// Judges what the SBOM says that it is about.
pub fn judge(entry: &Entry<'_>, document: &Document) -> Option<Fault> {
    let binding = document.node.get(BINDING);
    // A signer says what an attestation is about; of a file nothing else says so.
    let silent_is_enough = match entry.root {
        "agrees" => false,
        "silent-ok" => true,
        _ => !document.is_local(),
    };
    let what = match binding.get(STATE).text().as_str() {
        "agrees" => return None,
        "silent" if silent_is_enough => return None,
        "silent" => {
            let how = match entry.need.noun() {
                "file" => "of the file, so that its root names the file's digest",
                _ => "of the image by its digest, so that its root names that",
            };
            format!("does not say by a digest what it is about; make it {how}, or write `root: silent-ok`")
        }
        "disagrees" => {
            let place = match binding.get(POINTER).text() {
                place if place.is_empty() => String::new(),
                place => format!(" ({})", name(&place)),
            };
            let what = cut(&binding.get(WHAT).text(), 400);
            format!("is about something else: {what}{place}; make it of this {}", entry.need.noun())
        }
        _ => "is not known to be about this; look it up again".to_owned(),
    };
    let silent = binding.get(POINTER).text().is_empty();
    Some(Fault::new(&WRONG, what).at(if silent { document.node.get(ROOT) } else { binding }))
}
