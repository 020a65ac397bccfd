//! Programs in Go that tests start, built once.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sample::digest;

/// The program of a folder with a `main.go`, built once from its Go modules into a cache outside of the checkout.
///
/// # Errors
/// Why it cannot be had, in words.
pub fn built(source: &Path) -> Result<PathBuf, String> {
    let mut text = Vec::new();
    for file in ["go.mod", "go.sum", "main.go"] {
        text.extend(std::fs::read(source.join(file)).map_err(|error| format!("{file}: {error}"))?);
    }
    let called = source.file_name().ok_or("the folder has no name")?.to_string_lossy();
    let name = format!("{called}-{}", &digest(&text)["sha256:".len()..][..16]);
    let folder = cache().ok_or("neither PORTCULLIS_CACHE nor HOME is set")?.join(&*called);
    let program = folder.join(&name);
    if program.is_file() {
        return Ok(program);
    }
    std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
    // Whoever finds the program finds all of it.
    let unfinished = folder.join(format!("{name}.unfinished-{}-{:?}", std::process::id(), std::thread::current().id()));
    let mut go = Command::new("go");
    go.args(["build", "-trimpath", "-ldflags", "-s -w", "-o"]).arg(&unfinished).arg(".");
    let output = go.current_dir(source).env("CGO_ENABLED", "0").output().map_err(|error| format!("no Go: {error}"))?;
    if !output.status.success() {
        return Err(format!("go build: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    std::fs::rename(&unfinished, &program).map_err(|error| error.to_string())?;
    Ok(program)
}

/// The cache of `cargo xtask`.
fn cache() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let own = || set("XDG_CACHE_HOME").or_else(|| Some(std::env::home_dir()?.join(".cache")));
    set("PORTCULLIS_CACHE").or_else(|| own().map(|cache| cache.join("portcullis")))
}
