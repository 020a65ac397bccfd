//! The schema of a plugin's settings, walked once for whoever shows it: a terminal, a page.

use std::collections::BTreeSet;

use portcullis_document::{ReadLimits, read_json_text};
use portcullis_model::{Document, Kind, NodeId};

use crate::yaml::{flow, yaml};

/// Settings that are shown; a schema may have more, and may be made to have very many.
pub const MOST_SETTINGS: usize = 500;
/// Maps inside each other: a schema may refer to itself.
const MOST_DEPTH: usize = 12;
/// Schemas that are looked at: one may refer to itself many times over.
const MOST_SCHEMAS: usize = 5_000;
/// Where a schema says what else must hold of the same map.
const PARTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// What a schema says, in a stranger's words: whoever shows it makes them harmless.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// Whole settings as YAML.
    pub examples: Vec<String>,
    /// Each of them, those of a map below it; at most [`MOST_SETTINGS`].
    pub settings: Vec<Setting>,
}

/// One setting.
#[derive(Debug, PartialEq, Eq)]
pub struct Setting {
    /// From the root: `images[].match`; `*` stands for any key.
    pub name: String,
    /// What it may be.
    pub kind: Vec<Part>,
    /// Whether the map that holds it must have it.
    pub required: bool,
    /// Its default as YAML on one line.
    pub default: Option<String>,
    /// What it is for.
    pub description: String,
    /// Examples as YAML on one line.
    pub examples: Vec<String>,
    /// The earlier setting whose own settings are also those of this one: they do not follow again.
    pub as_in: Option<String>,
}

/// A piece of what a setting may be: `list of `, `string`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Words of ours.
    Ours(&'static str),
    /// The schema's word for a type.
    Word(String),
    /// A value as YAML.
    Value(String),
}

impl Schema {
    /// Reads a schema; nothing where it is no JSON.
    pub fn read(schema: &str) -> Option<Self> {
        let schema = read_json_text(schema, &ReadLimits::file()).ok()?;
        let examples = schema.items(schema.find(NodeId::ROOT, "examples")).map(|example| yaml(&schema, example));
        let mut walk = Walk { schema: &schema, settings: Vec::new(), shown: Vec::new(), left: MOST_SCHEMAS };
        walk.map(NodeId::ROOT, "", MOST_DEPTH);
        Some(Self { examples: examples.collect(), settings: walk.settings })
    }
}

/// The names in these settings (JSON) that a schema which admits no others does not know, each once.
pub fn undescribed<'a>(schema: &str, settings: impl Iterator<Item = &'a str>) -> Vec<String> {
    let read = |text: &str| read_json_text(text, &ReadLimits::file()).ok();
    let says = |schema: &Document, key: &str| schema.to_json(schema.find(NodeId::ROOT, key));
    let admits = |schema: &Document| {
        says(schema, "additionalProperties") != "false" || !says(schema, "patternProperties").is_empty()
    };
    let Some(described) = Schema::read(schema).filter(|_| !read(schema).is_none_or(|schema| admits(&schema))) else {
        return Vec::new();
    };
    let known: BTreeSet<&str> = described.settings.iter().map(|setting| setting.name.as_str()).collect();
    let names =
        |settings: Document| settings.entries(NodeId::ROOT).map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    let all: BTreeSet<String> = settings.filter_map(read).flat_map(names).collect();
    all.into_iter().filter(|name| !known.contains(name.as_str())).collect()
}

struct Walk<'a> {
    schema: &'a Document,
    settings: Vec<Setting>,
    /// What was referred to before, with the setting that it stands at.
    shown: Vec<(&'a str, String)>,
    /// How many more schemas are looked at.
    left: usize,
}

impl<'a> Walk<'a> {
    /// The settings of a map.
    fn map(&mut self, map: NodeId, above: &str, depth: usize) {
        let (Some(depth), Some(left)) = (depth.checked_sub(1), self.left.checked_sub(1)) else { return };
        self.left = left;
        let (schema, map) = (self.schema, self.target(map));
        let required: Vec<&str> = schema.items(schema.find(map, "required")).map(|name| schema.text(name)).collect();
        for (key, property) in schema.entries(schema.find(map, "properties")) {
            let name = if above.is_empty() { key.to_owned() } else { format!("{above}.{key}") };
            self.setting(property, name, required.contains(&key), depth);
        }
        for part in PARTS.into_iter().flat_map(|part| schema.items(schema.find(map, part))) {
            self.map(part, above, depth);
        }
    }

    /// One setting, and those below it.
    fn setting(&mut self, property: NodeId, name: String, required: bool, depth: usize) {
        if self.settings.len() == MOST_SETTINGS {
            return;
        }
        let (schema, described) = (self.schema, self.target(property));
        let own = |key: &str| match schema.find(property, key) {
            NodeId::NONE => schema.find(described, key),
            found => found,
        };
        let refers = schema.string(property, &["$ref"]);
        let earlier = self.shown.iter().find(|(known, _)| Some(*known) == refers).map(|(_, name)| name.clone());
        let setting = Setting {
            name: name.clone(),
            kind: self.kind(described, MOST_DEPTH),
            required,
            default: Some(own("default")).filter(|node| !node.is_none()).map(|node| flow(schema, node)),
            description: schema.text(own("description")).to_owned(),
            examples: schema.items(own("examples")).map(|example| flow(schema, example)).collect(),
            as_in: earlier,
        };
        // Several parts of a schema may say the same.
        if self.settings.contains(&setting) {
            return;
        }
        let below = setting.as_in.is_none();
        self.settings.push(setting);
        if !below {
            return;
        }
        // Before what is below it, which may refer to it again.
        self.shown.extend(refers.map(|refers| (refers, name.clone())));
        let before = self.settings.len();
        self.map(described, &name, depth);
        self.map(schema.find(described, "items"), &format!("{name}[]"), depth);
        self.map(schema.find(described, "additionalProperties"), &format!("{name}.*"), depth);
        if self.settings.len() == before {
            self.shown.retain(|(_, shown)| *shown != name);
        }
    }

    /// What a reference within the schema means.
    fn target(&self, node: NodeId) -> NodeId {
        let mut node = node;
        // A reference may lead to itself.
        for _ in 0..MOST_DEPTH {
            let pointer = self.schema.string(node, &["$ref"]).and_then(|refers| refers.strip_prefix('#'));
            let Some((found, true)) = pointer.map(|pointer| self.schema.resolve(NodeId::ROOT, pointer)) else { break };
            node = found;
        }
        node
    }

    /// What a value may be.
    fn kind(&self, node: NodeId, depth: usize) -> Vec<Part> {
        let (schema, Some(depth)) = (self.schema, depth.checked_sub(1)) else { return Vec::new() };
        let node = self.target(node);
        let find = |key: &str| schema.find(node, key);
        let word = |text: &str| vec![Part::Word(text.to_owned())];
        let value = |node| vec![Part::Value(flow(schema, node))];
        if !find("enum").is_none() {
            return joined(schema.items(find("enum")).map(value), ", ");
        }
        if !find("const").is_none() {
            return value(find("const"));
        }
        let (kind, choices) = (find("type"), PARTS[1..].iter().map(|part| find(part)).find(|part| !part.is_none()));
        match (schema.kind(kind), schema.text(kind)) {
            (Kind::None, _) => {
                let choices = choices.into_iter().flat_map(|choices| schema.items(choices));
                joined(choices.map(|one| self.kind(one, depth)), " or ")
            }
            (Kind::List, _) => joined(schema.items(kind).map(|one| word(schema.text(one))), " or "),
            (_, "array") => match self.kind(find("items"), depth) {
                items if items.is_empty() => vec![Part::Ours("list")],
                items => [vec![Part::Ours("list of ")], items].concat(),
            },
            (_, "object") => vec![Part::Ours("map")],
            (_, other) => word(other),
        }
    }
}

/// All of them, with something between each two.
fn joined(all: impl Iterator<Item = Vec<Part>>, between: &'static str) -> Vec<Part> {
    all.collect::<Vec<_>>().join(&Part::Ours(between))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, what it may be, default and what else is said of each setting.
    fn told(schema: &str) -> Vec<String> {
        let said = |setting: &Setting| {
            let kind = setting.kind.iter().map(|part| match part {
                Part::Ours(text) => (*text).to_owned(),
                Part::Word(text) => text.clone(),
                Part::Value(text) => format!("<{text}>"),
            });
            let default = setting.default.clone().unwrap_or_else(|| setting.required.to_string());
            let as_in = setting.as_in.as_deref().unwrap_or_default();
            format!("{}|{}|{default}|{}|{as_in}", setting.name, kind.collect::<String>(), setting.description)
        };
        Schema::read(schema).expect("JSON").settings.iter().map(said).collect()
    }

    #[test]
    fn tells_nested_settings_and_ends_with_a_schema_that_does_not() {
        let schema = r##"{"$defs": {"team": {"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string", "description": "Who"}, "parts": {"type": "array", "items": {"$ref": "#/$defs/team"}},
            "above": {"$ref": "#/$defs/team"}}}},
            "properties": {"team": {"$ref": "#/$defs/team"}, "level": {"enum": ["low", "high"], "default": "low"},
                "named": {"type": "object", "additionalProperties": {"properties": {"size": {"type": ["string", "number"]}}}},
                "one": {"oneOf": [{"type": "boolean"}, {"type": "array", "items": {"const": 1}}]}},
            "anyOf": [{"properties": {"level": {"enum": ["low", "high"], "default": "low"}, "other": {}}}]}"##;
        let told = told(schema);
        assert_eq!(told[..3], ["team|map|false||", "team.name|string|true|Who|", "team.parts|list of map|false||"]);
        for line in [
            "team.above|map|false||team",
            "named.*.size|string or number|false||",
            "one|boolean or list of <1>|false||",
        ] {
            assert!(told.contains(&line.to_owned()), "{line}: {told:?}");
        }
        assert_eq!(told.iter().filter(|line| *line == "level|<low>, <high>|low||").count(), 1, "{told:?}");
        assert_eq!(told.last().map(String::as_str), Some("other||false||"));
        assert!(told.len() < 60, "{}", told.len());
    }

    #[test]
    fn names_settings_that_a_schema_does_not_admit() {
        let closed = r#"{"additionalProperties": false, "properties": {"a": {}}}"#;
        let settings = || [r#"{"a": 1, "b": {"c": 1}}"#, r#"{"b": 2}"#, "null"].into_iter();
        assert_eq!(undescribed(closed, settings()), ["b"]);
        assert_eq!(undescribed(&closed.replace("false", "true"), settings()), [""; 0]);
        assert_eq!(undescribed("{}", settings()), [""; 0]);
        assert_eq!(undescribed("no JSON", settings()), [""; 0]);
    }

    #[test]
    fn looks_at_so_many_schemas_and_tells_so_many_settings() {
        let refers = vec![r##"{"$ref": "#"}"##; 16].join(",");
        assert_eq!(told(&format!("{{\"allOf\": [{refers}]}}")), [""; 0], "16 to the 12th schemas are too many");
        let many: Vec<String> = (0..9_999).map(|n| format!("\"k{n}\": {{}}")).collect();
        assert_eq!(told(&format!("{{\"properties\": {{{}}}}}", many.join(","))).len(), MOST_SETTINGS);
        assert_eq!(told(r##"{"properties": {"a": {"$ref": "#/properties/a"}}}"##), ["a||false||"]);
    }
}
