//! A ValidatingAdmissionPolicy, read strictly.

use std::collections::HashSet;

use portcullis_cel::is_name;
use portcullis_model::{Document, Kind, Match, NodeId};

use super::head::{given, read_head, required};
use super::matching::{never, read_match_resources};
use crate::error::{Complaint, quote};
use crate::fields::Fields;
use crate::labels::{is_qualified_name, is_subdomain};
use crate::matching::MAX_CONDITIONS;

/// Audit annotations of one policy (`maxAuditAnnotations` of pkg/apis/admissionregistration/validation).
const MAX_AUDIT_ANNOTATIONS: usize = 20;
/// What a validation may give as its reason (`supportedValidationPolicyReason`; the API server refuses `Unauthorized`, which its
/// reference names).
const REASONS: [(&str, ()); 3] = [("Forbidden", ()), ("Invalid", ()), ("RequestEntityTooLarge", ())];

/// A policy as it was written.
#[derive(Debug)]
pub(super) struct AdmissionPolicy {
    pub(super) document: Document,
    pub(super) name: String,
    pub(super) param_kind: Option<ParamKind>,
    /// Its `matchConstraints`, and what no policy judges.
    pub(super) matches: Match,
    /// Whether an error denies: `failurePolicy: Fail`.
    pub(super) fails: bool,
    /// Whether it has validations; audit annotations alone deny nothing.
    pub(super) validates: bool,
    /// Whether it has audit annotations, which are not made here.
    pub(super) annotates: bool,
}

/// The kind of the params of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ParamKind {
    pub(super) api_version: String,
    pub(super) kind: String,
}

impl AdmissionPolicy {
    /// Reads a policy; nothing where it has no name, and every complaint.
    pub(super) fn read(document: &Document) -> (Option<Self>, Vec<Complaint>) {
        let fields = Fields::new(document);
        let policy = read(&fields);
        (policy, fields.finish())
    }
}

fn read(fields: &Fields) -> Option<AdmissionPolicy> {
    let (name, spec) = read_head(fields)?;
    let known = [
        "paramKind",
        "matchConstraints",
        "matchConditions",
        "variables",
        "validations",
        "auditAnnotations",
        "failurePolicy",
    ];
    fields.expect_map(spec, &known);
    let param_kind = given(fields, spec, "paramKind").map(|node| read_param_kind(fields, node));
    let policies = [("Fail", true), ("Ignore", false)];
    let fails = given(fields, spec, "failurePolicy").and_then(|found| fields.word(found, &policies));
    let matches = read_constraints(fields, name, spec);
    read_conditions(fields, spec);
    read_variables(fields, spec);
    let validations = items(fields, spec, "validations");
    let annotations = items(fields, spec, "auditAnnotations");
    if validations.is_empty() && annotations.is_empty() {
        let hint = "give it at least one: `validations: [{expression: ..}]`";
        fields.wrong_hint(spec, "`spec` has neither `validations` nor `auditAnnotations`", hint);
    }
    validations.iter().for_each(|&item| read_validation(fields, item));
    read_annotations(fields, name, &annotations);
    Some(AdmissionPolicy {
        document: fields.document.clone(),
        name: name.to_owned(),
        param_kind: param_kind.flatten(),
        matches,
        fails: fails.unwrap_or(true),
        validates: !validations.is_empty(),
        annotates: !annotations.is_empty(),
    })
}

fn items(fields: &Fields, spec: NodeId, key: &str) -> Vec<NodeId> {
    given(fields, spec, key).and_then(|_| fields.list(spec, key)).unwrap_or_default()
}

fn read_constraints(fields: &Fields, name: &str, spec: NodeId) -> Match {
    let Some(node) = required(fields, spec, "matchConstraints") else { return Match::default() };
    let mut matches = read_match_resources(fields, node);
    if fields.document.kind(node) == Kind::Map && fields.document.len(fields.document.find(node, "resourceRules")) == 0
    {
        let hint = "name what it judges: `resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}]`";
        fields.wrong_hint(node, "`matchConstraints` has no `resourceRules`", hint);
    }
    matches.exclude_resource_rules.extend(never(name));
    matches
}

fn read_param_kind(fields: &Fields, node: NodeId) -> Option<ParamKind> {
    if !fields.expect_map(node, &["apiVersion", "kind"]) {
        return None;
    }
    let version = fields.required_text(node, "apiVersion");
    if let Some(version) = version {
        let (group, alone) = version.rsplit_once('/').unwrap_or(("", version));
        let good = (group.is_empty() || is_subdomain(group)) && is_label(alone) && !version.starts_with('/');
        if !good {
            let hint = "write `v1`, or a group and a version such as `rules.example.com/v1`";
            let message = format!("{} is no `apiVersion`", quote(version));
            fields.wrong_hint(fields.document.find(node, "apiVersion"), message, hint);
        }
    }
    let kind = fields.required_text(node, "kind");
    if let Some(kind) = kind
        && !is_label(&kind.to_ascii_lowercase())
    {
        let hint = "a kind has letters and digits, such as `ConfigMap`";
        fields.wrong_hint(fields.document.find(node, "kind"), format!("{} is no kind", quote(kind)), hint);
    }
    Some(ParamKind { api_version: version?.to_owned(), kind: kind?.to_owned() })
}

/// A DNS label that begins with a letter (RFC 1035).
fn is_label(text: &str) -> bool {
    is_subdomain(text) && !text.contains('.') && text.len() <= 63 && text.starts_with(|c: char| c.is_ascii_lowercase())
}

fn read_conditions(fields: &Fields, spec: NodeId) {
    let conditions = items(fields, spec, "matchConditions");
    if let Some(&item) = conditions.get(MAX_CONDITIONS) {
        fields.wrong(item, format!("more than {MAX_CONDITIONS} `matchConditions`"));
    }
    let mut names = HashSet::new();
    for &item in &conditions {
        if !fields.expect_map(item, &["name", "expression"]) {
            continue;
        }
        fields.required_text(item, "expression");
        let Some(name) = fields.required_text(item, "name") else { continue };
        let node = fields.document.find(item, "name");
        if !is_qualified_name(name) {
            let hint = "a name has at most 63 letters, digits, `-`, `_` or `.`, such as `not-paused`; a DNS name and `/` may stand before it";
            fields.wrong_hint(node, format!("{} cannot be the name of a condition", quote(name)), hint);
        }
        if !names.insert(name) {
            fields.wrong(node, format!("a second condition {}", quote(name)));
        }
    }
}

fn read_variables(fields: &Fields, spec: NodeId) {
    let mut names = HashSet::new();
    for item in items(fields, spec, "variables") {
        if !fields.expect_map(item, &["name", "expression"]) {
            continue;
        }
        fields.required_text(item, "expression");
        let Some(name) = fields.required_text(item, "name") else { continue };
        let node = fields.document.find(item, "name");
        if !is_name(name) {
            let hint = "a variable is letters, digits and `_`, no digit first, and no word of CEL";
            fields.wrong_hint(node, format!("{} cannot be the name of a variable", quote(name)), hint);
        }
        if !names.insert(name) {
            fields.wrong_hint(
                node,
                format!("a second variable {}", quote(name)),
                "every variable needs a name of its own",
            );
        }
    }
}

fn read_validation(fields: &Fields, item: NodeId) {
    if !fields.expect_map(item, &["expression", "message", "messageExpression", "reason"]) {
        return;
    }
    fields.required_text(item, "expression");
    // An empty text is an absent one to the API server.
    let written = |key: &str| {
        given(fields, item, key)
            .filter(|&node| fields.document.kind(node) != Kind::String || !fields.document.text(node).is_empty())
    };
    if let Some(node) = written("messageExpression") {
        fields.text(node);
    }
    if let Some(node) = written("message")
        && let Some(message) = fields.text(node)
        && message.trim().contains(['\n', '\r'])
    {
        fields.wrong_hint(node, "`message` has more than one line", "write it in one line");
    }
    if let Some(node) = given(fields, item, "reason") {
        fields.word(node, &REASONS);
    }
}

fn read_annotations(fields: &Fields, policy: &str, annotations: &[NodeId]) {
    if let Some(&item) = annotations.get(MAX_AUDIT_ANNOTATIONS) {
        fields.wrong(item, format!("more than {MAX_AUDIT_ANNOTATIONS} `auditAnnotations`"));
    }
    let mut keys = HashSet::new();
    for &item in annotations {
        if !fields.expect_map(item, &["key", "valueExpression"]) {
            continue;
        }
        fields.required_text(item, "valueExpression");
        let Some(key) = fields.required_text(item, "key") else { continue };
        let node = fields.document.find(item, "key");
        if !is_qualified_name(&format!("{policy}/{key}")) {
            let hint = "a key has at most 63 letters, digits, `-`, `_` or `.`";
            fields.wrong_hint(node, format!("{} cannot be the key of an annotation", quote(key)), hint);
        }
        if !keys.insert(key) {
            fields.wrong(node, format!("a second annotation {}", quote(key)));
        }
    }
}
