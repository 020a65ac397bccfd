//! The page of a plugin in Markdown, from what it says of itself: settings with defaults and examples, and rules.

use std::fmt::Write;

use portcullis_report::plain;
use portcullis_runner::Description;

use crate::schema::{MOST_SETTINGS, Part, Schema, Setting};

/// Makes the page of a plugin of what it said when it was loaded.
pub fn page(description: &Description) -> String {
    let mut page = format!("# {}\n\n{}.\n\n", description.name, sentence(&cell(&description.title)));
    let (version, contract) = (line(&description.version), line(&description.contract));
    // Writing to a String cannot fail.
    let _ = writeln!(page, "Version {version}, contract {contract}.{}\n", reads(description));
    page.push_str("## Settings\n\n");
    match Schema::read(&description.settings) {
        Some(schema) => settings(&mut page, &schema),
        None => page.push_str("Their schema cannot be read.\n\n"),
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

fn settings(page: &mut String, schema: &Schema) {
    for example in &schema.examples {
        let _ = writeln!(page, "```yaml\n{example}```\n");
    }
    if schema.settings.is_empty() {
        page.push_str("It has none.\n\n");
        return;
    }
    page.push_str("| Setting | Type | Default | What |\n| --- | --- | --- | --- |\n");
    for setting in &schema.settings {
        row(page, setting);
    }
    page.push('\n');
    if schema.settings.len() == MOST_SETTINGS {
        let _ = writeln!(page, "The first {MOST_SETTINGS} of them.\n");
    }
}

fn row(page: &mut String, setting: &Setting) {
    let kind = setting.kind.iter().map(|part| match part {
        Part::Ours(text) => (*text).to_owned(),
        Part::Word(word) => cell(word),
        Part::Value(value) => code(value),
    });
    let kind: String = kind.collect();
    let default = match &setting.default {
        Some(default) => code(default),
        None if setting.required => "required".to_owned(),
        None => String::new(),
    };
    let (name, what) = (line(&setting.name).replace('|', ""), cell(&setting.description));
    let _ = write!(page, "| `{name}` | {kind} | {default} | {what}");
    match &setting.as_in {
        Some(earlier) => _ = write!(page, " As in `{}`.", line(earlier).replace('|', "")),
        None => {
            for (position, example) in setting.examples.iter().enumerate() {
                let before = if position == 0 { " For example" } else { "," };
                let _ = write!(page, "{before} {}", code(example));
            }
        }
    }
    page.push_str(" |\n");
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
        settings(&mut page, &Schema::read(schema).expect("JSON"));
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
