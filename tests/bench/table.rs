//! Tables as Markdown, and numbers as people read them.

use std::time::Duration;

/// A table that is printed when all of its rows are known.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(heads: &[&str]) -> Self {
        let heads: Vec<String> = heads.iter().map(|&head| head.to_owned()).collect();
        Self { rows: vec![heads.clone(), heads.iter().map(|_| "---".to_owned()).collect()] }
    }

    pub fn row(&mut self, cells: &[String]) {
        self.rows.push(cells.to_vec());
    }

    pub fn print(&self) {
        for row in &self.rows {
            println!("| {} |", row.join(" | "));
        }
    }
}

/// The fastest and the median of some runs.
pub fn spread(runs: &[Duration]) -> String {
    let mut sorted = runs.to_vec();
    sorted.sort();
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    format!("{}, {}", seconds(sorted.first().copied().unwrap_or_default()), seconds(median))
}

/// A time with three digits.
pub fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s >= 10.0 => format!("{s:.0} s"),
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 0.1 => format!("{:.0} ms", s * 1e3),
        s => format!("{:.1} ms", s * 1e3),
    }
}

/// How many of a second.
pub fn per_second(count: usize, time: Duration) -> String {
    let rate = (count as f64 / time.as_secs_f64().max(1e-9)).round() as u64;
    if rate >= 1_000 { format!("{},{:03}", rate / 1_000, rate % 1_000) } else { rate.to_string() }
}

/// How many times as long.
pub fn times(time: Duration, base: Duration) -> String {
    let ratio = time.as_secs_f64() / base.as_secs_f64().max(1e-9);
    if ratio >= 10.0 { format!("{ratio:.0}") } else { format!("{ratio:.1}") }
}

/// Bytes as MiB.
pub fn mib(bytes: u64) -> String {
    format!("{:.0} MiB", bytes as f64 / f64::from(1 << 20))
}
