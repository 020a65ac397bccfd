//! A policy as its author meant it: plugin, match, settings, effects.

use std::collections::BTreeMap;

use crate::decision::{Effect, Mode};
use crate::finding::Severity;
use crate::place::Place;
use crate::trust::TrustRule;

/// One value for each mode.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PerMode<T> {
    /// In sandbox.
    pub sandbox: T,
    /// In compliance.
    pub compliance: T,
}

impl<T> PerMode<T> {
    /// The value for a mode.
    pub fn of(&self, mode: Mode) -> &T {
        match mode {
            Mode::Sandbox => &self.sandbox,
            Mode::Compliance => &self.compliance,
        }
    }
}

/// Which plugin a policy uses.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PluginReference {
    /// One that the product carries.
    Builtin {
        /// Its name.
        name: String,
        /// What its digest must be, `sha256:` and 64 hex digits, where the author pins it.
        digest: Option<String>,
    },
    /// A component in a file.
    File {
        /// The path; a relative one starts at the policy set's own folder.
        path: String,
        /// What its digest must be.
        digest: Option<String>,
    },
    /// A component in a registry, always by digest.
    Oci {
        /// `registry/repository@sha256:...`.
        reference: String,
    },
}

/// How a policy set knows the mode of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModeRule {
    /// The label of the Namespace that says it; absent: `default` everywhere.
    pub namespace_label: Option<String>,
    /// The mode where the namespace is known and has no such label, and for what has no namespace.
    pub default: Mode,
}

/// Which scope a resource rule speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Either.
    Any,
    /// Cluster-scoped resources (a Namespace is one).
    Cluster,
    /// Namespaced resources.
    Namespaced,
}

/// One of a policy's `resourceRules`, with Kubernetes' own meaning (`RuleWithOperations`, admissionregistration.k8s.io/v1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceRule {
    /// Groups; `*` is any, the empty text the core group.
    pub api_groups: Vec<String>,
    /// Versions; `*` is any.
    pub api_versions: Vec<String>,
    /// Operations; `*` is any.
    pub operations: Vec<String>,
    /// `pods`, `pods/status`, `pods/*`, `*/scale`, `*`, `*/*`.
    pub resources: Vec<String>,
    /// Names; empty is any.
    pub resource_names: Vec<String>,
    /// Scope.
    pub scope: Scope,
}

/// The operator of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequirementOperator {
    /// The label has one of the values.
    In,
    /// The label has none of the values, or is absent.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

/// One of a label selector's `matchExpressions`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// The label.
    pub key: String,
    /// What must hold.
    pub operator: RequirementOperator,
    /// For `In` and `NotIn`.
    pub values: Vec<String>,
}

/// A label selector (`LabelSelector`, meta/v1): everything must hold; empty matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector {
    /// Labels that must have these values.
    pub match_labels: BTreeMap<String, String>,
    /// Further requirements.
    pub match_expressions: Vec<Requirement>,
}

/// A CEL expression that must be true.
#[derive(Clone, Debug, PartialEq)]
pub struct MatchCondition {
    /// Its name, for messages.
    pub name: String,
    /// The expression.
    pub expression: String,
    /// Where it stands.
    pub place: Option<Place>,
}

/// Which version of a request its rules are compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Versions {
    /// The one that was sent here. Of a file, which nobody sent, the same holds as for `Equivalent`.
    #[default]
    Sent,
    /// The one in which somebody asked the API server, before it converted anything (`matchPolicy: Exact`).
    Exact,
    /// Any into which the API server would convert the object (`matchPolicy: Equivalent`). Of a file in another version nothing
    /// is known then.
    Equivalent,
}

/// What a policy judges.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Match {
    /// Which requests about Kubernetes objects; any of them must match. Absent: none where `documents` is given, else all.
    pub resource_rules: Option<Vec<ResourceRule>>,
    /// Requests that are left out although a rule matches them.
    pub exclude_resource_rules: Vec<ResourceRule>,
    /// Which version of a request the rules are compared with.
    pub versions: Versions,
    /// Labels of the namespace.
    pub namespace_selector: LabelSelector,
    /// Labels of the object or the old object.
    pub object_selector: LabelSelector,
    /// CEL; all must be true.
    pub match_conditions: Vec<MatchCondition>,
    /// Glob patterns of files that are judged as documents.
    pub documents: Vec<String>,
    /// What else must match an object: rules and selectors of each (those of a binding).
    pub also: Vec<Match>,
}

/// A change of one rule's severity or effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The plugin, where the override names it (`plugin/rule`); it must be the policy's own.
    pub plugin: Option<String>,
    /// The rule's id.
    pub rule: String,
    /// Another severity.
    pub severity: Option<Severity>,
    /// Another effect, for the modes that are named.
    pub effect: PerMode<Option<Effect>>,
}

/// One configured use of a plugin.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Its name, unique in its set.
    pub name: String,
    /// The plugin.
    pub plugin: PluginReference,
    /// What it judges.
    pub matches: Match,
    /// What a finding does.
    pub effect: PerMode<Effect>,
    /// What it does when it could not judge: `deny` or `warn`.
    pub on_error: PerMode<Effect>,
    /// What a finding does that would deny an update and that the object had before it: `deny`, `warn` or `audit`.
    pub on_existing: PerMode<Effect>,
    /// Exceptions for single rules.
    pub overrides: Vec<Override>,
    /// The kinds of fact that it may ask for.
    pub grants: Vec<String>,
    /// The settings of each mode as JSON text, `settingsByMode` already merged in.
    pub settings: PerMode<String>,
    /// Where it begins.
    pub place: Option<Place>,
}

impl Policy {
    /// What a finding of this rule does in this mode, waivers aside.
    pub fn effect_of(&self, rule: &str, mode: Mode) -> Effect {
        let overridden = self.overrides.iter().filter(|o| o.rule == rule).find_map(|o| *o.effect.of(mode));
        overridden.unwrap_or(*self.effect.of(mode))
    }

    /// The severity of a rule's findings.
    pub fn severity_of(&self, rule: &str, own: Severity) -> Severity {
        self.overrides.iter().filter(|o| o.rule == rule).find_map(|o| o.severity).unwrap_or(own)
    }
}

/// A kind that keeps a Pod template where only the operator knows (a Rollout, a Knative Service).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomWorkload {
    /// Group of the kind.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// JSON Pointer (RFC 6901) to the Pod template: what holds `metadata` and `spec`.
    pub template: String,
    /// JSON Pointer to the number of Pods, where there is one.
    pub replicas: Option<String>,
}

/// An ordered list of policies with their modes.
#[derive(Clone, Debug, PartialEq)]
pub struct PolicySet {
    /// Its name.
    pub name: String,
    /// SHA-256 of what it says, as `sha256:` and 64 hex digits; two spellings of one set have one digest.
    pub digest: String,
    /// How the mode of a place is known.
    pub mode: ModeRule,
    /// Whether to stop after the first policy that denies, in order.
    pub fail_fast: PerMode<bool>,
    /// What holds for every policy that could not judge because of overload: `deny` or `warn`. Absent: its own `onError`.
    pub on_overload: PerMode<Option<Effect>>,
    /// Further kinds that run containers.
    pub workloads: Vec<CustomWorkload>,
    /// Whose signatures count, by the names that policies use.
    pub trust: Vec<TrustRule>,
    /// The policies, in order.
    pub policies: Vec<Policy>,
}
