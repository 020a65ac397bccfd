//! Updates of objects that broke a rule before: what is new denies, what was there has its declared effect.

use portcullis_tests::{Answer, Folder, portcullis};
use serde_json::{Value, json};

const LIMITS: &str =
    "{name: limits, plugin: {builtin: resource-limits}, settings: {requireLimits: true, cpu: {max: '1'}}";

fn workload(kind: &str, replicas: u32, containers: &Value, owner: Option<&str>) -> Value {
    let owners = owner.map(
        |name| json!([{"apiVersion": "apps/v1", "kind": "Deployment", "name": name, "uid": "1", "controller": true}]),
    );
    json!({
        "apiVersion": "apps/v1", "kind": kind,
        "metadata": {"name": "web", "namespace": "shop", "ownerReferences": owners},
        "spec": {"replicas": replicas, "template": {"spec": {"containers": containers}}},
    })
}

fn update(old: &Value, new: &Value) -> Value {
    let kind = new["kind"].as_str().expect("a kind");
    json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "operation": "UPDATE", "name": "web", "namespace": "shop",
        "kind": {"group": "apps", "version": "v1", "kind": kind},
        "resource": {"group": "apps", "version": "v1", "resource": format!("{}s", kind.to_lowercase())},
        "userInfo": {"username": "system:serviceaccount:kube-system:deployment-controller"},
        "object": new, "oldObject": old,
    }})
}

fn judge(more: &str, old: &Value, new: &Value) -> Answer {
    let folder = Folder::new("existing");
    let set = "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: mine}\nspec:\n  policies:\n";
    folder.write("set.yaml", format!("{set}  - {LIMITS}{more}}}\n"));
    folder.write("review.json", update(old, new).to_string());
    portcullis(folder.path(), &["check", "--mode", "compliance", "-f", "json", "-p", "set.yaml", "review.json"])
}

/// Each finding's rule, effect, and whether it was there before.
fn effects(answer: &Answer) -> Vec<(String, String, bool)> {
    let report = answer.json();
    let findings = report["decisions"][0]["findings"].as_array().expect("findings").clone();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    findings
        .iter()
        .map(|finding| (text(&finding["rule"]), text(&finding["effect"]), finding["existing"] == json!(true)))
        .collect()
}

fn unlimited() -> Value {
    json!([{"name": "a", "image": "nginx"}])
}

fn too_much(cpu: &str) -> Value {
    json!([{"name": "a", "image": "nginx", "resources": {"limits": {"cpu": cpu, "memory": "1Gi"}}}])
}

#[test]
fn lets_a_controller_wind_down_what_broke_a_rule_before() {
    let set = |replicas, containers: &Value| workload("ReplicaSet", replicas, containers, Some("web"));
    let answer = judge("", &set(3, &unlimited()), &set(0, &unlimited()));
    assert_eq!(answer.status, 0, "{answer:?}");
    let effects = effects(&answer);
    assert!(
        !effects.is_empty() && effects.iter().all(|(_, effect, existing)| effect == "warn" && *existing),
        "{effects:?}"
    );
    let limited = json!([{"name": "a", "image": "nginx", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}]);
    let totals = |old, new| {
        let settings = ", settingsByMode: {compliance: {totals: {replicas: 5}}}";
        judge(settings, &set(old, &limited), &set(new, &limited)).status
    };
    assert_eq!((totals(10, 8), totals(10, 0)), (0, 0), "fewer Pods, step by step");
    assert_eq!((totals(10, 11), totals(5, 6)), (1, 1), "more Pods");
    assert_eq!(judge("", &set(3, &unlimited()), &set(4, &unlimited())).status, 1, "more of it");
    assert_eq!(judge("", &set(3, &too_much("2")), &set(0, &too_much("4"))).status, 1, "another template");
}

#[test]
fn denies_what_was_wrong_before_unless_the_policy_says_otherwise() {
    let web = |replicas, containers: &Value| workload("Deployment", replicas, containers, None);
    let (old, new) = (web(3, &too_much("2")), web(2, &too_much("2")));
    let strict = judge("", &old, &new);
    assert_eq!((strict.status, effects(&strict)), (1, vec![("cpu-limit-max".into(), "deny".into(), false)]));
    for word in ["warn", "audit"] {
        let mild = judge(&format!(", onExisting: {{compliance: {word}}}"), &old, &new);
        assert_eq!((mild.status, effects(&mild)), (0, vec![("cpu-limit-max".into(), word.into(), true)]), "{word}");
    }
    let other = judge(", onExisting: {sandbox: warn}", &old, &new);
    assert_eq!(other.status, 1, "the other mode");
}

#[test]
fn denies_what_an_update_makes_worse_or_brings_in() {
    let web = |containers: &Value| workload("Deployment", 3, containers, None);
    let two = |second: &str| json!([too_much("2")[0], {"name": "b", "image": "nginx", "resources": {"limits": {"cpu": second, "memory": "1Gi"}}}]);
    for (why, old, new) in [
        ("a larger value", too_much("2"), too_much("4")),
        ("a smaller value that is still too large", too_much("4"), too_much("2")),
        ("a second container", too_much("2"), two("2")),
        ("something else that is wrong", too_much("2"), unlimited()),
        ("what was right before", too_much("1"), too_much("2")),
    ] {
        let answer = judge(", onExisting: {compliance: warn}", &web(&old), &web(&new));
        assert_eq!(answer.status, 1, "{why}: {answer:?}");
    }
    let answer = judge(", onExisting: {compliance: warn}", &web(&two("2")), &web(&two("1")));
    assert_eq!((answer.status, effects(&answer).len()), (0, 1), "one of two mended: {answer:?}");
}

#[test]
fn keeps_denying_what_it_cannot_compare() {
    // The policy did not face the object before: the update itself puts it under the rule.
    let labelled = |label: Option<&str>| {
        let mut web = workload("Deployment", 3, &too_much("2"), None);
        web["metadata"]["labels"] = json!({"limits": label});
        web
    };
    let chosen = ", onExisting: {compliance: warn}, match: {objectSelector: {matchLabels: {limits: enforced}},
        matchConditions: [{name: now, expression: 'object.metadata.labels.limits == \"enforced\"'}]}";
    let entering = judge(chosen, &labelled(Some("later")), &labelled(Some("enforced")));
    assert_eq!(entering.status, 1, "{entering:?}");
    let staying = judge(chosen, &labelled(Some("enforced")), &labelled(Some("enforced")));
    assert_eq!(staying.status, 0, "{staying:?}");
    // A CREATE has nothing before it, whatever it carries.
    let mut review = update(&labelled(None), &labelled(None));
    review["request"]["operation"] = json!("CREATE");
    let folder = Folder::new("existing-create");
    folder.write("set.yaml", format!("apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: mine}}\nspec:\n  policies:\n  - {LIMITS}, onExisting: {{compliance: warn}}}}\n"));
    folder.write("review.json", review.to_string());
    let created = portcullis(folder.path(), &["check", "--mode", "compliance", "-p", "set.yaml", "review.json"]);
    assert_eq!(created.status, 1, "{created:?}");
}
