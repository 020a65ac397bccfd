//! Code as a tree again, for hosts that ask what a simple expression reads: no loops, no patterns, nothing optional.

use crate::code::{Op, Reader};
use crate::functions::{Does, FUNCTIONS};
use crate::request::Given;
use crate::value::Value;

/// How many parts may lie inside each other.
pub const MOST_INSIDE: usize = 100;

/// A part of an expression.
#[derive(Clone, Debug)]
pub enum Part<'c> {
    /// `null`, a bool, a number or a text.
    Literal(Value<'c>),
    /// `object`, `oldObject` or `params`.
    Root(&'static str),
    /// A value of the request.
    Given(Given),
    /// `has(..)` of that.
    HasGiven(Given),
    /// A field of a part.
    Field(Box<Part<'c>>, &'c str),
    /// `has(..)` of that.
    Has(Box<Part<'c>>, &'c str),
    /// `[.., ..]`.
    List(Vec<Part<'c>>),
    /// A function or an operator, as CEL calls it (`_&&_`, `_?_:_`, `_in_`, `startsWith`), and what it is called with.
    Call(&'static str, Vec<Part<'c>>),
}

/// A condition under way: where its other side ends.
struct Choice {
    end: usize,
}

/// What a compiled expression is made of; nothing where it is not simple, or deeper than [`MOST_INSIDE`].
pub fn outline(code: &[u8]) -> Option<Part<'_>> {
    let mut reader = Reader { code, at: 0 };
    let mut stack = Stack(Vec::new());
    let mut choices: Vec<Choice> = Vec::new();
    loop {
        while choices.last().is_some_and(|choice| choice.end == reader.at) {
            choices.pop();
            stack.call("_?_:_", 3)?;
        }
        match reader.op() {
            Op::End => return stack.only(),
            Op::Null => stack.push(Part::Literal(Value::Null)),
            Op::True => stack.push(Part::Literal(Value::Bool(true))),
            Op::False => stack.push(Part::Literal(Value::Bool(false))),
            Op::Int => stack.push(Part::Literal(Value::Int(i64::from_le_bytes(reader.array())))),
            Op::Text => stack.push(Part::Literal(Value::Text(reader.text()))),
            Op::Root => stack.push(Part::Root(["object", "oldObject", "params"].get(usize::from(reader.byte()))?)),
            Op::Given => stack.push(Part::Given(*Given::ALL.get(usize::from(reader.byte()))?)),
            Op::HasGiven => stack.push(Part::HasGiven(*Given::ALL.get(usize::from(reader.byte()))?)),
            Op::Select => stack.around(|part| Part::Field(Box::new(part), reader.text()))?,
            Op::Has => stack.around(|part| Part::Has(Box::new(part), reader.text()))?,
            Op::List => {
                let count = usize::from(reader.short());
                let optional = (0..count).any(|_| reader.byte() == 1);
                stack.join(count, Part::List).filter(|()| !optional)?;
            }
            // Both sides stand one after the other; what joins them follows.
            Op::AndJump | Op::OrJump | Op::Jump => {
                reader.place();
            }
            Op::And => stack.call("_&&_", 2)?,
            Op::Or => stack.call("_||_", 2)?,
            Op::Unless => {
                let _otherwise = reader.place();
                choices.push(Choice { end: reader.place() });
            }
            Op::Call => {
                let does = *Does::ALL.get(usize::from(reader.byte()))?;
                let count = usize::from(reader.byte());
                stack.call(FUNCTIONS.iter().find(|function| function.does == does)?.name, count)?;
            }
            _ => return None,
        }
    }
}

/// Parts, and how many lie inside each other in each.
struct Stack<'c>(Vec<(Part<'c>, usize)>);

impl<'c> Stack<'c> {
    fn push(&mut self, part: Part<'c>) {
        self.0.push((part, 1));
    }

    fn around(&mut self, make: impl FnOnce(Part<'c>) -> Part<'c>) -> Option<()> {
        self.join(1, |mut parts| parts.pop().map_or(Part::List(Vec::new()), make))
    }

    fn call(&mut self, name: &'static str, count: usize) -> Option<()> {
        self.join(count, |parts| Part::Call(name, parts))
    }

    fn join(&mut self, count: usize, make: impl FnOnce(Vec<Part<'c>>) -> Part<'c>) -> Option<()> {
        let from = self.0.len().checked_sub(count)?;
        let (parts, depths): (Vec<Part<'c>>, Vec<usize>) = self.0.drain(from..).unzip();
        let depth = depths.into_iter().max().unwrap_or(0) + 1;
        self.0.push((make(parts), depth));
        (depth <= MOST_INSIDE).then_some(())
    }

    fn only(mut self) -> Option<Part<'c>> {
        let part = self.0.pop().map(|(part, _)| part);
        part.filter(|_| self.0.is_empty())
    }
}
