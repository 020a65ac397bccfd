//! The programs of the race, each with the same rule as its own users would write it, and what each says of every file.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::process::Program;

/// One program with its rule.
pub struct Rival {
    pub name: &'static str,
    /// Without the folder of manifests.
    program: Program,
    /// How it is told what to judge, before the folder's name.
    folder_flag: Option<&'static str>,
    /// What makes it print something to read, and how that is read.
    structured: &'static [&'static str],
    read: fn(&Value) -> BTreeSet<usize>,
}

impl Rival {
    /// The program that judges a folder and prints what it always does.
    pub fn judging(&self, folder: &Path) -> Program {
        let folder = folder.to_string_lossy();
        self.program.with(&self.folder_flag.into_iter().chain([&*folder]).collect::<Vec<_>>())
    }

    /// The numbers of the files of which it denies something.
    pub fn denied(&self, folder: &Path) -> Result<BTreeSet<usize>, String> {
        let printed = self.judging(folder).with(self.structured).printed()?;
        // Some print a line for people before.
        let begin = printed.iter().position(|byte| matches!(byte, b'{' | b'[')).unwrap_or(0);
        let said = serde_json::from_slice(&printed[begin..]);
        said.map(|said| (self.read)(&said)).map_err(|error| format!("{} prints no JSON: {error}", self.name))
    }
}

/// All of them that are there; `missing` is told of the others.
pub fn all(ours: &Path, rules: &Path, folder: &Path, mut missing: impl FnMut(&str)) -> Vec<Rival> {
    let rule = |name: &str| rules.join(name).to_string_lossy().into_owned();
    let mut rivals = vec![Rival {
        name: "portcullis",
        program: Program::new(ours, &["check", "--policies", &rule("portcullis.yaml")], folder),
        folder_flag: None,
        structured: &["--format", "json"],
        read: of_portcullis,
    }];
    let mut add =
        |variable: &str, name, arguments: &[&str], folder_flag, structured, read| match std::env::var_os(variable) {
            Some(path) => {
                let program = Program::new(&path, arguments, folder);
                rivals.push(Rival { name, program, folder_flag, structured, read });
            }
            None => missing(&format!("{name}: {variable} names no program; `cargo xtask bench check` sets it")),
        };
    let conftest = ["test", "--policy", &rule("conftest")];
    add("PORTCULLIS_CONFTEST", "conftest", &conftest, None, &["--output", "json"], of_conftest);
    let gator = |rule: &str| ["test".to_owned(), format!("--filename={rule}")];
    for (name, rules) in [("gator test, Rego", rule("gator-rego")), ("gator test, CEL", rule("gator-cel"))] {
        let arguments = gator(&rules);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        add("PORTCULLIS_GATOR", name, &arguments, Some("--filename"), &["--output", "json"], of_gator);
    }
    let kyverno = ["apply", &rule("kyverno/policy.yaml")];
    let report: &[&str] = &["--policy-report", "--output-format", "json"];
    add("PORTCULLIS_KYVERNO", "kyverno apply", &kyverno, Some("--resource"), report, of_kyverno);
    rivals
}

/// The number in the name of a generated object, `app-17`, or of its file, `000017-pod.yaml`.
fn number(name: &str) -> Option<usize> {
    let file = name.rsplit('/').next()?;
    file.split(['-', '.']).find_map(|part| part.parse().ok())
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn of_portcullis(report: &Value) -> BTreeSet<usize> {
    let denied = items(&report["decisions"]).filter(|decision| decision["verdict"] == "deny");
    denied.filter_map(|decision| number(decision["subject"]["source"]["file"].as_str()?)).collect()
}

fn of_conftest(files: &Value) -> BTreeSet<usize> {
    let failed = items(files).filter(|file| file["failures"].as_array().is_some_and(|all| !all.is_empty()));
    failed.filter_map(|file| number(file["filename"].as_str()?)).collect()
}

fn of_gator(results: &Value) -> BTreeSet<usize> {
    items(results).filter_map(|result| number(result["violatingObject"]["metadata"]["name"].as_str()?)).collect()
}

fn of_kyverno(report: &Value) -> BTreeSet<usize> {
    let failed = items(&report["results"]).filter(|result| result["result"] == "fail");
    let objects = failed.flat_map(|result| items(&result["resources"]));
    objects.filter_map(|object| number(object["name"].as_str()?)).collect()
}
