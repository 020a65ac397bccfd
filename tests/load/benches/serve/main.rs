//! What the door costs under load: the product with 0, 1, 4 and 20 policies and a bare server, by turns, as Markdown.
//!
//! `PORTCULLIS_BIN` names the release binary. `cargo xtask bench serve` runs all of it, in about a quarter of an hour; `cargo
//! bench -p portcullis-load --bench serve -- sizes` runs one part. Load comes from another process (`portcullis-load`) on
//! loopback, so the client is on the same processors: the processor time of the server for one review does not depend on
//! that, everything else does. Servers are asked by turns, so that whatever else the machine does befalls each.

mod gates;
mod memory;
mod servers;
mod sizes;
mod steady;
mod table;
mod turns;

use std::process::ExitCode;

use self::servers::Bench;

type Part = fn(&Bench) -> Vec<String>;

const PARTS: [(&str, Part); 6] = [
    ("sizes", sizes::run),
    ("minute", steady::minute),
    ("saturation", steady::saturation),
    ("overload", steady::overload),
    ("memory", memory::run),
    ("gates", gates::run),
];

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let names: Vec<&str> = PARTS.iter().map(|(name, _)| *name).collect();
    if let Some(unknown) = asked.iter().find(|asked| !names.contains(&asked.as_str())) {
        eprintln!("there is no part `{unknown}`; there are {}", names.join(", "));
        return ExitCode::FAILURE;
    }
    let Some(bench) = Bench::new() else {
        println!("SKIPPED: PORTCULLIS_BIN names no release binary");
        return ExitCode::SUCCESS;
    };
    let mut complaints = Vec::new();
    for (name, part) in PARTS.iter().filter(|(name, _)| asked.is_empty() || asked.iter().any(|asked| asked == name)) {
        println!("\n## serve: {name}\n");
        complaints.extend(part(&bench).into_iter().map(|complaint| format!("{name}: {complaint}")));
    }
    for complaint in &complaints {
        println!("\nWRONG: {complaint}");
    }
    if complaints.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
