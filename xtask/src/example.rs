//! Does with a copy of each example plugin what its README tells a plugin's author to do, up to the enforced policy.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::command;
use crate::test;
use crate::totals::Totals;
use crate::wasm::Toolchain;
use crate::workspace::{Workspace, cargo_program, folders_with_manifest};

const EXAMPLES: &str = "plugins/examples";
/// What the example's `Cargo.toml` says inside of the tree, and which folder that is.
const SDK: [&str; 2] = ["../../sdk/rust", "plugins/sdk/rust"];
/// The policy set beside the plugin, and what stands in it until the plugin is built.
const POLICIES: &str = "policies.yaml";
const PLACEHOLDER: &str = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

/// Copies every example out of the tree, tests and builds it there, and lets the release binary judge with it.
///
/// An example holds `policies.yaml`, which names the plugin by file and digest, `denied.yaml`, which its plugin finds something
/// in, and `allowed.yaml`, in which it finds nothing.
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
        follow(workspace, product, &toolchain, &example, totals).with_context(|| format!("example `{name}`"))?;
    }
    Ok(())
}

/// The steps of the README. Only what it leaves to its reader is done in another way: the editing of two files.
fn follow(
    workspace: &Workspace,
    product: &Path,
    toolchain: &Toolchain,
    example: &Path,
    totals: &mut Totals,
) -> Result<()> {
    let target = workspace.target().join("examples");
    let (name, library) = package(example)?;
    let copy = target.join("copies").join(&name);
    copy_out(workspace, example, &copy)?;
    let readme = read(&example.join("README.md"))?;

    let mut cargo = Command::new(cargo_program());
    cargo.args(["test", "--", "--show-output"]).current_dir(&copy).env("CARGO_TARGET_DIR", &target);
    test::tests(&mut cargo, totals)?;

    let file = format!("{name}.wasm");
    // Where plain cargo finds no compiler for WebAssembly, the plugin is made of what another one made.
    let module = match toolchain.is_plain() {
        true => None,
        false => Some(toolchain.compile(&copy, &[&name], "release", &target)?.join(format!("{library}.wasm"))),
    };
    let build = |more: &[&str]| {
        told(&readme, "portcullis plugin build --pin policies.yaml")?;
        let mut build = Command::new(product);
        build.args(["plugin", "build"]).current_dir(&copy).env("CARGO_TARGET_DIR", &target);
        if let Some(module) = &module {
            build.arg(module).args(["--output", &file]);
        }
        command::run(build.args(more))
    };
    build(&[])?;
    let set = read(&copy.join(POLICIES))?;
    ensure!(set.contains(PLACEHOLDER), "{POLICIES} does not hold the digest `{PLACEHOLDER}`");
    judges(product, &copy, &readme, "allowed.yaml", 2).context("with a digest that is not the plugin's")?;
    build(&["--pin", POLICIES])?;
    told(&readme, "portcullis plugin test")?;
    command::run(Command::new(product).args(["plugin", "test", "--plugin", &file, "--strict"]).current_dir(&copy))?;
    judges(product, &copy, &readme, "denied.yaml", 1)?;
    judges(product, &copy, &readme, "allowed.yaml", 0)
}

/// Judges a manifest with the command of the README and compares the exit status.
fn judges(product: &Path, copy: &Path, readme: &str, manifest: &str, expected: i32) -> Result<()> {
    let arguments = ["check", "--policies", POLICIES, manifest];
    told(readme, &format!("portcullis {}", arguments.join(" ")))?;
    let mut check = Command::new(product);
    check.args(arguments).current_dir(copy);
    println!("$ {}", command::shown(&check));
    let status = check.status().with_context(|| format!("cannot start {}", product.display()))?;
    if status.code() != Some(expected) {
        bail!("expected exit status {expected}, but it was {status}");
    }
    Ok(())
}

/// Refuses a README that tells something else than what is done here.
fn told(readme: &str, command: &str) -> Result<()> {
    ensure!(readme.contains(command), "its README.md does not tell the command `{command}`");
    Ok(())
}

/// Copies the example, without what cargo made in it, and lets the copy find the SDK in this clone.
fn copy_out(workspace: &Workspace, example: &Path, copy: &Path) -> Result<()> {
    if copy.is_dir() {
        std::fs::remove_dir_all(copy).with_context(|| format!("cannot remove {}", copy.display()))?;
    }
    copy_folder(example, copy)?;
    let [inside, folder] = SDK;
    let manifest = copy.join("Cargo.toml");
    let text = read(&manifest)?;
    ensure!(text.contains(inside), "{} does not name the SDK by `{inside}`", manifest.display());
    let sdk = workspace.root().join(folder);
    let sdk = sdk.to_str().context("the path of the clone is not UTF-8")?;
    write(&manifest, &text.replace(inside, sdk))
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot create {}", to.display()))?;
    for entry in std::fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))? {
        let path: PathBuf = entry?.path();
        let Some(name) = path.file_name().filter(|name| *name != "target") else { continue };
        if path.is_dir() {
            copy_folder(&path, &to.join(name))?;
        } else {
            std::fs::copy(&path, to.join(name)).with_context(|| format!("cannot copy {}", path.display()))?;
        }
    }
    Ok(())
}

/// The name of the one package of an example's workspace, and of the file that cargo makes of it.
fn package(example: &Path) -> Result<(String, String)> {
    let mut cargo = Command::new(cargo_program());
    cargo.args(["metadata", "--no-deps", "--format-version", "1"]).current_dir(example);
    let metadata: serde_json::Value = serde_json::from_str(&command::text(&mut cargo)?)?;
    let packages = metadata["packages"].as_array().context("cargo metadata without packages")?;
    ensure!(packages.len() == 1, "an example is a workspace of one package, this one has {}", packages.len());
    let name = packages[0]["name"].as_str().context("a package without a name")?;
    Ok((name.to_owned(), name.replace('-', "_")))
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_a_readme_that_tells_another_command() {
        assert!(told("run `cargo test`", "cargo test").is_ok());
        let refused =
            told("run `cargo test`", "cargo build").map_or_else(|error| error.to_string(), |()| String::new());
        assert_eq!(refused, "its README.md does not tell the command `cargo build`");
    }
}
