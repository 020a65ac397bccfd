//! What a fact says, read so that nothing counts that is missing or malformed.

use portcullis_sdk::{Kind, Node};

use crate::words::{list, name};

/// A number of things; nothing where there is none.
pub fn count(node: Node) -> Option<u64> {
    node.number_text().parse().ok()
}

/// A time in seconds since 1970-01-01T00:00:00Z; nothing where it is not known.
pub fn seconds(node: Node) -> Option<i64> {
    node.number_text().parse().ok()
}

/// `true` or `false`; nothing where it is neither.
pub fn flag(node: Node) -> Option<bool> {
    (node.kind() == Kind::Bool).then(|| node.boolean())
}

/// A number for a person, and that there is none.
pub fn shown(count: Option<u64>) -> String {
    count.map_or_else(|| "an unknown number of".to_owned(), |count| count.to_string())
}

/// A version as numbers between dots, with what stands behind them ignored from `-` or `+` on; nothing where it is none.
pub fn version(text: &str) -> Option<Vec<u64>> {
    let text = text.strip_prefix('v').unwrap_or(text);
    let numbers = text.split(['-', '+']).next().unwrap_or_default();
    let mut all = numbers.split('.').map(str::parse).collect::<Result<Vec<u64>, _>>().ok()?;
    while all.len() > 1 && all.last() == Some(&0) {
        all.pop();
    }
    // What comes before a release is older than it.
    let early = text[numbers.len()..].starts_with('-');
    if early && let Some(last) = all.iter_mut().rev().find(|number| **number > 0) {
        *last -= 1;
        all.push(u64::MAX);
    }
    Some(all)
}

/// Whether a version is at least another one; never where one of them is none.
pub fn is_at_least(found: &str, least: &str) -> bool {
    matches!((version(found), version(least)), (Some(found), Some(least)) if found >= least)
}

/// The first things of a list, each with its place, and how many more there are.
pub fn first(items: Node, total: Option<u64>, one: impl Fn(Node) -> String) -> String {
    const MOST: usize = 3;
    let mut shown: Vec<String> = items.items().take(MOST).map(one).collect();
    let more = total.unwrap_or(0).saturating_sub(shown.len() as u64);
    match shown.len() {
        0 => String::new(),
        _ if more > 0 => {
            shown.push(format!("{more} more"));
            list(&shown, "and")
        }
        _ => list(&shown, "and"),
    }
}

/// A thing of a document and where it stands there: `` `lodash@4.17.21` (`/components/7`) ``.
pub fn placed(what: Node, pointer: Node) -> String {
    placed_text(&what.text(), pointer)
}

/// The same, of a text that is known.
pub fn placed_text(what: &str, pointer: Node) -> String {
    match pointer.text() {
        place if place.is_empty() => name(what),
        place => format!("{} ({})", name(what), name(&place)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_versions_by_their_numbers() {
        for (found, least, expected) in [
            ("1.10", "1.9", true),
            ("1.5.0", "1.5", true),
            ("1.5", "1.5.0", true),
            ("v2.0.1", "2", true),
            ("1.4", "1.5", false),
            ("1.5-rc.1", "1.5", false),
            ("1.5.1-rc.1", "1.5.0", true),
            ("1.5+build", "1.5", true),
            ("", "0", false),
            ("next", "1", false),
            ("1..2", "1", false),
        ] {
            assert_eq!(is_at_least(found, least), expected, "{found} and {least}");
        }
    }
}
