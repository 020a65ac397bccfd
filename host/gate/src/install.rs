//! A new policy set is fetched, checked and compiled, then swapped in whole or not at all.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use portcullis_evidence::{Trust, TrustStore};
use portcullis_model::{Mode, PerMode, Place, PluginReference, PluginSource, Severity};
use portcullis_policies::{LoadedSet, Waivers, by_place, complaint_inside};
use portcullis_runner::{Plugin, PrepareError, Prepared, Runner};
use portcullis_subject::kinds::Kinds;

use crate::references::{check_against_plugin, check_rules, check_trusts, check_waivers, check_workloads};
use crate::{InstallError, InstalledPolicy, InstalledSet, Sets};

/// A rule of a policy's plugin, as reports list it.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleInfo {
    /// The policy's name.
    pub policy: String,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub plugin_version: String,
    /// The plugin's digest.
    pub plugin_digest: String,
    /// The rule's id in its plugin.
    pub id: String,
    /// What it demands, in one line.
    pub title: String,
    /// Its severity.
    pub severity: Severity,
    /// Where a person finds more; empty where the plugin says nothing.
    pub help: String,
}

/// Turns policy sets as written into policy sets that can judge.
pub struct Installer<'a> {
    runner: &'a Runner,
    source: &'a dyn PluginSource,
    plugins: HashMap<PluginReference, Arc<Plugin>>,
    kinds: Kinds,
    trusts: Arc<TrustStore>,
}

impl<'a> Installer<'a> {
    /// An installer over a runner, the places where plugins are kept, and where those who look facts up find the trusts.
    pub fn new(runner: &'a Runner, source: &'a dyn PluginSource, trusts: Arc<TrustStore>) -> Self {
        Self { runner, source, plugins: HashMap::new(), kinds: Kinds::builtin(), trusts }
    }

    /// Installs all sets, or says everything that is wrong with them, by file and place.
    ///
    /// # Errors
    /// Everything that plugins and the kinds of Kubernetes refuse in any set; where they refuse nothing, every waiver that
    /// names something by a slip.
    pub fn install(&mut self, sets: Vec<LoadedSet>, waivers: Waivers) -> Result<Sets, Vec<InstallError>> {
        let mut installed = Vec::with_capacity(sets.len());
        let mut errors = Vec::new();
        for loaded in sets {
            errors.extend(check_workloads(&loaded, &self.kinds).into_iter().map(|(message, place)| InstallError {
                about: format!("policy set `{}`", loaded.set.name),
                message,
                place,
            }));
            let mut policies = Vec::with_capacity(loaded.set.policies.len());
            for index in 0..loaded.set.policies.len() {
                match self.install_policy(&loaded, index) {
                    Ok(policy) => policies.push(policy),
                    Err(mut found) => errors.append(&mut found),
                }
            }
            let mode_label = loaded.set.mode.namespace_label.as_deref().map(Arc::from);
            let trusts = self.load_trusts(&loaded, &mut errors);
            installed.push(InstalledSet { loaded, policies, mode_label, trusts });
        }
        // A policy that could not be installed has no rules yet, so a waiver is asked for them only after all others.
        if errors.is_empty() {
            errors = check_waivers(&waivers, &installed);
        }
        if errors.is_empty() {
            return Ok(Sets { sets: installed, waivers, baseline: None });
        }
        // Settings of two modes, overrides and rules are asked for one after the other, and a person reads from the top.
        errors.sort_by(|left, right| by_place(left.place.as_ref()).cmp(&by_place(right.place.as_ref())));
        Err(errors)
    }

    /// Keys and roots are read here, so that nothing is read when a review is judged.
    fn load_trusts(&self, loaded: &LoadedSet, errors: &mut Vec<InstallError>) -> BTreeMap<String, Arc<Trust>> {
        let mut trusts = BTreeMap::new();
        for rule in &loaded.set.trust {
            match Trust::load(rule, Path::new("")) {
                Ok(trust) => _ = trusts.insert(rule.name.clone(), self.trusts.keep(trust)),
                Err(error) => errors.push(InstallError {
                    about: format!("policy set `{}`", loaded.set.name),
                    message: match std::error::Error::source(&error) {
                        Some(cause) => format!("{error}: {cause}"),
                        None => error.to_string(),
                    },
                    place: rule.place.clone(),
                }),
            }
        }
        trusts
    }

    fn install_policy(&mut self, loaded: &LoadedSet, index: usize) -> Result<InstalledPolicy, Vec<InstallError>> {
        let policy = &loaded.set.policies[index];
        let complain = |message: String, place: Option<Place>| InstallError {
            about: format!("policy `{}/{}`", loaded.set.name, policy.name),
            message,
            place: place.or_else(|| policy.place.clone()),
        };
        let plugin = self.plugin(&policy.plugin);
        let plugin = plugin.map_err(|message| vec![complain(message, loaded.policy_place(index, "/plugin"))])?;
        let named =
            check_against_plugin(loaded, index, &plugin).into_iter().chain(check_trusts(loaded, index, &plugin));
        let mut errors: Vec<InstallError> = named.map(|(message, place)| complain(message, place)).collect();
        errors.extend(
            check_rules(loaded, index, &self.kinds).into_iter().map(|(message, place)| complain(message, place)),
        );

        let mut prepare = |mode: Mode| -> Option<Prepared> {
            match plugin.prepare(policy.settings.of(mode)) {
                Ok(prepared) => Some(prepared),
                Err(PrepareError::Settings(complaints)) => {
                    errors.extend(complaints.into_iter().map(|refused| {
                        let at = if refused.pointer.is_empty() {
                            String::new()
                        } else {
                            format!(" at `{}`", refused.pointer)
                        };
                        let place = loaded.setting_place(index, mode, &refused.pointer);
                        // What is wrong within a text, such as an expression, is pointed at there.
                        let (why, place) = complaint_inside(refused.message, place);
                        complain(format!("plugin `{}` refuses the settings{at}: {why}", plugin.name()), place)
                    }));
                    None
                }
                Err(PrepareError::Failed(error)) => {
                    errors.push(complain(format!("the settings could not be prepared: {error}"), None));
                    None
                }
            }
        };
        let (sandbox, compliance) = (prepare(Mode::Sandbox), prepare(Mode::Compliance));
        match (sandbox, compliance) {
            (Some(sandbox), Some(compliance)) if errors.is_empty() => Ok(InstalledPolicy {
                plugin_label: format!("{}@{}", plugin.name(), plugin.digest()),
                called: (loaded.set.name.as_str().into(), loaded.set.policies[index].name.as_str().into()),
                plugin,
                prepared: PerMode { sandbox, compliance },
            }),
            _ => {
                // Settings that both modes share are refused twice; once is enough to tell.
                let mut told: Vec<InstallError> = Vec::new();
                for error in errors {
                    if !told.iter().any(|t| t.message == error.message && t.place == error.place) {
                        told.push(error);
                    }
                }
                Err(told)
            }
        }
    }

    fn plugin(&mut self, reference: &PluginReference) -> Result<Arc<Plugin>, String> {
        if let Some(plugin) = self.plugins.get(reference) {
            return Ok(Arc::clone(plugin));
        }
        let bytes = self.source.fetch(reference).map_err(|error| error.to_string())?;
        let pinned = match reference {
            PluginReference::Builtin { digest, .. } | PluginReference::File { digest, .. } => digest.as_deref(),
            PluginReference::Oci { reference } => reference.split_once('@').map(|(_, digest)| digest),
        };
        let plugin = self.runner.load(&bytes, pinned).map_err(|error| error.to_string())?;
        self.plugins.insert(reference.clone(), Arc::clone(&plugin));
        Ok(plugin)
    }
}

impl Sets {
    /// Every rule of every policy in force, each once, sorted.
    pub fn rules(&self) -> Vec<RuleInfo> {
        let mut rules: Vec<RuleInfo> = self
            .sets
            .iter()
            .flat_map(|set| set.policies.iter().zip(&set.loaded.set.policies))
            .flat_map(|(policy, written)| {
                policy.plugin.description().rules.iter().map(|rule| RuleInfo {
                    policy: written.name.clone(),
                    plugin: policy.plugin.name().to_owned(),
                    plugin_version: policy.plugin.description().version.clone(),
                    plugin_digest: policy.plugin.digest().to_owned(),
                    id: rule.id.clone(),
                    title: rule.title.clone(),
                    severity: rule.severity,
                    help: rule.help.clone(),
                })
            })
            .collect();
        fn name(rule: &RuleInfo) -> [&str; 3] {
            [&rule.plugin, &rule.id, &rule.policy]
        }
        rules.sort_by(|a, b| name(a).cmp(&name(b)));
        rules.dedup_by(|a, b| name(a) == name(b));
        rules
    }
}

#[cfg(test)]
mod tests {
    use portcullis_document::{ReadLimits, read_yaml};
    use portcullis_model::{PluginBytes, PluginSourceError, Source};
    use portcullis_policies::parse_set;
    use portcullis_runner::RunnerConfig;

    use super::*;

    /// Every plugin is bytes that are no component.
    struct NoPlugins;

    impl PluginSource for NoPlugins {
        fn fetch(&self, _: &PluginReference) -> Result<PluginBytes, PluginSourceError> {
            Ok(PluginBytes { wasm: b"none".to_vec().into(), code: None })
        }
    }

    #[test]
    fn says_everything_that_is_wrong_in_the_order_of_the_files() {
        let set = |file: &str| {
            let text = "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: a}\nspec:\n  policies:\n  \
                        - {name: p, plugin: {builtin: b}}\n  - {name: q, plugin: {builtin: b}}\n  \
                        workloads: [{apiGroup: argoproj, kind: Rollout, template: /spec/template}]\n";
            let document = read_yaml(&Source::new(file, text), &ReadLimits::default()).expect("YAML").remove(0);
            parse_set(&document).expect("a policy set")
        };
        let runner = Runner::new(RunnerConfig::new(portcullis_subject::quantity::amount)).expect("a runner");
        let mut installer = Installer::new(&runner, &NoPlugins, Arc::default());
        let Err(errors) = installer.install(vec![set("b.yaml"), set("a.yaml")], Waivers::default()) else {
            panic!("these sets are installed");
        };
        let told: Vec<String> =
            errors.iter().map(|error| format!("{} {}", error.place.as_ref().expect("a place"), error.about)).collect();
        assert_eq!(
            told,
            [
                "a.yaml:6:15 policy `a/p`",
                "a.yaml:7:15 policy `a/q`",
                "a.yaml:8:26 policy set `a`",
                "b.yaml:6:15 policy `a/p`",
                "b.yaml:7:15 policy `a/q`",
                "b.yaml:8:26 policy set `a`",
            ]
        );
    }
}
