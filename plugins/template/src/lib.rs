//! Every object says who answers for it.

use portcullis_sdk::{
    Description, Finding, Outcome, Policy, Review, Rule, Setting, Severity, export, keys, packed,
};

const MISSING: Rule = Rule::new("owner-missing", Severity::Medium, "An object does not say who answers for it");

keys! {
    METADATA = "metadata",
    LABELS = "labels",
}

packed! {
    /// What a policy author may set.
    pub struct Settings<'a> {
        /// The label that names the owner.
        pub label: &'a str,
    }
}

/// Every object says who answers for it.
pub struct MyPlugin;

impl Policy for MyPlugin {
    const DESCRIPTION: Description = Description {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        title: "Every object says who answers for it",
        rules: &[MISSING],
        settings: include_str!("settings.schema.json"),
        kinds: &["*"],
        keys: KEYS,
        ..Description::EMPTY
    };
    type Settings<'a> = Settings<'a>;

    // Called once when a policy set is loaded: the place to complain about settings.
    fn prepare(settings: Setting<'_>) -> Settings<'_> {
        let all = settings.object(&["label"]);
        Settings { label: all.get("label").text().unwrap_or("owner") }
    }

    // Called for every review, with what `prepare` made of the settings.
    fn evaluate(settings: &Settings<'_>, review: Review) -> Outcome {
        let (object, label) = (review.object(), settings.label);
        let mut findings = Vec::new();
        // A DELETE has no object.
        if !object.is_none() && object.get(METADATA).get(LABELS).find(label).is_absent() {
            let message = format!("the label `{label}` is missing; it names who answers for this object");
            findings.push(Finding::new(&MISSING, object, message).missing(format!("/metadata/labels/{}", escaped(label))));
        }
        findings.into()
    }
}

/// A key as a JSON Pointer has it (RFC 6901): a `/` would end the segment.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

export!(MyPlugin);
