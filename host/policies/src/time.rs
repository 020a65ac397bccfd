//! Dates and times as waivers write them (RFC 3339), in seconds since 1970-01-01T00:00:00Z.

/// Seconds of a day; leap seconds do not exist in this count.
const DAY: i64 = 86_400;

/// The first second in which something that expires then is over.
///
/// A date (`2026-12-31`) means the end of that day in UTC. A time (`2026-12-31T12:00:00Z`, RFC 3339 section 5.6) must name
/// its offset. Years 1970 to 9999. Nothing for any other text.
pub(crate) fn parse_expiry(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if !text.is_ascii() || bytes.len() < 10 {
        return None;
    }
    let day = parse_date(&text[..10])?;
    if bytes.len() == 10 {
        return Some((day + 1) * DAY);
    }
    if !matches!(bytes[10], b'T' | b't' | b' ') {
        return None;
    }
    let (clock, offset) = split_offset(&text[11..])?;
    Some(day * DAY + parse_clock(clock)? - offset)
}

/// Seconds since 1970-01-01T00:00:00Z as RFC 3339 in UTC, for messages.
pub(crate) fn format_time(seconds: i64) -> String {
    let (day, rest) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, date) = civil_of(day);
    format!("{year:04}-{month:02}-{date:02}T{:02}:{:02}:{:02}Z", rest / 3600, rest / 60 % 60, rest % 60)
}

fn parse_date(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let (year, month, day) = (number(&text[..4])?, number(&text[5..7])?, number(&text[8..])?);
    let exists =
        (1970..=9999).contains(&year) && (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day);
    exists.then(|| days_of(year, month, day))
}

fn parse_clock(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').map_or((text, None), |(whole, fraction)| (whole, Some(fraction)));
    if fraction.is_some_and(|digits| number(digits).is_none() && digits.len() < 10) || fraction == Some("") {
        return None;
    }
    let bytes = whole.as_bytes();
    if bytes.len() != 8 || bytes[2] != b':' || bytes[5] != b':' {
        return None;
    }
    let (hour, minute, second) = (number(&whole[..2])?, number(&whole[3..5])?, number(&whole[6..])?);
    // A leap second (60) is read as the second after it, as most clocks do.
    (hour < 24 && minute < 60 && second <= 60).then_some(hour * 3600 + minute * 60 + second)
}

fn split_offset(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let at = text.rfind(['+', '-'])?;
    let (clock, offset) = text.split_at(at);
    let bytes = offset.as_bytes();
    if bytes.len() != 6 || bytes[3] != b':' {
        return None;
    }
    let (hour, minute) = (number(&offset[1..3])?, number(&offset[4..])?);
    let seconds = hour * 3600 + minute * 60;
    (hour < 24 && minute < 60).then_some((clock, if bytes[0] == b'-' { -seconds } else { seconds }))
}

fn number(digits: &str) -> Option<i64> {
    (!digits.is_empty() && digits.len() < 10 && digits.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| digits.parse().ok())
        .flatten()
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the Gregorian calendar, counted in years that begin in March.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The reverse of [`days_of`].
fn civil_of(days: i64) -> (i64, i64, i64) {
    let days = days.saturating_add(719_468);
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates_as_the_end_of_their_day() {
        assert_eq!(parse_expiry("1970-01-01"), Some(86_400));
        assert_eq!(parse_expiry("2026-11-21").map(format_time).as_deref(), Some("2026-11-22T00:00:00Z"));
        assert_eq!(parse_expiry("2024-02-29").map(format_time).as_deref(), Some("2024-03-01T00:00:00Z"));
    }

    #[test]
    fn reads_times_with_their_offset() {
        let noon = parse_expiry("2026-11-21T12:00:00Z").expect("a time");
        assert_eq!(format_time(noon), "2026-11-21T12:00:00Z");
        assert_eq!(parse_expiry("2026-11-21T14:30:00+02:30"), Some(noon));
        assert_eq!(parse_expiry("2026-11-21t09:00:00.123-03:00"), Some(noon));
    }

    #[test]
    fn refuses_what_is_no_date() {
        for text in [
            "",
            "2026",
            "2026-13-01",
            "2026-02-29",
            "2026-1-01",
            "2026-11-21T12:00:00",
            "2026-11-21T25:00:00Z",
            "tomorrow!!",
            "2026-11-21T12:00:00+2:00",
            "2026-11-21T12:00:00.Z",
            "2026-11-21x",
            "２０２６-11-21",
            "1969-12-31",
            "+026-11-21",
            "2026-11-21T12:00:00.abcZ",
        ] {
            assert_eq!(parse_expiry(text), None, "{text}");
        }
    }

    #[test]
    fn counts_every_day_once() {
        let mut last = 0;
        for year in 1970..2120 {
            for month in 1..=12 {
                for day in 1..=days_in(year, month) {
                    assert_eq!(days_of(year, month, day), last);
                    assert_eq!(civil_of(last), (year, month, day));
                    last += 1;
                }
            }
        }
    }
}
