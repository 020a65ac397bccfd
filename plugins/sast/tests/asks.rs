//! What the plugin asks the host, and when.

use portcullis_sdk::testing::Scene;
use sast::Sast;

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const BASE: &str = r#""kinds":{"open":false,"review":false},"scopes":[{}],"suppressions":{"external":"justified","inSource":"refuse"}"#;

fn pod(images: &[&str]) -> Scene {
    let containers: String =
        images.iter().enumerate().map(|(n, image)| format!("  - {{name: c{n}, image: \"{image}\"}}\n")).collect();
    Scene::object("pod.yaml", &format!("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n{containers}"))
}

fn asked(scene: &Scene, settings: &str) -> Vec<String> {
    let queries = scene.evaluate::<Sast>(settings).expect_err("the plugin asks");
    assert!(queries.iter().all(|query| query.kind == "sast"));
    queries.into_iter().map(|query| query.arguments).collect()
}

/// Settings with one entry for every image.
fn entry(more: &str) -> String {
    format!(r#"{{"images": [{{"match": ["**"], "trust": "release"{more}}}]}}"#)
}

#[test]
fn asks_what_the_first_entry_wants_to_know() {
    let whole =
        format!(r#"{{"ask":{{{BASE}}},"image":"docker.io/library/nginx:1","scope":"either","trust":"release"}}"#);
    assert_eq!(asked(&pod(&["nginx:1", "docker.io/nginx:1"]), &entry("")), [whole]);
    let more = r#", "scope": "platforms", "limits": [{"max": {"high": 0}}, {"paths": ["src/**"], "cwe": [79], "max": {"low": 1}}],
        "tools": [{"name": "CodeQL", "rules": ["py/xss"]}, {"name": "semgrep"}], "kinds": {"open": true},
        "suppressions": {"inSource": "accept"}, "baseline": {"guid": "3f2504e0-4f89-41d3-9a0c-0305e82c3301"}, "predicateTypes": ["https://a.example/sarif"]"#;
    let ask = r#""ask":{"baseline":{"guid":"3f2504e0-4f89-41d3-9a0c-0305e82c3301"},"kinds":{"open":true,"review":false},"predicateTypes":["https://a.example/sarif"],"rules":{"CodeQL":["py/xss"]},"scopes":[{},{"cwe":[79],"paths":["src/**"]}],"suppressions":{"external":"justified","inSource":"accept"}}"#;
    let image = format!("ghcr.io/org/app@{DIGEST}");
    let whole = format!(r#"{{{ask},"image":"{image}","scope":"platforms","trust":"release"}}"#);
    assert_eq!(asked(&pod(&[&image]), &entry(more)), [whole]);
}

#[test]
fn asks_for_the_rules_of_every_entry_that_names_a_tool() {
    let more = r#", "tools": [{"name": "CodeQL", "rules": ["py/a", "py/b"]}, {"name": "CodeQL", "automationId": "nightly", "rules": ["py/b", "py/c"]}]"#;
    let asked = asked(&pod(&["nginx:1"]), &entry(more)).remove(0);
    assert!(asked.contains(r#""rules":{"CodeQL":["py/a","py/b","py/c"]}"#), "{asked}");
}

#[test]
fn asks_about_the_file_only_where_one_holds_what_is_judged() {
    let settings = r#"{"files": {"local": "accept"}}"#;
    let config = Scene::object("a.yaml", "apiVersion: v1\nkind: ConfigMap\n");
    assert_eq!(asked(&config, settings), [format!(r#"{{"about":"file","ask":{{{BASE}}},"local":"accept"}}"#)]);
    assert_eq!(config.user("ann").judge::<Sast>(settings), []);
}

#[test]
fn asks_nothing_about_what_needs_no_report() {
    let settings = r#"{"images": [{"match": ["registry.k8s.io/**"], "exempt": true}]}"#;
    assert_eq!(pod(&["registry.k8s.io/pause:1"]).judge::<Sast>(settings), []);
    assert_eq!(Scene::object("a.yaml", "apiVersion: v1\nkind: ConfigMap\n").judge::<Sast>(settings), []);
}

/// A document in which strangers wrote as much as they could, wherever the plugin shows it.
fn talkative(long: &str) -> String {
    let placed = format!(
        r#"{{"what": "{long}", "pointer": "/{long}", "severity": "high", "rule": "{long}", "file": "{long}", "line": 1}}"#
    );
    let first = vec![placed.clone(); 4].join(",");
    let run = format!(
        r#"{{"pointer": "/{long}", "tool": {{"name": "{long}", "version": "{long}"}}, "executed": false, "failures": [{first}], "failureCount": 50,
        "external": true, "rules": 0, "disabledRules": 9, "missingRules": [], "results": 0, "disagreeing": false, "commit": "{long}", "repository": "{long}",
        "scopes": [{{"counts": {{"critical": 9, "high": 9}}, "first": [{first}]}}], "suppressions": {{"accepted": 9, "refused": 9, "hidden": 0}},
        "descriptorFaults": {{"count": 9, "first": [{first}]}}}}"#
    );
    format!(
        r#"{{"authenticity": "attested", "signer": "certificate", "issuer": "{long}", "subjects": ["{long}"], "found": "{long}",
        "subject": "{DIGEST}", "readable": true, "valid": true, "faults": [], "faultCount": 0, "binding": {{"by": "subject"}}, "runs": [{run},{run}]}}"#
    )
}

#[test]
fn keeps_a_message_short_whatever_strangers_wrote() {
    let long = "https://github.com/".to_owned() + &"x".repeat(2_000);
    let settings = entry(
        r#", "identities": [{"issuer": "https://a.example", "subject": "ann@example.com"}], "tools": [{"name": "CodeQL"}],
        "maxSuppressed": 0, "maxDisabledRules": 0, "repositories": ["https://a.example/b"], "maxAge": "1d""#,
    );
    let image = format!("ghcr.io/org/app@{DIGEST}");
    let arguments = asked(&pod(&[&image]), &settings).remove(0);
    let judge = |documents: &str| {
        let document = format!(
            r#"{{"digest": "{DIGEST}", "index": false, "documents": [{documents}], "refused": [{{"found": "{long}", "reason": "{long}"}}]}}"#
        );
        pod(&[&image]).fact("sast", &arguments, Some(&document)).judge::<Sast>(&settings)
    };
    let strangers = judge(&vec![talkative(&long); 5].join(","));
    assert_eq!(strangers.len(), 1);
    let rejected = pod(&[&image]).rejected_fact("sast", &arguments, &long).judge::<Sast>(&settings);
    let who = format!(r#""issuer": "{long}", "subjects": ["{long}"]"#);
    let own = talkative(&long).replace(&who, r#""issuer": "https://a.example", "subjects": ["ann@example.com"]"#);
    let broken = judge(&own);
    let rules: Vec<&str> = broken.iter().map(|finding| finding.rule.as_str()).collect();
    let all = [
        "external-properties",
        "scan-failed",
        "scan-empty",
        "rules-disabled",
        "descriptor-broken",
        "too-many-results",
        "suppression",
        "wrong-commit",
        "too-old",
        "tool-missing",
    ];
    assert_eq!(rules, all);
    for finding in strangers.iter().chain(&rejected).chain(&broken) {
        assert!(finding.message.len() < 4096, "{}: {}", finding.rule, finding.message.len());
    }
}

#[test]
fn takes_no_report_for_a_good_one_whatever_is_missing() {
    // A member that is absent fails the check that reads it, one at a time.
    let settings = entry(r#", "maxSuppressed": 0, "maxDisabledRules": 0, "maxAge": "10d""#);
    let image = format!("ghcr.io/org/app@{DIGEST}");
    let arguments = asked(&pod(&[&image]), &settings).remove(0);
    let subject = format!(r#""subject": "{DIGEST}""#);
    let head = [
        (r#""authenticity": "attested""#, "not-signed"),
        (r#""signer": "key", "key": "release""#, "signer-not-allowed"),
        (r#""readable": true"#, "sarif-unreadable"),
        (r#""valid": true"#, "sarif-invalid"),
        (r#""faultCount": 0"#, "sarif-invalid"),
        (subject.as_str(), "platform-missing"),
        (r#""signedAtSeconds": 1767225600"#, "too-old"),
    ];
    let run = [
        (r#""executed": true"#, "scan-failed"),
        (r#""failureCount": 0"#, "scan-failed"),
        (r#""external": false"#, "external-properties"),
        (r#""rules": 7"#, "scan-empty"),
        (r#""results": 0"#, "scan-empty"),
        (r#""disabledRules": 0"#, "rules-disabled"),
        (r#""disagreeing": false"#, "wrong-commit"),
        (r#""scopes": [{"counts": {"critical": 0, "high": 0}}]"#, "too-many-results"),
        (r#""suppressions": {"accepted": 0, "hidden": 0}"#, "suppression"),
        (r#""descriptorFaults": {"count": 0}"#, "descriptor-broken"),
    ];
    let kept = |members: &[(&str, &str)], left_out: &str| {
        let kept = members.iter().map(|(member, _)| *member).filter(|member| *member != left_out);
        kept.collect::<Vec<_>>().join(",")
    };
    let without = |left_out: &str| {
        let document = format!(
            r#"{{"digest": "{DIGEST}", "index": false, "documents": [{{{}, "runs": [{{{}}}]}}]}}"#,
            kept(&head, left_out),
            kept(&run, left_out)
        );
        pod(&[&image]).fact("sast", &arguments, Some(&document)).judge::<Sast>(&settings)
    };
    assert_eq!(without(""), []);
    for (member, rule) in head.iter().chain(&run) {
        let found = without(member);
        assert_eq!(found.iter().map(|one| one.rule.as_str()).collect::<Vec<_>>(), [*rule], "without {member}");
    }
}
