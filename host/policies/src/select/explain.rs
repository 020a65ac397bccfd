//! Why a policy judges a review or does not, in words, by the answers that the selection itself came to.

use std::collections::BTreeMap;

use portcullis_model::{LabelSelector, Match, NamespaceLabels, RequirementOperator, ResourceRule, Review, Scope};

use super::{EXCLUDED, OF_RULES, RULES, Selection, Terms, group_and_version, labels_of, path_of};
use crate::error::quote;
use crate::labels;
use crate::set::LoadedSet;

/// Why a policy judges a review or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Whether it does: what [`LoadedSet::select`] says.
    pub selection: Selection,
    /// The parts of `match` that were asked, in order: up to the first that skips.
    pub reasons: Vec<Reason>,
}

/// What one part of a `match` came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The field: `resourceRules`, `matchConditions`.
    pub part: &'static str,
    /// Its answer.
    pub selection: Selection,
    /// For a person.
    pub text: String,
}

impl LoadedSet {
    /// The selection of a policy with its reasons.
    pub fn explain(&self, policy: usize, review: &Review) -> Explanation {
        let mut parts: Vec<(&'static str, Match, Selection)> = Vec::new();
        let mut conditions = Vec::new();
        let selection = self.select_telling(
            policy,
            review,
            &mut |part, matches, answer| parts.push((part, matches.clone(), answer.clone())),
            &mut |name, answer| {
                let (selection, text) = match answer {
                    Ok(true) => (Selection::Applies, format!("the condition {} is true", quote(name))),
                    Ok(false) => (Selection::Skips, format!("the condition {} is false", quote(name))),
                    Err(fault) => {
                        let text = format!("the condition {} {fault}", quote(name));
                        (Selection::Unknown(text.clone()), text)
                    }
                };
                conditions.push(Reason { part: "matchConditions", selection, text });
            },
        );
        let reason = |(part, matches, selection): (&'static str, Match, Selection)| {
            let text = match (&selection, part) {
                (Selection::Unknown(why), _) => Some(why.clone()),
                (_, RULES) => Some(of_rules(&matches, review)),
                (_, EXCLUDED) => of_excluded(&matches, review),
                (_, "namespaceSelector") => of_namespace(&matches, review, &selection),
                (_, "objectSelector") => of_object(&matches, review, &selection),
                _ => Some(of_documents(&matches, review, &selection)),
            };
            text.map(|text| Reason { part, selection, text })
        };
        let reasons = parts.into_iter().filter_map(reason).chain(conditions).collect();
        Explanation { selection, reasons }
    }
}

/// The rule that names the review, or of every rule the first part that does not.
fn of_rules(matches: &Match, review: &Review) -> String {
    let operation = quote(&review.request.operation);
    let Some(rules) = &matches.resource_rules else {
        return match matches.documents.is_empty() {
            true => format!("it has no `resourceRules`: every CREATE and UPDATE, and this is {operation}"),
            false => "it judges documents alone".to_owned(),
        };
    };
    let terms = Terms::of_rules(matches);
    if let Some(at) = rules.iter().position(|rule| super::rule(rule, &terms, review) == Selection::Applies) {
        return format!("`resourceRules[{at}]` names it: {}", line_of(&rules[at]));
    }
    let why = |(at, rule): (usize, &ResourceRule)| {
        let failing = OF_RULES.iter().find(|(_, part)| part(rule, &terms, review) == Selection::Skips)?;
        Some(format!("`resourceRules[{at}]` does not name it: {}", wrong_part(failing.0, rule, &terms, review)))
    };
    let whys: Vec<String> = rules.iter().enumerate().filter_map(why).collect();
    if whys.is_empty() { "it has no rule".to_owned() } else { whys.join("; ") }
}

/// The rule that leaves the review out; nothing where there is no such rule.
fn of_excluded(matches: &Match, review: &Review) -> Option<String> {
    let (rules, terms) = (&matches.exclude_resource_rules, Terms::of_excluded(matches));
    if rules.is_empty() {
        return None;
    }
    let at = rules.iter().position(|rule| super::rule(rule, &terms, review) == Selection::Applies);
    Some(match at {
        Some(at) => format!("`excludeResourceRules[{at}]` leaves it out: {}", line_of(&rules[at])),
        None => "none of its `excludeResourceRules` leaves it out".to_owned(),
    })
}

/// Why one part of a rule does not match.
fn wrong_part(part: &str, rule: &ResourceRule, terms: &Terms, review: &Review) -> String {
    let request = &review.request;
    let (group, version) = group_and_version(terms, review);
    let subresource = match request.subresource.as_str() {
        "" => String::new(),
        subresource => format!("/{subresource}"),
    };
    let resource = request.resource.as_ref().map_or(request.kind.kind.as_str(), |known| known.resource.as_str());
    let (words, found) = match part {
        "operations" => (words(&rule.operations), quote(&request.operation)),
        "apiGroups" => {
            (words(&rule.api_groups), if group.is_empty() { "the core group".to_owned() } else { quote(group) })
        }
        "apiVersions" => (words(&rule.api_versions), quote(version)),
        "resourceNames" => (words(&rule.resource_names), quote(&review.subject.name)),
        "resources" => (words(&rule.resources), quote(&format!("{resource}{subresource}"))),
        _ => {
            let (wanted, is) = match rule.scope {
                Scope::Cluster => ("Cluster", "namespaced"),
                _ => ("Namespaced", "cluster-scoped"),
            };
            (wanted.to_owned(), format!("{} {is}", quote(resource)))
        }
    };
    format!("its `{part}` are {words}, and this is {found}").replace("`scope` are", "`scope` is")
}

/// A rule in a few words: `CREATE, UPDATE of deployments (apps/v1)`.
fn line_of(rule: &ResourceRule) -> String {
    let any = |words: &[String]| words.iter().any(|word| word == "*");
    let of = match (any(&rule.api_groups), any(&rule.api_versions)) {
        (true, true) => String::new(),
        (false, true) => format!(" ({})", groups(rule)),
        _ => format!(" ({}/{})", groups(rule), rule.api_versions.join("|")),
    };
    let names = match rule.resource_names.as_slice() {
        [] => String::new(),
        names => format!(" named {}", names.join(", ")),
    };
    let scope = match rule.scope {
        Scope::Any => "",
        Scope::Cluster => ", cluster-scoped",
        Scope::Namespaced => ", namespaced",
    };
    format!("{} of {}{of}{names}{scope}", rule.operations.join(", "), rule.resources.join(", "))
}

fn groups(rule: &ResourceRule) -> String {
    let group = |group: &String| if group.is_empty() { "core".to_owned() } else { group.clone() };
    rule.api_groups.iter().map(group).collect::<Vec<_>>().join("|")
}

fn of_namespace(matches: &Match, review: &Review, selection: &Selection) -> Option<String> {
    if labels::is_empty(&matches.namespace_selector) {
        return None;
    }
    let selector = selector(&matches.namespace_selector);
    let fits = if *selection == Selection::Applies { "fits" } else { "does not fit" };
    Some(match &review.namespace {
        _ if super::is_namespace(review) => {
            format!("`namespaceSelector` ({selector}) {fits} this Namespace's own labels")
        }
        NamespaceLabels::Known(known) => {
            let namespace = namespace_of(review);
            format!("`namespaceSelector` ({selector}) {fits} {namespace}, labelled {}", shown(known))
        }
        _ if review.request.namespaced == Some(false) => {
            format!("`namespaceSelector` ({selector}) asks nothing of what has no namespace")
        }
        _ => format!("`namespaceSelector` ({selector}) {fits} {}", namespace_of(review)),
    })
}

fn namespace_of(review: &Review) -> String {
    match review.request.namespace.as_str() {
        "" => "its namespace, which nobody names".to_owned(),
        name => format!("the namespace {}", quote(name)),
    }
}

fn of_object(matches: &Match, review: &Review, selection: &Selection) -> Option<String> {
    if labels::is_empty(&matches.object_selector) {
        return None;
    }
    let selector = selector(&matches.object_selector);
    let fits = if *selection == Selection::Applies { "fits" } else { "does not fit" };
    let labels = match labels_of(review.object.as_ref()) {
        Ok(Some(labels)) => format!("labelled {}", shown(&labels)),
        _ => "which has no labels".to_owned(),
    };
    Some(format!("`objectSelector` ({selector}) {fits} the object, {labels}"))
}

fn of_documents(matches: &Match, review: &Review, selection: &Selection) -> String {
    let path = quote(path_of(&review.subject.name));
    match (selection, matches.documents.as_slice()) {
        (_, []) => "it judges objects, and this is a document".to_owned(),
        (Selection::Applies, paths) => format!("{path} fits one of `documents`: {}", words(paths)),
        (_, paths) => format!("{path} fits none of `documents`: {}", words(paths)),
    }
}

fn shown(labels: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = labels.iter().map(|(key, value)| quote(&format!("{key}={value}"))).collect();
    if pairs.is_empty() { "with nothing".to_owned() } else { pairs.join(", ") }
}

/// A label selector as `kubectl -l` takes it.
fn selector(selector: &LabelSelector) -> String {
    let labels = selector.match_labels.iter().map(|(key, value)| format!("{key}={value}"));
    let expression = |requirement: &portcullis_model::Requirement| {
        let (key, values) = (&requirement.key, requirement.values.join(", "));
        match requirement.operator {
            RequirementOperator::In => format!("{key} in ({values})"),
            RequirementOperator::NotIn => format!("{key} notin ({values})"),
            RequirementOperator::Exists => key.clone(),
            RequirementOperator::DoesNotExist => format!("!{key}"),
        }
    };
    labels.chain(selector.match_expressions.iter().map(expression)).collect::<Vec<_>>().join(",")
}

/// The whole `match` in one line.
pub fn match_line(matches: &Match) -> String {
    let mut parts = Vec::new();
    match &matches.resource_rules {
        Some(rules) => parts.extend(rules.iter().map(line_of)),
        None if matches.documents.is_empty() => parts.push("CREATE, UPDATE of everything".to_owned()),
        None => {}
    }
    if !matches.documents.is_empty() {
        parts.push(format!("documents {}", matches.documents.join(", ")));
    }
    let mut line = parts.join("; ");
    for (word, of) in [("namespaces", &matches.namespace_selector), ("labels", &matches.object_selector)] {
        if !labels::is_empty(of) {
            line.push_str(&format!("; {word} {}", selector(of)));
        }
    }
    let names: Vec<&str> = matches.match_conditions.iter().map(|condition| condition.name.as_str()).collect();
    if !names.is_empty() {
        line.push_str(&format!("; if {}", names.join(", ")));
    }
    line
}

fn words(words: &[String]) -> String {
    let word = |word: &String| if word.is_empty() { "the core group".to_owned() } else { quote(word) };
    if words.is_empty() { "nothing".to_owned() } else { words.iter().map(word).collect::<Vec<_>>().join(", ") }
}
