//! The `match` of a policy: resource rules, selectors, conditions and paths, as Kubernetes validates them.

use portcullis_model::{Kind, Match, MatchCondition, NodeId};

use crate::cel::Condition;
use crate::elsewhere;
use crate::error::{Complaint, quote};
use crate::fields::Fields;
use crate::labels::{is_qualified_name, read_selector};
use crate::pattern::Patterns;
use crate::resource_rules::read_rule;

/// Conditions of one policy; as many as Kubernetes allows (`matchConditions`, admissionregistration.k8s.io/v1).
pub const MAX_CONDITIONS: usize = 64;

/// What of a `match` is compiled once and used for every review.
#[derive(Debug)]
pub struct Selector {
    pub(crate) conditions: Vec<Condition>,
    pub(crate) documents: Patterns,
}

impl Selector {
    /// No condition, and no document.
    pub(crate) fn of_objects() -> Self {
        Self { conditions: Vec::new(), documents: Patterns::none() }
    }
}

/// Reads `match`; an absent one judges every CREATE and UPDATE of every object.
pub(crate) fn read_match(fields: &Fields, policy: NodeId) -> (Match, Selector) {
    let absent = Selector::of_objects;
    let Some(node) = fields.get(policy, "match") else { return (Match::default(), absent()) };
    let known = ["resourceRules", "namespaceSelector", "objectSelector", "matchConditions", "documents"];
    if !fields.expect_map_or(node, &known, elsewhere::in_match) {
        return (Match::default(), absent());
    }
    let rules = fields.list(node, "resourceRules");
    let paths = read_documents(fields, node);
    if fields.get(node, "documents").is_none() && rules.as_ref().is_some_and(Vec::is_empty) {
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
        ..Match::default()
    };
    (matches, Selector { conditions, documents: Patterns::read(fields, &paths) })
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
        if !fields.expect_map_like(item, &["name", "expression"], "{name: .., expression: '..'}") {
            continue;
        }
        let name = fields.required_text(item, "name");
        if let Some(name) = name {
            if !is_qualified_name(name) {
                // `validateMatchCondition` of pkg/apis/admissionregistration/validation.
                let message = format!("{} cannot be the name of a condition", quote(name));
                let hint = "a name has at most 63 letters, digits, `-`, `_` or `.`, such as `not-paused`; a DNS name and `/` may stand before it";
                fields.wrong_hint(fields.document.find(item, "name"), message, hint);
            }
            if names.contains(&name) {
                fields.wrong(fields.document.find(item, "name"), format!("a second condition {}", quote(name)));
            }
            names.push(name);
        }
        let (Some(name), Some(expression)) = (name, fields.required_text(item, "expression")) else { continue };
        let node = fields.document.find(item, "expression");
        match Condition::compile(name, expression) {
            Ok(condition) => compiled.push(condition),
            Err(why) => {
                let (why, place) = why.placed(fields.place(node));
                fields.add(Complaint::wrong(format!("the condition {} {why}", quote(name)), place));
            }
        }
        let place = fields.place(node);
        written.push(MatchCondition { name: name.to_owned(), expression: expression.to_owned(), place });
    }
    (written, compiled)
}

fn read_documents<'d>(fields: &Fields<'d>, node: NodeId) -> Vec<(NodeId, &'d str)> {
    // Without a path the policy would judge every object, which is not what a list of documents asks for.
    let refuse_empty = |list: NodeId, key: &str| {
        if fields.document.kind(list) == Kind::List && fields.document.len(list) == 0 {
            let hint = "name the paths of the documents to judge, or leave `documents` out";
            fields.wrong_hint(list, format!("`{key}` is empty, so it would match no document"), hint);
        }
    };
    if let Some(list) = fields.get(node, "documents") {
        refuse_empty(list, "documents");
    }
    let mut paths = Vec::new();
    for item in fields.list(node, "documents").unwrap_or_default() {
        if fields.expect_map_like(item, &["paths"], "{paths: [..]}")
            && let Some(list) = fields.required(item, "paths")
        {
            refuse_empty(list, "paths");
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
