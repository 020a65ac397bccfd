//! Runs every benchmark of the workspace against the release build, or only those that are named.

use anyhow::{Result, ensure};

use crate::clock::step;
use crate::command;
use crate::workspace::Workspace;
use crate::{build, test, tools};

const TESTS: &str = "portcullis-tests";
const BENCH: &str = "bench";
/// What the binary `bench` measures: whole processes.
const PRODUCT: [&str; 3] = ["start", "check", "growth"];

/// Builds, then runs the benchmarks of the crates and those of the whole product; `parts` names some of them, or none for all.
pub fn run(workspace: &Workspace, parts: &[&str]) -> Result<()> {
    let of_crates: Vec<(&str, &str)> = workspace
        .packages()
        .iter()
        .flat_map(|package| package.targets.iter().map(move |target| (package, target)))
        .filter(|(_, (kind, _))| kind == "bench")
        .map(|(package, (_, name))| (package.name.as_str(), name.as_str()))
        .collect();
    let known = || of_crates.iter().map(|(_, name)| *name).chain(PRODUCT);
    for part in parts {
        let known: Vec<&str> = known().collect();
        ensure!(known.contains(part), "there is no benchmark `{part}`; there are {}", known.join(", "));
    }
    let wanted = |name: &str| parts.is_empty() || parts.contains(&name);
    let product = build::run(workspace)?;
    let mut environment = test::environment(workspace, &product);
    for (package, name) in of_crates.iter().filter(|(_, name)| wanted(name)) {
        step(&format!("{name} of {package}"), || {
            let mut cargo = workspace.cargo();
            cargo.args(["bench", "--quiet", "--package", package, "--bench", name]).envs(environment.clone());
            command::run(&mut cargo)
        })?;
    }
    let of_product: Vec<&str> = PRODUCT.into_iter().filter(|name| wanted(name)).collect();
    if of_product.is_empty() {
        return Ok(());
    }
    if wanted("check") {
        environment.extend(tools::of_race(|why| println!("SKIPPED: {why}"))?);
    }
    step("the product", || {
        let mut cargo = workspace.cargo();
        cargo.args(["run", "--quiet", "--release", "--package", TESTS, "--bin", BENCH, "--"]).args(of_product);
        command::run(cargo.envs(environment))
    })
}
