//! A native way to test a rule: manifests judged by the plugin's own code and the host's own reader, without WebAssembly.
//!
//! ```text
//! #[test]
//! fn judges_every_case() {
//!     portcullis_sdk::testing::cases::<MyPolicy>(concat!(env!("CARGO_MANIFEST_DIR"), "/cases"));
//! }
//! ```

mod case;
mod examples;
pub(crate) mod imports;
mod policies;
mod scene;
mod schema;

use std::path::Path;

pub use portcullis_cases::{Case, Expected};
pub use scene::{FindingView, Scene};

use crate::export::{Policy, glue};
use crate::settings::SettingsError;

/// How a difference reads; it is shown above the first one.
const LEGEND: &str = "the cases and the plugin differ; under the lines that it is about:
+ the plugin found this, and no caret draws it: draw it if it is right, else mend the rule
- this is drawn, and the plugin did not find it exactly so (place, code and the whole message count)";

/// Judges one manifest, the first document of a YAML text, as the CREATE of an object.
///
/// # Panics
/// Where the settings are refused or the text cannot be read: a test wants to know.
pub fn judge<P: Policy>(settings: &str, yaml: &str) -> Vec<FindingView> {
    Scene::object("test.yaml", yaml).judge::<P>(settings)
}

/// What a plugin has against settings; empty where it takes them.
pub fn complaints<P: Policy>(settings: &str) -> Vec<SettingsError> {
    let errors = glue::prepare::<P>(settings).err().unwrap_or_default();
    errors.into_iter().map(|error| SettingsError { pointer: error.pointer, message: error.message }).collect()
}

/// Runs every case (`*.yaml`) of a folder and compares what was found with what is drawn.
///
/// # Panics
/// With every difference of every case, with every file or line that would not be read, and where there is no case at all.
pub fn cases<P: Policy>(folder: impl AsRef<Path>) {
    let folder = folder.as_ref();
    let (files, mut unread) = portcullis_cases::files(folder).expect("the folder of the cases can be listed");
    assert!(unread.len() + files.len() > 0, "no case in {}", folder.display());
    let mut differences = String::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a case can be read");
        match Case::parse(&file.display().to_string(), &text).map(|case| case::judge::<P>(&case)) {
            Err(fault) => unread.push(fault),
            Ok(Err(difference)) => differences.push_str(&format!("\n{}:\n{difference}\n", file.display())),
            Ok(Ok(())) => {}
        }
    }
    assert!(unread.is_empty(), "cases that cannot be read as they are meant:\n{}\n{differences}", unread.join("\n"));
    assert!(differences.is_empty(), "{LEGEND}\n{differences}");
}

/// Checks that a plugin takes the settings that the policies in a file (`policies.yaml`) give it, in every mode.
///
/// # Panics
/// With every complaint and its place, and where no policy of the file uses the plugin.
pub fn policies<P: Policy>(file: impl AsRef<Path>) {
    let file = file.as_ref();
    let text = std::fs::read_to_string(file).expect("the file of the policies can be read");
    let complaints = policies::complaints::<P>(&file.display().to_string(), &text).unwrap_or_else(|fault| vec![fault]);
    assert!(complaints.is_empty(), "the plugin would refuse these policies:\n{}", complaints.join("\n"));
}

/// Checks that a plugin describes itself soundly, that its schema describes the settings that it takes with examples and
/// defaults that are true, and that its README names every rule: `README.md` in the given folder.
///
/// # Panics
/// With the first fault.
pub fn description<P: Policy>(folder: impl AsRef<Path>) {
    let description = P::DESCRIPTION;
    let json: serde_json::Value = serde_json::from_str(&description.to_json()).expect("the description is JSON");
    assert_eq!(json["settings"]["type"], "object", "the schema of the settings describes a map");
    let differences = schema::differences::<P>(&json["settings"]);
    assert!(differences.is_empty(), "the schema of the settings and `prepare` differ:\n{}", differences.join("\n"));
    let faults = examples::faults::<P>(&json["settings"]);
    assert!(faults.is_empty(), "the schema says what `prepare` does not do:\n{}", faults.join("\n"));
    let kebab = |text: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    assert!(kebab(description.name), "the name `{}` is not in kebab-case", description.name);
    let readme = std::fs::read_to_string(folder.as_ref().join("README.md")).expect("a plugin has a README.md");
    for (position, rule) in description.rules.iter().enumerate() {
        assert!(kebab(rule.id), "the rule `{}` is not in kebab-case", rule.id);
        assert!(!description.rules[..position].iter().any(|other| other.id == rule.id), "two rules `{}`", rule.id);
        let row = format!("| `{}` | {} |", rule.id, rule.severity.as_str());
        assert!(readme.contains(&row), "README.md has no row `{row}`");
    }
}
