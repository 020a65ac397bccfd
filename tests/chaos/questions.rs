//! Reviews with what must become of them, whatever happens meanwhile.

use std::sync::Arc;

use portcullis_load::{Question, pod};

/// What must become of a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// It is judged, and rightly; only a declared answer may stand in for that, where the experiment declares one.
    Judged,
    /// It cannot be judged, and that denies.
    NotJudged,
    /// It cannot be judged, and that is said to whoever is let in.
    Warned,
    /// It is judged, or not judged as declared, which may let it in with a warning: it is part of what goes wrong.
    Either,
    /// It is judged, or denied as declared, and never let in by a warning: no set says that overload lets anything in.
    Shed,
}

/// Reviews, each with its expectation.
#[derive(Clone, Default)]
pub struct Questions {
    /// As the load generator takes them.
    pub all: Arc<Vec<Question>>,
    /// One for each of them.
    pub expect: Vec<Expect>,
}

/// Namespaces that nobody labelled: compliance.
pub const NAMESPACES: [&str; 4] = ["shop", "bank", "forum", "archive"];
/// A namespace of which nobody sends anything else than a flood.
pub const STORM: &str = "storm";
/// A namespace with the label of a sandbox.
pub const SANDBOX: &str = "laboratory";

impl Questions {
    /// Small Pods that built-in policies allow and deny, in several namespaces, and one in a sandbox that would be denied
    /// elsewhere.
    pub fn pods() -> Self {
        let mut questions = Self::default();
        for namespace in NAMESPACES {
            questions = questions
                .with(&pod(namespace, "good", 1, Some("500m"), 0), true, Expect::Judged)
                .with(&pod(namespace, "endless", 1, None, 0), false, Expect::Judged)
                .with(&pod(namespace, "three", 3, Some("1"), 0), true, Expect::Judged)
                .with(&pod(namespace, "huge", 1, Some("64"), 0), false, Expect::Judged);
        }
        questions.with(&pod(SANDBOX, "endless", 1, None, 0), true, Expect::Judged)
    }

    /// One more.
    #[must_use]
    pub fn with(mut self, review: &serde_json::Value, allowed: bool, expect: Expect) -> Self {
        Arc::make_mut(&mut self.all).push(Question::new(review, allowed));
        self.expect.push(expect);
        self
    }

    /// These and others.
    #[must_use]
    pub fn and(mut self, others: &Self) -> Self {
        Arc::make_mut(&mut self.all).extend(others.all.iter().cloned());
        self.expect.extend(&others.expect);
        self
    }
}
