//! Dates and times as people write them, in seconds since 1970-01-01T00:00:00Z.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, SecondsFormat};

/// A time that names its offset (RFC 3339 section 5.6), such as `2026-11-21T10:00:00Z`. Nothing for any other text.
pub fn parse_time(text: &str) -> Option<i64> {
    DateTime::parse_from_rfc3339(text).ok().map(|time| time.timestamp())
}

/// The first second in which something that expires then is over: a date (`2026-12-31`) means the end of that day in UTC.
pub fn parse_expiry(text: &str) -> Option<i64> {
    // Ten characters exactly: chrono would also take a month of one digit.
    let date = (text.len() == 10).then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten();
    match date {
        Some(date) => Some(date.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN).and_utc().timestamp()),
        None => parse_time(text),
    }
}

/// A time in UTC by RFC 3339, to the second.
pub fn format_time(seconds: i64) -> String {
    let time = DateTime::from_timestamp_secs(seconds).unwrap_or_default();
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
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
        assert_eq!(parse_time("2026-11-21T14:30:00+02:30"), Some(noon));
        assert_eq!(parse_time("2026-11-21t09:00:00.123-03:00"), Some(noon));
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
            "2026-11-21T12:00:00.abcZ",
        ] {
            assert_eq!(parse_expiry(text), None, "{text}");
        }
    }
}
