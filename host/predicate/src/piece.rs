//! One value of a text, looked at where it lies.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Number, Value};

use crate::scan::{after, string};
use crate::text::ESCAPED;
use crate::{Text, shown};

/// What kinds of value there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// Any number.
    Number,
    /// Any string.
    String,
    /// `[..]`.
    List,
    /// `{..}`.
    Map,
}

/// One value of a [`Text`]; as cheap to copy as a reference.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    text: &'a Text<'a>,
    at: u32,
}

impl<'a> Piece<'a> {
    pub(crate) fn new(text: &'a Text<'a>, at: usize) -> Self {
        Self { text, at: u32::try_from(at).unwrap_or(u32::MAX) }
    }

    /// The index of its mark: tells it from every other value of the text.
    pub(crate) fn index(self) -> u32 {
        self.at
    }

    pub(crate) fn sibling(self, at: u32) -> Self {
        Self { text: self.text, at }
    }

    pub(crate) fn text_address(self) -> usize {
        std::ptr::from_ref(self.text).addr()
    }

    fn mark(self) -> crate::text::Mark {
        self.text.marks[self.at as usize]
    }

    fn after(self) -> u32 {
        let bytes = self.text.text.as_bytes();
        u32::try_from(after(&self.text.marks, bytes, self.at as usize)).unwrap_or(u32::MAX)
    }

    fn first_byte(self) -> u8 {
        self.text.text.as_bytes()[self.mark().start as usize]
    }

    /// What it is.
    pub fn kind(self) -> Kind {
        match self.first_byte() {
            b'{' => Kind::Map,
            b'[' => Kind::List,
            b'"' => Kind::String,
            b't' | b'f' => Kind::Bool,
            b'n' => Kind::Null,
            _ => Kind::Number,
        }
    }

    /// The text of a string.
    pub fn str(self) -> Option<Cow<'a, str>> {
        (self.first_byte() == b'"').then(|| string(&self.text.text, self.mark()))
    }

    /// A string as it may be shown to a person: cut and harmless.
    pub fn shown(self) -> Option<String> {
        self.str().map(|text| shown(&text))
    }

    /// True or false.
    pub fn bool(self) -> Option<bool> {
        match self.first_byte() {
            b't' => Some(true),
            b'f' => Some(false),
            _ => None,
        }
    }

    /// A number.
    pub fn number(self) -> Option<Number> {
        (self.kind() == Kind::Number).then(|| serde_json::from_str(self.raw()).ok()).flatten()
    }

    /// A whole number from 0.
    pub fn index_number(self) -> Option<u64> {
        self.number()?.as_u64()
    }

    /// The members of a map, in order; none for everything else.
    pub fn members(self) -> Members<'a> {
        Members { text: self.text, next: self.at + 1, end: if self.kind() == Kind::Map { self.after() } else { 0 } }
    }

    /// The elements of a list, in order; none for everything else.
    pub fn elements(self) -> Elements<'a> {
        Elements { text: self.text, next: self.at + 1, end: if self.kind() == Kind::List { self.after() } else { 0 } }
    }

    /// The member of a map.
    pub fn get(self, name: &str) -> Option<Piece<'a>> {
        let mut members = self.members();
        while let Some((key, value)) = members.next_piece() {
            if key.is(name) {
                return Some(value);
            }
        }
        None
    }

    /// The member that a path of names leads to.
    pub fn path(self, names: &[&str]) -> Option<Piece<'a>> {
        names.iter().try_fold(self, |piece, name| piece.get(name))
    }

    /// The text of a member that is a string.
    pub fn get_str(self, name: &str) -> Option<Cow<'a, str>> {
        self.get(name)?.str()
    }

    /// The elements of a member that is a list.
    pub fn list(self, name: &str) -> Elements<'a> {
        match self.get(name) {
            Some(piece) => piece.elements(),
            None => Elements { text: self.text, next: 1, end: 0 },
        }
    }

    /// Whether it is the string.
    pub fn is(self, wanted: &str) -> bool {
        if self.first_byte() != b'"' {
            return false;
        }
        let mark = self.mark();
        if mark.rest & ESCAPED == 0 {
            return self.text.text.as_bytes()[mark.start as usize + 1..mark.rest as usize - 1] == *wanted.as_bytes();
        }
        // An escape takes one to six bytes for each of what it means: nobody is made to read an endless name for every member
        // that is looked up beside it.
        let written = (mark.rest & !ESCAPED) as usize - mark.start as usize - 2;
        (wanted.len()..=wanted.len().saturating_mul(6)).contains(&written) && string(&self.text.text, mark) == wanted
    }

    /// Where it stands in the text.
    pub fn span(self) -> Range<usize> {
        self.mark().start as usize..self.end()
    }

    fn end(self) -> usize {
        let mark = self.mark();
        if !matches!(self.kind(), Kind::List | Kind::Map) {
            return (mark.rest & !ESCAPED) as usize;
        }
        let mut last = None;
        let mut next = self.at + 1;
        while next < mark.rest {
            last = Some(self.sibling(next));
            next = self.sibling(next).after();
        }
        let from = last.map_or(mark.start as usize + 1, Piece::end);
        let bytes = &self.text.text.as_bytes()[from..];
        from + bytes.iter().position(|byte| matches!(byte, b']' | b'}')).map_or(0, |at| at + 1)
    }

    /// Its JSON as written.
    pub fn raw(self) -> &'a str {
        &self.text.text[self.span()]
    }

    /// Its JSON pointer (RFC 6901). Found by walking down from the root: for what is shown, not for every value.
    pub fn pointer(self) -> String {
        let mut pointer = String::new();
        if self.text.made {
            return pointer;
        }
        let mut here = self.text.root();
        while here.at != self.at {
            let within = |piece: &Piece<'a>| piece.at <= self.at && self.at < piece.after();
            let step = match here.kind() {
                Kind::List => {
                    let step = here.elements().enumerate().find(|(_, piece)| within(piece));
                    step.map(|(index, piece)| (index.to_string(), piece))
                }
                _ => here
                    .members()
                    .find(|(_, piece)| within(piece))
                    .map(|(name, piece)| (name.replace('~', "~0").replace('/', "~1"), piece)),
            };
            let Some((name, piece)) = step else { break };
            pointer.push('/');
            pointer.push_str(&name);
            here = piece;
        }
        pointer
    }

    /// A copy as a tree, for small pieces.
    pub fn value(self) -> Value {
        match self.kind() {
            Kind::Null => Value::Null,
            Kind::Bool => Value::Bool(self.bool() == Some(true)),
            Kind::Number => self.number().map_or(Value::Null, Value::Number),
            Kind::String => Value::String(self.str().unwrap_or_default().into_owned()),
            Kind::List => Value::Array(self.elements().map(Piece::value).collect()),
            Kind::Map => {
                Value::Object(self.members().map(|(name, value)| (name.into_owned(), value.value())).collect())
            }
        }
    }
}

/// The members of a map.
#[derive(Clone, Debug)]
pub struct Members<'a> {
    text: &'a Text<'a>,
    next: u32,
    end: u32,
}

impl<'a> Members<'a> {
    pub(crate) fn next_piece(&mut self) -> Option<(Piece<'a>, Piece<'a>)> {
        if self.next >= self.end {
            return None;
        }
        let key = Piece { text: self.text, at: self.next };
        let value = Piece { text: self.text, at: self.next + 1 };
        self.next = value.after();
        Some((key, value))
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Piece<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (key, value) = self.next_piece()?;
        Some((key.str().unwrap_or_default(), value))
    }
}

/// The elements of a list.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    text: &'a Text<'a>,
    next: u32,
    end: u32,
}

impl<'a> Iterator for Elements<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        if self.next >= self.end {
            return None;
        }
        let piece = Piece { text: self.text, at: self.next };
        self.next = piece.after();
        Some(piece)
    }
}
