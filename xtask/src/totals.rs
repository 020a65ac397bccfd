//! Reads what test binaries print, and counts what passed, failed, and was skipped.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

/// How a test says that it could not judge here.
const SKIPPED: &str = "SKIPPED:";
/// How many lines of a failed test's own output are said again at the end: its last ones, where the assertion is.
const LINES_OF_A_FAILURE: usize = 40;

/// Counts over any number of test binaries that ran with `--show-output`.
#[derive(Debug, Default)]
pub struct Totals {
    passed: u64,
    failed: u64,
    skipped: u64,
    /// Every line that said `SKIPPED: ...`, once each.
    reasons: BTreeSet<String>,
    section: Section,
    /// Names of the tests of the current binary that passed and said that they skipped something.
    skipping: BTreeSet<String>,
    /// The tests that failed, and the last lines of what each printed.
    failures: Vec<(String, VecDeque<String>)>,
}

/// Which part of a test binary's output the next line belongs to.
#[derive(Debug, Default)]
enum Section {
    #[default]
    Results,
    /// Below `successes:`, in the output of the named test.
    Success(String),
    Failures,
}

impl Totals {
    /// Reads one line of a test binary's standard output.
    pub fn read(&mut self, line: &str) {
        if let Some(reason) = line.trim_start().strip_prefix(SKIPPED) {
            self.reasons.insert(format!("{SKIPPED}{reason}"));
            if let Section::Success(test) = &self.section {
                self.skipping.insert(test.clone());
            }
        } else if let Some(test) = line.strip_prefix("---- ").and_then(|rest| rest.strip_suffix(" stdout ----")) {
            match &mut self.section {
                Section::Success(current) => test.clone_into(current),
                Section::Failures => self.failures.push((test.to_owned(), VecDeque::new())),
                Section::Results => {}
            }
        } else if line == "successes:" {
            self.section = Section::Success(String::new());
        } else if line == "failures:" {
            // Said twice: before what they printed, and before their names, which are known by then.
            self.section = match self.section {
                Section::Failures => Section::Results,
                _ => Section::Failures,
            };
        } else if let Some(result) = line.strip_prefix("test result: ") {
            self.finish_binary(result);
        } else if let (Section::Failures, Some((_, lines))) = (&self.section, self.failures.last_mut()) {
            if lines.len() == LINES_OF_A_FAILURE {
                lines.pop_front();
            }
            lines.push_back(line.to_owned());
        }
    }

    /// The tests that failed and the end of what each printed, for the last page of a long run.
    pub fn failures(&self) -> impl Iterator<Item = String> {
        self.failures.iter().map(|(test, lines)| {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            format!("---- {test} ----\n{}", lines.join("\n").trim_end())
        })
    }

    /// Counts a check that is no test binary and failed.
    pub fn fail(&mut self) {
        self.failed += 1;
    }

    /// Notes something that was left out as a whole.
    pub fn skip(&mut self, reason: &str) {
        self.skipped += 1;
        self.reasons.insert(format!("{SKIPPED} {reason}"));
    }

    /// How many tests failed so far.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// How many tests passed so far.
    pub fn passed(&self) -> u64 {
        self.passed
    }

    /// Everything that was skipped, in words.
    pub fn reasons(&self) -> impl Iterator<Item = &str> {
        self.reasons.iter().map(String::as_str)
    }

    /// `ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s`.
    fn finish_binary(&mut self, result: &str) {
        let count = |word: &str| -> u64 {
            let part = result.split([';', '.']).map(str::trim).find_map(|part| part.strip_suffix(word));
            part.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
        };
        let skipping = self.skipping.len() as u64;
        self.passed += count("passed").saturating_sub(skipping);
        self.failed += count("failed");
        self.skipped += count("ignored") + skipping;
        self.skipping.clear();
        self.section = Section::Results;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_BINARIES: &str = "\
running 3 tests
test a ... ok
test b ... ok
test c ... FAILED

successes:

---- a stdout ----
SKIPPED: no corpora at ../x
SKIPPED: no corpora at ../y
---- b stdout ----
fine

successes:
    a
    b

failures:

---- c stdout ----
SKIPPED: no corpora at ../z
assertion failed

failures:
    c

test result: FAILED. 2 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s

running 12 tests
test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn counts_a_test_that_skipped_as_skipped_and_one_that_failed_as_failed() {
        let mut totals = Totals::default();
        TWO_BINARIES.lines().for_each(|line| totals.read(line));
        assert_eq!(totals.to_string(), "13 passed, 1 failed, 2 skipped");
        assert_eq!(totals.reasons().count(), 3);
    }

    #[test]
    fn says_the_end_of_what_a_failed_test_printed_again() {
        let mut totals = Totals::default();
        let long: String = (0..100).map(|line| format!("line {line}\n")).collect();
        TWO_BINARIES
            .replace("assertion failed", &(long + "assertion failed"))
            .lines()
            .for_each(|line| totals.read(line));
        let failures: Vec<String> = totals.failures().collect();
        assert_eq!(failures.len(), 1, "{failures:?}");
        assert!(failures[0].starts_with("---- c ----\nline 62\n"), "{failures:?}");
        assert!(failures[0].ends_with("line 99\nassertion failed"), "{failures:?}");
    }

    #[test]
    fn counts_a_step_that_was_left_out() {
        let mut totals = Totals::default();
        totals.skip("cargo-deny");
        totals.fail();
        assert_eq!(totals.to_string(), "0 passed, 1 failed, 1 skipped");
        assert_eq!(totals.reasons().collect::<Vec<_>>(), ["SKIPPED: cargo-deny"]);
    }
}
