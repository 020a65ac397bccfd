//! What the references say is true: examples load, the larger set judges as its comments say, and every metric has its row.

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
        let arguments: &[&str] = match kind {
            "PolicySet" => &["-p", "block.yaml", "pod.yaml"],
            "Waiver" => &["-p", "mine.yaml", "--waivers", "block.yaml", "pod.yaml"],
            "RecordedFacts" => &["--facts", "block.yaml", "pod.yaml"],
            "Registries" => &["--registries", "block.yaml", "pod.yaml"],
            "RecordedReview" => &["block.yaml"],
            other => unreachable!("an example of kind `{other}`"),
        };
        let answer = portcullis(folder.path(), &[&["check", "-f", "json", "-m", "sandbox"], arguments].concat());
        assert_eq!((answer.status, answer.err.as_str()), (0, ""), "{block}\n{answer:?}");
    }
}

#[test]
fn says_of_every_metric_what_it_is() {
    let readme = std::fs::read_to_string(root().join("README.md")).expect("the README");
    let folder = root().join("host/webhook/src/metrics");
    let mut metrics = 0;
    for file in ["names.rs", "policy_sets.rs"] {
        let text = std::fs::read_to_string(folder.join(file)).expect("names");
        for name in text.split('"').filter(|word| word.starts_with("portcullis_")) {
            metrics += 1;
            let row = |line: &str| line.starts_with("| `portcullis_") && line.contains(&format!("`{name}`"));
            assert!(readme.lines().any(row), "the README has no row for {name}");
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
