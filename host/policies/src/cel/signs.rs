//! Refuses `!!x` and `--x`, which the parser would turn into `!x` and `-x`.
//!
//! Its tree has one operator for a run of any length (`cel` 0.13, `visit_LogicalNot` and `visit_Negate`), so an even run
//! means the opposite of what was written; and it visits the operand of an even run twice, so that runs inside each other
//! cost the square at every level. Both end here, on the text, before the parser sees it. Strings, comments and names
//! are told apart as the grammar of the parser does (`CEL.g4`); a string that it might end elsewhere is refused.

/// What stands before the next sign, white space and comments left out.
#[derive(Clone, Copy, PartialEq)]
enum Before {
    /// The end of a value, after which `-` subtracts.
    Value,
    /// A `!`.
    Not,
    /// A `-` that negates.
    Minus,
    /// The start of the text, or anything after which a value is expected.
    Other,
}

/// The error completes a sentence: "the condition `x` ...".
pub(super) fn refuse_runs(text: &str) -> Result<(), String> {
    let mut before = Before::Other;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let mut length = first.len_utf8();
        match first {
            '!' if rest.starts_with("!=") => (before, length) = (Before::Other, 2),
            '!' if before == Before::Not => {
                return Err("has two `!` in a row, which cannot be read here: write `!(!x)`, or `x`".to_owned());
            }
            '!' => before = Before::Not,
            '-' if before == Before::Value => before = Before::Other,
            '-' if before == Before::Minus => {
                return Err("has two signs `-` in a row, which cannot be read here: write `-(-x)`, or `x`".to_owned());
            }
            '-' => before = Before::Minus,
            '\'' | '"' => (before, length) = (Before::Value, string(rest, false)?),
            '`' => (before, length) = (Before::Value, escaped_name(rest)?),
            '/' if rest.starts_with("//") => length = rest.find('\n').unwrap_or(rest.len()),
            _ if is_word(first) => {
                length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let (word, after) = rest.split_at(length);
                before = if word == "in" { Before::Other } else { Before::Value };
                if after.starts_with(['\'', '"']) {
                    let raw = ["r", "br"].iter().any(|prefix| word.eq_ignore_ascii_case(prefix));
                    (before, length) = (Before::Value, length + string(after, raw)?);
                }
            }
            ')' | ']' | '}' => before = Before::Value,
            _ if "([{,.:?<>=&|+*/%".contains(first) => before = Before::Other,
            // White space, and what is no part of the language: neither separates two signs.
            _ => {}
        }
        rest = &rest[length..];
    }
    Ok(())
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The length of the string that a text starts with.
fn string(text: &str, raw: bool) -> Result<usize, String> {
    let quote = &text[..1];
    let triple = quote.repeat(3);
    let long = text.starts_with(&triple);
    let end = if long { triple.as_str() } else { quote };
    let mut at = end.len();
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if rest.starts_with(end) {
            return Ok(at + end.len());
        }
        if !long && ['\n', '\r'].contains(&first) {
            break;
        }
        at += if first == '\\' && !raw { escape(&rest[1..])? } else { first.len_utf8() };
    }
    Err("has a string that does not end".to_owned())
}

/// The length of an escape with its backslash, of which the text after the backslash is given.
fn escape(text: &str) -> Result<usize, String> {
    let digits = |from: usize, count: usize, radix: u32| {
        let digits = text.get(from..from + count);
        digits.is_some_and(|digits| digits.chars().all(|digit| digit.is_digit(radix)))
    };
    match text.chars().next() {
        Some('a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '"' | '\'' | '\\' | '?' | '`') => Ok(2),
        Some('0'..='3') if digits(1, 2, 8) => Ok(4),
        Some('x' | 'X') if digits(1, 2, 16) => Ok(4),
        Some('u') if digits(1, 4, 16) => Ok(6),
        Some('U') if digits(1, 8, 16) => Ok(10),
        _ => {
            Err("has a string with an unknown escape: write a backslash as `\\\\`, or the string as `r'..'`".to_owned())
        }
    }
}

/// The length of a name in backticks.
fn escaped_name(text: &str) -> Result<usize, String> {
    let length = text[1..].find(|c: char| !(is_word(c) || "./- ".contains(c))).unwrap_or(text.len() - 1);
    match text[1 + length..].starts_with('`') {
        true => Ok(length + 2),
        false => Err("has a name in backticks that does not end".to_owned()),
    }
}
