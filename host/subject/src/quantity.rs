//! Kubernetes quantities, exactly.
//!
//! The judge is `ParseQuantity` of k8s.io/apimachinery (pkg/api/resource, v0.36): what it accepts is accepted here with
//! the same value, oddities included (a bare `-`, `.` or `Ki` is zero, exponents wrap at 32 bits), and what it refuses is
//! refused. The difference is the range: values beyond it are held at its end instead of growing without bound.

use std::cmp::Ordering;
use std::fmt;

use portcullis_model::{Amount, AmountState, Document, Kind, NodeId};

const NANOS: i128 = 1_000_000_000;
const NANOS_IN_MILLI: i128 = 1_000_000;
/// The largest value that an [`Amount`] holds, in nanos.
const MOST: i128 = (i64::MAX as i128) * NANOS + NANOS - 1;
/// The smallest value that an [`Amount`] holds, in nanos.
const LEAST: i128 = (i64::MIN as i128) * NANOS;
/// Decimal digits that always fit a `u128`.
const DIGITS: i64 = 38;

/// Why a text is not a quantity. Each corresponds to one error of apimachinery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuantityError {
    /// No text.
    Empty,
    /// Not a number with a suffix (`ErrFormatWrong`).
    Format,
    /// No digit where one is needed (`ErrNumeric`).
    Number,
    /// A suffix that does not exist (`ErrSuffix`).
    Suffix(String),
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "an empty text is not a quantity"),
            Self::Format => write!(f, "not a number with an optional suffix, such as `500m`, `1.5` or `128Mi`"),
            Self::Number => write!(f, "a suffix without a number"),
            Self::Suffix(suffix) => write!(
                f,
                "the suffix `{}` does not exist; there are n u m k M G T P E, Ki Mi Gi Ti Pi Ei, and exponents such as e3",
                suffix.escape_debug()
            ),
        }
    }
}

impl std::error::Error for QuantityError {}

/// How a quantity was written, which its canonical form keeps (`resource.Format`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// `DecimalSI`: `12M`, `500m`, and numbers without a suffix.
    Decimal,
    /// `BinarySI`: `12Mi`.
    Binary,
    /// `DecimalExponent`: `12e6`.
    Exponent,
}

/// Reads a quantity as `resource.ParseQuantity` does.
pub fn parse(text: &str) -> Result<Amount, QuantityError> {
    parse_with_notation(text).map(|(amount, _)| amount)
}

/// Reads a quantity and how it was written.
pub fn parse_with_notation(text: &str) -> Result<(Amount, Notation), QuantityError> {
    let parts = Parts::split(text)?;
    let (scale, notation) = parts.scale()?;
    let magnitude = match scale {
        Scale::Ten(exponent) => parts.times_ten_to(exponent)?,
        Scale::Two(exponent) => parts.times_two_to(exponent)?,
    };
    let nanos = if parts.negative { -magnitude } else { magnitude };
    Ok((held(nanos), notation))
}

/// The quantity of a text; unreadable where it is none. The form that the plugin runner calls.
pub fn amount(text: &str) -> Amount {
    parse(text).unwrap_or(Amount::UNREADABLE)
}

/// The quantity at a node, as the API server decodes it (`Quantity.UnmarshalJSON`): strings and numbers, by their text.
///
/// Space around it is ignored as it is there, except tabs and line breaks: those arrive escaped and are refused.
pub fn at(document: &Document, node: NodeId) -> Amount {
    let text = match document.kind(node) {
        Kind::None | Kind::Null => return Amount::ABSENT,
        Kind::Number => document.number_text(node),
        Kind::String => document.text(node).trim_matches(is_plain_space),
        Kind::Bool | Kind::List | Kind::Map => return Amount::UNREADABLE,
    };
    parse(text).unwrap_or(Amount::UNREADABLE)
}

/// Rounds up to a thousandth of a unit, away from zero, as `SetDefaults_ResourceList` (k8s.io/kubernetes, core/v1) does to
/// the resources of containers, Pods and claims when the API server stores them.
pub fn round_up_milli(value: Amount) -> Amount {
    if value.state != AmountState::Exact {
        return value;
    }
    let nanos = nanos(value);
    let up = (nanos.abs() + NANOS_IN_MILLI - 1) / NANOS_IN_MILLI * NANOS_IN_MILLI;
    held(up * nanos.signum())
}

/// Which of two quantities is larger. Nothing where either is absent or unreadable.
pub fn compare(left: Amount, right: Amount) -> Option<Ordering> {
    let exact = left.state == AmountState::Exact && right.state == AmountState::Exact;
    exact.then(|| (left.whole, left.nanos).cmp(&(right.whole, right.nanos)))
}

/// The canonical text (`Quantity.CanonicalizeBytes`): no fraction, the largest suffix that loses nothing. Empty for what
/// is absent or unreadable.
pub fn format(value: Amount, notation: Notation) -> String {
    if value.state != AmountState::Exact {
        return String::new();
    }
    // Small and broken numbers of the binary notation are written in the decimal one, so that nothing is rounded.
    let small = (-1023..=1023).contains(&value.whole);
    if notation == Notation::Binary && !small && value.nanos == 0 {
        let (mantissa, power) = without_factors(value.whole.into(), 1024);
        return format!("{mantissa}{}", ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][power as usize]);
    }
    let nanos = nanos(value);
    if nanos == 0 {
        return "0".to_owned();
    }
    let (mut mantissa, zeros) = without_factors(nanos, 10);
    let mut exponent = zeros as i32 - 9;
    while exponent % 3 != 0 {
        mantissa *= 10;
        exponent -= 1;
    }
    match notation {
        Notation::Exponent if exponent != 0 => format!("{mantissa}e{exponent}"),
        // The range of an amount keeps the exponent in -9..=18.
        _ => format!("{mantissa}{}", ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][(exponent / 3 + 3) as usize]),
    }
}

enum Scale {
    /// `10^n`.
    Ten(i32),
    /// `2^n`.
    Two(u32),
}

/// The pieces of a quantity's text (`parseQuantityString`).
struct Parts<'a> {
    negative: bool,
    /// Whether any digit stands before the suffix, leading zeros included.
    digits: bool,
    /// Digits before the point without leading zeros; empty for zero.
    whole: &'a str,
    /// Digits after the point.
    fraction: &'a str,
    suffix: &'a str,
}

impl<'a> Parts<'a> {
    fn split(text: &'a str) -> Result<Self, QuantityError> {
        if text.is_empty() {
            return Err(QuantityError::Empty);
        }
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let stripped = unsigned.trim_start_matches('0');
        let (whole, rest) = digits(stripped);
        let (fraction, suffix) = rest.strip_prefix('.').map_or(("", rest), digits);
        let after_letters = suffix.trim_start_matches(|c| "eEinumkKMGTP".contains(c));
        let after_sign = after_letters.strip_prefix(['-', '+']).unwrap_or(after_letters);
        if !digits(after_sign).1.is_empty() {
            return Err(QuantityError::Format);
        }
        let zeros = unsigned.len() - stripped.len();
        let digits = zeros + whole.len() + fraction.len() > 0;
        Ok(Self { negative: text.starts_with('-'), digits, whole, fraction, suffix })
    }

    fn scale(&self) -> Result<(Scale, Notation), QuantityError> {
        let ten = |exponent| Ok((Scale::Ten(exponent), Notation::Decimal));
        let two = |exponent| Ok((Scale::Two(exponent), Notation::Binary));
        match self.suffix {
            "n" => ten(-9),
            "u" => ten(-6),
            "m" => ten(-3),
            "" => ten(0),
            "k" => ten(3),
            "M" => ten(6),
            "G" => ten(9),
            "T" => ten(12),
            "P" => ten(15),
            "E" => ten(18),
            "Ki" => two(10),
            "Mi" => two(20),
            "Gi" => two(30),
            "Ti" => two(40),
            "Pi" => two(50),
            "Ei" => two(60),
            other => {
                let exponent = other.strip_prefix(['e', 'E']).and_then(|number| number.parse::<i64>().ok());
                // Kubernetes cuts the exponent to 32 bits: `1e4294967296` is 1.
                let cut = exponent.map(|exponent| exponent as i32);
                let cut = cut.ok_or_else(|| QuantityError::Suffix(other.to_owned()))?;
                Ok((Scale::Ten(cut), Notation::Exponent))
            }
        }
    }

    /// The magnitude in nanos, rounded up.
    fn times_ten_to(&self, exponent: i32) -> Result<i128, QuantityError> {
        // Kubernetes' fast path reads a text without any digit as zero; down here it takes its slow one, which does not.
        if !self.digits && exponent < -9 {
            return Err(QuantityError::Number);
        }
        // Places and exponent wrap at 32 bits, as they do there.
        let places = i32::try_from(self.fraction.len()).unwrap_or(i32::MAX);
        let power = -i64::from(places.wrapping_add(exponent.wrapping_neg()));
        Ok(scaled(&[self.whole, self.fraction].concat(), power + 9))
    }

    /// The magnitude in nanos, rounded up and capped.
    fn times_two_to(&self, exponent: u32) -> Result<i128, QuantityError> {
        // The fast path again: `Ti` is zero, and `Pi` is none.
        if !self.digits && exponent > 40 {
            return Err(QuantityError::Number);
        }
        if self.whole.len() > 19 {
            return Ok(i128::from(i64::MAX) * NANOS);
        }
        let whole = self.whole.parse::<i128>().unwrap_or(0) << exponent;
        if whole >= i128::from(i64::MAX) {
            return Ok(i128::from(i64::MAX) * NANOS);
        }
        // fraction * 2^exponent * 10^9 by Horner's rule from the last digit, so that its length does not matter.
        let unit = NANOS << exponent;
        let (mut value, mut lost) = (0, false);
        for digit in self.fraction.bytes().rev() {
            let sum: i128 = value + i128::from(digit - b'0') * unit;
            value = sum / 10;
            lost |= sum % 10 != 0;
        }
        Ok((whole * NANOS + value + i128::from(lost)).min(i128::from(i64::MAX) * NANOS))
    }
}

/// `digits * 10^power`, rounded up to a whole number and held at the end of the range.
fn scaled(digits: &str, power: i64) -> i128 {
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return 0;
    }
    let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    if length.saturating_add(power) > DIGITS {
        return MOST + 1;
    }
    let kept = usize::try_from(length.saturating_add(power.min(0))).unwrap_or(0);
    let (kept, cut) = digits.split_at(kept);
    let rounded = i128::from(cut.bytes().any(|digit| digit != b'0'));
    let zeros = u32::try_from(power.max(0)).unwrap_or(0);
    // At most 38 digits in all, which fit.
    (kept.parse::<i128>().unwrap_or(0) + rounded) * 10_i128.pow(zeros)
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

fn nanos(value: Amount) -> i128 {
    i128::from(value.whole) * NANOS + i128::from(value.nanos)
}

fn held(nanos: i128) -> Amount {
    let held = nanos.clamp(LEAST, MOST);
    Amount {
        state: AmountState::Exact,
        // The clamp keeps both in their range.
        whole: i64::try_from(held.div_euclid(NANOS)).unwrap_or(i64::MAX),
        nanos: u32::try_from(held.rem_euclid(NANOS)).unwrap_or(0),
    }
}

fn without_factors(mut value: i128, factor: i128) -> (i128, u32) {
    let mut times = 0;
    while value.abs() >= factor && value % factor == 0 {
        value /= factor;
        times += 1;
    }
    (value, times)
}

/// White space that Go's `strings.TrimSpace` removes and its JSON encoder leaves unescaped.
fn is_plain_space(c: char) -> bool {
    c.is_whitespace() && !matches!(c, '\t'..='\r' | '\u{2028}' | '\u{2029}')
}
