//! Macros: loops over lists and maps, and the names that they bind.

use std::rc::Rc;

use crate::code::{LoopKind, Reader};
use crate::machine::{Found, ITEM, Machine};
use crate::place::Place;
use crate::value::{Value, is_key, key_order};

/// What is wrong with an entry whose key is there already.
const TWICE: Option<&str> = Some("insert failed: key already exists");

/// A loop under way, or a name that is bound.
#[derive(Debug)]
pub(crate) struct Round<'a> {
    kind: LoopKind,
    names: u8,
    range: Found<'a>,
    next: u32,
    length: u32,
    first: Found<'a>,
    second: Found<'a>,
    start: usize,
    end: usize,
    items: Vec<Value<'a>>,
    keys: Vec<Value<'a>>,
    entries: Vec<(Value<'a>, Value<'a>)>,
    count: u32,
    /// The first error, and the places of all rounds that did not decide.
    error: Option<Value<'a>>,
    place: Place,
}

fn nothing<'a>() -> Found<'a> {
    Found { value: Value::Null, place: Place::NONE }
}

impl<'a> Round<'a> {
    pub(crate) fn name(&self, which: u8) -> &Found<'a> {
        if which == 0 { &self.first } else { &self.second }
    }

    fn new(kind: LoopKind, range: Found<'a>) -> Self {
        Self {
            kind,
            names: 1,
            range,
            next: 0,
            length: 0,
            first: nothing(),
            second: nothing(),
            start: 0,
            end: 0,
            items: Vec::new(),
            keys: Vec::new(),
            entries: Vec::new(),
            count: 0,
            error: None,
            place: Place::NONE,
        }
    }
}

impl<'a> Machine<'a> {
    pub(crate) fn begin_loop(&mut self, kind: LoopKind, names: u8, end: usize, reader: &mut Reader<'a>) {
        let range = self.pop_loaded();
        if !range.value.is_list() && !range.value.is_map() {
            reader.at = end;
            let place = range.place;
            let value = match range.value {
                error @ Value::Error(_) => error,
                other => Value::error(format!("got `{}`, expected a list or a map", other.type_name())),
            };
            return self.push(value, place);
        }
        let length = self.length(&range.value);
        let round = Round { names, length, start: reader.at, end, ..Round::new(kind, range) };
        self.loops.push(round);
        self.next_round(reader);
    }

    /// Binds the next item, or ends the loop.
    fn next_round(&mut self, reader: &mut Reader<'a>) {
        let Some(mut round) = self.loops.pop() else { return };
        if round.next >= round.length {
            return self.finish_loop(round, reader);
        }
        let position = round.next;
        round.next += 1;
        let range = round.range.clone();
        if range.value.is_list() {
            let item = self.item(&range, position);
            if round.names == 2 {
                round.first = Found { value: Value::Int(i64::from(position)), place: item.place };
                round.second = item;
            } else {
                round.first = item;
            }
        } else {
            let (key, value) = self.entry(&range, position, round.names == 2);
            round.first = key;
            round.second = value;
        }
        reader.at = round.start;
        self.loops.push(round);
    }

    pub(crate) fn filter(&mut self, reader: &mut Reader<'a>) {
        let found = self.pop_loaded();
        match found.value {
            Value::Bool(true) => {}
            Value::Bool(false) => self.next_round(reader),
            other => self.break_with(other, found.place, reader),
        }
    }

    /// Ends the loop with an error.
    fn break_with(&mut self, value: Value<'a>, place: Place, reader: &mut Reader<'a>) {
        let error = if value.is_error() { value } else { Value::no_overload() };
        self.leave(error, place, reader);
    }

    fn leave(&mut self, value: Value<'a>, place: Place, reader: &mut Reader<'a>) {
        if let Some(round) = self.loops.pop() {
            reader.at = round.end;
        }
        self.push(value, place);
    }

    pub(crate) fn end_round(&mut self, reader: &mut Reader<'a>) {
        let Found { value, place } = self.pop_loaded();
        let Some(mut round) = self.loops.pop() else { return };
        let item = if round.names == 2 { round.second.place } else { round.first.place };
        let place = place.or(item);
        let kind = round.kind;
        let decided = match (kind, value) {
            (LoopKind::All, Value::Bool(false)) => Some(Value::Bool(false)),
            (LoopKind::Exists, Value::Bool(true)) => Some(Value::Bool(true)),
            (LoopKind::All | LoopKind::Exists, Value::Bool(_)) => None,
            (LoopKind::All | LoopKind::Exists, other) => {
                let error = if other.is_error() { other } else { Value::no_overload() };
                if round.error.is_none() {
                    round.error = Some(error);
                    round.place = place;
                }
                None
            }
            (_, error @ Value::Error(_)) => Some(error),
            (LoopKind::ExistsOne | LoopKind::Keep, value) => match value {
                Value::Bool(true) => {
                    round.count += 1;
                    if kind == LoopKind::Keep {
                        round.items.push(round.first.value.clone());
                        self.make(ITEM);
                    }
                    round.place = self.places.both(round.place, item);
                    None
                }
                Value::Bool(false) => None,
                _ => Some(Value::no_overload()),
            },
            (LoopKind::List, value) => {
                self.make(ITEM);
                round.items.push(value);
                None
            }
            (LoopKind::Sort, value) => {
                self.make(ITEM * 2);
                round.keys.push(value);
                round.items.push(round.first.value.clone());
                None
            }
            (LoopKind::Map, value) => {
                let key = self.load(round.first.value.clone());
                self.insert(&mut round.entries, key, value, TWICE)
            }
            (LoopKind::Entries, value) => self.insert_all(&mut round.entries, value),
        };
        self.loops.push(round);
        match decided {
            Some(value) => self.leave(value, place, reader),
            None => self.next_round(reader),
        }
    }

    fn insert_all(&mut self, entries: &mut Vec<(Value<'a>, Value<'a>)>, value: Value<'a>) -> Option<Value<'a>> {
        if !value.is_map() {
            return Some(Value::no_overload());
        }
        let map = Found { value, place: Place::NONE };
        (0..self.length(&map.value)).find_map(|position| {
            let (key, value) = self.entry(&map, position, true);
            let (key, value) = (self.load(key.value), self.load(value.value));
            self.insert(entries, key, value, TWICE)
        })
    }

    /// Inserts an entry where its key belongs; answers what is wrong.
    pub(crate) fn insert(
        &mut self,
        entries: &mut Vec<(Value<'a>, Value<'a>)>,
        key: Value<'a>,
        value: Value<'a>,
        twice: Option<&str>,
    ) -> Option<Value<'a>> {
        if key.is_error() {
            return Some(key);
        }
        if value.is_error() {
            return Some(value);
        }
        if !is_key(&key) {
            return Some(Value::error(format!("unsupported key type: {}", key.type_name())));
        }
        // What stands behind is moved.
        self.work(1 + entries.len() as u64 / 64);
        self.make(ITEM * 2);
        match entries.binary_search_by(|(other, _)| key_order(other, &key)) {
            Ok(position) => match twice {
                Some(what) => Some(Value::error(what)),
                // In a literal the last one counts.
                None => {
                    entries[position].1 = value;
                    None
                }
            },
            Err(position) => {
                entries.insert(position, (key, value));
                None
            }
        }
    }

    fn finish_loop(&mut self, round: Round<'a>, reader: &mut Reader<'a>) {
        reader.at = round.end;
        let range = round.range.place;
        let (value, place) = match round.kind {
            LoopKind::All | LoopKind::Exists => match round.error {
                Some(error) => (error, round.place),
                None => (Value::Bool(round.kind == LoopKind::All), range),
            },
            LoopKind::ExistsOne => (Value::Bool(round.count == 1), round.place.or(range)),
            LoopKind::Keep if round.count > 0 => (Value::list(round.items), round.place),
            LoopKind::List | LoopKind::Keep => (Value::list(round.items), range),
            LoopKind::Map | LoopKind::Entries => (Value::Map(Rc::new(round.entries)), range),
            LoopKind::Sort => (crate::lists::sort_by(self, round.items, &round.keys), range),
        };
        self.push(value, place);
    }

    /// `optMap` and `optFlatMap`: names the value of an optional.
    pub(crate) fn open(&mut self, reader: &mut Reader<'a>) {
        let end = reader.place();
        let found = self.pop_loaded();
        match found.value {
            Value::Optional(Some(inner)) => {
                let mut round = Round::new(LoopKind::All, nothing());
                round.first = Found { value: inner.as_ref().clone(), place: found.place };
                self.loops.push(round);
            }
            value => {
                reader.at = end;
                let value = match value {
                    Value::Optional(None) | Value::Error(_) => value,
                    _ => Value::no_overload(),
                };
                self.push(value, found.place);
            }
        }
    }

    pub(crate) fn close(&mut self, wrap: bool) {
        self.loops.pop();
        let found = self.pop_loaded();
        let value = if wrap { Value::some(found.value) } else { found.value };
        self.push(value, found.place);
    }
}
