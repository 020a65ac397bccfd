//! Policy sets: what is read, and every complaint with its place.

use super::*;
use crate::error::ComplaintKind;
use crate::sample::yaml;

/// The set of DESIGN.md.
const FULL: &str = r#"apiVersion: portcullis.dev/v1alpha1
kind: PolicySet
metadata: {name: default}
spec:
  mode: {namespaceLabel: portcullis.dev/mode, default: compliance}   # sandbox | compliance
  failFast: {compliance: true}
  onOverload: {compliance: warn}
  workloads:
  - {apiGroup: argoproj.io, kind: Rollout, template: /spec/template, replicas: /spec/replicas}
  policies:
  - name: resource-limits
    plugin: {builtin: resource-limits}
    match:
      resourceRules: [{apiGroups: ["*"], apiVersions: ["*"], operations: [CREATE, UPDATE], resources: ["*/*"]}]
    effect: {sandbox: audit}
    onError: {compliance: warn}
    overrides: [{rule: memory-missing, severity: low, effect: {compliance: warn}}]
    grants: [signature]
    settings: {requireLimits: true}
    settingsByMode:
      sandbox:    {cpu: {min: 100m, max: 500m}}
      compliance: {cpu: {min: 100m, max: "16"}, requireLimits: false}
"#;

/// A set with these policies.
fn with_policies(policies: &str) -> String {
    format!("apiVersion: {API_VERSION}\nkind: PolicySet\nmetadata: {{name: a}}\nspec:\n  policies:\n{policies}")
}

fn complaints(text: &str) -> Vec<String> {
    match parse_set(&yaml(text)) {
        Ok(_) => Vec::new(),
        Err(complaints) => complaints.iter().map(ToString::to_string).collect(),
    }
}

/// The complaints about a policy with this line.
fn about(line: &str) -> String {
    let plugin = if line.starts_with("plugin") { "" } else { "    plugin: {builtin: b}\n" };
    complaints(&with_policies(&format!("  - name: p\n{plugin}    {line}\n"))).join("\n")
}

#[test]
fn reads_everything_that_design_shows() {
    let loaded = parse_set(&yaml(FULL)).expect("a set");
    let set = &loaded.set;
    assert_eq!(set.name, "default");
    assert_eq!(set.mode.namespace_label.as_deref(), Some("portcullis.dev/mode"));
    assert_eq!(set.mode.default, Mode::Compliance);
    assert_eq!(set.fail_fast, PerMode { sandbox: false, compliance: true });
    assert_eq!(set.on_overload, PerMode { sandbox: None, compliance: Some(Effect::Warn) });
    assert_eq!(set.workloads[0].template, "/spec/template");
    let policy = &set.policies[0];
    assert_eq!(policy.plugin, PluginReference::Builtin { name: "resource-limits".into(), digest: None });
    assert_eq!(policy.effect, PerMode { sandbox: Effect::Audit, compliance: Effect::Deny });
    assert_eq!(policy.on_error, PerMode { sandbox: Effect::Warn, compliance: Effect::Warn });
    assert_eq!(policy.effect_of("memory-missing", Mode::Compliance), Effect::Warn);
    assert_eq!(policy.effect_of("memory-missing", Mode::Sandbox), Effect::Audit);
    assert_eq!(policy.overrides[0].severity, Some(Severity::Low));
    assert_eq!(policy.grants, ["signature"]);
    assert_eq!(policy.settings.sandbox, r#"{"cpu":{"max":"500m","min":"100m"},"requireLimits":true}"#);
    assert_eq!(policy.settings.compliance, r#"{"cpu":{"max":"16","min":"100m"},"requireLimits":false}"#);
    assert_eq!(policy.place.as_ref().map(|place| place.start().0), Some(11));
}

/// A60: a tenant who exceeds his rate, or makes a policy trap, must not come round what denies him.
#[test]
fn lets_nothing_in_where_a_policy_fails_that_denies_in_sandbox() {
    let on_error = |policy: &str| {
        let text = with_policies(&format!("  - {{name: p, plugin: {{file: a.wasm}}, {policy}}}\n"));
        parse_set(&yaml(&text)).expect("a set").set.policies[0].on_error.sandbox
    };
    assert_eq!(on_error("effect: {sandbox: deny}"), Effect::Deny);
    assert_eq!(on_error("effect: {sandbox: deny, compliance: deny}"), Effect::Deny);
    assert_eq!(on_error("overrides: [{rule: r, effect: {sandbox: deny}}]"), Effect::Deny);
    assert_eq!(on_error("effect: {sandbox: audit}"), Effect::Warn);
    assert_eq!(on_error("overrides: [{rule: r, effect: {compliance: deny}}]"), Effect::Warn);
    assert_eq!(on_error("effect: {sandbox: deny}, onError: {sandbox: warn}"), Effect::Warn, "it is written");
}

#[test]
fn fills_in_the_documented_defaults() {
    let loaded = parse_set(&yaml(&with_policies("  - {name: p, plugin: {file: a.wasm}}\n"))).expect("a set");
    assert_eq!(loaded.set.mode.namespace_label.as_deref(), Some(DEFAULT_NAMESPACE_LABEL));
    assert_eq!(loaded.set.mode.default, Mode::Compliance);
    let policy = &loaded.set.policies[0];
    assert_eq!(policy.effect, PerMode { sandbox: Effect::Warn, compliance: Effect::Deny });
    assert_eq!(policy.on_error, PerMode { sandbox: Effect::Warn, compliance: Effect::Deny });
    assert_eq!(policy.settings, PerMode { sandbox: "{}".into(), compliance: "{}".into() });
    assert_eq!(policy.matches.resource_rules, None);
    let empty = with_policies("").replace("policies:\n", "mode: {}\n  policies: []\n");
    let loaded = parse_set(&yaml(&empty)).expect("a set");
    assert_eq!(loaded.set.mode, ModeRule { namespace_label: None, default: Mode::Compliance });
}

#[test]
fn says_where_a_setting_was_written() {
    let loaded = parse_set(&yaml(FULL)).expect("a set");
    let place =
        |mode, pointer| loaded.setting_place(0, mode, pointer).map(|place| place.to_string()).unwrap_or_default();
    assert_eq!(place(Mode::Compliance, "/cpu/max"), "set.yaml:22:42");
    assert_eq!(place(Mode::Sandbox, "/cpu/max"), "set.yaml:21:42");
    assert_eq!(place(Mode::Sandbox, "/requireLimits"), "set.yaml:19:31");
    assert_eq!(loaded.policy_place(0, "/plugin/builtin").expect("a place").to_string(), "set.yaml:12:23");
    assert_eq!(loaded.setting_place(7, Mode::Sandbox, ""), None);
}

#[test]
fn gives_two_spellings_one_digest_and_two_meanings_two() {
    let digest = |text: &str| parse_set(&yaml(text)).expect("a set").set.digest;
    let one = digest(&with_policies("  - {name: p, plugin: {builtin: b}, grants: [x]}\n"));
    let other = digest(&with_policies("  - grants:\n    - \"x\" # why\n    plugin:\n      builtin: b\n    name: p\n"));
    assert_eq!(one, other);
    assert!(one.starts_with("sha256:") && one.len() == 71);
    assert_ne!(one, digest(&with_policies("  - {name: p, plugin: {builtin: b}, grants: [z]}\n")));
    assert_ne!(
        one,
        digest(&with_policies("  - {name: p, plugin: {builtin: b}, grants: [x]}\n").replace("name: a", "name: b"))
    );
}

#[test]
fn takes_no_other_word_for_what_holds_under_overload() {
    let of = |value: &str| {
        complaints(&with_policies("").replace("policies:\n", &format!("onOverload: {value}\n  policies: []\n")))
    };
    assert_eq!(
        of("{sandbox: allow, complaince: warn, compliance: audit}"),
        [
            "set.yaml:5:25: `sandbox` cannot be `allow`; write `deny` or `warn`",
            "set.yaml:5:32: unknown field `complaince` in `onOverload`; did you mean `compliance`?",
            "set.yaml:5:62: `compliance` cannot be `audit`; write `deny` or `warn`",
        ]
    );
    let whole = "set.yaml:5:15: `onOverload` must be a map, found a string; say it for each mode: `{sandbox: .., compliance: ..}`";
    assert_eq!(of("warn"), [whole]);
}

#[test]
fn collects_all_complaints_with_their_places() {
    let text = r#"apiVersion: 1
metadata: {nmae: x}
kind: PolicySet
spec:
  polices: []
  failFast: true
  policies:
  - nam: p
  - name: Bad_Name
    plugin: resource-limits
    effect: {sandbox: block, complience: deny}
"#;
    assert_eq!(
        complaints(text),
        [
            "set.yaml:1:13: `apiVersion` must be a string, found a number; put it in quotes",
            "set.yaml:2:12: unknown field `nmae` in `metadata`; did you mean `name`?",
            "set.yaml:5:3: unknown field `polices` in `spec`; did you mean `policies`?",
            "set.yaml:6:13: `failFast` must be a map, found a boolean; say it for each mode: `{sandbox: .., compliance: ..}`",
            "set.yaml:8:5: unknown field `nam` in `policies[0]`; did you mean `name`?",
            "set.yaml:8:5: `policies[0]` has no `plugin`; write `plugin: {builtin: ..}` or `plugin: {file: ..}`",
            "set.yaml:9:11: `Bad_Name` cannot be a name; a name has at most 253 lower-case letters, digits, `-` and `.`, and begins and ends with a letter or digit",
            "set.yaml:10:13: `plugin` must be a map, found a string; write `plugin: {builtin: resource-limits}`",
            "set.yaml:11:23: `sandbox` cannot be `block`; write `deny`, `warn`, `audit` or `shadow`",
            "set.yaml:11:30: unknown field `complience` in `effect`; did you mean `compliance`?",
        ]
    );
}

#[test]
fn refuses_what_is_not_a_set_at_all() {
    assert_eq!(complaints("- a\n"), ["set.yaml:1:1: the document must be a map, found a list"]);
    assert_eq!(
        complaints("apiVersion: portcullis.dev/v1alpha1\n"),
        [
            "set.yaml:1:1: the document has no `kind`",
            "set.yaml:1:1: the document has no `metadata`",
            "set.yaml:1:1: the document has no `spec`"
        ]
    );
    assert_eq!(
        complaints(&with_policies("").replace("  policies:\n", "  mode: sandbox\n")),
        [
            "set.yaml:4:1: `spec` has no `policies`; write `policies: []` for a set that judges nothing",
            "set.yaml:5:9: `mode` must be a map, found a string; write `mode: {default: ..}`",
        ]
    );
    assert_eq!(complaints(&with_policies("")), ["set.yaml:5:3: `policies` must be a list, found nothing"]);
}

#[test]
fn says_of_a_document_of_another_kind_only_that() {
    let own = "not a `PolicySet` of `portcullis.dev/v1alpha1`";
    for (text, said) in [
        (
            "apiVersion: apps/v1\nkind: StatefulSet\nspec: {serviceName: a}\nx: 1\n",
            "set.yaml:2:7: this is a `StatefulSet` of `apps/v1`",
        ),
        (
            "apiVersion: portcullis.dev/v1\nkind: PolicySet\nx: 1\n",
            "set.yaml:1:13: this is a `PolicySet` of `portcullis.dev/v1`",
        ),
        ("kind: Policyset\nx: 1\n", "set.yaml:1:7: this is a `Policyset`"),
        ("apiVersion: v1\nx: 1\n", "set.yaml:1:13: this is a document of `v1`"),
        ("kind: \"a\\e[31m\"\n", "set.yaml:1:7: this is a `a\\u{1b}[31m`"),
    ] {
        assert_eq!(complaints(text), [format!("{said}, {own}")]);
    }
}

#[test]
fn refuses_two_policies_of_one_name() {
    let text = with_policies("  - {name: p, plugin: {builtin: b}}\n  - {name: p, plugin: {builtin: c}}\n");
    assert_eq!(
        complaints(&text),
        ["set.yaml:7:12: a second policy `p`; every policy of a set needs a name of its own"]
    );
}

#[test]
fn takes_exactly_one_source_for_a_plugin() {
    assert_eq!(
        about("plugin: {}"),
        "set.yaml:7:5: `plugin` must say where the plugin comes from: `builtin`, `file` or `oci`"
    );
    assert_eq!(
        about("plugin: {builtin: a, file: b}"),
        "set.yaml:7:5: `plugin` names 2 sources (builtin, file); it takes one"
    );
    assert_eq!(about("plugin: {builtin: ''}"), "set.yaml:7:23: `builtin` is empty");
    assert_eq!(
        about("plugin: {file: a.wasm, digest: sha256:ABC}"),
        "set.yaml:7:36: `sha256:ABC` is not a digest; a digest is `sha256:` and 64 lower-case hex digits"
    );
    assert_eq!(about(&format!("plugin: {{file: a.wasm, digest: 'sha256:{}'}}", "0".repeat(64))), "");
    for bad in ["0".repeat(63), "0".repeat(65), "g".repeat(64), "A".repeat(64)] {
        let said = about(&format!("plugin: {{file: a.wasm, digest: 'sha256:{bad}'}}"));
        assert!(said.contains("is not a digest"), "{bad}: {said}");
    }
}

#[test]
fn answers_not_yet_to_a_plugin_from_a_registry() {
    let line = format!("  - {{name: p, plugin: {{oci: 'ghcr.io/a/b@sha256:{}'}}}}\n", "a".repeat(64));
    let refused = parse_set(&yaml(&with_policies(&line))).expect_err("not yet");
    assert_eq!(refused.len(), 1);
    assert_eq!(refused[0].kind, ComplaintKind::NotYet);
    assert_eq!(
        refused[0].to_string(),
        "set.yaml:6:29: plugins from a registry (`oci`) are not supported yet; put the component into a file and write `plugin: {file: .., digest: sha256:..}`"
    );
    let tag = about("plugin: {oci: 'ghcr.io/a/b:1'}");
    assert!(tag.starts_with(
        "set.yaml:7:19: `ghcr.io/a/b:1` names no digest; write `registry/repository@sha256:..`: a tag can be moved\n"
    ));
}

#[test]
fn lists_the_allowed_words() {
    assert_eq!(
        about("onError: {sandbox: audit}"),
        "set.yaml:8:24: `sandbox` cannot be `audit`; write `deny` or `warn`"
    );
    assert_eq!(
        about("effect: warn"),
        "set.yaml:8:13: `effect` must be a map, found a string; say it for each mode: `{sandbox: .., compliance: ..}`"
    );
    assert_eq!(
        about("effect: {sandbox: waived}"),
        "set.yaml:8:23: `sandbox` cannot be `waived`; write `deny`, `warn`, `audit` or `shadow`"
    );
    assert_eq!(
        about("effect: {sandbox: off}"),
        "set.yaml:8:23: `sandbox` must be `deny`, `warn`, `audit` or `shadow`, found a boolean; put it in quotes"
    );
    assert_eq!(
        about("overrides: [{rule: r, severity: hi}]"),
        "set.yaml:8:37: `severity` cannot be `hi`; write `info`, `low`, `medium`, `high` or `critical`"
    );
}

#[test]
fn refuses_overrides_and_grants_that_say_nothing() {
    assert_eq!(
        about("overrides: [{rule: r}]"),
        "set.yaml:8:17: this override changes nothing: it has neither `severity` nor `effect`"
    );
    assert_eq!(
        about("overrides: [{rule: r, severity: low}, {rule: r, severity: high}]"),
        "set.yaml:8:50: a second override of `r`"
    );
    assert_eq!(
        about("overrides: [{rule: r, severity: low}, {rule: plugin/r, severity: high}]"),
        "set.yaml:8:50: a second override of `r`"
    );
    assert_eq!(
        about("overrides: [{rule: 'memory-*', severity: low}]"),
        "set.yaml:8:24: `memory-*` is not a rule; write one rule as reports show it, such as `resource-limits/memory-missing`"
    );
    assert_eq!(about("overrides: [{severity: low}]"), "set.yaml:8:17: `overrides[0]` has no `rule`");
    assert_eq!(
        about("grants: signature"),
        "set.yaml:8:13: `grants` must be a list of strings, found a string; put it in brackets: `[..]`"
    );
    assert_eq!(
        about("grants: [1, '']"),
        "set.yaml:8:14: `grants[0]` must be a string, found a number; put it in quotes\nset.yaml:8:17: `grants[1]` is empty"
    );
}

#[test]
fn takes_the_rule_of_an_override_with_or_without_its_plugin() {
    let text = with_policies(
        "  - name: p\n    plugin: {builtin: b}\n    overrides: [{rule: b/r, severity: low}, {rule: s, severity: low}]\n",
    );
    let overrides = parse_set(&yaml(&text)).expect("a set").set.policies.remove(0).overrides;
    let names: Vec<_> = overrides.iter().map(|o| (o.plugin.as_deref(), o.rule.as_str())).collect();
    assert_eq!(names, [(Some("b"), "r"), (None, "s")]);
}

#[test]
fn refuses_modes_and_workloads_that_cannot_work() {
    let spec = |line: &str| {
        complaints(&with_policies("").replace("  policies:\n", &format!("  policies: []\n  {line}\n"))).join("\n")
    };
    assert_eq!(
        spec("mode: {default: prod}"),
        "set.yaml:6:19: `default` cannot be `prod`; write `sandbox` or `compliance`"
    );
    assert!(spec("mode: {namespaceLabel: 'a b'}").starts_with("set.yaml:6:26: `a b` cannot be the key of a label; "));
    assert_eq!(
        spec("workloads: [{apiGroup: a, kind: K, template: spec.template}]"),
        "set.yaml:6:48: `spec.template` is not a JSON Pointer; write it like `/spec/template`"
    );
    assert_eq!(
        spec("workloads: [{group: a, kind: K}]"),
        "set.yaml:6:15: `workloads[0]` has no `apiGroup`\nset.yaml:6:15: `workloads[0]` has no `template`\nset.yaml:6:16: unknown field `group` in `workloads[0]`; known here: apiGroup, kind, template, replicas"
    );
}

#[test]
fn holds_the_number_of_complaints_and_policies() {
    let many: String = (0..500).map(|n| format!("  - {{name: p{n}, plugin: {{}}, x{n}: 1}}\n")).collect();
    assert_eq!(complaints(&with_policies(&many)).len(), crate::MAX_COMPLAINTS);
    let many: String = (0..=MAX_POLICIES).map(|n| format!("  - {{name: p{n}, plugin: {{builtin: b}}}}\n")).collect();
    let refused = complaints(&with_policies(&many));
    assert_eq!(refused, ["set.yaml:1006:5: more than 1000 policies in one set"]);
}

#[test]
fn shows_hostile_words_escaped() {
    // A23: what a user wrote cannot steer the terminal or the log it is shown in.
    let text = about(r#""evil\e[31m\n::error::": 1"#);
    assert!(text.starts_with("set.yaml:8:5: unknown field `evil\\u{1b}[31m\\n::error::` in `policies[0]`; "), "{text}");
}
