//! Conditions that keep at the API server what no policy wants, and never more.

use portcullis_model::ResourceRule;

use super::{Condition, MAX_CONDITIONS, MAX_EXPRESSION, rules};

/// What one policy wants: requests that any of its rules matches and none of its conditions refuses.
#[derive(Clone)]
pub struct Want {
    /// Its rules.
    pub rules: Vec<ResourceRule>,
    /// Its conditions that the API server can ask, in their order.
    pub conditions: Vec<Condition>,
}

impl Want {
    fn names(&self) -> bool {
        self.rules.iter().any(|rule| !rule.resource_names.is_empty())
    }
}

/// The conditions: those that all policies share, each as it is, and one that says what any policy wants where they differ.
///
/// The rules of the registration are the union of all policies' rules, so a condition is needed only where a policy wants
/// less than its rules say. The note says what is sent although nobody wants it.
pub fn conditions(wants: &[Want], free: usize) -> (Vec<Condition>, Option<String>) {
    let unconditional: Vec<&ResourceRule> =
        wants.iter().filter(|want| want.conditions.is_empty()).flat_map(|want| &want.rules).collect();
    let bare = |rule: &ResourceRule| ResourceRule { resource_names: Vec::new(), ..rule.clone() };
    let wanted_anyway = |want: &&Want| {
        want.rules.iter().all(|rule| unconditional.iter().any(|other| rules::covers(other, &bare(rule))))
    };
    if wants.iter().all(|want| wanted_anyway(&want)) {
        return (Vec::new(), None);
    }
    let common: Vec<Condition> = match wants {
        [first, rest @ ..] => {
            let shared = |condition: &&Condition| {
                rest.iter().all(|want| want.conditions.iter().any(|other| other.expression == condition.expression))
            };
            first.conditions.iter().filter(shared).take(free.min(MAX_CONDITIONS) - 1).cloned().collect()
        }
        [] => Vec::new(),
    };
    let mut conditions = Vec::new();
    for condition in &common {
        conditions.push(Condition { name: unused(&condition.name, &conditions), ..condition.clone() });
    }
    let rest: Vec<Want> = wants.iter().map(|want| without(want, &common)).collect();
    let alike = rest.windows(2).all(|pair| pair[0].rules == pair[1].rules);
    let plain = |want: &Want| want.conditions.is_empty() && !want.names();
    if rest.iter().all(plain) || alike && rest.iter().any(plain) {
        return (conditions, None);
    }
    let mut alternatives: Vec<String> = Vec::new();
    for want in &rest {
        let alternative = alternative(want, alike && !want.names());
        if !alternatives.contains(&alternative) {
            alternatives.push(alternative);
        }
    }
    let expression = alternatives.join(" ||\n");
    if expression.len() > MAX_EXPRESSION {
        let note = format!(
            "what any policy wants takes more than {MAX_EXPRESSION} bytes to say, so requests are sent by rules alone"
        );
        return (conditions, Some(note));
    }
    conditions.push(Condition { name: unused("any-policy-wants-it", &conditions), expression });
    (conditions, None)
}

fn without(want: &Want, common: &[Condition]) -> Want {
    let own = |condition: &&Condition| common.iter().all(|other| other.expression != condition.expression);
    Want { rules: want.rules.clone(), conditions: want.conditions.iter().filter(own).cloned().collect() }
}

/// A name that no other condition has.
fn unused(name: &str, others: &[Condition]) -> String {
    let mut unused = name.to_owned();
    let mut number = 2;
    while others.iter().any(|other| other.name == unused) {
        unused =
            format!("{}-{number}", name.chars().take(55).collect::<String>().trim_end_matches(['-', '_', '.', '/']));
        number += 1;
    }
    unused
}

/// `(rules) && (condition) && (condition)` of one policy.
fn alternative(want: &Want, by_rules: bool) -> String {
    let mut parts = Vec::new();
    if !by_rules {
        let rules: Vec<String> = want.rules.iter().map(rule).collect();
        match rules.contains(&"true".to_owned()) {
            true => {}
            false => parts.push(any(rules)),
        }
    }
    parts.extend(want.conditions.iter().map(|condition| format!("({})", condition.expression)));
    match parts.is_empty() {
        true => "true".to_owned(),
        false => format!("({})", parts.join(" && ")),
    }
}

fn any(mut alternatives: Vec<String>) -> String {
    alternatives.dedup();
    match &alternatives[..] {
        [one] => one.clone(),
        _ => format!("({})", alternatives.join(" || ")),
    }
}

/// A rule in CEL, its scope aside: that only sends more.
fn rule(rule: &ResourceRule) -> String {
    let words = |field: &str, words: &[String]| match words {
        _ if words.iter().any(|word| word == "*") => None,
        [one] => Some(format!("{field} == '{one}'")),
        _ => Some(format!("{field} in {}", list(words.iter().map(String::as_str)))),
    };
    let parts = [
        words("request.operation", &rule.operations),
        words("request.resource.group", &rule.api_groups),
        words("request.resource.version", &rule.api_versions),
        resources(&rule.resources),
        (!rule.resource_names.is_empty()).then(|| {
            // Each object of a deleted collection comes without a name, and is judged by its own.
            let names = list(rule.resource_names.iter().map(String::as_str));
            format!("(!has(request.name) || request.name == '' || request.name in {names})")
        }),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "true".to_owned() } else { format!("({})", parts.join(" && ")) }
}

fn resources(written: &[String]) -> Option<String> {
    if written.iter().any(|resource| resource == "*/*") {
        return None;
    }
    let plain: Vec<&str> = written.iter().map(String::as_str).filter(|one| *one != "*" && !one.contains('/')).collect();
    let mut parts = Vec::new();
    if written.iter().any(|resource| resource == "*") {
        parts.push("!has(request.subResource)".to_owned());
    } else if !plain.is_empty() {
        parts.push(format!("!has(request.subResource) && request.resource.resource in {}", list(plain.into_iter())));
    }
    for (resource, subresource) in written.iter().filter_map(|resource| resource.split_once('/')) {
        let resource = (resource != "*").then(|| format!("request.resource.resource == '{resource}'"));
        let subresource =
            (subresource != "*").then(|| format!("has(request.subResource) && request.subResource == '{subresource}'"));
        parts.push(resource.into_iter().chain(subresource).collect::<Vec<_>>().join(" && "));
    }
    Some(match &parts[..] {
        [one] => one.clone(),
        _ => format!("({})", parts.join(" || ")),
    })
}

/// A list of texts in CEL.
pub fn list<'w>(words: impl Iterator<Item = &'w str>) -> String {
    format!("[{}]", words.map(quoted).collect::<Vec<_>>().join(", "))
}

/// Groups, versions, resources, operations and names have no character that a quoted text of CEL would read otherwise, except
/// what a name may have.
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\\', "\\\\").replace('\'', "\\'"))
}
