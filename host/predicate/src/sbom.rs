//! SBOMs: what they list, how much of it they say, and whether they are about what they are said to be about.

mod ask;
mod binding;
mod component;
mod cyclonedx;
mod graph;
mod license;
pub mod published;
mod purl;
mod reading;
mod spdx2;
mod spdx3;
mod tag_value;
mod vulnerability;
mod wire;

use std::borrow::Cow;

pub use ask::{About, Ask};
pub use reading::{
    Binding, BindingState, Completeness, CompletenessState, Denied, Format, GraphReading, Named, Offender, Offenders,
    Outside, Reading, Root, Service, Services, Share, Tool, Vulnerabilities, Vulnerability,
};

use crate::shown::is_seen;
use crate::{Kind, Piece, Text, Unreadable, shown};

/// Reads an SBOM: CycloneDX 1.2 to 1.7 as JSON, SPDX 2.2 and 2.3 as JSON or tag-value, SPDX 3.0 as JSON-LD. It may be the text
/// itself, or stand in a JSON string, or in `Data` of cosign's generic predicate.
///
/// # Errors
/// It is no such document, or too large: what it is instead, and what would do. A document that breaks its own schema is read,
/// and its faults are named in the reading.
pub fn read(text: &[u8], about: &About, ask: &Ask) -> Result<Reading, Unreadable> {
    if let Ok(plain) = std::str::from_utf8(text)
        && tag_value::is(plain)
    {
        return read_tag_value(plain, about, ask);
    }
    let outer = Text::read(text)?;
    match wrapped(outer.root()) {
        Some(inner) if tag_value::is(&inner) => read_tag_value(&inner, about, ask),
        Some(inner) => document(&Text::of(inner)?, about, ask),
        None => document(&outer, about, ask),
    }
}

fn read_tag_value(text: &str, about: &About, ask: &Ask) -> Result<Reading, Unreadable> {
    document(&Text::made(tag_value::to_json(text)?)?, about, ask)
}

/// The document in a predicate that is not the document itself: a JSON string, or cosign's generic wrapper.
fn wrapped(predicate: Piece<'_>) -> Option<Cow<'_, str>> {
    match predicate.kind() {
        Kind::String => predicate.str(),
        // A document that has a member of that name besides its own is still that document.
        Kind::Map if predicate.members().all(|(name, _)| matches!(&*name, "Data" | "Timestamp")) => {
            predicate.get("Data")?.str()
        }
        _ => None,
    }
}

fn document(text: &Text<'_>, about: &About, ask: &Ask) -> Result<Reading, Unreadable> {
    let root = text.root();
    if root.kind() != Kind::Map {
        return Err(Unreadable::new("it is no SBOM: a JSON object is expected (CycloneDX or SPDX)"));
    }
    if root.get("bomFormat").is_some() {
        return cyclonedx::read(root, about, ask);
    }
    if root.get("spdxVersion").is_some() {
        return spdx2::read(root, about, ask);
    }
    if let Some(context) = root.get("@context") {
        return spdx3::read(root, context, about, ask);
    }
    Err(Unreadable::new(instead(root)))
}

/// What a JSON object that is no SBOM looks like instead.
fn instead(root: Piece<'_>) -> String {
    let what = if root.get("runs").is_some() {
        "it looks like SARIF, a report of findings"
    } else if root.get("SPDXID").is_some() {
        "it looks like SPDX, but has no `spdxVersion`"
    } else if root.get("components").is_some() || root.get("specVersion").is_some() {
        "it looks like CycloneDX, but has no `bomFormat`"
    } else if root.get("artifacts").is_some() && root.get("descriptor").is_some() {
        "it looks like syft's own format; write it with `-o cyclonedx-json` or `-o spdx-json`"
    } else if root.get("predicateType").is_some() {
        "it is an in-toto statement inside the predicate; attest the document itself"
    } else {
        "it is some other JSON document"
    };
    format!("it is no SBOM that is known (CycloneDX 1.2 to 1.7, SPDX 2.2, 2.3, 3.0): {what}")
}

/// The text of a member that says something.
fn said<'a>(piece: Piece<'a>, name: &str) -> Option<Cow<'a, str>> {
    piece.get_str(name).filter(|text| says(text))
}

/// Whether a text says something: SPDX's words for nothing do not.
fn says(text: &str) -> bool {
    let text = text.trim();
    !(!text.chars().any(is_seen) || text.eq_ignore_ascii_case("NOASSERTION") || text.eq_ignore_ascii_case("NONE"))
}

/// `name@version`, as components are called in messages.
fn label(name: Option<&str>, version: Option<&str>) -> String {
    match (name, version) {
        (Some(name), Some(version)) => shown(&format!("{name}@{version}")),
        (Some(name), None) => shown(name),
        (None, _) => "(without a name)".to_owned(),
    }
}

/// `syft-1.19.0`: SPDX has one text for the name of a tool and its version.
fn spdx_tool(text: &str) -> Tool {
    let version = text.rfind('-').filter(|&at| {
        let version = text[at + 1..].trim_start_matches('v');
        version.starts_with(|first: char| first.is_ascii_digit())
    });
    match version {
        Some(at) => Tool { name: shown(&text[..at]), version: Some(shown(&text[at + 1..])) },
        None => Tool { name: shown(text), version: None },
    }
}
