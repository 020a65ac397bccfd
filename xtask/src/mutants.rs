//! Changes the code that decides, one mutant after the other, and fails where no test notices and nobody wrote down why.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::clock::step;
use crate::command;
use crate::tools;
use crate::workspace::Workspace;

const VERSION: &str = "27.1.0";

/// One crate whose code decides.
struct Changed {
    /// The name under which it is asked for, which is its folder's.
    name: &'static str,
    /// The tests that are run over each mutant, as `cargo test` is told: those beside the code, and of the others the fast ones.
    tests: &'static [&'static str],
    /// The files that decide.
    files: &'static [&'static str],
}

const CHANGED: [Changed; 5] = [
    Changed { name: "model", tests: &["--lib"], files: &["host/model/src/**/*.rs"] },
    Changed {
        name: "policies",
        tests: &["--lib"],
        // Left out is what only words complaints: `elsewhere`, `error`, `meant`, `slip`, `select/explain`.
        files: &[
            "host/policies/src/{baseline,cel,fields,labels,matching,pattern,resource_rules,select,set,settings,tiers,trust}.rs",
            "host/policies/src/{admission_policy,waiver,workloads}.rs",
            "host/policies/src/admission_policy/{assemble,binding,head,matching,params,policy}.rs",
            "host/policies/src/cel/{forward,inside,request}.rs",
            "host/policies/src/select/equivalent.rs",
        ],
    },
    Changed {
        name: "subject",
        // Quantities and names of images have the answers of Kubernetes' own libraries for their tests.
        tests: &["--lib", "--test=facts", "--test=properties"],
        files: &[
            "host/subject/src/{admission,claims,image,kinds,objects,quantity,recorded,redact,release,secrets,workload}.rs",
        ],
    },
    Changed { name: "gate", tests: &["--lib"], files: &["host/gate/src/{decide,existing,rounds,unjudged}.rs"] },
    Changed { name: "check", tests: &["--lib"], files: &["host/check/src/exit.rs"] },
];

/// What may survive, each mutant below the reason.
const LISTED: &str = "tests/mutants.txt";

/// What `cargo mutants` says by its status besides 0: some were missed, some took too long.
const JUDGED: [i32; 3] = [0, 2, 3];

/// Runs the named crates, or all; each mutant takes a few seconds, all of them hours.
pub fn run(workspace: &Workspace, names: &[&str]) -> Result<()> {
    for name in names {
        let known = CHANGED.map(|changed| changed.name);
        ensure!(known.contains(name), "`{name}` is none of the crates whose code decides: {}", known.join(", "));
    }
    let mutants = Path::new("cargo-mutants");
    let installed = command::text(Command::new(mutants).args(["mutants", "--version"])).unwrap_or_default();
    ensure!(
        installed.split(' ').any(|word| word == VERSION),
        "there is no cargo-mutants {VERSION}: `cargo install cargo-mutants --locked --version ={VERSION}`"
    );
    let listed = read_listed(&std::fs::read_to_string(workspace.root().join(LISTED)).context(LISTED)?)?;
    let folder = workspace.target().join("mutants");
    let tree = folder.join("tree");
    step("a copy of the tree", || copy(workspace.root(), &tree))?;
    let (mut table, mut wrong) = (String::new(), Vec::new());
    row(&mut table, ["crate", "mutants", "caught", "unviable", "timeout", "missed", "listed"]);
    for Changed { name, tests, files } in CHANGED.iter().filter(|it| names.is_empty() || names.contains(&it.name)) {
        let out = folder.join(name);
        let outcome = step(&format!("mutants of {name}"), || {
            let mut change = tools::niced(mutants);
            // In the copy, which nobody edits: whatever was built there before stays built.
            change.args(["mutants", "--in-place", "--no-shuffle", "--colors=never"]);
            change.arg(format!("--package=portcullis-{name}"));
            change.args(tests.iter().map(|test| format!("--cargo-arg={test}")));
            change.args(files.iter().flat_map(|file| ["--file", file])).arg("--output").arg(&out);
            change.current_dir(&tree).env("CARGO_TARGET_DIR", folder.join("target"));
            // What nobody will look at in a debugger.
            change.env("CARGO_PROFILE_DEV_DEBUG", "none");
            let status = change.status().with_context(|| format!("cannot start `{}`", command::shown(&change)))?;
            ensure!(
                status.code().is_some_and(|code| JUDGED.contains(&code)),
                "`{}` failed ({status}): see {}",
                command::shown(&change),
                out.join("mutants.out/log").display()
            );
            Outcome::read(&out.join("mutants.out"))
        })?;
        let of_crate = |file: &&String| file.starts_with(&format!("host/{name}/"));
        let listed: Vec<&String> = listed.iter().filter(of_crate).collect();
        let counts = [outcome.caught, outcome.unviable, outcome.timeout, outcome.missed.len(), listed.len()];
        let all = counts[..4].iter().sum::<usize>();
        row(&mut table, [*name, &all.to_string()].into_iter().map(str::to_owned).chain(counts.map(|n| n.to_string())));
        wrong.extend(differences(&outcome.missed, &listed));
    }
    println!("\n{table}");
    if !wrong.is_empty() {
        bail!("{}", wrong.join("\n"));
    }
    Ok(())
}

fn row(table: &mut String, cells: impl IntoIterator<Item = impl std::fmt::Display>) {
    for (at, cell) in cells.into_iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = if at == 0 { write!(table, "{cell:<10}") } else { write!(table, "{cell:>10}") };
    }
    table.push('\n');
}

/// What became of the mutants of one crate.
struct Outcome {
    caught: usize,
    unviable: usize,
    timeout: usize,
    missed: Vec<String>,
}

impl Outcome {
    fn read(folder: &Path) -> Result<Self> {
        let lines = |name: &str| -> Result<Vec<String>> {
            let path = folder.join(name);
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            Ok(text.lines().map(str::to_owned).collect())
        };
        Ok(Self {
            caught: lines("caught.txt")?.len(),
            unviable: lines("unviable.txt")?.len(),
            timeout: lines("timeout.txt")?.len(),
            missed: lines("missed.txt")?,
        })
    }
}

/// What survives and is not listed, and what is listed and does not survive.
fn differences(missed: &[String], listed: &[&String]) -> Vec<String> {
    // The place in its file is no part of a mutant's name here: it changes with every line above it. Of several with one name
    // as many are listed as survive.
    let mut balance: BTreeMap<String, (i64, String)> = BTreeMap::new();
    for mutant in missed {
        let entry = balance.entry(unplaced(mutant)).or_default();
        *entry = (entry.0 + 1, mutant.clone());
    }
    for mutant in listed {
        balance.entry((*mutant).clone()).or_default().0 -= 1;
    }
    let told = |(name, (more, example)): (String, (i64, String))| match more {
        0 => None,
        1.. => Some(format!("no test notices: {example}; write one, or the reason into {LISTED}")),
        _ => Some(format!("{name}: {LISTED} lists it {} times more than it survives; remove it there", -more)),
    };
    balance.into_iter().filter_map(told).collect()
}

/// `file: what` of `file:line:column: what`.
fn unplaced(mutant: &str) -> String {
    let mut parts = mutant.splitn(4, ':');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(file), Some(_), Some(_), Some(what)) => format!("{file}:{what}"),
        _ => mutant.to_owned(),
    }
}

/// The mutants of a list. A reason, in lines that begin with `#`, stands above those that it is true of; an empty line ends it.
fn read_listed(text: &str) -> Result<Vec<String>> {
    let (mut mutants, mut reason) = (Vec::new(), false);
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        if line.is_empty() {
            reason = false;
        } else if line.starts_with('#') {
            reason = true;
        } else {
            ensure!(reason, "{LISTED}:{number}: the mutant has no reason: write one above it, after `#`");
            mutants.push(line.to_owned());
        }
    }
    Ok(mutants)
}

/// Every file that git knows or would take, with its time, so that cargo builds only what has changed; nothing else stays. What
/// may have been changed keeps no time: cargo would take what it built of the last mutant for what it would build of the file.
fn copy(root: &Path, tree: &Path) -> Result<()> {
    if tree.exists() {
        std::fs::remove_dir_all(tree).with_context(|| format!("cannot remove {}", tree.display()))?;
    }
    let mut git = Command::new("git");
    git.current_dir(root).args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
    let files = command::text(&mut git)?;
    for file in files.split('\0').filter(|file| !file.is_empty()).map(PathBuf::from) {
        let (from, to) = (root.join(&file), tree.join(&file));
        let Ok(metadata) = from.symlink_metadata() else { continue };
        let copied = || -> std::io::Result<()> {
            std::fs::create_dir_all(to.parent().unwrap_or(tree))?;
            if metadata.is_symlink() {
                return link(&std::fs::read_link(&from)?, &to);
            }
            std::fs::copy(&from, &to)?;
            if file.starts_with("host") {
                return Ok(());
            }
            std::fs::File::options().write(true).open(&to)?.set_modified(metadata.modified()?)
        };
        copied().with_context(|| format!("cannot copy {}", file.display()))?;
    }
    Ok(())
}

#[cfg(unix)]
fn link(target: &Path, at: &Path) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> std::io::Result<()> {
    Err(std::io::Error::other("the tree holds symbolic links, which are copied on Unix only"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn complains_of_a_survivor_that_is_not_listed_and_of_a_listed_one_that_is_caught() {
        let missed = ["a.rs:1:2: replace x with y in f", "a.rs:9:2: replace x with y in f"].map(str::to_owned);
        let listed = "a.rs: replace x with y in f".to_owned();
        assert_eq!(differences(&missed, &[&listed, &listed]), [] as [String; 0]);
        assert_eq!(
            differences(&missed, &[&listed]),
            ["no test notices: a.rs:9:2: replace x with y in f; write one, or the reason into tests/mutants.txt"]
        );
        assert_eq!(
            differences(&missed[..1], &[&listed, &listed]),
            ["a.rs: replace x with y in f: tests/mutants.txt lists it 1 times more than it survives; remove it there"]
        );
    }

    #[test]
    fn takes_no_listed_mutant_without_a_reason_above_it() {
        let text = "# Only faster.\na.rs: one\na.rs: two\n\n# Equal.\nb.rs: three\n";
        assert_eq!(read_listed(text).expect("reasons"), ["a.rs: one", "a.rs: two", "b.rs: three"]);
        let refused = read_listed("# Only faster.\na.rs: one\n\nb.rs: two\n").expect_err("no reason").to_string();
        assert_eq!(refused, "tests/mutants.txt:4: the mutant has no reason: write one above it, after `#`");
    }

    #[test]
    fn copies_what_may_have_been_changed_as_if_it_were_new() {
        let folder = std::env::temp_dir().join(format!("portcullis-xtask-mutants-{}", std::process::id()));
        let (root, tree) = (folder.join("root"), folder.join("tree"));
        let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        for file in ["host/a.rs", "plugins/b.rs"] {
            let path = root.join(file);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(&path, "fn a() {}\n").expect("a file");
            std::fs::File::options().write(true).open(&path).expect("a file").set_modified(old).expect("a time");
        }
        command::text(Command::new("git").args(["init", "--quiet"]).arg(&root)).expect("a repository");
        copy(&root, &tree).expect("a copy");
        let time = |file: &str| tree.join(file).metadata().and_then(|found| found.modified()).expect("a copy");
        assert_eq!(time("plugins/b.rs"), old, "built once");
        assert!(time("host/a.rs") > old, "built anew");
        std::fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn names_a_mutant_without_its_place() {
        assert_eq!(unplaced("h/a.rs:1:22: replace a::b -> C with D::E"), "h/a.rs: replace a::b -> C with D::E");
    }
}
