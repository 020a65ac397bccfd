//! Whether a component is newer than everything that it is made of.

use std::path::Path;
use std::time::SystemTime;

/// What a component is made of, in the folder of its project.
const SOURCES: [&str; 8] =
    ["src", "sdk", "wit", "build.rs", "Cargo.toml", "Cargo.lock", ".cargo", "rust-toolchain.toml"];
/// Folders inside each other.
const MOST_DEPTH: u32 = 16;

/// Whether this file was written after every source in the folder of the project.
pub fn is_fresh(component: &Path, project: &Path) -> bool {
    let Ok(made) = component.metadata().and_then(|metadata| metadata.modified()) else { return false };
    !SOURCES.iter().any(|source| is_newer(&project.join(source), made, MOST_DEPTH))
}

fn is_newer(path: &Path, than: SystemTime, depth: u32) -> bool {
    // What is not there is no source; what cannot be read may be a newer one.
    let Ok(metadata) = path.metadata() else { return false };
    if !metadata.is_dir() {
        return metadata.modified().is_ok_and(|modified| modified > than);
    }
    let Some(depth) = depth.checked_sub(1) else { return true };
    std::fs::read_dir(path).into_iter().flatten().flatten().any(|entry| is_newer(&entry.path(), than, depth))
}
