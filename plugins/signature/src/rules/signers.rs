//! Those who signed are those whose word counts, and what they signed is the image.

use portcullis_sdk::{Finding, Node, Rule, Severity};

use crate::identity::{admits, distinct, shown, wanted};
use crate::proof::{self, Proof, Signer};
use crate::reference::Reference;
use crate::settings::Entry;
use crate::words::{list, name};

/// Somebody signed, and not those who should have, or too few of them (A36).
pub const NOT_ALLOWED: Rule =
    Rule::new("signer-not-allowed", Severity::High, "An image is signed, but not by enough of those who may sign it");
/// A signature on what somebody says about an image is none on the image (N53).
pub const PREDICATE_TYPE: Rule =
    Rule::new("predicate-type", Severity::High, "What is signed is not the image, but something about it");

/// Judges the signatures that hold.
pub fn judge(entry: &Entry<'_>, trust: &str, reference: &Reference, root: Node) -> Option<Finding> {
    let proofs = proof::proofs(root);
    let counts = |proof: &&Proof| entry.predicate_types.contains(&proof.predicate_type.as_str());
    let signatures: Vec<&Proof> = proofs.iter().filter(counts).collect();
    if signatures.is_empty() && !proofs.is_empty() {
        return Some(predicate_type(entry, trust, reference, &proofs));
    }
    let admitted: Vec<&Signer> =
        signatures.iter().map(|proof| &proof.signer).filter(|signer| admits(entry, signer).is_ok()).collect();
    let enough = distinct(&admitted);
    if enough >= entry.at_least as usize && enough > 0 {
        return None;
    }
    let mut others: Vec<String> = Vec::new();
    for signature in &signatures {
        let Err(why) = admits(entry, &signature.signer) else { continue };
        let other = shown(&signature.signer, &why);
        if !others.contains(&other) {
            others.push(other);
        }
    }
    let (image, wanted) = (&reference.shown, wanted(entry, trust));
    let others = list(&others, "and");
    let message = match (enough, others.is_empty()) {
        (0, true) => format!("{image} is signed by nobody who is known; it must be signed by {wanted}"),
        (0, false) => format!("{image} is signed by {others}; it must be signed by {wanted}"),
        (_, is_alone) => {
            let mut signers: Vec<String> = Vec::new();
            for signer in admitted.iter().map(|signer| shown(signer, "")) {
                if !signers.contains(&signer) {
                    signers.push(signer);
                }
            }
            let besides = if is_alone { String::new() } else { format!(", and others who do not count: {others}") };
            format!(
                "{image} has {enough} of the {} different signers that it needs: {}{besides}; it must be signed by {wanted}",
                entry.at_least,
                list(&signers, "and")
            )
        }
    };
    Some(Finding::new(&NOT_ALLOWED, reference.node, message))
}

fn predicate_type(entry: &Entry<'_>, trust: &str, reference: &Reference, proofs: &[Proof]) -> Finding {
    let mut types: Vec<String> = Vec::new();
    for proof in proofs {
        let what = match proof.predicate_type.as_str() {
            "" => "bytes without a word about an image".to_owned(),
            written => name(written),
        };
        if !types.contains(&what) {
            types.push(what);
        }
    }
    let wanted_types: Vec<String> = entry.predicate_types.iter().map(|known| name(known)).collect();
    let message = format!(
        "what is signed of {} is {}, and only {} counts (`predicateTypes`); the image itself must be signed (`cosign sign`) by {}",
        reference.shown,
        list(&types, "and"),
        list(&wanted_types, "or"),
        wanted(entry, trust)
    );
    Finding::new(&PREDICATE_TYPE, reference.node, message)
}
