//! Glue only: exports the world and lists the rules.

pub mod denied;
pub mod inventory;
pub mod packages;
pub mod profile;
pub mod rules;
pub mod settings;

use portcullis_proof::document::{Document, Fault};
use portcullis_proof::evidence::{self, Kind, Look};
use portcullis_proof::need::Need;
use portcullis_sdk::{Description, Outcome, Policy, Review, Rule, Setting};

use crate::inventory::KEYS;
use crate::settings::{Entry, Settings};

/// The kind of fact that says what SBOMs there are and what stands in them.
pub const FACT: &str = "sbom";

/// Lets only images run of which somebody says what is in them, whose word counts.
pub struct Sbom;

/// What SBOMs have in common with whatever else is attested.
const KIND: Kind = Kind {
    fact: FACT,
    noun: "SBOM",
    one: "an SBOM",
    attest: "`cosign attest --type cyclonedx`, or `spdxjson`",
    flag: "--sbom FILE",
    missing: &rules::presence::MISSING,
    refused: &rules::presence::REFUSED,
    not_allowed: &rules::signers::NOT_ALLOWED,
    not_signed: &rules::signers::NOT_SIGNED,
    too_few: &rules::signers::TOO_FEW,
    platform_missing: &rules::presence::PLATFORM_MISSING,
    unreadable: &rules::form::UNREADABLE,
    invalid: &rules::form::INVALID,
    not_covered: &rules::coverage::NOT_COVERED,
};

impl Policy for Sbom {
    const DESCRIPTION: Description = Description {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        title: "Lets only images run of which somebody whose word counts says what is in them",
        rules: rules::ALL,
        settings: include_str!("settings.schema.json"),
        kinds: &["*"],
        keys: KEYS,
        facts: &[FACT],
        ..Description::EMPTY
    };
    type Settings<'a> = Settings<'a>;

    fn prepare(settings: Setting<'_>) -> Settings<'_> {
        Settings::read(settings)
    }

    fn evaluate(settings: &Settings<'_>, review: Review) -> Outcome {
        evidence::evaluate(&KIND, &settings.images, settings.files.as_ref(), settings.allow_unmatched, review)
    }
}

impl evidence::Entry for Entry<'_> {
    fn need(&self) -> &Need<'_> {
        &self.need
    }

    fn ask(&self) -> &str {
        &self.ask
    }

    fn stands(&self, rule: &Rule) -> bool {
        rules::stands(rule)
    }

    fn faults(&self, look: &Look<'_>, document: &Document) -> Vec<Fault> {
        rules::faults(self, look, document)
    }
}

portcullis_sdk::export!(Sbom);
