//! Shows the product at work: the examples judged in both modes.

use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::command::{self, heading};
use crate::workspace::Workspace;
use crate::{build, command::shown};

const EXAMPLES: &str = "policies/examples";

/// A mode, the exit status that the examples end with in it, and what that status means.
const RUNS: [(&str, i32, &str); 2] = [
    ("sandbox", 0, "nothing was denied: sandbox shows every finding as a warning and lets the change through"),
    ("compliance", 1, "something was denied: compliance turns the same findings into denials"),
];

/// Builds, then judges the examples twice; fails where an exit status is not the expected one.
pub fn run(workspace: &Workspace) -> Result<()> {
    let examples = workspace.root().join(EXAMPLES);
    ensure!(examples.is_dir(), "{} is missing: there is nothing to show", examples.display());
    let product = build::run(workspace)?;
    for (mode, expected, meaning) in RUNS {
        heading(&format!("the examples in {mode} mode"));
        let mut check = Command::new(&product);
        check.args(["check", "--mode", mode, EXAMPLES]).current_dir(workspace.root());
        println!("$ {}\n", command::shown(&check));
        let status = check.status().with_context(|| format!("cannot start `{}`", shown(&check)))?;
        ensure!(status.code() == Some(expected), "expected exit status {expected}, but it was {status}");
        println!("\nexit status {expected}: {meaning}");
    }
    println!("\n(exit status 2 would mean that something could not be judged)");
    Ok(())
}
