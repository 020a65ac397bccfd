//! What can be denied or counted at all: licences and types that somebody published. A slip in a deny list would deny nothing.

use portcullis_sdk::{Setting, nearest};

/// Every id of the SPDX licence list, a line each, and behind a deprecated one what is written today.
const LICENSES: &str = include_str!("licenses.txt");
/// Every exception of the same list.
const EXCEPTIONS: &str = include_str!("exceptions.txt");
/// Types of components as the host tells them: those of CycloneDX 1.7, the purposes of SPDX 2.3 and 3.0 in small letters.
const TYPES: &str = "application archive bom configuration container cryptographic-asset data device device-driver devicedriver \
    diskimage documentation evidence executable file filesystemimage firmware framework install library \
    machine-learning-model manifest model module operating-system operating_system operatingsystem other patch platform \
    requirement source specification test";

/// For how many unknown licences the list is searched for what was meant: a guest frees no memory.
const MOST_HINTS: u32 = 20;

/// Refuses what is no type of components: it would count none.
pub fn types(setting: &Setting<'_>) {
    let known: Vec<&str> = TYPES.split_whitespace().collect();
    for item in setting.items() {
        let Some(text) = item.text().filter(|text| !known.contains(&&*text.to_ascii_lowercase())) else { continue };
        let hint = match nearest(text, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "write one of CycloneDX, such as `library`, `application` or `file`, or a purpose of SPDX".to_owned()
            }
        };
        item.complain(format!("`{}` is no type of components; {hint}", text.escape_debug()));
    }
}

/// Refuses patterns that mean no licence, and those that mean an old name alone, which documents of today do not write.
pub fn licenses(setting: &Setting<'_>) {
    let items: Vec<(Setting<'_>, &str)> =
        setting.items().into_iter().filter_map(|item| Some((item.clone(), item.text()?))).collect();
    let mut unknown = 0;
    let is_denied = |id: &str| items.iter().any(|(_, pattern)| matches(pattern, id));
    for (item, text) in &items {
        let word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'+' | b'*' | b':');
        if !text.bytes().all(word) || !text.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
            item.complain(format!(
                "`{}` is no licence; write an id of SPDX's list, or several of them as in `AGPL-*`",
                text.escape_debug()
            ));
            continue;
        }
        if known().any(|(id, today)| today.is_none() && matches(text, id)) {
            continue;
        }
        // What is left means deprecated ids, or none.
        let old: Vec<(&str, &str)> =
            known().filter(|(id, _)| matches(text, id)).filter_map(|(id, today)| Some((id, today?))).collect();
        let private = ["licenseref", "documentref"].iter().any(|form| text.to_ascii_lowercase().contains(form));
        if old.is_empty() && !private && !means_exception(text) {
            unknown += 1;
            let hint = if unknown <= MOST_HINTS { hint(text) } else { "write an id of it".to_owned() };
            item.complain(format!("`{text}` is no licence of the SPDX list; {hint}"));
        } else if let Some((id, today)) = old.iter().find(|(_, today)| *today != "-" && !is_denied(today)) {
            let write = match today.rsplit_once("-only") {
                Some((base, _)) => format!("`{today}`, or `{base}-*` for `{base}-or-later` as well"),
                None if today.ends_with("-or-later") => format!("`{today}`"),
                // The host knows the old names of the GNU family alone.
                None => format!("`{today}` beside it"),
            };
            item.complain(format!("`{id}` is a deprecated id, which the documents of today do not use; write {write}"));
        }
    }
}

/// Ids, each with what is written for it today where it is deprecated.
fn known() -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
    LICENSES.lines().filter(|line| !line.starts_with('#')).map(|line| match line.split_once(' ') {
        Some((id, today)) => (id, Some(today)),
        None => (line, None),
    })
}

/// Whether a pattern means a licence with an exception: `*` stands for the ` WITH ` between them.
fn means_exception(pattern: &str) -> bool {
    let stars = || pattern.match_indices('*').map(|(at, _)| at);
    let exceptions = || EXCEPTIONS.lines().filter(|line| !line.starts_with('#'));
    // The shorter list first: most patterns mean nothing in it.
    stars().any(|left| {
        stars().filter(|right| *right >= left).any(|right| {
            let between = pattern[left..right].trim_matches('*');
            (between.is_empty() || between.eq_ignore_ascii_case("with"))
                && exceptions().any(|exception| matches(&pattern[right..], exception))
        }) && known().any(|(id, _)| matches(&pattern[..=left], id))
    })
}

/// What an author may have meant by a pattern that means no licence.
fn hint(pattern: &str) -> String {
    if ["NONE", "NOASSERTION"].contains(&pattern) {
        return "that stands where nobody knows the licence: ask for licences by `coverage: {licenseValid: 100}`"
            .to_owned();
    }
    match meant(pattern) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write an id of it, several as in `AGPL-*`, or your own as `LicenseRef-...`; other names are refused by `invalidLicenses: deny`".to_owned(),
    }
}

fn meant(pattern: &str) -> Option<String> {
    let is_family = pattern.strip_suffix('*').filter(|stem| !stem.contains('*'));
    // Families of ids, as `AGPL-` and `AGPL-3.0-`.
    let families = known().flat_map(|(id, _)| id.match_indices('-').map(move |(at, _)| &id[..=at]));
    if let Some(stem) = is_family {
        let families: Vec<&str> = families.collect();
        return nearest(stem, &families).map(|family| format!("{family}*"));
    }
    if pattern.contains('*') {
        return None;
    }
    let mut families = families;
    if let Some(family) = families.find(|family| family.trim_end_matches('-').eq_ignore_ascii_case(pattern)) {
        return Some(format!("{family}*"));
    }
    let plain = plain(pattern);
    let today = |(id, today): (&str, Option<&str>)| today.filter(|today| *today != "-").unwrap_or(id).to_owned();
    if let Some(same) = known().find(|(id, _)| self::plain(id) == plain) {
        return Some(today(same));
    }
    let ids: Vec<&str> = known().map(|(id, _)| id).collect();
    nearest(pattern, &ids).and_then(|near| known().find(|(id, _)| *id == near)).map(today)
}

/// An id as people say it: `GPLv3`, `gpl3`, `Apache2` for `GPL-3.0` and `Apache-2.0`.
fn plain(id: &str) -> String {
    let id = id.to_ascii_lowercase();
    let id = id.strip_suffix(".0").unwrap_or(&id);
    let mut plain = String::new();
    let mut letters = id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '+').peekable();
    while let Some(c) = letters.next() {
        if c != 'v' || !letters.peek().is_some_and(char::is_ascii_digit) {
            plain.push(c);
        }
    }
    plain
}

/// Whether a pattern with `*` for any characters means an id, as the host compares them: without case.
fn matches(pattern: &str, id: &str) -> bool {
    let mut parts = pattern.split('*');
    let starts = |rest: &str, part: &str| rest.get(..part.len()).is_some_and(|start| start.eq_ignore_ascii_case(part));
    let first = parts.next().unwrap_or_default();
    if !pattern.contains('*') {
        return pattern.eq_ignore_ascii_case(id);
    }
    if !starts(id, first) {
        return false;
    }
    let mut rest = &id[first.len()..];
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            let tail = rest.len().checked_sub(part.len());
            return tail.and_then(|tail| rest.get(tail..)).is_some_and(|tail| tail.eq_ignore_ascii_case(part));
        }
        let Some(at) = (0..=rest.len()).find(|at| rest.get(*at..).is_some_and(|rest| starts(rest, part))) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_as_the_host_does() {
        for (pattern, id, expected) in [
            ("GPL-*", "GPL-3.0-only", true),
            ("gpl-3.0-ONLY", "GPL-3.0-only", true),
            ("GPL", "GPL-3.0-only", false),
            ("*GPL*only", "LGPL-2.1-only", true),
            ("*GPL*later", "LGPL-2.1-only", false),
            ("a*ab", "ab", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, id), expected, "{pattern} {id}");
        }
    }

    #[test]
    fn knows_licences_with_exceptions() {
        for good in ["GPL-2.0-only*Classpath-exception-2.0", "GPL-*WITH*Classpath-*", "*llvm-exception"] {
            assert!(means_exception(good), "{good}");
        }
        for bad in ["GPL-2.0-olny*Classpath-exception-2.0", "GPL-2.0-only*Clsspath", "AGLP-*", "GPL-*AND*Classpath-*"] {
            assert!(!means_exception(bad), "{bad}");
        }
    }
}
