//! A value as text, in the manner of what stands around it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::{Kind, NodeId, Source, json_string};

use crate::fix::tree::Tree;

/// The manner of a neighbourhood.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Strings and keys in double quotes always, as JSON wants them.
    pub(crate) json: bool,
    /// Inside brackets, where plain text ends earlier.
    pub(crate) flow: bool,
    /// A blank after `:` and `,`.
    pub(crate) spaced: bool,
}

impl Style {
    /// A value on one line.
    pub(crate) fn inline(self, tree: &Tree) -> String {
        let mut out = String::new();
        self.write_inline(tree, &mut out);
        out
    }

    /// A scalar in the quotes of the one that it replaces, where these can hold it.
    pub(crate) fn scalar_like(self, tree: &Tree, old: &str) -> String {
        match (tree, old.as_bytes().first()) {
            (Tree::Text(text), Some(b'"')) => quoted(text),
            (Tree::Text(text), Some(b'\'')) if !self.json && !text.contains(char::is_control) => {
                format!("'{}'", text.replace('\'', "''"))
            }
            _ => self.inline(tree),
        }
    }

    /// A key, quoted where the others are.
    pub(crate) fn key(self, key: &str) -> String {
        if !self.json && is_plain(key, self.flow) { key.to_owned() } else { quoted(key) }
    }

    /// An entry of a map between brackets, on lines of its own where its neighbours have such.
    pub(crate) fn flow_entry(self, key: &str, value: &Tree, lines: Option<Lines<'_>>) -> String {
        let mut out = self.key(key);
        out.push_str(if self.spaced { ": " } else { ":" });
        match lines {
            Some(lines) => self.write_lines(value, lines, &mut out),
            None => self.write_inline(value, &mut out),
        }
        out
    }

    /// An entry of a block map, from its key on; the lines after the first are indented.
    pub(crate) fn block_entry(self, key: &str, value: &Tree, lines: Lines<'_>) -> String {
        let mut out = self.key(key);
        match value {
            Tree::Map(entries) if !entries.is_empty() => {
                out.push(':');
                let inner = lines.deeper();
                for (key, value) in entries {
                    inner.begin(&mut out);
                    out.push_str(&self.block_entry(key, value, inner));
                }
            }
            value => {
                out.push_str(": ");
                Style { flow: value.is_container(), ..self }.write_inline(value, &mut out);
            }
        }
        out
    }

    fn write_inline(self, tree: &Tree, out: &mut String) {
        let inner = Style { flow: true, ..self };
        let comma = if self.spaced { ", " } else { "," };
        match tree {
            Tree::Null => out.push_str("null"),
            Tree::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
            Tree::Number(number) => out.push_str(&number.0),
            Tree::Text(text) if !self.json && is_plain(text, self.flow) => out.push_str(text),
            Tree::Text(text) => json_string(text, out),
            Tree::List(items) => {
                let items: Vec<String> = items.iter().map(|item| inner.inline(item)).collect();
                // Writing to a String cannot fail.
                let _ = write!(out, "[{}]", items.join(comma));
            }
            Tree::Map(entries) => {
                let entry = |(key, value): (&String, &Tree)| inner.flow_entry(key, value, None);
                let entries: Vec<String> = entries.iter().map(entry).collect();
                let _ = write!(out, "{{{}}}", entries.join(comma));
            }
        }
    }

    fn write_lines(self, tree: &Tree, lines: Lines<'_>, out: &mut String) {
        let none = BTreeMap::new();
        let entries = if let Tree::Map(entries) = tree { entries } else { &none };
        if entries.is_empty() {
            return self.write_inline(tree, out);
        }
        out.push('{');
        let inner = lines.deeper();
        for (at, (key, value)) in entries.iter().enumerate() {
            out.push_str(if at > 0 { "," } else { "" });
            inner.begin(out);
            out.push_str(&self.flow_entry(key, value, Some(inner)));
        }
        lines.begin(out);
        out.push('}');
    }
}

/// How lines end and begin around here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lines<'t> {
    pub(crate) line_break: &'t str,
    /// What stands before the first character of an entry: blanks only.
    pub(crate) indent: usize,
    /// How much further what belongs to an entry is indented.
    pub(crate) step: usize,
}

impl Lines<'_> {
    pub(crate) fn begin(self, out: &mut String) {
        out.push_str(self.line_break);
        out.extend(std::iter::repeat_n(' ', self.indent));
    }

    fn deeper(self) -> Self {
        Self { indent: self.indent + self.step, ..self }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    json_string(text, &mut out);
    out
}

/// Whether a text that is neither quoted nor tagged means itself: the reader is asked, because YAML's rules are many.
fn is_plain(text: &str, flow: bool) -> bool {
    if text.is_empty() || text.contains(['\n', '\r', '\t']) {
        return false;
    }
    let line = if flow { format!("[{text}]\n") } else { format!("- {text}\n") };
    let Ok(documents) = read_yaml(&Source::new("", line), &ReadLimits::default()) else { return false };
    let [document] = documents.as_slice() else { return false };
    let item = document.at(NodeId::ROOT, 0);
    document.len(NodeId::ROOT) == 1 && document.kind(item) == Kind::String && document.text(item) == text
}

#[cfg(test)]
mod tests {
    use super::*;

    const YAML: Style = Style { json: false, flow: false, spaced: true };

    fn text(value: &str) -> Tree {
        Tree::Text(value.into())
    }

    #[test]
    fn keeps_the_quotes_of_what_was_there() {
        assert_eq!(YAML.scalar_like(&text("500m"), "0.5"), "500m");
        assert_eq!(YAML.scalar_like(&text("500m"), "\"0.5\""), "\"500m\"");
        assert_eq!(YAML.scalar_like(&text("it's"), "'x'"), "'it''s'");
        assert_eq!(YAML.scalar_like(&text("a\nb"), "'x'"), "\"a\\nb\"");
    }

    #[test]
    fn quotes_what_would_mean_something_else() {
        for odd in ["1", "yes", "null", "", " a", "a: b", "a #b", "*x", "1e3", "0x10", "2026-01-01 ", "- a", "{"] {
            assert!(YAML.inline(&text(odd)).starts_with('"'), "{odd}");
        }
        assert_eq!(YAML.inline(&text("nginx:1.27@sha256:0a")), "nginx:1.27@sha256:0a");
        assert_eq!(Style { flow: true, ..YAML }.inline(&text("a,b")), "\"a,b\"");
    }

    #[test]
    fn writes_maps_as_their_neighbours_are_written() {
        let tree = Tree::of_json(r#"{"limits": {"cpu": "1", "memory": "1Gi"}}"#).expect("JSON");
        let lines = Lines { line_break: "\r\n", indent: 4, step: 2 };
        assert_eq!(
            YAML.block_entry("resources", &tree, lines),
            "resources:\r\n      limits:\r\n        cpu: \"1\"\r\n        memory: 1Gi"
        );
        assert_eq!(YAML.inline(&tree), "{limits: {cpu: \"1\", memory: 1Gi}}");
        let json = Style { json: true, flow: true, spaced: false };
        assert_eq!(json.inline(&tree), r#"{"limits":{"cpu":"1","memory":"1Gi"}}"#);
        let json = Style { spaced: true, ..json };
        let lines = Lines { line_break: "\n", indent: 2, step: 2 };
        assert_eq!(
            json.flow_entry("r", &tree, Some(lines)),
            "\"r\": {\n    \"limits\": {\n      \"cpu\": \"1\",\n      \"memory\": \"1Gi\"\n    }\n  }"
        );
    }
}
