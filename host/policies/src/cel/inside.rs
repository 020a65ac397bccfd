//! Where a line and a column of a text stand in the scalar that it was written as.

use portcullis_model::{Place, Span};

/// A complaint about a text of the settings that begins with where it stands there (`column 8: ..`, `line 2, column 8: ..`), and
/// the place of that text: the rest of it, and the very place. Where the place cannot be told, both stay as they are.
pub fn complaint_inside(message: String, place: Option<Place>) -> (String, Option<Place>) {
    let found = split(&message).and_then(|(line, column, rest)| Some((rest, inside(place.as_ref()?, line, column)?)));
    match found {
        Some((rest, exact)) => (rest.to_owned(), Some(exact)),
        None => (message, place),
    }
}

fn split(message: &str) -> Option<(usize, usize, &str)> {
    let (place, rest) = message.split_once(": ")?;
    let (line, column) = match place.strip_prefix("line ") {
        Some(place) => place.split_once(", column ")?,
        None => ("1", place.strip_prefix("column ")?),
    };
    Some((line.parse().ok()?, column.parse().ok()?, rest))
}

/// The place of a line and column, both from 1, of the text that a scalar of YAML or JSON holds; nothing where it is written in
/// a way that is not read here.
pub(crate) fn inside(place: &Place, line: usize, column: usize) -> Option<Place> {
    let (begin, end) = (place.span.start as usize, place.span.end as usize);
    let raw = place.source.text().get(begin..end)?;
    let (line, column) = (line.checked_sub(1)?, column.checked_sub(1)?);
    let at = match raw.chars().next()? {
        '|' => in_lines(raw, line, column),
        '>' => in_folded(raw, column).filter(|_| line == 0),
        quote @ ('\'' | '"') => in_flow(raw, 1, Some(quote), line, column),
        _ => in_flow(raw, 0, None, line, column),
    }?;
    // What ends too early is wrong at its end, where nothing stands.
    let at = if at < raw.len() { at } else { raw.floor_char_boundary(raw.len().checked_sub(1)?) };
    let name = raw[at..].bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let length = name.max(raw[at..].chars().next().map_or(0, char::len_utf8));
    Some(Place { source: place.source.clone(), span: Span::new(begin + at, begin + at + length) })
}

/// The byte of a column, from 0; the end counts.
fn byte_of(line: &str, column: usize) -> Option<usize> {
    line.char_indices().map(|(at, _)| at).chain([line.len()]).nth(column)
}

/// The lines of a block without their indentation, and where each begins; nothing where the header says how far that is.
fn lines(raw: &str) -> Option<Vec<(usize, &str)>> {
    let (header, body) = raw.split_once('\n')?;
    let header = header.split('#').next().unwrap_or_default();
    let first = body.lines().find(|line| !line.trim().is_empty())?;
    let indent = first.len() - first.trim_start_matches(' ').len();
    if header.contains(|c: char| c.is_ascii_digit()) || indent == 0 {
        return None;
    }
    let mut at = raw.len() - body.len();
    let lines = body.split_inclusive('\n').map(|whole| {
        let line = whole.trim_end_matches(['\n', '\r']);
        let cut = line.len().min(indent);
        let begin = at + cut;
        at += whole.len();
        line[..cut].bytes().all(|byte| byte == b' ').then(|| (begin, &line[cut..]))
    });
    lines.collect()
}

fn in_lines(raw: &str, line: usize, column: usize) -> Option<usize> {
    let (begin, text) = *lines(raw)?.get(line)?;
    Some(begin + byte_of(text, column)?)
}

/// Lines that are joined by spaces; those that are not, because one is blank or indented, are not counted.
fn in_folded(raw: &str, mut column: usize) -> Option<usize> {
    for (begin, text) in lines(raw)? {
        if text.trim().is_empty() || text.starts_with([' ', '\t']) {
            return None;
        }
        let length = text.chars().count();
        if column <= length {
            return Some(begin + byte_of(text, column)?);
        }
        column -= length + 1;
    }
    None
}

/// A scalar in quotes or without, in one line of the file.
fn in_flow(raw: &str, from: usize, quote: Option<char>, line: usize, column: usize) -> Option<usize> {
    let (mut at, mut here) = (from, (0, 0));
    while here != (line, column) {
        let mut rest = raw[at..].chars();
        let (first, second) = (rest.next()?, rest.next());
        let (length, breaks) = match (quote, first, second) {
            (_, '\n' | '\r', _) => return None,
            (Some('\''), '\'', Some('\'')) => (2, false),
            (Some('"'), '\\', Some('"' | '\\' | '/' | 't')) => (2, false),
            (Some('"'), '\\', Some('n')) => (2, true),
            (Some('"'), '\\', _) => return None,
            (Some(quote), found, _) if quote == found => return None,
            _ => (first.len_utf8(), false),
        };
        at += length;
        here = if breaks { (here.0 + 1, 0) } else { (here.0, here.1 + 1) };
        if here.0 > line {
            return None;
        }
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use portcullis_document::{ReadLimits, read_json, read_yaml};
    use portcullis_model::{Document, NodeId, Source};

    use super::*;

    fn underlined(document: &Document, line: usize, column: usize) -> Option<String> {
        let place = document.place(document.walk(NodeId::ROOT, &["e"])).expect("a place");
        let exact = inside(&place, line, column)?;
        Some(format!("{exact} {}", &exact.source.text()[exact.span.start as usize..exact.span.end as usize]))
    }

    #[test]
    fn finds_a_column_in_every_way_to_write_a_scalar() {
        for (text, line, column, found) in [
            ("e: object.x == objekt.y\n", 1, 13, "f:1:16 objekt"),
            ("e: \"ä == objekt\" # x\n", 1, 6, "f:1:10 objekt"),
            ("e: 'x == ''ä'' && y'\n", 1, 13, "f:1:19 y"),
            ("e: \"x == \\\"a\\\" &&\\n  y\"\n", 2, 3, "f:1:22 y"),
            ("e: |-\n  a &&\n\n  objekt.b\n", 3, 1, "f:4:3 objekt"),
            ("e: | # why\n    a &&\n      b == 1\n", 2, 3, "f:3:7 b"),
            ("e: >-\n  a &&\n  objekt.b\n", 1, 6, "f:3:3 objekt"),
            ("e: >-\n  a &&\n  b == objekt\n", 1, 11, "f:3:8 objekt"),
            ("{e: a == b, f: 1}\n", 1, 6, "f:1:10 b"),
            ("e: (true\n", 1, 6, "f:1:8 e"),
            ("e: '(true'\n", 1, 6, "f:1:10 '"),
            ("e: |-\r\n  a &&\r\n  b\r\n", 2, 1, "f:3:3 b"),
        ] {
            let document = read_yaml(&Source::new("f", text), &ReadLimits::default()).expect("YAML").remove(0);
            assert_eq!(underlined(&document, line, column).as_deref(), Some(found), "{text}");
        }
        let json = read_json(&Source::new("f", "{\"e\": \"x == 'a' &&\\n y\"}"), &ReadLimits::default()).expect("JSON");
        assert_eq!(underlined(&json, 2, 2).as_deref(), Some("f:1:22 y"));
    }

    #[test]
    fn keeps_the_whole_where_a_column_cannot_be_found() {
        for (text, line, column) in [
            ("e: a &&\n  b\n", 1, 6),
            ("e: \"\\u0061 == b\"\n", 1, 6),
            ("e: >-\n  a &&\n\n  b\n", 2, 1),
            ("e: >-\n  a &&\n\n  b\n", 1, 6),
            ("e: >-\n  a &&\n    b\n", 1, 8),
            ("e: 'a'\n", 1, 3),
            ("e: |2-\n    a\n", 1, 1),
            ("e: a\n", 1, 9),
            ("e: 'a'\n", 1, 9),
            ("e: |-\n  a\n", 7, 1),
        ] {
            let document = read_yaml(&Source::new("f", text), &ReadLimits::default()).expect("YAML").remove(0);
            assert_eq!(underlined(&document, line, column), None, "{text}");
            let place = document.place(document.walk(NodeId::ROOT, &["e"]));
            let message = format!("line {line}, column {column}: bad");
            assert_eq!(complaint_inside(message.clone(), place.clone()), (message, place));
        }
    }

    #[test]
    fn takes_the_place_out_of_a_complaint_that_is_put_there() {
        let document = read_yaml(&Source::new("f", "e: a == b\n"), &ReadLimits::default()).expect("YAML").remove(0);
        let place = document.place(document.walk(NodeId::ROOT, &["e"]));
        let (message, exact) = complaint_inside("column 6: no `b`: x".to_owned(), place.clone());
        assert_eq!((message.as_str(), exact.map(|place| place.start())), ("no `b`: x", Some((1, 9))));
        for message in ["column of a: b", "no place", "column 0: x", "line 1: x"] {
            assert_eq!(complaint_inside(message.to_owned(), place.clone()), (message.to_owned(), place.clone()));
        }
    }
}
