//! What a plugin may ask, what the host may answer, and the window between.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use crate::document::Document;
use crate::review::ReviewedFile;

/// One question to the host.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Query {
    /// The kind of fact, such as `signature`.
    pub kind: String,
    /// The members of the question as JSON text, keys sorted, no white space: two equal questions have equal texts.
    pub arguments: String,
    /// The digest of the trust that the answer depends on; empty where it depends on none. The host says it: a plugin names a
    /// trust among its arguments, and what that name means is a matter of the policy set.
    pub trust: String,
    /// The file that the question is about, where it is about the one that is judged ([`ABOUT_FILE`]) and there is one. The host
    /// says this, too: which file it is, is nothing that a plugin may choose.
    pub file: Option<Arc<ReviewedFile>>,
}

/// The argument `about` of questions about the file that holds what is judged.
pub const ABOUT_FILE: &str = "file";

impl Query {
    /// A question whose answer depends on nobody's word.
    pub fn new(kind: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self { kind: kind.into(), arguments: arguments.into(), trust: String::new(), file: None }
    }
}

/// What became of looking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactStatus {
    /// Found and verified.
    Verified,
    /// Looked, and a trustworthy answer said that there is nothing.
    Absent,
    /// Found and refused; the plugin sees the reason.
    Rejected(String),
}

impl FactStatus {
    /// The word of the contract (`facts.status`).
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Absent => "absent",
            Self::Rejected(_) => "rejected",
        }
    }
}

/// One answer. What could not be looked up is not a fact but a [`FactError`].
#[derive(Clone, Debug)]
pub struct Fact {
    /// The question.
    pub query: Query,
    /// What became of it.
    pub status: FactStatus,
    /// What was found; only where verified.
    pub document: Option<Document>,
}

/// A fact that could not be had: unreachable, throttled, not allowed to ask. A plugin never sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactError {
    /// The question.
    pub query: Query,
    /// For a person: what was tried and why it failed.
    pub message: String,
}

impl fmt::Display for FactError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the fact `{}` could not be looked up: {}", self.query.kind, self.message)
    }
}

impl std::error::Error for FactError {}

/// The answers so far, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    answers: Vec<Result<Fact, FactError>>,
}

impl Facts {
    /// Nothing is known yet.
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds answers; the first answer to a query stays.
    pub fn extend(&mut self, answers: impl IntoIterator<Item = Result<Fact, FactError>>) {
        for answer in answers {
            if self.get(query_of(&answer)).is_none() {
                self.answers.push(answer);
            }
        }
    }

    /// The answer to a query; nothing where it was not asked yet.
    pub fn get(&self, query: &Query) -> Option<&Result<Fact, FactError>> {
        self.answers.iter().find(|answer| query_of(answer) == query)
    }

    /// All answers.
    pub fn iter(&self) -> impl Iterator<Item = &Result<Fact, FactError>> {
        self.answers.iter()
    }

    /// Whether nothing was asked.
    pub fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }
}

fn query_of(answer: &Result<Fact, FactError>) -> &Query {
    match answer {
        Ok(fact) => &fact.query,
        Err(error) => &error.query,
    }
}

/// What names meant when this review first asked: whoever asks in it, under whatever trust and in whatever round, speaks of the
/// same digest (A31, N48). One review owns it, and it ends with the review.
#[derive(Debug, Default)]
pub struct Resolved(Mutex<BTreeMap<String, Meaning>>);

/// The digest that a name meant, or for a person why that could not be known.
pub type Meaning = Result<String, String>;

impl Resolved {
    /// What a name meant; nothing where nobody has asked in this review.
    pub fn get(&self, name: &str) -> Option<Meaning> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    /// Keeps what a name means now. What it meant before in this review stays.
    pub fn keep(&self, name: String, meaning: Meaning) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_insert(meaning);
    }
}

/// Answers to come; one for each query, in its order.
pub type Answers<'a> = Pin<Box<dyn Future<Output = Vec<Result<Fact, FactError>>> + Send + 'a>>;

/// The window to whatever knows facts: registries and evidence, the cluster, or a record.
pub trait FactSource: Send + Sync {
    /// Looks all of them up, concurrently where it can. Answers every query; "absent" is never the answer to an error. A name
    /// that has no digest means what it meant when this review first asked, also where that could not be known.
    fn look_up<'a>(&'a self, queries: &'a [Query], review: &'a Resolved) -> Answers<'a>;
}

/// What was recorded answers; what was not could not be looked up. A recorded fact that says no trust and no file was written by
/// a person and answers for any.
impl FactSource for Facts {
    fn look_up<'a>(&'a self, queries: &'a [Query], _: &'a Resolved) -> Answers<'a> {
        let unknown = |query: &Query| {
            let message = "no recorded fact answers it; give one with --facts".to_owned();
            Err(FactError { query: query.clone(), message })
        };
        let under_any = |query: &Query| {
            let bare = Query::new(query.kind.clone(), query.arguments.clone());
            let found = self.get(&bare)?.as_ref().ok()?;
            Some(Ok(Fact { query: query.clone(), ..found.clone() }))
        };
        let answer = |query: &Query| {
            let found = self.get(query).cloned().or_else(|| under_any(query));
            found.unwrap_or_else(|| unknown(query))
        };
        Box::pin(std::future::ready(queries.iter().map(answer).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_keeps_its_first_meaning_in_a_review_an_error_too_a31() {
        let review = Resolved::default();
        assert_eq!(review.get("a:1"), None);
        review.keep("a:1".into(), Ok("sha256:1".into()));
        review.keep("a:1".into(), Ok("sha256:2".into()));
        review.keep("b:1".into(), Err("away".into()));
        review.keep("b:1".into(), Ok("sha256:3".into()));
        assert_eq!(review.get("a:1"), Some(Ok("sha256:1".into())));
        assert_eq!(review.get("b:1"), Some(Err("away".into())));
    }

    fn answered(query: &Query, status: FactStatus) -> Result<Fact, FactError> {
        Ok(Fact { query: query.clone(), status, document: None })
    }

    #[test]
    fn the_first_answer_to_a_question_stays_and_others_are_kept_in_their_order() {
        let (one, two) = (Query::new("signature", "{}"), Query::new("sbom", "{}"));
        let away = FactError { query: two.clone(), message: "nobody answers".into() };
        let mut facts = Facts::none();
        assert!(facts.is_empty());
        facts.extend([answered(&one, FactStatus::Absent), answered(&one, FactStatus::Verified), Err(away.clone())]);
        facts.extend([answered(&two, FactStatus::Verified)]);
        assert!(!facts.is_empty());
        let status = |query| facts.get(query).map(|answer| answer.as_ref().map(|fact| fact.status.as_str()));
        assert_eq!((status(&one), status(&two)), (Some(Ok("absent")), Some(Err(&away))));
        assert!(facts.get(&Query::new("sast", "{}")).is_none());
        assert_eq!(facts.iter().count(), 2);
        assert_eq!(away.to_string(), "the fact `sbom` could not be looked up: nobody answers");
    }

    fn looked_up(facts: &Facts, queries: &[Query]) -> Vec<Result<Fact, FactError>> {
        let review = Resolved::default();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match facts.look_up(queries, &review).as_mut().poll(&mut context) {
            std::task::Poll::Ready(answers) => answers,
            std::task::Poll::Pending => unreachable!("what is recorded is there at once"),
        }
    }

    #[test]
    fn a_recorded_fact_answers_its_own_question_and_one_without_a_trust_answers_under_any() {
        let bare = Query::new("signature", "{}");
        let under = |trust: &str| Query { trust: trust.into(), ..bare.clone() };
        let mut facts = Facts::none();
        facts.extend([answered(&bare, FactStatus::Absent), answered(&under("a"), FactStatus::Verified)]);
        let other = Query::new("sbom", "{}");
        let queries = [under("a"), under("b"), other.clone(), bare.clone()];
        let answers = looked_up(&facts, &queries);
        let told: Vec<_> = answers
            .iter()
            .map(|answer| answer.as_ref().map(|fact| (fact.query.clone(), fact.status.as_str())).map_err(|e| e.clone()))
            .collect();
        let message = "no recorded fact answers it; give one with --facts".to_owned();
        assert_eq!(
            told,
            [
                Ok((under("a"), "verified")),
                Ok((under("b"), "absent")),
                Err(FactError { query: other, message }),
                Ok((bare.clone(), "absent"))
            ]
        );
        // One that was found under another trust says nothing of this one.
        let mut facts = Facts::none();
        facts.extend([answered(&under("a"), FactStatus::Verified)]);
        assert!(looked_up(&facts, &queries[1..2])[0].is_err());
    }
}
