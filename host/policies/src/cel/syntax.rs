//! What the parser says of a text that is no expression, in words that help to mend it.

use kube_cel::cel::ParseErrors;

use crate::error::{printable, quote};

/// Signs and words of other languages, with what CEL writes.
const MEANT: [(&str, &str); 8] =
    [("=", "=="), ("&", "&&"), ("|", "||"), ("and", "&&"), ("or", "||"), ("AND", "&&"), ("OR", "||"), ("=>", ">=")];

/// Completes a sentence: "the condition `x` ...". One line, without control characters.
pub(super) fn explain(text: &str, why: &ParseErrors) -> String {
    // What the visitor says about a tree with a hole comes before the place of the hole, and helps nobody.
    let telling = why.errors.iter().find(|error| !error.msg.starts_with("Incomplete "));
    let Some(first) = telling.or(why.errors.first()) else { return "does not compile".to_owned() };
    if text.contains(".?") || text.contains("[?") || first.msg.contains("optional syntax") {
        return "uses optional fields (`.?` or `[?`), which are not supported here: write `has(a.b) && a.b == ..`"
            .to_owned();
    }
    let (line, column) = first.pos;
    format!("does not compile: {} (line {line}, column {column} of the expression)", said(&first.msg))
}

/// The messages of ANTLR (`DefaultErrorStrategy`, `LexerNoViableAltException`) without the parser's own names.
fn said(message: &str) -> String {
    let message = message.strip_prefix("Syntax error: ").unwrap_or(message);
    if let Some((missing, "'<EOF>'")) = message.strip_prefix("missing ").and_then(|rest| rest.split_once(" at ")) {
        return format!("the expression ends too early: a {} is missing", quote(missing.trim_matches('\'')));
    }
    let found =
        ["mismatched input ", "extraneous input ", "no viable alternative at input ", "token recognition error at: "]
            .into_iter()
            .find_map(|prefix| message.strip_prefix(prefix));
    let Some(found) = found else { return printable(message) };
    // The text may hold any sign, even ` expecting `; what the parser expects never holds the first one.
    let found = found.rsplit_once(" expecting ").map_or(found, |(found, _)| found);
    let found = found.strip_prefix('\'').and_then(|found| found.strip_suffix('\'')).unwrap_or(found).trim();
    if found == "<EOF>" {
        return "the expression ends too early".to_owned();
    }
    match MEANT.iter().find(|(written, _)| *written == found) {
        Some((_, meant)) => format!("{} is no operator; write `{meant}`", quote(found)),
        None => format!("{} cannot stand here", quote(found)),
    }
}
