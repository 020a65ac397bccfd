//! What in policy sets can hardly be meant, though it is no error.

use std::collections::BTreeMap;

use portcullis_document::{ReadLimits, read_json_text};
use portcullis_model::{Document, Mode, NodeId, Policy};
use portcullis_policies::LoadedSet;
use portcullis_runner::Plugin;

use crate::references::nodes;
use crate::{InstalledSet, Sets};

/// Something that a person should know of a policy set in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The policy set.
    pub policy_set: String,
    /// The policies that it is about.
    pub policies: Vec<String>,
    /// What it is, and what to do.
    pub message: String,
    /// Whether it holds only of what an API server asks.
    pub at_admission: bool,
}

impl Sets {
    /// What in the sets can hardly be meant, though it is no error: facts that a plugin may ask for and its policy does not
    /// grant, trusts that settings name where the set has none, images of which only files of the caller's count.
    pub fn warnings(&self) -> Vec<Warning> {
        self.sets.iter().flat_map(of_set).collect()
    }
}

fn of_set(set: &InstalledSet) -> Vec<Warning> {
    let policies = || set.loaded.set.policies.iter().zip(&set.policies).enumerate();
    let name = &set.loaded.set.name;
    let warning = |policies: Vec<String>, message: String, at_admission: bool| Warning {
        policy_set: name.clone(),
        policies,
        message,
        at_admission,
    };
    let read = set.loaded.notices.iter().map(|notice| warning(Vec::new(), notice.clone(), false));
    let mut warnings: Vec<Warning> = read.collect();
    warnings.extend(policies().filter_map(|(_, (policy, installed))| {
        Some(warning(vec![policy.name.clone()], ungranted(name, policy, &installed.plugin)?, false))
    }));
    let asking = policies().filter(|(_, (_, installed))| !installed.plugin.description().facts.is_empty());
    let asking: Vec<usize> = asking.map(|(index, _)| index).collect();
    warnings.extend(untrusted(&set.loaded, &asking).into_iter().map(|(all, message)| warning(all, message, false)));
    warnings
        .extend(only_local(&set.loaded, &asking).into_iter().map(|(one, message)| warning(vec![one], message, true)));
    warnings
}

/// The facts that a plugin declares and a policy does not grant, in words.
fn ungranted(set: &str, policy: &Policy, plugin: &Plugin) -> Option<String> {
    let missing: Vec<&str> =
        plugin.description().facts.iter().filter(|fact| !policy.grants.contains(fact)).map(String::as_str).collect();
    if missing.is_empty() {
        return None;
    }
    let (name, plugin, facts) = (&policy.name, plugin.name(), missing.join("`, `"));
    Some(format!(
        "the policy `{name}` of `{set}` cannot judge what its plugin `{plugin}` asks the fact `{facts}` for; add `grants: [{}]`",
        missing.join(", ")
    ))
}

/// Trusts that settings name in a set that has none, each with the policies that name it. (Where it has any, such a name is an
/// error.)
fn untrusted(loaded: &LoadedSet, asking: &[usize]) -> Vec<(Vec<String>, String)> {
    if !loaded.set.trust.is_empty() {
        return Vec::new();
    }
    let mut named: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for &index in asking {
        let policy = &loaded.set.policies[index];
        each_setting(policy, |settings, node| {
            if let Some(trust) = settings.string(node, &["trust"]) {
                let policies = named.entry(trust.to_owned()).or_default();
                if !policies.contains(&policy.name) {
                    policies.push(policy.name.clone());
                }
            }
        });
    }
    let message = |(trust, policies): (String, Vec<String>)| {
        let (trust, names) = (trust.escape_debug().to_string(), policies.join("`, `"));
        let message = format!(
            "the policy set `{}` has no trust `{trust}`, named by `{names}`: what these cover is not judged, which denies where `onError` is deny; say whose signatures count: `spec: {{trust: [{{name: {trust}, keys: [{{name: .., file: cosign.pub}}]}}]}}`, or with `root:` for certificates",
            loaded.set.name
        );
        (policies, message)
    };
    named.into_iter().map(message).collect()
}

/// Policies with entries for images of which only files of the caller's count: none does for what an API server asks.
fn only_local(loaded: &LoadedSet, asking: &[usize]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for &index in asking {
        let policy = &loaded.set.policies[index];
        let mut patterns: Vec<String> = Vec::new();
        each_setting(policy, |settings, node| {
            let is_local = settings.string(node, &["local"]) == Some("accept");
            let patterns_of = settings.find(node, "match");
            if is_local && settings.find(node, "trust").is_none() && !patterns_of.is_none() {
                patterns.extend(settings.items(patterns_of).map(|item| settings.text(item).to_owned()));
            }
        });
        patterns.sort();
        patterns.dedup();
        if !patterns.is_empty() {
            let (name, set, images) = (&policy.name, &loaded.set.name, patterns.join("`, `"));
            let message = format!(
                "the policy `{name}` of `{set}` takes only files for images `{}` (`local: accept` without a `trust`); no file counts for what an API server asks, so there it finds what it asks for of none of them; name a `trust`",
                images.escape_debug()
            );
            found.push((policy.name.clone(), message));
        }
    }
    found
}

/// Every node of the settings of both modes.
fn each_setting(policy: &Policy, mut see: impl FnMut(&Document, NodeId)) {
    for mode in [Mode::Sandbox, Mode::Compliance] {
        let Ok(settings) = read_json_text(policy.settings.of(mode), &ReadLimits::default()) else { continue };
        nodes(&settings).into_iter().for_each(|node| see(&settings, node));
    }
}

#[cfg(test)]
mod tests {
    use portcullis_document::read_yaml;
    use portcullis_model::Source;
    use portcullis_policies::parse_set;

    use super::*;

    fn set(spec: &str) -> LoadedSet {
        let text =
            format!("apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: s}}\nspec:\n{spec}\n");
        let document = read_yaml(&Source::new("set.yaml", text), &ReadLimits::default()).expect("YAML").remove(0);
        parse_set(&document).unwrap_or_else(|complaints| panic!("{}", complaints[0]))
    }

    fn policy(name: &str, images: &str) -> String {
        format!("  - {{name: {name}, plugin: {{builtin: b}}, settings: {{images: [{images}]}}}}\n")
    }

    #[test]
    fn names_a_trust_that_a_set_without_any_does_not_have_once() {
        let (a, b) = (policy("a", "{match: ['**'], trust: release}"), policy("b", "{match: ['**'], trust: release}"));
        let without = set(&format!("  policies:\n{a}{b}"));
        let said = untrusted(&without, &[0, 1]);
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0].0, ["a", "b"]);
        assert!(
            said[0].1.starts_with("the policy set `s` has no trust `release`, named by `a`, `b`: "),
            "{}",
            said[0].1
        );
        assert!(untrusted(&without, &[]).is_empty(), "a plugin that asks for no fact has settings of its own");
        let with = set(&format!("  trust: [{{name: other, root: {{builtin: sigstore}}}}]\n  policies:\n{a}"));
        assert!(untrusted(&with, &[0]).is_empty(), "that is an error, and is told as one");
    }

    #[test]
    fn names_images_of_which_only_files_count() {
        let images = "{match: ['b/**', a], local: accept}, {match: [c], local: accept, trust: release}, {match: [d], trust: release}";
        let said = only_local(&set(&format!("  policies:\n{}", policy("a", images))), &[0]);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(
            said[0].1.starts_with("the policy `a` of `s` takes only files for images `a`, `b/**` ("),
            "{}",
            said[0].1
        );
        let files = "  policies:\n  - {name: p, plugin: {builtin: b}, settings: {files: {local: accept}}}";
        assert!(only_local(&set(files), &[0]).is_empty(), "no API server asks about files");
    }
}
