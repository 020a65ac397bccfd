//! A case: a manifest with the expected findings drawn under the guilty lines.

use std::sync::Arc;

use portcullis_document::{Error, ReadLimits, read_json_text};
use portcullis_model::{Document, Facts, Mode, NodeId, Review, Source, parse_time};
use portcullis_subject::{Secrets, facts_from, mask_secrets};

use crate::reading::{REQUEST, Reading};
use crate::review::{TIME, document_review, named, object_review};

/// A finding as it is drawn.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expected {
    /// Line of what is wrong, from 1.
    pub line: u32,
    /// Column of what is wrong, from 1.
    pub column: u32,
    /// `plugin/rule`.
    pub code: String,
    /// The whole message.
    pub message: String,
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file, for messages.
    pub name: String,
    /// All of it: comments change no line.
    pub text: String,
    /// The settings as JSON text; `{}` where none are given.
    pub settings: String,
    /// The mode whose decision is expected where it goes through a door; compliance where none is given.
    pub mode: Mode,
    /// The path of the document, where it is judged as one; nothing for an object.
    pub document: Option<String>,
    /// `operation`, `resource` and `subresource` of the request; empty where they are not given.
    pub request: [String; 3],
    /// Who asks, as an API server says it; empty where nobody does.
    pub user: String,
    /// The time of the review; nothing where it does not matter.
    pub time: Option<i64>,
    /// Answers to what the plugin asks, as JSON text: the `facts` of a `RecordedFacts`; `[]` where none are given.
    pub facts: String,
    /// The findings, in the order of their places, without the values of a Secret.
    pub findings: Vec<Expected>,
}

impl Case {
    /// Reads a case; the error, `file:line: what is wrong; what to do`, is for the person who wrote it. Whatever would not be
    /// read is an error.
    pub fn parse(name: &str, text: &str) -> Result<Self, String> {
        let reading = Reading { name, text };
        let (head, findings) = (reading.head()?, reading.drawn()?);
        reading.manifest()?;
        let word = |keys: &[&str]| head.as_ref().and_then(|head| head.string(NodeId::ROOT, keys)).map(str::to_owned);
        let fault = |key: &str, what: String| {
            let place = head.as_ref().and_then(|head| head.place(head.find(NodeId::ROOT, key)));
            format!("{name}:{}: {what}", place.map_or(1, |place| place.start().0))
        };
        let mode = word(&["mode"]).map(|mode| {
            let unknown = || fault("mode", format!("`{mode}` is not a mode; write `sandbox` or `compliance`"));
            Mode::parse(&mode).ok_or_else(unknown)
        });
        let time = word(&["time"]).map(|time| {
            let unknown = || fault("time", format!("`{time}` is not a time; write one such as `2026-11-21T10:00:00Z`"));
            parse_time(&time).ok_or_else(unknown)
        });
        let json = |key, otherwise: &str| {
            let text = head.as_ref().map(|head| head.to_json(head.find(NodeId::ROOT, key))).unwrap_or_default();
            if text.is_empty() { otherwise.to_owned() } else { text }
        };
        let facts = json("facts", "[]");
        recorded(&facts).map_err(|why| fault("facts", format!("`facts` are not those of a RecordedFacts: {why}")))?;
        let mut case = Self {
            name: name.to_owned(),
            text: text.to_owned(),
            settings: json("settings", "{}"),
            mode: mode.transpose()?.unwrap_or(Mode::Compliance),
            document: word(&["document"]),
            request: REQUEST.map(|key| word(&["request", key]).unwrap_or_default()),
            user: word(&["request", "user"]).unwrap_or_default(),
            time: time.transpose()?,
            facts,
            findings: Vec::new(),
        };
        let (secrets, review) = (Secrets::default(), case.review().map_err(|error| error.to_string())?);
        let veiled = |one: Expected| Expected { message: secrets.redact(&review, &one.message), ..one };
        case.findings = findings.into_iter().map(veiled).collect();
        Ok(case)
    }

    /// The review that the case is about.
    ///
    /// # Errors
    /// A text that cannot be read, which [`Case::parse`] would not have taken.
    pub fn review(&self) -> Result<Review, Error> {
        if let Some(path) = &self.document {
            return document_review(path, &self.text);
        }
        let mut review = object_review(&self.name, &self.text)?;
        let [operation, resource, subresource] = &self.request;
        review.request.resource = Some(named(&review.request.kind, resource));
        review.request.subresource.clone_from(subresource);
        review.request.user.name.clone_from(&self.user);
        if !operation.is_empty() {
            review.request.operation.clone_from(operation);
        }
        review.time = self.time.unwrap_or(TIME);
        Ok(review)
    }

    /// Its text as it may be shown: the values of Secrets are masked, as in every excerpt of a check.
    pub(crate) fn source(&self) -> Arc<Source> {
        // It was read before.
        let document = self.review().ok().and_then(|review| review.object);
        let source = document.as_ref().and_then(Document::source).cloned();
        document.iter().for_each(mask_secrets);
        source.unwrap_or_else(|| Source::new(self.name.as_str(), ""))
    }

    /// The answers that it records.
    pub fn answers(&self) -> Facts {
        // They were read before.
        recorded(&self.facts).unwrap_or_default()
    }
}

/// The facts of a case, read by the reader of `RecordedFacts`.
fn recorded(facts: &str) -> Result<Facts, String> {
    let text = format!("{{\"apiVersion\":\"portcullis.dev/v1alpha1\",\"kind\":\"RecordedFacts\",\"facts\":{facts}}}");
    let document = read_json_text(&text, &ReadLimits::default()).map_err(|error| error.to_string())?;
    facts_from(&document).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_facts_as_a_record_has_them() {
        let case = |fact: &str| Case::parse("a.yaml", &format!("# A Pod.\n# facts:\n# - {fact}\nkind: Pod\n"));
        let read = case("{kind: k, arguments: {b: 1, a: x}, status: absent}").expect("a case");
        assert_eq!(read.facts, r#"[{"kind":"k","arguments":{"b":1,"a":"x"},"status":"absent"}]"#);
        let answers = read.answers();
        let first = answers.iter().flatten().next().expect("an answer");
        assert_eq!(first.query.arguments, r#"{"a":"x","b":1}"#);
        for bad in ["{kind: k, status: absent}", "{kind: k, arguments: {}, status: failed}", "{kind: k, argument: {}}"]
        {
            let said = case(bad).expect_err(bad);
            assert!(said.starts_with("a.yaml:2: `facts` are not those of a RecordedFacts: "), "{bad}: {said}");
        }
    }

    #[test]
    fn reads_who_asks_and_when() {
        let case = |head: &str| Case::parse("a.yaml", &format!("# A Pod.\n{head}\nkind: Pod\n"));
        let read = case("# time: \"2026-01-02T00:00:00Z\"\n# request: {user: ann}").expect("a case");
        assert_eq!((read.user.as_str(), read.time), ("ann", Some(1_767_312_000)));
        let review = read.review().expect("a review");
        assert_eq!((review.request.user.name.as_str(), review.time), ("ann", 1_767_312_000));
        let said = case("# time: tomorrow").expect_err("no time");
        assert_eq!(said, "a.yaml:2: `tomorrow` is not a time; write one such as `2026-11-21T10:00:00Z`");
    }

    #[test]
    fn reads_the_head_and_the_drawing() {
        let text = "# A sentence: with a colon.\n# settings:\n#   a: {b: 1}\n# mode: sandbox\nkind: Pod\n#^^^ p/r: root\n#     ^^ p/s: a: b\nx: 1\n";
        let case = Case::parse("a.yaml", text).expect("a case");
        assert_eq!((case.settings.as_str(), case.mode), (r#"{"a":{"b":1}}"#, Mode::Sandbox));
        let expected = |column, code: &str, message: &str| Expected {
            line: 5,
            column,
            code: code.into(),
            message: message.into(),
        };
        assert_eq!(case.findings, [expected(1, "p/r", "root"), expected(7, "p/s", "a: b")]);
    }
}
