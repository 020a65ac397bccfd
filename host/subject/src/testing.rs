//! Documents and reviews for the tests of this crate.

use portcullis_document::{ReadLimits, read_json_text, read_yaml};
use portcullis_model::{Document, GroupVersionKind, NamespaceLabels, Request, Review, Source};

use crate::objects::{flatten, subject};

/// One YAML document, with its source.
pub(crate) fn sourced(text: &str) -> Document {
    read_yaml(&Source::new("test.yaml", text), &ReadLimits::default()).expect("YAML").remove(0)
}

/// One YAML document.
pub(crate) fn yaml(text: &str) -> Document {
    sourced(text)
}

/// One JSON document.
pub(crate) fn json(text: &str) -> Document {
    read_json_text(text, &ReadLimits::default()).expect("JSON")
}

/// A review of an object, as bare as can be.
pub(crate) fn review(object: Document) -> Review {
    Review {
        subject: subject(&object, "", String::new()),
        request: Request { kind: kind_of(&object), ..Request::default() },
        object: Some(object),
        old_object: None,
        options: None,
        request_document: None,
        namespace: NamespaceLabels::None,
        mode: None,
        time: 0,
        notices: Vec::new(),
        file: None,
    }
}

fn kind_of(object: &Document) -> GroupVersionKind {
    flatten(object).ok().and_then(|mut found| found.pop()).map(|found| found.kind).unwrap_or_default()
}
