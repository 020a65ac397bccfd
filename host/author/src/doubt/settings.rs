//! What the schema of a plugin's settings describes, and the plugin refuses.
//!
//! A schema is words for people and editors; `prepare` is the judge. Each setting of the outermost map is tried in whole settings
//! that are known to be taken (those of cases, the schema's own examples, none), and counts as refused only where the plugin
//! complains of that very setting in all of them.

use portcullis_runner::{Complaint, Plugin, PrepareError};
use serde_json::{Map, Value};

use super::{Doubt, Weight};

/// Settings that are tried: a schema may describe very many.
const MOST_TRIALS: usize = 2_000;
/// Whole settings that each value is tried in.
const MOST_BASES: usize = 20;
/// A name that no plugin knows: what it says of this one, it says of every unknown one.
const NOBODYS: &str = "aSettingThatNobodyHas";

/// What the plugin refuses of its own schema, given the settings that it is known to take.
pub fn refused<'a>(plugin: &Plugin, taken: impl Iterator<Item = &'a str>) -> Vec<Doubt> {
    let Ok(schema) = serde_json::from_str::<Value>(&plugin.description().settings) else { return Vec::new() };
    let said = Trial { schema: &schema, prepare: &|text| refusals(plugin, text), left: MOST_TRIALS }.said(taken);
    said.into_iter().map(|said| Doubt { weight: Weight::Strict, said }).collect()
}

/// One thing that a plugin has against settings.
struct Refusal {
    /// Where in them, as a JSON Pointer; nothing where it failed instead of complaining.
    pointer: Option<String>,
    message: String,
}

impl Refusal {
    /// Whether it is about this setting, or what is below it. A failure is about what was put into settings that are taken.
    fn is_of(&self, setting: &str) -> bool {
        let below =
            |pointer: &str| pointer.strip_prefix(setting).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.pointer.as_deref().is_none_or(below)
    }

    /// In words, for whoever looks at this setting.
    fn worded(&self, setting: &str) -> String {
        match self.pointer.as_deref().filter(|pointer| !pointer.is_empty() && *pointer != setting) {
            Some(pointer) => format!("`{pointer}`: {}", self.message),
            None => self.message.clone(),
        }
    }
}

/// What the plugin has against settings; empty where it takes them.
fn refusals(plugin: &Plugin, settings: &str) -> Vec<Refusal> {
    let refusal = |one: Complaint| Refusal { pointer: Some(one.pointer), message: one.message };
    match plugin.prepare(settings) {
        Ok(_) => Vec::new(),
        Err(PrepareError::Settings(complaints)) => complaints.into_iter().map(refusal).collect(),
        Err(PrepareError::Failed(error)) => vec![Refusal { pointer: None, message: error.to_string() }],
    }
}

struct Trial<'a> {
    schema: &'a Value,
    prepare: &'a dyn Fn(&str) -> Vec<Refusal>,
    left: usize,
}

impl Trial<'_> {
    fn said<'s>(&mut self, taken: impl Iterator<Item = &'s str>) -> Vec<String> {
        let mut said = Vec::new();
        let mut bases: Vec<Map<String, Value>> = Vec::new();
        for (number, example) in items(&self.schema["examples"]).iter().enumerate().take(MOST_BASES) {
            match self.ask(&example.to_string()).first() {
                Some(first) => said.push(format!(
                    "the schema of the settings gives an example of whole settings (number {}), and the plugin refuses it: {}",
                    number + 1,
                    first.worded("")
                )),
                None => bases.extend(example.as_object().cloned()),
            }
        }
        for settings in taken.chain(["{}"]) {
            let Ok(Value::Object(settings)) = serde_json::from_str(settings) else { continue };
            if bases.len() < MOST_BASES
                && !bases.contains(&settings)
                && self.ask(&Value::Object(settings.clone()).to_string()).is_empty()
            {
                bases.push(settings);
            }
        }
        let schema = self.schema;
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if let Some(why) = self.unknown(&bases, name) {
                said.push(format!("the schema of the settings describes `{name}`, and the plugin refuses it: {why}"));
                continue;
            }
            let described = target(schema, property);
            let own = |key: &str| property.get(key).or_else(|| described.get(key)).unwrap_or(&Value::Null);
            let examples = items(own("examples")).iter().map(|example| ("the example", example));
            for (what, value) in
                examples.chain(Some(("the default", own("default"))).filter(|(_, value)| !value.is_null()))
            {
                if let Some(why) = self.everywhere(&bases, name, value) {
                    said.push(format!(
                        "the schema of the settings says of `{name}` {what} `{value}`, and the plugin refuses it: {why}"
                    ));
                }
            }
        }
        said
    }

    /// What the plugin says of a setting where it says the same of one that nobody has.
    fn unknown(&mut self, bases: &[Map<String, Value>], name: &str) -> Option<String> {
        let said = self.everywhere(bases, name, &Value::Null)?;
        let (of_this, _) = said.split_once(name)?;
        let nobodys = self.everywhere(bases, NOBODYS, &Value::Null)?;
        let (of_any, _) = nobodys.split_once(NOBODYS)?;
        (of_this == of_any).then_some(said)
    }

    /// The complaint about this value of the setting, where there is one in all settings that it is tried in.
    fn everywhere(&mut self, bases: &[Map<String, Value>], name: &str, value: &Value) -> Option<String> {
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        let mut why = None;
        for base in bases {
            let mut settings = base.clone();
            settings.insert(name.to_owned(), value.clone());
            let refusals = self.ask(&Value::Object(settings).to_string());
            let words = refusals.iter().find(|one| one.is_of(&pointer))?.worded(&pointer);
            why.get_or_insert(words);
        }
        why
    }

    fn ask(&mut self, settings: &str) -> Vec<Refusal> {
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                (self.prepare)(settings)
            }
            // What was not tried is not known to be refused.
            None => Vec::new(),
        }
    }
}

/// What a reference within the schema means.
fn target<'s>(schema: &'s Value, property: &'s Value) -> &'s Value {
    let pointer = property["$ref"].as_str().and_then(|refers| refers.strip_prefix('#'));
    pointer.and_then(|pointer| schema.pointer(pointer)).unwrap_or(property)
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A plugin that knows `label` (a text) and `least` (a number), and needs the first.
    fn prepare(text: &str) -> Vec<Refusal> {
        let settings: Value = serde_json::from_str(text).expect("JSON");
        let complaint = |pointer: &str, message: String| Refusal { pointer: Some(pointer.into()), message };
        let mut all = Vec::new();
        for (name, value) in settings.as_object().expect("a map") {
            match (name.as_str(), value) {
                ("label", Value::String(_) | Value::Null) | ("least", Value::Number(_) | Value::Null) => {}
                ("label" | "least", _) => all.push(complaint(&format!("/{name}"), "must be another".into())),
                _ => all.push(complaint(&format!("/{name}"), format!("unknown setting `{name}`: did you mean .."))),
            }
        }
        if settings.get("label").is_none() {
            all.push(complaint("", "`label` is missing".into()));
        }
        all
    }

    fn said(schema: &str) -> Vec<String> {
        let schema = serde_json::from_str(schema).expect("JSON");
        Trial { schema: &schema, prepare: &prepare, left: MOST_TRIALS }.said([r#"{"label": "a"}"#].into_iter())
    }

    #[test]
    fn takes_a_schema_that_is_true() {
        let schema = r##"{"$defs": {"n": {"type": "number", "examples": [2]}}, "examples": [{"label": "b", "least": 1}],
            "properties": {"label": {"examples": ["c"]}, "least": {"$ref": "#/$defs/n", "default": 3}}}"##;
        assert_eq!(said(schema), [""; 0]);
        assert_eq!(said(r#"{"properties": 3, "examples": "x"}"#), [""; 0]);
    }

    #[test]
    fn tells_of_names_examples_and_defaults_that_are_refused() {
        let schema = r#"{"examples": [{"least": 1}], "properties": {"lable": {"type": "string"}, "label": {"default": 1},
            "least": {"examples": [1, "x"]}}}"#;
        let of = "the schema of the settings";
        assert_eq!(
            said(schema),
            [
                format!(
                    "{of} gives an example of whole settings (number 1), and the plugin refuses it: `label` is missing"
                ),
                format!("{of} says of `label` the default `1`, and the plugin refuses it: must be another"),
                format!("{of} describes `lable`, and the plugin refuses it: unknown setting `lable`: did you mean .."),
                format!("{of} says of `least` the example `\"x\"`, and the plugin refuses it: must be another"),
            ]
        );
    }

    #[test]
    fn tries_only_so_many() {
        let many: Vec<String> = (0..9_999).map(|n| format!("\"k{n}\": {{}}")).collect();
        let told = said(&format!("{{\"properties\": {{{}}}}}", many.join(",")));
        assert!(told.len() < MOST_TRIALS, "{}", told.len());
    }
}
