//! Runs the cases that need a real API server, which is built once from its Go modules.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::clock::step;
use crate::totals::Totals;
use crate::workspace::{Workspace, cache};
use crate::{build, command, component, test, tools};

/// Names a folder with the programs of a control plane: the convention of envtest.
const ASSETS: &str = "KUBEBUILDER_ASSETS";

/// The Go modules that name them, below `tests/e2e`, and the programs of each: package and file name.
const MODULES: [(&str, &[(&str, &str)]); 2] = [
    (
        "tools",
        &[
            ("k8s.io/kubernetes/cmd/kube-apiserver", "kube-apiserver"),
            ("k8s.io/kubernetes/cmd/kube-controller-manager", "kube-controller-manager"),
            ("k8s.io/kubernetes/cmd/kubectl", "kubectl"),
        ],
    ),
    ("etcd", &[("go.etcd.io/etcd/server/v3", "etcd")]),
];

/// The module whose version the programs of `tools` say they have.
const KUBERNETES: &str = "k8s.io/kubernetes";

/// Builds the product, finds or builds the control plane, and runs every case.
pub fn run(workspace: &Workspace) -> Result<()> {
    let mut totals = Totals::default();
    let product = build::product(workspace)?;
    judged(workspace, &product, &mut totals)?;
    totals.reasons().for_each(|reason| println!("{reason}"));
    println!("\n{totals}");
    Ok(())
}

/// Runs every case with this binary and adds up; a control plane that cannot be had is skipped, loudly.
pub fn judged(workspace: &Workspace, product: &Path, totals: &mut Totals) -> Result<()> {
    let assets = match step("a control plane: etcd, API server, controller manager, kubectl", || assets(workspace))? {
        Ok(folder) => folder,
        Err(reason) => {
            totals.skip(&format!("the cases against a real API server (tests/e2e): {reason}"));
            return Ok(());
        }
    };
    let signing = step("cosign, crane and a registry, for signatures", || test::signing(totals))?;
    let reporting = step("syft, bandit and semgrep, for SBOMs and reports", || test::reporting(totals))?;
    let table = workspace.target().join("e2e").join("table.md");
    let result = step("cases against a real API server", || {
        let mut cargo = workspace.cargo();
        // The whole workspace, so that nothing is compiled again with other features.
        cargo.args(["test", "--workspace", "--test", "cluster", "--test", "admission_oracle"]);
        cargo
            .envs(test::environment(workspace, product))
            .env(ASSETS, &assets)
            .env("PORTCULLIS_E2E_TABLE", &table)
            .env("PORTCULLIS_E2E_ORACLE_TABLE", table.with_file_name("oracle.md"))
            .envs(signing)
            .envs(reporting);
        if let Some(helm) = tools::helm()? {
            cargo.env("PORTCULLIS_HELM", helm);
        }
        test::tests(&mut cargo, totals)
    });
    if let Ok(text) = std::fs::read_to_string(&table) {
        println!("\n{text}\n{}", table.display());
    }
    result
}

/// The folder of the programs, or why there is none.
fn assets(workspace: &Workspace) -> Result<Result<PathBuf, String>> {
    if let Some(folder) = std::env::var_os(ASSETS).filter(|folder| !folder.is_empty()) {
        return Ok(Ok(PathBuf::from(folder)));
    }
    let modules = workspace.root().join("tests").join("e2e");
    let folder = cache()?.join("e2e").join(key(&modules)?);
    if folder.is_dir() {
        println!("{}", folder.display());
        return Ok(Ok(folder));
    }
    let mut go = Command::new("go");
    if let Err(error) = command::text(go.arg("version").current_dir(&modules)) {
        return Ok(Err(format!("{ASSETS} is not set, and {} ({error:#})", tools::NO_GO)));
    }
    println!("building it from its Go modules, once, to {} (7 minutes on two cores)", folder.display());
    for (module, _) in MODULES {
        let mut download = Command::new("go");
        if let Err(error) = command::text(download.args(["mod", "download"]).current_dir(modules.join(module))) {
            return Ok(Err(format!("the Go modules cannot be downloaded ({error:#})")));
        }
    }
    // Whoever finds the folder finds all of it.
    let unfinished = folder.with_extension(format!("unfinished-{}", std::process::id()));
    for (module, programs) in MODULES {
        for (package, name) in programs {
            build_program(&modules.join(module), package, &unfinished.join(name))?;
        }
    }
    std::fs::rename(&unfinished, &folder).or_else(|error| if folder.is_dir() { Ok(()) } else { Err(error) })?;
    Ok(Ok(folder))
}

fn build_program(module: &Path, package: &str, program: &Path) -> Result<()> {
    let mut flags = "-s -w".to_owned();
    if package.starts_with(KUBERNETES) {
        let mut list = Command::new("go");
        let version = command::text(list.args(["list", "-m", "-f", "{{.Version}}", KUBERNETES]).current_dir(module))?;
        let mut numbers = version.trim_start_matches('v').split('.');
        let (major, minor) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
        // Without these kubectl does not know what it is.
        for (name, value) in [("gitVersion", version.as_str()), ("gitMajor", major), ("gitMinor", minor)] {
            let _ = write!(flags, " -X k8s.io/component-base/version.{name}={value}");
        }
    }
    let mut go = Command::new("go");
    go.args(["build", "-trimpath", "-ldflags", &flags, "-o"]).arg(program).arg(package);
    command::run(go.current_dir(module).env("CGO_ENABLED", "0"))
}

/// Says which programs these are: a digest of everything that names a version.
fn key(modules: &Path) -> Result<String> {
    let mut text = String::new();
    for (module, _) in MODULES {
        for file in ["go.mod", "go.sum"] {
            let path = modules.join(module).join(file);
            text += &std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        }
    }
    Ok(component::digest(text.as_bytes())[..16].to_owned())
}
