//! Every case, one after the other, on one control plane.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use portcullis_e2e::assets::{Assets, target};
use world::World;

/// Cases, called what their functions are called.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        &[$((stringify!($case), $case as fn(&mut crate::world::World))),*]
    };
}

mod change;
mod chart;
mod controllers;
mod evidence;
mod gates;
mod identity;
mod life;
mod parity;
mod pod_security;
mod scene;
mod shapes;
mod signing;
mod speed;
mod subresources;
mod verdicts;
mod world;

/// A case: its name, as a sentence with a verb of judgement, and what it does.
pub type Case = (&'static str, fn(&mut World));

/// All of them. Those that stop or replace the webhook come late, and what compares the records comes last.
const CASES: [&[Case]; 13] = [
    verdicts::CASES,
    shapes::CASES,
    subresources::CASES,
    controllers::CASES,
    pod_security::CASES,
    identity::CASES,
    change::CASES,
    life::CASES,
    speed::CASES,
    evidence::CASES,
    gates::CASES,
    chart::CASES,
    parity::CASES,
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let cases: Vec<&Case> = CASES.iter().copied().flatten().filter(|(name, _)| wanted(name)).collect();
    if std::env::args().any(|word| word == "--list") {
        cases.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let assets = match Assets::find() {
        Ok(assets) => assets,
        Err(reason) => {
            println!("SKIPPED: no control plane: {reason}");
            println!("test result: ok. 0 passed; 0 failed; {} ignored", cases.len());
            return ExitCode::SUCCESS;
        }
    };
    judged(&cases, assets)
}

/// Runs the cases and says what became of them, in the words of libtest.
fn judged(cases: &[&Case], assets: Assets) -> ExitCode {
    let start = Instant::now();
    println!("\nrunning {} tests", cases.len());
    let mut world = World::start(assets);
    let mut failed = Vec::new();
    for (name, case) in cases {
        let (begun, first) = (Instant::now(), world.table.len());
        let ended = catch_unwind(AssertUnwindSafe(|| case(&mut world)));
        if ended.is_err() {
            world.table.row(name, "the case comes to its end", "it panicked", false);
        }
        let broken = world.table.broken_since(first).len();
        let word = if broken == 0 { "ok" } else { "FAILED" };
        println!("test {name} ... {word} ({:.1} s)", begun.elapsed().as_secs_f64());
        if broken > 0 {
            failed.push(*name);
        }
    }
    let [etcd, api_server, manager] = world.plane.resident();
    let seconds = start.elapsed().as_secs();
    world.table.note(&format!("Resident at the end: etcd {etcd} MB, API server {api_server} MB, controller manager {manager} MB. All cases: {seconds} s."));
    let table = std::env::var_os("PORTCULLIS_E2E_TABLE").map_or_else(|| target().join("e2e/table.md"), PathBuf::from);
    world.table.write(&table);
    world.keep_logs(&table.with_file_name("logs"));
    for row in world.table.broken_since(0) {
        println!("NOT OK: {} | expected: {} | seen: {}", row.case, row.expected, row.seen);
    }
    let word = if failed.is_empty() { "ok" } else { "FAILED" };
    let passed = cases.len() - failed.len();
    println!(
        "\ntest result: {word}. {passed} passed; {} failed; 0 ignored; finished in {:.1}s",
        failed.len(),
        start.elapsed().as_secs_f64()
    );
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
