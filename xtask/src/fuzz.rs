//! Fuzzing: libFuzzer looks for inputs that break a promise of `tests/fuzz`; what it needs comes from the registry of crates.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::clock::step;
use crate::command;
use crate::instrument::Wrapper;
use crate::totals::Totals;
use crate::workspace::Workspace;

const PACKAGE: &str = "portcullis-fuzz";
/// The test target that the engine is linked to.
const ENGINE: &str = "libfuzzer";
/// Seconds for each target where nobody says more: enough to find what was broken just now.
const SECONDS: u64 = 5;
/// Seconds for each target by `cargo xtask fuzz`.
const SECONDS_ALONE: u64 = 60;
/// Seconds that one input may take, on a machine that does other things too.
const SECONDS_OF_ONE: u64 = 20;
/// Memory of the process in MiB.
const MEMORY: u64 = 2048;
/// Inputs that are kept of each target, those first that reach most.
const MOST_KEPT: usize = 60;
/// The most bytes of an input that is kept.
const MOST_BYTES_KEPT: u64 = 2048;
/// What an input that once broke something is called in the corpus; it stays, whatever it reaches.
const BROKE: &str = "broke-";

/// Optimised, with every check of the dev profile, and told to count which branches are taken and what is compared.
const FLAGS: [&str; 9] = [
    "-Copt-level=2",
    "-Cdebug-assertions=on",
    "-Coverflow-checks=on",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Cllvm-args=-simplifycfg-branch-fold-threshold=0",
];
/// The parsers of others that texts go through first; nothing else that is not ours depends on them.
const PARSERS: [&str; 2] = ["libyaml-safer", "jiter"];

/// What a person asks for.
pub struct Wish<'a> {
    /// Seconds for each target.
    pub seconds: u64,
    /// Whether what was found new is kept in the corpus.
    pub keep: bool,
    /// The targets; all where none is named.
    pub targets: Vec<&'a str>,
}

/// Reads `[--seconds N] [--keep] [TARGET...]`.
pub fn wish<'a>(arguments: &[&'a str]) -> Result<Wish<'a>> {
    let mut wish = Wish { seconds: SECONDS_ALONE, keep: false, targets: Vec::new() };
    let mut arguments = arguments.iter();
    while let Some(&argument) = arguments.next() {
        match argument {
            "--seconds" => {
                let seconds = arguments.next().and_then(|text| text.parse().ok()).filter(|&seconds| seconds > 0);
                wish.seconds = seconds.context("`--seconds` needs a number of seconds")?;
            }
            "--keep" => wish.keep = true,
            other if other.starts_with('-') => {
                bail!("`fuzz` has no option `{other}`: [--seconds N] [--keep] [TARGET...]")
            }
            target => wish.targets.push(target),
        }
    }
    Ok(wish)
}

/// A few seconds for each target; skipped where the engine cannot be built.
pub fn briefly(workspace: &Workspace, totals: &mut Totals) -> Result<()> {
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    if command::text(Command::new(compiler).arg("--version")).is_err() {
        totals.skip("fuzzing: there is no C++ compiler for the engine (Debian's package g++)");
        return Ok(());
    }
    step("fuzzing", || run(workspace, &Wish { seconds: SECONDS, keep: false, targets: Vec::new() }))
}

/// Builds the targets, and runs the wanted ones; one that breaks does not keep the others from running.
pub fn run(workspace: &Workspace, wish: &Wish) -> Result<()> {
    let all = targets(workspace)?;
    if let Some(unknown) = wish.targets.iter().find(|name| !all.iter().any(|target| target == *name)) {
        bail!("there is no fuzz target `{unknown}`; there are {}", all.join(", "));
    }
    let engine = step("fuzz targets, compiled for the engine", || build(workspace))?;
    let mut broken = Vec::new();
    for target in all.iter().filter(|target| wish.targets.is_empty() || wish.targets.contains(&target.as_str())) {
        let run = Run::new(workspace, &engine, target)?;
        match run.look(wish.seconds)? {
            Ok(seen) => println!("{target}: {seen}"),
            Err(complaint) => {
                println!("{target}: BROKEN\n{complaint}");
                broken.push(target.as_str());
            }
        }
        if wish.keep {
            run.keep()?;
        }
    }
    ensure!(broken.is_empty(), "{} of the fuzz targets broke: {}", broken.len(), broken.join(", "));
    Ok(())
}

/// Builds the engine and returns its path. Everything that is not ours is that of `cargo test --workspace`.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--workspace", "--exclude", "portcullis-e2e", "--test", ENGINE, "--no-run", "--quiet"]);
    cargo.args(["--features", &format!("{PACKAGE}/libfuzzer"), "--message-format", "json-render-diagnostics"]);
    for parser in PARSERS {
        // What this profile makes is nobody else's, so that it may be compiled with other flags.
        cargo.args(["--config", &format!("profile.dev.package.{parser}.opt-level=3")]);
    }
    Wrapper::new(workspace, "fuzz", None, &FLAGS)?.of_workspace(&mut cargo);
    let parsers = PARSERS.map(|parser| parser.replace('-', "_"));
    Wrapper::new(workspace, "fuzz-parsers", Some(&parsers), &FLAGS[1..])?.of_all(&mut cargo);
    let messages = command::text(cargo.env("CARGO_INCREMENTAL", "0"))?;
    let found = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut found = found.filter(|message| message["target"]["name"] == ENGINE);
    found
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .context("cargo says of no executable that it is the engine")
}

/// The names of all targets: the folders of the corpus, which a test of the package compares with them.
fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let corpus = corpus(workspace);
    let entries = std::fs::read_dir(&corpus).with_context(|| format!("cannot read {}", corpus.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

fn corpus(workspace: &Workspace) -> PathBuf {
    workspace.root().join("tests").join("fuzz").join("corpus")
}

/// One target and its folders.
struct Run<'a> {
    engine: &'a Path,
    target: &'a str,
    /// What is kept in the tree.
    corpus: PathBuf,
    /// What this run finds.
    found: PathBuf,
    /// What breaks something.
    broke: PathBuf,
}

impl<'a> Run<'a> {
    fn new(workspace: &Workspace, engine: &'a Path, target: &'a str) -> Result<Self> {
        let folder = workspace.target().join("fuzz").join(target);
        let run = Self {
            engine,
            target,
            corpus: corpus(workspace).join(target),
            found: folder.join("found"),
            broke: folder.join("broke"),
        };
        if run.found.is_dir() {
            std::fs::remove_dir_all(&run.found).with_context(|| format!("cannot empty {}", run.found.display()))?;
        }
        for folder in [&run.found, &run.broke] {
            std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        Ok(run)
    }

    fn engine(&self) -> Command {
        let mut engine = Command::new(self.engine);
        engine.env("PORTCULLIS_FUZZ", self.target).env("RUST_BACKTRACE", "0");
        engine.args([format!("-timeout={SECONDS_OF_ONE}"), format!("-rss_limit_mb={MEMORY}")]);
        engine
    }

    /// Looks for new inputs; says how many were tried, or which one broke something.
    fn look(&self, seconds: u64) -> Result<Result<String, String>> {
        let mut engine = self.engine();
        engine.args([format!("-max_total_time={seconds}"), "-print_final_stats=1".to_owned()]);
        engine.arg(format!("-artifact_prefix={}/", self.broke.display())).args([&self.found, &self.corpus]);
        let output = command::piped(&mut engine, b"")?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Ok(Err(self.complaint(&said)));
        }
        let seen = Seen::read(&said).with_context(|| format!("the engine said nothing of {}: {said}", self.target))?;
        // Counters that are not linked in would make this a test of nothing.
        ensure!(seen.reached > 100, "{}: the engine sees no branches ({})", self.target, seen.reached);
        Ok(Ok(seen.to_string()))
    }

    /// The end of what was said, where the input lies, and what to do with it.
    fn complaint(&self, said: &str) -> String {
        let told = said.lines().filter(|line| !line.starts_with('#') && !line.trim().is_empty());
        let told: Vec<&str> = told.skip_while(|line| line.starts_with("INFO:")).take(30).collect();
        format!(
            "{}\nthe input is in {}; copied to {}/{BROKE}NAME, it is judged by `cargo test --package {PACKAGE}`, without the engine",
            told.join("\n"),
            self.broke.display(),
            self.corpus.display()
        )
    }

    /// Makes a corpus of as few inputs as reach everything that was reached, and what once broke something.
    fn keep(&self) -> Result<()> {
        let merged = self.found.with_file_name("merged");
        if merged.is_dir() {
            std::fs::remove_dir_all(&merged)?;
        }
        std::fs::create_dir_all(&merged)?;
        let mut engine = self.engine();
        // How often a branch is taken makes no difference to what is kept.
        engine.args(["-set_cover_merge=1", "-use_counters=0", &format!("-max_len={MOST_BYTES_KEPT}")]);
        let output = command::piped(engine.arg(&merged).args([&self.found, &self.corpus]), b"")?;
        ensure!(output.status.success(), "the corpus cannot be merged: {}", String::from_utf8_lossy(&output.stderr));
        // The engine writes first what reaches most that none before it reaches.
        let mut kept = Vec::new();
        for entry in std::fs::read_dir(&merged)? {
            let entry = entry?;
            kept.push((entry.metadata()?.modified()?, entry.path()));
        }
        kept.sort();
        kept.truncate(MOST_KEPT);
        for entry in std::fs::read_dir(&self.corpus)? {
            let entry = entry?;
            if !entry.file_name().to_string_lossy().starts_with(BROKE) {
                std::fs::remove_file(entry.path())?;
            }
        }
        for (_, path) in &kept {
            std::fs::copy(path, self.corpus.join(path.file_name().context("a file without a name")?))?;
        }
        println!("{}: {} inputs are kept", self.target, kept.len());
        Ok(())
    }
}

/// What the engine says of a run.
struct Seen {
    executions: u64,
    added: u64,
    /// Branches that were reached by what is kept, and in the end.
    before: u64,
    reached: u64,
    memory: u64,
}

impl Seen {
    /// `#64 INITED cov: 812 ft: ...`, `#900 DONE cov: 830 ft: ...` and `stat::number_of_executed_units: 900`.
    fn read(said: &str) -> Option<Self> {
        let after = |line: &str, word: &str| -> Option<u64> {
            line.split_once(word)?.1.split_whitespace().next()?.parse().ok()
        };
        let cov = |event: &str| said.lines().find(|line| line.contains(event)).and_then(|line| after(line, "cov:"));
        let stat = |name: &str| said.lines().find_map(|line| after(line, &format!("stat::{name}:")));
        Some(Self {
            executions: stat("number_of_executed_units")?,
            added: stat("new_units_added")?,
            before: cov("INITED")?,
            reached: cov("DONE")?,
            memory: stat("peak_rss_mb")?,
        })
    }
}

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "held for {} inputs; {} branches reached, {} of them new, by {} more inputs; {} MiB at most",
            self.executions,
            self.reached,
            self.reached.saturating_sub(self.before),
            self.added,
            self.memory
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_a_person_asks_for() -> Result<()> {
        let asked = wish(&["--seconds", "7", "yaml", "--keep"])?;
        assert_eq!((asked.seconds, asked.keep, asked.targets), (7, true, vec!["yaml"]));
        assert_eq!(wish(&[])?.seconds, SECONDS_ALONE);
        for wrong in [&["--seconds"][..], &["--seconds", "0"], &["--fast"]] {
            assert!(wish(wrong).is_err(), "{wrong:?}");
        }
        Ok(())
    }

    #[test]
    fn reads_what_the_engine_says() {
        let said = "#2\tINITED cov: 12 ft: 13 corp: 1/1b\n#90\tDONE   cov: 20 ft: 30 corp: 9/99b\n\
                    stat::number_of_executed_units: 90\nstat::new_units_added:         8\nstat::peak_rss_mb: 50\n";
        let seen = Seen::read(said).map(|seen| seen.to_string());
        let shown = "held for 90 inputs; 20 branches reached, 8 of them new, by 8 more inputs; 50 MiB at most";
        assert_eq!(seen.as_deref(), Some(shown));
        assert!(Seen::read("Segmentation fault").is_none());
    }
}
