//! The floors of the host, and which crate may know which library.

use std::process::Command;

use serde_json::Value;

/// Every crate of the host and its floor; it may name crates on lower floors only.
const FLOORS: [(&str, u32); 22] = [
    ("portcullis-model", 0),
    // Lies with the plugins, which are made of it, and names nothing: one CEL, whoever asks.
    ("portcullis-cel", 0),
    ("portcullis-document", 1),
    ("portcullis-component", 1),
    ("portcullis-registry", 1),
    ("portcullis-predicate", 1),
    ("portcullis-ledger", 1),
    ("portcullis-report", 1),
    ("portcullis-subject", 2),
    ("portcullis-policies", 2),
    ("portcullis-runner", 2),
    ("portcullis-evidence", 2),
    ("portcullis-cases", 3),
    ("portcullis-gate", 3),
    ("portcullis-cluster", 3),
    ("portcullis-check", 4),
    ("portcullis-webhook", 4),
    ("portcullis-author", 4),
    ("portcullis", 5),
    // For tests alone: a registry that lies, and real ones.
    ("portcullis-support", 0),
    // Not of the host: never below anything that the host is made of.
    ("portcullis-sdk", u32::MAX),
    ("portcullis-tests", u32::MAX),
];

/// Libraries, and crates of ours, that only one crate of the host may name, or those that stand here beside them.
const OWNERS: [(&str, &str); 18] = [
    ("wasmtime", "portcullis-runner"),
    ("wasmparser", "portcullis-runner"),
    ("wasmparser", "portcullis-component"),
    ("wasm-encoder", "portcullis-component"),
    ("wit-component", "portcullis-component"),
    ("wit-parser", "portcullis-component"),
    ("portcullis-cel", "portcullis-policies"),
    ("oci-client", "portcullis-registry"),
    ("spdx", "portcullis-predicate"),
    ("sigstore-bundle", "portcullis-evidence"),
    ("sigstore-crypto", "portcullis-evidence"),
    ("sigstore-trust-root", "portcullis-evidence"),
    ("sigstore-tsa", "portcullis-evidence"),
    ("sigstore-types", "portcullis-evidence"),
    ("sigstore-verify", "portcullis-evidence"),
    ("kube", "portcullis-cluster"),
    ("axum", "portcullis-webhook"),
    ("anyhow", "portcullis"),
];

/// What tests of every crate may name: they make plugins of text.
const FOR_TESTS: [&str; 2] = ["wit-component", "wit-parser"];

/// One line of a manifest of the host.
#[derive(Debug)]
pub struct Dependency {
    /// The crate that names.
    pub from: String,
    /// The crate that is named.
    pub to: String,
    /// Whether only tests and benchmarks see it.
    pub for_tests: bool,
}

/// The floor of a crate of the host.
pub fn floor(name: &str) -> Option<u32> {
    FLOORS.iter().find(|(its, _)| *its == name).map(|(_, floor)| *floor)
}

/// Every dependency that a manifest below `host/` names, as cargo reads them.
pub fn host_dependencies() -> Vec<Dependency> {
    let host = super::tree::root().join("host");
    let cargo =
        Command::new(env!("CARGO")).args(["metadata", "--no-deps", "--offline", "--format-version", "1"]).output();
    let cargo = cargo.expect("cargo starts");
    assert!(cargo.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&cargo.stderr));
    let metadata: Value = serde_json::from_slice(&cargo.stdout).expect("cargo metadata is JSON");
    let packages = metadata["packages"].as_array().expect("cargo metadata lists packages");
    let text = |value: &Value| value.as_str().expect("names and paths are texts").to_owned();
    let mut dependencies = Vec::new();
    for package in
        packages.iter().filter(|package| std::path::Path::new(&text(&package["manifest_path"])).starts_with(&host))
    {
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let for_tests = dependency["kind"].as_str() == Some("dev");
            dependencies.push(Dependency { from: text(&package["name"]), to: text(&dependency["name"]), for_tests });
        }
    }
    dependencies
}

/// What is wrong with a dependency. Tests may look at neighbours on the same floor, never up.
pub fn judge_dependency(dependency: &Dependency) -> Option<String> {
    let Dependency { from, to, for_tests } = dependency;
    let Some(own) = floor(from) else { return Some(format!("{from} stands on no floor: give it one in {}", file!())) };
    if to.starts_with("portcullis") {
        let Some(other) = floor(to) else { return Some(format!("{from} names {to}, which stands on no floor")) };
        let allowed = other < own || (*for_tests && other == own);
        if !allowed {
            return Some(format!("{from} (floor {own}) names {to} (floor {other}): imports only go down"));
        }
    }
    let owners: Vec<&str> = OWNERS.iter().filter(|(library, _)| library == to).map(|(_, owner)| *owner).collect();
    let known =
        owners.is_empty() || owners.contains(&from.as_str()) || (*for_tests && FOR_TESTS.contains(&to.as_str()));
    (!known).then(|| format!("{from} names {to}: only {} knows it", owners.join(", ")))
}
