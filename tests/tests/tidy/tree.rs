//! Reads the project's tree: its Rust files, and the map of the host.

use std::path::{Path, PathBuf};

/// One Rust file.
#[derive(Debug)]
pub struct Source {
    /// Its path from the root of the tree, with `/`.
    pub path: String,
    /// What it says.
    pub text: String,
}

/// The root of the tree.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("the tests stand one folder below the root").to_owned()
}

/// Every Rust file below some folders of the root, sorted by path; what cargo built is left out.
pub fn sources(folders: &[&str]) -> Vec<Source> {
    let root = root();
    let mut paths = Vec::new();
    let mut waiting: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| fail(&folder, &error)) {
            let path = entry.unwrap_or_else(|error| fail(&folder, &error)).path();
            if path.is_dir() && !path.ends_with("target") {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    assert!(!paths.is_empty(), "no Rust files in {folders:?}");
    let read = |path: PathBuf| Source {
        text: std::fs::read_to_string(&path).unwrap_or_else(|error| fail(&path, &error)),
        path: path.strip_prefix(&root).unwrap_or(&path).display().to_string(),
    };
    paths.into_iter().map(read).collect()
}

#[expect(clippy::panic, reason = "a test that cannot read the tree has failed")]
fn fail<T>(path: &Path, error: &std::io::Error) -> T {
    panic!("cannot read {}: {error}", path.display())
}

/// Names with the text beside them.
pub type Lines = Vec<(String, String)>;

/// The files (`model/lib.rs`) and the rooms (`model`) of the map, each with the text beside it.
///
/// A room is drawn as `├─ model/   floor 0: the words.`, a file below it as `│  ├─ lib.rs   The first sentence.`
pub fn map_lines(readme: &str) -> Result<(Lines, Lines), String> {
    let map = readme.split_once("<!-- map -->").and_then(|(_, rest)| rest.split_once("<!-- /map -->"));
    let (map, _) = map.ok_or("no map between `<!-- map -->` and `<!-- /map -->`")?;
    let (mut files, mut rooms): (Lines, Lines) = (Vec::new(), Vec::new());
    for line in map.lines() {
        let Some((_, entry)) = line.split_once("─ ") else { continue };
        let (name, text) = entry.split_once(' ').unwrap_or((entry, ""));
        let text = text.trim().to_owned();
        if let Some(room) = name.strip_suffix('/') {
            rooms.push((room.to_owned(), text));
        } else if let Some((room, _)) = rooms.last() {
            files.push((format!("{room}/{name}"), text));
        }
    }
    if files.is_empty() { Err("the map lists no file".to_owned()) } else { Ok((files, rooms)) }
}
