//! What is read out of SBOMs, and what nobody can hide in one.

use portcullis_predicate::sbom::{About, Ask, BindingState, CompletenessState, Reading, read};
use portcullis_predicate::{MAX_COMPONENTS, MOST_SHOWN, MOST_TEXT};
use serde_json::{Value, json};

mod spellings;

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const OTHER: &str = "sha256:bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

fn about() -> About {
    About { digests: vec![DIGEST.to_owned(), format!("sha256:{}", "c".repeat(64))], sha512: Some("d".repeat(128)) }
}

fn ask(components: &[&str], licenses: &[&str], types: &[&str]) -> Ask {
    let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    Ask::new(&own(components), &own(licenses), &own(types)).expect("patterns")
}

fn reading(document: &Value) -> Reading {
    read(document.to_string().as_bytes(), &about(), &Ask::default()).expect("an SBOM")
}

fn refused(text: &str) -> String {
    read(text.as_bytes(), &about(), &Ask::default()).expect_err("no SBOM").to_string()
}

/// A small document in which everything that can be counted is there.
fn cyclonedx() -> Value {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "serialNumber": "urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
        "externalReferences": [{"type": "bom", "url": "https://example.com/bom.json"}],
        "metadata": {
            "timestamp": "2026-11-21T10:00:00Z",
            "lifecycles": [{"phase": "build"}],
            "authors": [{"name": "Ann", "email": "ann@example.com"}],
            "supplier": {"name": "Org"},
            "tools": {"components": [{"type": "application", "name": "syft", "version": "1.19.0"}]},
            "component": {"bom-ref": "root", "type": "container", "name": "app", "version": "1.0",
                "purl": format!("pkg:oci/app@{}?repository_url=x", DIGEST.replace(':', "%3A"))},
        },
        "components": [
            {"bom-ref": "a", "type": "library", "name": "lodash", "version": "4.17.21", "purl": "pkg:npm/lodash@4.17.21",
             "supplier": {"name": "OpenJS"}, "licenses": [{"license": {"id": "MIT"}}],
             "hashes": [{"alg": "SHA-512", "content": "e".repeat(128)}],
             "components": [{"bom-ref": "b", "type": "library", "name": "inner", "licenses": [{"expression": "MIT AND GPL-3.0-only"}]}]},
            {"bom-ref": "c", "type": "operating-system", "name": "debian", "version": "12"},
            {"bom-ref": "d", "type": "file", "name": "/etc/passwd"},
        ],
        "dependencies": [{"ref": "root", "dependsOn": ["a"]}, {"ref": "a"}],
        "compositions": [{"aggregate": "complete", "assemblies": ["root"]}],
    })
}

fn share(reading: &Reading, element: &str) -> (usize, usize) {
    let share = reading.coverage.iter().find(|(name, _)| *name == element).expect("an element");
    (share.1.have, share.1.of)
}

#[test]
fn counts_what_a_cyclonedx_document_says() {
    let reading = reading(&cyclonedx());
    assert_eq!(reading.faults.count, 0, "{:?}", reading.faults);
    assert_eq!((reading.components, reading.types["library"], reading.types["file"]), (4, 2, 1));
    for (element, have) in [
        ("name", 3),
        ("version", 2),
        ("supplier", 1),
        ("purl", 1),
        ("license", 2),
        ("licenseValid", 2),
        ("sha512", 1),
        ("sha256", 0),
        ("dependencies", 1),
    ] {
        assert_eq!(share(&reading, element), (have, 3), "{element}");
    }
    let missing = &reading.coverage.iter().find(|(name, _)| *name == "purl").expect("purl").1.missing;
    assert_eq!(missing[0].component, "inner");
    assert_eq!(missing[0].pointer, "/components/0/components/0");
    assert_eq!((reading.graph.reachable, reading.graph.of, reading.graph.dangling.count), (2, 4, 0));
    assert_eq!(reading.graph.unreachable[0].pointer, "/components/1");
    assert_eq!(reading.completeness.state, CompletenessState::Complete);
    assert_eq!(reading.binding.state, BindingState::Agrees);
    assert_eq!(reading.created_seconds, Some(1_795_255_200));
    let json = Value::Object(reading.to_json());
    assert_eq!(json["tools"], json!([{"name": "syft", "version": "1.19.0"}]));
    assert_eq!(json["authors"], json!(["Ann <ann@example.com>"]));
    assert_eq!(json["authorContact"], json!(true));
    assert_eq!(json["supplier"], json!("Org"));
    assert_eq!(json["uri"], json!("https://example.com/bom.json"));
    assert_eq!(json["lifecycles"], json!(["build"]));
    assert_eq!(
        json["completeness"],
        json!({"state": "complete", "aggregate": "complete", "pointer": "/compositions/0"})
    );
    assert_eq!(json["root"]["pointer"], "/metadata/component");
    assert_eq!(json["valid"], true);
}

#[test]
fn binds_by_every_way_of_naming_a_digest() {
    let with = |member: &str, value: Value| {
        let mut document = cyclonedx();
        document["metadata"]["component"] = json!({"type": "container", "name": "app", "bom-ref": "root"});
        document["metadata"]["component"][member] = value;
        reading(&document)
    };
    let hash = |digest: &str| json!([{"alg": "SHA-256", "content": digest.trim_start_matches("sha256:")}]);
    let oci = |digest: &str| json!(format!("pkg:oci/app@{digest}"));
    for (member, good, bad) in [
        ("purl", oci(DIGEST), oci(OTHER)),
        ("version", json!(DIGEST), json!(OTHER)),
        ("hashes", hash(DIGEST), hash(OTHER)),
        ("name", json!(format!("ghcr.io/org/app@{DIGEST}")), json!(format!("ghcr.io/org/app@{OTHER}"))),
    ] {
        let (good, bad) = (with(member, good), with(member, bad));
        assert_eq!(good.binding.state, BindingState::Agrees, "{member}");
        assert_eq!(bad.binding.state, BindingState::Disagrees, "{member}");
        assert_eq!(bad.binding.what.as_deref(), Some(&*format!("its root names {OTHER}")));
        assert!(bad.binding.pointer.expect("a place").starts_with("/metadata/component"));
    }
    let sha512 = |digit: &str| json!([{"alg": "SHA-512", "content": digit.repeat(128)}]);
    assert_eq!(with("hashes", sha512("d")).binding.state, BindingState::Agrees);
    assert_eq!(with("hashes", sha512("e")).binding.state, BindingState::Disagrees);
    assert_eq!(with("version", json!("1.0")).binding.state, BindingState::Silent);
    assert_eq!(with("purl", json!("pkg:oci/app@1.0")).binding.state, BindingState::Silent);
    let mut none = cyclonedx();
    none["metadata"] = json!({});
    assert_eq!(reading(&none).binding.state, BindingState::Silent);
}

/// One digest that agrees does not make up for one that does not.
#[test]
fn binds_to_nothing_when_two_digests_of_the_root_differ_a45() {
    let mut document = cyclonedx();
    document["metadata"]["component"]["hashes"] = json!([{"alg": "SHA-256", "content": "b".repeat(64)}]);
    assert_eq!(reading(&document).binding.state, BindingState::Disagrees);
}

#[test]
fn never_reads_complete_from_a_document_that_says_otherwise() {
    let state = |compositions: Value| {
        let mut document = cyclonedx();
        document["compositions"] = compositions;
        reading(&document).completeness.state
    };
    use CompletenessState::{Complete, Incomplete, Undeclared, Unknown};
    let whole = json!({"aggregate": "complete", "assemblies": ["root"]});
    for (compositions, expected) in [
        (json!([]), Undeclared),
        (json!([whole]), Complete),
        (json!([{"aggregate": "complete"}]), Complete),
        (json!([{"aggregate": "complete", "dependencies": ["root"]}]), Complete),
        (json!([{"aggregate": "complete", "assemblies": ["a"]}]), Undeclared),
        (json!([{"aggregate": "unknown", "assemblies": ["root"]}]), Unknown),
        (json!([{"aggregate": "not_specified"}]), Unknown),
        (json!([whole, {"aggregate": "unknown", "assemblies": ["a"]}]), Unknown),
        (json!([{"aggregate": "incomplete_first_party_only", "assemblies": ["root"]}, whole]), Incomplete),
        (json!([{"aggregate": "unknown"}, {"aggregate": "incomplete"}]), Incomplete),
        (json!([{"aggregate": "complete\u{0}"}]), Incomplete),
        (json!([{"aggregate": 1}]), Incomplete),
    ] {
        assert_eq!(state(compositions.clone()), expected, "{compositions}");
    }
}

#[test]
fn finds_denied_components_and_licences_wherever_they_stand() {
    let text = cyclonedx().to_string();
    let ask = ask(&["pkg:npm/lodash@4.*", "pkg:oci/*"], &["GPL-*"], &["library"]);
    let reading = read(text.as_bytes(), &about(), &ask).expect("an SBOM");
    assert_eq!(reading.denied_components.count, 2, "the root counts too");
    let denied = &reading.denied_components.first[1];
    assert_eq!((denied.pattern.as_deref(), &*denied.pointer), (Some("pkg:npm/lodash@4.*"), "/components/0"));
    assert_eq!(denied.component, "lodash@4.17.21");
    let denied = &reading.denied_licenses.first[0];
    assert_eq!(reading.denied_licenses.count, 1);
    assert_eq!(denied.license.as_deref(), Some("MIT AND GPL-3.0-only"));
    assert_eq!(denied.pointer, "/components/0/components/0");
    assert_eq!(share(&reading, "name"), (2, 2), "of the asked types alone");
    let mut free = cyclonedx();
    free["components"][1]["licenses"] = json!([{"license": {"name": "GPL-3.0-only"}}]);
    free["components"][0]["licenses"] = json!([{"license": {"id": "GPL-2.0"}}, {"license": {"id": "MIT"}}]);
    let reading = read(free.to_string().as_bytes(), &about(), &ask).expect("an SBOM");
    assert_eq!(reading.denied_licenses.count, 3, "{:?}", reading.denied_licenses);
    assert_eq!(reading.deprecated_licenses.count, 1);
    assert_eq!(reading.invalid_licenses.count, 0, "`GPL-3.0-only` is a valid id under whatever name");
    free["components"][1]["licenses"] = json!([{"license": {"name": "NOASSERTION"}}]);
    assert_eq!(share(&self::reading(&free), "license"), (2, 3), "NOASSERTION says nothing");
    free["components"][1]["licenses"] = json!([{"license": {"name": "Our own licence"}}]);
    assert_eq!(self::reading(&free).invalid_licenses.first[0].license.as_deref(), Some("Our own licence"));
}

#[test]
fn tells_ids_that_stand_twice_and_references_to_nothing() {
    let mut document = cyclonedx();
    document["components"][1]["bom-ref"] = json!("a");
    document["dependencies"] =
        json!([{"ref": "root", "dependsOn": ["a", "nowhere"]}, {"ref": "gone"}, {"ref": "urn:cdx:x/1#y"}]);
    let reading = reading(&document);
    assert_eq!(reading.graph.duplicates.count, 1);
    assert_eq!(reading.graph.duplicates.first[0].pointer, "/components/1");
    assert_eq!(reading.graph.dangling.count, 2, "a link into another document is none");
    assert_eq!(reading.graph.dangling.first[0].reference, "nowhere");
    assert_eq!(reading.graph.dangling.first[0].pointer, "/dependencies/0/dependsOn/1");
}

#[test]
fn reads_a_graph_with_circles_to_its_end() {
    let mut document = cyclonedx();
    document["dependencies"] =
        json!([{"ref": "root", "dependsOn": ["a"]}, {"ref": "a", "dependsOn": ["root", "c", "a"]}]);
    assert_eq!(reading(&document).graph.reachable, 3);
    let mut components = Vec::new();
    let mut dependencies = vec![json!({"ref": "root", "dependsOn": ["n0"]})];
    for index in 0..5_000 {
        components.push(json!({"bom-ref": format!("n{index}"), "type": "library", "name": "n"}));
        dependencies.push(json!({"ref": format!("n{index}"), "dependsOn": [format!("n{}", (index + 1) % 5_000)]}));
    }
    document["components"] = Value::Array(components);
    document["dependencies"] = Value::Array(dependencies);
    let reading = reading(&document);
    assert_eq!((reading.graph.reachable, reading.graph.of), (5_000, 5_000));
}

#[test]
fn lists_services_and_vulnerabilities() {
    let mut document = cyclonedx();
    document["services"] = json!([
        {"bom-ref": "s", "name": "api", "endpoints": ["https://api.example.com/v1", "http://10.0.0.1"], "authenticated": true,
         "services": [{"name": "inner", "endpoints": ["mqtt://broker"]}]},
    ]);
    document["vulnerabilities"] = json!([
        {"id": "CVE-1", "ratings": [{"severity": "low"}]},
        {"id": "CVE-2", "ratings": [{"score": 9.8}], "affects": [{"ref": "a"}]},
        {"id": "CVE-3", "ratings": [{"severity": "low"}, {"severity": "high"}],
         "analysis": {"state": "not_affected", "justification": "code_not_reachable"}},
        {"id": "CVE-4"},
        {"id": "CVE-5", "ratings": [{"severity": "none", "score": 7.5}]},
        {"id": "CVE-6", "ratings": [{"severity": "medium", "score": 0.1}]},
    ]);
    let ask = Ask::default().with_endpoints(&["https://*.example.com/**".to_owned()]).expect("patterns");
    let reading = read(document.to_string().as_bytes(), &about(), &ask).expect("an SBOM");
    assert_eq!(reading.faults.count, 0, "{:?}", reading.faults);
    assert_eq!((reading.services.all.count, reading.services.endpoints), (2, 3));
    assert_eq!(reading.services.plain.count, 2);
    assert_eq!(reading.services.outside.count, 2);
    assert_eq!(reading.services.outside.first[1].pointer, "/services/0/services/0/endpoints/0");
    let found: Vec<(&str, &str)> =
        reading.vulnerabilities.first.iter().map(|one| (one.id.as_str(), one.severity.as_str())).collect();
    assert_eq!(
        found,
        [
            ("CVE-2", "critical"),
            ("CVE-3", "high"),
            ("CVE-5", "high"),
            ("CVE-6", "medium"),
            ("CVE-1", "low"),
            ("CVE-4", "unknown")
        ]
    );
    assert_eq!(reading.vulnerabilities.first[0].affects, ["pkg:npm/lodash@4.17.21"]);
    assert_eq!(reading.vulnerabilities.first[1].state.as_deref(), Some("not_affected"));
}

#[test]
fn reads_a_document_however_it_is_wrapped() {
    let plain = cyclonedx().to_string();
    let wrapped = [
        format!("\u{feff}{plain}"),
        json!(plain).to_string(),
        json!({"Data": plain, "Timestamp": "2026-11-21T10:00:00Z"}).to_string(),
    ];
    for text in wrapped {
        let reading = read(text.as_bytes(), &about(), &Ask::default()).expect("an SBOM");
        assert_eq!((reading.components, reading.faults.count), (4, 0));
        assert_eq!(reading.graph.unreachable[0].pointer, "/components/1");
    }
    let mut both = cyclonedx();
    both["components"] = json!([]);
    both["Data"] = json!(plain);
    assert_eq!(reading(&both).components, 0, "what stands beside the document is not the document");
    assert!(reading(&both).faults.count > 0);
    assert!(refused(&json!({"Data": "no SBOM", "Timestamp": ""}).to_string()).contains("no JSON"));
    assert!(
        refused(&json!(json!(plain).to_string()).to_string()).contains("no SBOM"),
        "twice in a string is nothing known"
    );
}

#[test]
fn says_what_it_is_that_is_no_sbom_a45_n57() {
    for (text, word) in [
        ("", "empty"),
        ("<bom xmlns=\"http://cyclonedx.org/schema/bom/1.6\"/>", "XML"),
        ("<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol \"lol\">]><bom>&lol;</bom>", "XML"),
        ("[]", "object is expected"),
        ("null", "object is expected"),
        ("{}", "some other JSON document"),
        (r#"{"version": "2.1.0", "runs": []}"#, "SARIF"),
        (r#"{"specVersion": "1.6", "components": []}"#, "no `bomFormat`"),
        (r#"{"bomFormat": "cyclonedx", "specVersion": "1.6"}"#, "not `CycloneDX`"),
        (r#"{"bomFormat": "CycloneDX"}"#, "`specVersion`"),
        (r#"{"bomFormat": "CycloneDX", "specVersion": "1.0"}"#, "CycloneDX 1.0 has no JSON form"),
        (r#"{"bomFormat": "CycloneDX", "specVersion": "1.1"}"#, "CycloneDX 1.1 has no JSON form"),
        (r#"{"bomFormat": "CycloneDX", "specVersion": "9.9"}"#, "no version that is known"),
        (r#"{"bomFormat": "CycloneDX", "specVersion": 1.6}"#, "`specVersion`"),
        (r#"{"bomFormat": "CycloneDX", "specVersion": "1.6", "specVersion": "1.6"}"#, "twice"),
        (r#"{"SPDXID": "SPDXRef-DOCUMENT"}"#, "no `spdxVersion`"),
        (r#"{"spdxVersion": "SPDX-2.1"}"#, "`SPDX-2.1` is no version"),
        (r#"{"@context": "https://openvex.dev/ns/v0.2.0", "statements": []}"#, "OpenVEX"),
        (r#"{"@context": "https://example.org"}"#, "not that of SPDX 3.0"),
        (r#"{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"}"#, "`@graph`"),
        (r#"{"artifacts": [], "descriptor": {}}"#, "syft"),
        (r#"{"predicateType": "https://cyclonedx.org/bom", "predicate": {}}"#, "in-toto statement"),
        ("SPDXVersion: SPDX-2.3\nNonsense: x", "line 2: `Nonsense` is no tag"),
        ("SPDXVersion: SPDX-2.3\nPackageName: a\nPackageName", "line 3"),
        ("SPDXVersion: SPDX-2.3\nPackageName: a\nPackageVersion: 1\nPackageVersion: 2", "twice"),
        ("SPDXVersion: SPDX-2.3\nPackageComment: <text>never\nends", "without `</text>`"),
    ] {
        let error = refused(text);
        assert!(error.contains(word), "{text}: {error}");
    }
}

#[test]
fn reads_but_does_not_pass_what_breaks_its_schema_a45() {
    for (pointer, document) in [
        ("/components/0", json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": "no type"}]})),
        ("", json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "unknown": 1})),
        ("/components", json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": {}})),
        ("/serialNumber", json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": "x"})),
        (
            "/metadata/timestamp",
            json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"timestamp": "now"}}),
        ),
    ] {
        let reading = reading(&document);
        assert!(reading.faults.count > 0, "{document}");
        assert_eq!(reading.faults.first[0].pointer, pointer, "{:?}", reading.faults);
        assert_eq!(reading.to_json()["valid"], false);
    }
    let empty = reading(&json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}));
    assert_eq!((empty.faults.count, empty.components), (0, 0), "valid, and lists nothing: the policy's to refuse");
}

#[test]
fn reads_tag_value_wherever_it_is_found_a45() {
    let text = format!(
        "SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\nSPDXID: SPDXRef-DOCUMENT\nDocumentName: app\n\
         DocumentNamespace: https://example.com/app\nCreator: Tool: syft-1.19.0\nCreator: Organization: Org (a@example.com)\n\
         Created: 2026-11-21T10:00:00Z\n\n# the image\nPackageName: app\nSPDXID: SPDXRef-app\nPackageDownloadLocation: NOASSERTION\n\
         FilesAnalyzed: false\nPackageChecksum: SHA256: {}\n\nPackageName: left-pad\nSPDXID: SPDXRef-left-pad\nPackageVersion: 1.3.0\n\
         PackageDownloadLocation: NOASSERTION\nPackageLicenseDeclared: MIT\nPackageComment: <text>two\nlines</text>\n\
         ExternalRef: PACKAGE-MANAGER purl pkg:npm/left-pad@1.3.0\n\
         Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-app\nRelationship: SPDXRef-app DEPENDS_ON SPDXRef-left-pad\n",
        &DIGEST[7..]
    );
    for document in [text.clone(), format!("\u{feff}{text}"), json!(text).to_string(), text.replace('\n', "\r\n")] {
        let reading = read(document.as_bytes(), &about(), &ask(&["pkg:npm/left-pad"], &[], &[])).expect("an SBOM");
        assert_eq!(reading.faults.count, 0, "{:?}", reading.faults);
        assert_eq!((reading.version.as_str(), reading.components), ("2.3", 1));
        assert_eq!(reading.binding.state, BindingState::Agrees);
        assert_eq!(reading.denied_components.first[0].component, "left-pad@1.3.0");
        assert_eq!(reading.denied_components.first[0].pointer, "", "no pointer leads into a text that is no JSON");
        assert_eq!((reading.graph.reachable, reading.graph.of), (1, 1));
        assert_eq!(reading.tools[0].version.as_deref(), Some("1.19.0"));
        assert!(reading.author_contact);
    }
}

#[test]
fn shows_little_of_what_strangers_write() {
    let mut document = cyclonedx();
    let name = format!("\u{1b}[2J\u{202e}{}", "x".repeat(10_000));
    document["metadata"]["component"]["name"] = json!(name);
    document["components"] = (0..50).map(|_| json!({"type": "library", "name": name, "bom-ref": name})).collect();
    let reading = reading(&document);
    let json = Value::Object(reading.to_json()).to_string();
    assert!(json.len() < 200 * MOST_TEXT + 20_000, "{}", json.len());
    assert!(!json.contains('\u{1b}') && !json.contains("\\u001b") && !json.contains('\u{202e}'));
    assert_eq!(reading.graph.duplicates.count, 49);
    assert_eq!(reading.graph.duplicates.first.len(), MOST_SHOWN);
}

#[test]
fn reads_no_more_components_than_it_may_and_says_so() {
    let many = vec!["0"; MAX_COMPONENTS + 2].join(",");
    let text = format!(r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{many}]}}"#);
    assert!(refused(&text).contains(&format!("more than {MAX_COMPONENTS} components")));
}

/// Whatever a stranger writes: an error or a reading, never a panic.
#[test]
fn survives_every_cut_and_every_changed_byte() {
    let spdx = json!({"spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT", "packages": [{"name": "a", "SPDXID": "SPDXRef-a",
        "checksums": [{"algorithm": "SHA256", "checksumValue": "x"}]}], "relationships": [{"spdxElementId": "SPDXRef-DOCUMENT",
        "relationshipType": "DESCRIBES", "relatedSpdxElement": "SPDXRef-a"}], "creationInfo": {"creators": ["Tool: x-1"]}});
    let spdx3 = json!({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
        {"type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1", "created": "2026-11-21T10:00:00Z", "createdBy": ["x"]},
        {"type": "SpdxDocument", "spdxId": "urn:d", "creationInfo": "_:c", "rootElement": ["urn:a"]},
        {"type": "software_Package", "spdxId": "urn:a", "creationInfo": "_:c", "name": "a"}]});
    let tags = "SPDXVersion: SPDX-2.3\nPackageName: a\nExternalRef: x purl pkg:a/b\nPackageComment: <text>a</text>\n";
    let mut read_again = 0;
    for text in [cyclonedx().to_string(), spdx.to_string(), spdx3.to_string(), tags.to_owned()] {
        let bytes = text.as_bytes();
        for at in 0..bytes.len() {
            let cut = read(&bytes[..at], &about(), &Ask::default());
            assert!(cut.is_err() || text == tags, "cut at {at}");
            for byte in [b'"', b'{', b']', b'0', b'\\', 0xff] {
                let mut changed = bytes.to_vec();
                changed[at] = byte;
                if let Ok(reading) = read(&changed, &about(), &Ask::default()) {
                    read_again += 1;
                    reading.to_json();
                }
            }
        }
    }
    assert!(read_again > 1_500, "only {read_again}");
    let deep = format!(
        r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","components":{}1{}}}"#,
        "[".repeat(100),
        "]".repeat(100)
    );
    assert!(refused(&deep).contains("deeper"));
    assert!(refused(r#"{"bomFormat":"CycloneDX","specVersion":"1.6","version":1e999}"#).contains("out of range"));
}

/// Documents whose size is fine and whose shape would cost their size squared, or more.
#[test]
fn takes_no_longer_for_documents_made_to_take_long_a40() {
    let start = std::time::Instant::now();
    let members = |last: &str| {
        let members: Vec<String> = (0..50_000).map(|index| format!("\"m{index}\":{last}")).collect();
        format!("{{{}}}", members.join(","))
    };
    let maps =
        format!(r#"{{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{},{}]}}"#, members("0"), members("0"));
    assert!(read(maps.as_bytes(), &about(), &Ask::default()).expect("an SBOM").faults.count > 0);
    let lines =
        format!("SPDXVersion: SPDX-2.3\nPackageName: a\nPackageComment: <text>{}</text>\n", "x\n".repeat(200_000));
    assert!(read(lines.as_bytes(), &about(), &Ask::default()).expect("an SBOM").root.is_some());
    // Sets of sets of licences, a hundred in each, and every element a root.
    let ids: Vec<String> = (0..100).map(|index| format!("urn:{index}")).collect();
    let mut graph = vec![
        json!({"type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1", "created": "2026-11-21T10:00:00Z", "createdBy": ["x"]}),
        json!({"type": "software_Package", "spdxId": "urn:p", "creationInfo": "_:c", "name": "p"}),
        json!({"type": "Relationship", "spdxId": "urn:r", "creationInfo": "_:c", "relationshipType": "hasDeclaredLicense",
            "from": "urn:p", "to": ["urn:0"]}),
        json!({"type": "SpdxDocument", "spdxId": "urn:d", "creationInfo": "_:c", "rootElement": ids}),
    ];
    graph.extend(ids.iter().map(|id| {
        json!({"type": "expandedlicensing_ConjunctiveLicenseSet", "spdxId": id, "creationInfo": "_:c", "expandedlicensing_member": ids})
    }));
    let sets = json!({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph});
    assert!(refused(&sets.to_string()).contains("licences have more than"));
    // One long expression in every member of a set, and that set in every member of the next.
    let members = vec!["urn:l"; 1_000];
    let long = format!("{} AND MIT", "x".repeat(20_000));
    let graph = json!([graph[0], graph[1], graph[2],
        {"type": "expandedlicensing_ConjunctiveLicenseSet", "spdxId": "urn:0", "creationInfo": "_:c", "expandedlicensing_member": vec!["urn:1"; 200]},
        {"type": "expandedlicensing_ConjunctiveLicenseSet", "spdxId": "urn:1", "creationInfo": "_:c", "expandedlicensing_member": members},
        {"type": "simplelicensing_LicenseExpression", "spdxId": "urn:l", "creationInfo": "_:c", "simplelicensing_licenseExpression": long},
        {"type": "SpdxDocument", "spdxId": "urn:d", "creationInfo": "_:c", "rootElement": ["urn:p"]}]);
    let sets = json!({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph});
    assert!(refused(&sets.to_string()).contains("have more than 33554432 bytes in all"));
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}
