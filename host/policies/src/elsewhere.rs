//! What other policy engines call things, and what that is here.

use portcullis_model::{Document, NodeId};

use crate::error::{Complaint, quote};

/// The page that shows the same policies side by side.
const PAGE: &str = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/coming-from.md");
/// The API groups of other engines' policies, with the names of the engines. A constraint of Gatekeeper is none of them: a
/// ValidatingAdmissionPolicy may take one as its params.
const GROUPS: [(&str, &str); 5] = [
    ("kyverno.io", "Kyverno"),
    ("policies.kyverno.io", "Kyverno"),
    ("templates.gatekeeper.sh", "Gatekeeper"),
    ("policies.kubewarden.io", "Kubewarden"),
    ("constraints.gatekeeper.sh", "Gatekeeper"),
];
/// How many of [`GROUPS`] hold nothing that could be params.
const NEVER_PARAMS: usize = 4;

const NAMESPACES: &str = "say it by labels: `namespaceSelector: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [..]}]}`, or `In` for those that are meant";
const KINDS: &str = "say it by resources, in small letters and as a plural: `resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}]`";
const LABELS: &str = "the labels of the object are `objectSelector: {matchLabels: {..}}`";
const CONDITIONS: &str = "say it in CEL: `matchConditions: [{name: .., expression: ..}]`";

/// What somebody writes into `match` who comes from elsewhere.
const MATCH: [(&str, &str); 17] = [
    ("namespaces", NAMESPACES),
    ("namespace", NAMESPACES),
    ("excludedNamespaces", NAMESPACES),
    ("excludeNamespaces", NAMESPACES),
    ("kinds", KINDS),
    ("kind", KINDS),
    ("resources", KINDS),
    ("rules", KINDS),
    ("any", KINDS),
    ("all", KINDS),
    ("scope", "it stands in a rule: `resourceRules: [{.., scope: Namespaced}]`"),
    ("operations", "it stands in a rule: `resourceRules: [{.., operations: [CREATE, UPDATE]}]`"),
    ("labelSelector", LABELS),
    ("selector", LABELS),
    ("exclude", CONDITIONS),
    ("preconditions", CONDITIONS),
    ("name", "it stands in a rule: `resourceRules: [{.., resourceNames: [..]}]`"),
];

const EFFECT: &str = "what a finding does is `effect: {sandbox: warn, compliance: deny}`";

/// What somebody writes into a policy who comes from elsewhere.
const POLICY: [(&str, &str); 12] = [
    ("parameters", "what a plugin is told is `settings`"),
    ("validate", "a rule of one's own is `plugin: {builtin: cel}` with `settings: {validations: [..]}`"),
    ("validations", "they stand in `settings` of `plugin: {builtin: cel}`"),
    ("rules", "what is judged is `match: {resourceRules: [..]}`, and what must be true the `settings`"),
    ("module", "the plugin is `plugin: {builtin: ..}` or `plugin: {file: ..}`"),
    ("exclude", "what is left out is said in `match`: by `namespaceSelector`, `objectSelector` or `matchConditions`"),
    ("matchConditions", "they stand in `match`"),
    ("enforcementAction", EFFECT),
    ("validationFailureAction", EFFECT),
    ("failureAction", EFFECT),
    ("mode", EFFECT),
    ("failurePolicy", "what becomes of what cannot be judged is `onError: {sandbox: warn, compliance: deny}`"),
];

/// What a field of `match` is here that another engine has.
pub(crate) fn in_match(field: &str) -> Option<String> {
    said(&MATCH, field)
}

/// What a field of a policy is here that another engine has.
pub(crate) fn in_policy(field: &str) -> Option<String> {
    said(&POLICY, field)
}

fn said(table: &[(&str, &str)], field: &str) -> Option<String> {
    table.iter().find(|(known, _)| *known == field).map(|&(_, hint)| hint.to_owned())
}

/// Complains about a policy of another engine, which nobody here can judge by.
pub fn foreign_policy(document: &Document) -> Option<Complaint> {
    complaint(document, &GROUPS[..NEVER_PARAMS])
}

/// The same of whatever no other policy takes as its params.
pub(crate) fn foreign(document: &Document) -> Option<Complaint> {
    complaint(document, &GROUPS)
}

fn complaint(document: &Document, groups: &[(&str, &str)]) -> Option<Complaint> {
    let word = |key: &str| document.string(NodeId::ROOT, &[key]).unwrap_or_default();
    let group = word("apiVersion").split_once('/')?.0;
    let (_, engine) = groups.iter().find(|(known, _)| *known == group)?;
    let place = document.place(document.find(NodeId::ROOT, "kind"));
    let message = format!("this is a {} of {engine}, and no policy set", quote(word("kind")));
    Some(Complaint::wrong(message, place).hint(rewrite_hint()))
}

/// Where somebody reads who has policies of another engine.
pub fn rewrite_hint() -> String {
    format!("write it as a PolicySet: docs/coming-from.md shows the same rules side by side ({PAGE})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_policies_of_others_and_leaves_params_alone() {
        let of = |text: &str| {
            let document = crate::sample::yaml(text);
            (foreign_policy(&document).map(|told| told.message), foreign(&document).is_some())
        };
        let (told, _) = of("apiVersion: kyverno.io/v1\nkind: ClusterPolicy\n");
        assert_eq!(told.as_deref(), Some("this is a `ClusterPolicy` of Kyverno, and no policy set"));
        assert_eq!(of("apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sLabels\n"), (None, true));
        assert_eq!(of("apiVersion: v1\nkind: ConfigMap\n"), (None, false));
        assert_eq!(of("kind: ClusterPolicy\n"), (None, false));
    }
}
