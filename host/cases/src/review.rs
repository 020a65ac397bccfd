//! The review that a manifest of a test stands for.

use portcullis_document::{Error, ReadLimits, read_yaml};
use portcullis_model::{
    Document, GroupVersionKind, GroupVersionResource, NamespaceLabels, NodeId, Request, Review, Source, Subject,
    SubjectKind,
};

/// The time of every review that does not say another: 2026-01-01T00:00:00Z.
pub const TIME: i64 = 1_767_225_600;

/// The CREATE of an object, the first document of a YAML text.
///
/// # Errors
/// A text that cannot be read.
pub fn object_review(name: &str, yaml: &str) -> Result<Review, Error> {
    let object = first_document(name, yaml)?;
    let text = |keys: &[&str]| object.string(NodeId::ROOT, keys).unwrap_or_default().to_owned();
    let api_version = text(&["apiVersion"]);
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let kind = GroupVersionKind { group: group.to_owned(), version: version.to_owned(), kind: text(&["kind"]) };
    let (name, namespace) = (text(&["metadata", "name"]), text(&["metadata", "namespace"]));
    let request = Request {
        operation: "CREATE".to_owned(),
        kind: kind.clone(),
        name: name.clone(),
        namespace: namespace.clone(),
        ..Request::default()
    };
    let subject = Subject {
        kind_of: SubjectKind::Object,
        api_version,
        kind: kind.kind,
        namespace,
        name,
        place: None,
        occurrence: None,
    };
    Ok(of(subject, request, object))
}

/// A document, the first one of a YAML text, that was read from this path.
///
/// # Errors
/// A text that cannot be read.
pub fn document_review(path: &str, yaml: &str) -> Result<Review, Error> {
    let subject = Subject {
        kind_of: SubjectKind::Document,
        api_version: String::new(),
        kind: String::new(),
        namespace: String::new(),
        name: path.to_owned(),
        place: None,
        occurrence: None,
    };
    Ok(of(subject, Request::default(), first_document(path, yaml)?))
}

/// The plural of a kind, as a request has it.
pub fn named(kind: &GroupVersionKind, resource: &str) -> GroupVersionResource {
    let GroupVersionKind { group, version, .. } = kind.clone();
    GroupVersionResource { group, version, resource: resource.to_owned() }
}

fn of(subject: Subject, request: Request, object: Document) -> Review {
    Review {
        subject,
        request,
        object: Some(object),
        old_object: None,
        options: None,
        request_document: None,
        namespace: NamespaceLabels::None,
        mode: None,
        notices: Vec::new(),
        time: TIME,
        file: None,
    }
}

/// The first document; an empty text is one that says `null`, and no manifest.
fn first_document(name: &str, yaml: &str) -> Result<Document, Error> {
    let mut documents = read_yaml(&Source::new(name, yaml), &ReadLimits::default())?;
    if documents.is_empty() {
        documents = read_yaml(&Source::new(name, "null"), &ReadLimits::default())?;
    }
    Ok(documents.swap_remove(0))
}
