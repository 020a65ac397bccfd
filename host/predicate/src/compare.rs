//! When two values are the same in the sense of JSON Schema: `1` and `1.0` are, and the order of members says nothing.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};

use jsonschema::json::cmp::equal_numbers;
use serde_json::Value;

use crate::{Kind, Piece};

/// Whether two values are the same.
pub(crate) fn same(one: Piece<'_>, other: Piece<'_>) -> bool {
    if one.kind() != other.kind() {
        return false;
    }
    match one.kind() {
        Kind::Null => true,
        Kind::Bool => one.bool() == other.bool(),
        Kind::Number => match (one.number(), other.number()) {
            (Some(one), Some(other)) => equal_numbers(&one, &other),
            _ => false,
        },
        Kind::String => one.str() == other.str(),
        Kind::List => {
            let (mut left, mut right) = (one.elements(), other.elements());
            loop {
                match (left.next(), right.next()) {
                    (None, None) => return true,
                    (Some(left), Some(right)) if same(left, right) => {}
                    _ => return false,
                }
            }
        }
        Kind::Map => {
            one.members().count() == other.members().count()
                && one.members().all(|(name, value)| other.get(&name).is_some_and(|other| same(value, other)))
        }
    }
}

/// Whether a value is the one that a schema names.
pub(crate) fn is_value(piece: Piece<'_>, expected: &Value) -> bool {
    match expected {
        Value::Null => piece.kind() == Kind::Null,
        Value::Bool(expected) => piece.bool() == Some(*expected),
        Value::Number(expected) => piece.number().is_some_and(|number| equal_numbers(&number, expected)),
        Value::String(expected) => piece.is(expected),
        Value::Array(expected) => {
            piece.kind() == Kind::List
                && piece.elements().count() == expected.len()
                && piece.elements().zip(expected).all(|(piece, expected)| is_value(piece, expected))
        }
        Value::Object(expected) => {
            piece.kind() == Kind::Map
                && piece.members().count() == expected.len()
                && piece
                    .members()
                    .all(|(name, value)| expected.get(&*name).is_some_and(|expected| is_value(value, expected)))
        }
    }
}

/// Whether no element of a list stands twice. Eight bytes and an index each; the key of the hash is new every time, so that
/// nobody can write a list that collides.
pub(crate) fn unique<'a>(mut elements: impl Iterator<Item = Piece<'a>> + Clone) -> bool {
    let few: Vec<Piece<'a>> = elements.clone().take(9).collect();
    if few.len() <= 8 {
        return !few.iter().enumerate().any(|(index, &piece)| few[..index].iter().any(|&before| same(before, piece)));
    }
    let state = RandomState::new();
    let mut known: HashMap<u64, Piece<'a>> = HashMap::new();
    let mut collided: Vec<Piece<'a>> = Vec::new();
    elements.all(|piece| match known.entry(hash(piece, &state)) {
        std::collections::hash_map::Entry::Vacant(free) => {
            free.insert(piece);
            true
        }
        std::collections::hash_map::Entry::Occupied(taken) => {
            let twice = same(*taken.get(), piece) || collided.iter().any(|&before| same(before, piece));
            collided.push(piece);
            !twice
        }
    })
}

/// The same for values that are the same.
fn hash(piece: Piece<'_>, state: &RandomState) -> u64 {
    match piece.kind() {
        Kind::Null => 1,
        Kind::Bool => 2 + u64::from(piece.bool() == Some(true)),
        Kind::Number => {
            let number = piece.number().and_then(|number| number.as_f64()).unwrap_or(0.0);
            state.hash_one(if number == 0.0 { 0 } else { number.to_bits() })
        }
        Kind::String => state.hash_one(piece.str()),
        Kind::List => piece.elements().fold(5, |hashed, piece| state.hash_one((hashed, hash(piece, state)))),
        Kind::Map => {
            piece.members().fold(7, |hashed, (name, value)| hashed ^ state.hash_one((name, hash(value, state))))
        }
    }
}
