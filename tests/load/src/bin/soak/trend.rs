//! Whether something was flat at the end: the last third of a run beside the second.

/// How far the last third may be above the second.
#[derive(Clone, Copy, Debug)]
pub struct Bound {
    /// What it is about.
    pub name: &'static str,
    /// A part of the second third's mean.
    pub part: f64,
    /// And so much in its own unit.
    pub plus: f64,
}

/// Resident memory in bytes: what the allocator keeps differs from moment to moment.
pub const MEMORY: Bound = Bound { name: "memory", part: 0.05, plus: 4e6 };
/// Open files: as many connections as the load makes where the machine is busy. What leaks leaks more than that in a third.
pub const FILES: Bound = Bound { name: "open files", part: 0.0, plus: 48.0 };
/// Threads: those that read files come and go.
pub const THREADS: Bound = Bound { name: "threads", part: 0.0, plus: 4.0 };
/// Bytes of the cache: every build of the plugin was compiled before the last third.
pub const CACHE: Bound = Bound { name: "cache", part: 0.0, plus: 0.0 };

/// Says both, and `Err` where one of them is more than the bound: what the line of least squares through the last third grows
/// by, and by how much its largest sample is above the largest of the second.
pub fn judge(bound: Bound, samples: &[f64]) -> Result<String, String> {
    let third = samples.len() / 3;
    if third < 2 {
        return Err(format!("{}: {} samples are too few to say anything", bound.name, samples.len()));
    }
    let (second, last) = (&samples[third..2 * third], &samples[2 * third..]);
    let mean = second.iter().sum::<f64>() / second.len() as f64;
    let allowed = mean * bound.part + bound.plus;
    let grown = slope(last) * (last.len() - 1) as f64;
    let above = most(last) - most(second);
    let said = format!(
        "{}: the last third grows by {grown:.0} and its maximum is {above:.0} above that of the second; allowed are {allowed:.0}, mean {mean:.0}",
        bound.name
    );
    // Anything that is no number is refused, too.
    if grown <= allowed && above <= allowed { Ok(said) } else { Err(said) }
}

fn most(samples: &[f64]) -> f64 {
    samples.iter().copied().fold(f64::NEG_INFINITY, f64::max)
}

/// By how much one sample is above the one before it, by least squares.
fn slope(samples: &[f64]) -> f64 {
    let number = samples.len() as f64;
    let (middle, mean) = ((number - 1.0) / 2.0, samples.iter().sum::<f64>() / number);
    let (mut with, mut square) = (0.0, 0.0);
    for (at, sample) in samples.iter().enumerate() {
        let from = at as f64 - middle;
        with += from * (sample - mean);
        square += from * from;
    }
    with / square
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Bound = Bound { name: "memory", part: 0.1, plus: 1.0 };

    fn samples(of: impl Fn(f64) -> f64) -> Vec<f64> {
        (0..30).map(|at| of(f64::from(at))).collect()
    }

    #[test]
    fn takes_for_flat_what_grows_at_first_and_then_no_more() {
        assert!(judge(BOUND, &samples(|at| 100.0 + at.min(10.0))).is_ok());
        assert!(judge(BOUND, &samples(|at| 100.0 + at % 3.0)).is_ok());
        assert!(judge(BOUND, &samples(|at| 100.0 - at)).is_ok());
    }

    #[test]
    fn refuses_what_grows_to_the_end_or_jumps() {
        let said = judge(BOUND, &samples(|at| 100.0 + 2.0 * at)).expect_err("grows");
        assert_eq!(
            said,
            "memory: the last third grows by 18 and its maximum is 20 above that of the second; allowed are 14, mean 129"
        );
        assert!(judge(BOUND, &samples(|at| if at == 25.0 { 140.0 } else { 100.0 })).is_err(), "a peak");
        assert!(judge(BOUND, &samples(|_| f64::NAN)).is_err(), "nothing that could be read");
        let few = judge(BOUND, &[1.0; 5]).expect_err("too few");
        assert_eq!(few, "memory: 5 samples are too few to say anything");
    }
}
