//! The bytes of a call to a review, or to the words in which it is refused.

use std::cell::Cell;
use std::fmt;

use portcullis_document::{ErrorKind, ReadLimits, decode, read_json, read_json_text};
use portcullis_model::{Document, Kind, NodeId, Review};
use portcullis_subject::{Context, from_admission_review};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use crate::lanes::Name;
use crate::response::{self, Answer, Reason};

/// The version that we speak.
pub const VERSION: &str = "admission.k8s.io/v1";
/// The version before it, which the API server sends only where a registration asks for it.
const OLD_VERSION: &str = "admission.k8s.io/v1beta1";

/// How much of a body is looked at for whose it is. The API server writes the namespace before the objects and after the name,
/// which is what somebody wrote into a URL where he connects to what there need not be: as much as Go takes for a head, a
/// megabyte, each byte of it as six. What has it elsewhere waits in the lane of those that have none, and is not limited.
const TENANT_BYTES: usize = 6 << 20;

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

/// Whose review it is, for a fair place in the queue and for nothing else: `request.namespace`, or nothing for what is in no
/// namespace. Read before the review is, hence from its first bytes and without a judgement of the rest.
pub fn tenant_of(body: &[u8]) -> Name {
    let found = Cell::new(None);
    let head = &body[..body.len().min(TENANT_BYTES)];
    // It ends with an error in any case: it stops where the namespace is, or where the bytes end.
    let _ = Tenant { key: "request", found: &found }.deserialize(&mut serde_json::Deserializer::from_slice(head));
    found.take().unwrap_or_else(|| Name::from(""))
}

/// Looks for `request` and in it for `namespace`, and goes no further.
#[derive(Clone, Copy)]
struct Tenant<'a> {
    key: &'static str,
    found: &'a Cell<Option<Name>>,
}

impl<'de> DeserializeSeed<'de> for Tenant<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Tenant<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with `{}`", self.key)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Key>()? {
            match (key, self.key) {
                (Key::Request, "request") => {
                    map.next_value_seed(Tenant { key: "namespace", ..self })?;
                }
                (Key::Namespace, "namespace") => {
                    self.found.set(Some(map.next_value::<String>()?.into()));
                    return Err(A::Error::custom("found"));
                }
                (Key::Object, "namespace") => return Err(A::Error::custom("in no namespace")),
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// The keys that matter to whose review it is.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Key {
    Request,
    Namespace,
    #[serde(alias = "oldObject")]
    Object,
    #[serde(other)]
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_whose_review_it_is_from_its_first_bytes() {
        let of = |text: &str| tenant_of(text.as_bytes()).to_string();
        assert_eq!(
            of(r#"{"kind":"AdmissionReview","request":{"uid":"u","kind":{"namespace":"no"},"namespace":"shop"#),
            ""
        );
        assert_eq!(
            of(
                r#"{"kind":"AdmissionReview","request":{"uid":"u","kind":{"namespace":"no"},"namespace":"shop","object":"#
            ),
            "shop"
        );
        assert_eq!(of(r#"{"request":{"uid":"u","namespace":"sh\u006fp""#), "shop");
        // In no namespace, hidden behind the object, no text, no review.
        for none in [
            r#"{"request":{"uid":"u","object":{"metadata":{"namespace":"a"}},"namespace":"b"}}"#,
            r#"{"request":{"uid":"u","oldObject":{},"namespace":"b"}}"#,
            r#"{"namespace":"a","request":{"uid":"u"}}"#,
            r#"{"request":{"namespace":7}}"#,
            r#"{"request":null}"#,
            "null",
            "",
            "[[[[",
        ] {
            assert_eq!(of(none), "", "{none}");
        }
        let named = format!(r#"{{"request":{{"name":"{}","namespace":"shop","object":"#, "n".repeat(1 << 20));
        assert_eq!(of(&named), "shop", "nobody hides behind a long name");
        let padded = format!(r#"{{"request":{{"uid":"{}","namespace":"shop"}}}}"#, "u".repeat(TENANT_BYTES));
        assert_eq!(of(&padded), "", "too far behind");
    }

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
