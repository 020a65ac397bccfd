//! The page of the SDK names every call that there is, and no other.

use std::collections::BTreeSet;

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
/// What an author calls is declared in these.
const FILES: [&str; 7] = ["amount", "description", "finding", "node", "review", "settings", "workload"];
/// Calls of Rust itself.
const OF_RUST: [&str; 1] = ["into"];

/// Every public function of a source.
fn declared(source: &str) -> impl Iterator<Item = &str> {
    let source = source.split("\n#[cfg(test)]").next().unwrap_or_default();
    let lines = source.lines().filter_map(|line| line.trim_start().strip_prefix("pub "));
    let functions = lines.filter_map(|line| line.strip_prefix("const ").unwrap_or(line).strip_prefix("fn "));
    functions.filter_map(|line| line.split(['(', '<']).next())
}

/// Every name of a function that stands as a call in the tables of the page.
fn called(page: &str) -> impl Iterator<Item = &str> {
    let rows = page.lines().filter(|line| line.starts_with("| "));
    rows.flat_map(|row| row.match_indices('(').map(move |(at, _)| &row[..at])).filter_map(|before| {
        let name = before.rsplit(|c: char| !c.is_ascii_lowercase() && c != '_').next().unwrap_or_default();
        let function = before[..before.len() - name.len()].ends_with(['.', ':', '`']);
        (function && !name.is_empty()).then_some(name)
    })
}

#[test]
fn names_every_call_and_no_other() {
    let read = |path: String| std::fs::read_to_string(&path).expect("a file of the SDK");
    let sources: Vec<String> = FILES.iter().map(|name| read(format!("{FOLDER}/src/{name}.rs"))).collect();
    let page = read(format!("{FOLDER}/README.md"));
    let declared: BTreeSet<&str> = sources.iter().flat_map(|source| declared(source)).collect();
    let called: BTreeSet<&str> = called(&page).collect();
    let unnamed: Vec<_> = declared.difference(&called).collect();
    assert!(unnamed.is_empty(), "README.md does not name {unnamed:?}");
    let unknown: Vec<_> = called.difference(&declared).filter(|name| !OF_RUST.contains(name)).collect();
    assert!(unknown.is_empty(), "README.md names what is not there: {unknown:?}");
}
