//! A report with nothing in it but what somebody must do something about.

use portcullis_model::Judged;

use crate::report::Report;
use crate::tally::is_not_judged;

/// The same report without whatever denies nothing, but for what could not be judged and for findings that count all the
/// same; nothing where nothing of that is left. Its verdict and its totals are those of the whole.
pub fn quiet(report: &Report, counts: &dyn Fn(&Judged) -> bool) -> Option<Report> {
    let mut report = Report { config: None, changed_since: None, fixes: None, ..report.clone() };
    report.notices.clear();
    report.skipped.clear();
    for decision in &mut report.decisions {
        decision.policies.clear();
        decision.findings.retain(|judged| judged.effect == portcullis_model::Effect::Deny || counts(judged));
        decision.failures.retain(is_not_judged);
    }
    report.decisions.retain(|decision| !decision.findings.is_empty() || !decision.failures.is_empty());
    (!report.decisions.is_empty() || !report.errors.is_empty()).then_some(report)
}
