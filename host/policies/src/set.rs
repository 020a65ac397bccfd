//! Reads a policy set strictly: everything that is wrong with it is said at once, each with its place.

use portcullis_model::{
    Document, Effect, Kind, Mode, ModeRule, NodeId, Override, PerMode, Place, PluginReference, Policy, PolicySet,
    Severity,
};

use crate::admission_policy::Written;
use crate::elsewhere;
use crate::error::{Complaint, quote};
use crate::fields::Fields;
use crate::labels::{check_key, is_subdomain};
use crate::matching::{Selector, read_match};
use crate::settings::{digest_of, read_settings, setting_node};
use crate::trust::read_trust;
use crate::workloads::read_workload;

/// The version of everything a person writes for this product.
pub const API_VERSION: &str = "portcullis.dev/v1alpha1";
/// The label that says the mode of a namespace where a set has no `mode`.
pub const DEFAULT_NAMESPACE_LABEL: &str = "portcullis.dev/mode";
/// Policies of one set.
pub const MAX_POLICIES: usize = 1000;

/// A policy set that may be used, with what is needed to use it and to say where it stands.
#[derive(Debug)]
pub struct LoadedSet {
    /// What it says.
    pub set: PolicySet,
    /// What was compiled of each policy's `match`, in the order of the policies.
    pub selectors: Vec<Selector>,
    /// What a person should know of what was read.
    pub notices: Vec<String>,
    /// What it was read from.
    pub(crate) origin: Origin,
}

/// What a set was read from.
#[derive(Debug)]
pub(crate) enum Origin {
    /// A `PolicySet`.
    Set(Document),
    /// Manifests of Kubernetes, for each policy.
    Manifests(Vec<Written>),
}

impl LoadedSet {
    /// Where a setting of a policy was written, so that a plugin's complaint about it points at file, line and column.
    ///
    /// `pointer` is a JSON Pointer (RFC 6901) into the settings of `mode`, `settingsByMode` merged in. Where the setting is
    /// absent, the place is that of the nearest one around it.
    pub fn setting_place(&self, policy: usize, mode: Mode, pointer: &str) -> Option<Place> {
        match &self.origin {
            Origin::Set(document) => {
                document.place(setting_node(document, policy_node(document, policy), mode, pointer))
            }
            Origin::Manifests(written) => written.get(policy)?.setting(pointer),
        }
    }

    /// Where a field of a policy was written (`pointer` from the policy's own map, such as `/plugin` or `/grants/0`), or the
    /// nearest one around it.
    pub fn policy_place(&self, policy: usize, pointer: &str) -> Option<Place> {
        match &self.origin {
            Origin::Set(document) => document.place(document.resolve(policy_node(document, policy), pointer).0),
            Origin::Manifests(written) => written.get(policy)?.field(pointer),
        }
    }

    /// Where a field of one of the `workloads` was written, or the nearest one around it.
    pub fn workload_place(&self, workload: usize, key: &str) -> Option<Place> {
        let Origin::Set(document) = &self.origin else { return None };
        let workloads = document.walk(NodeId::ROOT, &["spec", "workloads"]);
        let node = document.at(workloads, u32::try_from(workload).unwrap_or(u32::MAX));
        document.place(document.resolve(node, &format!("/{key}")).0)
    }
}

fn policy_node(document: &Document, policy: usize) -> NodeId {
    let policies = document.walk(NodeId::ROOT, &["spec", "policies"]);
    document.at(policies, u32::try_from(policy).unwrap_or(u32::MAX))
}

/// Reads a `PolicySet`.
///
/// Defaults: `mode` absent means the label [`DEFAULT_NAMESPACE_LABEL`] with compliance, a `mode` without `namespaceLabel` no
/// label, without `default` compliance; `effect` and `onError` are warn in sandbox and deny in compliance, and `onError` is
/// deny wherever `effect` is; `failFast` is off; without `onOverload` each policy's `onError` holds under overload too;
/// `match` absent means every CREATE and UPDATE of every object, subresources included.
///
/// # Errors
/// Every complaint, at most [`crate::fields::MAX_COMPLAINTS`] (the first that are read), in the order of their places.
pub fn parse_set(document: &Document) -> Result<LoadedSet, Vec<Complaint>> {
    let fields = Fields::new(document);
    let loaded = read_set(&fields);
    let complaints = fields.finish();
    match loaded {
        Some((set, selectors)) if complaints.is_empty() => {
            Ok(LoadedSet { set, selectors, notices: Vec::new(), origin: Origin::Set(document.clone()) })
        }
        _ => Err(complaints),
    }
}

/// Whether a document is of this kind, or at least of no other: the fields of another kind are not checked one by one.
pub fn is_of_kind(fields: &Fields, kind: &str) -> bool {
    let root = NodeId::ROOT;
    if !fields.expect(root, Kind::Map, "a map") {
        return false;
    }
    let document = fields.document;
    let written = |key: &str| document.string(root, &[key]).filter(|text| !text.trim().is_empty());
    let (found_version, found_kind) = (written("apiVersion"), written("kind"));
    let other = if found_kind.is_some_and(|found| found != kind) {
        "kind"
    } else if found_version.is_some_and(|found| found != API_VERSION) {
        "apiVersion"
    } else {
        return true;
    };
    let a_kind = found_kind.map_or("a document".to_owned(), |found| format!("a {}", quote(found)));
    let of_version = found_version.map_or(String::new(), |found| format!(" of {}", quote(found)));
    let message = format!("this is {a_kind}{of_version}, not a `{kind}` of `{API_VERSION}`");
    let node = document.find(root, other);
    match elsewhere::foreign(document) {
        Some(_) => fields.wrong_hint(node, message, elsewhere::rewrite_hint()),
        None => fields.wrong(node, message),
    }
    false
}

/// Reads what all documents of this product begin with; the name, where it is one.
pub(crate) fn read_head<'d>(fields: &Fields<'d>) -> Option<&'d str> {
    let root = NodeId::ROOT;
    fields.expect_map(root, &["apiVersion", "kind", "metadata", "spec"]);
    // Where they are texts, `is_of_kind` has seen that they are the right ones.
    for key in ["apiVersion", "kind"] {
        fields.required_text(root, key);
    }
    let metadata = fields.required(root, "metadata")?;
    if !fields.expect_map(metadata, &["name", "labels", "annotations"]) {
        return None;
    }
    for key in ["labels", "annotations"] {
        if let Some(map) = fields.get(metadata, key)
            && fields.expect(map, Kind::Map, "a map")
        {
            for (_, value) in fields.document.entries(map) {
                fields.expect(value, Kind::String, "a string");
            }
        }
    }
    read_name(fields, metadata)
}

pub(crate) fn read_name<'d>(fields: &Fields<'d>, parent: NodeId) -> Option<&'d str> {
    let name = fields.required_text(parent, "name")?;
    if !is_subdomain(name) {
        let hint = "a name has at most 253 lower-case letters, digits, `-` and `.`, and begins and ends with a letter or digit";
        fields.wrong_hint(fields.document.find(parent, "name"), format!("{} cannot be a name", quote(name)), hint);
    }
    Some(name)
}

fn read_set(fields: &Fields) -> Option<(PolicySet, Vec<Selector>)> {
    if !is_of_kind(fields, "PolicySet") {
        return None;
    }
    let name = read_head(fields);
    let spec = fields.required(NodeId::ROOT, "spec")?;
    if !fields.expect_map(spec, &["mode", "failFast", "onOverload", "workloads", "trust", "policies"]) {
        return None;
    }
    let mode = read_mode(fields, spec);
    let fail_fast = fields.per_mode(spec, "failFast", |node| fields.flag(node));
    let on_overload = fields.per_mode(spec, "onOverload", |node| fields.word(node, &EFFECTS[..2]));
    let workloads = fields.list(spec, "workloads").unwrap_or_default();
    let workloads = workloads.into_iter().filter_map(|node| read_workload(fields, node)).collect();
    let trust = read_trust(fields, spec);
    if fields.get(spec, "policies").is_none() {
        fields.wrong_hint(spec, "`spec` has no `policies`", "write `policies: []` for a set that judges nothing");
    }
    let items = fields.list(spec, "policies").unwrap_or_default();
    if let Some(&node) = items.get(MAX_POLICIES) {
        fields.wrong(node, format!("more than {MAX_POLICIES} policies in one set"));
    }
    let mut names: Vec<&str> = Vec::new();
    let mut policies = Vec::new();
    let mut selectors = Vec::new();
    for node in items.into_iter().take(MAX_POLICIES) {
        if let Some((policy, selector)) = read_policy(fields, node, &mut names) {
            policies.push(policy);
            selectors.push(selector);
        }
    }
    let name = name?.to_owned();
    let digest = digest_of(fields.document, &name);
    let fail_fast =
        PerMode { sandbox: fail_fast.sandbox.unwrap_or(false), compliance: fail_fast.compliance.unwrap_or(false) };
    Some((PolicySet { name, digest, mode, fail_fast, on_overload, workloads, trust, policies }, selectors))
}

fn read_mode(fields: &Fields, spec: NodeId) -> ModeRule {
    let Some(node) = fields.get(spec, "mode") else {
        return ModeRule { namespace_label: Some(DEFAULT_NAMESPACE_LABEL.to_owned()), default: Mode::Compliance };
    };
    if fields.document.kind(node) == Kind::String {
        fields.wrong_hint(node, "`mode` must be a map, found a string", "write `mode: {default: ..}`");
    } else {
        fields.expect_map(node, &["namespaceLabel", "default"]);
    }
    let label = fields.get(node, "namespaceLabel").and_then(|label| {
        let text = fields.text(label)?;
        check_key(fields, label, text);
        Some(text.to_owned())
    });
    let words = [("sandbox", Mode::Sandbox), ("compliance", Mode::Compliance)];
    let default = fields.get(node, "default").and_then(|default| fields.word(default, &words));
    ModeRule { namespace_label: label, default: default.unwrap_or(Mode::Compliance) }
}

fn read_policy<'d>(fields: &Fields<'d>, node: NodeId, names: &mut Vec<&'d str>) -> Option<(Policy, Selector)> {
    let known = [
        "name",
        "plugin",
        "match",
        "effect",
        "onError",
        "onExisting",
        "overrides",
        "grants",
        "settings",
        "settingsByMode",
    ];
    if !fields.expect_map_or(node, &known, elsewhere::in_policy) {
        return None;
    }
    let name = read_name(fields, node);
    if let Some(name) = name {
        if names.contains(&name) {
            let hint = "every policy of a set needs a name of its own";
            fields.wrong_hint(fields.document.find(node, "name"), format!("a second policy {}", quote(name)), hint);
        }
        names.push(name);
    }
    let plugin = read_plugin(fields, node);
    let (matches, selector) = read_match(fields, node);
    let effect = fields.per_mode(node, "effect", |found| fields.word(found, &EFFECTS));
    let on_error = fields.per_mode(node, "onError", |found| fields.word(found, &EFFECTS[..2]));
    let on_existing = fields.per_mode(node, "onExisting", |found| fields.word(found, &EFFECTS[..3]));
    let overrides = fields.list(node, "overrides").unwrap_or_default();
    let grants = fields.texts(node, "grants").unwrap_or_default();
    let settings = read_settings(fields, node);
    let overrides = read_overrides(fields, overrides);
    let effect = or_default(effect);
    // Who denies in sandbox means it: making the policy fail must not be the way round it.
    let denies =
        effect.sandbox == Effect::Deny || overrides.iter().any(|rule| rule.effect.sandbox == Some(Effect::Deny));
    let in_sandbox = if denies { Effect::Deny } else { Effect::Warn };
    let on_error = PerMode {
        sandbox: on_error.sandbox.unwrap_or(in_sandbox),
        compliance: on_error.compliance.unwrap_or(Effect::Deny),
    };
    let policy = Policy {
        name: name?.to_owned(),
        plugin: plugin?,
        matches,
        effect,
        on_error,
        on_existing: PerMode {
            sandbox: on_existing.sandbox.unwrap_or(Effect::Deny),
            compliance: on_existing.compliance.unwrap_or(Effect::Deny),
        },
        overrides,
        grants: grants
            .into_iter()
            .filter(|&(grant, _)| fields.text(grant).is_some())
            .map(|(_, g)| g.to_owned())
            .collect(),
        settings,
        place: fields.place(node),
    };
    Some((policy, selector))
}

/// The words for an effect; `onError` takes the first two, `onExisting` the first three.
const EFFECTS: [(&str, Effect); 4] =
    [("deny", Effect::Deny), ("warn", Effect::Warn), ("audit", Effect::Audit), ("shadow", Effect::Shadow)];

fn or_default(written: PerMode<Option<Effect>>) -> PerMode<Effect> {
    PerMode { sandbox: written.sandbox.unwrap_or(Effect::Warn), compliance: written.compliance.unwrap_or(Effect::Deny) }
}

fn read_plugin(fields: &Fields, policy: NodeId) -> Option<PluginReference> {
    let Some(node) = fields.get(policy, "plugin") else {
        let hint = "write `plugin: {builtin: ..}` or `plugin: {file: ..}`";
        fields.wrong_hint(policy, format!("{} has no `plugin`", fields.name(policy)), hint);
        return None;
    };
    if fields.document.kind(node) == Kind::String {
        let hint = format!("write `plugin: {{builtin: {}}}`", fields.document.text(node).escape_debug());
        fields.wrong_hint(node, "`plugin` must be a map, found a string", hint);
        return None;
    }
    if !fields.expect_map(node, &["builtin", "file", "oci", "digest"]) {
        return None;
    }
    let digest = fields.get(node, "digest").and_then(|found| {
        let text = fields.text(found)?;
        check_digest(fields, found, text);
        Some(text.to_owned())
    });
    let sources: Vec<&str> =
        ["builtin", "file", "oci"].into_iter().filter(|key| fields.get(node, key).is_some()).collect();
    match sources[..] {
        ["builtin"] => {
            Some(PluginReference::Builtin { name: fields.required_text(node, "builtin")?.to_owned(), digest })
        }
        ["file"] => Some(PluginReference::File { path: fields.required_text(node, "file")?.to_owned(), digest }),
        ["oci"] => read_oci(fields, node),
        [] => {
            fields.wrong(node, "`plugin` must say where the plugin comes from: `builtin`, `file` or `oci`");
            None
        }
        _ => {
            fields.wrong(
                node,
                format!("`plugin` names {} sources ({}); it takes one", sources.len(), sources.join(", ")),
            );
            None
        }
    }
}

fn read_oci(fields: &Fields, plugin: NodeId) -> Option<PluginReference> {
    let node = fields.document.find(plugin, "oci");
    let reference = fields.text(node)?;
    match reference.split_once('@') {
        Some((_, digest)) => check_digest(fields, node, digest),
        None => {
            let message = format!("{} names no digest", quote(reference));
            fields.wrong_hint(node, message, "write `registry/repository@sha256:..`: a tag can be moved");
        }
    }
    let hint = "put the component into a file and write `plugin: {file: .., digest: sha256:..}`";
    let complaint = Complaint::not_yet("plugins from a registry (`oci`) are not supported yet", fields.place(node));
    fields.add(complaint.hint(hint));
    Some(PluginReference::Oci { reference: reference.to_owned() })
}

fn check_digest(fields: &Fields, node: NodeId, digest: &str) {
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !digest.strip_prefix("sha256:").is_some_and(hex) {
        let message = format!("{} is not a digest", quote(digest));
        fields.wrong_hint(node, message, "a digest is `sha256:` and 64 lower-case hex digits");
    }
}

fn read_overrides(fields: &Fields, items: Vec<NodeId>) -> Vec<Override> {
    let mut overrides: Vec<Override> = Vec::new();
    for node in items {
        if !fields.expect_map_like(node, &["rule", "severity", "effect"], "{rule: .., severity: ..}") {
            continue;
        }
        let severities = Severity::ALL.map(|severity| (severity.as_str(), severity));
        let severity = fields.get(node, "severity").and_then(|found| fields.word(found, &severities));
        let effect = fields.per_mode(node, "effect", |found| fields.word(found, &EFFECTS));
        if fields.get(node, "severity").or(fields.get(node, "effect")).is_none() {
            fields.wrong(node, "this override changes nothing: it has neither `severity` nor `effect`");
        }
        let Some(written) = fields.required_text(node, "rule") else { continue };
        let Some((plugin, rule)) = read_rule(fields, fields.document.find(node, "rule"), written) else { continue };
        if overrides.iter().any(|other| other.rule == rule) {
            fields.wrong(fields.document.find(node, "rule"), format!("a second override of {}", quote(&rule)));
        }
        overrides.push(Override { plugin, rule, severity, effect });
    }
    overrides
}

/// A finding's code (`plugin/rule`, as reports show it) or the rule's id alone; never a pattern.
pub(crate) fn read_rule(fields: &Fields, node: NodeId, text: &str) -> Option<(Option<String>, String)> {
    let (plugin, rule) = text.split_once('/').map_or((None, text), |(plugin, rule)| (Some(plugin), rule));
    let plain = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
    };
    if !plain(rule) || !plugin.is_none_or(plain) {
        let hint = "write one rule as reports show it, such as `resource-limits/memory-missing`";
        fields.wrong_hint(node, format!("{} is not a rule", quote(text)), hint);
        return None;
    }
    Some((plugin.map(str::to_owned), rule.to_owned()))
}

#[cfg(test)]
mod tests;
