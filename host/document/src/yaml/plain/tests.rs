//! What is read in one pass is what the parser reads: the same trees, the same places, whatever the text.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use portcullis_model::{Document, Kind, NodeId, Source};

use super::read;
use crate::ReadLimits;
use crate::yaml::{Documents, split};

/// A Deployment as `helm template` and people write it, with what else this reader knows.
const MANIFEST: &str = concat!(
    "---\n# Source: web/templates/deployment.yaml\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\n  labels: {app: web, \"tier\": 'front'}\n",
    "  annotations:\n    note: 'it''s \"here\"'\n    escaped: \"a \\\"b\\\" \\\\ c\\n\"\n    empty:\n    text: |\n      one\n        two  \n\n      # three\n\n    kept: |+\n      x\n\n",
    "    cut: |-\n      y\n\nspec:\n  replicas: 3\n  on: yes\n  paused: ~\n  ratio: 0.50\n  template:\n    spec:\n      volumes: []\n      containers:\n",
    "      - name: web   # the first\n        image: registry.example:5000/web@sha256:0123\n        args: [\"--a\", -b, c:d, {x: [1, 2]}, [], {}]\n        env:\n        - name: A\n          value: \"1\"\n",
    "        -\n        - - nested\n          - list\n        resources:\n          limits:\n            cpu: 100m\n        emptyDir: {}\n      -   name: aä # ü\n      nodeSelector:\n        a/b.c: http://x:80/y#z\nstatus:\n"
);

/// Pieces that mean something to YAML.
const PIECES: [&str; 58] = [
    "\n",
    "\n\n",
    " ",
    "  ",
    "    ",
    ":",
    ": ",
    "- ",
    "-",
    "---",
    "---\n",
    "...\n",
    "#",
    " # c",
    "'",
    "''",
    "\"",
    "\\",
    "\\n",
    "\\x41",
    "[",
    "]",
    "{",
    "}",
    ", ",
    ",",
    "|",
    "|-\n",
    "|+\n",
    "|2\n",
    ">\n",
    ">-\n",
    "&a ",
    "*a",
    "!t ",
    "!!str ",
    "? ",
    "<<: ",
    "<<",
    "%",
    "%YAML 1.1\n",
    "@",
    "`",
    "\t",
    "\r\n",
    "\r",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\u{a0}",
    "ü",
    "null",
    "yes",
    "0x1F",
    "1_000",
    "a: b\n",
    "- x\n",
    "\u{7f}",
];

/// All that can be told of a tree and its places.
fn told(document: &Document) -> Vec<String> {
    let nodes = (1..=document.node_count()).map(NodeId);
    let span = |place: Option<portcullis_model::Place>| place.map(|place| (place.span.start, place.span.end));
    nodes
        .map(|node| {
            let scalar = match document.kind(node) {
                Kind::String => document.text(node),
                Kind::Number => document.number_text(node),
                _ => "",
            };
            format!(
                "{} {:?} {scalar:?} {:?} {:?} {:?}",
                document.pointer(node),
                document.kind(node),
                document.boolean(node),
                span(document.value_place(node)),
                span(document.key_place(node))
            )
        })
        .collect()
}

/// Reads each part of a text both ways; returns how many were read in one pass, and of how many.
fn compare(text: &str) -> (usize, usize) {
    let (source, limits) = (Source::new("a.yaml", text), ReadLimits::default());
    let parts = split::parts(source.text(), 0);
    let passed = parts.iter().filter(|&&(start, end)| same(&source, start, end, &limits)).count();
    (passed, parts.len())
}

/// Whether a part was read in one pass; it is then what the parser makes of it.
fn same(source: &Arc<Source>, start: usize, end: usize, limits: &ReadLimits) -> bool {
    let Some(quick) = read(source, start, end, limits) else { return false };
    let mut parsed = Documents { read: Vec::new(), values: 0, limits: *limits };
    let part = &source.text()[start..end];
    if let Err(error) = parsed.parse_part(source, start, end) {
        panic!("the parser refuses what was read: {error}\n{part}\n{part:?}");
    }
    let quick = quick.filter(|document| document.kind(NodeId::ROOT) != Kind::Null);
    let (quick, parsed): (Vec<_>, Vec<_>) = (quick.iter().map(told).collect(), parsed.read.iter().map(told).collect());
    assert_eq!(quick, parsed, "\n{part}\n{part:?}");
    true
}

/// A generator of numbers that are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }

    /// A text with one to four changes: a piece put in or in place of some bytes, a line moved, doubled or indented.
    fn change(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..1 + self.below(4) {
            let at = text.floor_char_boundary(self.below(text.len() + 1));
            let line = text[..at].rfind('\n').map_or(0, |found| found + 1);
            let line_end = text[at..].find('\n').map_or(text.len(), |length| at + length + 1);
            match self.below(7) {
                0 => text.insert_str(at, PIECES[self.below(PIECES.len())]),
                1 => {
                    let until = text.ceil_char_boundary((at + 1 + self.below(4)).min(text.len()));
                    text.replace_range(at..until.max(at), PIECES[self.below(PIECES.len())]);
                }
                2 => text.insert_str(line, &" ".repeat(1 + self.below(4))),
                3 => {
                    let blanks = text[line..].len() - text[line..].trim_start_matches(' ').len();
                    text.replace_range(line..line + self.below(blanks + 1), "");
                }
                4 => {
                    let copy = text[line..line_end].to_owned();
                    let to = text.floor_char_boundary(self.below(text.len() + 1));
                    let to = text[..to].rfind('\n').map_or(0, |found| found + 1);
                    text.insert_str(to, &copy);
                }
                5 => text.replace_range(line..line_end, ""),
                _ => text.truncate(at),
            }
        }
        text
    }
}

fn texts() -> Vec<String> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let corpora = std::env::var_os("PORTCULLIS_CORPORA").map_or(default, PathBuf::from);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut open = vec![root.join("policies"), root.join("plugins"), root.join("deploy")];
    if corpora.is_dir() {
        open.push(corpora);
    } else {
        println!("SKIPPED: no corpora at {}", corpora.display());
    }
    let mut found = vec![MANIFEST.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a readable folder") {
            let path = entry.expect("an entry").path();
            match path.extension().and_then(|end| end.to_str()) {
                _ if path.is_dir() && !path.ends_with("target") => open.push(path),
                Some("yaml" | "yml") => found.extend(fs::read_to_string(&path)),
                _ => {}
            }
        }
    }
    found
}

#[test]
fn reads_a_manifest_in_one_pass() {
    assert_eq!(compare(MANIFEST), (1, 1));
    for text in
        ["", "\n", "# nothing\n", "---\n", "---\n# nothing\n\n", "a:", "- a\n-", "- - - x\n", "a:\n- b:\n  c: 1\nd: 2"]
    {
        assert_eq!(compare(text), (1, 1), "{text:?}");
    }
}

#[test]
fn leaves_to_the_parser_what_it_does_not_know() {
    for text in [
        "a: &x 1\n",
        "a: *x\n",
        "a: !!str 1\n",
        "a: b\n  c\n",
        "a: 'b\n  c'\n",
        "a: >\n  b\n",
        "a: |2\n   b\n",
        "\ta: 1\n",
        "a: 1\r\n",
        "? a\n",
        "<<: {a: 1}\n",
        "%YAML 1.1\n---\na: 1\n",
        "a: 1\n...\n",
        "a: b: c\n",
        "a: 1\na: 2\n",
        "a: 1\n b: 2\n",
        "a:\n  b\n",
        "a: [b: c]\n",
        "a: [b,]\n",
        "a: [b\n]\n",
        "a: {b}\n",
        "x\n",
        " a: 1\n",
        "a: \"\\x41\"\n",
        "a: |\n",
        "a : 1\n",
        "a: @b\n",
        "a: {{ .Values.b }}\n",
        "a: \u{2028}\n",
    ] {
        assert_eq!(compare(text).0, 0, "{text:?}");
    }
}

#[test]
fn reads_what_nobody_here_wrote_as_the_parser_does() {
    let (mut passed, mut of) = (0, 0);
    for text in texts() {
        let (one, all) = compare(&text);
        (passed, of) = (passed + one, of + all);
    }
    println!("{passed} of {of} parts were read in one pass");
    assert!(passed * 2 > of, "only {passed} of {of} parts were read in one pass");
}

/// `PORTCULLIS_MUTATIONS` says how many texts, each with a few changes; 20,000 where it is not set.
#[test]
fn reads_changed_texts_as_the_parser_does() {
    let count = std::env::var("PORTCULLIS_MUTATIONS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let seed =
        std::env::var("PORTCULLIS_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0x9e37_79b9_7f4a_7c15);
    let (texts, mut chance) = (texts(), Chance(seed));
    let short: Vec<&String> = texts.iter().filter(|text| text.len() < 6_000).collect();
    let mut passed = 0;
    for turn in 0..count {
        let text = if turn % 4 == 0 { MANIFEST } else { short[chance.below(short.len())] };
        passed += compare(&chance.change(text)).0;
    }
    println!("{passed} parts were read in one pass");
    assert!(passed * 8 > count, "only {passed} parts of {count} texts were read in one pass");
}
