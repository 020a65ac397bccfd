//! What the plugin asks the host, and when.

use portcullis_sdk::testing::Scene;
use sbom::Sbom;

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const SETTINGS: &str = r#"{"images": [
    {"match": ["docker.io/library/*"], "trust": "community", "scope": "index"},
    {"match": ["registry.k8s.io/**"], "exempt": true},
    {"match": ["quay.io/**"], "local": "accept"},
    {"match": ["**"], "trust": "release", "componentTypes": ["library"],
     "denied": {"components": ["pkg:npm/left-pad"], "licenses": ["GPL-*"]},
     "services": {"endpoints": ["https://*.example.com/**"]}, "vulnerabilities": {"deny": ["critical"]}}
]}"#;

fn pod(images: &[&str]) -> Scene {
    let containers: String =
        images.iter().enumerate().map(|(n, image)| format!("  - {{name: c{n}, image: \"{image}\"}}\n")).collect();
    Scene::object("pod.yaml", &format!("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n{containers}"))
}

fn asked(scene: &Scene, settings: &str) -> Vec<String> {
    let queries = scene.evaluate::<Sbom>(settings).expect_err("the plugin asks");
    assert!(queries.iter().all(|query| query.kind == "sbom"));
    queries.into_iter().map(|query| query.arguments).collect()
}

#[test]
fn asks_what_the_first_entry_wants_to_know() {
    let community = r#"{"image":"docker.io/library/nginx:1.27","scope":"index","trust":"community"}"#;
    assert_eq!(asked(&pod(&["nginx:1.27"]), SETTINGS), [community]);
    assert_eq!(
        asked(&pod(&["quay.io/a/b:1"]), SETTINGS),
        [r#"{"image":"quay.io/a/b:1","local":"accept","scope":"either"}"#]
    );
    let ask = r#""ask":{"components":["pkg:npm/left-pad"],"endpoints":["https://*.example.com/**"],"licenses":["GPL-*"],"severities":["critical"],"types":["library"]}"#;
    let whole = format!(r#"{{{ask},"image":"ghcr.io/org/app@{DIGEST}","scope":"either","trust":"release"}}"#);
    assert_eq!(asked(&pod(&[&format!("ghcr.io/org/app@{DIGEST}")]), SETTINGS), [whole]);
}

#[test]
fn asks_once_about_each_image() {
    let many =
        ["nginx:1", "index.docker.io/library/nginx:1", "docker.io/nginx:1", "registry.k8s.io/pause:1", "nginx:2"];
    assert_eq!(asked(&pod(&many), SETTINGS).len(), 2);
}

#[test]
fn asks_about_the_file_only_where_one_holds_what_is_judged() {
    let settings = r#"{"files": {"trust": "release"}}"#;
    let config = Scene::object("a.yaml", "apiVersion: v1\nkind: ConfigMap\n");
    assert_eq!(asked(&config, settings), [r#"{"about":"file","trust":"release"}"#]);
    assert_eq!(config.user("ann").judge::<Sbom>(settings), []);
    let image = Scene::object("a.yaml", "apiVersion: portcullis.dev/v1alpha1\nkind: Image\n");
    assert_eq!(image.judge::<Sbom>(settings), []);
}

#[test]
fn asks_nothing_about_what_needs_no_sbom() {
    assert_eq!(pod(&["registry.k8s.io/pause:1"]).judge::<Sbom>(SETTINGS), []);
    let config = Scene::object("a.yaml", "apiVersion: v1\nkind: ConfigMap\ndata: {image: nginx}\n");
    assert_eq!(config.judge::<Sbom>(SETTINGS), []);
}

/// A document in which strangers wrote as much as they could, wherever the plugin shows it.
fn talkative() -> String {
    let long = "https://github.com/".to_owned() + &"x".repeat(2_000);
    let placed = format!(
        r#"{{"component": "{long}", "pointer": "/{long}", "pattern": "{long}", "license": "{long}", "name": "{long}", "endpoint": "{long}", "ref": "{long}"}}"#
    );
    let first = vec![placed.clone(); 4].join(",");
    let list = format!(r#"{{"count": 999999, "first": [{first}]}}"#);
    let shares: Vec<String> = sbom::settings::ELEMENTS
        .iter()
        .map(|element| format!(r#""{element}": {{"have": 1, "of": 9, "missing": [{placed}]}}"#))
        .collect();
    format!(
        r#"{{"authenticity": "attested", "signer": "certificate", "issuer": "{long}", "subjects": ["{long}"], "found": "{long}",
        "subject": "{DIGEST}", "readable": true, "valid": true, "faults": [], "faultCount": 0, "format": "{long}", "version": "{long}",
        "binding": {{"state": "disagrees", "what": "{long}", "pointer": "/{long}"}}, "components": 0, "listed": 0, "unreadablePurls": {{"count": 0, "first": []}},
        "tools": [{{"name": "{long}", "version": "{long}"}}], "lifecycles": ["{long}"], "coverage": {{{}}},
        "completeness": {{"state": "incomplete", "aggregate": "{long}", "pointer": "/{long}"}},
        "graph": {{"dangling": 9, "firstDangling": {placed}, "duplicateRefs": 9, "firstDuplicate": {placed}, "reachable": 1, "of": 9, "unreachable": [{placed}]}},
        "denied": {{"components": {list}, "licenses": {list}}}, "invalidLicenses": {list}, "deprecatedLicenses": {list},
        "services": {{"plain": 9, "firstPlain": {placed}, "foreign": {list}}},
        "vulnerabilities": {{"count": 9, "first": [{{"id": "{long}", "severity": "{long}", "pointer": "/{long}"}}]}}}}"#,
        shares.join(",")
    )
}

#[test]
fn keeps_a_message_short_whatever_strangers_wrote() {
    let long = "https://github.com/".to_owned() + &"x".repeat(2_000);
    let settings = r#"{"images": [{"match": ["**"], "trust": "release",
        "identities": [{"issuer": "https://a.example", "subject": "ann@example.com"}], "formats": {"SPDX": "2.3"},
        "profile": "bsi-tr-03183-2", "coverage": {"purl": 90, "cpe": 90, "sha256": 90}, "graph": {"dangling": "deny", "reachable": 50},
        "tools": [{"name": "syft"}], "invalidLicenses": "deny", "deprecatedLicenses": "deny",
        "denied": {"components": ["pkg:npm/a"], "licenses": ["GPL-*"]},
        "services": {"plainEndpoints": "deny", "endpoints": ["https://a.example/**"]}, "vulnerabilities": {"deny": ["high"]}}]}"#;
    let image = format!("ghcr.io/org/app@{DIGEST}");
    let arguments = asked(&pod(&[&image]), settings).remove(0);
    let document = |documents: &str| {
        format!(
            r#"{{"digest": "{DIGEST}", "index": false, "documents": [{documents}], "refused": [{{"found": "{long}", "reason": "{long}"}}]}}"#
        )
    };
    let judge = |document: &str| pod(&[&image]).fact("sbom", &arguments, Some(document)).judge::<Sbom>(settings);
    let strangers = judge(&document(&vec![talkative(); 5].join(",")));
    assert_eq!(strangers.len(), 1);
    let rejected = pod(&[&image]).rejected_fact("sbom", &arguments, &long).judge::<Sbom>(settings);
    // The same by somebody who counts.
    let own = talkative().replace(
        &format!(r#""issuer": "{long}", "subjects": ["{long}"]"#),
        r#""issuer": "https://a.example", "subjects": ["ann@example.com"]"#,
    );
    let broken = judge(&document(&own));
    let rules: Vec<&str> = broken.iter().map(|finding| finding.rule.as_str()).collect();
    let all = [
        "format-not-allowed",
        "wrong-subject",
        "trivial",
        "profile-element",
        "coverage-low",
        "incomplete",
        "graph-broken",
        "tool-not-allowed",
        "component-denied",
        "license-denied",
        "license-invalid",
        "service-endpoint",
        "vulnerability",
    ];
    assert_eq!(rules, all);
    for finding in strangers.iter().chain(&rejected).chain(&broken) {
        assert!(finding.message.len() < 4096, "{}: {}", finding.rule, finding.message.len());
    }
}

#[test]
fn takes_no_document_of_a_stranger_for_a_good_one_whatever_is_missing() {
    // A member that is absent fails the check that reads it, one at a time.
    let settings = r#"{"images": [{"match": ["**"], "trust": "release"}]}"#;
    let image = format!("ghcr.io/org/app@{DIGEST}");
    let arguments = asked(&pod(&[&image]), settings).remove(0);
    let members = [
        (r#""authenticity": "attested""#, "not-signed"),
        (r#""signer": "key", "key": "release""#, "signer-not-allowed"),
        (r#""readable": true"#, "sbom-unreadable"),
        (r#""valid": true"#, "sbom-invalid"),
        (r#""faultCount": 0"#, "sbom-invalid"),
        (&format!(r#""subject": "{DIGEST}""#), "platform-missing"),
        (r#""binding": {"state": "agrees"}"#, "wrong-subject"),
        (r#""components": 1, "listed": 1"#, "trivial"),
        (r#""completeness": {"state": "complete"}"#, "incomplete"),
    ];
    let without = |left_out: Option<usize>| {
        let kept = members.iter().enumerate().filter(|(n, _)| Some(*n) != left_out).map(|(_, (member, _))| *member);
        let document = format!(
            r#"{{"digest": "{DIGEST}", "index": false, "documents": [{{{}}}]}}"#,
            kept.collect::<Vec<_>>().join(",")
        );
        pod(&[&image]).fact("sbom", &arguments, Some(&document)).judge::<Sbom>(settings)
    };
    assert_eq!(without(None), []);
    for (position, (member, rule)) in members.iter().enumerate() {
        let found = without(Some(position));
        assert_eq!(found.iter().map(|one| one.rule.as_str()).collect::<Vec<_>>(), [*rule], "without {member}");
    }
}
