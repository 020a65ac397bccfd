//! What sets and waivers name, compared with what there is: rules, facts, policies, resources of Kubernetes.

use portcullis_document::{ReadLimits, read_json_text};
use portcullis_model::{
    CustomWorkload, Document, KeySource, Kind, Mode, NodeId, Override, Place, ResourceRule, TrustRule,
};
use portcullis_policies::{LoadedSet, Waiver, Waivers, by_distance, quote, suggest};
use portcullis_runner::Plugin;
use portcullis_subject::kinds::Kinds;

use crate::{InstallError, InstalledSet};

/// A complaint and where it stands.
type Complaint = (String, Option<Place>);

/// Names that are listed whole; of more, only the nearest are told.
const MOST_LISTED: usize = 8;
/// The settings that say who may sign something else than what their entry is about, by the trust of the entry.
const SIGNED_BESIDES: [&str; 2] = ["vex", "delegated"];
/// How many of a longer list are told.
const NEAREST: usize = 3;

/// What a policy says that its plugin does not know.
pub(crate) fn check_against_plugin(loaded: &LoadedSet, index: usize, plugin: &Plugin) -> Vec<Complaint> {
    let policy = &loaded.set.policies[index];
    let description = plugin.description();
    let known: Vec<&str> = description.rules.iter().map(|rule| rule.id.as_str()).collect();
    let mut complaints = Vec::new();
    for (at, change) in policy.overrides.iter().enumerate() {
        if let Some(message) = unknown_rule(change, plugin.name(), &known) {
            complaints.push((message, loaded.policy_place(index, &format!("/overrides/{at}/rule"))));
        }
    }
    for (at, grant) in policy.grants.iter().enumerate().filter(|(_, grant)| !description.facts.contains(grant)) {
        let message =
            format!("`grants` names the fact `{grant}`, which plugin `{}` never asks for; remove it", plugin.name());
        complaints.push((message, loaded.policy_place(index, &format!("/grants/{at}"))));
    }
    complaints
}

/// Trusts and keys that the settings name by a slip. Where the policy set has no trust at all, that is no slip: it is still to be
/// configured, and until then its policies cannot judge.
pub(crate) fn check_trusts(loaded: &LoadedSet, index: usize, plugin: &Plugin) -> Vec<Complaint> {
    let trusts = &loaded.set.trust;
    if trusts.is_empty() || plugin.description().facts.is_empty() {
        return Vec::new();
    }
    let mut complaints = Vec::new();
    for mode in [Mode::Sandbox, Mode::Compliance] {
        let settings = loaded.set.policies[index].settings.of(mode);
        let Ok(settings) = read_json_text(settings, &ReadLimits::default()) else { continue };
        for node in nodes(&settings) {
            for (pointer, message) in wrong_names(&settings, node, trusts) {
                complaints.push((message, loaded.setting_place(index, mode, &pointer)));
            }
        }
    }
    complaints.dedup();
    complaints
}

/// Every list, map and value of a document, each once.
pub(crate) fn nodes(document: &Document) -> Vec<NodeId> {
    let mut all = vec![NodeId::ROOT];
    let mut at = 0;
    while let Some(&node) = all.get(at) {
        at += 1;
        match document.kind(node) {
            Kind::List => all.extend(document.items(node)),
            Kind::Map => all.extend(document.entries(node).map(|(_, value)| value)),
            _ => {}
        }
    }
    all
}

/// What is wrong with the names in one map of settings, each with its pointer: its `trust`, and the keys and identities of that
/// trust, or of the one around it, that it says count.
fn wrong_names(settings: &Document, node: NodeId, trusts: &[TrustRule]) -> Vec<(String, String)> {
    if let Some(name) = settings.string(node, &["trust"])
        && !trusts.iter().any(|trust| trust.name == name)
    {
        let known: Vec<&str> = trusts.iter().map(|trust| trust.name.as_str()).collect();
        let hint = near_or_listed(name, &known);
        let message = format!("the policy set has no trust {}; {hint}", quote(name));
        return vec![(settings.pointer(settings.find(node, "trust")), message)];
    }
    let Some(trust) = trust_of(settings, node, trusts) else { return Vec::new() };
    let name = &trust.name;
    let mut wrong = Vec::new();
    let identities = settings.find(node, "identities");
    if trust.root.is_none() && settings.len(identities) > 0 {
        let message = format!(
            "the trust {} has keys and no `root`, so nobody with a certificate can count; give it a `root`, or leave `identities` out",
            quote(name)
        );
        wrong.push((settings.pointer(identities), message));
    }
    // A directory may get another key, or lose one, while the set is in force.
    let known: Option<Vec<&str>> = trust
        .keys
        .iter()
        .map(|key| (!matches!(key.source, KeySource::Directory(_))).then_some(key.name.as_str()))
        .collect();
    let (Some(known), keys) = (known, settings.find(node, "keys")) else { return wrong };
    let unknown = settings.items(keys).filter(|key| !known.contains(&settings.text(*key)));
    let complaint = |key: NodeId| {
        let written = settings.text(key);
        let hint = if known.is_empty() {
            "it has none; give it one, or name `identities`".to_owned()
        } else {
            near_or_listed(written, &known)
        };
        (settings.pointer(key), format!("the trust {} has no key {}; {hint}", quote(name), quote(written)))
    };
    wrong.extend(unknown.map(complaint));
    wrong
}

/// The trust whose signers a map of settings names: its own, or, of who may sign something besides (`vex`, `delegated`), that of
/// the nearest map around it.
fn trust_of<'a>(settings: &Document, node: NodeId, trusts: &'a [TrustRule]) -> Option<&'a TrustRule> {
    let mut at = node;
    let mut besides = false;
    while !at.is_none() {
        if let Some(name) = settings.string(at, &["trust"]) {
            return trusts.iter().find(|trust| trust.name == name).filter(|_| besides || at == node);
        }
        besides |= settings.key(at).is_some_and(|key| SIGNED_BESIDES.contains(&key));
        at = settings.parent(at);
    }
    None
}

fn near_or_listed(written: &str, known: &[&str]) -> String {
    match suggest(written, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has {}", quoted(&known[..known.len().min(MOST_LISTED)])),
    }
}

/// What is wrong with the rule of an override, where anything is.
fn unknown_rule(change: &Override, plugin: &str, known: &[&str]) -> Option<String> {
    let rule = &change.rule;
    if let Some(other) = change.plugin.as_deref().filter(|name| *name != plugin) {
        let hint = if known.contains(&rule.as_str()) {
            format!("write `{plugin}/{rule}`")
        } else if let Some(near) = suggest(rule, known) {
            format!("did you mean `{plugin}/{near}`?")
        } else {
            format!("say it in a policy that uses `{other}`")
        };
        return Some(format!(
            "`overrides` names a rule of the plugin `{other}`, but this policy uses `{plugin}`; {hint}"
        ));
    }
    if known.contains(&rule.as_str()) {
        return None;
    }
    let hint = did_you_mean(rule, known, &[plugin]);
    Some(format!("`overrides` names the rule `{rule}`, which plugin `{plugin}` does not have; {hint}"))
}

/// Custom kinds that could never be found, because their group is Kubernetes' own, or nobody's.
pub(crate) fn check_workloads(loaded: &LoadedSet, kinds: &Kinds) -> Vec<Complaint> {
    let workloads = loaded.set.workloads.iter().enumerate();
    let complaint = |(at, workload): (usize, &CustomWorkload)| {
        let (key, message) = unknown_workload(workload, kinds)?;
        Some((message, loaded.workload_place(at, key)))
    };
    workloads.filter_map(complaint).collect()
}

/// The field that is wrong, and why.
fn unknown_workload(workload: &CustomWorkload, kinds: &Kinds) -> Option<(&'static str, String)> {
    let CustomWorkload { group, kind, .. } = workload;
    if !kinds.is_own_group(group) {
        return (!group.contains('.')).then(|| ("apiGroup", unknown_group(group, kinds)));
    }
    let mut own: Vec<&str> = kinds.iter().filter(|(known, ..)| known == group).map(|(_, kind, _)| kind).collect();
    if own.contains(&kind.as_str()) {
        return None;
    }
    own.sort_unstable();
    let hint = match suggest(kind, &own) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "the group of a custom kind has a dot".to_owned(),
    };
    Some(("kind", format!("the group `{group}` of Kubernetes has no kind `{}`; {hint}", kind.escape_debug())))
}

fn unknown_group(group: &str, kinds: &Kinds) -> String {
    let mut own: Vec<&str> = kinds.iter().map(|(group, ..)| group).filter(|group| !group.contains('.')).collect();
    own.sort_unstable();
    let hint = match suggest(group, &own) {
        Some(near) if !near.is_empty() => format!("did you mean `{near}`?"),
        _ => "the group of a custom kind has a dot".to_owned(),
    };
    format!("Kubernetes has no API group `{}`; {hint}", group.escape_debug())
}

/// Resource rules that could never match, because Kubernetes has no such group or resource.
///
/// Only what cannot be a custom kind is refused: its group has a dot and does not end in `.k8s.io`, or is `*`.
pub(crate) fn check_rules(loaded: &LoadedSet, index: usize, kinds: &Kinds) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let rules = loaded.set.policies[index].matches.resource_rules.iter().flatten();
    for (number, rule) in rules.enumerate() {
        let place = |rest: String| loaded.policy_place(index, &format!("/match/resourceRules/{number}/{rest}"));
        for (at, group) in rule.api_groups.iter().enumerate() {
            if group != "*" && !group.contains('.') && !kinds.is_own_group(group) {
                complaints.push((unknown_group(group, kinds), place(format!("apiGroups/{at}"))));
            }
        }
        for (at, written) in rule.resources.iter().enumerate() {
            if let Some(message) = unknown_resource(rule, written, kinds) {
                complaints.push((message, place(format!("resources/{at}"))));
            }
        }
    }
    complaints
}

fn unknown_resource(rule: &ResourceRule, written: &str, kinds: &Kinds) -> Option<String> {
    let resource = written.split('/').next().unwrap_or_default();
    if resource == "*" || kinds.iter().any(|(group, _, info)| info.plural == resource && has_group(rule, group)) {
        return None;
    }
    let any = rule.api_groups.iter().any(|group| group == "*");
    let all_own = rule.api_groups.iter().all(|group| kinds.is_own_group(group));
    let of_rule = || kinds.iter().filter(|(group, ..)| has_group(rule, group));
    let singular = of_rule().find(|(_, kind, _)| kind.to_ascii_lowercase() == resource);
    if let Some((_, _, info)) = singular.filter(|_| any || all_own) {
        return Some(format!(
            "no resource is called `{resource}`; did you mean `{}`? resources are plurals",
            info.plural
        ));
    }
    if !all_own {
        return None;
    }
    // A known resource in the wrong group; the newest group last, and the same one on every run.
    let elsewhere = kinds.iter().filter(|(.., info)| info.plural == resource).map(|(group, ..)| group);
    let hint = match elsewhere.filter(|group| *group != "extensions").min() {
        Some("") => "it is in the core group (`\"\"`)".to_owned(),
        Some(group) => format!("it is in the group `{group}`"),
        None => {
            let mut plurals: Vec<&str> = of_rule().map(|(.., info)| info.plural.as_str()).collect();
            plurals.sort_unstable();
            plurals.dedup();
            match suggest(resource, &plurals) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "if it is newer than Kubernetes 1.36, write `apiGroups: [\"*\"]`".to_owned(),
            }
        }
    };
    Some(format!("these groups of Kubernetes have no resource `{resource}`; {hint}"))
}

fn has_group(rule: &ResourceRule, group: &str) -> bool {
    rule.api_groups.iter().any(|own| own == "*" || own == group)
}

/// Waivers that name sets, policies or rules by a slip, and so would never cover anything.
///
/// A name that resembles no loaded one is no slip: the same waivers serve runs with other sets. Such a waiver waives nothing,
/// and is reported as not needed.
pub(crate) fn check_waivers(waivers: &Waivers, sets: &[InstalledSet]) -> Vec<InstallError> {
    let complaint = |waiver: &Waiver| {
        let (message, place) = check_waiver(waiver, sets)?;
        let place = place.or_else(|| waiver.place.clone());
        Some(InstallError { about: format!("waiver `{}`", waiver.name), message, place })
    };
    waivers.iter().filter_map(complaint).collect()
}

fn check_waiver(waiver: &Waiver, sets: &[InstalledSet]) -> Option<Complaint> {
    let names: Vec<&str> = sets.iter().map(|set| set.loaded.set.name.as_str()).collect();
    if let Some(own) = waiver.policy_set.as_deref().filter(|own| !names.contains(own)) {
        let near = suggest(own, &names)?;
        let message = format!("no policy set `{}` is loaded; did you mean `{near}`?", own.escape_debug());
        return Some((message, waiver.places.policy_set.clone()));
    }
    let of_sets = sets.iter().filter(|set| waiver.policy_set.as_ref().is_none_or(|own| *own == set.loaded.set.name));
    let policies: Vec<_> = of_sets.flat_map(|set| set.loaded.set.policies.iter().zip(&set.policies)).collect();
    let named: Vec<_> = policies.iter().filter(|(policy, _)| policy.name == waiver.policy).collect();
    if named.is_empty() {
        let mut known: Vec<&str> = policies.iter().map(|(policy, _)| policy.name.as_str()).collect();
        known.sort_unstable();
        known.dedup();
        let near = suggest(&waiver.policy, &known)?;
        let written = waiver.policy.escape_debug();
        let message = format!("no loaded policy set has a policy `{written}`; did you mean `{near}`?");
        return Some((message, waiver.places.policy.clone()));
    }
    let mut codes: Vec<String> = Vec::new();
    let mut plugins: Vec<&str> = Vec::new();
    for (_, installed) in named {
        let plugin = installed.plugin.name();
        plugins.push(plugin);
        codes.extend(installed.plugin.description().rules.iter().map(|rule| format!("{plugin}/{}", rule.id)));
    }
    let (written, known): (String, Vec<&str>) = match &waiver.plugin {
        Some(plugin) => (format!("{plugin}/{}", waiver.rule), codes.iter().map(String::as_str).collect()),
        None => (waiver.rule.clone(), codes.iter().filter_map(|code| code.split('/').nth(1)).collect()),
    };
    if known.contains(&written.as_str()) {
        return None;
    }
    plugins.sort_unstable();
    plugins.dedup();
    let hint = did_you_mean(&written, &known, &plugins);
    Some((format!("the policy `{}` has no rule `{written}`; {hint}", waiver.policy), waiver.places.rule.clone()))
}

/// The rule that was meant, or those that there are; of many, only the nearest, and where all of them are described.
fn did_you_mean(written: &str, known: &[&str], plugins: &[&str]) -> String {
    if let Some(near) = suggest(written, known) {
        return format!("did you mean `{near}`?");
    }
    let ranked = by_distance(written, known);
    match ranked.len() {
        0 => "there is none".to_owned(),
        1..=MOST_LISTED => format!("it has {}", quoted(&ranked)),
        count => {
            let nearest = quoted(&ranked[..NEAREST]);
            let plugins = quoted(plugins);
            format!("it has {count} rules, the nearest are {nearest}; the README of {plugins} describes all")
        }
    }
}

fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
