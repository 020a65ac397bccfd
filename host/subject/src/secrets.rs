//! Where the values of Secrets stand, so that nobody shows them.

use std::collections::HashSet;
use std::sync::OnceLock;

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use portcullis_model::{Document, Kind, NodeId, Review};

use crate::kinds::Kinds;

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// Values of one character are not replaced in messages: they would be found in every other word and hide nothing.
const SHORTEST: usize = 2;
/// Bytes of a text inside binary data that are no chance.
const PIECE: usize = 8;

/// Kubernetes wants the padding, but a plugin may decode what lacks it.
const LAX: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The members of a Secret that hold nothing secret; whatever else stands there may be a misspelt `data`.
const OPEN: [&str; 5] = ["apiVersion", "kind", "metadata", "type", "immutable"];

/// Members whose values are hidden wherever nobody is sure that it is no Secret.
const VALUES: [&str; 2] = ["data", "stringData"];

/// What is known about a map.
#[derive(Clone, Copy, PartialEq)]
enum Is {
    /// It says so, in whatever spelling, or what stands around it does.
    Secret,
    /// It does not say what it is, or it says what no Kubernetes has: where it has `data`, that may be a Secret's.
    Perhaps,
    /// It says that it is something else.
    Other,
}

/// Masks the values of every Secret in a document in the document's source: in manifests, lists, AdmissionReviews and
/// records of them. A Secret need not say that it is one: an item of a `SecretList` is, and so are the objects of a request
/// for a Secret. The kind counts in every spelling, because `kind: secret` is a mistake and not another kind. Another map that
/// does not say what it is, or says a kind of `v1` that Kubernetes does not have, counts as one where it has `data`; and
/// `stringData` is a Secret's whoever has it.
pub fn mask_secrets(document: &Document) {
    let Some(source) = document.source() else { return };
    for value in secret_nodes(document) {
        if let Some(place) = document.value_place(value) {
            source.mask(place.span);
        }
    }
}

/// The JSON text of a document with a mask in the place of every value that [`mask_secrets`] masks.
pub(crate) fn masked_json(document: &Document) -> String {
    let hidden: HashSet<NodeId> = secret_nodes(document).into_iter().collect();
    let mut out = String::new();
    document.write_json_with(NodeId::ROOT, &mut out, |node| hidden.contains(&node).then_some("[secret]"));
    out
}

fn secret_nodes(document: &Document) -> Vec<NodeId> {
    let maps = (1..=document.node_count()).map(NodeId).filter(|&node| document.kind(node) == Kind::Map);
    let telling: Vec<NodeId> = maps.filter(|&node| tells(document, node)).collect();
    // What stands around a node has a smaller number, but not every reader needs to promise that.
    let said: HashSet<NodeId> = telling.iter().flat_map(|&node| secrets_said(document, node)).collect();
    let mut nodes: Vec<NodeId> = telling.into_iter().chain(said.iter().copied()).collect();
    nodes.sort_unstable();
    nodes.dedup();
    let is_said = |node: NodeId| is(document, node, said.contains(&node));
    let mut values: Vec<NodeId> = nodes.into_iter().flat_map(|node| values_of(document, node, is_said(node))).collect();
    if !values.is_empty() {
        let named = named(document);
        values.retain(|node| !named.contains(node));
    }
    values
}

/// What requests say about kinds: their names are no values, whatever else stands beside them.
fn named(document: &Document) -> HashSet<NodeId> {
    let maps = (1..=document.node_count()).map(NodeId).filter(|&node| document.kind(node) == Kind::Map);
    let kinds = maps.flat_map(|node| ["kind", "requestKind"].map(|member| document.find(node, member)));
    let kinds = kinds.filter(|&kind| document.kind(kind) == Kind::Map);
    kinds.flat_map(|kind| ["group", "version", "kind"].map(|member| document.find(kind, member))).collect()
}

/// Whether a map has one of the keys that decide anything here; of most maps nothing else needs to be asked.
fn tells(document: &Document, node: NodeId) -> bool {
    document.entries(node).any(|(key, _)| matches!(key, "kind" | "requestKind" | "data" | "stringData"))
}

/// The Secrets inside a map that says for them that they are: a typed list, or a request (its `requestKind` too, which is
/// what the client wrote before a conversion).
fn secrets_said(document: &Document, node: NodeId) -> Vec<NodeId> {
    if document.string(node, &["kind"]).is_some_and(|kind| says(kind, &["secretlist"])) {
        return document.items(document.find(node, "items")).collect();
    }
    let asked = |member: &str| document.string(node, &[member, "kind"]).is_some_and(is_secret);
    if !asked("kind") && !asked("requestKind") {
        return Vec::new();
    }
    ["object", "oldObject"]
        .map(|member| document.find(node, member))
        .into_iter()
        .filter(|node| !node.is_none())
        .collect()
}

fn is(document: &Document, node: NodeId, said: bool) -> Is {
    // What a request says about a kind (`group`, `version`, `kind`) is no object of that kind.
    if document.entries(node).all(|(key, _)| ["group", "version", "kind"].contains(&key)) {
        return Is::Other;
    }
    // Looked at last, because most objects are of a kind that has no values.
    let unknown = |kind: &str| {
        let values = VALUES.iter().any(|member| !document.find(node, member).is_none());
        values && document.string(node, &["apiVersion"]) == Some("v1") && !is_of_v1(kind)
    };
    match document.string(node, &["kind"]) {
        _ if said => Is::Secret,
        Some(kind) if is_secret(kind) => Is::Secret,
        Some(kind) if unknown(kind) => Is::Perhaps,
        Some(_) => Is::Other,
        None => Is::Perhaps,
    }
}

fn is_secret(kind: &str) -> bool {
    says(kind, &["secret", "secrets"])
}

/// Whether a kind is one of these, however it is spelled: `secret`, `SECRET`, `"Secret "`.
fn says(kind: &str, words: &[&str]) -> bool {
    let letters = || kind.chars().filter(|c| c.is_ascii_alphanumeric());
    words.iter().any(|word| letters().map(|c| c.to_ascii_lowercase()).eq(word.chars()))
}

/// Whether Kubernetes has the kind in `v1`. A `List` holds what is judged by itself.
fn is_of_v1(kind: &str) -> bool {
    static KINDS: OnceLock<Kinds> = OnceLock::new();
    kind == "List" || KINDS.get_or_init(Kinds::builtin).find("", "v1", kind).is_some()
}

/// Whether a review is about a Secret, by its request or by an object itself, or about what may be one.
pub fn holds_secret(review: &Review) -> bool {
    let holds = |document: &Document| match is(document, NodeId::ROOT, false) {
        Is::Secret => true,
        is => !values_of(document, NodeId::ROOT, is).is_empty(),
    };
    is_secret(&review.request.kind.kind) || review.object.iter().chain(&review.old_object).any(holds)
}

/// Every text that an output about this review must not contain: the values of a Secret as they stand and decoded, and
/// their lines. None if these have more than `most` bytes.
pub fn secret_values(review: &Review, most: usize) -> Option<Vec<String>> {
    let mut texts = Texts { found: Vec::new(), left: most };
    if holds_secret(review) {
        for document in review.object.iter().chain(&review.old_object) {
            let is = is(document, NodeId::ROOT, is_secret(&review.request.kind.kind));
            for value in values_of(document, NodeId::ROOT, is) {
                collect(document, value, &mut texts)?;
            }
        }
    }
    texts.found.sort();
    texts.found.dedup();
    Some(texts.found)
}

/// The nodes that hold something secret; only `data` and `stringData` where nobody says that this is a Secret, and only
/// `stringData`, which nothing else has, where it is none.
fn values_of(document: &Document, node: NodeId, is: Is) -> Vec<NodeId> {
    let secret = |key: &str| match is {
        Is::Secret => !OPEN.contains(&key),
        Is::Perhaps => VALUES.contains(&key),
        Is::Other => key == "stringData",
    };
    let mut values = Vec::new();
    for (_, member) in document.entries(node).filter(|(key, _)| secret(key)) {
        match document.kind(member) {
            Kind::Map | Kind::List => values.extend(document.items(member)),
            Kind::None | Kind::Null => {}
            _ => values.push(member),
        }
    }
    let annotation = document.find(document.walk(node, &["metadata", "annotations"]), LAST_APPLIED);
    if is == Is::Secret && !annotation.is_none() {
        values.push(annotation);
    }
    values
}

/// Texts within a bound.
struct Texts {
    found: Vec<String>,
    left: usize,
}

impl Texts {
    fn push(&mut self, text: &str) -> Option<()> {
        if text.len() >= SHORTEST {
            self.left = self.left.checked_sub(text.len())?;
            self.found.push(text.to_owned());
        }
        Some(())
    }

    /// A text and, if it has several, its lines: a message may show one of them.
    fn lines(&mut self, text: &str) -> Option<()> {
        self.push(text)?;
        text.lines().map(str::trim).filter(|line| *line != text).try_for_each(|line| self.push(line))
    }

    /// A value, and what it is the base64 of, with or without its padding.
    fn value(&mut self, text: &str) -> Option<()> {
        self.lines(text)?;
        let packed: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        match LAX.decode(&packed).map(String::from_utf8) {
            Ok(Ok(decoded)) => self.lines(&decoded),
            // Partly text: its pieces, unless they are so short that they are there by chance.
            Ok(Err(binary)) => {
                let pieces = binary.as_bytes().utf8_chunks().map(|chunk| chunk.valid());
                pieces.filter(|piece| piece.len() >= PIECE).try_for_each(|piece| self.lines(piece))
            }
            Err(_) => Some(()),
        }
    }
}

/// The texts below a value: a value that is a map or a list by mistake is as secret as a text.
fn collect(document: &Document, value: NodeId, texts: &mut Texts) -> Option<()> {
    let mut waiting = vec![value];
    while let Some(node) = waiting.pop() {
        match document.kind(node) {
            Kind::String => texts.value(document.text(node))?,
            Kind::Number => texts.push(document.number_text(node))?,
            Kind::List | Kind::Map => waiting.extend(document.items(node)),
            _ => {}
        }
    }
    Some(())
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
        let values = secret_values(&review(yaml(text)), 1000).expect("few");
        assert!(values.contains(&"aHVudGVyMg==".to_owned()) && values.contains(&"hunter2".to_owned()), "{values:?}");
        assert!(values.contains(&"applied".to_owned()), "{values:?}");
        assert!(!values.contains(&"x".to_owned()), "too short to be told from other words");
        assert!(
            secret_values(&review(yaml("{apiVersion: v1, kind: ConfigMap, data: {a: open}}")), 0)
                .expect("none")
                .is_empty()
        );
    }

    const APPLIED: &str =
        "metadata: {name: q, annotations: {kubectl.kubernetes.io/last-applied-configuration: hunter77}}";

    #[test]
    fn masks_secrets_that_only_their_list_or_request_calls_so_a63b() {
        let item = format!("{{{APPLIED}, datta: {{a: hunter78}}, password: hunter79}}");
        let list = format!("{{apiVersion: v1, kind: SecretList, items: [{item}]}}");
        let nested = format!("{{apiVersion: v1, kind: List, items: [{list}]}}");
        let asked = format!("{{request: {{kind: {{version: v1, kind: Secret}}, object: {item}, oldObject: {item}}}}}");
        let wanted = format!("{{request: {{kind: {{kind: X}}, requestKind: {{kind: Secret}}, object: {item}}}}}");
        for text in [list, nested, asked, wanted] {
            let document = sourced(&text);
            mask_secrets(&document);
            let line = document.source().expect("a source").line_text(1);
            assert!(!line.contains("hunter7") && line.contains("name: q"), "{line}");
        }
        let other = sourced(&format!("{{kind: PodList, items: [{item}]}}"));
        mask_secrets(&other);
        assert!(other.source().expect("a source").line_text(1).contains("hunter78"), "a Pod hides nothing");
    }

    #[test]
    fn knows_the_values_of_an_object_that_only_its_request_calls_a_secret_a63b() {
        let mut asked = review(yaml(&format!("{{{APPLIED}, datta: {{a: hunter78}}}}")));
        assert!(!holds_secret(&asked));
        asked.request.kind.kind = "Secret".to_owned();
        assert_eq!(secret_values(&asked, 1000), Some(vec!["hunter77".to_owned(), "hunter78".to_owned()]));
        assert!(holds_secret(&asked));
    }

    #[test]
    fn hides_the_values_of_a_secret_however_its_kind_is_spelled_a63b() {
        for kind in
            ["secret", "SECRET", "Secrets", "'Secret '", "\"\\u0053ecret\"", "Sceret", "Opaque", "[Secret]", "~"]
        {
            let text = format!("{{apiVersion: v1, kind: {kind}, data: {{a: hunter77}}, stringData: {{b: hunter78}}}}");
            let document = sourced(&text);
            mask_secrets(&document);
            let line = document.source().expect("a source").line_text(1);
            assert!(!line.contains("hunter7"), "{kind}: {line}");
            let review = review(yaml(&text));
            assert!(holds_secret(&review), "{kind}");
            let values = secret_values(&review, 1000).expect("few");
            assert!(values.contains(&"hunter77".to_owned()) && values.contains(&"hunter78".to_owned()), "{kind}");
        }
        let list = sourced("{apiVersion: v1, kind: secretlist, items: [{metadata: {name: q}, datta: {a: hunter77}}]}");
        mask_secrets(&list);
        assert!(!list.source().expect("a source").line_text(1).contains("hunter77"), "an item says nothing of itself");
        let other = sourced("{apiVersion: a.b/v1, kind: ConfigMap, data: {a: open}, stringData: {b: hunter78}}");
        mask_secrets(&other);
        let line = other.source().expect("a source").line_text(1);
        assert!(line.contains("open") && !line.contains("hunter78"), "{line}");
        assert!(!holds_secret(&review(yaml("{apiVersion: v1, kind: ConfigMap, data: {a: open}}"))));
    }

    #[test]
    fn gives_up_on_more_bytes_than_asked_for() {
        let secret = review(yaml("{apiVersion: v1, kind: Secret, stringData: {a: '#2 45', b: '#78'}}"));
        assert_eq!(secret_values(&secret, 8).map(|values| values.len()), Some(2));
        assert_eq!(secret_values(&secret, 7), None);
    }

    #[test]
    fn knows_texts_inside_binary_values_and_inside_lists_maps_and_numbers() {
        // 0xff, `hunter22`, 0xff, `ab`, 0xfe: a piece of eight bytes is no chance, one of two is.
        let text = "{kind: Secret, data: {a: /2h1bnRlcjIy/2Fi/g==, b: [hunter3, {c: hunter4}], d: 12345, e: true}}";
        let values = secret_values(&review(yaml(text)), 1000).expect("few");
        assert_eq!(values, ["/2h1bnRlcjIy/2Fi/g==", "12345", "hunter22", "hunter3", "hunter4"]);
    }

    #[test]
    fn masks_nothing_that_is_not_there_and_no_annotation_of_another_kind() {
        let masked = masked_json(&yaml("{kind: Secret, data: ~, stringData: {a: ~, b: x}, datta: x}"));
        assert_eq!(
            masked,
            r#"{"kind":"Secret","data":null,"stringData":{"a":"[secret]","b":"[secret]"},"datta":"[secret]"}"#
        );
        let pod = masked_json(&yaml(&format!("{{apiVersion: v1, kind: Pod, {APPLIED}, data: {{a: open}}}}")));
        assert!(pod.contains("hunter77") && pod.contains("open"), "{pod}");
        assert!(!holds_secret(&review(yaml("{metadata: {name: a}, data: ~}"))), "there is nothing to hide");
    }
}
