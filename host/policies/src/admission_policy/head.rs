//! What all manifests of Kubernetes begin with: version, kind and metadata.

use portcullis_model::{Kind, NodeId};

use super::GROUP;
use crate::error::quote;
use crate::fields::Fields;
use crate::labels::is_subdomain;

/// What an object may say about itself, however it was written or fetched (`ObjectMeta`, meta/v1).
const METADATA: [&str; 15] = [
    "name",
    "generateName",
    "namespace",
    "labels",
    "annotations",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "ownerReferences",
    "finalizers",
    "managedFields",
    "selfLink",
];

/// The value under a key; a null is nothing, as for the API server.
pub(super) fn given(fields: &Fields, node: NodeId, key: &str) -> Option<NodeId> {
    fields.get(node, key).filter(|&found| fields.document.kind(found) != Kind::Null)
}

/// The value under a key that must be there.
pub(super) fn required(fields: &Fields, node: NodeId, key: &str) -> Option<NodeId> {
    let found = given(fields, node, key);
    if found.is_none() {
        fields.wrong(node, format!("{} has no `{key}`", fields.name(node)));
    }
    found
}

/// A name (a DNS subdomain) under a key that must be there.
pub(super) fn required_name<'d>(fields: &Fields<'d>, node: NodeId, key: &str) -> Option<&'d str> {
    let name = fields.required_text(node, key)?;
    if !is_subdomain(name) {
        let hint = "a name has at most 253 lower-case letters, digits, `-` and `.`, and begins and ends with a letter or digit";
        fields.wrong_hint(fields.document.find(node, key), format!("{} cannot be a name", quote(name)), hint);
    }
    Some(name)
}

/// Reads what a manifest of the group begins with: its name and its `spec`.
pub(super) fn read_head<'d>(fields: &Fields<'d>) -> Option<(&'d str, NodeId)> {
    let root = NodeId::ROOT;
    fields.expect_map(root, &["apiVersion", "kind", "metadata", "spec", "status"]);
    check_version(fields);
    let spec = required(fields, root, "spec").filter(|&spec| fields.expect(spec, Kind::Map, "a map"));
    let metadata = required(fields, root, "metadata")?;
    if !fields.expect_map(metadata, &METADATA) {
        return None;
    }
    if let Some(namespace) = given(fields, metadata, "namespace") {
        fields.wrong_hint(namespace, "this kind has no namespace", "remove `namespace`; a binding selects namespaces");
    }
    let name = required_name(fields, metadata, "name")?;
    Some((name, spec?))
}

fn check_version(fields: &Fields) {
    let node = fields.document.find(NodeId::ROOT, "apiVersion");
    let Some(version) = fields.text(node) else { return };
    if ![format!("{GROUP}/v1"), format!("{GROUP}/v1beta1")].iter().any(|known| known == version) {
        let message = format!("`apiVersion` cannot be {}", quote(version));
        fields.wrong_hint(node, message, format!("write `{GROUP}/v1`"));
    }
}
