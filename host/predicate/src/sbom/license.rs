//! Licences: whether an expression is one by SPDX's list, and whether it can be satisfied without a denied licence.

use std::collections::HashMap;

use spdx::{Expression, LicenseItem, LicenseReq, ParseMode};

use super::ask::no_pattern;
use super::purl::wildcard;
use super::says;

/// Deprecated names are names; whether they may be used is the policy's to say.
const MODE: ParseMode = ParseMode { allow_deprecated: true, ..ParseMode::STRICT };
/// The same with the old names `GPL-2.0+` and their like, which are on the list as well.
const OLD: ParseMode = ParseMode { allow_postfix_plus_on_gpl: true, ..MODE };

/// How a text begins that stands where a licence is named and cannot be read: it could be any.
pub(crate) const UNREADABLE: &str = "(unreadable: ";

/// Longer expressions are taken for none.
const MOST_EXPRESSION: usize = 4_000;
/// Longer words are no ids.
const MOST_WORD: usize = 100;
/// So many expressions are remembered.
const MOST_KNOWN: usize = 10_000;

/// A pattern over the ids of licences, blind to case.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pub(crate) text: String,
    lower: String,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Result<Self, String> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.+*:".contains(&byte);
        if text.is_empty() || !text.bytes().all(plain) {
            return Err(no_pattern(text, "licences; write an id such as `AGPL-3.0-only` or `GPL-*`"));
        }
        Ok(Self { text: text.to_owned(), lower: text.to_ascii_lowercase() })
    }

    fn matches(&self, name: &str) -> bool {
        wildcard(&self.lower, &name.to_ascii_lowercase())
    }
}

/// What one licence text comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// It says something (not `NOASSERTION`, `NONE`).
    pub(crate) says: bool,
    /// It is an expression over listed ids and LicenseRefs.
    pub(crate) valid: bool,
    /// One of its ids is deprecated.
    pub(crate) deprecated: bool,
    /// It cannot be had without a licence of this pattern.
    pub(crate) denied: Option<usize>,
}

/// The judge of licences; components repeat them.
pub(crate) struct Licenses<'k> {
    patterns: &'k [Pattern],
    known: HashMap<String, Verdict>,
}

impl<'k> Licenses<'k> {
    pub(crate) fn new(patterns: &'k [Pattern]) -> Self {
        Self { patterns, known: HashMap::new() }
    }

    pub(crate) fn judge(&mut self, text: &str) -> Verdict {
        if let Some(verdict) = self.known.get(text) {
            return *verdict;
        }
        let verdict = verdict(text, self.patterns);
        if self.known.len() < MOST_KNOWN && text.len() <= MOST_EXPRESSION {
            self.known.insert(text.to_owned(), verdict);
        }
        verdict
    }
}

fn verdict(text: &str, patterns: &[Pattern]) -> Verdict {
    let nothing = Verdict { says: false, valid: false, deprecated: false, denied: None };
    if !says(text) {
        return nothing;
    }
    if text.contains(UNREADABLE) {
        let denied = named(text, patterns).or((!patterns.is_empty()).then_some(0));
        return Verdict { says: true, denied, ..nothing };
    }
    let expression = Some(text).filter(|text| text.len() <= MOST_EXPRESSION);
    let Some((expression, old)) = expression.and_then(parsed) else {
        return Verdict { says: true, denied: named(text, patterns), ..nothing };
    };
    let mut denied = None;
    let possible = expression.evaluate(|licence| {
        let pattern = first(licence, patterns);
        denied = denied.or(pattern);
        pattern.is_none()
    });
    if possible {
        denied = None;
    } else {
        // Where one pattern alone rules it out, that is the one to name.
        let alone =
            |pattern: &Pattern| !expression.evaluate(|licence| first(licence, std::slice::from_ref(pattern)).is_none());
        denied = patterns.iter().position(alone).or(denied);
    }
    let deprecated =
        old || expression.requirements().any(|wanted| wanted.req.license.id().is_some_and(|id| id.is_deprecated()));
    Verdict { says: true, valid: true, deprecated, denied }
}

/// Reads an expression, and whether it has a `+` behind an id of the GNU family, as nobody should write any more.
fn parsed(text: &str) -> Option<(Expression, bool)> {
    if let Ok(expression) = Expression::parse_mode(text, MODE) {
        return Some((expression, false));
    }
    let nonsense = text.contains("-only+") || text.contains("-or-later+");
    let old = Expression::parse_mode(text, OLD).ok().filter(|_| !nonsense)?;
    Some((old, true))
}

/// The first pattern that means a licence, with or without its exception.
fn first(licence: &LicenseReq, patterns: &[Pattern]) -> Option<usize> {
    let (whole, item) = (licence.to_string(), licence.license.to_string());
    let today = today(&licence.license);
    patterns.iter().position(|pattern| {
        pattern.matches(&whole)
            || pattern.matches(&item)
            || today.as_deref().is_some_and(|today| pattern.matches(today))
    })
}

/// The name by which a deprecated id of the GNU family goes today, so that `AGPL-3.0` does not pass where `AGPL-3.0-only` is denied.
fn today(item: &LicenseItem) -> Option<String> {
    let LicenseItem::Spdx { id, or_later } = item else { return None };
    if !id.is_gnu() || id.name.ends_with("-only") || id.name.ends_with("-or-later") {
        return None;
    }
    // `GPL-2.0-with-classpath-exception` is `GPL-2.0-only` with an exception.
    let base = id.name.split("-with-").next()?.trim_end_matches('+');
    Some(format!("{base}{}", if *or_later || id.name.ends_with('+') { "-or-later" } else { "-only" }))
}

/// The id of the licence of SPDX's list that goes by a name, be it its id or the one in full.
pub(crate) fn listed(name: &str) -> Option<&'static str> {
    let name = name.trim();
    let is_name = |known: &str| known.eq_ignore_ascii_case(name);
    let mut known = spdx::identifiers::LICENSES.iter().filter(|license| license.name != "NOASSERTION");
    known.find(|license| is_name(license.name) || is_name(license.full_name)).map(|license| license.name)
}

/// In a text that is no expression every word may be the name of a licence: free names are no way past a deny list.
fn named(text: &str, patterns: &[Pattern]) -> Option<usize> {
    let part = |character: char| character.is_ascii_alphanumeric() || "-.+:".contains(character);
    let words = text.split(|character| !part(character)).filter(|word| !word.is_empty());
    let meant = |word: &str| {
        let (expression, _) = Some(word).filter(|word| word.len() <= MOST_WORD).and_then(parsed)?;
        expression.requirements().filter_map(|wanted| first(&wanted.req, patterns)).min()
    };
    let any = |word: &str| patterns.iter().position(|pattern| pattern.matches(word)).or_else(|| meant(word));
    words.filter_map(any).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denies_what_cannot_be_had_without_a_denied_licence() {
        let patterns: Vec<Pattern> =
            ["AGPL-3.0-only", "GPL-*"].iter().map(|text| Pattern::new(text).expect("a pattern")).collect();
        let mut licenses = Licenses::new(&patterns);
        for (text, valid, denied) in [
            ("MIT", true, None),
            ("MIT OR GPL-3.0-only", true, None),
            ("MIT AND GPL-3.0-only", true, Some(1)),
            ("(MIT OR GPL-3.0-only) AND AGPL-3.0-only", true, Some(0)),
            ("GPL-2.0-only WITH Classpath-exception-2.0", true, Some(1)),
            ("GPL-3.0-or-later", true, Some(1)),
            ("AGPL-3.0", true, Some(0)),
            ("AGPL-3.0-or-later", true, None),
            ("agpl-3.0-only", false, Some(0)),
            ("GPL-3.0-only or whatever it takes", false, Some(1)),
            ("LGPL-2.1-only", true, None),
            ("LicenseRef-mine AND MIT", true, None),
            ("The MIT License", false, None),
            ("MIT OR", false, None),
        ] {
            let verdict = licenses.judge(text);
            assert_eq!((verdict.valid, verdict.denied), (valid, denied), "{text}: {verdict:?}");
            assert!(verdict.says);
            assert_eq!(licenses.judge(text), verdict, "remembered");
        }
        assert!(licenses.judge("AGPL-3.0").deprecated && !licenses.judge("AGPL-3.0-only").deprecated);
        let today = ["GPL-2.0-only", "LGPL-2.1-or-later"].map(|text| Pattern::new(text).expect("a pattern"));
        for old in ["GPL-2.0", "GPL-2.0-with-classpath-exception", "LGPL-2.1+", "MIT AND LGPL-2.1+"] {
            let verdict = Licenses::new(&today).judge(old);
            assert!(
                verdict.denied.is_some() && verdict.valid && verdict.deprecated,
                "{old} goes by another name today"
            );
        }
        for free in ["LGPL-2.1+ or Artistic", "GPL-2.0 (see COPYING)"] {
            let verdict = Licenses::new(&today).judge(free);
            assert!(verdict.denied.is_some() && !verdict.valid, "{free} is no expression, and names one");
        }
        assert!(!Licenses::new(&today).judge("GPL-2.0-only+").valid);
        for nothing in ["NOASSERTION", "NONE", "", " "] {
            assert!(!licenses.judge(nothing).says && !licenses.judge(nothing).valid, "{nothing}");
        }
        assert!(!licenses.judge(&"(".repeat(1_000_000)).valid);
        assert!(Pattern::new("GPL 3").is_err() && Pattern::new("").is_err());
    }
}
