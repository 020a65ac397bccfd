//! Streams of YAML and JSON as the document reader reads them.

use std::fmt::Write as _;

use portcullis_document::{ErrorKind, ReadLimits, decode, read_yaml};
use portcullis_model::{Document, Kind as NodeKind, NodeId};
use portcullis_support::Dice;

use crate::kind::{Answer, Kind};
use crate::{stream_class, stream_text};

/// Streams.
pub struct Streams;

impl Kind for Streams {
    fn name(&self) -> &'static str {
        "yaml"
    }

    fn make(&self, dice: &mut Dice) -> Vec<String> {
        vec![stream_text::text(dice)]
    }

    fn ours(&self, asked: &[String]) -> Result<String, String> {
        let limits = ReadLimits::default();
        let why = |error: portcullis_document::Error| match error.kind() {
            ErrorKind::Syntax { what } => (*what).to_owned(),
            kind => format!("{kind:?}"),
        };
        let source = decode("a.yaml", asked[0].clone().into_bytes(), &limits).map_err(why)?;
        let documents = read_yaml(&source, &limits).map_err(why)?;
        Ok(documents.iter().map(canonical).collect::<Vec<_>>().join("\n"))
    }

    fn classes(&self) -> &'static [&'static str] {
        &stream_class::CLASSES
    }

    fn class(&self, asked: &[String], ours: &Result<String, String>, theirs: &Answer) -> Option<&'static str> {
        stream_class::class(&asked[0], ours, theirs)
    }
}

/// JSON with sorted keys, as the program writes it.
fn canonical(document: &Document) -> String {
    let mut out = String::new();
    write(document, NodeId::ROOT, &mut out);
    out
}

fn write(document: &Document, node: NodeId, out: &mut String) {
    match document.kind(node) {
        NodeKind::None => out.push_str("nothing"),
        NodeKind::Null => out.push_str("null"),
        NodeKind::Bool => out.push_str(if document.boolean(node) == Some(true) { "true" } else { "false" }),
        NodeKind::Number => out.push_str(document.number_text(node)),
        NodeKind::String => quoted(document.text(node), out),
        NodeKind::List => {
            out.push('[');
            for (number, item) in document.items(node).enumerate() {
                out.push_str(if number > 0 { "," } else { "" });
                write(document, item, out);
            }
            out.push(']');
        }
        NodeKind::Map => {
            let mut entries: Vec<(&str, NodeId)> = document.entries(node).collect();
            entries.sort_unstable_by_key(|(key, _)| *key);
            out.push('{');
            for (number, (key, value)) in entries.into_iter().enumerate() {
                out.push_str(if number > 0 { "," } else { "" });
                quoted(key, out);
                out.push(':');
                write(document, value, out);
            }
            out.push('}');
        }
    }
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\0'..='\u{1f}' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}
