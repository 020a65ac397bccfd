//! Kubernetes' own libraries judge what ours make of quantities, selectors, names, image references and YAML.
//!
//! A short form runs with every test; `cargo xtask oracle` asks a million questions of each kind. What differs on purpose
//! stands in `oracle/kubernetes/differs.tsv`, and answers that are known without Go in `facts.tsv` beside it.

#![expect(clippy::panic, reason = "a test that cannot read the answer has failed")]

mod asking;
mod differs;
mod image;
mod judge;
mod kind;
mod mutate;
mod name;
mod quantity;
mod review;
mod selector;
mod stream;
mod stream_class;
mod stream_text;

use std::path::{Path, PathBuf};

use portcullis_support::go;

use crate::asking::Oracle;
use crate::kind::{KINDS, Kind};

/// How many questions of each kind the short form asks.
const QUESTIONS: usize = 10_000;
/// The seed of the short form.
const SEED: u64 = 1;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("oracle/kubernetes")
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

/// The program, or why it cannot be had.
fn oracle() -> Option<Oracle> {
    match go::built(&folder()) {
        Ok(program) => Some(Oracle::start(&program)),
        Err(reason) => {
            println!("SKIPPED: no oracle of Kubernetes' libraries: {reason}");
            None
        }
    }
}

/// Asks about one kind and prints what came of it; fails on what differs and is not listed.
fn agree(kind: &dyn Kind) {
    let asked = std::env::var("PORTCULLIS_ORACLE_KINDS").unwrap_or_default();
    if !asked.is_empty() && !asked.split(',').any(|name| name == kind.name()) {
        println!("SKIPPED: questions about {} were not wanted", kind.name());
        return;
    }
    let questions = number("PORTCULLIS_ORACLE_QUESTIONS").map_or(QUESTIONS, |number| number as usize);
    let seed = number("PORTCULLIS_ORACLE_SEED").unwrap_or(SEED);
    let Some(mut oracle) = oracle() else { return };
    let report = judge::judge(kind, &mut oracle, questions, seed);
    println!("{report}");
    assert!(report.unlisted() == 0, "{report}");
    assert!(report.is_telling(), "the questions show little: {report}");
}

#[test]
fn reads_quantities_as_kubernetes_does_a17b() {
    agree(&quantity::Quantities);
}

#[test]
fn matches_selectors_as_kubernetes_does() {
    agree(&selector::Selectors);
}

#[test]
fn takes_names_as_kubernetes_does() {
    agree(&name::Names);
}

#[test]
fn reads_image_references_as_containerd_does_a20_a20b_a20c() {
    agree(&image::Images);
}

#[test]
fn reads_yaml_as_kubectl_does_a09b() {
    agree(&stream::Streams);
}

#[test]
fn says_of_every_fact_what_kubernetes_says() {
    for (question, theirs) in differs::facts(&folder()) {
        let (kind, asked) = question.split_first().expect("a kind");
        let kind = KINDS.iter().find(|known| known.name() == kind).expect("a kind that there is");
        let class = kind::differ(*kind, asked, &theirs);
        assert!(!matches!(class, Some(None)), "{question:?}: ours {:?}, theirs {theirs:?}", kind.ours(asked));
    }
}

#[test]
fn lists_differences_that_are_there_and_no_others() {
    let listed = differs::listed(&folder());
    for kind in KINDS {
        let known: Vec<&str> = listed.iter().filter(|row| row.kind == kind.name()).map(|row| &*row.class).collect();
        let mut wanted = kind.classes().to_vec();
        wanted.sort_unstable();
        assert_eq!(
            known,
            wanted,
            "the classes of {} in differs.tsv, sorted, and those that its code knows",
            kind.name()
        );
    }
    for row in &listed {
        let kind = KINDS.iter().find(|known| known.name() == row.kind).expect("a kind that there is");
        let class = kind::differ(*kind, &row.example, &row.theirs);
        assert_eq!(class, Some(Some(&*row.class)), "{row:?}: ours {:?}", kind.ours(&row.example));
    }
}

#[test]
fn keeps_facts_that_the_libraries_still_say() {
    let Some(mut oracle) = oracle() else { return };
    if std::env::var_os("PORTCULLIS_ORACLE_WRITE").is_some() {
        differs::write(&folder(), &mut oracle);
    }
    for (question, answer) in differs::facts(&folder()) {
        assert_eq!(oracle.ask(&question), answer, "{question:?}");
    }
    for row in differs::listed(&folder()) {
        let question: Vec<String> = std::iter::once(row.kind.clone()).chain(row.example.clone()).collect();
        assert_eq!(oracle.ask(&question), row.theirs, "{row:?}");
    }
}

#[test]
fn asks_the_libraries_of_the_api_server_that_e2e_runs() {
    let read = |path: &str| std::fs::read_to_string(folder().join(path)).expect("a go.mod");
    let (ours, theirs) = (read("go.mod"), read("../../e2e/tools/go.mod"));
    let pins = |line: &str| Some(line.trim().split(" //").next()?.to_owned()).filter(|pin| pin.contains(" v"));
    let strange: Vec<String> = ours.lines().filter_map(pins).filter(|pin| !theirs.contains(pin.as_str())).collect();
    assert!(strange.is_empty(), "{strange:?}");
}
