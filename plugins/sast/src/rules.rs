//! The families of rules, and the order in which they speak.

pub mod age;
pub mod commit;
pub mod coverage;
pub mod delegated;
pub mod descriptors;
pub mod execution;
pub mod form;
pub mod limits;
pub mod presence;
pub mod signers;
pub mod suppressions;
pub mod tools;

use portcullis_proof::document::{Document, Fault};
use portcullis_proof::evidence::Look;
use portcullis_sdk::Rule;

use crate::scan::{Run, runs};
use crate::settings::Entry;

/// Every rule; ids are forever.
pub const ALL: &[Rule] = &[
    presence::MISSING,
    presence::REFUSED,
    signers::NOT_ALLOWED,
    signers::NOT_SIGNED,
    signers::TOO_FEW,
    presence::PLATFORM_MISSING,
    delegated::REFUSED,
    form::UNREADABLE,
    form::INVALID,
    form::NO_RUNS,
    form::EXTERNAL,
    execution::FAILED,
    execution::EMPTY,
    execution::DISABLED,
    tools::MISSING,
    tools::OUTDATED,
    limits::TOO_MANY,
    suppressions::TOO_MANY,
    commit::WRONG,
    commit::UNKNOWN,
    age::TOO_OLD,
    descriptors::BROKEN,
    coverage::NOT_COVERED,
];

/// What is wrong with reports that keep all other rules, taken together: each tool may have written its own. Beside them are
/// those that break a rule.
pub fn together(entry: &Entry<'_>, documents: &[&Document], beside: &[&Document]) -> Vec<Fault> {
    let all = |documents: &[&Document]| -> Vec<Run> { documents.iter().flat_map(|one| runs(one.node)).collect() };
    tools::judge(entry, &all(documents), &all(beside))
}

/// What is wrong with a report that can be read.
pub fn faults(entry: &Entry<'_>, look: &Look<'_>, document: &Document) -> Vec<Fault> {
    let runs = runs(document.node);
    if runs.is_empty() {
        return vec![form::no_runs(document.node)];
    }
    let mut faults: Vec<Fault> = Vec::new();
    faults.extend(form::judge_external(&runs));
    faults.extend(execution::judge_failures(entry, &runs));
    faults.extend(execution::judge_empty(entry, document, &runs));
    faults.extend(execution::judge_disabled(entry, &runs));
    faults.extend(descriptors::judge(&runs));
    faults.extend(limits::judge(entry, &runs));
    faults.extend(suppressions::judge_hidden(entry, &runs).or_else(|| suppressions::judge(entry, &runs)));
    faults.extend(commit::judge(entry, look, document, &runs));
    faults.extend(age::judge(entry, look, document, &runs));
    faults
}
