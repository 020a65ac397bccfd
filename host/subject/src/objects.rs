//! Manifests to reviews: each object is judged as a CREATE by nobody.

use std::collections::BTreeMap;

use portcullis_model::{
    Document, GroupVersionKind, GroupVersionResource, Kind, Mode, NAMESPACE_NAME_LABEL, NamespaceLabels, NodeId,
    Request, Review, Subject, SubjectKind,
};

use crate::error::{Error, ErrorKind};
use crate::kinds::Kinds;
use crate::workload;

/// How many lists may stand inside each other.
pub const MAX_NESTED_LISTS: usize = 8;

/// What is known besides the input itself.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The labels of namespaces.
    pub namespace_labels: BTreeMap<String, BTreeMap<String, String>>,
    /// The mode everywhere.
    pub mode: Option<Mode>,
    /// The time of the judgement, in seconds since 1970-01-01T00:00:00Z.
    pub time: i64,
    /// The namespace of namespaced objects that name none.
    pub default_namespace: Option<String>,
}

/// What a document plainly is.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// A Kubernetes object.
    Object,
    /// A list of them.
    List,
    /// `AdmissionReview`, of any version.
    AdmissionReview,
    /// Portcullis' own record of one.
    RecordedReview,
    /// Another of Portcullis' own kinds (`PolicySet`, `Waiver`, `RateLimits`, ...), which are configuration.
    Portcullis(String),
    /// A file of kustomize, which says how to make objects.
    Kustomization,
    /// Only one of `apiVersion` and `kind`, or `items` where there cannot be any.
    Malformed(Error),
    /// Something else.
    Other,
}

/// Says what a document is, by `apiVersion`, `kind` and `items` alone.
pub fn classify(document: &Document) -> Shape {
    let member = |name| document.find(NodeId::ROOT, name);
    let (version, kind) = (member("apiVersion"), member("kind"));
    match (version.is_none(), kind.is_none()) {
        (true, true) => Shape::Other,
        (true, false) => Shape::Malformed(half(document, "apiVersion", kind)),
        (false, true) => Shape::Malformed(half(document, "kind", version)),
        // To kubectl whatever has `items` is a list of which nothing else counts, to other clients it is what it says.
        (false, false)
            if !document.text(kind).ends_with("List") && document.find(NodeId::ROOT, "items") != NodeId::NONE =>
        {
            let what =
                "absent: only a kind that ends in `List` has items, and kubectl would apply them in place of this";
            Shape::Malformed(Error::wrong_type(document, member("items"), what, None))
        }
        (false, false) => match (group_of(document.text(version)), document.text(kind)) {
            ("admission.k8s.io", "AdmissionReview") => Shape::AdmissionReview,
            ("portcullis.dev", "RecordedReview") => Shape::RecordedReview,
            (
                "portcullis.dev",
                kind @ ("PolicySet" | "Waiver" | "Baseline" | "RateLimits" | "RecordedFacts" | "CheckConfig"),
            ) => Shape::Portcullis(kind.to_owned()),
            // Kustomize's own files are no objects of a cluster; they must be rendered first.
            ("kustomize.config.k8s.io", _) => Shape::Kustomization,
            ("", "List") => Shape::List,
            _ if !matches!(document.kind(member("items")), Kind::None | Kind::Null) => Shape::List,
            _ => Shape::Object,
        },
    }
}

/// An object of the input with its kind, which an item of a typed list need not repeat.
pub struct Listed {
    /// The object.
    pub document: Document,
    /// Its kind, its own or the one of the list around it.
    pub kind: GroupVersionKind,
}

/// The objects of a document: those of a list, of lists inside it, or the document itself.
pub fn flatten(document: &Document) -> Result<Vec<Listed>, Error> {
    let mut found = Vec::new();
    let mut waiting = vec![(document.clone(), None, 0)];
    while let Some((document, typed, depth)) = waiting.pop() {
        if depth > MAX_NESTED_LISTS {
            let kind = ErrorKind::TooManyLists { limit: MAX_NESTED_LISTS };
            return Err(Error::new(kind, &document, NodeId::ROOT));
        }
        match (classify(&document), typed) {
            (Shape::List, _) => {
                let kind = item_kind(&document);
                // The stack is last in, first out; the items keep the order of the text.
                waiting.extend(items(&document)?.into_iter().rev().map(|item| (item, kind.clone(), depth + 1)));
            }
            (Shape::Malformed(error), _) => return Err(error),
            // Items of a typed list (`PodList`) need not repeat what they are.
            (Shape::Other, Some(kind)) if kind.kind != "AdmissionReview" => found.push(Listed { document, kind }),
            (Shape::Other, None) => {
                return Err(Error::missing(
                    &document,
                    NodeId::ROOT,
                    "apiVersion",
                    "an item of a list must say what it is",
                ));
            }
            (Shape::Object, _) => {
                let kind = own_kind(&document)?;
                found.push(Listed { document, kind });
            }
            (
                Shape::Other
                | Shape::AdmissionReview
                | Shape::RecordedReview
                | Shape::Portcullis(_)
                | Shape::Kustomization,
                _,
            ) => {
                let found = document.string(NodeId::ROOT, &["kind"]).unwrap_or("AdmissionReview").to_owned();
                let kind = ErrorKind::Unsupported { found, expected: "a document of its own, not an item of a list" };
                return Err(Error::new(kind, &document, NodeId::ROOT));
            }
        }
    }
    Ok(found)
}

fn items(list: &Document) -> Result<Vec<Document>, Error> {
    let items = list.find(NodeId::ROOT, "items");
    match list.kind(items) {
        Kind::List => {}
        Kind::None => {
            return Err(Error::missing(list, NodeId::ROOT, "items", "a list without items holds nothing to judge"));
        }
        _ => return Err(Error::wrong_type(list, items, "a list of objects", None)),
    }
    let object = |item| match list.kind(item) {
        Kind::Map => list.subtree(item).ok_or(()),
        _ => Err(()),
    };
    let objects: Result<Vec<Document>, ()> = list.items(items).map(object).collect();
    objects.map_err(|()| Error::wrong_type(list, items, "a list of objects", None))
}

/// Name and labels of a `Namespace`; nothing for anything else.
pub fn namespace_labels_of(object: &Listed) -> Option<(String, BTreeMap<String, String>)> {
    if !object.kind.group.is_empty() || object.kind.kind != "Namespace" {
        return None;
    }
    let name = object.document.string(NodeId::ROOT, &["metadata", "name"])?;
    Some((name.to_owned(), own_labels(&object.document, name)))
}

/// The labels of a Namespace, as the API server would store them.
fn own_labels(document: &Document, name: &str) -> BTreeMap<String, String> {
    let mut labels = labels(document);
    if !name.is_empty() {
        labels.insert(NAMESPACE_NAME_LABEL.to_owned(), name.to_owned());
    }
    labels
}

/// `metadata.labels`; a value that is no text, which the API server refuses, stands as it is written.
pub(crate) fn labels(document: &Document) -> BTreeMap<String, String> {
    let labels = document.walk(NodeId::ROOT, &["metadata", "labels"]);
    let text = |(key, value): (&str, NodeId)| {
        let text = match document.kind(value) {
            Kind::String => document.text(value).to_owned(),
            _ => document.to_json(value),
        };
        (key.to_owned(), text)
    };
    document.entries(labels).map(text).collect()
}

/// The reviews of one manifest: one for an object, one for each item of a list.
pub fn from_object(document: &Document, kinds: &Kinds, context: &Context) -> Result<Vec<Review>, Error> {
    flatten(document)?.into_iter().map(|object| review(&object.document, object.kind, kinds, context)).collect()
}

fn review(document: &Document, kind: GroupVersionKind, kinds: &Kinds, context: &Context) -> Result<Review, Error> {
    let metadata = document.find(NodeId::ROOT, "metadata");
    if !matches!(document.kind(metadata), Kind::None | Kind::Null | Kind::Map) {
        return Err(Error::wrong_type(document, metadata, "a map", None));
    }
    let name = text(document, metadata, "name")?;
    let generated = text(document, metadata, "generateName")?;
    let namespace = text(document, metadata, "namespace")?;
    workload::check_shape(document, &kind.group, &kind.kind)?;
    let info = kinds.find(&kind.group, &kind.version, &kind.kind);
    // Only a definition of the input can call something cluster-scoped that names a namespace; which of both is right is not
    // known, and nobody gets the milder mode by it.
    let doubtful = !kinds.is_own_group(&kind.group) && !namespace.is_empty();
    let namespaced = info.map(|info| info.namespaced).filter(|namespaced| *namespaced || !doubtful);
    let namespace = match namespaced {
        // A namespace on a cluster-scoped object is ignored by nobody but a human reader.
        Some(false) => String::new(),
        Some(true) if namespace.is_empty() => context.default_namespace.clone().unwrap_or_default(),
        _ => namespace,
    };
    let resource = info.map(|info| GroupVersionResource {
        group: kind.group.clone(),
        version: kind.version.clone(),
        resource: info.plural.clone(),
    });
    let shown = if name.is_empty() && !generated.is_empty() { format!("{generated}*") } else { name.clone() };
    let mut subject = subject(document, &namespace, shown);
    if subject.kind.is_empty() {
        // An item of a typed list is named by what the list says.
        subject.kind.clone_from(&kind.kind);
        subject.api_version =
            if kind.group.is_empty() { kind.version.clone() } else { format!("{}/{}", kind.group, kind.version) };
    }
    let mut notices = Vec::new();
    if info.is_none() && kinds.is_own_group(&kind.group) {
        notices.push(format!(
            "Kubernetes has no kind `{}` in `{}`; {}",
            kind.kind.escape_debug(),
            subject.api_version.escape_debug(),
            kinds.advice(&kind)
        ));
    } else if info.is_none() && !kind.group.contains('.') {
        notices.push(format!(
            "Kubernetes has no API group `{}`, and the group of a custom kind has a dot; check its spelling",
            kind.group.escape_debug()
        ));
    }
    let own = kind.group.is_empty() && kind.kind == "Namespace";
    // As the API server sends it: the namespace of a Namespace is the Namespace itself.
    let namespace = if own { name.clone() } else { namespace };
    let known = if own {
        NamespaceLabels::Known(own_labels(document, &name))
    } else {
        namespace_labels(&namespace, namespaced, context)
    };
    let request =
        Request { operation: "CREATE".into(), kind, resource, namespaced, name, namespace, ..Request::default() };
    Ok(Review {
        subject,
        request,
        object: Some(document.clone()),
        old_object: None,
        options: None,
        request_document: None,
        namespace: known,
        mode: context.mode,
        time: context.time,
        notices,
        file: None,
    })
}

/// What is known of the labels of a namespace.
pub(crate) fn namespace_labels(namespace: &str, namespaced: Option<bool>, context: &Context) -> NamespaceLabels {
    if namespace.is_empty() {
        return match namespaced {
            Some(false) => NamespaceLabels::None,
            Some(true) => NamespaceLabels::Unknown("the object names no namespace; give --namespace".into()),
            None => NamespaceLabels::Unknown(
                "it is not known whether this kind is namespaced; give --api-resources or its CRD".into(),
            ),
        };
    }
    match context.namespace_labels.get(namespace) {
        Some(labels) => NamespaceLabels::Known(labels.clone()),
        None => NamespaceLabels::Unknown(
            "its Namespace object is not in the input: add it, or give --namespace-labels".to_owned(),
        ),
    }
}

/// The subject as a report names it.
pub(crate) fn subject(document: &Document, namespace: &str, name: String) -> Subject {
    let word = |key| document.string(NodeId::ROOT, &[key]).unwrap_or_default().to_owned();
    Subject {
        kind_of: SubjectKind::Object,
        api_version: word("apiVersion"),
        kind: word("kind"),
        namespace: namespace.to_owned(),
        name,
        place: document.place(NodeId::ROOT),
        occurrence: None,
    }
}

/// A text, or nothing; `name: n` is read as a boolean by YAML 1.1 and refused by the API server.
fn text(document: &Document, holder: NodeId, key: &str) -> Result<String, Error> {
    let node = document.find(holder, key);
    match document.kind(node) {
        Kind::None | Kind::Null => Ok(String::new()),
        Kind::String => Ok(document.text(node).to_owned()),
        Kind::Bool => Err(Error::wrong_type(
            document,
            node,
            "a string, but YAML reads this word as a boolean",
            Some("quote it: in YAML 1.1 `y`, `n`, `yes`, `no`, `on` and `off` are booleans"),
        )),
        _ => Err(Error::wrong_type(document, node, "a string", Some("quote it"))),
    }
}

fn own_kind(document: &Document) -> Result<GroupVersionKind, Error> {
    let api_version = text(document, NodeId::ROOT, "apiVersion")?;
    let kind = text(document, NodeId::ROOT, "kind")?;
    for (value, member, why) in [
        (&api_version, "apiVersion", "it says which API the object belongs to"),
        (&kind, "kind", "it says what the object is"),
    ] {
        if value.is_empty() {
            return Err(Error::missing(document, NodeId::ROOT, member, why));
        }
    }
    Ok(group_version_kind(&api_version, kind))
}

/// The kind of the items of a typed list; nothing for `v1 List`, whose items say it themselves.
fn item_kind(list: &Document) -> Option<GroupVersionKind> {
    let api_version = list.string(NodeId::ROOT, &["apiVersion"])?;
    let kind = list.string(NodeId::ROOT, &["kind"])?.strip_suffix("List").filter(|kind| !kind.is_empty())?;
    Some(group_version_kind(api_version, kind.to_owned()))
}

fn group_version_kind(api_version: &str, kind: String) -> GroupVersionKind {
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    GroupVersionKind { group: group.to_owned(), version: version.to_owned(), kind }
}

fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map_or("", |(group, _)| group)
}

fn half(document: &Document, missing: &'static str, at: NodeId) -> Error {
    Error::new(ErrorKind::HalfObject { missing }, document, at)
}

#[cfg(test)]
mod tests;
