//! Writes the map in `host/README.md` again from the first sentence of every file.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::workspace::{Workspace, folders_with_manifest};

const README: &str = "host/README.md";
const BEGIN: &str = "<!-- map -->";
const END: &str = "<!-- /map -->";

/// What stands for the floor of a crate that nobody has put on one yet; the tests refuse it.
const UNKNOWN_FLOOR: &str = "floor ?: ";

/// A crate of the host: its folder, what it is for, and its files in reading order.
#[derive(Debug, PartialEq)]
struct Room {
    name: String,
    purpose: String,
    files: Vec<(String, String)>,
}

/// Replaces the block between the two markers.
///
/// The order of crates and files and the text beside a crate are kept, because they are written by a person; new crates
/// come last, new files before `error.rs`.
pub fn run(workspace: &Workspace) -> Result<()> {
    let path = workspace.root().join(README);
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (before, rest) = text.split_once(BEGIN).with_context(|| format!("{README} has no `{BEGIN}`"))?;
    let (old, after) = rest.split_once(END).with_context(|| format!("{README} has no `{END}` after `{BEGIN}`"))?;
    let new = draw(&arrange(rooms(workspace.root())?, &parse(old)));
    std::fs::write(&path, format!("{before}{BEGIN}\n```text\n{new}```\n{END}{after}"))
        .with_context(|| format!("cannot write {}", path.display()))?;
    println!("{README} is up to date");
    Ok(())
}

/// Every crate below `host/` with every Rust file in it.
fn rooms(root: &Path) -> Result<Vec<Room>> {
    let mut rooms = Vec::new();
    for folder in folders_with_manifest(&root.join("host"))? {
        let name = folder.file_name().and_then(|name| name.to_str()).context("a crate without a name")?;
        let mut paths = Vec::new();
        rust_files(&folder, &mut paths)?;
        let mut files = Vec::new();
        for path in paths {
            let sentence = first_sentence(&path)?;
            let shown = path.strip_prefix(&folder).unwrap_or(&path);
            let shown = shown.strip_prefix("src").unwrap_or(shown).display().to_string();
            files.push((shown, sentence));
        }
        let chief = files.iter().find(|(file, _)| file == "lib.rs" || file == "main.rs");
        let purpose = format!("{UNKNOWN_FLOOR}{}", chief.map(|(_, sentence)| sentence.as_str()).unwrap_or_default());
        rooms.push(Room { name: name.to_owned(), purpose, files });
    }
    Ok(rooms)
}

fn rust_files(folder: &Path, paths: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() && !path.ends_with("target") {
            rust_files(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
    Ok(())
}

fn first_sentence(path: &Path) -> Result<String> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let sentence = text.lines().next().and_then(|line| line.strip_prefix("//! "));
    let sentence = sentence.with_context(|| format!("{} does not open with a `//!` sentence", path.display()))?;
    ensure!(sentence.ends_with('.'), "{}: the first sentence has no full stop", path.display());
    Ok(sentence.to_owned())
}

/// Reads the rooms of a map, as far as they can be read.
fn parse(map: &str) -> Vec<Room> {
    let mut rooms: Vec<Room> = Vec::new();
    for line in map.lines() {
        let Some((drawing, rest)) = line.split_once("─ ") else { continue };
        let (name, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let (name, text) = (name.to_owned(), text.trim().to_owned());
        if let Some(name) = name.strip_suffix('/') {
            rooms.push(Room { name: name.to_owned(), purpose: text, files: Vec::new() });
        } else if drawing.chars().count() > 1
            && let Some(room) = rooms.last_mut()
        {
            room.files.push((name, text));
        }
    }
    rooms
}

/// Puts rooms and their files into the order of the old map.
fn arrange(mut rooms: Vec<Room>, old: &[Room]) -> Vec<Room> {
    for room in &mut rooms {
        let before = old.iter().find(|before| before.name == room.name);
        if let Some(before) = before.filter(|before| !before.purpose.is_empty()) {
            room.purpose.clone_from(&before.purpose);
        }
        let known = |file: &str| before.and_then(|before| before.files.iter().position(|(its, _)| its == file));
        room.files.sort_by_key(|(file, _)| {
            let class = match (file.as_str(), known(file)) {
                ("lib.rs" | "main.rs", _) => 0,
                ("error.rs", _) => 3,
                (_, Some(_)) => 1,
                (_, None) => 2,
            };
            (class, known(file), file.clone())
        });
    }
    rooms.sort_by_key(|room| {
        (old.iter().position(|before| before.name == room.name).unwrap_or(usize::MAX), room.name.clone())
    });
    rooms
}

fn draw(rooms: &[Room]) -> String {
    let width = |name: &str| name.chars().count();
    let files = rooms.iter().flat_map(|room| &room.files).map(|(file, _)| 3 + width(file));
    let column = files.chain(rooms.iter().map(|room| 1 + width(&room.name))).max().unwrap_or(0) + 2;
    let mut map = String::from("host/\n");
    for (index, room) in rooms.iter().enumerate() {
        let (branch, trunk) = if index + 1 == rooms.len() { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let name = format!("{}/", room.name);
        map.push_str(format!("{branch}{name:column$}{}", room.purpose).trim_end());
        map.push('\n');
        for (index, (file, sentence)) in room.files.iter().enumerate() {
            let branch = if index + 1 == room.files.len() { "└─ " } else { "├─ " };
            map.push_str(&format!("{trunk}{branch}{file:0$}{sentence}\n", column - 3));
        }
    }
    map
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(name: &str, purpose: &str, files: &[&str]) -> Room {
        let files = files.iter().map(|file| ((*file).to_owned(), format!("About {file}."))).collect();
        Room { name: name.to_owned(), purpose: purpose.to_owned(), files }
    }

    #[test]
    fn reads_what_it_draws() {
        let rooms =
            vec![room("model", "floor 0: the words.", &["lib.rs", "a.rs"]), room("cli", "floor 5.", &["bin/x.rs"])];
        let map = draw(&rooms);
        assert_eq!(parse(&map), rooms, "{map}");
        assert!(map.contains("│  └─ a.rs"), "{map}");
        assert!(map.contains("   └─ bin/x.rs"), "{map}");
    }

    #[test]
    fn keeps_the_order_and_the_words_that_a_person_chose() {
        let old = [room("model", "floor 0: the words.", &["lib.rs", "z.rs", "b.rs", "error.rs"])];
        let new = vec![
            room("cli", "floor ?: New.", &["main.rs"]),
            room("model", "floor ?: Old.", &["b.rs", "error.rs", "lib.rs", "new.rs", "z.rs"]),
        ];
        let arranged = arrange(new, &old);
        assert_eq!(
            arranged[0],
            room("model", "floor 0: the words.", &["lib.rs", "z.rs", "b.rs", "new.rs", "error.rs"])
        );
        assert_eq!(arranged[1].purpose, "floor ?: New.");
    }
}
