//! What SBOMs hide from deny lists and from what they are held against, and documents made to cost more than they weigh.

use portcullis_predicate::sbom::{About, Ask, Reading, read};
use serde_json::{Value, json};

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const EVENT: &str = "pkg:npm/event-stream@3.3.6";

fn reading(document: &Value) -> Reading {
    let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let ask =
        Ask::new(&own(&[EVENT, "pkg:pypi/foo-bar", "pkg:npm/left-pad"]), &own(&["AGPL-*"]), &[]).expect("patterns");
    let about = About { digests: vec![DIGEST.to_owned()], sha512: None };
    read(document.to_string().as_bytes(), &about, &ask).expect("an SBOM")
}

/// A document of SPDX 3 about `urn:p`, with another package `urn:q` and what is to be added.
fn spdx3(extra: Value) -> Value {
    let mut graph = json!([
        {"type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1", "created": "2026-11-01T00:00:00Z", "createdBy": ["urn:a"]},
        {"type": "Organization", "spdxId": "urn:a", "creationInfo": "_:c", "name": "a"},
        {"type": "SpdxDocument", "spdxId": "urn:d", "creationInfo": "_:c", "rootElement": ["urn:p"]},
        {"type": "software_Package", "spdxId": "urn:p", "creationInfo": "_:c", "name": "p"},
        {"type": "software_Package", "spdxId": "urn:q", "creationInfo": "_:c", "name": "q", "software_packageUrl": "pkg:npm/q@1"},
    ]);
    let extra = extra.as_array().expect("a list").clone();
    graph.as_array_mut().expect("a list").extend(extra);
    json!({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": graph})
}

/// Every root names every root: the product of the two lists would be a hundred thousand times the document.
#[test]
fn takes_roots_that_name_each_other_once_a40() {
    let start = std::time::Instant::now();
    let many = vec!["urn:s"; 100_000];
    let mut document = spdx3(json!([
        {"type": "software_Sbom", "spdxId": "urn:s", "creationInfo": "_:c", "rootElement": vec!["urn:p"; 100_000]},
        {"type": "software_Sbom", "spdxId": "urn:t", "creationInfo": "_:c", "rootElement": ["urn:s", "urn:t"]},
        {"type": "Relationship", "spdxId": "urn:r", "creationInfo": "_:c", "relationshipType": "describes", "from": "urn:d",
         "to": many},
    ]));
    document["@graph"][2]["rootElement"] = json!(many);
    document["@graph"][2]["rootElement"][7] = json!("urn:t");
    let reading = reading(&document);
    assert_eq!(reading.root.expect("a root").name.as_deref(), Some("p"));
    assert_eq!((reading.components, reading.graph.of), (1, 1), "`q` alone");
    assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
}

fn package(id: &str, member: &str, value: Value) -> Value {
    let mut package = json!({"type": "software_Package", "spdxId": id, "creationInfo": "_:c", "name": "event-stream",
        "software_packageUrl": EVENT});
    package[member] = value;
    package
}

/// What this reader would take for nothing, and another one for a package.
#[test]
fn finds_fault_with_what_other_readers_may_take_for_more_a45() {
    let named = |faults: &portcullis_predicate::Faults, word: &str| {
        assert!(faults.first.iter().any(|fault| fault.what.contains(word)), "{word}: {faults:?}");
    };
    assert_eq!(reading(&spdx3(json!([package("urn:e", "name", json!("event-stream"))]))).faults.count, 0);
    let terms = "https://spdx.org/rdf/3.0.1/terms/Software";
    for (element, word) in [
        (package("urn:e", "type", json!(format!("{terms}/Package"))), "no class of SPDX 3.0"),
        (package("urn:e", "type", json!("Software_Package")), "`type` is `Software_Package`, no class"),
        (package("urn:e", "type", json!("software_SoftwareArtifact")), "no class of SPDX 3.0"),
        (package("urn:e", "@type", json!("software_Package")), "`@type` is no member of `software_Package`"),
        (package("urn:e", "@context", json!({"url": terms})), "`@context` is no member"),
        (package("urn:e", &format!("{terms}/packageUrl"), json!(EVENT)), "packageUrl` is no member"),
        (package("urn:e", "software_packageUrl", json!([EVENT])), "`software_packageUrl` is a list"),
        (package("urn:e", "software_packageUrl", json!({"@value": EVENT})), "`@value` is no member"),
        (package("urn:e", "extension", json!([package("urn:x", "name", json!("x"))])), "inside another element"),
        (
            package(
                "urn:e",
                "extension",
                json!([{"type": "https://e.org/x", "https://e.org/y": [
            {"@type": format!("{terms}/Package")}]}]),
            ),
            "inside another element",
        ),
        (
            json!({"type": "Bundle", "spdxId": "urn:b", "creationInfo": "_:c", "element": [package("urn:e", "name", json!("x"))]}),
            "inside another element",
        ),
        (
            json!({"type": "Person", "spdxId": "urn:b", "creationInfo": "_:c", "verifiedUsing": [{"type": "Hash", "algorithm": "md5",
            "hashValue": "x", "of": [EVENT]}]}),
            "`of` is no member of `Hash`",
        ),
    ] {
        named(&reading(&spdx3(json!([element]))).faults, word);
    }
    let mut document = spdx3(json!([]));
    document["@graph"][2]["element"] = json!([package("urn:e", "name", json!("x"))]);
    named(&reading(&document).faults, "inside another element");
    let mut document = spdx3(json!([]));
    document["@included"] = json!([package("urn:e", "name", json!("x"))]);
    named(&reading(&document).faults, "`@included` is no member that may stand beside `@graph`");
    let known = document["@context"].clone();
    for context in
        [json!([known, {"pkg": format!("{terms}/Package")}]), json!([known, "https://e.org/c"]), json!([known, known])]
    {
        let mut document = spdx3(json!([]));
        document["@context"] = context;
        named(&reading(&document).faults, "not that of SPDX 3.0 alone");
    }
    let mut document = spdx3(json!([package(
        "urn:e",
        "extension",
        json!([{"type": "https://e.org/x", "https://e.org/y": [1, {"z": "k"}]},
        {"type": "extension_CdxPropertiesExtension", "extension_cdxProperty": [{"type": "extension_CdxPropertyEntry",
            "extension_cdxPropName": "x"}]}])
    )]));
    document["@context"] = json!([known]);
    assert_eq!(reading(&document).faults.count, 0, "extensions are free");
}

fn element(id: &str, kind: &str, members: Value) -> Value {
    let mut element = json!({"type": kind, "spdxId": id, "creationInfo": "_:c"});
    element.as_object_mut().expect("a map").extend(members.as_object().expect("a map").clone());
    element
}

/// The licence of `urn:q` is one that other elements stand for; what the first denied one is, and whether all is valid.
#[test]
fn finds_denied_licences_behind_every_element_of_spdx_3_a45() {
    let agpl = "https://spdx.org/licenses/AGPL-3.0-only";
    let mit = "https://spdx.org/licenses/MIT";
    let written = |text: &str| json!({"simplelicensing_licenseExpression": text});
    let later = |of: Value| {
        element("urn:ol", "expandedlicensing_OrLaterOperator", json!({"expandedlicensing_subjectLicense": of}))
    };
    let with = |of: &str, addition: &str| {
        let members =
            json!({"expandedlicensing_subjectExtendableLicense": of, "expandedlicensing_subjectAddition": addition});
        element("urn:w", "expandedlicensing_WithAdditionOperator", members)
    };
    let both = |one: Value| {
        element("urn:s", "expandedlicensing_ConjunctiveLicenseSet", json!({"expandedlicensing_member": [mit, one]}))
    };
    let either = |one: Value| {
        element("urn:s", "expandedlicensing_DisjunctiveLicenseSet", json!({"expandedlicensing_member": [mit, one]}))
    };
    let listed = |name: &str| element("urn:l", "expandedlicensing_ListedLicense", json!({"name": name}));
    let custom = |name: &str| element("urn:l", "expandedlicensing_CustomLicense", json!({"name": name}));
    let mapped = |to: &str| {
        let map = json!([{"type": "DictionaryEntry", "key": "LicenseRef-x", "value": to}]);
        element(
            "urn:e",
            "simplelicensing_LicenseExpression",
            json!({"simplelicensing_licenseExpression": "MIT AND LicenseRef-x", "simplelicensing_customIdToUri": map}),
        )
    };
    let hidden = element("urn:x/NoneLicense", "simplelicensing_LicenseExpression", written("AGPL-3.0-only"));
    for (reference, elements, denied, valid) in [
        (json!(agpl), json!([]), Some("AGPL-3.0-only"), true),
        (json!("http://spdx.org/licenses/AGPL-3.0-only"), json!([]), Some("AGPL-3.0-only"), true),
        (json!("HTTPS://www.spdx.org/licenses/AGPL-3.0-only.html"), json!([]), Some("AGPL-3.0-only"), true),
        (json!("urn:ol"), json!([later(json!(agpl))]), Some("AGPL-3.0-or-later"), true),
        (json!("urn:ol"), json!([later(json!(mit))]), None, true),
        (json!("urn:ol"), json!([later(json!("urn:nowhere"))]), Some("(unreadable: urn:ol)"), false),
        (
            json!("urn:w"),
            json!([with(agpl, "https://spdx.org/licenses/Classpath-exception-2.0")]),
            Some("AGPL-3.0-only WITH Classpath-exception-2.0"),
            true,
        ),
        (
            json!("urn:w"),
            json!([
                with("urn:ol", "urn:my"),
                later(json!(agpl)),
                element("urn:my", "expandedlicensing_CustomLicenseAddition", json!({}))
            ]),
            Some("AGPL-3.0-or-later WITH AdditionRef-my"),
            true,
        ),
        (json!("urn:w"), json!([with(mit, "urn:nowhere")]), Some("MIT WITH (unreadable: urn:w)"), false),
        (
            json!("urn:s"),
            json!([both(json!("urn:ol")), later(json!(agpl))]),
            Some("(MIT) AND (AGPL-3.0-or-later)"),
            true,
        ),
        (json!("urn:s"), json!([either(json!("urn:ol")), later(json!(agpl))]), None, true),
        (
            json!("urn:s"),
            json!([both(element("urn:i", "simplelicensing_LicenseExpression", written("AGPL-3.0-only")))]),
            Some("(MIT) AND ((unreadable: no reference to an element))"),
            false,
        ),
        (json!("urn:s"), json!([both(json!("urn:a"))]), Some("(MIT) AND ((unreadable: urn:a))"), false),
        (
            json!("urn:s"),
            json!([both(json!("https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertionLicense"))]),
            None,
            true,
        ),
        (json!("urn:nowhere"), json!([]), Some("(unreadable: urn:nowhere)"), false),
        (json!("urn:l"), json!([listed("GNU Affero General Public License v3.0 only")]), Some("AGPL-3.0-only"), true),
        (json!("urn:l"), json!([listed("My very own licence")]), Some("(unreadable: urn:l)"), false),
        (json!("urn:l"), json!([custom("agpl-3.0-only")]), Some("AGPL-3.0-only"), true),
        (json!("urn:l"), json!([custom("My very own licence")]), None, true),
        (json!("urn:l"), json!([custom("mine"), listed("AGPL-3.0-only")]), Some("(unreadable: urn:l)"), false),
        (json!("urn:e"), json!([mapped(agpl)]), Some("MIT AND AGPL-3.0-only"), true),
        (json!("urn:e"), json!([mapped("urn:l"), listed("AGPL-3.0-only")]), Some("MIT AND AGPL-3.0-only"), true),
        (
            json!("urn:e"),
            json!([mapped("urn:s"), both(json!(agpl))]),
            Some("MIT AND ((MIT) AND (AGPL-3.0-only))"),
            true,
        ),
        (json!("urn:e"), json!([mapped("urn:l"), custom("mine")]), None, true),
        (json!("urn:e"), json!([mapped("https://example.org/x")]), None, true),
        (json!("urn:x/NoneLicense"), json!([hidden]), Some("AGPL-3.0-only"), true),
        (json!("https://spdx.org/rdf/3.0.1/terms/Licensing/NoneLicense"), json!([]), None, false),
    ] {
        let mut all = elements.clone();
        all.as_array_mut()
            .expect("a list")
            .push(json!({"type": "Relationship", "spdxId": "urn:r", "creationInfo": "_:c",
            "relationshipType": "hasDeclaredLicense", "from": "urn:q", "to": [reference]}));
        let reading = reading(&spdx3(all));
        let first = reading.denied_licenses.first.first().map(|denied| denied.license.as_deref().expect("a licence"));
        let readable = |text: &str| text.trim_start_matches('(').trim_end_matches(')').to_owned();
        assert_eq!(first.map(readable), denied.map(readable), "{reference} {elements}");
        let share = reading.coverage.iter().find(|(name, _)| *name == "licenseValid").expect("an element").1.have;
        assert_eq!(share == 1, valid, "{reference} {elements}");
    }
}

/// A long meaning for each of many words: the product of the two would be a thousand times the document.
#[test]
fn writes_no_longer_expressions_than_it_may_a40() {
    let long = format!("MIT AND {}", "x".repeat(100_000));
    let map = json!([{"type": "DictionaryEntry", "key": "L", "value": "urn:l"}]);
    let elements = json!([
        element("urn:l", "simplelicensing_LicenseExpression", json!({"simplelicensing_licenseExpression": long})),
        element("urn:e", "simplelicensing_LicenseExpression",
            json!({"simplelicensing_licenseExpression": "L ".repeat(100_000), "simplelicensing_customIdToUri": map})),
        {"type": "Relationship", "spdxId": "urn:r", "creationInfo": "_:c", "relationshipType": "hasDeclaredLicense",
            "from": "urn:q", "to": ["urn:e"]},
    ]);
    let text = spdx3(elements).to_string();
    let error = read(text.as_bytes(), &About::default(), &Ask::default()).expect_err("too long").to_string();
    assert!(error.contains("the expressions of its licences have more than 33554432 bytes"), "{error}");
}

fn spdx2(packages: Value) -> Value {
    json!({"spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "d",
        "documentNamespace": "https://example.org/d", "creationInfo": {"created": "2026-11-01T00:00:00Z", "creators": ["Tool: x-1"]},
        "documentDescribes": ["SPDXRef-root"], "packages": packages})
}

fn spdx2_package(name: &str, members: Value) -> Value {
    let mut package = json!({"SPDXID": format!("SPDXRef-{name}"), "name": name, "downloadLocation": "NOASSERTION"});
    package.as_object_mut().expect("a map").extend(members.as_object().expect("a map").clone());
    package
}

#[test]
fn counts_licences_that_were_found_in_spdx_2_a45() {
    let root = spdx2_package("root", json!({}));
    let with = |member: &str, value: Value| {
        let mut document = spdx2(json!([root]));
        document[member] = value;
        document
    };
    let file = json!([{"SPDXID": "SPDXRef-f", "fileName": "f", "checksums": [{"algorithm": "SHA1", "checksumValue": "0".repeat(40)}],
        "licenseInfoInFiles": ["MIT", "AGPL-3.0-only"], "licenseConcluded": "MIT"}]);
    let snippet = |member: &str, value: Value| {
        let end = json!({"reference": "SPDXRef-f", "offset": 1});
        let mut snippet = json!({"SPDXID": "SPDXRef-s", "name": "x", "snippetFromFile": "SPDXRef-f",
            "ranges": [{"startPointer": end, "endPointer": end}]});
        snippet[member] = value;
        json!([snippet])
    };
    let text = |name: &str| json!([{"licenseId": "LicenseRef-1", "name": name, "extractedText": "x"}]);
    let tags = "SPDXVersion: SPDX-2.3\nDataLicense: CC0-1.0\nSPDXID: SPDXRef-DOCUMENT\nDocumentName: d\n\
        DocumentNamespace: https://example.org/d\nCreator: Tool: x-1\nCreated: 2026-11-01T00:00:00Z\nPackageName: root\n\
        SPDXID: SPDXRef-root\nPackageDownloadLocation: NOASSERTION\nSnippetSPDXID: SPDXRef-s\nSnippetFromFileSPDXID: SPDXRef-root\n\
        SnippetByteRange: 1:2\nSnippetLicenseConcluded: AGPL-3.0-only\n";
    for (document, pointer) in [
        (
            spdx2(json!([root, spdx2_package("a", json!({"licenseInfoFromFiles": ["AGPL-3.0-only"]}))])),
            Some("/packages/1"),
        ),
        (with("files", file), Some("/files/0")),
        (with("snippets", snippet("licenseConcluded", json!("AGPL-3.0-only"))), Some("/snippets/0")),
        (with("snippets", snippet("licenseInfoInSnippets", json!(["AGPL-3.0-only"]))), Some("/snippets/0")),
        (with("hasExtractedLicensingInfos", text("AGPL-3.0-only")), Some("/hasExtractedLicensingInfos/0")),
        (
            with("hasExtractedLicensingInfos", text("gnu affero general public license V3.0 only")),
            Some("/hasExtractedLicensingInfos/0"),
        ),
        (with("hasExtractedLicensingInfos", text("Our licence, which is no AGPL-3.0-only")), None),
        (json!(tags), Some("")),
    ] {
        let reading = reading(&document);
        assert_eq!(reading.faults.count, 0, "{:?}", reading.faults);
        let found = reading.denied_licenses.first.first();
        assert_eq!(found.map(|denied| denied.pointer.as_str()), pointer, "{document}");
        assert_eq!(found.map(|denied| denied.license.as_deref()), pointer.map(|_| Some("AGPL-3.0-only")));
        assert_eq!(reading.invalid_licenses.count, 0);
    }
}
