//! An SBOM can be read, keeps its schema, and is of a format that counts.

use portcullis_proof::document::Fault;
use portcullis_proof::reading::is_at_least;
use portcullis_proof::words::{list, name};
use portcullis_sdk::{Node, Rule, Severity};

use crate::inventory::{FORMAT, VERSION};
use crate::settings::{Entry, Oldest};

/// It is none that anybody could read (N57).
pub const UNREADABLE: Rule = Rule::new("sbom-unreadable", Severity::High, "An SBOM cannot be read");
/// It does not keep the schema of its version (A45).
pub const INVALID: Rule = Rule::new("sbom-invalid", Severity::High, "An SBOM does not keep the schema of its format");
/// It is of another format, or of an older version.
pub const NOT_ALLOWED: Rule =
    Rule::new("format-not-allowed", Severity::Medium, "An SBOM is of a format that does not count");

/// Judges format and version.
pub fn judge(entry: &Entry<'_>, node: Node) -> Option<Fault> {
    let (format, version) = (node.get(FORMAT), node.get(VERSION));
    if entry.formats.is_empty() || is_one_of(&entry.formats, &format.text(), &version.text()) {
        return None;
    }
    let what = format!(
        "is {} {}, and {} counts (`formats`); make it in one of these",
        name(&format.text()),
        name(&version.text()),
        shown(&entry.formats)
    );
    Some(Fault::new(&NOT_ALLOWED, what))
}

/// Whether a version of a format is one of those that count.
pub fn is_one_of(formats: &[Oldest<'_>], format: &str, version: &str) -> bool {
    formats.iter().any(|known| known.name == format && is_at_least(version, known.version))
}

/// Formats for messages.
pub fn shown(formats: &[Oldest<'_>]) -> String {
    let all: Vec<String> = formats.iter().map(|known| format!("{} from {} on", known.name, known.version)).collect();
    list(&all, "or")
}
