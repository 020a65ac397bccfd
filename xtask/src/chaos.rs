//! Breaks what the product stands on while reviews come in, and counts what became of them.

use anyhow::{Context, Result, bail, ensure};

use crate::clock::step;
use crate::workspace::Workspace;
use crate::{build, command, test};

const TESTS: &str = "portcullis-tests";
const CHAOS: &str = "chaos";
/// Where every experiment has a line with its name and what it breaks. Read as text: a slip is said before anything is built.
const LISTED: &str = "tests/chaos/experiment.rs";

const HELP: &str = "\
cargo xtask chaos [--short] [--report FOLDER] [EXPERIMENT..]

Builds the release product first (minutes), unless PORTCULLIS_BIN names one, then holds the experiments.

  --short          Little load and short faults: seconds each, for a test.
  --report FOLDER  Where chaos.json and chaos.md go; the folder for what is built where it is not given.
  EXPERIMENT       Only these; all where none is named:
";

/// Builds, then holds every experiment, or those that are named; `--short` makes each of them seconds.
pub fn run(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let path = workspace.root().join(LISTED);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let known = experiments(&text);
    ensure!(!known.is_empty(), "{LISTED} names no experiment");
    if arguments.iter().any(|argument| ["--help", "-h"].contains(argument)) {
        print!("{HELP}");
        known.iter().for_each(|(name, injected)| println!("    {name:22} {injected}"));
        return Ok(());
    }
    understood(arguments, &known)?;
    let product = build::product(workspace)?;
    step("experiments, one after the other", || {
        let mut cargo = workspace.cargo();
        cargo.args(["run", "--quiet", "--release", "--package", TESTS, "--bin", CHAOS, "--"]).args(arguments);
        command::run(cargo.envs(test::environment(workspace, &product)))
    })
}

/// Names, and what is broken, as `new("name", "what", how),` says it.
fn experiments(text: &str) -> Vec<(&str, &str)> {
    let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix("new(\""));
    lines
        .filter_map(|line| line.split_once("\", \""))
        .filter_map(|(name, rest)| Some((name, rest.split('"').next()?)))
        .collect()
}

/// Whether the program would take these arguments.
fn understood(arguments: &[&str], known: &[(&str, &str)]) -> Result<()> {
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match *argument {
            "--short" => {}
            "--report" => ensure!(arguments.next().is_some(), "--report needs a folder"),
            name if known.iter().any(|(one, _)| *one == name) => {}
            unknown => bail!("there is no experiment `{unknown}`; `cargo xtask chaos --help` lists what there is"),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_misspelt_experiment_before_anything_is_built() {
        let known = experiments(include_str!("../../tests/chaos/experiment.rs"));
        assert!(known.len() > 15 && known.iter().all(|(_, injected)| injected.len() > 10), "{known:?}");
        assert!(understood(&["--short", "--report", "/tmp/a", "kill-one"], &known).is_ok());
        for (arguments, expected) in [
            (["--short", "kill-won"], "no experiment `kill-won`"),
            (["kill-one", "--shrot"], "no experiment `--shrot`"),
            (["kill-one", "--report"], "--report needs a folder"),
        ] {
            let said = understood(&arguments, &known).expect_err("a slip").to_string();
            assert!(said.contains(expected), "{said}");
        }
    }
}
