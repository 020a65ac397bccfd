//! Where the webhook says what it did: what it counts, and one line in the log for each denied or unreadable review.

use std::sync::Arc;
use std::time::Duration;

use portcullis_model::{Effect, Verdict};
use portcullis_report::plain;

use crate::answer::{Call, Judged};
use crate::metrics::{self, ReviewSample};
use crate::pool::Watcher;
use crate::requested::requested;
use crate::response::Answer;

/// Bytes of a text of somebody else in one line of the log.
const TEXT_BYTES: usize = 1_024;

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

/// A call whose review could not be judged at all.
pub fn refused(call: &Call<'_>, answer: &Answer) {
    // The answer holds what was wrong and no value of the body.
    let answered = String::from_utf8_lossy(&answer.body);
    tracing::warn!(
        status = answer.status,
        trace_id = trace_id(call),
        answer = short(&answered),
        "a call could not be judged"
    );
}

/// A review that was judged, or that nobody could judge and that has its declared effect.
pub(crate) fn judged(call: &Call<'_>, judged: &Judged) {
    let duration = call.arrived.elapsed();
    count(judged, duration);
    log_denials(call, judged, duration);
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
        // Without a policy and without effect it is only a word about the review.
        let faults =
            decision.failures.iter().filter(|failure| failure.policy.is_some() || failure.effect == Effect::Deny);
        faults.for_each(|failure| metrics::fault(set, failure.policy.as_deref().unwrap_or_default(), failure.kind));
    }
    for call in spent {
        metrics::policy(&call.policy_set, &call.policy, call.time);
    }
    if let Some(sample) = workload.as_ref().and_then(|view| requested(review, decisions, view)) {
        metrics::requested(&sample);
    }
}

fn log_denials(call: &Call<'_>, judged: &Judged, duration: Duration) {
    let Judged { review, decisions, spent, .. } = judged;
    let request = &review.request;
    for decision in decisions.iter().filter(|decision| decision.verdict() == Verdict::Deny) {
        let denying: Vec<String> = decision
            .findings
            .iter()
            .filter(|judged| judged.effect == Effect::Deny)
            .map(|judged| format!("{}/{}", judged.policy, judged.finding.rule))
            .collect();
        let of_set = spent.iter().filter(|spent| spent.policy_set == decision.policy_set);
        let slowest = of_set.max_by_key(|spent| spent.time).map(|spent| spent.policy.as_str());
        tracing::info!(
            decision_id = decision.id(),
            trace_id = trace_id(call),
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
            findings = short(&denying.join(",")),
            judged = decision.judged(),
            slowest,
            milliseconds = duration.as_secs_f64() * 1e3,
            "denied"
        );
    }
}

/// The trace that a call belongs to (W3C Trace Context, `traceparent`); empty where it names none.
fn trace_id<'a>(call: &Call<'a>) -> &'a str {
    let id = call.traceparent.and_then(|parent| parent.split('-').nth(1)).unwrap_or_default();
    let sound = id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if sound && id.bytes().any(|byte| byte != b'0') { id } else { "" }
}

/// A text of somebody else, harmless and bounded.
fn short(text: &str) -> String {
    plain(&text[..text.floor_char_boundary(TEXT_BYTES)]).into_owned()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use bytes::Bytes;

    use super::*;

    #[test]
    fn knows_a_trace_when_it_sees_one() {
        let id = |traceparent| {
            let (timeout, policy_set, arrived) = (None, None, Instant::now());
            trace_id(&Call { body: Bytes::new(), timeout, policy_set, traceparent: Some(traceparent), arrived })
        };
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(id(parent), "4bf92f3577b34da6a3ce929d0e0e4736");
        for none in
            ["", "x", "00-4BF92F3577B34DA6A3CE929D0E0E4736-1-01", "00-00000000000000000000000000000000-1-01", "00-é-1"]
        {
            assert_eq!(id(none), "", "{none}");
        }
    }
}
