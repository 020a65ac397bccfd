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
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
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
