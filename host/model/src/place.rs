//! Where something stands: file, line, column, JSON pointer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// How many bytes are counted as one block: what a place in a long line costs at most.
const BLOCK_BYTES: usize = 4096;

/// Bytes `start..end` of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The span of `start..end`.
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: clamp(start), end: clamp(end) }
    }
}

/// A text that was read, with the name that a person knows it by.
pub struct Source {
    name: String,
    text: String,
    line_starts: OnceLock<Vec<u32>>,
    /// The characters before each block: a minified document is one line, and every finding in it asks for its column.
    block_starts: OnceLock<Vec<u32>>,
    /// Start and end of what is hidden; no two of them touch.
    masked: Mutex<BTreeMap<u32, u32>>,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Never the text: it may hold a Secret.
        write!(f, "Source({:?}, {} bytes)", self.name, self.text.len())
    }
}

impl Source {
    /// A text and its name (a path as the user wrote it, `-` for the standard input).
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            text: text.into(),
            line_starts: OnceLock::new(),
            block_starts: OnceLock::new(),
            masked: Mutex::default(),
        })
    }

    /// The name that a person knows it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text, secrets included: for readers, never for output. Output uses [`Source::line_text`].
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Hides these bytes from every later excerpt: the values of Secrets.
    pub fn mask(&self, span: Span) {
        let mut masked = self.masked.lock().unwrap_or_else(PoisonError::into_inner);
        let Span { mut start, mut end } = span;
        while let Some((&near, &until)) = masked.range(..=end).next_back().filter(|&(_, &until)| until >= start) {
            masked.remove(&near);
            (start, end) = (start.min(near), end.max(until));
        }
        masked.insert(start, end);
    }

    /// Line and column of a byte, both from 1; the column counts Unicode scalar values.
    pub fn line_column(&self, offset: u32) -> (u32, u32) {
        let starts = self.line_starts();
        let line = starts.partition_point(|&start| start <= offset).saturating_sub(1);
        let start = starts.get(line).copied().unwrap_or(0);
        (number(line) + 1, self.characters_before(offset).saturating_sub(self.characters_before(start)) + 1)
    }

    /// The text of a line (from 1) without its line break, every character of a masked span replaced by `*`.
    pub fn line_text(&self, line: u32) -> String {
        self.line_range(line).map_or_else(String::new, |(start, end)| self.shown(start, end))
    }

    /// What stands around a byte on its own line, at most `reach` bytes to either side: a minified document is one line of
    /// many MB, and a report quotes it once for each finding.
    pub fn line_window(&self, offset: u32, reach: u32) -> LineWindow {
        let Some((start, end)) = self.line_range(self.line_column(offset).0) else { return LineWindow::default() };
        let offset = self.boundary(offset.clamp(start, end));
        let from = self.boundary(start.max(offset.saturating_sub(reach)));
        let until = self.boundary(end.min(offset.saturating_add(reach)));
        LineWindow {
            before: self.shown(from, offset),
            after: self.shown(offset, until),
            cut_before: from > start,
            cut_after: until < end,
        }
    }

    /// The bytes of a line (from 1) without its line break.
    fn line_range(&self, line: u32) -> Option<(u32, u32)> {
        let starts = self.line_starts();
        let start = *starts.get((line as usize).wrapping_sub(1))?;
        let end = starts.get(line as usize).copied().unwrap_or(number(self.text.len()));
        let text = self.text.get(start as usize..end as usize)?.trim_end_matches(['\n', '\r']);
        Some((start, start + number(text.len())))
    }

    /// The nearest beginning of a character at or before this byte.
    fn boundary(&self, offset: u32) -> u32 {
        number(self.text.floor_char_boundary(offset as usize))
    }

    /// A stretch of one line with every character of a masked span replaced by `*`.
    fn shown(&self, start: u32, end: u32) -> String {
        let text = self.text.get(start as usize..end as usize).unwrap_or_default();
        let masked = self.masked.lock().unwrap_or_else(PoisonError::into_inner);
        let covering = |offset: u32| masked.range(..=offset).next_back().filter(|&(_, &until)| offset < until);
        if covering(start).is_none() && masked.range(start..end).next().is_none() {
            return text.to_owned();
        }
        let hidden = |offset: u32| covering(offset).is_some();
        text.char_indices()
            .map(|(at, c)| if hidden(start + number(at)) && !c.is_whitespace() { '*' } else { c })
            .collect()
    }

    /// How many characters begin before this byte.
    fn characters_before(&self, offset: u32) -> u32 {
        let bytes = self.text.as_bytes();
        let blocks = self.block_starts.get_or_init(|| {
            let mut total = 0;
            let block_start = |block| {
                let before: u32 = total;
                total += beginnings(block);
                before
            };
            bytes.chunks(BLOCK_BYTES).map(block_start).collect()
        });
        let end = (offset as usize).min(bytes.len());
        let block = (end / BLOCK_BYTES).min(blocks.len().saturating_sub(1));
        let rest = bytes.get(block * BLOCK_BYTES..end).unwrap_or_default();
        blocks.get(block).copied().unwrap_or(0) + beginnings(rest)
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let bytes = self.text.as_bytes();
            // A carriage return alone ends a line as well, in YAML and in editors.
            let ends_line = |&(at, &byte): &(usize, &u8)| {
                byte == b'\n' || byte == b'\r' && bytes.get(at + 1).is_none_or(|&next| next != b'\n')
            };
            let breaks = bytes.iter().enumerate().filter(ends_line).map(|(at, _)| number(at) + 1);
            std::iter::once(0).chain(breaks).collect()
        })
    }
}

/// What stands around a byte of a line; secrets are masked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineWindow {
    /// The text before the byte.
    pub before: String,
    /// The text from the byte on.
    pub after: String,
    /// Whether the line begins earlier.
    pub cut_before: bool,
    /// Whether the line goes on.
    pub cut_after: bool,
}

/// A stretch of a source that a finding or an error is about.
#[derive(Clone, Debug)]
pub struct Place {
    /// The text in question.
    pub source: Arc<Source>,
    /// The bytes in question.
    pub span: Span,
}

impl Place {
    /// The file as the user named it.
    pub fn file(&self) -> &str {
        self.source.name()
    }

    /// Line and column of the first byte, both from 1.
    pub fn start(&self) -> (u32, u32) {
        self.source.line_column(self.span.start)
    }

    /// Line and column after the last byte, both from 1.
    pub fn end(&self) -> (u32, u32) {
        self.source.line_column(self.span.end)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (line, column) = self.start();
        write!(f, "{}:{line}:{column}", self.file())
    }
}

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.span == other.span && self.file() == other.file()
    }
}

/// How many characters begin in these bytes of UTF-8.
fn beginnings(bytes: &[u8]) -> u32 {
    number(bytes.iter().filter(|&&byte| byte & 0b1100_0000 != 0b1000_0000).count())
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_characters_from_one() {
        let source = Source::new("a.yaml", "ä: 1\r\nb: 2\n");
        assert_eq!(source.line_column(0), (1, 1));
        assert_eq!(source.line_column(4), (1, 4), "the umlaut is two bytes and one column");
        assert_eq!(source.line_column(7), (2, 1));
        assert_eq!(source.line_text(1), "ä: 1");
        assert_eq!(source.line_text(9), "");
    }

    #[test]
    fn counts_a_carriage_return_alone_as_the_end_of_a_line() {
        let source = Source::new("a.yaml", "a: 1\rb: 2\r\nc: 3\r");
        assert_eq!([5, 8, 11, 16].map(|offset| source.line_column(offset)), [(2, 1), (2, 4), (3, 1), (4, 1)]);
        assert_eq!([1, 2, 3, 4].map(|line| source.line_text(line)), ["a: 1", "b: 2", "c: 3", ""]);
    }

    #[test]
    fn counts_the_characters_of_a_long_line_as_of_a_short_one() {
        let text = format!("x\n{}", "aö€😀".repeat(3000));
        let source = Source::new("a.json", text.as_str());
        for (at, (offset, _)) in text.char_indices().enumerate().skip(2) {
            assert_eq!(source.line_column(number(offset)), (2, number(at) - 1));
        }
        assert_eq!(source.line_column(u32::MAX), (2, 12_001));
        assert_eq!(Source::new("empty", "").line_column(7), (1, 1));
    }

    #[test]
    fn hides_what_overlapping_masks_cover_together() {
        for order in [[(2, 4), (6, 8), (3, 7)], [(3, 7), (6, 8), (2, 4)], [(2, 8), (3, 4), (4, 4)]] {
            let source = Source::new("a.yaml", "0123456789");
            order.into_iter().for_each(|(start, end)| source.mask(Span::new(start, end)));
            assert_eq!(source.line_text(1), "01******89");
        }
    }

    #[test]
    fn hides_a_masked_value_from_excerpts() {
        let source = Source::new("a.yaml", "password: hunter2 # x\n");
        source.mask(Span::new(10, 17));
        assert_eq!(source.line_text(1), "password: ******* # x");
        let window = source.line_window(10, 4);
        assert_eq!((window.before.as_str(), window.after.as_str()), ("rd: ", "****"));
    }

    #[test]
    fn cuts_a_long_line_between_characters() {
        let source = Source::new("a.json", "first\näöü: 1\r\n");
        let window = source.line_window(8, 3);
        assert_eq!(window, LineWindow { before: "ä".into(), after: "ö".into(), cut_before: false, cut_after: true });
        let whole = source.line_window(8, 400);
        assert_eq!((whole.before + &whole.after, whole.cut_before, whole.cut_after), ("äöü: 1".into(), false, false));
        assert_eq!(source.line_window(9000, 10).after, "", "a place behind the end has nothing after it");
    }

    #[test]
    fn shows_where_a_masked_text_has_its_spaces_and_nothing_else_of_it() {
        let source = Source::new("a.yaml", "key: two words\nnext: line\n");
        source.mask(Span::new(5, 21));
        assert_eq!(source.line_text(1), "key: *** *****");
        assert_eq!(source.line_text(2), "***** line", "a mask goes over the end of its line");
        assert_eq!(source.line_window(8, 2).before, "**");
    }

    #[test]
    fn cuts_a_line_only_where_there_is_more_of_it() {
        let source = Source::new("a.yaml", "0123456789\nabc\n");
        let cut = |offset, reach| {
            let window = source.line_window(offset, reach);
            (window.before + "|" + &window.after, window.cut_before, window.cut_after)
        };
        assert_eq!(cut(5, 3), ("234|567".into(), true, true));
        assert_eq!(cut(5, 5), ("01234|56789".into(), false, false));
        assert_eq!(cut(0, 4), ("|0123".into(), false, true));
        assert_eq!(cut(10, 4), ("6789|".into(), true, false));
        assert_eq!(cut(12, 9), ("a|bc".into(), false, false));
    }

    #[test]
    fn says_a_place_as_editors_read_it_and_two_are_one_where_file_and_bytes_are_the_same() {
        let (one, same, other) =
            (Source::new("a.yaml", "a: 1\nb: 2\n"), Source::new("a.yaml", ""), Source::new("b.yaml", ""));
        let place =
            |source: &Arc<Source>, start, end| Place { source: Arc::clone(source), span: Span::new(start, end) };
        let second = place(&one, 5, 9);
        assert_eq!(
            (second.to_string(), second.file(), second.start(), second.end()),
            ("a.yaml:2:1".into(), "a.yaml", (2, 1), (2, 5))
        );
        assert_eq!(second, place(&same, 5, 9));
        assert_ne!(second, place(&other, 5, 9));
        assert_ne!(second, place(&one, 5, 8));
        assert_eq!((one.name(), one.text()), ("a.yaml", "a: 1\nb: 2\n"));
    }

    #[test]
    fn never_shows_a_text_where_it_is_logged() {
        assert_eq!(format!("{:?}", Source::new("a.yaml", "password: x")), "Source(\"a.yaml\", 11 bytes)");
    }
}
