//! Not too much of what the tools found is suppressed.

use portcullis_proof::document::Fault;
use portcullis_proof::reading::{count, counted};
use portcullis_sdk::{Node, Rule, Severity};

use crate::scan::{ACCEPTED, HIDDEN, Run, SUPPRESSIONS, sum};
use crate::settings::Entry;

/// More results are suppressed than may be.
pub const TOO_MANY: Rule =
    Rule::new("suppression", Severity::Medium, "Results of a scan are suppressed that may not be, or too many");

/// Judges what a tool left out because the source says so, where the source may not say so: whatever it is cannot be judged.
pub fn judge_hidden(entry: &Entry<'_>, runs: &[Run]) -> Option<Fault> {
    let hidden = |run: &Run| run.node.get(SUPPRESSIONS).get(HIDDEN);
    let many = sum(runs, hidden);
    if entry.in_source == "accept" || many == Some(0) {
        return None;
    }
    let guilty = runs.iter().find(|run| count(hidden(run)) != Some(0));
    let what = format!(
        "leaves out {} that the source suppresses, in {}, so that nobody sees them; have the tool tell them (Bandit: `--ignore-nosec`), or let the source decide by `suppressions: {{inSource: accept}}`",
        counted(many, "result"),
        guilty.map(Run::shown).unwrap_or_default()
    );
    Some(Fault::new(&TOO_MANY, what).at(guilty.map_or(Node::NONE, |run| run.node)))
}

/// Judges how many results do not count because they are suppressed.
pub fn judge(entry: &Entry<'_>, runs: &[Run]) -> Option<Fault> {
    let most = entry.max_suppressed?;
    let accepted = |run: &Run| run.node.get(SUPPRESSIONS).get(ACCEPTED);
    let hidden = sum(runs, |run| run.node.get(SUPPRESSIONS).get(HIDDEN));
    let many = sum(runs, accepted).zip(hidden).and_then(|(told, hidden)| told.checked_add(hidden));
    if many.is_some_and(|many| many <= most as u64) {
        return None;
    }
    let guilty = runs.iter().find(|run| count(accepted(run)) != Some(0)).map_or(Node::NONE, |run| run.node);
    let what = format!(
        "has {} suppressed and therefore not counted, and {most} are the most (`maxSuppressed`); mend some of them",
        counted(many, "result")
    );
    Some(Fault::new(&TOO_MANY, what).at(guilty))
}
