//! Where the webhook says what it did: one line in the log for each review that was denied or could not be read.

use std::sync::Arc;
use std::time::Duration;

use portcullis_model::{Effect, Verdict};
use portcullis_report::plain;

use crate::answer::{Call, Judged};
use crate::pool::Watcher;
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
        tracing::trace!(waiting, "queue");
    }

    fn waited(&self, time: Duration) {
        tracing::trace!(?time, "waited");
    }
}

/// A call whose review could not be judged at all.
pub fn refused(call: &Call<'_>, answer: &Answer) {
    // The answer holds what was wrong and no value of the body.
    let answered = String::from_utf8_lossy(&answer.body);
    tracing::warn!(
        status = answer.status,
        trace_id = trace_id(call),
        answer = &*short(&answered),
        "a call could not be judged"
    );
}

/// A review that was judged.
pub(crate) fn judged(call: &Call<'_>, judged: &Judged) {
    let Judged { review, decisions, spent, .. } = judged;
    let duration = call.arrived.elapsed();
    for decision in decisions.iter().filter(|decision| decision.verdict() == Verdict::Deny) {
        let request = &review.request;
        let denying: Vec<String> = decision
            .findings
            .iter()
            .filter(|judged| judged.effect == Effect::Deny)
            .map(|judged| format!("{}/{}", judged.policy, judged.finding.rule))
            .collect();
        let slowest =
            spent.iter().filter(|spent| spent.policy_set == decision.policy_set).max_by_key(|spent| spent.time);
        tracing::info!(
            decision_id = decision.id(),
            trace_id = trace_id(call),
            uid = &*short(&request.uid),
            policy_set = decision.policy_set,
            mode = decision.mode.as_str(),
            operation = request.operation,
            kind = &*short(&request.kind.kind),
            subresource = &*short(&request.subresource),
            namespace = &*short(&request.namespace),
            name = &*short(&decision.subject.name),
            user = &*short(&request.user.name),
            dry_run = request.dry_run,
            findings = &*short(&denying.join(",")),
            judged = decision.judged(),
            slowest = slowest.map(|spent| spent.policy.as_str()),
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
