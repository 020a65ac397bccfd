//! SBOMs as syft 1.54.1 wrote them (`tests/tests/gates`): valid, complete, and about the image that they were made of.

use std::path::Path;

use portcullis_predicate::sbom::{self, About, Ask};
use serde_json::{Value, json};

/// The image that most of them are about.
const IMAGE: &str = "sha256:0b7875e1ed2de0c4bb1be2e7554ee6e2620c56e4e0bd4459528820cf625d354c";
/// `requirements.txt`.
const FILE: &str = "sha256:f96b1d17cc0935ba4627e696e2cab87a45c1b7528104810f560f06553712f69a";

fn text(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tests/gates");
    std::fs::read(folder.join(name)).expect("a fixture")
}

fn read(name: &str, digest: &str) -> Value {
    let about = About { digests: vec![digest.to_owned()], sha512: None };
    let reading = sbom::read(&text(name), &about, &Ask::default()).expect("an SBOM");
    Value::Object(reading.to_json())
}

#[test]
fn reads_cyclonedx_by_syft() {
    let reading = read("app.cdx.json", IMAGE);
    assert_eq!((&reading["format"], &reading["version"]), (&json!("CycloneDX"), &json!("1.7")), "{reading}");
    assert_eq!((&reading["valid"], &reading["faultCount"]), (&json!(true), &json!(0)), "{reading}");
    assert_eq!(reading["binding"]["state"], "agrees", "{reading}");
    assert_eq!(reading["tools"], json!([{"name": "syft", "version": "1.54.1"}]));
    assert_eq!(reading["types"], json!({"library": 1, "file": 1}));
    for element in ["name", "version", "purl", "license", "licenseValid", "cpe"] {
        assert_eq!(
            (&reading["coverage"][element]["have"], &reading["coverage"][element]["of"]),
            (&json!(1), &json!(1)),
            "{element}: {reading}"
        );
    }
    assert_eq!(reading["completeness"]["state"], "undeclared", "{reading}");
    assert!(reading["createdSeconds"].is_u64() || reading["createdSeconds"].is_i64(), "{reading}");
}

#[test]
fn reads_spdx_by_syft_as_it_reads_cyclonedx() {
    let reading = read("app.spdx.json", IMAGE);
    assert_eq!((&reading["format"], &reading["version"]), (&json!("SPDX"), &json!("2.3")), "{reading}");
    assert_eq!((&reading["valid"], &reading["faultCount"]), (&json!(true), &json!(0)), "{reading}");
    assert_eq!(reading["binding"]["state"], "agrees", "{reading}");
    assert_eq!(reading["tools"], json!([{"name": "syft", "version": "1.54.1"}]));
    for element in ["name", "version", "purl", "license", "licenseValid", "cpe"] {
        assert_eq!(
            (&reading["coverage"][element]["have"], &reading["coverage"][element]["of"]),
            (&json!(1), &json!(1)),
            "{element}: {reading}"
        );
    }
}

#[test]
fn sees_whom_an_sbom_by_syft_is_about() {
    for (name, digest, state) in [
        // Asked by a tag, syft writes the tag.
        ("app-by-tag.cdx.json", IMAGE, "silent"),
        ("other.cdx.json", IMAGE, "disagrees"),
        ("app.cdx.json", FILE, "disagrees"),
        ("app.spdx.json", FILE, "disagrees"),
        ("requirements.cdx.json", FILE, "agrees"),
        ("requirements.cdx.json", IMAGE, "disagrees"),
    ] {
        assert_eq!(read(name, digest)["binding"]["state"], state, "{name}");
    }
}

#[test]
fn refuses_a_report_of_a_scanner() {
    let said = sbom::read(&text("semgrep-clean.sarif"), &About::default(), &Ask::default()).expect_err("no SBOM");
    assert!(said.to_string().contains("SARIF"), "{said}");
}

#[test]
fn finds_every_package_url_of_syft_readable() {
    for name in ["app.cdx.json", "app.spdx.json", "other.cdx.json", "requirements.cdx.json"] {
        let reading = read(name, IMAGE);
        assert_eq!(reading["unreadablePurls"], json!({"count": 0, "first": []}), "{name}");
        assert!(reading["listed"].as_u64() > Some(0) && reading["listed"].as_u64() <= reading["components"].as_u64());
    }
}
