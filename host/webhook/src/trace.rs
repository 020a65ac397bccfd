//! One span for a review, in the caller's trace.
//!
//! Without a collector nothing here costs anything. With one, spans go into a bounded queue that never waits.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, SpanKind, Status, TraceContextExt as _, TraceFlags, TraceId,
    TraceState,
};
use opentelemetry::{Context, KeyValue, global};

/// The longest value of an attribute, in characters.
const LONGEST: usize = 256;
/// The most policies that one span tells of.
const MOST_POLICIES: usize = 64;

static COLLECTED: AtomicBool = AtomicBool::new(false);

/// From now on spans are made; called once a tracer provider is installed.
pub fn collect() {
    COLLECTED.store(true, Ordering::SeqCst);
}

/// Who called us within which trace (W3C Trace Context, section 3.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace: TraceId,
    span: SpanId,
    flags: u8,
}

impl TraceParent {
    /// Reads the value of a `traceparent` header. What is not exactly as the standard says counts as absent.
    pub fn parse(header: &str) -> Option<Self> {
        let bytes = header.as_bytes();
        let hex = |from: usize, to: usize| {
            let part = header.get(from..to)?;
            part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).then_some(part)
        };
        let dashes = [2, 35, 52].iter().all(|at| bytes.get(*at) == Some(&b'-'));
        let version = hex(0, 2)?;
        // A later version may say more, after another dash.
        let length = match version {
            "ff" => false,
            "00" => bytes.len() == 55,
            _ => bytes.len() == 55 || bytes.get(55) == Some(&b'-'),
        };
        if !dashes || !length {
            return None;
        }
        let trace = TraceId::from_hex(hex(3, 35)?).ok()?;
        let span = SpanId::from_hex(hex(36, 52)?).ok()?;
        let flags = u8::from_str_radix(hex(53, 55)?, 16).ok()?;
        (trace != TraceId::INVALID && span != SpanId::INVALID).then_some(Self { trace, span, flags })
    }

    /// The id of the trace.
    pub fn id(self) -> String {
        self.trace.to_string()
    }

    fn context(self) -> Context {
        // Later flags are not ours to pass on.
        let flags = TraceFlags::new(self.flags & TraceFlags::SAMPLED.to_u8());
        Context::new().with_remote_span_context(SpanContext::new(
            self.trace,
            self.span,
            flags,
            true,
            TraceState::default(),
        ))
    }
}

/// What a span says about its review.
#[derive(Debug, Clone, Copy)]
pub struct ReviewTrace<'a> {
    /// The operation.
    pub operation: &'a str,
    /// The kind of the object.
    pub kind: &'a str,
    /// The review's uid.
    pub uid: &'a str,
    /// The ids of the decisions.
    pub decisions: &'a [String],
    /// Whether any of them denies.
    pub denied: bool,
    /// Whether everybody who should could judge.
    pub judged: bool,
    /// Each policy that was called (`set/policy`), its time, and how it failed.
    pub policies: &'a [(String, Duration, Option<&'static str>)],
}

/// Whether anybody collects spans; nothing has to be composed for `review` where nobody does.
pub fn is_collected() -> bool {
    COLLECTED.load(Ordering::SeqCst)
}

/// Makes the span of a review that took so long until now, and gives the id of its trace: the caller's, or that of the
/// one which begins here. Never waits.
pub fn review(parent: Option<TraceParent>, took: Duration, review: &ReviewTrace<'_>) -> Option<String> {
    let callers = parent.map(TraceParent::id);
    if !is_collected() {
        return callers;
    }
    let context = parent.map_or_else(Context::new, TraceParent::context);
    let now = SystemTime::now();
    let mut span = SpanBuilder::from_name("review")
        .with_kind(SpanKind::Server)
        .with_start_time(now.checked_sub(took).unwrap_or(now))
        .start_with_context(&global::tracer("portcullis"), &context);
    let trace = span.span_context().trace_id();
    if span.is_recording() {
        describe(&mut span, review);
        span.end_with_timestamp(now);
    }
    if trace == TraceId::INVALID { callers } else { Some(trace.to_string()) }
}

fn describe(span: &mut global::BoxedSpan, review: &ReviewTrace<'_>) {
    span.set_attributes([
        KeyValue::new("portcullis.operation", short(review.operation)),
        KeyValue::new("portcullis.kind", short(review.kind)),
        KeyValue::new("portcullis.uid", short(review.uid)),
        KeyValue::new("portcullis.decisions", review.decisions.join(",")),
        KeyValue::new("portcullis.verdict", if review.denied { "deny" } else { "allow" }),
        KeyValue::new("portcullis.judged", review.judged),
    ]);
    // Events and not spans: how long a policy took is known, and not when it began.
    for (policy, time, fault) in review.policies.iter().take(MOST_POLICIES) {
        let mut attributes = vec![
            KeyValue::new("portcullis.policy", short(policy)),
            KeyValue::new("portcullis.seconds", time.as_secs_f64()),
        ];
        attributes.extend(fault.map(|fault| KeyValue::new("portcullis.fault", fault)));
        span.add_event("policy", attributes);
    }
    if !review.judged {
        span.set_status(Status::error("not every policy could judge"));
    }
}

/// A text of somebody else, bounded.
fn short(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn allows_a_traceparent_as_the_standard_writes_it() {
        let parent = TraceParent::parse(GOOD).expect("the standard's own example");
        assert_eq!(parent.trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!((parent.span.to_string().as_str(), parent.flags), ("00f067aa0ba902b7", 1));
        assert_eq!(parent.id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert!(TraceParent::parse(&GOOD.replacen("00", "cc", 1)).is_some(), "a later version");
        assert!(TraceParent::parse(&format!("cc{}-more", &GOOD[2..])).is_some(), "that says more");
    }

    #[test]
    fn denies_every_other_traceparent() {
        let bad = [
            String::new(),
            GOOD.to_uppercase(),
            GOOD.replacen("00", "ff", 1),
            format!("{GOOD}-more"),
            format!("{GOOD} "),
            format!(" {GOOD}"),
            format!("cc{}.more", &GOOD[2..]),
            GOOD.replace('-', "_"),
            GOOD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            GOOD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            GOOD.replace("4bf92f35", "+bf92f35"),
            GOOD[..54].to_owned(),
            "\u{f6}".repeat(40),
        ];
        for header in bad {
            assert_eq!(TraceParent::parse(&header), None, "{header}");
        }
    }
}
