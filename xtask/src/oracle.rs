//! Asks Kubernetes' own libraries and ours the same questions, a million of each kind unless told otherwise.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::totals::Totals;
use crate::workspace::Workspace;
use crate::{clock, test};

/// Questions of each kind where nothing else is said.
const QUESTIONS: &str = "1000000";
/// The test that asks; what it reads from its environment stands there.
const TEST: &str = "kubernetes";
/// The kinds of questions.
const KINDS: [&str; 5] = ["quantity", "selector", "name", "image", "yaml"];

/// Runs the comparison; anything that differs and is not listed is a failure.
pub fn run(workspace: &Workspace, arguments: &[&str]) -> Result<ExitCode> {
    let (mut questions, mut seed, mut kinds) = (QUESTIONS, "1", Vec::new());
    let mut arguments = arguments.iter();
    while let Some(&argument) = arguments.next() {
        match argument {
            "--questions" => questions = number(arguments.next())?,
            "--seed" => seed = number(arguments.next())?,
            kind if KINDS.contains(&kind) => kinds.push(kind),
            other => {
                bail!("`{other}` is neither `--questions N`, `--seed S` nor a kind of questions: {}", KINDS.join(", "))
            }
        }
    }
    let mut totals = Totals::default();
    clock::step("questions to Kubernetes' libraries", || {
        let mut cargo = workspace.cargo();
        // The whole workspace, so that nothing is compiled again with other features.
        cargo.args(["test", "--workspace", "--test", TEST, "--", "--show-output"]);
        cargo.env("PORTCULLIS_ORACLE_QUESTIONS", questions).env("PORTCULLIS_ORACLE_SEED", seed);
        cargo.env("PORTCULLIS_ORACLE_KINDS", kinds.join(","));
        test::tests(&mut cargo, &mut totals)
    })?;
    totals.reasons().for_each(|reason| println!("{reason}"));
    println!("\n{totals}");
    Ok(ExitCode::SUCCESS)
}

fn number<'a>(text: Option<&&'a str>) -> Result<&'a str> {
    let text = *text.context("a number is missing at the end")?;
    text.parse::<u64>().with_context(|| format!("`{text}` is not a number"))?;
    Ok(text)
}
