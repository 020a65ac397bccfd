//! Licences are ones that may be there, and are licences.

use portcullis_proof::document::Fault;
use portcullis_proof::reading::{count, first, placed, shown};
use portcullis_proof::words::name;
use portcullis_sdk::{Node, Rule, Severity};

use crate::inventory::{
    COMPONENT, COUNT, DENIED as LISTS, DEPRECATED_LICENSES, FIRST, INVALID_LICENSES, LICENSE, LICENSES, PATTERN,
    POINTER,
};
use crate::settings::Entry;

/// A component can only be used under a licence that is denied.
pub const DENIED: Rule =
    Rule::new("license-denied", Severity::High, "An SBOM lists a component under a licence that is denied");
/// What stands where a licence should is none, or is deprecated.
pub const INVALID: Rule =
    Rule::new("license-invalid", Severity::Low, "An SBOM names a licence that is none, or an old name of one");

/// Judges the licences that may not be there.
pub fn judge_denied(entry: &Entry<'_>, node: Node) -> Option<Fault> {
    if !entry.denies_licenses {
        return None;
    }
    let denied = node.get(LISTS).get(LICENSES);
    let (offenders, many) = offenders(denied)?;
    let what = format!(
        "lists {} components under licences that are denied: {offenders}; replace them, or get them under another licence",
        shown(many)
    );
    Some(Fault::new(&DENIED, what).at(denied.get(FIRST).at(0)))
}

/// Judges what is no licence.
pub fn judge_invalid(entry: &Entry<'_>, node: Node) -> Option<Fault> {
    let kinds = [
        (entry.refuse_invalid, INVALID_LICENSES, "that are no licences", "invalidLicenses"),
        (entry.refuse_deprecated, DEPRECATED_LICENSES, "that SPDX calls deprecated", "deprecatedLicenses"),
    ];
    let (mut short, mut guilty): (Vec<String>, Node) = (Vec::new(), Node::NONE);
    for (refused, key, what, setting) in kinds {
        let Some((offenders, many)) = refused.then(|| node.get(key)).and_then(offenders) else { continue };
        guilty = if guilty.is_none() { node.get(key).get(FIRST).at(0) } else { guilty };
        short.push(format!("{} {what} (`{setting}`): {offenders}", shown(many)));
    }
    if short.is_empty() {
        return None;
    }
    let what =
        format!("names licences {}; write an expression of SPDX's ids, or `LicenseRef-...`", short.join("; and "));
    Some(Fault::new(&INVALID, what).at(guilty))
}

/// The first offenders and how many there are; nothing where it is known that there is none.
fn offenders(list: Node) -> Option<(String, Option<u64>)> {
    let many = count(list.get(COUNT));
    if many == Some(0) {
        return None;
    }
    let one = |one: Node| {
        let pattern = match one.get(PATTERN).text() {
            text if text.is_empty() => String::new(),
            text => format!(" as {}", name(&text)),
        };
        format!("{} under {}{pattern}", placed(one.get(COMPONENT), one.get(POINTER)), name(&one.get(LICENSE).text()))
    };
    Some((first(list.get(FIRST), many, one), many))
}
