//! When two values are the same in the sense of JSON Schema: `1` and `1.0` are, and the order of members says nothing.

use std::borrow::Cow;
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
        Kind::Number => Amount::of(one.raw()) == Amount::of(other.raw()),
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
            let (left, right) = (sorted(one), sorted(other));
            left.len() == right.len()
                && left.iter().zip(&right).all(|((name, value), (other, twin))| name == other && same(*value, *twin))
        }
    }
}

/// Members by name: looking each one up in the other map would take their number squared.
fn sorted<'a>(map: Piece<'a>) -> Vec<(Cow<'a, str>, Piece<'a>)> {
    let mut members: Vec<_> = map.members().collect();
    members.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
    members
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

/// Whether no element of a list stands twice.
pub(crate) fn unique<'a>(elements: impl Iterator<Item = Piece<'a>> + Clone) -> bool {
    let few: Vec<Piece<'a>> = elements.clone().take(9).collect();
    if few.len() <= 8 {
        return !few.iter().enumerate().any(|(index, &piece)| few[..index].iter().any(|&before| same(before, piece)));
    }
    let mut known = Known::default();
    let mut elements = elements;
    elements.all(|piece| known.add(piece))
}

/// Values that differ, found by what they mean. Eight bytes and an index each; the key of the hash is new every time, so that
/// nobody can write a list that collides.
#[derive(Default)]
struct Known<'a> {
    state: RandomState,
    first: HashMap<u64, Piece<'a>>,
    /// Others of the same hash.
    more: HashMap<u64, Vec<Piece<'a>>>,
    /// How often two values were compared.
    compared: usize,
}

impl<'a> Known<'a> {
    /// Whether it is new.
    fn add(&mut self, piece: Piece<'a>) -> bool {
        let hash = hash(piece, &self.state);
        let Some(&first) = self.first.get(&hash) else {
            self.first.insert(hash, piece);
            return true;
        };
        let more = self.more.entry(hash).or_default();
        for &before in std::iter::once(&first).chain(more.iter()) {
            self.compared += 1;
            if same(before, piece) {
                return false;
            }
        }
        more.push(piece);
        true
    }
}

/// The same for values that are the same. Numbers are hashed by all that they mean: rounded to doubles, a thousand integers
/// beside each other would be one.
fn hash(piece: Piece<'_>, state: &RandomState) -> u64 {
    match piece.kind() {
        Kind::Null => 1,
        Kind::Bool => 2 + u64::from(piece.bool() == Some(true)),
        Kind::Number => state.hash_one((4_u8, Amount::of(piece.raw()))),
        Kind::String => state.hash_one((5_u8, piece.str())),
        Kind::List => piece.elements().fold(6, |hashed, piece| state.hash_one((6_u8, hashed, hash(piece, state)))),
        Kind::Map => {
            piece.members().fold(7, |hashed, (name, value)| hashed ^ state.hash_one((7_u8, hash(value, state), name)))
        }
    }
}

/// What a number means, exactly: `1`, `1.0` and `10e-1` are one amount, and no two that differ are.
#[derive(PartialEq, Eq, Hash)]
struct Amount<'a> {
    negative: bool,
    /// Without zeros at either end; none for zero.
    digits: Cow<'a, str>,
    /// Of the last digit.
    exponent: i64,
}

impl<'a> Amount<'a> {
    /// Of a number as JSON writes it.
    fn of(raw: &'a str) -> Self {
        let (negative, raw) = raw.strip_prefix('-').map_or((false, raw), |raw| (true, raw));
        let (mantissa, power) = raw.split_once(['e', 'E']).unwrap_or((raw, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let fraction = fraction.trim_end_matches('0');
        let mut digits = match (whole.trim_start_matches('0'), fraction) {
            (whole, "") => Cow::Borrowed(whole),
            ("", fraction) => Cow::Borrowed(fraction.trim_start_matches('0')),
            (whole, fraction) => Cow::Owned(format!("{whole}{fraction}")),
        };
        let kept = digits.trim_end_matches('0').len();
        if kept == 0 {
            return Self { negative: false, digits: Cow::Borrowed(""), exponent: 0 };
        }
        let exponent =
            power_of(power).saturating_sub(length(fraction.len())).saturating_add(length(digits.len() - kept));
        match &mut digits {
            Cow::Borrowed(digits) => *digits = &digits[..kept],
            Cow::Owned(digits) => digits.truncate(kept),
        }
        Self { negative, digits, exponent }
    }
}

/// No text has so many digits that an exponent beyond these bounds could be made up for.
fn power_of(power: &str) -> i64 {
    let bound = i64::MAX / 2;
    power.parse().unwrap_or(if power.starts_with('-') { -bound } else { bound }).clamp(-bound, bound)
}

fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;

    /// Whether a list has nothing twice, and how often two values were compared to find that.
    fn compared(list: &str) -> (bool, usize) {
        let text = Text::read(list.as_bytes()).expect("JSON");
        let mut known = Known::default();
        let unique = text.root().elements().all(|piece| known.add(piece));
        assert_eq!(unique, super::unique(text.root().elements()), "{list}");
        (unique, known.compared)
    }

    #[test]
    fn takes_numbers_for_what_they_mean_exactly() {
        for (one, other) in [
            ("1", "1.0"),
            ("1", "10e-1"),
            ("100", "1E+2"),
            ("0.5", "5e-1"),
            ("0", "-0.0"),
            ("0", "0e99999999999999999999"),
            ("-12.50", "-1250e-2"),
            ("1020", "1.02e3"),
            ("0.0010", "1e-3"),
            ("9223372036854775808", "9.223372036854775808e18"),
            ("1e-99999999999999999999", "1e-99999999999999999999"),
        ] {
            let list = format!("[{one}, {other}]");
            let text = Text::read(list.as_bytes()).expect("JSON");
            let mut both = text.root().elements();
            let (left, right) = (both.next().expect("one"), both.next().expect("two"));
            let state = RandomState::new();
            assert!(same(left, right), "{list}");
            assert_eq!(hash(left, &state), hash(right, &state), "{list}");
        }
        for (one, other) in [
            ("9223372036854775808", "9223372036854775809"),
            ("-9223372036854775808", "-9223372036854775809"),
            ("9007199254740993", "9007199254740992.0"),
            ("36893488147419103232", "36893488147419103233"),
            ("1", "-1"),
            ("1", "10"),
            ("0.1", "0.01"),
            ("12", "1.2"),
            ("105", "15"),
        ] {
            assert_eq!(compared(&format!("[{one}, {other}]")), (true, 0), "{one} {other}");
        }
    }

    #[test]
    fn compares_nothing_where_integers_differ_by_less_than_a_double_tells() {
        for (from, shape) in
            [(1_u64 << 63, "N"), (1 << 63, "{\"id\":\"a\",\"n\":N}"), (1 << 53, "[[N]]"), (1 << 60, "N.5")]
        {
            let all: Vec<String> = (from..from + 5_000).map(|number| shape.replace('N', &number.to_string())).collect();
            assert_eq!(compared(&format!("[{}]", all.join(","))), (true, 0), "{shape}");
        }
        // A double takes all of these for zero.
        let tiny: Vec<String> = (400..2_000).map(|power| format!("1e-{power}")).collect();
        assert_eq!(compared(&format!("[{}]", tiny.join(","))), (true, 0));
    }

    #[test]
    fn finds_what_stands_twice_with_one_comparison() {
        let numbers: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
        let list = |twice: &str| format!("[{},{twice}]", numbers.join(","));
        assert_eq!(compared(&list("7.0")), (false, 1));
        assert_eq!(compared(&list("7.5, {\"a\": 1, \"b\": [2]}, {\"b\": [2.0], \"a\": 1}")), (false, 1));
        assert_eq!(compared(&list("\"7\", null, false, [], {}, [[]], [{}], [7], {\"7\": 7}")), (true, 0));
    }
}
