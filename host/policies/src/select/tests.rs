//! Selection: what applies, what is skipped, and what cannot be known.

mod equivalent;
mod unknown;

use portcullis_model::{GroupVersionKind, GroupVersionResource, Request, Subject};

use super::*;
use crate::sample::{json, yaml};
use crate::set::parse_set;

const UNKNOWN_PLURAL: &str = "the plural of kind `Pod` is not known: give `--api-resources` or its CRD";

/// A set whose only policy has this `match`.
fn set(matches: &str) -> LoadedSet {
    let text = format!(
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {{name: a}}\nspec:\n  policies:\n  - name: p\n    plugin: {{builtin: b}}\n    match: {matches}\n"
    );
    parse_set(&yaml(&text)).unwrap_or_else(|complaints| panic!("{}", complaints[0]))
}

/// What the only policy of such a set does; the explanation must be of the same opinion.
fn selected(matches: &str, review: &Review) -> Selection {
    let set = set(matches);
    let (selection, explanation) = (set.select(0, review), set.explain(0, review));
    assert_eq!(explanation.selection, selection);
    let last = explanation.reasons.last().map(|reason| &reason.selection);
    match &selection {
        Selection::Skips => assert_eq!(last, Some(&Selection::Skips), "{explanation:?}"),
        _ => assert!(explanation.reasons.iter().all(|reason| reason.selection != Selection::Skips), "{explanation:?}"),
    }
    assert!(explanation.reasons.iter().all(|reason| !reason.text.is_empty()));
    selection
}

/// The CREATE of a Pod `shop/web`.
fn pod() -> Review {
    Review {
        subject: Subject {
            kind_of: SubjectKind::Object,
            api_version: "v1".into(),
            kind: "Pod".into(),
            namespace: "shop".into(),
            name: "web".into(),
            place: None,
            occurrence: None,
        },
        request: Request {
            operation: "CREATE".into(),
            kind: GroupVersionKind { group: String::new(), version: "v1".into(), kind: "Pod".into() },
            resource: Some(GroupVersionResource {
                group: String::new(),
                version: "v1".into(),
                resource: "pods".into(),
            }),
            namespaced: Some(true),
            name: "web".into(),
            namespace: "shop".into(),
            ..Request::default()
        },
        object: Some(json(r#"{"metadata":{"name":"web","labels":{"app":"web"}}}"#)),
        old_object: None,
        options: None,
        request_document: None,
        namespace: labels(&[("team", "red")]),
        mode: None,
        time: 0,
        notices: Vec::new(),
        file: None,
    }
}

fn labels(labels: &[(&str, &str)]) -> NamespaceLabels {
    NamespaceLabels::Known(labels.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect())
}

/// A request about a Namespace.
fn namespace_review(operation: &str, labels: &str) -> Review {
    let mut review = pod();
    review.request.kind.kind = "Namespace".into();
    review.request.operation = operation.into();
    review.request.resource =
        Some(GroupVersionResource { group: String::new(), version: "v1".into(), resource: "namespaces".into() });
    review.request.name = "shop".into();
    let object = Some(json(&format!(r#"{{"metadata":{{"name":"shop","labels":{labels}}}}}"#)));
    if operation == "DELETE" {
        review.object = None;
        review.old_object = object;
    } else {
        review.object = object;
    }
    review.namespace = NamespaceLabels::None;
    review
}

fn rule(change: &str) -> String {
    let mut rule = [
        ("apiGroups", "['*']"),
        ("apiVersions", "['*']"),
        ("operations", "['*']"),
        ("resources", "['*/*']"),
        ("resourceNames", "[]"),
        ("scope", "'*'"),
    ];
    for change in change.split("; ").filter(|change| !change.is_empty()) {
        let (key, value) = change.split_once('=').expect("key=value");
        rule.iter_mut().find(|(known, _)| *known == key).expect("a known key").1 = value;
    }
    let members: Vec<String> = rule.iter().map(|(key, value)| format!("{key}: {value}")).collect();
    format!("{{resourceRules: [{{{}}}]}}", members.join(", "))
}

fn applies(matches: &str, review: &Review) -> bool {
    match selected(matches, review) {
        Selection::Applies => true,
        Selection::Skips => false,
        Selection::Unknown(why) => panic!("{matches}: {why}"),
    }
}

fn unknown(matches: &str, review: &Review) -> String {
    match selected(matches, review) {
        Selection::Unknown(why) => why,
        other => panic!("{matches}: {other:?}"),
    }
}

#[test]
fn matches_resources_as_kubernetes_does() {
    let mut status = pod();
    status.request.subresource = "status".into();
    for (resources, plain, sub) in [
        ("['pods']", true, false),
        ("['pods/status']", false, true),
        ("['pods/*']", true, true),
        ("['*/status']", false, true),
        ("['*']", true, false),
        ("['*/*']", true, true),
        ("['deployments', 'pods']", true, false),
        ("['deployments']", false, false),
        ("['pods/scale']", false, false),
    ] {
        let matches = rule(&format!("resources={resources}"));
        assert_eq!(applies(&matches, &pod()), plain, "{resources} for pods");
        assert_eq!(applies(&matches, &status), sub, "{resources} for pods/status");
    }
}

#[test]
fn matches_groups_versions_operations_names_and_scope() {
    for (change, expected) in [
        ("apiGroups=['']", true),
        ("apiGroups=['apps']", false),
        ("apiVersions=['v1', 'v2']", true),
        ("apiVersions=['v1beta1']", false),
        ("operations=['CREATE']", true),
        ("operations=['UPDATE', 'DELETE']", false),
        ("resourceNames=['web']", true),
        ("resourceNames=['we', 'web2']", false),
        ("scope='Namespaced'", true),
        ("scope='Cluster'", false),
    ] {
        assert_eq!(applies(&rule(change), &pod()), expected, "{change}");
    }
    let namespace = namespace_review("CREATE", "{}");
    assert!(applies(&rule("scope='Cluster'"), &namespace), "a Namespace is cluster-scoped, whatever the request says");
    assert!(!applies(&rule("scope='Namespaced'"), &namespace));
}

#[test]
fn judges_every_create_and_update_where_nothing_is_written() {
    for (operation, expected) in [("CREATE", true), ("UPDATE", true), ("DELETE", false), ("CONNECT", false)] {
        let mut review = pod();
        review.request.operation = operation.into();
        review.request.resource = None;
        assert_eq!(applies("{}", &review), expected, "{operation}");
        review.request.subresource = "scale".into();
        assert_eq!(applies("{}", &review), expected, "{operation} of a subresource");
    }
    assert!(!applies("{documents: [{paths: ['**']}]}", &pod()), "documents alone judge no object");
    assert_eq!(set("{}").select(1, &pod()), Selection::Skips);
}

#[test]
fn cannot_know_where_the_plural_matters() {
    let mut file = pod();
    file.request.resource = None;
    assert_eq!(unknown(&rule("resources=['pods']"), &file), UNKNOWN_PLURAL);
    assert_eq!(unknown(&rule("resources=['deployments', 'pods/*']"), &file), UNKNOWN_PLURAL);
    assert!(applies(&rule("resources=['*']"), &file), "any resource needs no plural");
    assert!(applies(&rule("resources=['deployments/*', '*']"), &file));
    assert!(!applies(&rule("resources=['pods']; apiGroups=['apps']"), &file), "the group decides without it");
    assert!(!applies(&rule("resources=['pods']; apiVersions=['v2']"), &file));
    assert!(!applies(&rule("resources=['pods']; operations=['DELETE']"), &file));
    assert!(!applies(&rule("resources=['pods/status']"), &file), "the subresource decides without it");
    file.request.namespaced = None;
    assert_eq!(
        unknown(&rule("scope='Cluster'"), &file),
        "the scope of kind `Pod` is not known: give `--api-resources` or its CRD"
    );
    let skipping = "{resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: [pods]}], objectSelector: {matchLabels: {app: other}}}";
    assert!(!applies(skipping, &file), "what certainly does not match skips, whatever is unknown");
}

const RED: &str = "{namespaceSelector: {matchLabels: {team: red}}}";

#[test]
fn asks_the_namespace_for_its_labels() {
    assert!(applies(RED, &pod()));
    let mut review = pod();
    review.namespace = labels(&[("team", "blue")]);
    assert!(!applies(RED, &review));
    // A18: opting out needs the label, and a namespace without labels has none.
    let opted = "{namespaceSelector: {matchExpressions: [{key: ignore, operator: DoesNotExist}]}}";
    assert!(applies(opted, &review));
    review.namespace = labels(&[("ignore", "true")]);
    assert!(!applies(opted, &review));
}

#[test]
fn never_guesses_labels_that_could_not_be_looked_up() {
    // A18b: a failed lookup is never a skip (CVE-2025-46342), and generateName leaves the name empty.
    let mut review = pod();
    review.namespace = NamespaceLabels::Unknown("give --namespace-labels".into());
    review.request.name = String::new();
    let why = "`namespaceSelector` needs the labels of the namespace `shop`: give --namespace-labels";
    assert_eq!(unknown(RED, &review), why);
    assert!(applies("{namespaceSelector: {}}", &review), "an empty selector needs no labels");
    review.namespace = NamespaceLabels::None;
    assert_eq!(
        unknown(RED, &review),
        "`namespaceSelector` needs the labels of the namespace `shop`: they were not given"
    );
}

#[test]
fn always_faces_what_is_cluster_scoped() {
    // A18b: a cluster-scoped object has an empty namespace and is never exempt.
    let mut review = pod();
    review.request.kind.kind = "ClusterRole".into();
    review.request.namespaced = Some(false);
    review.request.namespace = String::new();
    review.request.resource = None;
    review.namespace = NamespaceLabels::None;
    assert!(applies(RED, &review));
    review.request.namespaced = None;
    assert!(applies(RED, &review), "without a namespace it cannot be in one");
}

#[test]
fn asks_a_namespace_for_its_own_labels() {
    // A18: a namespace labelled in the same second is judged by the labels in the request.
    for operation in ["CREATE", "UPDATE", "DELETE"] {
        assert!(
            applies(
                &format!("{{{}, {}", &rule("")[1..rule("").len() - 1], &RED[1..]),
                &namespace_review(operation, r#"{"team":"red"}"#)
            ),
            "{operation}"
        );
        assert!(
            !applies(
                &format!("{{{}, {}", &rule("")[1..rule("").len() - 1], &RED[1..]),
                &namespace_review(operation, "{}")
            ),
            "{operation}"
        );
    }
    let mut review = namespace_review("UPDATE", r#"{"team":"red"}"#);
    review.namespace = labels(&[("team", "blue")]);
    assert!(applies(RED, &review), "the request's labels, not the remembered ones");
    review.request.subresource = "finalize".into();
    assert!(!applies(RED, &review), "a subresource does not write labels");
}

#[test]
fn asks_the_object_or_the_old_object_for_its_labels() {
    let web = "{objectSelector: {matchLabels: {app: web}}}";
    assert!(applies(web, &pod()));
    let mut review = pod();
    // A18: removing the label in the UPDATE itself does not help.
    review.old_object = review.object.take();
    review.object = Some(json(r#"{"metadata":{"name":"web"}}"#));
    assert!(applies(web, &review));
    review.old_object = None;
    assert!(!applies(web, &review));
    let absent = "{objectSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}}";
    assert!(applies(absent, &review));
    review.object = Some(json(r#"{"container":"app","command":["sh"]}"#));
    assert!(!applies(absent, &review), "options without metadata never match a selector");
    review.object = Some(json(r#"{"metadata":{"labels":{"app":1}}}"#));
    assert_eq!(
        unknown(web, &review),
        "`objectSelector` needs the object's labels: the label `app` is not a string; put its value in quotes"
    );
}

fn with_conditions(conditions: &[&str]) -> String {
    let all: Vec<String> =
        conditions.iter().enumerate().map(|(n, text)| format!("{{name: c{n}, expression: \"{text}\"}}")).collect();
    format!("{{matchConditions: [{}]}}", all.join(", "))
}

#[test]
fn skips_on_a_false_condition_even_where_another_fails() {
    let good = "object.metadata.name == 'web'";
    let bad = "object.metadata.zzz == 'web'";
    assert!(applies(&with_conditions(&[good, good]), &pod()));
    assert!(!applies(&with_conditions(&[good, "false"]), &pod()));
    assert!(!applies(&with_conditions(&[bad, "false"]), &pod()));
    assert!(!applies(&with_conditions(&["false", bad]), &pod()));
    let why = "the condition `c1` failed: no such key: zzz; where it may be missing, write `object.metadata.?zzz.orValue(..)`, or ask `has(object.metadata.zzz)` first";
    assert_eq!(unknown(&with_conditions(&[good, bad]), &pod()), why);
}

#[test]
fn is_not_fooled_by_names_that_look_trusted() {
    // A19: groups are compared whole, in whatever order they come.
    let masters = with_conditions(&["!('system:masters' in request.userInfo.groups)"]);
    let mut review = pod();
    for (groups, expected) in [
        (vec!["system:authenticated", "system:masters"], false),
        (vec!["system:masters", "system:authenticated"], false),
        (vec!["system:masters-not", "System:masters"], true),
        (vec![], true),
    ] {
        review.request.user.groups = groups.iter().map(|&group| group.to_owned()).collect();
        assert_eq!(applies(&masters, &review), expected, "{groups:?}");
    }
    let account = with_conditions(&["request.userInfo.username.matches('^system:serviceaccount:kube-system:[^:]+$')"]);
    for (name, expected) in [
        ("system:serviceaccount:kube-system:x", true),
        ("system:serviceaccount:kube-system-evil:x", false),
        ("x:system:serviceaccount:kube-system:x", false),
        ("system:serviceaccount:kube-system:x:y", false),
    ] {
        review.request.user.name = name.to_owned();
        assert_eq!(applies(&account, &review), expected, "{name}");
    }
}

#[test]
fn keeps_objects_and_documents_apart() {
    let both = "{resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*']}], documents: [{paths: ['specs/**/*.yaml']}]}";
    let mut document = pod();
    document.subject.kind_of = SubjectKind::Document;
    document.request = Request::default();
    document.namespace = NamespaceLabels::None;
    for (path, expected) in [
        ("specs/a.yaml", true),
        ("./specs/a/b.yaml", true),
        ("other/a.yaml", false),
        ("specs/a.json", false),
        ("x/specs/a.yaml", false),
    ] {
        document.subject.name = path.into();
        assert_eq!(applies(both, &document), expected, "{path}");
        assert!(!applies(&rule(""), &document), "a document never matches resource rules");
        assert!(!applies("{}", &document), "a document is judged only where one is named");
    }
    assert!(applies(both, &pod()));
}

#[test]
fn answers_the_same_whatever_the_order_of_rules() {
    let rules = [
        "{apiGroups: [apps], apiVersions: ['*'], operations: ['*'], resources: ['*']}",
        "{apiGroups: [''], apiVersions: ['*'], operations: [CREATE], resources: [pods]}",
        "{apiGroups: ['*'], apiVersions: ['*'], operations: [DELETE], resources: ['*/*']}",
    ];
    let mut file = pod();
    file.request.resource = None;
    for review in [pod(), file] {
        let mut answers = Vec::new();
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let written = order.map(|at| rules[at]).join(", ");
            answers.push(set(&format!("{{resourceRules: [{written}]}}")).select(0, &review));
        }
        assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    }
}

#[test]
fn finds_the_name_of_each_object_of_a_deleted_collection_a12() {
    let precious = "{resourceRules: [{apiGroups: [''], apiVersions: ['*'], operations: [DELETE], resources: [pods], resourceNames: [web]}]}";
    let mut review = pod();
    review.request.operation = "DELETE".into();
    review.request.name = String::new();
    review.old_object = review.object.take();
    assert!(applies(precious, &review), "the request has no name, the object has");
    review.request.name = "other".into();
    assert!(!applies(precious, &review), "what the request names is what is meant");
}

/// A set of one ValidatingAdmissionPolicy with these constraints and one binding of these `matchResources`.
fn admission(constraints: &str, binding: &str) -> LoadedSet {
    let texts = [
        format!(
            "{{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy, metadata: {{name: p}}, spec: {{validations: [{{expression: 'true'}}], matchConstraints: {{{constraints}}}}}}}"
        ),
        format!(
            "{{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicyBinding, metadata: {{name: b}}, spec: {{policyName: p, validationActions: [Deny], matchResources: {{{binding}}}}}}}"
        ),
    ];
    let mut manifests = crate::Manifests::default();
    for text in texts {
        assert!(manifests.take(yaml(&text)).is_none());
    }
    manifests.into_set().unwrap_or_else(|complaints| panic!("{}", complaints[0])).expect("a set")
}

const PODS: &str = "resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: ['*'], resources: [pods]}]";

#[test]
fn asks_constraints_and_the_binding() {
    let applies = |constraints: &str, binding: &str| admission(constraints, binding).select(0, &pod());
    assert_eq!(applies(PODS, ""), Selection::Applies, "no rule of a binding is every request");
    assert_eq!(applies(PODS, PODS), Selection::Applies);
    assert_eq!(applies(PODS, &PODS.replace("pods", "services")), Selection::Skips);
    assert_eq!(applies(PODS, &PODS.replace("'*'", "DELETE")), Selection::Skips);
    assert_eq!(applies(PODS, "namespaceSelector: {matchLabels: {team: red}}"), Selection::Applies);
    assert_eq!(applies(PODS, "namespaceSelector: {matchLabels: {team: blue}}"), Selection::Skips);
    assert_eq!(applies(PODS, "objectSelector: {matchLabels: {app: api}}"), Selection::Skips);
    assert_eq!(applies(&format!("{PODS}, objectSelector: {{matchLabels: {{app: api}}}}"), ""), Selection::Skips);
    let unknown = Review { namespace: NamespaceLabels::Unknown("nobody knows".into()), ..pod() };
    let selecting = admission(PODS, "namespaceSelector: {matchLabels: {team: red}}");
    assert!(
        matches!(selecting.select(0, &unknown), Selection::Unknown(_)),
        "a binding that cannot be known is no skip"
    );
    let delete = Review { request: Request { operation: "DELETE".into(), ..pod().request }, ..pod() };
    assert_eq!(admission(PODS, "").select(0, &delete), Selection::Applies);
    let document = Review { subject: Subject { kind_of: SubjectKind::Document, ..pod().subject }, ..pod() };
    assert_eq!(admission(PODS, "").select(0, &document), Selection::Skips, "a file of something else is no object");
}

#[test]
fn leaves_out_what_is_excluded() {
    let excluding = |rule: &str| {
        let exclude = format!("excludeResourceRules: [{{apiGroups: ['*'], apiVersions: ['*'], {rule}}}]");
        let both = [admission(&format!("{PODS}, {exclude}"), ""), admission(PODS, &exclude)];
        both.map(|set| set.select(0, &pod()))
    };
    assert_eq!(excluding("operations: ['*'], resources: ['*']"), [Selection::Skips, Selection::Skips]);
    assert_eq!(excluding("operations: [UPDATE], resources: ['*']"), [Selection::Applies, Selection::Applies]);
    assert_eq!(excluding("operations: ['*'], resources: [pods/status]"), [Selection::Applies, Selection::Applies]);
    assert_eq!(
        excluding("operations: ['*'], resources: [pods], resourceNames: [web]"),
        [Selection::Skips, Selection::Skips]
    );
    assert_eq!(
        excluding("operations: ['*'], resources: [pods], resourceNames: [api]"),
        [Selection::Applies, Selection::Applies]
    );
    assert_eq!(
        excluding("operations: ['*'], resources: ['*'], scope: Cluster"),
        [Selection::Applies, Selection::Applies]
    );
    let collection =
        Review { request: Request { name: String::new(), operation: "DELETE".into(), ..pod().request }, ..pod() };
    let set = admission(
        &format!(
            "{PODS}, excludeResourceRules: [{{apiGroups: [''], apiVersions: [v1], operations: ['*'], resources: [pods], resourceNames: [web]}}]"
        ),
        "",
    );
    assert_eq!(set.select(0, &collection), Selection::Applies, "a name that the request does not say excludes nothing");
    let unknown = Review { request: Request { resource: None, ..pod().request }, ..pod() };
    let set = admission(
        "resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*']}], excludeResourceRules: [{apiGroups: [''], apiVersions: [v1], operations: ['*'], resources: [pods]}]",
        "",
    );
    assert_eq!(
        set.select(0, &unknown),
        Selection::Unknown(UNKNOWN_PLURAL.into()),
        "whether it is excluded cannot be known"
    );
}
