//! The exit codes we promise.
//!
//! | status | meaning |
//! | --- | --- |
//! | 0 | every subject is allowed (warnings included) |
//! | 1 | something is denied |
//! | 2 | something could not be judged: bad arguments, an unreadable or empty input, a bad policy set, an error whose `onError` is deny |
//!
//! The status follows from the verdict alone, which exists before any renderer runs: no format can change it.

use std::process::ExitCode;

use portcullis_report::{Report, ReportVerdict};

/// How a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything may enter.
    Allowed,
    /// Something may not.
    Denied,
    /// Something could not be judged, or the run could not begin.
    NotJudged,
}

impl Exit {
    /// How a run with this report ends.
    pub fn of(report: &Report) -> Self {
        match report.verdict {
            ReportVerdict::Allow => Self::Allowed,
            ReportVerdict::Deny => Self::Denied,
            ReportVerdict::Error => Self::NotJudged,
        }
    }

    /// The status that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Self::Allowed => 0,
            Self::Denied => 1,
            Self::NotJudged => 2,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use portcullis_report::{InputError, Parts, Tool};

    use super::*;

    #[test]
    fn judges_a_run_without_subjects_and_a_run_with_an_error_as_2() {
        // A63: "no objects found" and "unreadable" are not success.
        let tool = || Tool { version: "0.1.0".into(), commit: String::new() };
        let errors = vec![InputError::new("x")];
        for parts in [Parts::default(), Parts { errors, ..Parts::default() }] {
            assert_eq!(Exit::of(&Report::new(tool(), parts)).code(), 2);
        }
        assert_eq!([Exit::Allowed, Exit::Denied, Exit::NotJudged].map(Exit::code), [0, 1, 2]);
    }
}
