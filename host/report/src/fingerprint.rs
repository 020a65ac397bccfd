//! What tells one finding from another in the next run.

use std::collections::HashMap;
use std::fmt::Write;

use portcullis_model::{Decision, Judged, Place, SubjectKind, sha256_hex};

use crate::words::{NAME_BYTES, code_of, whole_subject_path};

/// Bytes of a subject's path that are hashed with every finding; of a longer one its own hash is.
const PATH_BYTES: usize = 3 * NAME_BYTES + 2;

/// What was told of the findings and subjects before.
#[derive(Default)]
pub(crate) struct Seen {
    counts: HashMap<String, u32>,
    /// The decision that was asked for last, by its address in the report, and its subject's key.
    subject: Option<(usize, String)>,
}

impl Seen {
    /// How often a key was there, this time included.
    pub(crate) fn count(&mut self, key: &str) -> u32 {
        let count = self.counts.entry(key.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// What tells one subject from all others: its path, or the hash of one that is so long that it is no name of anything.
    pub(crate) fn subject(&mut self, decision: &Decision) -> String {
        let at = std::ptr::from_ref::<Decision>(decision).addr();
        if let Some((_, key)) = self.subject.as_ref().filter(|(known, _)| *known == at) {
            return key.clone();
        }
        let path = whole_subject_path(decision);
        let is_path = path.len() <= PATH_BYTES || decision.subject.kind_of == SubjectKind::Document;
        let key = if is_path { path } else { sha256_hex(path.as_bytes()) };
        self.subject = Some((at, key.clone()));
        key
    }
}

/// The same while a finding stays the same finding, wherever in the file it moves: rule, policy, subject and pointer. Equal
/// ones are numbered in their order.
pub(crate) fn fingerprint(decision: &Decision, judged: &Judged, seen: &mut Seen) -> String {
    let file = judged.finding.place.as_ref().map_or("", Place::file);
    let code = code_of(judged);
    let subject = seen.subject(decision);
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
    let count = seen.count(&digest);
    format!("{digest}:{count}")
}
