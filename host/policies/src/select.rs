//! Must this review face this policy? Applies, skips, or cannot be known.

mod equivalent;
mod explain;

use std::collections::BTreeMap;

use portcullis_cel::may_be_secret;
use portcullis_model::{
    Document, Kind, Match, NAMESPACE_NAME_LABEL, NamespaceLabels, NodeId, ResourceRule, Review, Scope, SubjectKind,
    Versions,
};

use crate::cel::{Fault, Input, Judge};
use crate::error::quote;
use crate::labels;
use crate::matching::Selector;
use crate::set::LoadedSet;

pub use explain::{Explanation, Reason, match_line};

/// Whether a policy judges a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// It does.
    Applies,
    /// It does not.
    Skips,
    /// That cannot be known; the reason is for a person. It is never a skip: the policy's `onError` holds.
    Unknown(String),
}

impl Selection {
    fn when(applies: bool) -> Self {
        if applies { Self::Applies } else { Self::Skips }
    }
}

const RULES: &str = "resourceRules";
const EXCLUDED: &str = "excludeResourceRules";

/// One part of `match`.
type Part = fn(&Match, &Selector, &Review) -> Selection;

/// The parts that concern objects, the cheapest first: most policies skip most reviews by their rules.
const OF_OBJECTS: [(&str, Part); 4] = [
    (RULES, |matches, _, review| rules(matches, review)),
    (EXCLUDED, |matches, _, review| not_excluded(matches, review)),
    ("namespaceSelector", |matches, _, review| namespace(matches, review)),
    ("objectSelector", |matches, _, review| object(matches, review)),
];
/// The parts that concern documents.
const OF_DOCUMENTS: [(&str, Part); 1] =
    [("documents", |_, selector, review| Selection::when(selector.documents.matches(path_of(&review.subject.name))))];

fn parts(review: &Review) -> &'static [(&'static str, Part)] {
    match review.subject.kind_of {
        SubjectKind::Document => &OF_DOCUMENTS,
        SubjectKind::Object => &OF_OBJECTS,
    }
}

impl LoadedSet {
    /// Whether a policy of this set judges a review, with Kubernetes' own meaning of every part of `match`.
    ///
    /// Whatever certainly does not match skips, even where another part cannot be known. Conditions are asked last: one
    /// that is false skips, even where another fails. Beyond the last policy everything skips.
    pub fn select(&self, policy: usize, review: &Review) -> Selection {
        self.select_telling(policy, review, &mut |_, _, _| {}, &mut |_, _| {})
    }

    /// The same, and each part of `match` and each condition that was asked is told with its answer.
    fn select_telling(
        &self,
        policy: usize,
        review: &Review,
        told: &mut dyn FnMut(&'static str, &Match, &Selection),
        condition_told: &mut dyn FnMut(&str, &Result<bool, Fault>),
    ) -> Selection {
        let (Some(policy), Some(selector)) = (self.set.policies.get(policy), self.selectors.get(policy)) else {
            return Selection::Skips;
        };
        let also: &[Match] =
            if review.subject.kind_of == SubjectKind::Object { &policy.matches.also } else { Default::default() };
        let mut unknown = None;
        for matches in std::iter::once(&policy.matches).chain(also) {
            for (name, part) in parts(review) {
                let part = part(matches, selector, review);
                told(name, matches, &part);
                match part {
                    Selection::Applies => {}
                    Selection::Skips => return Selection::Skips,
                    Selection::Unknown(_) if unknown.is_some() => {}
                    Selection::Unknown(_) => unknown = Some(part),
                }
            }
        }
        unknown.unwrap_or_else(|| conditions(selector, review, condition_told))
    }
}

impl LoadedSet {
    /// What the API server may ask of a request before it sends it for this policy: CEL expressions of which none is false on
    /// a request that the policy judges or cannot be known for, and none fails on any request.
    ///
    /// They are the first conditions of the policy, as many as can be asked there. What comes after one that cannot is left
    /// out too: where an earlier condition spends the whole budget, nobody asks the later ones.
    pub fn forwarded(&self, policy: usize) -> Vec<(String, String)> {
        let (Some(policy), Some(selector)) = (self.set.policies.get(policy), self.selectors.get(policy)) else {
            return Vec::new();
        };
        let written = policy.matches.match_conditions.iter().zip(&selector.conditions);
        written
            .map_while(|(written, condition)| Some((written.name.clone(), condition.forwarded(&written.expression)?)))
            .collect()
    }
}

fn path_of(name: &str) -> &str {
    name.strip_prefix("./").unwrap_or(name)
}

/// `rules` of admissionregistration.k8s.io/v1: any of them must match.
fn rules(matches: &Match, review: &Review) -> Selection {
    let operation = review.request.operation.as_str();
    let Some(rules) = &matches.resource_rules else {
        return Selection::when(matches.documents.is_empty() && ["CREATE", "UPDATE"].contains(&operation));
    };
    first_of(rules, &Terms::of_rules(matches), review)
}

/// `excludeResourceRules`: none of them may match.
fn not_excluded(matches: &Match, review: &Review) -> Selection {
    match first_of(&matches.exclude_resource_rules, &Terms::of_excluded(matches), review) {
        Selection::Applies => Selection::Skips,
        Selection::Skips => Selection::Applies,
        unknown => unknown,
    }
}

fn first_of(rules: &[ResourceRule], terms: &Terms, review: &Review) -> Selection {
    let mut answer = Selection::Skips;
    for rule in rules {
        match self::rule(rule, terms, review) {
            Selection::Applies => return Selection::Applies,
            Selection::Skips => {}
            unknown => answer = unknown,
        }
    }
    answer
}

/// How the rules of one `match` are compared with a request.
struct Terms {
    versions: Versions,
    named: fn(&ResourceRule, &Review) -> bool,
}

impl Terms {
    fn of_rules(matches: &Match) -> Self {
        Self { versions: matches.versions, named }
    }

    /// By the name of the request alone, as the API server does it: whatever else has this name is judged.
    fn of_excluded(matches: &Match) -> Self {
        let named = |rule: &ResourceRule, review: &Review| rule.resource_names.contains(&review.request.name);
        Self { versions: matches.versions, named }
    }

    fn may_be_converted(&self, rule: &ResourceRule, review: &Review) -> bool {
        equivalent::may_be_converted(rule, self.versions, review)
    }
}

/// One part of a rule.
type RulePart = fn(&ResourceRule, &Terms, &Review) -> Selection;

/// Every part of a rule, those that are always known first. All must match.
const OF_RULES: [(&str, RulePart); 6] = [
    ("operations", |rule, _, review| Selection::when(any_of(&rule.operations, &review.request.operation))),
    ("apiGroups", group),
    ("apiVersions", version),
    ("resourceNames", |rule, terms, review| {
        Selection::when(rule.resource_names.is_empty() || (terms.named)(rule, review))
    }),
    ("resources", |rule, _, review| resource(rule, review)),
    ("scope", |rule, _, review| scope(rule, review)),
];

fn rule(rule: &ResourceRule, terms: &Terms, review: &Review) -> Selection {
    let mut answer = Selection::Applies;
    for (_, part) in OF_RULES {
        match part(rule, terms, review) {
            Selection::Skips => return Selection::Skips,
            Selection::Unknown(why) if answer == Selection::Applies => answer = Selection::Unknown(why),
            _ => {}
        }
    }
    answer
}

fn any_of(words: &[String], word: &str) -> bool {
    words.iter().any(|known| known == "*" || known == word)
}

fn group(rule: &ResourceRule, terms: &Terms, review: &Review) -> Selection {
    let (group, _) = group_and_version(terms, review);
    match any_of(&rule.api_groups, group) {
        true => Selection::Applies,
        false if terms.may_be_converted(rule, review) && equivalent::in_other_group(rule, review) => {
            Selection::Unknown(equivalent::unconverted(rule, review))
        }
        false => Selection::Skips,
    }
}

fn version(rule: &ResourceRule, terms: &Terms, review: &Review) -> Selection {
    let (_, version) = group_and_version(terms, review);
    match any_of(&rule.api_versions, version) {
        true => Selection::Applies,
        false if terms.may_be_converted(rule, review) => Selection::Unknown(equivalent::unconverted(rule, review)),
        false => Selection::Skips,
    }
}

/// The group and the version that rules are compared with.
fn group_and_version<'r>(terms: &Terms, review: &'r Review) -> (&'r str, &'r str) {
    let request = &review.request;
    if terms.versions == Versions::Exact
        && let Some(sent) = &review.request_document
        && let Some(group) = sent.string(NodeId::ROOT, &["requestResource", "group"])
        && let Some(version) = sent.string(NodeId::ROOT, &["requestResource", "version"])
    {
        return (group, version);
    }
    match &request.resource {
        Some(resource) => (&resource.group, &resource.version),
        None => (&request.kind.group, &request.kind.version),
    }
}

/// The request's name or, where it has none, the object's own: each object that a deletion of a collection deletes comes
/// without a name in the request, and would otherwise slip past a rule that names it (A12).
fn named(rule: &ResourceRule, review: &Review) -> bool {
    let name_of = |object: &Option<Document>| -> Option<String> {
        Some(object.as_ref()?.string(NodeId::ROOT, &["metadata", "name"])?.to_owned())
    };
    let own = || name_of(&review.object).or_else(|| name_of(&review.old_object)).unwrap_or_default();
    match review.request.name.as_str() {
        "" => rule.resource_names.contains(&own()),
        name => rule.resource_names.iter().any(|known| known == name),
    }
}

/// `pods` is the resource alone, `pods/*` it and its subresources, `*` every resource and no subresource.
fn resource(rule: &ResourceRule, review: &Review) -> Selection {
    let request = &review.request;
    let mut answer = Selection::Skips;
    for written in &rule.resources {
        let (resource, subresource) = written.split_once('/').unwrap_or((written, ""));
        if subresource != "*" && subresource != request.subresource {
            continue;
        }
        match &request.resource {
            _ if resource == "*" => return Selection::Applies,
            Some(known) if known.resource == resource => return Selection::Applies,
            Some(_) => {}
            None => {
                let kind = quote(&request.kind.kind);
                let why = format!("the plural of kind {kind} is not known: give `--api-resources` or its CRD");
                answer = Selection::Unknown(why);
            }
        }
    }
    answer
}

fn scope(rule: &ResourceRule, review: &Review) -> Selection {
    let namespaced = if is_namespace(review) { Some(false) } else { review.request.namespaced };
    match (rule.scope, namespaced) {
        (Scope::Any, _) => Selection::Applies,
        (Scope::Cluster, Some(namespaced)) => Selection::when(!namespaced),
        (Scope::Namespaced, Some(namespaced)) => Selection::when(namespaced),
        (_, None) => {
            let kind = quote(&review.request.kind.kind);
            Selection::Unknown(format!("the scope of kind {kind} is not known: give `--api-resources` or its CRD"))
        }
    }
}

/// Namespaces and their subresources; they are cluster-scoped, whatever namespace the request names.
pub(crate) fn is_namespace(review: &Review) -> bool {
    match &review.request.resource {
        Some(resource) => resource.group.is_empty() && resource.resource == "namespaces",
        None => review.request.kind.group.is_empty() && review.request.kind.kind == "Namespace",
    }
}

/// `namespaceSelector`: what has no namespace always matches, a Namespace is asked for its own labels as requested.
fn namespace(matches: &Match, review: &Review) -> Selection {
    let selector = &matches.namespace_selector;
    if labels::is_empty(selector) {
        return Selection::Applies;
    }
    let request = &review.request;
    let own = is_namespace(review);
    if !own && request.namespaced == Some(false) {
        return Selection::Applies;
    }
    let written = own && request.subresource.is_empty() && ["CREATE", "UPDATE"].contains(&request.operation.as_str());
    let known = match &review.namespace {
        _ if written => labels_of(review.object.as_ref()),
        NamespaceLabels::Known(labels) => return Selection::when(labels::matches(selector, labels)),
        // Deleted, or one of its subresources: the labels it had.
        NamespaceLabels::None if own => labels_of(review.old_object.as_ref()),
        NamespaceLabels::None if request.namespace.is_empty() && request.namespaced != Some(true) => {
            return Selection::Applies;
        }
        NamespaceLabels::None => Err("they were not given".to_owned()),
        NamespaceLabels::Unknown(why) => Err(why.clone()),
    };
    // Only a Namespace's own name is that of a namespace; what names none may go into any.
    let name = if own && request.namespace.is_empty() { &request.name } else { &request.namespace };
    let own_name = (!name.is_empty()).then(|| (NAMESPACE_NAME_LABEL.to_owned(), name.clone()));
    match known {
        Ok(labels) => {
            let mut labels = labels.unwrap_or_default();
            labels.extend(own_name);
            Selection::when(labels::matches(selector, &labels))
        }
        // Whatever else it is labelled with, its name is known.
        Err(_) if own_name.is_some() && labels::asks_only(selector, NAMESPACE_NAME_LABEL) => {
            Selection::when(labels::matches(selector, &own_name.into_iter().collect()))
        }
        Err(why) => {
            let whose = if name.is_empty() {
                "of its namespace".to_owned()
            } else {
                format!("of the namespace {}", quote(name))
            };
            Selection::Unknown(format!("`namespaceSelector` needs the labels {whose}: {why}"))
        }
    }
}

/// `objectSelector`: the object or the old object must match; what has no metadata never does.
fn object(matches: &Match, review: &Review) -> Selection {
    let selector = &matches.object_selector;
    if labels::is_empty(selector) {
        return Selection::Applies;
    }
    let mut unknown = None;
    for object in [review.object.as_ref(), review.old_object.as_ref()] {
        match labels_of(object) {
            Ok(Some(labels)) if labels::matches(selector, &labels) => return Selection::Applies,
            Ok(_) => {}
            Err(why) => {
                unknown = Some(Selection::Unknown(format!("`objectSelector` needs the object's labels: {why}")))
            }
        }
    }
    unknown.unwrap_or(Selection::Skips)
}

/// The labels of an object; nothing where it is absent or has no metadata, an error where they are no labels.
fn labels_of(object: Option<&Document>) -> Result<Option<BTreeMap<String, String>>, String> {
    let Some(object) = object else { return Ok(None) };
    let metadata = object.find(NodeId::ROOT, "metadata");
    if object.kind(metadata) != Kind::Map {
        return Ok(None);
    }
    let labels = object.find(metadata, "labels");
    if !matches!(object.kind(labels), Kind::Map | Kind::Null | Kind::None) {
        return Err("`metadata.labels` is not a map".to_owned());
    }
    let text = |(key, value): (&str, NodeId)| match object.kind(value) {
        Kind::String => Ok((key.to_owned(), object.text(value).to_owned())),
        _ => Err(format!("the label {} is not a string; put its value in quotes", quote(key))),
    };
    object.entries(labels).map(text).collect::<Result<_, _>>().map(Some)
}

/// An error without what it was about where that may be made of a Secret's values: what is made of them nobody could hide.
fn untold(fault: Fault, input: &Input<'_>, review: &Review) -> Fault {
    let kind = &review.request.kind;
    match fault {
        Fault::Because(_) if may_be_secret(input, &kind.group, &kind.kind) => {
            Fault::Because("its error is not told of a Secret".to_owned())
        }
        fault => fault,
    }
}

/// `matchConditions`: one that is false skips; otherwise one that fails cannot be known.
fn conditions(selector: &Selector, review: &Review, told: &mut dyn FnMut(&str, &Result<bool, Fault>)) -> Selection {
    if selector.conditions.is_empty() {
        return Selection::Applies;
    }
    let input = Input::new(review);
    let mut judge = Judge::new(&input);
    let mut unknown = None;
    for condition in &selector.conditions {
        let answer = judge.holds(condition).map_err(|fault| untold(fault, &input, review));
        told(&condition.name, &answer);
        match answer {
            Ok(true) => {}
            Ok(false) => return Selection::Skips,
            Err(fault) => {
                let spent = fault == Fault::Spent;
                let why = Selection::Unknown(format!("the condition {} {fault}", quote(&condition.name)));
                unknown.get_or_insert(why);
                if spent {
                    break;
                }
            }
        }
    }
    unknown.unwrap_or(Selection::Applies)
}

#[cfg(test)]
mod tests;
