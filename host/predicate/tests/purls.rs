//! Package URLs that deny lists must find wherever and however they are written.

use portcullis_predicate::sbom::{About, Ask, Reading, read};
use serde_json::{Value, json};

const EVENT: &str = "pkg:npm/event-stream@3.3.6";

fn reading(document: &Value) -> Reading {
    let ask = Ask::new(&[EVENT.to_owned(), "pkg:pypi/foo-bar".to_owned()], &[], &[]).expect("patterns");
    let reading = read(document.to_string().as_bytes(), &About::default(), &ask).expect("an SBOM");
    assert_eq!(reading.faults.count, 0, "{:?}", reading.faults);
    reading
}

/// How many components are denied, and how many have a URL that is not to be read.
fn found(reading: &Reading) -> (usize, usize) {
    (reading.denied_components.count, reading.unreadable_purls.count)
}

fn cyclonedx(component: Value) -> Reading {
    reading(&json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [component]}))
}

#[test]
fn finds_package_urls_in_every_place_of_cyclonedx_a45() {
    let with = |member: &str, value: Value| {
        let mut component = json!({"type": "library", "name": "a", "version": "1", "purl": "pkg:npm/a@1"});
        component[member] = value;
        found(&cyclonedx(component))
    };
    let part = json!({"type": "library", "name": "event-stream", "purl": EVENT});
    let deep = json!({"type": "library", "name": "b", "pedigree": {"ancestors": [{"type": "library", "name": "c", "components": [part]}]}});
    let identity = |value: &str| json!({"field": "purl", "concludedValue": value, "confidence": 1});
    for (member, value, expected) in [
        ("version", json!("3.3.6"), (0, 0)),
        ("purl", json!("pkg:npm/event-stream"), (0, 0)),
        ("purl", json!("pkg:npm/event-stream/@3.3.6"), (1, 1)),
        ("purl", json!("pkg:npm/event-stream@3.3.6@x"), (0, 1)),
        ("purl", json!("pkg:npm/event-stream?@3.3.6"), (0, 1)),
        ("purl", json!("pkg:npm/event-stream%00@3.3.6"), (0, 1)),
        ("purl", json!("pkg:npm/event%C2%AD-stream@3.3.6"), (0, 1)),
        ("purl", json!("pkg:npm/event-stream%E2%80%8B@3.3.6"), (0, 1)),
        ("purl", json!("pkg:pypi/foo_-bar@1"), (1, 0)),
        ("evidence", json!({"identity": [identity(EVENT)]}), (1, 0)),
        ("evidence", json!({"identity": [identity("event-stream")]}), (0, 1)),
        ("evidence", json!({"identity": identity(EVENT)}), (1, 0)),
        ("pedigree", json!({"ancestors": [part]}), (1, 0)),
        ("pedigree", json!({"variants": [part]}), (1, 0)),
        ("pedigree", json!({"ancestors": [deep]}), (1, 0)),
        // Made of this one, not what it is made of.
        ("pedigree", json!({"descendants": [part]}), (0, 0)),
    ] {
        assert_eq!(with(member, value.clone()), expected, "{member} {value}");
    }
    let apart = |purl: &str, version: &str| {
        found(&cyclonedx(json!({"type": "library", "name": "x", "version": version, "purl": purl})))
    };
    assert_eq!(apart("pkg:npm/event-stream", " 3.3.6"), (1, 0));
    assert_eq!(apart("pkg:npm/event-stream@", "3.3.6"), (1, 0));
    assert_eq!(apart("pkg:npm/event-stream@3.3.7", "3.3.6"), (0, 0), "what the URL says goes first");
    for kind in ["file", "operating-system"] {
        assert_eq!(
            found(&cyclonedx(json!({"type": kind, "name": "x", "purl": "pkg:n%70m/event-stream@3.3.6"}))),
            (0, 1),
            "{kind}"
        );
    }
}

#[test]
fn finds_package_urls_under_every_type_of_spdx_2_a45() {
    let with = |references: &[(&str, &str)]| {
        let references: Vec<Value> = references
            .iter()
            .map(|(kind, text)| json!({"referenceCategory": "PACKAGE-MANAGER", "referenceType": kind, "referenceLocator": text}))
            .collect();
        let package = |name: &str, references: &[Value]| json!({"SPDXID": format!("SPDXRef-{name}"), "name": name, "downloadLocation": "NOASSERTION", "externalRefs": references});
        let document = json!({"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "d",
            "documentNamespace": "https://example.org/d", "documentDescribes": ["SPDXRef-root"],
            "creationInfo": {"created": "2026-11-01T00:00:00Z", "creators": ["Tool: x-1"]},
            "packages": [package("root", &[]), package("a", &references)]});
        let reading = reading(&document);
        let purl = reading.coverage.iter().find(|(name, _)| *name == "purl").expect("purl").1.have;
        (found(&reading), purl)
    };
    let other = ("purl", "pkg:npm/a@1");
    for (kind, text, denied) in [
        ("purl", EVENT, (1, 0)),
        ("PURL", EVENT, (1, 0)),
        (" purl ", EVENT, (1, 0)),
        ("http://spdx.org/rdf/references/purl", EVENT, (1, 0)),
        ("https://spdx.org/rdf/references/Purl/", EVENT, (1, 0)),
        ("npm", EVENT, (1, 0)),
        ("http://spdx.org/rdf/references/purl", "event-stream", (0, 1)),
    ] {
        let alone = with(&[(kind, text)]);
        assert_eq!((alone.0, alone.1), (denied, denied.0), "{kind}");
        assert_eq!(with(&[(kind, text), other]).0, denied, "{kind}");
        assert_eq!(with(&[other, (kind, text)]).0, denied, "{kind}");
    }
}
