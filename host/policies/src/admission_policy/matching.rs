//! The `matchConstraints` of a policy and the `matchResources` of a binding, which are one type (`MatchResources`).

use portcullis_model::{Match, NodeId, ResourceRule, Scope, Versions};

use super::head::given;
use crate::fields::Fields;
use crate::labels::read_selector;
use crate::resource_rules::read_rule;

/// What no policy judges: questions about who may do what, by group and plural (`DefaultExcludedResources` of
/// kubernetes/pkg/kubeapiserver/admission/exclusion).
const NEVER: [(&str, &[&str]); 2] = [
    ("authentication.k8s.io", &["tokenreviews", "selfsubjectreviews"]),
    (
        "authorization.k8s.io",
        &["localsubjectaccessreviews", "subjectaccessreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    ),
];
/// What policies in the cluster do not judge, lest nobody can mend them: policies (`admissionResources` of
/// apiserver/pkg/admission/plugin/policy/generic).
const THEMSELVES: (&str, &[&str]) = (
    "admissionregistration.k8s.io",
    &[
        "validatingadmissionpolicies",
        "validatingadmissionpolicybindings",
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
    ],
);
/// What a policy is called that an API server reads from a file; it judges policies, too.
const STATIC: &str = ".static.k8s.io";

/// Reads rules and selectors; without a rule everything matches.
pub(super) fn read_match_resources(fields: &Fields, node: NodeId) -> Match {
    let known = ["namespaceSelector", "objectSelector", "resourceRules", "excludeResourceRules", "matchPolicy"];
    if !fields.expect_map(node, &known) {
        return Match::default();
    }
    let policies = [("Equivalent", Versions::Equivalent), ("Exact", Versions::Exact)];
    let versions = given(fields, node, "matchPolicy").and_then(|found| fields.word(found, &policies));
    let rules = |key: &str| -> Vec<ResourceRule> {
        let items = given(fields, node, key).and_then(|_| fields.list(node, key)).unwrap_or_default();
        items.into_iter().filter_map(|item| read_rule(fields, item)).collect()
    };
    let written = rules("resourceRules");
    Match {
        resource_rules: Some(if written.is_empty() { vec![everything(Scope::Any)] } else { written }),
        exclude_resource_rules: rules("excludeResourceRules"),
        versions: versions.unwrap_or(Versions::Equivalent),
        namespace_selector: read_selector(fields, node, "namespaceSelector"),
        object_selector: read_selector(fields, node, "objectSelector"),
        ..Match::default()
    }
}

/// A rule for every request of a scope.
pub(super) fn everything(scope: Scope) -> ResourceRule {
    ResourceRule { scope, ..rule("*", &["*/*"]) }
}

/// A rule for these resources of a group, whatever is done to them.
pub(super) fn rule(group: &str, resources: &[&str]) -> ResourceRule {
    ResourceRule {
        api_groups: vec![group.to_owned()],
        api_versions: vec!["*".to_owned()],
        operations: vec!["*".to_owned()],
        resources: resources.iter().map(|&resource| resource.to_owned()).collect(),
        resource_names: Vec::new(),
        scope: Scope::Any,
    }
}

/// Rules for what this policy of an API server would never judge.
pub(super) fn never(policy: &str) -> impl Iterator<Item = ResourceRule> {
    let whole = |(group, plurals): (&str, &[&str])| ResourceRule {
        resources: plurals.iter().map(|plural| format!("{plural}/*")).collect(),
        ..rule(group, &[])
    };
    let themselves = (!policy.ends_with(STATIC)).then_some(THEMSELVES);
    NEVER.into_iter().chain(themselves).map(whole)
}
