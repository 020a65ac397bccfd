//! From the bytes of a review to the bytes of its answer, in time and whatever happens.

use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use portcullis_cluster::Namespaces;
use portcullis_document::{DEFAULT_BYTES, ReadLimits};
use portcullis_gate::{Bounds, BreakerRules, Breakers, Gate, Sets};
use portcullis_model::{Fact, FactError, FactSource, NamespaceLabels, Query, Resolved};
use portcullis_policies::RateLimits;

use crate::case::{Case, Done, Judged, Seen, Shared, Stage};
use crate::deadline::{DEFAULT_MARGIN, DEFAULT_REVIEW_TIME, Deadline, TimeRules};
use crate::pool::{Lost, Pool};
use crate::rates::Limiter;
use crate::record::{Record, Recorder};
use crate::response::{self, Answer, Reason};
use crate::waiting::Waiting;
use crate::{Error, observe, request};

/// The default of [`WebhookConfig::queue`]: a tenth of a second of work for two threads.
pub const DEFAULT_QUEUE: usize = 1_024;
/// The default of [`WebhookConfig::held`]: 256 MiB of bodies, of which the trees take several times as much.
pub const DEFAULT_HELD: usize = 256 << 20;
/// Bytes of the trees of all reviews that wait for facts at once; a fourth of it for each tenant.
const WAITING: usize = 256 << 20;
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
    /// When a policy that faults is not called for a while. Default: after 5 faults in a row, for 10 s.
    pub breakers: BreakerRules,
    /// How many reviews namespaces may have. Default: as many as they like.
    pub rate_limits: Option<RateLimits>,
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
            breakers: BreakerRules::default(),
            rate_limits: None,
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
    /// Who sent it, for the log.
    pub peer: Option<SocketAddr>,
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
    waiting: Arc<Waiting>,
    /// Nothing where no policy is ever left out.
    breakers: Option<Arc<Breakers>>,
    /// Nothing where nobody is limited.
    limiter: Option<Limiter>,
    recorder: Option<Recorder>,
}

impl Webhook {
    /// A webhook in front of a gate.
    ///
    /// # Errors
    /// Its threads cannot be started, or the folder for records cannot be used.
    pub fn new(gate: Arc<Gate>, namespaces: Namespaces, config: WebhookConfig) -> Result<Arc<Self>, Error> {
        let limits = ReadLimits { bytes: config.max_body, ..ReadLimits::default() };
        let pool = Pool::new("judge", config.workers, config.queue, Some(observe::queue())).map_err(Error::Thread)?;
        let webhook = Arc::new(Self {
            shared: Arc::new(Shared { gate, namespaces, limits, observe: config.observe }),
            times: TimeRules {
                max: config.max_review_time,
                default: config.default_review_time,
                margin: config.margin,
            },
            pool,
            refusals: Pool::new("refuse", 1, REFUSALS, None).map_err(Error::Thread)?,
            waiting: Waiting::new(WAITING, config.max_body),
            breakers: (config.breakers.faults > 0)
                .then(|| Arc::new(Breakers::new(config.breakers, Some(observe::breakers())))),
            limiter: config.rate_limits.clone().map(Limiter::new),
            recorder: config.record_reviews.as_deref().map(Recorder::new).transpose()?,
            config,
        });
        webhook.tidy();
        Ok(webhook)
    }

    /// Forgets what faults of policies are remembered that are gone. To be called when other sets are in force, and every so
    /// often.
    pub fn tidy(&self) {
        if let Some(breakers) = &self.breakers {
            breakers.keep(&self.shared.gate.sets(), Instant::now());
        }
    }

    /// What limits it.
    pub fn config(&self) -> &WebhookConfig {
        &self.config
    }

    /// The gate that judges.
    pub fn gate(&self) -> &Arc<Gate> {
        &self.shared.gate
    }

    /// Puts other rates in force, where there are any; what namespaces have had by now counts on.
    pub fn limit(&self, limits: RateLimits) {
        if let Some(limiter) = &self.limiter {
            limiter.replace(limits);
        }
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
            bounds: Bounds {
                only: call.policy_set.map(str::to_owned),
                deadline: Some(deadline.judged),
                breakers: self.breakers.clone(),
            },
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
        if let Some(limiter) = &self.limiter {
            self.keep_to_rate(limiter, case).await?;
        }
        let work = Arc::clone(case);
        let mut stage = self.compute(case, move || work.read()).await?;
        loop {
            let work = Arc::clone(case);
            stage = match stage {
                Stage::Done(done) => return Ok(*done),
                Stage::Labels(namespace) => {
                    let read = case.seen.labels.get().filter(|_| namespace == *case.tenant);
                    let labels = match read {
                        Some(labels) => labels.clone(),
                        None => self.shared.namespaces.live(&namespace, case.deadline.labels).await,
                    };
                    self.compute(case, move || work.read_with(labels)).await?
                }
                Stage::Facts(mut judging, document, needs) => {
                    let waiting = self.waiting.room(&case.tenant, case.body.len());
                    let Some(_room) = waiting else { return Err(Lost::Waiting) };
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

    /// Counts the call for its namespace, before anything is queued for it. Whose labels are not at hand is looked up once;
    /// whose cannot be read has the default tier.
    async fn keep_to_rate(&self, limiter: &Limiter, case: &Case) -> Result<(), Lost> {
        if case.tenant.is_empty() {
            return Ok(());
        }
        let cached = self.shared.namespaces.cached(&case.tenant);
        let labels = match (&cached, limiter.depends_on_labels()) {
            (None, true) => match self.labels_of_tenant(case, case.deadline.labels).await {
                NamespaceLabels::Known(labels) => Some(labels),
                NamespaceLabels::None | NamespaceLabels::Unknown(_) => None,
            },
            _ => cached.as_ref(),
        };
        limiter.take(&case.tenant, labels).map_err(|limited| Lost::Limited(Arc::new(limited)))
    }

    /// The labels as they are now, read at most once for each call.
    async fn labels_of_tenant<'a>(&self, case: &'a Case, until: Instant) -> &'a NamespaceLabels {
        if case.seen.labels.get().is_none() {
            let labels = self.shared.namespaces.live(&case.tenant, until).await;
            let _ = case.seen.labels.set(labels);
        }
        case.seen.labels.get().unwrap_or(&NamespaceLabels::None)
    }

    /// What is said where nothing could be judged: by a thread that does nothing else, and where even that one has too much
    /// to do, a denial.
    async fn give_up(&self, case: Arc<Case>, lost: Lost) -> Done {
        let message = case.late_words(&lost);
        let begun = Instant::now();
        if lost.overload().is_some() && !case.tenant.is_empty() && !self.shared.is_strict_for(&case.tenant) {
            // What holds under overload depends on the mode, and the milder one on labels that are not old (A18).
            self.labels_of_tenant(&case, case.deadline.labels.min(begun + REFUSAL_TIME)).await;
        }
        let until = Instant::now() + REFUSAL_TIME;
        let (work, words, why) = (Arc::clone(&case), message.clone(), lost.clone());
        if let Ok(pending) = self.refusals.run(&case.tenant, until, move || work.unjudged(&why, &words))
            && let Ok(Ok(done)) = tokio::time::timeout_at(until.into(), pending).await
        {
            if let (Some(reason), Some(judged)) = (lost.overload(), &done.judged) {
                observe::shed(reason, &judged.decisions);
            }
            return done;
        }
        if let Some(reason) = lost.overload() {
            observe::shed_unread(reason, case.bounds.only.as_deref(), &self.shared.gate.sets());
        }
        let reason = match lost {
            Lost::Full { .. } | Lost::Waiting | Lost::Limited(_) | Lost::Ended => Reason::TooManyRequests,
            Lost::Late => Reason::Timeout,
            Lost::Panicked => Reason::InternalError,
        };
        let message =
            format!("{message} (there was no time to find out what the policies declare for that: it is denied)");
        let answer = match request::uid_of(&case.body) {
            Some(uid) if self.config.observe => response::observed(request::VERSION, &uid, &message),
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
