//! Findings, what could not be judged, and what is wrong with the input, as one list.

use std::cmp::Reverse;

use portcullis_model::{Decision, Effect, Failure, Judged, Place, Severity};

use crate::escape::plain;
use crate::report::{InputError, Quote, Report};
use crate::tally::is_not_judged;
use crate::words::{fix_words, policy_code_of, worst_first};

/// What a statement does, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Weight {
    /// An input, a policy set or an argument could not be used.
    InputError,
    /// Something was not judged, and that denies.
    NotJudged,
    /// A finding denies.
    Denied,
    /// Something was not judged, and that only warns.
    NotJudgedWarns,
    /// A finding warns.
    Warning,
    /// Somebody answers for a finding.
    Waived,
    /// It was there before, and somebody answers for that.
    Known,
    /// Only the record says so.
    Audit,
    /// A new version is tried beside the old one.
    Shadow,
    /// It changes nothing.
    Note,
}

/// How loudly a forge says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    Error,
    Warning,
    Notice,
}

impl Weight {
    /// What a finding of this effect does.
    pub(crate) fn of(effect: Effect) -> Self {
        match effect {
            Effect::Deny => Self::Denied,
            Effect::Warn => Self::Warning,
            Effect::Waived => Self::Waived,
            Effect::Known => Self::Known,
            Effect::Audit => Self::Audit,
            Effect::Shadow => Self::Shadow,
        }
    }

    /// The word in front of a statement, the same as at the terminal.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::InputError => "error",
            Self::NotJudged | Self::NotJudgedWarns => "not judged",
            Self::Denied => "denied",
            Self::Warning => "warning",
            Self::Waived => "waived",
            Self::Known => "known",
            Self::Audit => "audit",
            Self::Shadow => "shadow",
            Self::Note => "note",
        }
    }

    pub(crate) fn level(self) -> Level {
        match self {
            Self::InputError | Self::NotJudged | Self::Denied => Level::Error,
            Self::NotJudgedWarns | Self::Warning => Level::Warning,
            Self::Waived | Self::Known | Self::Audit | Self::Shadow | Self::Note => Level::Notice,
        }
    }
}

/// One thing that a report says.
pub(crate) struct Statement<'a> {
    pub(crate) weight: Weight,
    /// `plugin/rule` or `policy/plugin/rule`, `not-judged/timeout`, `input` or `note`; a stranger's text.
    pub(crate) code: String,
    /// Only a finding has one.
    pub(crate) severity: Option<Severity>,
    pub(crate) message: &'a str,
    pub(crate) policy: Option<&'a str>,
    /// Where to look, and how much of its line may be quoted.
    pub(crate) place: Option<(&'a Place, Quote)>,
    /// The file, where no place is known.
    pub(crate) file: Option<&'a str>,
    pub(crate) decision: Option<&'a Decision>,
    pub(crate) judged: Option<&'a Judged>,
    hint: Option<&'a str>,
}

impl<'a> Statement<'a> {
    fn of_input(error: &'a InputError) -> Self {
        Self {
            weight: Weight::InputError,
            code: "input".into(),
            severity: None,
            message: &error.message,
            policy: None,
            place: error.quoted(),
            file: error.file_name(),
            decision: None,
            judged: None,
            hint: error.hint.as_deref(),
        }
    }

    fn of_finding(decision: &'a Decision, judged: &'a Judged) -> Self {
        // A finding without a place of its own is about its whole subject.
        let place = judged.finding.place.as_ref().or(decision.subject.place.as_ref());
        Self {
            weight: Weight::of(judged.effect),
            code: policy_code_of(judged),
            severity: Some(judged.severity),
            message: &judged.finding.message,
            policy: Some(&judged.policy),
            place: place.map(|place| (place, Quote::Whole)),
            file: place.map(Place::file),
            decision: Some(decision),
            judged: Some(judged),
            hint: None,
        }
    }

    fn of_failure(decision: &'a Decision, failure: &'a Failure) -> Self {
        let (weight, code) = match (is_not_judged(failure), failure.effect) {
            (false, _) => (Weight::Note, "note".to_owned()),
            (true, Effect::Deny) => (Weight::NotJudged, format!("not-judged/{}", failure.kind.as_str())),
            (true, _) => (Weight::NotJudgedWarns, format!("not-judged/{}", failure.kind.as_str())),
        };
        let place = decision.subject.place.as_ref();
        Self {
            weight,
            code,
            severity: None,
            message: &failure.message,
            policy: failure.policy.as_deref(),
            place: place.map(|place| (place, Quote::Whole)),
            file: place.map(Place::file),
            decision: Some(decision),
            judged: None,
            hint: None,
        }
    }

    /// The first and the last line of its place; a span that ends with a line break ends on the line before.
    pub(crate) fn lines(&self) -> Option<(u32, u32)> {
        let (place, _) = self.place?;
        let ((first, _), (last, column)) = (place.start(), place.end());
        Some((first, last.saturating_sub(u32::from(column == 1)).max(first)))
    }

    /// What to do about it, made harmless.
    pub(crate) fn help(&self) -> Option<String> {
        let fix = self.judged.and_then(|judged| judged.finding.fix.as_ref()).map(fix_words);
        fix.or_else(|| self.hint.map(str::to_owned)).map(|help| plain(&help).into_owned())
    }

    /// Who answers for it and until when, behind the word for that: `waived` or `known`; made harmless.
    pub(crate) fn answered_by(&self, report: &Report) -> Option<(&'static str, String)> {
        let judged = self.judged?;
        if judged.effect == Effect::Known {
            return report.known_by().map(|by| ("known", by));
        }
        Some(("waived", report.waived_by(judged.waiver.as_deref()?)))
    }
}

/// Everything that a report says, in its order.
pub(crate) fn statements(report: &Report) -> Vec<Statement<'_>> {
    statements_with(report, |findings| findings.iter().collect())
}

/// The same, worst first: by what it does, then by severity, then in the report's order, and within a subject by place.
pub(crate) fn statements_worst_first(report: &Report) -> Vec<Statement<'_>> {
    let mut all = statements_with(report, worst_first);
    all.sort_by_key(|one| (one.weight, Reverse(one.severity)));
    all
}

fn statements_with<'a>(report: &'a Report, ordered: impl Fn(&'a [Judged]) -> Vec<&'a Judged>) -> Vec<Statement<'a>> {
    let mut all: Vec<Statement> = report.errors.iter().map(Statement::of_input).collect();
    for decision in &report.decisions {
        all.extend(decision.failures.iter().map(|failure| Statement::of_failure(decision, failure)));
        all.extend(ordered(&decision.findings).into_iter().map(|judged| Statement::of_finding(decision, judged)));
    }
    all
}
