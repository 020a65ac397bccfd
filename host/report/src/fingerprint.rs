//! What tells one finding from another in the next run.

use std::collections::HashMap;
use std::fmt::Write;

use portcullis_model::{Decision, Judged, Place, sha256_hex};

use crate::words::{code_of, subject_path};

/// The same while a finding stays the same finding, wherever in the file it moves: rule, policy, subject and pointer. Equal
/// ones are numbered in their order.
pub(crate) fn fingerprint(decision: &Decision, judged: &Judged, seen: &mut HashMap<String, u32>) -> String {
    let file = judged.finding.place.as_ref().map_or("", Place::file);
    let code = code_of(judged);
    let subject = subject_path(decision);
    let parts = [
        code.as_str(),
        &decision.policy_set,
        &judged.policy,
        &decision.operation,
        &subject,
        &judged.finding.pointer,
        file,
    ];
    let mut text = String::new();
    for part in parts {
        // Lengths in front, so that no two lists of parts are one text. Writing to a String cannot fail.
        let _ = write!(text, "{}:{part}", part.len());
    }
    let digest = sha256_hex(text.as_bytes()).replace("sha256:", "");
    let count = seen.entry(digest.clone()).or_default();
    *count += 1;
    format!("{digest}:{count}")
}
