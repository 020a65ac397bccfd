//! Where the values of Secrets stand, so that nobody shows them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_model::{Document, Kind, NodeId, Review};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Shorter values are not replaced in messages: they would be found in every other word.
const SHORTEST: usize = 4;

/// Masks the values of every Secret in a document in the document's source: in manifests, lists, AdmissionReviews and
/// records of them, wherever a map says `kind: Secret` or looks like the data of one.
pub fn mask_secrets(document: &Document) {
    let Some(source) = document.source() else { return };
    for index in 1..=document.node_count() {
        for value in values_of(document, NodeId(index)) {
            if let Some(place) = document.value_place(value) {
                source.mask(place.span);
            }
        }
    }
}

/// Every text that an output about this review must not contain: the values of a Secret as they stand and decoded.
pub fn secret_values(review: &Review) -> Vec<String> {
    let mut texts = Vec::new();
    for document in review.object.iter().chain(&review.old_object) {
        for value in values_of(document, NodeId::ROOT) {
            collect(document, value, &mut texts);
        }
    }
    texts.retain(|text: &String| text.len() >= SHORTEST);
    texts.sort();
    texts.dedup();
    texts
}

/// The nodes of one Secret that hold something secret; nothing for a node that is no Secret.
fn values_of(document: &Document, node: NodeId) -> Vec<NodeId> {
    if document.string(node, &["kind"]) != Some("Secret") {
        return Vec::new();
    }
    let mut values = Vec::new();
    for member in ["data", "stringData"] {
        let data = document.find(node, member);
        match document.kind(data) {
            Kind::Map | Kind::List => values.extend(document.items(data)),
            Kind::None | Kind::Null => {}
            _ => values.push(data),
        }
    }
    let annotation = document.find(document.walk(node, &["metadata", "annotations"]), LAST_APPLIED);
    if !annotation.is_none() {
        values.push(annotation);
    }
    values
}

/// The texts below a value: a value that is a map or a list by mistake is as secret as a text.
fn collect(document: &Document, value: NodeId, texts: &mut Vec<String>) {
    let mut waiting = vec![value];
    while let Some(node) = waiting.pop() {
        match document.kind(node) {
            Kind::String => add(document.text(node), texts),
            Kind::Number => texts.push(document.number_text(node).to_owned()),
            Kind::List | Kind::Map => waiting.extend(document.items(node)),
            _ => {}
        }
    }
}

fn add(text: &str, texts: &mut Vec<String>) {
    texts.push(text.to_owned());
    // A message shows control characters escaped, so the escaped form must go as well.
    texts.push(text.escape_debug().to_string());
    texts.extend(text.lines().map(|line| line.trim().to_owned()));
    if let Some(decoded) = STANDARD.decode(text.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()) {
        texts.extend(decoded.lines().map(|line| line.trim().to_owned()));
        texts.push(decoded.escape_debug().to_string());
        texts.push(decoded);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{review, sourced, yaml};

    #[test]
    fn masks_every_value_of_every_secret_in_a_list() {
        let text = "{apiVersion: v1, kind: List, items: [{kind: Secret, data: {a: aHVudGVyMg==}, stringData: {b: hunter2}}, {kind: Pod, data: {c: open}}]}";
        let document = sourced(text);
        mask_secrets(&document);
        let line = document.source().expect("a source").line_text(1);
        assert!(!line.contains("hunter2") && !line.contains("aHVudGVyMg"), "{line}");
        assert!(line.contains("open") && line.contains("kind: Secret"), "{line}");
    }

    #[test]
    fn knows_the_values_of_a_secret_as_they_stand_and_decoded() {
        let text = "{apiVersion: v1, kind: Secret, metadata: {annotations: {kubectl.kubernetes.io/last-applied-configuration: applied}}, data: {a: aHVudGVyMg==, b: eA==}}";
        let values = secret_values(&review(yaml(text)));
        assert!(values.contains(&"aHVudGVyMg==".to_owned()) && values.contains(&"hunter2".to_owned()), "{values:?}");
        assert!(values.contains(&"applied".to_owned()), "{values:?}");
        assert!(!values.contains(&"x".to_owned()), "too short to be told from other words");
        assert!(secret_values(&review(yaml("{apiVersion: v1, kind: ConfigMap, data: {a: open}}"))).is_empty());
    }
}
