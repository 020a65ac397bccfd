//! Reports as tools really wrote them about the program in `program/`: bandit 1.9.4, semgrep 1.182.0, and CodeQL's form by hand.

use portcullis_predicate::sarif::{self, Ask, Reading};
use serde_json::json;

use crate::world::{ask, counts};

fn read(name: &str, ask: &Ask) -> Reading {
    let path = format!("{}/tests/sarif/reports/{name}.sarif", env!("CARGO_MANIFEST_DIR"));
    let reading = sarif::read(&std::fs::read(path).expect("a report"), ask).expect("a report");
    assert!(reading.valid(), "{:?}", reading.faults);
    reading
}

/// Two LOW issues (`note`), three MEDIUM ones (no level, and none in the rules), two HIGH ones (`error`); what is marked
/// `# nosec` it leaves out.
#[test]
fn judges_a_report_of_bandit() {
    let scopes =
        json!({"scopes": [{}, {"cwe": [78]}, {"tags": ["security"], "paths": ["app/**"]}, {"paths": ["lib/**"]}]});
    let reading = read("bandit", &ask(scopes));
    let run = &reading.runs[0];
    assert_eq!(run.tool.name.as_deref(), Some("Bandit"));
    assert_eq!((run.executed(), run.results, run.rules, run.descriptor_faults.count), (true, Some(7), 7, 0));
    assert_eq!(counts(run), [0, 2, 3, 2, 0]);
    let sums: Vec<u64> = run.scopes.iter().map(|scope| scope.counts.iter().sum()).collect();
    assert_eq!(sums, [7, 3, 7, 0]);
    assert_eq!((run.work.lines, run.work.hidden), (Some(18), Some(1)));
    let first = &run.scopes[0].first[0];
    assert_eq!(
        (first.rule.as_deref(), first.file.as_deref(), first.line),
        (Some("B602"), Some("app/view.py"), Some(19))
    );
}

/// `CRITICAL` and `HIGH` as words; one of the two HIGH ones is suppressed in the source; pickle is a WARNING and MD5 an INFO,
/// which semgrep calls `note`.
#[test]
fn judges_a_report_of_semgrep() {
    let reading = read("semgrep", &Ask::default());
    let run = &reading.runs[0];
    assert_eq!(run.tool.name.as_deref(), Some("Semgrep OSS"));
    assert_eq!((run.executed(), run.results, run.rules), (true, Some(5), 4));
    assert_eq!(counts(run), [1, 2, 1, 1, 0], "nobody allowed suppressions in the source");
    assert_eq!((run.suppressions.in_source, run.suppressions.refused), (1, 1));
    let accepted =
        read("semgrep", &ask(json!({"suppressions": {"inSource": "accept"}, "scopes": [{}, {"cwe": [78]}]})));
    assert_eq!(counts(&accepted.runs[0]), [1, 1, 1, 1, 0]);
    assert_eq!(accepted.runs[0].scopes[1].suppressed, 1);
    assert_eq!(accepted.runs[0].scopes[1].counts.iter().sum::<u64>(), 1);
    assert_eq!(accepted.runs[0].scopes[0].first[0].fingerprint.as_deref(), Some("matchBasedId/v1:requires login"));
}

/// Rules in an extension, their severity as a text, results without a level, a base that is absolute.
#[test]
fn judges_a_report_in_the_form_of_codeql() {
    let asked = json!({"scopes": [{}, {"paths": ["app/**"], "tags": ["security"]}, {"cwe": [89]}, {"rules": ["py/unused-*"]}],
        "rules": {"CodeQL": ["py/sql-injection", "py/path-injection"]}});
    let reading = read("codeql", &ask(asked));
    let run = &reading.runs[0];
    assert_eq!(run.tool.name.as_deref(), Some("CodeQL"));
    assert_eq!(run.extensions[0].name.as_deref(), Some("codeql/python-queries"));
    assert_eq!((run.executed(), run.results, run.rules, run.descriptor_faults.count), (true, Some(3), 3, 0));
    // py/sql-injection 8.8, py/code-injection 9.3, py/unused-import: a recommendation, so a note.
    assert_eq!(counts(run), [1, 1, 0, 1, 0]);
    let sums: Vec<u64> = run.scopes.iter().map(|scope| scope.counts.iter().sum()).collect();
    assert_eq!(sums, [3, 2, 1, 1]);
    assert_eq!(run.missing_rules, ["py/path-injection"]);
    assert_eq!(run.revision.commit.as_deref(), Some("d6e4b5e7d1a1f3b0c9a7c5f2e8b4a6d0c1e3f5a7"));
    assert_eq!(run.automation_id.as_deref(), Some("/language:python/"));
}

/// Without a login semgrep gives every result the same fingerprint. As a baseline such a report must not hide what is new.
#[test]
fn is_not_misled_by_the_fingerprints_of_semgrep() {
    let path = format!("{}/tests/sarif/reports/semgrep.sarif", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("a report");
    let mut asked = ask(json!({"baseline": {}}));
    asked.baseline.as_mut().expect("a baseline").document = Some(text.clone().into_bytes());
    let same = sarif::read(text.as_bytes(), &asked).expect("a report");
    assert_eq!((counts(&same.runs[0]), same.runs[0].scopes[0].old), ([0; 5], 5));
    let moved = text.replace("return eval(expression)", "return eval(another)");
    let moved = sarif::read(moved.as_bytes(), &asked).expect("a report");
    assert_eq!((counts(&moved.runs[0]), moved.runs[0].scopes[0].old), ([1, 0, 0, 0, 0], 4));
}
