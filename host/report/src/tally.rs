//! How many of what, and the verdict that follows.

use portcullis_model::{Decision, Effect, Failure, Place, Verdict};

use crate::report::{InputError, ReportVerdict, Skipped};

/// How many of what. Of the subjects each is either allowed or denied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// What was judged, however many sets judged it.
    pub subjects: usize,
    /// Subjects that every set allows.
    pub allowed: usize,
    /// Subjects that at least one set denies, because of a finding or because it could not judge.
    pub denied: usize,
    /// Allowed subjects with at least one warning.
    pub allowed_with_warnings: usize,
    /// Subjects that no policy of any set matches; they are allowed.
    pub unmatched: usize,
    /// Whatever makes the verdict an error: input errors, and judgements that failed where that denies.
    pub errors: usize,
    /// Judgements that failed, whatever their effect.
    pub not_judged: usize,
    /// Findings, whatever their effect.
    pub findings: usize,
    /// Findings and failures that warn; a note that changes nothing is none.
    pub warnings: usize,
    /// Findings that somebody answers for.
    pub waived: usize,
    /// Files that were left aside.
    pub skipped: usize,
    /// Findings that a baseline lists.
    pub known: usize,
    /// Fixes that were written.
    pub fixed: usize,
}

impl Summary {
    pub(crate) fn of(errors: &[InputError], skipped: &[Skipped], decisions: &[Decision]) -> Self {
        let mut summary = Self { errors: errors.len(), skipped: skipped.len(), ..Self::default() };
        for group in by_subject(decisions) {
            let denied = group.iter().any(|decision| decision.verdict() == Verdict::Deny);
            let warned = group.iter().any(|decision| warnings(decision) > 0);
            summary.subjects += 1;
            summary.denied += usize::from(denied);
            summary.allowed += usize::from(!denied);
            summary.allowed_with_warnings += usize::from(!denied && warned);
            summary.unmatched += usize::from(!group.iter().any(Decision::matched));
        }
        for decision in decisions {
            let failures = decision.failures.iter();
            summary.errors += failures.clone().filter(|failure| failure.effect == Effect::Deny).count();
            summary.not_judged += failures.filter(|failure| is_not_judged(failure)).count();
            summary.findings += decision.findings.len();
            summary.warnings += warnings(decision);
            summary.known += decision.findings.iter().filter(|judged| judged.effect == Effect::Known).count();
            summary.waived += decision.findings.iter().filter(|judged| judged.effect == Effect::Waived).count();
        }
        summary
    }
}

/// Error before deny before allow; what judged nothing is an error, unless nothing that it would judge changed.
pub(crate) fn verdict_of(summary: &Summary, unchanged: bool) -> ReportVerdict {
    if summary.errors > 0 || (summary.subjects == 0 && !unchanged) {
        ReportVerdict::Error
    } else if summary.denied > 0 {
        ReportVerdict::Deny
    } else {
        ReportVerdict::Allow
    }
}

/// The decisions about one subject, side by side: a set that speaks again, or another subject, begins the next.
pub(crate) fn by_subject(decisions: &[Decision]) -> Vec<&[Decision]> {
    let mut groups = Vec::new();
    let mut from = 0;
    for (at, decision) in decisions.iter().enumerate() {
        let same_set = |earlier: &Decision| {
            earlier.policy_set == decision.policy_set && earlier.policy_set_digest == decision.policy_set_digest
        };
        let group = &decisions[from..at];
        let another = group.first().is_some_and(|first| {
            first.subject != decision.subject || first.operation != decision.operation || group.iter().any(same_set)
        });
        if another {
            groups.push(group);
            from = at;
        }
    }
    if from < decisions.len() {
        groups.push(&decisions[from..]);
    }
    groups
}

/// The decisions by file and subject, files in the order in which they first appear.
pub(crate) fn by_file(decisions: &[Decision]) -> Vec<(Option<&str>, Vec<&[Decision]>)> {
    let mut files: Vec<(Option<&str>, Vec<&[Decision]>)> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for group in by_subject(decisions) {
        let file = group.first().and_then(|decision| decision.subject.place.as_ref()).map(Place::file);
        let at = *known.entry(file).or_insert_with(|| {
            files.push((file, Vec::new()));
            files.len() - 1
        });
        files[at].1.push(group);
    }
    files
}

/// Whether something was not judged, unlike a notice (about the mode, for example) that changes nothing.
pub(crate) fn is_not_judged(failure: &Failure) -> bool {
    failure.policy.is_some() || failure.effect == Effect::Deny
}

/// What warns; a notice only tells.
fn warnings(decision: &Decision) -> usize {
    let findings = decision.findings.iter().filter(|judged| judged.effect == Effect::Warn).count();
    let failures = decision.failures.iter().filter(|failure| failure.effect == Effect::Warn && is_not_judged(failure));
    findings + failures.count()
}
