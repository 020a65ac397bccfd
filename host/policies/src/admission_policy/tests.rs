//! Manifests: what becomes of them, and every complaint with its place.

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::{Effect, PluginReference, Scope, Source, Versions};

use super::*;

mod exact;

const POLICY: &str = "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: replicas}
spec:
  matchConstraints:
    resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}]
  validations: [{expression: object.spec.replicas <= 5}]
";
const BINDING: &str = "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: everywhere}
spec: {policyName: replicas, validationActions: [Deny]}
";

/// What these files become.
fn load(files: &[(&str, &str)]) -> Result<LoadedSet, Vec<String>> {
    let mut manifests = Manifests::default();
    for (name, text) in files {
        let source = Source::new(*name, *text);
        for document in read_yaml(&source, &ReadLimits::default()).expect("YAML") {
            assert!(manifests.take(document).is_none(), "{name} is taken");
        }
    }
    let read = manifests.into_set().map(|set| set.expect("a set"));
    read.map_err(|complaints| complaints.iter().map(ToString::to_string).collect())
}

fn complaints(files: &[(&str, &str)]) -> Vec<String> {
    load(files).expect_err("it is refused")
}

/// The complaints about the policy with one line of its spec replaced.
fn about(key: &str, line: &str) -> String {
    let text: Vec<&str> = POLICY.lines().filter(|one| !one.trim_start().starts_with(key)).collect();
    let text = format!("{}\n  {line}\n", text.join("\n"));
    load(&[("vap.yaml", &text)]).err().unwrap_or_default().join("\n")
}

/// The complaints about the binding with this spec.
fn about_binding(spec: &str) -> String {
    let text = format!(
        "{POLICY}---\n{}\nspec: {{policyName: replicas, {spec}}}\n",
        BINDING.split("\nspec").next().unwrap_or_default()
    );
    load(&[("vap.yaml", &text)]).err().unwrap_or_default().join("\n")
}

fn names(set: &LoadedSet) -> Vec<&str> {
    set.set.policies.iter().map(|policy| policy.name.as_str()).collect()
}

#[test]
fn makes_a_policy_of_each_binding() {
    let second = BINDING.replace("everywhere", "warned").replace("[Deny]", "[Audit, Warn]");
    let set = load(&[("b.yaml", &second), ("vap.yaml", POLICY), ("a.yaml", BINDING)]).expect("a set");
    assert_eq!((set.set.name.as_str(), names(&set)), (ADMISSION_SET, vec!["replicas/everywhere", "replicas/warned"]));
    let [first, second] = &set.set.policies[..] else { panic!("two policies") };
    assert_eq!(first.plugin, PluginReference::Builtin { name: "cel".into(), digest: None });
    assert_eq!((first.effect.sandbox, first.effect.compliance), (Effect::Deny, Effect::Deny));
    assert_eq!((second.effect.sandbox, second.effect.compliance), (Effect::Warn, Effect::Warn));
    assert_eq!(second.on_error.sandbox, Effect::Deny, "an error denies unless failurePolicy says otherwise");
    assert_eq!(
        first.settings.compliance,
        r#"{"failurePolicy":"Fail","validations":[{"expression":"object.spec.replicas <= 5"}]}"#
    );
    assert_eq!(first.matches.versions, Versions::Equivalent);
    assert!(set.notices.is_empty(), "{:?}", set.notices);
    let alone = load(&[("vap.yaml", POLICY), ("a.yaml", BINDING)]).expect("a set");
    assert_eq!(names(&alone), ["replicas"], "one binding needs no longer name");
    let ignoring = POLICY.replace("  validations", "  failurePolicy: Ignore\n  validations");
    let ignoring = load(&[("vap.yaml", &ignoring), ("a.yaml", BINDING)]).expect("a set");
    assert_eq!(ignoring.set.policies[0].on_error.compliance, Effect::Warn);
}

#[test]
fn judges_an_unbound_policy_as_if_it_were_bound_and_says_so() {
    let set = load(&[("vap.yaml", POLICY)]).expect("a set");
    assert_eq!((names(&set), set.set.policies[0].effect.sandbox), (vec!["replicas"], Effect::Deny));
    assert_eq!(
        set.notices,
        ["no binding of the policy `replicas` is given: it is judged as if one bound it to everything with `Deny`"]
    );
}

#[test]
fn reads_what_kubectl_prints() {
    let indent =
        |text: &str| text.lines().map(|line| format!("  {line}\n")).collect::<String>().replacen("  ", "- ", 1);
    let fetched = POLICY.replace(
        "{name: replicas}",
        "{name: replicas, uid: x, generation: 1, creationTimestamp: null, managedFields: []}",
    );
    let list = format!(
        "apiVersion: v1\nkind: List\nmetadata: {{}}\nitems:\n{}{}",
        indent(&format!("{fetched}status: {{}}\n")),
        indent(BINDING)
    );
    let set = load(&[("list.yaml", &list)]).expect("a set");
    assert_eq!(names(&set), ["replicas"]);
    let place = set.setting_place(0, portcullis_model::Mode::Sandbox, "/validations/0/expression").expect("a place");
    assert_eq!(place.to_string(), "list.yaml:11:32");
    let beta = load(&[("vap.yaml", &POLICY.replace("/v1\n", "/v1beta1\n"))]).expect("a set");
    assert_eq!(names(&beta), ["replicas"]);
}

#[test]
fn points_at_the_manifest_where_a_setting_or_a_rule_is_wrong() {
    let set = load(&[("vap.yaml", POLICY)]).expect("a set");
    let setting = |pointer: &str| {
        set.setting_place(0, portcullis_model::Mode::Compliance, pointer).map(|place| place.to_string())
    };
    assert_eq!(setting("/validations/0/expression").as_deref(), Some("vap.yaml:7:30"));
    assert_eq!(setting("/variables/0").as_deref(), Some("vap.yaml:4:1"), "the nearest there is");
    let field = set.policy_place(0, "/match/resourceRules/0/resources/0").expect("a place");
    assert_eq!(field.to_string(), "vap.yaml:6:102");
    assert_eq!(set.set.policies[0].place.as_ref().expect("a place").to_string(), "vap.yaml:3:18");
}

#[test]
fn says_what_the_api_server_would_refuse() {
    assert_eq!(
        about("validations", "validation: [{expression: 'true'}]"),
        "vap.yaml:7:3: unknown field `validation` in `spec`; did you mean `validations`?"
    );
    assert_eq!(
        about("validations", "validations: [{expresion: 'true'}]"),
        "vap.yaml:7:18: unknown field `expresion` in `validations[0]`; did you mean `expression`?"
    );
    assert_eq!(about("validations", "validations: [{expression: ' '}]"), "vap.yaml:7:30: `expression` is empty");
    assert_eq!(
        about("validations", r#"validations: [{expression: "true", message: "a\nb"}]"#),
        "vap.yaml:7:47: `message` has more than one line; write it in one line"
    );
    assert_eq!(
        about("validations", "validations: [{expression: 'true', reason: invalid}]"),
        "vap.yaml:7:46: `reason` cannot be `invalid`; did you mean `Invalid`?"
    );
    assert_eq!(
        about("failurePolicy", "failurePolicy: fail"),
        "vap.yaml:8:18: `failurePolicy` cannot be `fail`; did you mean `Fail`?"
    );
    assert_eq!(
        about("paramKind", "paramKind: {apiVersion: /v1, kind: Con_fig}"),
        "vap.yaml:8:27: `/v1` is no `apiVersion`; write `v1`, or a group and a version such as `rules.example.com/v1`\nvap.yaml:8:38: `Con_fig` is no kind; a kind has letters and digits, such as `ConfigMap`"
    );
    let constraints = |line: &str| {
        let text = POLICY.replace("    resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}]", line);
        load(&[("vap.yaml", &text)]).err().unwrap_or_default().join("\n")
    };
    assert!(
        constraints("    matchPolicy: Exact")
            .starts_with("vap.yaml:5:3: `matchConstraints` has no `resourceRules`; name what it judges")
    );
    assert_eq!(
        constraints(
            "    resourceRules: [{apiGroups: [apps/v1], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]"
        ),
        "vap.yaml:6:34: `apps/v1` is not an API group; write the group alone: `apps`; the version `v1` goes to `apiVersions`"
    );
    let text = POLICY.replace("  matchConstraints:\n    resourceRules", "  constraints");
    assert!(complaints(&[("vap.yaml", &text)])[0].starts_with("vap.yaml:4:1: `spec` has no `matchConstraints`"));
    assert_eq!(
        about(
            "variables",
            "variables: [{name: namespace, expression: '1'}, {name: a, expression: '1'}, {name: a, expression: '1'}]"
        ),
        "vap.yaml:8:22: `namespace` cannot be the name of a variable; a variable is letters, digits and `_`, no digit first, and no word of CEL\nvap.yaml:8:86: a second variable `a`; every variable needs a name of its own"
    );
    assert_eq!(
        about("matchConditions", "matchConditions: [{name: a, expression: 'true'}, {name: a, expression: 'true'}]"),
        "vap.yaml:8:59: a second condition `a`"
    );
    assert_eq!(
        about("auditAnnotations", "auditAnnotations: [{key: a/b, valueExpression: \"''\"}]"),
        "vap.yaml:8:28: `a/b` cannot be the key of an annotation; a key has at most 63 letters, digits, `-`, `_` or `.`"
    );
    assert_eq!(
        complaints(&[("vap.yaml", &POLICY.replace("/v1\n", "/v1alpha1\n"))]),
        [
            "vap.yaml:1:13: `apiVersion` cannot be `admissionregistration.k8s.io/v1alpha1`; write `admissionregistration.k8s.io/v1`"
        ]
    );
    assert_eq!(
        complaints(&[("vap.yaml", &POLICY.replace("Policy\n", "Polic\n"))]),
        [
            "vap.yaml:2:7: `ValidatingAdmissionPolic` is no kind of `admissionregistration.k8s.io`; did you mean `ValidatingAdmissionPolicy`?"
        ]
    );
    assert_eq!(
        complaints(&[("vap.yaml", &POLICY.replace("{name: replicas}", "{name: Replicas, namespace: shop}"))])[0],
        "vap.yaml:3:18: `Replicas` cannot be a name; a name has at most 253 lower-case letters, digits, `-` and `.`, and begins and ends with a letter or digit"
    );
}

#[test]
fn says_what_is_wrong_with_a_binding() {
    let spec = "vap.yaml:12:1: ";
    assert_eq!(
        about_binding("validationActions: [Deny, Warn]"),
        "vap.yaml:12:30: `validationActions` has both `Deny` and `Warn`; a denial says what is wrong already; remove `Warn`"
    );
    assert_eq!(
        about_binding("validationActions: [Deny, Deny]"),
        "vap.yaml:12:56: a second `Deny` in `validationActions`"
    );
    assert_eq!(
        about_binding("validationActions: [deny]"),
        "vap.yaml:12:50: `validationActions[0]` cannot be `deny`; did you mean `Deny`?"
    );
    assert!(about_binding("validationActions: []").contains("`validationActions` is empty"));
    assert_eq!(about_binding("matchResources: {}"), format!("{spec}`spec` has no `validationActions`"));
    let with = |reference: &str| about_binding(&format!("validationActions: [Deny], paramRef: {reference}"));
    assert_eq!(
        with("{parameterNotFoundAction: Deny}"),
        "vap.yaml:12:57: `paramRef` has neither `name` nor `selector`; write `name: ..`, or `selector: {}` for all of them"
    );
    assert_eq!(
        with("{name: a, selector: {}, parameterNotFoundAction: Deny}"),
        "vap.yaml:12:77: `paramRef` has both `name` and `selector`; keep one of them"
    );
    assert_eq!(with("{name: a}"), "vap.yaml:12:57: `paramRef` has no `parameterNotFoundAction`");
    assert_eq!(
        complaints(&[
            ("b.yaml", &BINDING.replace("policyName: replicas", "policyName: replica")),
            ("vap.yaml", POLICY)
        ]),
        ["b.yaml:4:20: the binding `everywhere` names a policy `replica` that is not given; did you mean `replicas`?"]
    );
    assert_eq!(complaints(&[("a.yaml", POLICY), ("b.yaml", POLICY)]), ["b.yaml:3:18: a second policy `replicas`"]);
}

fn with_params(kind: &str) -> String {
    POLICY.replace("spec:\n", &format!("spec:\n  paramKind: {kind}\n"))
}

fn bound(reference: &str) -> String {
    BINDING.replace("[Deny]}", &format!("[Warn], paramRef: {reference}}}"))
}

const LIMIT: &str = "{apiVersion: rules.example.com/v1, kind: ReplicaLimit}";

fn limit(name: &str, namespace: &str, team: &str) -> String {
    let namespace = if namespace.is_empty() { String::new() } else { format!("namespace: {namespace}, ") };
    format!(
        "apiVersion: rules.example.com/v1\nkind: ReplicaLimit\nmetadata: {{name: {name}, {namespace}labels: {{team: {team}}}}}\nmaxReplicas: 3\n"
    )
}

#[test]
fn gives_each_policy_the_params_that_its_binding_names() {
    let (policy, [red, blue]) = (with_params(LIMIT), [limit("a", "", "red"), limit("b", "", "blue")]);
    let named = load(&[
        ("p.yaml", &policy),
        ("b.yaml", &bound("{name: b, parameterNotFoundAction: Deny}")),
        ("c.yaml", &red),
        ("d.yaml", &blue),
    ])
    .expect("a set");
    assert_eq!(names(&named), ["replicas"]);
    assert!(named.set.policies[0].settings.sandbox.contains(r#""params":{"apiVersion":"rules.example.com/v1","kind":"ReplicaLimit","maxReplicas":3,"metadata":{"labels":{"team":"blue"},"name":"b"}}"#));
    let place = named.setting_place(0, portcullis_model::Mode::Sandbox, "/params/maxReplicas").expect("a place");
    let other = named.setting_place(0, portcullis_model::Mode::Sandbox, "/paramsOfNobody").expect("a place");
    assert_ne!(other.file(), place.file(), "it is no part of the params");
    assert_eq!(place.to_string(), "d.yaml:4:14");
    let all = load(&[
        ("p.yaml", &policy),
        ("b.yaml", &bound("{selector: {}, parameterNotFoundAction: Deny}")),
        ("c.yaml", &red),
        ("d.yaml", &blue),
    ])
    .expect("a set");
    assert_eq!(names(&all), ["replicas/everywhere/a", "replicas/everywhere/b"]);
    let some = load(&[
        ("p.yaml", &policy),
        ("b.yaml", &bound("{selector: {matchLabels: {team: red}}, parameterNotFoundAction: Deny}")),
        ("c.yaml", &red),
        ("d.yaml", &blue),
    ])
    .expect("a set");
    assert!(some.set.policies[0].settings.sandbox.contains(r#""name":"a""#) && some.set.policies.len() == 1);
    let unnamed = load(&[("p.yaml", &policy), ("b.yaml", BINDING)]).expect("a set");
    assert!(unnamed.set.policies[0].settings.sandbox.contains(r#""params":null"#), "a binding need not name params");
}

#[test]
fn takes_no_params_from_a_secret() {
    let files = [
        ("p.yaml", with_params("{apiVersion: v1, kind: Secret}")),
        ("b.yaml", bound("{name: a, parameterNotFoundAction: Deny}")),
        ("c.yaml", "{apiVersion: v1, kind: Secret, metadata: {name: a}, stringData: {p: Hunter2}}\n".to_owned()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert_eq!(
        complaints(&files),
        [
            "b.yaml:4:57: the binding `everywhere` takes its params from a Secret; its values would stand in settings, records and messages: take a ConfigMap or a custom kind"
        ]
    );
}

#[test]
fn does_what_a_binding_says_where_there_are_no_params() {
    let (policy, other) = (with_params(LIMIT), limit("replica-limits", "", "red"));
    let files =
        |reference: &str, policy: &str| load(&[("p.yaml", policy), ("b.yaml", &bound(reference)), ("c.yaml", &other)]);
    let denies = files("{name: replica-limit, parameterNotFoundAction: Deny}", &policy).expect("a set");
    assert_eq!((names(&denies), denies.set.policies[0].effect.sandbox), (vec!["replicas"], Effect::Deny));
    assert!(
        denies.set.policies[0]
            .settings
            .sandbox
            .contains("no params found for policy binding with `Deny` parameterNotFoundAction")
    );
    assert_eq!(
        denies.notices,
        [
            "none of the params given is one that the binding `everywhere` names, so it denies whatever it matches, as its `parameterNotFoundAction` is `Deny`; did you mean `replica-limits`?"
        ]
    );
    let allows = files("{name: replica-limit, parameterNotFoundAction: Allow}", &policy).expect("a set");
    assert!(names(&allows).is_empty() && allows.notices[0].contains("judges nothing"), "{:?}", allows.notices);
    let ignores = files(
        "{name: x, parameterNotFoundAction: Deny}",
        &policy.replace("  validations", "  failurePolicy: Ignore\n  validations"),
    )
    .expect("a set");
    assert!(names(&ignores).is_empty() && ignores.notices[0].contains("`failurePolicy` is `Ignore`"));
    let none = complaints(&[("p.yaml", &policy), ("b.yaml", &bound("{name: a, parameterNotFoundAction: Allow}"))]);
    assert_eq!(
        none,
        [
            "b.yaml:4:57: the binding `everywhere` takes its params from a `ReplicaLimit` of `rules.example.com/v1`, and none is given; put the manifest of the `ReplicaLimit` `a` into the same file or folder, or give it with a `--policies` of its own"
        ]
    );
    let version = complaints(&[
        ("p.yaml", &policy),
        ("b.yaml", &bound("{name: a, parameterNotFoundAction: Allow}")),
        ("c.yaml", &other.replace("/v1", "/v2")),
    ]);
    assert!(
        version[0].ends_with(
            "one is written in `rules.example.com/v2`, which nobody converts here: write it in `rules.example.com/v1`"
        ),
        "{version:?}"
    );
    let unbound = complaints(&[("p.yaml", &policy), ("c.yaml", &other)]);
    assert_eq!(
        unbound,
        [
            "p.yaml:5:3: the policy `replicas` has params (`ReplicaLimit`), and no binding says which; a ValidatingAdmissionPolicyBinding does (`spec.paramRef`): put it and the `ReplicaLimit` (`rules.example.com/v1`) that it names into the same file or folder, or give each with a `--policies` of its own"
        ]
    );
}

#[test]
fn takes_params_of_each_namespace_where_a_binding_names_none() {
    let maps = |name: &str, namespace: &str| {
        format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: {namespace}}}\n")
    };
    let policy = with_params("{apiVersion: v1, kind: ConfigMap}");
    let files = |reference: &str| {
        let binding = bound(reference);
        load(&[
            ("p.yaml", &policy),
            ("b.yaml", &binding),
            ("c.yaml", &maps("limits", "red")),
            ("d.yaml", &maps("limits", "blue")),
        ])
        .expect("a set")
    };
    let set = files("{name: limits, parameterNotFoundAction: Deny}");
    assert_eq!(
        names(&set),
        [
            "replicas/everywhere/blue/limits",
            "replicas/everywhere/red/limits",
            "replicas/everywhere/no-params",
            "replicas/everywhere/cluster-scoped"
        ]
    );
    let also = |policy: usize| &set.set.policies[policy].matches.also[0];
    assert_eq!(also(0).namespace_selector.match_expressions[0].values, ["blue"]);
    assert_eq!(also(2).namespace_selector.match_expressions[0].values, ["blue", "red"]);
    assert_eq!(also(3).resource_rules.as_ref().expect("rules")[0].scope, Scope::Cluster);
    assert_eq!(also(0).resource_rules.as_ref().expect("rules")[0].scope, Scope::Namespaced);
    assert_eq!(also(3).exclude_resource_rules[0].resources, ["namespaces/*"], "a Namespace is in itself");
    assert_eq!(set.set.policies[3].effect.sandbox, Effect::Deny, "a mistake of a binding denies, whatever its actions");
    let allowing = files("{name: limits, parameterNotFoundAction: Allow}");
    assert_eq!(
        names(&allowing),
        ["replicas/everywhere/blue/limits", "replicas/everywhere/red/limits", "replicas/everywhere/cluster-scoped"]
    );
    let one = files("{name: limits, namespace: red, parameterNotFoundAction: Deny}");
    assert!(one.set.policies.len() == 1 && one.set.policies[0].matches.also.is_empty());
    assert!(one.set.policies[0].settings.sandbox.contains(r#""namespace":"red""#));
}

#[test]
fn says_what_it_does_not_read() {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
    let set = load(&[("vap.yaml", POLICY), ("b.yaml", BINDING), ("n.yaml", namespace)]).expect("a set");
    assert_eq!(
        set.notices,
        ["not read beside the policies, because no policy has params of these kinds: `Namespace` (n.yaml:1:1)"]
    );
    assert_eq!(
        complaints(&[("n.yaml", namespace)]),
        ["n.yaml:2:7: this is a `Namespace` of `v1`, not a `PolicySet` of `portcullis.dev/v1alpha1`"],
        "without a policy it is a mistake"
    );
    let audit = POLICY.replace(
        "validations: [{expression: object.spec.replicas <= 5}]",
        "auditAnnotations: [{key: a, valueExpression: \"'a'\"}]",
    );
    let set = load(&[("vap.yaml", &audit)]).expect("a set");
    assert!(names(&set).is_empty());
    assert_eq!(set.notices, ["the `auditAnnotations` of `replicas` are not made here; they change no verdict"]);
}

#[test]
fn is_another_version_where_anything_that_decides_differs() {
    let digest = |files: &[(&str, &str)]| load(files).expect("a set").set.digest;
    let first = digest(&[("vap.yaml", POLICY), ("b.yaml", BINDING)]);
    assert_eq!(first, digest(&[("all.yaml", &format!("{BINDING}---\n{POLICY}"))]), "not where it is written");
    assert_ne!(first, digest(&[("vap.yaml", POLICY)]));
    assert_ne!(first, digest(&[("vap.yaml", &POLICY.replace("<= 5", "<= 6")), ("b.yaml", BINDING)]));
    assert_ne!(first, digest(&[("vap.yaml", POLICY), ("b.yaml", &BINDING.replace("[Deny]", "[Deny, Audit]"))]));
}

#[test]
fn judges_policies_only_where_they_are_no_objects_of_the_cluster() {
    let excluded = |text: &str| {
        let set = load(&[("vap.yaml", text)]).expect("a set");
        let rules = set.set.policies[0].matches.exclude_resource_rules.clone();
        rules.into_iter().flat_map(|rule| rule.api_groups).collect::<Vec<_>>()
    };
    assert_eq!(excluded(POLICY), ["authentication.k8s.io", "authorization.k8s.io", "admissionregistration.k8s.io"]);
    let of_a_file = POLICY.replace("{name: replicas}", "{name: replicas.static.k8s.io}");
    assert_eq!(
        excluded(&of_a_file),
        ["authentication.k8s.io", "authorization.k8s.io"],
        "a policy that lies beside its API server"
    );
}
