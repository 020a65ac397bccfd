//! The function `format`: a text with values in it.

use crate::convert::text_of;
use crate::machine::{Found, Machine};
use crate::place::Place;
use crate::typing::{Kind, Ty, Types};
use crate::value::Value;

/// The digits behind the point where none are asked for.
const PRECISION: usize = 6;
/// The most digits behind the point that can be asked for.
const MOST_PRECISION: usize = 1_000;
/// How deep lists and maps are written inside each other.
const MOST_DEPTH: u32 = 16;

/// One clause of a format.
struct Clause {
    letter: char,
    precision: Option<usize>,
    /// How many bytes it takes.
    length: usize,
}

/// Reads the clause that begins with a `%`.
fn clause(rest: &str) -> Result<Clause, String> {
    let mut chars = rest[1..].chars().peekable();
    let mut length = 1;
    let mut precision = None;
    if chars.peek() == Some(&'.') {
        let digits: String = rest[2..].chars().take_while(char::is_ascii_digit).collect();
        let wrong = || "error while converting precision to integer".to_owned();
        precision = Some(digits.parse().ok().filter(|digits| *digits <= MOST_PRECISION).ok_or_else(wrong)?);
        length += 1 + digits.len();
        chars = rest[length..].chars().peekable();
    }
    match chars.next() {
        None => Err("unexpected end of string".to_owned()),
        Some(letter @ ('s' | 'd' | 'f' | 'e' | 'b' | 'x' | 'X' | 'o')) => {
            Ok(Clause { letter, precision, length: length + 1 })
        }
        Some(other) => Err(format!("unrecognized formatting clause \"{}\"", other.escape_debug())),
    }
}

/// Judges a literal format and the types of its literal arguments, as the API server does when a policy is created.
pub(crate) fn judge(text: &str, items: &[Ty], types: &Types) -> Result<(), String> {
    let (mut rest, mut next) = (text, 0);
    while let Some(at) = rest.find('%') {
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("%%") {
            rest = after;
            continue;
        }
        let item = items.get(next).ok_or_else(|| format!("index {next} out of range"))?;
        let found = clause(rest)?;
        let fits = match (types.kind(*item), found.letter) {
            (Kind::Dyn | Kind::Param(_), _) => true,
            (Kind::Optional(_) | Kind::Opaque(_) | Kind::Struct(_), _) => false,
            (_, 's') => true,
            (kind, 'd' | 'o') => matches!(kind, Kind::Int | Kind::Uint),
            (kind, 'f' | 'e') => matches!(kind, Kind::Double | Kind::Text),
            (kind, 'b') => matches!(kind, Kind::Int | Kind::Uint | Kind::Bool),
            (kind, _) => matches!(kind, Kind::Int | Kind::Uint | Kind::Text | Kind::Bytes),
        };
        if !fits {
            return Err(format!("`%{}` does not take {}", found.letter, types.shown(*item)));
        }
        rest = &rest[found.length..];
        next += 1;
    }
    if items.len() > next {
        return Err(format!("too many arguments supplied to string.format (expected {next}, got {})", items.len()));
    }
    Ok(())
}

/// Formats values.
pub(crate) fn format<'a>(machine: &mut Machine<'a>, text: &Value<'a>, items: &Value<'a>) -> Value<'a> {
    let (Some(text), Some(items)) = (text.as_text(), machine.items(items)) else { return Value::no_overload() };
    let (mut rest, mut next, mut out) = (text, 0, String::new());
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("%%") {
            out.push('%');
            rest = after;
            continue;
        }
        let Some(item) = items.get(next) else { return Value::error(format!("index {next} out of range")) };
        let found = match clause(rest) {
            Ok(found) => found,
            Err(what) => return Value::error(format!("could not parse formatting clause: {what}")),
        };
        let written = match written(machine, item, &found) {
            Ok(written) => written,
            Err(what) => return Value::error(format!("error during formatting: {what}")),
        };
        if !machine.make(written.len() as u64) {
            return Value::text("");
        }
        out.push_str(&written);
        rest = &rest[found.length..];
        next += 1;
    }
    out.push_str(rest);
    machine.make(rest.len() as u64);
    Value::text(out)
}

fn written<'a>(machine: &mut Machine<'a>, item: &Value<'a>, clause: &Clause) -> Result<String, String> {
    let precision = clause.precision.unwrap_or(PRECISION);
    let wrong = |what: &str| Err(format!("{what}, was given {}", item.type_name()));
    Ok(match (clause.letter, item) {
        ('s', item) => plain(machine, item, MOST_DEPTH)?,
        ('d', Value::Int(number)) => number.to_string(),
        ('d', Value::Uint(number)) => number.to_string(),
        ('d', _) => return wrong("decimal clause can only be used on integers"),
        ('f' | 'e', item) => {
            let number = match (item, item.as_text()) {
                (Value::Double(number), _) => *number,
                (_, Some("NaN")) => f64::NAN,
                (_, Some("Infinity")) => f64::INFINITY,
                (_, Some("-Infinity")) => f64::NEG_INFINITY,
                _ => return wrong("fixed-point clause can only be used on doubles"),
            };
            if clause.letter == 'f' {
                fixed(number, precision)
            } else {
                // What looks like a precision is taken for a width there.
                format!("{:>width$}", scientific(number), width = clause.precision.unwrap_or_default())
            }
        }
        ('b', Value::Bool(value)) => u8::from(*value).to_string(),
        ('b', Value::Int(number)) => signed(*number, |number| format!("{number:b}")),
        ('b', Value::Uint(number)) => format!("{number:b}"),
        ('b', _) => return wrong("only integers and bools can be formatted as binary"),
        ('o', Value::Int(number)) => signed(*number, |number| format!("{number:o}")),
        ('o', Value::Uint(number)) => format!("{number:o}"),
        ('o', _) => return wrong("octal clause can only be used on integers"),
        (letter, item) => {
            let lower = match (item, item.as_text()) {
                (Value::Int(number), _) => signed(*number, |number| format!("{number:x}")),
                (Value::Uint(number), _) => format!("{number:x}"),
                (Value::Bytes(bytes), _) => hexadecimal(bytes),
                (_, Some(text)) => hexadecimal(text.as_bytes()),
                _ => return wrong("only integers, byte buffers, and strings can be formatted as hex"),
            };
            if letter == 'X' { lower.to_uppercase() } else { lower }
        }
    })
}

fn signed(number: i64, digits: impl Fn(u64) -> String) -> String {
    let sign = if number < 0 { "-" } else { "" };
    format!("{sign}{}", digits(number.unsigned_abs()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// With commas between thousands, as in English.
fn fixed(number: f64, precision: usize) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "∞" } else { "-∞" }.to_owned();
    }
    let written = format!("{number:.precision$}");
    let (whole, fraction) = written.split_once('.').map_or((written.as_str(), None), |(w, f)| (w, Some(f)));
    let (sign, digits) = whole.strip_prefix('-').map_or(("", whole), |digits| ("-", digits));
    let mut out = String::from(sign);
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// As in English: `1.500000×10⁰³`.
fn scientific(number: f64) -> String {
    if !number.is_finite() {
        return fixed(number, PRECISION);
    }
    let written = format!("{number:.PRECISION$e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    let raised: String =
        format!("{:02}", exponent.abs()).chars().filter_map(|c| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().nth(c as usize - 48)).collect();
    let sign = if exponent < 0 { "⁻" } else { "" };
    format!("{digits}×10{sign}{raised}")
}

/// As `%s` writes a value.
fn plain<'a>(machine: &mut Machine<'a>, item: &Value<'a>, depth: u32) -> Result<String, String> {
    if matches!(item, Value::Ip(_) | Value::Cidr(_)) {
        return Err(no_text(item));
    }
    match item {
        Value::Null => Ok("null".to_owned()),
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err("could not convert argument to string".to_owned()),
        },
        item if item.is_list() || item.is_map() => inside(machine, item, depth),
        item => text_of(item).ok_or_else(|| no_text(item)),
    }
}

fn no_text(item: &Value<'_>) -> String {
    format!(
        "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps, was given {}",
        item.type_name()
    )
}

/// As a value is written inside of a list or map.
fn inside<'a>(machine: &mut Machine<'a>, item: &Value<'a>, depth: u32) -> Result<String, String> {
    let Some(depth) = depth.checked_sub(1) else { return Err(format!("lists nested more than {MOST_DEPTH} deep")) };
    machine.work(1);
    if let Some(items) = machine.items(item) {
        let mut shown = Vec::with_capacity(items.len());
        for item in &items {
            let text = inside(machine, item, depth)?;
            if !machine.make(text.len() as u64 + 2) {
                break;
            }
            shown.push(text);
        }
        return Ok(format!("[{}]", shown.join(", ")));
    }
    if item.is_map() {
        return map(machine, item, depth);
    }
    Ok(match item {
        Value::Double(number) if !number.is_finite() => format!("\"{}\"", text_of(item).unwrap_or_default()),
        Value::Double(number) => format!("{number:.PRECISION$}"),
        Value::Timestamp(_) => format!("timestamp(\"{}\")", text_of(item).unwrap_or_default()),
        Value::Duration(_) => format!("duration(\"{}\")", text_of(item).unwrap_or_default()),
        Value::Bytes(bytes) => format!("b{}", crate::strings::quoted(&String::from_utf8_lossy(bytes))),
        item => match item.as_text() {
            Some(text) => crate::strings::quoted(text),
            None => plain(machine, item, depth)?,
        },
    })
}

fn map<'a>(machine: &mut Machine<'a>, item: &Value<'a>, depth: u32) -> Result<String, String> {
    let map = Found { value: item.clone(), place: Place::NONE };
    let mut shown = Vec::new();
    for position in 0..machine.length(item) {
        let (key, value) = machine.entry(&map, position, true);
        let value = machine.load(value.value);
        let pair = format!("{}:{}", inside(machine, &key.value, depth)?, inside(machine, &value, depth)?);
        if !machine.make(pair.len() as u64 + 2) {
            break;
        }
        shown.push(pair);
    }
    shown.sort();
    Ok(format!("{{{}}}", shown.join(", ")))
}
