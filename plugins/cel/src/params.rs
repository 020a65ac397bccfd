//! The parameters of a policy: JSON to data that expressions walk in place.

use portcullis_cel::Tree;
use serde_json::Value;

/// The bytes of a setting's JSON.
pub(crate) fn to_bytes(json: &str) -> Vec<u8> {
    tree(serde_json::from_str(json).unwrap_or_default()).to_bytes()
}

/// Settings are nested 16 deep at most.
fn tree(value: Value) -> Tree {
    match value {
        Value::Null => Tree::Null,
        Value::Bool(value) => Tree::Bool(value),
        Value::Number(number) => Tree::Number(number.to_string()),
        Value::String(text) => Tree::Text(text),
        Value::Array(items) => Tree::List(items.into_iter().map(tree).collect()),
        Value::Object(entries) => Tree::Map(entries.into_iter().map(|(key, value)| (key, tree(value))).collect()),
    }
}
