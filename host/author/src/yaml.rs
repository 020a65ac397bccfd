//! Values as YAML that a person would write: flow style where it fits on a line, block style elsewhere.

use std::fmt::Write;

use portcullis_model::{Document, Kind, NodeId, json_string};

/// Members of a map that still fit on one line.
const FLAT_MEMBERS: u32 = 3;
/// Characters of one line.
const FLAT_TEXT: usize = 90;

/// A value on one line.
pub fn flow(document: &Document, node: NodeId) -> String {
    match document.kind(node) {
        Kind::Map => {
            let members =
                document.entries(node).map(|(key, value)| format!("{}: {}", scalar(key, true), flow(document, value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Kind::List => {
            format!("[{}]", document.items(node).map(|item| flow(document, item)).collect::<Vec<_>>().join(", "))
        }
        Kind::String => scalar(document.text(node), true),
        _ => document.to_json(node),
    }
}

/// A value as lines.
pub fn yaml(document: &Document, node: NodeId) -> String {
    let mut text = String::new();
    match document.kind(node) {
        Kind::Map if document.len(node) > 0 => block(&mut text, document, node, 0, 0),
        _ => text = flow(document, node) + "\n",
    }
    text
}

/// The entries of a map, each on lines of its own; the first one is indented by `first`.
fn block(text: &mut String, document: &Document, map: NodeId, indent: usize, first: usize) {
    let mut before = first;
    for (key, value) in document.entries(map) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{:before$}{}:", "", scalar(key, false));
        before = indent;
        match document.kind(value) {
            Kind::Map if !is_flat(document, value) => {
                text.push('\n');
                block(text, document, value, indent + 2, indent + 2);
            }
            Kind::List if !is_flat(document, value) => {
                text.push('\n');
                for item in document.items(value) {
                    let _ = write!(text, "{:indent$}- ", "");
                    match document.kind(item) {
                        Kind::Map if !is_flat(document, item) => block(text, document, item, indent + 2, 0),
                        _ => _ = writeln!(text, "{}", flow(document, item)),
                    }
                }
            }
            Kind::String => _ = writeln!(text, " {}", scalar(document.text(value), false)),
            _ => _ = writeln!(text, " {}", flow(document, value)),
        }
    }
}

/// Whether a value is shown on one line.
fn is_flat(document: &Document, node: NodeId) -> bool {
    let simple = |node: NodeId| !matches!(document.kind(node), Kind::List | Kind::Map);
    let fits = || flow(document, node).chars().count() <= FLAT_TEXT;
    match document.kind(node) {
        Kind::Map => {
            document.len(node) <= FLAT_MEMBERS && document.entries(node).all(|(_, value)| simple(value)) && fits()
        }
        Kind::List => document.items(node).all(simple) && fits(),
        _ => true,
    }
}

/// A text as a scalar: plain where no reader takes it for anything else, else in double quotes.
fn scalar(text: &str, within_flow: bool) -> String {
    if is_plain(text, within_flow) || is_amount(text) {
        return text.to_owned();
    }
    let mut quoted = String::new();
    json_string(text, &mut quoted);
    quoted
}

fn is_plain(text: &str, within_flow: bool) -> bool {
    let safe = |c: char| c.is_ascii_alphanumeric() || "_./@*-:".contains(c) || (!within_flow && c == ' ');
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic()) || (text.len() > 1 && text.starts_with('/'));
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    begins
        && text.chars().all(safe)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !words.contains(&text.to_ascii_lowercase().as_str())
}

/// A number with a unit, such as `128Mi` or `30d`.
fn is_amount(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < text.len()
        && ["m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi", "s", "h", "d", "w"].contains(&unit)
}

#[cfg(test)]
mod tests {
    use portcullis_document::{ReadLimits, read_json_text, read_yaml};
    use portcullis_model::Source;

    use super::*;

    #[test]
    fn writes_what_is_read_back_as_the_same_value() {
        let json = r##"{"a":["x: y","true","1e3","128Mi","","- b","#c","a b","é",1.5,null,true],"b":{"c":{"d":[{"e":1,"f":[{"g":"h"}]},[]],"i":{}}},"on":"{j}","k":"x\ny"}"##;
        let document = read_json_text(json, &ReadLimits::file()).expect("JSON");
        let text = yaml(&document, NodeId::ROOT);
        let read = read_yaml(&Source::new("x.yaml", text.clone()), &ReadLimits::file()).expect("YAML");
        assert_eq!(read[0].to_json(NodeId::ROOT), json, "{text}");
        let one_line = format!("a: {}", flow(&document, NodeId::ROOT));
        let read = read_yaml(&Source::new("x.yaml", one_line.clone()), &ReadLimits::file()).expect("YAML");
        assert_eq!(read[0].to_json(read[0].find(NodeId::ROOT, "a")), json, "{one_line}");
    }
}
