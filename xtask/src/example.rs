//! Builds each example plugin in its own workspace and enforces it by file and digest.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::command;
use crate::component;
use crate::test;
use crate::totals::Totals;
use crate::wasm::Toolchain;
use crate::workspace::{Workspace, cargo_program, folders_with_manifest};

const EXAMPLES: &str = "plugins/examples";

/// Runs the tests of every example, builds its component, and lets the release binary judge its two manifests with it.
///
/// An example holds `denied.yaml`, which its plugin finds something in, and `allowed.yaml`, in which it finds nothing.
pub fn run(workspace: &Workspace, product: &Path, totals: &mut Totals) -> Result<()> {
    let folder = workspace.root().join(EXAMPLES);
    if !folder.is_dir() {
        println!("there is no {EXAMPLES}");
        totals.skip("example plugins: there is no plugins/examples");
        return Ok(());
    }
    let examples = folders_with_manifest(&folder)?;
    ensure!(!examples.is_empty(), "{EXAMPLES} holds no plugin");
    let toolchain = Toolchain::find()?;
    for example in examples {
        let name = example.file_name().and_then(|name| name.to_str()).context("an example without a name")?;
        judge(workspace, product, &toolchain, &example, totals).with_context(|| format!("example `{name}`"))?;
    }
    Ok(())
}

fn judge(
    workspace: &Workspace,
    product: &Path,
    toolchain: &Toolchain,
    example: &Path,
    totals: &mut Totals,
) -> Result<()> {
    let target = workspace.target().join("examples");
    let mut cargo = Command::new(cargo_program());
    cargo.args(["test", "--", "--show-output"]).current_dir(example).env("CARGO_TARGET_DIR", &target);
    test::tests(&mut cargo, totals)?;
    let (name, library) = package(example)?;
    let modules = toolchain.compile(example, &[&name], "release", &target)?;
    let bytes = component::from_core(&modules.join(format!("{library}.wasm")))?;
    let folder = workspace.target().join("examples").join("enforced");
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let plugin = folder.join(format!("{name}.wasm"));
    std::fs::write(&plugin, &bytes).with_context(|| format!("cannot write {}", plugin.display()))?;
    let policies = folder.join(format!("{name}.yaml"));
    let wrong = folder.join(format!("{name}-wrong-digest.yaml"));
    let settings = settings(example)?;
    std::fs::write(&policies, policy_set(&name, &component::digest(&bytes), &settings))?;
    std::fs::write(&wrong, policy_set(&name, &component::digest(b"something else"), &settings))?;
    for (policies, manifest, expected) in
        [(&policies, "allowed.yaml", 0), (&policies, "denied.yaml", 1), (&wrong, "allowed.yaml", 2)]
    {
        let mut check = Command::new(product);
        check.args(["check", "--mode", "compliance", "--policies"]).arg(policies).arg(example.join(manifest));
        println!("$ {}", command::shown(&check));
        let status = check.status().with_context(|| format!("cannot start {}", product.display()))?;
        if status.code() != Some(expected) {
            bail!("expected exit status {expected}, but it was {status}");
        }
    }
    Ok(())
}

/// The name of the one package of an example's workspace, and of its core module.
fn package(example: &Path) -> Result<(String, String)> {
    let mut cargo = Command::new(cargo_program());
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(example);
    let metadata: serde_json::Value = serde_json::from_str(&command::text(&mut cargo)?)?;
    let packages = metadata["packages"].as_array().context("cargo metadata without packages")?;
    ensure!(packages.len() == 1, "an example is a workspace of one package, this one has {}", packages.len());
    let name = packages[0]["name"].as_str().context("a package without a name")?;
    Ok((name.to_owned(), name.replace('-', "_")))
}

/// The example's `settings.json` in one line; no settings where it has none.
fn settings(example: &Path) -> Result<String> {
    let path = example.join("settings.json");
    if !path.is_file() {
        return Ok("{}".to_owned());
    }
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let value: serde_json::Value =
        serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    Ok(value.to_string())
}

/// A policy set with one policy, whose plugin stands beside it and is pinned by digest.
fn policy_set(name: &str, digest: &str, settings: &str) -> String {
    format!(
        "\
apiVersion: portcullis.dev/v1alpha1
kind: PolicySet
metadata: {{name: example}}
spec:
  mode: {{default: compliance}}
  policies:
  - name: {name}
    plugin: {{file: {name}.wasm, digest: \"sha256:{digest}\"}}
    match:
      resourceRules: [{{apiGroups: [\"*\"], apiVersions: [\"*\"], operations: [CREATE], resources: [\"*/*\"]}}]
    settings: {settings}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_the_plugin_by_file_and_digest() {
        let set = policy_set("a", "0123", "{}");
        assert!(set.contains("plugin: {file: a.wasm, digest: \"sha256:0123\"}"), "{set}");
    }
}
