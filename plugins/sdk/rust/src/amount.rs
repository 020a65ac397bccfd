//! Kubernetes quantities: absent, exact or unreadable; compared exactly and shown as people write them.

use std::fmt;

use crate::contract::portcullis::policy::types;
use crate::host::documents;

const NANOS: i128 = 1_000_000_000;

/// What stands where a quantity is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Amount {
    /// No such field, or null.
    Absent,
    /// A quantity.
    Exact(Quantity),
    /// Something that Kubernetes rejects. Never treat it as zero or as absent: it is a finding.
    Unreadable,
}

impl Amount {
    pub(crate) fn from_contract(amount: &types::Amount) -> Self {
        match amount.state {
            0 => Self::Absent,
            1 => Self::Exact(Quantity { whole: amount.whole, nanos: amount.nanos }),
            _ => Self::Unreadable,
        }
    }

    /// Reads a text as Kubernetes does; never absent.
    pub fn parse(text: &str) -> Self {
        match Self::from_contract(&documents::parse_quantity(text)) {
            Self::Absent => Self::Unreadable,
            amount => amount,
        }
    }

    /// The quantity, where there is one.
    pub fn exact(self) -> Option<Quantity> {
        match self {
            Self::Exact(quantity) => Some(quantity),
            _ => None,
        }
    }

    /// Whether there is no such field.
    pub fn is_absent(self) -> bool {
        self == Self::Absent
    }
}

/// An exact quantity: `whole + nanos / 10^9`, nanos in `0..=999_999_999`. The order is that of the numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Quantity {
    /// Whole units: cores, bytes.
    pub whole: i64,
    /// Billionths of a unit.
    pub nanos: u32,
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Quantity = Quantity { whole: 0, nanos: 0 };

    /// A whole number.
    pub const fn whole(whole: i64) -> Self {
        Self { whole, nanos: 0 }
    }

    /// Whether it has no fraction.
    pub fn is_whole(self) -> bool {
        self.nanos == 0
    }

    /// The sum, held at the ends of the range.
    pub fn plus(self, other: Self) -> Self {
        Self::from_nanos(self.to_nanos() + other.to_nanos())
    }

    /// The product with a count, held at the ends of the range.
    pub fn times(self, count: i64) -> Self {
        Self::from_nanos(self.to_nanos().saturating_mul(i128::from(count)))
    }

    /// Whether `self` is more than `ratio` times `base`, exactly.
    pub fn exceeds(self, ratio: Quantity, base: Quantity) -> bool {
        self.to_nanos() * NANOS > ratio.to_nanos().saturating_mul(base.to_nanos())
    }

    fn to_nanos(self) -> i128 {
        i128::from(self.whole) * NANOS + i128::from(self.nanos)
    }

    fn from_nanos(nanos: i128) -> Self {
        match i64::try_from(nanos.div_euclid(NANOS)) {
            // The remainder of a division by 10^9 fits.
            Ok(whole) => Self { whole, nanos: nanos.rem_euclid(NANOS) as u32 },
            Err(_) if nanos < 0 => Self { whole: i64::MIN, nanos: 0 },
            Err(_) => Self { whole: i64::MAX, nanos: (NANOS - 1) as u32 },
        }
    }
}

/// As a person would write it, exactly: `16`, `250m`, `1500m`, `128Mi`, `10M`, `1234567`.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const BINARY: [(&str, i64); 5] =
            [("Pi", 1 << 50), ("Ti", 1 << 40), ("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)];
        const DECIMAL: [(&str, i64); 5] =
            [("P", 10i64.pow(15)), ("T", 10i64.pow(12)), ("G", 10i64.pow(9)), ("M", 10i64.pow(6)), ("k", 10i64.pow(3))];
        if self.nanos > 0 {
            let (unit, suffix) = match self.nanos {
                nanos if nanos % 1_000_000 == 0 => (1_000_000, "m"),
                nanos if nanos % 1_000 == 0 => (1_000, "u"),
                _ => (1, "n"),
            };
            return write!(f, "{}{suffix}", self.to_nanos() / unit);
        }
        let fits = |unit: i64| self.whole != 0 && self.whole % unit == 0;
        match BINARY.iter().chain(&DECIMAL).find(|&&(_, unit)| fits(unit)) {
            Some((suffix, unit)) => write!(f, "{}{suffix}", self.whole / unit),
            None => write!(f, "{}", self.whole),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milli(thousandths: i64) -> Quantity {
        Quantity::from_nanos(i128::from(thousandths) * 1_000_000)
    }

    #[test]
    fn shows_quantities_as_people_write_them() {
        for (quantity, shown) in [
            (Quantity::whole(16), "16"),
            (milli(250), "250m"),
            (milli(1500), "1500m"),
            (milli(-500), "-500m"),
            (Quantity::whole(128 << 20), "128Mi"),
            (Quantity::whole(10_000_000), "10M"),
            (Quantity::whole(1_234_567), "1234567"),
            (Quantity::ZERO, "0"),
            (Quantity { whole: 0, nanos: 1 }, "1n"),
        ] {
            assert_eq!(quantity.to_string(), shown);
        }
    }

    #[test]
    fn compares_and_counts_exactly_up_to_the_ends_of_the_range() {
        assert!(milli(-500) < Quantity::ZERO && milli(1999) < Quantity::whole(2));
        assert_eq!(milli(750).plus(milli(250)), Quantity::whole(1));
        assert_eq!(milli(334).times(3), milli(1002));
        let most = Quantity { whole: i64::MAX, nanos: 999_999_999 };
        assert_eq!(most.times(i64::MAX), most);
        assert_eq!(most.plus(most), most);
        assert_eq!(most.times(-2).whole, i64::MIN);
    }

    #[test]
    fn judges_ratios_without_rounding() {
        let (limit, request) = (milli(1000), milli(500));
        assert!(!limit.exceeds(Quantity::whole(2), request));
        assert!(limit.exceeds(milli(1999), request));
        let most = Quantity { whole: i64::MAX, nanos: 999_999_999 };
        assert!(!most.exceeds(most, most), "a product beyond the range is more than any limit");
    }
}
