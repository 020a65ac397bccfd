//! The values of a text as the library for schemas wants to see them, so that it judges them where they lie.

use std::borrow::Cow;
use std::cell::Cell;

use jsonschema::json::{Array, Json, Node, NodeIdentity, Object};
use jsonschema::types::JsonType;
use serde_json::{Number, Value};

use crate::piece::{Elements, Members};
use crate::{Kind, MAX_FAULTS_COUNTED, Piece, Text, compare};

/// The representation: nothing but a name.
pub(crate) struct Marked;

/// One value, and how many faults were told so far in this judgement: once there are [`MAX_FAULTS_COUNTED`], lists and maps look
/// as if they ended, so that telling what is wrong with a bad document takes little.
#[derive(Clone, Copy)]
pub(crate) struct Judged<'a> {
    piece: Piece<'a>,
    told: &'a Cell<usize>,
}

impl<'a> Judged<'a> {
    pub(crate) fn new(piece: Piece<'a>, told: &'a Cell<usize>) -> Self {
        Self { piece, told }
    }

    fn enough(&self) -> bool {
        self.told.get() >= MAX_FAULTS_COUNTED
    }
}

pub(crate) struct StringBuffer(Text<'static>, Cell<usize>);

impl Default for StringBuffer {
    fn default() -> Self {
        Self(Text::of_string(""), Cell::new(0))
    }
}

impl Json for Marked {
    type Node<'a> = Judged<'a>;
    type PreparedKey = Box<str>;
    type StringBuffer = StringBuffer;

    /// A look-up walks the members.
    const KEYS_PER_LOOKUP: usize = 4;

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>(buffer: &mut StringBuffer, string: &str, f: impl FnOnce(Judged<'_>) -> T) -> T {
        buffer.0 = Text::of_string(string);
        f(Judged::new(buffer.0.root(), &buffer.1))
    }
}

impl<'a> Node<'a, Marked> for Judged<'a> {
    type Object = Map<'a>;
    type Array = List<'a>;
    type Number = Number;

    fn as_object(&self) -> Option<Map<'a>> {
        (self.piece.kind() == Kind::Map).then_some(Map(*self))
    }

    fn as_array(&self) -> Option<List<'a>> {
        (self.piece.kind() == Kind::List).then_some(List(*self))
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.piece.str()
    }

    fn as_number(&self) -> Option<Number> {
        self.piece.number()
    }

    fn as_boolean(&self) -> Option<bool> {
        self.piece.bool()
    }

    fn is_null(&self) -> bool {
        self.piece.kind() == Kind::Null
    }

    fn is_number(&self) -> bool {
        self.piece.kind() == Kind::Number
    }

    fn is_string(&self) -> bool {
        self.piece.kind() == Kind::String
    }

    fn json_type(&self) -> JsonType {
        match self.piece.kind() {
            Kind::Null => JsonType::Null,
            Kind::Bool => JsonType::Boolean,
            Kind::Number => JsonType::Number,
            Kind::String => JsonType::String,
            Kind::List => JsonType::Array,
            Kind::Map => JsonType::Object,
        }
    }

    fn equals_value(&self, expected: &Value) -> bool {
        compare::is_value(self.piece, expected)
    }

    /// Asked for each fault, to be shown with it: our own words show no more than where it stands, so the index of its mark
    /// is all that is given, and a fault about the root of 30 MB costs no copy of it.
    fn to_value(&self) -> Cow<'a, Value> {
        self.told.set(self.told.get() + 1);
        Cow::Owned(Value::from(self.piece.index()))
    }

    fn identity(&self) -> Option<NodeIdentity> {
        Some(NodeIdentity::tagged(self.piece.text_address(), self.piece.index()))
    }
}

pub(crate) struct Map<'a>(Judged<'a>);

pub(crate) struct JudgedMembers<'a>(Members<'a>, Judged<'a>);

impl<'a> Iterator for JudgedMembers<'a> {
    type Item = (Cow<'a, str>, Judged<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.1.enough() {
            return None;
        }
        let (name, piece) = self.0.next()?;
        Some((name, Judged { piece, told: self.1.told }))
    }
}

impl<'a> Object<'a, Marked> for Map<'a> {
    type Node = Judged<'a>;
    type MemberName = Cow<'a, str>;
    type MembersIter = JudgedMembers<'a>;

    fn len(&self) -> usize {
        let mut members = self.0.piece.members();
        std::iter::from_fn(|| members.next_piece()).count()
    }

    fn is_empty(&self) -> bool {
        self.0.piece.members().next_piece().is_none()
    }

    fn get(&self, key: &Box<str>) -> Option<Judged<'a>> {
        Some(Judged { piece: self.0.piece.get(key)?, told: self.0.told })
    }

    fn members(&self) -> JudgedMembers<'a> {
        JudgedMembers(self.0.piece.members(), self.0)
    }
}

pub(crate) struct List<'a>(Judged<'a>);

pub(crate) struct JudgedElements<'a>(Elements<'a>, Judged<'a>);

impl<'a> Iterator for JudgedElements<'a> {
    type Item = Judged<'a>;

    fn next(&mut self) -> Option<Judged<'a>> {
        if self.1.enough() {
            return None;
        }
        Some(Judged { piece: self.0.next()?, told: self.1.told })
    }
}

impl<'a> Array<'a, Marked> for List<'a> {
    type Node = Judged<'a>;
    type ElementsIter = JudgedElements<'a>;

    fn len(&self) -> usize {
        self.0.piece.elements().count()
    }

    fn elements(&self) -> JudgedElements<'a> {
        JudgedElements(self.0.piece.elements(), self.0)
    }

    fn is_unique(&self) -> bool {
        compare::unique(self.0.piece.elements())
    }
}
