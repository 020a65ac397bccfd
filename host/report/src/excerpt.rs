//! The guilty line, and how far to the right the caret under it stands.

use portcullis_model::{LineWindow, Place};
use unicode_width::UnicodeWidthChar;

use crate::escape::{is_command_mark, plain, push_plain};
use crate::report::Quote;
use crate::veil::veiled;

/// How far a tab moves: what a person sees of it does not depend on their terminal.
const TAB: &str = "    ";
/// How many marks stand behind each other before a caret that long helps nobody.
const LONGEST_UNDERLINE: usize = 60;
/// The fewest columns that an excerpt gets, however narrow the terminal.
const NARROWEST: usize = 20;
/// What stands for a part that was cut away.
const CUT: char = '…';

/// One line of a source, ready for a terminal.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    /// The line's number, from 1.
    pub(crate) line: u32,
    /// The line, cut and escaped.
    pub(crate) text: String,
    /// Columns before the span.
    pub(crate) indent: usize,
    /// Columns of the span that are shown, at least 1.
    pub(crate) width: usize,
}

/// A character as it is shown, and the columns that it takes.
struct Cell {
    text: String,
    width: usize,
}

impl Excerpt {
    /// The line at which a place begins, cut around its span to `columns`. Nothing where the line is empty.
    pub(crate) fn of(place: &Place, quote: Quote, columns: usize) -> Option<Self> {
        let columns = columns.max(NARROWEST);
        // A character takes at most four bytes and, escaped or not, mostly at least one column.
        let reach = u32::try_from(columns.saturating_mul(4)).unwrap_or(u32::MAX);
        let mut window = place.source.line_window(place.span.start, reach);
        if window.before.trim().is_empty() && window.after.trim().is_empty() {
            return None;
        }
        let marked = {
            let bytes = (place.span.end.saturating_sub(place.span.start) as usize).min(window.after.len());
            // Masked text has fewer bytes than its source; an end inside a character takes the whole of it.
            let end = place.source.text().get(place.span.start as usize..).unwrap_or_default();
            end.char_indices().take_while(|&(at, _)| at < bytes).count()
        };
        if quote == Quote::Structure {
            veil(&mut window, marked);
        }
        let before = cells(&window.before);
        let after = cells(&window.after);
        let marked = marked.min(after.len());

        let left = keep(before.iter().rev(), room_left(&before, &after, columns), window.cut_before);
        let mut text = String::new();
        let mut indent = 0;
        if left < before.len() || window.cut_before {
            text.push(CUT);
            indent += 1;
        }
        for cell in &before[before.len() - left..] {
            text.push_str(&cell.text);
            indent += cell.width;
        }
        let right = keep(after.iter(), columns.saturating_sub(indent), window.cut_after);
        after[..right].iter().for_each(|cell| text.push_str(&cell.text));
        if right < after.len() || window.cut_after {
            text.push(CUT);
        }
        let width: usize = after[..marked.min(right)].iter().map(|cell| cell.width).sum();
        let line = place.start().0;
        text.truncate(text.trim_end().len());
        Some(Self { line, text, indent, width: width.clamp(1, LONGEST_UNDERLINE) })
    }

    /// The same without the blanks that the line begins with, for what is narrow and shows no other line.
    pub(crate) fn outdented(mut self) -> Self {
        let blanks = self.text.len() - self.text.trim_start_matches(' ').len();
        let blanks = blanks.min(self.indent);
        self.text.drain(..blanks);
        self.indent -= blanks;
        self
    }
}

/// The pointer of a finding, where the line that is quoted for it does not show its last key: of what is missing, only what
/// should hold it can be quoted.
pub(crate) fn unseen<'a>(pointer: &'a str, shown: Option<&Excerpt>) -> Option<&'a str> {
    let (_, key) = pointer.rsplit_once('/')?;
    let key = key.replace("~1", "/").replace("~0", "~");
    let position = key.bytes().all(|byte| byte.is_ascii_digit());
    let seen = shown.is_some_and(|shown| position || shown.text.contains(&*plain(&key)));
    (!seen).then_some(pointer)
}

/// Hides the values of a line; a single character of punctuation that is marked stays, as nothing else would explain it.
fn veil(window: &mut LineWindow, marked: usize) {
    let guilty = window.after.chars().next().filter(|c| marked == 1 && c.is_ascii_punctuation());
    let line = veiled(&(window.before.clone() + &window.after), !window.cut_before);
    let length = window.before.chars().count();
    window.before = line.chars().take(length).collect();
    window.after = guilty.into_iter().chain(line.chars().skip(length + usize::from(guilty.is_some()))).collect();
}

/// The columns for what stands before the span: all it needs if everything fits, else a third.
fn room_left(before: &[Cell], after: &[Cell], columns: usize) -> usize {
    let needed = |cells: &[Cell]| cells.iter().map(|cell| cell.width).sum::<usize>();
    let (left, right) = (needed(before), needed(after));
    if left + right <= columns { left } else { left.min(columns.saturating_sub(right).max(columns / 3)) }
}

/// How many cells fit, with one column left for the mark of a cut where one is needed.
fn keep<'a>(cells: impl Iterator<Item = &'a Cell> + Clone, columns: usize, already_cut: bool) -> usize {
    let fits = |columns: usize| {
        let mut used = 0;
        let one = |cell: &&Cell| {
            used += cell.width;
            used <= columns
        };
        cells.clone().take_while(one).count()
    };
    let all = cells.clone().count();
    if !already_cut && fits(columns) == all { all } else { fits(columns.saturating_sub(1)) }
}

fn cells(text: &str) -> Vec<Cell> {
    let cell = |(at, c): (usize, char)| {
        let mut shown = String::new();
        match c {
            '\t' => shown.push_str(TAB),
            '#' if is_command_mark(text, at) => shown.push_str("\\u{23}"),
            c => push_plain(c, &mut shown),
        }
        let width = if shown.len() == c.len_utf8() { c.width().unwrap_or(0) } else { shown.len() };
        Cell { text: shown, width }
    };
    text.char_indices().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use portcullis_model::{Source, Span};

    use super::*;

    fn excerpt(text: &str, guilty: &str, columns: usize) -> Excerpt {
        let start = text.find(guilty).expect("the guilty text");
        let place = Place { source: Source::new("a.yaml", text), span: Span::new(start, start + guilty.len()) };
        Excerpt::of(&place, Quote::Whole, columns).expect("an excerpt")
    }

    /// What stands above the carets.
    fn above(excerpt: &Excerpt) -> String {
        let mut column = 0;
        let marked = |c: &char| {
            let from = column;
            column += c.width().unwrap_or(0);
            from >= excerpt.indent && from < excerpt.indent + excerpt.width
        };
        excerpt.text.chars().filter(marked).collect()
    }

    #[test]
    fn marks_the_span_behind_tabs_and_wide_characters() {
        let shown = excerpt("a: 1\n\tnäme: 漢字 # x\n", "漢字", 80);
        assert_eq!((shown.line, shown.text.as_str()), (2, "    näme: 漢字 # x"));
        assert_eq!((shown.indent, shown.width), (10, 4));
        assert_eq!(above(&shown), "漢字");
    }

    #[test]
    fn shows_hostile_characters_escaped_and_still_marks_the_span() {
        let shown = excerpt("name: \u{1b}[31m\u{202e}evil\u{7} ##[error]x guilty", "guilty", 200);
        assert_eq!(shown.text, "name: \\u{1b}[31m\\u{202e}evil\\u{7} #\\u{23}[error]x guilty");
        assert_eq!(above(&shown), "guilty");
    }

    #[test]
    fn cuts_a_long_line_around_the_span() {
        let long = format!("{{\"a\": \"{}\", \"b\": 77777, \"c\": \"{}\"}}", "x".repeat(90_000), "y".repeat(90_000));
        let shown = excerpt(&long, "77777", 60);
        assert_eq!(shown.text, "…xxxxxxxxxxx\", \"b\": 77777, \"c\": \"yyyyyyyyyyyyyyyyyyyyyyyyyy…");
        assert_eq!((shown.text.chars().count(), above(&shown).as_str()), (60, "77777"));
        let shown = excerpt(&"漢".repeat(4000), &"漢".repeat(3000), 30);
        assert!(shown.text.ends_with("漢…") && shown.width == 28, "{shown:?}");
    }

    #[test]
    fn marks_one_column_where_nothing_stands_and_nothing_on_an_empty_line() {
        let at = |text: &str, start, end| {
            Excerpt::of(&Place { source: Source::new("a", text), span: Span::new(start, end) }, Quote::Whole, 80)
        };
        assert_eq!(at("a:\n\nb", 2, 2).map(|shown| (shown.indent, shown.width)), Some((2, 1)));
        assert_eq!(at("a:\n\nb", 3, 3), None);
        assert_eq!(at("ab", 9000, 9001).map(|shown| shown.indent), Some(2), "a place behind the end");
        assert_eq!(at("a: |\n  b\n  c\n", 3, 12).map(|shown| shown.width), Some(1), "one line of several");
    }

    #[test]
    fn leaves_out_the_blanks_in_front_and_none_that_is_marked() {
        let outdented = |text, at| {
            let shown = excerpt(text, at, 80).outdented();
            (shown.text, shown.indent)
        };
        assert_eq!(outdented("      cpu: 1", "1"), ("cpu: 1".to_owned(), 5));
        assert_eq!(outdented("      cpu: 1", "  cpu"), ("  cpu: 1".to_owned(), 0));
    }

    #[test]
    fn names_what_a_line_does_not_show() {
        let text = "limits: {cpu: 1, a/b: 2}";
        let shown = excerpt(text, "{cpu", 80);
        let unseen = |pointer| unseen(pointer, Some(&shown));
        assert_eq!(unseen("/spec/limits/memory"), Some("/spec/limits/memory"));
        assert_eq!(["/spec/limits/cpu", "/limits/a~1b", "/containers/0", ""].map(unseen), [None; 4]);
        assert_eq!(super::unseen("/containers/0", None), Some("/containers/0"), "nothing is quoted");
    }

    #[test]
    fn never_quotes_what_is_masked() {
        let text = "password: hünter2 # x";
        let source = Source::new("a.yaml", text);
        source.mask(Span::new(10, 18));
        let shown = Excerpt::of(&Place { source, span: Span::new(10, 18) }, Quote::Whole, 80).expect("an excerpt");
        assert_eq!((shown.text.as_str(), above(&shown).as_str()), ("password: ******* # x", "*******"));
    }

    #[test]
    fn quotes_of_an_unreadable_text_no_value_but_the_guilty_mark() {
        let at = |text: &str, start, end| {
            let place = Place { source: Source::new("a", text), span: Span::new(start, end) };
            Excerpt::of(&place, Quote::Structure, 80).expect("an excerpt")
        };
        let shown = at("pass: 漢字 @unter2", 13, 14);
        assert_eq!((shown.text.as_str(), above(&shown).as_str()), ("****: ** @******", "@"));
        let shown = at("pass: 漢字 hunter2", 6, 12);
        assert_eq!((shown.text.as_str(), above(&shown).as_str()), ("****: ** *******", "**"));
        let shown = at("pass: hunter2", 6, 7);
        assert_eq!((shown.text.as_str(), above(&shown).as_str()), ("****: *******", "*"));
    }
}
