//! A report says of which rule each result is, in one voice: else its severity is that of another one.

use portcullis_proof::document::Fault;
use portcullis_proof::reading::{count, shown};
use portcullis_proof::words::{cut, name};
use portcullis_sdk::{Rule, Severity};

use crate::scan::{COUNT, DESCRIPTOR_FAULTS, FIRST, POINTER, Run, WHAT};

/// Index and id of a rule disagree, or lead nowhere.
pub const BROKEN: Rule = Rule::new("descriptor-broken", Severity::Medium, "A result does not say of which rule it is");

/// Judges every run.
pub fn judge(runs: &[Run]) -> Option<Fault> {
    for run in runs {
        let faults = run.node.get(DESCRIPTOR_FAULTS);
        let many = count(faults.get(COUNT));
        if many == Some(0) {
            continue;
        }
        let first = faults.get(FIRST).at(0);
        let such = match first.get(WHAT).text() {
            text if text.is_empty() => String::new(),
            text => format!(", such as {} ({})", cut(&text, 400), name(&first.get(POINTER).text())),
        };
        let what = format!(
            "has in {} {} results that do not say of which rule they are{such}; make it with a tool that says so",
            run.shown(),
            shown(many)
        );
        return Some(Fault::new(&BROKEN, what).at(first));
    }
    None
}
