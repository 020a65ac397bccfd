//! YAML and JSON: never a panic, never over a limit, and what was read is read again from its own JSON.

use portcullis_document::{ErrorKind, read_json_text, read_yaml};
use portcullis_model::{Document, NodeId, Source};

use crate::text::{LIMITS, json, stream, text};

pub fn judge(data: &[u8]) {
    let Some(source) = text(data) else { return };
    let documents = stream(&source);
    for document in documents.iter().flatten() {
        again(document);
    }
    if let Some(documents) = &documents {
        twice(source.text(), documents);
    }
    let Some(document) = json(&source) else { return };
    again(&document);
    let written = document.to_json(NodeId::ROOT);
    if !begins_as_json(source.text()) {
        return;
    }
    let documents = documents.expect("JSON is YAML");
    assert_eq!(documents.iter().map(|one| one.to_json(NodeId::ROOT)).collect::<Vec<_>>(), [written]);
}

/// A document is the same when it is read from its own JSON, by either reader.
fn again(document: &Document) {
    let written = document.to_json(NodeId::ROOT);
    let read = read_json_text(&written, &LIMITS).expect("our own JSON is JSON");
    assert_eq!(read.to_json(NodeId::ROOT), written);
    assert_eq!(read.node_count(), document.node_count());
    if written.starts_with('{') {
        let documents = stream(&Source::new("again", written.as_str())).expect("our own JSON is YAML");
        assert_eq!(documents.iter().map(|one| one.to_json(NodeId::ROOT)).collect::<Vec<_>>(), [written]);
    }
}

/// A text behind itself is its documents twice, or more than a limit.
fn twice(text: &str, documents: &[Document]) {
    // Directives stand only before the first document, and a carriage return joins with what follows.
    if begins_as_json(text) || text.lines().any(|line| line.starts_with('%')) || text.ends_with('\r') {
        return;
    }
    let end = if text.ends_with('\n') { "" } else { "\n" };
    let source = Source::new("twice", format!("{text}{end}---\n{text}"));
    match read_yaml(&source, &LIMITS) {
        Ok(found) => {
            let written = |documents: &[Document]| -> Vec<String> {
                documents.iter().map(|document| document.to_json(NodeId::ROOT)).collect()
            };
            let once = written(documents);
            assert_eq!(written(&found), [once.clone(), once].concat());
        }
        Err(error) => assert!(
            matches!(error.kind(), ErrorKind::TooManyDocuments { .. } | ErrorKind::TooManyNodes { .. }),
            "a text is read, and behind itself it is not: {error}"
        ),
    }
}

/// Only a text that begins with `{` is read as JSON where YAML is expected; anything else may mean something else there,
/// as it does to kubectl: `[1.0]` is `[1]`, and `["\/"]` has an escape that YAML 1.1 does not know.
fn begins_as_json(text: &str) -> bool {
    text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']).starts_with('{')
}
