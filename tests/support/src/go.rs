//! Programs in Go that tests start, built once.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::sample::digest;

/// The program of a folder with a `go.mod`, built once from its Go modules into a cache outside of the checkout.
///
/// # Errors
/// Why it cannot be had, in words.
pub fn built(source: &Path) -> Result<PathBuf, String> {
    let mut text = Vec::new();
    for file in sources(source)? {
        text.extend(std::fs::read(&file).map_err(|error| format!("{}: {error}", file.display()))?);
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

/// What the program is made of, in the order of the names.
fn sources(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| {
        file.extension().is_some_and(|extension| ["go", "mod", "sum"].iter().any(|known| extension == *known))
    });
    files.sort();
    Ok(files)
}

/// The cache of `cargo xtask`.
fn cache() -> Option<PathBuf> {
    let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let own = || set("XDG_CACHE_HOME").or_else(|| Some(std::env::home_dir()?.join(".cache")));
    set("PORTCULLIS_CACHE").or_else(|| own().map(|cache| cache.join("portcullis")))
}
