//! Whether a result falls within a scope. What is not known of a result never keeps it out of one.

use std::borrow::Cow;

use super::ask::Scope;
use super::glob::{holds, matches};
use super::log::Entry;
use super::path::{Artifacts, Path};
use super::rules::Found;
use super::taxa::{Taxonomies, weaknesses_of_bag, words};
use crate::{MAX_BASES, MAX_NAME};

/// What of a result decides about scopes.
pub(super) struct Traits<'r> {
    /// Where it is: any of its places is enough. None: nobody can tell.
    pub(super) paths: Vec<Path>,
    /// What it calls its rule, in every way it does; none: nothing.
    pub(super) rules: Vec<&'r str>,
    pub(super) tags: Vec<Cow<'r, str>>,
    pub(super) cwe: Vec<u32>,
    /// Its rule is not described, or nobody can tell which it is.
    pub(super) vague: bool,
}

impl<'r> Traits<'r> {
    /// `paths`: whether anybody asks for them.
    pub(super) fn of<'a>(
        entry: &'r Entry<'a>,
        found: &Found<'r, 'a>,
        taxa: &Taxonomies<'a>,
        artifacts: Option<&Artifacts<'a>>,
    ) -> Self {
        let mut rules: Vec<&'r str> = found.rules.iter().map(|rule| &*rule.id).collect();
        rules.extend(entry.rule_id.as_deref());
        rules.extend(entry.rule.as_ref().and_then(|rule| rule.id.as_deref()));
        rules.retain(|id| !id.is_empty());
        if rules.iter().any(|id| id.len() > MAX_NAME) {
            rules.clear();
        }
        // Nobody asks for the tags of what may be about anything.
        let vague = !found.is_sure();
        let known = || found.rules.iter().filter(|_| !vague);
        let mut tags: Vec<Cow<'r, str>> = known().flat_map(|rule| &rule.tags).map(|tag| tag.as_str().into()).collect();
        let mut cwe: Vec<u32> = known().flat_map(|rule| &rule.cwe).copied().collect();
        if let Some(bag) = &entry.properties {
            tags.extend(words(bag.tags.as_ref()).into_iter().map(Cow::Owned));
            cwe.extend(weaknesses_of_bag(bag));
        }
        cwe.extend(entry.taxa.iter().flatten().filter_map(|taxon| taxa.weakness(taxon)));
        let locations = entry.locations.iter().flatten();
        let places = locations.filter_map(|one| one.physical_location.as_ref()?.artifact_location.as_ref());
        let paths = artifacts.map(|artifacts| places.map(|place| artifacts.find(place).0).collect());
        Self { paths: paths.unwrap_or_default(), rules, tags, cwe, vague }
    }
}

impl Scope {
    /// Whether it asks where something is.
    pub(super) fn asks_for_paths(&self) -> bool {
        !self.paths.is_empty() || !self.exclude.is_empty()
    }

    /// Whether the tool of a run matters to it.
    pub(super) fn is_about(&self, tool: &str) -> bool {
        self.tools.is_empty() || self.tools.iter().any(|name| name.to_lowercase() == tool.to_lowercase())
    }

    pub(super) fn holds(&self, traits: &Traits<'_>) -> bool {
        self.holds_rule(traits) && self.holds_tags(traits) && self.holds_cwe(traits) && self.holds_path(traits)
    }

    fn holds_rule(&self, traits: &Traits<'_>) -> bool {
        self.rules.is_empty()
            || traits.rules.is_empty()
            || self.rules.iter().any(|pattern| traits.rules.iter().any(|rule| holds_id(pattern, rule)))
    }

    fn holds_tags(&self, traits: &Traits<'_>) -> bool {
        let has = |wanted: &String| traits.tags.iter().any(|tag| tag.eq_ignore_ascii_case(wanted));
        self.tags.is_empty() || traits.vague || self.tags.iter().any(has)
    }

    fn holds_cwe(&self, traits: &Traits<'_>) -> bool {
        self.cwe.is_empty() || traits.vague || self.cwe.iter().any(|wanted| traits.cwe.contains(wanted))
    }

    fn holds_path(&self, traits: &Traits<'_>) -> bool {
        if !self.asks_for_paths() || traits.paths.is_empty() {
            return true;
        }
        traits.paths.iter().any(|path| match path {
            Path::Unknown => true,
            Path::Within(path) => {
                (self.paths.is_empty() || self.paths.iter().any(|pattern| holds(pattern, path)))
                    && !self.exclude.iter().any(|pattern| holds(pattern, path))
            }
        })
    }
}

/// `CA1000/1` is a kind of `CA1000` (3.27.5), so that a pattern of the one holds the other.
fn holds_id(pattern: &str, id: &str) -> bool {
    let ends = id.match_indices('/').map(|(at, _)| at).take(MAX_BASES);
    matches(pattern, id) || ends.into_iter().any(|at| matches(pattern, &id[..at]))
}
