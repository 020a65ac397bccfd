//! Documents that nobody here wrote, judged where they lie and as a whole by the library's own values: never two verdicts.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::{Registry, Validator};
use portcullis_predicate::sbom::published;
use portcullis_predicate::{Schema, Text};
use serde_json::Value;

const VERSIONS: [&str; 6] = ["1.2", "1.3", "1.4", "1.5", "1.6", "1.7"];

fn corpora(folder: &str) -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let corpora = std::env::var_os("PORTCULLIS_CORPORA").map_or(default, PathBuf::from);
    let folder = corpora.join(folder);
    if !folder.is_dir() {
        println!("SKIPPED: no corpora at {}", folder.display());
        return None;
    }
    Some(folder)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a readable folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn schema_text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
    fs::read_to_string(path).expect("a schema")
}

/// The judge of whole documents: the library's own, on values of its own.
fn whole(name: &str) -> Validator {
    let mut registry = Registry::new();
    for name in ["spdx", "jsf-0.82", "cryptography-defs"] {
        let schema: Value =
            serde_json::from_str(&schema_text(&format!("cyclonedx/{name}.SNAPSHOT.schema.json"))).expect("JSON");
        let address = format!("http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json");
        registry = registry.add(address, schema).expect("a schema");
    }
    let registry = registry.prepare().expect("schemas");
    let options = jsonschema::options().with_registry(&registry).should_validate_formats(true);
    options.build(&serde_json::from_str(&schema_text(name)).expect("JSON")).expect("a schema")
}

fn both(text: &str, schema: &Schema, whole: &Validator) -> bool {
    let read = Text::read(text.as_bytes()).expect("JSON");
    let value: Value = serde_json::from_str(text).expect("JSON");
    assert_eq!(read.root().value(), value, "another document");
    let faults = schema.check(read.root(), 5);
    assert_eq!(faults.count == 0, whole.is_valid(&value), "{faults:?}: {text:.2000}");
    for fault in &faults.first {
        assert!(read.span_of(&fault.pointer).is_some(), "{fault:?} is nowhere");
    }
    faults.count == 0
}

#[test]
fn judges_every_cyclonedx_document_as_its_name_says_a45() {
    let Some(folder) = corpora("cyclonedx") else { return };
    let mut wrong = Vec::new();
    let (mut valid, mut invalid) = (0, 0);
    for version in &VERSIONS[..5] {
        let whole = whole(&format!("cyclonedx/bom-{version}.SNAPSHOT.schema.json"));
        let schema = published::cyclonedx(version).expect("a version");
        for path in files(&folder.join(version)) {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let expected = match name.split('-').next() {
                Some("valid") => true,
                Some("invalid") => false,
                _ => continue,
            };
            let text = fs::read_to_string(&path).expect("a text");
            *(if expected { &mut valid } else { &mut invalid }) += 1;
            if both(&text, schema, &whole) != expected {
                wrong.push(format!("{version}/{name}"));
            }
        }
    }
    assert!(valid >= 157 && invalid >= 110, "only {valid} valid and {invalid} invalid documents judged");
    assert!(wrong.is_empty(), "{wrong:#?}");
}
