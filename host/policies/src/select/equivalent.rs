//! What an API server would convert before it asks a rule, and nobody converts in a file.

use portcullis_model::{ResourceRule, Review, Versions};

use crate::error::quote;

/// Kinds that more than one group serves, as the API server stores them together (`AddCohabitatingResources` in
/// pkg/kubeapiserver/default_storage_factory_builder.go): kind, resource, groups. Of today's Kubernetes only events are among
/// them; what `extensions` had is still found in old files.
const IN_SEVERAL_GROUPS: [(&str, &str, [&str; 2]); 8] = [
    ("Event", "events", ["", "events.k8s.io"]),
    ("Deployment", "deployments", ["apps", "extensions"]),
    ("DaemonSet", "daemonsets", ["apps", "extensions"]),
    ("ReplicaSet", "replicasets", ["apps", "extensions"]),
    ("ReplicationController", "replicationcontrollers", ["", "extensions"]),
    ("NetworkPolicy", "networkpolicies", ["networking.k8s.io", "extensions"]),
    ("Ingress", "ingresses", ["networking.k8s.io", "extensions"]),
    ("PodSecurityPolicy", "podsecuritypolicies", ["policy", "extensions"]),
];

/// Whether a rule of another version may speak of this object all the same: an API server has converted what it sends, but
/// nobody converts a file. Without this, whoever writes a file in another version that is served walks past the rule in CI. A rule
/// for everything does not say that there is another version.
pub(super) fn may_be_converted(rule: &ResourceRule, versions: Versions, review: &Review) -> bool {
    versions != Versions::Exact
        && review.request_document.is_none()
        && !rule.api_groups.iter().any(|group| group == "*")
        && !rule.resources.iter().any(|resource| resource.starts_with('*'))
}

/// Whether another group that serves the same objects is one of the rule's.
pub(super) fn in_other_group(rule: &ResourceRule, review: &Review) -> bool {
    let kind = &review.request.kind;
    let is = |name: &str, resource: &str| match &review.request.resource {
        Some(known) => known.resource == resource,
        None => kind.kind == name,
    };
    IN_SEVERAL_GROUPS.iter().any(|(name, resource, groups)| {
        is(name, resource)
            && groups.contains(&kind.group.as_str())
            && groups.iter().any(|group| rule.api_groups.iter().any(|known| known == group))
    })
}

/// Why it cannot be known whether the rule speaks of the object, and what to do.
pub(super) fn unconverted(rule: &ResourceRule, review: &Review) -> String {
    let kind = &review.request.kind;
    let written = api_versions(std::slice::from_ref(&kind.group), std::slice::from_ref(&kind.version));
    format!(
        "the object is written in {}, and the rule judges {}: the API server would convert it, which nobody does here; write the object so",
        quote(&written),
        quote(&api_versions(&rule.api_groups, &rule.api_versions))
    )
}

/// `apps/v1, apps/v1beta1`, as objects name it.
fn api_versions(groups: &[String], versions: &[String]) -> String {
    let of_group = |group: &String| {
        let group = group.clone();
        let joined = move |version: &String| match group.as_str() {
            "" => version.clone(),
            group => format!("{group}/{version}"),
        };
        versions.iter().map(joined).collect::<Vec<_>>()
    };
    groups.iter().flat_map(of_group).collect::<Vec<_>>().join(", ")
}
