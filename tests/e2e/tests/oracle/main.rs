//! ValidatingAdmissionPolicies in a real API server and in `portcullis check`: the same objects get the same verdict.

#![expect(clippy::panic, reason = "a pair that cannot be asked about has failed")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use pair::{Pair, Verdict};
use portcullis_e2e::assets::{Assets, target};
use portcullis_e2e::plane::Plane;
use portcullis_e2e::table::Table;

mod cluster;
mod documented;
mod expressions;
mod files;
mod generated;
mod pair;

/// A case: its name, and what it compares.
type Case = (&'static str, fn(&mut Told));

/// The cases, called what their functions are called.
const CASES: [Case; 2] = [
    ("agrees_on_the_examples_of_the_documentation", agrees_on_the_examples_of_the_documentation),
    ("agrees_on_generated_policies", agrees_on_generated_policies),
];
/// How many pairs are generated.
const GENERATED: usize = 340;
/// Begins the words of an error, which each says in its own way: they are not compared by the letter.
const ERRORS: &str = "resulted in error: ";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let chosen: Vec<Case> = CASES.into_iter().filter(|(name, _)| wanted(name)).collect();
    if std::env::args().any(|word| word == "--list") {
        chosen.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    // Another target of the package may have the cases that are wanted.
    let assets = if chosen.is_empty() { Err("no case is asked for".to_owned()) } else { Assets::find() };
    match assets {
        Ok(assets) => judged(&chosen, assets),
        Err(reason) => {
            println!("SKIPPED: no control plane: {reason}");
            println!("test result: ok. 0 passed; 0 failed; {} ignored", chosen.len());
            ExitCode::SUCCESS
        }
    }
}

/// What both said of all pairs, and the rows so far.
struct Told {
    table: Table,
    documented: Vec<Pair>,
    generated: Vec<Pair>,
    cluster: Verdicts,
    files: Verdicts,
}

fn agrees_on_the_examples_of_the_documentation(told: &mut Told) {
    compare(&mut told.table, &told.documented, &told.cluster, &told.files);
}

fn agrees_on_generated_policies(told: &mut Told) {
    compare(&mut told.table, &told.generated, &told.cluster, &told.files);
}

fn judged(chosen: &[Case], assets: Assets) -> ExitCode {
    println!("\nrunning {} tests", chosen.len());
    let start = Instant::now();
    let plane = Plane::start(assets);
    let (documented, generated) = (documented::pairs(), generated::pairs(GENERATED));
    let all: Vec<Pair> = documented.iter().chain(&generated).cloned().collect();
    let seen = cluster::judge(&plane, &all);
    let asked = start.elapsed().as_secs_f64();
    let files = files::judge(plane.folder(), &all, &seen.changed);
    println!("asked the API server in {asked:.1} s, `check` in {:.1} s", start.elapsed().as_secs_f64() - asked);
    let mut told = Told { table: Table::default(), documented, generated, cluster: seen.verdicts, files };
    let mut failed = 0;
    for (name, case) in chosen {
        let first = told.table.len();
        case(&mut told);
        let broken = told.table.broken_since(first).len();
        failed += usize::from(broken > 0);
        println!("test {name} ... {}", if broken == 0 { "ok" } else { "FAILED" });
    }
    let path =
        std::env::var_os("PORTCULLIS_E2E_ORACLE_TABLE").map_or_else(|| target().join("e2e/oracle.md"), PathBuf::from);
    told.table.write(&path);
    let (word, passed) = (if failed == 0 { "ok" } else { "FAILED" }, chosen.len() - failed);
    let seconds = start.elapsed().as_secs_f64();
    println!("\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored; finished in {seconds:.1}s");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

type Verdicts = BTreeMap<String, Verdict>;

/// One row for all that agree, and one for each that does not.
fn compare(table: &mut Table, pairs: &[Pair], cluster: &Verdicts, files: &Verdicts) {
    let mut counts = [0; 4];
    let mut words = 0;
    for pair in pairs {
        let (expected, seen) = (&cluster[&pair.name], files.get(&pair.name));
        let alike = seen.is_some_and(|seen| expected.agrees(seen));
        let errors = matches!(expected, Verdict::Denied(told) | Verdict::Allowed(told) if told.iter().any(|one| one.contains(ERRORS)));
        let holds = alike || errors && seen.is_some_and(|seen| same_kind(expected, seen));
        if errors && !alike {
            words += 1;
            println!("{}: an error in other words: {expected:?}, here {seen:?}", pair.name);
        }
        counts[match expected {
            Verdict::Refused(_) => 0,
            Verdict::Denied(_) => 1,
            Verdict::Allowed(told) if !told.is_empty() => 2,
            Verdict::Allowed(_) => 3,
        }] += 1;
        if !holds {
            let spec: Vec<String> =
                pair.of_kind("ValidatingAdmissionPolicy").map(|one| one["spec"].to_string()).collect();
            println!("{}: {}\n  {:?}", pair.name, spec.join(" "), pair.asked);
            table.row(&pair.name, &format!("{expected:?}"), &format!("{seen:?}"), false);
        }
    }
    let [refused, denied, warned, allowed] = counts;
    let seen = format!(
        "{refused} refused, {denied} denied, {warned} warned, {allowed} allowed; {words} errors in other words"
    );
    table.row(&format!("{} pairs", pairs.len()), "verdicts and messages of the API server", &seen, true);
}

/// Whether both are a denial, or both let in.
fn same_kind(left: &Verdict, right: &Verdict) -> bool {
    match (left, right) {
        (Verdict::Allowed(left), Verdict::Allowed(right)) => pair::sorted(left).len() == pair::sorted(right).len(),
        (left, right) => std::mem::discriminant(left) == std::mem::discriminant(right),
    }
}
