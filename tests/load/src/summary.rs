//! What a run comes to.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{Answered, Run};

/// Counts and times of one run.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Reviews that were sent.
    pub sent: u64,
    /// Reviews that the client could not send in their time.
    pub unsent: u64,
    /// Answers that say what they should.
    pub right: u64,
    /// Let in and had to be denied.
    pub wrongly_allowed: u64,
    /// Denied and had to be let in.
    pub wrongly_denied: u64,
    /// Not judged, as declared, by code.
    pub declared: BTreeMap<u16, u64>,
    /// Let in with the warning that nothing was judged.
    pub warned: u64,
    /// Without an answer.
    pub lost: u64,
    /// The first of each kind that is not right.
    pub examples: BTreeMap<&'static str, String>,
    /// From a review's time to its answer, of those that were judged; sorted.
    pub judged: Vec<Duration>,
    /// From the first review to the last answer.
    pub lasted: Duration,
}

impl Summary {
    /// Counts a run.
    pub fn of(run: &Run) -> Self {
        let mut summary = Self { unsent: run.unsent, lasted: run.lasted, ..Self::default() };
        for one in &run.sent {
            summary.sent += 1;
            let mut example = |kind, text: &String| {
                summary.examples.entry(kind).or_insert_with(|| format!("{:.3} s: {text}", one.due.as_secs_f64()));
            };
            match &one.answered {
                Answered::Right => {
                    summary.right += 1;
                    summary.judged.push(one.took);
                }
                Answered::WronglyAllowed(text) => {
                    example("wrongly allowed", text);
                    summary.wrongly_allowed += 1;
                }
                Answered::WronglyDenied(text) => {
                    example("wrongly denied", text);
                    summary.wrongly_denied += 1;
                }
                Answered::Declared(code, text) => {
                    example("declared", text);
                    *summary.declared.entry(*code).or_default() += 1;
                }
                Answered::Warned(text) => {
                    example("warned", text);
                    summary.warned += 1;
                }
                Answered::Lost(text) => {
                    example("lost", text);
                    summary.lost += 1;
                }
            }
        }
        summary.judged.sort_unstable();
        summary
    }

    /// Not judged, as declared: answers that deny and answers that warn.
    pub fn shed(&self) -> u64 {
        self.declared.values().sum::<u64>() + self.warned
    }

    /// The part of everything offered that was answered as it should be.
    pub fn success(&self) -> f64 {
        self.right as f64 / (self.sent + self.unsent).max(1) as f64
    }

    /// Judged reviews a second.
    pub fn rate(&self) -> f64 {
        self.right as f64 / self.lasted.as_secs_f64()
    }

    /// The time within which this part of the judged reviews had its answer.
    pub fn quantile(&self, part: f64) -> Duration {
        quantile(&self.judged, part)
    }
}

/// Of sorted times the one that this part does not exceed; zero where there is none.
pub fn quantile(sorted: &[Duration], part: f64) -> Duration {
    let last = sorted.len().saturating_sub(1);
    let at = (sorted.len() as f64 * part).ceil() as usize;
    sorted.get(at.saturating_sub(1).min(last)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_nearest_rank() {
        let times: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(quantile(&times, 0.5), Duration::from_millis(50));
        assert_eq!(quantile(&times, 0.99), Duration::from_millis(99));
        assert_eq!(quantile(&times, 1.0), Duration::from_millis(100));
        assert_eq!(quantile(&[], 0.5), Duration::ZERO);
    }
}
