//! Every way an input is not what it says.

use std::fmt;

use portcullis_model::{Document, NodeId, Place};

/// What is wrong with an input, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// What kind of wrong it is.
    pub kind: ErrorKind,
    place: Option<Place>,
}

/// The kinds of wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Only one of `apiVersion` and `kind`.
    HalfObject {
        /// The one that is missing.
        missing: &'static str,
    },
    /// A member has another type than Kubernetes gives it.
    WrongType {
        /// The member, as a JSON Pointer.
        member: String,
        /// What it must be.
        expected: &'static str,
        /// What to do about it, where the reason is known.
        hint: Option<&'static str>,
    },
    /// A member that must be there is not.
    Missing {
        /// The member, as a JSON Pointer.
        member: String,
        /// Why it must be there.
        why: &'static str,
    },
    /// An `apiVersion` or `kind` that is not supported here.
    Unsupported {
        /// What it says.
        found: String,
        /// What is supported.
        expected: &'static str,
    },
    /// Lists inside lists beyond the bound.
    TooManyLists {
        /// The bound.
        limit: usize,
    },
    /// Two definitions of one kind that disagree about plural or scope.
    ConflictingKind {
        /// Group, version and kind.
        kind: String,
    },
    /// Not what `kubectl api-resources` or the API server's discovery prints.
    BadApiResources {
        /// The line, from 1; 0 for JSON.
        line: usize,
        /// Why.
        why: &'static str,
    },
    /// A text that must follow a form does not.
    Malformed {
        /// The member, as a JSON Pointer.
        member: String,
        /// The form.
        expected: &'static str,
    },
}

impl ErrorKind {
    pub(crate) fn at(self, document: &Document, node: NodeId) -> Error {
        Error::new(self, document, node)
    }

    pub(crate) fn nowhere(self) -> Error {
        Error { kind: self, place: None }
    }
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, document: &Document, node: NodeId) -> Self {
        let near = if node.is_none() { NodeId::ROOT } else { node };
        Self { kind, place: document.place(near) }
    }

    pub(crate) fn missing(document: &Document, holder: NodeId, member: &str, why: &'static str) -> Self {
        let member = format!("{}/{member}", document.pointer(holder));
        Self::new(ErrorKind::Missing { member, why }, document, holder)
    }

    pub(crate) fn wrong_type(
        document: &Document,
        node: NodeId,
        expected: &'static str,
        hint: Option<&'static str>,
    ) -> Self {
        Self::new(ErrorKind::WrongType { member: document.pointer(node), expected, hint }, document, node)
    }

    /// Where it stands, where the input has places.
    pub fn place(&self) -> Option<Place> {
        self.place.clone()
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        match &self.kind {
            ErrorKind::HalfObject { missing: "apiVersion" } => {
                Some("add it, such as `apiVersion: v1` or `apiVersion: apps/v1`")
            }
            ErrorKind::HalfObject { .. } => Some("add it, such as `kind: Pod`"),
            ErrorKind::WrongType { hint, .. } => *hint,
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::HalfObject { missing } => {
                let there = if *missing == "kind" { "apiVersion" } else { "kind" };
                write!(f, "this has `{there}` but no `{missing}`, so it cannot be known what it is")
            }
            ErrorKind::WrongType { member, expected, .. } if member.is_empty() => write!(f, "this must be {expected}"),
            ErrorKind::WrongType { member, expected, .. } => {
                write!(f, "`{}` must be {expected}", member.escape_debug())
            }
            ErrorKind::Missing { member, why } => write!(f, "`{}` is missing: {why}", member.escape_debug()),
            ErrorKind::Unsupported { found, expected } => {
                write!(f, "`{}` is not supported here; it must be {expected}", found.escape_debug())
            }
            ErrorKind::TooManyLists { limit } => write!(f, "more than {limit} lists inside each other"),
            ErrorKind::ConflictingKind { kind } => {
                write!(f, "two definitions of `{}` disagree about its plural or its scope", kind.escape_debug())
            }
            ErrorKind::BadApiResources { line: 0, why } => write!(f, "these are no API resources: {why}"),
            ErrorKind::BadApiResources { line, why } => write!(f, "line {line} is no API resource: {why}"),
            ErrorKind::Malformed { member, expected } => write!(f, "`{}` must be {expected}", member.escape_debug()),
        }
    }
}

impl std::error::Error for Error {}
