//! What Kubernetes' own libraries said of quantities and image names, as `tests/oracle` keeps it, is what ours say.

use std::cmp::Ordering;
use std::path::Path;

use portcullis_document::{ReadLimits, read_json_text};
use portcullis_model::{Amount, ImageState, NodeId};
use portcullis_subject::{image, quantity};
use serde_json::{Value, json};

/// Billionths in one.
const NANOS: i128 = 1_000_000_000;

/// The lines of a list of the oracles, in two columns.
fn facts(list: &str) -> Vec<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracle").join(list);
    let text = std::fs::read_to_string(&path).expect("a list of the oracles");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let facts: Vec<_> = lines.map(|line| line.split_once('\t').expect("two columns")).collect();
    assert!(!facts.is_empty(), "no fact in {}", path.display());
    facts.into_iter().map(|(question, answer)| (question.to_owned(), answer.to_owned())).collect()
}

/// The questions of one kind, and what the library makes of them; nothing where it refuses.
fn asked(kind: &str) -> Vec<(Vec<String>, Option<String>)> {
    let mut asked = Vec::new();
    for (question, answer) in facts("kubernetes/facts.tsv") {
        let texts: Vec<String> = serde_json::from_str(&question).expect("a list of texts");
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        if texts[0] == kind {
            assert!(answer["ok"].is_string() || answer["error"].is_string(), "{question}: {answer}");
            asked.push((texts[1..].to_vec(), answer["ok"].as_str().map(str::to_owned)));
        }
    }
    assert!(asked.len() > 20, "{} questions about {kind}", asked.len());
    asked
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

/// Its value, what is stored of it, and its canonical text.
fn shown(found: Option<(Amount, quantity::Notation)>) -> String {
    let Some((amount, notation)) = found else { return "refused".to_owned() };
    if let Some(end) = end(amount) {
        return end.to_owned();
    }
    let rounded = quantity::round_up_milli(amount);
    let rounded = end(rounded).map_or_else(|| nanos(rounded).to_string(), str::to_owned);
    format!("{},{rounded},{}", nanos(amount), quantity::format(amount, notation))
}

/// What an API server decodes from the text in JSON.
fn decoded(text: &str) -> Amount {
    let tree = read_json_text(&json!([text]).to_string(), &ReadLimits::default()).expect("JSON");
    quantity::at(&tree, tree.at(NodeId::ROOT, 0))
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

#[test]
fn reads_every_quantity_as_kubernetes_does_a17b() {
    for (texts, theirs) in asked("quantity") {
        let [one, other] = &texts[..] else { panic!("not two quantities: {texts:?}") };
        // What `resource-limits` says that is stored is its own matter; the whole answer is held by `tests/kubernetes`.
        let theirs: Vec<String> = theirs.expect("an answer").split(' ').map(str::to_owned).collect();
        let theirs: Vec<&String> = theirs.iter().filter(|word| !word.starts_with("stored:")).collect();
        let amount = decoded(one);
        let notation = quantity::parse_with_notation(one.trim()).map(|(_, notation)| notation);
        let ours = [
            format!("plain:{}", shown(quantity::parse_with_notation(one).ok())),
            format!("decoded:{}", shown(notation.ok().filter(|_| amount != Amount::UNREADABLE).map(|it| (amount, it)))),
            format!("compared:{}", compared(one, other)),
        ];
        assert_eq!(ours.iter().collect::<Vec<_>>(), theirs, "{texts:?}");
    }
}

#[test]
fn writes_every_quantity_as_kubernetes_stores_it() {
    for (written, stored) in facts("quantity/facts.tsv") {
        let (amount, notation) = quantity::parse_with_notation(&written).expect("a quantity");
        assert_eq!(quantity::parse(&stored), Ok(amount), "{written}");
        let canonical = quantity::format(amount, notation);
        // Kubernetes keeps some spellings that are not canonical, such as `1.500`; whatever it spells anew is.
        assert!(canonical == stored || stored == written, "{written}: {stored} there, {canonical} here");
        assert_eq!(quantity::parse(&canonical), Ok(amount), "{written}");
    }
}

#[test]
fn reads_every_name_of_an_image_as_containerd_does_a20_a20b_a20c() {
    for (texts, theirs) in asked("image") {
        let ours = match image::parse(&texts[0]) {
            ImageState::Exact { registry, repository, tag, digest } => {
                Some(format!("{registry} {repository} {} {}", tag.unwrap_or_default(), digest.unwrap_or_default()))
            }
            ImageState::Absent | ImageState::Unreadable(_) => None,
        };
        assert_eq!(ours, theirs, "{texts:?}");
    }
}
