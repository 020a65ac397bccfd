//! Numbers as Go reads them from YAML 1.1 and prints them as JSON.

use std::fmt::Write;

/// From this power of ten on a key has an exponent.
const FIRST_EXPONENT: i32 = 6;

/// A number that a plain scalar may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Int(i64),
    /// Above the largest `Int`.
    Large(u64),
    Float(f64),
}

impl Number {
    /// The JSON text; nothing for infinity and not-a-number.
    pub(crate) fn json(self) -> Option<String> {
        match self {
            Self::Int(number) => Some(number.to_string()),
            Self::Large(number) => Some(number.to_string()),
            Self::Float(number) => number.is_finite().then(|| float_text(number)),
        }
    }

    /// The text as a key; nothing where sigs.k8s.io/yaml takes no such key.
    pub(crate) fn key(self) -> Option<String> {
        match self {
            Self::Int(number) => Some(number.to_string()),
            Self::Large(_) => None,
            Self::Float(number) => Some(float_key(number)),
        }
    }
}

/// A plain scalar that begins with a dot: Go's `ParseFloat`, which takes a single `_` between two digits.
pub(crate) fn dotted(text: &str) -> Option<Number> {
    let value = match text {
        ".nan" | ".NaN" | ".NAN" => f64::NAN,
        ".inf" | ".Inf" | ".INF" => f64::INFINITY,
        _ => {
            let plain = without_single_underscores(text)?;
            return float(&plain).map(Number::Float);
        }
    };
    Some(Number::Float(value))
}

/// A plain scalar that begins with a digit or a sign: integer in any base, else float, else no number.
pub(crate) fn signed(text: &str) -> Option<Number> {
    match text {
        "+.inf" | "+.Inf" | "+.INF" => return Some(Number::Float(f64::INFINITY)),
        "-.inf" | "-.Inf" | "-.INF" => return Some(Number::Float(f64::NEG_INFINITY)),
        _ => {}
    }
    if !text.contains('_') {
        return number(text);
    }
    number(&text.replace('_', ""))
}

fn number(plain: &str) -> Option<Number> {
    integer(plain, None).or_else(|| float(plain).map(Number::Float)).or_else(|| {
        // go-yaml's own binary numbers; what Go does not read by itself is a sign after the prefix.
        integer(plain.strip_prefix("0b")?, Some(2))
    })
}

/// Go's `ParseInt` and, without a sign, `ParseUint`; without a base the prefix decides, and a plain `0` means octal.
fn integer(text: &str, base: Option<u32>) -> Option<Number> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (base, digits) = base.map_or_else(|| prefix(unsigned), |base| Some((base, unsigned)))?;
    let magnitude = magnitude(digits, base)?;
    if negative {
        return 0i64.checked_sub_unsigned(magnitude).map(Number::Int);
    }
    match i64::try_from(magnitude) {
        Ok(number) => Some(Number::Int(number)),
        Err(_) => (unsigned.len() == text.len()).then_some(Number::Large(magnitude)),
    }
}

fn prefix(text: &str) -> Option<(u32, &str)> {
    Some(match text.as_bytes() {
        [] => return None,
        [b'0'] => (10, text),
        [b'0', b'b' | b'B', _, ..] => (2, &text[2..]),
        [b'0', b'o' | b'O', _, ..] => (8, &text[2..]),
        [b'0', b'x' | b'X', _, ..] => (16, &text[2..]),
        [b'0', ..] => (8, &text[1..]),
        _ => (10, text),
    })
}

fn magnitude(digits: &str, base: u32) -> Option<u64> {
    let mut sum = 0u64;
    for digit in digits.chars() {
        sum = sum.checked_mul(base.into())?.checked_add(digit.to_digit(base)?.into())?;
    }
    (!digits.is_empty()).then_some(sum)
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`, and no overflow: `1e400` is text.
fn float(text: &str) -> Option<f64> {
    let skip_digits = |rest: &mut &[u8]| {
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        *rest = &rest[count..];
        count
    };
    let mut rest = text.as_bytes();
    rest = rest.strip_prefix(b"-").or(rest.strip_prefix(b"+")).unwrap_or(rest);
    let whole = skip_digits(&mut rest);
    if let Some(after) = rest.strip_prefix(b".") {
        rest = after;
        if skip_digits(&mut rest) + whole == 0 {
            return None;
        }
    } else if whole == 0 {
        return None;
    }
    if let Some(after) = rest.strip_prefix(b"e").or(rest.strip_prefix(b"E")) {
        rest = after.strip_prefix(b"-").or(after.strip_prefix(b"+")).unwrap_or(after);
        if skip_digits(&mut rest) == 0 {
            return None;
        }
    }
    text.parse().ok().filter(|value: &f64| rest.is_empty() && value.is_finite())
}

/// Drops each `_` that stands between two digits; nothing where one stands elsewhere.
fn without_single_underscores(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let misplaced = |(at, _): (usize, &str)| at == 0 || !is_digit(at - 1) || !is_digit(at + 1);
    if text.match_indices('_').any(misplaced) { None } else { Some(text.replace('_', "")) }
}

/// encoding/json: positional from 1e-6 up to 1e21, otherwise with an exponent.
fn float_text(number: f64) -> String {
    let size = number.abs();
    let scientific =
        even(format!("{number:e}"), |digits| format!("{number:.digits$e}"), |text| text.parse() == Ok(number));
    if size != 0.0 && !(1e-6..1e21).contains(&size) { exponent(&scientific, 1) } else { positional(&scientific) }
}

/// `strconv.FormatFloat(number, 'g', -1, 32)`, with YAML's words for what is no number.
fn float_key(number: f64) -> String {
    let number = number as f32;
    if number.is_nan() {
        return ".nan".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { ".inf" } else { "-.inf" }.to_owned();
    }
    let scientific =
        even(format!("{number:e}"), |digits| format!("{number:.digits$e}"), |text| text.parse() == Ok(number));
    let power = scientific.split_once('e').map_or("0", |(_, power)| power);
    let power: i32 = power.parse().unwrap_or(0);
    // The shortest form changes to an exponent from a million on (`eprec` 6 in Go's ftoa.go), zero excepted.
    if number != 0.0 && !(-4..FIRST_EXPONENT).contains(&power) {
        exponent(&scientific, 2)
    } else {
        positional(&scientific)
    }
}

/// The shortest text, and of two that are equally near the even one, as Go has it and Rust has not.
fn even(shortest: String, rounded: impl Fn(usize) -> String, same: impl Fn(&str) -> bool) -> String {
    let digits = shortest.bytes().take_while(|&byte| byte != b'e').filter(u8::is_ascii_digit).count();
    // Below, two texts of equal length are never both near enough.
    if digits < 8 {
        return shortest;
    }
    Some(rounded(digits - 1)).filter(|text| same(text)).unwrap_or(shortest)
}

/// `2.5e3` without its exponent.
fn positional(scientific: &str) -> String {
    let (number, power) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let (sign, number) = number.strip_prefix('-').map_or(("", number), |number| ("-", number));
    let digits = number.replace('.', "");
    let point = power.parse::<isize>().unwrap_or(0) + 1;
    match usize::try_from(point) {
        Ok(point) if point >= digits.len() => format!("{sign}{digits:0<point$}"),
        Ok(point) if point > 0 => format!("{sign}{}.{}", &digits[..point], &digits[point..]),
        _ => format!("{sign}0.{:0>width$}", digits, width = digits.len() + point.unsigned_abs()),
    }
}

/// Rust's `1e-7` with Go's sign and number of digits.
fn exponent(scientific: &str, digits: usize) -> String {
    let (number, power) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |power| ('-', power));
    let mut text = String::with_capacity(scientific.len() + 2);
    // Writing to a string cannot fail.
    let _ = write!(text, "{number}e{sign}{power:0>digits$}");
    text
}

/// Bytes as encoding/json writes them: every byte that is no UTF-8 becomes U+FFFD by itself.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| '\u{fffd}'));
    }
    text
}
