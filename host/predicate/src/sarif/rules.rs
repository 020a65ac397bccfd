//! Which rule a result is about, and what is known of that rule.

use std::borrow::Cow;
use std::collections::HashMap;

use super::log::{Bag, ComponentReference, ComponentText, Descriptor, Entry, Reference, Text, json, json_or_default};
use super::severity::{Level, Score, Severity};
use super::taxa::{Names, Taxonomies, weaknesses_of_bag, words};
use crate::piece::Elements;
use crate::{MAX_BASES, MAX_EXTENSIONS, MAX_NAME, MAX_TAGS, Piece, Unreadable};

/// So many descriptors of one id are held against each result that may mean any of them; the worst of them.
const MOST_MEANT: usize = 16;

/// A descriptor as far as it matters: a rule, or a notification that the tool may raise.
pub(super) struct Rule<'a> {
    pub(super) id: Cow<'a, str>,
    guid: Option<Text<'a>>,
    pub(super) level: Option<Level>,
    pub(super) enabled: bool,
    pub(super) score: Score,
    pub(super) tags: Vec<String>,
    pub(super) cwe: Vec<u32>,
    /// It says more about itself than anybody compares results with: it may be about anything.
    pub(super) overfull: bool,
    /// Where its `messageStrings` stand.
    pub(super) strings: Option<Piece<'a>>,
}

impl<'a> Rule<'a> {
    fn read(piece: Piece<'a>, taxonomies: &Taxonomies<'a>) -> Self {
        // A descriptor that cannot be read (its document is not valid) says nothing, and what is about it counts as high.
        let Some(descriptor) = json::<Descriptor<'a>>(piece) else {
            return Self {
                id: Cow::Borrowed(""),
                guid: None,
                level: Some(Level::Error),
                enabled: true,
                score: Score::Unreadable,
                tags: Vec::new(),
                cwe: Vec::new(),
                overfull: true,
                strings: None,
            };
        };
        let configuration = descriptor.default_configuration.unwrap_or_default();
        let bag = descriptor.properties.unwrap_or_default();
        let mut tags = words(bag.tags.as_ref());
        let mut cwe = weaknesses_of_bag(&bag);
        for relationship in descriptor.relationships.iter().flatten() {
            cwe.extend(taxonomies.weaknesses(&relationship.target));
        }
        // Each of many results is compared with these: a stranger's text must not decide how long that takes.
        let id = descriptor.id.unwrap_or_default().0;
        let overfull = id.len() > MAX_NAME || tags.len() > MAX_TAGS || cwe.len() > MAX_TAGS;
        if overfull {
            tags.clear();
            cwe.clear();
        }
        Self {
            id: if id.len() > MAX_NAME { Cow::Borrowed("") } else { id },
            overfull,
            guid: descriptor.guid,
            level: configuration.level.map(|level| Level::read(&level).unwrap_or(Level::Error)),
            enabled: configuration.enabled.unwrap_or(true),
            score: Score::read(bag.security_severity.as_ref()),
            tags,
            cwe,
            strings: piece.get("messageStrings"),
        }
    }

    /// What the document's author says of the bag of a result, which is read the same way.
    pub(super) fn score_of(bag: Option<&Bag>) -> Score {
        Score::read(bag.and_then(|bag| bag.security_severity.as_ref()))
    }
}

/// A list of descriptors, found by index, id or guid.
#[derive(Default)]
pub(super) struct Descriptors<'a> {
    pub(super) all: Vec<Rule<'a>>,
    /// The first of that id, and of all that share it the one with the worst score.
    by_id: HashMap<String, (usize, Option<usize>)>,
    /// The first of that guid, in lower case.
    by_guid: HashMap<String, usize>,
}

impl<'a> Descriptors<'a> {
    fn read(pieces: Elements<'a>, taxonomies: &Taxonomies<'a>) -> Self {
        let all: Vec<Rule<'a>> = pieces.map(|piece| Rule::read(piece, taxonomies)).collect();
        let mut by_id: HashMap<String, (usize, Option<usize>)> = HashMap::with_capacity(all.len());
        let bad = |index: usize| (severity(&all[index]), index);
        for (index, rule) in all.iter().enumerate() {
            by_id
                .entry(rule.id.to_string())
                .and_modify(|(first, worst)| {
                    *worst = Some(bad(worst.unwrap_or(*first)).max(bad(index)).1);
                })
                .or_insert((index, None));
        }
        let mut by_guid = HashMap::new();
        for (index, guid) in all.iter().enumerate().filter_map(|(index, rule)| Some((index, rule.guid.as_deref()?))) {
            by_guid.entry(guid.to_ascii_lowercase()).or_insert(index);
        }
        Self { all, by_id, by_guid }
    }

    /// By an id, or by what stands before one of its slashes: `CA1000/1` is a kind of `CA1000` (3.27.5). The second is told
    /// where several descriptors share the id.
    fn of_id(&self, id: &str) -> Option<(usize, Option<usize>)> {
        kinds(id).find_map(|id| self.by_id.get(id)).copied()
    }

    fn bad(&self, index: usize) -> Severity {
        severity(&self.all[index])
    }

    fn of_guid(&self, guid: &str) -> Option<usize> {
        self.by_guid.get(&guid.to_ascii_lowercase()).copied()
    }
}

/// How bad what is about a rule is, where nothing else says so.
fn severity(rule: &Rule<'_>) -> Severity {
    rule.score.or_level(rule.level.unwrap_or(Level::Warning))
}

/// An id, and what stands before each of its slashes, the longest first.
fn kinds(id: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(id), |id| Some(&id[..id.rfind('/')?])).take(MAX_BASES)
}

/// Where descriptors of an id stand, whichever component they are of: component and index, the worst first. Asking each of
/// hundreds of components would have a stranger's text read as often.
type Anywhere = HashMap<String, Vec<(usize, usize)>>;

fn anywhere<'r, 'a: 'r>(lists: impl Iterator<Item = &'r Descriptors<'a>> + Clone) -> Anywhere {
    let mut all = Anywhere::new();
    for (component, list) in lists.clone().enumerate() {
        for (id, (first, worst)) in list.by_id.iter().filter(|(id, _)| !id.is_empty()) {
            all.entry(id.clone()).or_default().push((component, worst.unwrap_or(*first)));
        }
    }
    let lists: Vec<&Descriptors<'a>> = lists.collect();
    for places in all.values_mut() {
        places.sort_by_key(|&(component, index)| (std::cmp::Reverse(lists[component].bad(index)), component));
        places.truncate(MOST_MEANT);
    }
    all
}

/// What can be said about the descriptor that something is about.
#[derive(Default)]
pub(super) struct Found<'r, 'a> {
    /// The descriptors it may be; one where all is well.
    pub(super) rules: Vec<&'r Rule<'a>>,
    /// What keeps us from knowing which it is.
    pub(super) fault: Option<String>,
    /// It may also be none of them.
    pub(super) or_none: bool,
}

impl Found<'_, '_> {
    /// Whether all that concerns the rule is known.
    pub(super) fn is_sure(&self) -> bool {
        self.fault.is_none() && !self.or_none && self.rules.first().is_some_and(|rule| !rule.overfull)
    }
}

/// Driver or extension: who made a descriptor.
pub(super) struct Component<'a> {
    pub(super) text: ComponentText<'a>,
    pub(super) rules: Descriptors<'a>,
    notifications: Descriptors<'a>,
    /// Where its `globalMessageStrings` stand.
    pub(super) strings: Option<Piece<'a>>,
}

/// The tool of a run: its driver first, then its extensions.
pub(super) struct Tool<'a> {
    pub(super) components: Vec<Component<'a>>,
    pub(super) taxonomies: Taxonomies<'a>,
    rules: Anywhere,
    notifications: Anywhere,
    names: Names,
}

impl<'a> Tool<'a> {
    /// # Errors
    /// More extensions or taxonomies than each result can be compared with.
    pub(super) fn read(run: Piece<'a>, pointer: &str) -> Result<Self, Unreadable> {
        let extensions = run.path(&["tool", "extensions"]).into_iter().flat_map(Piece::elements);
        let counted = [(extensions.count(), "tool/extensions"), (run.list("taxonomies").count(), "taxonomies")];
        for (count, name) in counted {
            if count > MAX_EXTENSIONS {
                return Err(Unreadable::at(
                    format!("{pointer}/{name}"),
                    format!("it has more than {MAX_EXTENSIONS} elements"),
                ));
            }
        }
        let taxonomies = Taxonomies::read(run);
        let tool = run.get("tool");
        let driver = tool.and_then(|tool| tool.get("driver"));
        let extensions = tool.into_iter().flat_map(|tool| tool.list("extensions"));
        let component = |piece: Option<Piece<'a>>| Component {
            text: json_or_default(piece),
            rules: Descriptors::read(piece.unwrap_or(run).list("rules"), &taxonomies),
            notifications: Descriptors::read(piece.unwrap_or(run).list("notifications"), &taxonomies),
            strings: piece.and_then(|piece| piece.get("globalMessageStrings")),
        };
        let components: Vec<Component<'a>> =
            std::iter::once(driver).chain(extensions.map(Some)).map(component).collect();
        let names = Names::of(components.iter().map(|one| &one.text));
        let rules = anywhere(components.iter().map(|one| &one.rules));
        let notifications = anywhere(components.iter().map(|one| &one.notifications));
        Ok(Self { components, taxonomies, rules, notifications, names })
    }

    pub(super) fn driver(&self) -> &ComponentText<'a> {
        &self.components[0].text
    }

    pub(super) fn rule_count(&self) -> usize {
        self.components.iter().map(|component| component.rules.all.len()).sum()
    }

    /// The rule of a result: `rule` and `ruleIndex`/`ruleId` say the same or contradict each other (3.27.5 to 3.27.7).
    pub(super) fn rule_of<'r>(&'r self, entry: &Entry<'a>) -> Found<'r, 'a> {
        let empty = Reference::default();
        let rule = entry.rule.as_ref().unwrap_or(&empty);
        let (id, index) = (rule.id.as_deref(), known(rule.index));
        let (other_id, other_index) = (entry.rule_id.as_deref(), known(entry.rule_index));
        if let (Some(one), Some(other)) = (index, other_index)
            && one != other
        {
            let mut found = self.look(Which::Rule, rule, id, Some(one));
            found.rules.extend(self.look(Which::Rule, rule, other_id, Some(other)).rules);
            found.fault = Some(format!("`rule.index` {one} and `ruleIndex` {other} disagree"));
            return found;
        }
        if let (Some(one), Some(other)) = (id, other_id)
            && !is_kind_of(one, other)
            && !is_kind_of(other, one)
        {
            let mut found = self.look(Which::Rule, rule, Some(one), index.or(other_index));
            found.rules.extend(self.look(Which::Rule, rule, Some(other), None).rules);
            found.fault = Some(format!("`rule.id` `{one}` and `ruleId` `{other}` disagree"));
            return found;
        }
        let names = [id, other_id, rule.guid.as_deref()].into_iter().flatten().any(|name| !name.is_empty());
        let mut found = self.look(Which::Rule, rule, other_id.or(id), index.or(other_index));
        if !names && index.or(other_index).is_none() && self.rule_count() > 0 {
            found.fault.get_or_insert_with(|| "it does not say of which rule it is".to_owned());
        }
        found
    }

    /// The rule that an override is about.
    pub(super) fn rule_named<'r>(&'r self, reference: &Reference<'a>) -> Found<'r, 'a> {
        self.look(Which::Rule, reference, reference.id.as_deref(), known(reference.index))
    }

    /// What a notification says it is.
    pub(super) fn notification<'r>(&'r self, reference: &Reference<'a>) -> Found<'r, 'a> {
        self.look(Which::Notification, reference, reference.id.as_deref(), known(reference.index))
    }

    fn look<'r>(
        &'r self,
        which: Which,
        reference: &Reference<'a>,
        id: Option<&str>,
        index: Option<i64>,
    ) -> Found<'r, 'a> {
        // Such a text names nothing, and nobody is made to compare it.
        let endless = |text: &str| text.len() > MAX_NAME;
        let is_endless = id.is_some_and(endless) || reference.guid.as_deref().is_some_and(endless);
        let id = id.filter(|id| !endless(id));
        let mut found = self.look_by_id(which, reference, id, index);
        if is_endless {
            found.fault = Some(format!("it names its descriptor with more than {MAX_NAME} bytes"));
        }
        found
    }

    fn look_by_id<'r>(
        &'r self,
        which: Which,
        reference: &Reference<'a>,
        id: Option<&str>,
        index: Option<i64>,
    ) -> Found<'r, 'a> {
        let mut found = Found::default();
        let component = match self.component(reference.tool_component.as_ref()) {
            Ok(component) => component,
            Err(fault) => {
                found.rules = self.anywhere(which, id);
                found.fault = Some(fault);
                return found;
            }
        };
        let descriptors = which.of(&self.components[component]);
        if let Some(index) = index {
            let Some(rule) = usize::try_from(index).ok().and_then(|index| descriptors.all.get(index)) else {
                found.rules.extend(by_id(descriptors, id));
                found.fault = Some(format!("index {index} is beyond the {} descriptors", descriptors.all.len()));
                return found;
            };
            found.rules.push(rule);
            if let Some(id) = id
                && !is_kind_of(id, &rule.id)
            {
                found.rules.extend(by_id(descriptors, Some(id)));
                found.fault = Some(format!("index {index} is `{}`, and the id is `{id}`", rule.id));
            }
        } else if let Some(id) = id {
            match descriptors.of_id(id) {
                Some((first, worst)) => {
                    found.rules.push(&descriptors.all[worst.unwrap_or(first)]);
                    if worst.is_some() && reference.guid.is_none() {
                        found.fault = Some(format!("several descriptors are called `{id}`, and no index says which"));
                    }
                }
                // The standard looks into the driver alone. Where only an extension knows the id, what it says may raise
                // what we make of the result, and never lower it.
                None if reference.tool_component.is_none() => {
                    found.rules = self.anywhere(which, Some(id));
                    found.or_none = true;
                }
                None => {}
            }
        }
        self.look_by_guid(&mut found, descriptors, reference);
        found
    }

    /// What any component calls by an id, the worst of many.
    fn anywhere(&self, which: Which, id: Option<&str>) -> Vec<&Rule<'a>> {
        let places = match which {
            Which::Rule => &self.rules,
            Which::Notification => &self.notifications,
        };
        let found = id.into_iter().flat_map(kinds).filter_map(|id| places.get(id)).flatten();
        let mut rules: Vec<&Rule<'a>> =
            found.map(|&(component, index)| &which.of(&self.components[component]).all[index]).collect();
        rules.sort_by_key(|rule| std::cmp::Reverse(severity(rule)));
        rules.truncate(MOST_MEANT);
        rules
    }

    fn look_by_guid<'r>(&self, found: &mut Found<'r, 'a>, descriptors: &'r Descriptors<'a>, named: &Reference<'a>) {
        let Some(guid) = named.guid.as_deref().filter(|guid| guid.len() <= MAX_NAME) else { return };
        match descriptors.of_guid(guid) {
            Some(index) => {
                let rule = &descriptors.all[index];
                let agrees = found.rules.iter().all(|one| std::ptr::eq(*one, rule) || one.id == rule.id);
                if !agrees {
                    found.fault = Some(format!("guid `{guid}` is `{}`, and index or id say something else", rule.id));
                    found.rules.push(rule);
                } else if found.fault.is_none() {
                    found.rules = vec![rule];
                    found.or_none = false;
                }
            }
            None if found.rules.is_empty() => found.fault = Some(format!("nothing has the guid `{guid}`")),
            None => {}
        }
    }

    /// Which component is meant: the driver where nothing is said (3.54.2).
    fn component(&self, named: Option<&ComponentReference<'a>>) -> Result<usize, String> {
        let Some(named) = named else { return Ok(0) };
        let mut meant: Option<usize> = None;
        if let Some(index) = known(named.index) {
            let index = usize::try_from(index).ok().and_then(|index| index.checked_add(1));
            let index = index.filter(|index| *index < self.components.len());
            let count = self.components.len() - 1;
            meant = Some(index.ok_or_else(|| format!("`toolComponent.index` is beyond the {count} extensions"))?);
        }
        if let Some(guid) = named.guid.as_deref() {
            match (self.names.by_guid(guid), meant) {
                (Some(index), None) => meant = Some(index),
                (Some(index), Some(other)) if index != other => {
                    return Err("`toolComponent.guid` and `toolComponent.index` disagree".to_owned());
                }
                // A component need not have a guid of its own.
                (None, Some(index)) if self.components[index].text.guid.is_none() => {}
                (None, _) => return Err(format!("no component has the guid `{guid}`")),
                _ => {}
            }
        }
        if let Some(name) = named.name.as_deref() {
            match meant {
                Some(index) if self.components[index].text.name.as_deref() == Some(name) => {}
                Some(_) => return Err(format!("`toolComponent` is not called `{name}`")),
                None => {
                    let found = self.names.by_name(name);
                    meant = Some(found.ok_or_else(|| format!("no component is called `{name}`"))?);
                }
            }
        }
        Ok(meant.unwrap_or(0))
    }
}

/// Rules or notifications.
#[derive(Clone, Copy)]
enum Which {
    Rule,
    Notification,
}

impl Which {
    fn of<'r, 'a>(self, component: &'r Component<'a>) -> &'r Descriptors<'a> {
        match self {
            Self::Rule => &component.rules,
            Self::Notification => &component.notifications,
        }
    }
}

fn by_id<'r, 'a>(descriptors: &'r Descriptors<'a>, id: Option<&str>) -> Option<&'r Rule<'a>> {
    let (first, worst) = descriptors.of_id(id?)?;
    descriptors.all.get(worst.unwrap_or(first))
}

/// `-1` is how the standard writes that there is no index.
fn known(index: Option<i64>) -> Option<i64> {
    index.filter(|index| *index != -1)
}

/// `CA1000/1` is a kind of `CA1000`.
fn is_kind_of(id: &str, rule: &str) -> bool {
    id.strip_prefix(rule).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
