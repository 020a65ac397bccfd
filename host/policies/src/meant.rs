//! The kind that somebody meant.

/// Kinds of more than one word, which no rule finds from their small letters.
const KINDS: [&str; 17] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "ConfigMap",
    "CronJob",
    "DaemonSet",
    "HorizontalPodAutoscaler",
    "NetworkPolicy",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "ReplicaSet",
    "ReplicationController",
    "ResourceQuota",
    "RoleBinding",
    "ServiceAccount",
    "StatefulSet",
    "StorageClass",
];

/// The kind that somebody meant who wrote it in small letters or as a plural: `rollouts`, `statefulset`.
pub(crate) fn kind_for(written: &str) -> String {
    let singular = match written.strip_suffix('s') {
        Some(stem) if !stem.ends_with(['s', 'u', 'i']) => stem,
        _ => written,
    };
    let known = KINDS.iter().find(|kind| [written, singular].iter().any(|own| kind.eq_ignore_ascii_case(own)));
    let mut letters = singular.chars();
    known.map_or_else(
        || letters.next().map_or(String::new(), |first| first.to_ascii_uppercase().to_string() + letters.as_str()),
        |&kind| kind.to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_kind_behind_small_letters_and_plurals() {
        for (written, kind) in [
            ("deployment", "Deployment"),
            ("rollouts", "Rollout"),
            ("statefulsets", "StatefulSet"),
            ("ingress", "Ingress"),
            ("ärger", "ärger"),
            ("", ""),
        ] {
            assert_eq!(kind_for(written), kind);
        }
    }
}
