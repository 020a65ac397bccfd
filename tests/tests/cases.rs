//! Every case of every plugin through the door, on the built component: the same findings as natively, at the same places.

use std::collections::BTreeSet;

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::{NodeId, Source, format_time};
use portcullis_sdk::testing::Case;
use portcullis_tests::{Folder, code, files, portcullis, root};
use serde_json::{Value, json};

/// A policy set with one policy, for everything that a case can be.
fn set(plugin: &str, case: &Case) -> String {
    let matches = match &case.document {
        Some(path) => format!("{{documents: [{{paths: [\"{path}\"]}}]}}"),
        None => {
            "{resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*']}]}".into()
        }
    };
    format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: case}}\nspec:\n  trust: {}\n  policies:\n  - name: case\n    plugin: {{builtin: {plugin}}}\n    match: {matches}\n    grants: {}\n    settings: {}\n",
        trusts(case),
        kinds(case),
        case.settings
    )
}

/// The kinds of fact that a case records, each once: they are what its policy grants.
fn kinds(case: &Case) -> Value {
    json!(said(case, &|fact| &fact["kind"]))
}

/// The trusts that the questions of a case name. Whom they trust does not matter to what is recorded.
fn trusts(case: &Case) -> Value {
    let names = said(case, &|fact| &fact["arguments"]["trust"]);
    // Which keys a directory holds is known only when it is read, so that a case may name any.
    let keys = root().join("tests/tests/signed");
    names
        .iter()
        .map(|name| json!({"name": name, "root": {"builtin": "sigstore"}, "keys": [{"directory": keys}]}))
        .collect()
}

fn said(case: &Case, of: &dyn Fn(&Value) -> &Value) -> BTreeSet<String> {
    let facts: Value = serde_json::from_str(&case.facts).expect("JSON");
    let texts = facts.as_array().into_iter().flatten().filter_map(|fact| of(fact).as_str().map(str::to_owned));
    texts.collect()
}

/// The case as an AdmissionReview, where its head says what kind of request it is.
fn as_review(case: &Case) -> Value {
    let documents = read_yaml(&Source::new(&*case.name, &*case.text), &ReadLimits::default()).expect("a case is YAML");
    let object: Value = serde_json::from_str(&documents[0].to_json(NodeId::ROOT)).expect("JSON");
    let [operation, resource, subresource] = &case.request;
    // A case that only says who asks is about something new.
    let operation = if operation.is_empty() { "CREATE" } else { operation };
    let plural = format!("{}s", object["kind"].as_str().unwrap_or_default().to_lowercase());
    let resource = if resource.is_empty() { &plural } else { resource };
    let (group, version) = object["apiVersion"].as_str().and_then(|v| v.split_once('/')).unwrap_or(("", "v1"));
    let user = if case.user.is_empty() { json!({}) } else { json!({"username": case.user}) };
    let old = if operation == "UPDATE" { object.clone() } else { Value::Null };
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "operation": operation, "subResource": subresource, "namespace": "cases", "name": "case", "userInfo": user,
        "kind": {"group": group, "version": version, "kind": object["kind"]},
        "resource": {"group": group, "version": version, "resource": resource},
        "object": object, "oldObject": old}})
}

#[test]
fn finds_with_every_built_in_component_what_every_case_draws() {
    let mut judged = 0;
    for plugin in ["resource-limits", "image-reference", "pod-security", "signature", "sbom", "sast", "cel"] {
        let cases = files(&root().join("plugins").join(plugin).join("cases"), "yaml");
        assert!(cases.len() >= 6, "{plugin} has {} cases", cases.len());
        for path in cases {
            let text = std::fs::read_to_string(&path).expect("a case");
            let case = Case::parse(&path.display().to_string(), &text).expect("a case that can be read");
            let folder = Folder::new("case");
            folder.write("set.yaml", set(plugin, &case));
            let request = case.request.iter().chain([&case.user]).any(|word| !word.is_empty());
            let file = match (&case.document, request) {
                (Some(path), _) => path.clone(),
                (None, true) => "review.json".into(),
                (None, false) => "case.yaml".into(),
            };
            folder.write(&file, if request { as_review(&case).to_string() } else { text.clone() });
            let mode = case.mode.as_str();
            let facts = format!("apiVersion: portcullis.dev/v1alpha1\nkind: RecordedFacts\nfacts: {}\n", case.facts);
            folder.write("facts.yaml", facts);
            let time = case.time.map(format_time);
            let time: Vec<&str> = time.iter().flat_map(|time| ["--time", time]).collect();
            let options = ["check", "-f", "json", "-m", mode, "-p", "set.yaml", "--facts", "facts.yaml", &file];
            let answer = portcullis(folder.path(), &[&options[..], &time].concat());
            let report = answer.json();
            assert_eq!(report["errors"], json!([]), "{}", path.display());
            let decisions = report["decisions"].as_array().cloned().unwrap_or_default();
            let findings =
                decisions.iter().flat_map(|decision| decision["findings"].as_array().cloned().unwrap_or_default());
            let mut seen: Vec<Value> = findings
                .map(|finding| {
                    let place = &finding["source"];
                    let place = if request { json!(null) } else { json!([place["line"], place["column"]]) };
                    json!([place, code(&finding), finding["message"]])
                })
                .collect();
            let mut expected: Vec<Value> = case
                .findings
                .iter()
                .map(|finding| {
                    let place = if request { json!(null) } else { json!([finding.line, finding.column]) };
                    json!([place, finding.code, finding.message])
                })
                .collect();
            seen.sort_by_key(Value::to_string);
            expected.sort_by_key(Value::to_string);
            assert_eq!(seen, expected, "{}", path.display());
            judged += 1;
        }
    }
    println!("judged {judged} cases");
}
