//! A panic of the parser: caught, told with its place, and mended where it is known what go-yaml makes of the text.
//!
//! The parser panics at a tag directly before a comma in brackets (`[!!str, x]`). To go-yaml the comma is a part of the
//! tag, and `x` its value; so that comma is given to the parser as another character of tags, and the text read again.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use libyaml_safer::Parser;

use crate::LARGE_YAML_BYTES;
use crate::error::ErrorKind;
use crate::yaml::feed::Feed;

/// Commas after tags in one part of a stream: each is found by reading the part again.
const MAX_COMMAS: usize = 16;

/// Characters that the parser looks at before it knows what begins there: a short tag ends before the last of them.
const LOOK_AHEAD: usize = 4;

thread_local! {
    /// Whether a panic in this thread is one of the parser's.
    static PARSING: Cell<bool> = const { Cell::new(false) };
}

/// What the parser answers; nothing where it panics. That is not printed: who reads the text is told with its place.
pub(crate) fn caught<T>(parse: impl FnOnce() -> T) -> Option<T> {
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let loud = take_hook();
        set_hook(Box::new(move |panic| {
            if !PARSING.get() {
                loud(panic);
            }
        }));
    });
    PARSING.set(true);
    // Whatever was panicked in is thrown away.
    let answer = catch_unwind(AssertUnwindSafe(parse));
    PARSING.set(false);
    answer.ok()
}

/// Where the parser gives up on a text: a comma that belongs to a tag and makes one more of these, or an error and its bytes.
pub(crate) fn place(text: &str, commas: &[usize]) -> Result<usize, (ErrorKind, usize, usize)> {
    let taken = Cell::new(0);
    let mut parser = Parser::new();
    parser.set_input(Feed::counted(text, commas, &taken));
    while let Some(Ok(event)) = caught(|| parser.parse()) {
        if matches!(event.data, libyaml_safer::EventData::StreamEnd) {
            break;
        }
    }
    let end = text.floor_char_boundary(taken.get());
    let last: Vec<usize> = text[..end].char_indices().rev().take(LOOK_AHEAD).map(|(at, _)| at).collect();
    let parts = |&(at, c): &(usize, char)| c.is_whitespace() || "[{,".contains(c) && !commas.contains(&at);
    let tag = |comma: usize| {
        let from = text[..comma].char_indices().rev().find(parts).map_or(0, |(at, c)| at + c.len_utf8());
        Some(from + text[from..comma].find('!')?)
    };
    let found = last.iter().rev().filter(|at| text[**at..].starts_with(',') && !commas.contains(at));
    let Some((comma, tag)) = found.filter_map(|&comma| Some((comma, tag(comma)?))).next() else {
        return Err((ErrorKind::ParserGaveUp, last.first().copied().unwrap_or(0), end));
    };
    let affordable = commas.len() < MAX_COMMAS && text.len() <= LARGE_YAML_BYTES;
    if affordable { Ok(comma) } else { Err((ErrorKind::CommaAfterTag, tag, comma + 1)) }
}

#[cfg(test)]
mod tests {
    use super::{MAX_COMMAS, caught, place};
    use crate::error::ErrorKind;

    #[test]
    fn a_panic_of_the_parser_is_no_answer_and_the_next_question_has_one() {
        assert_eq!(caught(|| -> u8 { panic!("of the parser") }), None);
        assert_eq!(caught(|| 1), Some(1));
    }

    #[test]
    fn finds_the_comma_of_a_tag_and_says_of_any_other_place_that_the_parser_gave_up() {
        let text = "ä: ['!x,', b, !!str, c]\n";
        assert_eq!(place(text, &[]), Ok(text.find("str,").expect("there") + 3));
        assert_eq!(place("a: b\n", &[]), Err((ErrorKind::ParserGaveUp, 4, 5)));
        assert_eq!(place("a: [!x,y, b]\n", &[6]), Ok(8), "the comma before is a part of the tag");
        assert_eq!(place("a: {\"b\":!, c}\n", &[]), Ok(9));
        let many = vec![usize::MAX; MAX_COMMAS];
        assert_eq!(place("a: [!x, b]\n", &many), Err((ErrorKind::CommaAfterTag, 4, 7)));
    }
}
