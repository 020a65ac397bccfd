//! Reports with changed bytes and absurd shapes: never a panic, never fewer results counted than there are.

use portcullis_predicate::sarif::{self, Ask, Reading};
use serde_json::{Value, json};

use crate::world::{ask, counts, refused, report, result, results, run};

/// Uses a bit of everything.
fn rich() -> Value {
    report(json!({
        "tool": {"driver": {"name": "S", "rules": [{"id": "A", "properties": {"security-severity": "9.1"}}]},
            "extensions": [{"name": "x", "rules": [{"id": "B"}]}]},
        "invocations": [{"executionSuccessful": true}],
        "originalUriBaseIds": {"R": {"uri": "src/"}},
        "artifacts": [{"location": {"uri": "a.py", "uriBaseId": "R"}}],
        "results": [
            result(json!({"ruleId": "A", "ruleIndex": 0, "locations": [{"physicalLocation": {"artifactLocation": {"index": 0}}}]})),
            result(json!({"rule": {"index": 0, "toolComponent": {"index": 0}}, "suppressions": [{"kind": "inSource"}]})),
            result(json!({"level": "note", "baselineState": "new", "partialFingerprints": {"h/v1": "1"}})),
        ],
    }))
}

fn asked() -> Ask {
    let mut ask = ask(json!({"scopes": [{}, {"paths": ["src/**"]}], "suppressions": {"inSource": "accept"}}));
    let document = Some(rich().to_string().into_bytes());
    ask.baseline = Some(sarif::Baseline { guid: None, digest: None, document });
    ask
}

/// Every result of the first scope, which holds all, counts exactly once.
fn counts_each_once(reading: &Reading, text: &[u8]) {
    for run in &reading.runs {
        let scope = &run.scopes[0];
        let sum = scope.counts.iter().sum::<u64>() + scope.suppressed + scope.old + scope.not_failures;
        assert_eq!(Some(sum), run.results.or(Some(0)), "{}", String::from_utf8_lossy(text));
    }
}

#[test]
fn survives_every_cut_a46b() {
    let text = rich().to_string();
    for end in 0..text.len() {
        let error = refused(&text.as_bytes()[..end]);
        assert!(!error.what.is_empty());
    }
}

#[test]
fn survives_every_changed_byte() {
    let text = rich().to_string();
    let (ask, plain) = (asked(), Ask::default());
    let mut read = 0;
    for at in 0..text.len() {
        for byte in *b"\0\"\\0{}[],x-9\xff" {
            let mut changed = text.clone().into_bytes();
            changed[at] = byte;
            if let Ok(reading) = sarif::read(&changed, if at % 3 == 0 { &ask } else { &plain }) {
                counts_each_once(&reading, &changed);
                read += 1;
            }
        }
    }
    assert!(read > 1_000, "{read}");
}

#[test]
fn survives_every_value_put_in_place_of_every_other() {
    let whole = rich();
    let mut pointers = Vec::new();
    walk(&whole, String::new(), &mut pointers);
    let deep = (0..50).fold(json!(1), |inner, _| json!([inner]));
    let values =
        [json!(null), json!(-1), json!(1e300), json!(u64::MAX), json!(""), json!("\u{0}"), json!([]), json!({}), deep];
    let ask = asked();
    for pointer in &pointers {
        for value in &values {
            let mut changed = whole.clone();
            *changed.pointer_mut(pointer).expect("a value") = value.clone();
            let text = changed.to_string();
            if let Ok(reading) = sarif::read(text.as_bytes(), &ask) {
                counts_each_once(&reading, text.as_bytes());
                let there = changed.pointer("/runs/0/results").and_then(Value::as_array);
                if let (Some(there), Some(run)) = (there, reading.runs.first()) {
                    assert_eq!(run.results, Some(there.len() as u64), "{text}");
                }
            }
        }
    }
}

fn walk(value: &Value, pointer: String, pointers: &mut Vec<String>) {
    pointers.push(pointer.clone());
    match value {
        Value::Array(all) => {
            all.iter().enumerate().for_each(|(index, one)| walk(one, format!("{pointer}/{index}"), pointers));
        }
        Value::Object(all) => {
            all.iter().for_each(|(name, one)| walk(one, format!("{pointer}/{}", name.replace('/', "~1")), pointers))
        }
        _ => {}
    }
}

#[test]
fn refuses_what_has_two_meanings_or_no_bound_n11() {
    let deep = format!(r#"{{"version": "2.1.0", "runs": {}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for (text, words) in [
        (r#"{"version": "2.1.0", "runs": [], "runs": null}"#.to_owned(), "runs"),
        (r#"{"version": "2.1.0", "runs": [], "properties": {"a": 1, "\u0061": 2}}"#.to_owned(), "`a`"),
        (deep, "64"),
        (r#"{"version": "2.1.0", "runs": [], "properties": {"a": 1e999}}"#.to_owned(), "number"),
        (r#"{"version": "2.1.0", "runs": []} {}"#.to_owned(), "line 1"),
    ] {
        let error = refused(text.as_bytes());
        assert!(error.what.contains(words), "{error}");
    }
    let many = json!({"version": "2.1.0", "runs": vec![json!({"tool": {"driver": {"name": "x"}}}); 101]});
    assert_eq!(refused(many.to_string().as_bytes()).to_string(), "at `/runs`: it has more than 100 runs");
}

#[test]
fn ends_where_artifacts_and_bases_stand_in_a_circle() {
    let at = |index: u64| json!({"locations": [{"physicalLocation": {"artifactLocation": {"index": index, "uriBaseId": "A"}}}]});
    let circle = report(json!({
        "originalUriBaseIds": {"A": {"uri": "a/", "uriBaseId": "B"}, "B": {"uri": "b/", "uriBaseId": "A"}},
        "artifacts": [{"parentIndex": 1}, {"parentIndex": 0}, {"parentIndex": 2}, {"location": {"uri": "x", "uriBaseId": "A"}}],
        "results": [result(at(0)), result(at(1)), result(at(2)), result(at(3)), result(at(4))],
    }));
    let run = run(&circle, &ask(json!({"scopes": [{"paths": ["src/**"]}]})));
    assert_eq!(counts(&run), [0, 0, 5, 0, 0], "nobody can tell where they are");
}

/// Many of everything that is looked up for each result.
#[test]
fn stays_quick_where_many_things_are_looked_up() {
    let many = 3_000;
    let rules: Vec<Value> = (0..many).map(|index| json!({"id": "same/id", "name": index.to_string()})).collect();
    let overrides: Vec<Value> =
        (0..many).map(|index| json!({"descriptor": {"index": index}, "configuration": {"level": "note"}})).collect();
    let results: Vec<Value> = (0..many)
        .map(|_| result(json!({"ruleId": "same/id", "provenance": {"invocationIndex": 0}, "partialFingerprints": {"h": "same"}})))
        .collect();
    let report = report(json!({"tool": {"driver": {"name": "S", "rules": rules}}, "results": results,
        "invocations": [{"executionSuccessful": true, "ruleConfigurationOverrides": overrides}]}));
    let mut ask = Ask::default();
    let document = Some(report.to_string().into_bytes());
    ask.baseline = Some(sarif::Baseline { guid: None, digest: None, document });
    let started = std::time::Instant::now();
    let run = run(&report, &ask);
    assert_eq!(run.scopes[0].old, many as u64);
    // Squares of these would take minutes.
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

/// One long thing, at which many results point: the product of both must not decide how long it takes.
#[test]
fn stays_quick_where_many_results_point_at_something_endless() {
    let slashes = "a/".repeat(300_000);
    let tags: Vec<String> = (0..50_000).map(|tag| tag.to_string()).collect();
    let many = |members: Value| (0..20_000).map(|_| result(members.clone())).collect::<Value>();
    let rules = json!([{"id": slashes}, {"id": "A", "properties": {"tags": tags}}]);
    let artifacts = json!([{"location": {"uri": slashes}}]);
    let scopes = json!({"scopes": [{"paths": ["src/**"]}, {"tags": ["security"]}, {"rules": ["**/x/**"]}]});
    let mut ask = ask(scopes);
    for members in [
        json!({"ruleIndex": 0}),
        json!({"ruleIndex": 1}),
        json!({"locations": [{"physicalLocation": {"artifactLocation": {"index": 0}}}]}),
    ] {
        let report = report(json!({"tool": {"driver": {"name": "S", "rules": rules}}, "artifacts": artifacts,
            "results": many(members.clone())}));
        ask.baseline = Some(sarif::Baseline { document: Some(report.to_string().into_bytes()), ..Default::default() });
        let started = std::time::Instant::now();
        let run = run(&report, &ask);
        assert!(started.elapsed().as_secs() < 60, "{members}: {:?}", started.elapsed());
        assert_eq!(run.scopes[0].old, 20_000, "{members}");
        assert_eq!(run.scopes[1].old, 20_000, "what has endless tags may have any: {members}");
    }
}

/// Ids as long as a document allows, in parts, against as many extensions as there may be: 40 s in all before.
#[test]
fn stays_quick_where_results_and_overrides_name_rules_with_endless_ids() {
    let started = std::time::Instant::now();
    for (length, many) in [(1_000_000, 10), (4_000, 2_000)] {
        let id = |index: usize| format!("{}{index}{}", "x".repeat(length), "/a".repeat(16));
        let extensions: Vec<Value> =
            (0..200).map(|index| json!({"name": index.to_string(), "rules": [{"id": "r"}]})).collect();
        let all: Vec<Value> = (0..many).map(|index| result(json!({"ruleId": id(index)}))).collect();
        let overrides: Vec<Value> = (0..many)
            .map(|index| json!({"descriptor": {"id": id(index)}, "configuration": {"level": "note"}}))
            .collect();
        let report =
            report(json!({"tool": {"driver": {"name": "S", "rules": [{"id": "r"}]}, "extensions": extensions},
            "invocations": [{"executionSuccessful": true, "ruleConfigurationOverrides": overrides}], "results": all}));
        let run = run(&report, &ask(json!({"scopes": [{}, {"rules": ["**/x/**"]}]})));
        if length > 4_096 {
            assert_eq!(run.descriptor_faults.count, many as u64);
            assert!(
                run.descriptor_faults.first[0].what.contains("more than 4096 bytes"),
                "{:?}",
                run.descriptor_faults
            );
            assert_eq!((counts(&run), run.scopes[1].counts[3]), ([0, 10, 0, 0, 0], 10), "it may be any rule");
        } else {
            assert_eq!((counts(&run), run.descriptor_faults.count), ([0, 0, 2_000, 0, 0], 0));
        }
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

/// An id that every extension knows: results times extensions must not decide how long it takes.
#[test]
fn holds_the_worst_of_all_extensions_against_a_result_a46() {
    let tags: Vec<String> = (0..400).map(|tag| tag.to_string()).collect();
    let extensions: Vec<Value> = (0..200)
        .map(|index| {
            let severity = if index == 150 { "9.9" } else { "1.0" };
            json!({"name": index.to_string(), "rules": [{"id": "x", "properties": {"security-severity": severity, "tags": tags}}]})
        })
        .collect();
    let all: Vec<Value> = (0..10_000).map(|_| result(json!({"ruleId": "x/1"}))).collect();
    let report = report(json!({"tool": {"driver": {"name": "S"}, "extensions": extensions}, "results": all}));
    let started = std::time::Instant::now();
    let run = run(&report, &ask(json!({"scopes": [{}, {"tags": ["nothing"]}]})));
    assert_eq!(counts(&run), [10_000, 0, 0, 0, 0]);
    assert_eq!(run.scopes[1].counts[4], 10_000, "it may have any tag");
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn refuses_more_extensions_than_results_can_be_compared_with() {
    let extensions: Vec<Value> = (0..201).map(|index| json!({"name": index.to_string()})).collect();
    let report = report(json!({"tool": {"driver": {"name": "S"}, "extensions": extensions}, "results": []}));
    let error = refused(report.to_string().as_bytes()).to_string();
    assert_eq!(error, "at `/runs/0/tool/extensions`: it has more than 200 elements");
}

#[test]
fn counts_a_hundred_thousand_results() {
    let all: Vec<Value> =
        (0..100_000).map(|index| json!({"level": if index % 2 == 0 { "error" } else { "note" }})).collect();
    assert_eq!(counts(&run(&results(&all), &Ask::default())), [0, 50_000, 0, 50_000, 0]);
}
