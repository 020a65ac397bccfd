//! Provenance and VEX: what is read out of both, and what is refused.

use portcullis_predicate::provenance::{self, repository};
use portcullis_predicate::vex;
use serde_json::{Value, json};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

#[test]
fn reads_provenance_v1() {
    let document = json!({
        "buildDefinition": {
            "buildType": "https://actions.github.io/buildtypes/workflow/v1",
            "resolvedDependencies": [
                {"uri": "git+https://github.com/org/app@refs/heads/main", "digest": {"gitCommit": COMMIT}},
                {"uri": "pkg:docker/alpine@3", "digest": {"sha256": "a".repeat(64)}},
                {"uri": "git+https://github.com/org/lib", "digest": {"sha1": COMMIT.to_uppercase()}},
                {"uri": "git+https://github.com/org/short", "digest": {"gitCommit": "0123456"}},
            ],
        },
        "runDetails": {"builder": {"id": "https://github.com/actions/runner"}, "metadata": {"finishedOn": "2026-11-21T10:00:00Z"}},
    });
    let reading =
        provenance::read("https://slsa.dev/provenance/v1", document.to_string().as_bytes()).expect("provenance");
    let json = Value::Object(reading.to_json());
    assert_eq!(json["builder"], "https://github.com/actions/runner");
    assert_eq!(json["buildType"], "https://actions.github.io/buildtypes/workflow/v1");
    assert_eq!(json["finishedSeconds"], 1_795_255_200);
    assert_eq!(
        json["sources"],
        json!([
            {"repository": "https://github.com/org/app", "commit": COMMIT, "ref": "refs/heads/main",
             "pointer": "/buildDefinition/resolvedDependencies/0"},
            {"repository": "https://github.com/org/lib", "commit": COMMIT, "ref": null,
             "pointer": "/buildDefinition/resolvedDependencies/2"},
            {"repository": "https://github.com/org/short", "commit": null, "ref": null,
             "pointer": "/buildDefinition/resolvedDependencies/3"},
        ])
    );
}

#[test]
fn reads_provenance_v0_2() {
    let document = json!({
        "builder": {"id": "https://tekton.dev/chains/v2"}, "buildType": "x",
        "invocation": {"configSource": {"uri": "git+https://github.com/org/app@refs/tags/v1", "digest": {"sha1": COMMIT}}},
        "metadata": {"buildFinishedOn": "2026-11-21T10:00:00Z"},
        "materials": [{"uri": "git+https://github.com/org/app.git", "digest": {"sha1": COMMIT}}, {"uri": "oci://x", "digest": {}}],
    });
    let reading =
        provenance::read("https://slsa.dev/provenance/v0.2", document.to_string().as_bytes()).expect("provenance");
    assert_eq!(reading.sources.len(), 1, "the same source named twice: {:?}", reading.sources);
    assert_eq!(reading.sources[0].reference.as_deref(), Some("refs/tags/v1"));
    assert_eq!(reading.sources[0].pointer, "/invocation/configSource");
    assert_eq!(reading.finished_seconds, Some(1_795_255_200));
    for (kind, text, word) in [
        ("https://slsa.dev/provenance/v1", "[]", "object is expected"),
        ("https://slsa.dev/provenance/v1", "{}", "`buildDefinition`"),
        ("https://slsa.dev/provenance/v0.2", "{}", "neither"),
        ("https://slsa.dev/provenance/v9", "{}", "no predicate type"),
        ("https://slsa.dev/provenance/v1", "<x/>", "XML"),
    ] {
        let error = provenance::read(kind, text.as_bytes()).expect_err("no provenance").to_string();
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn knows_one_repository_by_all_its_addresses() {
    for uri in [
        "https://github.com/org/app",
        "https://github.com/org/app/",
        "https://github.com/org/app.git",
        "git+https://github.com/org/app.git",
        "git+ssh://git@github.com/org/app",
        "git@github.com:org/app.git",
        "git://GitHub.com/org/app.git",
        "https://user:secret@github.com/org/app",
    ] {
        assert_eq!(repository(uri), ("https://github.com/org/app".to_owned(), None), "{uri}");
    }
    for (uri, reference) in [
        ("git+https://github.com/org/app@refs/heads/main", "refs/heads/main"),
        ("https://github.com/org/app.git#refs/heads/main", "refs/heads/main"),
        ("git+https://github.com/org/app@v1.0", "v1.0"),
    ] {
        assert_eq!(repository(uri), ("https://github.com/org/app".to_owned(), Some(reference)), "{uri}");
    }
    assert_ne!(repository("https://github.com/org/app-evil").0, repository("https://github.com/org/app").0);
    assert_ne!(repository("https://github.com.evil.com/org/app").0, repository("https://github.com/org/app").0);
    assert_eq!(repository("https://github.com@evil.com/org/app").0, "https://evil.com/org/app");
}

fn statement(members: Value) -> Value {
    let mut statement = json!({"vulnerability": {"name": "CVE-1", "aliases": ["GHSA-1"]}, "status": "fixed",
        "products": [{"@id": "pkg:oci/app@sha256%3Aa", "subcomponents": [{"@id": "pkg:npm/lodash@1"}]}]});
    for (name, value) in members.as_object().expect("members") {
        statement[name] = value.clone();
    }
    json!({"@context": "https://openvex.dev/ns/v0.2.0", "author": "Org", "timestamp": "2026-11-20T10:00:00Z", "statements": [statement]})
}

#[test]
fn reads_statements_of_openvex() {
    let text = statement(
        json!({"status": "not_affected", "justification": "component_not_present", "timestamp": "2026-11-21T10:00:00Z"}),
    );
    let reading = vex::read(text.to_string().as_bytes()).expect("VEX");
    assert_eq!(
        Value::Object(reading.to_json())["statements"][0],
        json!({"vulnerability": "CVE-1", "aliases": ["GHSA-1"], "status": "not_affected", "justification": "component_not_present",
            "products": [{"id": "pkg:oci/app@sha256%3Aa", "subcomponents": ["pkg:npm/lodash@1"]}], "timestampSeconds": 1_795_255_200,
            "pointer": "/statements/0"})
    );
    let old = json!({"@context": "https://openvex.dev/ns", "timestamp": "2026-11-21T10:00:00Z",
        "statements": [{"vulnerability": "CVE-2", "status": "fixed", "products": ["pkg:oci/app"]}]});
    let reading = vex::read(old.to_string().as_bytes()).expect("VEX");
    assert_eq!(reading.statements[0].products[0].id, "pkg:oci/app");
    assert!(reading.statements[0].products[0].subcomponents.is_empty(), "all of it");
    assert_eq!(reading.statements[0].timestamp_seconds, Some(1_795_255_200), "that of the document");
}

#[test]
fn refuses_vex_that_excuses_without_a_reason() {
    for (text, word) in [
        (statement(json!({"status": "not_affected"})), "without `justification`"),
        (statement(json!({"status": "not_affected", "justification": " "})), "without `justification`"),
        (statement(json!({"status": "not_affected", "justification": "because"})), "no word"),
        (statement(json!({"status": "fine"})), "`status`"),
        (statement(json!({"vulnerability": {}})), "no vulnerability"),
        (json!({"@context": "https://example.com"}), "`@context`"),
        (json!({"@context": "https://openvex.dev/ns"}), "`statements`"),
        (json!([]), "`@context`"),
    ] {
        let error = vex::read(text.to_string().as_bytes()).expect_err("no VEX").to_string();
        assert!(error.contains(word), "{error}");
    }
    let impact = statement(json!({"status": "not_affected", "impact_statement": "not reachable"}));
    assert!(vex::read(impact.to_string().as_bytes()).is_ok());
}

/// What excuses a part of one product excuses nothing in another.
#[test]
fn keeps_the_parts_of_each_product_apart() {
    let products = json!([{"@id": "pkg:oci/app", "subcomponents": [{"@id": "pkg:npm/a@1"}]}, {"@id": "pkg:oci/other",
        "identifiers": {"purl": "pkg:oci/else"}, "subcomponents": [{"@id": "pkg:npm/b@1"}]}, {"@id": "pkg:oci/whole"}]);
    let told = |text: Value| {
        let reading = vex::read(text.to_string().as_bytes()).expect("VEX");
        Value::Object(reading.to_json())["statements"][0]["products"].clone()
    };
    let part = |id: &str, part: &str| json!({"id": id, "subcomponents": [part]});
    assert_eq!(
        told(statement(json!({"products": products}))),
        json!([part("pkg:oci/app", "pkg:npm/a@1"), part("pkg:oci/other", "pkg:npm/b@1"), part("pkg:oci/else", "pkg:npm/b@1"),
            {"id": "pkg:oci/whole", "subcomponents": []}])
    );
    let old = statement(json!({"products": ["pkg:oci/app", "pkg:oci/other"], "subcomponents": ["pkg:npm/a"]}));
    assert_eq!(told(old), json!([part("pkg:oci/app", "pkg:npm/a"), part("pkg:oci/other", "pkg:npm/a")]));
    let parts: Vec<String> = (0..400).map(|part| format!("pkg:npm/{part}")).collect();
    let many = statement(json!({"products": ["pkg:oci/a", "pkg:oci/b", "pkg:oci/c"], "subcomponents": parts}));
    assert!(vex::read(many.to_string().as_bytes()).expect_err("too many").to_string().contains("too many products"));
}
