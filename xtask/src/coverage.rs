//! Line coverage of the host: its tests run instrumented, and how many lines of each crate they reach.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::clock::step;
use crate::command;
use crate::instrument::Wrapper;
use crate::llvm::Llvm;
use crate::totals::Totals;
use crate::workspace::Workspace;
use crate::{build, test};

#[path = "../../tests/tests/tidy/code.rs"]
#[expect(dead_code, reason = "the tidy test uses more of it")]
mod code;

/// Percent of the lines of `host/` that the tests must reach.
const MIN_LINE_COVERAGE: f64 = 80.0;
/// Percent below which a file is named.
const LOW: f64 = 60.0;
/// How many processes of one program write their counts at once; each of these files is as large as the program has branches.
const WRITERS: u32 = 4;

/// Runs the tests of the workspace instrumented, with an instrumented binary at the doors, and judges what they reach.
pub fn run(workspace: &Workspace) -> Result<ExitCode> {
    let mut totals = Totals::default();
    let product = build::product(workspace)?;
    let environment = test::environment(workspace, &product);
    let result = match Llvm::find()? {
        Ok(llvm) => measure(workspace, &llvm, environment, &mut totals),
        Err(reason) => {
            totals.skip(&format!("line coverage: {reason}"));
            Ok(())
        }
    };
    totals.failures().for_each(|failure| println!("{failure}\n"));
    totals.reasons().for_each(|reason| println!("{reason}"));
    result.map(|()| ExitCode::SUCCESS)
}

/// The tests, instrumented, and what they reach. A failing test is the first complaint; the table is written all the same.
pub fn measure(
    workspace: &Workspace,
    llvm: &Llvm,
    environment: Vec<(&'static str, std::ffi::OsString)>,
    totals: &mut Totals,
) -> Result<()> {
    let folder = workspace.target().join("coverage");
    if folder.is_dir() {
        std::fs::remove_dir_all(&folder).with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let instrumented = Instrumented { workspace, folder, wrapper: wrapper(workspace)?, environment };
    let programs = step("tests, compiled to count lines", || instrumented.build())?;
    let tested = step("tests, counting lines", || instrumented.tests(&programs, totals));
    step("line coverage of the host", || {
        let lcov = instrumented.lcov(llvm, &programs)?;
        judge(workspace, &lcov)
    })
    .and(tested)
}

fn wrapper(workspace: &Workspace) -> Result<Wrapper> {
    Wrapper::new(workspace, "coverage", None, &["-Cinstrument-coverage"])
}

struct Instrumented<'a> {
    workspace: &'a Workspace,
    folder: PathBuf,
    wrapper: Wrapper,
    environment: Vec<(&'static str, std::ffi::OsString)>,
}

impl Instrumented<'_> {
    /// Only the workspace's own crates are compiled for this; everything else is that of the other steps.
    fn cargo(&self, command: &str) -> Command {
        let mut cargo = self.workspace.cargo();
        cargo.args([command, "--workspace", "--exclude", "portcullis-e2e"]).envs(self.environment.clone());
        self.wrapper.of_workspace(&mut cargo);
        cargo
    }

    /// Compiles, and returns every program that was made: the tests, and the product as the last one.
    fn build(&self) -> Result<Vec<PathBuf>> {
        let mut programs = made(self.cargo("test").arg("--no-run"))?;
        programs.extend(made(self.cargo("build").args(["--bin", build::PRODUCT]))?);
        Ok(programs)
    }

    /// Where a process writes its counts when it ends; one that is killed counts for nothing.
    fn profiles(&self) -> PathBuf {
        self.folder.join(format!("%{WRITERS}m.profraw"))
    }

    fn tests(&self, programs: &[PathBuf], totals: &mut Totals) -> Result<()> {
        let product = programs.last().context("cargo made no product")?;
        // Tests give the product an environment of its own, so that it must be told here where to write.
        let started = self.folder.join(build::PRODUCT);
        let script = format!(
            "#!/bin/sh\nLLVM_PROFILE_FILE='{}' exec '{}' \"$@\"\n",
            self.profiles().display(),
            product.display()
        );
        write_script(&started, &script)?;
        let mut cargo = self.cargo("test");
        cargo.env("LLVM_PROFILE_FILE", self.profiles()).env("PORTCULLIS_BIN", started);
        test::tests(cargo.args(["--no-fail-fast", "--", "--show-output"]), totals)
    }

    /// What all processes counted, as `lcov` writes it down.
    fn lcov(&self, llvm: &Llvm, programs: &[PathBuf]) -> Result<String> {
        let mut profiles = found(&self.folder, "profraw")?;
        // A child with an empty environment writes where it stands.
        for package in self.workspace.packages() {
            profiles.extend(found(&self.workspace.root().join(&package.folder), "profraw")?);
        }
        ensure!(!profiles.is_empty(), "no process wrote what it counted");
        let merged = self.folder.join("all.profdata");
        let mut merge = llvm.profdata();
        // One file that a killed process left unfinished must not hide the others.
        merge.args(["merge", "--sparse", "--failure-mode=all", "-o"]).arg(&merged).args(&profiles);
        command::text(&mut merge)?;
        for profile in &profiles {
            std::fs::remove_file(profile).with_context(|| format!("cannot remove {}", profile.display()))?;
        }
        let mut export = llvm.cov();
        export.args(["export", "--format=lcov", "--instr-profile"]).arg(&merged);
        programs.iter().for_each(|program| {
            export.arg("--object").arg(program);
        });
        command::text(&mut export)
    }
}

/// The programs that cargo makes.
fn made(cargo: &mut Command) -> Result<Vec<PathBuf>> {
    let messages = command::text(cargo.args(["--message-format", "json-render-diagnostics"]))?;
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let programs: Vec<PathBuf> =
        messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).collect();
    ensure!(!programs.is_empty(), "`{}` made no program", command::shown(cargo));
    Ok(programs)
}

fn write_script(path: &Path, text: &str) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text)
        .and_then(|()| std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn found(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<Vec<_>>>()?;
    Ok(paths.into_iter().filter(|path| path.extension().is_some_and(|end| end == extension)).collect())
}

/// Prints and writes the tables, and refuses too little.
fn judge(workspace: &Workspace, lcov: &str) -> Result<()> {
    let mut files = Vec::new();
    for (path, lines) in read(lcov) {
        let Some(path) = Path::new(path).strip_prefix(workspace.root()).ok().and_then(Path::to_str) else { continue };
        let text =
            std::fs::read_to_string(workspace.root().join(path)).with_context(|| format!("cannot read {path}"))?;
        files.extend(File::of(path, &text, &lines));
    }
    let table = table(&files);
    let all = Share::of(&files);
    print!("{table}");
    let written = [("coverage.md", table), ("coverage.lcov", files.iter().map(File::lcov).collect())];
    for (name, text) in written {
        let path = workspace.target().join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        println!("{}", path.display());
    }
    ensure!(all.lines > 0, "no line of the host was counted");
    ensure!(
        all.percent() >= MIN_LINE_COVERAGE,
        "the tests reach {:.1} % of the lines of the host; it must be {MIN_LINE_COVERAGE} % or more",
        all.percent()
    );
    Ok(())
}

/// The lines of each file and how often each was run.
fn read(lcov: &str) -> BTreeMap<&str, BTreeMap<usize, u64>> {
    let mut files: BTreeMap<&str, BTreeMap<usize, u64>> = BTreeMap::new();
    let mut current = "";
    for line in lcov.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            current = path;
        } else if let Some((number, count)) = line.strip_prefix("DA:").and_then(|rest| rest.split_once(','))
            && let (Ok(number), Ok(count)) =
                (number.parse(), count.split(',').next().unwrap_or_default().parse::<u64>())
        {
            *files.entry(current).or_default().entry(number).or_default() += count;
        }
    }
    files
}

/// One file of the host, without what is only there for tests.
struct File {
    path: String,
    lines: BTreeMap<usize, u64>,
}

impl File {
    /// Nothing for a file that is no code of the product.
    fn of(path: &str, text: &str, lines: &BTreeMap<usize, u64>) -> Option<Self> {
        if !path.starts_with("host/") || !path.contains("/src/") || code::is_test(path) {
            return None;
        }
        // A line of code is one that is something without comments, texts and test modules.
        let code = code::code_without_tests(text);
        let is_code: Vec<bool> = code.lines().map(|line| !line.trim().is_empty()).collect();
        let kept = lines.iter().filter(|(number, _)| is_code.get(**number - 1).copied().unwrap_or(false));
        let lines: BTreeMap<usize, u64> = kept.map(|(&number, &count)| (number, count)).collect();
        (!lines.is_empty()).then(|| Self { path: path.to_owned(), lines })
    }

    fn crate_name(&self) -> &str {
        self.path.split('/').nth(1).unwrap_or_default()
    }

    fn lcov(&self) -> String {
        let mut text = format!("SF:{}\n", self.path);
        for (number, count) in &self.lines {
            let _ = writeln!(text, "DA:{number},{count}");
        }
        text + "end_of_record\n"
    }
}

/// Lines, and how many of them were run.
#[derive(Clone, Copy, Default)]
struct Share {
    lines: usize,
    reached: usize,
}

impl Share {
    fn of<'f>(files: impl IntoIterator<Item = &'f File>) -> Self {
        files.into_iter().fold(Self::default(), |sum, file| Self {
            lines: sum.lines + file.lines.len(),
            reached: sum.reached + file.lines.values().filter(|count| **count > 0).count(),
        })
    }

    fn percent(self) -> f64 {
        100.0 * self.reached as f64 / self.lines.max(1) as f64
    }

    fn row(self, name: &str) -> String {
        format!("| {name} | {} | {} | {:.1} % |\n", self.lines, self.reached, self.percent())
    }
}

/// The crates, all of them together, and the files that are reached least.
fn table(files: &[File]) -> String {
    let mut crates: BTreeMap<&str, Vec<&File>> = BTreeMap::new();
    for file in files {
        crates.entry(file.crate_name()).or_default().push(file);
    }
    let head = |what: &str| format!("| {what} | lines | reached | |\n| --- | ---: | ---: | ---: |\n");
    let mut text = format!("{}{}", head("crate"), Share::of(files).row("**host**"));
    for (name, files) in crates {
        text += &Share::of(files).row(name);
    }
    let mut low: Vec<(&File, Share)> = files.iter().map(|file| (file, Share::of([file]))).collect();
    low.retain(|(_, share)| share.percent() < LOW);
    if !low.is_empty() {
        low.sort_by(|(_, one), (_, other)| one.percent().total_cmp(&other.percent()));
        let _ = write!(text, "\n{}", head(&format!("file below {LOW} %")));
        low.iter().for_each(|(file, share)| text += &share.row(&file.path));
    }
    text + "\nCounted are lines of code in `host/*/src` outside of `#[cfg(test)]`, reached by any test of the workspace.\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const LCOV: &str = "SF:/x/host/a/src/lib.rs\nDA:1,1\nDA:3,5\nDA:4,0\nDA:9,1\nend_of_record\n\
                        SF:/x/host/a/src/lib.rs\nDA:4,0\nDA:3,1\nend_of_record\n";
    const TEXT: &str =
        "//! A file.\n\nfn reached() {}\nfn other() {}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn a() {}\n}\n";

    #[test]
    fn counts_lines_of_code_once_and_none_of_tests() {
        let read = read(LCOV);
        let lines = &read["/x/host/a/src/lib.rs"];
        assert_eq!(lines[&3], 6);
        let file = File::of("host/a/src/lib.rs", TEXT, lines).expect("a file of the host");
        assert_eq!(file.lcov(), "SF:host/a/src/lib.rs\nDA:3,6\nDA:4,0\nend_of_record\n");
        assert!(File::of("host/a/tests/lib.rs", TEXT, lines).is_none());
        assert!(File::of("plugins/a/src/lib.rs", TEXT, lines).is_none());
        let table = table(&[file]);
        assert!(table.contains("| **host** | 2 | 1 | 50.0 % |\n| a | 2 | 1 | 50.0 % |\n"), "{table}");
        assert!(table.contains("| host/a/src/lib.rs | 2 | 1 | 50.0 % |"), "{table}");
    }
}
