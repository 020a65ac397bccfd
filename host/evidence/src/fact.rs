//! Proofs to a fact: what was verified, what was refused, or that there is nothing.

use std::sync::{Arc, OnceLock};

use portcullis_model::{Document, Fact, FactStatus, Query, Source, format_time};
use serde_json::{Map, Value, json};

use crate::placed::placed;
use crate::proofs::{Proofs, Proven};
use crate::verified::{Signer, Verified};

/// The form of an attestation from before there were bundles.
const ENVELOPE: &str = "envelope";

/// Refused signatures that one fact tells of; the others are counted.
const REFUSED_SHOWN: usize = 16;

/// What came of a question, whoever asks it: the document of a verified fact, or what was refused.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    /// The members of the document besides those that name the subject; nothing where nothing that counts was found.
    members: Option<Map<String, Value>>,
    /// Where each refused one was found, and why it does not count.
    refused: Vec<(String, String)>,
    /// Refused ones that are not among these.
    more: usize,
    /// Files that the document tells of.
    files: Vec<Arc<Source>>,
    /// The document of a fact about the image, once made: where a tag was asked about, and where a digest was.
    documents: [OnceLock<Document>; 2],
}

impl Judged {
    /// The signatures among the proofs, in an order that does not depend on where they were found first. What cosign attested
    /// before there were bundles is none, and was perhaps not looked for.
    pub(crate) fn signatures<'a>(proofs: impl Iterator<Item = &'a Arc<Proofs>>) -> Self {
        let (mut verified, mut refused) = (Vec::new(), Vec::new());
        let all = proofs.flat_map(|proofs| &proofs.0);
        for proven in all.filter(|proven| proven.format != ENVELOPE) {
            match &proven.verdict {
                Ok(proof) => verified.push(Value::Object(signer(proof, proven))),
                Err(refusal) => refused.push((proven.found.clone(), refusal.to_string())),
            }
        }
        verified.sort_by_cached_key(ToString::to_string);
        verified.dedup();
        let any = !verified.is_empty();
        let members = any.then(|| Map::from_iter([("signatures".to_owned(), Value::from(verified))]));
        Self::of(members, refused)
    }

    /// What came of a question: the members of the document, where something counts, and what does not.
    pub(crate) fn of(members: Option<Map<String, Value>>, refused: Vec<(String, String)>) -> Self {
        let mut refused = refused;
        refused.sort();
        refused.dedup();
        let more = refused.len().saturating_sub(REFUSED_SHOWN);
        refused.truncate(REFUSED_SHOWN);
        Self { members, refused, more, ..Self::default() }
    }

    /// The same, with the files that its document tells of.
    pub(crate) fn with_files(self, files: Vec<Arc<Source>>) -> Self {
        Self { files, ..self }
    }

    /// Whether anything was verified.
    pub(crate) fn is_verified(&self) -> bool {
        self.members.is_some()
    }

    /// Whether there was nothing to verify.
    pub(crate) fn is_nothing(&self) -> bool {
        self.members.is_none() && self.refused.is_empty()
    }

    /// How many bytes it takes, about.
    pub(crate) fn bytes(&self) -> usize {
        let verified = self.members.as_ref().map_or(0, |members| bytes_of(members.values()));
        let refused: usize = self.refused.iter().map(|(found, reason)| found.len() + reason.len()).sum();
        // As values, as the text of two documents, and as their trees.
        6 * (verified + refused) + size_of::<Self>()
    }

    /// The fact that answers a question about the image that all of this is about, by its whole name and its digest, where
    /// that is known; `pinned`: whoever wrote the name wrote the digest. Its document is made once, however many ask.
    ///
    /// # Errors
    /// For a person: why no fact can be made of it.
    pub(crate) fn image_fact(
        &self,
        query: &Query,
        name: &str,
        digest: Option<&str>,
        pinned: bool,
    ) -> Result<Fact, String> {
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
        let Some(members) = &self.members else {
            let rejected = || FactStatus::Rejected(reasons(&self.refused, self.more));
            let status = if self.refused.is_empty() { FactStatus::Absent } else { rejected() };
            return Ok(Fact { query, status, document: None });
        };
        let refused: Vec<Value> =
            self.refused.iter().map(|(found, reason)| json!({"found": found, "reason": reason})).collect();
        let mut document = head;
        document.extend(members.clone());
        document.insert("refused".into(), refused.into());
        let document = placed(&Value::from(document), &self.files);
        let document = document.map_err(|error| format!("what was found cannot be shown: {error}"))?;
        Ok(Fact { query, status: FactStatus::Verified, document: Some(document) })
    }
}

/// How many bytes these take as text, about.
fn bytes_of<'a>(values: impl Iterator<Item = &'a Value>) -> usize {
    let one = |value: &'a Value| match value {
        Value::Array(items) => bytes_of(items.iter()),
        Value::Object(members) => bytes_of(members.values()) + members.keys().map(|key| key.len() + 4).sum::<usize>(),
        Value::String(text) => text.len() + 4,
        _ => 8,
    };
    values.map(one).sum()
}

/// The members of the document of a fact about an image by this name and digest; `pinned`: whoever wrote the name wrote the
/// digest.
fn image_head(name: &str, digest: Option<&str>, pinned: bool) -> Map<String, Value> {
    let members = [("image", Value::from(name)), ("digest", digest.into()), ("pinned", pinned.into())];
    members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

fn reasons(refused: &[(String, String)], more: usize) -> String {
    let mut out: Vec<String> = refused.iter().map(|(found, reason)| format!("{found}: {reason}")).collect();
    if more > 0 {
        out.push(format!("and {more} more"));
    }
    out.join("; ")
}

/// Who signed, when, and where it was found: the members that begin whatever a fact tells of a proof.
pub(crate) fn signer(verified: &Verified, proven: &Proven) -> Map<String, Value> {
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
    out.insert("format".into(), proven.format.into());
    out.insert("predicateType".into(), verified.predicate_type().into());
    out.insert("signedAt".into(), time.into());
    out.insert("logged".into(), (!verified.log.is_empty()).into());
    out.insert("found".into(), proven.found.as_str().into());
    out
}
