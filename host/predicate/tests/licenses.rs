//! The lists of licences that the plugin `sbom` reads patterns by are those that the host reads documents by.

use std::path::Path;

/// What stands in a list beside the plugin's source, without its first line, which must name the version.
fn listed(name: &str) -> Vec<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins/sbom/src").join(name);
    let text = std::fs::read_to_string(file).expect("a list beside the plugin");
    let (first, rest) = text.split_once('\n').expect("lines");
    assert!(
        first.starts_with("# ") && first.contains(spdx::identifiers::VERSION),
        "{name} is of another version: {first}"
    );
    rest.lines().map(str::to_owned).collect()
}

#[test]
fn denies_by_the_licences_that_are_read() {
    let known = spdx::identifiers::LICENSES.iter().filter(|license| license.name != "NOASSERTION");
    let known: Vec<&str> = known.map(|license| license.name).collect();
    let listed = listed("licenses.txt");
    let ids: Vec<&str> = listed.iter().map(|line| line.split_once(' ').map_or(&**line, |(id, _)| id)).collect();
    assert_eq!(ids, known);
    for line in &listed {
        let (id, today) = line.split_once(' ').map_or((&**line, None), |(id, today)| (id, Some(today)));
        let is_deprecated = spdx::license_id(id).is_some_and(|id| id.is_deprecated());
        assert_eq!(today.is_some(), is_deprecated, "what is deprecated has something behind it: {line}");
        let is_current = |name: &str| spdx::license_id(name).is_some_and(|id| !id.is_deprecated());
        assert!(today.is_none_or(|today| today == "-" || is_current(today)), "no id of today: {line}");
    }
}

#[test]
fn knows_the_exceptions_that_are_read() {
    let known: Vec<&str> = spdx::identifiers::EXCEPTIONS.iter().map(|exception| exception.name).collect();
    assert_eq!(listed("exceptions.txt"), known);
}
