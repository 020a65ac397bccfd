//! Kubernetes' quantities, as `resource.Quantity` of apimachinery reads and adds them.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::functions::Does;
use crate::semver::ordered;
use crate::value::Value;

/// Billionths in one.
const NANOS: i128 = 1_000_000_000;
/// The greatest and, negated, the least amount: beyond it, it is held at the end.
const MOST: i128 = i128::MAX / 4;

/// A quantity: how much it is, and how apimachinery keeps it, which decides whether it is an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantity {
    nanos: i128,
    /// A value and a power of ten, as long as both fit; nothing once it became a decimal of any length.
    small: Option<(i64, i32)>,
}

fn power(exponent: u32) -> i128 {
    10_i128.checked_pow(exponent).unwrap_or(MOST)
}

impl Quantity {
    /// Reads one.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix(['+', '-']) {
            Some(rest) => (text.starts_with('-'), rest),
            None => (false, text),
        };
        if text.is_empty() {
            return None;
        }
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = &rest[..digits(rest)];
        let mut has_digits = !whole.is_empty();
        let mut suffix = &rest[whole.len()..];
        let whole = whole.trim_start_matches('0');
        let mut fraction = "";
        if let Some(after) = suffix.strip_prefix('.') {
            fraction = &after[..digits(after)];
            suffix = &after[fraction.len()..];
            has_digits |= !fraction.is_empty();
        }
        let (base, exponent) = unit(suffix)?;
        // Where nothing but zeros stands, apimachinery reads no further.
        let whole = if whole.is_empty() { "0" } else { whole };
        let nanos = exact(whole, fraction, base, exponent);
        let nanos = if base == 2 { nanos.min(i128::from(i64::MAX) * NANOS) } else { nanos };
        let small = kept_small(whole, fraction, base, exponent);
        // Without any digit, it is zero only as long as it is kept so: `Ki` is, `Pi` is no quantity.
        if small.is_none() && !has_digits {
            return None;
        }
        let sign = if negative { -1 } else { 1 };
        Some(Self {
            nanos: sign * nanos,
            small: small.map(|(value, scale)| (if negative { -value } else { value }, scale)),
        })
    }

    fn of(number: i64) -> Self {
        Self { nanos: i128::from(number) * NANOS, small: Some((number, 0)) }
    }

    fn plus(&self, other: &Self) -> Self {
        let nanos = (self.nanos + other.nanos).clamp(-MOST, MOST);
        let small = match (self.small, other.small) {
            (Some(one), Some((0, _))) => Some(one),
            (Some((0, _)), Some(other)) => Some(other),
            (Some((a, s)), Some((b, t))) => {
                let least = s.min(t);
                let scaled = |value: i64, scale: i32| {
                    let factor = i64::try_from(power(scale.abs_diff(least))).ok()?;
                    value.checked_mul(factor)
                };
                scaled(a, s).zip(scaled(b, t)).and_then(|(a, b)| a.checked_add(b)).map(|sum| (sum, least))
            }
            _ => None,
        };
        Self { nanos, small }
    }

    fn negated(&self) -> Self {
        Self { nanos: -self.nanos, small: self.small.and_then(|(value, scale)| Some((value.checked_neg()?, scale))) }
    }

    /// As a whole number, where apimachinery gives one.
    fn whole(&self) -> Option<i64> {
        let (value, scale) = self.small.filter(|(_, scale)| *scale >= 0)?;
        i64::try_from(power(scale.unsigned_abs())).ok()?.checked_mul(value)
    }

    fn approximate(&self) -> f64 {
        match self.small {
            Some((value, 0)) => value as f64,
            Some((value, scale)) => value as f64 * format!("1e{scale}").parse::<f64>().unwrap_or(1.0),
            None => self.nanos as f64 / 1e9,
        }
    }

    /// Which is more.
    pub fn compare(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }

    /// A decimal, with as many digits as it needs.
    pub fn shown(&self) -> String {
        let (whole, rest) = (self.nanos.abs() / NANOS, self.nanos.abs() % NANOS);
        let sign = if self.nanos < 0 { "-" } else { "" };
        if rest == 0 {
            return format!("{sign}{whole}");
        }
        let digits = format!("{rest:09}");
        format!("{sign}{whole}.{}", digits.trim_end_matches('0'))
    }
}

/// Base and exponent of a suffix.
fn unit(suffix: &str) -> Option<(u32, i32)> {
    const DECIMAL: [(&str, i32); 10] =
        [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
    const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    if let Some((_, exponent)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((10, *exponent));
    }
    if let Some(position) = BINARY.iter().position(|name| *name == suffix) {
        return Some((2, 10 * (position as i32 + 1)));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    // Kubernetes cuts the exponent to 32 bits: `1e4294967296` is 1.
    if plain { exponent.parse::<i64>().ok().map(|exponent| (10, exponent as i32)) } else { None }
}

/// Billionths, rounded up.
fn exact(whole: &str, fraction: &str, base: u32, exponent: i32) -> i128 {
    if base == 2 {
        return binary(whole, fraction, exponent.unsigned_abs());
    }
    let mut nanos: i128 = 0;
    let mut lost = false;
    // The digits one by one, and where the point stands in billionths of the unit.
    let keep = i32::try_from(whole.len()).unwrap_or(i32::MAX).saturating_add(exponent.saturating_add(9));
    let mut taken = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        if taken < keep {
            nanos = nanos.saturating_mul(10).saturating_add(i128::from(digit - b'0')).min(MOST);
        } else {
            lost |= digit != b'0';
        }
        taken += 1;
    }
    if keep > taken {
        nanos = nanos.saturating_mul(power((keep - taken) as u32)).min(MOST);
    }
    nanos + i128::from(lost)
}

/// The same times a power of two: no digit of the fraction is lost before it is multiplied.
fn binary(whole: &str, fraction: &str, exponent: u32) -> i128 {
    let unit = NANOS << exponent;
    let digits = whole
        .bytes()
        .fold(0_i128, |sum, digit| sum.saturating_mul(10).saturating_add(i128::from(digit - b'0')).min(MOST));
    // From the last digit, so that the length does not matter.
    let (mut value, mut lost) = (0_i128, false);
    for digit in fraction.bytes().rev() {
        let sum = value + i128::from(digit - b'0') * unit;
        value = sum / 10;
        lost |= sum % 10 != 0;
    }
    digits.saturating_mul(unit).saturating_add(value + i128::from(lost)).min(MOST)
}

/// A value and a power of ten, where apimachinery keeps it so.
fn kept_small(whole: &str, fraction: &str, base: u32, exponent: i32) -> Option<(i64, i32)> {
    let (count, after) = (whole.len() as i32, fraction.len() as i32);
    let (scale, precision, factor) = match base {
        10 => (exponent, 18 - (count + after), 1),
        _ if fraction.is_empty() => (0, 15 - count - exponent * 3 / 10 - 1, 1_i64 << exponent),
        _ => return None,
    };
    let scale = scale.wrapping_sub(after);
    if precision < 0 || scale < -9 {
        return None;
    }
    let value: i64 = [whole, fraction].concat().parse().ok()?;
    Some((value.checked_mul(factor)?, scale))
}

/// A function on a quantity; nothing where it is another one.
pub(crate) fn call<'a>(does: Does, arguments: &[Value<'a>]) -> Option<Value<'a>> {
    if matches!(does, Does::Quantity | Does::IsQuantity) {
        let text = arguments.first()?.as_text()?;
        return Some(match (does, Quantity::parse(text)) {
            (Does::IsQuantity, found) => Value::Bool(found.is_some()),
            (_, Some(quantity)) => Value::Quantity(Rc::new(quantity)),
            (_, None) => Value::error(format!("`{text}` is no quantity such as `500m` or `1Gi`")),
        });
    }
    let Some(Value::Quantity(quantity)) = arguments.first() else { return None };
    Some(match (does, arguments) {
        (Does::QuantitySign, [_]) => Value::Int(quantity.nanos.signum() as i64),
        (Does::IsInteger, [_]) => Value::Bool(quantity.whole().is_some()),
        (Does::AsInteger, [_]) => match quantity.whole() {
            Some(whole) => Value::Int(whole),
            None => Value::error("cannot convert value to integer"),
        },
        (Does::AsFloat, [_]) => Value::Double(quantity.approximate()),
        (Does::QuantityAdd, [_, other]) => Value::Quantity(Rc::new(quantity.plus(&amount(other)?))),
        (Does::QuantitySub, [_, other]) => Value::Quantity(Rc::new(quantity.plus(&amount(other)?.negated()))),
        (does, [_, Value::Quantity(other)]) => ordered(does, quantity.compare(other))?,
        _ => return None,
    })
}

fn amount(value: &Value<'_>) -> Option<Quantity> {
    match value {
        Value::Int(number) => Some(Quantity::of(*number)),
        Value::Quantity(quantity) => Some(**quantity),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Quantity;

    #[test]
    fn reads_exponents_and_texts_without_digits_as_kubernetes_does_a17b() {
        let shown = |text: &str| Quantity::parse(text).expect("a quantity").shown();
        assert_eq!(shown("9538e9223372036854775807"), "953.8");
        assert_eq!(shown("1e4294967296"), "1");
        assert_eq!(shown("7e-4294967294"), "700");
        assert_eq!(shown("1e-2147483648"), "0.000000001");
        for text in ["Pi", "e-20", "-.Ei", "n."] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
        assert_eq!(shown("Ki"), "0");
        let more = |more: &str, less: &str| {
            Quantity::parse(more).zip(Quantity::parse(less)).map(|(m, l)| m.compare(&l).is_gt())
        };
        assert_eq!(more("7700.641584248656Gi", "7700.641584248606Gi"), Some(true));
        let most = Quantity::parse("1e2147483647").expect("a quantity");
        assert!(most.plus(&most).compare(&Quantity::of(i64::MAX)).is_gt());
    }
}
