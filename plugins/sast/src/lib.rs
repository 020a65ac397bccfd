//! Glue only: exports the world and lists the rules.

pub mod rules;
pub mod scan;
pub mod settings;

use portcullis_proof::document::{Document, Fault};
use portcullis_proof::evidence::{self, Instead, Kind, Look};
use portcullis_proof::need::Need;
use portcullis_sdk::{Description, Outcome, Policy, Review, Setting};

use crate::scan::KEYS;
use crate::settings::{Entry, Settings};

/// The kind of fact that says what scans there are and what they found.
pub const FACT: &str = "sast";

/// Lets only images run whose sources were scanned, as somebody says whose word counts, with few enough results.
pub struct Sast;

/// What SARIF reports have in common with whatever else is attested.
const KIND: Kind = Kind {
    fact: FACT,
    noun: "SARIF report",
    one: "a SARIF report",
    attest: "`cosign attest --type https://docs.oasis-open.org/sarif/sarif/v2.1.0`",
    flag: "--sarif FILE",
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

impl Policy for Sast {
    const DESCRIPTION: Description = Description {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        title: "Lets only images run whose sources were scanned with few enough results, as somebody says whose word counts",
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

    fn together(&self, documents: &[&Document], beside: &[&Document]) -> Vec<Fault> {
        rules::together(self, documents, beside)
    }

    fn faults(&self, look: &Look<'_>, document: &Document) -> Vec<Fault> {
        rules::faults(self, look, document)
    }

    fn instead(&self, look: &Look<'_>, digest: &str) -> Instead {
        rules::delegated::judge(self, look, digest)
    }
}

portcullis_sdk::export!(Sast);
