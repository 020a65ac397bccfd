//! A signature that does not hold beside one that does: somebody tried, or left rubbish (N52).

use portcullis_sdk::{Finding, Node, Rule, Severity};

use crate::proof;
use crate::settings::Entry;
use portcullis_proof::reference::Reference;
use portcullis_proof::words::bounded;

/// Some hold, and some do not.
pub const INVALID: Rule =
    Rule::new("signature-invalid-beside", Severity::Medium, "An image carries a signature that does not hold");

/// Judges the signatures that do not hold, where others are enough.
pub fn judge(entry: &Entry<'_>, reference: &Reference, root: Node) -> Option<Finding> {
    let refused = if entry.refuse_invalid { proof::refused(root) } else { Vec::new() };
    let (found, reason) = refused.first()?;
    let more = match refused.len() - 1 {
        0 => String::new(),
        more => format!(" (and {more} more like it)"),
    };
    let message = format!(
        "{} carries a signature that does not hold beside those that do, found as {}: {}{more}; remove it from the registry, or write `invalid: ignore`",
        reference.shown(),
        found,
        bounded(reason)
    );
    Some(Finding::new(&INVALID, reference.node, message))
}
