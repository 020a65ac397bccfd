//! In which scope a result counts, which results are shown, and how the fact tells it.

use portcullis_predicate::sarif::Ask;
use serde_json::{Value, json};

use crate::attacks::with_rules;
use crate::world::{ask, counts, read, results, run};

#[test]
fn takes_a_folder_by_its_name_for_everything_below_it() {
    let at = |uri: &str| json!([{"physicalLocation": {"artifactLocation": {"uri": uri}}}]);
    let scopes = json!({"scopes": [{"paths": ["src"]}, {"paths": ["src/"]}, {"exclude": ["src/app"]}, {"exclude": ["src/app/"]}]});
    for (uri, expected) in
        [("src/app/main.py", [1, 1, 0, 0]), ("src/app.py", [1, 1, 1, 1]), ("srcs/app/main.py", [0, 0, 1, 1])]
    {
        let members = json!({"ruleId": "x", "locations": at(uri)});
        let run = run(&with_rules(json!([{"id": "x"}]), members), &ask(scopes.clone()));
        let counted: Vec<u64> = run.scopes.iter().map(|scope| scope.counts.iter().sum()).collect();
        assert_eq!(counted, expected, "{uri}");
    }
}

#[test]
fn lets_no_result_escape_a_scope_by_what_is_not_known_of_it_a46() {
    let scopes = json!({"scopes": [{"paths": ["src/**"], "exclude": ["**/test/**"]}, {"tags": ["security"]}, {"cwe": [79]},
        {"rules": ["py/*"]}]});
    let at = |uri: &str| json!([{"physicalLocation": {"artifactLocation": {"uri": uri}}}]);
    let two = json!([at("doc/a.md")[0], at("src/a.py")[0]]);
    let rules = json!([{"id": "py/x", "properties": {"tags": ["Security", "external/cwe/cwe-079"]}}, {"id": "js/x"}]);
    for (members, expected) in [
        (json!({"ruleId": "py/x", "locations": at("src/a.py")}), [1, 1, 1, 1]),
        (json!({"ruleId": "js/x", "locations": at("doc/a.md")}), [0, 0, 0, 0]),
        (json!({"ruleId": "js/x", "locations": two}), [1, 0, 0, 0]),
        (json!({"ruleId": "js/x", "locations": at("src/test/a.py")}), [0, 0, 0, 0]),
        (json!({"ruleId": "js/x", "locations": at("src/test/../../../a.py")}), [1, 0, 0, 0]),
        (json!({"ruleId": "js/x", "locations": at("file:///ci/doc/a.md")}), [1, 0, 0, 0]),
        (json!({"ruleId": "js/x"}), [1, 0, 0, 0]),
        (json!({"ruleId": "js/x", "properties": {"tags": ["security"]}}), [1, 1, 0, 0]),
        (json!({"ruleId": "js/x", "properties": {"tags": ["CWE-79: XSS"]}}), [1, 0, 1, 0]),
        (json!({"ruleId": "js/x", "taxa": [{"id": "79", "toolComponent": {"name": "CWE"}}]}), [1, 0, 1, 0]),
        // No description of the rule: what it is about nobody can tell.
        (json!({"ruleId": "go/x"}), [1, 1, 1, 0]),
        (json!({"ruleId": "py/x/1"}), [1, 1, 1, 1]),
        (json!({}), [1, 1, 1, 1]),
        (json!({"ruleId": "js/x", "ruleIndex": 0}), [1, 1, 1, 1]),
    ] {
        let run = run(&with_rules(rules.clone(), members.clone()), &ask(scopes.clone()));
        let counted: Vec<u64> = run.scopes.iter().map(|scope| scope.counts.iter().sum()).collect();
        assert_eq!(counted, expected, "{members}");
    }
}

/// In `src/**`, and in all but `test/**`.
#[test]
fn excludes_only_what_is_known_to_be_elsewhere_a46() {
    let scopes = ask(json!({"scopes": [{"paths": ["src/**"]}, {"exclude": ["test/**"]},
        {"paths": ["src/**"], "exclude": ["src/made/**"]}]}));
    let at = |location: Value| json!({"physicalLocation": {"artifactLocation": location}});
    let test = || at(json!({"uri": "test/a.py"}));
    for (locations, expected) in [
        (json!([test()]), [0, 0, 0]),
        (json!([test(), at(json!({"uri": "test/b.py"}))]), [0, 0, 0]),
        (json!([at(json!({"uri": "a.py", "uriBaseId": "%SRCROOT%"}))]), [0, 1, 0]),
        (json!([at(json!({"uri": "src/made/a.py"}))]), [1, 1, 0]),
        (json!([at(json!({"uri": "a.py", "uriBaseId": "S"}))]), [1, 1, 1]),
        (json!([at(json!({"uri": "test/a.py", "uriBaseId": "S"}))]), [1, 1, 1]),
        (json!([at(json!({"uri": "test/a.py", "uriBaseId": "SRC_DIR"}))]), [1, 1, 1]),
        (json!([test(), {"logicalLocations": [{"fullyQualifiedName": "a.b"}]}]), [1, 1, 1]),
        (json!([{"physicalLocation": {"address": {"absoluteAddress": 1}}}, test()]), [1, 1, 1]),
        (json!([test(), at(json!({"uri": "../b.py"}))]), [1, 1, 1]),
        (json!([test(), at(json!({"uri": "doc/a.md"}))]), [0, 1, 0]),
    ] {
        let mut report = results(&[json!({"locations": locations})]);
        report["runs"][0]["originalUriBaseIds"] = json!({"S": {"uri": "file:///repo/src/"}});
        let run = run(&report, &scopes);
        let counted: Vec<u64> = run.scopes.iter().map(|scope| scope.counts.iter().sum()).collect();
        assert_eq!(counted, expected, "{locations}");
    }
}

/// Of one weakness and one tag, however a report writes them.
#[test]
fn finds_weaknesses_and_tags_however_they_are_written_a46() {
    let scopes = ask(json!({"scopes": [{"cwe": [89]}, {"tags": [" SECURITY"]}]}));
    let counted = |rule: Value, run_members: Value| {
        let mut report = with_rules(json!([rule]), json!({"ruleId": "n"}));
        for (name, value) in run_members.as_object().expect("members") {
            report["runs"][0][name] = value.clone();
        }
        run(&report, &scopes).scopes.iter().map(|scope| scope.counts.iter().sum()).collect::<Vec<u64>>()
    };
    for bag in [
        json!({"cwe": [89]}),
        json!({"cwe": 89}),
        json!({"tags": ["CWE-79, CWE-89"]}),
        json!({"tags": ["CWE:89"]}),
        json!({"tags": ["CWE89"]}),
        json!({"tags": ["CWE-089"]}),
    ] {
        assert_eq!(counted(json!({"id": "n", "properties": bag}), json!({})), [1, 0], "{bag}");
    }
    assert_eq!(counted(json!({"id": "n", "properties": {"tags": [" Security "]}}), json!({})), [0, 1]);
    assert_eq!(counted(json!({"id": "n", "properties": {"tags": ["CWE-8, CWE-890"]}}), json!({})), [0, 0]);
    let target = |target: Value| json!({"id": "n", "relationships": [{"target": target}]});
    let driver = |rule: &Value| json!({"driver": {"name": "S", "rules": [rule]}, "extensions": [{"name": "CWE", "taxa": [{"id": "89"}]}]});
    let rule = target(json!({"id": "89", "index": 0, "toolComponent": {"index": 0}}));
    assert_eq!(counted(rule.clone(), json!({"tool": driver(&rule)})), [1, 0]);
    let named = target(json!({"id": "89", "toolComponent": {"name": "CWE v4.2"}}));
    assert_eq!(counted(named, json!({})), [1, 0]);
    let taxonomies = json!([{"name": "Common Weakness Enumeration", "taxa": [{"id": "89"}]}]);
    let by_index = target(json!({"index": 0, "toolComponent": {"index": 0}}));
    assert_eq!(counted(by_index, json!({"taxonomies": taxonomies})), [1, 0]);
}

#[test]
fn shows_the_worst_first_and_counts_the_rest() {
    let mut all: Vec<Value> = (0..20).map(|_| json!({"level": "note"})).collect();
    all.push(json!({"ruleId": "A", "level": "error", "message": {"text": "bad\u{1b}[31m"}, "fingerprints": {"f/v1": "abc"},
        "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": {"startLine": 3, "startColumn": 4}}}]}));
    all.push(json!({"properties": {"security-severity": "9.9"}}));
    let run = run(&results(&all), &Ask::default());
    assert_eq!(counts(&run), [1, 1, 0, 20, 0]);
    let first = &run.scopes[0].first;
    let pointers: Vec<&str> = first.iter().map(|one| one.pointer.as_str()).collect();
    let expected =
        ["/runs/0/results/21", "/runs/0/results/20", "/runs/0/results/0", "/runs/0/results/1", "/runs/0/results/2"];
    assert_eq!(pointers, expected);
    let wire =
        portcullis_predicate::sarif::read(results(&all).to_string().as_bytes(), &Ask::default()).expect("a report");
    assert_eq!(
        wire.to_json()["runs"][0]["scopes"][0]["first"][1],
        json!({"severity": "high", "rule": "A", "tool": "Scanner", "message": "bad\\u{1b}[31m", "file": "a.py", "line": 3,
            "column": 4, "fingerprint": "f/v1:abc", "pointer": "/runs/0/results/20"})
    );
}

#[test]
fn tells_the_fact_in_the_members_that_are_agreed() {
    let members = |value: &Value| value.as_object().expect("a map").keys().cloned().collect::<Vec<_>>().join(" ");
    let reading = Value::Object(read(&results(&[json!({})]), &Ask::default()).to_json());
    assert_eq!(members(&reading), "faultCount faults format runs valid version");
    let run = &reading["runs"][0];
    assert_eq!(
        members(run),
        "automationId baselineGuid branch commit descriptorFaults disabledRules disagreeing ended endedSeconds executed extensions external \
         failureCount failures guid lines missingRules pointer repository results rules scopes suppressions tool"
    );
    assert_eq!(members(&run["scopes"][0]), "counts first notFailures old suppressed");
    assert_eq!(members(&run["scopes"][0]["counts"]), "critical high low medium none");
    assert_eq!(members(&run["suppressions"]), "accepted external hidden inSource refused unjustified");
    assert_eq!(members(&run["tool"]), "fullName guid name organization semanticVersion version");
    assert_eq!(members(&run["descriptorFaults"]), "count first");
}

#[test]
fn tells_nothing_of_what_bandit_leaves_out_where_nobody_can_read_it() {
    for (nosec, hidden) in [(json!(5), json!(5)), (json!("5"), json!(null)), (json!(5.0), json!(null))] {
        let mut report = results(&[json!({})]);
        report["runs"][0]["tool"]["driver"]["name"] = json!("Bandit");
        report["runs"][0]["properties"] = json!({"metrics": {"_totals": {"loc": 9, "nosec": nosec}}});
        let told = Value::Object(read(&report, &Ask::default()).to_json());
        assert_eq!(told["runs"][0]["suppressions"]["hidden"], hidden, "{nosec}");
    }
}
