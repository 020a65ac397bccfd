//! One call on its way: what is computed of it on a thread that judges, step by step.

use std::sync::{Arc, OnceLock};
use std::time::SystemTime;

use bytes::Bytes;
use portcullis_cluster::Namespaces;
use portcullis_document::ReadLimits;
use portcullis_gate::{Bounds, Gate, Judging, Sets, Spent, Unjudged, Watch};
use portcullis_model::{Decision, Document, Facts, FailureKind, NamespaceLabels, Query, Review, Workload};
use portcullis_policies::Selection;

use crate::deadline::Deadline;
use crate::lanes::Name;
use crate::pool::Lost;
use crate::request::{self, Asked};
use crate::response::{self, Answer, Manner, Overload, Reason, UnreadLabels};

/// What the threads that judge need.
pub(crate) struct Shared {
    pub gate: Arc<Gate>,
    pub namespaces: Namespaces,
    pub limits: ReadLimits,
    pub observe: bool,
}

/// One call on its way.
pub(crate) struct Case {
    pub shared: Arc<Shared>,
    pub body: Bytes,
    pub bounds: Bounds,
    pub deadline: Deadline,
    /// Whose it is: for a fair place in the queue and for his rate.
    pub tenant: Name,
    pub seen: Seen,
}

/// What is known of a call from outside of the thread that works on it.
#[derive(Default)]
pub(crate) struct Seen {
    review: OnceLock<Arc<Review>>,
    /// The labels of the tenant, where they were read for this call already.
    pub labels: OnceLock<NamespaceLabels>,
    watch: OnceLock<Watch>,
    /// Why the labels of its namespace could not be read, though somebody tried.
    unread: OnceLock<String>,
}

/// How far a call has come.
pub(crate) enum Stage {
    /// Its answer is there.
    Done(Box<Done>),
    /// It waits for the labels of its namespace. Only the body is kept, whose bytes are counted: a tree takes many times as
    /// much, and reading it again costs microseconds where looking labels up costs milliseconds (A50).
    Labels(String),
    /// It waits for facts.
    Facts(Box<Judging>, Document, Vec<Query>),
}

/// An answer with what stands behind it, for metrics, log and record.
pub(crate) struct Done {
    pub answer: Answer,
    pub judged: Option<Judged>,
}

/// A review and what was decided about it.
pub(crate) struct Judged {
    pub review: Arc<Review>,
    pub decisions: Vec<Decision>,
    pub spent: Vec<Spent>,
    /// What runs containers, where a policy looked.
    pub workload: Option<Arc<Workload>>,
    /// Why nobody judged it, where there was too much to do.
    pub shed: Option<&'static str>,
    /// What a replay needs; nothing where there can be none.
    pub evidence: Option<(Document, Facts)>,
}

impl Shared {
    /// Whether the labels that are remembered of a namespace give every set its stronger mode: then nobody need read them.
    pub fn is_strict_for(&self, namespace: &str) -> bool {
        let remembered = self.namespaces.cached(namespace);
        remembered.is_some_and(|labels| self.gate.sets().labels_suffice(&labels))
    }
}

impl Case {
    /// Reads the body and judges as far as that goes without waiting for anything.
    pub(crate) fn read(&self) -> Stage {
        let mut asked = match self.asked() {
            Ok(asked) => asked,
            Err(answer) => return Stage::Done(Box::new(Done { answer, judged: None })),
        };
        if !matches!(asked.review.namespace, NamespaceLabels::Unknown(_)) {
            return self.begin(asked);
        }
        let sets = self.shared.gate.sets();
        let remembered = self.shared.namespaces.cached(&asked.review.request.namespace);
        if let Some(labels) = remembered.filter(|labels| sets.labels_suffice(labels)) {
            asked.review.namespace = NamespaceLabels::Known(labels);
        } else if self.skipped(&sets, &asked.review) {
            let reason = "they were not looked up, because no policy faces this review";
            asked.review.namespace = NamespaceLabels::Unknown(reason.into());
        } else {
            return Stage::Labels(asked.review.request.namespace);
        }
        let (document, review) = (asked.document, Arc::new(asked.review));
        let judging = self.shared.gate.begin(Arc::clone(&review), &self.bounds);
        // Whoever has just put other sets in force may need other labels; these sets are held, so they are not mistaken.
        if !Arc::ptr_eq(&sets, &self.shared.gate.sets()) {
            return Stage::Labels(review.request.namespace.clone());
        }
        self.begun(review, judging, document)
    }

    /// Reads the body again and judges with the labels that were waited for.
    pub(crate) fn read_with(&self, labels: NamespaceLabels) -> Stage {
        match self.asked() {
            Ok(mut asked) => {
                if let NamespaceLabels::Unknown(reason) = &labels {
                    // Set once: labels are looked up once.
                    let _ = self.seen.unread.set(reason.clone());
                }
                asked.review.namespace = labels;
                self.begin(asked)
            }
            Err(answer) => Stage::Done(Box::new(Done { answer, judged: None })),
        }
    }

    fn asked(&self) -> Result<Asked, Answer> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        request::read(&self.body, &self.shared.limits, i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
    }

    /// Whether no policy of any set looks at this review, whatever the labels of its namespace are: a selector that needs
    /// them cannot know. Most of what a cluster writes is such, and none of it is worth a read.
    fn skipped(&self, sets: &Sets, review: &Review) -> bool {
        let admitted = |name: &str| self.bounds.only.as_deref().is_none_or(|only| only == name);
        let mut admitted = sets.sets.iter().filter(|set| admitted(&set.loaded.set.name));
        admitted.all(|set| {
            (0..set.loaded.set.policies.len()).all(|index| set.loaded.select(index, review) == Selection::Skips)
        })
    }

    fn begin(&self, asked: Asked) -> Stage {
        let review = Arc::new(asked.review);
        let judging = self.shared.gate.begin(Arc::clone(&review), &self.bounds);
        self.begun(review, judging, asked.document)
    }

    fn begun(&self, review: Arc<Review>, judging: Judging, document: Document) -> Stage {
        // Set once: a review begins once.
        let _ = self.seen.watch.set(judging.watch());
        let _ = self.seen.review.set(review);
        self.step(Box::new(judging), document)
    }

    pub(crate) fn step(&self, mut judging: Box<Judging>, document: Document) -> Stage {
        let needs = judging.step();
        if !needs.is_empty() {
            return Stage::Facts(judging, document, needs);
        }
        let judgement = judging.finish();
        let Some(review) = self.seen.review.get() else {
            let answer = response::failed(Reason::InternalError, &Lost::Panicked.to_string());
            return Stage::Done(Box::new(Done { answer, judged: None }));
        };
        Stage::Done(Box::new(Done {
            answer: response::decided(&review.request.uid, &judgement.decisions, self.manner(review)),
            judged: Some(Judged {
                review: Arc::clone(review),
                decisions: judgement.decisions,
                spent: judgement.spent,
                workload: judgement.workload,
                shed: None,
                // What depends on earlier reviews cannot be replayed.
                evidence: (!judgement.left_out).then_some((document, judgement.facts)),
            }),
        }))
    }

    /// The answer by the effects that `onError` declares, or `onOverload`. Labels that nobody has looked up are unknown, hence
    /// compliance.
    pub(crate) fn unjudged(&self, lost: &Lost, message: &str) -> Done {
        let review = match self.seen.review.get() {
            Some(review) => Arc::clone(review),
            None => match self.asked() {
                Ok(mut asked) => {
                    if let NamespaceLabels::Unknown(_) = &asked.review.namespace {
                        let read = self.seen.labels.get().filter(|_| asked.review.request.namespace == *self.tenant);
                        let unread = || NamespaceLabels::Unknown("nobody had the time to look them up".into());
                        asked.review.namespace = read.cloned().unwrap_or_else(unread);
                    }
                    Arc::new(asked.review)
                }
                Err(answer) => return Done { answer, judged: None },
            },
        };
        let kind = if *lost == Lost::Panicked { FailureKind::Trap } else { FailureKind::Timeout };
        let overload = lost.overload().map(|reason| Overload { reason, words: message, retry: lost.retry() });
        let why = Unjudged { kind, message, overload: overload.is_some() };
        let decisions = self.shared.gate.sets().not_judged(&review, &self.bounds, why);
        let manner = Manner { overload, ..self.manner(&review) };
        Done {
            answer: response::decided(&review.request.uid, &decisions, manner),
            judged: Some(Judged {
                review,
                decisions,
                spent: Vec::new(),
                workload: None,
                shed: lost.overload(),
                evidence: None,
            }),
        }
    }

    /// Said to the caller, and no part of the decision.
    fn manner<'a>(&'a self, review: &'a Review) -> Manner<'a> {
        let of = |reason| UnreadLabels { namespace: &review.request.namespace, reason };
        let unread = self.seen.unread.get().map(|reason| of(reason));
        Manner { observed: self.shared.observe, unread, overload: None }
    }

    /// Why nothing could be judged, with the name of the policy that was slow.
    pub(crate) fn late_words(&self, lost: &Lost) -> String {
        let called = self.seen.watch.get().and_then(Watch::current);
        match (lost, called) {
            (Lost::Late, Some((set, policy))) => {
                format!("the time for the review was over while policy `{set}/{policy}` judged")
            }
            (lost, _) => lost.to_string(),
        }
    }
}
