//! Breaks what the product stands on while reviews come in, and counts what became of them.

use anyhow::Result;

use crate::clock::step;
use crate::workspace::Workspace;
use crate::{build, command, test};

const TESTS: &str = "portcullis-tests";
const CHAOS: &str = "chaos";

/// Builds, then holds every experiment, or those that are named; `--short` makes each of them seconds.
pub fn run(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let product = build::product(workspace)?;
    step("experiments, one after the other", || {
        let mut cargo = workspace.cargo();
        cargo.args(["run", "--quiet", "--release", "--package", TESTS, "--bin", CHAOS, "--"]).args(arguments);
        command::run(cargo.envs(test::environment(workspace, &product)))
    })
}
