//! Glue only: exports the world and lists the rules.

pub mod judge;
mod params;
mod place;
mod review;
pub mod rules;
pub mod settings;

use portcullis_sdk::{Description, Outcome, Policy, Review, Setting};

use crate::settings::Settings;

/// Judges objects by expressions, as a ValidatingAdmissionPolicy does.
pub struct Cel;

impl Policy for Cel {
    const DESCRIPTION: Description = Description {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        title: "Judges objects by CEL expressions, as a ValidatingAdmissionPolicy does",
        rules: rules::ALL,
        settings: include_str!("settings.schema.json"),
        kinds: &["*"],
        ..Description::EMPTY
    };
    type Settings<'a> = Settings<'a>;

    fn prepare(settings: Setting<'_>) -> Settings<'_> {
        Settings::read(&settings)
    }

    fn evaluate(settings: &Settings<'_>, review: Review) -> Outcome {
        judge::judge(settings, review).into()
    }
}

portcullis_sdk::export!(Cel);
