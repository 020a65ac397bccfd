//! Judges limits the way of a string ABI: the whole object as JSON, parsed in the guest, for comparison in benchmarks.

use portcullis_sdk::{Description, Finding, Outcome, Policy, Review, Rule, Setting, Severity};
use serde_json::Value;

const RULES: &[Rule] = &[Rule::new("limit-missing", Severity::High, "Every container has limits")];

/// The policy that parses JSON.
pub struct Json;

impl Policy for Json {
    const DESCRIPTION: Description = Description {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        title: "Judges limits by parsing JSON in the guest",
        rules: RULES,
        ..Description::EMPTY
    };
    type Settings<'a> = ();

    fn prepare(settings: Setting<'_>) {
        settings.object(&[]);
    }

    fn evaluate(_: &(), review: Review) -> Outcome {
        let object: Value = serde_json::from_str(&review.object().raw()).unwrap_or_default();
        let containers = object.pointer("/spec/containers").and_then(Value::as_array);
        let missing = |container: &&Value| {
            ["cpu", "memory"].iter().any(|name| container.pointer(&format!("/resources/limits/{name}")).is_none())
        };
        let findings: Vec<Finding> = containers
            .into_iter()
            .flatten()
            .filter(missing)
            .map(|_| Finding::new(&RULES[0], review.object(), "a container has no limits"))
            .collect();
        findings.into()
    }
}

portcullis_sdk::export!(Json);
