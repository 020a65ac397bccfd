//! Documents for tests: JSON text with places, without the reader of another crate.

use portcullis_model::{Document, DocumentBuilder, Limits, Source, Span};

/// A document from JSON text that is known to be well formed; its source is called `set.json`.
pub(crate) fn json(text: &str) -> Document {
    let source = Source::new("set.json", text);
    let mut reader = Reader { text, at: 0, builder: DocumentBuilder::new(Some(source), Limits::default()) };
    reader.value();
    reader.builder.finish().expect("a document")
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    builder: DocumentBuilder,
}

impl Reader<'_> {
    fn peek(&mut self) -> u8 {
        let bytes = self.text.as_bytes();
        while bytes[self.at].is_ascii_whitespace() || b",:".contains(&bytes[self.at]) {
            self.at += 1;
        }
        bytes[self.at]
    }

    fn string(&mut self) -> (String, Span) {
        assert_eq!(self.peek(), b'"', "a string in {} at {}", self.text, self.at);
        let start = self.at;
        let mut out = String::new();
        let mut chars = self.text[start + 1..].char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.at = start + at + 2;
                    return (out, Span::new(start, self.at));
                }
                '\\' => match chars.next().expect("an escape").1 {
                    'n' => out.push('\n'),
                    other => out.push(other),
                },
                other => out.push(other),
            }
        }
        panic!("an open string in {}", self.text);
    }

    fn value(&mut self) {
        let first = self.peek();
        let start = self.at;
        match first {
            b'"' => {
                let (text, place) = self.string();
                self.builder.string(&text, Some(place));
            }
            b'{' | b'[' => {
                self.at += 1;
                let place = Some(Span::new(start, self.at));
                let close = if first == b'{' { b'}' } else { b']' };
                if first == b'{' { self.builder.begin_map(place) } else { self.builder.begin_list(place) }
                while self.peek() != close {
                    if first == b'{' {
                        let (key, place) = self.string();
                        self.builder.key(&key, Some(place));
                    }
                    self.value();
                }
                self.at += 1;
                self.builder.end(self.at as u32).expect("a well formed document");
            }
            _ => {
                while !b",:]} \n".contains(self.text.as_bytes().get(self.at).unwrap_or(&b' ')) {
                    self.at += 1;
                }
                let place = Some(Span::new(start, self.at));
                match &self.text[start..self.at] {
                    "null" => self.builder.null(place),
                    "true" => self.builder.boolean(true, place),
                    "false" => self.builder.boolean(false, place),
                    number => self.builder.number(number, place),
                }
            }
        }
    }
}
