//! Documents that nobody here wrote, judged where they lie and as a whole by the library's own values: never two verdicts.

use std::fs;
use std::path::{Path, PathBuf};

use jsonschema::{Registry, Validator};
use portcullis_predicate::sbom::{About, Ask, BindingState, CompletenessState, published, read};
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
    // Built without what it knows of letters beyond ASCII; what the changes below write is no address.
    let is_email = |text: &str| text.contains('@') && !text.contains(' ');
    let options =
        jsonschema::options().with_registry(&registry).should_validate_formats(true).with_format("idn-email", is_email);
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
    let whole_1_7 = whole("cyclonedx/bom-1.7.SNAPSHOT.schema.json");
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
            if *version == "1.6" {
                let next = text.replace("\"specVersion\": \"1.6\"", "\"specVersion\": \"1.7\"");
                both(&next, published::cyclonedx("1.7").expect("a version"), &whole_1_7);
            }
            if both(&text, schema, &whole) != expected {
                wrong.push(format!("{version}/{name}"));
            }
        }
    }
    assert!(valid >= 157 && invalid >= 110, "only {valid} valid and {invalid} invalid documents judged");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Each document with one thing changed at a time: a member gone, renamed, doubled in its list, or of another kind.
#[test]
fn judges_changed_documents_as_the_whole_judge_does() {
    let Some(folder) = corpora("cyclonedx") else { return };
    let (mut valid, mut invalid) = (0, 0);
    for version in &VERSIONS[..5] {
        let whole = whole(&format!("cyclonedx/bom-{version}.SNAPSHOT.schema.json"));
        let schema = published::cyclonedx(version).expect("a version");
        for path in files(&folder.join(version)).iter().filter(|path| path.to_string_lossy().contains("valid-")) {
            let value: Value = serde_json::from_str(&fs::read_to_string(path).expect("a text")).expect("JSON");
            let mut pointers = Vec::new();
            pointers_of(&value, String::new(), &mut pointers);
            let step = pointers.len() / 12 + 1;
            for (turn, pointer) in pointers.iter().step_by(step).enumerate() {
                let mut changed = value.clone();
                change(changed.pointer_mut(pointer).expect("a value"), turn);
                let kept = both(&changed.to_string(), schema, &whole);
                *(if kept { &mut valid } else { &mut invalid }) += 1;
            }
        }
    }
    assert!(valid >= 400 && invalid >= 2_000, "only {valid} valid and {invalid} invalid ones");
}

fn pointers_of(value: &Value, here: String, pointers: &mut Vec<String>) {
    match value {
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(index, value)| pointers_of(value, format!("{here}/{index}"), pointers));
        }
        Value::Object(map) => {
            for (name, value) in map {
                pointers_of(value, format!("{here}/{}", name.replace('~', "~0").replace('/', "~1")), pointers);
            }
        }
        _ => {}
    }
    pointers.push(here);
}

fn change(value: &mut Value, turn: usize) {
    match (value, turn % 4) {
        (Value::Object(map), 0) => {
            let first = map.keys().next().cloned();
            first.and_then(|name| map.remove(&name));
        }
        (Value::Object(map), _) => {
            map.insert("unknown \u{e4}".to_owned(), Value::Null);
        }
        (Value::Array(list), 0) => list.clear(),
        (Value::Array(list), _) => list.extend(list.first().cloned()),
        (value, 0) => *value = Value::Null,
        (value, 1) => *value = Value::from(1.0),
        (value, 2) => *value = serde_json::json!({"a": []}),
        (value, _) => *value = Value::from(format!("{} \u{1F600}", value.as_str().unwrap_or_default())),
    }
}

/// Written by hand from the documents: format and version, components without roots, the first root, time, tools, binding to
/// nothing, completeness.
#[test]
fn reads_every_spdx_document() {
    let Some(folder) = corpora("spdx") else { return };
    let files = files(&folder);
    assert!(files.len() >= 30, "only {} documents", files.len());
    let whole = whole("spdx/spdx_2_3.json");
    let mut known = 0;
    for path in &files {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = fs::read(path).expect("a text");
        let reading = read(&text, &About::default(), &Ask::default()).map_err(|error| format!("{name}: {error}"));
        let reading = reading.expect("an SBOM");
        if reading.version.starts_with('2') {
            assert!(both(std::str::from_utf8(&text).expect("UTF-8"), published::spdx2(), &whole), "{name}");
        }
        assert_eq!(reading.faults.count, 0, "{name}: {:?}", reading.faults);
        assert!(reading.created_seconds.is_some() && reading.root.is_some(), "{name}");
        assert_eq!(reading.graph.dangling.count, 0, "{name}: {:?}", reading.graph.dangling);
        let Some(&(_, version, components, root, created, tools, binding, completeness)) =
            EXPECTED.iter().find(|(start, ..)| name.starts_with(start))
        else {
            continue;
        };
        known += 1;
        let found = reading.root.as_ref().expect("a root");
        let title = format!("{} {}", found.name.as_deref().unwrap_or("-"), found.version.as_deref().unwrap_or("-"));
        let made: Vec<String> = reading
            .tools
            .iter()
            .map(|tool| tool.version.as_ref().map_or(tool.name.clone(), |version| format!("{}@{version}", tool.name)))
            .collect();
        assert_eq!(
            (reading.version.as_str(), reading.components, title.as_str(), reading.created.as_deref()),
            (version, components, root, Some(created)),
            "{name}"
        );
        assert_eq!(
            (made, reading.binding.state, reading.completeness.state),
            (tools.iter().map(|tool| (*tool).to_owned()).collect(), binding, completeness),
            "{name}"
        );
        let pointer = &found.pointer;
        assert!(Text::read(&text).expect("JSON").span_of(pointer).is_some(), "{name}: {pointer}");
    }
    assert_eq!(known, EXPECTED.len());
}

type Row = (
    &'static str,
    &'static str,
    usize,
    &'static str,
    &'static str,
    &'static [&'static str],
    BindingState,
    CompletenessState,
);

use BindingState::{Disagrees, Silent};
use CompletenessState::{Undeclared, Unknown};

const EXPECTED: [Row; 16] = [
    ("ai__example01", "3.0.1", 45, "SimpleHTR -", "2024-05-09T13:50:30Z", &[], Silent, Undeclared),
    (
        "ai__example02",
        "3.0.1",
        16,
        "Sentiment Demo: A Simple AI Application and its AI BOM Example -",
        "2024-06-24T05:30:00Z",
        &[],
        Silent,
        Undeclared,
    ),
    (
        "presentations__OSS-NA-2023__SPDXVersion2.3__01",
        "2.3",
        0,
        "tools-java 1.5.1",
        "2023-05-12T18:30:22Z",
        &[],
        Silent,
        Undeclared,
    ),
    (
        "presentations__OSS-NA-2023__SPDXVersion2.3__03",
        "2.3",
        1,
        "tools-java 1.5.1",
        "2023-05-12T18:30:22Z",
        &[],
        Silent,
        Undeclared,
    ),
    ("software__example10__spdx3.0", "3.0.1", 5, "hello -", "2022-10-28T17:24:21Z", &[], Silent, Unknown),
    (
        "software__example11__spdx2.3",
        "2.3",
        3,
        "hello-server-src 0.1.0",
        "2022-11-03T07:10:10Z",
        &["sigs.k8s.io/bom/pkg/spdx"],
        Disagrees,
        Undeclared,
    ),
    (
        "software__example11__spdx3.0",
        "3.0.1",
        3,
        "hello-server -",
        "2022-11-03T07:10:10Z",
        &["sigs.k8s.io/bom/pkg/spdx"],
        Disagrees,
        Unknown,
    ),
    (
        "software__example12__spdx2.2__hello-dist",
        "2.2",
        1,
        "hello 0.0.1",
        "2022-11-04T11:13:29Z",
        &["Microsoft.SBOMTool@0.2.7"],
        Silent,
        Undeclared,
    ),
    (
        "software__example12__spdx2.2__hello-src",
        "2.2",
        12,
        "hello 0.0.1",
        "2022-11-04T11:11:52Z",
        &["Microsoft.SBOMTool@0.2.7"],
        Silent,
        Undeclared,
    ),
    (
        "software__example14__spdx2.3",
        "2.3",
        7,
        "examplemaven 0.0.1",
        "2024-11-18T10:22:12Z",
        &["spdx-maven-plugin", "Parlay"],
        Silent,
        Undeclared,
    ),
    (
        "software__example14__spdx3.0",
        "3.0.1",
        8,
        "examplemaven 0.0.1",
        "2024-11-18T10:22:12Z",
        &["spdx-maven-plugin", "Parlay"],
        Silent,
        Unknown,
    ),
    (
        "software__example6__spdx3.0__example6-lib",
        "3.0.1",
        6,
        "go-1.15 1.15.4",
        "2021-08-26T01:55:00Z",
        &[],
        Silent,
        Unknown,
    ),
    (
        "software__example7__spdx2.2__example7-golang",
        "2.2",
        1,
        "go1.16.4.linux-amd64 1.16.4",
        "2020-11-24T01:12:27Z",
        &[],
        Disagrees,
        Undeclared,
    ),
    (
        "software__example7__spdx3.0__example7-golang",
        "3.0.1",
        1,
        "go1.16.4.linux-amd64.tar.gz 1.16.4",
        "2020-11-24T01:12:27Z",
        &[],
        Disagrees,
        Undeclared,
    ),
    (
        "software__example8__spdx2.3",
        "2.3",
        7,
        "examplemaven 0.0.1",
        "2022-10-23T15:44:16Z",
        &["spdx-maven-plugin"],
        Silent,
        Undeclared,
    ),
    (
        "software__example9__spdx2.2",
        "2.2",
        16,
        "App-BOM-ination 1.0",
        "2021-09-02T13:46:32Z",
        &["Source Auditor Open Source Console"],
        Silent,
        Undeclared,
    ),
];
