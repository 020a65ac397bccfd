//! What GitHub flavoured Markdown makes of a stranger's text: nothing.
//!
//! Inside a code span no mark-up is obeyed, and forges make no mention, reference or link of it. A word stays a word
//! only where it holds no character that Markdown or a forge could read anything into.

use crate::escape::plain;

/// A text as a code span that also holds in a cell of a table.
pub(crate) fn code(text: &str) -> String {
    let shown = plain(text).replace('|', "\\u{7c}");
    if shown.trim().is_empty() {
        return "(nothing)".to_owned();
    }
    let runs = shown.split(|c| c != '`').map(str::len);
    let fence = "`".repeat(runs.max().unwrap_or(0) + 1);
    // A blank on either side is no part of the span (CommonMark section 6.1).
    let pad = if shown.starts_with(['`', ' ']) || shown.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{shown}{pad}{fence}")
}

/// A sentence of a plugin, with what it quotes in backticks as code, and any word as code that is not plainly a word; all of
/// it as code where that cannot be told apart.
pub(crate) fn prose(text: &str) -> String {
    let shown = plain(text);
    let parts: Vec<&str> = shown.split('`').collect();
    let last = parts.len() - 1;
    // Two spans without anything between them would become one of another shape.
    let apart = |at: usize, part: &str| match part.is_empty() {
        true => at == 0 || at == last,
        false => {
            let beside = |word: Option<&str>| word.is_none_or(is_prose);
            (at == 0 || beside(part.split(' ').next())) && (at == last || beside(part.split(' ').next_back()))
        }
    };
    let harmless = |(at, part): (usize, &&str)| if at % 2 == 0 { apart(at, part) } else { !part.trim().is_empty() };
    if last % 2 == 1 || shown.trim().is_empty() || !parts.iter().enumerate().all(harmless) {
        return code(text);
    }
    let part = |(at, part): (usize, &&str)| if at % 2 == 1 { code(part) } else { words(part) };
    parts.iter().enumerate().map(part).collect()
}

/// Words with whatever is none as code, neighbours of that kind together.
fn words(text: &str) -> String {
    let mut out: Vec<String> = Vec::new();
    let mut odd: Vec<&str> = Vec::new();
    for word in text.split(' ') {
        if is_prose(word) {
            out.extend((!odd.is_empty()).then(|| coded(&std::mem::take(&mut odd).join(" "))));
            out.push(word.to_owned());
        } else {
            odd.push(word);
        }
    }
    out.extend((!odd.is_empty()).then(|| coded(&odd.join(" "))));
    out.join(" ")
}

/// Odd words as code, without the marks and the bracket of the sentence that they stand in.
fn coded(text: &str) -> String {
    let rest = text.strip_prefix('(').unwrap_or(text);
    let core = rest.trim_end_matches([',', ';', '.', '?']);
    let opened = core.matches('(').count() < core.matches(')').count();
    let core = core.strip_suffix(')').filter(|_| opened).unwrap_or(core);
    match core.is_empty() {
        true => code(text),
        false => format!("{}{}{}", &text[..text.len() - rest.len()], code(core), &rest[core.len()..]),
    }
}

/// Whether nobody reads more than words into it: no mark-up, no `@team`, `#1`, `!1`, `~label`, `%1`, `$1`, `GH-1`, `:x:`, and
/// nothing that looks like an address.
fn is_prose(text: &str) -> bool {
    if text.to_ascii_lowercase().contains("gh-") {
        return false;
    }
    let mut chars = text.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let ends = next.is_none_or(|next| next == ' ');
        let allowed = match c {
            ':' => ends,
            '.' => ends || (before.is_ascii_digit() && next.is_some_and(|next| next.is_ascii_digit())),
            ' ' | ',' | ';' | '(' | ')' | '\'' | '"' | '-' | '/' | '+' | '=' | '?' => true,
            c => c.is_ascii_alphanumeric() || !c.is_ascii(),
        };
        if !allowed {
            return false;
        }
        before = c;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_any_text_as_code_that_nothing_closes() {
        assert_eq!(code("a<b>@team"), "`a<b>@team`");
        assert_eq!(code("a`b``c"), "```a`b``c```");
        assert_eq!(code("`a"), "`` `a ``");
        assert_eq!(code("a\\|b|c\nd"), "`a\\\\u{7c}b\\u{7c}c\\nd`");
        assert_eq!((code(""), code(" ")), ("(nothing)".into(), "(nothing)".into()));
    }

    #[test]
    fn leaves_a_sentence_a_sentence_and_nothing_else() {
        let sentence = "container `web` has no memory limit; allowed is 128Mi to 32Gi (1.5 times)";
        assert_eq!(prose(sentence), sentence);
        assert_eq!(prose("the key `a@b#1` is not `<x>`"), "the key `a@b#1` is not `<x>`");
        for odd in [
            "ask @team",
            "see #1",
            "see GH-1",
            ":x:",
            "https://evil.example",
            "www.evil.example",
            "a*b*",
            "<b>",
            "[a](b)",
            "~bug",
            "!1",
            "$1",
            "%1",
            "a|b",
            "a_b_",
        ] {
            let word = odd.strip_prefix("ask ").or(odd.strip_prefix("see ")).unwrap_or(odd);
            assert!(prose(odd).ends_with(&code(word)), "{odd}: {}", prose(odd));
        }
        assert_eq!(
            prose("mount /var/lib as `a`: use_it @once, then go"),
            "mount /var/lib as `a`: `use_it @once`, then go"
        );
        assert_eq!(prose("until then (sha256:3d, a_b), lists"), "until then (`sha256:3d, a_b`), lists");
        assert_eq!(prose("`a`@b"), "`` `a`@b ``", "an odd word that touches a span");
        assert_eq!(prose("a `b"), "``a `b``");
        assert_eq!(prose("`a``@b`"), "``` `a``@b` ```", "two spans that touch");
    }
}
