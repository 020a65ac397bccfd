//! The schema of a plugin's settings, as a table that a person reads.

use serde_json::Value;

use crate::text::shown;

/// Rows of the table; a schema may have more, and may be made to have very many.
const MOST_ROWS: usize = 200;
/// Maps inside each other.
const MOST_DEPTH: u32 = 8;
/// Schemas that are looked at: one may refer to itself many times over.
const MOST_SCHEMAS: usize = 5_000;
/// Characters of one cell.
const MOST_TEXT: usize = 120;

/// The settings as rows: name, type, default, and what it says about them.
pub fn rows(schema: &str) -> Vec<Vec<String>> {
    let root: Value = serde_json::from_str(schema).unwrap_or_default();
    let mut rows = Vec::new();
    properties(&root, &root, "", MOST_DEPTH, &mut Rows { rows: &mut rows, left: MOST_SCHEMAS });
    if rows.len() > MOST_ROWS {
        rows.truncate(MOST_ROWS);
        rows.push(vec![format!("... (the first {MOST_ROWS})")]);
    }
    rows
}

/// The rows so far, and how many more schemas are looked at.
struct Rows<'r> {
    rows: &'r mut Vec<Vec<String>>,
    left: usize,
}

/// Adds a row for each property of a schema, and those below it.
fn properties(schema: &Value, root: &Value, above: &str, depth: u32, rows: &mut Rows) {
    let (Some(depth), Some(left)) = (depth.checked_sub(1), rows.left.checked_sub(1)) else { return };
    rows.left = left;
    let schema = resolved(schema, root);
    for part in ["allOf", "anyOf", "oneOf"].iter().filter_map(|key| schema[key].as_array()).flatten() {
        if rows.rows.len() <= MOST_ROWS {
            properties(part, root, above, depth, rows);
        }
    }
    let required = |key: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == key));
    for (key, own) in schema["properties"].as_object().into_iter().flatten() {
        if rows.rows.len() > MOST_ROWS {
            return;
        }
        let own = resolved(own, root);
        let name = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        let default = match own.get("default") {
            Some(value) => format!("default {}", shown(&value.to_string(), MOST_TEXT)),
            None if required(key) => "required".to_owned(),
            None => String::new(),
        };
        let row = vec![
            shown(&name, MOST_TEXT),
            kind(own, root),
            default,
            shown(own["description"].as_str().unwrap_or_default(), MOST_TEXT),
        ];
        if !rows.rows.contains(&row) {
            rows.rows.push(row);
        }
        let items = resolved(&own["items"], root);
        match items.is_object() {
            true => properties(items, root, &format!("{name}[]"), depth, rows),
            false => properties(own, root, &name, depth, rows),
        }
        let values = &own["additionalProperties"];
        if values.is_object() {
            properties(values, root, &format!("{name}.*"), depth, rows);
        }
    }
}

/// What a reference within the same schema means.
fn resolved<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let mut schema = schema;
    // A reference may lead to itself.
    for _ in 0..MOST_DEPTH {
        let Some(target) = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) else { break };
        schema = root.pointer(target).unwrap_or(&Value::Null);
    }
    schema
}

fn kind(schema: &Value, root: &Value) -> String {
    if let Some(values) = schema["enum"].as_array() {
        let all: Vec<String> = values.iter().map(Value::to_string).collect();
        return shown(&all.join(" | "), MOST_TEXT);
    }
    let own = match &schema["type"] {
        Value::String(kind) => kind.clone(),
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | "),
        _ => alternatives(schema, root),
    };
    if own != "array" {
        return shown(&own, MOST_TEXT);
    }
    let items = resolved(&schema["items"], root)["type"].as_str().unwrap_or("anything");
    shown(&format!("array of {items}"), MOST_TEXT)
}

/// The types of a value that may be one of several.
fn alternatives(schema: &Value, root: &Value) -> String {
    let parts = ["oneOf", "anyOf"].iter().filter_map(|key| schema[key].as_array()).flatten();
    let mut kinds: Vec<&str> = parts.filter_map(|part| resolved(part, root)["type"].as_str()).collect();
    kinds.dedup();
    kinds.join(" | ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_nested_settings_and_ends_with_a_schema_that_does_not() {
        let schema = r##"{"$defs": {"team": {"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string", "description": "Who\u001b[31m"}, "parts": {"type": "array", "items": {"$ref": "#/$defs/team"}}}}},
            "properties": {"teams": {"type": "array", "items": {"$ref": "#/$defs/team"}}, "level": {"enum": ["low", "high"], "default": "low"}}}"##;
        let rows = rows(schema);
        let texts: Vec<String> = rows.iter().map(|row| row.join("|")).collect();
        assert!(texts.contains(&r"teams[].name|string|required|Who\u{1b}[31m".to_owned()), "{texts:?}");
        assert!(texts.contains(&r#"level|"low" | "high"|default "low"|"#.to_owned()), "{texts:?}");
        assert!(texts.contains(&"teams[].parts|array of object||".to_owned()), "{texts:?}");
        assert!(rows.len() < 30, "{}", rows.len());
        let refers = vec![r##"{"$ref": "#"}"##; 16].join(",");
        assert!(super::rows(&format!("{{\"allOf\": [{refers}]}}")).is_empty(), "16 to the 8th schemas are too many");
        let many: Vec<String> = (0..9_999).map(|n| format!("\"k{n}\": {{}}")).collect();
        assert_eq!(super::rows(&format!("{{\"properties\": {{{}}}}}", many.join(","))).len(), MOST_ROWS + 1);
    }
}
