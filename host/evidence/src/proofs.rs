//! All candidates of one artifact, verified under one trust: what each says, or why it does not count.

use crate::artifact::Artifact;
use crate::candidate::Candidate;
use crate::refused::{Reason, Refused};
use crate::trust::Trust;
use crate::verified::{Says, Verified};

/// What became of all candidates of one artifact under one trust.
#[derive(Debug, Default)]
pub(crate) struct Proofs(pub(crate) Vec<Proven>);

/// One candidate and what became of it.
#[derive(Debug)]
pub(crate) struct Proven {
    /// Where it was found, for a person.
    pub(crate) found: String,
    /// How it is written, as facts say it.
    pub(crate) format: &'static str,
    /// What it says that it holds: verified where it counts, and nothing but its own word where it does not.
    pub(crate) predicate_type: Option<String>,
    /// What it says and who signed it, or why it does not count.
    pub(crate) verdict: Result<Verified, Refused>,
}

impl Proofs {
    /// Verifies all of them, at a time in seconds since 1970-01-01T00:00:00Z.
    ///
    /// A candidate from a file of the caller's that is about something else is nobody's word about this artifact, and is left
    /// out.
    pub(crate) fn of(candidates: &[Candidate], artifact: &Artifact<'_>, trust: &Trust, now: i64) -> Self {
        let one = |candidate: &Candidate| {
            let verdict = candidate.verify(artifact, trust, now);
            let elsewhere = matches!(&verdict, Err(refused) if refused.reason == Reason::WrongArtifact);
            if elsewhere && candidate.is_local() {
                return None;
            }
            let predicate_type = match &verdict {
                Ok(verified) => verified.predicate_type().map(str::to_owned),
                Err(_) => candidate.claims(),
            };
            let (found, format) = (candidate.found.clone(), candidate.form.as_str());
            Some(Proven { found, format, predicate_type, verdict })
        };
        Self(candidates.iter().filter_map(one).collect())
    }

    /// How many bytes are to be read in what they say.
    pub(crate) fn bytes(&self) -> usize {
        let says = self.0.iter().filter_map(|proven| proven.verdict.as_ref().ok()).map(|verified| &verified.says);
        says.map(|says| if let Says::Statement(statement) = says { statement.predicate.len() } else { 0 }).sum()
    }

    /// Whether one of them is a signature on the artifact itself.
    pub(crate) fn is_signed(&self) -> bool {
        self.0.iter().filter_map(|proven| proven.verdict.as_ref().ok()).any(Verified::is_image_signature)
    }
}
