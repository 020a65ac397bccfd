//! Glue only: exports the world and lists the rules.

pub mod rules;
pub mod settings;

use portcullis_sdk::{Description, Outcome, Policy, Review, Setting};

use crate::settings::Settings;

/// Keeps what workloads ask for, and any other number, within ranges.
pub struct ResourceLimits;

impl Policy for ResourceLimits {
    const DESCRIPTION: Description = Description {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        title: "Keeps what workloads ask for, and any other number, within ranges",
        rules: rules::ALL,
        settings: include_str!("settings.schema.json"),
        kinds: &["*"],
        keys: rules::KEYS,
        ..Description::EMPTY
    };
    type Settings<'a> = Settings<'a>;

    fn prepare(settings: Setting<'_>) -> Settings<'_> {
        Settings::read(settings)
    }

    fn evaluate(settings: &Settings<'_>, review: Review) -> Outcome {
        let mut findings = Vec::new();
        rules::containers::judge(settings, review, &mut findings);
        if let Some(range) = &settings.storage {
            rules::storage::judge(range, review, &mut findings);
        }
        if let Some(totals) = &settings.totals {
            rules::totals::judge(totals, review, &mut findings);
        }
        rules::fields::judge(&settings.fields, review, &mut findings);
        if settings.canonical {
            rules::canonical::judge(review, &mut findings);
        }
        findings.into()
    }
}

portcullis_sdk::export!(ResourceLimits);
