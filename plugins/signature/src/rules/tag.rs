//! What was checked is what runs: a tag may be another image by the time that a node pulls it (A30).

use portcullis_sdk::{Finding, Node, Rule, Severity};

use crate::proof;
use crate::settings::Settings;
use portcullis_proof::reference::Reference;

/// No digest is written where a signature is needed.
pub const NOT_PINNED: Rule = Rule::new(
    "tag-not-pinned",
    Severity::High,
    "What is signed may not be what runs: an image is named by a tag alone",
);

/// Judges one reference.
pub fn judge(settings: &Settings<'_>, reference: &Reference, root: Node) -> Option<Finding> {
    if !settings.require_digest || !reference.digest.is_empty() {
        return None;
    }
    let known = proof::digest(root);
    let (write, why) = match known.is_empty() {
        true => (reference.with_digest("sha256:..."), ""),
        false => (reference.with_digest(&known), ", the one that was checked"),
    };
    let message = format!(
        "{} has no digest, and its tag may be another image when a node pulls it; write `{write}`{why}",
        reference.shown()
    );
    Some(Finding::new(&NOT_PINNED, reference.node, message))
}
