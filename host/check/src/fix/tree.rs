//! What a text means, apart from how it is written: two texts are compared by it before one replaces the other.

use std::collections::BTreeMap;

use portcullis_document::{ReadLimits, read_json_text};
use portcullis_model::{Document, FixOperation, Kind, NodeId};

/// A value without places and without layout.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Tree>),
    Map(BTreeMap<String, Tree>),
}

/// A number as text; `1.0` of JSON is `1` of YAML.
#[derive(Clone, Debug)]
pub(crate) struct Number(pub(crate) String);

/// Up to here every whole number is a `f64` of its own.
const EXACT: f64 = 9_007_199_254_740_992.0;

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        let value = |text: &str| text.parse::<f64>().ok().filter(|value| value.abs() < EXACT);
        self.0 == other.0 || value(&self.0).is_some_and(|own| value(&other.0) == Some(own))
    }
}

impl Tree {
    /// The value at a node. Its depth is that of the document, which the reader has bounded.
    pub(crate) fn of(document: &Document, node: NodeId) -> Self {
        match document.kind(node) {
            Kind::None | Kind::Null => Self::Null,
            Kind::Bool => Self::Bool(document.boolean(node) == Some(true)),
            Kind::Number => Self::Number(Number(document.number_text(node).to_owned())),
            Kind::String => Self::Text(document.text(node).to_owned()),
            Kind::List => Self::List(document.items(node).map(|item| Self::of(document, item)).collect()),
            Kind::Map => {
                let entry = |(key, value): (&str, NodeId)| (key.to_owned(), Self::of(document, value));
                Self::Map(document.entries(node).map(entry).collect())
            }
        }
    }

    /// Everything that a text holds.
    pub(crate) fn of_all(documents: &[Document]) -> Vec<Self> {
        documents.iter().map(|document| Self::of(document, NodeId::ROOT)).collect()
    }

    /// The value of a fix.
    pub(crate) fn of_json(text: &str) -> Option<Self> {
        let document = read_json_text(text, &ReadLimits::default()).ok()?;
        Some(Self::of(&document, NodeId::ROOT))
    }

    /// Whether this is the same value in the same notation of numbers: a field of whole numbers takes `1`, and `1.0` is refused.
    pub(crate) fn is_identical(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Number(own), Self::Number(other)) => own.0 == other.0,
            (Self::List(own), Self::List(other)) => {
                own.len() == other.len() && own.iter().zip(other).all(|(own, other)| own.is_identical(other))
            }
            (Self::Map(own), Self::Map(other)) => {
                let same = |((key, value), (other_key, other)): ((&String, &Self), (&String, &Self))| {
                    key == other_key && value.is_identical(other)
                };
                own.len() == other.len() && own.iter().zip(other).all(same)
            }
            _ => self == other,
        }
    }

    /// Whether this is a map or a list.
    pub(crate) fn is_container(&self) -> bool {
        matches!(self, Self::List(_) | Self::Map(_))
    }

    /// This value under keys that are not there yet, the outermost first.
    pub(crate) fn under(self, keys: &[String]) -> Self {
        keys.iter().rev().fold(self, |inner, key| Self::Map(BTreeMap::from([(key.clone(), inner)])))
    }

    /// Does what a fix says, so that what it should lead to is known without its text; whether it could be done.
    pub(crate) fn change(&mut self, segments: &[String], operation: FixOperation, value: Option<&Tree>) -> bool {
        let Some((first, rest)) = segments.split_first() else {
            let Some(value) = value else { return false };
            *self = value.clone();
            return true;
        };
        if *self == Self::Null && operation == FixOperation::Add {
            *self = Self::Map(BTreeMap::new());
        }
        let removes = operation == FixOperation::Remove && rest.is_empty();
        match self {
            Self::Map(entries) if removes => entries.remove(first).is_some(),
            Self::Map(entries) => match entries.get_mut(first) {
                Some(inner) => inner.change(rest, operation, value),
                None if operation == FixOperation::Add => {
                    let added = value.map(|value| value.clone().under(rest));
                    added.is_some_and(|added| entries.insert(first.clone(), added).is_none())
                }
                None => false,
            },
            Self::List(items) => match first.parse::<usize>() {
                Ok(at) if at >= items.len() => false,
                Ok(at) if removes => {
                    items.remove(at);
                    true
                }
                Ok(at) => items[at].change(rest, operation, value),
                Err(_) => false,
            },
            _ => false,
        }
    }
}

/// The segments of a JSON Pointer (RFC 6901).
pub(crate) fn segments(pointer: &str) -> Vec<String> {
    pointer.split('/').skip(1).map(|segment| segment.replace("~1", "/").replace("~0", "~")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(text: &str, pointer: &str, operation: FixOperation, value: &str) -> Option<Tree> {
        let mut tree = Tree::of_json(text).expect("JSON");
        tree.change(&segments(pointer), operation, Tree::of_json(value).as_ref()).then_some(tree)
    }

    #[test]
    fn changes_what_the_pointer_names_and_nothing_else() {
        let text = r#"{"a": {"b/c": [1, {"d": 2}]}, "e": null}"#;
        let is = |pointer, operation, value, expected: &str| {
            assert_eq!(changed(text, pointer, operation, value), Tree::of_json(expected), "{pointer}");
        };
        is("/a/b~1c/1/d", FixOperation::Replace, "\"x\"", r#"{"a": {"b/c": [1, {"d": "x"}]}, "e": null}"#);
        is("/a/b~1c/0", FixOperation::Remove, "", r#"{"a": {"b/c": [{"d": 2}]}, "e": null}"#);
        is("/e/f/g", FixOperation::Add, "3", r#"{"a": {"b/c": [1, {"d": 2}]}, "e": {"f": {"g": 3.0}}}"#);
        for (pointer, operation) in [
            ("/a/x", FixOperation::Replace),
            ("/a/b~1c/7", FixOperation::Remove),
            ("/a/b~1c/x", FixOperation::Add),
            ("/a/b~1c/0/x", FixOperation::Add),
        ] {
            assert_eq!(changed(text, pointer, operation, "1"), None, "{pointer}");
        }
    }

    #[test]
    fn judges_numbers_by_their_value_as_far_as_it_is_exact() {
        let number = |text: &str| Tree::of_json(text).expect("a number");
        assert_eq!(number("1.0"), number("1"));
        assert_ne!(number("9007199254740993"), number("9007199254740992"));
        assert_ne!(number("1"), number("\"1\""));
    }
}
