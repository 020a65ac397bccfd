//! A signed statement opened, and bound to its subject.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use sigstore_types::HashAlgorithm;

use crate::artifact::{Artifact, from_hex, sha256_from_hex};
use crate::refused::{Reason, Refused};
use crate::{MAX_DIGESTS, MAX_SUBJECTS, json};

/// The predicate type that cosign gives the signature of an image.
pub const COSIGN_SIGNATURE: &str = "https://sigstore.dev/cosign/sign/v1";

/// The only payload of an envelope that says what it is about.
const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// `cosign attest` still writes the first.
const STATEMENT_TYPES: [&str; 2] = ["https://in-toto.io/Statement/v0.1", "https://in-toto.io/Statement/v1"];

/// What somebody signed about artifacts (in-toto Statement v0.1 and v1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What kind of predicate it holds.
    pub predicate_type: String,
    /// What it is about; only digests count, never names (N10).
    pub subjects: Vec<StatementSubject>,
    /// The predicate as JSON text, as it was signed; `{}` where there is none. It has no key twice and is not deeper than
    /// [`crate::MAX_DEPTH`].
    pub predicate: String,
}

/// One thing that a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementSubject {
    /// What the signer called it.
    pub name: String,
    /// Algorithms and digests in hex digits; those of sha256 and sha512 are known to be well formed.
    pub digests: BTreeMap<String, String>,
}

// Unknown members are ignored, as the specification of in-toto asks ("monotonic principle").
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    #[serde(rename = "_type")]
    statement_type: String,
    predicate_type: String,
    #[serde(deserialize_with = "subjects")]
    subject: Vec<WireSubject>,
    #[serde(borrow)]
    predicate: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct WireSubject {
    #[serde(default)]
    name: Option<String>,
    #[serde(deserialize_with = "digests")]
    digest: BTreeMap<String, String>,
}

fn subjects<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<WireSubject>, D::Error> {
    json::list(deserializer, MAX_SUBJECTS)
}

/// A map of at most [`MAX_DIGESTS`].
fn digests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    struct Bounded;

    impl<'de> Visitor<'de> for Bounded {
        type Value = BTreeMap<String, String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a map of at most {MAX_DIGESTS} digests")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut digests = BTreeMap::new();
            while let Some((algorithm, digest)) = map.next_entry()? {
                if digests.len() >= MAX_DIGESTS {
                    return Err(A::Error::custom(format!("more than {MAX_DIGESTS} digests of one subject")));
                }
                digests.insert(algorithm, digest);
            }
            Ok(digests)
        }
    }

    deserializer.deserialize_map(Bounded)
}

impl Statement {
    /// Opens a payload whose signature is verified, or will be.
    pub(crate) fn open(payload_type: &str, payload: &[u8]) -> Result<Self, Refused> {
        if payload_type != PAYLOAD_TYPE {
            return Err(Reason::PayloadType.because(format!("it is `{}`", short(payload_type))));
        }
        json::check(payload).map_err(|what| Reason::Statement.because(what))?;
        let wire: Wire<'_> =
            serde_json::from_slice(payload).map_err(|error| Reason::Statement.because(error.to_string()))?;
        if !STATEMENT_TYPES.contains(&wire.statement_type.as_str()) {
            return Err(Reason::Statement.because(format!("its type is `{}`", short(&wire.statement_type))));
        }
        if wire.predicate_type.is_empty() {
            return Err(Reason::Statement.because("it has no predicate type"));
        }
        let subjects: Vec<_> = wire.subject.into_iter().map(WireSubject::check).collect::<Result<_, _>>()?;
        if !subjects.iter().any(StatementSubject::is_comparable) {
            return Err(Reason::Statement.because(match subjects.iter().any(StatementSubject::is_commit) {
                true => "it is about a commit and nothing else; attest it for the digest of the image, and name the commit as one more subject",
                false => "no subject has a digest by sha256 or sha512",
            }));
        }
        let predicate = wire.predicate.map_or("{}", RawValue::get).to_owned();
        Ok(Self { predicate_type: wire.predicate_type, subjects, predicate })
    }

    /// Whether it is about this artifact: a subject has its digest, and no known digest of that subject is another's.
    pub(crate) fn bind(&self, artifact: &Artifact<'_>) -> Result<(), Refused> {
        let (sha256, sha512) = (artifact.sha256(), artifact.digest(HashAlgorithm::Sha2512));
        let is_it = |subject: &StatementSubject| {
            let by_256 = subject.digests.get("sha256").map(|hex| sha256_from_hex(hex) == Some(sha256));
            let by_512 = subject
                .digests
                .get("sha512")
                .and_then(|hex| sha512.as_ref().map(|own| from_hex(hex).as_ref() == Some(own)));
            match (by_256, by_512) {
                (None, None) => false,
                (one, other) => one.unwrap_or(true) && other.unwrap_or(true),
            }
        };
        if self.subjects.iter().any(is_it) {
            return Ok(());
        }
        let about = self.subjects.first().and_then(|subject| subject.digests.get("sha256"));
        let about = about.map_or_else(|| "something".to_owned(), |hex| format!("sha256:{}", short(hex)));
        let more =
            if self.subjects.len() > 1 { format!(" and {} more", self.subjects.len() - 1) } else { String::new() };
        Err(Reason::WrongArtifact.because(format!("its statement is about {about}{more}, not about {artifact}")))
    }
}

impl WireSubject {
    fn check(self) -> Result<StatementSubject, Refused> {
        if self.digest.is_empty() {
            return Err(Reason::Statement.because("a subject has no digest"));
        }
        for (algorithm, bytes) in [("sha256", 32), ("sha512", 64)] {
            if let Some(digest) = self.digest.get(algorithm)
                && from_hex(digest).is_none_or(|its| its.len() != bytes)
            {
                let what = format!("the {algorithm} digest of a subject is not {} lower-case hex digits", 2 * bytes);
                return Err(Reason::Statement.because(what));
            }
        }
        Ok(StatementSubject { name: self.name.unwrap_or_default(), digests: self.digest })
    }
}

impl StatementSubject {
    fn is_comparable(&self) -> bool {
        self.digests.contains_key("sha256") || self.digests.contains_key("sha512")
    }

    /// Whether it is the commit of a source (in-toto digest set), of which nobody here knows whether an image was built.
    fn is_commit(&self) -> bool {
        self.digests.contains_key("gitCommit") || self.digests.contains_key("sha1")
    }
}

/// The beginning of a stranger's text, for a message.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(100).flat_map(char::escape_default).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(text: &str) -> Result<Statement, Refused> {
        Statement::open(PAYLOAD_TYPE, text.as_bytes())
    }

    fn with_subjects(subjects: &str) -> Result<Statement, Refused> {
        let text = r#"{"_type":"https://in-toto.io/Statement/v1","predicateType":"p","subject":SUBJECTS}"#;
        statement(&text.replace("SUBJECTS", subjects))
    }

    #[test]
    fn opens_both_versions_and_keeps_the_predicate_as_it_was_signed() {
        for version in ["v0.1", "v1"] {
            let text = r#"{"_type":"https://in-toto.io/Statement/VERSION","predicateType":"https://p","later":1,
                "subject":[{"name":"a","digest":{"sha256":"HEX"}}],"predicate":{"b": 1.0, "a": 2}}"#;
            let text = text.replace("VERSION", version).replace("HEX", &"ab".repeat(32));
            let opened = statement(&text).expect("a statement");
            assert_eq!(opened.predicate, r#"{"b": 1.0, "a": 2}"#);
            assert_eq!(opened.bind(&Artifact::Sha256([0xab; 32])), Ok(()));
            let other = opened.bind(&Artifact::Sha256([0xac; 32])).expect_err("another artifact");
            assert_eq!(other.reason, Reason::WrongArtifact);
        }
    }

    #[test]
    fn refuses_what_is_no_statement() {
        let good = r#"{"_type":"https://in-toto.io/Statement/v1","predicateType":"p","subject":[{"digest":{"sha256":"HEX"}}]}"#
            .replace("HEX", &"ab".repeat(32));
        assert_eq!(statement(&good).expect("a statement").predicate, "{}", "cosign left it out once");
        let n4 = Statement::open("application/json", good.as_bytes()).expect_err("N4");
        assert_eq!(n4.reason, Reason::PayloadType);
        for bad in [
            good.replace("Statement/v1", "Statement/v2"),
            good.replace("Statement/v1", "Statement/v1\\n"),
            good.replace("\"predicateType\":\"p\"", "\"predicateType\":\"\""),
            good.replace("\"predicateType\":\"p\"", "\"predicateType\":7"),
            good.replace("\"predicateType\":\"p\"", "\"predicateType\":\"p\",\"predicateType\":\"q\""),
            good.replace("\"predicateType\":\"p\",", ""),
            good.replace("subject", "subjects"),
            "[]".to_owned(),
            String::new(),
        ] {
            assert_eq!(statement(&bad).expect_err("no statement").reason, Reason::Statement, "{bad}");
        }
    }

    #[test]
    fn refuses_subjects_that_cannot_be_compared_n8_n9_n10() {
        let upper = format!(r#"[{{"digest":{{"sha256":"{}"}}}}]"#, "AB".repeat(32));
        let spaced = format!(r#"[{{"digest":{{"sha256":" {}"}}}}]"#, "ab".repeat(32));
        let long = format!(r#"[{{"digest":{{"sha256":"{}"}}}}]"#, "ab".repeat(33));
        for bad in [
            "[]",
            r#"[{"name":"image"}]"#,
            r#"[{"digest":{}}]"#,
            r#"[{"digest":{"md5":"00"}}]"#,
            &upper,
            &spaced,
            &long,
        ] {
            assert_eq!(with_subjects(bad).expect_err("no digest").reason, Reason::Statement, "{bad}");
        }
    }

    #[test]
    fn says_what_to_do_with_a_statement_about_a_commit_alone() {
        for commit in ["gitCommit", "sha1"] {
            let subjects =
                format!(r#"[{{"name":"git+https://a.example/b","digest":{{"{commit}":"{}"}}}}]"#, "ab".repeat(20));
            let refused = with_subjects(&subjects).expect_err("no image");
            assert_eq!(refused.reason, Reason::Statement);
            assert!(refused.detail.starts_with("it is about a commit and nothing else; attest it for the digest"));
        }
    }

    #[test]
    fn binds_by_one_of_several_subjects_and_by_all_digests_of_it_a35() {
        let (own, other) = (Artifact::Bytes(b"abc"), "00".repeat(32));
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        let several = format!(r#"[{{"digest":{{"sha256":"{other}"}}}},{{"digest":{{"sha256":"{sha256}"}}}}]"#);
        assert_eq!(with_subjects(&several).expect("subjects").bind(&own), Ok(()));
        let torn = format!(r#"[{{"digest":{{"sha256":"{sha256}","sha512":"{}"}}}}]"#, "00".repeat(64));
        let torn = with_subjects(&torn).expect("subjects");
        assert_eq!(torn.bind(&own).expect_err("another sha512").reason, Reason::WrongArtifact);
        assert_eq!(torn.bind(&Artifact::Sha256(own.sha256())), Ok(()), "nobody can compare the other");
        let crossed = format!(r#"[{{"digest":{{"sha1":"{sha256}","sha512":"{}"}}}}]"#, "00".repeat(64));
        let crossed = with_subjects(&crossed).expect("subjects");
        assert_eq!(crossed.bind(&own).expect_err("by another algorithm").reason, Reason::WrongArtifact);
    }
}
