//! Manifests to reviews: each object is judged as a CREATE by nobody.

use std::collections::BTreeMap;

use portcullis_model::{
    Document, GroupVersionKind, GroupVersionResource, Kind, Mode, NamespaceLabels, NodeId, Request, Review, Subject,
    SubjectKind,
};

use crate::error::{Error, ErrorKind};
use crate::kinds::Kinds;

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
    /// Another of Portcullis' own kinds (`PolicySet`, `Waiver`, `RecordedFacts`), which are configuration.
    Portcullis(String),
    /// Only one of `apiVersion` and `kind`.
    HalfObject(Error),
    /// Something else.
    Other,
}

/// Says what a document is, by `apiVersion` and `kind` alone.
pub fn classify(document: &Document) -> Shape {
    let member = |name| document.find(NodeId::ROOT, name);
    let (version, kind) = (member("apiVersion"), member("kind"));
    match (version.is_none(), kind.is_none()) {
        (true, true) => Shape::Other,
        (true, false) => Shape::HalfObject(half(document, "apiVersion", kind)),
        (false, true) => Shape::HalfObject(half(document, "kind", version)),
        (false, false) => match (group_of(document.text(version)), document.text(kind)) {
            ("admission.k8s.io", "AdmissionReview") => Shape::AdmissionReview,
            ("portcullis.dev", "RecordedReview") => Shape::RecordedReview,
            ("portcullis.dev", kind @ ("PolicySet" | "Waiver" | "RecordedFacts")) => Shape::Portcullis(kind.to_owned()),
            (_, kind) if kind.ends_with("List") && document.kind(member("items")) == Kind::List => Shape::List,
            _ => Shape::Object,
        },
    }
}

/// The items of a `List`, each as a document of its own; the document itself where it is no list.
pub fn list_items(document: &Document) -> Vec<Document> {
    match classify(document) {
        Shape::List => {
            let items = document.find(NodeId::ROOT, "items");
            document.items(items).filter_map(|item| document.subtree(item)).collect()
        }
        _ => vec![document.clone()],
    }
}

/// Name and labels of a `Namespace`; nothing for anything else.
pub fn namespace_labels_of(document: &Document) -> Option<(String, BTreeMap<String, String>)> {
    let is = |name, value| document.string(NodeId::ROOT, &[name]) == Some(value);
    if !(is("apiVersion", "v1") && is("kind", "Namespace")) {
        return None;
    }
    let name = document.string(NodeId::ROOT, &["metadata", "name"])?;
    Some((name.to_owned(), labels(document)))
}

/// `metadata.labels`, as far as they are texts.
pub(crate) fn labels(document: &Document) -> BTreeMap<String, String> {
    let labels = document.walk(NodeId::ROOT, &["metadata", "labels"]);
    let text = |(key, value): (&str, NodeId)| {
        (document.kind(value) == Kind::String).then(|| (key.to_owned(), document.text(value).to_owned()))
    };
    document.entries(labels).filter_map(text).collect()
}

/// The reviews of one manifest: one for an object, one for each item of a list.
pub fn from_object(document: &Document, kinds: &Kinds, context: &Context) -> Result<Vec<Review>, Error> {
    let mut reviews = Vec::new();
    let mut waiting = vec![(document.clone(), None, 0)];
    while let Some((document, typed, depth)) = waiting.pop() {
        if depth > MAX_NESTED_LISTS {
            let kind = ErrorKind::TooManyLists { limit: MAX_NESTED_LISTS };
            return Err(Error::new(kind, &document, NodeId::ROOT));
        }
        match classify(&document) {
            Shape::List => {
                let kind = item_kind(&document);
                let items = document.find(NodeId::ROOT, "items");
                // The stack is last in, first out; the items keep the order of the text.
                for item in document.items(items).collect::<Vec<_>>().into_iter().rev() {
                    let item = document.subtree(item).filter(|item| item.kind(NodeId::ROOT) == Kind::Map);
                    let item = item.ok_or_else(|| Error::wrong_type(&document, items, "a list of objects", None))?;
                    waiting.push((item, kind.clone(), depth + 1));
                }
            }
            // Items of a typed list (`PodList`) need not repeat what they are.
            Shape::Other if typed.is_some() => {
                reviews.extend(typed.map(|kind| review(&document, kind, kinds, context)).transpose()?)
            }
            Shape::HalfObject(error) => return Err(error),
            Shape::Other => {
                return Err(Error::missing(
                    &document,
                    NodeId::ROOT,
                    "apiVersion",
                    "an item of a list must say what it is",
                ));
            }
            _ => {
                let kind = own_kind(&document)?;
                reviews.push(review(&document, kind, kinds, context)?);
            }
        }
    }
    Ok(reviews)
}

fn review(document: &Document, kind: GroupVersionKind, kinds: &Kinds, context: &Context) -> Result<Review, Error> {
    let metadata = document.find(NodeId::ROOT, "metadata");
    if !matches!(document.kind(metadata), Kind::None | Kind::Null | Kind::Map) {
        return Err(Error::wrong_type(document, metadata, "a map", None));
    }
    let name = text(document, metadata, "name")?;
    let generated = text(document, metadata, "generateName")?;
    let namespace = text(document, metadata, "namespace")?;
    let info = kinds.find(&kind.group, &kind.version, &kind.kind);
    let namespaced = info.map(|info| info.namespaced);
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
    let subject = subject(document, &namespace, shown);
    let own = kind.group.is_empty() && kind.kind == "Namespace";
    // As the API server sends it: the namespace of a Namespace is the Namespace itself.
    let namespace = if own { name.clone() } else { namespace };
    let known =
        if own { NamespaceLabels::Known(labels(document)) } else { namespace_labels(&namespace, namespaced, context) };
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
        notices: Vec::new(),
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
        None => NamespaceLabels::Unknown(format!(
            "nobody gave the labels of the namespace `{}`; add its Namespace object to the input, or give --namespace-labels",
            namespace.escape_debug()
        )),
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
mod tests {
    use super::*;
    use crate::testing::yaml;

    fn reviews(text: &str, context: &Context) -> Result<Vec<Review>, Error> {
        from_object(&yaml(text), &Kinds::builtin(), context)
    }

    fn one(text: &str) -> Review {
        reviews(text, &Context::default()).expect("reviews").remove(0)
    }

    #[test]
    fn judges_a_manifest_as_a_create_by_nobody() {
        let review = one("{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: shop}}");
        assert_eq!(review.request.operation, "CREATE");
        assert_eq!(review.request.resource.map(|r| r.resource), Some("deployments".into()));
        assert_eq!(review.request.user.name, "");
        assert!(matches!(review.namespace, NamespaceLabels::Unknown(_)));
    }

    #[test]
    fn flattens_lists_in_the_order_of_the_text() {
        // A09b
        let pods = "{apiVersion: v1, kind: PodList, items: [{metadata: {name: a}}, {apiVersion: v1, kind: Service, metadata: {name: b}}]}";
        let text = format!(
            "{{apiVersion: v1, kind: List, items: [{pods}, {{apiVersion: v1, kind: Pod, metadata: {{name: c}}}}]}}"
        );
        let reviews = reviews(&text, &Context::default()).expect("reviews");
        let seen: Vec<_> = reviews.iter().map(|r| (r.request.kind.kind.as_str(), r.request.name.as_str())).collect();
        assert_eq!(seen, [("Pod", "a"), ("Service", "b"), ("Pod", "c")]);
        let item = reviews[2].object.as_ref().expect("an object");
        assert_eq!(item.pointer(item.find(NodeId::ROOT, "metadata")), "/metadata", "pointers start at the item");
    }

    #[test]
    fn refuses_lists_inside_lists_without_end() {
        let mut text = "{apiVersion: v1, kind: Pod}".to_owned();
        for _ in 0..MAX_NESTED_LISTS + 1 {
            text = format!("{{apiVersion: v1, kind: List, items: [{text}]}}");
        }
        let error = reviews(&text, &Context::default()).expect_err("too deep");
        assert_eq!(error.to_string(), "more than 8 lists inside each other");
    }

    #[test]
    fn refuses_half_an_object_and_names_that_are_no_texts() {
        let message = |text: &str| reviews(text, &Context::default()).expect_err(text).to_string();
        assert_eq!(message("{kind: Pod}"), "this has a `kind` but no `apiVersion`, so it cannot be known what it is");
        assert_eq!(
            message("{apiVersion: v1}"),
            "this has a `apiVersion` but no `kind`, so it cannot be known what it is"
        );
        let error =
            reviews("{apiVersion: v1, kind: Pod, metadata: {name: n}}", &Context::default()).expect_err("a boolean");
        assert_eq!(error.to_string(), "`/metadata/name` must be a string, but YAML reads this word as a boolean");
        assert!(error.hint().is_some_and(|hint| hint.starts_with("quote it")));
        assert_eq!(message("{apiVersion: v1, kind: Pod, metadata: []}"), "`/metadata` must be a map");
        assert_eq!(
            message("{apiVersion: '', kind: Pod}"),
            "`/apiVersion` is missing: it says which API the object belongs to"
        );
    }

    #[test]
    fn knows_labels_only_where_somebody_gave_them() {
        // A18, A18b
        let labels = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        let context =
            Context { namespace_labels: BTreeMap::from([("shop".to_owned(), labels.clone())]), ..Context::default() };
        let of = |text: &str| reviews(text, &context).expect("reviews").remove(0).namespace;
        assert_eq!(of("{apiVersion: v1, kind: Pod, metadata: {namespace: shop}}"), NamespaceLabels::Known(labels));
        assert!(matches!(of("{apiVersion: v1, kind: Pod, metadata: {namespace: other}}"), NamespaceLabels::Unknown(_)));
        assert!(matches!(of("{apiVersion: v1, kind: Pod}"), NamespaceLabels::Unknown(_)));
        assert_eq!(of("{apiVersion: v1, kind: Node, metadata: {name: n1}}"), NamespaceLabels::None);
        assert!(matches!(of("{apiVersion: e.x/v1, kind: Thing}"), NamespaceLabels::Unknown(_)));
        let own = of("{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {x: z}}}");
        assert_eq!(own, NamespaceLabels::Known(BTreeMap::from([("x".to_owned(), "z".to_owned())])), "its own labels");
    }
}
