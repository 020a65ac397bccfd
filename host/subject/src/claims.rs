//! Finds the claims for storage.

use portcullis_model::{Claim, Document, NodeId};

use crate::quantity;

/// A PersistentVolumeClaim's own, the templates of a StatefulSet, and those of a Pod's ephemeral volumes.
pub(crate) fn of(object: &Document, group: &str, kind: &str, pod_spec: NodeId) -> Vec<Claim> {
    let mut claims = Vec::new();
    match (group, kind) {
        ("", "PersistentVolumeClaim") => claims.push(claim(object, NodeId::ROOT)),
        ("apps" | "extensions", "StatefulSet") => {
            let templates = object.walk(NodeId::ROOT, &["spec", "volumeClaimTemplates"]);
            claims.extend(object.items(templates).map(|template| claim(object, template)));
        }
        _ => {}
    }
    for volume in object.items(object.find(pod_spec, "volumes")) {
        let template = object.walk(volume, &["ephemeral", "volumeClaimTemplate"]);
        if !template.is_none() {
            claims.push(claim(object, template));
        }
    }
    claims
}

fn claim(object: &Document, holder: NodeId) -> Claim {
    let spec = object.find(holder, "spec");
    let amount =
        |side| quantity::round_up_milli(quantity::at(object, object.walk(spec, &["resources", side, "storage"])));
    Claim { node: if spec.is_none() { holder } else { spec }, request: amount("requests"), limit: amount("limits") }
}

#[cfg(test)]
mod tests {
    use crate::testing::{review, yaml};
    use crate::workload::view;

    #[test]
    fn finds_claims_wherever_storage_is_asked_for() {
        for (text, expected) in [
            (
                "{apiVersion: v1, kind: PersistentVolumeClaim, spec: {resources: {requests: {storage: 5G}}}}",
                vec![5_000_000_000],
            ),
            (
                "{apiVersion: apps/v1, kind: StatefulSet, spec: {volumeClaimTemplates: [{spec: {resources: {requests: {storage: 1Gi}}}}, {}]}}",
                vec![1 << 30, 0],
            ),
            (
                "{apiVersion: v1, kind: Pod, spec: {containers: [], volumes: [{ephemeral: {volumeClaimTemplate: {spec: {resources: {requests: {storage: 7}}}}}}]}}",
                vec![7],
            ),
            ("{apiVersion: example.com/v1, kind: PersistentVolumeClaim, spec: {}}", vec![]),
        ] {
            let claims = view(&review(yaml(text)), &[]).claims;
            assert_eq!(claims.iter().map(|claim| claim.request.whole).collect::<Vec<_>>(), expected, "{text}");
            assert!(claims.iter().all(|claim| !claim.node.is_none()));
        }
    }
}
