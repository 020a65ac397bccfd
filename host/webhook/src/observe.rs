//! Where the webhook says what it did: what it counts, and its lines in the log for what was denied or turned away.

mod breakers;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use portcullis_gate::Sets;
use portcullis_model::{Decision, Effect, Failure, FailureKind, Verdict};
use portcullis_report::plain;
use serde::Serialize;

pub use self::breakers::breakers;
use crate::answer::Call;
use crate::case::Judged;
use crate::listen::seldom::Seldom;
use crate::metrics::{self, ReviewSample, SHED};
use crate::pool::Watcher;
use crate::request::tenant_of;
use crate::requested::requested;
use crate::response::{Answer, field};
use crate::trace::{self, ReviewTrace, TraceParent};

/// Bytes of a text of somebody else in one line of the log.
const TEXT_BYTES: usize = 1_024;
/// Bytes of such a text where there may be several of them.
const LISTED_BYTES: usize = 256;
/// Findings of one denial that are logged, and failures as well; the others are counted.
const LOGGED: usize = 10;

/// What the queue of reviews is watched by.
pub fn queue() -> Arc<dyn Watcher> {
    Arc::new(Queue)
}

struct Queue;

impl Watcher for Queue {
    fn depth(&self, waiting: usize) {
        metrics::queue_depth(waiting);
    }

    fn waited(&self, time: Duration) {
        metrics::queue_waited(time);
    }
}

/// Why a call was answered without judging a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Its body is no review.
    Unreadable,
    /// Its body ended before its end.
    BrokenOff,
    /// It names a policy set that there is not.
    NoSuchSet,
    /// It is for a path where nobody judges.
    NoSuchPath,
    /// It is no POST.
    Method,
    /// Its body did not come in time.
    Slow,
    /// Its body is larger than the limit.
    TooLarge,
    /// Its body is not called JSON.
    MediaType,
    /// There was no memory for its body.
    NoRoom,
    /// Too many others waited, its time was over, or something broke.
    NotJudged,
}

impl Refusal {
    /// The values of the metric's label: these and no others.
    const NAMES: [&str; 10] = [
        "unreadable",
        "broken_off",
        "no_such_set",
        "no_such_path",
        "method",
        "slow",
        "too_large",
        "media_type",
        "no_room",
        "not_judged",
    ];

    fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// One for each reason, so that a flood of one keeps no other out of the log.
    fn seldom(self) -> &'static Seldom {
        static SELDOM: [Seldom; Refusal::NAMES.len()] = [const { Seldom::new() }; Refusal::NAMES.len()];
        &SELDOM[self as usize]
    }
}

/// A call whose review could not be judged at all.
pub(crate) fn refused(call: &Call<'_>, answer: &Answer) {
    let refusal = match answer.status {
        400 => Refusal::Unreadable,
        404 => Refusal::NoSuchSet,
        _ => Refusal::NotJudged,
    };
    said(refusal, call.peer, call.traceparent, Some(&call.body), answer);
}

/// A call that got an answer and was not judged. Anybody who reaches the port can make as many of them as he likes.
pub(crate) fn turned_away(refusal: Refusal, peer: Option<SocketAddr>, traceparent: Option<&str>, answer: &Answer) {
    said(refusal, peer, traceparent, None, answer);
}

fn said(refusal: Refusal, peer: Option<SocketAddr>, traceparent: Option<&str>, body: Option<&[u8]>, answer: &Answer) {
    let reason = refusal.name();
    metrics::call_refused(reason);
    let Some(left_out) = refusal.seldom().now() else {
        tracing::debug!(reason, status = answer.status, "a call could not be judged");
        return;
    };
    // The answer holds what was wrong and no value of the body.
    let answered = String::from_utf8_lossy(&answer.body);
    tracing::warn!(
        reason,
        status = answer.status,
        peer = peer.map(tracing::field::display),
        // Only where it is said: a body may be long.
        namespace = body.map(|body| brief(&tenant_of(body))),
        trace_id = trace_of(traceparent),
        answer = short(&answered),
        left_out,
        "a call could not be judged"
    );
}

/// A review that nobody judged because of overload, by each set in which a policy would have.
pub(crate) fn shed(reason: &'static str, decisions: &[Decision]) {
    for decision in decisions.iter().filter(|decision| !decision.judged()) {
        metrics::shed(&decision.policy_set, reason, decision.verdict());
    }
}

/// The same where there was no time to read the review either: all that it asks are taken to deny.
pub(crate) fn shed_unread(reason: &'static str, only: Option<&str>, sets: &Sets) {
    for name in sets.names().into_iter().filter(|name| only.is_none_or(|only| only == *name)) {
        metrics::shed(name, reason, Verdict::Deny);
    }
}

/// A review that was judged, or that nobody could judge and that has its declared effect.
pub(crate) fn judged(call: &Call<'_>, judged: &Judged, enforced: bool) {
    let duration = call.arrived.elapsed();
    count(judged, duration);
    let trace = trace(call, judged, duration);
    let Some(left_out) = judged.shed.map_or(Some(0), |reason| shed_seldom(reason).now()) else { return };
    log_denials(&trace, judged, duration, enforced, left_out);
    log_let_in(&trace, judged, left_out);
    if tracing::enabled!(tracing::Level::DEBUG) {
        log_warnings(&trace, judged);
    }
}

fn count(judged: &Judged, duration: Duration) {
    let Judged { review, decisions, spent, workload, .. } = judged;
    for decision in decisions {
        let set = decision.policy_set.as_str();
        metrics::reviewed(&ReviewSample {
            operation: &decision.operation,
            mode: decision.mode,
            verdict: decision.verdict(),
            judged: decision.judged(),
            policy_set: set,
            duration,
        });
        for judged in &decision.findings {
            metrics::finding(set, &judged.policy, &judged.finding.rule, judged.effect, decision.mode);
        }
        // What was shed is counted as that: nothing is wrong with the policies. Without a policy and without effect it is only a
        // word about the review.
        let counts = |failure: &&Failure| failure.policy.is_some() || failure.effect == Effect::Deny;
        let faults = decision.failures.iter().filter(|_| judged.shed.is_none()).filter(counts);
        faults.for_each(|failure| metrics::fault(set, failure.policy.as_deref().unwrap_or_default(), failure.kind));
    }
    for call in spent {
        metrics::policy(&call.policy_set, &call.policy, call.time);
    }
    if let Some(sample) = workload.as_ref().and_then(|view| requested(review, decisions, view)) {
        metrics::requested(&sample);
    }
}

/// One for each reason to shed: a storm of one namespace must not be one of lines, too. Metrics and the audit log count them all.
fn shed_seldom(reason: &str) -> &'static Seldom {
    static SELDOM: [Seldom; SHED.len()] = [const { Seldom::new() }; SHED.len()];
    &SELDOM[SHED.iter().position(|known| *known == reason).unwrap_or(SHED.len() - 1)]
}

/// What was let in though not every policy judged it: an operator may have written that, and still wants to know.
fn log_let_in(trace: &str, judged: &Judged, left_out: u64) {
    let Judged { review, decisions, shed, .. } = judged;
    let request = &review.request;
    let let_in = |decision: &&Decision| decision.verdict() == Verdict::Allow && !decision.judged();
    for decision in decisions.iter().filter(let_in) {
        let failed = decision.failures.iter().filter_map(|failure| failure.policy.as_deref());
        tracing::warn!(
            decision_id = decision.id(),
            trace_id = trace,
            uid = short(&request.uid),
            policy_set = decision.policy_set,
            mode = decision.mode.as_str(),
            operation = request.operation,
            kind = short(&request.kind.kind),
            namespace = short(&request.namespace),
            name = short(&decision.subject.name),
            user = short(&request.user.name),
            reason = shed.unwrap_or("fault"),
            policies = short(&failed.collect::<Vec<_>>().join(",")),
            left_out,
            "let in without the word of every policy"
        );
    }
}

fn log_denials(trace: &str, judged: &Judged, duration: Duration, enforced: bool, left_out: u64) {
    let Judged { review, decisions, spent, .. } = judged;
    let request = &review.request;
    for decision in decisions.iter().filter(|decision| decision.verdict() == Verdict::Deny) {
        let (findings, more_findings) = listed(&denying(decision));
        let (failures, more_failures) = listed(&not_judged(decision));
        let of_set = spent.iter().filter(|spent| *spent.policy_set == *decision.policy_set);
        let slowest = of_set.max_by_key(|spent| spent.time).map(|spent| &*spent.policy);
        tracing::info!(
            decision_id = decision.id(),
            trace_id = trace,
            uid = short(&request.uid),
            policy_set = decision.policy_set,
            mode = decision.mode.as_str(),
            operation = request.operation,
            kind = short(&request.kind.kind),
            subresource = short(&request.subresource),
            namespace = short(&request.namespace),
            name = short(&decision.subject.name),
            user = short(&request.user.name),
            dry_run = request.dry_run,
            %findings,
            more_findings,
            judged = decision.judged(),
            %failures,
            more_failures,
            slowest,
            milliseconds = milliseconds(duration),
            enforced,
            left_out,
            "{}",
            if enforced { "denied" } else { "would be denied" }
        );
    }
}

/// One finding in the log.
#[derive(Serialize)]
struct LoggedFinding<'a> {
    policy: &'a str,
    rule: &'a str,
    field: String,
    message: String,
}

/// One policy in the log that could not judge; no name where the whole set could not.
#[derive(Serialize)]
struct LoggedFailure<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<&'a str>,
    kind: &'static str,
    message: String,
}

fn denying(decision: &Decision) -> Vec<LoggedFinding<'_>> {
    let denying = decision.findings.iter().filter(|judged| judged.effect == Effect::Deny);
    let logged = denying.map(|judged| LoggedFinding {
        policy: &judged.policy,
        rule: &judged.finding.rule,
        field: brief(&field(&judged.finding.pointer)),
        message: brief(&judged.finding.message),
    });
    logged.collect()
}

fn not_judged(decision: &Decision) -> Vec<LoggedFailure<'_>> {
    let denying = decision.failures.iter().filter(|failure| failure.effect == Effect::Deny);
    let logged = denying.map(|failure| LoggedFailure {
        policy: failure.policy.as_deref(),
        kind: failure.kind.as_str(),
        message: brief(&failure.message),
    });
    logged.collect()
}

/// The first ones as the JSON of a list, and how many there are more.
fn listed<T: Serialize>(all: &[T]) -> (String, usize) {
    let shown = all.len().min(LOGGED);
    // Texts are always JSON.
    let list = serde_json::to_string(&all[..shown]).unwrap_or_default();
    (list, all.len() - shown)
}

/// To a microsecond: what is finer is noise.
fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// What was let in with warnings, for whoever wants to know before a namespace comes under compliance (`--log-level debug`).
fn log_warnings(trace: &str, judged: &Judged) {
    let Judged { review, decisions, .. } = judged;
    let request = &review.request;
    for decision in decisions.iter().filter(|decision| decision.verdict() == Verdict::Allow) {
        let warned = decision.findings.iter().filter(|judged| judged.effect == Effect::Warn);
        let rules: Vec<String> = warned.map(|judged| format!("{}/{}", judged.policy, judged.finding.rule)).collect();
        if rules.is_empty() {
            continue;
        }
        tracing::debug!(
            trace_id = trace,
            policy_set = decision.policy_set,
            mode = decision.mode.as_str(),
            operation = request.operation,
            kind = short(&request.kind.kind),
            namespace = short(&request.namespace),
            name = short(&decision.subject.name),
            user = short(&request.user.name),
            rules = short(&rules.join(",")),
            "warned"
        );
    }
}

/// Ends the review's span, and gives the id of its trace; empty where the call belongs to none.
fn trace(call: &Call<'_>, judged: &Judged, took: Duration) -> String {
    if !trace::is_collected() {
        return trace_of(call.traceparent);
    }
    let parent = call.traceparent.and_then(TraceParent::parse);
    let Judged { review, decisions, spent, .. } = judged;
    let ids: Vec<String> = decisions.iter().map(Decision::id).collect();
    let policies: Vec<_> = spent
        .iter()
        .map(|spent| {
            let fault = spent.fault.map(FailureKind::as_str);
            (format!("{}/{}", spent.policy_set, spent.policy), spent.time, fault)
        })
        .collect();
    let said = ReviewTrace {
        operation: decisions.first().map_or("", |decision| &decision.operation),
        kind: &review.request.kind.kind,
        uid: &review.request.uid,
        decisions: &ids,
        denied: decisions.iter().any(|decision| decision.verdict() == Verdict::Deny),
        judged: decisions.iter().all(Decision::judged),
        policies: &policies,
    };
    trace::review(parent, took, &said).unwrap_or_default()
}

/// The trace that a call belongs to; empty where it names none.
fn trace_of(traceparent: Option<&str>) -> String {
    traceparent.and_then(TraceParent::parse).map(TraceParent::id).unwrap_or_default()
}

/// A text of somebody else, harmless and bounded.
fn short(text: &str) -> String {
    cut(text, TEXT_BYTES)
}

/// The same for one of many.
fn brief(text: &str) -> String {
    cut(text, LISTED_BYTES)
}

/// At most so many bytes of a text, and a mark where it goes on.
fn cut(text: &str, most: usize) -> String {
    let shown = &text[..text.floor_char_boundary(most)];
    let mark = if shown.len() < text.len() { "…" } else { "" };
    plain(shown).into_owned() + mark
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_a_text_that_it_cuts() {
        assert_eq!(brief("a\nb"), "a\\nb");
        let long = brief(&"ä".repeat(LISTED_BYTES));
        assert!(long.ends_with("ä…") && long.len() <= LISTED_BYTES + "…".len(), "{long}");
    }

    #[test]
    fn says_how_long_it_took_to_a_microsecond() {
        assert_eq!(milliseconds(Duration::from_nanos(1_234_567)), 1.235);
        assert_eq!(milliseconds(Duration::from_nanos(400)), 0.0);
    }

    #[test]
    fn lists_so_many_and_counts_the_rest() {
        let finding = |number: usize| LoggedFinding {
            policy: "limits",
            rule: "cpu",
            field: brief("spec"),
            message: brief(&format!("{number} \"\n\u{202e}{}", "x".repeat(10_000))),
        };
        let (text, more) = listed(&(0..LOGGED + 3).map(finding).collect::<Vec<_>>());
        assert_eq!(more, 3);
        let list: Vec<serde_json::Value> = serde_json::from_str(&text).expect("JSON");
        assert_eq!((list.len(), &list[0]["rule"]), (LOGGED, &serde_json::json!("cpu")));
        assert!(text.len() < LOGGED * 2 * LISTED_BYTES && !text.contains(['\n', '\u{202e}']), "{text}");
        assert_eq!(listed::<LoggedFailure<'_>>(&[]), ("[]".to_owned(), 0));
    }
}
