//! Candidates to a fact: what was verified, what was refused, or that there is nothing.

use std::sync::OnceLock;

use portcullis_document::{ReadLimits, read_json_text};
use portcullis_model::{Document, Fact, FactStatus, Query, format_time};
use serde_json::{Map, Value, json};

use crate::artifact::Artifact;
use crate::candidate::Candidate;
use crate::refused::Reason;
use crate::trust::Trust;
use crate::verified::{Signer, Verified};

/// Refused signatures that one fact tells of; the others are counted.
const REFUSED_SHOWN: usize = 16;

/// What became of all candidates of one image under one trust.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// What each verified signature says, as facts show it, in an order that does not depend on where they were found first.
    verified: Vec<Value>,
    /// Whether one of them is a signature on the artifact itself.
    signed: bool,
    /// Where each refused one was found, and why it does not count.
    refused: Vec<(String, String)>,
    /// Refused ones that are not among these.
    more: usize,
    /// The document of a fact about the image, once made: where a tag was asked about, and where a digest was.
    documents: [OnceLock<Document>; 2],
}

impl Judged {
    /// Verifies all candidates over the digest of an image, at a time in seconds since 1970-01-01T00:00:00Z.
    ///
    /// A candidate from a file of the caller's that is about something else is nobody's signature of this image, and is not told
    /// of.
    pub(crate) fn of(candidates: &[Candidate], image: &Artifact<'_>, trust: &Trust, now: i64) -> Self {
        let mut judged = Self::default();
        for candidate in candidates {
            match candidate.verify(image, trust, now) {
                Ok(proof) => {
                    judged.signed |= proof.is_image_signature();
                    judged.verified.push(shown(&proof, candidate));
                }
                Err(refusal) if refusal.reason == Reason::WrongArtifact && candidate.is_local() => {}
                Err(refusal) => judged.refused.push((candidate.found.clone(), refusal.to_string())),
            }
        }
        judged.verified.sort_by_cached_key(ToString::to_string);
        judged.verified.dedup();
        judged.refused.sort();
        judged.refused.dedup();
        judged.more = judged.refused.len().saturating_sub(REFUSED_SHOWN);
        judged.refused.truncate(REFUSED_SHOWN);
        judged
    }

    /// Whether anything was verified.
    pub(crate) fn is_verified(&self) -> bool {
        !self.verified.is_empty()
    }

    /// Whether one of those that hold is a signature on the image itself.
    pub(crate) fn is_signed(&self) -> bool {
        self.signed
    }

    /// Whether there was nothing to verify.
    pub(crate) fn is_nothing(&self) -> bool {
        self.verified.is_empty() && self.refused.is_empty()
    }

    /// How many bytes it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        let verified: usize = self.verified.iter().map(|one| one.to_string().len()).sum();
        let refused: usize = self.refused.iter().map(|(found, reason)| found.len() + reason.len()).sum();
        // As values, as the text of two documents, and as their trees.
        6 * (verified + refused) + size_of::<Self>()
    }

    /// The fact that answers a question about the image that all of this is about, by its name and digest; `pinned`: whoever wrote
    /// the name wrote the digest. Its document is made once, however many ask.
    ///
    /// # Errors
    /// For a person: why no fact can be made of it.
    pub(crate) fn image_fact(&self, query: &Query, name: &str, digest: &str, pinned: bool) -> Result<Fact, String> {
        let made = &self.documents[usize::from(pinned)];
        if let Some(document) = made.get() {
            let document = Some(document.clone());
            return Ok(Fact { query: query.clone(), status: FactStatus::Verified, document });
        }
        let fact = self.fact(query, image_head(name, digest, pinned))?;
        if let Some(document) = &fact.document {
            made.get_or_init(|| document.clone());
        }
        Ok(fact)
    }

    /// The fact that answers a question about what `head` describes: the members of its document besides the signatures.
    ///
    /// # Errors
    /// For a person: why no fact can be made of it.
    pub(crate) fn fact(&self, query: &Query, head: Map<String, Value>) -> Result<Fact, String> {
        let query = query.clone();
        if self.verified.is_empty() {
            let rejected = || FactStatus::Rejected(reasons(&self.refused, self.more));
            let status = if self.refused.is_empty() { FactStatus::Absent } else { rejected() };
            return Ok(Fact { query, status, document: None });
        }
        let refused: Vec<Value> =
            self.refused.iter().map(|(found, reason)| json!({"found": found, "reason": reason})).collect();
        let mut document = head;
        document.insert("signatures".into(), self.verified.as_slice().into());
        document.insert("refused".into(), refused.into());
        verified(query, document)
    }
}

/// A verified fact with this document.
///
/// # Errors
/// For a person: why it is none.
pub(crate) fn verified(query: Query, document: Map<String, Value>) -> Result<Fact, String> {
    let document = read_json_text(&Value::from(document).to_string(), &ReadLimits::default());
    let document = document.map_err(|error| format!("what was found cannot be shown: {error}"))?;
    Ok(Fact { query, status: FactStatus::Verified, document: Some(document) })
}

/// The members of the document of a fact about an image by this name and digest; `pinned`: whoever wrote the name wrote the
/// digest.
fn image_head(name: &str, digest: &str, pinned: bool) -> Map<String, Value> {
    let members =
        [("image", Value::from(format!("{name}@{digest}"))), ("digest", digest.into()), ("pinned", pinned.into())];
    members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

fn reasons(refused: &[(String, String)], more: usize) -> String {
    let mut out: Vec<String> = refused.iter().map(|(found, reason)| format!("{found}: {reason}")).collect();
    if more > 0 {
        out.push(format!("and {more} more"));
    }
    out.join("; ")
}

fn shown(verified: &Verified, candidate: &Candidate) -> Value {
    let mut out = Map::new();
    match &verified.signer {
        Signer::Key { name, fingerprint } => {
            out.insert("signer".into(), "key".into());
            out.insert("key".into(), name.as_str().into());
            out.insert("fingerprint".into(), fingerprint.as_str().into());
        }
        Signer::Certificate(identity) => {
            out.insert("signer".into(), "certificate".into());
            out.insert("issuer".into(), identity.issuer.as_deref().into());
            let subjects: Vec<&str> = identity.subjects.iter().map(|subject| subject.as_str()).collect();
            out.insert("subjects".into(), subjects.into());
            out.insert("claims".into(), json!(identity.claims));
        }
    }
    let time = verified.times.first().map(|time| format_time(time.seconds));
    out.insert("format".into(), candidate.form.as_str().into());
    out.insert("predicateType".into(), verified.predicate_type().into());
    out.insert("signedAt".into(), time.into());
    out.insert("logged".into(), (!verified.log.is_empty()).into());
    out.insert("found".into(), candidate.found.as_str().into());
    Value::Object(out)
}
