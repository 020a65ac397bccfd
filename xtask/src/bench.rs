//! Runs every benchmark of the workspace against the release build.

use anyhow::{Result, ensure};

use crate::clock::step;
use crate::command;
use crate::workspace::Workspace;
use crate::{build, test};

const TESTS: &str = "portcullis-tests";
const BENCH: &str = "bench";

/// Builds, then runs the benchmarks of the crates, then the one of the whole product.
pub fn run(workspace: &Workspace) -> Result<()> {
    let product = build::run(workspace)?;
    let environment = test::environment(workspace, &product);
    let mut ran = 0_usize;
    for package in workspace.packages() {
        for (_, name) in package.targets.iter().filter(|(kind, _)| kind == "bench") {
            step(&format!("{name} of {}", package.folder.display()), || {
                let mut cargo = workspace.cargo();
                cargo.args(["bench", "--quiet", "--package", &package.name, "--bench", name]).envs(environment.clone());
                command::run(&mut cargo)
            })?;
            ran += 1;
        }
    }
    if workspace.packages().iter().any(|package| package.name == TESTS && package.has("bin", BENCH)) {
        step("the product", || {
            let mut cargo = workspace.cargo();
            cargo.args(["run", "--quiet", "--release", "--package", TESTS, "--bin", BENCH]).envs(environment);
            command::run(&mut cargo)
        })?;
        ran += 1;
    }
    ensure!(ran > 0, "the workspace has no benchmark: neither a bench target nor the binary `{BENCH}` of {TESTS}");
    Ok(())
}
