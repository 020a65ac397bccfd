//! Glue only: exports the world and lists the rules.

pub mod pod;
pub mod rules;
pub mod settings;

use portcullis_sdk::{Description, Outcome, Policy, Review, Setting};

use crate::pod::{Findings, Pod};
use crate::settings::Settings;

/// Holds what a Pod may do on its node to a level of the Pod Security Standards.
pub struct PodSecurity;

impl Policy for PodSecurity {
    const DESCRIPTION: Description = Description {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        title: "Holds what a Pod may do on its node to a level of the Pod Security Standards",
        rules: rules::ALL,
        settings: include_str!("settings.schema.json"),
        kinds: &["*"],
        keys: pod::KEYS,
        ..Description::EMPTY
    };
    type Settings<'a> = Settings;

    fn prepare(settings: Setting<'_>) -> Settings {
        Settings::read(settings)
    }

    fn evaluate(settings: &Settings, review: Review) -> Outcome {
        let mut findings = Findings::default();
        if settings.judges_something()
            && let Some(pod) = Pod::of(review.workload(), &mut findings)
        {
            rules::judge(settings, &pod, &mut findings);
        }
        findings.into_list().into()
    }
}

portcullis_sdk::export!(PodSecurity);
