//! Text of strangers made harmless: what a terminal or a CI log would obey is shown instead.
//!
//! Names, file names, labels and messages come from whoever wrote the manifest or the plugin (attack list A23, P74).

use std::borrow::Cow;
use std::fmt::Write;

/// A text on one line, with everything that a terminal would obey, or a reader could not see, written as `\u{..}`; line
/// breaks and tabs as `\n`, `\r`, `\t`. The marks that CI systems read commands from are broken up as well: `::` at the
/// beginning (GitHub) and `##[` or `##name[` anywhere (GitHub, Azure DevOps, TeamCity).
pub fn plain(text: &str) -> Cow<'_, str> {
    let command = text.trim_start().starts_with("::");
    if !command && !text.contains("##") && !text.contains(obeyed) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut first_colon = command;
    for (at, c) in text.char_indices() {
        if (c == ':' && std::mem::take(&mut first_colon)) || is_command_mark(text, at) {
            push_escaped(c, &mut out);
        } else {
            push_plain(c, &mut out);
        }
    }
    Cow::Owned(out)
}

/// JSON text with the same characters as `\uNNNN`: the values stay what they are (RFC 8259 section 7), and a terminal that
/// shows the file obeys nothing. Only strings can hold such characters.
pub fn plain_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for (at, c) in json.char_indices() {
        let laid_out = matches!(c, '\n');
        if (obeyed(c) && !laid_out) || is_command_mark(json, at) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out
}

/// The same of a text that may have hundreds of MB and mostly holds nothing to write otherwise.
pub(crate) fn plain_json_of(json: String) -> String {
    let harmless = !json.contains("##") && !json.contains(|c| c != '\n' && obeyed(c));
    if harmless { json } else { plain_json(&json) }
}

/// One character as [`plain`] shows it.
pub(crate) fn push_plain(c: char, out: &mut String) {
    match c {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        c if obeyed(c) => push_escaped(c, out),
        c => out.push(c),
    }
}

fn push_escaped(c: char, out: &mut String) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\\u{{{:x}}}", c as u32);
}

/// Whether this is the second `#` of `##[` or `##name[`.
pub(crate) fn is_command_mark(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    if bytes.get(at) != Some(&b'#') || at == 0 || bytes.get(at - 1) != Some(&b'#') {
        return false;
    }
    // No command has a longer name; the bound keeps a line of `#` from costing its square.
    let name = bytes.iter().skip(at + 1).take(32).take_while(|byte| byte.is_ascii_alphabetic()).count();
    bytes.get(at + 1 + name) == Some(&b'[')
}

/// Characters that a terminal obeys or that nobody sees: controls (C0, DEL, C1), bidirectional marks and overrides, line and
/// paragraph separators, and what takes no room (Unicode 16, general categories Cc, Cf, Zl, Zp).
fn obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}'
            | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{110bd}'
            | '\u{110cd}' | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_what_a_terminal_would_obey() {
        assert_eq!(plain("web-ä 漢 👍"), "web-ä 漢 👍");
        assert_eq!(plain("a\u{1b}[2J\nb\u{9b}m\u{7f}"), "a\\u{1b}[2J\\nb\\u{9b}m\\u{7f}");
        assert_eq!(plain("ab\u{202e}cd\u{2066}\u{200b}\u{feff}"), "ab\\u{202e}cd\\u{2066}\\u{200b}\\u{feff}");
    }

    #[test]
    fn breaks_up_the_commands_of_ci_logs() {
        assert_eq!(plain("::error::x"), "\\u{3a}:error::x");
        assert_eq!(plain("  ::stop-commands::x"), "  \\u{3a}:stop-commands::x");
        assert_eq!(plain("a ##[error]b ##vso[x] ## c"), "a #\\u{23}[error]b #\\u{23}vso[x] ## c");
        assert_eq!(plain("2001:db8::1"), "2001:db8::1");
    }

    #[test]
    fn keeps_the_value_of_json() {
        let json = "{\n  \"a\": \"\u{9b}\u{202e}\u{e0001} ##[x]\"\n}";
        let shown = plain_json(json);
        assert_eq!(shown, "{\n  \"a\": \"\\u009b\\u202e\\udb40\\udc01 #\\u0023[x]\"\n}");
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        assert_eq!(value(json), value(&shown));
        assert_eq!(plain_json_of(json.to_owned()), shown);
        assert_eq!(plain_json_of("{\n  \"a\": \"# ä\"\n}".to_owned()), "{\n  \"a\": \"# ä\"\n}");
    }
}
