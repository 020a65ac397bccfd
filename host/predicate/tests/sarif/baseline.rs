//! What an earlier report makes old, and what it may not.

use portcullis_predicate::sarif::{self, Ask, Baseline};
use serde_json::{Value, json};

use crate::world::{counts, read, report, result, results, run};

fn against(document: &Value) -> Ask {
    let document = Some(document.to_string().into_bytes());
    Ask { baseline: Some(Baseline { guid: None, digest: None, document }), ..Ask::default() }
}

fn one(rule: &str, uri: &str, print: Option<&str>) -> Value {
    let mut members = json!({"ruleId": rule, "level": "error",
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": 1}}}]});
    if let Some(print) = print {
        members["partialFingerprints"] = json!({"primaryLocationLineHash": print});
    }
    members
}

/// How many of the results count, and how many are old.
fn counted(now: &[Value], before: &[Value]) -> (u64, u64) {
    let run = run(&results(now), &against(&results(before)));
    (counts(&run).iter().sum(), run.scopes[0].old)
}

#[test]
fn takes_for_old_what_stood_in_the_earlier_report_a46() {
    let before = [one("a", "x.py", Some("1")), one("a", "y.py", Some("2"))];
    assert_eq!(counted(&before, &before), (0, 2));
    assert_eq!(counted(&[one("a", "moved/x.py", Some("1"))], &before), (0, 1));
    assert_eq!(counted(&[one("a", "x.py", Some("3"))], &before), (1, 0), "another finding in the same place");
    assert_eq!(counted(&[one("b", "x.py", Some("1"))], &before), (1, 0), "another rule");
    assert_eq!(counted(&[one("a", "x.py", None)], &before), (0, 1), "by how many there are in the file");
    assert_eq!(counted(&[one("a", "x.py", None), one("a", "x.py", None)], &before), (1, 1));
    assert_eq!(counted(&[one("a", "z.py", None)], &before), (1, 0));
    assert_eq!(counted(&[], &before), (0, 0));
    assert_eq!(counted(&before, &[]), (2, 0));
}

#[test]
fn takes_no_constant_fingerprint_for_the_same_finding_a46() {
    let before: Vec<Value> = (0..30).map(|index| one("a", &format!("{index}.py"), Some("same"))).collect();
    assert_eq!(counted(&[one("a", "new.py", Some("same"))], &before), (1, 0));
    assert_eq!(counted(&[one("a", "3.py", Some("same"))], &before), (0, 1));
    // Few results, and still a value that cannot tell them from each other: two rules have it.
    let before = [one("a", "x.py", Some("same")), one("b", "x.py", Some("same"))];
    assert_eq!(counted(&[one("a", "new.py", Some("same"))], &before), (1, 0));
    assert_eq!(
        counted(&[one("a", "new.py", Some("requires login"))], &[one("a", "x.py", Some("requires login"))]),
        (1, 0)
    );
}

#[test]
fn believes_no_word_of_the_run_where_the_earlier_report_is_at_hand_a46b() {
    let guid = "aaaaaaaa-0000-4000-8000-000000000001";
    let mut lie = one("a", "x.py", Some("new"));
    lie["baselineState"] = json!("unchanged");
    let now = report(json!({"baselineGuid": guid, "results": [result(lie)]}));
    let mut ask = against(&results(&[one("a", "x.py", Some("old"))]));
    ask.baseline.as_mut().expect("a baseline").guid = Some(guid.to_owned());
    assert_eq!(counts(&run(&now, &ask)), [0, 1, 0, 0, 0]);
}

#[test]
fn compares_with_the_same_tool_and_with_what_was_there() {
    let before = results(&[one("a", "x.py", Some("1"))]);
    let mut other = before.clone();
    other["runs"][0]["tool"]["driver"]["name"] = json!("Other");
    assert_eq!(run(&before, &against(&other)).scopes[0].old, 0);
    let mut gone = before.clone();
    gone["runs"][0]["results"][0]["baselineState"] = json!("absent");
    assert_eq!(run(&before, &against(&gone)).scopes[0].old, 0, "it was gone then already");
    let mut upper = before.clone();
    upper["runs"][0]["tool"]["driver"]["name"] = json!("SCANNER");
    assert_eq!(run(&before, &against(&upper)).scopes[0].old, 1);
}

#[test]
fn refuses_a_baseline_that_is_no_report() {
    let now = results(&[]).to_string();
    for (document, words) in [
        (json!({"version": "2.2", "runs": []}), "at `/version`: the baseline: it is SARIF 2.2"),
        (json!({"version": "2.1.0", "runs": [{}]}), "at `/runs/0`: the baseline: "),
        (json!([]), "the baseline: it is no SARIF report"),
    ] {
        let error = sarif::read(now.as_bytes(), &against(&document)).expect_err("refused");
        assert!(error.to_string().starts_with(words), "{error}");
    }
    assert!(read(&results(&[]), &against(&results(&[]))).valid());
}

/// Fingerprints of one result times those of every candidate: 91 s for 230 KB before.
#[test]
fn stays_quick_where_results_have_thousands_of_fingerprints_or_long_ones() {
    let started = std::time::Instant::now();
    for (many, long, results) in [(2_000, 1, 60), (16, 4_000, 200)] {
        let all: Vec<Value> = (0..results)
            .map(|index| {
                // Shared by few enough to be compared, and in disagreement in the last one.
                let print = |print: usize| format!("{}{print}-{}", "x".repeat(long), index / 20);
                let prints = (0..many).map(|one| (format!("p{one}/v1"), json!(print(one))));
                let mut prints: serde_json::Map<String, Value> = prints.collect();
                prints.insert("a/v1".to_owned(), json!(index.to_string()));
                json!({"ruleId": "r", "partialFingerprints": prints,
                    "locations": [{"physicalLocation": {"artifactLocation": {"uri": "x.py"}}}]})
            })
            .collect();
        let (new, old) = counted(&all, &all);
        assert_eq!((new, old), (0, results as u64));
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}
