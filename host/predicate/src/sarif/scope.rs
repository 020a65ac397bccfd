//! Whether a result falls within a scope. What is not known of a result never keeps it out of one.

use std::collections::HashMap;

use super::ask::Scope;
use super::glob::{holds, matches};
use super::log::{Entry, Location};
use super::path::{Artifacts, Path};
use super::rules::{Found, Rule};
use super::taxa::{Taxonomies, is_tag, weaknesses_of_bag, words};
use crate::{MAX_BASES, MAX_NAME, MAX_SCOPES};

/// One bit for each scope.
type Bits = u64;

const ALL: Bits = Bits::MAX;
const _: () = assert!(MAX_SCOPES <= Bits::BITS as usize);

/// The scopes of a run, and what was found out about the rules and artifacts that its results share: each is compared with the
/// patterns once, however many results point at it.
pub(super) struct Scopes<'s, 'a> {
    /// Those that are not about the tool of the run are left out.
    all: Vec<Option<&'s Scope>>,
    /// None: nobody asks for paths.
    artifacts: Option<&'s Artifacts<'a>>,
    /// By where the rule lies in memory.
    rules: HashMap<usize, OfRule>,
    /// By the index of the artifact.
    places: HashMap<usize, OfPlace>,
    /// How many texts of results, rules and artifacts were compared with patterns.
    compared: usize,
}

/// Which scopes hold what is about a rule.
#[derive(Clone, Copy)]
struct OfRule {
    id: Bits,
    tags: Bits,
    cwe: Bits,
}

/// Which scopes hold a place by their `paths`, and which do not exclude it.
#[derive(Clone, Copy)]
struct OfPlace {
    within: Bits,
    not_excluded: Bits,
}

impl<'s, 'a> Scopes<'s, 'a> {
    pub(super) fn new(all: &'s [Scope], tool: &str, artifacts: &'s Artifacts<'a>) -> Self {
        let asked = all.iter().any(Scope::asks_for_paths);
        let all = all.iter().map(|scope| scope.is_about(tool).then_some(scope)).collect();
        let artifacts = asked.then_some(artifacts);
        Self { all, artifacts, rules: HashMap::new(), places: HashMap::new(), compared: 0 }
    }

    /// Which scopes hold a result.
    pub(super) fn of(&mut self, entry: &Entry<'a>, found: &Found<'_, 'a>, taxa: &Taxonomies<'a>) -> Bits {
        let rules: Vec<OfRule> = found.rules.iter().map(|rule| self.of_rule(rule)).collect();
        let any = |of: fn(&OfRule) -> Bits| rules.iter().map(of).fold(0, |all, one| all | one);
        let by_id = self.by_id(entry, found, any(|rule| rule.id));
        let (mut tags, mut cwe) = (any(|rule| rule.tags), any(|rule| rule.cwe));
        // Of what may be about anything nobody can tell that it lacks a tag.
        if !found.is_sure() {
            (tags, cwe) = (ALL, ALL);
        }
        let bag = entry.properties.as_ref();
        tags |= self.by_tags(&words(bag.and_then(|bag| bag.tags.as_ref())));
        let mut own: Vec<u32> = bag.map(weaknesses_of_bag).unwrap_or_default();
        own.extend(entry.taxa.iter().flatten().flat_map(|taxon| taxa.weaknesses(taxon)));
        cwe |= self.by_cwe(&own);
        let concerned = self.bits(|_| true);
        concerned & by_id & tags & cwe & self.by_places(entry.locations.as_deref().unwrap_or_default())
    }

    /// What cannot be read is in all of them.
    pub(super) fn concerned(&self) -> Bits {
        self.bits(|_| true)
    }

    fn bits(&self, holds: impl Fn(&Scope) -> bool) -> Bits {
        let bit = |(index, scope): (usize, &Option<&Scope>)| Bits::from(scope.is_some_and(&holds)) << index;
        self.all.iter().enumerate().map(bit).fold(0, |all, one| all | one)
    }

    fn of_rule(&mut self, rule: &Rule<'a>) -> OfRule {
        let at = std::ptr::from_ref(rule).addr();
        if let Some(known) = self.rules.get(&at) {
            return *known;
        }
        let id = if rule.id.is_empty() { 0 } else { self.by_name(&rule.id) };
        let known = OfRule { id, tags: self.by_tags(&rule.tags), cwe: self.by_cwe(&rule.cwe) };
        self.rules.insert(at, known);
        known
    }

    /// By what a result calls its rule, in every way it does, and by what its rules are called.
    fn by_id(&mut self, entry: &Entry<'a>, found: &Found<'_, 'a>, by_rules: Bits) -> Bits {
        let own = [entry.rule_id.as_deref(), entry.rule.as_ref().and_then(|rule| rule.id.as_deref())];
        let own = || own.into_iter().flatten().filter(|id| !id.is_empty());
        let known = |id: &str| found.rules.iter().any(|rule| rule.id == id);
        let nameless = own().next().is_none() && !found.rules.iter().any(|rule| !rule.id.is_empty());
        if nameless || own().any(|id| id.len() > MAX_NAME) {
            return ALL;
        }
        own().filter(|id| !known(id)).fold(by_rules, |all, id| all | self.by_name(id))
    }

    fn by_name(&mut self, id: &str) -> Bits {
        self.compared += 1;
        self.bits(|scope| scope.rules.is_empty() || scope.rules.iter().any(|pattern| holds_id(pattern, id)))
    }

    fn by_tags(&self, tags: &[String]) -> Bits {
        let has = |wanted: &String| tags.iter().any(|tag| is_tag(tag, wanted));
        self.bits(|scope| scope.tags.is_empty() || scope.tags.iter().any(has))
    }

    fn by_cwe(&self, cwe: &[u32]) -> Bits {
        self.bits(|scope| scope.cwe.is_empty() || scope.cwe.iter().any(|wanted| cwe.contains(wanted)))
    }

    /// One place within is enough, and one that is not excluded; a place that nobody can tell is both.
    fn by_places(&mut self, locations: &[Location<'a>]) -> Bits {
        let Some(artifacts) = self.artifacts.filter(|_| !locations.is_empty()) else { return ALL };
        let (mut within, mut not_excluded) = (0, 0);
        for location in locations {
            let place = location.physical_location.as_ref().and_then(|place| place.artifact_location.as_ref());
            let only = place.and_then(|place| artifacts.only(place));
            let known = only.and_then(|index| self.places.get(&index).copied());
            let of = known.unwrap_or_else(|| self.by_path(&place.map_or(Path::Unknown, |place| artifacts.find(place))));
            if let Some(index) = only {
                self.places.insert(index, of);
            }
            within |= of.within;
            not_excluded |= of.not_excluded;
        }
        within & not_excluded
    }

    fn by_path(&mut self, path: &Path) -> OfPlace {
        let Path::Within(path) = path else { return OfPlace { within: ALL, not_excluded: ALL } };
        self.compared += 1;
        let any = |patterns: &[String]| patterns.iter().any(|pattern| holds(pattern, path));
        OfPlace {
            within: self.bits(|scope| scope.paths.is_empty() || any(&scope.paths)),
            not_excluded: self.bits(|scope| !any(&scope.exclude)),
        }
    }
}

impl Scope {
    /// Whether it asks where something is.
    fn asks_for_paths(&self) -> bool {
        !self.paths.is_empty() || !self.exclude.is_empty()
    }

    /// Whether the tool of a run matters to it.
    fn is_about(&self, tool: &str) -> bool {
        self.tools.is_empty() || self.tools.iter().any(|name| name.to_lowercase() == tool.to_lowercase())
    }
}

/// `CA1000/1` is a kind of `CA1000` (3.27.5), so that a pattern of the one holds the other.
fn holds_id(pattern: &str, id: &str) -> bool {
    let ends = id.match_indices('/').map(|(at, _)| at).take(MAX_BASES);
    matches(pattern, id) || ends.into_iter().any(|at| matches(pattern, &id[..at]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Text;
    use crate::sarif::log::json_or_default;
    use crate::sarif::rules::Tool;

    /// Which of the scopes hold each result of a run, and how many texts were compared for that.
    fn held(run: &str, scopes: &str) -> (Vec<Bits>, usize) {
        let text = Text::read(run.as_bytes()).expect("JSON");
        let all: Vec<Scope> = serde_json::from_str(scopes).expect("scopes");
        let tool = Tool::read(text.root(), "").expect("a tool");
        let artifacts = Artifacts::read(text.root(), None);
        let mut scopes = Scopes::new(&all, "", &artifacts);
        let results = text.root().list("results").map(|piece| {
            let entry: Entry<'_> = json_or_default(Some(piece));
            scopes.of(&entry, &tool.rule_of(&entry), &tool.taxonomies)
        });
        (results.collect(), scopes.compared)
    }

    #[test]
    fn compares_what_many_results_share_once() {
        let place = |inner: &str| {
            format!(r#"{{"ruleIndex": 0, "locations": [{{"physicalLocation": {{"artifactLocation": {{{inner}}}}}}}]}}"#)
        };
        let results = [r#""index": 0"#, r#""index": 1"#, r#""index": 0, "uri": "a.py", "uriBaseId": "S""#].map(place);
        let run = format!(
            r#"{{"tool": {{"driver": {{"rules": [{{"id": "{}"}}]}}}}, "originalUriBaseIds": {{"S": {{"uri": "{}"}}}}, "artifacts":
            [{{"location": {{"uri": "a.py", "uriBaseId": "S"}}}}, {{"location": {{"uri": "src/b.py"}}}}], "results": [{}]}}"#,
            "r/".repeat(2_000),
            "d/".repeat(500),
            vec![results.join(","); 1_000].join(",")
        );
        let scopes = r#"[{"paths": ["src/**"]}, {"exclude": ["d/**"]}, {"rules": ["r/**"]}, {"rules": ["x"]}]"#;
        let (held, compared) = held(&run, scopes);
        assert_eq!(held.len(), 3_000);
        assert_eq!(held[..3], [0b0100, 0b0111, 0b0100]);
        assert_eq!(compared, 3, "one rule and two artifacts");
    }
}
