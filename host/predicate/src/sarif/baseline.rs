//! New or old: which results of a run stood in an earlier report already.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use super::log::{ArtifactLocation, Entry, Message, Text};
use super::path::{Artifacts, Path};
use super::rules::Tool;
use crate::MOST_ALIKE;

/// So many fingerprints of one result are compared; of more, the last by name.
const MOST_PRINTS: usize = 16;

/// Texts as numbers by keys that nobody can guess, so that many results may share a long one.
#[derive(Default)]
pub(super) struct Keys(RandomState, RandomState);

/// One text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key(u64, u64);

impl Keys {
    fn of(&self, text: &str) -> Key {
        Key(self.0.hash_one(text), self.1.hash_one(text))
    }
}

/// What tells one result from another.
pub(super) struct Trait {
    /// By kind (`fingerprints` or `partialFingerprints`), name without version, and version.
    prints: Vec<Print>,
    rule: Key,
    path: Key,
    /// The text at the place, with one space for any.
    context: Option<Key>,
}

#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Print {
    whole: bool,
    name: String,
    version: u32,
    value: String,
}

/// Reads what tells the results of a run from each other. The text of a rule or an artifact that many point at is read once.
pub(super) struct Reader<'r, 'a> {
    keys: &'r Keys,
    tool: &'r Tool<'a>,
    artifacts: &'r Artifacts<'a>,
    /// By where the rule lies in memory.
    rules: HashMap<usize, Key>,
    /// By the index of the artifact.
    places: HashMap<usize, Key>,
    /// How many texts of rules and places were read.
    read: usize,
}

impl<'r, 'a> Reader<'r, 'a> {
    pub(super) fn new(keys: &'r Keys, tool: &'r Tool<'a>, artifacts: &'r Artifacts<'a>) -> Self {
        Self { keys, tool, artifacts, rules: HashMap::new(), places: HashMap::new(), read: 0 }
    }

    pub(super) fn read(&mut self, entry: &Entry<'a>) -> Trait {
        let mut prints = Vec::new();
        for (whole, map) in [(true, &entry.fingerprints), (false, &entry.partial_fingerprints)] {
            for (name, value) in map.iter().flatten().filter(|(_, value)| &***value != NO_PRINT) {
                let (name, version) = versioned(name);
                prints.push(Print { whole, name: name.to_owned(), version, value: value.to_string() });
            }
        }
        // The greatest versions first: two results are compared by the greatest that both have (3.27.16).
        prints.sort_by(|one, other| other.cmp(one));
        prints.truncate(MOST_PRINTS);
        prints.shrink_to_fit();
        let place = entry.locations.iter().flatten().find_map(|one| one.physical_location.as_ref());
        let region = place.and_then(|place| place.region.as_ref().or(place.context_region.as_ref()));
        let context = region.and_then(|region| region.snippet.as_ref()).and_then(text_of).map(|text| {
            let words: Vec<&str> = text.split_whitespace().collect();
            words.join(" ")
        });
        let context = context.filter(|context| !context.is_empty()).map(|context| self.keys.of(&context));
        let path = self.path(place.and_then(|place| place.artifact_location.as_ref()));
        Trait { prints, rule: self.rule(entry), path, context }
    }

    fn rule(&mut self, entry: &Entry<'a>) -> Key {
        let found = self.tool.rule_of(entry);
        let named = entry.rule_id.as_deref().or_else(|| entry.rule.as_ref()?.id.as_deref());
        let Some(rule) = found.rules.first().filter(|_| named.is_none()) else {
            return self.keys.of(named.unwrap_or_default());
        };
        *self.rules.entry(std::ptr::from_ref(*rule).addr()).or_insert_with(|| {
            self.read += 1;
            self.keys.of(&rule.id)
        })
    }

    fn path(&mut self, location: Option<&ArtifactLocation<'a>>) -> Key {
        let Some(location) = location else { return self.keys.of("") };
        let only = self.artifacts.only(location);
        if let Some(known) = only.and_then(|index| self.places.get(&index)) {
            return *known;
        }
        self.read += 1;
        let key = match self.artifacts.find(location) {
            Path::Within(path) => self.keys.of(&path),
            Path::Unknown => self.keys.of(self.artifacts.written(location).unwrap_or_default()),
        };
        if let Some(index) = only {
            self.places.insert(index, key);
        }
        key
    }
}

/// A fingerprint as numbers, so that comparing two costs the same however long they are.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Mark {
    whole: bool,
    name: u32,
    version: u32,
    value: u32,
}

impl Mark {
    fn key(self) -> (bool, u32, u32) {
        (self.whole, self.name, self.version)
    }
}

/// What both say about themselves in the greatest common version; nothing where they have no print in common. Both lists are
/// sorted, the greatest first, so that one pass is enough.
fn same_prints(one: &[Mark], other: &[Mark], whole: bool) -> Option<bool> {
    let mut theirs = other.iter().filter(|mark| mark.whole == whole).peekable();
    let (mut all, mut done) = (None, None);
    for mark in one.iter().filter(|mark| mark.whole == whole) {
        while theirs.next_if(|one| one.key() > mark.key()).is_some() {}
        let Some(one) = theirs.next_if(|one| one.key() == mark.key()) else { continue };
        if done != Some(mark.name) {
            done = Some(mark.name);
            all = Some(all.unwrap_or(true) && one.value == mark.value);
        }
    }
    all
}

/// The prints of results that say something, as numbers.
fn marks<'t>(all: &'t [Trait], ignored: &Ignored<'_>, numbers: &mut HashMap<&'t str, u32>) -> Vec<Vec<Mark>> {
    let mut number = |text: &'t str| {
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        *numbers.entry(text).or_insert(next)
    };
    let mut of = |one: &'t Trait| {
        let said = one.prints.iter().filter(|print| !ignored.contains(print));
        let mut marks: Vec<Mark> = said
            .map(|print| Mark {
                whole: print.whole,
                name: number(&print.name),
                version: print.version,
                value: number(&print.value),
            })
            .collect();
        marks.sort_unstable_by(|one, other| other.cmp(one));
        marks
    };
    all.iter().map(&mut of).collect()
}

type Ignored<'t> = HashSet<&'t Print>;

/// What semgrep writes into every fingerprint where nobody is logged in.
const NO_PRINT: &str = "requires login";

fn text_of<'m>(message: &'m Message<'_>) -> Option<&'m Text<'m>> {
    message.text.as_ref()
}

/// `stableResultHash/v2` is version 2 of `stableResultHash` (3.5.4.2); without a version it is version 0.
fn versioned(name: &str) -> (&str, u32) {
    let Some((base, version)) = name.rsplit_once('/') else { return (name, 0) };
    let digits = version.strip_prefix(['v', 'V']).unwrap_or(version);
    match digits.parse() {
        Ok(version) => (base, version),
        Err(_) => (name, 0),
    }
}

/// Which of the results now were there before. Each of before makes one of now old, so that a second of the same is new.
///
/// First by fingerprints, then by partial ones, then by rule, path and text at the place, then by how many of a rule there
/// are in a path. Two that have fingerprints in common, or both the text at their place, are never taken for the same by
/// anything less.
pub(super) fn old(now: &[Trait], before: &[Trait]) -> Vec<bool> {
    let ignored = constant(now, before);
    let mut numbers = HashMap::new();
    let (prints, prints_before) = (marks(now, &ignored, &mut numbers), marks(before, &ignored, &mut numbers));
    let (old, used) = (vec![false; now.len()], vec![false; before.len()]);
    let mut matching = Matching { now, before, prints, prints_before, old, used };
    matching.by_prints(true);
    matching.by_prints(false);
    matching.by_place(true);
    matching.by_place(false);
    matching.old
}

/// Prints that say nothing: one value on more results than [`MOST_ALIKE`], or on results of different rules.
fn constant<'t>(now: &'t [Trait], before: &'t [Trait]) -> Ignored<'t> {
    let mut ignored = Ignored::new();
    for side in [now, before] {
        let mut known: HashMap<&Print, (usize, Key)> = HashMap::new();
        for one in side {
            for print in &one.prints {
                let (count, rule) = known.entry(print).or_insert((0, one.rule));
                *count += 1;
                if *count > MOST_ALIKE || *rule != one.rule {
                    ignored.insert(print);
                }
            }
        }
    }
    ignored
}

struct Matching<'t> {
    now: &'t [Trait],
    before: &'t [Trait],
    /// What is left of their fingerprints.
    prints: Vec<Vec<Mark>>,
    prints_before: Vec<Vec<Mark>>,
    old: Vec<bool>,
    used: Vec<bool>,
}

impl Matching<'_> {
    fn by_prints(&mut self, whole: bool) {
        // No list is longer than `MOST_ALIKE`: what is on more results is ignored.
        let mut places: HashMap<Mark, Vec<usize>> = HashMap::new();
        for (index, prints) in self.prints_before.iter().enumerate() {
            for print in prints.iter().filter(|print| print.whole == whole) {
                places.entry(*print).or_default().push(index);
            }
        }
        for (index, one) in self.now.iter().enumerate() {
            if self.old[index] {
                continue;
            }
            let candidates = self.prints[index].iter().filter_map(|print| places.get(print)).flatten();
            let found = candidates.copied().take(4 * MOST_ALIKE).find(|&candidate| {
                !self.used[candidate]
                    && self.before[candidate].rule == one.rule
                    && self.agree(index, candidate, whole) == Some(true)
            });
            if let Some(found) = found {
                self.used[found] = true;
                self.old[index] = true;
            }
        }
    }

    /// By the stronger kind where both have it; only then by the weaker one.
    fn agree(&self, now: usize, before: usize, whole: bool) -> Option<bool> {
        let (one, other) = (&self.prints[now], &self.prints_before[before]);
        match same_prints(one, other, true) {
            None if !whole => same_prints(one, other, false),
            by_whole if whole => by_whole,
            _ => None,
        }
    }

    fn by_place(&mut self, with_context: bool) {
        let mut places: HashMap<(Key, Key, Option<Key>), Vec<usize>> = HashMap::new();
        for (index, one) in self.before.iter().enumerate().filter(|(index, _)| !self.used[*index]) {
            if !with_context || one.context.is_some() {
                let context = one.context.filter(|_| with_context);
                places.entry((one.rule, one.path, context)).or_default().push(index);
            }
        }
        for (index, one) in self.now.iter().enumerate() {
            if self.old[index] || (with_context && one.context.is_none()) {
                continue;
            }
            let context = one.context.filter(|_| with_context);
            let Some(places) = places.get_mut(&(one.rule, one.path, context)) else { continue };
            // A list may be long, but each look into it is bounded: from its end, so that taking one out is cheap.
            let look = (places.len().saturating_sub(MOST_ALIKE)..places.len()).rev();
            let found = look.into_iter().find(|&place| {
                let other = &self.before[places[place]];
                let (at, whole) = (places[place], self.agree(index, places[place], true));
                let told = whole.or_else(|| self.agree(index, at, false));
                let contexts_differ = !with_context && one.context.is_some() && other.context.is_some();
                told.is_none() && !contexts_differ
            });
            if let Some(found) = found {
                self.used[places.swap_remove(found)] = true;
                self.old[index] = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static KEYS: std::sync::LazyLock<Keys> = std::sync::LazyLock::new(Keys::default);

    fn one(prints: &[(&str, &str)], rule: &str, path: &str, context: Option<&str>) -> Trait {
        let mut prints: Vec<Print> = prints
            .iter()
            .map(|(name, value)| {
                let (name, version) = versioned(name);
                let whole = !name.starts_with("partial");
                Print { whole, name: name.to_owned(), version, value: (*value).to_owned() }
            })
            .collect();
        prints.sort_by(|one, other| other.cmp(one));
        let key = |text: &str| KEYS.of(text);
        Trait { prints, rule: key(rule), path: key(path), context: context.map(key) }
    }

    #[test]
    fn reads_the_version_of_a_fingerprint() {
        assert_eq!(versioned("stable/v2"), ("stable", 2));
        assert_eq!(versioned("stable/3"), ("stable", 3));
        assert_eq!(versioned("a/b/v1"), ("a/b", 1));
        assert_eq!(versioned("matchBasedId/x"), ("matchBasedId/x", 0));
        assert_eq!(versioned("plain"), ("plain", 0));
    }

    #[test]
    fn compares_by_the_greatest_common_version() {
        let before = [one(&[("h/v1", "a"), ("h/v2", "b")], "r", "p", None)];
        assert_eq!(old(&[one(&[("h/v1", "x"), ("h/v2", "b"), ("h/v3", "c")], "r", "p", None)], &before), [true]);
        assert_eq!(old(&[one(&[("h/v1", "a"), ("h/v2", "x")], "r", "p", None)], &before), [false]);
        assert_eq!(old(&[one(&[("h/v1", "a")], "r", "p", None)], &before), [true]);
    }

    #[test]
    fn takes_a_fingerprint_for_more_than_a_partial_one_and_that_for_more_than_a_place() {
        let before = [one(&[("h/v1", "a"), ("partial/v1", "q")], "r", "p", Some("x = 1"))];
        let differs = one(&[("h/v1", "z"), ("partial/v1", "q")], "r", "p", Some("x = 1"));
        assert_eq!(old(&[differs], &before), [false]);
        assert_eq!(old(&[one(&[("partial/v1", "q")], "r", "elsewhere", None)], &before), [true]);
        assert_eq!(old(&[one(&[("partial/v1", "q")], "other", "p", None)], &before), [false]);
        assert_eq!(old(&[one(&[("partial/v1", "z")], "r", "p", Some("x = 1"))], &before), [false]);
        assert_eq!(old(&[one(&[], "r", "p", Some("x = 1"))], &before), [true]);
        assert_eq!(old(&[one(&[], "r", "p", Some("x = 2"))], &before), [false]);
        assert_eq!(old(&[one(&[], "r", "p", None)], &before), [true], "by count");
        assert_eq!(old(&[one(&[], "r", "q", None)], &before), [false]);
    }

    #[test]
    fn takes_the_second_of_the_same_for_new() {
        let before = [one(&[("h/v1", "a")], "r", "p", None)];
        let now = [one(&[("h/v1", "a")], "r", "p", None), one(&[("h/v1", "a")], "r", "p", None)];
        assert_eq!(old(&now, &before), [true, false]);
        let before = [one(&[], "r", "p", None), one(&[], "r", "p", None)];
        let now: Vec<Trait> = (0..3).map(|_| one(&[], "r", "p", None)).collect();
        assert_eq!(old(&now, &before).iter().filter(|old| **old).count(), 2);
    }

    #[test]
    fn ignores_a_fingerprint_that_every_result_has() {
        let all: Vec<Trait> = (0..=MOST_ALIKE).map(|n| one(&[("h/v1", "same")], "r", &format!("p{n}"), None)).collect();
        assert_eq!(old(&[one(&[("h/v1", "same")], "r", "elsewhere", None)], &all), [false]);
        assert_eq!(old(&all[..1], &all), [true], "by its place");
        let before = [one(&[("h/v1", "same")], "r", "p", None), one(&[("h/v1", "same")], "s", "p", None)];
        assert_eq!(old(&[one(&[("h/v1", "same")], "r", "q", None)], &before), [false], "two rules share it");
    }

    #[test]
    fn reads_what_many_results_share_once_and_keeps_none_of_it() {
        let text = format!(
            r#"{{"tool": {{"driver": {{"rules": [{{"id": "{}"}}]}}}}, "originalUriBaseIds": {{"S": {{"uri": "{}"}}}},
            "artifacts": [{{"location": {{"uri": "a.py", "uriBaseId": "S"}}}}], "results": [{}]}}"#,
            "r".repeat(4_000),
            "d/".repeat(500),
            vec![r#"{"ruleIndex": 0, "locations": [{"physicalLocation": {"artifactLocation": {"index": 0}}}]}"#; 1_000]
                .join(",")
        );
        let text = crate::Text::read(text.as_bytes()).expect("JSON");
        let tool = Tool::read(text.root(), "").expect("a tool");
        let artifacts = Artifacts::read(text.root(), None);
        let mut reader = Reader::new(&KEYS, &tool, &artifacts);
        let results = text.root().list("results");
        let all: Vec<Trait> =
            results.map(|piece| reader.read(&super::super::log::json(piece).expect("a result"))).collect();
        assert_eq!((all.len(), reader.read), (1_000, 2), "one rule and one path");
        assert!(size_of::<Trait>() * all.len() <= text.as_str().len(), "{} bytes each", size_of::<Trait>());
        assert_eq!(all[0].rule, KEYS.of(&"r".repeat(4_000)));
        assert_eq!(all[0].path, KEYS.of(&format!("{}a.py", "d/".repeat(500))));
    }
}
