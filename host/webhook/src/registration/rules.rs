//! Resource rules joined and compared, as Kubernetes reads them.

use portcullis_model::{Match, ResourceRule, Scope};

/// The rules of a policy; an absent list is every CREATE and UPDATE of every object, and none where documents are judged.
pub fn rules_of(matches: &Match) -> Vec<ResourceRule> {
    match &matches.resource_rules {
        Some(rules) => rules.clone(),
        None if !matches.documents.is_empty() => Vec::new(),
        None => vec![ResourceRule {
            api_groups: vec!["*".into()],
            api_versions: vec!["*".into()],
            operations: vec!["CREATE".into(), "UPDATE".into()],
            resources: vec!["*/*".into()],
            resource_names: Vec::new(),
            scope: Scope::Any,
        }],
    }
}

/// The fewest rules that match exactly what any of these matches, names aside: a registration knows no `resourceNames`.
pub fn union(rules: impl IntoIterator<Item = ResourceRule>) -> Vec<ResourceRule> {
    let mut all: Vec<ResourceRule> =
        rules.into_iter().map(|rule| ResourceRule { resource_names: Vec::new(), ..rule }).collect();
    loop {
        let before = all.len();
        all = without_covered(all);
        all = joined(
            all,
            |a, b| {
                (&a.api_groups, &a.api_versions, &a.operations) == (&b.api_groups, &b.api_versions, &b.operations)
                    && a.scope == b.scope
            },
            |into, from| into.resources.extend(from.resources),
        );
        all = joined(
            all,
            |a, b| {
                (&a.api_groups, &a.api_versions, &a.resources) == (&b.api_groups, &b.api_versions, &b.resources)
                    && a.scope == b.scope
            },
            |into, from| into.operations.extend(from.operations),
        );
        all.iter_mut().for_each(tidy);
        if all.len() == before {
            return all;
        }
    }
}

fn without_covered(rules: Vec<ResourceRule>) -> Vec<ResourceRule> {
    let mut kept: Vec<ResourceRule> = Vec::new();
    for rule in rules {
        if kept.iter().any(|other| covers(other, &rule)) {
            continue;
        }
        kept.retain(|other| !covers(&rule, other));
        kept.push(rule);
    }
    kept
}

fn joined(
    rules: Vec<ResourceRule>,
    alike: impl Fn(&ResourceRule, &ResourceRule) -> bool,
    join: impl Fn(&mut ResourceRule, ResourceRule),
) -> Vec<ResourceRule> {
    let mut kept: Vec<ResourceRule> = Vec::new();
    for rule in rules {
        match kept.iter_mut().find(|other| alike(other, &rule)) {
            Some(other) => join(other, rule),
            None => kept.push(rule),
        }
    }
    kept
}

/// Removes what is said twice; Kubernetes refuses a `*` beside others, and resources that overlap.
fn tidy(rule: &mut ResourceRule) {
    for words in [&mut rule.api_groups, &mut rule.api_versions, &mut rule.operations] {
        if words.iter().any(|word| word == "*") {
            *words = vec!["*".into()];
        }
        let mut seen = Vec::new();
        words.retain(|word| !seen.contains(word) && (seen.push(word.clone()), true).1);
    }
    let mut kept: Vec<String> = Vec::new();
    for resource in std::mem::take(&mut rule.resources) {
        if !kept.iter().any(|other| covers_resource(other, &resource)) {
            kept.retain(|other| !covers_resource(&resource, other));
            kept.push(resource);
        }
    }
    rule.resources = kept;
}

/// Whether every request that `narrow` matches is matched by `wide`.
pub fn covers(wide: &ResourceRule, narrow: &ResourceRule) -> bool {
    let words = |wide: &[String], narrow: &[String]| {
        wide.iter().any(|word| word == "*") || narrow.iter().all(|word| wide.contains(word))
    };
    words(&wide.api_groups, &narrow.api_groups)
        && words(&wide.api_versions, &narrow.api_versions)
        && words(&wide.operations, &narrow.operations)
        && (wide.scope == Scope::Any || wide.scope == narrow.scope)
        && narrow.resources.iter().all(|narrow| wide.resources.iter().any(|wide| covers_resource(wide, narrow)))
        && (wide.resource_names.is_empty()
            || !narrow.resource_names.is_empty() && words(&wide.resource_names, &narrow.resource_names))
}

/// `pods/*` covers `pods` and `pods/status`; `*` covers no subresource.
fn covers_resource(wide: &str, narrow: &str) -> bool {
    let (wide, wide_sub) = wide.split_once('/').map_or((wide, None), |(resource, sub)| (resource, Some(sub)));
    let (narrow, narrow_sub) = narrow.split_once('/').map_or((narrow, None), |(resource, sub)| (resource, Some(sub)));
    (wide == "*" || wide == narrow) && (wide_sub == Some("*") || wide_sub == narrow_sub)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(operations: &[&str], resources: &[&str]) -> ResourceRule {
        let owned = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        ResourceRule {
            api_groups: owned(&["*"]),
            api_versions: owned(&["*"]),
            operations: owned(operations),
            resources: owned(resources),
            resource_names: Vec::new(),
            scope: Scope::Any,
        }
    }

    #[test]
    fn joins_what_overlaps_and_refuses_no_resource_to_anybody() {
        let joined = union([
            rule(&["CREATE", "UPDATE"], &["pods", "pods/resize"]),
            rule(&["CREATE", "UPDATE"], &["*", "*/scale"]),
            rule(&["CREATE"], &["deployments"]),
        ]);
        assert_eq!(joined, [rule(&["CREATE", "UPDATE"], &["pods/resize", "*", "*/scale"])]);
        assert_eq!(
            union([rule(&["CREATE"], &["pods"]), rule(&["DELETE"], &["pods"])]),
            [rule(&["CREATE", "DELETE"], &["pods"])]
        );
        assert_eq!(union([rule(&["CREATE"], &["pods"]), rule(&["*"], &["*/*"])]), [rule(&["*"], &["*/*"])]);
        let named = ResourceRule { resource_names: vec!["a".into()], ..rule(&["CREATE"], &["pods"]) };
        assert_eq!(union([named.clone()]), [rule(&["CREATE"], &["pods"])]);
        assert!(!covers(&named, &rule(&["CREATE"], &["pods"])) && covers(&rule(&["CREATE"], &["pods"]), &named));
    }

    #[test]
    fn covers_subresources_only_where_they_are_named() {
        for (wide, narrow, expected) in [
            ("*", "pods", true),
            ("*", "pods/status", false),
            ("pods/*", "pods", true),
            ("pods/*", "pods/status", true),
            ("*/status", "pods/status", true),
            ("pods/status", "*/status", false),
            ("*/*", "*", true),
            ("pods", "*", false),
        ] {
            assert_eq!(covers_resource(wide, narrow), expected, "{wide} {narrow}");
        }
    }
}
