//! The attack list A01 to A63 as far as it concerns a pipeline: each case through the real binary, its id in the name.

#![expect(clippy::panic, reason = "a test that cannot read the answer has failed")]

#[path = "attacks/evidence.rs"]
mod evidence;
#[path = "attacks/requests.rs"]
mod requests;
#[path = "attacks/shapes.rs"]
mod shapes;
#[path = "attacks/strings.rs"]
mod strings;
#[path = "attacks/table.rs"]
mod table;

use portcullis_tests::{Answer, Folder, portcullis};
use serde_json::{Value, json};

/// A digest that nothing has.
const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// An image that the default set allows.
fn pinned() -> String {
    format!("registry.example/team/app:1.4@{DIGEST}")
}

/// A container that the default set allows.
fn clean(name: &str) -> Value {
    json!({"name": name, "image": pinned(), "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}})
}

/// A container with an image that somebody can move under it.
fn tagged(name: &str) -> Value {
    let mut container = clean(name);
    container["image"] = json!("registry.example/team/app:1.4");
    container
}

/// A Pod with this spec.
fn pod(spec: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}, "spec": spec})
}

/// A policy set of the policies that stand between these braces.
fn set(policies: &str) -> String {
    format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: mine}}\nspec:\n  policies:\n{policies}\n"
    )
}

/// Judges one text by the default set, or by another one, in compliance.
fn judge_by(set: Option<&str>, text: &str, more: &[&str]) -> Answer {
    let folder = Folder::new("attack");
    let mut arguments = vec!["check", "--no-config", "-m", "compliance", "-f", "json"];
    if let Some(set) = set {
        folder.write("set.yaml", set);
        arguments.extend(["-p", "set.yaml"]);
    }
    arguments.extend(more);
    folder.write("input.yaml", text);
    arguments.push("input.yaml");
    portcullis(folder.path(), &arguments)
}

fn judge(object: &Value) -> Answer {
    judge_by(None, &object.to_string(), &[])
}

/// The codes and places of what denies, and that nothing went wrong.
fn denied(answer: &Answer) -> Vec<String> {
    let report = answer.json();
    let decisions = report["decisions"].as_array().unwrap_or_else(|| panic!("no decisions: {answer:?}"));
    let findings = decisions.iter().flat_map(|decision| decision["findings"].as_array().into_iter().flatten());
    let denying = findings.filter(|finding| finding["effect"] == "deny");
    let told = |finding: &Value| {
        format!("{} {}", finding["rule"].as_str().unwrap_or_default(), finding["pointer"].as_str().unwrap_or_default())
    };
    let denied: Vec<String> = denying.map(told).collect();
    assert_eq!(answer.status, i32::from(!denied.is_empty()), "{answer:?}");
    denied
}

/// The ids of all decisions.
fn ids(answer: &Answer) -> Vec<String> {
    let report = answer.json();
    let ids: Vec<String> = report["decisions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["id"].as_str().map(str::to_owned))
        .collect();
    assert!(!ids.is_empty(), "{answer:?}");
    ids
}

/// What a person is told where nothing could be judged.
fn refused(answer: &Answer) -> String {
    assert_eq!(answer.status, 2, "{answer:?}");
    let report = answer.json();
    let of_decisions =
        report["decisions"].as_array().into_iter().flatten().map(|decision| decision["errors"].to_string());
    of_decisions.chain([report["errors"].to_string()]).collect()
}

/// An AdmissionReview about a Pod.
fn review(operation: &str, subresource: &str, object: &Value, old: &Value) -> Value {
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "a", "operation": operation, "name": "web", "namespace": "shop", "subResource": subresource,
        "kind": {"group": "", "version": "v1", "kind": object["kind"].as_str().unwrap_or("Pod")},
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "userInfo": {"username": "mallory", "groups": ["system:authenticated"]},
        "object": object, "oldObject": old,
    }})
}
