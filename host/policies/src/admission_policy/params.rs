//! The objects that may be params, and what is known of their kinds.

use std::collections::BTreeMap;

use portcullis_model::{Document, Kind, NodeId};

use super::binding::ParamRef;
use super::policy::ParamKind;
use crate::error::quote;
use crate::labels;

/// Kinds of Kubernetes itself that have no namespace, in the groups that have others, too.
const CLUSTER_SCOPED: [&str; 21] = [
    "APIService",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterTrustBundle",
    "CustomResourceDefinition",
    "DeviceClass",
    "FlowSchema",
    "IngressClass",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "ResourceSlice",
    "RuntimeClass",
    "StorageClass",
    "VolumeAttachment",
    "VolumeAttributesClass",
];
/// Where kubectl puts what names no namespace.
const DEFAULT_NAMESPACE: &str = "default";

/// Objects that are neither policies nor bindings.
#[derive(Debug, Default)]
pub(super) struct Others(Vec<Document>);

/// An object that a binding may name.
#[derive(Clone, Debug)]
pub(super) struct Param {
    pub(super) document: Document,
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Others {
    pub(super) fn add(&mut self, document: Document) {
        self.0.push(document);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn documents(&self) -> impl Iterator<Item = &Document> {
        self.0.iter()
    }

    /// The objects of a kind, sorted by namespace and name. Where the kind has namespaces, what names none is in `default`.
    pub(super) fn of_kind(&self, kind: &ParamKind, namespaced: bool) -> Vec<Param> {
        let param = |document: &Document| Param {
            document: document.clone(),
            namespace: match word(document, &["metadata", "namespace"]) {
                "" if namespaced => DEFAULT_NAMESPACE.to_owned(),
                namespace => namespace.to_owned(),
            },
            name: word(document, &["metadata", "name"]).to_owned(),
        };
        let mut params: Vec<Param> = self.documents().filter(|document| is_of(document, kind)).map(param).collect();
        params.sort_by(|left, right| (&left.namespace, &left.name).cmp(&(&right.namespace, &right.name)));
        params
    }

    /// The versions in which objects of this kind are given.
    pub(super) fn versions_of(&self, kind: &ParamKind) -> Vec<&str> {
        let group = |version: &str| version.rsplit_once('/').map_or(String::new(), |(group, _)| group.to_owned());
        let alike = self.documents().filter(|document| word(document, &["kind"]) == kind.kind);
        let versions = alike.map(|document| word(document, &["apiVersion"]));
        versions.filter(|version| group(version) == group(&kind.api_version)).collect()
    }

    /// Whether objects of a kind have a namespace: as its definition says, as Kubernetes' own kinds are, else as they are used.
    pub(super) fn is_namespaced(&self, kind: &ParamKind, reference: &ParamRef) -> bool {
        let group = kind.api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let defines = |document: &&Document| {
            word(document, &["kind"]) == "CustomResourceDefinition"
                && word(document, &["spec", "group"]) == group
                && word(document, &["spec", "names", "kind"]) == kind.kind
        };
        if let Some(definition) = self.documents().find(defines) {
            return word(definition, &["spec", "scope"]) == "Namespaced";
        }
        if !group.contains('.') || group.ends_with(".k8s.io") {
            return !CLUSTER_SCOPED.contains(&kind.kind.as_str());
        }
        let placed = |document: &Document| !word(document, &["metadata", "namespace"]).is_empty();
        reference.namespace.is_some() || self.documents().any(|document| is_of(document, kind) && placed(document))
    }

    /// What was given and is used for nothing, `kind name` and where it stands; definitions say what their kind is.
    pub(super) fn unused(&self, kinds: &[&ParamKind]) -> Vec<String> {
        let used = |document: &&Document| {
            word(document, &["kind"]) != "CustomResourceDefinition" && !kinds.iter().any(|kind| is_of(document, kind))
        };
        let shown = |document: &Document| {
            let place = document.place(NodeId::ROOT).map_or(String::new(), |place| format!(" ({place})"));
            format!("`{}`{place}", crate::error::printable(word(document, &["kind"])))
        };
        self.documents().filter(used).map(shown).collect()
    }
}

impl ParamRef {
    /// What it names, for people.
    pub(super) fn shown(&self, kind: &ParamKind) -> String {
        let place = self.namespace.as_ref().map(|namespace| format!(" in the namespace {}", quote(namespace)));
        let place = place.unwrap_or_default();
        match &self.name {
            Some(name) => format!("the `{}` {}{place}", kind.kind, quote(name)),
            None => format!("each `{}`{place} that it selects", kind.kind),
        }
    }

    /// Whether it names an object, its namespace aside.
    pub(super) fn names(&self, param: &Param) -> bool {
        match (&self.name, &self.selector) {
            (Some(name), _) => param.name == *name,
            (None, Some(selector)) => labels::matches(selector, &labels_of(&param.document)),
            (None, None) => false,
        }
    }
}

fn labels_of(document: &Document) -> BTreeMap<String, String> {
    let node = document.walk(NodeId::ROOT, &["metadata", "labels"]);
    let text = |(key, value): (&str, NodeId)| {
        (document.kind(value) == Kind::String).then(|| (key.to_owned(), document.text(value).to_owned()))
    };
    document.entries(node).filter_map(text).collect()
}

fn is_of(document: &Document, kind: &ParamKind) -> bool {
    word(document, &["apiVersion"]) == kind.api_version && word(document, &["kind"]) == kind.kind
}

fn word<'d>(document: &'d Document, keys: &[&str]) -> &'d str {
    document.string(NodeId::ROOT, keys).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::yaml;

    fn others(documents: &[&str]) -> Others {
        Others(documents.iter().map(|text| yaml(text)).collect())
    }

    fn kind(api_version: &str, kind: &str) -> ParamKind {
        ParamKind { api_version: api_version.into(), kind: kind.into() }
    }

    fn named(namespace: Option<&str>) -> ParamRef {
        ParamRef {
            name: Some("a".into()),
            namespace: namespace.map(str::to_owned),
            selector: None,
            denies: false,
            place: None,
        }
    }

    #[test]
    fn knows_whether_a_kind_has_namespaces_by_its_definition_before_anything_else() {
        let definition = |group: &str, kind: &str, scope: &str| {
            let spec = format!("{{group: {group}, scope: {scope}, names: {{kind: {kind}}}}}");
            format!("{{apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, spec: {spec}}}")
        };
        let limit = kind("e.x/v1", "Limit");
        let is = |documents: &[&str], reference: &ParamRef| others(documents).is_namespaced(&limit, reference);
        let (own, wide) = (definition("e.x", "Limit", "Namespaced"), definition("e.x", "Limit", "Cluster"));
        assert!(is(&[&own], &named(None)));
        assert!(!is(&[&wide], &named(Some("shop"))), "whatever the binding says");
        let object = "{apiVersion: e.x/v1, kind: Limit, spec: {group: e.x, scope: Cluster, names: {kind: Limit}}}";
        let (group, other) = (definition("e.y", "Limit", "Cluster"), definition("e.x", "Other", "Cluster"));
        for strange in [object, &group, &other] {
            assert!(is(&[strange], &named(Some("shop"))), "{strange}");
        }
    }

    #[test]
    fn knows_whether_a_kind_without_a_definition_has_namespaces_by_its_name_or_its_use() {
        let is = |documents: &[&str], of: ParamKind, namespace| others(documents).is_namespaced(&of, &named(namespace));
        assert!(is(&[], kind("v1", "ConfigMap"), None) && is(&[], kind("networking.k8s.io/v1", "Ingress"), None));
        assert!(!is(&[], kind("v1", "Node"), Some("shop")));
        assert!(!is(&[], kind("storage.k8s.io/v1", "StorageClass"), Some("shop")));
        let limit = || kind("e.x/v1", "Limit");
        assert!(is(&[], limit(), Some("shop")), "the binding names one");
        assert!(!is(&["{apiVersion: e.x/v1, kind: Limit, metadata: {name: a}}"], limit(), None));
        let placed = "{apiVersion: e.x/v1, kind: Limit, metadata: {name: a, namespace: shop}}";
        assert!(is(&[placed], limit(), None), "an object has one");
        assert!(!is(&[&placed.replace("Limit", "Other")], limit(), None), "another kind has");
    }

    #[test]
    fn finds_the_objects_of_a_kind_in_their_order_and_the_default_namespace_where_none_is_named() {
        let all = others(&[
            "{apiVersion: e.x/v1, kind: Limit, metadata: {name: b, namespace: shop}}",
            "{apiVersion: e.x/v1, kind: Limit, metadata: {name: c}}",
            "{apiVersion: e.x/v1, kind: Limit, metadata: {name: a, namespace: shop}}",
            "{apiVersion: e.x/v2, kind: Limit, metadata: {name: d}}",
            "{apiVersion: e.y/v3, kind: Limit, metadata: {name: d}}",
            "{apiVersion: e.x/v4, kind: Other, metadata: {name: e}}",
        ]);
        let found = |namespaced: bool| -> Vec<String> {
            let found = all.of_kind(&kind("e.x/v1", "Limit"), namespaced);
            found.iter().map(|param| format!("{}/{}", param.namespace, param.name)).collect()
        };
        assert_eq!(found(true), ["default/c", "shop/a", "shop/b"]);
        assert_eq!(found(false), ["/c", "shop/a", "shop/b"]);
        assert_eq!(all.versions_of(&kind("e.x/v9", "Limit")), ["e.x/v1", "e.x/v1", "e.x/v1", "e.x/v2"]);
        assert_eq!((all.len(), all.is_empty(), Others::default().is_empty()), (6, false, true));
    }
}
