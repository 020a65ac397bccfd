//! The schema that reports are judged by is that of errata 01, and its file is the one that was published.

use portcullis_predicate::sarif::with_errata;
use portcullis_predicate::{Schema, Text};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::corpora::corpora;

#[test]
fn vendors_the_published_schema_byte_for_byte() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/");
    let name = "sarif/sarif-schema-2.1.0.json";
    let bytes = std::fs::read(format!("{folder}{name}")).expect("the schema");
    let digest: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let readme = std::fs::read_to_string(format!("{folder}README.md")).expect("README.md");
    let row = readme.lines().find(|line| line.contains(name)).expect("a row in README.md");
    assert!(row.contains(&digest), "{digest} is not in: {row}");
}

#[test]
fn judges_by_the_schema_of_errata_01() {
    let Some(corpora) = corpora() else { return };
    let text =
        std::fs::read_to_string(corpora.join("schema/sarif-schema-2.1.0.json")).expect("the schema of the errata");
    let theirs: Value = serde_json::from_str(&text).expect("JSON");
    let ours = with_errata().expect("our schema");
    let (mut one, mut other) = (ours.clone(), theirs.clone());
    for schema in [&mut one, &mut other] {
        let members = schema.as_object_mut().expect("a schema");
        members.remove("id");
        members.remove("$id");
        without_types_beside_enums(schema);
    }
    assert_eq!(one, other);
}

/// `enum` of texts says that it is a text.
fn without_types_beside_enums(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if members.get("enum").is_some_and(Value::is_array)
                && members.get("type").is_some_and(|one| one == "string")
            {
                members.remove("type");
            }
            members.values_mut().for_each(without_types_beside_enums);
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_types_beside_enums),
        _ => {}
    }
}

#[test]
fn agrees_with_the_schema_of_errata_01_on_changed_reports() {
    let Some(corpora) = corpora() else { return };
    let text =
        std::fs::read_to_string(corpora.join("schema/sarif-schema-2.1.0.json")).expect("the schema of the errata");
    let theirs = Schema::compile(&text, &[]).expect("their schema");
    let ours = Schema::compile(&with_errata().expect("our schema").to_string(), &[]).expect("ours");
    let report = std::fs::read_to_string(corpora.join("tutorials/Suppressions.sarif")).expect("a sample");
    let mut judged = [0, 0];
    for (from, to) in [
        ("\"inSource\"", "\"insource\""),
        ("\"accepted\"", "null"),
        ("\"results\"", "\"result\""),
        ("\"text\"", "\"txt\""),
        ("\"version\": \"2.1.0\"", "\"version\": \"2.2.0\""),
        ("\"1.0\"", "1.0"),
        ("\"ruleId\": \"TUT1001\"", "\"ruleId\": \"TUT1001\", \"ruleIndex\": -2"),
        ("\"ruleId\": \"TUT1001\"", "\"ruleId\": \"TUT1001\", \"ruleIndex\": 0"),
        ("\"columnKind\"", "\"language\": \"xx-yyy\", \"columnKind\""),
        ("utf16CodeUnits", "bytes"),
    ] {
        let changed = report.replacen(from, to, 1);
        assert_ne!(changed, report, "{from}");
        let text = Text::read(changed.as_bytes()).expect("JSON");
        let verdict = theirs.is_valid(text.root());
        assert_eq!(ours.is_valid(text.root()), verdict, "{from} -> {to}");
        judged[usize::from(verdict)] += 1;
    }
    assert!(judged[0] > 5 && judged[1] > 0, "{judged:?}");
}
