//! What is judged: an object, a document or an image, and where it came from.

use crate::place::Place;

/// What kind of thing is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// A Kubernetes object, or a request about one.
    Object,
    /// Any other YAML or JSON file that a policy set names (`match.documents`).
    Document,
}

impl SubjectKind {
    /// The word of the contract (`request.subject`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Object => "object",
            Self::Document => "document",
        }
    }
}

/// What is judged, as a report names it.
#[derive(Clone, Debug, PartialEq)]
pub struct Subject {
    /// Object or document.
    pub kind_of: SubjectKind,
    /// `apiVersion` as written; empty for a document.
    pub api_version: String,
    /// `kind` as written; empty for a document.
    pub kind: String,
    /// The namespace; empty for cluster-scoped objects and where none is written.
    pub namespace: String,
    /// The name (`generateName` with a `*` where only that is given); the path for a document.
    pub name: String,
    /// Where it begins, where it came from a file.
    pub place: Option<Place>,
    /// Of what is read from a file: which of those there it is. Only such a subject can be in a baseline.
    pub occurrence: Option<Occurrence>,
}

/// Which of the subjects of one name in one file it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Occurrence {
    /// The file, from the folder that paths count from, whichever way led to it.
    pub file: String,
    /// From 1.
    pub number: u32,
}
