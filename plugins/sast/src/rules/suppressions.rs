//! Not too much of what the tools found is suppressed.

use portcullis_proof::document::Fault;
use portcullis_proof::reading::{count, shown};
use portcullis_sdk::{Node, Rule, Severity};

use crate::scan::{ACCEPTED, Run, SUPPRESSIONS, sum};
use crate::settings::Entry;

/// More results are suppressed than may be.
pub const TOO_MANY: Rule =
    Rule::new("suppression", Severity::Medium, "More results of a scan are suppressed than may be");

/// Judges how many results do not count because they are suppressed.
pub fn judge(entry: &Entry<'_>, runs: &[Run]) -> Option<Fault> {
    let most = entry.max_suppressed?;
    let accepted = |run: &Run| run.node.get(SUPPRESSIONS).get(ACCEPTED);
    let many = sum(runs, accepted);
    if many.is_some_and(|many| many <= most as u64) {
        return None;
    }
    let guilty = runs.iter().find(|run| count(accepted(run)) != Some(0)).map_or(Node::NONE, |run| run.node);
    let what = format!(
        "has {} results that count for nothing because they are suppressed, and {most} are the most (`maxSuppressed`); mend some of them",
        shown(many)
    );
    Some(Fault::new(&TOO_MANY, what).at(guilty))
}
