//! Runs every check and test, cheapest first, and ends with one line of totals.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::clock::{announce, step};
use crate::command;
use crate::llvm::Llvm;
use crate::totals::Totals;
use crate::workspace::Workspace;
use crate::{build, chart, coverage, e2e, example, fuzz, tools};

/// Minutes that all of it takes where nothing is built yet, on two cores: the product and, with other settings, the tests.
const FIRST_MINUTES: u32 = 15;

const EXAMPLES: &str = "example plugins: copied out of the tree, built and enforced";

/// The package whose tests know nothing but the binary.
const DOORS: &str = "portcullis-tests";

const CHART: &str = "the Helm chart, what it renders, and our verdict on it";

/// How far a run goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What a machine with Rust and a C compiler can do in good time.
    RustOnly,
    /// Also what needs more than that, or minutes.
    All,
}

/// Runs everything; the last line printed is always the totals. What is checked before the tests ends the run where it fails;
/// the tests and what follows them are all run, so that one run says all that is wrong.
pub fn run(workspace: &Workspace, extent: Extent) -> Result<ExitCode> {
    let mut totals = Totals::default();
    let result = steps(workspace, extent, &mut totals);
    if let Err(error) = &result {
        println!("\n== FAILED ==");
        totals.failures().for_each(|failure| println!("{failure}\n"));
        println!("{error:#}");
        if totals.failed() == 0 {
            totals.fail();
        }
    }
    if totals.reasons().next().is_some() {
        println!("\n== SKIPPED ==");
        totals.reasons().for_each(|reason| println!("{reason}"));
    }
    println!("\n{totals}");
    Ok(if result.is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn steps(workspace: &Workspace, extent: Extent, totals: &mut Totals) -> Result<()> {
    announce(workspace, FIRST_MINUTES);
    step("layout of the source (rustfmt)", || {
        command::run(workspace.cargo().args(["fmt", "--all", "--check"])).context("`cargo fmt --all` puts this right")
    })?;
    step("warnings (clippy)", || {
        // Checking needs no plugins: the build script of `host/cli` takes those of the last build, if any.
        let mut clippy = workspace.cargo();
        clippy.args(["clippy", "--workspace", "--all-targets", "--", "--deny", "warnings"]);
        command::run(&mut clippy)
    })?;
    match extent {
        Extent::All => step("licences, sources and bans (cargo-deny)", || deny(workspace))?,
        Extent::RustOnly => totals.skip("cargo-deny (licences, sources, bans): `cargo xtask test --all` runs it"),
    }

    let product = build::run(workspace)?;
    let evidence = match extent {
        Extent::All => [
            step("cosign, crane and a registry, for signatures", || signing(totals))?,
            step("syft, bandit and semgrep, for SBOMs and reports", || reporting(totals))?,
            step("promtool and prometheus, for the alerts", || alerting(totals))?,
        ]
        .concat(),
        Extent::RustOnly => Vec::new(),
    };

    let mut wrong = Wrong::default();
    let environment = [environment(workspace, &product), evidence].concat();
    match extent {
        Extent::All => counted(workspace, environment, totals, &mut wrong)?,
        Extent::RustOnly => {
            wrong.note(step("tests", || tests(everything(workspace).envs(environment), totals)));
            totals.skip("line coverage of the host: `cargo xtask coverage` or `cargo xtask test --all` measures it");
        }
    }
    wrong.note(step(EXAMPLES, || example::run(workspace, &product, totals)));
    match extent {
        Extent::All => {
            wrong.note(step(CHART, || {
                if !chart::check(workspace, &product)? {
                    totals.skip(&format!("{CHART}: {}", tools::NO_GO));
                }
                Ok(())
            }));
            wrong.note(fuzz::briefly(workspace, totals));
            wrong.note(e2e::judged(workspace, &product, totals));
        }
        Extent::RustOnly => {
            totals.skip(&format!("{CHART}: `cargo xtask test --all` runs it"));
            totals.skip("fuzzing: `cargo xtask fuzz` or `cargo xtask test --all` runs it");
            totals.skip("the cases against a real API server: `cargo xtask e2e` or `cargo xtask test --all` runs them");
        }
    }
    wrong.into_result()
}

/// Every test, in the dev profile. The cases against a real API server are a step of their own.
pub fn everything(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--workspace", "--exclude", "portcullis-e2e", "--no-fail-fast", "--", "--show-output"]);
    cargo
}

/// All tests once, counting the lines of the host that they reach, with a binary at the doors that counts as well; then those
/// that only see the binary once more, with the one that is given away.
fn counted(
    workspace: &Workspace,
    environment: Vec<(&'static str, OsString)>,
    totals: &mut Totals,
    wrong: &mut Wrong,
) -> Result<()> {
    match Llvm::find()? {
        Ok(llvm) => wrong.note(coverage::measure(workspace, &llvm, environment.clone(), totals)),
        Err(reason) => {
            totals.skip(&format!("line coverage of the host: {reason}"));
            wrong.note(step("tests", || tests(everything(workspace).envs(environment), totals)));
            return Ok(());
        }
    }
    wrong.note(step("tests of the release binary", || tests(doors(workspace)?.envs(environment), totals)));
    Ok(())
}

/// The tests that start the binary.
fn doors(workspace: &Workspace) -> Result<Command> {
    let package = workspace.packages().iter().find(|package| package.name == DOORS);
    let package = package.with_context(|| format!("there is no package {DOORS}"))?;
    let mut cargo = workspace.cargo();
    // Named one by one, so that cargo joins the features of all packages, and nothing is compiled twice.
    cargo.args(["test", "--workspace", "--exclude", "portcullis-e2e", "--no-fail-fast"]);
    for (_, name) in package.targets.iter().filter(|(kind, _)| kind == "test") {
        cargo.args(["--test", name]);
    }
    cargo.args(["--", "--show-output"]);
    Ok(cargo)
}

/// What went wrong in steps that do not need each other.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn note(&mut self, result: Result<()>) {
        self.0.extend(result.err().map(|error| format!("{error:#}")));
    }

    fn into_result(self) -> Result<()> {
        ensure!(self.0.is_empty(), "{}", self.0.join("\n"));
        Ok(())
    }
}

/// Builds, and then only enforces the example plugins.
pub fn examples(workspace: &Workspace) -> Result<()> {
    let product = build::run(workspace)?;
    let mut totals = Totals::default();
    step(EXAMPLES, || example::run(workspace, &product, &mut totals))
}

/// What the tests of signatures need to know to find the tools; what cannot be had is skipped, loudly.
pub fn signing(totals: &mut Totals) -> Result<Vec<(&'static str, OsString)>> {
    tools::of_signatures(|reason| totals.skip(&format!("signatures with real parts: {reason}")))
}

/// What the tests of SBOMs and reports need to know to find the tools; what cannot be had is skipped, loudly.
pub fn reporting(totals: &mut Totals) -> Result<Vec<(&'static str, OsString)>> {
    tools::of_reports(|reason| totals.skip(&format!("SBOMs and reports of real tools: {reason}")))
}

/// What the tests of the alerts need to know to find the tools; what cannot be had is skipped, loudly.
pub fn alerting(totals: &mut Totals) -> Result<Vec<(&'static str, OsString)>> {
    tools::of_alerts(|reason| totals.skip(&format!("alerts with the real Prometheus: {reason}")))
}

/// Installs what the tests of evidence and of alerts need, and prints the variables that say where it is.
pub fn tools() -> Result<()> {
    let mut totals = Totals::default();
    for (variable, value) in [signing(&mut totals)?, reporting(&mut totals)?, alerting(&mut totals)?].concat() {
        println!("{variable}={}", value.to_string_lossy());
    }
    totals.reasons().for_each(|reason| println!("{reason}"));
    Ok(())
}

/// What the tests need to know to find what was built.
pub fn environment(workspace: &Workspace, product: &Path) -> Vec<(&'static str, OsString)> {
    let mut environment = build::environment(workspace).to_vec();
    environment.push(("PORTCULLIS_BIN", product.as_os_str().to_owned()));
    environment.push(("PORTCULLIS_PLUGINS", workspace.plugins().into_os_string()));
    environment
}

/// Runs `cargo test ... -- --show-output`, shows what it prints, and counts.
pub fn tests(cargo: &mut Command, totals: &mut Totals) -> Result<()> {
    let (failed, passed) = (totals.failed(), totals.passed());
    let mut child =
        cargo.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot start `{}`", command::shown(cargo)))?;
    let output = child.stdout.take().context("cargo test without output")?;
    for line in BufReader::new(output).split(b'\n') {
        let line = line.context("cannot read what the tests print")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        totals.read(&line);
    }
    let status = child.wait().context("cannot wait for the tests")?;
    if !status.success() {
        let failed = totals.failed() - failed;
        ensure!(failed > 0, "the tests could not all be built and run");
        bail!("{failed} tests failed");
    }
    ensure!(totals.passed() > passed, "no test passed: `{}` ran nothing", command::shown(cargo));
    Ok(())
}

fn deny(workspace: &Workspace) -> Result<()> {
    let program: PathBuf = tools::cargo_deny()?;
    let mut deny = Command::new(program);
    deny.current_dir(workspace.root()).args(["--workspace", "check", "licenses", "sources", "bans"]);
    command::run(&mut deny)
}
