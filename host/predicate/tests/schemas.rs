//! The published schemas are the ones that were published, and all of them compile.

use std::fs;
use std::path::Path;

use portcullis_predicate::sbom::{About, Ask, published, read};
use serde_json::json;
use sha2::{Digest, Sha256};

#[test]
fn carries_the_schemas_byte_for_byte_as_they_were_published() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let readme = fs::read_to_string(folder.join("README.md")).expect("a README");
    let mut named = Vec::new();
    for row in readme.lines().filter(|line| line.starts_with("| `")) {
        let words: Vec<&str> = row.split('`').collect();
        let (file, digest) = (words[1], words[words.len() - 2]);
        let bytes = fs::read(folder.join(file)).expect("a schema");
        let found: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, digest, "{file} is not what was published");
        named.push(file.to_owned());
    }
    for entry in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        if entry.is_dir() {
            for file in fs::read_dir(&entry).expect("a folder") {
                let file = file.expect("a file").path();
                let name = file.strip_prefix(&folder).expect("below").to_string_lossy().into_owned();
                assert!(named.contains(&name), "{name} is not named in the README");
            }
        }
    }
    assert!(named.len() >= 10, "{named:?}");
}

#[test]
fn compiles_every_schema() {
    for version in ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"] {
        assert!(published::cyclonedx(version).is_some(), "{version}");
    }
    assert!(published::cyclonedx("1.1").is_none());
    let _ = published::spdx2();
}

/// Which schema checks which format: a format that nobody checks lets everything through.
#[test]
fn checks_every_format_that_the_schemas_name() {
    let faults = |place: &str, text: &str| {
        let mut document = json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "metadata": {"timestamp": "2026-11-21T10:00:00Z", "authors": [{"email": "ann@example.com"}]},
            "components": [{"type": "library", "name": "a", "externalReferences": [{"type": "vcs", "url": "https://a.example"}]}],
        });
        *document.pointer_mut(place).expect("a place") = json!(text);
        let reading = read(document.to_string().as_bytes(), &About::default(), &Ask::default()).expect("an SBOM");
        let first: Vec<String> =
            reading.faults.first.iter().map(|fault| format!("{} {}", fault.pointer, fault.what)).collect();
        first.join("; ")
    };
    for (place, good, bad, what) in [
        ("/metadata/timestamp", "2026-11-21T10:00:00+01:00", "yesterday", "is no date-time"),
        ("/metadata/authors/0/email", "jos\u{e9}@m\u{fc}nchen.example", "notanemail", "is no idn-email"),
        ("/metadata/authors/0/email", "a.b+c@example.com", "ann@", "is no idn-email"),
        (
            "/components/0/externalReferences/0/url",
            "https://m\u{fc}nchen.example/a",
            "https://a/${b}",
            "is no iri-reference",
        ),
    ] {
        assert_eq!(faults(place, good), "", "{place}");
        let found = faults(place, bad);
        assert!(found.starts_with(&format!("{place} {what}")), "{bad}: {found}");
    }
}
