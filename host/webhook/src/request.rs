//! The bytes of a call to a review, or to the words in which it is refused.

use portcullis_document::{ErrorKind, ReadLimits, decode, read_json, read_json_text};
use portcullis_model::{Document, Kind, NodeId, Review};
use portcullis_subject::{Context, from_admission_review};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::response::{self, Answer, Reason};

/// The version that we speak.
pub const VERSION: &str = "admission.k8s.io/v1";
/// The version before it, which the API server sends only where a registration asks for it.
const OLD_VERSION: &str = "admission.k8s.io/v1beta1";

/// What was asked, read once.
#[derive(Debug)]
pub struct Asked {
    /// The whole AdmissionReview, for the record. It keeps no text and no places, so nothing can quote a value of it.
    pub document: Document,
    /// What it asks to judge.
    pub review: Review,
}

/// Reads a body; `Err` is the answer to one that cannot be judged (A58): an AdmissionReview that denies where there is a uid
/// to repeat, else an HTTP error.
pub fn read(body: &[u8], limits: &ReadLimits, time: i64) -> Result<Asked, Answer> {
    let document = parse(body, limits).map_err(|message| {
        let message = format!("the body is not the JSON of an AdmissionReview: {message}");
        refusal(VERSION, uid_of(body).as_deref(), &message)
    })?;
    let text = |path: &[&str]| document.string(NodeId::ROOT, path).filter(|text| !text.is_empty());
    let version = text(&["apiVersion"]).unwrap_or_default();
    let uid = text(&["request", "uid"]);
    let refuse = |message: &str| refusal(if version == OLD_VERSION { OLD_VERSION } else { VERSION }, uid, message);
    if document.kind(NodeId::ROOT) != Kind::Map {
        return Err(refuse("the body must be an AdmissionReview, a JSON object"));
    }
    let kind = text(&["kind"]).unwrap_or_default();
    if kind != "AdmissionReview" {
        return Err(refuse(&format!("`{}` is not supported here; it must be `AdmissionReview`", kind.escape_debug())));
    }
    if version == OLD_VERSION {
        return Err(refuse(
            "`admission.k8s.io/v1beta1` is not supported here; register the webhook with `admissionReviewVersions: [v1]`",
        ));
    }
    let context = Context { time, ..Context::default() };
    let review = from_admission_review(&document, &context).map_err(|error| refuse(&error.to_string()))?;
    Ok(Asked { document, review })
}

fn parse(body: &[u8], limits: &ReadLimits) -> Result<Document, String> {
    let Ok(text) = std::str::from_utf8(body) else {
        return Err(decode("body", body.to_vec(), limits).map_or_else(|error| said(&error), |_| "it is no text".into()));
    };
    read_json_text(text, limits).map_err(|error| match error.kind() {
        // Nothing is gained by a place in what is too large, and reading text after the value once more may cost much.
        ErrorKind::TrailingText | ErrorKind::TooLarge { .. } | ErrorKind::TooManyNodes { .. } => error.to_string(),
        // Only now, because places cost time and memory: a second reader that keeps them says where.
        _ => decode("body", body.to_vec(), limits)
            .and_then(|source| read_json(&source, limits))
            .map_or_else(|located| said(&located), |_| error.to_string()),
    })
}

fn said(error: &portcullis_document::Error) -> String {
    let (line, column) = error.place().map_or((1, 1), |place| place.start());
    format!("{error}, in line {line}, column {column}")
}

fn refusal(version: &str, uid: Option<&str>, message: &str) -> Answer {
    match uid {
        Some(uid) => response::refused(version, uid, Reason::BadRequest, message),
        None => response::failed(Reason::BadRequest, message),
    }
}

/// Only what an answer to anything needs.
#[derive(Deserialize)]
struct Envelope {
    request: Named,
}

#[derive(Deserialize)]
struct Named {
    uid: String,
}

/// The uid of JSON that is no more than JSON: duplicate keys elsewhere, too deep, too much. Two requests or two uids are
/// none. Skips values without recursion and keeps nothing of them.
pub fn uid_of(body: &[u8]) -> Option<String> {
    let whole = serde_json::from_slice::<IgnoredAny>(body).is_ok();
    let envelope = whole.then(|| serde_json::from_slice::<Envelope>(body).ok()).flatten()?;
    Some(envelope.request.uid).filter(|uid| !uid.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_uid_of_what_cannot_be_read() {
        // A58
        let deep = format!(r#"{{"request":{{"object":{}{},"uid":"u"}}}}"#, "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(uid_of(deep.as_bytes()).as_deref(), Some("u"));
        assert_eq!(uid_of(br#"{"request":{"uid":"u","object":{"a":1,"a":2}}}"#).as_deref(), Some("u"));
        for none in [
            "",
            "null",
            "[]",
            "{}",
            r#"{"request":null}"#,
            r#"{"request":{"uid":""}}"#,
            r#"{"request":{"uid":7}}"#,
            r#"{"request":{"uid":"a","uid":"b"}}"#,
            r#"{"request":{"uid":"a"},"request":{"uid":"b"}}"#,
            r#"{"request":{"uid":"a"}"#,
            r#"{"request":{"uid":"a"}} x"#,
        ] {
            assert_eq!(uid_of(none.as_bytes()), None, "{none}");
        }
    }
}
