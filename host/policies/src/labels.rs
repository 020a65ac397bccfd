//! Label selectors exactly as apimachinery reads and matches them.

use std::collections::BTreeMap;

use portcullis_model::{Kind, LabelSelector, NodeId, Requirement, RequirementOperator};

use crate::error::quote;
use crate::fields::Fields;

/// Reads a `LabelSelector` (meta/v1); absent is the empty selector.
pub(crate) fn read_selector(fields: &Fields, parent: NodeId, key: &str) -> LabelSelector {
    let mut selector = LabelSelector::default();
    let Some(node) = fields.get(parent, key) else { return selector };
    if !fields.expect_map(node, &["matchLabels", "matchExpressions"]) {
        return selector;
    }
    if let Some(labels) = fields.get(node, "matchLabels")
        && fields.expect(labels, Kind::Map, "a map of labels")
    {
        for (label, value) in fields.document.entries(labels) {
            check_key(fields, value, label);
            if fields.expect(value, Kind::String, "a string") {
                let text = fields.document.text(value);
                check_value(fields, value, text);
                selector.match_labels.insert(label.to_owned(), text.to_owned());
            }
        }
    }
    let expressions = fields.list(node, "matchExpressions").unwrap_or_default();
    selector.match_expressions = expressions.into_iter().filter_map(|item| read_requirement(fields, item)).collect();
    selector
}

fn read_requirement(fields: &Fields, node: NodeId) -> Option<Requirement> {
    use RequirementOperator::{DoesNotExist, Exists, In, NotIn};
    if !fields.expect_map(node, &["key", "operator", "values"]) {
        return None;
    }
    let key = fields.required_text(node, "key");
    if let Some(key) = key {
        check_key(fields, fields.document.find(node, "key"), key);
    }
    let words = [("In", In), ("NotIn", NotIn), ("Exists", Exists), ("DoesNotExist", DoesNotExist)];
    let operator = fields.required(node, "operator").and_then(|found| fields.word(found, &words));
    let values = fields.texts(node, "values").unwrap_or_default();
    for &(value, text) in &values {
        check_value(fields, value, text);
    }
    match operator? {
        In | NotIn if values.is_empty() => {
            fields.wrong(node, "`In` and `NotIn` need at least one of `values`");
        }
        Exists | DoesNotExist if !values.is_empty() => {
            fields.wrong(node, "`Exists` and `DoesNotExist` take no `values`");
        }
        _ => {}
    }
    let values = values.into_iter().map(|(_, text)| text.to_owned()).collect();
    Some(Requirement { key: key?.to_owned(), operator: operator?, values })
}

/// Whether everything that a selector asks holds for these labels (`labels.Selector.Matches` of apimachinery).
pub(crate) fn matches(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    let has = |key: &str, values: &[String]| labels.get(key).is_some_and(|value| values.contains(value));
    selector.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
        && selector.match_expressions.iter().all(|requirement| {
            let Requirement { key, operator, values } = requirement;
            match operator {
                RequirementOperator::In => has(key, values),
                RequirementOperator::NotIn => !has(key, values),
                RequirementOperator::Exists => labels.contains_key(key),
                RequirementOperator::DoesNotExist => !labels.contains_key(key),
            }
        })
}

/// Whether a selector asks for nothing, and therefore matches without looking.
pub(crate) fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.is_empty() && selector.match_expressions.is_empty()
}

/// Whether a selector asks for no other label than this one.
pub(crate) fn asks_only(selector: &LabelSelector, label: &str) -> bool {
    selector.match_labels.keys().all(|key| key == label)
        && selector.match_expressions.iter().all(|requirement| requirement.key == label)
}

/// `validation.IsQualifiedName` of apimachinery.
pub(crate) fn is_qualified_name(text: &str) -> bool {
    let (prefix, name) = text.split_once('/').map_or((None, text), |(prefix, name)| (Some(prefix), name));
    is_label_name(name) && prefix.is_none_or(is_subdomain)
}

/// The key of a label is a qualified name (`ValidateLabelName` of apimachinery).
pub(crate) fn check_key(fields: &Fields, node: NodeId, key: &str) {
    if !is_qualified_name(key) {
        let message = format!("{} cannot be the key of a label", quote(key));
        let hint = "a key is `name` or `prefix/name`: the name at most 63 letters, digits, `-`, `_` or `.`, the prefix a DNS name";
        fields.wrong_hint(node, message, hint);
    }
}

/// `validation.IsValidLabelValue` of apimachinery.
fn check_value(fields: &Fields, node: NodeId, value: &str) {
    if !value.is_empty() && !is_label_name(value) {
        let message = format!("{} cannot be the value of a label", quote(value));
        let hint =
            "a value has at most 63 letters, digits, `-`, `_` or `.`, and begins and ends with a letter or digit";
        fields.wrong_hint(node, message, hint);
    }
}

fn is_label_name(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && edge(bytes.first())
        && edge(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// A DNS subdomain (RFC 1123) as Kubernetes names objects: lower case, at most 253 characters.
pub(crate) fn is_subdomain(text: &str) -> bool {
    let edge = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let label = |label: &str| {
        let bytes = label.as_bytes();
        edge(bytes.first())
            && edge(bytes.last())
            && bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::json;

    fn read(text: &str) -> (LabelSelector, Vec<String>) {
        let document = json(&format!(r#"{{"selector":{text}}}"#));
        let fields = Fields::new(&document);
        let selector = read_selector(&fields, NodeId::ROOT, "selector");
        (selector, fields.finish().iter().map(ToString::to_string).collect())
    }

    fn holds(selector: &str, labels: &[(&str, &str)]) -> bool {
        let (selector, complaints) = read(selector);
        assert_eq!(complaints, [""; 0]);
        matches(&selector, &labels.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    #[test]
    fn matches_as_apimachinery_does() {
        assert!(holds("{}", &[]));
        assert!(holds(r#"{"matchLabels":{"a":"1"}}"#, &[("a", "1"), ("b", "2")]));
        assert!(!holds(r#"{"matchLabels":{"a":"1","b":"2"}}"#, &[("a", "1")]), "all labels must match");
        assert!(holds(r#"{"matchLabels":{"a":""}}"#, &[("a", "")]));
        assert!(!holds(r#"{"matchLabels":{"a":""}}"#, &[]), "an empty value is not an absent label");
        let expression = |operator: &str, values: &str| {
            format!(r#"{{"matchExpressions":[{{"key":"a","operator":"{operator}"{values}}}]}}"#)
        };
        let values = r#","values":["1","2"]"#;
        for (operator, values, one, three, absent) in [
            ("In", values, true, false, false),
            ("NotIn", values, false, true, true),
            ("Exists", "", true, true, false),
            ("DoesNotExist", "", false, false, true),
        ] {
            let selector = expression(operator, values);
            assert_eq!(holds(&selector, &[("a", "1")]), one, "{operator}");
            assert_eq!(holds(&selector, &[("a", "3")]), three, "{operator}");
            assert_eq!(holds(&selector, &[]), absent, "{operator}");
        }
    }

    #[test]
    fn complains_about_selectors_that_the_api_server_refuses() {
        let hint_key = "; a key is `name` or `prefix/name`: the name at most 63 letters, digits, `-`, `_` or `.`, the prefix a DNS name";
        let hint_value =
            "; a value has at most 63 letters, digits, `-`, `_` or `.`, and begins and ends with a letter or digit";
        let one = |text: &str| read(text).1.join("\n");
        assert_eq!(one(r#"{"matchLabels":{"-a":"1"}}"#), format!("`-a` cannot be the key of a label{hint_key}"));
        assert_eq!(one(r#"{"matchLabels":{"UP/a":"1"}}"#), format!("`UP/a` cannot be the key of a label{hint_key}"));
        assert_eq!(one(r#"{"matchLabels":{"a":"x y"}}"#), format!("`x y` cannot be the value of a label{hint_value}"));
        assert_eq!(one(r#"{"matchLabels":{"a":1}}"#), "`a` must be a string, found a number; put it in quotes");
        assert_eq!(
            one(r#"{"matchExpressions":[{"key":"a","operator":"in","values":["1"]}]}"#),
            "`operator` cannot be `in`; did you mean `In`?"
        );
        assert_eq!(
            one(r#"{"matchExpressions":[{"key":"a","operator":"In"}]}"#),
            "`In` and `NotIn` need at least one of `values`"
        );
        assert_eq!(
            one(r#"{"matchExpressions":[{"key":"a","operator":"Exists","values":["1"]}]}"#),
            "`Exists` and `DoesNotExist` take no `values`"
        );
        assert_eq!(one(r#"{"matchExpressions":[{"operator":"Exists"}]}"#), "`matchExpressions[0]` has no `key`");
        assert_eq!(
            one(r#"{"matchLables":{}}"#),
            "unknown field `matchLables` in `selector`; did you mean `matchLabels`?"
        );
        assert_eq!(one("[]"), "`selector` must be a map, found a list");
    }

    #[test]
    fn takes_names_of_labels_up_to_their_bounds_and_prefixes_that_are_dns_names() {
        let (longest, segments) = ("a".repeat(63), ["a".repeat(63), "b".repeat(63), "c".repeat(63), "d".repeat(61)]);
        let prefix = segments.join(".");
        assert_eq!(prefix.len(), 253);
        for good in ["a", "A-1_b.c", &longest, "example.com/a", "a-b.1/c", &format!("{prefix}/a")] {
            assert!(is_qualified_name(good), "{good}");
        }
        for bad in [
            "",
            "a-",
            "-a",
            "a b",
            "a/",
            "/a",
            "a/b/c",
            "a-/b",
            "-a/b",
            "a_b/c",
            "A/b",
            "a..b/c",
            "\u{e4}",
            &format!("{longest}a"),
            &format!("{prefix}d/a"),
        ] {
            assert!(!is_qualified_name(bad), "{bad}");
        }
    }

    #[test]
    fn asks_only_for_a_label_where_no_part_asks_for_another() {
        let asks = |text: &str| asks_only(&read(text).0, "a");
        let expression = |key: &str| format!(r#"{{"key":"{key}","operator":"Exists"}}"#);
        assert!(asks(r#"{"matchLabels":{"a":"1"}}"#));
        assert!(asks(&format!(r#"{{"matchExpressions":[{}]}}"#, expression("a"))));
        assert!(!asks(&format!(r#"{{"matchExpressions":[{}]}}"#, expression("b"))));
        assert!(!asks(&format!(r#"{{"matchExpressions":[{},{}]}}"#, expression("a"), expression("b"))));
        assert!(!asks(&format!(r#"{{"matchLabels":{{"a":"1"}},"matchExpressions":[{}]}}"#, expression("b"))));
        assert!(!asks(&format!(r#"{{"matchLabels":{{"b":"1"}},"matchExpressions":[{}]}}"#, expression("a"))));
    }

    #[test]
    fn looks_at_labels_as_soon_as_any_part_asks() {
        assert!(is_empty(&read("{}").0));
        assert!(!is_empty(&read(r#"{"matchLabels":{"a":"1"}}"#).0));
        assert!(!is_empty(&read(r#"{"matchExpressions":[{"key":"a","operator":"Exists"}]}"#).0));
    }
}
