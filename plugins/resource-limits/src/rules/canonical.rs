//! Quantities as Kubernetes itself writes them.
//!
//! The API server stores `500m` where a manifest says `0.5` (`Quantity.CanonicalizeBytes` of k8s.io/apimachinery). Whoever compares
//! the two sees a difference that is none. Nothing else changes with the spelling, so the fix is safe.

use portcullis_sdk::{Container, Finding, Fix, Kind, Node, Quantity, Review, Rule, Severity, Workload};

use crate::rules::owner::Owner;
use crate::rules::{LIMITS, REQUESTS, RESOURCES};

/// One rule for every quantity.
pub const RULES: &[Rule] =
    &[Rule::new("quantity-not-canonical", Severity::Info, "A quantity is not written as Kubernetes stores it")];

const NANOS: i128 = 1_000_000_000;
const NANOS_IN_MILLI: u32 = 1_000_000;
/// By powers of 1024.
const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
/// By powers of 1000, from the ninth place after the point.
const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

/// How a quantity was written, which Kubernetes keeps (`resource.Format`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notation {
    Decimal,
    Binary,
    Exponent,
}

/// Judges all requests and limits of containers, the Pod and claims.
pub fn judge(review: Review, findings: &mut Vec<Finding>) {
    let workload: Workload = review.workload();
    let mut owners = vec![Owner::Pod(workload)];
    owners.extend((0..workload.container_resources().len()).map(|at| Owner::Container(Container::at(at as u32))));
    for owner in owners.into_iter().filter(|owner| !owner.is_exempt()) {
        judge_one(owner.node(), &|| owner.shown(), findings);
    }
    for claim in workload.claims() {
        judge_one(claim.node(), &|| "the claim".into(), findings);
    }
}

fn judge_one(owner: Node, shown: &dyn Fn() -> String, findings: &mut Vec<Finding>) {
    let resources = owner.get(RESOURCES);
    for (side, word) in [(REQUESTS, "request"), (LIMITS, "limit")] {
        let amounts = resources.get(side);
        for position in 0..if amounts.kind() == Kind::Map { amounts.len() } else { 0 } {
            let node = amounts.at(position);
            let Some(canonical) = other_spelling(node) else { continue };
            let (name, written) = (amounts.key_at(position), node.shown());
            let message = format!(
                "the {word} `{}` of {} is written `{written}`; Kubernetes stores it as `{canonical}`",
                name.escape_debug(),
                shown()
            );
            let fix = Fix::replace(format!("write it as {canonical}"), &canonical).safe();
            // A number stays one where it can be.
            let digits = node.kind() == Kind::Number && canonical.bytes().all(|byte| byte.is_ascii_digit());
            let fix = if digits { fix.with_json(canonical) } else { fix };
            findings.push(Finding::new(&RULES[0], node, message).fix(fix));
        }
    }
}

/// How Kubernetes would write what stands at a node, where that is not how it is written.
///
/// Left alone is what is no quantity or negative (the API server refuses it), what is beyond every range (nobody knows its
/// number any more), and what is finer than a thousandth: the API server rounds that up, which is more than a spelling.
fn other_spelling(node: Node) -> Option<String> {
    let quantity = node.quantity().exact()?;
    let written = node.shown();
    let text = written.trim();
    let held = quantity.whole < 0 || quantity.whole == i64::MAX;
    if held || quantity.nanos % NANOS_IN_MILLI != 0 {
        return None;
    }
    Some(stored(quantity, text)).filter(|stored| *stored != written)
}

fn stored(quantity: Quantity, text: &str) -> String {
    if is_kept(text) { text.to_owned() } else { canonical(quantity, notation(text)) }
}

/// Whether `ParseQuantity` takes a text for canonical without looking closer, and so keeps oddities such as `1.500` and `1E3`.
fn is_kept(text: &str) -> bool {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text).trim_start_matches('0');
    let (whole, rest) = digits(unsigned);
    let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), digits);
    let whole = if whole.is_empty() { "0" } else { whole };
    let count = (whole.len() + fraction.len()) as i64;
    if notation(text) == Notation::Binary {
        let power = BINARY.iter().position(|known| *known == suffix).unwrap_or(0) as i64 * 10;
        let is_short = fraction.is_empty() && 15 - whole.len() as i64 - power * 3 / 10 > 0;
        return is_short && whole.parse::<i64>().is_ok_and(|value| value & 7 != 0);
    }
    let exponent = match DECIMAL.iter().position(|known| *known == suffix) {
        Some(position) => position as i32 * 3 - 9,
        // Kubernetes cuts the exponent to 32 bits: `1e4294967296` is 1.
        None => suffix.get(1..).and_then(|digits| digits.parse::<i64>().ok()).unwrap_or(0) as i32,
    };
    let scale = exponent.wrapping_sub(fraction.len() as i32);
    let thousands = [whole, fraction].concat().ends_with("000");
    count <= 18 && scale >= -9 && scale % 3 == 0 && !thousands && whole != "0"
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

fn notation(text: &str) -> Notation {
    let is_exponent = text.split_once(['e', 'E']).is_some_and(|(_, rest)| !rest.is_empty());
    match text {
        // `1Ei` has an `E` as well.
        text if text.ends_with('i') => Notation::Binary,
        _ if is_exponent => Notation::Exponent,
        _ => Notation::Decimal,
    }
}

/// No fraction, and the largest suffix that loses nothing.
fn canonical(quantity: Quantity, notation: Notation) -> String {
    let nanos = i128::from(quantity.whole) * NANOS + i128::from(quantity.nanos);
    if nanos == 0 {
        return "0".to_owned();
    }
    // Small and broken numbers of the binary notation are written in the decimal one, so that nothing is rounded.
    if notation == Notation::Binary && quantity.whole >= 1024 && quantity.is_whole() {
        let (mantissa, power) = without_factors(quantity.whole.into(), 1024);
        return format!("{mantissa}{}", BINARY[power as usize]);
    }
    let (mut mantissa, zeros) = without_factors(nanos, 10);
    let mut exponent = zeros as i32 - 9;
    while exponent % 3 != 0 {
        mantissa *= 10;
        exponent -= 1;
    }
    match notation {
        Notation::Exponent if exponent != 0 => format!("{mantissa}e{exponent}"),
        Notation::Exponent => mantissa.to_string(),
        // A quantity of at most 2^63 with nine places keeps the exponent in -9..=18.
        _ => format!("{mantissa}{}", DECIMAL[(exponent / 3 + 3) as usize]),
    }
}

fn without_factors(mut value: i128, factor: i128) -> (i128, u32) {
    let mut times = 0;
    while value >= factor && value % factor == 0 {
        value /= factor;
        times += 1;
    }
    (value, times)
}

#[cfg(test)]
mod tests {
    use portcullis_sdk::Amount;

    use super::*;

    #[test]
    fn writes_what_kubernetes_writes() {
        // What k8s.io/apimachinery v0.36.3 makes of each, there and back through JSON (tests/oracle/quantity).
        for line in include_str!("../../../../tests/oracle/quantity/facts.tsv").lines() {
            let (written, stored) = line.split_once('\t').expect("two columns");
            let Amount::Exact(quantity) = Amount::parse(written) else { panic!("{written} is no quantity") };
            assert_eq!(super::stored(quantity, written), stored, "{written}");
        }
    }

    #[test]
    fn keeps_what_kubernetes_keeps_where_it_cuts_the_exponent() {
        for text in ["1e4294967296", "81436E-9223372036854775808", "1.234e4294967299"] {
            assert!(is_kept(text), "{text}");
        }
        assert!(!is_kept("1.5e-2147483648") && !is_kept("1.5e-9223372036854775808"));
    }

    #[test]
    fn knows_an_exponent_from_a_suffix() {
        for (text, known) in [
            ("1E", Notation::Decimal),
            ("1e3", Notation::Exponent),
            ("1E-3", Notation::Exponent),
            ("1Ei", Notation::Binary),
            ("1Ki", Notation::Binary),
            ("500m", Notation::Decimal),
            ("1", Notation::Decimal),
        ] {
            assert_eq!(notation(text), known, "{text}");
        }
    }
}
