//! Texts that nobody here wrote, and what becomes of them when bytes change: never a panic, never a place outside.

use std::fs;
use std::path::{Path, PathBuf};

use portcullis_document::{ReadLimits, decode, read_json, read_yaml};
use portcullis_model::{Document, NodeId};

fn corpora() -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let folder = std::env::var_os("PORTCULLIS_CORPORA").map_or(default, PathBuf::from);
    if !folder.is_dir() {
        println!("SKIPPED: no corpora at {}", folder.display());
        return None;
    }
    Some(folder)
}

fn files(folder: &Path, ends: &[&str]) -> Vec<PathBuf> {
    let (mut found, mut open) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("an entry").path();
            match path.extension().and_then(|end| end.to_str()) {
                _ if path.is_dir() => open.push(path),
                Some(end) if ends.contains(&end) => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

fn check_places(document: &Document) {
    let text = document.source().expect("kept").text();
    for node in (1..=document.node_count()).map(NodeId) {
        for place in [document.value_place(node), document.key_place(node)].into_iter().flatten() {
            let span = place.span.start as usize..place.span.end as usize;
            assert!(text.get(span.clone()).is_some(), "{span:?} is no stretch of the text");
        }
        assert!(document.value_place(node).is_some(), "a value without a place");
    }
}

#[test]
fn reads_every_manifest_and_review() {
    let Some(corpora) = corpora() else { return };
    let limits = ReadLimits::default();
    let mut documents = 0;
    for folder in ["gatekeeper-library", "pod-security"] {
        for path in files(&corpora.join(folder), &["yaml", "yml"]) {
            let source = decode("a", fs::read(&path).expect("a file"), &limits).expect("UTF-8");
            let read =
                read_yaml(&source, &limits).map_err(|error| format!("{}: {error}", path.display())).expect("readable");
            read.iter().for_each(check_places);
            documents += read.len();
        }
    }
    assert!(documents >= 338, "only {documents} documents judged");
    let reviews = files(&corpora.join("admission-reviews"), &["json"]);
    assert!(reviews.len() >= 133, "only {} reviews", reviews.len());
    for path in reviews {
        let text = fs::read(&path).expect("a file");
        let source = decode("a", text, &limits).expect("UTF-8");
        let document =
            read_json(&source, &limits).map_err(|error| format!("{}: {error}", path.display())).expect("readable");
        check_places(&document);
        let value: serde_json::Value = serde_json::from_str(source.text()).expect("JSON");
        let again: serde_json::Value = serde_json::from_str(&document.to_json(NodeId::ROOT)).expect("JSON");
        assert_eq!(value, again, "{}", path.display());
    }
}

/// A generator with a fixed seed: the same bytes in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit.max(1)
    }
}

const PIECES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ": ",
    "- ",
    "? ",
    ",",
    "'",
    "\"",
    "|",
    ">",
    "|2-",
    "\n",
    "\r\n",
    "\r",
    "\t",
    "  ",
    "#",
    " #",
    "&a ",
    "*a",
    "<<: *a\n",
    "!!int ",
    "! ",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "%TAG ! x\n",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "\\",
    "\\u",
    "\\ud800",
    "\\x4",
    "{{",
    "\0",
    "😀",
    "1e999",
    "~",
    "@",
    "`",
];

#[test]
fn survives_changed_bytes() {
    let seeds: Vec<Vec<u8>> = match corpora() {
        Some(corpora) => files(&corpora, &["yaml", "json"])
            .iter()
            .map(|path| fs::read(path).expect("a file"))
            .filter(|bytes| bytes.len() < 3000)
            .collect(),
        None => vec![
            b"a: &a {b: [1, 'x', \"y\"]}\nc: |\n  text\nd: {<<: *a}\n".to_vec(),
            br#"{"a":[1,"\u00e9",null]}"#.to_vec(),
        ],
    };
    assert!(!seeds.is_empty(), "nothing judged");
    let (mut chance, limits) = (Chance(42), ReadLimits::default());
    for round in 0..6000 {
        // Every third text is put together from nothing but pieces.
        let mut bytes = if round % 3 == 0 { Vec::new() } else { seeds[chance.below(seeds.len())].clone() };
        for _ in 0..1 + chance.below(if bytes.is_empty() { 16 } else { 5 }) {
            let at = chance.below(bytes.len() + 1);
            match chance.below(4) {
                0 if at < bytes.len() => bytes[at] = chance.below(256) as u8,
                1 => bytes.truncate(at.max(bytes.len() / 2)),
                _ => {
                    bytes.splice(at..at, PIECES[chance.below(PIECES.len())].bytes());
                }
            }
        }
        let Ok(source) = decode("a", bytes, &limits) else { continue };
        for outcome in [read_yaml(&source, &limits), read_json(&source, &limits).map(|document| vec![document])] {
            match outcome {
                Ok(documents) => documents.iter().for_each(check_places),
                Err(error) => assert!(error.place().is_none_or(|place| place.end() >= place.start()), "{error}"),
            }
        }
    }
}
