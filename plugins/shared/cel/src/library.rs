//! What functions do, by their numbers; and arithmetic.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::convert::{self, moment, overflow};
use crate::functions::Does;
use crate::machine::{ITEM, Machine};
use crate::time;
use crate::value::Value;
use crate::{format, formats, lists, net, quantity, semver, strings, url};

/// Calls a function; none of the arguments is an error. `pattern` is the compiled form of a literal pattern.
pub(crate) fn call<'a>(
    machine: &mut Machine<'a>,
    does: Does,
    arguments: &[Value<'a>],
    pattern: Option<&'a [u8]>,
) -> Value<'a> {
    match (does, arguments) {
        (Does::Not, [Value::Bool(value)]) => Value::Bool(!value),
        (Does::Equal | Does::NotEqual, [one, other]) => match machine.equal(one, other) {
            Some(same) => Value::Bool(same == (does == Does::Equal)),
            None => Value::no_overload(),
        },
        (Does::Less | Does::LessEqual | Does::Greater | Does::GreaterEqual, [one, other]) => {
            compare(machine, does, one, other)
        }
        (Does::In, [item, holder]) => machine.holds(holder, item),
        (Does::Add, [one, other]) => add(machine, one, other),
        (Does::Subtract | Does::Multiply | Does::Divide | Does::Modulo, [one, other]) => arithmetic(does, one, other),
        (Does::Negate, [Value::Int(number)]) => number.checked_neg().map_or_else(|| overflow("integer"), Value::Int),
        (Does::Negate, [Value::Double(number)]) => Value::Double(-number),
        (Does::Negate, [Value::Duration(nanos)]) => {
            nanos.checked_neg().map_or_else(|| overflow("duration"), Value::Duration)
        }
        (Does::Size, [value]) => size(machine, value),
        (Does::Type, [value]) => Value::Type(value.type_number()),
        (Does::OptionalOf, [value]) => Value::some(value.clone()),
        (Does::OptionalOfNonZero, [value]) if is_zero(machine, value) => Value::Optional(None),
        (Does::OptionalOfNonZero, [value]) => Value::some(value.clone()),
        (Does::OptionalNone, []) => Value::Optional(None),
        (Does::Value, [Value::Optional(Some(inner))]) => inner.as_ref().clone(),
        (Does::Value, [Value::Optional(None)]) => Value::error("optional.none() dereference"),
        (Does::HasValue, [Value::Optional(inner)]) => Value::Bool(inner.is_some()),
        // Those with a value have jumped over this.
        (Does::Or | Does::OrValue, [Value::Optional(None), other]) => other.clone(),
        (Does::Or | Does::OrValue, [value, _]) => value.clone(),
        _ => others(machine, does, arguments, pattern),
    }
}

/// The libraries, one after the other.
fn others<'a>(machine: &mut Machine<'a>, does: Does, arguments: &[Value<'a>], pattern: Option<&'a [u8]>) -> Value<'a> {
    if let [value] = arguments
        && let Some(converted) = convert::convert(does, value)
    {
        if let Value::Made(text) = &converted {
            machine.make(text.len() as u64);
        }
        return converted;
    }
    let found = strings::call(machine, does, arguments)
        .or_else(|| strings::patterns(machine, does, arguments, pattern))
        .or_else(|| lists::call(machine, does, arguments))
        .or_else(|| quantity::call(does, arguments))
        .or_else(|| semver::call(does, arguments))
        .or_else(|| net::call(does, arguments))
        .or_else(|| url::call(machine, does, arguments))
        .or_else(|| formats::call(machine, does, arguments))
        .or_else(|| clock(does, arguments));
    match (found, does, arguments) {
        (Some(value), _, _) => value,
        (None, Does::Format, [text, items]) => format::format(machine, text, items),
        _ => Value::no_overload(),
    }
}

fn compare<'a>(machine: &mut Machine<'a>, does: Does, one: &Value<'a>, other: &Value<'a>) -> Value<'a> {
    if let Some(text) = one.as_text() {
        machine.look(text.len());
    }
    let Some(order) = one.order(other) else {
        // What is no number compares with nothing.
        return if one.are_numbers(other) {
            Value::error("NaN values cannot be ordered")
        } else {
            Value::no_overload()
        };
    };
    Value::Bool(match does {
        Does::Less => order == Ordering::Less,
        Does::LessEqual => order != Ordering::Greater,
        Does::Greater => order == Ordering::Greater,
        _ => order != Ordering::Less,
    })
}

pub(crate) fn add<'a>(machine: &mut Machine<'a>, one: &Value<'a>, other: &Value<'a>) -> Value<'a> {
    match (one, other) {
        (Value::Int(a), Value::Int(b)) => a.checked_add(*b).map_or_else(|| overflow("integer"), Value::Int),
        (Value::Uint(a), Value::Uint(b)) => a.checked_add(*b).map_or_else(|| overflow("unsigned integer"), Value::Uint),
        (Value::Double(a), Value::Double(b)) => Value::Double(a + b),
        (Value::Duration(a), Value::Duration(b)) => {
            a.checked_add(*b).map_or_else(|| overflow("duration"), Value::Duration)
        }
        (Value::Timestamp(at), Value::Duration(nanos)) | (Value::Duration(nanos), Value::Timestamp(at)) => {
            moment(at.plus(*nanos))
        }
        (Value::Bytes(a), Value::Bytes(b)) => {
            if !machine.make((a.len() + b.len()) as u64) {
                return overflow("budget");
            }
            Value::Bytes([a.as_ref(), b.as_ref()].concat().into())
        }
        (one, other) if one.is_list() && other.is_list() => {
            let length = u64::from(machine.length(one)) + u64::from(machine.length(other));
            if !machine.make(length * ITEM) {
                return overflow("budget");
            }
            let (ones, others) = (machine.items(one), machine.items(other));
            Value::list(ones.into_iter().chain(others).flatten().collect())
        }
        (one, other) => match (one.as_text(), other.as_text()) {
            (Some(a), Some(b)) => {
                if !machine.make((a.len() + b.len()) as u64) {
                    return overflow("budget");
                }
                Value::text([a, b].concat())
            }
            _ => Value::no_overload(),
        },
    }
}

fn arithmetic<'a>(does: Does, one: &Value<'a>, other: &Value<'a>) -> Value<'a> {
    match (one, other) {
        (Value::Int(_), Value::Int(0)) if does == Does::Divide => Value::error("division by zero"),
        (Value::Int(_), Value::Int(0)) if does == Does::Modulo => Value::error("modulus by zero"),
        (Value::Uint(_), Value::Uint(0)) if does == Does::Divide => Value::error("division by zero"),
        (Value::Uint(_), Value::Uint(0)) if does == Does::Modulo => Value::error("modulus by zero"),
        (Value::Int(a), Value::Int(b)) => {
            let result = match does {
                Does::Subtract => a.checked_sub(*b),
                Does::Multiply => a.checked_mul(*b),
                Does::Divide => a.checked_div(*b),
                _ => a.checked_rem(*b),
            };
            result.map_or_else(|| overflow("integer"), Value::Int)
        }
        (Value::Uint(a), Value::Uint(b)) => {
            let result = match does {
                Does::Subtract => a.checked_sub(*b),
                Does::Multiply => a.checked_mul(*b),
                Does::Divide => a.checked_div(*b),
                _ => a.checked_rem(*b),
            };
            result.map_or_else(|| overflow("unsigned integer"), Value::Uint)
        }
        (Value::Double(a), Value::Double(b)) => match does {
            Does::Subtract => Value::Double(a - b),
            Does::Multiply => Value::Double(a * b),
            Does::Divide => Value::Double(a / b),
            _ => Value::no_overload(),
        },
        (Value::Duration(a), Value::Duration(b)) if does == Does::Subtract => {
            a.checked_sub(*b).map_or_else(|| overflow("duration"), Value::Duration)
        }
        (Value::Timestamp(at), Value::Duration(nanos)) if does == Does::Subtract => {
            moment(nanos.checked_neg().and_then(|nanos| at.plus(nanos)))
        }
        (Value::Timestamp(a), Value::Timestamp(b)) if does == Does::Subtract => {
            a.minus(b).map_or_else(|| overflow("timestamp"), Value::Duration)
        }
        _ => Value::no_overload(),
    }
}

fn size<'a>(machine: &mut Machine<'a>, value: &Value<'a>) -> Value<'a> {
    if let Some(text) = value.as_text() {
        machine.look(text.len());
        return Value::Int(text.chars().count() as i64);
    }
    match value {
        Value::Bytes(bytes) => Value::Int(bytes.len() as i64),
        value if value.is_list() || value.is_map() => Value::Int(i64::from(machine.length(value))),
        _ => Value::no_overload(),
    }
}

fn is_zero<'a>(machine: &Machine<'a>, value: &Value<'a>) -> bool {
    match value {
        Value::Null | Value::Bool(false) | Value::Int(0) | Value::Uint(0) | Value::Duration(0) => true,
        Value::Optional(inner) => inner.is_none(),
        Value::Double(number) => *number == 0.0,
        Value::Bytes(bytes) => bytes.is_empty(),
        // The first moment of Go's calendar.
        Value::Timestamp(moment) => moment.instant() == (-62_135_596_800, 0),
        value if value.is_list() || value.is_map() => machine.length(value) == 0,
        value => value.as_text() == Some(""),
    }
}

/// Parts of moments and spans.
fn clock<'a>(does: Does, arguments: &[Value<'a>]) -> Option<Value<'a>> {
    let (at, offset) = match arguments {
        [Value::Duration(nanos)] => {
            return Some(Value::Int(match does {
                Does::Hours => nanos / 3_600_000_000_000,
                Does::Minutes => nanos / 60_000_000_000,
                Does::Seconds => nanos / 1_000_000_000,
                Does::Milliseconds => nanos / 1_000_000,
                _ => return None,
            }));
        }
        [Value::Timestamp(at)] => (Rc::clone(at), 0),
        [Value::Timestamp(at), zone] => match time::zone(zone.as_text()?) {
            Ok(offset) => (Rc::clone(at), offset),
            Err(what) => return Some(Value::error(what)),
        },
        _ => return None,
    };
    let shown = at.calendar(offset);
    Some(Value::Int(match does {
        Does::Year => shown.year,
        Does::Month => shown.month - 1,
        Does::DayOfYear => shown.day_of_year,
        Does::DayOfMonth => shown.day - 1,
        Does::Date => shown.day,
        Does::DayOfWeek => shown.weekday,
        Does::Hours => shown.hour,
        Does::Minutes => shown.minute,
        Does::Seconds => shown.second,
        Does::Milliseconds => i64::from(at.nanos / 1_000_000),
        _ => return None,
    }))
}
