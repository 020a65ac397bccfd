//! Moments and spans of time, as Go reads and writes them.

/// The first second of the year 1, and the last of the year 9999.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

/// A moment, and the zone that it was written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Nanoseconds beyond them.
    pub nanos: u32,
    /// Seconds east of Greenwich.
    pub offset: i32,
}

/// A moment as a calendar and a clock show it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calendar {
    pub(crate) year: i64,
    /// From 1.
    pub(crate) month: i64,
    /// From 1.
    pub(crate) day: i64,
    pub(crate) hour: i64,
    pub(crate) minute: i64,
    pub(crate) second: i64,
    /// From 0.
    pub(crate) day_of_year: i64,
    /// From Sunday, 0.
    pub(crate) weekday: i64,
}

/// Days from 1970-01-01 to a day, in the calendar of Gregory.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

fn length_of_month(year: i64, month: i64) -> i64 {
    let next = if month == 12 { days(year + 1, 1, 1) } else { days(year, month + 1, 1) };
    next - days(year, month, 1)
}

impl Moment {
    /// Reads RFC 3339.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = bytes.get(from..to)?;
            if !digits.iter().all(u8::is_ascii_digit) {
                return None;
            }
            Some(digits.iter().fold(0, |value, digit| value * 10 + i64::from(digit - b'0')))
        };
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
        if !marks.iter().all(|(at, mark)| bytes.get(*at) == Some(mark)) {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if !(1..=12).contains(&month) || hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        if day < 1 || day > length_of_month(year, month) {
            return None;
        }
        let mut at = 19;
        let mut nanos = 0;
        if matches!(bytes.get(at), Some(b'.' | b',')) {
            let digits = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
            if digits == 0 {
                return None;
            }
            let shown = &text[at + 1..at + 1 + digits.min(9)];
            nanos = format!("{shown:0<9}").parse().ok()?;
            at += 1 + digits;
        }
        let offset = match bytes.get(at)? {
            b'Z' if bytes.len() == at + 1 => 0,
            sign @ (b'+' | b'-') if bytes.len() == at + 6 && bytes[at + 3] == b':' => {
                let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
                if hours > 24 || minutes >= 60 {
                    return None;
                }
                let east = (hours * 60 + minutes) * 60;
                if *sign == b'-' { -east } else { east }
            }
            _ => return None,
        };
        let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - offset;
        Some(Self { seconds, nanos, offset: offset as i32 })
    }

    /// Whether it lies in the years 1 to 9999.
    pub fn is_in_range(&self) -> bool {
        RANGE.contains(&self.seconds)
    }

    /// What is compared: the same moment in two zones is one.
    pub fn instant(&self) -> (i64, u32) {
        (self.seconds, self.nanos)
    }

    /// Nanoseconds later.
    pub(crate) fn plus(&self, nanos: i64) -> Option<Self> {
        let sum = i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanos) + i128::from(nanos);
        let seconds = i64::try_from(sum.div_euclid(1_000_000_000)).ok()?;
        Some(Self { seconds, nanos: sum.rem_euclid(1_000_000_000) as u32, offset: self.offset })
    }

    /// Nanoseconds between two; nothing where they do not fit.
    pub(crate) fn minus(&self, other: &Self) -> Option<i64> {
        let nanos = |moment: &Self| i128::from(moment.seconds) * 1_000_000_000 + i128::from(moment.nanos);
        i64::try_from(nanos(self) - nanos(other)).ok()
    }

    /// In a zone, so many seconds east of Greenwich.
    pub(crate) fn calendar(&self, offset: i64) -> Calendar {
        let local = self.seconds + offset;
        let (day_number, of_day) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let (year, month, day) = date(day_number);
        Calendar {
            year,
            month,
            day,
            hour: of_day / 3_600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
            day_of_year: day_number - days(year, 1, 1),
            weekday: (day_number + 4).rem_euclid(7),
        }
    }

    /// As RFC 3339, with as many digits as it needs.
    pub fn shown(&self) -> String {
        let Calendar { year, month, day, hour, minute, second, .. } = self.calendar(i64::from(self.offset));
        let mut text = format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}");
        if self.nanos > 0 {
            let digits = format!("{:09}", self.nanos);
            text.push('.');
            text.push_str(digits.trim_end_matches('0'));
        }
        if self.offset == 0 {
            text.push('Z');
        } else {
            let minutes = self.offset.abs() / 60;
            let sign = if self.offset < 0 { '-' } else { '+' };
            text.push_str(&format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60));
        }
        text
    }
}

/// A zone: `UTC`, or hours and minutes east of Greenwich. Names of places would need their history, which is not here.
pub(crate) fn zone(name: &str) -> Result<i64, String> {
    if matches!(name, "" | "UTC") {
        return Ok(0);
    }
    let Some((hours, minutes)) = name.split_once(':') else {
        return Err(format!("the time zone `{name}` is not known here: write `UTC` or an offset such as `+02:00`"));
    };
    let number = |text: &str| text.parse::<i64>().ok().filter(|number| number.abs() < 1_000);
    let wrong = || format!("`{name}` is no time zone: write an offset such as `+02:00`");
    let (hours, minutes) = (number(hours).ok_or_else(wrong)?, number(minutes).ok_or_else(wrong)?);
    Ok(60 * (hours * 60 + if name.starts_with('-') { -minutes } else { minutes }))
}

/// The units of a span, in nanoseconds; longer names first.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// A span such as `1h30m` in nanoseconds.
pub(crate) fn duration(text: &str) -> Option<i64> {
    let (negative, mut rest) = match text.strip_prefix(['+', '-']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut sum: u64 = 0;
    while !rest.is_empty() {
        let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = &rest[..digits(rest)];
        rest = &rest[whole.len()..];
        let mut fraction = "";
        if let Some(after) = rest.strip_prefix('.') {
            fraction = &after[..digits(after)];
            rest = &after[fraction.len()..];
        }
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let name = &rest[..rest.bytes().take_while(|b| *b != b'.' && !b.is_ascii_digit()).count()];
        let unit = UNITS.iter().find(|(known, _)| *known == name)?.1;
        rest = &rest[name.len()..];
        let value = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()? };
        let mut nanos = value.checked_mul(unit)?;
        if !fraction.is_empty() {
            let (mut part, mut scale) = (0_u64, 1.0_f64);
            for digit in fraction.bytes().take(18) {
                part = part * 10 + u64::from(digit - b'0');
                scale *= 10.0;
            }
            nanos = nanos.checked_add((part as f64 * (unit as f64 / scale)) as u64)?;
        }
        sum = sum.checked_add(nanos).filter(|sum| *sum <= 1 << 63)?;
    }
    if negative { Some((sum as i64).wrapping_neg()) } else { i64::try_from(sum).ok() }
}
