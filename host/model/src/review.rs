//! A subject and the request around it, with all that a decision may depend on.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::decision::Mode;
use crate::document::Document;
use crate::subject::Subject;

/// Group, version and kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupVersionKind {
    /// Empty for the core group.
    pub group: String,
    /// Such as `v1`.
    pub version: String,
    /// Such as `Deployment`.
    pub kind: String,
}

/// Group, version and plural name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GroupVersionResource {
    /// Empty for the core group.
    pub group: String,
    /// Such as `v1`.
    pub version: String,
    /// Such as `deployments`.
    pub resource: String,
}

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// The user name; empty for a file judged in CI.
    pub name: String,
    /// The user's id; empty where the API server sent none.
    pub uid: String,
    /// The groups, in the order of the request.
    pub groups: Vec<String>,
}

/// The request as the API server describes it, or as a file implies it (a CREATE by nobody).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// The review's uid; empty for a file.
    pub uid: String,
    /// `CREATE`, `UPDATE`, `DELETE`, `CONNECT`; empty for a document.
    pub operation: String,
    /// The kind that the rule matched.
    pub kind: GroupVersionKind,
    /// The resource that the rule matched. `None` for a file whose kind's plural is not known.
    pub resource: Option<GroupVersionResource>,
    /// The subresource; empty for the resource itself.
    pub subresource: String,
    /// Whether the resource is namespaced. `None` where that is not known.
    pub namespaced: Option<bool>,
    /// The name; empty for `generateName` and for deletions of a collection.
    pub name: String,
    /// The namespace; empty for cluster-scoped objects.
    pub namespace: String,
    /// Who asks.
    pub user: User,
    /// Whether nothing will be stored.
    pub dry_run: bool,
}

/// The label that Kubernetes itself puts on every namespace, with its name as the value (well-known labels); whatever a
/// manifest says there is overwritten.
pub const NAMESPACE_NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// What is known of the labels of the subject's namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamespaceLabels {
    /// The subject has no namespace: it is cluster-scoped, or a document.
    None,
    /// The labels.
    Known(BTreeMap<String, String>),
    /// They could not be had; the reason is for a person. The mode is then compliance, and a selector that needs them fails.
    Unknown(String),
}

/// One subject and everything that a decision about it may depend on, except the policy sets and the facts.
#[derive(Clone, Debug)]
pub struct Review {
    /// What is judged.
    pub subject: Subject,
    /// The request around it.
    pub request: Request,
    /// The object; absent for DELETE.
    pub object: Option<Document>,
    /// The object as it was; present for UPDATE and DELETE.
    pub old_object: Option<Document>,
    /// The request's options (`CreateOptions` and so on).
    pub options: Option<Document>,
    /// The whole request as the API server sent it, for `matchConditions`; absent for files.
    pub request_document: Option<Document>,
    /// The labels of the namespace.
    pub namespace: NamespaceLabels,
    /// The mode that the caller chose (`--mode`), which overrides every label.
    pub mode: Option<Mode>,
    /// The time of the review in seconds since 1970-01-01T00:00:00Z; given, so that a replay repeats.
    pub time: i64,
    /// Oddities of the input that were put up with, for a person; they appear beside the decision and change nothing.
    pub notices: Vec<String>,
    /// The file that the object was read from; absent for what an API server sent, and for the record of that.
    pub file: Option<Arc<ReviewedFile>>,
}

/// A file as whoever may have signed it knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ReviewedFile {
    /// The path as the user wrote it; `-` for the standard input.
    pub path: String,
    /// SHA-256 of all its bytes: `sha256:` and 64 hex digits.
    pub digest: String,
}
