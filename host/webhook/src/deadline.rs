//! How long the caller waits, and until when each step of an answer must be done.

use std::time::{Duration, Instant};

/// The default of [`TimeRules::margin`]: 1.1 s.
///
/// The API server rounds the time that it has left up to a whole second before it sends it (apiserver, `callHook`), so it may
/// promise almost a second too much; the rest is for the way there and back.
pub const DEFAULT_MARGIN: Duration = Duration::from_millis(1_100);
/// The default of [`TimeRules::max`] and of [`TimeRules::default`]: 10 s, Kubernetes' own default of `timeoutSeconds`.
pub const DEFAULT_REVIEW_TIME: Duration = Duration::from_secs(10);
/// What is kept back of a review's time to put the decisions into words after the policies have stopped: at most 50 ms.
const RESERVE: Duration = Duration::from_millis(50);

/// How much time reviews have.
#[derive(Clone, Copy, Debug)]
pub struct TimeRules {
    /// The most time for one review, whatever the caller grants (`--max-review-time`).
    pub max: Duration,
    /// What the caller is taken to grant where it says nothing, or nonsense.
    pub default: Duration,
    /// What is kept of the granted time for the rounding and for the network; never more than half of it.
    pub margin: Duration,
}

impl Default for TimeRules {
    fn default() -> Self {
        Self { max: DEFAULT_REVIEW_TIME, default: DEFAULT_REVIEW_TIME, margin: DEFAULT_MARGIN }
    }
}

/// Until when each step of one review must be done, the earlier first. What a step leaves unused, the next ones have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// The labels of the namespace are known, or count as unknown.
    pub labels: Instant,
    /// Facts are looked up, or count as not to be had.
    pub facts: Instant,
    /// Policies have judged, or count as too slow.
    pub judged: Instant,
    /// The answer has left.
    pub answered: Instant,
}

impl Deadline {
    /// The deadlines of a review that arrived then, with the value of its `timeout` parameter as it stood in the query.
    pub fn new(arrived: Instant, timeout: Option<&str>, rules: &TimeRules) -> Self {
        let granted = timeout.and_then(|raw| parse_duration(&percent_decoded(raw))).unwrap_or(rules.default);
        let ours = granted.saturating_sub(rules.margin.min(granted / 2)).min(rules.max);
        let judging = ours.saturating_sub(RESERVE.min(ours / 10));
        // A time that the clock cannot hold is far away; rules.max is a person's number and may be absurd.
        let after = |time: Duration| arrived.checked_add(time).unwrap_or(arrived + DEFAULT_REVIEW_TIME);
        Self {
            // Without labels compliance holds, and the policies still need time to judge by it.
            labels: after(judging / 10 * 6),
            facts: after(judging / 10 * 9),
            judged: after(judging),
            answered: after(ours),
        }
    }
}

/// A Go duration as `time.ParseDuration` reads it; nothing for what it refuses, and for what is not more than nothing.
pub fn parse_duration(text: &str) -> Option<Duration> {
    const MOST: u64 = 1 << 63;
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut total: u64 = 0;
    // "0" alone needs no unit in Go, and grants nothing; it ends here for want of one.
    while !rest.is_empty() {
        let (whole, after) = leading_int(rest)?;
        let mut digits = rest.len() - after.len();
        rest = after;
        let (mut fraction, mut scale) = (0, 1.0);
        if let Some(after) = rest.strip_prefix('.') {
            (fraction, scale, rest) = leading_fraction(after);
            digits += after.len() - rest.len();
        }
        if digits == 0 {
            return None;
        }
        let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = unit_nanos(&rest[..end])?;
        rest = &rest[end..];
        let mut nanos = whole.checked_mul(unit).filter(|nanos| *nanos <= MOST)?;
        if fraction > 0 {
            nanos = nanos.checked_add((fraction as f64 * (unit as f64 / scale)) as u64)?;
        }
        total = total.checked_add(nanos).filter(|total| *total <= MOST)?;
    }
    (!negative && total > 0 && total < MOST).then(|| Duration::from_nanos(total))
}

fn unit_nanos(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // U+00B5, the micro sign, and U+03BC, the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return None,
    })
}

/// The digits at the beginning as a number; nothing where it is too large.
fn leading_int(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let digits = text.get(..end)?;
    let number = if digits.is_empty() { 0 } else { digits.parse().ok().filter(|number| *number <= 1 << 63)? };
    Some((number, &text[end..]))
}

/// The digits after the point and the power of ten that they are parts of; those that no longer fit are dropped, as Go does.
fn leading_fraction(text: &str) -> (u64, f64, &str) {
    let (mut number, mut scale, mut full) = (0u64, 1.0, false);
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    for digit in text[..end].bytes() {
        if full || number > ((1 << 63) - 1) / 10 {
            full = true;
            continue;
        }
        number = number * 10 + u64::from(digit - b'0');
        scale *= 10.0;
    }
    (number, scale, &text[end..])
}

/// The value of a query parameter (WHATWG URL, application/x-www-form-urlencoded); bad escapes stay as they are.
fn percent_decoded(raw: &str) -> String {
    let bytes = raw.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).and_then(|hex| std::str::from_utf8(hex).ok());
        match (byte, hex.filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))) {
            (b'%', Some(hex)) => {
                out.extend(u8::from_str_radix(hex, 16));
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations_as_go_does() {
        let cases = [
            ("10s", 10_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5s", 1_500_000_000),
            ("500ms", 500_000_000),
            ("3us", 3_000),
            ("3\u{b5}s", 3_000),
            ("3\u{3bc}s", 3_000),
            ("1h15m30.918273645s", 4_530_918_273_645),
            (".5s", 500_000_000),
            ("5.s", 5_000_000_000),
            ("+5s", 5_000_000_000),
            ("0.100000000000000000000h", 360_000_000_000),
            ("0.830103483285477580700h", 2_988_372_539_827),
            ("9007199254.740993ms", 9_007_199_254_740_993),
            ("9223372036854775807ns", 9_223_372_036_854_775_807),
            ("9223372036s", 9_223_372_036_000_000_000),
            ("0.3333333333333333333h", 1_200_000_000_000),
        ];
        for (text, nanos) in cases {
            assert_eq!(parse_duration(text), Some(Duration::from_nanos(nanos)), "{text}");
        }
    }

    #[test]
    fn refuses_what_go_refuses_and_what_grants_nothing() {
        for text in [
            "",
            "3",
            "-",
            "s",
            ".",
            "-.",
            ".s",
            "+.s",
            "1d",
            "10 s",
            "ten",
            "1s1",
            "1_0s",
            "10S",
            "١s",
            "0",
            "0s",
            "-1s",
            "-0.5s",
            "3000000h",
            "9223372036854775808ns",
            "9223372036854775.808us",
            "-9223372036854775808ns",
            "18446744073709551616s",
            "9223372036854ms775us808ns1h",
            "1e3s",
            "0x10s",
            "\0s",
        ] {
            assert_eq!(parse_duration(text), None, "{text:?}");
        }
    }

    fn seconds(timeout: Option<&str>, rules: &TimeRules) -> f64 {
        let arrived = Instant::now();
        let deadline = Deadline::new(arrived, timeout, rules);
        assert!(arrived < deadline.labels && deadline.labels < deadline.facts);
        assert!(deadline.facts < deadline.judged && deadline.judged < deadline.answered);
        (deadline.answered - arrived).as_secs_f64()
    }

    #[test]
    fn keeps_a_margin_for_what_the_api_server_rounds_up() {
        // A57
        let rules = TimeRules::default();
        assert_eq!(seconds(Some("10s"), &rules), 8.9);
        assert_eq!(seconds(Some("3s"), &rules), 1.9);
        assert_eq!(seconds(Some("2s"), &rules), 1.0, "never more than half");
        assert_eq!(seconds(Some("1s"), &rules), 0.5);
        assert_eq!(seconds(Some("500%C2%B5s"), &rules), 0.000_25, "an escaped micro sign");
    }

    #[test]
    fn caps_what_is_granted_and_defaults_what_is_nonsense() {
        let rules = TimeRules::default();
        assert_eq!(seconds(Some("30s"), &rules), 10.0);
        assert_eq!(seconds(Some("2000000h"), &rules), 10.0);
        for nonsense in [None, Some(""), Some("-5s"), Some("soon"), Some("999999999999h"), Some("%zz")] {
            assert_eq!(seconds(nonsense, &rules), 8.9, "{nonsense:?}");
        }
        let slow = TimeRules { max: Duration::from_millis(200), ..rules };
        assert_eq!(seconds(Some("30s"), &slow), 0.2);
        let absurd = TimeRules { max: Duration::MAX, default: Duration::MAX, margin: Duration::ZERO };
        let arrived = Instant::now();
        assert_eq!(Deadline::new(arrived, None, &absurd).answered, arrived + DEFAULT_REVIEW_TIME);
    }
}
