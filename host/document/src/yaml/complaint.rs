//! Why YAML could not be read, in the words of the person who wrote it.

use std::sync::Arc;

use portcullis_model::Source;

use crate::error::{Error, ErrorKind};

/// How far from a complaint unfinished brackets are looked for; only chooses between two messages.
const LOOK_BACK: usize = 4096;

/// The parser's words for a plain scalar in brackets that ends with `:`.
const COLON_IN_BRACKETS: &str = "found unexpected ':'";

/// Whether a text looks like a Helm or Go template that was not rendered: `{{` where YAML would need quotes, or an action
/// such as `{{- if`. `{{` inside quotes and comments (Argo, GitHub) does not count.
pub fn yaml_looks_like_template(text: &str) -> bool {
    template_line(text).is_some()
}

/// The offset of the first `{{` that makes a text a template.
fn template_line(text: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_start().trim_start_matches(['-', ' ']);
        if let Some(column) = line.find("{{").filter(|_| !content.starts_with('#')) {
            let before = line[..column].trim_end();
            let after = line[column + 2..].trim_start_matches(['-', ' ']);
            let quoted = before.matches(['\'', '"']).count() % 2 == 1;
            let first = before.is_empty() || before.ends_with([':', '-', '[', ',', '?']);
            let action = [
                "if ",
                "else",
                "end",
                "range ",
                "with ",
                "include ",
                "template ",
                "define ",
                "toYaml ",
                "/*",
                ".",
                "$",
            ]
            .iter()
            .any(|word| after.starts_with(word));
            if !quoted && (first || action) {
                return Some(at + column);
            }
        }
        at += line.len();
    }
    None
}

/// The parser's complaint about one part of a stream.
pub(crate) fn syntax(error: &libyaml_safer::Error, source: &Arc<Source>, base: usize, text: &str) -> Error {
    let mark = error.problem_mark().map(|mark| mark.index as usize);
    // The parser does not tell where a control character stands.
    let at = mark.or_else(|| text.char_indices().find(|&(_, c)| is_control(c)).map(|(at, _)| at)).unwrap_or(0);
    let at = text.floor_char_boundary(at.min(text.len()));
    let what = wording(error.problem());
    let kind = match mark {
        None if error.kind() == libyaml_safer::ErrorKind::Reader => ErrorKind::ControlCharacter,
        _ if text[at..].starts_with('\t') => ErrorKind::TabIndentation,
        _ if ends_inside(error, &text[at..]) => ErrorKind::Truncated,
        _ => ErrorKind::Syntax { what },
    };
    // A colon in brackets is no matter of indentation: a tab near it is text.
    let indentation = kind == (ErrorKind::Syntax { what }) && what != COLON_IN_BRACKETS;
    let tab = if indentation { leading_tab(text, at) } else { None };
    let (kind, at) = tab.map_or((kind, at), |tab| (ErrorKind::TabIndentation, tab));
    let length = text[at..].chars().next().filter(|c| !c.is_control() || *c == '\t').map_or(0, char::len_utf8);
    explain(kind.at(Some(source), base + at, base + at + length), source, base, base + text.len())
}

/// Says "template" instead where the part is one: whatever else is wrong with it then is a consequence.
pub(crate) fn explain(error: Error, source: &Arc<Source>, start: usize, end: usize) -> Error {
    let template = matches!(
        error.kind(),
        ErrorKind::Syntax { .. }
            | ErrorKind::ComplexKey
            | ErrorKind::DuplicateKey { .. }
            | ErrorKind::TabIndentation
            | ErrorKind::Truncated
            | ErrorKind::UnknownAnchor { .. }
            | ErrorKind::MergeNotAMap
    );
    template.then(|| self::template(source, start, end)).flatten().unwrap_or(error)
}

/// Says that a part is a template, where it looks like one.
pub(crate) fn template(source: &Arc<Source>, start: usize, end: usize) -> Option<Error> {
    let at = start + template_line(source.text().get(start..end)?)?;
    Some(ErrorKind::HelmTemplate.at(Some(source), at, at + 2))
}

/// Whether something in quotes or brackets is still open where the text ends.
fn ends_inside(error: &libyaml_safer::Error, rest: &str) -> bool {
    let context = error.context().unwrap_or_default();
    rest.trim().is_empty() && (context.contains("flow") || context.contains("quoted"))
}

/// The first tab in the indentation of the line of an offset, or of the line before.
fn leading_tab(text: &str, at: usize) -> Option<usize> {
    let mut line_end = at;
    for _ in 0..2 {
        let floor = text.floor_char_boundary(line_end.saturating_sub(LOOK_BACK));
        let line = text[floor..line_end].rfind(['\n', '\r']).map_or(floor, |found| floor + found + 1);
        let content = text[line..].trim_start_matches([' ', '\t']);
        let indentation = text.len() - content.len() - line;
        // A line of blanks indents nothing.
        let blank = content.is_empty() || content.starts_with(['\n', '\r']);
        if let Some(tab) = text[line..line + indentation].find('\t').filter(|_| !blank) {
            return Some(line + tab);
        }
        line_end = text[..line.saturating_sub(1)].trim_end_matches('\r').len();
    }
    None
}

fn is_control(c: char) -> bool {
    !matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
}

/// Plainer words for what people meet most.
fn wording(problem: &'static str) -> &'static str {
    match problem {
        "mapping values are not allowed in this context" => {
            "a `:` where no key can stand: check the indentation, or put the value in quotes"
        }
        "did not find expected key" => {
            "this is indented differently from the keys around it, or a quote ends too early"
        }
        "did not find expected '-' indicator" => "this is indented differently from the list items around it",
        "could not find expected ':'" => "a key without a `:`",
        "found character that cannot start any token" => "a value cannot begin with this character unless quoted",
        "found unexpected end of stream" => "a quote is never closed",
        "found unexpected document indicator" => "a document ends inside quotes",
        other => other,
    }
}
