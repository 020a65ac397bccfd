//! Finds nothing: what an evaluation costs when the plugin does no work.

use portcullis_sdk::{Description, Outcome, Policy, Review, Rule, Setting, Severity};

const RULES: &[Rule] = &[Rule::new("nothing", Severity::Info, "Never broken")];

/// The policy that finds nothing.
pub struct Empty;

impl Policy for Empty {
    const DESCRIPTION: Description = Description {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        title: "Finds nothing",
        rules: RULES,
        ..Description::EMPTY
    };
    type Settings<'a> = ();

    fn prepare(settings: Setting<'_>) {
        settings.object(&[]);
    }

    fn evaluate(_: &(), _: Review) -> Outcome {
        Vec::new().into()
    }
}

portcullis_sdk::export!(Empty);
