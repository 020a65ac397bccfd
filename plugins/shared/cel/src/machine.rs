//! Walks the code of an expression, counting its steps.

use std::borrow::Cow;
use std::rc::Rc;

use crate::code::{LoopKind, Op, Reader};
use crate::data::Data;
use crate::documents::Documents;
use crate::functions::Does;
use crate::library;
use crate::loops::Round;
use crate::place::{Place, Places, Shown};
use crate::request::Given;
use crate::value::Value;

/// The most steps of one review, all expressions together. A step is an instruction, 64 bytes of a text that is looked at,
/// or an item of a list.
pub const MOST_STEPS: u64 = 200_000;
/// The most bytes that all texts, lists and maps may take that one review makes.
pub const MOST_MADE: u64 = 4 << 20;
/// Bytes of a text that cost a step.
const BYTES_OF_A_STEP: u64 = 64;
/// What an item of a list counts of [`MOST_MADE`].
pub(crate) const ITEM: u64 = 24;

/// A value and where it came from.
#[derive(Clone, Debug)]
pub struct Found<'a> {
    /// The value.
    pub value: Value<'a>,
    /// Where it came from.
    pub place: Place,
}

/// The budget is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spent;

impl std::fmt::Display for Spent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "spent its {MOST_STEPS} steps, or the {} MiB that it may make", MOST_MADE >> 20)
    }
}

/// A variable under way.
struct Variable<'a> {
    back: Reader<'a>,
    loops: usize,
    number: usize,
}

/// Evaluates the expressions of one policy for one review.
pub struct Machine<'a> {
    pub(crate) documents: &'a dyn Documents,
    variables: &'a [&'a [u8]],
    known: Vec<Option<Found<'a>>>,
    pub(crate) data: Data<'a>,
    pub(crate) places: Places,
    pub(crate) stack: Vec<Found<'a>>,
    pub(crate) loops: Vec<Round<'a>>,
    calls: Vec<Variable<'a>>,
    /// Where the loops of the running expression begin.
    base: usize,
    steps: u64,
    made: u64,
    /// The steps after which it ends.
    most: u64,
    /// Whether anybody asks where a value came from.
    placed: bool,
}

/// Nothing to judge: for literals.
struct Nothing;

impl Documents for Nothing {
    fn root(&self, _: u8) -> u32 {
        0
    }
    fn kind(&self, _: u32) -> crate::NodeKind {
        crate::NodeKind::None
    }
    fn len(&self, _: u32) -> u32 {
        0
    }
    fn at(&self, _: u32, _: u32) -> u32 {
        0
    }
    fn key_at(&self, _: u32, _: u32) -> Cow<'_, str> {
        "".into()
    }
    fn find(&self, _: u32, _: &str) -> u32 {
        0
    }
    fn text(&self, _: u32) -> Cow<'_, str> {
        "".into()
    }
    fn number(&self, _: u32) -> Cow<'_, str> {
        "".into()
    }
    fn boolean(&self, _: u32) -> bool {
        false
    }
    fn given(&self, _: Given) -> crate::Answer {
        crate::Answer::Absent
    }
    fn namespaced(&self) -> bool {
        false
    }
}

/// The value of a literal's code.
pub(crate) fn constant(code: &[u8]) -> Value<'_> {
    let mut machine = Machine::new(&Nothing, &[], &[]);
    let mut reader = Reader { code, at: 0 };
    let op = reader.op();
    machine.push_constant(op, &mut reader);
    machine.pop().value
}

impl<'a> Machine<'a> {
    /// For the code of the variables of a policy, in their order, and its data.
    pub fn new(documents: &'a dyn Documents, variables: &'a [&'a [u8]], data: &'a [u8]) -> Self {
        Self {
            documents,
            variables,
            known: vec![None; variables.len()],
            data: Data(data),
            places: Places::default(),
            stack: Vec::with_capacity(16),
            loops: Vec::new(),
            calls: Vec::new(),
            base: 0,
            steps: 0,
            made: 0,
            most: MOST_STEPS,
            placed: true,
        }
    }

    /// The same with another number of steps.
    #[must_use]
    pub fn within(mut self, steps: u64) -> Self {
        self.most = steps;
        self
    }

    /// The same without places, where nobody asks for them: they would be kept for every step.
    #[must_use]
    pub fn without_places(mut self) -> Self {
        self.placed = false;
        self
    }

    /// How many steps were made.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// What a place is made of.
    pub fn shown(&self, place: Place) -> Vec<Shown> {
        self.places.shown(place)
    }

    /// Evaluates an expression.
    pub fn run(&mut self, code: &'a [u8]) -> Result<Found<'a>, Spent> {
        self.stack.clear();
        self.loops.clear();
        self.calls.clear();
        self.base = 0;
        let mut reader = Reader { code, at: 0 };
        loop {
            self.steps += 1;
            if self.is_spent() {
                return Err(Spent);
            }
            match reader.op() {
                Op::End => match self.calls.pop() {
                    None => return Ok(self.pop_loaded()),
                    Some(variable) => reader = self.finish_variable(&variable),
                },
                op => self.step(op, &mut reader),
            }
        }
    }

    /// Whether nothing is left: whoever loops has to look.
    pub(crate) fn is_spent(&self) -> bool {
        self.steps > self.most || self.made > MOST_MADE
    }

    /// Counts what is looked at.
    pub(crate) fn look(&mut self, bytes: usize) {
        self.steps += bytes as u64 / BYTES_OF_A_STEP;
    }

    /// Counts work.
    pub(crate) fn work(&mut self, steps: u64) {
        self.steps = self.steps.saturating_add(steps);
    }

    /// Counts what is about to be made; nothing of it should be made where this answers false.
    pub(crate) fn make(&mut self, bytes: u64) -> bool {
        self.made = self.made.saturating_add(bytes);
        self.steps = self.steps.saturating_add(bytes / BYTES_OF_A_STEP);
        !self.is_spent()
    }

    pub(crate) fn push(&mut self, value: Value<'a>, place: Place) {
        self.stack.push(Found { value, place });
    }

    /// The value on top; an error where the code is not what the compiler writes.
    pub(crate) fn pop(&mut self) -> Found<'a> {
        let none = || Found { value: Value::error("nothing there"), place: Place::NONE };
        self.stack.pop().unwrap_or_else(none)
    }

    /// The value on top, read from its document where it is still there.
    pub(crate) fn pop_loaded(&mut self) -> Found<'a> {
        let found = self.pop();
        Found { value: self.load(found.value), place: found.place }
    }

    fn step(&mut self, op: Op, reader: &mut Reader<'a>) {
        match op {
            Op::Root => {
                let number = reader.byte();
                self.push_root(number);
            }
            Op::Struct => {
                let number = reader.byte();
                let value = self.structure(number);
                self.push(value, Place::NONE);
            }
            Op::Given | Op::HasGiven | Op::GivenOptional => self.given(op, reader.byte()),
            Op::Variable => self.begin_variable(usize::from(reader.short()), reader),
            Op::Local => {
                let (place, which) = (usize::from(reader.byte()), reader.byte());
                let found = self.loops.get(self.base + place).map(|round| round.name(which).clone());
                let none = || Found { value: Value::error("nothing there"), place: Place::NONE };
                self.stack.push(found.unwrap_or_else(none));
            }
            Op::Select => self.select(reader.text()),
            Op::Has => self.has(reader.text()),
            Op::SelectOptional => self.select_optional(reader.text()),
            Op::List => self.make_list(reader),
            Op::Map => self.make_map(reader),
            Op::Jump => reader.at = reader.place(),
            Op::AndJump | Op::OrJump => self.skip(op == Op::OrJump, reader),
            Op::And => self.join(false),
            Op::Or => self.join(true),
            Op::Unless => self.unless(reader),
            Op::OptionalOr | Op::OptionalOrValue => self.optional_or(op == Op::OptionalOrValue, reader),
            Op::Call | Op::CallPattern => self.call(op, reader),
            Op::Loop => {
                let kind = LoopKind::ALL.get(usize::from(reader.byte())).copied().unwrap_or(LoopKind::All);
                let (names, end) = (reader.byte(), reader.place());
                self.begin_loop(kind, names, end, reader);
            }
            Op::Filter => self.filter(reader),
            Op::Step => self.end_round(reader),
            Op::Open => self.open(reader),
            Op::Close => self.close(reader.byte() == 1),
            Op::Seal => {
                if let Some(Found { value: value @ Value::Optional(_), .. }) = self.stack.last_mut() {
                    *value = Value::SEALED;
                }
            }
            op => self.push_constant(op, reader),
        }
    }

    fn push_constant(&mut self, op: Op, reader: &mut Reader<'a>) {
        let value = match op {
            Op::True => Value::Bool(true),
            Op::False => Value::Bool(false),
            Op::Int => Value::Int(i64::from_le_bytes(reader.array())),
            Op::Uint => Value::Uint(u64::from_le_bytes(reader.array())),
            Op::Double => Value::Double(f64::from_le_bytes(reader.array())),
            Op::Text => Value::Text(reader.text()),
            Op::Bytes => Value::Bytes(reader.blob().into()),
            Op::Type => Value::Type(reader.byte()),
            Op::Format => Value::Format(reader.byte()),
            _ => Value::Null,
        };
        self.push(value, Place::NONE);
    }

    fn push_root(&mut self, number: u8) {
        if number > 1 {
            let value = self.data.root();
            self.push(value, Place::NONE);
            return;
        }
        let node = self.documents.root(number);
        let value = if node == 0 { Value::Null } else { Value::Node(node) };
        let place = if number == 0 && self.placed { Place::node(node) } else { Place::NONE };
        self.push(value, place);
    }

    fn begin_variable(&mut self, number: usize, reader: &mut Reader<'a>) {
        if let Some(Some(found)) = self.known.get(number) {
            let found = found.clone();
            self.stack.push(found);
            return;
        }
        let Some(code) = self.variables.get(number) else {
            return self.push(Value::error("no such variable"), Place::NONE);
        };
        self.calls.push(Variable { back: *reader, loops: self.base, number });
        self.base = self.loops.len();
        *reader = Reader { code, at: 0 };
    }

    fn finish_variable(&mut self, variable: &Variable<'a>) -> Reader<'a> {
        self.base = variable.loops;
        let found = self.pop_loaded();
        self.known[variable.number] = Some(found.clone());
        self.stack.push(found);
        variable.back
    }

    /// `&&` and `||`: what is decided needs no other side.
    fn skip(&mut self, decided: bool, reader: &mut Reader<'a>) {
        let end = reader.place();
        let found = self.pop_loaded();
        if matches!(found.value, Value::Bool(value) if value == decided) {
            reader.at = end;
        }
        self.stack.push(found);
    }

    /// Joins the two sides: what one of them decides holds, also beside an error.
    fn join(&mut self, decided: bool) {
        let (right, left) = (self.pop_loaded(), self.pop());
        let decides = |found: &Found<'_>| matches!(found.value, Value::Bool(value) if value == decided);
        if decides(&left) {
            self.stack.push(left);
        } else if decides(&right) {
            self.stack.push(right);
        } else {
            let place = self.places.both(left.place, right.place);
            let value = match (left.value, right.value) {
                (Value::Bool(_), Value::Bool(_)) => Value::Bool(!decided),
                (error @ Value::Error(_), _) | (_, error @ Value::Error(_)) => error,
                _ => Value::no_overload(),
            };
            self.push(value, place);
        }
    }

    fn unless(&mut self, reader: &mut Reader<'a>) {
        let (otherwise, end) = (reader.place(), reader.place());
        let found = self.pop_loaded();
        match found.value {
            Value::Bool(true) => {}
            Value::Bool(false) => reader.at = otherwise,
            Value::Error(_) => {
                self.stack.push(found);
                reader.at = end;
            }
            _ => {
                self.push(Value::no_overload(), found.place);
                reader.at = end;
            }
        }
    }

    fn optional_or(&mut self, unwrap: bool, reader: &mut Reader<'a>) {
        let end = reader.place();
        let found = self.pop_loaded();
        let (value, done) = match found.value {
            Value::Optional(Some(inner)) if unwrap => (inner.as_ref().clone(), true),
            Value::Optional(Some(_)) | Value::Error(_) => (found.value, true),
            Value::Optional(None) => (found.value, false),
            // What is no optional has its value already.
            _ => (found.value, true),
        };
        if done {
            reader.at = end;
        }
        self.push(value, found.place);
    }

    fn call(&mut self, op: Op, reader: &mut Reader<'a>) {
        let does = Does::ALL.get(usize::from(reader.byte())).copied().unwrap_or(Does::Dyn);
        let count = usize::from(reader.byte());
        let pattern = (op == Op::CallPattern).then(|| reader.blob());
        let from = self.stack.len().saturating_sub(count);
        let found = self.stack.split_off(from);
        let mut arguments = Vec::with_capacity(count);
        let mut place = Place::NONE;
        for one in found {
            let value = self.load(one.value);
            place = self.places.both(place, one.place);
            arguments.push(value);
        }
        if let Some(error) = arguments.iter().find(|argument| argument.is_error()) {
            let error = error.clone();
            return self.push(error, place);
        }
        match does {
            Does::Index | Does::OptionalIndex => self.index(does == Does::OptionalIndex, &arguments, place),
            _ => {
                let value = library::call(self, does, &arguments, pattern);
                self.push(value, place);
            }
        }
    }

    fn make_list(&mut self, reader: &mut Reader<'a>) {
        let count = usize::from(reader.short());
        let found = self.stack.split_off(self.stack.len().saturating_sub(count));
        let mut items = Vec::with_capacity(count);
        let mut place = Place::NONE;
        let mut wrong = None;
        for one in found {
            let value = self.load(one.value);
            place = self.places.both(place, one.place);
            match (reader.byte(), value) {
                (_, error @ Value::Error(_)) => wrong = wrong.or(Some(error)),
                (1, Value::Optional(inner)) => items.extend(inner.map(|inner| inner.as_ref().clone())),
                (1, _) => wrong = wrong.or(Some(Value::error("cannot initialize optional list element"))),
                (_, value) => items.push(value),
            }
        }
        self.make(items.len() as u64 * ITEM);
        self.push(wrong.unwrap_or_else(|| Value::list(items)), place);
    }

    fn make_map(&mut self, reader: &mut Reader<'a>) {
        let count = usize::from(reader.short());
        let mut found = self.stack.split_off(self.stack.len().saturating_sub(count * 2)).into_iter();
        let mut entries = Vec::with_capacity(count);
        let mut place = Place::NONE;
        let mut wrong = None;
        for _ in 0..count {
            let optional = reader.byte() == 1;
            let (Some(key), Some(value)) = (found.next(), found.next()) else { break };
            place = self.places.both(place, value.place);
            let (key, value) = (self.load(key.value), self.load(value.value));
            let value = match (optional, value) {
                (true, Value::Optional(None)) => continue,
                (true, Value::Optional(Some(inner))) => inner.as_ref().clone(),
                (true, Value::Error(what)) | (false, Value::Error(what)) => Value::Error(what),
                (true, _) => Value::error("cannot initialize optional entry"),
                (false, value) => value,
            };
            let fault = self.insert(&mut entries, key, value, None);
            wrong = wrong.or(fault);
        }
        self.push(wrong.unwrap_or_else(|| Value::Map(Rc::new(entries))), place);
    }
}
