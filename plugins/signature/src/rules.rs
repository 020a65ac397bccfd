//! The families of rules, and the order in which they speak.

pub mod beside;
pub mod coverage;
pub mod file;
pub mod presence;
pub mod signers;
pub mod tag;

use portcullis_sdk::{Fact, FactStatus, Finding, Rule};

use crate::settings::{Entry, Settings};
use portcullis_proof::reference::Reference;

/// Every rule; ids are forever.
pub const ALL: &[Rule] = &[
    presence::MISSING,
    presence::REFUSED,
    signers::NOT_ALLOWED,
    signers::PREDICATE_TYPE,
    beside::INVALID,
    coverage::NOT_COVERED,
    tag::NOT_PINNED,
    file::MISSING,
    file::REFUSED,
    file::NOT_ALLOWED,
];

/// Judges one image of which a signature is needed, by what the host found out.
pub fn judge(
    settings: &Settings<'_>,
    entry: &Entry<'_>,
    trust: &str,
    reference: &Reference,
    fact: Fact,
) -> Vec<Finding> {
    let root = fact.root();
    let found = match fact.status() {
        FactStatus::Absent => Some(presence::missing(entry, trust, reference)),
        FactStatus::Rejected(reason) => Some(presence::refused(entry, trust, reference, &reason)),
        FactStatus::Verified => presence::of_another(reference, root)
            .or_else(|| signers::judge(entry, trust, reference, root))
            .or_else(|| beside::judge(entry, reference, root)),
    };
    found.into_iter().chain(tag::judge(settings, reference, root)).collect()
}
