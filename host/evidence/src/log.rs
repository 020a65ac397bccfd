//! Log entries: which log of the root each one is in, and what the library leaves unsaid about that.

use sigstore_trust_root::TransparencyLog;
use sigstore_types::KindVersion;
use sigstore_types::bundle::TransparencyLogEntry;

use crate::artifact::hex;
use crate::bundle::Parsed;
use crate::refused::{Reason, Refused};
use crate::trust::{Root, Trust};
use crate::verified::{LogEntry, SignedTime, TimeSource};

/// Whether every entry names a log of the root, carries a proof or a promise, and a checkpoint of that log. The library looks
/// for any log of the root behind a checkpoint, and lets an entry pass that proves nothing.
pub(crate) fn check(parsed: &Parsed, trust: &Trust) -> Result<Vec<LogEntry>, Refused> {
    let entries = &parsed.bundle.verification_material.tlog_entries;
    if entries.is_empty() {
        return Ok(Vec::new());
    }
    let root = trust.root.as_ref().ok_or_else(|| Reason::NoRoot.because("it carries a log entry"))?;
    entries.iter().map(|entry| check_entry(entry, log_of(entry, root)?)).collect()
}

fn log_of<'a>(entry: &TransparencyLogEntry, root: &'a Root) -> Result<&'a TransparencyLog, Refused> {
    let known = root.trusted.tlogs.iter().find(|log| log.log_id.key_id.as_bytes() == entry.log_id.key_id.as_bytes());
    known.ok_or_else(|| Reason::LogUnknown.because(format!("its id is {}", hex(entry.log_id.key_id.as_bytes()))))
}

fn check_entry(entry: &TransparencyLogEntry, log: &TransparencyLog) -> Result<LogEntry, Refused> {
    if entry.inclusion_proof.is_none() && entry.inclusion_promise.is_none() {
        return Err(Reason::LogProof.because("an entry has neither proof nor promise"));
    }
    if entry.kind_version == KindVersion::HashedRekordV002 && entry.inclusion_proof.is_none() {
        return Err(Reason::LogProof.because("an entry of Rekor v2 has no proof"));
    }
    if let Some(proof) = &entry.inclusion_proof {
        let Some(checkpoint) = proof.checkpoint.checkpoint() else {
            return Err(Reason::LogCheckpoint.because("there is none"));
        };
        let id = log.log_id.key_id.as_bytes();
        if !checkpoint.signatures().iter().any(|signature| id.starts_with(signature.key_id.as_slice())) {
            return Err(Reason::LogCheckpoint.because(format!("`{}` did not sign it", log.base_url)));
        }
        // The library proves by the checkpoint's and lets the other lie, in entries of Rekor v2.
        if proof.root_hash.as_slice() != checkpoint.root_hash().as_slice() {
            return Err(Reason::LogCheckpoint.because("the proof leads to another root"));
        }
        // Rekor v2 takes its host for its origin; v1 took names of its own choice.
        let host = log.base_url.split_once("://").map_or(log.base_url.as_str(), |(_, host)| host).trim_end_matches('/');
        if entry.kind_version == KindVersion::HashedRekordV002 && checkpoint.origin() != host {
            return Err(Reason::LogCheckpoint.because(format!("it is not one of `{host}`")));
        }
    }
    Ok(LogEntry {
        log: log.base_url.clone(),
        index: entry.log_index.get(),
        kind: format!("{}/{}", entry.kind_version.kind(), entry.kind_version.version()),
        proved: entry.inclusion_proof.is_some(),
    })
}

/// The times that logs signed: those of entries with a promise, which the library has verified by now.
pub(crate) fn times(parsed: &Parsed, root: Option<&Root>) -> Vec<SignedTime> {
    let Some(root) = root else { return Vec::new() };
    let entries = &parsed.bundle.verification_material.tlog_entries;
    let promised = entries
        .iter()
        .filter(|entry| entry.kind_version != KindVersion::HashedRekordV002 && entry.inclusion_promise.is_some());
    let time = |entry: &TransparencyLogEntry| {
        let source = TimeSource::Log(log_of(entry, root).ok()?.base_url.clone());
        Some(SignedTime { seconds: entry.integrated_time?.as_second(), source })
    };
    promised.filter_map(time).collect()
}

/// Whether each log was in its window at every verified time (N25): the library asks only whether the window had begun.
pub(crate) fn check_windows(parsed: &Parsed, root: Option<&Root>, times: &[SignedTime]) -> Result<(), Refused> {
    let Some(root) = root else { return Ok(()) };
    for entry in &parsed.bundle.verification_material.tlog_entries {
        let log = log_of(entry, root)?;
        let Some(window) = log.public_key.valid_for else { continue };
        for time in times {
            let over = window.end.is_some_and(|end| time.seconds > end.as_second());
            if over || time.seconds < window.start.as_second() {
                return Err(Reason::LogUnknown.because(format!("`{}` was not in office then", log.base_url)));
            }
        }
    }
    Ok(())
}
