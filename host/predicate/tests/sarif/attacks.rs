//! Reports that would look clean, or old, or somebody else's, to a careless reader (A46, A46b, A46c).

use portcullis_predicate::sarif::{Ask, Severity};
use serde_json::{Value, json};

use crate::world::{ask, counts, plainly, read, refused, report, result, results, run, worst_first};

#[test]
fn takes_no_runs_for_no_evidence_a46() {
    let absent = read(&json!({"version": "2.1.0"}), &Ask::default());
    assert!(!absent.valid(), "`runs` is required");
    for runs in [json!([]), json!(null)] {
        let reading = read(&json!({"version": "2.1.0", "runs": runs}), &Ask::default());
        assert!(reading.valid() && reading.runs.is_empty(), "{runs}");
    }
    assert_eq!(absent.to_json()["runs"], json!([]));
}

#[test]
fn tells_results_that_are_absent_from_none_a46() {
    let empty = run(&report(json!({"results": []})), &Ask::default());
    assert_eq!((empty.results, empty.executed()), (Some(0), true));
    let absent = run(&report(json!({})), &Ask::default());
    assert_eq!((absent.results, absent.executed()), (None, false), "absent means that it did not run");
    // The standard's text allows null (3.14.23), and its schema does not.
    let null = read(&report(json!({"results": null})), &Ask::default());
    assert_eq!((null.valid(), null.runs[0].results, null.runs[0].executed()), (false, None, false));
}

/// A run whose tool has rules, with one result that has these members.
pub fn with_rules(rules: Value, members: Value) -> Value {
    report(json!({"tool": {"driver": {"name": "Scanner", "rules": rules}}, "results": [result(members)]}))
}

#[test]
fn takes_the_level_from_the_rule_where_the_result_has_none_a46() {
    let rules = json!([{"id": "A"}, {"id": "CA1000", "defaultConfiguration": {"level": "error"}},
        {"id": "N", "guid": "11111111-1111-4111-8111-111111111111", "defaultConfiguration": {"level": "note"}}]);
    for (members, expected) in [
        (json!({"ruleIndex": 1}), [0, 1, 0, 0, 0]),
        (json!({"ruleId": "CA1000"}), [0, 1, 0, 0, 0]),
        (json!({"ruleId": "CA1000/1"}), [0, 1, 0, 0, 0]),
        (json!({"ruleId": "CA1000/1", "ruleIndex": 1}), [0, 1, 0, 0, 0]),
        (json!({"rule": {"id": "CA1000"}}), [0, 1, 0, 0, 0]),
        (json!({"rule": {"index": 1}, "ruleId": "CA1000/2/x"}), [0, 1, 0, 0, 0]),
        (json!({"rule": {"guid": "11111111-1111-4111-8111-111111111111"}}), [0, 0, 0, 1, 0]),
        (json!({"ruleId": "CA1000", "level": "note"}), [0, 0, 0, 1, 0]),
        (json!({"ruleId": "A"}), [0, 0, 1, 0, 0]),
        (json!({"ruleId": "unknown"}), [0, 0, 1, 0, 0]),
        (json!({"ruleId": "unknown", "level": "none"}), [0, 0, 0, 0, 1]),
        (json!({"ruleIndex": -1}), [0, 1, 0, 0, 0]),
        (json!({"level": "none"}), [0, 1, 0, 0, 0]),
        (json!({}), [0, 1, 0, 0, 0]),
    ] {
        assert_eq!(plainly(&with_rules(rules.clone(), members.clone())), expected, "{members}");
    }
    // Without any rules there is nothing to say.
    assert_eq!(plainly(&with_rules(json!([]), json!({}))), [0, 0, 1, 0, 0]);
}

#[test]
fn takes_the_level_that_the_invocation_of_the_result_configured_a46() {
    let report = |provenance: Value| {
        report(json!({
            "tool": {"driver": {"name": "Scanner", "rules": [{"id": "A"}]}},
            "invocations": [{"executionSuccessful": true}, {"executionSuccessful": true, "ruleConfigurationOverrides":
                [{"descriptor": {"index": 0}, "configuration": {"level": "error"}}]}],
            "results": [result(json!({"ruleId": "A", "provenance": provenance}))],
        }))
    };
    assert_eq!(plainly(&report(json!({"invocationIndex": 1}))), [0, 1, 0, 0, 0]);
    assert_eq!(plainly(&report(json!({"invocationIndex": 0}))), [0, 0, 1, 0, 0]);
    assert_eq!(plainly(&report(json!({}))), [0, 0, 1, 0, 0]);
    assert_eq!(plainly(&report(json!({"invocationIndex": 2}))), [0, 1, 0, 0, 0], "nobody can tell what was configured");
}

#[test]
fn looks_into_the_extension_that_a_result_names_a46() {
    let report = |rule: Value, id: Value| {
        let note = json!({"id": "x/1", "defaultConfiguration": {"level": "note"}});
        let error = json!({"id": "x/1", "properties": {"security-severity": "9.8"}});
        let guid = "22222222-2222-4222-8222-222222222222";
        let mut members = json!({"rule": rule});
        if id.is_string() {
            members["ruleId"] = id;
        }
        report(json!({"tool": {"driver": {"name": "Scanner", "rules": []}, "extensions": [
            {"name": "first", "rules": [note]}, {"name": "second", "guid": guid, "rules": [error]}]},
            "results": [result(members)]}))
    };
    for (component, expected) in [
        (json!({"index": 0}), [0, 0, 0, 1, 0]),
        (json!({"index": 1}), [1, 0, 0, 0, 0]),
        (json!({"name": "second"}), [1, 0, 0, 0, 0]),
        (json!({"guid": "22222222-2222-4222-8222-222222222222"}), [1, 0, 0, 0, 0]),
        (json!({"name": "second", "index": 1}), [1, 0, 0, 0, 0]),
    ] {
        for rule in [json!({"toolComponent": component, "index": 0}), json!({"toolComponent": component, "id": "x/1"})]
        {
            let run = run(&report(rule.clone(), json!("x/1")), &Ask::default());
            assert_eq!((counts(&run), run.descriptor_faults.count), (expected, 0), "{rule}");
        }
    }
    // Which is meant nobody can tell: the worst counts, and it is told.
    for component in [
        json!({"index": 2}),
        json!({"name": "third"}),
        json!({"name": "first", "index": 1}),
        json!({"guid": "22222222-2222-4222-8222-222222222222", "index": 0}),
        json!({"guid": "33333333-3333-4333-8333-333333333333"}),
        json!({"index": 9_223_372_036_854_775_807_i64}),
    ] {
        let run = run(&report(json!({"toolComponent": component, "index": 0}), json!("x/1")), &Ask::default());
        let worst = Severity::ALL[run.scopes[0].counts.iter().rposition(|count| *count > 0).expect("one")];
        assert!(worst >= Severity::High, "{component}");
        assert_eq!(run.descriptor_faults.count, 1, "{component}");
    }
    // By the standard the id is looked up in the driver alone. An extension that knows it may only make it worse.
    let run = run(&report(json!({"id": "x/1"}), json!("x/1")), &Ask::default());
    assert_eq!(counts(&run), [1, 0, 0, 0, 0]);
}

#[test]
fn counts_as_high_what_names_no_rule_that_can_be_told_a46() {
    let rules = json!([{"id": "A", "defaultConfiguration": {"level": "note"}}, {"id": "B", "defaultConfiguration":
        {"level": "note"}, "properties": {"security-severity": "9.1"}}, {"id": "D", "defaultConfiguration": {"level": "note"}},
        {"id": "D", "properties": {"security-severity": "low"}}]);
    for (members, expected, what) in [
        (json!({"ruleId": "A", "ruleIndex": 2}), [0, 1, 0, 0, 0], "index 2 is `D`, and the id is `A`"),
        (json!({"ruleId": "A", "ruleIndex": 1}), [1, 0, 0, 0, 0], "index 1 is `B`, and the id is `A`"),
        (json!({"ruleId": "AB", "ruleIndex": 0}), [0, 1, 0, 0, 0], "index 0 is `A`, and the id is `AB`"),
        (json!({"ruleId": "A", "ruleIndex": 4}), [0, 1, 0, 0, 0], "index 4 is beyond the 4 descriptors"),
        (json!({"ruleIndex": 9_223_372_036_854_775_807_i64}), [0, 1, 0, 0, 0], "index 9223372036854775807 is beyond"),
        (json!({"rule": {"index": 0}, "ruleIndex": 1}), [1, 0, 0, 0, 0], "`rule.index` 0 and `ruleIndex` 1 disagree"),
        (json!({"rule": {"id": "A"}, "ruleId": "B"}), [1, 0, 0, 0, 0], "`rule.id` `A` and `ruleId` `B` disagree"),
        (json!({"level": "note"}), [0, 1, 0, 0, 0], "it does not say of which rule it is"),
        (json!({"ruleId": ""}), [0, 1, 0, 0, 0], "it does not say of which rule it is"),
        (json!({"ruleId": "D"}), [0, 1, 0, 0, 0], "several descriptors are called `D`"),
        (json!({"rule": {"guid": "33333333-3333-4333-8333-333333333333"}}), [0, 1, 0, 0, 0], "nothing has the guid"),
    ] {
        let run = run(&with_rules(rules.clone(), members.clone()), &Ask::default());
        assert_eq!(counts(&run), expected, "{members}");
        let fault = &run.descriptor_faults.first[0];
        assert!(fault.what.starts_with(what), "{}", fault.what);
        assert_eq!(fault.pointer, "/runs/0/results/0");
    }
    // What the result says of itself is known whatever its rule.
    let own = json!({"ruleId": "A", "ruleIndex": 1, "properties": {"security-severity": "2.0"}});
    assert_eq!(plainly(&with_rules(rules, own)), [0, 0, 0, 1, 0]);
}

#[test]
fn counts_as_high_a_result_with_an_index_that_no_number_holds_a46() {
    let text = with_rules(json!([{"id": "A"}]), json!({"ruleIndex": 77})).to_string().replace("77", "1e300");
    let reading = portcullis_predicate::sarif::read(text.as_bytes(), &Ask::default()).expect("a report");
    assert_eq!(reading.runs[0].results, Some(1));
    assert_eq!(counts(&reading.runs[0]), [0, 1, 0, 0, 0]);
    assert_eq!(reading.runs[0].descriptor_faults.first[0].what, "the result cannot be read");
}

#[test]
fn counts_kinds_that_are_no_failures_apart_a46() {
    let kinds = ["pass", "open", "informational", "notApplicable", "review", "fail"];
    let all: Vec<Value> = kinds.iter().map(|kind| json!({"kind": kind})).collect();
    let counted = |ask: &Ask| {
        let run = run(&results(&all), ask);
        (counts(&run), run.scopes[0].not_failures)
    };
    assert_eq!(counted(&Ask::default()), ([0, 0, 1, 0, 0], 5));
    assert_eq!(counted(&ask(json!({"kinds": {"review": true}}))), ([0, 0, 2, 0, 0], 4));
    assert_eq!(counted(&ask(json!({"kinds": {"open": true, "review": true}}))), ([0, 0, 3, 0, 0], 3));
    let asked = ask(json!({"kinds": {"review": true}}));
    let undecided = results(&[json!({"kind": "review", "level": "none"})]);
    assert_eq!(counts(&run(&undecided, &asked)), [0, 0, 1, 0, 0]);
    // The standard allows no level but `none` beside another kind: whoever writes both does not know, so it counts.
    assert_eq!(plainly(&results(&[json!({"kind": "pass", "level": "error"})])), [0, 1, 0, 0, 0]);
    assert_eq!(plainly(&results(&[json!({"kind": "pass", "level": "none"})])), [0; 5]);
}

#[test]
fn suppresses_only_what_every_suppression_and_the_policy_allow_a46() {
    let all =
        |in_source: &str, external: &str| ask(json!({"suppressions": {"inSource": in_source, "external": external}}));
    let refuse = Ask::default();
    let accept = all("accept", "accept");
    let justified = all("justified", "justified");
    let one = |kind: &str| json!({"kind": kind});
    let why = |kind: &str| json!({"kind": kind, "justification": "only in tests"});
    let blank = json!({"kind": "external", "justification": " \t\n"});
    let with = |status: &str| json!({"kind": "external", "status": status, "justification": "because"});
    for (list, ask, suppressed) in [
        (json!([]), &accept, false),
        (json!([one("inSource")]), &accept, true),
        (json!([one("inSource")]), &refuse, false),
        (json!([why("inSource")]), &refuse, false),
        (json!([why("inSource")]), &justified, true),
        (json!([one("external")]), &refuse, false),
        (json!([why("external")]), &refuse, true),
        (json!([blank]), &refuse, false),
        (json!([blank]), &accept, true),
        (json!([with("accepted")]), &refuse, true),
        (json!([with("underReview")]), &accept, false),
        (json!([with("rejected")]), &accept, false),
        (json!([with("accepted"), with("rejected")]), &accept, false),
        (json!([why("external"), one("external")]), &refuse, false),
        (json!([why("external"), why("inSource")]), &refuse, false),
        (json!([why("external"), why("inSource")]), &all("refuse", "accept"), false),
    ] {
        let run = run(&results(&[json!({"level": "error", "suppressions": list})]), ask);
        let expected = if suppressed { ([0; 5], 1) } else { ([0, 1, 0, 0, 0], 0) };
        assert_eq!((counts(&run), run.scopes[0].suppressed), expected, "{list}");
        let carries = !list.as_array().expect("a list").is_empty();
        assert_eq!(run.suppressions.refused, u64::from(carries && !suppressed), "{list}");
    }
}

#[test]
fn believes_what_is_old_only_of_the_baseline_that_is_pinned_a46_a46b() {
    let guid = "aaaaaaaa-0000-4000-8000-000000000001";
    let states = ["new", "unchanged", "updated", "absent"];
    let all: Vec<Value> =
        states.iter().map(|state| result(json!({"level": "error", "baselineState": state}))).collect();
    let counted = |own: Option<&str>, ask: &Ask| {
        let mut members = json!({"results": all});
        if let Some(own) = own {
            members["baselineGuid"] = json!(own);
        }
        let run = run(&report(members), ask);
        (counts(&run), run.scopes[0].old)
    };
    let pinned = ask(json!({"baseline": {"guid": guid.to_uppercase()}}));
    let other = "aaaaaaaa-0000-4000-8000-000000000002";
    assert_eq!(counted(Some(guid), &pinned), ([0, 1, 0, 0, 0], 3));
    for (own, ask) in
        [(Some(guid), &Ask::default()), (Some(other), &pinned), (None, &pinned), (None, &ask(json!({"baseline": {}})))]
    {
        // Absent never counts: the tool says that it is gone.
        assert_eq!(counted(own, ask), ([0, 3, 0, 0, 0], 1), "{own:?}");
    }
}

#[test]
fn says_that_the_scan_failed_a46b() {
    let invoked = |invocation: Value, all: Value| {
        report(json!({"invocations": [{"executionSuccessful": true}, invocation],
        "tool": {"driver": {"name": "Scanner", "notifications": [{"id": "bad", "defaultConfiguration": {"level": "error"}}]}},
        "results": all}))
    };
    let notified = |name: &str, notification: Value| json!({"executionSuccessful": true, name: [notification]});
    let text = json!({"text": "out of memory"});
    let some = json!([result(json!({}))]);
    for (invocation, results, what) in [
        (json!({"executionSuccessful": false}), &some, Some("`executionSuccessful` is false")),
        (json!({"executionSuccessful": true, "exitCode": 2}), &some, Some("the exit code is 2")),
        (json!({"executionSuccessful": true, "exitCode": -1}), &some, Some("the exit code is -1")),
        (json!({"executionSuccessful": true, "exitCode": 1}), &json!([]), Some("the exit code is 1")),
        (json!({"executionSuccessful": true, "exitCode": 1}), &some, None),
        (json!({"executionSuccessful": true, "exitCode": 0}), &some, None),
        (json!({"executionSuccessful": true, "exitSignalNumber": 9}), &some, Some("`exitSignalNumber` is 9")),
        (
            json!({"executionSuccessful": true, "processStartFailureMessage": "gone"}),
            &some,
            Some("`processStartFailureMessage`"),
        ),
        (
            notified("toolExecutionNotifications", json!({"level": "error", "message": text})),
            &some,
            Some("the tool says: out of memory"),
        ),
        (
            notified("toolConfigurationNotifications", json!({"level": "error", "message": text})),
            &some,
            Some("the tool says"),
        ),
        (
            notified("toolExecutionNotifications", json!({"descriptor": {"id": "bad"}, "message": text})),
            &some,
            Some("the tool says"),
        ),
        (
            notified("toolExecutionNotifications", json!({"descriptor": {"index": 7}, "message": text})),
            &some,
            Some("the tool says"),
        ),
        (notified("toolExecutionNotifications", json!({"message": text})), &some, None),
        (notified("toolExecutionNotifications", json!({"level": "note", "message": text})), &some, None),
    ] {
        let run = run(&invoked(invocation.clone(), results.clone()), &Ask::default());
        assert_eq!(run.executed(), what.is_none(), "{invocation}");
        if let Some(what) = what {
            let failure = &run.failures.first[0];
            assert!(failure.what.starts_with(what), "{}", failure.what);
            assert!(failure.pointer.starts_with("/runs/0/invocations/1/"), "{}", failure.pointer);
        }
    }
    let conversion = json!({"tool": {"driver": {"name": "Converter"}}, "invocation": {"executionSuccessful": false}});
    let converted = run(&report(json!({"conversion": conversion, "results": []})), &Ask::default());
    assert_eq!(converted.failures.first[0].pointer, "/runs/0/conversion/invocation/executionSuccessful");
}

#[test]
fn finds_severities_that_stand_in_properties_alone_a46b() {
    let bag = |value: Value| json!({"security-severity": value});
    for (own, of_rule, level, expected) in [
        (json!(null), json!("9.8"), "note", [1, 0, 0, 0, 0]),
        (json!("9.8"), json!("1.0"), "none", [1, 0, 0, 0, 0]),
        (json!("1.0"), json!("9.8"), "error", [0, 0, 0, 1, 0]),
        (json!(null), json!("HIGH"), "note", [0, 1, 0, 0, 0]),
        (json!("0.0"), json!("5.0"), "error", [0, 0, 1, 0, 0]),
        (json!("0.0"), json!(null), "error", [0, 1, 0, 0, 0]),
        (json!("1e999"), json!("1.0"), "note", [0, 1, 0, 0, 0]),
        (json!("unheard of"), json!("9.8"), "note", [1, 0, 0, 0, 0]),
        (json!(null), json!("severe?"), "note", [0, 1, 0, 0, 0]),
        (json!(null), json!({"score": 9.8}), "none", [0, 1, 0, 0, 0]),
    ] {
        let rule = json!({"id": "A", "properties": bag(of_rule.clone())});
        let members = json!({"ruleId": "A", "level": level, "properties": bag(own.clone())});
        assert_eq!(plainly(&with_rules(json!([rule]), members)), expected, "{own} {of_rule} {level}");
    }
}

#[test]
fn shows_the_name_of_a_tool_as_it_is_a46b() {
    for (name, expected) in [
        ("CodeQL", "CodeQL"),
        ("codeql", "codeql"),
        ("CodeQL ", "CodeQL "),
        ("CodeQL\u{200b}", "CodeQL\\u{200b}"),
        ("\u{202e}LQedoC", "\\u{202e}LQedoC"),
        ("C\u{43e}deQL", "C\u{43e}deQL"),
        ("Code\nQL", "Code\\nQL"),
    ] {
        let report = report(json!({"tool": {"driver": {"name": name, "guid": "44444444-4444-4444-8444-444444444444"}},
            "results": []}));
        let run = run(&report, &Ask::default());
        assert_eq!(run.tool.name.as_deref(), Some(expected));
    }
    let long = "CodeQL".repeat(100);
    let run = run(&report(json!({"tool": {"driver": {"name": long}}, "results": []})), &Ask::default());
    assert!(run.tool.name.expect("a name").ends_with('…'));
}

#[test]
fn counts_a_tool_in_its_scope_whatever_the_case_of_its_name_a46b() {
    let scopes = ask(json!({"scopes": [{"tools": ["CodeQL"]}, {"tools": ["semgrep"]}]}));
    let report = report(json!({"tool": {"driver": {"name": "CODEQL"}}, "results": [result(json!({}))]}));
    let run = run(&report, &scopes);
    assert_eq!(run.scopes.iter().map(worst_first).collect::<Vec<_>>(), [[0, 0, 1, 0, 0], [0; 5]]);
}

#[test]
fn tells_which_required_rules_did_not_run_a46b() {
    let asked = ask(json!({"rules": {"scanner": ["A", "B", "C", "E", "F"], "Other": ["Z"]}}));
    let report = report(json!({
        "tool": {"driver": {"name": "Scanner", "rules": [{"id": "A"}, {"id": "B", "defaultConfiguration": {"enabled": false}},
            {"id": "C"}, {"id": "D", "defaultConfiguration": {"enabled": false}}]}, "extensions": [{"name": "x", "version": "1",
            "rules": [{"id": "E"}, {"id": "B"}]}]},
        "invocations": [{"executionSuccessful": true, "ruleConfigurationOverrides": [
            {"descriptor": {"id": "C"}, "configuration": {"enabled": false}},
            {"descriptor": {"id": "D"}, "configuration": {"enabled": true}}]}],
        "results": [],
    }));
    let run = run(&report, &asked);
    assert_eq!((run.rules, run.disabled_rules), (4, 2), "those that ran");
    assert_eq!(run.missing_rules, ["B", "C", "F"], "the extension has a rule `B` of its own");
}

#[test]
fn counts_no_rule_that_was_switched_off_a46b() {
    let off = json!({"id": "A", "defaultConfiguration": {"enabled": false}});
    for (invocations, rules) in [
        (json!([]), json!([off])),
        (
            json!([{"executionSuccessful": true, "ruleConfigurationOverrides":
                [{"descriptor": {"id": "B"}, "configuration": {"enabled": false}}]}]),
            json!([off, {"id": "B"}]),
        ),
    ] {
        let tool = json!({"driver": {"name": "Scanner", "rules": rules}});
        let run = run(&report(json!({"tool": tool, "invocations": invocations, "results": []})), &Ask::default());
        let off = rules.as_array().expect("rules").len();
        assert_eq!((run.rules, run.disabled_rules, run.results), (0, off, Some(0)), "it looked for nothing");
    }
}

#[test]
fn refuses_a_report_that_is_cut_off_a46b() {
    let text = results(&[json!({"level": "error"})]).to_string();
    for end in 0..text.len() {
        let error = refused(&text.as_bytes()[..end]);
        assert!(error.what.starts_with("it is "), "{end}: {error}");
    }
}

#[test]
fn tells_of_results_that_nobody_can_see_a46c() {
    let files = json!({"results": [{"location": {"uri": "more.sarif-external-properties"}, "itemCount": 9}]});
    assert!(run(&report(json!({"externalPropertyFileReferences": files, "results": []})), &Ask::default()).external);
    assert!(!run(&report(json!({"externalPropertyFileReferences": {}, "results": []})), &Ask::default()).external);
    // The same beside the runs, in the same file.
    let guid = |last: u8| format!("55555555-5555-4555-8555-55555555555{last}");
    for (part, external) in [
        (json!({"runGuid": guid(1), "results": [result(json!({}))]}), [true, false]),
        (json!({"runGuid": guid(2), "invocations": []}), [false, true]),
        (json!({"runGuid": guid(3), "results": [result(json!({}))]}), [true, true]),
        (json!({"results": [result(json!({}))]}), [true, true]),
        (json!({"runGuid": guid(1), "guid": guid(4)}), [false, false]),
    ] {
        let run = |last: u8| json!({"tool": {"driver": {"name": "x"}}, "results": [], "automationDetails": {"guid": guid(last)}});
        let report = json!({"version": "2.1.0", "runs": [run(1), run(2)], "inlineExternalProperties": [part]});
        let reading = read(&report, &Ask::default());
        assert!(reading.valid(), "{:?}", reading.faults);
        assert_eq!(reading.runs.iter().map(|run| run.external).collect::<Vec<_>>(), external, "{part}");
    }
}

#[test]
fn tells_what_source_and_time_a_run_is_about_a46c() {
    let source =
        |commit: &str| json!({"repositoryUri": "https://example.org/app", "revisionId": commit, "branch": "main"});
    let ended = |times: &[&str]| {
        times.iter().map(|time| json!({"executionSuccessful": true, "endTimeUtc": time})).collect::<Value>()
    };
    let one = run(
        &report(
            json!({"results": [], "versionControlProvenance": [source("abc")], "automationDetails": {"id": "nightly/1"},
            "invocations": ended(&["2026-01-01T00:00:00Z", "2026-03-01T00:00:00.5Z", "2026-02-01T00:00:00Z"])}),
        ),
        &Ask::default(),
    );
    assert_eq!(one.revision.commit.as_deref(), Some("abc"));
    assert_eq!(one.revision.repository.as_deref(), Some("https://example.org/app"));
    assert_eq!(one.revision.branch.as_deref(), Some("main"));
    assert!(!one.revision.disagreeing);
    assert_eq!(one.ended.as_deref(), Some("2026-03-01T00:00:00.5Z"));
    assert_eq!(one.automation_id.as_deref(), Some("nightly/1"));
    let sources = json!([source("abc"), source("def")]);
    let two = run(&report(json!({"results": [], "versionControlProvenance": sources})), &Ask::default());
    assert!(two.revision.disagreeing);
    assert_eq!(two.ended, None);
    let elsewhere = json!([source("abc"), {"repositoryUri": "https://example.org/other", "revisionId": "abc"}]);
    let two = run(&report(json!({"results": [], "versionControlProvenance": elsewhere})), &Ask::default());
    assert!(two.revision.disagreeing, "one commit of two repositories");
}

#[test]
fn says_of_another_version_what_it_is_a46c() {
    for (text, pointer, what) in [
        (r#"{"version": "2.2", "runs": []}"#, "/version", "it is SARIF 2.2; only 2.1.0 is read"),
        (r#"{"version": "2.0.0", "runs": []}"#, "/version", "it is SARIF 2.0.0; only"),
        (r#"{"version": "1.0.0", "runs": []}"#, "/version", "it is SARIF 1.0.0; only"),
        (r#"{"version": 2.1, "runs": []}"#, "/version", "it is SARIF 2.1; only"),
        (r#"{"version": "2.1.0-rtm.4", "runs": []}"#, "/version", "it is SARIF 2.1.0-rtm.4; only"),
        (r#"{"runs": []}"#, "", "it has `runs` and no `version`"),
        (r#"{}"#, "", "it is no SARIF report"),
        (r#"[]"#, "", "it is no SARIF report: a JSON object is wanted"),
        (r#"{"bomFormat": "CycloneDX", "version": 1}"#, "", "it is a CycloneDX SBOM, no SARIF report"),
        (r#"{"spdxVersion": "SPDX-2.3"}"#, "", "it is an SPDX document"),
        (r#"{"predicateType": "x", "subject": []}"#, "", "it is a whole in-toto statement"),
        ("<sarif/>", "", "it is XML or HTML"),
        ("", "", "it is empty"),
    ] {
        let error = refused(text.as_bytes());
        assert_eq!(error.pointer, pointer, "{text}");
        assert!(error.what.starts_with(what), "{text}: {error}");
    }
    assert!(refused(&[0xff, 0xfe, b'{', 0]).what.contains("UTF-16"));
}

#[test]
fn reads_a_report_with_a_byte_order_mark_and_in_its_wrappers_a46c() {
    let text = results(&[json!({"level": "error"})]).to_string();
    let wrapped = json!({"Data": text, "Timestamp": "2026-11-22T12:00:00Z"}).to_string();
    for text in [format!("\u{feff}{text}"), json!(text).to_string(), wrapped, text.clone()] {
        let reading = portcullis_predicate::sarif::read(text.as_bytes(), &Ask::default()).expect("a report");
        assert!(reading.valid());
        assert_eq!(counts(&reading.runs[0]), [0, 1, 0, 0, 0]);
        assert_eq!(reading.runs[0].scopes[0].first[0].pointer, "/runs/0/results/0");
    }
}
