//! Reports made by hand, and how they are asked about.

use portcullis_predicate::Unreadable;
use portcullis_predicate::sarif::{self, Ask, Counted, Reading, Run};
use serde_json::{Value, json};

/// A report of one run with one tool.
pub fn report(run: Value) -> Value {
    let mut whole = json!({"tool": {"driver": {"name": "Scanner"}}});
    for (name, value) in run.as_object().expect("a run") {
        whole[name] = value.clone();
    }
    json!({"version": "2.1.0", "runs": [whole]})
}

/// A result with these members besides.
pub fn result(members: Value) -> Value {
    let mut whole = json!({"message": {"text": "found"}});
    for (name, value) in members.as_object().expect("a result") {
        whole[name] = value.clone();
    }
    whole
}

/// A report with these results.
pub fn results(all: &[Value]) -> Value {
    report(json!({"results": all.iter().cloned().map(result).collect::<Value>()}))
}

pub fn ask(value: Value) -> Ask {
    Ask::read(&value).expect("an ask")
}

pub fn read(report: &Value, ask: &Ask) -> Reading {
    sarif::read(report.to_string().as_bytes(), ask).expect("a report")
}

/// Reads a report that must keep the schema, and gives its only run.
pub fn run(report: &Value, ask: &Ask) -> Run {
    let reading = read(report, ask);
    assert!(reading.valid(), "{:?}\n{report}", reading.faults);
    assert_eq!(reading.runs.len(), 1);
    reading.runs.into_iter().next().expect("a run")
}

/// What was counted in the first scope: critical, high, medium, low, none.
pub fn counts(run: &Run) -> [u64; 5] {
    worst_first(&run.scopes[0])
}

pub fn worst_first(counted: &Counted) -> [u64; 5] {
    let mut counts = counted.counts;
    counts.reverse();
    counts
}

/// What was counted of a report by what nobody asked anything about.
pub fn plainly(report: &Value) -> [u64; 5] {
    counts(&run(report, &Ask::default()))
}

pub fn refused(text: &[u8]) -> Unreadable {
    sarif::read(text, &Ask::default()).expect_err("refused")
}
