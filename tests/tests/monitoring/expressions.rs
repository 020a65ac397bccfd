//! What the alerts and the dashboard ask Prometheus, as their files say it.

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::{NodeId, Source};
use portcullis_tests::root;
use serde_json::Value;

/// The alerts.
pub const RULES: &str = "deploy/monitoring/prometheus/rules.yaml";
/// The dashboard.
pub const DASHBOARD: &str = "deploy/monitoring/grafana/portcullis.json";

/// A file of the repository.
pub fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A YAML file of one document.
pub fn yaml(path: &str) -> Value {
    let source = Source::new(path, text(path));
    let documents = read_yaml(&source, &ReadLimits::default()).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(documents.len(), 1, "{path}");
    serde_json::from_str(&documents[0].to_json(NodeId::ROOT)).expect("JSON")
}

/// The items of a list.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The rules of all groups.
pub fn rules() -> Vec<Value> {
    let groups = yaml(RULES)["groups"].clone();
    let rules: Vec<Value> = list(&groups).iter().flat_map(|group| list(&group["rules"]).to_vec()).collect();
    assert!(rules.len() > 20, "{RULES} holds {} rules", rules.len());
    rules
}

/// The dashboard, as JSON.
pub fn dashboard() -> Value {
    serde_json::from_str(&text(DASHBOARD)).unwrap_or_else(|error| panic!("{DASHBOARD}: {error}"))
}

fn word(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// What the rules ask, each with the name of its alert.
pub fn of_rules() -> Vec<(String, String)> {
    rules().iter().map(|rule| (word(&rule["alert"]), word(&rule["expr"]))).collect()
}

/// What the dashboard asks, each with the title of its panel.
pub fn of_dashboard() -> Vec<(String, String)> {
    let dashboard = dashboard();
    let of_panels = list(&dashboard["panels"]).iter().flat_map(|panel| {
        list(&panel["targets"]).iter().map(move |target| (word(&panel["title"]), word(&target["expr"])))
    });
    let of_annotations =
        list(&dashboard["annotations"]["list"]).iter().map(|one| (word(&one["name"]), word(&one["expr"])));
    let all: Vec<_> = of_panels.chain(of_annotations).collect();
    assert!(all.len() > 40, "{DASHBOARD} holds {} expressions", all.len());
    all
}

/// The metrics that an expression names, each with what stands before and behind it.
pub fn metrics(expression: &str) -> Vec<(&str, &str, &str)> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(at) = expression[start..].find(is_part).map(|at| start + at) {
        let length = expression[at..].find(|c| !is_part(c)).unwrap_or(expression.len() - at);
        let name = &expression[at..at + length];
        start = at + length;
        if name.starts_with("portcullis_") || name.starts_with("process_") {
            found.push((name, &expression[..at], &expression[start..]));
        }
    }
    found
}
