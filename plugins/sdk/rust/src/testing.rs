//! A native way to test a rule: manifests judged by the plugin's own code and the host's own reader, without WebAssembly.
//!
//! ```text
//! #[test]
//! fn judges_every_case() {
//!     portcullis_sdk::testing::cases::<MyPolicy>(concat!(env!("CARGO_MANIFEST_DIR"), "/cases"));
//! }
//! ```

mod case;
pub(crate) mod imports;
mod policies;
mod reading;
mod scene;
mod schema;

use std::path::{Path, PathBuf};

pub use case::{Case, Expected};
pub use scene::{FindingView, Scene};

use crate::export::{Policy, glue};
use crate::settings::SettingsError;

/// How a difference reads; it is shown above the first one.
const LEGEND: &str = "the cases and the plugin differ, at line:column:
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
    let (files, mut unread) = files(folder);
    assert!(unread.len() + files.len() > 0, "no case in {}", folder.display());
    let mut differences = String::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a case can be read");
        match Case::parse(&file.display().to_string(), &text).map(|case| case.judge::<P>()) {
            Err(fault) => unread.push(fault),
            Ok(Err(difference)) => differences.push_str(&format!("\n{}:\n{difference}\n", file.display())),
            Ok(Ok(())) => {}
        }
    }
    assert!(unread.is_empty(), "cases that cannot be read as they are meant:\n{}\n{differences}", unread.join("\n"));
    assert!(differences.is_empty(), "{LEGEND}\n{differences}");
}

/// The cases of a folder, sorted, and a complaint about each of its other files: somebody may take one for a case. Hidden
/// files and copies that an editor keeps (`~`) are nobody's cases.
fn files(folder: &Path) -> (Vec<PathBuf>, Vec<String>) {
    let (mut files, mut unread) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).expect("the folder of the cases can be read") {
        let path = entry.expect("the folder of the cases can be listed").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with('.') || name.ends_with('~') {
            continue;
        }
        if path.is_file() && path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
            continue;
        }
        let way = match path.file_stem().unwrap_or_default().to_string_lossy() {
            _ if path.is_dir() => "move its cases up".to_owned(),
            stem => format!("name it `{stem}.yaml` if it is a case, else move it out of the folder"),
        };
        unread.push(format!("{}: not read, only the files `*.yaml` of the folder are; {way}", path.display()));
    }
    files.sort();
    unread.sort();
    (files, unread)
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

/// Checks that a plugin describes itself soundly, that its schema describes the settings that it takes, and that its README
/// names every rule: `README.md` in the given folder.
///
/// # Panics
/// With the first fault.
pub fn description<P: Policy>(folder: impl AsRef<Path>) {
    let description = P::DESCRIPTION;
    let json: serde_json::Value = serde_json::from_str(&description.to_json()).expect("the description is JSON");
    assert_eq!(json["settings"]["type"], "object", "the schema of the settings describes a map");
    let differences = schema::differences::<P>(&json["settings"]);
    assert!(differences.is_empty(), "the schema of the settings and `prepare` differ:\n{}", differences.join("\n"));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_looks_like_a_case_and_is_not_read() {
        let folder = std::env::temp_dir().join(format!("portcullis-sdk-cases-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("more")).expect("a folder");
        for name in ["a.yaml", "q.yml", ".a.yaml.swp", "a.yaml~"] {
            std::fs::write(folder.join(name), "").expect("a file");
        }
        let (read, unread) = files(&folder);
        std::fs::remove_dir_all(&folder).expect("removed again");
        assert_eq!(read, [folder.join("a.yaml")]);
        let said = |name: &str, way: &str| {
            let path = folder.join(name);
            format!("{}: not read, only the files `*.yaml` of the folder are; {way}", path.display())
        };
        let renamed = said("q.yml", "name it `q.yaml` if it is a case, else move it out of the folder");
        assert_eq!(unread, [said("more", "move its cases up"), renamed]);
    }
}
