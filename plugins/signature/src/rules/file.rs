//! The file that holds what is judged is signed by those who may write it.

use portcullis_proof::evidence::file_shown;
use portcullis_sdk::{Fact, FactStatus, Finding, Node, Review, Rule, Severity};

use crate::proof;
use crate::rules::signers::{Fault, Signed, fault};
use crate::settings::Entry;
use portcullis_proof::identity::wanted;
use portcullis_proof::words::bounded;
use portcullis_proof::words::name;

/// No bundle is about it.
pub const MISSING: Rule = Rule::new("file-signature-missing", Severity::High, "A file is not signed");
/// There are bundles, and none holds.
pub const REFUSED: Rule = Rule::new("file-signature-refused", Severity::High, "No signature of a file holds");
/// Somebody signed it, and not those who should have, or too few of them.
pub const NOT_ALLOWED: Rule = Rule::new(
    "file-signer-not-allowed",
    Severity::High,
    "A file is signed, but not by enough of those who may sign it",
);

/// How a file is signed so that its bundle is found.
const SIGN: &str = "must be signed (`cosign sign-blob --bundle FILE.sigstore.json FILE`)";

/// Judges the file by what the host found out.
pub fn judge(entry: &Entry<'_>, trust: &str, review: Review, fact: Fact) -> Option<Finding> {
    let (root, object, shown) = (fact.root(), review.object(), file_shown(review));
    let by = || wanted(&entry.signers, trust);
    let (rule, message) = match fact.status() {
        FactStatus::Absent => {
            let looked = "no bundle was given for it, and none lies beside it as `FILE.sigstore.json`";
            (&MISSING, format!("{shown} is not signed: {looked}; it {SIGN} by {}", by()))
        }
        FactStatus::Rejected(reason) => {
            let (trust, reason) = (name(trust), bounded(&reason));
            let what = format!("no signature of {shown} holds under the trust");
            (&REFUSED, format!("{what} {trust}: {reason}; it {SIGN} again by {}", by()))
        }
        FactStatus::Verified => {
            let file = format!("the file {}", name(&proof::file(root)));
            let itself = format!("the file itself {SIGN}");
            match fault(entry, trust, &Signed { shown: &|| file.clone(), itself: &itself, bytes: true }, root) {
                Some(Fault::Type(message) | Fault::Signer(message)) => (&NOT_ALLOWED, message),
                None => return beside(entry, object, &file, root),
            }
        }
    };
    Some(Finding::new(rule, object, message))
}

/// One that does not hold beside enough that do, where that is a finding.
fn beside(entry: &Entry<'_>, object: Node, file: &str, root: Node) -> Option<Finding> {
    let refused = if entry.refuse_invalid { proof::refused(root) } else { Vec::new() };
    let (found, reason) = refused.first()?;
    let message =
        format!("{file} has a bundle that does not hold beside those that do: {found}: {}; remove it", bounded(reason));
    Some(Finding::new(&REFUSED, object, message))
}
