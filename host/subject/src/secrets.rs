//! Where the values of Secrets stand, so that nobody shows them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_model::{Document, Kind, NodeId, Review};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Values of one character are not replaced in messages: they would be found in every other word and hide nothing.
const SHORTEST: usize = 2;

/// The members of a Secret that hold nothing secret; whatever else stands there may be a misspelt `data`.
const OPEN: [&str; 5] = ["apiVersion", "kind", "metadata", "type", "immutable"];

/// Masks the values of every Secret in a document in the document's source: in manifests, lists, AdmissionReviews and
/// records of them. A map that does not say what it is (an item of a `SecretList`) counts as one where it has `data`.
pub fn mask_secrets(document: &Document) {
    let Some(source) = document.source() else { return };
    for index in 1..=document.node_count() {
        let node = NodeId(index);
        let secret = match document.kind(document.find(node, "kind")) {
            Kind::None => true,
            _ => document.string(node, &["kind"]) == Some("Secret"),
        };
        for value in values_of(document, node).into_iter().filter(|_| secret) {
            if let Some(place) = document.value_place(value) {
                source.mask(place.span);
            }
        }
    }
}

/// Every text that an output about this review must not contain: the values of a Secret as they stand and decoded.
pub fn secret_values(review: &Review) -> Vec<String> {
    let mut texts = Vec::new();
    let asked = review.request.kind.kind == "Secret";
    for document in review.object.iter().chain(&review.old_object) {
        if asked || document.string(NodeId::ROOT, &["kind"]) == Some("Secret") {
            for value in values_of(document, NodeId::ROOT) {
                collect(document, value, &mut texts);
            }
        }
    }
    texts.retain(|text: &String| text.len() >= SHORTEST);
    texts.sort();
    texts.dedup();
    texts
}

/// The nodes that hold something secret if this is a Secret; only `data` and `stringData` where it does not say so.
fn values_of(document: &Document, node: NodeId) -> Vec<NodeId> {
    let named = document.string(node, &["kind"]) == Some("Secret");
    let secret = |key: &str| if named { !OPEN.contains(&key) } else { key == "data" || key == "stringData" };
    let mut values = Vec::new();
    for (_, member) in document.entries(node).filter(|(key, _)| secret(key)) {
        match document.kind(member) {
            Kind::Map | Kind::List => values.extend(document.items(member)),
            Kind::None | Kind::Null => {}
            _ => values.push(member),
        }
    }
    let annotation = document.find(document.walk(node, &["metadata", "annotations"]), LAST_APPLIED);
    if named && !annotation.is_none() {
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
