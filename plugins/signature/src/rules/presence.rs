//! There is a signature, and it holds.

use portcullis_sdk::{Finding, Node, Rule, Severity};

use crate::proof;
use crate::settings::Entry;
use portcullis_proof::identity::wanted;
use portcullis_proof::reference::Reference;
use portcullis_proof::words::{bounded, name};

/// The registry said that there is none.
pub const MISSING: Rule = Rule::new("signature-missing", Severity::High, "An image is not signed");
/// There are some, and none holds.
pub const REFUSED: Rule = Rule::new("signature-refused", Severity::High, "No signature of an image holds");

/// The finding for an image without any signature.
pub fn missing(entry: &Entry<'_>, trust: &str, reference: &Reference) -> Finding {
    let message = format!(
        "{} is not signed: {} holds no signature of it, neither as a referrer nor under a tag `sha256-...`; it must be signed (`cosign sign`) by {}",
        reference.shown(),
        name(&reference.name),
        wanted(&entry.signers, trust)
    );
    Finding::new(&MISSING, reference.node, message)
}

/// The finding for an image whose signatures were all refused.
pub fn refused(entry: &Entry<'_>, trust: &str, reference: &Reference, reason: &str) -> Finding {
    let message = format!(
        "no signature of {} holds under the trust {}: {}; it must be signed again (`cosign sign`) by {}",
        reference.shown(),
        name(trust),
        bounded(reason),
        wanted(&entry.signers, trust)
    );
    Finding::new(&REFUSED, reference.node, message)
}

/// The finding where the answer is about another image than the one that is written: it proves nothing about this one.
pub fn of_another(reference: &Reference, root: Node) -> Option<Finding> {
    let digest = proof::digest(root);
    if reference.digest.is_empty() || digest == reference.digest {
        return None;
    }
    let message = format!(
        "what is known of {} is about the digest {}; look it up again for {}",
        reference.shown(),
        name(&digest),
        name(&reference.digest)
    );
    Some(Finding::new(&REFUSED, reference.node, message))
}
