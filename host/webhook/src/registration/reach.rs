//! What a policy could find anything in: its rules without the kinds that its plugin has nothing to say about.
//!
//! A policy that asks for `*` asks for everything a cluster writes: the objects of network plugins, Secrets, what nodes say of
//! themselves. Under `failurePolicy: Fail` all of it stands still while nobody answers, although only workloads and claims
//! for storage can break a rule of the built-in plugins. `describe` cannot say so (they read `*`), because it depends on the
//! settings: `fields` points anywhere, `totals` counts the replicas of a Scale. Of a plugin from a file nothing is known, so
//! all that it asks for is sent. `tests/tests/registered.rs` judges every kind with every shipped set and compares.

use portcullis_document::{ReadLimits, read_json_text};
use portcullis_model::{CustomWorkload, NodeId, PluginReference, Policy, ResourceRule};
use portcullis_policies::LoadedSet;
use portcullis_subject::kinds::Kinds;

use super::{Condition, narrowing, rules};

/// The resources whose objects run containers or claim storage, by group: the kinds that `portcullis_subject::workload`
/// looks into.
const WORKLOADS: [(&str, &[&str]); 4] = [
    ("", &["pods", "podtemplates", "replicationcontrollers", "persistentvolumeclaims"]),
    ("apps", &["deployments", "replicasets", "statefulsets", "daemonsets"]),
    ("batch", &["jobs", "cronjobs"]),
    // Until Kubernetes 1.16; no API server of today has them, and nothing is sent for what is not there.
    ("extensions", &["deployments", "replicasets", "daemonsets"]),
];
/// Of Pods, what may change containers. Of all other subresources but `scale` none can: what is sent to `status` is no spec to
/// the API server, and nodes must be able to say how their Pods are while nobody answers.
const PODS: [&str; 3] = ["pods", "pods/ephemeralcontainers", "pods/resize"];
/// The subresource whose kind is a Scale, whatever its resource.
const SCALE: &str = "scale";

/// What a policy could find anything in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Any object, or nobody knows.
    Everything,
    /// Whatever runs containers or claims storage.
    Workloads {
        /// The number of Pods in a Scale, too.
        scale: bool,
    },
}

/// What a policy could find anything in.
///
/// A condition that fails on some kind makes the policy not judged there, which denies: so where there are conditions, all
/// that the rules ask for is sent.
pub fn reach(policy: &Policy) -> Reach {
    let PluginReference::Builtin { name, .. } = &policy.plugin else { return Reach::Everything };
    if !policy.matches.match_conditions.is_empty() {
        return Reach::Everything;
    }
    let says = |key: &str| {
        [&policy.settings.sandbox, &policy.settings.compliance].into_iter().any(|settings| {
            // What cannot be read may say anything.
            read_json_text(settings, &ReadLimits::default())
                .map_or(true, |read| !read.find(NodeId::ROOT, key).is_none())
        })
    };
    match name.as_str() {
        "image-reference" | "pod-security" | "signature" | "sbom" | "sast" => Reach::Workloads { scale: false },
        "resource-limits" if !says("fields") => Reach::Workloads { scale: says("totals") },
        _ => Reach::Everything,
    }
}

/// A policy's rules as far as it could find anything, and what must be true besides.
pub fn of(set: &LoadedSet, policy: usize) -> (Vec<ResourceRule>, Option<Condition>) {
    let policy = &set.set.policies[policy];
    let written = rules::rules_of(&policy.matches);
    let Reach::Workloads { scale } = reach(policy) else { return (written, None) };
    let custom = Custom::of(&set.set.workloads);
    let mut narrow: Vec<ResourceRule> = Vec::new();
    for rule in &written {
        for (group, plurals) in WORKLOADS {
            let own = custom.own.iter().filter(|(known, _)| known == group).map(|(_, plural)| plural.as_str());
            let plurals: Vec<&str> = plurals.iter().copied().chain(own).collect();
            narrow.extend(within(rule, group, |resource| below(resource, &plurals)));
        }
        for group in &custom.groups {
            narrow.extend(within(rule, group, |resource| match resource.split_once('/') {
                Some((_, SCALE)) => Vec::new(),
                _ => vec![resource.to_owned()],
            }));
        }
        if scale {
            let resources = rule.resources.iter().filter_map(|resource| match resource.split_once('/') {
                Some((resource, "*" | SCALE)) => Some(format!("{resource}/{SCALE}")),
                _ => None,
            });
            narrow.push(ResourceRule { resources: resources.collect(), ..rule.clone() });
        }
    }
    narrow.retain(|rule| !rule.resources.is_empty());
    let condition = custom.condition().filter(|_| !narrow.is_empty());
    (narrow, condition)
}

/// What a person should know of a policy that is asked about everything.
pub fn note(set: &LoadedSet, policy: usize) -> Option<String> {
    let (name, policy) = (&set.set.name, &set.set.policies[policy]);
    let any = |word: &String| word == "*" || word == "*/*";
    let whole = |rule: &ResourceRule| rule.api_groups.iter().any(any) && rule.resources.iter().any(any);
    let asked = reach(policy) == Reach::Everything && rules::rules_of(&policy.matches).iter().any(whole);
    asked.then(|| {
        format!(
            "policy `{name}/{}` is asked about every kind: while nobody answers, nothing of a cluster changes but what is left out here; name kinds in its `resourceRules`",
            policy.name
        )
    })
}

/// The part of a rule that speaks of one group.
fn within(rule: &ResourceRule, group: &str, keep: impl Fn(&str) -> Vec<String>) -> Option<ResourceRule> {
    let speaks = rule.api_groups.iter().any(|known| known == "*" || known == group);
    let resources = rule.resources.iter().flat_map(|resource| keep(resource)).collect();
    speaks.then(|| ResourceRule { api_groups: vec![group.to_owned()], resources, ..rule.clone() })
}

/// What a written resource means among these.
fn below(written: &str, plurals: &[&str]) -> Vec<String> {
    let (resource, subresource) = written.split_once('/').map_or((written, None), |(left, right)| (left, Some(right)));
    if subresource == Some(SCALE) {
        return Vec::new();
    }
    let meant = plurals.iter().filter(|plural| resource == "*" || resource == **plural);
    let each = |plural: &&str| match subresource {
        None => vec![(*plural).to_owned()],
        // `pods/*` is the Pods, too.
        Some("*") if *plural == "pods" => PODS.map(str::to_owned).to_vec(),
        Some("*") => vec![(*plural).to_owned()],
        Some(name) => vec![format!("{plural}/{name}")],
    };
    meant.flat_map(each).collect()
}

/// The kinds of `workloads`, whose plurals nobody says.
struct Custom {
    /// Groups whose resources are all sent, as far as [`Custom::condition`] lets them.
    groups: Vec<String>,
    /// Kinds of those groups.
    kinds: Vec<(String, String)>,
    /// Kinds of Kubernetes itself, with their plurals.
    own: Vec<(String, String)>,
}

impl Custom {
    fn of(workloads: &[CustomWorkload]) -> Self {
        let known = Kinds::builtin();
        let mut custom = Self { groups: Vec::new(), kinds: Vec::new(), own: Vec::new() };
        for workload in workloads {
            let own = |(group, kind, _): &(&str, &str, _)| (*group, *kind) == (&*workload.group, &*workload.kind);
            let among = WORKLOADS.iter().any(|(group, _)| *group == workload.group);
            match known.iter().find(own) {
                Some((.., info)) if among => custom.own.push((workload.group.clone(), info.plural.clone())),
                _ => {
                    custom.kinds.push((workload.group.clone(), workload.kind.clone()));
                    if !custom.groups.contains(&workload.group) {
                        custom.groups.push(workload.group.clone());
                    }
                }
            }
        }
        custom
    }

    /// Of the groups of custom kinds, only the kinds that run containers.
    fn condition(&self) -> Option<Condition> {
        let custom = |group: &&String| WORKLOADS.iter().all(|(own, _)| own != *group);
        let parts = self.groups.iter().filter(custom).map(|group| {
            let kinds = self.kinds.iter().filter(|(known, _)| known == group).map(|(_, kind)| kind.as_str());
            let group = narrowing::quoted(group);
            format!("(request.kind.group != {group} || request.kind.kind in {})", narrowing::list(kinds))
        });
        let expression = parts.collect::<Vec<_>>().join(" && ");
        let name = "only-kinds-that-run-containers".to_owned();
        (!expression.is_empty()).then_some(Condition { name, expression })
    }
}

#[cfg(test)]
mod tests {
    use portcullis_document::read_yaml;
    use portcullis_model::Source;
    use portcullis_policies::parse_set;

    use super::*;

    /// A set of one policy.
    fn set(plugin: &str, more: &str, workloads: &str) -> LoadedSet {
        let text = format!(
            "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: s}}\nspec:\n  workloads: [{workloads}]\n  policies:\n  - {{name: p, plugin: {plugin}, {more}}}\n"
        );
        let documents = read_yaml(&Source::new("set.yaml", text.clone()), &ReadLimits::default()).expect("YAML");
        parse_set(&documents[0]).unwrap_or_else(|complaints| panic!("{}: {text}", complaints[0]))
    }

    /// `group: resources` of each rule.
    fn reached(set: &LoadedSet) -> Vec<String> {
        let shown = |rule: &ResourceRule| format!("{}: {}", rule.api_groups.join(" "), rule.resources.join(" "));
        of(set, 0).0.iter().map(shown).collect()
    }

    const ALL: &str = "match: {resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: [CREATE, UPDATE], resources: ['*', pods/resize, '*/scale']}]}";
    const NARROW: [&str; 4] = [
        ": pods podtemplates replicationcontrollers persistentvolumeclaims pods/resize",
        "apps: deployments replicasets statefulsets daemonsets",
        "batch: jobs cronjobs",
        "extensions: deployments replicasets daemonsets",
    ];

    #[test]
    fn asks_builtin_policies_about_workloads_and_nothing_else() {
        for plugin in [
            "{builtin: image-reference}",
            "{builtin: pod-security}",
            "{builtin: resource-limits}",
            "{builtin: signature}",
            "{builtin: sbom}",
            "{builtin: sast}",
        ] {
            assert_eq!(reached(&set(plugin, ALL, "")), NARROW, "{plugin}");
        }
        let own = "match: {resourceRules: [{apiGroups: [apps, example.com], apiVersions: [v1], operations: [CREATE], resources: [deployments, deployments/scale, widgets]}]}";
        assert_eq!(reached(&set("{builtin: image-reference}", own, "")), ["apps: deployments"]);
        let secrets = "match: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [secrets]}]}";
        assert_eq!(reached(&set("{builtin: image-reference}", secrets, "")), [""; 0]);
        let every = reached(&set("{builtin: image-reference}", "match: {}", ""));
        assert!(every[0].starts_with(": pods pods/ephemeralcontainers pods/resize podtemplates"), "{every:?}");
        assert_eq!(every[2], "batch: jobs cronjobs", "no status: it changes no container");
    }

    #[test]
    fn asks_about_everything_where_anything_may_be_found() {
        let limits = "{builtin: resource-limits}";
        for (plugin, more) in [
            ("{file: a.wasm}", String::new()),
            ("{builtin: another}", String::new()),
            (limits, "settings: {fields: [{pointer: /a, max: 1}]}, ".to_owned()),
            (limits, "settingsByMode: {sandbox: {fields: [{pointer: /a, max: 1}]}}, ".to_owned()),
        ] {
            assert_eq!(reached(&set(plugin, &(more + ALL), "")), ["*: * pods/resize */scale"], "{plugin}");
        }
        // A condition that fails on a Secret makes the policy not judged there.
        let conditions = "match: {matchConditions: [{name: a, expression: \"object.spec.a == 'b'\"}]}";
        let set = set(limits, conditions, "");
        assert_eq!(reached(&set), ["*: */*"]);
        assert!(note(&set, 0).expect("a note").starts_with("policy `s/p` is asked about every kind"));
    }

    #[test]
    fn asks_about_replicas_only_where_totals_are_kept() {
        let totals = |resources: &str| {
            let all = ALL.replace("'*', pods/resize, '*/scale'", resources);
            reached(&set("{builtin: resource-limits}", &format!("settings: {{totals: {{replicas: 3}}}}, {all}"), ""))
        };
        assert_eq!(totals("'*', '*/scale'").last().expect("rules"), "*: */scale");
        assert_eq!(totals("'*/*'").last().expect("rules"), "*: */scale");
        assert_eq!(totals("deployments/scale"), ["*: deployments/scale"]);
        assert_eq!(totals("'*'").len(), 4);
    }

    #[test]
    fn asks_about_custom_kinds_that_run_containers() {
        // A08
        let rollouts = "{apiGroup: argoproj.io, kind: Rollout, template: /spec/template}, {apiGroup: apps, kind: ControllerRevision, template: /data}";
        let set = set("{builtin: image-reference}", ALL, rollouts);
        let rules = reached(&set);
        assert_eq!(rules[1], "apps: deployments replicasets statefulsets daemonsets controllerrevisions");
        assert_eq!(rules[4], "argoproj.io: * pods/resize", "nobody knows the plural of a Rollout");
        let condition = of(&set, 0).1.expect("a condition");
        assert_eq!(condition.expression, "(request.kind.group != 'argoproj.io' || request.kind.kind in ['Rollout'])");
        assert_eq!(note(&set, 0), None);
    }
}
