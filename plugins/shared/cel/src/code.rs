//! The compact form of an expression: what `prepare` writes once and `evaluate` walks in place.
//!
//! A byte says what to do, its operands follow, little-endian. Values lie on a stack. Errors are values too, so that `&&`
//! and `||` can absorb them. Only the same version that wrote it reads it.

/// What one instruction does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Op {
    /// The expression ends; its value lies on the stack.
    End,
    /// Pushes `null`.
    Null,
    /// Pushes `true`.
    True,
    /// Pushes `false`.
    False,
    /// Pushes a whole number: 8 bytes.
    Int,
    /// Pushes one without sign: 8 bytes.
    Uint,
    /// Pushes a floating-point number: 8 bytes.
    Double,
    /// Pushes a text: its length in 4 bytes, then it.
    Text,
    /// Pushes bytes: their length in 4 bytes, then they.
    Bytes,
    /// Pushes a type: its number.
    Type,
    /// Pushes a named format: its number.
    Format,
    /// Pushes a document: its number.
    Root,
    /// Pushes a structure: its number.
    Struct,
    /// Pushes what the host gives: its number.
    Given,
    /// Pushes a variable of the policy: its number in 2 bytes.
    Variable,
    /// Pushes what a loop stands at: the loop, and 0 for its first name or 1 for its second.
    Local,
    /// Takes the field of a value: text.
    Select,
    /// Whether a value has a field: text.
    Has,
    /// The field of a value, or none: text.
    SelectOptional,
    /// Whether the host gives something: its number.
    HasGiven,
    /// What the host gives, or none: its number.
    GivenOptional,
    /// Makes a list of values: how many in 2 bytes, then a byte for each: 1 where it is optional.
    List,
    /// Makes a map of keys and values: how many pairs in 2 bytes, then a byte for each pair: 1 where it is optional.
    Map,
    /// Goes on elsewhere: 4 bytes.
    Jump,
    /// Goes on elsewhere with `false` where it is `false`: 4 bytes.
    AndJump,
    /// Joins two values by `&&`.
    And,
    /// Goes on elsewhere with `true` where it is `true`: 4 bytes.
    OrJump,
    /// Joins two values by `||`.
    Or,
    /// Takes a condition: goes on where it is `true`, else at the first place; with an error, at the second: 4 bytes each.
    Unless,
    /// Goes on elsewhere with the optional where it has a value: 4 bytes.
    OptionalOr,
    /// The same with its value.
    OptionalOrValue,
    /// Calls a function: its number, how many arguments.
    Call,
    /// The same with a compiled pattern: the length of the pattern in 4 bytes, then it.
    CallPattern,
    /// Begins a loop over a value: its kind, how many names, and where it ends in 4 bytes.
    Loop,
    /// Skips the rest of this round unless the condition holds.
    Filter,
    /// Ends a round with its value.
    Step,
    /// Names the value of an optional: where it ends in 4 bytes.
    Open,
    /// Ends what `Open` began: 1 where the result becomes an optional.
    Close,
    /// Takes the fields from an optional that was itself a field: the API server finds none in it.
    Seal,
}

impl Op {
    /// In the order of their numbers.
    const ALL: [Self; 39] = [
        Self::End,
        Self::Null,
        Self::True,
        Self::False,
        Self::Int,
        Self::Uint,
        Self::Double,
        Self::Text,
        Self::Bytes,
        Self::Type,
        Self::Format,
        Self::Root,
        Self::Struct,
        Self::Given,
        Self::Variable,
        Self::Local,
        Self::Select,
        Self::Has,
        Self::SelectOptional,
        Self::HasGiven,
        Self::GivenOptional,
        Self::List,
        Self::Map,
        Self::Jump,
        Self::AndJump,
        Self::And,
        Self::OrJump,
        Self::Or,
        Self::Unless,
        Self::OptionalOr,
        Self::OptionalOrValue,
        Self::Call,
        Self::CallPattern,
        Self::Loop,
        Self::Filter,
        Self::Step,
        Self::Open,
        Self::Close,
        Self::Seal,
    ];
}

/// What a loop makes of its rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LoopKind {
    /// `all`.
    All,
    /// `exists`.
    Exists,
    /// `exists_one`.
    ExistsOne,
    /// `map` and `transformList`.
    List,
    /// `filter`.
    Keep,
    /// `transformMap`.
    Map,
    /// `transformMapEntry`.
    Entries,
    /// `sortBy`.
    Sort,
}

impl LoopKind {
    /// In the order of their numbers.
    pub const ALL: [Self; 8] =
        [Self::All, Self::Exists, Self::ExistsOne, Self::List, Self::Keep, Self::Map, Self::Entries, Self::Sort];
}

/// Code under construction.
#[derive(Debug, Default)]
pub struct Writer(pub Vec<u8>);

impl Writer {
    /// Where the next instruction will stand.
    pub fn here(&self) -> usize {
        self.0.len()
    }

    /// An instruction without operands.
    pub fn op(&mut self, op: Op) {
        self.0.push(op as u8);
    }

    /// One with a byte.
    pub fn byte(&mut self, op: Op, byte: u8) {
        self.0.extend_from_slice(&[op as u8, byte]);
    }

    /// One with two bytes.
    pub fn pair(&mut self, op: Op, one: u8, other: u8) {
        self.0.extend_from_slice(&[op as u8, one, other]);
    }

    /// One with 8 bytes.
    pub fn wide(&mut self, op: Op, bytes: [u8; 8]) {
        self.op(op);
        self.0.extend_from_slice(&bytes);
    }

    /// One with 2 bytes.
    pub fn short(&mut self, op: Op, number: u16) {
        self.op(op);
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    /// One with bytes of any length.
    pub fn blob(&mut self, op: Op, bytes: &[u8]) {
        self.op(op);
        self.append(bytes);
    }

    /// Bytes of any length.
    pub fn append(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        self.0.extend_from_slice(bytes);
    }

    /// Room for a place that is not known yet.
    pub fn place(&mut self) -> usize {
        self.0.extend_from_slice(&[0; 4]);
        self.here() - 4
    }

    /// What had room is here.
    pub fn patch(&mut self, room: usize) {
        let here = (self.here() as u32).to_le_bytes();
        self.0[room..room + 4].copy_from_slice(&here);
    }
}

/// Code being read. What does not hold what its reader wants ends the evaluation: [`Reader::op`] answers nothing.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// All of it.
    pub code: &'a [u8],
    /// Where it is read.
    pub at: usize,
}

impl<'a> Reader<'a> {
    /// The next instruction.
    pub fn op(&mut self) -> Op {
        Op::ALL.get(usize::from(self.byte())).copied().unwrap_or(Op::End)
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        let byte = self.code.get(self.at).copied().unwrap_or_default();
        self.at += 1;
        byte
    }

    /// Two bytes.
    pub fn short(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// A place.
    pub fn place(&mut self) -> usize {
        u32::from_le_bytes(self.array()) as usize
    }

    /// So many bytes as the type of the answer has.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        if let Some(found) = self.code.get(self.at..self.at + N) {
            bytes.copy_from_slice(found);
        }
        self.at += N;
        bytes
    }

    /// Bytes of any length.
    pub fn blob(&mut self) -> &'a [u8] {
        let length = self.place();
        let blob = self.code.get(self.at..self.at.saturating_add(length)).unwrap_or_default();
        self.at = self.at.saturating_add(length);
        blob
    }

    /// A text.
    pub fn text(&mut self) -> &'a str {
        std::str::from_utf8(self.blob()).unwrap_or_default()
    }
}
