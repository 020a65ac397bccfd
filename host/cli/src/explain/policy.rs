//! What a policy of the sets in use judges, by what, and what its findings do.

use portcullis_gate::{InstalledPolicy, InstalledSet, Sets};
use portcullis_model::{Mode, Policy};
use portcullis_policies::match_line;
use portcullis_report::plain;
use portcullis_runner::Plugin;

use super::{block, paragraph, settings};

/// A policy that somebody named, with the rule that they named besides.
pub struct Named<'s> {
    set: &'s InstalledSet,
    policy: &'s Policy,
    installed: &'s InstalledPolicy,
    /// The rule's id, of `POLICY/RULE` and `POLICY/PLUGIN/RULE`.
    pub rule: Option<String>,
}

/// The policies that a name may mean: `POLICY`, `POLICY/RULE`, or `POLICY/PLUGIN/RULE`, as machines name a finding.
pub fn named<'s>(name: &str, sets: &'s Sets) -> Vec<Named<'s>> {
    let (wanted, rest) = name.split_once('/').map_or((name, None), |(policy, rest)| (policy, Some(rest)));
    let mut found = Vec::new();
    for set in &sets.sets {
        for (policy, installed) in set.loaded.set.policies.iter().zip(&set.policies) {
            let own = &installed.plugin;
            let rules = || own.description().rules.iter().map(|rule| rule.id.clone());
            let rule = rest.map(|rest| rules().find(|id| rest == id || rest == format!("{}/{id}", own.name())));
            if policy.name == wanted && rule != Some(None) {
                found.push(Named { set, policy, installed, rule: rule.flatten() });
            }
        }
    }
    found
}

impl Named<'_> {
    /// The policy's own name.
    pub fn name(&self) -> &str {
        &self.policy.name
    }

    /// Its settings.
    pub fn settings(&self) -> String {
        settings::of(self.policy)
    }

    /// Whether this is the policy of that set and name.
    pub fn is(&self, set: &InstalledSet, policy: &Policy) -> bool {
        self.set.loaded.set.name == set.loaded.set.name && self.policy.name == policy.name
    }

    /// The plugin that judges for it.
    pub fn plugin(&self) -> &Plugin {
        &self.installed.plugin
    }

    /// A page about it.
    pub fn page(&self) -> String {
        let (policy, plugin) = (self.policy, self.plugin());
        let description = plugin.description();
        let mut out = format!("policy {} of {}\n\n", plain(&policy.name), plain(&self.set.loaded.set.name));
        let place = policy.place.as_ref().map_or_else(String::new, |place| plain(&place.to_string()).into_owned());
        let parts = [
            ("plugin", format!("{} {}: {}", plugin.name(), plain(&description.version), plain(&description.title))),
            ("judges", plain(&match_line(&policy.matches)).into_owned()),
            (
                "a finding",
                format!(
                    "{} in sandbox, {} in compliance",
                    effect(policy, Mode::Sandbox),
                    effect(policy, Mode::Compliance)
                ),
            ),
            ("stands at", place),
        ];
        for (word, text) in parts.iter().filter(|(_, text)| !text.is_empty()) {
            out.push_str(&paragraph(word, text));
        }
        out.push_str(&block("settings", &settings::of(policy)));
        out.push_str("\nrules\n");
        let longest = description.rules.iter().map(|rule| rule.id.len()).max().unwrap_or_default();
        for rule in &description.rules {
            let severity = policy.severity_of(&rule.id, rule.severity);
            out.push_str(&format!("  {:longest$}  {:8}  {}\n", rule.id, severity.as_str(), plain(&rule.title)));
        }
        out.push_str(&format!(
            "\n`--explain {}` says more of the plugin, and `--explain {0}/RULE` of a rule\n\n",
            plugin.name()
        ));
        out
    }
}

fn effect(policy: &Policy, mode: Mode) -> &'static str {
    policy.effect.of(mode).as_str()
}
