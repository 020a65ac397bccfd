//! The page of a plugin in Markdown, from what it says of itself: settings with defaults and examples, and rules.

use std::fmt::Write;

use portcullis_document::{ReadLimits, read_json_text};
use portcullis_model::{Document, Kind, NodeId};
use portcullis_report::plain;
use portcullis_runner::Description;

use crate::yaml::{flow, yaml};

/// Maps inside each other that are shown: a schema may refer to itself.
const MOST_DEPTH: usize = 12;
/// Rows of the table of settings; a schema may be made to have very many.
const MOST_ROWS: usize = 1000;

/// Makes the page of a plugin of what it said when it was loaded.
pub fn page(description: &Description) -> String {
    let mut page = format!("# {}\n\n{}.\n\n", description.name, sentence(&cell(&description.title)));
    let (version, contract) = (line(&description.version), line(&description.contract));
    // Writing to a String cannot fail.
    let _ = writeln!(page, "Version {version}, contract {contract}.{}\n", reads(description));
    page.push_str("## Settings\n\n");
    match read_json_text(&description.settings, &ReadLimits::file()) {
        Ok(schema) => settings(&mut page, &schema),
        Err(_) => page.push_str("Their schema cannot be read.\n\n"),
    }
    rules(&mut page, description);
    page
}

/// What it looks at and asks for.
fn reads(description: &Description) -> String {
    let names = |names: &[String]| {
        let names = names.iter().filter(|name| *name != "*").map(|name| format!("`{}`", line(name)));
        names.collect::<Vec<_>>().join(", ")
    };
    let (kinds, facts) = (names(&description.kinds), names(&description.facts));
    let mut reads = String::new();
    if !kinds.is_empty() {
        let _ = write!(reads, " Reads {kinds}.");
    }
    if !facts.is_empty() {
        let _ = write!(reads, " Asks for facts of the kind {facts}, which a policy must grant (`grants`).");
    }
    reads
}

fn rules(page: &mut String, description: &Description) {
    page.push_str("## Rules\n\n| Rule | Severity | What it finds |\n| --- | --- | --- |\n");
    for rule in &description.rules {
        let title = match rule.help.as_str() {
            "" => cell(&rule.title),
            help => format!("{} ([more]({}))", cell(&rule.title), help.replace(['(', ')', '|', '<'], "")),
        };
        let _ = writeln!(page, "| `{}/{}` | {} | {title} |", description.name, rule.id, rule.severity.as_str());
    }
}

fn settings(page: &mut String, schema: &Document) {
    for example in schema.items(schema.find(NodeId::ROOT, "examples")) {
        let _ = writeln!(page, "```yaml\n{}```\n", yaml(schema, example));
    }
    let mut table = Table { schema, rows: Vec::new(), shown: Vec::new() };
    table.map(NodeId::ROOT, "", 0);
    if table.rows.is_empty() {
        page.push_str("It has none.\n\n");
        return;
    }
    page.push_str("| Setting | Type | Default | What |\n| --- | --- | --- | --- |\n");
    let _ = writeln!(page, "{}", table.rows.concat());
    if table.rows.len() == MOST_ROWS {
        let _ = writeln!(page, "The first {MOST_ROWS} of them.\n");
    }
}

struct Table<'a> {
    schema: &'a Document,
    rows: Vec<String>,
    /// What was referred to before, with the setting that it stands at.
    shown: Vec<(&'a str, String)>,
}

impl<'a> Table<'a> {
    fn map(&mut self, map: NodeId, above: &str, depth: usize) {
        let schema = self.schema;
        let required: Vec<&str> = schema.items(schema.find(map, "required")).map(|name| schema.text(name)).collect();
        for (key, property) in schema.entries(schema.find(map, "properties")) {
            if self.rows.len() == MOST_ROWS {
                return;
            }
            let name = if above.is_empty() { line(key) } else { format!("{above}.{}", line(key)) };
            self.row(property, &name, required.contains(&key), depth);
        }
    }

    fn row(&mut self, property: NodeId, name: &str, required: bool, depth: usize) {
        let schema = self.schema;
        let target = schema.string(property, &["$ref"]);
        let described = self.referred(property).unwrap_or(property);
        let own = |key: &str| match schema.find(property, key) {
            NodeId::NONE => schema.find(described, key),
            found => found,
        };
        let default = match own("default") {
            NodeId::NONE if required => "required".to_owned(),
            NodeId::NONE => String::new(),
            default => code(&flow(schema, default)),
        };
        let what = cell(schema.text(own("description")));
        let mut row = format!("| `{}` | {} | {default} | {what}", name.replace('|', ""), self.type_name(described));
        let earlier = target.and_then(|target| self.shown.iter().find(|(known, _)| *known == target));
        if let Some((_, earlier)) = earlier.filter(|_| self.has_maps(described)) {
            let _ = writeln!(row, " As in `{earlier}`. |");
            self.rows.push(row);
            return;
        }
        for (position, example) in schema.items(own("examples")).enumerate() {
            let before = if position == 0 { " For example" } else { "," };
            let _ = write!(row, "{before} {}", code(&flow(schema, example)));
        }
        row.push_str(" |\n");
        self.rows.push(row);
        if let Some(target) = target {
            self.shown.push((target, name.to_owned()));
        }
        if depth < MOST_DEPTH {
            self.map(described, name, depth + 1);
            let items = schema.find(described, "items");
            self.map(self.referred(items).unwrap_or(items), &format!("{name}[]"), depth + 1);
        }
    }

    /// What a `$ref` refers to.
    fn referred(&self, node: NodeId) -> Option<NodeId> {
        let pointer = self.schema.string(node, &["$ref"])?.strip_prefix('#')?;
        let (found, whole) = self.schema.resolve(NodeId::ROOT, pointer);
        whole.then_some(found)
    }

    fn type_name(&self, node: NodeId) -> String {
        self.type_within(node, MOST_DEPTH)
    }

    fn type_within(&self, node: NodeId, depth: usize) -> String {
        let (schema, Some(depth)) = (self.schema, depth.checked_sub(1)) else { return String::new() };
        if let Some(node) = self.referred(node) {
            return self.type_within(node, depth);
        }
        let find = |key: &str| schema.find(node, key);
        let words = find("enum");
        if !words.is_none() {
            return schema.items(words).map(|word| code(&flow(schema, word))).collect::<Vec<_>>().join(", ");
        }
        if !find("const").is_none() {
            return code(&flow(schema, find("const")));
        }
        let kind = find("type");
        let choices = [find("oneOf"), find("anyOf")].into_iter().find(|choices| !choices.is_none());
        if let Some(choices) = choices.filter(|_| kind.is_none()) {
            return schema.items(choices).map(|one| self.type_within(one, depth)).collect::<Vec<_>>().join(" or ");
        }
        match (schema.kind(kind), schema.text(kind)) {
            (Kind::List, _) => schema.items(kind).map(|word| cell(schema.text(word))).collect::<Vec<_>>().join(" or "),
            (_, "array") => match self.type_within(find("items"), depth).as_str() {
                "" => "list".to_owned(),
                items => format!("list of {items}"),
            },
            (_, "object") => "map".to_owned(),
            (_, word) => cell(word),
        }
    }

    fn has_maps(&self, node: NodeId) -> bool {
        let items = self.schema.find(node, "items");
        let items = self.referred(items).unwrap_or(items);
        [node, items].into_iter().any(|node| !self.schema.find(node, "properties").is_none())
    }
}

/// A text of a stranger on one line, in which a terminal obeys nothing.
fn line(text: &str) -> String {
    plain(&text.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned()
}

/// The same in a cell of a table: it ends no cell, and is neither HTML nor a link.
fn cell(text: &str) -> String {
    line(text).replace('|', "\\|").replace('<', "&lt;").replace("](", "]\\(")
}

/// A value as code in a cell of a table.
fn code(text: &str) -> String {
    let text = line(text).replace('|', "\\|");
    let fence = if text.contains('`') { "``" } else { "`" };
    format!("{fence}{text}{fence}")
}

/// The first letter of a title, large.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().collect::<String>() + letters.as_str()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(schema: &str) -> String {
        let mut page = String::new();
        let schema = read_json_text(schema, &ReadLimits::file()).expect("JSON");
        settings(&mut page, &schema);
        page
    }

    #[test]
    fn shows_settings_in_their_order_with_types_defaults_and_examples() {
        let page = made(
            r##"{"examples": [{"least": 2, "images": [{"match": ["a/**"], "size": "128Mi"}]}],
                "required": ["images"],
                "properties": {
                    "least": {"type": "integer", "default": 1, "description": "How many"},
                    "images": {"type": "array", "items": {"$ref": "#/$defs/image"}},
                    "others": {"type": "array", "items": {"$ref": "#/$defs/image"}},
                    "mode": {"enum": ["a", "b"], "examples": ["a"]}},
                "$defs": {"image": {"type": "object", "properties": {
                    "match": {"type": "array", "items": {"type": "string"}}, "size": {"type": ["string", "number"]}}}}}"##,
        );
        assert_eq!(
            page,
            "```yaml\nleast: 2\nimages:\n- match: [a/**]\n  size: 128Mi\n```\n\n\
             | Setting | Type | Default | What |\n| --- | --- | --- | --- |\n\
             | `least` | integer | `1` | How many |\n\
             | `images` | list of map | required |  |\n\
             | `images[].match` | list of string |  |  |\n\
             | `images[].size` | string or number |  |  |\n\
             | `others` | list of map |  |  |\n\
             | `others[].match` | list of string |  |  |\n\
             | `others[].size` | string or number |  |  |\n\
             | `mode` | `a`, `b` |  |  For example `a` |\n\n"
        );
    }

    #[test]
    fn ends_where_a_schema_refers_to_itself_and_makes_nothing_of_mark_up() {
        let page = made(r##"{"properties": {"a": {"$ref": "#"}, "b": {"description": "x | <b>\u001b[31m"}}}"##);
        assert!(page.contains("| `a` |") && page.len() < 100_000, "{}", page.len());
        assert!(page.contains("x \\| &lt;b>\\u{1b}[31m"), "{page}");
        assert_eq!(made("{}"), "It has none.\n\n");
        assert_eq!(cell("[a](javascript:b) <i>"), "[a]\\(javascript:b) &lt;i>");
    }
}
