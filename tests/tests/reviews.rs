//! Every recorded AdmissionReview is judged; a CREATE is judged as the object that it carries.

use std::path::Path;

use portcullis_tests::{Folder, corpora, files, portcullis, root};
use serde_json::{Value, json};

fn policy_set(name: &str) -> String {
    root().join("policies").join(name).display().to_string()
}

/// What a finding says, without where it stands.
fn findings(report: &Value) -> Vec<Value> {
    let decisions = report["decisions"].as_array().cloned().unwrap_or_default();
    let findings = decisions.iter().flat_map(|decision| decision["findings"].as_array().cloned().unwrap_or_default());
    let bare = |finding: Value| {
        json!([finding["policy"], finding["rule"], finding["effect"], finding["message"], finding["pointer"]])
    };
    findings.map(bare).collect()
}

#[test]
fn judges_every_captured_review_without_error() {
    let Some(folder) = corpora("admission-reviews/captured-1.36") else { return };
    let answer = portcullis(&folder, &["check", "--format", "json", "."]);
    let report = answer.json();
    assert_eq!(report["errors"], json!([]), "no input error");
    let decisions = report["decisions"].as_array().expect("decisions");
    assert!(decisions.len() >= 113, "{} decisions", decisions.len());
    for decision in decisions {
        assert_eq!(decision["errors"], json!([]), "{}", decision["subject"]);
        assert_eq!(decision["judged"], json!(true), "{}", decision["subject"]);
    }
    println!("judged {} captured reviews", decisions.len());
}

#[test]
fn gives_clear_errors_for_broken_reviews_and_judges_the_rest() {
    // A58
    let Some(folder) = corpora("admission-reviews/connaisseur") else { return };
    let mut broken = Vec::new();
    let all = files(&folder, "json");
    assert!(all.len() >= 20, "{} files", all.len());
    for path in &all {
        let answer = portcullis(&folder, &["check", "--format", "json", &path.display().to_string()]);
        if answer.status == 2 {
            let report = answer.json();
            let message = report["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
            assert!(!message.is_empty(), "{}: {answer:?}", path.display());
            broken.push(path.file_name().expect("a name").to_string_lossy()[..2].to_owned());
        }
    }
    assert_eq!(broken, ["25", "26"], "the null, and the request with nothing in it");
    // The third that is broken on purpose carries a text in place of an old object. A CREATE has none, so it is judged, and
    // the oddity is told.
    let odd = portcullis(&folder, &["check", "--format", "json", "04_cronjob.json"]).json();
    assert!(odd["decisions"][0]["errors"].to_string().contains("oldObject"), "{odd}");
}

#[test]
fn finds_in_a_create_review_what_it_finds_in_its_object() {
    let Some(folder) = corpora("admission-reviews/captured-1.36") else { return };
    let work = Folder::new("parity");
    let sets = [policy_set("compliance.yaml"), policy_set("sandbox.yaml")];
    let mut compared = 0;
    for path in files(&folder, "json") {
        let text = std::fs::read_to_string(&path).expect("a review");
        let review: Value = serde_json::from_str(&text).expect("JSON");
        let request = &review["request"];
        let whole = request["operation"] == "CREATE"
            && request["subResource"].is_null()
            && request["object"]["kind"].is_string();
        if !whole {
            continue;
        }
        let object = work.write("object.json", request["object"].to_string());
        for set in &sets {
            let judge = |path: &Path| {
                let path = path.display().to_string();
                portcullis(work.path(), &["check", "--mode", "compliance", "--format", "json", "-p", set, &path]).json()
            };
            let (from_review, from_object) = (judge(&path), judge(&object));
            assert_eq!(findings(&from_review), findings(&from_object), "{} under {set}", path.display());
            compared += 1;
        }
    }
    assert!(compared >= 60, "{compared} compared");
    println!("compared {compared} reviews with their objects");
}

#[test]
fn shows_no_value_of_a_secret_in_any_format() {
    // Corpus review 028 is a Secret whose value says that it must not be logged.
    let Some(folder) = corpora("admission-reviews/captured-1.36") else { return };
    let secret =
        files(&folder, "json").into_iter().find(|path| path.display().to_string().contains("028-")).expect("028");
    let text = std::fs::read_to_string(&secret).expect("a review");
    let review: Value = serde_json::from_str(&text).expect("JSON");
    let values: Vec<String> = review["request"]["object"]["data"]
        .as_object()
        .expect("data")
        .values()
        .map(|value| value.as_str().expect("a text").to_owned())
        .collect();
    assert!(!values.is_empty());
    for format in ["human", "json", "sarif"] {
        let answer = portcullis(&folder, &["check", "--format", format, &secret.display().to_string()]);
        for value in &values {
            assert!(!answer.out.contains(value) && !answer.err.contains(value), "{format} shows the Secret");
        }
    }
}
