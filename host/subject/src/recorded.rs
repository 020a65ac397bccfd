//! The recorded form of a review, with all that its decision depended on, and recorded facts.

use std::sync::Arc;

use portcullis_document::{ReadLimits, read_json_text};
use portcullis_model::{
    Decision, Document, Fact, FactError, FactStatus, Facts, Kind, Mode, NamespaceLabels, NodeId, Query, Review,
    ReviewedFile, Verdict, format_time, json_string, parse_time,
};

use crate::admission::from_admission_review;
use crate::error::{Error, ErrorKind};
use crate::objects::Context;
use crate::secrets::masked_json;

const API_VERSION: &str = "portcullis.dev/v1alpha1";

/// The status of what could not be looked up: no fact, and nothing that a plugin sees.
const FAILED: &str = "failed";

/// What a `RecordedReview` holds.
const MEMBERS: [&str; 7] = ["review", "namespaceLabels", "namespaceLabelsError", "mode", "time", "facts", "decisions"];

/// A review and the facts that were used, from a `RecordedReview`:
///
/// ```yaml
/// apiVersion: portcullis.dev/v1alpha1
/// kind: RecordedReview
/// review: {}                        # the AdmissionReview
/// namespaceLabels: {team: web}      # null: they could not be had
/// namespaceLabelsError: timed out   # why not, where they could not
/// mode: compliance                  # only where the caller chose it
/// time: "2026-11-21T10:00:00Z"
/// facts: []                         # as in RecordedFacts
/// decisions: []                     # what was decided then, for comparison: policySet, policySetDigest, id, verdict
/// ```
pub fn from_recorded(document: &Document) -> Result<(Review, Facts), Error> {
    expect(document, "RecordedReview", &MEMBERS)?;
    let node = document.find(NodeId::ROOT, "review");
    let inner = document.subtree(node).filter(|inner| inner.kind(NodeId::ROOT) == Kind::Map);
    let inner =
        inner.ok_or_else(|| Error::missing(document, NodeId::ROOT, "review", "it holds the AdmissionReview"))?;
    let context = Context { time: time(document)?, mode: mode(document)?, ..Context::default() };
    let mut review = from_admission_review(&inner, &context)?;
    review.namespace = recorded_labels(document, review.namespace)?;
    Ok((review, facts(document)?))
}

/// The facts of a `RecordedFacts` document:
///
/// ```yaml
/// apiVersion: portcullis.dev/v1alpha1
/// kind: RecordedFacts
/// facts:
/// - kind: signature
///   arguments: {image: "registry.example/app@sha256:..."}
///   status: verified                # or absent; or rejected, or failed (could not be looked up), with a `reason`
///   document: {}                    # what was found, only where verified
/// ```
pub fn facts_from(document: &Document) -> Result<Facts, Error> {
    expect(document, "RecordedFacts", &["facts"])?;
    facts(document)
}

/// A review and the facts used, as the JSON text that [`from_recorded`] reads back to the same decision.
///
/// The review must have come from the API server: a file carries no request. `redact` replaces the values of Secrets.
pub fn to_recorded_json(
    review: &Review,
    admission_review: &Document,
    facts: &Facts,
    decisions: &[Decision],
    redact: bool,
) -> String {
    let mut out = format!("{{\"apiVersion\":\"{API_VERSION}\",\"kind\":\"RecordedReview\",\"review\":");
    match redact {
        // A Secret that is recorded without its values can no longer be judged by them, which is the point.
        true => out.push_str(&masked_json(admission_review)),
        false => admission_review.write_json(NodeId::ROOT, &mut out),
    }
    out.push_str(",\"namespaceLabels\":");
    match &review.namespace {
        NamespaceLabels::Known(labels) => {
            let pair = |(key, value): (&String, &String)| format!("{}:{}", quoted(key), quoted(value));
            out.push_str(&format!("{{{}}}", labels.iter().map(pair).collect::<Vec<_>>().join(",")));
        }
        NamespaceLabels::Unknown(reason) => {
            out.push_str(&format!("null,\"namespaceLabelsError\":{}", quoted(reason)));
        }
        NamespaceLabels::None => out.push_str("null"),
    }
    if let Some(mode) = review.mode {
        out.push_str(&format!(",\"mode\":\"{mode}\""));
    }
    out.push_str(&format!(",\"time\":{},\"facts\":[", quoted(&format_time(review.time))));
    let facts: Vec<String> = facts.iter().map(answer_json).collect();
    out.push_str(&facts.join(","));
    let decisions: Vec<String> = decisions.iter().map(decision_json).collect();
    out.push_str(&format!("],\"decisions\":[{}]}}", decisions.join(",")));
    out
}

fn decision_json(decision: &Decision) -> String {
    let (set, id) = (quoted(&decision.policy_set), quoted(&decision.id()));
    let (digest, verdict) = (quoted(&decision.policy_set_digest), decision.verdict().as_str());
    format!("{{\"policySet\":{set},\"policySetDigest\":{digest},\"id\":{id},\"verdict\":\"{verdict}\"}}")
}

/// What was decided when a review was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedDecision {
    /// The policy set's name.
    pub policy_set: String,
    /// The policy set's digest; records of earlier versions have none.
    pub policy_set_digest: Option<String>,
    /// The decision's id.
    pub id: String,
    /// Whether the change could enter.
    pub verdict: Verdict,
}

/// The decisions of a `RecordedReview`, for comparison.
///
/// # Errors
/// They are not what [`to_recorded_json`] writes.
pub fn recorded_decisions(document: &Document) -> Result<Vec<RecordedDecision>, Error> {
    let list = document.find(NodeId::ROOT, "decisions");
    if !matches!(document.kind(list), Kind::None | Kind::Null | Kind::List) {
        return Err(Error::wrong_type(document, list, "a list of decisions", None));
    }
    document.items(list).map(|node| recorded_decision(document, node)).collect()
}

fn recorded_decision(document: &Document, node: NodeId) -> Result<RecordedDecision, Error> {
    known_members(document, node, &["policySet", "policySetDigest", "id", "verdict"])?;
    let text = |member| document.string(node, &[member]).map(str::to_owned);
    let needed = |member, why| text(member).ok_or_else(|| Error::missing(document, node, member, why));
    let verdict = [Verdict::Allow, Verdict::Deny];
    let verdict = verdict.into_iter().find(|verdict| document.string(node, &["verdict"]) == Some(verdict.as_str()));
    Ok(RecordedDecision {
        policy_set: needed("policySet", "it says who decided")?,
        policy_set_digest: text("policySetDigest"),
        id: needed("id", "it says what was decided")?,
        verdict: verdict.ok_or_else(|| {
            let member = format!("{}/verdict", document.pointer(node));
            Error::new(ErrorKind::Malformed { member, expected: "`allow` or `deny`" }, document, node)
        })?,
    })
}

fn answer_json(answer: &Result<Fact, FactError>) -> String {
    let (query, status, reason, document) = match answer {
        Ok(Fact { query, status: FactStatus::Rejected(reason), .. }) => (query, "rejected", Some(reason), None),
        Ok(Fact { query, status, document }) => (query, status.as_str(), None, document.as_ref()),
        // A decision that could not be made quotes why.
        Err(FactError { query, message }) => (query, FAILED, Some(message), None),
    };
    let (kind, arguments) = (quoted(&query.kind), &query.arguments);
    let mut out = format!("{{\"kind\":{kind},\"arguments\":{arguments},\"status\":{}", quoted(status));
    if !query.trust.is_empty() {
        out.push_str(&format!(",\"trust\":{}", quoted(&query.trust)));
    }
    if let Some(file) = &query.file {
        let (path, digest) = (quoted(&file.path), quoted(&file.digest));
        out.push_str(&format!(",\"file\":{{\"path\":{path},\"digest\":{digest}}}"));
    }
    if let Some(reason) = reason {
        out.push_str(&format!(",\"reason\":{}", quoted(reason)));
    }
    if let Some(document) = document {
        out.push_str(",\"document\":");
        document.write_json(NodeId::ROOT, &mut out);
    }
    out.push('}');
    out
}

fn facts(document: &Document) -> Result<Facts, Error> {
    let list = document.find(NodeId::ROOT, "facts");
    if !matches!(document.kind(list), Kind::None | Kind::Null | Kind::List) {
        return Err(Error::wrong_type(document, list, "a list of facts", None));
    }
    let mut facts = Facts::none();
    for node in document.items(list) {
        facts.extend([answer(document, node)?]);
    }
    Ok(facts)
}

fn answer(document: &Document, node: NodeId) -> Result<Result<Fact, FactError>, Error> {
    known_members(document, node, &["kind", "arguments", "trust", "file", "status", "reason", "document"])?;
    let text = |member| document.string(node, &[member]).map(str::to_owned);
    let kind = text("kind").ok_or_else(|| Error::missing(document, node, "kind", "it says which fact this is"))?;
    let arguments = document.find(node, "arguments");
    if document.kind(arguments) != Kind::Map {
        return Err(Error::missing(document, node, "arguments", "they say what was asked"));
    }
    let status = match text("status").as_deref() {
        Some("verified") => Some(FactStatus::Verified),
        Some("absent") => Some(FactStatus::Absent),
        Some("rejected") => Some(FactStatus::Rejected(text("reason").unwrap_or_default())),
        Some(FAILED) => None,
        _ => {
            let kind = ErrorKind::Malformed {
                member: format!("{}/status", document.pointer(node)),
                expected: "`verified`, `absent`, `rejected` or `failed`",
            };
            return Err(Error::new(kind, document, node));
        }
    };
    let found = document.subtree(document.find(node, "document"));
    if found.is_some() != (status == Some(FactStatus::Verified)) {
        return Err(Error::missing(document, node, "document", "a verified fact has one, and no other has"));
    }
    // A document of its own: its node numbers are part of what a plugin sees, and must not depend on the record around it.
    let found = found.and_then(|found| read_json_text(&found.to_json(NodeId::ROOT), &ReadLimits::default()).ok());
    let trust = text("trust").unwrap_or_default();
    let query = Query { kind, arguments: canonical(document, arguments), trust, file: reviewed_file(document, node)? };
    let Some(status) = status else {
        let why = "it says why this could not be looked up";
        let message = text("reason").ok_or_else(|| Error::missing(document, node, "reason", why))?;
        return Ok(Err(FactError { query, message }));
    };
    Ok(Ok(Fact { query, status, document: found }))
}

fn reviewed_file(document: &Document, node: NodeId) -> Result<Option<Arc<ReviewedFile>>, Error> {
    let file = document.find(node, "file");
    if document.kind(file) == Kind::None {
        return Ok(None);
    }
    known_members(document, file, &["path", "digest"])?;
    let text = |member: &'static str| {
        let found = document.string(file, &[member]).map(str::to_owned);
        found.ok_or_else(|| Error::missing(document, file, member, "it says which file the fact is about"))
    };
    Ok(Some(Arc::new(ReviewedFile { path: text("path")?, digest: text("digest")? })))
}

/// JSON text with the members of every map sorted by key: equal questions have equal texts.
fn canonical(document: &Document, node: NodeId) -> String {
    let value: serde_json::Value = serde_json::from_str(&document.to_json(node)).unwrap_or_default();
    value.to_string() // serde_json's own map is ordered by key.
}

fn recorded_labels(document: &Document, of_request: NamespaceLabels) -> Result<NamespaceLabels, Error> {
    let node = document.find(NodeId::ROOT, "namespaceLabels");
    match (document.kind(node), of_request) {
        // A Namespace carries its own labels, and a cluster-scoped object has none; neither is looked up.
        (_, known @ (NamespaceLabels::Known(_) | NamespaceLabels::None)) => Ok(known),
        (Kind::None | Kind::Null, _) => {
            let reason = document.string(NodeId::ROOT, &["namespaceLabelsError"]);
            Ok(NamespaceLabels::Unknown(reason.unwrap_or("they were not known when this was recorded").into()))
        }
        (Kind::Map, _) => {
            let mut labels = std::collections::BTreeMap::new();
            for (key, value) in document.entries(node) {
                if document.kind(value) != Kind::String {
                    return Err(Error::wrong_type(document, value, "a string", None));
                }
                labels.insert(key.to_owned(), document.text(value).to_owned());
            }
            Ok(NamespaceLabels::Known(labels))
        }
        _ => Err(Error::wrong_type(document, node, "a map of labels, or null", None)),
    }
}

fn mode(document: &Document) -> Result<Option<Mode>, Error> {
    let node = document.find(NodeId::ROOT, "mode");
    match document.kind(node) {
        Kind::None | Kind::Null => Ok(None),
        _ => match Mode::parse(document.text(node)) {
            Some(mode) => Ok(Some(mode)),
            None => Err(Error::wrong_type(document, node, "`sandbox` or `compliance`", None)),
        },
    }
}

fn time(document: &Document) -> Result<i64, Error> {
    let node = document.find(NodeId::ROOT, "time");
    parse_time(document.text(node)).ok_or_else(|| {
        let kind =
            ErrorKind::Malformed { member: "/time".into(), expected: "a time such as 2026-11-21T10:00:00Z (RFC 3339)" };
        Error::new(kind, document, node)
    })
}

fn expect(document: &Document, kind: &'static str, members: &[&str]) -> Result<(), Error> {
    let is = |name, value| document.string(NodeId::ROOT, &[name]) == Some(value);
    if !is("apiVersion", API_VERSION) || !is("kind", kind) {
        let found = document.string(NodeId::ROOT, &["kind"]).unwrap_or_default().to_owned();
        let expected = if kind == "RecordedFacts" {
            "`kind: RecordedFacts` with `apiVersion: portcullis.dev/v1alpha1`"
        } else {
            "`kind: RecordedReview` with `apiVersion: portcullis.dev/v1alpha1`"
        };
        return Err(Error::new(ErrorKind::Unsupported { found, expected }, document, NodeId::ROOT));
    }
    let known: Vec<&str> = members.iter().copied().chain(["apiVersion", "kind", "metadata"]).collect();
    known_members(document, NodeId::ROOT, &known)
}

fn known_members(document: &Document, node: NodeId, known: &[&str]) -> Result<(), Error> {
    match document.entries(node).find(|(key, _)| !known.contains(key)) {
        None => Ok(()),
        Some((key, value)) => {
            let kind = ErrorKind::Malformed {
                member: format!("{}/{key}", document.pointer(node)),
                expected: "absent: nobody knows this member",
            };
            Err(Error::new(kind, document, value))
        }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::new();
    json_string(text, &mut out);
    out
}

#[cfg(test)]
mod tests;
