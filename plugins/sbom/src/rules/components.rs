//! An SBOM lists something, and nothing that may not be there.

use portcullis_proof::document::Fault;
use portcullis_proof::reading::{count, counted, first, placed};
use portcullis_proof::words::name;
use portcullis_sdk::{Node, Rule, Severity};

use crate::inventory::{
    COMPONENT, COMPONENTS, COUNT, DENIED as LIST, FIRST, LISTED, PATTERN, POINTER, UNREADABLE_PURLS,
};
use crate::settings::Entry;

/// It lists nothing, or next to nothing (A45).
pub const TRIVIAL: Rule = Rule::new("trivial", Severity::High, "An SBOM lists too few components to say anything");
/// It lists what may not be there.
pub const DENIED: Rule = Rule::new("component-denied", Severity::High, "An SBOM lists a component that is denied");

/// Judges how many components there are.
pub fn judge_count(entry: &Entry<'_>, node: Node) -> Option<Fault> {
    // Files alone, and what has no name, say nothing of what is in an image.
    let there = count(node.get(LISTED));
    if there.is_some_and(|there| there >= entry.min_components as u64) {
        return None;
    }
    let only_files = there == Some(0) && count(node.get(COMPONENTS)).is_some_and(|all| all > 0);
    let files = match only_files {
        true => ", or ask for the files that it lists (`minComponents: 0`, `componentTypes: [file]` and a `coverage`)",
        false => "",
    };
    let what = format!(
        "lists {} besides files and its root, and at least {} are needed (`minComponents`); make it of what is in the {}, not of its name alone{files}",
        counted(there, "component"),
        entry.min_components,
        entry.need.noun()
    );
    Some(Fault::new(&TRIVIAL, what))
}

/// Judges what may not be there.
pub fn judge_denied(entry: &Entry<'_>, node: Node) -> Option<Fault> {
    if !entry.denies_components {
        return None;
    }
    let denied = node.get(LIST).get(COMPONENTS);
    let many = count(denied.get(COUNT));
    if many == Some(0) {
        // What nobody can read may be what is denied.
        let unreadable = node.get(UNREADABLE_PURLS);
        let many = count(unreadable.get(COUNT));
        let offenders = first(unreadable.get(FIRST), many, |one| placed(one.get(COMPONENT), one.get(POINTER)));
        let what = format!(
            "lists {} whose package URL cannot be read, so that nobody knows whether they are denied{offenders}; make it with a tool that writes them right",
            counted(many, "component")
        );
        return (many != Some(0)).then(|| Fault::new(&DENIED, what).at(unreadable.get(FIRST).at(0)));
    }
    let offenders = first(denied.get(FIRST), many, |one| {
        format!("{} as {}", placed(one.get(COMPONENT), one.get(POINTER)), name(&one.get(PATTERN).text()))
    });
    let what = format!(
        "lists {} that may not be there{offenders}; remove or replace what is denied",
        counted(many, "component")
    );
    Some(Fault::new(&DENIED, what).at(denied.get(FIRST).at(0)))
}
