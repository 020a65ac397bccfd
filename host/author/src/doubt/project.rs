//! What the files beside a plugin still say of what it was: `policies.yaml` and `README.md`, as `plugin new` wrote them.

use std::path::Path;

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::{PluginReference, Policy, Source};
use portcullis_policies::parse_set;
use portcullis_runner::Plugin;

use super::{Doubt, Weight};
use crate::build::{file_name, read};

/// The policy set of a project.
const POLICIES: &str = "policies.yaml";
/// The page of a project.
const README: &str = "README.md";
/// Where it tells of the rules, and how a rule's row begins.
const FINDINGS: [&str; 2] = ["## Findings", "| `"];

/// Everything that is stale. Files that are not there, or are not what they are in a project, say nothing.
pub fn stale(plugin: &Plugin, folder: &Path) -> Vec<Doubt> {
    let text = |name: &str| String::from_utf8(read(&folder.join(name)).ok()?).ok();
    let policies = text(POLICIES).map(|text| policies(plugin, &text)).unwrap_or_default();
    let policies = policies.into_iter().map(|said| Doubt::new(Weight::Strict, said));
    let rules: Vec<&str> = plugin.description().rules.iter().map(|rule| rule.id.as_str()).collect();
    let page = text(README).map(|text| page(&rules, &text)).unwrap_or_default();
    policies.chain(page.into_iter().map(|said| Doubt::new(Weight::Warning, said))).collect()
}

/// Policies that use the plugin with settings that it refuses, each once.
fn policies(plugin: &Plugin, text: &str) -> Vec<String> {
    let file = file_name(plugin.name());
    // A text that is no policy set is for `check` to complain about.
    let documents = read_yaml(&Source::new(POLICIES, text), &ReadLimits::default()).unwrap_or_default();
    let sets = documents.iter().filter_map(|document| parse_set(document).ok());
    let policies = sets.flat_map(|set| set.set.policies);
    let uses = |policy: &Policy| match &policy.plugin {
        PluginReference::File { path, .. } => path.rsplit('/').next() == Some(file.as_str()),
        _ => false,
    };
    let mut said = Vec::new();
    for policy in policies.filter(uses) {
        let settings = &policy.settings;
        let refused =
            [&settings.sandbox, &settings.compliance].into_iter().find_map(|settings| plugin.prepare(settings).err());
        let line = policy.place.as_ref().map_or(1, |place| place.start().0);
        said.extend(refused.map(|why| {
            format!(
                "{POLICIES}:{line}: with the policy `{}` nothing is judged, because {why}; write the settings anew",
                policy.name
            )
        }));
    }
    said
}

/// Rules that the page of a project lists and nobody has, and rules that it does not name.
fn page(rules: &[&str], text: &str) -> Vec<String> {
    let [heading, row] = FINDINGS;
    let Some((_, section)) = text.split_once(&format!("\n{heading}\n")) else { return Vec::new() };
    let section = section.split("\n## ").next().unwrap_or_default();
    let listed = section.lines().filter_map(|line| line.strip_prefix(row)?.split('`').next());
    let gone: Vec<&str> = listed.filter(|id| !rules.contains(id)).collect();
    let unnamed: Vec<&str> = rules.iter().copied().filter(|id| !text.contains(&format!("`{id}`"))).collect();
    let said = |what: &str, ids: Vec<&str>| {
        let ids: Vec<String> = ids.iter().map(|id| format!("`{id}`")).collect();
        (!ids.is_empty()).then(|| format!("{README} {what} {}", ids.join(", ")))
    };
    [
        said("lists among its findings rules that the plugin does not have:", gone),
        said("does not name these rules of the plugin:", unnamed),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_the_rules_of_a_page_with_those_of_the_plugin() {
        let text = "# p\n\n## Findings\n\n| Rule | When |\n| --- | --- |\n| `a` | x |\n| `b` | y |\n\n## More\n\n| `c` | z |\n";
        assert_eq!(page(&["a", "b"], text), [""; 0]);
        assert_eq!(
            page(&["b", "d"], text),
            [
                "README.md lists among its findings rules that the plugin does not have: `a`",
                "README.md does not name these rules of the plugin: `d`"
            ]
        );
        assert_eq!(page(&["d"], "# Another page\n"), [""; 0]);
    }
}
