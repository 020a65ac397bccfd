//! Installs the tools that a check needs, at exact versions, outside of every clone.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::command;
use crate::workspace::{cache, cargo_program};

const CARGO_DENY: &str = "0.20.2";

/// The path of `cargo-deny`; where it is missing, it is compiled, which takes minutes.
pub fn cargo_deny() -> Result<PathBuf> {
    let root = cache()?.join("tools").join(format!("cargo-deny-{CARGO_DENY}"));
    let program = root.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        println!("installing cargo-deny {CARGO_DENY} to {}", root.display());
        let mut install = Command::new(cargo_program());
        install
            .args(["install", "cargo-deny", "--locked", "--version", &format!("={CARGO_DENY}"), "--root"])
            .arg(&root);
        // A target folder that the whole machine shares is no place for a tool's objects.
        command::run(install.env_remove("CARGO_TARGET_DIR"))?;
    }
    Ok(program)
}
