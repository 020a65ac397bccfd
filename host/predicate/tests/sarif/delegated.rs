//! Verdicts of others: what each predicate type says, and what it may not leave out.

use portcullis_predicate::delegated::{self, Kind, Reading, SVR, TEST_RESULT, VSA};
use serde_json::{Value, json};

fn read(predicate_type: &str, predicate: &Value) -> Result<Reading, String> {
    delegated::read(predicate_type, predicate.to_string().as_bytes()).map_err(|error| error.to_string())
}

fn test_result() -> Value {
    json!({"result": "PASSED", "configuration": [{"name": ".github/workflows/sast.yml", "downloadLocation":
        "https://example.org/sast.yml", "digest": {"gitBlob": "ebe4"}}], "passedTests": ["sast"], "failedTests": []})
}

fn vsa() -> Value {
    json!({"verifier": {"id": "https://example.org/verifier"}, "timeVerified": "2026-11-22T12:00:00Z", "resourceUri": "pkg:oci/app",
        "policy": {"uri": "https://example.org/policy", "digest": {"sha256": "00"}}, "verificationResult": "PASSED",
        "verifiedLevels": ["SLSA_BUILD_LEVEL_2", "SAST_PASSED"]})
}

fn svr() -> Value {
    json!({"verifier": {"id": "https://example.org/verifier/v2", "policies": [{"uri": "https://example.org/policy"}]},
        "timeCreated": "2026-11-22T12:00:00Z", "properties": ["ORG_SOURCE_STATIC_ANALYSIS"]})
}

#[test]
fn reads_the_verdicts_of_others() {
    let reading = read(TEST_RESULT, &test_result()).expect("a test result");
    assert_eq!(
        (reading.kind, reading.passed, reading.result.as_deref()),
        (Kind::TestResult, Some(true), Some("PASSED"))
    );
    assert_eq!(reading.configurations, ["https://example.org/sast.yml"]);

    let reading = read(VSA, &vsa()).expect("a summary");
    assert_eq!((reading.kind, reading.passed), (Kind::Vsa, Some(true)));
    assert_eq!(reading.verifier.as_deref(), Some("https://example.org/verifier"));
    assert_eq!(reading.levels, ["SLSA_BUILD_LEVEL_2", "SAST_PASSED"]);
    assert_eq!(reading.time_seconds, Some(1_795_348_800));

    for predicate_type in SVR {
        let reading = read(predicate_type, &svr()).expect("a result");
        assert_eq!((reading.kind, reading.passed), (Kind::Svr, Some(true)));
        assert_eq!(reading.properties, ["ORG_SOURCE_STATIC_ANALYSIS"]);
        assert_eq!(reading.configurations, ["https://example.org/policy"]);
    }
    let mut none = svr();
    none["properties"] = json!([]);
    assert_eq!(read(SVR[1], &none).expect("a result").passed, None, "nothing was verified");
    let members = read(VSA, &vsa()).expect("a summary").to_json();
    let names: Vec<&str> = members.keys().map(String::as_str).collect();
    let expected = ["configurations", "kind", "levels", "passed", "properties", "result", "timeSeconds", "verifier"];
    assert_eq!(names, expected);
}

#[test]
fn takes_no_verdict_for_passed_that_says_otherwise_somewhere() {
    for (member, value, passed) in [
        ("result", json!("FAILED"), Some(false)),
        ("result", json!("WARNED"), None),
        ("failedTests", json!(["sast"]), Some(false)),
        ("warnedTests", json!(["sast"]), None),
    ] {
        let mut predicate = test_result();
        predicate[member] = value;
        assert_eq!(read(TEST_RESULT, &predicate).expect("a test result").passed, passed, "{member}");
    }
    for (member, value) in [("verificationResult", json!("FAILED")), ("verifiedLevels", json!(["FAILED"]))] {
        let mut predicate = vsa();
        predicate[member] = value;
        assert_eq!(read(VSA, &predicate).expect("a summary").passed, Some(false), "{member}");
    }
}

#[test]
fn refuses_verdicts_that_leave_out_what_they_must_say() {
    for (predicate_type, whole, member, value, words) in [
        (TEST_RESULT, test_result(), "result", json!(null), "at `/result`: a text is wanted"),
        (TEST_RESULT, test_result(), "result", json!("passed"), "at `/result`: `passed` is no verdict"),
        (TEST_RESULT, test_result(), "configuration", json!("x"), "at `/configuration`: a list is wanted"),
        (VSA, vsa(), "verificationResult", json!("WARNED"), "at `/verificationResult`: `WARNED` is no verdict"),
        (VSA, vsa(), "verifier", json!({}), "at `/verifier`: `id` is missing"),
        (VSA, vsa(), "verifiedLevels", json!([1]), "at `/verifiedLevels/0`: a text is wanted"),
        (VSA, vsa(), "timeVerified", json!("yesterday"), "at `/timeVerified`: a time such as"),
        (SVR[1], svr(), "properties", json!({}), "at `/properties`: a list is wanted"),
        (SVR[0], svr(), "timeCreated", json!("2026"), "at `/timeCreated`: a time such as"),
        (SVR[0], svr(), "properties", json!(vec!["x"; 201]), "at `/properties`: it has more than 200 elements"),
        ("https://example.org/verdict", svr(), "x", json!(1), "`https://example.org/verdict` is no predicate type"),
    ] {
        let mut predicate = whole;
        predicate[member] = value;
        let error = read(predicate_type, &predicate).expect_err(member);
        assert!(error.starts_with(words), "{error}");
    }
    for member in ["result", "configuration"] {
        let mut predicate = test_result();
        predicate.as_object_mut().expect("a map").remove(member);
        assert_eq!(read(TEST_RESULT, &predicate), Err(format!("`{member}` is missing")));
    }
    assert_eq!(read(VSA, &json!([])).expect_err("a list"), "the predicate of a verdict is a JSON object");
}
