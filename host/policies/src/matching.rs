//! The `match` of a policy: resource rules, selectors, conditions and paths, as Kubernetes validates them.

use portcullis_model::{Kind, Match, MatchCondition, NodeId, ResourceRule, Scope};

use crate::cel::Condition;
use crate::error::quote;
use crate::fields::Fields;
use crate::labels::read_selector;
use crate::pattern::Patterns;

/// Conditions of one policy; as many as Kubernetes allows (`matchConditions`, admissionregistration.k8s.io/v1).
pub const MAX_CONDITIONS: usize = 64;

/// What of a `match` is compiled once and used for every review.
#[derive(Debug)]
pub struct Selector {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) documents: Patterns,
}

/// Reads `match`; an absent one judges every CREATE and UPDATE of every object.
pub(crate) fn read_match(fields: &Fields, policy: NodeId) -> (Match, Selector) {
    let absent = || Selector { conditions: Vec::new(), documents: Patterns::read(fields, &[]) };
    let Some(node) = fields.get(policy, "match") else { return (Match::default(), absent()) };
    let known = ["resourceRules", "namespaceSelector", "objectSelector", "matchConditions", "documents"];
    if !fields.expect_map(node, &known) {
        return (Match::default(), absent());
    }
    let rules = fields.list(node, "resourceRules");
    let paths = read_documents(fields, node);
    if paths.is_empty() && rules.as_ref().is_some_and(Vec::is_empty) {
        let hint = "leave `resourceRules` out to judge every CREATE and UPDATE of every object";
        fields.wrong_hint(node, "this `match` names nothing, so the policy would never judge", hint);
    }
    let (match_conditions, conditions) = read_conditions(fields, node);
    let matches = Match {
        resource_rules: rules.map(|rules| rules.into_iter().filter_map(|rule| read_rule(fields, rule)).collect()),
        namespace_selector: read_selector(fields, node, "namespaceSelector"),
        object_selector: read_selector(fields, node, "objectSelector"),
        match_conditions,
        documents: paths.iter().map(|&(_, path)| path.to_owned()).collect(),
    };
    (matches, Selector { conditions, documents: Patterns::read(fields, &paths) })
}

fn read_rule(fields: &Fields, node: NodeId) -> Option<ResourceRule> {
    let known = ["apiGroups", "apiVersions", "operations", "resources", "resourceNames", "scope"];
    if !fields.expect_map(node, &known) {
        return None;
    }
    let operations = ["CREATE", "UPDATE", "DELETE", "CONNECT", "*"].map(|word| (word, word));
    for item in fields.list(node, "operations").unwrap_or_default() {
        fields.word(item, &operations);
    }
    let scopes = [("Cluster", Scope::Cluster), ("Namespaced", Scope::Namespaced), ("*", Scope::Any)];
    let scope = fields.get(node, "scope").and_then(|scope| fields.word(scope, &scopes)).unwrap_or(Scope::Any);
    let resources = some_of(fields, node, "resources");
    check_resources(fields, node);
    let names = fields.texts(node, "resourceNames").unwrap_or_default();
    Some(ResourceRule {
        api_groups: some_of(fields, node, "apiGroups"),
        api_versions: some_of(fields, node, "apiVersions"),
        operations: some_of(fields, node, "operations"),
        resources,
        resource_names: names.into_iter().map(|(_, name)| name.to_owned()).collect(),
        scope,
    })
}

/// A list that must name something, and where `*` must stand alone.
fn some_of(fields: &Fields, rule: NodeId, key: &str) -> Vec<String> {
    let Some(node) = fields.required(rule, key) else { return Vec::new() };
    let Some(texts) = fields.texts(rule, key) else { return Vec::new() };
    if fields.document.len(node) == 0 {
        fields.wrong(node, format!("`{key}` is empty, so this rule would match nothing"));
    }
    if key != "resources" && texts.len() > 1 && texts.iter().any(|&(_, text)| text == "*") {
        fields.wrong(node, format!("`*` in `{key}` must stand alone"));
    }
    texts.into_iter().map(|(_, text)| text.to_owned()).collect()
}

fn check_resources(fields: &Fields, rule: NodeId) {
    let node = fields.document.find(rule, "resources");
    if fields.document.kind(node) != Kind::List {
        return;
    }
    let texts: Vec<(NodeId, &str)> =
        fields.document.items(node).map(|item| (item, fields.document.text(item))).collect();
    if texts.len() > 1 && texts.iter().any(|&(_, text)| text == "*/*") {
        fields.wrong(node, "`*/*` in `resources` must stand alone");
    }
    for (item, text) in texts {
        let (resource, subresource) = text.split_once('/').unwrap_or((text, "*"));
        let plain = |part: &str| {
            part == "*"
                || !part.is_empty()
                    && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b".-".contains(&b))
        };
        if fields.document.kind(item) == Kind::String && !(plain(resource) && plain(subresource)) {
            let message = format!("{} is not a resource", quote(text));
            fields.wrong_hint(
                item,
                message,
                "a resource is the plural in lower case, such as `pods`, `pods/status`, `*/scale` or `*/*`",
            );
        }
    }
}

fn read_conditions(fields: &Fields, node: NodeId) -> (Vec<MatchCondition>, Vec<Condition>) {
    let items = fields.list(node, "matchConditions").unwrap_or_default();
    if let Some(&item) = items.get(MAX_CONDITIONS) {
        fields.wrong(item, format!("more than {MAX_CONDITIONS} conditions in one policy"));
    }
    let mut names: Vec<&str> = Vec::new();
    let mut written = Vec::new();
    let mut compiled = Vec::new();
    for item in items.into_iter().take(MAX_CONDITIONS) {
        if !fields.expect_map(item, &["name", "expression"]) {
            continue;
        }
        let name = fields.required_text(item, "name");
        if let Some(name) = name {
            if names.contains(&name) {
                fields.wrong(fields.document.find(item, "name"), format!("a second condition {}", quote(name)));
            }
            names.push(name);
        }
        let (Some(name), Some(expression)) = (name, fields.required_text(item, "expression")) else { continue };
        let node = fields.document.find(item, "expression");
        match Condition::compile(name, expression) {
            Ok(condition) => compiled.push(condition),
            Err(why) => fields.wrong(node, format!("the condition {} {why}", quote(name))),
        }
        let place = fields.place(node);
        written.push(MatchCondition { name: name.to_owned(), expression: expression.to_owned(), place });
    }
    (written, compiled)
}

fn read_documents<'d>(fields: &Fields<'d>, node: NodeId) -> Vec<(NodeId, &'d str)> {
    let mut paths = Vec::new();
    for item in fields.list(node, "documents").unwrap_or_default() {
        if fields.expect_map(item, &["paths"]) && fields.required(item, "paths").is_some() {
            paths.extend(fields.texts(item, "paths").unwrap_or_default());
        }
    }
    for &(node, path) in &paths {
        if path.starts_with('/') || path.split('/').any(|segment| segment == "." || segment == "..") {
            let message = format!("{} never matches", quote(path));
            fields.wrong_hint(node, message, "write the path relative to where the check starts, without `.` and `..`");
        }
    }
    paths
}

#[cfg(test)]
mod tests;
