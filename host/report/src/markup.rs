//! Text made harmless for XML and HTML: what a parser would obey is written as a reference.

use std::fmt::Write;

use crate::escape::plain;

/// A stranger's text on one line, for an element or for an attribute in double quotes.
pub(crate) fn text(text: &str) -> String {
    markup(&plain(text))
}

/// A text that is harmless for a terminal already and keeps its line breaks. The characters that XML 1.0 forbids (section
/// 2.2, `Char`) are shown instead.
pub(crate) fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' => out.push('\n'),
            // Writing to a String cannot fail.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => drop(write!(out, "\\u{{{:x}}}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_nothing_that_a_parser_would_obey() {
        assert_eq!(text("<a b=\"c\" d='e'>&amp;]]>"), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;amp;]]&gt;");
        assert_eq!(text("a\nb\u{0}\u{fffe}\u{202e}"), "a\\nb\\u{0}\\u{fffe}\\u{202e}");
        assert_eq!(markup("a\nb\r\u{ffff}"), "a\nb\\u{d}\\u{ffff}");
    }
}
