//! From the bytes of a review to the bytes of its answer, in time and whatever happens.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use portcullis_cluster::Namespaces;
use portcullis_document::{DEFAULT_BYTES, ReadLimits};
use portcullis_gate::{Bounds, Gate, Judging, Sets, Spent, Watch};
use portcullis_model::{
    Decision, Document, Fact, FactError, FactSource, Facts, FailureKind, NamespaceLabels, Query, Resolved, Review,
    Workload,
};
use portcullis_policies::Selection;

use crate::deadline::{DEFAULT_MARGIN, DEFAULT_REVIEW_TIME, Deadline, TimeRules};
use crate::lanes::Name;
use crate::pool::{Lost, Pool};
use crate::record::{Record, Recorder};
use crate::request::{self, Asked};
use crate::response::{self, Answer, Manner, Reason, UnreadLabels};
use crate::{Error, observe};

/// The default of [`WebhookConfig::queue`]: a tenth of a second of work for two threads.
pub const DEFAULT_QUEUE: usize = 1_024;
/// The default of [`WebhookConfig::held`]: 256 MiB of bodies, of which the trees take several times as much.
pub const DEFAULT_HELD: usize = 256 << 20;
/// The default of [`WebhookConfig::body_time`].
pub const DEFAULT_BODY_TIME: Duration = Duration::from_secs(5);
/// Reviews that wait for the one thread that says what cannot be judged; more are denied without being read.
const REFUSALS: usize = 256;
/// How long that may take: the caller's margin is what it takes it from.
const REFUSAL_TIME: Duration = Duration::from_millis(200);

/// What limits a webhook.
#[derive(Clone, Debug)]
pub struct WebhookConfig {
    /// Bytes of one body. Default 8 MiB: an UPDATE of two objects of 3 MiB with their escapes.
    pub max_body: usize,
    /// The most time for one review, whatever the caller grants. Default 10 s.
    pub max_review_time: Duration,
    /// What a caller is taken to grant that names no timeout. Default 10 s.
    pub default_review_time: Duration,
    /// What is kept of the granted time. Default [`DEFAULT_MARGIN`].
    pub margin: Duration,
    /// How long a body may take to come. Default 5 s.
    pub body_time: Duration,
    /// Threads that judge. Default: one for each processor.
    pub workers: usize,
    /// Reviews that wait for one. Default [`DEFAULT_QUEUE`].
    pub queue: usize,
    /// Bytes of all bodies that are held at once; further ones are left with their senders. Default [`DEFAULT_HELD`].
    pub held: usize,
    /// Where reviews are recorded, if anywhere.
    pub record_reviews: Option<PathBuf>,
    /// Whether nothing is enforced: every decision stays what it is, and what it denies is let in with warnings. Default: no.
    pub observe: bool,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self {
            max_body: DEFAULT_BYTES,
            max_review_time: DEFAULT_REVIEW_TIME,
            default_review_time: DEFAULT_REVIEW_TIME,
            margin: DEFAULT_MARGIN,
            body_time: DEFAULT_BODY_TIME,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            queue: DEFAULT_QUEUE,
            held: DEFAULT_HELD,
            record_reviews: None,
            observe: false,
        }
    }
}

/// One call, without the HTTP that it came in.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// The body.
    pub body: Bytes,
    /// The value of `timeout` as it stands in the query.
    pub timeout: Option<&'a str>,
    /// The one policy set that is asked; all of them where none is named.
    pub policy_set: Option<&'a str>,
    /// The caller's trace (W3C Trace Context), for the log.
    pub traceparent: Option<&'a str>,
    /// When the head of the call had come.
    pub arrived: Instant,
}

/// Everything that one review needs.
pub struct Webhook {
    shared: Arc<Shared>,
    config: WebhookConfig,
    times: TimeRules,
    pool: Pool,
    refusals: Pool,
    recorder: Option<Recorder>,
}

/// What the threads that judge need.
struct Shared {
    gate: Arc<Gate>,
    namespaces: Namespaces,
    limits: ReadLimits,
    observe: bool,
}

/// One call on its way.
struct Case {
    shared: Arc<Shared>,
    body: Bytes,
    bounds: Bounds,
    deadline: Deadline,
    /// Whose it is: for a fair place in the queue.
    tenant: Name,
    seen: Seen,
}

/// What is known of a call from outside of the thread that works on it.
#[derive(Default)]
struct Seen {
    review: OnceLock<Arc<Review>>,
    watch: OnceLock<Watch>,
    /// Why the labels of its namespace could not be read, though somebody tried.
    unread: OnceLock<String>,
}

/// How far a call has come.
enum Stage {
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
    /// What a replay needs; nothing where nobody judged.
    pub evidence: Option<(Document, Facts)>,
}

impl Webhook {
    /// A webhook in front of a gate.
    ///
    /// # Errors
    /// Its threads cannot be started, or the folder for records cannot be used.
    pub fn new(gate: Arc<Gate>, namespaces: Namespaces, config: WebhookConfig) -> Result<Arc<Self>, Error> {
        let limits = ReadLimits { bytes: config.max_body, ..ReadLimits::default() };
        let pool = Pool::new("judge", config.workers, config.queue, Some(observe::queue())).map_err(Error::Thread)?;
        Ok(Arc::new(Self {
            shared: Arc::new(Shared { gate, namespaces, limits, observe: config.observe }),
            times: TimeRules {
                max: config.max_review_time,
                default: config.default_review_time,
                margin: config.margin,
            },
            pool,
            refusals: Pool::new("refuse", 1, REFUSALS, None).map_err(Error::Thread)?,
            recorder: config.record_reviews.as_deref().map(Recorder::new).transpose()?,
            config,
        }))
    }

    /// What limits it.
    pub fn config(&self) -> &WebhookConfig {
        &self.config
    }

    /// The gate that judges.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.shared.gate
    }

    /// How many records were left out.
    pub fn records_dropped(&self) -> u64 {
        self.recorder.as_ref().map_or(0, Recorder::dropped)
    }

    /// Until when a call must be answered.
    pub(crate) fn deadline(&self, call: &Call<'_>) -> Instant {
        Deadline::new(call.arrived, call.timeout, &self.times).answered
    }

    /// Answers a call before the caller stops waiting. Dropping the future withdraws the work that has not begun.
    pub async fn answer(&self, call: Call<'_>) -> Answer {
        let sets = self.shared.gate.sets();
        if let Some(unknown) = call.policy_set.filter(|name| !sets.names().contains(name)) {
            let answer = response::failed(Reason::NotFound, &no_such_set(unknown, &sets));
            observe::refused(&call, &answer);
            return answer;
        }
        drop(sets);
        let deadline = Deadline::new(call.arrived, call.timeout, &self.times);
        let case = Arc::new(Case {
            shared: Arc::clone(&self.shared),
            body: call.body.clone(),
            bounds: Bounds { only: call.policy_set.map(str::to_owned), deadline: Some(deadline.judged) },
            deadline,
            tenant: request::tenant_of(&call.body),
            seen: Seen::default(),
        });
        let judging = caught(self.judge(&case));
        let outcome = match tokio::time::timeout_at(deadline.answered.into(), judging).await {
            Ok(Some(outcome)) => outcome,
            Ok(None) => Err(Lost::Panicked),
            Err(_) => Err(Lost::Late),
        };
        let done = match outcome {
            Ok(done) => done,
            Err(lost) => self.give_up(case, lost).await,
        };
        self.keep(&call, done)
    }

    /// Goes through the stages: computing on the pool, waiting here.
    async fn judge(&self, case: &Arc<Case>) -> Result<Done, Lost> {
        let work = Arc::clone(case);
        let mut stage = self.compute(case, move || work.read()).await?;
        loop {
            let work = Arc::clone(case);
            stage = match stage {
                Stage::Done(done) => return Ok(*done),
                Stage::Labels(namespace) => {
                    let labels = self.shared.namespaces.live(&namespace, case.deadline.labels).await;
                    self.compute(case, move || work.read_with(labels)).await?
                }
                Stage::Facts(mut judging, document, needs) => {
                    let answers =
                        look_up(&**self.shared.gate.facts(), &needs, judging.resolved(), case.deadline.facts).await;
                    judging.learn(needs, answers);
                    self.compute(case, move || work.step(judging, document)).await?
                }
            }
        }
    }

    async fn compute(&self, case: &Case, work: impl FnOnce() -> Stage + Send + 'static) -> Result<Stage, Lost> {
        self.pool.run(&case.tenant, case.deadline.judged, work)?.await
    }

    /// What is said where nothing could be judged: by a thread that does nothing else, and where even that one has too much
    /// to do, a denial.
    async fn give_up(&self, case: Arc<Case>, lost: Lost) -> Done {
        let message = case.late_words(lost);
        let until = Instant::now() + REFUSAL_TIME;
        let (work, words) = (Arc::clone(&case), message.clone());
        if let Ok(pending) = self.refusals.run(&case.tenant, until, move || work.unjudged(lost, &words))
            && let Ok(Ok(done)) = tokio::time::timeout_at(until.into(), pending).await
        {
            return done;
        }
        let reason = match lost {
            Lost::Full { .. } | Lost::Ended => Reason::TooManyRequests,
            Lost::Late => Reason::Timeout,
            Lost::Panicked => Reason::InternalError,
        };
        let answer = match request::uid_of(&case.body) {
            Some(uid) => response::refused(request::VERSION, &uid, reason, &message),
            None => response::failed(reason, &message),
        };
        Done { answer, judged: None }
    }

    /// Counts, logs and records what was answered.
    fn keep(&self, call: &Call<'_>, done: Done) -> Answer {
        let Done { answer, judged } = done;
        let Some(judged) = judged else {
            observe::refused(call, &answer);
            return answer;
        };
        observe::judged(call, &judged, !self.config.observe);
        let Judged { review, decisions, evidence, .. } = judged;
        if let (Some(recorder), Some((document, facts))) = (&self.recorder, evidence) {
            recorder.offer(Record { review, document, facts, decisions, bytes: call.body.len() });
        }
        answer
    }
}

impl Case {
    /// Reads the body and judges as far as that goes without waiting for anything.
    fn read(&self) -> Stage {
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
    fn read_with(&self, labels: NamespaceLabels) -> Stage {
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

    fn step(&self, mut judging: Box<Judging>, document: Document) -> Stage {
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
            answer: response::decided(&review.request.uid, &judgement.decisions, self.manner(review, false)),
            judged: Some(Judged {
                review: Arc::clone(review),
                decisions: judgement.decisions,
                spent: judgement.spent,
                workload: judgement.workload,
                evidence: Some((document, judgement.facts)),
            }),
        }))
    }

    /// The answer by the effects that `onError` declares. Labels that nobody has looked up are unknown, hence compliance.
    fn unjudged(&self, lost: Lost, message: &str) -> Done {
        let review = match self.seen.review.get() {
            Some(review) => Arc::clone(review),
            None => match self.asked() {
                Ok(mut asked) => {
                    if let NamespaceLabels::Unknown(reason) = &mut asked.review.namespace {
                        *reason = "nobody had the time to look them up".into();
                    }
                    Arc::new(asked.review)
                }
                Err(answer) => return Done { answer, judged: None },
            },
        };
        let kind = if lost == Lost::Panicked { FailureKind::Trap } else { FailureKind::Timeout };
        let overload = matches!(lost, Lost::Full { .. } | Lost::Ended);
        let decisions = self.shared.gate.sets().not_judged(&review, &self.bounds, kind, message);
        Done {
            answer: response::decided(&review.request.uid, &decisions, self.manner(&review, overload)),
            judged: Some(Judged { review, decisions, spent: Vec::new(), workload: None, evidence: None }),
        }
    }

    /// Said to the caller, and no part of the decision.
    fn manner<'a>(&'a self, review: &'a Review, overload: bool) -> Manner<'a> {
        let of = |reason| UnreadLabels { namespace: &review.request.namespace, reason };
        Manner { overload, observed: self.shared.observe, unread: self.seen.unread.get().map(|reason| of(reason)) }
    }

    /// Why nothing could be judged, with the name of the policy that was slow.
    fn late_words(&self, lost: Lost) -> String {
        let called = self.seen.watch.get().and_then(Watch::current);
        match (lost, called) {
            (Lost::Late, Some((set, policy))) => {
                format!("the time for the review was over while policy `{set}/{policy}` judged")
            }
            (lost, _) => lost.to_string(),
        }
    }
}

/// Looks facts up until that time; what has not come by then could not be looked up.
async fn look_up(
    source: &dyn FactSource,
    needs: &[Query],
    resolved: &Resolved,
    until: Instant,
) -> Vec<Result<Fact, FactError>> {
    let late = |query: &Query| {
        let message = "the review's time was over before there was an answer".to_owned();
        Err(FactError { query: query.clone(), message })
    };
    match tokio::time::timeout_at(until.into(), source.look_up(needs, resolved)).await {
        Ok(answers) => answers,
        Err(_) => needs.iter().map(late).collect(),
    }
}

fn no_such_set(unknown: &str, sets: &Sets) -> String {
    let names: Vec<String> = sets.names().iter().map(|name| format!("`{name}`")).collect();
    let there_are = if names.is_empty() { "there is none".into() } else { format!("there are {}", names.join(", ")) };
    format!("there is no policy set `{}`; {there_are}", unknown.escape_debug())
}

/// The future's result; nothing where it panicked, after which it is not touched again.
async fn caught<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
        Ok(poll) => poll.map(Some),
        Err(_) => std::task::Poll::Ready(None),
    })
    .await
}
