//! JSON with one meaning only: bounded in depth, no key twice, no number that none can hold.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::{MAX_DEPTH, MAX_JSON_VALUES, MAX_MAP_KEYS};

/// Reads the one value of a text. What the verifying library reads afterwards cannot mean anything else (N11).
///
/// # Errors
/// The words of the parser: what RFC 8259 refuses, a key that stands twice in one map, more than [`MAX_DEPTH`] lists and
/// maps inside each other, more than [`MAX_JSON_VALUES`] values (a few bytes of text may be hundreds in memory), numbers beyond
/// a double.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, String> {
    let left = Cell::new(MAX_JSON_VALUES);
    whole(bytes, Strict { depth: MAX_DEPTH, left: &left })
}

/// Checks the same of a text that is read piece by piece afterwards, without keeping anything of it; it may have any number of
/// values, and [`MAX_MAP_KEYS`] keys in one map.
///
/// # Errors
/// As for [`read`].
pub(crate) fn check(bytes: &[u8]) -> Result<(), String> {
    whole(bytes, Checked { depth: MAX_DEPTH })
}

fn whole<'de, S: DeserializeSeed<'de>>(bytes: &'de [u8], seed: S) -> Result<S::Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = seed.deserialize(&mut reader).map_err(|error| error.to_string())?;
    reader.end().map_err(|error| error.to_string())?;
    Ok(value)
}

fn deeper<E: Error>(depth: usize) -> Result<usize, E> {
    depth.checked_sub(1).ok_or_else(|| E::custom(format!("deeper than {MAX_DEPTH} levels")))
}

/// The key may be anything, so that only its beginning is said.
fn twice<E: Error>(key: &str) -> E {
    let key: String = key.chars().take(40).flat_map(char::escape_default).collect();
    E::custom(format!("the key `{key}` stands twice in one map"))
}

/// Checks, and keeps nothing but the keys of the maps around.
struct Checked {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Checked {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        if value.is_finite() { Ok(()) } else { Err(E::custom("a number that is none")) }
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let depth = deeper(self.depth)?;
        while seq.next_element_seed(Checked { depth })?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let depth = deeper(self.depth)?;
        let mut known = HashSet::new();
        while let Some(key) = map.next_key::<String>()? {
            if known.contains(&key) {
                return Err(twice(&key));
            }
            if known.len() >= MAX_MAP_KEYS {
                return Err(A::Error::custom(format!("more than {MAX_MAP_KEYS} keys in one map")));
            }
            known.insert(key);
            map.next_value_seed(Checked { depth })?;
        }
        Ok(())
    }
}

/// At most so many entries of a list; what is beyond is an error before it is kept.
pub(crate) fn list<'de, D, T>(deserializer: D, most: usize) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    struct Bounded<T>(usize, std::marker::PhantomData<T>);

    impl<'de, T: serde::Deserialize<'de>> Visitor<'de> for Bounded<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {}", self.0)
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
            let mut values = Vec::new();
            while values.len() < self.0 {
                match seq.next_element()? {
                    Some(value) => values.push(value),
                    None => return Ok(values),
                }
            }
            match seq.next_element::<IgnoredAny>()? {
                Some(_) => Err(A::Error::custom(format!("more than {} in one list", self.0))),
                None => Ok(values),
            }
        }
    }

    deserializer.deserialize_seq(Bounded(most, std::marker::PhantomData))
}

struct Strict<'a> {
    depth: usize,
    left: &'a Cell<usize>,
}

impl Strict<'_> {
    fn below<E: Error>(&self) -> Result<Self, E> {
        let left = self.left.get().checked_sub(1);
        let left = left.ok_or_else(|| E::custom(format!("more than {MAX_JSON_VALUES} values")))?;
        self.left.set(left);
        Ok(Self { depth: deeper(self.depth)?, left: self.left })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("a number that is none"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(self.below()?)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut values = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            if values.contains_key(&key) {
                return Err(twice(&key));
            }
            let value = map.next_value_seed(self.below()?)?;
            values.insert(key, value);
        }
        Ok(Value::Object(values))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_has_one_meaning() {
        let value = read(br#"{"a": [1, -2, 1.5, "x", null, true], "b": {"a": 1}}"#).expect("JSON");
        assert_eq!(value["a"][3], "x");
    }

    #[test]
    fn refuses_what_has_two_meanings_or_no_bound_n11() {
        let deep = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(read(deep(MAX_DEPTH - 1).as_bytes()).is_ok());
        for (text, word) in [
            (r#"{"a": 1, "a": 1}"#.to_owned(), "twice"),
            (r#"{"x": {"a": 1, "\u0061": 2}}"#.to_owned(), "twice"),
            (deep(MAX_DEPTH + 2), "deeper"),
            (deep(100_000), "deeper"),
            ("1e999".to_owned(), "out of range"),
            ("NaN".to_owned(), "expected"),
            ("{} {}".to_owned(), "trailing"),
            (String::new(), "EOF"),
            (r#""\ud800""#.to_owned(), "hex escape"),
        ] {
            for error in [read(text.as_bytes()).map(drop), check(text.as_bytes())] {
                let error = error.expect_err("two meanings");
                assert!(error.contains(word), "{error}");
            }
        }
        assert!(read(b"\"\xff\"").is_err());
    }

    #[test]
    fn refuses_a_text_that_would_be_hundreds_of_times_its_size_in_memory_a40() {
        let many = |count: usize| format!("[{}1]", "{\"\":0},".repeat(count));
        assert!(read(many(MAX_JSON_VALUES / 2 - 2).as_bytes()).is_ok());
        assert!(read(many(MAX_JSON_VALUES).as_bytes()).expect_err("too many").contains("values"));
        assert!(check(many(100_000).as_bytes()).is_ok(), "nothing is kept of these");
        let keys: Vec<String> = (0..=MAX_MAP_KEYS).map(|key| format!("\"{key}\":0")).collect();
        assert!(check(format!("{{{}}}", keys.join(",")).as_bytes()).expect_err("too many").contains("keys"));
    }
}
