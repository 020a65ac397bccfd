//! Installs the tools that a check needs, at exact versions, outside of every clone.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;
use crate::debian;
use crate::python::{self, BANDIT, SEMGREP};
use crate::workspace::{cache, cargo_program};

const CARGO_DENY: &str = "0.20.2";
const CARGO_CYCLONEDX: &str = "0.5.9";
const HELM: (&str, &str) = ("helm.sh/helm/v4/cmd/helm", "v4.3.1");
/// Reads an image as a registry would, without one.
const CRANE: (&str, &str) = ("github.com/google/go-containerregistry/cmd/crane", "v0.22.1");
/// Signs what the tests judge, and says of their forgeries what it thinks of them.
const COSIGN: (&str, &str) = ("github.com/sigstore/cosign/v3/cmd/cosign", "v3.1.3");
/// Writes the SBOM of an image.
const SYFT: (&str, &str) = ("github.com/anchore/syft/cmd/syft", "v1.54.1");
/// The race: what others take for the same files and the same rule.
const CONFTEST: (&str, &str) = ("github.com/open-policy-agent/conftest", "v0.71.1");
const GATOR: (&str, &str) = ("github.com/open-policy-agent/gatekeeper/v3/cmd/gator", "v3.23.1");
/// Taken where it is installed: its module has replacements, so `go install` refuses it.
const KYVERNO: &str = "kyverno";
/// By which it says its version in what it writes; otherwise that is `[not provided]`.
const SYFT_VERSION: &str = "main.version";
/// A registry without referrers: a package of Debian, and the program in it.
const DOCKER_REGISTRY: &str = "docker-registry";
/// What reads our alerts: a package of Debian, and the programs in it with the variables that name them. Installed, it would
/// listen on all addresses.
const PROMETHEUS: &str = "prometheus";
const OF_PROMETHEUS: [(&str, &str); 2] = [("PORTCULLIS_PROMTOOL", "promtool"), ("PORTCULLIS_PROMETHEUS", PROMETHEUS)];

/// Why a check that needs a tool written in Go did not run.
pub const NO_GO: &str = "there is no `go` to build it with (1.26 or later): https://go.dev/doc/install";

/// The path of `cargo-deny`; where it is missing, it is compiled, which takes minutes.
pub fn cargo_deny() -> Result<PathBuf> {
    of_cargo("cargo-deny", CARGO_DENY)
}

/// The path of `cargo-cyclonedx`, in the same way.
pub fn cargo_cyclonedx() -> Result<PathBuf> {
    of_cargo("cargo-cyclonedx", CARGO_CYCLONEDX)
}

fn of_cargo(name: &str, version: &str) -> Result<PathBuf> {
    let root = cache()?.join("tools").join(format!("{name}-{version}"));
    let program = root.join("bin").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        println!("installing {name} {version} to {}", root.display());
        let mut install = niced(cargo_program());
        install.args(["install", name, "--locked", "--version", &format!("={version}"), "--root"]).arg(&root);
        // A target folder that the whole machine shares is no place for a tool's objects.
        command::run(install.env_remove("CARGO_TARGET_DIR"))?;
    }
    Ok(program)
}

/// The path of `helm`; where it is missing, it is compiled, which takes minutes. Nothing where there is no Go.
pub fn helm() -> Result<Option<PathBuf>> {
    of_go("helm", HELM, None)
}

/// The path of `crane`, in the same way.
pub fn crane() -> Result<Option<PathBuf>> {
    of_go("crane", CRANE, None)
}

/// The path of `cosign`, in the same way.
pub fn cosign() -> Result<Option<PathBuf>> {
    of_go("cosign", COSIGN, None)
}

/// The path of `syft`, in the same way: two minutes on two cores.
pub fn syft() -> Result<Option<PathBuf>> {
    of_go("syft", SYFT, Some(SYFT_VERSION))
}

/// What makes SBOMs and reports for the tests of both, by the variables that name them; `missing` is told why the rest cannot be had.
pub fn of_reports(mut missing: impl FnMut(&str)) -> Result<Vec<(&'static str, OsString)>> {
    let mut found = Vec::new();
    let tools = [
        ("PORTCULLIS_SYFT", syft()?.ok_or_else(|| NO_GO.to_owned())),
        ("PORTCULLIS_BANDIT", python::program(&BANDIT)?),
        ("PORTCULLIS_SEMGREP", python::program(&SEMGREP)?),
    ];
    for (variable, tool) in tools {
        match tool {
            Ok(program) => found.push((variable, program.into_os_string())),
            Err(reason) => missing(&format!("{variable} names nothing: {reason}")),
        }
    }
    Ok(found)
}

/// What the tests of signatures need besides Rust, by the variables that name them; `missing` is told why the rest cannot be had.
pub fn of_signatures(mut missing: impl FnMut(&str)) -> Result<Vec<(&'static str, OsString)>> {
    let mut found = Vec::new();
    for (variable, tool) in [("PORTCULLIS_COSIGN", cosign()?), ("PORTCULLIS_CRANE", crane()?)] {
        match tool {
            Some(program) => found.push((variable, program.into_os_string())),
            None => missing(&format!("{variable} names nothing: {NO_GO}")),
        }
    }
    let there = Command::new(DOCKER_REGISTRY).arg("--version").output().is_ok();
    if let Err(error) = if there { Ok(()) } else { debian::install(&[DOCKER_REGISTRY]) } {
        missing(&format!("there is no `{DOCKER_REGISTRY}` ({error:#}): install the package of Debian of that name"));
    }
    Ok(found)
}

/// What the tests of the alerts need, by the variables that name it: what is on the path, else unpacked into the cache; `missing` is
/// told why it cannot be had.
pub fn of_alerts(mut missing: impl FnMut(&str)) -> Result<Vec<(&'static str, OsString)>> {
    let there = |program: &Path| command::text(Command::new(program).arg("--version")).is_ok();
    if OF_PROMETHEUS.iter().all(|(_, program)| there(Path::new(program))) {
        return Ok(OF_PROMETHEUS.map(|(variable, program)| (variable, program.into())).to_vec());
    }
    let folder = cache()?.join("tools").join(PROMETHEUS);
    let unpacked = debian::unpack(PROMETHEUS, &folder).map(|folder| folder.join("usr").join("bin"));
    match unpacked {
        Ok(folder) if OF_PROMETHEUS.iter().all(|(_, program)| there(&folder.join(program))) => {
            Ok(OF_PROMETHEUS.map(|(variable, program)| (variable, folder.join(program).into_os_string())).to_vec())
        }
        Ok(folder) => {
            missing(&format!("what is in {} does not run here", folder.display()));
            Ok(Vec::new())
        }
        Err(error) => {
            missing(&format!("there is no `promtool` ({error:#}): install Debian's package {PROMETHEUS}"));
            Ok(Vec::new())
        }
    }
}

/// The programs of the race, by the variables that name them; `missing` is told why one cannot be had.
pub fn of_race(mut missing: impl FnMut(&str)) -> Result<Vec<(&'static str, OsString)>> {
    let mut found = Vec::new();
    for (variable, name, module) in
        [("PORTCULLIS_CONFTEST", "conftest", CONFTEST), ("PORTCULLIS_GATOR", "gator", GATOR)]
    {
        match of_go(name, module, None)? {
            Some(program) => found.push((variable, program.into_os_string())),
            None => missing(&format!("{name}: {NO_GO}")),
        }
    }
    match Command::new(KYVERNO).arg("version").output() {
        Ok(_) => found.push(("PORTCULLIS_KYVERNO", KYVERNO.into())),
        Err(error) => missing(&format!("there is no `{KYVERNO}` to run ({error})")),
    }
    Ok(found)
}

/// Builds a program of Go; `named` is the variable in it that is told its version.
fn of_go(name: &str, (module, version): (&str, &str), named: Option<&str>) -> Result<Option<PathBuf>> {
    let number = version.trim_start_matches('v');
    let folder = cache()?.join("tools").join(format!("{name}-{number}")).join("bin");
    let program = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        if command::text(Command::new("go").arg("version")).is_err() {
            return Ok(None);
        }
        println!("installing {module}@{version} to {}", folder.display());
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        // Its own settings of Go must not decide what is built here.
        let mut install = niced("go");
        install.args(["install", "-trimpath"]);
        if let Some(variable) = named {
            install.arg(format!("-ldflags=-X {variable}={number}"));
        }
        install.arg(format!("{module}@{version}"));
        install.envs([("GOBIN", folder.as_os_str()), ("GOFLAGS", "".as_ref()), ("CGO_ENABLED", "0".as_ref())]);
        command::run(&mut install)?;
    }
    Ok(Some(program))
}

/// A long command that leaves the machine to whoever uses it, where that can be said.
pub fn niced(program: impl Into<OsString>) -> Command {
    let program = program.into();
    if Path::new("/usr/bin/nice").is_file() {
        let mut nice = Command::new("/usr/bin/nice");
        nice.args(["-n", "10"]).arg(program);
        nice
    } else {
        Command::new(program)
    }
}
