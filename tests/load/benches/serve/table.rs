//! Numbers and tables as BENCHMARKS.md has them.

use std::time::Duration;

/// Prints the head of a table.
pub fn head(columns: &[&str]) {
    row(columns);
    row(&vec!["---"; columns.len()]);
}

/// Prints one row.
pub fn row<T: AsRef<str>>(cells: &[T]) {
    println!("| {} |", cells.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(" | "));
}

/// A count with commas.
pub fn count(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Milliseconds, with as many digits as are worth reading.
pub fn millis(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    if millis < 10.0 { format!("{millis:.2}") } else { format!("{millis:.0}") }
}

/// The 50th, 95th, 99th and 99.9th percentile in milliseconds; none of which fewer than ten of the times are above.
pub fn quantiles(sorted: &[Duration]) -> String {
    let one = |part: f64| {
        let enough = sorted.len() as f64 * (1.0 - part) >= 10.0;
        if enough { millis(portcullis_load::quantile(sorted, part)) } else { "-".to_owned() }
    };
    [0.5, 0.95, 0.99, 0.999].map(one).join(", ")
}

/// Megabytes.
pub fn megabytes(bytes: u64) -> String {
    format!("{:.0}", bytes as f64 / 1e6)
}

/// The middle one.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}
