//! Embeds the built-in plugins that `cargo xtask build` made, and the commit that they were made from.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The folder of the components (`<name>.wasm`) and their machine code (`<name>.cwasm`).
const BUILTINS: &str = "PORTCULLIS_BUILTINS";
/// The commit, with `-dirty` where the tree differed from it.
const COMMIT: &str = "PORTCULLIS_COMMIT";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed={BUILTINS}");
    println!("cargo:rerun-if-env-changed={COMMIT}");
    let commit = std::env::var(COMMIT).unwrap_or_else(|_| "unknown".to_owned());
    println!("cargo:rustc-env={COMMIT}={commit}");

    let output = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let here = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets CARGO_MANIFEST_DIR")?);
    let mut names = plugins(&here.join("../../plugins"))?;
    let folder = match std::env::var_os(BUILTINS) {
        Some(folder) => PathBuf::from(folder),
        None => {
            let folder = made_before(&output).unwrap_or_default();
            for name in names.extract_if(.., |name| !component(&folder, name).is_file()) {
                println!("cargo:warning=the plugin `{name}` is not built in: `cargo xtask build` makes it");
            }
            folder
        }
    };
    std::fs::write(output.join("builtins.rs"), builtins(&folder, &names, &here)?)?;
    Ok(())
}

/// What the last `cargo xtask build` left in this target folder, so that a plain `cargo build` finds it.
fn made_before(output: &Path) -> Option<PathBuf> {
    // Cargo marks its target folder with this file.
    let target = output.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file())?;
    Some(target.join("plugins")).filter(|folder| folder.is_dir())
}

/// The names of the built-in plugins: those of the folders in `plugins/`, sorted.
fn plugins(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.path().join("Cargo.toml").is_file() {
            names.push(entry.file_name().into_string().map_err(|name| format!("the name {name:?} is not UTF-8"))?);
        }
    }
    names.sort();
    Ok(names)
}

fn component(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.wasm"))
}

/// The text of `builtins.rs`. A plugin without component is an error: a binary that lacks one silently would judge less.
fn builtins(folder: &Path, names: &[String], here: &Path) -> Result<String, Box<dyn Error>> {
    let mut text =
        String::from("/// The plugins inside this binary, sorted by name.\npub static BUILTINS: &[Builtin] = &[\n");
    if folder.is_dir() {
        println!("cargo:rerun-if-changed={}", folder.display());
    }
    for name in names {
        let wasm = component(folder, name);
        let code = folder.join(format!("{name}.cwasm"));
        if !wasm.is_file() {
            return Err(format!("{} is missing; `cargo xtask build` makes it", wasm.display()).into());
        }
        let code = if code.is_file() { format!("Some(include_bytes!({code:?}))") } else { "None".to_owned() };
        let page = here.join("../../plugins").join(name).join("README.md");
        println!("cargo:rerun-if-changed={}", page.display());
        writeln!(
            text,
            "    Builtin {{ name: {name:?}, wasm: include_bytes!({wasm:?}), code: {code}, page: include_str!({page:?}) }},"
        )?;
    }
    text.push_str("];\n");
    Ok(text)
}
