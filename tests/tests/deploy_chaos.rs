//! `deploy/chaos`: experiments in a cluster, held against the manifests that they break and the script that counts.

#![expect(clippy::panic, reason = "a test that cannot read what it judges has failed")]

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::{NodeId, Source};
use portcullis_tests::{Folder, portcullis, root};
use serde_json::{Value, json};

/// Every document of a YAML file, read as kubectl reads it.
fn yaml(path: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let documents = read_yaml(&Source::new(path, text), &ReadLimits::default());
    let documents = documents.unwrap_or_else(|error| panic!("{path}: {error}"));
    assert!(!documents.is_empty(), "{path} is empty");
    documents.iter().map(|one| serde_json::from_str(&one.to_json(NodeId::ROOT)).expect("JSON")).collect()
}

fn chaos(file: &str) -> Vec<Value> {
    yaml(&format!("deploy/chaos/{file}"))
}

fn kinds(objects: &[Value]) -> Vec<String> {
    let kind = |object: &Value| format!("{}/{}", object["apiVersion"], object["kind"]).replace('"', "");
    objects.iter().map(kind).collect()
}

/// The only object of a kind in the manifests of the chart.
fn installed(kind: &str) -> Value {
    let mut found = yaml("deploy/manifests/portcullis.yaml");
    found.retain(|object| object["kind"] == kind);
    assert_eq!(found.len(), 1, "{kind}");
    found.remove(0)
}

#[test]
fn schedules_every_four_hours_and_keeps_what_came_of_it() {
    assert_eq!(kinds(&chaos("plain.yaml")), ["batch/v1/CronJob"]);
    assert_eq!(kinds(&chaos("chaos-mesh.yaml")), ["batch/v1/CronJob", "chaos-mesh.org/v1alpha1/Schedule"]);
    let common = chaos("common.yaml");
    let rbac = "rbac.authorization.k8s.io/v1";
    let expected = [
        "v1/Namespace",
        "v1/ServiceAccount",
        &format!("{rbac}/Role"),
        &format!("{rbac}/RoleBinding"),
        &format!("{rbac}/Role"),
        &format!("{rbac}/RoleBinding"),
        "v1/PersistentVolumeClaim",
    ];
    assert_eq!(kinds(&common), expected);
    let name = |kind: &str| common.iter().find(|one| one["kind"] == kind).expect(kind)["metadata"]["name"].clone();
    for object in [chaos("plain.yaml"), chaos("chaos-mesh.yaml")].concat() {
        assert_eq!(object["spec"]["schedule"], "0 */4 * * *", "{object}");
        assert_eq!(object["spec"]["concurrencyPolicy"], "Forbid", "{object}");
        assert_eq!(object["metadata"]["namespace"], name("Namespace"), "{object}");
        if object["kind"] != "CronJob" {
            continue;
        }
        let pod = &object["spec"]["jobTemplate"]["spec"]["template"]["spec"];
        assert_eq!(pod["serviceAccountName"], name("ServiceAccount"));
        let claims: Vec<&Value> = pod["volumes"].as_array().expect("volumes").iter().collect();
        let claim = claims.iter().find(|volume| volume["name"] == "results").expect("the results");
        assert_eq!(claim["persistentVolumeClaim"]["claimName"], name("PersistentVolumeClaim"));
        assert_eq!(object["spec"]["jobTemplate"]["spec"]["backoffLimit"], 0, "a failed run is not held again");
    }
}

#[test]
fn breaks_what_the_chart_installs_and_may_break_nothing_else() {
    let deployment = installed("Deployment");
    let (namespace, labels) = (&deployment["metadata"]["namespace"], &deployment["spec"]["selector"]["matchLabels"]);
    let script = std::fs::read_to_string(root().join("deploy/chaos/experiment.sh")).expect("the script");
    let mut selector: Vec<String> =
        labels.as_object().expect("labels").iter().map(|(k, v)| format!("{k}={v}")).collect();
    selector.sort_by_key(|label| !label.contains("/name="));
    let selector = selector.join(",").replace('"', "");
    assert!(script.contains(&format!("LABELS:-{selector}}}")), "{selector}");
    assert!(script.contains(&format!("TARGET:-{}}}", namespace.as_str().expect("a namespace"))));
    let name = deployment["metadata"]["name"].as_str().expect("a name");
    assert!(script.contains(&format!("DEPLOYMENT:-{name}}}")));
    let roles: Vec<Value> = chaos("common.yaml").into_iter().filter(|one| one["kind"] == "Role").collect();
    let breaks = roles.iter().find(|role| role["metadata"]["namespace"] == *namespace).expect("a Role there");
    let patches =
        breaks["rules"].as_array().expect("rules").iter().filter(|rule| rule["verbs"].to_string().contains("patch"));
    let patched: Vec<&Value> = patches.map(|rule| &rule["resourceNames"]).collect();
    assert_eq!(patched, [&json!([name])], "the Deployment of the webhook and no other");
    assert!(!breaks.to_string().contains("secrets") && !breaks.to_string().contains('*'), "{breaks}");

    let mesh = chaos("chaos-mesh.yaml").remove(1);
    let workflow = &mesh["spec"]["workflow"];
    let templates = workflow["templates"].as_array().expect("templates");
    let named: BTreeSet<&str> = templates.iter().filter_map(|one| one["name"].as_str()).collect();
    let serial = templates.iter().find(|one| one["name"] == workflow["entry"]).expect("the entry");
    let steps: BTreeSet<&str> =
        serial["children"].as_array().expect("steps").iter().filter_map(Value::as_str).collect();
    assert_eq!(named.len(), steps.len() + 1, "every template is a step, or the entry");
    assert!(steps.is_subset(&named), "{steps:?}");
    let kinds = [("podChaos", "PodChaos"), ("networkChaos", "NetworkChaos"), ("stressChaos", "StressChaos")];
    let kinds = [&kinds[..], &[("ioChaos", "IOChaos"), ("timeChaos", "TimeChaos")]].concat();
    let mut broken = 0;
    for template in templates {
        for (field, _) in kinds.iter().filter(|(_, kind)| template["templateType"] == *kind) {
            let selector = &template[field]["selector"];
            assert_eq!(selector["namespaces"], json!([namespace]), "{template}");
            assert_eq!(&selector["labelSelectors"], labels, "{template}");
            let container = &deployment["spec"]["template"]["spec"]["containers"][0];
            for given in template[field]["containerNames"].as_array().into_iter().flatten() {
                assert_eq!(*given, container["name"], "{template}");
            }
            if let Some(path) = template[field]["volumePath"].as_str() {
                let mounts = container["volumeMounts"].as_array().expect("mounts");
                assert!(mounts.iter().any(|mount| mount["mountPath"] == path), "{path} is mounted nowhere");
            }
            broken += 1;
        }
    }
    let rests = templates.iter().filter(|one| one["templateType"] == "Suspend").count();
    assert_eq!(broken + rests + 1, templates.len(), "a template of a kind that nobody looked at");
    // The Schedule's own name and a suffix of six make the names of what it starts.
    assert!(mesh["metadata"]["name"].as_str().is_some_and(|name| name.len() <= 51));
}

#[test]
fn allows_by_the_shipped_sets_what_it_runs_and_asks_for() {
    let checked = |arguments: &[&str]| portcullis(&root(), &[&["check", "-q"], arguments].concat());
    let (allowed, denied) = ("deploy/chaos/allowed.yaml", "deploy/chaos/denied.yaml");
    assert_eq!(checked(&["-m", "compliance", allowed]).status, 0);
    let refused = portcullis(&root(), &["check", "-f", "json", "-m", "compliance", denied]);
    assert_eq!((refused.status, refused.codes()), (1, vec!["resource-limits/memory-limit-missing".to_owned()]));
    for file in ["common.yaml", "plain.yaml"] {
        let answer = checked(&["-m", "compliance", &format!("deploy/chaos/{file}")]);
        assert_eq!(answer.status, 0, "{file}: {}{}", answer.out, answer.err);
    }
}

/// A kubectl that says what an API server with a webhook says.
const KUBECTL: &str = r#"#!/bin/sh
case "$*" in
  *create*allowed*) echo pod/allowed ;;
  *create*denied*) echo 'Error from server (Forbidden): admission webhook "v" denied the request: no' >&2; exit 1 ;;
  *jsonpath*) echo registry.example/portcullis@sha256:1 ;;
  *'get pods'*) echo pod/one ;;
  *delete*) ;;
  *) exit 1 ;;
esac
"#;

fn run(name: &str, kubectl: &str, experiments: &[&str]) -> (bool, Value, String) {
    let folder = Folder::new(name);
    let path = folder.write("bin/kubectl", kubectl);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let usual = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .arg(root().join("deploy/chaos/experiment.sh"))
        .args(experiments)
        .env("PATH", format!("{}:{usual}", folder.path().join("bin").display()))
        .env("RESULTS", folder.path().join("results"))
        .env("PODS", root().join("deploy/chaos"))
        .envs([("BEFORE", "1"), ("AFTER", "2"), ("WATCH", "1")])
        .output()
        .expect("a shell");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let kept: Vec<_> = portcullis_tests::files(&folder.path().join("results"), "json");
    let report = kept.first().map(|path| std::fs::read(path).expect("the report")).unwrap_or_default();
    (output.status.success(), serde_json::from_slice(&report).unwrap_or_default(), said)
}

#[test]
fn counts_what_became_of_each_request_and_fails_where_one_is_wrong() {
    let (good, report, said) = run("deploy-chaos-good", KUBECTL, &["watch", "kill-one"]);
    assert!(good, "{said}");
    let rows = report["experiments"].as_array().unwrap_or_else(|| panic!("{said}"));
    let names: Vec<&Value> = rows.iter().map(|row| &row["experiment"]).collect();
    assert_eq!(names, ["watch", "kill-one"]);
    for row in rows {
        assert!(row["sent"].as_u64() > Some(1) && row["sent"] == row["right"], "{row}");
        assert_eq!((&row["recoverySeconds"], &row["notHeld"]), (&json!(0), &json!(false)), "{row}");
    }
    assert_eq!(report["images"], "registry.example/portcullis@sha256:1");
    let open = KUBECTL.replace("*create*denied*) echo", "*create*denied*) exit 0; echo");
    let (good, report, said) = run("deploy-chaos-open", &open, &["watch"]);
    assert!(!good && report["experiments"][0]["wronglyAllowed"].as_u64() > Some(0), "{said}");
    let shut = KUBECTL.replace("(Forbidden)", "(TooManyRequests)");
    let (good, report, said) = run("deploy-chaos-shut", &shut, &["watch"]);
    let row = &report["experiments"][0];
    assert!(!good && row["declared"].as_u64() > Some(0) && row["recoverySeconds"].is_null(), "{said}");
    let gone = KUBECTL.replace("*delete*) ;;", "*delete*) exit 1 ;;");
    let (good, report, said) = run("deploy-chaos-gone", &gone, &["kill-one"]);
    assert!(!good && report["experiments"][0]["notHeld"] == true, "{said}");
}
