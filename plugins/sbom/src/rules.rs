//! The families of rules, and the order in which they speak.

pub mod age;
pub mod completeness;
pub mod components;
pub mod coverage;
pub mod elements;
pub mod form;
pub mod graph;
pub mod licenses;
pub mod presence;
pub mod services;
pub mod signers;
pub mod subject;
pub mod tools;
pub mod vulnerabilities;

use portcullis_proof::document::{Document, Fault};
use portcullis_proof::evidence::Look;
use portcullis_sdk::Rule;

use crate::settings::Entry;

/// Every rule; ids are forever.
pub const ALL: &[Rule] = &[
    presence::MISSING,
    presence::REFUSED,
    signers::NOT_ALLOWED,
    signers::NOT_SIGNED,
    signers::TOO_FEW,
    presence::PLATFORM_MISSING,
    form::UNREADABLE,
    form::INVALID,
    form::NOT_ALLOWED,
    subject::WRONG,
    components::TRIVIAL,
    elements::PROFILE,
    elements::COVERAGE,
    completeness::INCOMPLETE,
    graph::BROKEN,
    age::TOO_OLD,
    tools::NOT_ALLOWED,
    components::DENIED,
    licenses::DENIED,
    licenses::INVALID,
    services::ENDPOINT_NOT_ALLOWED,
    vulnerabilities::VULNERABILITY,
    coverage::NOT_COVERED,
];

/// Whether a rule is about what an image may not hold: a second SBOM that does not list it proves nothing.
pub fn stands(rule: &Rule) -> bool {
    [&components::DENIED, &licenses::DENIED, &vulnerabilities::VULNERABILITY].iter().any(|denied| denied.id == rule.id)
}

/// What is wrong with an SBOM that can be read.
pub fn faults(entry: &Entry<'_>, look: &Look<'_>, document: &Document) -> Vec<Fault> {
    let node = document.node;
    let all = [
        form::judge(entry, node),
        subject::judge(entry, document),
        components::judge_count(entry, node),
        elements::judge_profile(entry, node),
        elements::judge_coverage(entry, node),
        completeness::judge(entry, node),
        graph::judge(entry, node),
        age::judge(entry, look, document),
        tools::judge(entry, node),
        components::judge_denied(entry, node),
        licenses::judge_denied(entry, node),
        licenses::judge_invalid(entry, node),
        services::judge(entry, node),
        vulnerabilities::judge(entry, look, document),
    ];
    all.into_iter().flatten().collect()
}
