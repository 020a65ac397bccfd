//! Policies, bindings and params to the policies of one set: one for each binding and each object that it names as params.

use std::collections::BTreeMap;
use std::fmt::Write;

use portcullis_model::{
    Effect, LabelSelector, Match, Mode, ModeRule, NAMESPACE_NAME_LABEL, NodeId, PerMode, PluginReference, Policy,
    PolicySet, Requirement, RequirementOperator, Scope, json_string, nearest, sha256_hex,
};

use super::binding::{Binding, ParamRef};
use super::matching::{everything, rule};
use super::params::{Others, Param};
use super::policy::{AdmissionPolicy, ParamKind};
use super::{ADMISSION_SET, Written};
use crate::error::{Complaint, quote};
use crate::matching::Selector;
use crate::set::{LoadedSet, MAX_POLICIES, Origin};
use crate::settings::{MAX_SETTINGS, write_canonical};

/// What the API server says where `parameterNotFoundAction: Deny` finds nothing.
const NO_PARAMS: &str =
    "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction";
/// What it says where params would be those of the object's namespace, and the object has none.
const NO_NAMESPACE: &str = "failed to configure binding: cannot use namespaced paramRef in policy binding that matches cluster-scoped resources";
/// The settings that a policy and the plugin `cel` have by the same name.
const SETTINGS: [&str; 3] = ["matchConditions", "validations", "variables"];

/// The set that all manifests become, sorted by the names of policies, bindings and params.
///
/// # Errors
/// Names that are given twice, and names that fit nothing.
pub(super) fn set(
    policies: &[AdmissionPolicy],
    bindings: &[Binding],
    others: &Others,
) -> Result<LoadedSet, Vec<Complaint>> {
    let mut complaints = Vec::new();
    refuse_twice("policy", policies.iter().map(|policy| (&policy.name, &policy.document)), &mut complaints);
    refuse_twice("binding", bindings.iter().map(|binding| (&binding.name, &binding.document)), &mut complaints);
    let names: Vec<&str> = policies.iter().map(|policy| policy.name.as_str()).collect();
    for binding in bindings.iter().filter(|binding| !names.contains(&binding.policy.as_str())) {
        let message =
            format!("the binding {} names a policy {} that is not given", quote(&binding.name), quote(&binding.policy));
        let hint = match nearest(&binding.policy, &names) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "give its manifest, too".to_owned(),
        };
        complaints.push(Complaint::wrong(message, binding.policy_place.clone()).hint(hint));
    }
    let mut assembly = Assembly { others, parts: Vec::new(), notices: Vec::new(), complaints };
    let mut sorted: Vec<&AdmissionPolicy> = policies.iter().collect();
    sorted.sort_by(|left, right| left.name.cmp(&right.name));
    for policy in sorted {
        assembly.policy(policy, bindings);
    }
    let kinds: Vec<&ParamKind> = policies.iter().filter_map(|policy| policy.param_kind.as_ref()).collect();
    let unused = others.unused(&kinds);
    if !unused.is_empty() {
        let all = unused.join(", ");
        assembly
            .notices
            .push(format!("not read beside the policies, because no policy has params of these kinds: {all}"));
    }
    assembly.finish()
}

fn refuse_twice<'m>(
    what: &str,
    all: impl Iterator<Item = (&'m String, &'m portcullis_model::Document)>,
    complaints: &mut Vec<Complaint>,
) {
    let mut seen = Vec::new();
    for (name, document) in all {
        if seen.contains(&name) {
            let place = document.place(document.walk(NodeId::ROOT, &["metadata", "name"]));
            complaints.push(Complaint::wrong(format!("a second {what} {}", quote(name)), place));
        }
        seen.push(name);
    }
}

/// One policy of the set on its way there.
struct Part {
    policy: Policy,
    written: Written,
    /// What a shorter name leaves out: binding and params.
    rest: Vec<String>,
    /// What besides its settings decides what it does, in one spelling.
    specs: String,
}

struct Assembly<'a> {
    others: &'a Others,
    parts: Vec<Part>,
    notices: Vec<String>,
    complaints: Vec<Complaint>,
}

impl Assembly<'_> {
    fn policy(&mut self, policy: &AdmissionPolicy, bindings: &[Binding]) {
        let name = quote(&policy.name);
        if policy.annotates {
            self.notices.push(format!("the `auditAnnotations` of {name} are not made here; they change no verdict"));
        }
        if !policy.validates {
            return;
        }
        let first = self.parts.len();
        let mut own: Vec<&Binding> = bindings.iter().filter(|binding| binding.policy == policy.name).collect();
        own.sort_by(|left, right| left.name.cmp(&right.name));
        if own.is_empty() {
            self.unbound(policy);
        }
        for binding in own {
            self.binding(policy, binding);
        }
        let alone = self.parts.len() == first + 1;
        for part in &mut self.parts[first..] {
            // No name of Kubernetes has a `/`, so no two of these are the same.
            let rest = std::mem::take(&mut part.rest);
            if !alone {
                part.policy.name = std::iter::once(policy.name.clone()).chain(rest).collect::<Vec<_>>().join("/");
            }
        }
    }

    fn unbound(&mut self, policy: &AdmissionPolicy) {
        let name = quote(&policy.name);
        if let Some(kind) = &policy.param_kind {
            let message = format!("the policy {name} has params (`{}`), and no binding says which", kind.kind);
            let node = policy.document.walk(NodeId::ROOT, &["spec", "paramKind"]);
            let hint = format!(
                "a ValidatingAdmissionPolicyBinding does (`spec.paramRef`): put it and the `{}` (`{}`) that it names into the same file or folder, or give each with a `--policies` of its own",
                kind.kind, kind.api_version
            );
            self.complaints.push(Complaint::wrong(message, policy.document.place(node)).hint(hint));
            return;
        }
        self.notices.push(format!(
            "no binding of the policy {name} is given: it is judged as if one bound it to everything with `Deny`"
        ));
        self.add(policy, None, Params::None, Vec::new());
    }

    fn binding(&mut self, policy: &AdmissionPolicy, binding: &Binding) {
        match (&policy.param_kind, &binding.param) {
            (None, None) => self.add(policy, Some(binding), Params::None, Vec::new()),
            (None, Some(_)) => {
                let (policy_name, name) = (quote(&policy.name), quote(&binding.name));
                self.notices.push(format!(
                    "the binding {name} has a `paramRef`, and its policy {policy_name} no `paramKind`: it is not used"
                ));
                self.add(policy, Some(binding), Params::None, Vec::new());
            }
            (Some(_), None) => self.add(policy, Some(binding), Params::Null, Vec::new()),
            (Some(kind), Some(reference)) => self.with_params(policy, binding, kind, reference),
        }
    }

    fn with_params(&mut self, policy: &AdmissionPolicy, binding: &Binding, kind: &ParamKind, reference: &ParamRef) {
        let namespaced = self.others.is_namespaced(kind, reference);
        let all = self.others.of_kind(kind, namespaced);
        let wrong = |message: String, hint: String| Complaint::wrong(message, reference.place.clone()).hint(hint);
        if kind.kind == "Secret" && kind.api_version == "v1" {
            let message = format!("the binding {} takes its params from a Secret", quote(&binding.name));
            let hint = "its values would stand in settings, records and messages: take a ConfigMap or a custom kind";
            self.complaints.push(wrong(message, hint.to_owned()));
            return;
        }
        if all.is_empty() {
            let (name, version) = (quote(&binding.name), &kind.api_version);
            let other = self.others.versions_of(kind);
            let hint = match other.first() {
                Some(other) => {
                    format!("one is written in {}, which nobody converts here: write it in `{version}`", quote(other))
                }
                None => format!(
                    "put the manifest of {} into the same file or folder, or give it with a `--policies` of its own",
                    reference.shown(kind)
                ),
            };
            let message =
                format!("the binding {name} takes its params from a `{}` of `{version}`, and none is given", kind.kind);
            self.complaints.push(wrong(message, hint));
            return;
        }
        if !namespaced && reference.namespace.is_some() {
            let message = format!("`paramRef` names a namespace, and a `{}` has none", kind.kind);
            self.complaints.push(wrong(message, "remove `namespace`".to_owned()));
            return;
        }
        let known: Vec<&str> = all.iter().map(|param| param.name.as_str()).collect();
        let near = reference.name.as_deref().and_then(|name| nearest(name, &known)).map(str::to_owned);
        let named: Vec<Param> = all.into_iter().filter(|param| reference.names(param)).collect();
        match &reference.namespace {
            _ if !namespaced => self.params_anywhere(policy, binding, reference, named, near),
            Some(namespace) => {
                let own = named.into_iter().filter(|param| param.namespace == *namespace).collect();
                self.params_anywhere(policy, binding, reference, own, near);
            }
            None => self.params_of_namespaces(policy, binding, reference, named),
        }
    }

    /// The same params for whatever is judged.
    fn params_anywhere(
        &mut self,
        policy: &AdmissionPolicy,
        binding: &Binding,
        reference: &ParamRef,
        params: Vec<Param>,
        near: Option<String>,
    ) {
        if params.is_empty() {
            let what = match (reference.denies, policy.fails) {
                (false, _) => "judges nothing, as its `parameterNotFoundAction` is `Allow`",
                (true, false) => "judges nothing, as the `failurePolicy` is `Ignore`",
                (true, true) => "denies whatever it matches, as its `parameterNotFoundAction` is `Deny`",
            };
            let hint = near.map_or(String::new(), |near| format!("; did you mean {}?", quote(&near)));
            self.notices.push(format!(
                "none of the params given is one that the binding {} names, so it {what}{hint}",
                quote(&binding.name)
            ));
            if reference.denies {
                self.add(policy, Some(binding), Params::Refused("no-params", NO_PARAMS), Vec::new());
            }
            return;
        }
        for param in params {
            self.add(policy, Some(binding), Params::Of(&param), Vec::new());
        }
    }

    /// Params of each object's own namespace.
    fn params_of_namespaces(
        &mut self,
        policy: &AdmissionPolicy,
        binding: &Binding,
        reference: &ParamRef,
        params: Vec<Param>,
    ) {
        for param in &params {
            let own = within(RequirementOperator::In, vec![param.namespace.clone()]);
            self.add(policy, Some(binding), Params::Of(param), vec![own]);
        }
        let mut namespaces: Vec<String> = params.iter().map(|param| param.namespace.clone()).collect();
        namespaces.dedup();
        if reference.denies {
            let elsewhere = within(RequirementOperator::NotIn, namespaces);
            self.add(policy, Some(binding), Params::Refused("no-params", NO_PARAMS), vec![elsewhere]);
        }
        let without = Match {
            resource_rules: Some(vec![everything(Scope::Cluster)]),
            exclude_resource_rules: vec![rule("", &["namespaces/*"])],
            ..Match::default()
        };
        self.add(policy, Some(binding), Params::Refused("cluster-scoped", NO_NAMESPACE), vec![without]);
    }

    fn add(&mut self, policy: &AdmissionPolicy, binding: Option<&Binding>, params: Params, also: Vec<Match>) {
        // The API server takes what cannot be configured for an error, which `failurePolicy: Ignore` lets pass.
        let refused = matches!(params, Params::Refused(..));
        if refused && !policy.fails {
            return;
        }
        let settings = settings(policy, &params);
        if settings.len() > MAX_SETTINGS {
            let place = policy.document.place(NodeId::ROOT);
            let message =
                format!("the policy {} and its params take more than {MAX_SETTINGS} bytes", quote(&policy.name));
            self.complaints.push(Complaint::wrong(message, place));
            return;
        }
        let effect = binding.filter(|_| !refused).map_or(Effect::Deny, |binding| binding.effect);
        let on_error = if policy.fails { Effect::Deny } else { Effect::Warn };
        let both = |effect: Effect| PerMode { sandbox: effect, compliance: effect };
        let also = binding.and_then(|binding| binding.matches.clone()).into_iter().chain(also).collect();
        let written = Written {
            policy: policy.document.clone(),
            param: if let Params::Of(param) = params { Some(param.document.clone()) } else { None },
            instead: binding.filter(|_| refused).and_then(|binding| binding.param.as_ref()?.place.clone()),
        };
        let mut specs = String::new();
        let spec = |document: &portcullis_model::Document, out: &mut String| {
            write_canonical(document, document.find(NodeId::ROOT, "spec"), out);
        };
        spec(&policy.document, &mut specs);
        if let Some(binding) = binding {
            specs.push(',');
            spec(&binding.document, &mut specs);
        }
        self.parts.push(Part {
            policy: Policy {
                name: policy.name.clone(),
                plugin: PluginReference::Builtin { name: "cel".to_owned(), digest: None },
                matches: Match { also, ..policy.matches.clone() },
                effect: both(effect),
                on_error: both(on_error),
                on_existing: both(Effect::Deny),
                overrides: Vec::new(),
                grants: Vec::new(),
                settings: PerMode { sandbox: settings.clone(), compliance: settings },
                place: policy.document.place(policy.document.walk(NodeId::ROOT, &["metadata", "name"])),
            },
            written,
            rest: binding.map(|binding| binding.name.clone()).into_iter().chain(params.names()).collect(),
            specs,
        });
    }

    fn finish(mut self) -> Result<LoadedSet, Vec<Complaint>> {
        if let Some(part) = self.parts.get(MAX_POLICIES) {
            let message = format!("policies, bindings and params make more than {MAX_POLICIES} policies");
            self.complaints.push(Complaint::wrong(message, part.policy.place.clone()));
        }
        if !self.complaints.is_empty() {
            return Err(self.complaints);
        }
        let mut text = String::from("[");
        for Part { policy, specs, .. } in &self.parts {
            json_string(&policy.name, &mut text);
            // Writing to a String cannot fail.
            let _ = write!(text, ",{specs},{},", policy.settings.compliance);
        }
        let (policies, written): (Vec<Policy>, Vec<Written>) =
            self.parts.into_iter().map(|part| (part.policy, part.written)).unzip();
        let set = PolicySet {
            name: ADMISSION_SET.to_owned(),
            digest: sha256_hex(text.as_bytes()),
            mode: ModeRule { namespace_label: None, default: Mode::Compliance },
            fail_fast: PerMode { sandbox: false, compliance: false },
            on_overload: PerMode { sandbox: None, compliance: None },
            workloads: Vec::new(),
            trust: Vec::new(),
            policies,
        };
        let selectors = set.policies.iter().map(|_| Selector::of_objects()).collect();
        Ok(LoadedSet { set, selectors, origin: Origin::Manifests(written), notices: self.notices })
    }
}

/// What the params of a policy are.
enum Params<'p> {
    /// The policy has none.
    None,
    /// The binding names none.
    Null,
    /// This object.
    Of(&'p Param),
    /// There are none, which denies: a word for the policy's name, and the message.
    Refused(&'static str, &'static str),
}

impl Params<'_> {
    fn names(&self) -> Vec<String> {
        match self {
            Self::None | Self::Null => Vec::new(),
            Self::Refused(word, _) => vec![(*word).to_owned()],
            Self::Of(param) if param.namespace.is_empty() => vec![param.name.clone()],
            Self::Of(param) => vec![param.namespace.clone(), param.name.clone()],
        }
    }
}

/// The settings of the plugin `cel`, keys sorted.
fn settings(policy: &AdmissionPolicy, params: &Params) -> String {
    let failure = if policy.fails { "Fail" } else { "Ignore" };
    let mut members: BTreeMap<&str, String> = BTreeMap::from([("failurePolicy", format!("\"{failure}\""))]);
    let json = |document: &portcullis_model::Document, node: NodeId| {
        let mut out = String::new();
        write_canonical(document, node, &mut out);
        out
    };
    if let Params::Refused(_, message) = params {
        let mut validation = String::from("[{\"expression\":\"false\",\"message\":");
        json_string(message, &mut validation);
        validation.push_str("}]");
        members.insert("validations", validation);
    } else {
        let spec = policy.document.find(NodeId::ROOT, "spec");
        for key in SETTINGS {
            let node = policy.document.find(spec, key);
            if policy.document.len(node) > 0 {
                members.insert(key, json(&policy.document, node));
            }
        }
    }
    match params {
        Params::Null => _ = members.insert("params", "null".to_owned()),
        Params::Of(param) => _ = members.insert("params", json(&param.document, NodeId::ROOT)),
        Params::None | Params::Refused(..) => {}
    }
    let members: Vec<String> = members.into_iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

/// What is in these namespaces, or in others; a Namespace is in itself.
fn within(operator: RequirementOperator, values: Vec<String>) -> Match {
    let name = Requirement { key: NAMESPACE_NAME_LABEL.to_owned(), operator, values };
    // No value at all: everywhere.
    let match_expressions = if name.values.is_empty() { Vec::new() } else { vec![name] };
    Match {
        resource_rules: Some(vec![everything(Scope::Namespaced), rule("", &["namespaces/*"])]),
        namespace_selector: LabelSelector { match_expressions, ..LabelSelector::default() },
        ..Match::default()
    }
}
