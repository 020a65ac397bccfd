//! What happens to reviews while something goes wrong: one experiment after the other, under load with known verdicts.
//!
//! `cargo xtask chaos [--short] [EXPERIMENT..]` builds and runs it; the report is written as JSON and Markdown.

#![expect(clippy::panic, reason = "an experiment that has no world to stand on cannot be held")]

mod api_server;
#[path = "../tests/serve/authority.rs"]
mod authority;
mod balancer;
#[expect(dead_code, reason = "only the text of a case is wanted here")]
#[path = "../tests/hostile/case.rs"]
mod case;
mod clock;
mod connections;
#[path = "../tests/hostile/directives.rs"]
mod directives;
mod disk;
mod experiment;
mod flood;
mod frames;
mod http2;
mod machine;
mod outside;
#[expect(dead_code, reason = "what is done to bytes is for other tests")]
#[path = "../tests/hostile/plugin.rs"]
mod plugin;
mod plugins;
mod questions;
mod reloads;
mod report;
mod restarts;
mod row;
mod world;

use std::process::ExitCode;

use crate::experiment::{EXPERIMENTS, hold};
use crate::report::Report;
use crate::world::World;

const HELP: &str = "\
chaos [--short] [--report FOLDER] [EXPERIMENT..]

  --short          Little load and short faults: seconds each, for a test.
  --report FOLDER  Where chaos.json and chaos.md go; the folder for what is built where it is not given.
  EXPERIMENT       Only these; all where none is named:
";

/// A command line that nobody understands.
const MISUSED: u8 = 2;

fn main() -> ExitCode {
    let (mut short, mut folder, mut named) = (false, portcullis_tests::target(), Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--short" => short = true,
            "--report" => match arguments.next() {
                Some(path) => folder = path.into(),
                None => return misused("--report needs a folder"),
            },
            "--help" | "-h" => {
                print!("{HELP}");
                EXPERIMENTS.iter().for_each(|one| println!("    {:22} {}", one.name, one.injected));
                return ExitCode::SUCCESS;
            }
            name if EXPERIMENTS.iter().any(|one| one.name == name) => named.push(argument),
            unknown => return misused(&format!("there is no experiment `{unknown}`")),
        }
    }
    let world = World::new(short);
    let mut report = Report::begin(&world);
    for experiment in EXPERIMENTS.iter().filter(|one| named.is_empty() || named.iter().any(|name| name == one.name)) {
        let row = hold(&world, experiment);
        println!("{}", row.line());
        report.rows.push(row);
    }
    let written = report.write(&world, &folder);
    println!("\n{}", report.markdown(&world));
    match written {
        Ok(()) if report.is_good() => ExitCode::SUCCESS,
        Ok(()) => {
            eprintln!("chaos: {}", report.complaints().join("\nchaos: "));
            ExitCode::FAILURE
        }
        Err(why) => {
            eprintln!("chaos: {why}");
            ExitCode::FAILURE
        }
    }
}

fn misused(why: &str) -> ExitCode {
    eprintln!("chaos: {why}; `chaos --help` lists what there is");
    ExitCode::from(MISUSED)
}
