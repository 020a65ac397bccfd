//! What looks like an SBOM of an image and says nothing, or says it of something else: spellings that nobody may hide behind.

use portcullis_predicate::sbom::{BindingState, read};
use serde_json::{Value, json};

use crate::{DIGEST, OTHER, about, ask, cyclonedx, reading, share};

/// Something in the list that lists nothing: no name, the root once more, files alone.
#[test]
fn counts_nothing_that_says_nothing_or_repeats_the_root_a45() {
    let root = cyclonedx()["metadata"]["component"].clone();
    let named = |name: &str| json!({"type": "library", "name": name});
    let again = |member: &str, value: Value| {
        let mut again = root.clone();
        again[member] = value;
        again
    };
    let unversioned = json!({"type": "container", "name": "App", "bom-ref": "again"});
    for (component, counted) in [
        (named(""), (0, 0)),
        (named("NOASSERTION"), (0, 0)),
        (named("none"), (0, 0)),
        (named("\u{200b}"), (0, 0)),
        (again("bom-ref", json!("again")), (0, 0)),
        (again("name", json!("other name under the same reference")), (0, 0)),
        (unversioned, (0, 0)),
        (json!({"type": "container", "name": "app", "version": "2.0"}), (1, 1)),
        (named("lodash"), (1, 1)),
        (json!({"type": "file", "name": "/etc/passwd"}), (1, 0)),
    ] {
        let mut document = cyclonedx();
        document["components"] = json!([component]);
        let reading = reading(&document);
        assert_eq!((reading.components, reading.listed), counted, "{component}");
        assert_eq!(reading.types.values().sum::<usize>(), counted.0, "{component}");
        assert_eq!(reading.to_json()["listed"], counted.1);
    }
    let package = |id: &str, name: &str| json!({"SPDXID": id, "name": name, "versionInfo": "1", "downloadLocation": "NOASSERTION"});
    let spdx = json!({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "documentDescribes": ["SPDXRef-a"],
        "packages": [package("SPDXRef-b", "app"), package("SPDXRef-a", "app"), package("SPDXRef-c", "NOASSERTION")]});
    assert_eq!((reading(&spdx).components, reading(&spdx).listed), (0, 0));
}

#[test]
fn takes_what_looks_like_a_digest_for_one_a45() {
    use BindingState::{Agrees, Disagrees, Silent};
    let hex = &DIGEST[7..];
    let state = |member: &str, value: Value| {
        let mut document = cyclonedx();
        document["metadata"]["component"] = json!({"type": "container", "name": "app", "bom-ref": "root"});
        document["metadata"]["component"][member] = value;
        reading(&document).binding.state
    };
    for (member, text, expected) in [
        ("version", format!(" {DIGEST}\n"), Agrees),
        ("version", format!("SHA256:{}", hex.to_uppercase()), Agrees),
        ("version", hex.to_owned(), Agrees),
        ("version", OTHER[7..].to_owned(), Disagrees),
        ("version", format!("1.0+{OTHER}"), Disagrees),
        ("version", format!("1.0 ({DIGEST})"), Agrees),
        ("version", format!("{DIGEST}0"), Disagrees),
        ("version", "sha256:abc".to_owned(), Disagrees),
        ("version", "sha256%3Aabc".to_owned(), Disagrees),
        ("version", format!("{DIGEST}, {OTHER}"), Disagrees),
        ("version", format!("sha384:{}", "a".repeat(96)), Silent),
        ("version", "sha384:none".to_owned(), Disagrees),
        ("version", format!("sha512:{}", "D".repeat(128)), Agrees),
        ("version", format!("sha512:{}", "e".repeat(128)), Disagrees),
        ("version", "sha256".to_owned(), Silent),
        ("version", "0".repeat(40), Silent),
        ("name", hex.to_owned(), Silent),
        ("name", format!("app {OTHER}"), Disagrees),
        ("purl", format!("pkg:oci/app@SHA256%3a{hex}?arch=amd64"), Agrees),
        ("purl", format!(" pkg:oci/app@{OTHER} "), Disagrees),
        ("purl", format!("pkg:oci/app@{}", &OTHER[7..]), Disagrees),
        ("purl", format!("pkg:oci/app@1.0?digest=sha256%3A{hex}"), Agrees),
        ("purl", format!("pkg:oci/app@1.0?digest={OTHER}"), Disagrees),
        ("purl", format!("pkg:generic/app@1.0?checksum=sha256:{}", &OTHER[7..]), Disagrees),
        ("purl", format!("pkg:oci/app@sha256%253A{hex}"), Agrees),
        ("purl", "pkg:docker/cassandra@sha256:244fd47e07d1004f0aed9c".to_owned(), Disagrees),
        ("purl", format!("oci/app@{OTHER}"), Disagrees),
    ] {
        assert_eq!(state(member, json!(text)), expected, "{member} {text}");
    }
    for (algorithm, value, expected) in [
        ("SHA-256", format!(" {} ", hex.to_uppercase()), Agrees),
        ("SHA-256", DIGEST.to_owned(), Agrees),
        ("SHA-256", "abc".to_owned(), Disagrees),
        ("SHA-384", "a".repeat(96), Silent),
        ("SHA-1", "a".repeat(40), Silent),
    ] {
        assert_eq!(state("hashes", json!([{"alg": algorithm, "content": value}])), expected, "{algorithm} {value}");
    }
}

/// Tools write the digest of an image's configuration, or of its index, into the version of SPDX 2.
#[test]
fn takes_a_checksum_for_more_than_a_version_in_spdx_2() {
    let state = |checksum: Option<&str>, purl: &str, version: &str| {
        let checksums: Vec<Value> = checksum
            .iter()
            .map(|one| json!({"algorithm": "SHA256", "checksumValue": one.trim_start_matches("sha256:")}))
            .collect();
        let purl = json!({"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": purl});
        let root = json!({"SPDXID": "SPDXRef-a", "name": "app", "versionInfo": version, "checksums": checksums, "externalRefs": [purl]});
        let document = json!({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "documentDescribes": ["SPDXRef-a"], "packages": [root]});
        reading(&document).binding.state
    };
    let (plain, good) = ("pkg:oci/app", format!("pkg:oci/app@{DIGEST}"));
    assert_eq!(state(Some(DIGEST), plain, OTHER), BindingState::Agrees);
    assert_eq!(state(Some(OTHER), plain, DIGEST), BindingState::Disagrees);
    assert_eq!(state(None, &good, OTHER), BindingState::Agrees);
    assert_eq!(state(Some(OTHER), &good, DIGEST), BindingState::Disagrees);
    assert_eq!(state(None, plain, DIGEST), BindingState::Agrees);
    assert_eq!(state(None, plain, OTHER), BindingState::Disagrees);
}

#[test]
fn tells_package_urls_that_no_pattern_can_be_held_against_a45() {
    let mut document = cyclonedx();
    let with = |kind: &str, purl: &str| json!({"type": kind, "name": "x", "purl": purl});
    document["components"] = json!([with("library", "npm/event-stream"), with("library", "pkg:npm/a@1"), with("file", "x"),
        with("operating-system", "x"), with("application", "pkg:npm/./event-stream@3.3.6"), {"type": "library", "name": "none"}]);
    let ask = ask(&["pkg:npm/event-stream"], &[], &[]);
    let reading = read(document.to_string().as_bytes(), &about(), &ask).expect("an SBOM");
    assert_eq!(
        reading.to_json()["unreadablePurls"],
        json!({"count": 4, "first": [{"component": "x", "pointer": "/components/0"}, {"component": "x", "pointer": "/components/2"},
            {"component": "x", "pointer": "/components/3"}, {"component": "x", "pointer": "/components/4"}]})
    );
    assert_eq!(reading.denied_components.first[0].pointer, "/components/4");
}

#[test]
fn finds_denied_licences_in_the_evidence_a45() {
    let mut document = cyclonedx();
    document["components"] = json!([{"type": "library", "name": "x", "licenses": [{"license": {"id": "MIT"}}],
        "evidence": {"licenses": [{"license": {"id": "Apache-2.0"}}, {"license": {"id": "AGPL-3.0-only"}}]}}]);
    let reading = read(document.to_string().as_bytes(), &about(), &ask(&[], &["AGPL-*"], &[])).expect("an SBOM");
    assert_eq!(reading.faults.count, 0, "{:?}", reading.faults);
    assert_eq!(reading.denied_licenses.first[0].license.as_deref(), Some("AGPL-3.0-only"));
    assert_eq!((share(&reading, "licenseValid"), reading.denied_licenses.count), ((1, 1), 1));
}
