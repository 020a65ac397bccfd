//! A stranger's text as it may be shown: cut, and without characters that do something to a terminal.

use crate::MOST_TEXT;

/// At most [`MOST_TEXT`] characters of a text, control characters and those that turn the direction of writing escaped.
pub fn shown(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    for character in characters.by_ref().take(MOST_TEXT) {
        if character.is_control() || invisible(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    if characters.next().is_some() {
        out.push('…');
    }
    out
}

fn invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Whether anybody sees a character: no space, nothing that controls or joins others, no filler.
pub(crate) fn is_seen(character: char) -> bool {
    !(character.is_whitespace()
        || character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_strangers_text_cut_and_harmless() {
        assert_eq!(shown("lodash@4.17.21"), "lodash@4.17.21");
        assert_eq!(shown("a\n\u{1b}[31m\u{202e}b"), "a\\n\\u{1b}[31m\\u{202e}b");
        let long = shown(&"ä".repeat(MOST_TEXT + 1));
        assert_eq!(long.chars().count(), MOST_TEXT + 1);
        assert!(long.ends_with('…'));
    }
}
