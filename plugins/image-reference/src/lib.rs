//! Glue only: exports the world and lists the rules.

pub mod pattern;
pub mod rules;
pub mod settings;

use portcullis_sdk::{Description, ImageState, Outcome, Policy, Review, Setting};

use crate::settings::Settings;

/// Says which images may run and how they must be named.
pub struct ImageReference;

impl Policy for ImageReference {
    const DESCRIPTION: Description = Description {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        title: "Says which images may run and how they must be named",
        rules: rules::ALL,
        settings: include_str!("settings.schema.json"),
        kinds: &["*"],
        ..Description::EMPTY
    };
    type Settings<'a> = Settings<'a>;

    fn prepare(settings: Setting<'_>) -> Settings<'_> {
        Settings::read(settings)
    }

    fn evaluate(settings: &Settings<'_>, review: Review) -> Outcome {
        let mut findings = Vec::new();
        for image in review.workload().images() {
            match image.state() {
                ImageState::Exact => {
                    findings.extend(rules::digest::judge(settings, image));
                    findings.extend(rules::tag::judge(settings, image));
                    findings.extend(rules::repository::judge(settings, image));
                }
                ImageState::Absent => findings.push(rules::reference::missing(image)),
                ImageState::Unreadable(reason) => findings.push(rules::reference::unreadable(image, &reason)),
            }
        }
        findings.into()
    }
}

portcullis_sdk::export!(ImageReference);
