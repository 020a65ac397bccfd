//! What an SBOM says of its own completeness: one that says "unknown" must not pass for complete.

use portcullis_proof::document::Fault;
use portcullis_proof::words::name;
use portcullis_sdk::{Node, Rule, Severity};

use crate::inventory::{AGGREGATE, COMPLETENESS, POINTER, STATE};
use crate::settings::Entry;

/// It says that something is missing in it, or that it does not know.
pub const INCOMPLETE: Rule =
    Rule::new("incomplete", Severity::Medium, "An SBOM says that it is not complete, or not whether it is");

/// Judges what it says of the dependencies of its root.
pub fn judge(entry: &Entry<'_>, node: Node) -> Option<Fault> {
    let completeness = node.get(COMPLETENESS);
    let state = completeness.get(STATE).text();
    let (says, key) = match state.as_str() {
        "complete" => return None,
        "incomplete" => ("says that it is not complete", "incomplete"),
        "unknown" => ("says that it does not know whether it is complete", "unknown"),
        // What is not known of the document counts as what it does not say, and that is refused at any rate.
        "undeclared" => ("does not say whether it is complete", "undeclared"),
        _ => ("is not known to be complete", ""),
    };
    if !key.is_empty() && !entry.refused_completeness.contains(&key) {
        return None;
    }
    let aggregate = match completeness.get(AGGREGATE).text() {
        text if text.is_empty() => String::new(),
        text => format!(" ({}", name(&text)) + &pointer(completeness) + ")",
    };
    let otherwise = if key.is_empty() { String::new() } else { format!(", or write `completeness: {{{key}: allow}}`") };
    let what =
        format!("{says}{aggregate}; make it of everything that is in the {} and say so{otherwise}", entry.need.noun());
    Some(Fault::new(&INCOMPLETE, what).at(completeness))
}

fn pointer(completeness: Node) -> String {
    match completeness.get(POINTER).text() {
        place if place.is_empty() => String::new(),
        place => format!(" at {}", name(&place)),
    }
}
