//! Those who signed are those whose word counts, and what they signed is the image.

use portcullis_sdk::{Finding, Node, Rule, Severity};

use crate::proof::{self, Proof, Signer};
use crate::settings::Entry;
use portcullis_proof::identity::{admits, distinct, shown, wanted};
use portcullis_proof::reference::Reference;
use portcullis_proof::words::bounded;
use portcullis_proof::words::{list, name};

/// Somebody signed, and not those who should have, or too few of them (A36).
pub const NOT_ALLOWED: Rule =
    Rule::new("signer-not-allowed", Severity::High, "An image is signed, but not by enough of those who may sign it");
/// A signature on what somebody says about an image is none on the image (N53).
pub const PREDICATE_TYPE: Rule =
    Rule::new("predicate-type", Severity::High, "What is signed is not the image, but something about it");

/// Judges the signatures of an image that hold.
pub fn judge(entry: &Entry<'_>, trust: &str, reference: &Reference, root: Node) -> Option<Finding> {
    let image = Signed {
        shown: &|| reference.shown(),
        itself: "the image itself must be signed (`cosign sign`)",
        bytes: false,
    };
    let (rule, message) = match fault(entry, trust, &image, root)? {
        Fault::Type(message) => (&PREDICATE_TYPE, message),
        Fault::Signer(message) => (&NOT_ALLOWED, message),
    };
    Some(Finding::new(rule, reference.node, message))
}

/// What is signed, for messages.
pub struct Signed<'s> {
    /// Its name.
    pub shown: &'s dyn Fn() -> String,
    /// What is to be done where something else is signed.
    pub itself: &'s str,
    /// Whether a signature on the bytes, without a word about them, is one on it.
    pub bytes: bool,
}

/// What is wrong with the signatures that hold.
pub enum Fault {
    /// They are on something about it.
    Type(String),
    /// They are those of others, or of too few.
    Signer(String),
}

/// What is wrong with the signatures that hold; nothing where they are enough.
pub fn fault(entry: &Entry<'_>, trust: &str, signed: &Signed<'_>, root: Node) -> Option<Fault> {
    let proofs = proof::proofs(root);
    let counts = |proof: &&Proof| {
        let kind = proof.predicate_type.as_str();
        (signed.bytes && kind.is_empty()) || entry.predicate_types.contains(&kind)
    };
    let signatures: Vec<&Proof> = proofs.iter().filter(counts).collect();
    if signatures.is_empty() && !proofs.is_empty() {
        let others = match proof::refused(root).first() {
            Some((found, reason)) => format!("; another signature was refused ({found}: {})", bounded(reason)),
            None => String::new(),
        };
        return Some(Fault::Type(predicate_type(entry, trust, signed, &proofs) + &others));
    }
    let admitted: Vec<&Signer> =
        signatures.iter().map(|proof| &proof.signer).filter(|signer| admits(&entry.signers, signer).is_ok()).collect();
    let enough = distinct(&admitted);
    if enough >= entry.signers.at_least as usize && enough > 0 {
        return None;
    }
    let mut others: Vec<String> = Vec::new();
    for signature in &signatures {
        let Err(why) = admits(&entry.signers, &signature.signer) else { continue };
        let other = shown(&signature.signer, &why);
        if !others.contains(&other) {
            others.push(other);
        }
    }
    let (image, wanted) = ((signed.shown)(), wanted(&entry.signers, trust));
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
                entry.signers.at_least,
                list(&signers, "and")
            )
        }
    };
    Some(Fault::Signer(message))
}

fn predicate_type(entry: &Entry<'_>, trust: &str, signed: &Signed<'_>, proofs: &[Proof]) -> String {
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
    format!(
        "what is signed of {} is {}, and only {} counts (`predicateTypes`); {} by {}",
        (signed.shown)(),
        list(&types, "and"),
        list(&wanted_types, "or"),
        signed.itself,
        wanted(&entry.signers, trust)
    )
}
