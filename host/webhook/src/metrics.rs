//! How many, how fast, and why not: the one place that knows Prometheus.
//!
//! Labels are few on purpose. No object, namespace or user is ever one, what callers send is folded into known words, and
//! names from policy sets share a bounded number of series; those beyond it are counted as `other`.

mod family;
mod memory_limit;
mod names;
mod policy_sets;
mod process;
#[cfg(test)]
mod tests;

use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use portcullis_model::{Effect, FailureKind, Mode, Verdict};

use self::family::Family;
use self::names::{BYTES, CORES, DURATIONS, SECONDS, STORAGE};
pub use self::policy_sets::in_force;

/// The most series of one metric that names from policy sets may make.
pub const MAX_SERIES: usize = 2000;

/// How often observed values are sorted into their buckets; between scrapes they would grow without bound.
const UPKEEP: Duration = Duration::from_secs(5);

/// The metrics of this process.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// All of them in Prometheus' text format 0.0.4.
    pub fn render(&self) -> String {
        self.0.render() + &policy_sets::render() + &process::render()
    }
}

/// Something else in this process collects metrics already.
#[derive(Debug)]
pub struct AlreadyInstalled;

impl std::fmt::Display for AlreadyInstalled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("metrics are collected by something else in this process already")
    }
}

impl std::error::Error for AlreadyInstalled {}

/// Everything that is looked up by a name from a policy set, so that a review costs no registration.
struct Handles {
    metrics: Metrics,
    reviews: Family<[OnceLock<(Counter, Histogram)>; 40]>,
    policies: Family<Family<Histogram>>,
    findings: Family<Family<Family<[OnceLock<Counter>; 10]>>>,
    faults: Family<Family<[OnceLock<Counter>; 5]>>,
    shed: Family<[OnceLock<Counter>; 2 * SHED.len()]>,
    breakers: Family<Family<(Gauge, Counter)>>,
    requested: [OnceLock<Requests>; 4],
    queue_depth: Gauge,
    queue_wait: Histogram,
    health: Gauge,
}

static HANDLES: OnceLock<Handles> = OnceLock::new();

/// Begins to collect. Before it, everything else here does nothing; a second call gives the same metrics again.
///
/// # Errors
///
/// Another recorder was installed before.
pub fn install(version: &'static str, commit: &'static str) -> Result<Metrics, AlreadyInstalled> {
    // One caller builds; a second one at the same time waits for it.
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(handles) = HANDLES.get() {
        return Ok(handles.metrics.clone());
    }
    let mut builder = PrometheusBuilder::new();
    let buckets = [
        (DURATIONS, SECONDS),
        (&[names::REQUESTED_CPU], CORES),
        (&[names::REQUESTED_MEMORY], BYTES),
        (&[names::REQUESTED_STORAGE], STORAGE),
    ];
    for (metrics, bounds) in buckets {
        for name in metrics {
            // Refused only for an empty list.
            builder = builder
                .set_buckets_for_metric(Matcher::Full((*name).to_owned()), bounds)
                .map_err(|_| AlreadyInstalled)?;
        }
    }
    let metrics = Metrics(builder.install_recorder().map_err(|_| AlreadyInstalled)?);
    names::describe();
    process::started();
    gauge!(names::BUILD_INFO, "version" => version, "commit" => commit).set(1.0);
    let handles = Handles {
        metrics: metrics.clone(),
        reviews: Family::new(MAX_SERIES),
        policies: Family::new(MAX_SERIES),
        findings: Family::new(MAX_SERIES),
        faults: Family::new(MAX_SERIES),
        shed: Family::new(MAX_SERIES),
        breakers: Family::new(MAX_SERIES),
        requested: Default::default(),
        queue_depth: gauge!(names::QUEUE_DEPTH),
        queue_wait: histogram!(names::QUEUE_WAIT),
        health: gauge!(names::HEALTH_UP),
    };
    handles.health.set(0.0);
    handles.queue_depth.set(0.0);
    let _ = HANDLES.set(handles);
    let upkeep = metrics.0.clone();
    // For the life of the process. Where no thread can be had, each scrape does the same work.
    let _ = std::thread::Builder::new().name("metrics".to_owned()).spawn(move || {
        loop {
            std::thread::sleep(UPKEEP);
            upkeep.run_upkeep();
        }
    });
    Ok(metrics)
}

/// One decision of a review.
#[derive(Debug, Clone, Copy)]
pub struct ReviewSample<'a> {
    /// As the API server sent it.
    pub operation: &'a str,
    /// The mode that held.
    pub mode: Mode,
    /// What was decided.
    pub verdict: Verdict,
    /// Whether every policy that should could judge.
    pub judged: bool,
    /// The policy set that decided.
    pub policy_set: &'a str,
    /// The time from the request's arrival to the answer.
    pub duration: Duration,
}

/// Counts one decision; called once for each policy set that decided.
pub fn reviewed(sample: &ReviewSample<'_>) {
    let Some(handles) = HANDLES.get() else { return };
    let (operation, number) = operation(sample.operation);
    let index = ((number * 2 + mode(sample.mode)) * 2 + verdict(sample.verdict)) * 2 + usize::from(sample.judged);
    let set = handles.reviews.get(sample.policy_set, |_, _| [const { OnceLock::new() }; 40]);
    let Some(slot) = set.value.get(index) else { return };
    let (count, seconds) = slot.get_or_init(|| {
        let labels = [
            ("operation", operation.to_owned()),
            ("mode", sample.mode.as_str().to_owned()),
            ("verdict", sample.verdict.as_str().to_owned()),
            ("judged", sample.judged.to_string()),
            ("policy_set", set.label.clone()),
        ];
        (counter!(names::REVIEWS, &labels), histogram!(names::REVIEW_SECONDS, &labels))
    });
    count.increment(1);
    seconds.record(sample.duration);
}

/// The time that one policy took for one review.
pub fn policy(policy_set: &str, policy: &str, time: Duration) {
    let Some(handles) = HANDLES.get() else { return };
    let set = handles.policies.get(policy_set, |_, left| Family::sharing(left));
    let policy = set.value.get(
        policy,
        |policy, _| histogram!(names::POLICY_SECONDS, "policy_set" => set.label.clone(), "policy" => policy.to_owned()),
    );
    policy.value.record(time);
}

/// One finding.
pub fn finding(policy_set: &str, policy: &str, rule: &str, effect: Effect, in_mode: Mode) {
    let Some(handles) = HANDLES.get() else { return };
    let set = handles.findings.get(policy_set, |_, left| Family::sharing(left));
    let policy = set.value.get(policy, |_, left| Family::sharing(left));
    let rule = policy.value.get(rule, |_, _| [const { OnceLock::new() }; 10]);
    let number = match effect {
        Effect::Deny => 0,
        Effect::Warn => 1,
        Effect::Audit => 2,
        Effect::Shadow => 3,
        // Only `check` has a baseline.
        Effect::Waived | Effect::Known => 4,
    };
    let Some(slot) = rule.value.get(number * 2 + mode(in_mode)) else { return };
    let count = slot.get_or_init(|| {
        let labels = [
            ("policy_set", set.label.clone()),
            ("policy", policy.label.clone()),
            ("rule", rule.label.clone()),
            ("effect", effect.as_str().to_owned()),
            ("mode", in_mode.as_str().to_owned()),
        ];
        counter!(names::FINDINGS, &labels)
    });
    count.increment(1);
}

/// A policy that could not judge. `policy` is empty where the whole set is concerned.
pub fn fault(policy_set: &str, policy: &str, kind: FailureKind) {
    let Some(handles) = HANDLES.get() else { return };
    let set = handles.faults.get(policy_set, |_, left| Family::sharing(left));
    let policy = set.value.get(policy, |_, _| [const { OnceLock::new() }; 5]);
    let number = match kind {
        FailureKind::Timeout => 0,
        FailureKind::Trap => 1,
        FailureKind::Settings => 2,
        FailureKind::Fact => 3,
        FailureKind::Input => 4,
    };
    let Some(slot) = policy.value.get(number) else { return };
    let count = slot.get_or_init(|| {
        let labels =
            [("policy_set", set.label.clone()), ("policy", policy.label.clone()), ("kind", kind.as_str().to_owned())];
        counter!(names::FAULTS, &labels)
    });
    count.increment(1);
}

/// Why a review is not judged under overload; the last stands for all others.
pub(crate) const SHED: [&str; 3] = ["queue_full", "rate_limited", "shutting_down"];

/// A review that was answered without judging it because of overload.
pub fn shed(policy_set: &str, reason: &'static str, decided: Verdict) {
    if let Some(count) = shed_of(policy_set, reason, decided) {
        count.increment(1);
    }
}

/// A policy set that may shed: a counter that begins with its first event hides that event from `rate` and `increase`.
fn may_shed(policy_set: &str) {
    for reason in SHED {
        for verdict in [Verdict::Allow, Verdict::Deny] {
            shed_of(policy_set, reason, verdict);
        }
    }
}

fn shed_of(policy_set: &str, reason: &'static str, decided: Verdict) -> Option<Counter> {
    let set = HANDLES.get()?.shed.get(policy_set, |_, _| [const { OnceLock::new() }; 2 * SHED.len()]);
    let number = SHED.iter().position(|known| *known == reason).unwrap_or(SHED.len() - 1);
    let slot = set.value.get(number * 2 + verdict(decided))?;
    let count = slot.get_or_init(|| {
        let labels = [
            ("policy_set", set.label.clone()),
            ("reason", reason.to_owned()),
            ("verdict", decided.as_str().to_owned()),
        ];
        counter!(names::SHED, &labels)
    });
    Some(count.clone())
}

/// For how many namespaces a policy is not called now.
pub fn breaker_open(policy_set: &str, policy: &str, namespaces: usize) {
    // Exact up to 2^53.
    breaker(policy_set, policy, |(open, _)| open.set(namespaces as f64));
}

/// A policy that is not called any more for a namespace.
pub fn breaker_opened(policy_set: &str, policy: &str) {
    breaker(policy_set, policy, |(_, opened)| opened.increment(1));
}

fn breaker(policy_set: &str, policy: &str, change: impl FnOnce(&(Gauge, Counter))) {
    let Some(handles) = HANDLES.get() else { return };
    let set = handles.breakers.get(policy_set, |_, left| Family::sharing(left));
    let policy = set.value.get(policy, |policy, _| {
        let labels = [("policy_set", set.label.clone()), ("policy", policy.to_owned())];
        (gauge!(names::BREAKER_OPEN, &labels), counter!(names::BREAKER_OPENED, &labels))
    });
    change(&policy.value);
}

/// What a workload asks for in all, limits where it names them. `None`: it does not say.
#[derive(Debug, Clone, Copy)]
pub struct Requested {
    /// The mode that held.
    pub mode: Mode,
    /// What was decided.
    pub verdict: Verdict,
    /// Cores.
    pub cpu_cores: Option<f64>,
    /// Bytes.
    pub memory_bytes: Option<f64>,
    /// Bytes.
    pub storage_bytes: Option<f64>,
}

struct Requests {
    cpu: Histogram,
    memory: Histogram,
    storage: Histogram,
}

/// Records what a workload asks for: what a platform tracks without enforcing it.
pub fn requested(sample: &Requested) {
    let Some(handles) = HANDLES.get() else { return };
    let Some(slot) = handles.requested.get(mode(sample.mode) * 2 + verdict(sample.verdict)) else { return };
    let requests = slot.get_or_init(|| {
        let labels = [("mode", sample.mode.as_str()), ("verdict", sample.verdict.as_str())];
        Requests {
            cpu: histogram!(names::REQUESTED_CPU, &labels),
            memory: histogram!(names::REQUESTED_MEMORY, &labels),
            storage: histogram!(names::REQUESTED_STORAGE, &labels),
        }
    });
    let values = [
        (&requests.cpu, sample.cpu_cores),
        (&requests.memory, sample.memory_bytes),
        (&requests.storage, sample.storage_bytes),
    ];
    for (histogram, value) in values {
        // One NaN would spoil the sum for ever.
        if let Some(value) = value.filter(|value| value.is_finite()) {
            histogram.record(value);
        }
    }
}

/// How many reviews wait for a compute thread.
pub fn queue_depth(waiting: usize) {
    if let Some(handles) = HANDLES.get() {
        // Exact up to 2^53.
        handles.queue_depth.set(waiting as f64);
    }
}

/// How long one review waited for a compute thread.
pub fn queue_waited(time: Duration) {
    if let Some(handles) = HANDLES.get() {
        handles.queue_wait.record(time);
    }
}

/// A reload of policies, labels or certificates, and whether it came into force.
pub fn reload(what: &'static str, applied: bool) {
    counter!(names::RELOADS, "what" => what, "result" => if applied { "applied" } else { "refused" }).increment(1);
}

/// Whether reviews can be judged.
pub fn health(up: bool) {
    if let Some(handles) = HANDLES.get() {
        handles.health.set(if up { 1.0 } else { 0.0 });
    }
}

/// Whether nothing is enforced.
pub fn observing(observed: bool) {
    gauge!(names::OBSERVING).set(if observed { 1.0 } else { 0.0 });
}

/// How many reviews may wait, and how many bytes of bodies may be held at once.
pub fn bounds(queue: usize, held: usize) {
    // Exact up to 2^53.
    gauge!(names::QUEUE_LIMIT).set(queue as f64);
    gauge!(names::HELD_LIMIT).set(held as f64);
}

/// When the certificate that serves expires.
pub(crate) fn certificate_expires(at: SystemTime) {
    let seconds = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs_f64();
    gauge!(names::CERTIFICATE_EXPIRY).set(seconds);
}

/// A connection that stands until the guard is dropped.
pub(crate) fn connection(listener: &'static str) -> ConnectionGuard {
    let gauge = gauge!(names::CONNECTIONS, "listener" => listener);
    gauge.increment(1.0);
    ConnectionGuard(gauge)
}

/// One standing connection.
pub(crate) struct ConnectionGuard(Gauge);

impl Drop for ConnectionGuard {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// A connection that came to nothing.
pub(crate) fn connection_refused(listener: &'static str, reason: &'static str) {
    counter!(names::CONNECTIONS_REFUSED, "listener" => listener, "reason" => reason).increment(1);
}

/// A call that was answered without judging a review.
pub(crate) fn call_refused(reason: &'static str) {
    counter!(names::CALLS_REFUSED, "reason" => reason).increment(1);
}

/// How many reviews were left out of the records so far.
pub(crate) fn records_dropped(so_far: u64) {
    counter!(names::RECORDS_DROPPED).absolute(so_far);
}

/// Bytes that are set aside for a body until the guard is dropped.
pub(crate) fn held(bytes: u64) -> HeldGuard {
    // Exact up to 2^53.
    let (gauge, bytes) = (gauge!(names::HELD), bytes as f64);
    gauge.increment(bytes);
    HeldGuard(gauge, bytes)
}

/// What one body may take.
pub(crate) struct HeldGuard(Gauge, f64);

impl Drop for HeldGuard {
    fn drop(&mut self) {
        self.0.decrement(self.1);
    }
}

/// One of the operations of Kubernetes, and its number; whatever else a caller sends is one word.
fn operation(text: &str) -> (&'static str, usize) {
    match text {
        "CREATE" => ("CREATE", 0),
        "UPDATE" => ("UPDATE", 1),
        "DELETE" => ("DELETE", 2),
        "CONNECT" => ("CONNECT", 3),
        _ => (family::OTHER, 4),
    }
}

fn mode(mode: Mode) -> usize {
    match mode {
        Mode::Sandbox => 0,
        Mode::Compliance => 1,
    }
}

fn verdict(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Allow => 0,
        Verdict::Deny => 1,
    }
}

/// Whether the last reload of `what` was refused, so that an older version serves.
pub(crate) fn reload_refused(what: &str, refused: bool) {
    gauge!(names::RELOAD_REFUSED, "what" => what.to_owned()).set(if refused { 1.0 } else { 0.0 });
}

/// Whether the namespaces of the cluster are watched at this moment.
pub fn namespaces_watch(up: bool) {
    gauge!(names::NAMESPACES_WATCH_UP).set(if up { 1.0 } else { 0.0 });
}
