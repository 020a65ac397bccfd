//! What a scalar means: YAML 1.1 as go-yaml 2 resolves it (`resolve.go`), not as the specification wishes.

use std::borrow::Cow;

use crate::error::ErrorKind;
use crate::yaml::number::{self, Number};

const YAML: &str = "tag:yaml.org,2002:";

/// A scalar with its meaning.
#[derive(Debug, PartialEq)]
pub(crate) enum Value<'t> {
    Null,
    Bool(bool),
    Number(Number),
    Text(Cow<'t, str>),
}

/// The meaning of a scalar. `plain`: neither quoted nor tagged.
pub(crate) fn resolve<'t>(text: &'t str, tag: Option<&str>, plain: bool) -> Result<Value<'t>, ErrorKind> {
    let Some(tag) = tag.filter(|tag| !tag.is_empty()) else {
        return Ok(if plain { untagged(text) } else { Value::Text(Cow::Borrowed(text)) });
    };
    let wrong =
        || ErrorKind::WrongTag { tag: tag.strip_prefix(YAML).map_or(tag.to_owned(), |name| format!("!!{name}")) };
    match (tag.strip_prefix(YAML), untagged(text)) {
        (Some("str"), _) => Ok(Value::Text(Cow::Borrowed(text))),
        (Some("binary"), _) => {
            base64(text).map(|bytes| Value::Text(Cow::Owned(number::text_of(&bytes)))).ok_or(ErrorKind::NotBase64)
        }
        (Some("bool"), value @ Value::Bool(_)) | (Some("null"), value @ Value::Null) => Ok(value),
        (Some("int"), value @ Value::Number(Number::Int(_) | Number::Large(_))) => Ok(value),
        (Some("float"), value @ Value::Number(Number::Float(_))) => Ok(value),
        (Some("float"), Value::Number(Number::Int(number))) => Ok(Value::Number(Number::Float(number as f64))),
        (Some("timestamp"), _) if is_timestamp(text) => Ok(Value::Text(Cow::Borrowed(text))),
        (Some("bool" | "null" | "int" | "float" | "timestamp"), _) => Err(wrong()),
        // Any other tag makes text of it, as in go-yaml.
        _ => Ok(Value::Text(Cow::Borrowed(text))),
    }
}

/// The meaning of a plain scalar; the first byte decides what it may be.
fn untagged(text: &str) -> Value<'_> {
    let Some(&first) = text.as_bytes().first() else { return Value::Null };
    let number = match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => return word(text),
        b'.' => number::dotted(text),
        b'0'..=b'9' | b'+' | b'-' => number::signed(text),
        _ => None,
    };
    number.map_or(Value::Text(Cow::Borrowed(text)), Value::Number)
}

fn word(text: &str) -> Value<'_> {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => Value::Bool(true),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => Value::Bool(false),
        "~" | "null" | "Null" | "NULL" => Value::Null,
        _ => Value::Text(Cow::Borrowed(text)),
    }
}

/// Go's `base64.StdEncoding.DecodeString`: line breaks are skipped, padding is required.
fn base64(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    if !digits.len().is_multiple_of(4) {
        return None;
    }
    let padding = digits.iter().rev().take_while(|&&byte| byte == b'=').count();
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3);
    let content = &digits[..digits.len() - padding];
    if padding > 2 {
        return None;
    }
    for group in content.chunks(4) {
        let mut bits = 0u32;
        for &digit in group {
            bits = bits << 6 | sextet(digit)?;
        }
        bits <<= 6 * (4 - group.len());
        bytes.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    Some(bytes)
}

fn sextet(digit: u8) -> Option<u32> {
    Some(u32::from(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

/// The formats that go-yaml takes for `!!timestamp`; without the tag a timestamp is text anyway.
fn is_timestamp(text: &str) -> bool {
    timestamp(&mut &*text).is_some()
}

fn timestamp(rest: &mut &str) -> Option<()> {
    let year = digits(rest, 4, 4, 9999)?;
    let month = skip(rest, "-").and_then(|()| digits(rest, 1, 2, 12)).filter(|&month| month > 0)?;
    skip(rest, "-").and_then(|()| digits(rest, 1, 2, days(year, month))).filter(|&day| day > 0)?;
    if rest.is_empty() {
        return Some(());
    }
    let zoned = skip(rest, "T").or_else(|| skip(rest, "t")).is_some();
    if !zoned {
        skip(rest, " ")?;
    }
    digits(rest, 1, 2, 23)?;
    skip(rest, ":").and_then(|()| digits(rest, 1, 2, 59))?;
    skip(rest, ":").and_then(|()| digits(rest, 1, 2, 59))?;
    if skip(rest, ".").or_else(|| skip(rest, ",")).is_some() {
        digits(rest, 1, usize::MAX, u32::MAX)?;
    }
    if zoned && skip(rest, "Z").is_none() {
        skip(rest, "+").or_else(|| skip(rest, "-"))?;
        digits(rest, 2, 2, 24)?;
        skip(rest, ":").and_then(|()| digits(rest, 2, 2, 60))?;
    }
    rest.is_empty().then_some(())
}

fn skip(rest: &mut &str, prefix: &str) -> Option<()> {
    *rest = rest.strip_prefix(prefix)?;
    Some(())
}

fn digits(rest: &mut &str, fewest: usize, most: usize, high: u32) -> Option<u32> {
    let count = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let (digits, after) = rest.split_at(count);
    *rest = after;
    // Only a fraction has more digits than a number holds, and its value does not matter.
    let value = digits.bytes().fold(0u32, |sum, digit| sum.wrapping_mul(10).wrapping_add(u32::from(digit - b'0')));
    (count >= fewest && value <= high).then_some(value)
}

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
