//! The exit codes we promise.
//!
//! | status | meaning |
//! | --- | --- |
//! | 0 | every subject is allowed (warnings included) |
//! | 1 | something is denied, or counts by `--fail-on` |
//! | 2 | something could not be judged: bad arguments, an unreadable or empty input, a bad policy set, an error whose `onError` is deny |
//!
//! The status follows from the verdict and from `--fail-on`, which both exist before any renderer runs: no format can change it.

use std::process::ExitCode;

use portcullis_model::{Decision, Effect, Failure, Judged, Severity};
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
    /// How a run with this report ends. What counts besides can only make it stricter.
    pub fn of(report: &Report, fail_on: FailOn) -> Self {
        match report.verdict {
            ReportVerdict::Allow if fail_on.count(report) > 0 => Self::Denied,
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

/// What gives the status 1. No verdict changes by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailOn {
    /// What is denied, and nothing else.
    #[default]
    Denied,
    /// Warnings too, and what could not be judged where that only warns.
    Warned,
    /// Findings of at least this severity too, whatever they do; unless somebody answers for them, or they are a trial.
    Severity(Severity),
}

impl FailOn {
    /// Every word of `--fail-on`.
    pub const WORDS: [&'static str; 7] = ["denied", "warned", "info", "low", "medium", "high", "critical"];

    /// What a word means.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "denied" => Some(Self::Denied),
            "warned" => Some(Self::Warned),
            severity => Severity::parse(severity).map(Self::Severity),
        }
    }

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::Warned => "warned",
            Self::Severity(severity) => severity.as_str(),
        }
    }

    /// Whether a finding counts that denies nothing.
    pub fn counts(self, judged: &Judged) -> bool {
        match self {
            Self::Denied => false,
            Self::Warned => judged.effect == Effect::Warn,
            // Only what somebody is told or what is recorded: a waiver stands for its finding, and a trial does nothing.
            Self::Severity(least) => matches!(judged.effect, Effect::Warn | Effect::Audit) && judged.severity >= least,
        }
    }

    /// Whether something counts that could not be judged and denies nothing; a notice about the whole subject is none.
    fn counts_failure(self, failure: &Failure) -> bool {
        self == Self::Warned && failure.policy.is_some() && failure.effect == Effect::Warn
    }

    /// How much of a report counts though it denies nothing.
    pub fn count(self, report: &Report) -> usize {
        let of = |decision: &Decision| {
            let findings = decision.findings.iter().filter(|judged| self.counts(judged)).count();
            findings + decision.failures.iter().filter(|failure| self.counts_failure(failure)).count()
        };
        report.decisions.iter().map(of).sum()
    }

    /// Why the status is 1 though the verdict is not to deny; nothing where it is not.
    pub fn notice(self, report: &Report) -> Option<String> {
        let count = self.count(report);
        if report.verdict != ReportVerdict::Allow || count == 0 {
            return None;
        }
        let plural = if count == 1 { "" } else { "s" };
        let what = match self {
            Self::Severity(least) => format!("{count} finding{plural} of at least {least} severity"),
            _ => format!("{count} warning{plural}"),
        };
        Some(format!("nothing is denied, but the exit status is 1: `--fail-on {}` counts {what}", self.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use portcullis_model::{FailureKind, Finding, Mode, Subject, SubjectKind};
    use portcullis_report::{InputError, Parts, Tool};

    use super::*;

    #[test]
    fn judges_a_run_without_subjects_and_a_run_with_an_error_as_2() {
        // A63: "no objects found" and "unreadable" are not success.
        let tool = || Tool { version: "0.1.0".into(), commit: String::new() };
        let errors = vec![InputError::new("x")];
        for parts in [Parts::default(), Parts { errors, ..Parts::default() }] {
            let report = Report::new(tool(), parts);
            for word in FailOn::WORDS {
                let fail_on = FailOn::parse(word).expect("a word");
                assert_eq!(Exit::of(&report, fail_on).code(), 2, "{word}");
                assert_eq!(fail_on.as_str(), word);
            }
        }
        assert_eq!([Exit::Allowed, Exit::Denied, Exit::NotJudged].map(Exit::code), [0, 1, 2]);
    }

    fn decision(findings: Vec<Judged>, failures: Vec<Failure>) -> Decision {
        Decision {
            policy_set: "s".into(),
            policy_set_digest: "sha256:0".into(),
            subject: Subject {
                kind_of: SubjectKind::Object,
                api_version: "v1".into(),
                kind: "Pod".into(),
                namespace: "shop".into(),
                name: "web".into(),
                place: None,
                occurrence: None,
            },
            operation: "CREATE".into(),
            mode: Mode::Compliance,
            policies: Vec::new(),
            findings,
            failures,
            facts: Vec::new(),
        }
    }

    fn finding(severity: Severity, effect: Effect) -> Judged {
        let (rule, message, pointer) = ("r".into(), "m".into(), String::new());
        let finding = Finding { rule, severity, message, pointer, place: None, fix: None };
        Judged {
            policy: "p".into(),
            plugin: "b@sha256:0".into(),
            severity,
            effect,
            waiver: None,
            existing: false,
            finding,
        }
    }

    fn failure(policy: Option<&str>, effect: Effect) -> Failure {
        Failure { policy: policy.map(str::to_owned), kind: FailureKind::Fact, message: "m".into(), effect }
    }

    fn report(decisions: Vec<Decision>) -> Report {
        let tool = Tool { version: "0.1.0".into(), commit: String::new() };
        Report::new(tool, Parts { decisions, ..Parts::default() })
    }

    /// The status of a run over one subject with this by each word of `--fail-on`, in the order of [`FailOn::WORDS`].
    fn codes(findings: Vec<Judged>, failures: Vec<Failure>) -> [u8; 7] {
        let report = report(vec![decision(findings, failures)]);
        FailOn::WORDS.map(|word| Exit::of(&report, FailOn::parse(word).expect("a word")).code())
    }

    #[test]
    fn fails_by_what_is_denied_whatever_else_counts_and_by_what_was_not_judged_before_that() {
        assert_eq!(codes(Vec::new(), Vec::new()), [0; 7]);
        assert_eq!(codes(vec![finding(Severity::Info, Effect::Deny)], Vec::new()), [1; 7]);
        let denied = vec![finding(Severity::Critical, Effect::Deny)];
        assert_eq!(codes(denied, vec![failure(Some("p"), Effect::Deny)]), [2; 7]);
        assert_eq!(codes(Vec::new(), vec![failure(None, Effect::Deny)]), [2; 7]);
    }

    #[test]
    fn fails_by_a_finding_that_denies_nothing_only_where_fail_on_asks_for_its_kind() {
        let of = |effect| codes(vec![finding(Severity::Medium, effect)], Vec::new());
        // By word: denied, warned, info, low, medium, high, critical.
        assert_eq!(of(Effect::Warn), [0, 1, 1, 1, 1, 0, 0]);
        assert_eq!(of(Effect::Audit), [0, 0, 1, 1, 1, 0, 0], "what is only recorded warns nobody");
        for answered_for_or_a_trial in [Effect::Waived, Effect::Known, Effect::Shadow] {
            assert_eq!(of(answered_for_or_a_trial), [0; 7], "{answered_for_or_a_trial:?}");
        }
    }

    #[test]
    fn fails_by_what_could_not_be_judged_and_only_warns_where_warnings_count() {
        assert_eq!(codes(Vec::new(), vec![failure(Some("p"), Effect::Warn)]), [0, 1, 0, 0, 0, 0, 0]);
        assert_eq!(codes(Vec::new(), vec![failure(None, Effect::Warn)]), [0; 7], "a notice counts for nothing");
    }

    #[test]
    fn says_why_the_status_is_1_though_nothing_is_denied_and_nothing_otherwise() {
        let warned = || decision(vec![finding(Severity::High, Effect::Warn)], vec![failure(Some("p"), Effect::Warn)]);
        let (one, two) = (report(vec![warned()]), report(vec![warned(), warned()]));
        let notice = |word: &str, report: &Report| FailOn::parse(word).expect("a word").notice(report);
        let said = |counts: &str| Some(format!("nothing is denied, but the exit status is 1: {counts}"));
        assert_eq!(notice("warned", &one), said("`--fail-on warned` counts 2 warnings"));
        assert_eq!(notice("high", &one), said("`--fail-on high` counts 1 finding of at least high severity"));
        assert_eq!(notice("low", &two), said("`--fail-on low` counts 2 findings of at least low severity"));
        assert_eq!(notice("critical", &one), None, "nothing counts");
        assert_eq!(notice("denied", &one), None);
        let denied = decision(vec![finding(Severity::High, Effect::Deny)], Vec::new());
        assert_eq!(notice("warned", &report(vec![warned(), denied])), None, "the verdict says why");
    }

    #[test]
    fn tells_the_shell_the_status_of_every_end() {
        for exit in [Exit::Allowed, Exit::Denied, Exit::NotJudged] {
            assert_eq!(format!("{:?}", ExitCode::from(exit)), format!("{:?}", ExitCode::from(exit.code())));
        }
    }
}
