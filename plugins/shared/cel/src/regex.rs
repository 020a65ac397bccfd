//! Patterns after RE2: compiled once to states that lie in prepared bytes, matched in linear time without further ado.

mod class;
mod parse;

use std::borrow::Cow;

/// The most states of a pattern.
pub const MOST_STATES: usize = 10_000;

/// One state. Jumps are relative to the state itself.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum State {
    /// Found.
    Match,
    /// A character.
    Char(char),
    /// One of these characters.
    Class(Vec<(u32, u32)>),
    /// An assertion about the place.
    Assert(Assert),
    /// Goes on at one, and if that leads nowhere at the other.
    Split(i32, i32),
    /// Goes on elsewhere.
    Jump(i32),
}

/// What may be said about a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Assert {
    /// The beginning of the text.
    Begin,
    /// The end of the text.
    End,
    /// The beginning of a line.
    LineBegin,
    /// The end of a line.
    LineEnd,
    /// Between a word and something else.
    Word,
    /// Anywhere else.
    NoWord,
}

const ASSERTS: [Assert; 6] =
    [Assert::Begin, Assert::End, Assert::LineBegin, Assert::LineEnd, Assert::Word, Assert::NoWord];

/// Words of a state: what it is, and two operands.
const WORDS: usize = 3;

/// A compiled pattern: how many states, their words, then the ranges of classes.
#[derive(Clone, Debug)]
pub struct Pattern<'a> {
    bytes: Cow<'a, [u8]>,
    states: usize,
}

impl Pattern<'static> {
    /// Compiles a pattern; the error says what is wrong with it.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        let states = parse::parse(pattern).map_err(|what| format!("invalid pattern `{pattern}`: {what}"))?;
        let mut words: Vec<u32> = vec![states.len() as u32];
        let mut ranges: Vec<u32> = Vec::new();
        let table = (1 + states.len() * WORDS) as u32;
        for (here, state) in states.iter().enumerate() {
            let to = |jump: i32| (here as i32 + jump) as u32;
            words.extend(match state {
                State::Match => [0, 0, 0],
                State::Char(c) => [1, *c as u32, 0],
                State::Class(pairs) => {
                    let begin = table + ranges.len() as u32;
                    ranges.extend(pairs.iter().flat_map(|(low, high)| [*low, *high]));
                    [2, begin, pairs.len() as u32]
                }
                State::Assert(assert) => [3, *assert as u32, 0],
                State::Split(one, other) => [4, to(*one), to(*other)],
                State::Jump(jump) => [5, to(*jump), 0],
            });
        }
        words.extend(ranges);
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        Ok(Self { bytes: bytes.into(), states: states.len() })
    }

    /// How many states it has.
    pub fn size(&self) -> usize {
        self.states
    }

    /// For prepared bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.bytes.to_vec()
    }
}

/// Where a thread stands, and where its match begins.
type Thread = (u32, usize);

/// Threads in the order of their worth, each state once.
struct Threads {
    all: Vec<Thread>,
    /// The round in which a state was seen.
    seen: Vec<u32>,
    round: u32,
}

impl Threads {
    fn new(states: usize) -> Self {
        Self { all: Vec::with_capacity(16), seen: vec![0; states], round: 0 }
    }

    fn begin(&mut self) {
        self.all.clear();
        self.round += 1;
    }
}

impl<'a> Pattern<'a> {
    /// What `to_bytes` wrote.
    pub fn from_bytes(bytes: &'a [u8]) -> Self {
        let mut pattern = Self { bytes: bytes.into(), states: 0 };
        pattern.states = (pattern.word(0) as usize).min(MOST_STATES + 1);
        pattern
    }

    fn word(&self, at: usize) -> u32 {
        let bytes = self.bytes.get(at * 4..at * 4 + 4).and_then(|bytes| bytes.try_into().ok());
        u32::from_le_bytes(bytes.unwrap_or_default())
    }

    fn state(&self, number: u32) -> (u32, u32, u32) {
        let at = 1 + number as usize * WORDS;
        (self.word(at), self.word(at + 1), self.word(at + 2))
    }

    /// The first match from a byte on, of which the first written one counts, and how many steps that took. Where only
    /// `whether` matters, its range does not.
    pub fn find(&self, text: &str, from: usize, whole: bool) -> (Option<(usize, usize)>, u64) {
        let (mut now, mut next) = (Threads::new(self.states), Threads::new(self.states));
        let (mut found, mut steps) = (None, 0);
        let mut open = Vec::new();
        let mut at = from;
        now.begin();
        loop {
            if found.is_none() {
                self.enter(&mut now, &mut open, (0, at), text, at, &mut steps);
            }
            let next_char = text[at..].chars().next();
            let after = at + next_char.map_or(1, char::len_utf8);
            next.begin();
            for index in 0..now.all.len() {
                let (number, begin) = now.all[index];
                steps += 1;
                let (what, one, other) = self.state(number);
                if what == 0 {
                    found = Some((begin, at));
                    if !whole {
                        return (found, steps);
                    }
                    // What follows is worth less.
                    break;
                }
                let Some(c) = next_char else { continue };
                let fits = if what == 1 { one == c as u32 } else { self.in_class(c as u32, one, other) };
                if fits {
                    self.enter(&mut next, &mut open, (number + 1, begin), text, after, &mut steps);
                }
            }
            std::mem::swap(&mut now, &mut next);
            if next_char.is_none() || (now.all.is_empty() && found.is_some()) {
                return (found, steps);
            }
            at = after;
        }
    }

    /// Adds a thread, and all that it can become without a character.
    fn enter(
        &self,
        threads: &mut Threads,
        open: &mut Vec<u32>,
        (number, begin): Thread,
        text: &str,
        at: usize,
        steps: &mut u64,
    ) {
        open.push(number);
        while let Some(number) = open.pop() {
            let Some(seen) = threads.seen.get_mut(number as usize) else { continue };
            if *seen == threads.round {
                continue;
            }
            *seen = threads.round;
            *steps += 1;
            match self.state(number) {
                (3, assert, _) => {
                    let assert = ASSERTS.get(assert as usize).copied().unwrap_or(Assert::Begin);
                    if holds(assert, text, at) {
                        open.push(number + 1);
                    }
                }
                (4, one, other) => open.extend([other, one]),
                (5, to, _) => open.push(to),
                _ => threads.all.push((number, begin)),
            }
        }
    }

    fn in_class(&self, c: u32, begin: u32, count: u32) -> bool {
        let (mut low, mut high) = (0, count as usize);
        while low < high {
            let middle = low + (high - low) / 2;
            let at = begin as usize + middle * 2;
            if c < self.word(at) {
                high = middle;
            } else if c > self.word(at + 1) {
                low = middle + 1;
            } else {
                return true;
            }
        }
        false
    }
}

fn holds(assert: Assert, text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let before = at.checked_sub(1).and_then(|at| bytes.get(at)).copied();
    let after = bytes.get(at).copied();
    let word = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    match assert {
        Assert::Begin => before.is_none(),
        Assert::End => after.is_none(),
        Assert::LineBegin => before.is_none_or(|b| b == b'\n'),
        Assert::LineEnd => after.is_none_or(|b| b == b'\n'),
        Assert::Word => word(before) != word(after),
        Assert::NoWord => word(before) == word(after),
    }
}
