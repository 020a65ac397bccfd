//! Label selectors as policy sets hold them.

use portcullis_policies::Selection;
use portcullis_support::Dice;
use serde_json::json;

use crate::kind::{Answer, Kind};
use crate::mutate::{self, pick};
use crate::review::{creation, document, set};

/// Label selectors.
pub struct Selectors;

impl Kind for Selectors {
    fn name(&self) -> &'static str {
        "selector"
    }

    fn make(&self, dice: &mut Dice) -> Vec<String> {
        let selector = selector(dice);
        let selector = if dice.once_in(12) { mutate::text(dice, &selector, &TOKENS) } else { selector };
        let labels: Vec<String> =
            (0..dice.below(5)).map(|_| format!("{}:{}", quoted(label(dice)), quoted(value(dice)))).collect();
        let mut keys = std::collections::BTreeSet::new();
        let labels =
            labels.into_iter().filter(|label| keys.insert(label.split(':').next().unwrap_or_default().to_owned()));
        vec![selector, format!("{{{}}}", labels.collect::<Vec<_>>().join(","))]
    }

    fn ours(&self, asked: &[String]) -> Result<String, String> {
        let labels: serde_json::Value = serde_json::from_str(&asked[1]).map_err(|error| error.to_string())?;
        // Read alone first: what is no JSON must not become JSON by standing in a set.
        document(&asked[0])?;
        let set = set(&[format!(r#"{{"objectSelector":{}}}"#, asked[0])])?;
        match set.select(0, &creation(&json!({"metadata": {"labels": labels}}))) {
            Selection::Applies => Ok("true".to_owned()),
            Selection::Skips => Ok("false".to_owned()),
            Selection::Unknown(why) => Err(why),
        }
    }

    fn classes(&self) -> &'static [&'static str] {
        &["null"]
    }

    fn class(&self, asked: &[String], ours: &Result<String, String>, theirs: &Answer) -> Option<&'static str> {
        let Answer::Accepted(..) = theirs else { return None };
        // Nothing else is wrong with it to us.
        let refused = ours.as_ref().err()?.lines().all(|line| line.ends_with(", found nothing") || line == NO_VALUES);
        let written: serde_json::Value = serde_json::from_str(&asked[0]).ok()?;
        (refused && has_null(&written)).then_some("null")
    }
}

/// What follows where all values were null.
const NO_VALUES: &str = "`In` and `NotIn` need at least one of `values`";

fn has_null(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null => true,
        serde_json::Value::Array(items) => items.iter().any(has_null),
        serde_json::Value::Object(entries) => entries.values().any(has_null),
        _ => false,
    }
}

const TOKENS: [&str; 16] =
    ["{", "}", "[", "]", ",", ":", "\"\"", "null", "1", "true", "\"a\"", "\"In\"", "\\u0000", "/", "\"key\":", " "];

fn quoted(text: String) -> String {
    json!(text).to_string()
}

fn label(dice: &mut Dice) -> String {
    const LABELS: [&str; 6] = ["a", "b", "app.kubernetes.io/name", "x/y", "A_1", "kubernetes.io/metadata.name"];
    const ODD: [&str; 14] =
        ["", "/", "a/", "/a", "a/b/c", "-a", "a-", "A/b", "a_b/c", "a b", "\u{e4}", "a..b/c", "a.b.c/-", "a\n"];
    match dice.below(30) {
        0 => (pick(dice, &ODD)).to_owned(),
        1 => "a".repeat(62 + dice.below(3)),
        2 => format!("{}/a", "a".repeat(252 + dice.below(3))),
        _ => (pick(dice, &LABELS)).to_owned(),
    }
}

fn value(dice: &mut Dice) -> String {
    const VALUES: [&str; 8] = ["", "1", "2", "web", "a.b", "A_b-c", "true", "x"];
    const ODD: [&str; 8] = ["-", "a-", ".a", "a b", "a/b", "\u{e4}", "_", "a\n"];
    match dice.below(30) {
        0 => (pick(dice, &ODD)).to_owned(),
        1 => "v".repeat(62 + dice.below(3)),
        _ => (pick(dice, &VALUES)).to_owned(),
    }
}

fn selector(dice: &mut Dice) -> String {
    let mut parts = Vec::new();
    if !dice.once_in(3) {
        let labels: Vec<String> = (0..dice.below(3))
            .map(|_| {
                let (label, value) = (label(dice), value(dice));
                format!("{}:{}", quoted(label), if dice.once_in(40) { "null".to_owned() } else { quoted(value) })
            })
            .collect();
        parts.push(format!(r#""matchLabels":{{{}}}"#, labels.join(",")));
    }
    if !dice.once_in(3) {
        let expressions: Vec<String> = (0..dice.below(4)).map(|_| expression(dice)).collect();
        parts.push(format!(r#""matchExpressions":[{}]"#, expressions.join(",")));
    }
    if dice.once_in(30) {
        parts.push(
            (pick(
                dice,
                &[r#""matchLabels":null"#, r#""matchExpressions":null"#, r#""other":1"#, r#""matchlabels":{}"#],
            ))
            .to_owned(),
        );
    }
    if dice.once_in(60) {
        (pick(dice, &["null", "[]", "\"a\"", "1"])).to_owned()
    } else {
        format!("{{{}}}", parts.join(","))
    }
}

fn expression(dice: &mut Dice) -> String {
    const OPERATORS: [&str; 10] =
        ["In", "NotIn", "Exists", "DoesNotExist", "In", "NotIn", "Exists", "DoesNotExist", "NotIn", "Exists"];
    const ODD: [&str; 6] = ["in", "exists", "", "=", "Gt", "NotExists"];
    let operator = if dice.once_in(20) { pick(dice, &ODD) } else { pick(dice, &OPERATORS) };
    let mut parts = vec![format!(r#""key":{}"#, quoted(label(dice))), format!(r#""operator":"{operator}""#)];
    let wanted = operator.ends_with("In") != dice.once_in(20);
    if wanted || dice.once_in(20) {
        let values: Vec<String> = (0..dice.below(4)).map(|_| quoted(value(dice))).collect();
        parts.push(format!(r#""values":[{}]"#, values.join(",")));
    } else if dice.once_in(10) {
        parts.push(
            (pick(dice, &[r#""values":null"#, r#""values":[]"#, r#""values":[null]"#, r#""values":"a""#])).to_owned(),
        );
    }
    if dice.once_in(40) {
        parts.remove(dice.below(parts.len()));
    }
    if dice.once_in(60) { "null".to_owned() } else { format!("{{{}}}", parts.join(",")) }
}
