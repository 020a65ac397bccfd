//! What is read out of SPDX 3, which is judged by rules of our own.

use portcullis_predicate::sbom::{About, Ask, BindingState, CompletenessState, Reading, read};
use serde_json::{Value, json};

const DIGEST: &str = "sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn about() -> About {
    About { digests: vec![DIGEST.to_owned()], sha512: None }
}

fn ask(components: &[&str], licenses: &[&str], types: &[&str]) -> Ask {
    let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    Ask::new(&own(components), &own(licenses), &own(types)).expect("patterns")
}

fn reading(document: &Value) -> Reading {
    read(document.to_string().as_bytes(), &about(), &Ask::default()).expect("an SBOM")
}

fn share(reading: &Reading, element: &str) -> (usize, usize) {
    let share = reading.coverage.iter().find(|(name, _)| *name == element).expect("an element");
    (share.1.have, share.1.of)
}

fn spdx3() -> Value {
    json!({"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [
        {"type": "CreationInfo", "@id": "_:c", "specVersion": "3.0.1", "created": "2026-11-21T10:00:00Z", "createdBy": ["urn:ann"],
         "createdUsing": ["urn:tool"]},
        {"type": "SpdxDocument", "spdxId": "urn:doc", "creationInfo": "_:c", "rootElement": ["urn:bom"]},
        {"type": "software_Sbom", "spdxId": "urn:bom", "creationInfo": "_:c", "rootElement": ["urn:app"], "software_sbomType": ["build"]},
        {"type": "Person", "spdxId": "urn:ann", "creationInfo": "_:c", "name": "Ann",
         "externalIdentifier": [{"externalIdentifierType": "email", "identifier": "ann@example.com"}]},
        {"type": "Tool", "spdxId": "urn:tool", "creationInfo": "_:c", "name": "syft-1.19.0"},
        {"type": "software_Package", "spdxId": "urn:app", "creationInfo": "_:c", "name": "app",
         "verifiedUsing": [{"type": "Hash", "algorithm": "sha256", "hashValue": &DIGEST[7..]}]},
        {"type": "software_Package", "spdxId": "urn:lib", "creationInfo": "_:c", "name": "lodash", "software_packageVersion": "4.17.21",
         "software_packageUrl": "pkg:npm/lodash@4.17.21", "suppliedBy": "urn:ann"},
        {"type": "software_File", "spdxId": "urn:file", "creationInfo": "_:c", "name": "a.txt"},
        {"type": "simplelicensing_LicenseExpression", "spdxId": "urn:l", "creationInfo": "_:c",
         "simplelicensing_licenseExpression": "GPL-3.0-only"},
        {"type": "expandedlicensing_DisjunctiveLicenseSet", "spdxId": "urn:set", "creationInfo": "_:c",
         "expandedlicensing_member": ["urn:l", "https://spdx.org/licenses/MIT"]},
        {"type": "Relationship", "spdxId": "urn:r1", "creationInfo": "_:c", "relationshipType": "dependsOn", "from": "urn:app",
         "to": ["urn:lib"], "completeness": "complete"},
        {"type": "Relationship", "spdxId": "urn:r2", "creationInfo": "_:c", "relationshipType": "hasDeclaredLicense", "from": "urn:lib",
         "to": ["urn:l"]},
    ]})
}

#[test]
fn reads_spdx_3() {
    let document = spdx3();
    let gpl = ask(&["pkg:npm/lodash"], &["GPL-*"], &[]);
    let reading = read(document.to_string().as_bytes(), &about(), &gpl).expect("an SBOM");
    assert_eq!(reading.faults.count, 0, "{:?}", reading.faults);
    assert_eq!((reading.version.as_str(), reading.components, reading.types["file"]), ("3.0.1", 2, 1));
    assert_eq!(reading.binding.state, BindingState::Agrees);
    assert_eq!(reading.completeness.state, CompletenessState::Complete);
    assert_eq!((reading.graph.reachable, reading.graph.of), (1, 1));
    assert_eq!((reading.tools[0].name.as_str(), reading.tools[0].version.as_deref()), ("syft", Some("1.19.0")));
    assert_eq!(
        (reading.authors, reading.author_contact, reading.lifecycles),
        (vec!["Ann".to_owned()], true, vec!["build".to_owned()])
    );
    assert_eq!(reading.denied_components.first[0].pointer, "/@graph/6");
    assert_eq!(reading.denied_licenses.first[0].license.as_deref(), Some("GPL-3.0-only"));
    let mut choice = document.clone();
    choice["@graph"][11]["to"] = json!(["urn:set"]);
    let reading = read(choice.to_string().as_bytes(), &about(), &gpl).expect("an SBOM");
    assert_eq!((reading.denied_licenses.count, share(&reading, "licenseValid")), (0, (1, 1)), "one may choose MIT");
    for word in ["noAssertion", "incomplete"] {
        let mut unsaid = document.clone();
        unsaid["@graph"][10]["completeness"] = json!(word);
        assert!(self::reading(&unsaid).completeness.state > CompletenessState::Undeclared, "{word}");
    }
    let mut elsewhere = document;
    elsewhere["@graph"][5]["verifiedUsing"][0]["hashValue"] = json!("b".repeat(64));
    assert_eq!(self::reading(&elsewhere).binding.state, BindingState::Disagrees);
}

#[test]
fn names_what_spdx_3_does_not_allow_a45() {
    for (index, member, value, word) in [
        (0, "created", json!("2026-11-21"), "`created` is no time"),
        (0, "createdBy", json!([]), "lacks `createdBy`"),
        (1, "rootElement", json!(["urn:nowhere"]), "names no element"),
        (1, "type", json!("Other"), "0 elements `SpdxDocument`"),
        (5, "name", json!(""), "lacks `name`"),
        (5, "creationInfo", json!("_:nowhere"), "no `creationInfo`"),
        (5, "type", json!(1), "lacks `type`"),
        (5, "verifiedUsing", json!([{"algorithm": "sha256", "hashValue": "abc"}]), "is no sha256"),
        (8, "simplelicensing_licenseExpression", json!(null), "lacks `simplelicensing_licenseExpression`"),
        (10, "relationshipType", json!("likes"), "none that SPDX 3.0 knows"),
        (10, "completeness", json!("full"), "`completeness` is none"),
        (10, "to", json!([]), "lacks `to`"),
        (10, "from", json!(null), "lacks `from`"),
    ] {
        let mut document = spdx3();
        document["@graph"][index][member] = value;
        let faults = reading(&document).faults;
        assert!(faults.first.iter().any(|fault| fault.what.contains(word)), "{word}: {faults:?}");
    }
    let mut twice = spdx3();
    twice["@graph"][7]["spdxId"] = json!("urn:lib");
    assert_eq!(reading(&twice).graph.duplicates.count, 1);
}
