//! What the API server sends for the shipped policy sets, compared with what they find: every kind of Kubernetes is judged.

use std::collections::BTreeSet;

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::{NodeId, Source};
use portcullis_tests::{Folder, portcullis, root};
use serde_json::Value;

/// Everything that any rule of the built-in plugins denies, wherever a kind may keep it.
const POD: &str = "spec: {containers: [{name: a, image: 'nginx:latest'}], volumes: [{name: v, ephemeral: {volumeClaimTemplate: {spec: {resources: {requests: {storage: 1}}}}}}]}";

/// Group, version, kind and plural of every kind that Kubernetes has, or had.
fn kinds() -> Vec<[String; 4]> {
    let table = std::fs::read_to_string(root().join("host/subject/src/kinds.tsv")).expect("the table");
    let row = |line: &str| {
        let mut columns = line.split('\t').map(str::to_owned);
        [(); 4].map(|()| columns.next().expect("a column"))
    };
    table.lines().map(row).collect()
}

fn manifest([group, version, kind, _]: &[String; 4]) -> String {
    let api = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
    // A definition says what a kind is called, and must be one.
    let definition = "group: e.x, scope: Namespaced, names: {kind: Thing, plural: things}, versions: [{name: v1}], ";
    let (name, more) = match kind.as_str() {
        "CustomResourceDefinition" => ("things.e.x", definition),
        _ => ("a", ""),
    };
    let spec = POD.strip_prefix("spec: {").and_then(|rest| rest.strip_suffix('}')).expect("a spec");
    format!(
        "---\napiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}}}\ntemplate: {{{POD}}}\nspec: {{{more}{spec}, template: {{{POD}}}, jobTemplate: {{spec: {{template: {{{POD}}}}}}}, volumeClaimTemplates: [{{spec: {{}}}}], resources: {{requests: {{storage: 1}}}}}}\n"
    )
}

fn registered(policies: &[&str]) -> BTreeSet<String> {
    let folder = Folder::new("registered");
    let printed = portcullis(folder.path(), &[&["webhook-config"], policies].concat());
    assert_eq!(printed.status, 0, "{printed:?}");
    let documents = read_yaml(&Source::new("webhook-config", printed.out), &ReadLimits::default()).expect("YAML");
    let object: Value = serde_json::from_str(&documents[0].to_json(NodeId::ROOT)).expect("JSON");
    let mut registered = BTreeSet::new();
    for rule in object["webhooks"][0]["rules"].as_array().expect("rules") {
        for group in rule["apiGroups"].as_array().expect("groups") {
            for resource in rule["resources"].as_array().expect("resources") {
                registered.insert(format!("{}/{}", group.as_str().expect("a group"), resource.as_str().expect("one")));
            }
        }
    }
    registered
}

#[test]
fn registers_every_kind_in_which_a_shipped_set_finds_anything_and_no_other() {
    let folder = Folder::new("every-kind");
    let kinds = kinds();
    assert!(kinds.len() > 150, "{}", kinds.len());
    folder.write("every-kind.yaml", kinds.iter().map(manifest).collect::<String>());
    for set in [None, Some("policies/compliance.yaml"), Some("policies/sandbox.yaml")] {
        let set = set.map(|set| root().join(set).display().to_string());
        let policies: Vec<&str> = set.iter().flat_map(|set| ["--policies", set.as_str()]).collect();
        let mut found = BTreeSet::new();
        for mode in ["compliance", "sandbox"] {
            let arguments = [&["check", "--mode", mode, "--format", "json", "every-kind.yaml"], &policies[..]].concat();
            let judged = portcullis(folder.path(), &arguments);
            assert!([0, 1].contains(&judged.status), "{}", judged.err);
            let report: Value = serde_json::from_str(&judged.out).expect("JSON");
            let decisions = report["decisions"].as_array().expect("decisions");
            assert_eq!(decisions.len(), kinds.len(), "{}", judged.err);
            found.extend(decisions.iter().filter_map(|decision| resource_with_findings(decision, &kinds)));
        }
        assert!(found.len() > 10, "{found:?}");
        // No manifest has these; their object is the Pod.
        found.extend(["/pods/ephemeralcontainers".to_owned(), "/pods/resize".to_owned()]);
        assert_eq!(registered(&policies), found, "{policies:?}");
    }
}

/// `group/plural` of a decision that has findings.
fn resource_with_findings(decision: &Value, kinds: &[[String; 4]]) -> Option<String> {
    decision["findings"].as_array().filter(|findings| !findings.is_empty())?;
    let subject = &decision["subject"];
    let api = subject["apiVersion"].as_str().expect("a version");
    let group = api.split_once('/').map_or("", |(group, _)| group);
    let row = kinds.iter().find(|row| row[0] == group && subject["kind"] == row[2]).expect("a known kind");
    Some(format!("{group}/{}", row[3]))
}
