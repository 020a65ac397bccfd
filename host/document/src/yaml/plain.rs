//! The YAML that nearly all manifests are written in, read in one pass; whatever is written otherwise is left to the parser.
//!
//! Block maps and lists with keys and scalars of one line, lists and maps in brackets on one line, and texts after `|`. Where
//! anything else stands (anchors, tags, several lines of one scalar, tabs, directives, a mistake), [`read`] gives up, and the parser
//! reads the same part again, or complains: there is one meaning and one set of messages. Its tests hold both to the same trees
//! and places.

mod line;
mod text;

use std::borrow::Cow;
use std::sync::Arc;

use portcullis_model::{Document, DocumentBuilder, Source, Span};

use crate::ReadLimits;
use crate::yaml::scalar::{Value, resolve};
use line::Scalar;

/// Brackets inside each other on one line.
const BRACKETS: usize = 16;
/// Bytes of a key; the parser takes 1024.
const KEY_BYTES: usize = 512;

/// What is open, and where it stands.
struct Open {
    kind: Kind,
    /// The column of its keys or dashes.
    indent: usize,
    /// The end of what stands in it so far.
    finish: usize,
    /// Where the value of the last key or dash would stand, when nothing stood on its line.
    waiting: Option<usize>,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Map,
    List,
    /// A list whose dashes stand under the key that it belongs to.
    ListUnderKey,
}

struct Reader<'t> {
    text: &'t str,
    /// Where the next line begins.
    at: usize,
    end: usize,
    builder: DocumentBuilder,
    open: Vec<Open>,
}

/// Reads one part of a stream: nothing where it has to be read by the parser, else its document, if there is one in it.
pub(crate) fn read(source: &Arc<Source>, start: usize, end: usize, limits: &ReadLimits) -> Option<Option<Document>> {
    let text = source.text().get(..end)?;
    if !text::is_ordinary(&text[start..]) {
        return None;
    }
    let builder = DocumentBuilder::new(Some(Arc::clone(source)), limits.tree).expecting(end - start);
    let mut reader = Reader { text, at: start, end, builder, open: Vec::new() };
    reader.lines()?;
    if reader.open.is_empty() {
        return Some(None);
    }
    while !reader.open.is_empty() {
        reader.close()?;
    }
    reader.builder.finish().ok().map(Some)
}

impl<'t> Reader<'t> {
    fn lines(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let mut marked = false;
        while self.at < self.end {
            let start = self.at;
            let eol = line::end(bytes, start);
            let first = line::skip_blanks(bytes, start, eol);
            self.at = eol + 1;
            if first == eol || bytes[first] == b'#' {
                continue;
            }
            let indent = first - start;
            if indent == 0 && line::is_marker(&bytes[start..eol]) {
                // One `---` before everything else is how many files begin.
                let alone = line::is_over(bytes, start + 3, eol);
                if marked || !self.open.is_empty() || !alone || bytes[start] != b'-' {
                    return None;
                }
                marked = true;
                continue;
            }
            match self.open.is_empty() {
                true if indent == 0 => self.block(first, eol, indent)?,
                true => return None,
                false => self.line(first, eol, indent)?,
            }
            if self.builder.failure().is_some() {
                return None;
            }
        }
        Some(())
    }

    /// One line with something on it, where something is open.
    fn line(&mut self, first: usize, eol: usize, indent: usize) -> Option<()> {
        while self.open.last()?.indent > indent {
            self.close()?;
        }
        let bytes = self.text.as_bytes();
        let dash = line::is_dash(bytes, first, eol);
        let top = self.open.last()?;
        if top.indent < indent {
            top.waiting?;
            return self.block(first, eol, indent);
        }
        match top.kind {
            Kind::Map if dash => {
                top.waiting?;
                self.begin(Kind::ListUnderKey, first, indent)?;
                self.item(first, eol)
            }
            Kind::ListUnderKey if !dash => {
                self.close()?;
                self.entry(first, eol)
            }
            Kind::Map => self.entry(first, eol),
            Kind::List | Kind::ListUnderKey => dash.then(|| self.item(first, eol)).flatten(),
        }
    }

    /// A map or list that begins on this line.
    fn block(&mut self, first: usize, eol: usize, indent: usize) -> Option<()> {
        if line::is_dash(self.text.as_bytes(), first, eol) {
            self.begin(Kind::List, first, indent)?;
            return self.item(first, eol);
        }
        self.begin(Kind::Map, first, indent)?;
        self.entry(first, eol)
    }

    fn begin(&mut self, kind: Kind, first: usize, indent: usize) -> Option<()> {
        let place = Some(Span::new(first, first));
        match kind {
            Kind::Map => self.builder.begin_map(place),
            Kind::List | Kind::ListUnderKey => self.builder.begin_list(place),
        }
        if let Some(around) = self.open.last_mut() {
            around.waiting = None;
            around.finish = around.finish.max(first);
        }
        self.open.push(Open { kind, indent, finish: first, waiting: None });
        self.builder.failure().is_none().then_some(())
    }

    fn close(&mut self) -> Option<()> {
        self.missing()?;
        let closed = self.open.pop()?;
        self.builder.end(Span::new(0, closed.finish).end).ok()?;
        self.stretch(closed.finish)
    }

    /// What is open ends no earlier than what stands in it.
    fn stretch(&mut self, finish: usize) -> Option<()> {
        if let Some(around) = self.open.last_mut() {
            around.finish = around.finish.max(finish);
        }
        Some(())
    }

    /// `null` where a key or dash has no value.
    fn missing(&mut self) -> Option<()> {
        if let Some(at) = self.open.last_mut()?.waiting.take() {
            self.builder.null(Some(Span::new(at, at)));
            self.stretch(at)?;
        }
        Some(())
    }

    /// A dash and what stands after it: nothing, a value, the first entry of a map, or another dash.
    fn item(&mut self, dash: usize, eol: usize) -> Option<()> {
        let bytes = self.text.as_bytes();
        let (mut dash, mut indent) = (dash, self.open.last()?.indent);
        loop {
            self.missing()?;
            let after = line::skip_blanks(bytes, dash + 1, eol);
            if after == eol || bytes[after] == b'#' {
                self.open.last_mut()?.waiting = Some(dash + 1);
                return Some(());
            }
            indent += after - dash;
            if line::is_dash(bytes, after, eol) {
                self.begin(Kind::List, after, indent)?;
                dash = after;
                continue;
            }
            if matches!(bytes[after], b'[' | b'{' | b'|') {
                return self.value(after, eol);
            }
            let scalar = line::scalar(self.text, after, eol)?;
            if !scalar.is_key {
                return self.scalar(&scalar, eol);
            }
            self.begin(Kind::Map, after, indent)?;
            return self.entry_of(&scalar, eol);
        }
    }

    /// A key and what stands after it: nothing or a value.
    fn entry(&mut self, first: usize, eol: usize) -> Option<()> {
        self.missing()?;
        let key = line::scalar(self.text, first, eol)?;
        self.entry_of(&key, eol)
    }

    fn entry_of(&mut self, key: &Scalar<'t>, eol: usize) -> Option<()> {
        self.key(key)?;
        let bytes = self.text.as_bytes();
        let after = line::skip_blanks(bytes, key.finish + 1, eol);
        if after == eol || bytes[after] == b'#' {
            self.open.last_mut()?.waiting = Some(key.finish + 1);
            return Some(());
        }
        self.value(after, eol)
    }

    /// A key as the emitter of the parser's trees writes it.
    fn key(&mut self, key: &Scalar<'t>) -> Option<()> {
        if !key.is_key || key.finish - key.start > KEY_BYTES {
            return None;
        }
        let text = match resolve(&key.text, None, key.plain).ok()? {
            Value::Text(text) => text,
            Value::Bool(value) => Cow::Borrowed(if value { "true" } else { "false" }),
            Value::Number(number) => Cow::Owned(number.key()?),
            Value::Null => return None,
        };
        self.builder.key(&text, Some(Span::new(key.start, key.finish)));
        self.stretch(key.finish)
    }

    /// A value on the line of its key or dash.
    fn value(&mut self, at: usize, eol: usize) -> Option<()> {
        match self.text.as_bytes()[at] {
            b'|' => {
                let literal = text::literal(&self.text[..self.end], at, eol, self.open.last()?.indent)?;
                self.at = literal.next_line;
                self.builder.string(&literal.text, Some(Span::new(at, literal.finish)));
                self.stretch(literal.finish)
            }
            b'[' | b'{' => {
                let finish = self.brackets(at, eol, 0)?;
                self.stretch(finish)?;
                line::is_over(self.text.as_bytes(), finish, eol).then_some(())
            }
            _ => {
                let scalar = line::scalar(self.text, at, eol)?;
                self.scalar(&scalar, eol)
            }
        }
    }

    /// A scalar that ends its line.
    fn scalar(&mut self, scalar: &Scalar<'t>, eol: usize) -> Option<()> {
        if scalar.is_key || !line::is_over(self.text.as_bytes(), scalar.finish, eol) {
            return None;
        }
        self.emit(scalar)?;
        self.stretch(scalar.finish)
    }

    fn emit(&mut self, scalar: &Scalar<'t>) -> Option<()> {
        let place = Some(Span::new(scalar.start, scalar.finish));
        match resolve(&scalar.text, None, scalar.plain).ok()? {
            Value::Null => self.builder.null(place),
            Value::Bool(value) => self.builder.boolean(value, place),
            Value::Text(text) => self.builder.string(&text, place),
            Value::Number(number) => self.builder.number(&number.json()?, place),
        }
        Some(())
    }

    /// A list or map in brackets on one line; returns where it ends.
    fn brackets(&mut self, at: usize, eol: usize, depth: usize) -> Option<usize> {
        let (bytes, place) = (self.text.as_bytes(), Some(Span::new(at, at + 1)));
        let map = bytes[at] == b'{';
        let last = if map { b'}' } else { b']' };
        if depth == BRACKETS {
            return None;
        }
        match map {
            true => self.builder.begin_map(place),
            false => self.builder.begin_list(place),
        }
        let mut at = line::skip_blanks(bytes, at + 1, eol);
        let mut first = true;
        while at < eol && !(first && bytes[at] == last) {
            first = false;
            if map {
                let key = line::scalar_in_brackets(self.text, at, eol)?;
                self.key(&key)?;
                at = line::skip_blanks(bytes, key.finish + 1, eol);
            }
            at = match bytes.get(at).filter(|_| at < eol)? {
                b'[' | b'{' => self.brackets(at, eol, depth + 1)?,
                _ => {
                    let scalar = line::scalar_in_brackets(self.text, at, eol).filter(|scalar| !scalar.is_key)?;
                    self.emit(&scalar)?;
                    scalar.finish
                }
            };
            at = line::skip_blanks(bytes, at, eol);
            if at < eol && bytes[at] == last {
                break;
            }
            if at == eol || bytes[at] != b',' {
                return None;
            }
            at = line::skip_blanks(bytes, at + 1, eol);
            // The parser decides what a comma before the bracket means.
            if at < eol && bytes[at] == last {
                return None;
            }
        }
        if at >= eol {
            return None;
        }
        self.builder.end(Span::new(0, at + 1).end).ok()?;
        Some(at + 1)
    }
}

#[cfg(test)]
mod tests;
