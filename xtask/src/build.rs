//! Builds the plugins, their machine code, and the release binary that carries both.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::clock::step;
use crate::command;
use crate::component;
use crate::wasm::Toolchain;
use crate::workspace::{Guest, Workspace};

/// Minutes that a build from nothing takes on two cores, downloads included.
pub const FIRST_MINUTES: u32 = 7;

/// The product: one file.
pub const PRODUCT: &str = "portcullis";
const RUNNER: &str = "portcullis-runner";
/// The runner's compiler: a component in, machine code out.
pub const COMPILER: &str = "portcullis-compile";
/// The processor that machine code is made for: the oldest of its family, because nobody knows where it will run.
const PROCESSOR: &str = "baseline";

/// Beside each made file `x` stands `x.key`: a digest of everything that it was made from.
const KEY: &str = "key";

/// What the components of the workspace are made from, besides the compiler.
const SOURCES: [&str; 4] = ["plugins", "tests/guests", "wit", "Cargo.lock"];

/// Builds everything and returns the path of the release binary.
pub fn run(workspace: &Workspace) -> Result<PathBuf> {
    let guests = workspace.guests()?;
    step("plugins, compiled to WebAssembly", || components(workspace, &guests))?;
    step("the compiler for plugins (the longest step of a first run)", || compiler(workspace))?;
    step("the built-in plugins, compiled to machine code", || {
        machine_code(workspace, &guests, &workspace.release(COMPILER), &workspace.plugins())
    })?;
    step("portcullis, one file with the plugins inside", || {
        let mut cargo = workspace.cargo();
        cargo.args(release_arguments()).args(["--bin", PRODUCT, "--bin", COMPILER]).envs(environment(workspace));
        command::run(&mut cargo)
    })?;
    let product = workspace.release(PRODUCT);
    println!("{}", product.display());
    Ok(product)
}

/// The binary that `PORTCULLIS_BIN` names, or a fresh one.
pub fn product(workspace: &Workspace) -> Result<PathBuf> {
    let Some(path) = std::env::var_os("PORTCULLIS_BIN").map(PathBuf::from) else { return run(workspace) };
    ensure!(path.is_file(), "PORTCULLIS_BIN names {}, and there is no such file", path.display());
    Ok(path)
}

/// What every cargo command that builds the product needs to know.
pub fn environment(workspace: &Workspace) -> [(&'static str, std::ffi::OsString); 2] {
    [("PORTCULLIS_BUILTINS", workspace.plugins().into_os_string()), ("PORTCULLIS_COMMIT", workspace.commit().into())]
}

/// The packages of the release build. It is always these two together, also where only one is wanted: cargo joins the
/// features of all chosen packages, and another choice could compile wasmtime a second time.
pub fn release_arguments() -> [&'static str; 6] {
    ["build", "--release", "--package", PRODUCT, "--package", RUNNER]
}

/// Compiles all guests in one go and makes their components, unless those that are there were made from the same.
pub fn components(workspace: &Workspace, guests: &[Guest]) -> Result<()> {
    let folder = workspace.plugins();
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    remove_strangers(&folder, guests)?;
    let toolchain = Toolchain::find()?;
    let key = sources_key(workspace, &toolchain)?;
    let made = |guest: &Guest| folder.join(format!("{}.wasm", guest.name));
    if guests.iter().all(|guest| is_made(&made(guest), &key)) {
        println!("all {} are up to date in {}", guests.len(), folder.display());
        return Ok(());
    }
    let specs: Vec<&str> = guests.iter().map(|guest| guest.spec.as_str()).collect();
    let modules = toolchain.compile(workspace.root(), &specs, "plugin", &workspace.target().join("guests"))?;
    for guest in guests {
        let component = component::from_core(&modules.join(format!("{}.wasm", guest.library)))?;
        make(&made(guest), &component, &key)?;
        println!("{}: {} KiB, sha256:{}", guest.name, component.len().div_ceil(1024), component::digest(&component));
    }
    Ok(())
}

/// Builds the program that makes machine code of a component.
fn compiler(workspace: &Workspace) -> Result<()> {
    let mut cargo = workspace.cargo();
    command::run(cargo.args(release_arguments()).args(["--bin", COMPILER]))
}

/// Compiles the built-in plugins to machine code, and lays both side by side in `folder`, unless what is there was made
/// from the same.
pub fn machine_code(workspace: &Workspace, guests: &[Guest], compiler: &Path, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let compiler_digest = component::digest(&read(compiler)?);
    for guest in guests.iter().filter(|guest| guest.builtin) {
        let component = workspace.plugins().join(format!("{}.wasm", guest.name));
        let code = folder.join(format!("{}.cwasm", guest.name));
        if folder != workspace.plugins() {
            let copy = folder.join(format!("{}.wasm", guest.name));
            std::fs::copy(&component, &copy).with_context(|| format!("cannot write {}", copy.display()))?;
        }
        let key = component::digest(
            format!("{compiler_digest}\n{PROCESSOR}\n{}", component::digest(&read(&component)?)).as_bytes(),
        );
        if is_made(&code, &key) {
            println!("{} is up to date", guest.name);
            continue;
        }
        let mut compile = Command::new(compiler);
        compile.args(["--target", PROCESSOR]).stderr(Stdio::inherit());
        compile.stdin(File::open(&component).with_context(|| format!("cannot read {}", component.display()))?);
        let output = compile.output().with_context(|| format!("cannot start {}", compiler.display()))?;
        ensure!(output.status.success(), "`{}` failed for {}", command::shown(&compile), component.display());
        ensure!(!output.stdout.is_empty(), "`{}` made nothing of {}", command::shown(&compile), component.display());
        make(&code, &output.stdout, &key)?;
        println!("{}: {} KiB", guest.name, output.stdout.len().div_ceil(1024));
    }
    Ok(())
}

/// Removes what was made for plugins that are gone, so that nothing old gets into the binary.
fn remove_strangers(folder: &Path, guests: &[Guest]) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let known = guests.iter().any(|guest| name.strip_prefix(&guest.name).is_some_and(|rest| rest.starts_with('.')));
        if !known {
            std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

/// A digest of the compiler, its flags, and every byte that goes into the guests.
fn sources_key(workspace: &Workspace, toolchain: &Toolchain) -> Result<String> {
    let mut text = format!("{}\n", toolchain.identity());
    // xtask's own dependencies make the component, and the workspace's profile makes the module.
    for source in SOURCES.iter().copied().chain(["Cargo.toml", "host/component/src", "xtask/src/wasm.rs"]) {
        add_digests(workspace.root(), Path::new(source), &mut text)?;
    }
    Ok(component::digest(text.as_bytes()))
}

/// Adds `path digest` of every file below `path`, in the order of their names.
fn add_digests(root: &Path, path: &Path, text: &mut String) -> Result<()> {
    let full = root.join(path);
    if full.is_dir() {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&full).with_context(|| format!("cannot read {}", full.display()))? {
            names.push(entry?.file_name());
        }
        names.sort();
        // What cargo made in an example's own workspace is no source.
        for name in names.iter().filter(|name| *name != "target") {
            add_digests(root, &path.join(name), text)?;
        }
    } else if full.exists() {
        text.push_str(&format!("{} {}\n", path.display(), component::digest(&read(&full)?)));
    }
    Ok(())
}

/// Whether a file was made from what this key stands for, and has not been changed since.
fn is_made(path: &Path, key: &str) -> bool {
    let Ok(bytes) = std::fs::read(path) else { return false };
    std::fs::read_to_string(key_path(path)).is_ok_and(|line| line == key_line(key, &bytes))
}

/// Writes a file whole or not at all, and then its key.
fn make(path: &Path, bytes: &[u8], key: &str) -> Result<()> {
    let unfinished = path.with_extension("unfinished");
    std::fs::write(&unfinished, bytes).with_context(|| format!("cannot write {}", unfinished.display()))?;
    std::fs::rename(&unfinished, path).with_context(|| format!("cannot write {}", path.display()))?;
    std::fs::write(key_path(path), key_line(key, bytes))
        .with_context(|| format!("cannot write the key of {}", path.display()))
}

fn key_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(KEY);
    PathBuf::from(name)
}

fn key_line(key: &str, bytes: &[u8]) -> String {
    format!("{key} {}\n", component::digest(bytes))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_again_what_was_changed_or_made_from_something_else() -> Result<()> {
        let folder = std::env::temp_dir().join(format!("portcullis-xtask-made-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        let path = folder.join("a.wasm");
        assert!(!is_made(&path, "one"));
        make(&path, b"bytes", "one")?;
        assert!(is_made(&path, "one"));
        assert!(!is_made(&path, "two"));
        std::fs::write(&path, b"other bytes")?;
        assert!(!is_made(&path, "one"));
        Ok(std::fs::remove_dir_all(&folder)?)
    }
}
