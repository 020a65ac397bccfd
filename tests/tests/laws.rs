//! Laws of sets, over every subset of a few policies in several orders: nothing that is added, turned or broken ever allows.

use std::collections::{BTreeMap, BTreeSet};

use portcullis_tests::{Folder, portcullis};
use serde_json::{Value, json};

/// What denies, what only speaks, and what cannot judge because nobody knows the labels of the namespace.
const POLICIES: [&str; 6] = [
    "{name: limits, plugin: {builtin: resource-limits}, settings: {cpu: {max: '1'}}}",
    "{name: limits-told, plugin: {builtin: resource-limits}, settings: {requireLimits: true}, effect: {compliance: warn}}",
    "{name: images, plugin: {builtin: image-reference}, settings: {requireDigest: true}}",
    "{name: images-tried, plugin: {builtin: image-reference}, settings: {forbiddenTags: [latest]}, effect: {compliance: shadow}}",
    "{name: unknown, plugin: {builtin: image-reference}, settings: {requireDigest: true}, match: {namespaceSelector: {matchLabels: {env: prod}}}}",
    "{name: unknown-told, plugin: {builtin: image-reference}, settings: {requireDigest: true}, match: {namespaceSelector: {matchLabels: {env: prod}}}, onError: {compliance: warn}}",
];
/// The policy that cannot judge and denies.
const UNKNOWN: usize = 4;
const ORDERS: [&str; 3] = ["forth", "back", "turned"];

/// The name of the set of these policies (bits) in an order.
fn name(subset: usize, order: &str, fast: bool) -> String {
    format!("{order}-{}-{subset}", if fast { "fast" } else { "all" })
}

fn set(subset: usize, order: &str, fast: bool) -> String {
    let mut policies: Vec<&str> =
        POLICIES.iter().enumerate().filter(|(at, _)| subset >> at & 1 == 1).map(|(_, policy)| *policy).collect();
    match order {
        "back" => policies.reverse(),
        "turned" => {
            let half = policies.len() / 2;
            policies.rotate_left(half);
        }
        _ => {}
    }
    format!(
        "{{apiVersion: portcullis.dev/v1alpha1, kind: PolicySet, metadata: {{name: {}}}, spec: {{failFast: {{compliance: {fast}}}, policies: [{}]}}}}\n",
        name(subset, order, fast),
        policies.join(", ")
    )
}

/// Pods that break nothing, one rule, the other, or both.
fn pods(folder: &Folder) {
    let digest = "a".repeat(64);
    for (name, cpu, image) in [
        ("clean", "1", format!("nginx@sha256:{digest}")),
        ("large", "2", format!("nginx@sha256:{digest}")),
        ("moving", "1", "nginx:latest".to_owned()),
        ("both", "2", "nginx".to_owned()),
        ("odd", "x", "::".to_owned()),
    ] {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop"},
            "spec": {"containers": [{"name": "a", "image": image, "resources": {"limits": {"cpu": cpu}}}]}});
        folder.write(&format!("pods/{name}.json"), pod.to_string());
    }
}

fn judge(folder: &Folder, sets: &[&str]) -> (i32, BTreeMap<(String, String), Value>) {
    let sets = sets.iter().flat_map(|set| ["-p", set]);
    let arguments: Vec<&str> =
        ["check", "--no-config", "-m", "compliance", "-f", "json"].into_iter().chain(sets).chain(["pods"]).collect();
    let answer = portcullis(folder.path(), &arguments);
    let report = answer.json();
    let key = |decision: &Value| {
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        (text(&decision["policySet"]), text(&decision["subject"]["name"]))
    };
    let decisions = report["decisions"].as_array().expect("decisions");
    (answer.status, decisions.iter().map(|decision| (key(decision), decision.clone())).collect())
}

fn denies(decision: &Value) -> bool {
    decision["verdict"] == "deny"
}

/// What was found, in no order.
fn found(decision: &Value) -> BTreeSet<String> {
    let bare = |finding: &Value| {
        format!("{} {} {} {}", finding["policy"], finding["rule"], finding["effect"], finding["pointer"])
    };
    decision["findings"].as_array().expect("findings").iter().map(bare).collect()
}

#[test]
fn never_allows_by_one_more_policy_another_order_or_an_error() {
    let folder = Folder::new("laws");
    pods(&folder);
    for subset in 0..1 << POLICIES.len() {
        for (order, fast) in ORDERS.iter().flat_map(|order| [(order, false), (order, true)]) {
            folder.write(&format!("sets/{}.yaml", name(subset, order, fast)), set(subset, order, fast));
        }
    }
    let (status, decisions) = judge(&folder, &["sets"]);
    assert_eq!((status, decisions.len()), (2, (1 << POLICIES.len()) * 6 * 5));
    let mut compared = 0;
    for subset in 0..1 << POLICIES.len() {
        for pod in ["clean", "large", "moving", "both", "odd"] {
            let of = |subset, order, fast| &decisions[&(name(subset, order, fast), pod.to_owned())];
            let first = of(subset, "forth", false);
            for (order, fast) in ORDERS.iter().flat_map(|order| [(order, false), (order, true)]) {
                let decision = of(subset, order, fast);
                assert_eq!(denies(decision), denies(first), "{pod}: {order}, failFast {fast}: {decision}");
                assert!(fast || found(decision) == found(first), "{pod}: {order}: {decision}");
                assert!(found(decision).is_subset(&found(first)), "{pod}: {order}, failFast {fast}: {decision}");
                compared += 1;
            }
            // One policy more.
            for more in (0..POLICIES.len()).filter(|more| subset >> more & 1 == 0) {
                let after = of(subset | 1 << more, "forth", false);
                assert!(!denies(first) || denies(after), "{pod}: {} lets it in: {after}", POLICIES[more]);
                assert!(found(first).is_subset(&found(after)), "{pod}: {} hides a finding: {after}", POLICIES[more]);
            }
            // An error that denies outweighs whatever else was found, and is no judgement.
            if subset >> UNKNOWN & 1 == 1 {
                assert!(denies(first) && first["judged"] == json!(false), "{first}");
            }
        }
    }
    println!("compared {compared} decisions of {} policies in every subset", POLICIES.len());
}

#[test]
fn never_allows_by_one_more_set_and_judges_by_each_as_if_alone() {
    let folder = Folder::new("laws-sets");
    pods(&folder);
    // What speaks only, what denies, what cannot judge.
    let subsets = [0b001010, 0b000001, 0b000100, 0b010000];
    for subset in subsets {
        folder.write(&format!("{subset}.yaml"), set(subset, "forth", false));
    }
    let file = |subset: usize| format!("{subset}.yaml");
    let alone: Vec<_> = subsets.iter().map(|subset| judge(&folder, &[&file(*subset)])).collect();
    for (at, one) in subsets.iter().enumerate() {
        for (with, other) in subsets.iter().enumerate().filter(|(with, _)| *with != at) {
            let (status, both) = judge(&folder, &[&file(*one), &file(*other)]);
            assert_eq!(status, alone[at].0.max(alone[with].0), "the worse of both counts");
            for (key, decision) in alone[at].1.iter().chain(&alone[with].1) {
                assert_eq!(both[key]["id"], decision["id"], "{key:?} beside another set");
            }
        }
    }
    assert_eq!(alone.iter().map(|(status, _)| *status).collect::<Vec<_>>(), [0, 1, 1, 2]);
}
