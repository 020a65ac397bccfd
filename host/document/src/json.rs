//! JSON, fast; depth and duplicate keys checked.

use std::sync::Arc;

use jiter::{Jiter, JsonError, JsonErrorType, Peek};
use portcullis_model::{Document, DocumentBuilder, Source, Span};

use crate::error::{Error, ErrorKind};
use crate::{ReadLimits, yaml};

/// Reads the one JSON value of a text; every key and value keeps its place, every number its text.
///
/// # Errors
/// Everything that RFC 8259 refuses, duplicate keys, lone surrogates, more than the limits, text after the value. Where that
/// text goes on as a stream (kubectl reads JSON values one after the other, and documents between `---`), the error is
/// what is wrong with the stream, if anything is.
pub fn read_json(source: &Arc<Source>, limits: &ReadLimits) -> Result<Document, Error> {
    let text = source.text();
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let (document, end) = read_value(text, start, Some(source), limits)?;
    let Err(trailing) = nothing_after(text, end, Some(source)) else { return Ok(document) };
    drop(document);
    let rest = text[end..].trim_start();
    let stream = rest.starts_with('{') || rest.starts_with("---");
    Err(stream.then(|| yaml::read_yaml(source, limits).err()).flatten().unwrap_or(trailing))
}

/// Reads the one JSON value of a text and keeps no places: for bodies, facts and settings.
///
/// # Errors
/// Those of [`read_json`], without places.
pub fn read_json_text(text: &str, limits: &ReadLimits) -> Result<Document, Error> {
    let (document, end) = read_value(text, 0, None, limits)?;
    nothing_after(text, end, None)?;
    Ok(document)
}

fn nothing_after(text: &str, end: usize, source: Option<&Arc<Source>>) -> Result<(), Error> {
    let rest = text.get(end..).unwrap_or_default().trim_start_matches([' ', '\t', '\n', '\r']);
    let at = text.len() - rest.len();
    match rest.chars().next() {
        Some(next) => Err(ErrorKind::TrailingText.at(source, at, at + next.len_utf8())),
        None => Ok(()),
    }
}

/// Reads the value that begins at `start`; returns where it ends as well.
pub(crate) fn read_value(
    text: &str,
    start: usize,
    source: Option<&Arc<Source>>,
    limits: &ReadLimits,
) -> Result<(Document, usize), Error> {
    limits.check(text.len())?;
    let rest = text.get(start..).unwrap_or_default();
    let builder = DocumentBuilder::new(source.cloned(), limits.tree).expecting(rest.len());
    let mut reader = Reader { text: rest, jiter: Jiter::new(rest.as_bytes()), base: start, source, builder };
    let end = reader.value().map_err(|failure| failure.locate(rest, start, source))?;
    let document = reader.builder.finish().map_err(|error| Error::building(error, source))?;
    Ok((document, start + end))
}

/// What stops the reader, before the place is known.
enum Failure {
    Json(JsonErrorType, usize),
    Build(portcullis_model::BuildError),
}

impl From<jiter::JiterError> for Failure {
    fn from(error: jiter::JiterError) -> Self {
        match error.error_type {
            jiter::JiterErrorType::JsonError(kind) => Self::Json(kind, error.index),
            // Asked for a type that is not there: the reader looks before it asks.
            jiter::JiterErrorType::WrongType { .. } => Self::Json(JsonErrorType::ExpectedSomeValue, error.index),
        }
    }
}

impl From<JsonError> for Failure {
    fn from(error: JsonError) -> Self {
        Self::Json(error.error_type, error.index)
    }
}

impl From<portcullis_model::BuildError> for Failure {
    fn from(error: portcullis_model::BuildError) -> Self {
        Self::Build(error)
    }
}

impl Failure {
    fn locate(self, text: &str, base: usize, source: Option<&Arc<Source>>) -> Error {
        let (kind, index) = match self {
            Self::Build(error) => return Error::building(error, source),
            Self::Json(kind, index) => (kind, index),
        };
        let index = text.floor_char_boundary(index.min(text.len()));
        let (kind, length) = match complaint(&kind) {
            // An error at the last byte is one of something that is missing after it.
            ErrorKind::Truncated => (ErrorKind::Truncated, 0),
            _ if text.get(index..).is_none_or(|rest| rest.trim_end().is_empty()) => (ErrorKind::Truncated, 0),
            other => (other, text[index..].chars().next().map_or(0, char::len_utf8)),
        };
        kind.at(source, base + index, base + index + length)
    }
}

fn complaint(kind: &JsonErrorType) -> ErrorKind {
    use JsonErrorType as J;
    let what = match kind {
        J::EofWhileParsingList | J::EofWhileParsingObject | J::EofWhileParsingString | J::EofWhileParsingValue => {
            return ErrorKind::Truncated;
        }
        J::ControlCharacterWhileParsingString => return ErrorKind::ControlCharacter,
        J::LoneLeadingSurrogateInHexEscape | J::UnexpectedEndOfHexEscape | J::InvalidUnicodeCodePoint => {
            return ErrorKind::LoneSurrogate;
        }
        J::TrailingCharacters => return ErrorKind::TrailingText,
        J::ExpectedColon => "a `:` is missing after a key",
        J::ExpectedListCommaOrEnd => "a `,` or `]` is missing",
        J::ExpectedObjectCommaOrEnd => "a `,` or `}` is missing",
        J::TrailingComma => "a `,` before a closing bracket",
        J::KeyMustBeAString => "a key must stand in double quotes",
        J::InvalidEscape => "an escape that JSON does not have",
        J::InvalidNumber | J::NumberOutOfRange => "a number that is not written as JSON wants it",
        J::ExpectedSomeIdent => "a word that is not `true`, `false` or `null`",
        _ => "no JSON value begins here",
    };
    ErrorKind::Syntax { what }
}

struct Reader<'t> {
    text: &'t str,
    jiter: Jiter<'t>,
    /// Where `text` begins in the source.
    base: usize,
    source: Option<&'t Arc<Source>>,
    builder: DocumentBuilder,
}

impl Reader<'_> {
    /// Reads one value without recursion; returns where it ends in `text`.
    fn value(&mut self) -> Result<usize, Failure> {
        let mut open: Vec<Peek> = Vec::new();
        let mut peek = self.jiter.peek()?;
        loop {
            let inside = match peek {
                Peek::Array => self.begin_list()?,
                Peek::Object => self.begin_map()?,
                _ => {
                    self.scalar(peek)?;
                    None
                }
            };
            if let Some(first) = inside {
                open.push(peek);
                peek = first;
                continue;
            }
            // Closes what is complete, until something has a next value.
            peek = loop {
                let Some(&around) = open.last() else { return Ok(self.jiter.current_index()) };
                let next = if around == Peek::Object { self.next_key()? } else { self.jiter.array_step()? };
                match next {
                    Some(next) => break next,
                    None => {
                        open.pop();
                        self.builder.end(self.offset(self.jiter.current_index()))?;
                    }
                }
            };
        }
    }

    fn begin_list(&mut self) -> Result<Option<Peek>, Failure> {
        let at = self.jiter.current_index();
        self.builder.begin_list(self.span(at, at + 1));
        self.stop_early()?;
        let first = self.jiter.known_array()?;
        if first.is_none() {
            self.builder.end(self.offset(self.jiter.current_index()))?;
        }
        Ok(first)
    }

    fn begin_map(&mut self) -> Result<Option<Peek>, Failure> {
        let at = self.jiter.current_index();
        self.builder.begin_map(self.span(at, at + 1));
        self.stop_early()?;
        let Some(key) = self.jiter.known_object()? else {
            self.builder.end(self.offset(self.jiter.current_index()))?;
            return Ok(None);
        };
        let place = self.source.map(|_| key_span(self.text, self.base, at + 1, key));
        self.builder.key(key, place);
        Ok(Some(self.jiter.peek()?))
    }

    fn next_key(&mut self) -> Result<Option<Peek>, Failure> {
        let at = self.jiter.current_index();
        let Some(key) = self.jiter.next_key()? else { return Ok(None) };
        let place = self.source.map(|_| key_span(self.text, self.base, at, key));
        self.builder.key(key, place);
        Ok(Some(self.jiter.peek()?))
    }

    fn scalar(&mut self, peek: Peek) -> Result<(), Failure> {
        let at = self.jiter.current_index();
        match peek {
            Peek::String => {
                let text = self.jiter.known_str()?;
                let place = self.source.map(|_| string_span(self.text, self.base, at, text));
                self.builder.string(text, place);
            }
            Peek::Null => {
                self.jiter.known_null()?;
                self.builder.null(self.span(at, at + 4));
            }
            Peek::True | Peek::False => {
                let value = self.jiter.known_bool(peek)?;
                self.builder.boolean(value, self.span(at, self.jiter.current_index()));
            }
            _ => {
                self.jiter.known_number_bytes(peek)?;
                let end = self.jiter.current_index();
                self.builder.number(self.text.get(at..end).unwrap_or_default(), self.span(at, end));
            }
        }
        self.stop_early()
    }

    fn stop_early(&self) -> Result<(), Failure> {
        self.builder.failure().map_or(Ok(()), |failure| Err(Failure::Build(failure.clone())))
    }

    fn offset(&self, index: usize) -> u32 {
        Span::new(self.base + index, 0).start
    }

    fn span(&self, start: usize, end: usize) -> Option<Span> {
        self.source.map(|_| Span::new(self.base + start, self.base + end))
    }
}

/// The span of a key that stands after a bracket or comma, its quotes included.
fn key_span(text: &str, base: usize, after: usize, key: &str) -> Span {
    let quote = text.as_bytes()[after..].iter().position(|&byte| byte == b'"').unwrap_or(0);
    string_span(text, base, after + quote, key)
}

/// The span of a string whose opening quote stands at `at`.
fn string_span(text: &str, base: usize, at: usize, value: &str) -> Span {
    let bytes = text.as_bytes();
    let borrowed = bytes.get(at + 1..).is_some_and(|rest| std::ptr::eq(rest.as_ptr(), value.as_ptr()));
    let end = if borrowed { at + value.len() + 2 } else { closing_quote(bytes, at) };
    Span::new(base + at, base + end)
}

/// The offset after the quote that closes the string at `at`, escapes skipped.
fn closing_quote(bytes: &[u8], at: usize) -> usize {
    let mut index = at + 1;
    while let Some(&byte) = bytes.get(index) {
        index += match byte {
            b'"' => return index + 1,
            b'\\' => 2,
            _ => 1,
        };
    }
    bytes.len()
}
