//! Runs mixed load against the release build for minutes, and fails where it is not flat at the end.

use anyhow::Result;

use crate::clock::step;
use crate::workspace::Workspace;
use crate::{build, command, test};

/// Builds, then soaks; `arguments` are `--minutes N`, or none for 20.
pub fn run(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    let product = build::run(workspace)?;
    step("soak", || {
        let mut cargo = workspace.cargo();
        cargo
            .args(["run", "--quiet", "--release", "--package", "portcullis-load", "--bin", "soak", "--"])
            .args(arguments);
        command::run(cargo.envs(test::environment(workspace, &product)))
    })
}
