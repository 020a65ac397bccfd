//! JSON with one meaning only: bounded in depth, no key twice, no number that none can hold.

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::MAX_DEPTH;

/// Reads the one value of a text. What the verifying library reads afterwards cannot mean anything else (N11).
///
/// # Errors
/// The words of the parser: what RFC 8259 refuses, a key that stands twice in one map, more than [`MAX_DEPTH`] lists and
/// maps inside each other, numbers beyond a double.
pub(crate) fn read(bytes: &[u8]) -> Result<Value, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: MAX_DEPTH }.deserialize(&mut reader).map_err(|error| error.to_string())?;
    reader.end().map_err(|error| error.to_string())?;
    Ok(value)
}

struct Strict {
    depth: usize,
}

impl Strict {
    fn below<E: Error>(&self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom(format!("deeper than {MAX_DEPTH} levels")))?;
        Ok(Self { depth })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
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
                // The key may be anything, so that only its beginning is said.
                let key: String = key.chars().take(40).flat_map(char::escape_default).collect();
                return Err(A::Error::custom(format!("the key `{key}` stands twice in one map")));
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
            let error = read(text.as_bytes()).expect_err("two meanings");
            assert!(error.contains(word), "{error}");
        }
        assert!(read(b"\"\xff\"").is_err());
    }
}
