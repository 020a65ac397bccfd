//! What is said of names that a set has and nobody else knows.

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::{Effect, PerMode, Source};
use portcullis_policies::parse_set;

use super::*;

fn set(spec: &str) -> LoadedSet {
    let text = format!("apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: a}}\nspec:\n{spec}\n");
    let document = read_yaml(&Source::new("set.yaml", text), &ReadLimits::default()).expect("YAML").remove(0);
    parse_set(&document).unwrap_or_else(|complaints| panic!("{}", complaints[0]))
}

fn shown(complaints: Vec<Complaint>) -> Vec<String> {
    let line = |(message, place): Complaint| format!("{}: {message}", place.expect("a place"));
    complaints.into_iter().map(line).collect()
}

fn about_override(rule: &str, known: &[&str]) -> String {
    let (plugin, rule) = rule.split_once('/').map_or((None, rule), |(plugin, rule)| (Some(plugin.to_owned()), rule));
    let effect: PerMode<Option<Effect>> = PerMode { sandbox: None, compliance: None };
    unknown_rule(&Override { plugin, rule: rule.into(), severity: None, effect }, "resource-limits", known)
        .unwrap_or_default()
}

#[test]
fn suggests_only_rules_that_the_plugin_has() {
    let known = ["cpu-limit-missing", "memory-limit-missing"];
    let other = "`overrides` names a rule of the plugin `image-reference`, but this policy uses `resource-limits`";
    for (rule, hint) in [
        ("image-reference/digest-missing", "say it in a policy that uses `image-reference`"),
        ("image-reference/cpu-limit-missing", "write `resource-limits/cpu-limit-missing`"),
        ("image-reference/cpu-limits-missing", "did you mean `resource-limits/cpu-limit-missing`?"),
    ] {
        assert_eq!(about_override(rule, &known), format!("{other}; {hint}"));
    }
    let none = "which plugin `resource-limits` does not have";
    assert_eq!(
        about_override("cpu-limit-mising", &known),
        format!("`overrides` names the rule `cpu-limit-mising`, {none}; did you mean `cpu-limit-missing`?")
    );
    assert_eq!(
        about_override("zebra", &known),
        format!("`overrides` names the rule `zebra`, {none}; it has `cpu-limit-missing`, `memory-limit-missing`")
    );
    assert_eq!(about_override("zebra", &[]), format!("`overrides` names the rule `zebra`, {none}; there is none"));
    assert_eq!(about_override("resource-limits/cpu-limit-missing", &known), "");
}

#[test]
fn names_only_the_nearest_of_many_rules() {
    let names: Vec<String> = (0..40).map(|n| format!("rule-{n:02}")).chain(["memory-limit".into()]).collect();
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    assert_eq!(
        did_you_mean("memory-maximum", &known, &["resource-limits"]),
        "it has 41 rules, the nearest are `memory-limit`, `rule-00`, `rule-01`; the README of `resource-limits` describes all"
    );
    let twice = [&known[..8], &known[..8]].concat();
    assert!(did_you_mean("memory-maximum", &twice, &["a"]).ends_with("`rule-06`, `rule-07`"), "each once");
}

#[test]
fn refuses_workloads_of_groups_that_do_not_exist() {
    let one = |group: &str, kind: &str| {
        let workload = format!("{{apiGroup: {group}, kind: {kind}, template: /spec/template}}");
        shown(check_workloads(&set(&format!("  policies: []\n  workloads: [{workload}]")), &Kinds::builtin()))
            .join("\n")
    };
    assert_eq!(
        one("argoproj", "Rollout"),
        "set.yaml:6:26: Kubernetes has no API group `argoproj`; the group of a custom kind has a dot"
    );
    assert_eq!(one("aps", "Deployment"), "set.yaml:6:26: Kubernetes has no API group `aps`; did you mean `apps`?");
    assert_eq!(
        one("apps", "Deploymnt"),
        "set.yaml:6:38: the group `apps` of Kubernetes has no kind `Deploymnt`; did you mean `Deployment`?"
    );
    for (group, kind) in
        [("argoproj.io", "Rollout"), ("apps", "Deployment"), ("jobset.x-k8s.io", "JobSet"), ("custom.k8s.io", "Any")]
    {
        assert_eq!(one(group, kind), "", "{group}");
    }
}

#[test]
fn says_in_which_group_a_resource_is() {
    let one = |group: &str, resource: &str| {
        let rule = format!("{{apiGroups: [{group}], apiVersions: [v1], operations: ['*'], resources: [{resource}]}}");
        let policy = format!("  policies: [{{name: p, plugin: {{builtin: b}}, match: {{resourceRules: [{rule}]}}}}]");
        shown(check_rules(&set(&policy), 0, &Kinds::builtin())).join("\n")
    };
    assert!(
        one("apps", "pods")
            .ends_with(": these groups of Kubernetes have no resource `pods`; it is in the core group (`\"\"`)")
    );
    assert!(one("''", "deployments").ends_with("; it is in the group `apps`"));
    assert!(one("appps", "deployments").contains("Kubernetes has no API group `appps`; did you mean `apps`?"));
    assert_eq!(one("''", "pods"), "");
}

#[test]
fn compares_the_signers_that_settings_name_with_their_trust() {
    const TRUST: &str =
        "[{name: shop, keys: [{name: release, file: a.pub}]}, {name: public, root: {builtin: sigstore}}]";
    let trusts = set(&format!("  policies: []\n  trust: {TRUST}")).set.trust;
    let one = |settings: &str| {
        let settings = read_yaml(&Source::new("a.yaml", settings), &ReadLimits::default()).expect("YAML").remove(0);
        let named = nodes(&settings).into_iter().flat_map(|node| wrong_names(&settings, node, &trusts));
        named.map(|(at, what)| format!("{at}: {what}")).collect::<Vec<_>>()
    };
    let near = "the trust `shop` has no key `relese`; did you mean `release`?";
    for (settings, at) in [
        ("images: [{trust: shop, keys: [relese]}]", "/images/0/keys/0"),
        (
            "images: [{trust: shop, vulnerabilities: {vex: {keys: [release, relese]}}}]",
            "/images/0/vulnerabilities/vex/keys/1",
        ),
        ("images: [{trust: shop, delegated: [{kind: vsa}, {keys: [relese]}]}]", "/images/0/delegated/1/keys/0"),
    ] {
        assert_eq!(one(settings), [format!("{at}: {near}")]);
    }
    let nobody = "the trust `shop` has keys and no `root`, so nobody with a certificate can count; give it a `root`, or leave `identities` out";
    for (settings, at) in [
        ("images: [{trust: shop, identities: [{issuer: a}]}]", "/images/0/identities"),
        ("images: [{trust: shop, delegated: [{identities: [{issuer: a}]}]}]", "/images/0/delegated/0/identities"),
    ] {
        assert_eq!(one(settings), [format!("{at}: {nobody}")]);
    }
    let none = "the trust `public` has no key `release`; it has none; give it one, or name `identities`";
    assert_eq!(one("{trust: public, delegated: [{keys: [release]}]}"), [format!("/delegated/0/keys/0: {none}")]);
    for settings in [
        "images: [{trust: shop, keys: [release], vulnerabilities: {vex: {keys: [release]}}}]",
        "images: [{trust: public, identities: [{issuer: a}]}]",
        "{trust: shop, other: {keys: [anything]}}",
    ] {
        assert_eq!(one(settings), Vec::<String>::new(), "{settings}");
    }
}
