//! What `portcullis check --policies` says of each pair.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use portcullis_e2e::judge::{check, decisions};
use serde_json::{Value, json};

use crate::pair::{Asked, NAMESPACES, Pair, Verdict, definition, namespace_labels, resource_of};

/// The set that manifests become.
const SET: &str = "validating-admission-policies";
/// How often files are left out that are refused: what is wrong with settings is told only once the form is right.
const ROUNDS: usize = 6;

/// Writes everything to files and judges all of it at once; files that are refused are left out and the rest judged again.
pub fn judge(
    home: &Path,
    pairs: &[Pair],
    changed: &BTreeMap<String, (Value, Option<Value>)>,
) -> BTreeMap<String, Verdict> {
    let (policies, inputs) = (home.join("policies"), home.join("inputs"));
    for folder in [&policies, &inputs] {
        std::fs::create_dir_all(folder).expect("a folder");
    }
    let namespaces = home.join("namespaces.json");
    let all: Vec<Value> = NAMESPACES
        .iter()
        .map(|(name, _)| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": namespace_labels(name)}}))
        .collect();
    write(&namespaces, &json!({"apiVersion": "v1", "kind": "List", "items": all}));
    write(&inputs.join("definition.json"), &definition());
    for pair in pairs {
        write(
            &policies.join(format!("{}.json", pair.name)),
            &json!({"apiVersion": "v1", "kind": "List", "items": pair.manifests}),
        );
        write(&inputs.join(format!("{}.json", pair.name)), &input(pair, changed.get(&pair.name)));
    }
    let mut verdicts = BTreeMap::new();
    for _ in 0..ROUNDS {
        let more = ["--namespace-labels", &namespaces.display().to_string()];
        let report = check(home, &policies, std::slice::from_ref(&inputs), &more);
        if !decisions(&report).is_empty() {
            read(&report, &mut verdicts);
            return verdicts;
        }
        let errors = report["errors"].as_array().cloned().unwrap_or_default();
        let mut left_out = false;
        for error in &errors {
            let file = PathBuf::from(error["source"]["file"].as_str().unwrap_or_default());
            let name = name_of(&file);
            left_out |= std::fs::remove_file(policies.join(format!("{name}.json"))).is_ok();
            verdicts.entry(name).or_insert_with(|| Verdict::Refused(text(&error["message"])));
        }
        assert!(left_out, "nothing is judged, and no file is to blame: {report}");
    }
    panic!("files are refused without end");
}

fn read(report: &Value, verdicts: &mut BTreeMap<String, Verdict>) {
    for decision in decisions(report).iter().filter(|decision| decision["policySet"] == SET) {
        let name = name_of(Path::new(decision["subject"]["source"]["file"].as_str().unwrap_or_default()));
        let list = |key: &str, effect: &str| -> Vec<String> {
            let found = decision[key].as_array().into_iter().flatten().filter(|one| one["effect"] == effect);
            found.map(|one| text(&one["message"])).collect()
        };
        let both = |effect: &str| [list("findings", effect), list("errors", effect)].concat();
        let verdict = match decision["verdict"].as_str() {
            Some("deny") => Verdict::Denied(both("deny")),
            _ => Verdict::Allowed(both("warn")),
        };
        verdicts.entry(name).or_insert(verdict);
    }
}

/// A manifest; or the review that the API server would send for what a manifest cannot say.
fn input(pair: &Pair, changed: Option<&(Value, Option<Value>)>) -> Value {
    let asks = pair.manifests.iter().any(|manifest| manifest.to_string().contains("request."));
    let (operation, object, old) = match (&pair.asked, changed) {
        (Asked::Create(object), _) if !asks => return object.clone(),
        (Asked::Create(object), _) => ("CREATE", Some(object), None),
        (Asked::Update(..), Some((old, new))) => ("UPDATE", new.as_ref(), Some(old)),
        (Asked::Delete(_), Some((old, _))) => ("DELETE", None, Some(old)),
        (_, None) => panic!("{} was never made", pair.name),
    };
    let judged = object.or(old).unwrap_or(&Value::Null);
    let (group, version, plural) = resource_of(judged);
    let kind = json!({"group": group, "version": version, "kind": judged["kind"]});
    let resource = json!({"group": group, "version": version, "resource": plural});
    let mut request = json!({
        "uid": pair.name, "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource,
        "name": judged["metadata"]["name"], "operation": operation, "dryRun": true,
        "userInfo": {"username": "admin", "groups": ["system:masters", "system:authenticated"]},
        "object": object, "oldObject": old, "options": null
    });
    let mut record =
        json!({"apiVersion": "portcullis.dev/v1alpha1", "kind": "RecordedReview", "time": "2026-01-01T00:00:00Z"});
    if let Some(namespace) = judged["metadata"]["namespace"].as_str() {
        request["namespace"] = json!(namespace);
        record["namespaceLabels"] = json!(namespace_labels(namespace));
    }
    record["review"] = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request});
    record
}

fn name_of(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn write(path: &Path, value: &Value) {
    std::fs::write(path, value.to_string()).expect("a file");
}
