//! Quantities as the host, the plugin `resource-limits` and conditions in CEL read them.

use std::cmp::Ordering;
use std::sync::OnceLock;

use portcullis_model::{Amount, AmountState, NodeId};
use portcullis_policies::{LoadedSet, Selection};
use portcullis_sdk::testing::Scene;
use portcullis_subject::quantity;
use portcullis_support::Dice;
use resource_limits::ResourceLimits;
use serde_json::json;

use crate::kind::{Answer, Kind};
use crate::mutate::{self, pick};
use crate::review::{condition, creation, document, set};

/// Billionths in one.
const NANOS: i128 = 1_000_000_000;
const NANOS_IN_MILLI: i128 = 1_000_000;
const NOT_CANONICAL: &str = "quantity-not-canonical";
const SETTINGS: &str = r#"{"canonicalQuantities":true}"#;

/// Quantities.
pub struct Quantities;

impl Kind for Quantities {
    fn name(&self) -> &'static str {
        "quantity"
    }

    fn make(&self, dice: &mut Dice) -> Vec<String> {
        let one = text(dice);
        let other =
            if dice.once_in(3) { mutate::characters(dice, &one, "0123456789.+-eEkKMmGinu") } else { text(dice) };
        vec![one, other]
    }

    fn ours(&self, asked: &[String]) -> Result<String, String> {
        let (one, other) = (&asked[0], &asked[1]);
        let plain = quantity::parse_with_notation(one).ok();
        let tree = document(&json!([one]).to_string())?;
        let decoded = quantity::at(&tree, tree.at(NodeId::ROOT, 0));
        let notation = quantity::parse_with_notation(one.trim()).map(|(_, notation)| notation).ok();
        let decoded = Some(decoded).filter(|amount| amount.state == AmountState::Exact);
        let mut shown = format!("plain:{} decoded:{}", shown(plain), shown(decoded.zip(notation)));
        if let Some(amount) = decoded {
            shown += &stored(one, amount);
        }
        Ok(format!("{shown} compared:{}{}", compared(one, other), expressed(one, other)))
    }

    fn classes(&self) -> &'static [&'static str] {
        &["end-of-range"]
    }

    fn class(&self, asked: &[String], ours: &Result<String, String>, theirs: &Answer) -> Option<&'static str> {
        let Answer::Accepted(theirs, _) = theirs else { return None };
        // The plugin leaves alone what stands at the end of the range.
        let at_the_end = quantity::amount(asked[0].trim()).whole == i64::MAX;
        let (before, stored) = theirs.split_once(" stored:").filter(|_| at_the_end)?;
        let (_, after) = stored.split_once(' ')?;
        let left_alone = format!("{before} stored:same {after}");
        (left_alone != *theirs && ours.as_ref() == Ok(&left_alone)).then_some("end-of-range")
    }
}

fn nanos(amount: Amount) -> i128 {
    i128::from(amount.whole) * NANOS + i128::from(amount.nanos)
}

/// Whether an amount stands at an end of the range: its number is not known any more.
fn end(amount: Amount) -> Option<&'static str> {
    match (amount.whole, amount.nanos) {
        (i64::MAX, 999_999_999) => Some("high"),
        (i64::MIN, 0) => Some("low"),
        _ => None,
    }
}

fn shown(found: Option<(Amount, quantity::Notation)>) -> String {
    let Some((amount, notation)) = found else { return "refused".to_owned() };
    if let Some(end) = end(amount) {
        return end.to_owned();
    }
    let rounded = quantity::round_up_milli(amount);
    let rounded = end(rounded).map_or_else(|| nanos(rounded).to_string(), str::to_owned);
    format!("{},{rounded},{}", nanos(amount), quantity::format(amount, notation))
}

/// What the plugin says that Kubernetes makes of the spelling.
fn stored(text: &str, amount: Amount) -> String {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": [
        {"name": "a", "image": "a", "resources": {"limits": {"cpu": text}}},
    ]}});
    let findings = Scene::object("pod.yaml", &pod.to_string()).judge::<ResourceLimits>(SETTINGS);
    let finding = findings.iter().find(|finding| finding.rule == NOT_CANONICAL);
    let canonical = finding.and_then(|finding| finding.message.rsplit_once("stores it as `")?.1.strip_suffix('`'));
    let left_alone = end(amount).is_some() || nanos(amount) < 0 || nanos(amount) % NANOS_IN_MILLI != 0;
    match canonical {
        None if left_alone => String::new(),
        None => " stored:same".to_owned(),
        Some(canonical) => format!(" stored:{canonical}"),
    }
}

fn compared(one: &str, other: &str) -> &'static str {
    let (one, other) = (quantity::amount(one), quantity::amount(other));
    match quantity::compare(one, other) {
        None => "refused",
        _ if end(one).is_some() || end(other).is_some() => "beyond",
        Some(Ordering::Less) => "-1",
        Some(Ordering::Equal) => "0",
        Some(Ordering::Greater) => "1",
    }
}

/// What CEL says otherwise; nothing where it says the same.
fn expressed(one: &str, other: &str) -> String {
    static SET: OnceLock<LoadedSet> = OnceLock::new();
    let set = SET.get_or_init(|| {
        let wanted = [
            "isQuantity(object.a)",
            "quantity(object.a).isLessThan(quantity(object.b))",
            "quantity(object.a).isGreaterThan(quantity(object.b))",
        ];
        set(&wanted.map(condition)).expect("a set")
    });
    let review = creation(&json!({"a": one, "b": other}));
    let said = [0, 1, 2].map(|policy| set.select(policy, &review));
    let is_quantity = said[0] == Selection::Applies;
    let order = match (&said[1], &said[2]) {
        (Selection::Applies, Selection::Skips) => "-1",
        (Selection::Skips, Selection::Skips) => "0",
        (Selection::Skips, Selection::Applies) => "1",
        (Selection::Unknown(_), Selection::Unknown(_)) => "refused",
        _ => "undecided",
    };
    let same = order == compared(one, other) || compared(one, other) == "beyond" && order != "refused";
    let same = same && is_quantity == quantity::parse(one).is_ok();
    if same { String::new() } else { format!(" cel:{is_quantity},{order}") }
}

/// A text that is nearly a quantity, mostly.
fn text(dice: &mut Dice) -> String {
    const SUFFIXES: [&str; 34] = [
        "", "", "", "m", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "n", "u", "K", "ki",
        "mi", "g", "KI", "iK", "i", "e", "E+", "e-", "Zi", "B", "%", "\u{b5}", "ee3",
    ];
    let mut text = String::new();
    if dice.once_in(12) {
        text += pick(dice, &["+", "-", "-", "--", "+-", " ", "\u{a0}", "\u{2212}"]);
    }
    if dice.once_in(8) {
        text += &"0".repeat(1 + dice.below(4));
    }
    if !dice.once_in(10) {
        text += &digits(dice);
    }
    if dice.once_in(3) {
        text.push('.');
        if !dice.once_in(6) {
            text += &digits(dice);
        }
    }
    if dice.once_in(5) {
        text += pick(dice, &["e", "E"]);
        text += pick(dice, &["", "", "+", "-"]);
        text += &match dice.below(12) {
            0 => "2147483648".to_owned(),
            1 => "4294967296".to_owned(),
            2 => "9223372036854775807".to_owned(),
            3 => "9223372036854775808".to_owned(),
            4 => format!("{}", dice.below(400)),
            5 => format!("0{}", dice.below(20)),
            6 => "2147483647".to_owned(),
            _ => format!("{}", dice.below(22)),
        };
    } else {
        text += pick(dice, &SUFFIXES);
    }
    if dice.once_in(20) {
        text += pick(dice, &[" ", "\t", "\n", "\u{a0}", "\u{2028}", "\0", "m", "1"]);
    }
    if dice.once_in(30) { mutate::characters(dice, &text, "0123456789.+-eEkKMmGinu _,") } else { text }
}

fn digits(dice: &mut Dice) -> String {
    const EDGES: [&str; 22] = [
        "1023",
        "1024",
        "1025",
        "1000",
        "999",
        "1001",
        "1048576",
        "9223372036854775807",
        "9223372036854775808",
        "9223372036854775",
        "18446744073709551615",
        "922337203685477580",
        "999999999999999999",
        "1000000000000000000",
        "0000000001",
        "000000000",
        "0009765625",
        "125",
        "5",
        "500",
        "8",
        "4096",
    ];
    match dice.below(4) {
        0 => (pick(dice, &EDGES)).to_owned(),
        1 => format!("{}", dice.below(10_000)),
        2 => {
            let length = 1 + dice.below(40);
            (0..length).map(|_| char::from(b'0' + dice.below(10) as u8)).collect()
        }
        _ => format!("{}{}", 1 + dice.below(9), "0".repeat(dice.below(22))),
    }
}
