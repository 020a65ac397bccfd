//! Whether the settings that a plugin's schema describes are the ones that its `prepare` takes.
//!
//! `prepare` is given every setting of the schema once, and what it asks [`Setting::object`](crate::Setting::object) for is
//! compared with the schema, map by map.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::export::{Policy, glue};
use crate::settings::asked;

/// The deepest map of a schema that is compared: a schema may refer to itself, settings may not be deeper.
const MOST_DEPTH: u32 = crate::settings::MOST_DEPTH - 2;

/// The keys of each map, by its JSON Pointer (RFC 6901).
type Keys = BTreeMap<String, BTreeSet<String>>;

/// Every difference, one sentence each.
pub(super) fn differences<P: Policy>(schema: &Value) -> Vec<String> {
    let mut described = Keys::new();
    let sample = sample(schema, schema, "", MOST_DEPTH, &mut described);
    described.entry(String::new()).or_default();
    asked::clear();
    // What it has against the values does not matter here.
    let _ = glue::prepare::<P>(&sample.to_string());
    let mut taken = Keys::new();
    for (pointer, keys) in asked::take() {
        taken.entry(pointer).or_default().extend(keys);
    }
    taken.entry(String::new()).or_default();
    let mut differences = Vec::new();
    for (pointer, described) in &described {
        // A map that `prepare` did not get to, because the sample's values are not what it wants, cannot be compared.
        let Some(taken) = taken.get(pointer) else { continue };
        for key in described.difference(taken) {
            differences.push(format!(
                "the schema has the setting `{pointer}/{key}`, which `prepare` refuses: add it to the keys in `prepare`, or remove it from the schema"
            ));
        }
        for key in taken.difference(described) {
            differences.push(format!(
                "`prepare` takes the setting `{pointer}/{key}`, which the schema does not have: describe it there, or remove it from the keys in `prepare`"
            ));
        }
    }
    differences
}

/// Settings in which everything stands that a schema describes.
fn sample(schema: &Value, root: &Value, pointer: &str, depth: u32, described: &mut Keys) -> Value {
    let Some(depth) = depth.checked_sub(1) else { return Value::Null };
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap_or(&Value::Null);
        return sample(target, root, pointer, depth, described);
    }
    // Beside `properties`, an `anyOf` says which of them must be there.
    if let Some(properties) = schema["properties"].as_object() {
        let keys = properties.keys().cloned();
        described.entry(pointer.to_owned()).or_default().extend(keys);
        let below = |key: &str| format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        let values =
            properties.iter().map(|(key, schema)| (key.clone(), sample(schema, root, &below(key), depth, described)));
        return Value::Object(values.collect::<Map<_, _>>());
    }
    for key in ["oneOf", "anyOf", "allOf"] {
        if let Some(choices) = schema[key].as_array() {
            let map = choices.iter().find(|choice| choice["properties"].is_object());
            let chosen = map.or(choices.first()).unwrap_or(&Value::Null);
            return sample(chosen, root, pointer, depth, described);
        }
    }
    if let Some(value) = schema.get("const").or_else(|| schema["enum"].get(0)) {
        return value.clone();
    }
    match schema["type"].as_str().or_else(|| schema["type"][0].as_str()) {
        Some("object") => json!({}),
        Some("array") => json!([sample(&schema["items"], root, &format!("{pointer}/0"), depth, described)]),
        Some("boolean") => json!(true),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or(json!(1)),
        _ => json!("x"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Description, Outcome, Review, Setting, packed};

    packed! {
        /// Nothing is kept.
        pub struct Nothing {
            /// Something has to be.
            pub number: Option<i64>,
        }
    }

    struct Demo;

    impl Policy for Demo {
        const DESCRIPTION: Description = Description::EMPTY;
        type Settings<'a> = Nothing;

        fn prepare(settings: Setting<'_>) -> Nothing {
            let all = settings.object(&["teams", "exempt"]);
            let number = all
                .get("teams")
                .items()
                .iter()
                .find_map(|team| team.object(&["name", "least"]).get("least").integer(0, 9));
            Nothing { number }
        }

        fn evaluate(_: &Nothing, _: Review) -> Outcome {
            Vec::new().into()
        }
    }

    fn schema(team: &str, more: &str) -> Value {
        let text = format!(
            r##"{{"$defs": {{"team": {{"type": "object", "properties": {{{team}}}}}}}, "type": "object",
                "properties": {{"teams": {{"type": "array", "items": {{"$ref": "#/$defs/team"}}}}{more}}}}}"##
        );
        serde_json::from_str(&text).expect("JSON")
    }

    #[test]
    fn finds_settings_that_only_one_of_schema_and_plugin_knows() {
        let (team, exempt) = (r#""name": {"type": "string"}, "least": {"type": "integer"}"#, r#", "exempt": {}"#);
        assert_eq!(differences::<Demo>(&schema(team, exempt)), [] as [String; 0]);
        assert_eq!(
            differences::<Demo>(&schema(team, "")),
            [
                "`prepare` takes the setting `/exempt`, which the schema does not have: describe it there, or remove it from the keys in `prepare`"
            ]
        );
        assert_eq!(
            differences::<Demo>(&schema(&team.replace("name", "nom"), exempt)),
            [
                "the schema has the setting `/teams/0/nom`, which `prepare` refuses: add it to the keys in `prepare`, or remove it from the schema",
                "`prepare` takes the setting `/teams/0/name`, which the schema does not have: describe it there, or remove it from the keys in `prepare`",
            ]
        );
    }
}
