//! Conversions between types, and what `string` makes of values.

use std::rc::Rc;

use crate::functions::Does;
use crate::time::{self, Moment};
use crate::value::Value;

/// The first double that is too great for 64 bits with a sign.
const TWO_TO_63: f64 = 9_223_372_036_854_775_808.0;

/// The value as another type; nothing where the function is no conversion.
pub fn convert<'a>(does: Does, value: &Value<'a>) -> Option<Value<'a>> {
    let wrong = |to: &str| Value::error(format!("type conversion error from '{}' to '{to}'", value.type_name()));
    let text = value.as_text();
    Some(match does {
        Does::ToBool => match (value, text) {
            (Value::Bool(_), _) => value.clone(),
            (_, Some("1" | "t" | "T" | "true" | "TRUE" | "True")) => Value::Bool(true),
            (_, Some("0" | "f" | "F" | "false" | "FALSE" | "False")) => Value::Bool(false),
            _ => wrong("bool"),
        },
        Does::ToBytes => match (value, text) {
            (Value::Bytes(_), _) => value.clone(),
            (_, Some(text)) => Value::Bytes(text.as_bytes().into()),
            _ => wrong("bytes"),
        },
        Does::ToDouble => match (value, text) {
            (Value::Double(_), _) => value.clone(),
            (Value::Int(number), _) => Value::Double(*number as f64),
            (Value::Uint(number), _) => Value::Double(*number as f64),
            (_, Some(text)) => double(text).map_or_else(|| wrong("double"), Value::Double),
            _ => wrong("double"),
        },
        Does::ToInt => to_int(value).unwrap_or_else(|| wrong("int")),
        Does::ToUint => to_uint(value).unwrap_or_else(|| wrong("uint")),
        Does::ToDuration => match (value, text) {
            (Value::Duration(_), _) => value.clone(),
            (_, Some(text)) => time::duration(text).map_or_else(|| wrong("google.protobuf.Duration"), Value::Duration),
            _ => wrong("google.protobuf.Duration"),
        },
        Does::ToTimestamp => match (value, text) {
            (Value::Timestamp(_), _) => value.clone(),
            (Value::Int(seconds), _) => moment(Some(Moment { seconds: *seconds, nanos: 0, offset: 0 })),
            (_, Some(text)) => match Moment::parse(text) {
                Some(found) => moment(Some(found)),
                None => wrong("google.protobuf.Timestamp"),
            },
            _ => wrong("google.protobuf.Timestamp"),
        },
        Does::ToText => to_text(value),
        Does::Dyn => value.clone(),
        _ => return None,
    })
}

/// A moment within the years 1 to 9999, or an error.
pub fn moment<'a>(moment: Option<Moment>) -> Value<'a> {
    match moment.filter(Moment::is_in_range) {
        Some(moment) => Value::Timestamp(Rc::new(moment)),
        None => Value::error("timestamp overflow"),
    }
}

fn to_int<'a>(value: &Value<'a>) -> Option<Value<'a>> {
    Some(match value {
        Value::Int(_) => value.clone(),
        Value::Uint(number) => i64::try_from(*number).map_or_else(|_| overflow("integer"), Value::Int),
        // The ends are no doubles, so that cel-go leaves them out.
        Value::Double(number) if number.abs() < TWO_TO_63 => Value::Int(*number as i64),
        Value::Double(_) => overflow("integer"),
        Value::Duration(nanos) => Value::Int(*nanos),
        Value::Timestamp(moment) => Value::Int(moment.seconds),
        other => Value::Int(signed(other.as_text()?)?),
    })
}

fn to_uint<'a>(value: &Value<'a>) -> Option<Value<'a>> {
    Some(match value {
        Value::Uint(_) => value.clone(),
        Value::Int(number) => u64::try_from(*number).map_or_else(|_| overflow("unsigned integer"), Value::Uint),
        Value::Double(number) if *number >= 0.0 && *number < 18_446_744_073_709_551_615.0 => {
            Value::Uint(*number as u64)
        }
        Value::Double(_) => overflow("unsigned integer"),
        other => {
            let text = other.as_text()?;
            Value::Uint(if text.starts_with('+') { None } else { text.parse().ok() }?)
        }
    })
}

pub(crate) fn overflow<'a>(what: &str) -> Value<'a> {
    Value::error(format!("{what} overflow"))
}

fn signed(text: &str) -> Option<i64> {
    text.parse().ok()
}

/// A number as Go's `strconv.ParseFloat` takes it.
fn double(text: &str) -> Option<f64> {
    let plain = text.trim_start_matches(['+', '-']);
    let lower = plain.to_ascii_lowercase();
    if plain.len() + 1 < text.len() {
        return None;
    }
    let sign = if text.starts_with('-') { -1.0 } else { 1.0 };
    match lower.as_str() {
        "nan" if plain.len() == text.len() => return Some(f64::NAN),
        "inf" | "infinity" => return Some(sign * f64::INFINITY),
        _ => {}
    }
    let clean = plain.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    let value: f64 = plain.parse().ok().filter(|_| clean)?;
    value.is_finite().then_some(sign * value)
}

fn to_text<'a>(value: &Value<'a>) -> Value<'a> {
    match value {
        Value::Text(_) | Value::Made(_) => value.clone(),
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::text(text),
            Err(_) => Value::error("invalid UTF-8 in bytes, cannot convert to string"),
        },
        value => match text_of(value) {
            Some(text) => Value::text(text),
            None => Value::error(format!("type conversion error from '{}' to 'string'", value.type_name())),
        },
    }
}

/// A scalar as `string` writes it.
pub(crate) fn text_of(value: &Value<'_>) -> Option<String> {
    Some(match value {
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Uint(number) => number.to_string(),
        Value::Double(number) => general(*number),
        Value::Duration(nanos) => {
            let seconds = (nanos / 1_000_000_000) as f64 + (nanos % 1_000_000_000) as f64 / 1e9;
            format!("{seconds}s")
        }
        Value::Timestamp(moment) => moment.shown(),
        Value::Ip(ip) => ip.shown(),
        Value::Cidr(cidr) => cidr.shown(),
        Value::Type(number) => crate::value::TYPES.get(usize::from(*number)).copied().unwrap_or_default().to_owned(),
        other => other.as_text()?.to_owned(),
    })
}

/// As Go's `%g`.
fn general(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let written = format!("{number:e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return format!("{number}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}
