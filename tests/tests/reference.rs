//! What the references say is true: examples load, the sets that ship judge as they say, and every metric has its row.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::Source;
use portcullis_policies::RateLimits;
use portcullis_tests::{Folder, code, portcullis, root};
use serde_json::Value;

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop}\nspec:\n  containers: [{name: a, image: nginx}]\n";

fn blocks(text: &str) -> Vec<String> {
    text.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()).map(str::to_owned).collect()
}

#[test]
fn loads_every_example_of_the_reference() {
    let text = std::fs::read_to_string(root().join("policies/README.md")).expect("the reference");
    let blocks = blocks(&text);
    assert!(blocks.len() >= 5, "{} examples", blocks.len());
    let folder = Folder::new("reference");
    folder.write("pod.yaml", POD);
    folder.write("mine.yaml", &blocks[0]);
    // What the example of registries names.
    let authority = rcgen::generate_simple_self_signed(["registry.example".to_owned()]).expect("a certificate");
    folder.write("ca.crt", authority.cert.pem());
    folder.write("config.json", "{}");
    folder.write("pull-secret/.dockerconfigjson", r#"{"auths": {}}"#);
    for block in &blocks {
        folder.write("block.yaml", block);
        let kind = block.lines().find_map(|line| line.strip_prefix("kind: ")).unwrap_or_default();
        if kind == "RateLimits" {
            assert_eq!(rate_limits(block).names().collect::<Vec<_>>(), ["bronze", "daily"]);
            continue;
        }
        let arguments: &[&str] = match kind {
            "PolicySet" => &["-p", "block.yaml", "pod.yaml"],
            "Waiver" => &["-p", "mine.yaml", "--waivers", "block.yaml", "pod.yaml"],
            "Baseline" => &["--baseline", "block.yaml", "pod.yaml"],
            "RecordedFacts" => &["--facts", "block.yaml", "pod.yaml"],
            "Registries" => &["--registries", "block.yaml", "pod.yaml"],
            "CheckConfig" => &["--config", "block.yaml"],
            "RecordedReview" => &["block.yaml"],
            other => unreachable!("an example of kind `{other}`"),
        };
        let answer = portcullis(folder.path(), &[&["check", "-f", "json", "-m", "sandbox"], arguments].concat());
        assert_eq!((answer.status, answer.err.as_str()), (0, ""), "{block}\n{answer:?}");
    }
}

fn rate_limits(text: &str) -> RateLimits {
    let document = read_yaml(&Source::new("rates.yaml", text), &ReadLimits::default()).expect("YAML").remove(0);
    RateLimits::parse(&document).unwrap_or_else(|complaints| unreachable!("{}", complaints[0]))
}

#[test]
fn ships_three_tiers_of_rates_that_limit_nobody_who_names_none() {
    let text = std::fs::read_to_string(root().join("policies/rate-limits.yaml")).expect("the tiers");
    let limits = rate_limits(&text);
    assert_eq!(limits.tier(None), None);
    let of = |name: &str| {
        let labels = BTreeMap::from([(limits.namespace_label.clone(), name.to_owned())]);
        let tier = limits.tier(Some(&labels)).expect("a tier");
        (tier.per_minute.map(NonZeroU32::get), tier.per_day.map(NonZeroU32::get), tier.burst.get())
    };
    assert_eq!(of("bronze"), (Some(60), Some(1_000), 100));
    assert_eq!(of("silver"), (Some(300), Some(10_000), 500));
    assert_eq!(of("gold"), (Some(1_000), Some(100_000), 2_000));
}

#[test]
fn says_of_every_metric_what_it_is() {
    let page = std::fs::read_to_string(root().join("docs/webhook.md")).expect("the page of the webhook");
    let folder = root().join("host/webhook/src/metrics");
    let mut metrics = 0;
    for file in ["names.rs", "policy_sets.rs", "process.rs"] {
        let text = std::fs::read_to_string(folder.join(file)).expect("names");
        let is_ours = |word: &&str| word.starts_with("portcullis_") || word.starts_with("process_");
        for name in text.split('"').filter(is_ours) {
            metrics += 1;
            let row = |line: &str| line.starts_with("| `p") && line.contains(&format!("`{name}`"));
            assert!(page.lines().any(row), "docs/webhook.md has no row for {name}");
        }
    }
    assert!(metrics > 20, "{metrics} metrics");
}

/// Judges with the set that shows a rule on its way into force.
fn roll_out(file: &str, text: &str) -> Vec<Value> {
    let folder = Folder::new("rollout");
    folder.write(file, text);
    let namespace = |name: &str| {
        format!(
            "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{kubernetes.io/metadata.name: {name}}}}}\n"
        )
    };
    folder.write("namespaces.yaml", namespace("shop") + &namespace("kube-system"));
    let set = root().join("policies/sets/rollout.yaml").display().to_string();
    let arguments = ["check", "-f", "json", "-p", &set, "--namespace-labels", "namespaces.yaml", file];
    let report = portcullis(folder.path(), &arguments).json();
    assert_eq!(report["errors"], serde_json::json!([]));
    report["decisions"].as_array().cloned().unwrap_or_default()
}

fn effects(decisions: &[Value]) -> Vec<String> {
    let findings = decisions.iter().flat_map(|decision| decision["findings"].as_array().cloned().unwrap_or_default());
    findings.map(|finding| format!("{} {}", code(&finding), finding["effect"].as_str().unwrap_or_default())).collect()
}

#[test]
fn judges_a_rollout_as_its_comments_say() {
    let latest = roll_out("pod.yaml", POD);
    assert_eq!(latest[0]["verdict"], "deny");
    let mut told = effects(&latest);
    told.sort();
    assert_eq!(told, ["image-reference/digest-missing warn", "image-reference/tag-forbidden deny"]);
    let tagged = POD.replace("nginx", "nginx:1.27");
    assert_eq!(effects(&roll_out("pod.yaml", &tagged)), ["image-reference/digest-missing warn"]);
    let platform = roll_out("pod.yaml", &POD.replace("shop", "kube-system"));
    assert_eq!(effects(&platform), [""; 0], "the platform's own namespaces are left out");
    let enforced = tagged.replace("namespace: shop", "namespace: shop, labels: {limits: enforced}");
    let limits = effects(&roll_out("pod.yaml", &enforced));
    assert!(limits.contains(&"resource-limits/cpu-limit-missing deny".to_owned()), "{limits:?}");
    let plan = roll_out("release-plan.yaml", "waves: [{percent: 5}, {percent: 500}]\n");
    assert_eq!((plan.len(), effects(&plan).len()), (1, 1), "{plan:?}");
    assert_eq!(plan[0]["verdict"], "deny");
}

/// What a set that ships says of a file; the built-in one where no set is named.
fn shipped(set: Option<&str>, mode: &str, file: &str) -> (i32, Vec<String>) {
    let mut arguments = vec!["check", "-f", "json", "-m", mode];
    arguments.extend(set.iter().flat_map(|set| ["-p", set]));
    arguments.push(file);
    let answer = portcullis(&root(), &arguments);
    let told = effects(answer.json()["decisions"].as_array().expect("decisions"));
    (answer.status, told.into_iter().filter(|told| told.starts_with("pod-security/")).collect())
}

#[test]
fn denies_a_privileged_pod_by_every_set_that_ships() {
    let example = "policies/examples/why-is-my-privileged-pod-denied.yaml";
    let both =
        |effect: &str| ["host-namespaces", "privileged"].map(|rule| format!("pod-security/{rule} {effect}")).to_vec();
    for set in [None, Some("policies/sandbox.yaml"), Some("policies/compliance.yaml")] {
        let (status, told) = shipped(set, "compliance", example);
        assert_eq!((status, told), (1, both("deny")), "{set:?}");
        let (status, told) = shipped(set, "sandbox", example);
        assert_eq!((status, told), (0, both("warn")), "{set:?}");
    }
}

#[test]
fn denies_a_debugger_that_is_added_to_a_running_pod_a03() {
    let folder = Folder::new("debugger");
    let container = serde_json::json!({"name": "app", "image": format!("registry.example/app@sha256:{}", "a".repeat(64)),
        "resources": {"limits": {"cpu": "200m", "memory": "256Mi"}}});
    let old = serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"containers": [container]}});
    let mut new = old.clone();
    new["spec"]["ephemeralContainers"] = serde_json::json!([{
        "name": "debug", "image": container["image"], "securityContext": {"capabilities": {"add": ["SYS_PTRACE"]}}
    }]);
    let request = |subresource: &str| {
        serde_json::json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "1", "operation": "UPDATE", "subResource": subresource, "namespace": "shop", "name": "web",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"}, "userInfo": {"username": "ann"},
            "object": new, "oldObject": old}})
    };
    folder.write("review.json", request("ephemeralcontainers").to_string());
    let answer = portcullis(folder.path(), &["check", "-f", "json", "review.json"]);
    assert_eq!(answer.status, 1, "{answer:?}");
    assert_eq!(answer.codes(), ["pod-security/capabilities-baseline"]);
    // A resize changes no right, and a Pod that was there before must stay resizable.
    folder.write("review.json", request("resize").to_string());
    let answer = portcullis(folder.path(), &["check", "-f", "json", "review.json"]);
    assert_eq!(answer.codes(), [""; 0]);
}
