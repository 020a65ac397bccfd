//! What every target does with bytes: a text of them, its documents, and their places.

use std::sync::Arc;

use portcullis_document::{Error, ReadLimits, decode, read_json, read_yaml};
use portcullis_model::{Document, Limits, NodeId, Place, Source};

/// Small enough that a fuzzer gets to every bound.
pub const LIMITS: ReadLimits = ReadLimits {
    bytes: 256 << 10,
    documents: 20,
    alias_expansion: 1_000,
    merges_replace: true,
    tree: Limits { depth: 30, nodes: 5_000 },
};

/// The text of some bytes, where it is one.
pub fn text(data: &[u8]) -> Option<Arc<Source>> {
    decode("input", data.to_vec(), &LIMITS).map_err(|error| readable(&error)).ok()
}

/// The documents of a stream, where it can be read.
pub fn stream(source: &Arc<Source>) -> Option<Vec<Document>> {
    match read_yaml(source, &LIMITS) {
        Ok(documents) => {
            within(&documents);
            Some(documents)
        }
        Err(error) => {
            readable(&error);
            None
        }
    }
}

/// The one JSON document of a text, where it is one.
pub fn json(source: &Arc<Source>) -> Option<Document> {
    match read_json(source, &LIMITS) {
        Ok(document) => {
            within(std::slice::from_ref(&document));
            Some(document)
        }
        Err(error) => {
            readable(&error);
            None
        }
    }
}

/// An error says something, and points into the text.
fn readable(error: &Error) {
    assert!(!error.to_string().is_empty());
    error.place().iter().for_each(inside);
}

/// A place is a stretch of its text, between characters, and can be shown.
pub fn inside(place: &Place) {
    stands(place);
    let ((line, column), end) = (place.start(), place.end());
    assert!(line > 0 && column > 0 && (line, column) <= end, "{line}:{column} to {end:?}");
    let window = place.source.line_window(place.span.start, 40);
    assert!(window.before.len() + window.after.len() <= place.source.text().len(), "a window is no more than the text");
}

fn stands(place: &Place) {
    let span = place.span.start as usize..place.span.end as usize;
    assert!(place.source.text().get(span.clone()).is_some(), "{span:?} is no stretch of the text");
}

/// Documents are within the limits, and every value and key has its place.
fn within(documents: &[Document]) {
    assert!(documents.len() <= LIMITS.documents);
    let values: u32 = documents.iter().map(Document::node_count).sum();
    assert!(values <= LIMITS.tree.nodes, "{values} values");
    for document in documents {
        // One of them stands for all: looking each up takes the square of their number.
        let last = NodeId(document.node_count());
        let (found, whole) = document.resolve(NodeId::ROOT, &document.pointer(last));
        assert!(found == last && whole, "a pointer leads elsewhere");
        document.place(last).iter().for_each(inside);
        for node in (1..=document.node_count()).map(NodeId) {
            stands(&document.value_place(node).expect("a value has a place"));
            document.key_place(node).iter().for_each(stands);
        }
    }
}
