//! What a provenance, a VEX document or the verdict of a verifier says, in a few lines.

use std::collections::BTreeMap;

use portcullis_model::format_time;
use serde_json::Value;

use super::document::{FIRST, marked, names, text};
use super::wrong;

/// The lines, by the members of the document as facts tell it. What is later than `now` is wrong.
pub fn lines(document: &Value, now: i64) -> Vec<String> {
    let mut lines = if document.get("statements").is_some() {
        vex(document)
    } else if document.get("passed").is_some() {
        verdict(document)
    } else {
        provenance(document)
    };
    lines.extend(marked(wrong::of(document, now)));
    lines
}

fn vex(document: &Value) -> Vec<String> {
    let statements = document["statements"].as_array().map_or(&[][..], Vec::as_slice);
    let mut statuses: BTreeMap<String, usize> = BTreeMap::new();
    for statement in statements {
        *statuses.entry(text(&statement["status"])).or_default() += 1;
    }
    let statuses: Vec<String> = statuses.iter().map(|(status, count)| format!("{count} {status}")).collect();
    let more = document["more"].as_u64().unwrap_or_default();
    let all = more.saturating_add(statements.len() as u64);
    let author = document["author"].as_str().unwrap_or("nobody whom it names");
    let mut lines = vec![format!("VEX: by {author}, {}", when(&document["timestampSeconds"]))];
    let of = if more > 0 { format!("; of the first {}: ", statements.len()) } else { ": ".to_owned() };
    let of = if statements.is_empty() { String::new() } else { of + &statuses.join(", ") };
    lines.push(format!("{all} statements{of}"));
    for statement in statements.iter().take(FIRST) {
        let why = statement["justification"].as_str().map(|why| format!(" ({why})")).unwrap_or_default();
        lines.push(format!("{} {}{why}", text(&statement["status"]), text(&statement["vulnerability"])));
    }
    lines
}

fn verdict(document: &Value) -> Vec<String> {
    let result = document["result"].as_str().unwrap_or(match document["passed"] == true {
        true => "PASSED (it has no word for it)",
        false => "none",
    });
    let what = match document["kind"].as_str() {
        Some("testResult") => "result of tests",
        _ => "verdict",
    };
    let by = document["verifier"].as_str().map(|verifier| format!(" by {verifier}")).unwrap_or_default();
    let mut lines = vec![format!("{what}{by}: {result}, {}", when(&document["timeSeconds"]))];
    for (member, words) in [("levels", "levels"), ("properties", "verified"), ("configurations", "by the rules of")] {
        let named = names(&document[member], text);
        if !named.is_empty() {
            lines.push(format!("{words}: {named}"));
        }
    }
    lines
}

fn provenance(document: &Value) -> Vec<String> {
    let mut lines =
        vec![format!("provenance: built by {}", document["builder"].as_str().unwrap_or("nobody whom it names"))];
    lines.extend(document["finished"].as_str().map(|time| format!("finished at {time}")));
    for source in document["sources"].as_array().into_iter().flatten().take(FIRST) {
        let commit = source["commit"].as_str().map(|commit| format!(" at {commit}")).unwrap_or_default();
        lines.push(format!("of {}{commit}", text(&source["repository"])));
    }
    lines
}

fn when(seconds: &Value) -> String {
    seconds.as_i64().map_or("at a time that it does not say".to_owned(), |time| format!("at {}", format_time(time)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tells_vex_verdicts_and_results_of_tests() {
        let vex = json!({"readable": true, "author": "Ann", "timestampSeconds": 0, "more": 1, "statements": [
            {"vulnerability": "CVE-1", "status": "not_affected", "justification": "component_not_present"},
            {"vulnerability": "CVE-2", "status": "fixed", "justification": null}]});
        assert_eq!(
            lines(&vex, 0),
            [
                "VEX: by Ann, at 1970-01-01T00:00:00Z",
                "3 statements; of the first 2: 1 fixed, 1 not_affected",
                "not_affected CVE-1 (component_not_present)",
                "fixed CVE-2",
            ]
        );
        let vsa = json!({"readable": true, "kind": "vsa", "passed": false, "result": "FAILED", "verifier": "https://v.example",
            "levels": ["SLSA_BUILD_LEVEL_2"], "properties": [], "timeSeconds": 7, "configurations": ["https://p.example"]});
        assert_eq!(
            lines(&vsa, 0),
            [
                "verdict by https://v.example: FAILED, at 1970-01-01T00:00:07Z",
                "levels: SLSA_BUILD_LEVEL_2",
                "by the rules of: https://p.example",
                "wrong: its verdict is FAILED, and not that all passed",
            ]
        );
        let tests = json!({"readable": true, "kind": "testResult", "passed": true, "result": "PASSED", "configurations": ["ci"]});
        assert_eq!(
            lines(&tests, 0),
            ["result of tests: PASSED, at a time that it does not say", "by the rules of: ci"]
        );
    }
}
