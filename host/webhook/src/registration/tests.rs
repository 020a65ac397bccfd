//! Registrations: what is sent, what is not, and that nothing is kept back that a policy would judge.

use portcullis_document::{ReadLimits, read_json_text, read_yaml};
use portcullis_model::{
    Document, GroupVersionKind, GroupVersionResource, NamespaceLabels, Request, Review, Source, Subject, SubjectKind,
    User,
};
use portcullis_policies::{Selection, parse_set};

use super::*;

fn options() -> RegistrationOptions {
    RegistrationOptions {
        name: "portcullis".into(),
        client: Client::Service { namespace: "portcullis-system".into(), name: "portcullis".into(), port: 443 },
        ca_bundle: None,
        only: None,
        timeout_seconds: DEFAULT_TIMEOUT,
        failure_policy: FailurePolicy::Fail,
        excluded_namespaces: vec!["portcullis-system".into(), "kube-system".into()],
        own_access: "portcullis".into(),
        judge_agents: false,
        version: "0.1.0".into(),
    }
}

fn yaml(text: &str) -> Document {
    read_yaml(&Source::new("set.yaml", text), &ReadLimits::default()).expect("YAML").remove(0)
}

/// A set called `name` with one policy for each `match`.
fn set(name: &str, matches: &[&str]) -> LoadedSet {
    let policies: Vec<String> = matches
        .iter()
        .enumerate()
        .map(|(at, matches)| format!("  - {{name: p{at}, plugin: {{builtin: b}}, match: {matches}}}\n"))
        .collect();
    let head = "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: ";
    let text = format!("{head}{name}}}\nspec:\n  policies:\n{}", policies.concat());
    parse_set(&yaml(&text)).unwrap_or_else(|complaints| panic!("{}: {text}", complaints[0]))
}

fn planned(matches: &[&str]) -> Registration {
    registration(&[set("a", matches)], &options()).expect("a registration")
}

/// A registration as policies of a set, one for each webhook: what it sends is what any of them would judge.
fn as_policies(registration: &Registration) -> LoadedSet {
    let text = registration.to_yaml();
    let head =
        "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: registration}\nspec:\n  policies:\n";
    let webhooks = text.split("\n- name: ").skip(1).enumerate().map(|(at, webhook)| {
        let (_, rest) = webhook.split_once("  rules:\n").expect("rules");
        let rest: String = rest.lines().map(|line| format!("    {line}\n")).collect();
        format!("  - name: p{at}\n    plugin: {{builtin: b}}\n    match:\n      resourceRules:\n{rest}")
    });
    let text = format!("{head}{}", webhooks.collect::<String>());
    parse_set(&yaml(&text)).unwrap_or_else(|complaints| panic!("{}: {text}", complaints[0]))
}

/// What the API server does with a request, conversions aside.
fn sent_by(registered: &LoadedSet, review: &Review) -> Selection {
    let all = (0..registered.set.policies.len()).map(|at| registered.select(at, review));
    all.reduce(|one, other| if one == Selection::Skips { other } else { one }).expect("a webhook")
}

fn json(text: &str) -> Document {
    read_json_text(text, &ReadLimits::default()).expect("JSON")
}

/// A request for `group/version/resource/subresource` as the API server would describe it.
fn review(operation: &str, what: &str, namespace: &str, name: &str, user: &str) -> Review {
    let parts: Vec<&str> = what.split('/').collect();
    let [group, version, resource, subresource] = parts[..] else { panic!("{what}") };
    let object = || {
        let named = if name.is_empty() { String::new() } else { format!("\"name\":\"{name}\",") };
        Some(json(&format!(r#"{{"metadata":{{{named}"labels":{{"app":"{name}x","team":"red"}}}}}}"#)))
    };
    let bare = Some(json(r#"{"container":"app"}"#));
    let (new, old) = match operation {
        "CREATE" => (object(), None),
        "UPDATE" => (object(), object()),
        "DELETE" => (None, object()),
        _ => (bare, None),
    };
    let (user, member) = user.split_once('+').unwrap_or((user, "system:authenticated"));
    let user_json =
        if user.is_empty() { "{}".to_owned() } else { format!(r#"{{"username":"{user}","groups":["{member}"]}}"#) };
    Review {
        subject: Subject {
            kind_of: SubjectKind::Object,
            api_version: version.into(),
            kind: "Any".into(),
            namespace: namespace.into(),
            name: name.into(),
            place: None,
            occurrence: None,
        },
        request: Request {
            operation: operation.into(),
            kind: GroupVersionKind { group: group.into(), version: version.into(), kind: "Any".into() },
            resource: Some(GroupVersionResource {
                group: group.into(),
                version: version.into(),
                resource: resource.into(),
            }),
            subresource: subresource.into(),
            namespaced: Some(!namespace.is_empty()),
            name: name.into(),
            namespace: namespace.into(),
            user: User { name: user.into(), groups: vec![member.into()], ..User::default() },
            ..Request::default()
        },
        object: new,
        old_object: old,
        options: None,
        request_document: Some(json(&format!(r#"{{"userInfo":{user_json}}}"#))),
        namespace: match namespace {
            "" => NamespaceLabels::None,
            name => NamespaceLabels::Known(
                [("kubernetes.io/metadata.name", name), ("team", if name == "shop" { "red" } else { "blue" })]
                    .map(|(key, value)| (key.to_owned(), value.to_owned()))
                    .into(),
            ),
        },
        mode: None,
        time: 0,
        notices: Vec::new(),
        file: None,
    }
}

/// Names, some with their group: the API server itself, who only took its name, and who only has its group.
const USERS: [&str; 6] = [
    "",
    "ann",
    "system:serviceaccount:shop:x",
    "system:apiserver+system:masters",
    "system:apiserver",
    "ann+system:masters",
];

/// Every request of a small world.
fn world() -> Vec<Review> {
    let resources = [
        "/v1/pods/",
        "/v1/pods/status",
        "/v1/pods/exec",
        "/v1/pods/ephemeralcontainers",
        "/v1/pods/resize",
        "/v1/secrets/",
        "apps/v1/deployments/",
        "apps/v1/deployments/scale",
        "apps/v1beta1/deployments/",
        "example.com/v1/widgets/",
        "/v1/nodes/",
        "/v1/namespaces/",
        "/v1/namespaces/finalize",
        "coordination.k8s.io/v1/leases/",
        "rbac.authorization.k8s.io/v1/clusterroles/",
    ];
    let mut reviews = Vec::new();
    for what in resources {
        for operation in ["CREATE", "UPDATE", "DELETE", "CONNECT"] {
            for namespace in ["", "shop", "web", "kube-system"] {
                for name in ["", "web", "o'x"] {
                    for user in USERS {
                        reviews.push(review(operation, what, namespace, name, user));
                    }
                }
            }
        }
    }
    reviews
}

fn excluded(review: &Review) -> bool {
    let resource = review.request.resource.as_ref().expect("known");
    review.request.namespace == "kube-system"
        || review.request.user.name == "system:apiserver" && review.request.user.groups == ["system:masters"]
        || resource.resource == "leases"
        || resource.resource == "nodes" && review.request.operation != "CONNECT"
        || resource.resource == "namespaces" && review.request.subresource == "finalize"
}

const MATCHES: [&str; 16] = [
    "{}",
    "{resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: [CREATE, UPDATE], resources: ['*', pods/ephemeralcontainers, pods/resize, '*/scale']}]}",
    "{resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: ['*'], resources: [pods, pods/exec]}]}",
    "{resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: ['*/*']}]}",
    "{resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'], scope: Cluster}]}",
    "{resourceRules: [{apiGroups: [''], apiVersions: ['*'], operations: ['*'], resources: [secrets, 'pods/*'], resourceNames: [web, \"o'x\"]}]}",
    "{matchConditions: [{name: not-ann, expression: \"request.userInfo.username != 'ann'\"}]}",
    "{matchConditions: [{name: account, expression: \"request.userInfo.username.startsWith('system:serviceaccount:')\"}, {name: named, expression: \"has(request.name) && request.name == 'web'\"}]}",
    "{matchConditions: [{name: broken, expression: \"object.spec.missing == 'a'\"}, {name: never, expression: 'false'}]}",
    "{matchConditions: [{name: labelled, expression: \"object.metadata.labels['app'] == 'webx' // of the web\"}]}",
    "{matchConditions: [{name: old, expression: \"oldObject == null || oldObject.metadata.name == 'web'\"}]}",
    "{resourceRules: [{apiGroups: [''], apiVersions: ['*'], operations: ['*'], resources: [pods/*]}], matchConditions: [{name: in-group, expression: \"'system:authenticated' in request.userInfo.groups\"}]}",
    "{namespaceSelector: {matchLabels: {team: red}}}",
    "{objectSelector: {matchExpressions: [{key: app, operator: In, values: [webx, x]}]}}",
    "{resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: [CONNECT, DELETE], resources: ['*/*']}]}",
    "{documents: [{paths: ['specs/**']}]}",
];

#[test]
fn sends_everything_that_any_policy_judges_or_cannot_be_known_for() {
    let world = world();
    let mut sent = 0_usize;
    let mut kept = 0_usize;
    for (at, first) in MATCHES.iter().enumerate() {
        for second in &MATCHES[at..] {
            let judging = set("a", &[first, second]);
            let Ok(plan) = registration(std::slice::from_ref(&judging), &options()) else {
                assert!(first.contains("documents") && second.contains("documents"));
                continue;
            };
            let registered = as_policies(&plan);
            for review in &world {
                let wanted = (0..2).any(|policy| judging.select(policy, review) != Selection::Skips);
                let sends = match sent_by(&registered, review) {
                    Selection::Applies => true,
                    Selection::Skips => false,
                    Selection::Unknown(why) => panic!("the API server would refuse: {why}\n{}", plan.to_yaml()),
                };
                assert!(!wanted || sends || excluded(review), "kept back: {:?}\n{}", review.request, plan.to_yaml());
                assert!(!sends || !excluded(review), "sent all the same: {:?}\n{}", review.request, plan.to_yaml());
                sent += usize::from(sends);
                kept += usize::from(!sends);
            }
        }
    }
    assert!(sent > 10_000 && kept > 10_000, "{sent} sent, {kept} kept");
}

#[test]
fn sends_nothing_that_no_policy_wants() {
    let narrow = [
        "{resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}], matchConditions: [{name: not-ann, expression: \"request.userInfo.username != 'ann'\"}]}",
        "{resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [UPDATE], resources: [deployments/scale]}]}",
        "{resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [UPDATE], resources: [secrets], resourceNames: [web]}]}",
    ];
    let judging = set("a", &narrow);
    let plan = registration(std::slice::from_ref(&judging), &options()).expect("a registration");
    let registered = as_policies(&plan);
    // Who has no name in the request may have one in the object, so it is sent wherever a rule names names.
    let nameless = |review: &&Review| {
        let resource = review.request.resource.as_ref();
        review.request.name.is_empty() && resource.is_some_and(|resource| resource.resource == "secrets")
    };
    let world = world();
    for review in world.iter().filter(|review| !review.request.user.name.is_empty() && !nameless(review)) {
        let wanted = (0..3).any(|policy| judging.select(policy, review) != Selection::Skips) && !excluded(review);
        let sends = sent_by(&registered, review) != Selection::Skips;
        assert_eq!(sends, wanted, "{:?}\n{}", review.request, plan.to_yaml());
    }
}

#[test]
fn sends_of_kubernetes_own_kinds_exactly_those_in_which_a_shipped_policy_could_find_anything() {
    // Containers, claims and amounts wherever any kind may have them.
    let pod = r#""spec":{"containers":[{"name":"a"}],"volumes":[{"ephemeral":{"volumeClaimTemplate":{"spec":{}}}}]}"#;
    let object = format!(
        r#"{{"spec":{{"containers":[{{"name":"a"}}],"template":{{{pod}}},"jobTemplate":{{"spec":{{"template":{{{pod}}}}}}},"volumeClaimTemplates":[{{}}],"resources":{{}},"replicas":3}},"template":{{{pod}}}}}"#
    );
    for text in [
        include_str!("../../../../policies/default.yaml"),
        include_str!("../../../../policies/sandbox.yaml"),
        include_str!("../../../../policies/compliance.yaml"),
    ] {
        let shipped = parse_set(&yaml(text)).expect("a set");
        let plan = registration(std::slice::from_ref(&shipped), &options()).expect("a registration");
        assert_eq!(plan.notes, [""; 0]);
        let registered = as_policies(&plan);
        let mut sent = 0;
        let lines = include_str!("../../../subject/src/kinds.tsv").lines();
        for columns in lines.map(|line| line.split('\t').collect::<Vec<_>>()) {
            let [group, version, kind, plural, ..] = columns[..] else { panic!("{columns:?}") };
            let subresources = columns.get(5).copied().unwrap_or_default().split(',').filter(|name| !name.is_empty());
            for subresource in std::iter::once("").chain(subresources) {
                let mut review =
                    review("CREATE", &format!("{group}/{version}/{plural}/{subresource}"), "shop", "web", "ann");
                let scale = ("autoscaling", "v1", "Scale");
                let (group, version, kind) = if subresource == "scale" { scale } else { (group, version, kind) };
                review.request.kind =
                    GroupVersionKind { group: group.into(), version: version.into(), kind: kind.into() };
                review.object = Some(json(&object));
                let wanted = (0..shipped.set.policies.len()).any(|at| shipped.select(at, &review) != Selection::Skips);
                let seen = portcullis_subject::workload::view(&review, &[]);
                // What is seen of a Scale is how many, and no shipped policy counts.
                let found = wanted && !(seen.containers.is_empty() && seen.images.is_empty() && seen.claims.is_empty());
                let sends = registered.select(0, &review) == Selection::Applies;
                assert_eq!(sends, found, "{group}/{version} {kind} {subresource}\n{}", plan.to_yaml());
                sent += usize::from(sends);
            }
        }
        assert!(sent > 20, "{sent}");
    }
}

#[test]
fn registers_apart_what_names_different_versions_so_that_each_is_converted_to() {
    let scalers = "{resourceRules: [{apiGroups: [autoscaling], apiVersions: [v2], operations: [CREATE], resources: [horizontalpodautoscalers]}]}";
    let all = "{resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: [CREATE], resources: ['*']}]}";
    let pods = "{resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}";
    assert_eq!(planned(&[scalers, pods]).rules.len(), 1, "versions of two groups");
    assert_eq!(planned(&[all, all]).rules.len(), 1);
    let plan = planned(&[scalers, all]);
    // Of v1 alone the API server makes a v2 for the second webhook; with one rule for all it would send v1, and the policy
    // would skip it.
    let versions: Vec<_> = plan.rules.iter().map(|rules| rules[0].api_versions.join(",")).collect();
    assert_eq!(versions, ["*", "v2"]);
    let text = plan.to_yaml();
    assert_eq!(text.matches("\n- name: ").count(), 2, "{text}");
    assert!(text.contains("- name: versions-1.validate.portcullis.dev"), "{text}");
    assert_eq!(text.matches("clientConfig:").count(), 2, "each says where to send");
    assert!(plan.notes.iter().any(|note| note.contains("2 webhooks")), "{:?}", plan.notes);
}

#[test]
fn keeps_shared_conditions_and_selectors_as_they_are() {
    let red = "namespaceSelector: {matchLabels: {team: red}}";
    let not_ann = "matchConditions: [{name: not-ann, expression: \"has(request.name)\"}]";
    let plan = planned(&[
        &format!("{{{red}, {not_ann}}}"),
        &format!("{{{red}, {not_ann}, objectSelector: {{matchLabels: {{a: b}}}}}}"),
    ]);
    assert_eq!(plan.namespace_selector.match_labels["team"], "red");
    assert_eq!(plan.object_selector, LabelSelector::default(), "only one of them asks for it");
    let last = plan.match_conditions.last().expect("a condition");
    assert_eq!((&*last.name, &*last.expression), ("not-ann", "has(request.name)"));
}

#[test]
fn leaves_out_what_a_cluster_needs_to_come_up_unless_a_policy_names_it() {
    let names = |plan: &Registration| plan.match_conditions.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    let all = "{resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: [CREATE], resources: ['*']}]}";
    assert_eq!(
        names(&planned(&[all])),
        [
            "not-the-api-server-itself",
            "not-nodes-and-endpoints",
            "not-leases",
            "not-events-and-endpoint-slices",
            "not-identities",
            "not-volumes-of-nodes",
            "not-agents-of-nodes",
            "not-its-own-access"
        ]
    );
    let pods = "{resourceRules: [{apiGroups: [''], apiVersions: ['*'], operations: [CREATE], resources: [pods]}]}";
    assert_eq!(names(&planned(&[pods])), ["not-the-api-server-itself"], "what is not reached needs no condition");
    let nodes = "{resourceRules: [{apiGroups: [''], apiVersions: ['*'], operations: [UPDATE], resources: [nodes]}]}";
    let plan = planned(&[all, nodes]);
    assert_eq!(
        plan.match_conditions[1].expression,
        "!(request.resource.group == '' && request.resource.resource in ['events', 'endpoints'])"
    );
    assert_eq!(
        plan.notes,
        [
            "`nodes` are sent because a policy names them: nothing writes them while Portcullis is away",
            "policy `a/p0` is asked about every kind: while nobody answers, nothing of a cluster changes but what is left out here; name kinds in its `resourceRules`"
        ]
    );
}

#[test]
fn leaves_out_what_agents_write_and_nothing_that_people_write() {
    let all = "{resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: [CREATE], resources: ['*']}]}";
    let sends = |plan: &Registration, what: &str| {
        sent_by(&as_policies(plan), &review("CREATE", what, "shop", "a", "ann")) == Selection::Applies
    };
    let plan = planned(&[all]);
    for (what, sent) in [
        ("cilium.io/v2/ciliumendpoints/", false),
        ("crd.projectcalico.org/v1/ipamblocks/", false),
        ("longhorn.io/v1beta2/volumes/", false),
        ("cluster.x-k8s.io/v1beta1/machines/", false),
        ("resource.k8s.io/v1/resourceslices/", false),
        ("cilium.io/v2/ciliumnetworkpolicies/", true),
        ("crd.projectcalico.org/v1/networkpolicies/", true),
        ("example.com/v1/volumes/", true),
        ("/v1/pods/", true),
    ] {
        assert_eq!(sends(&plan, what), sent, "{what}");
    }
    let mut wanted = options();
    wanted.judge_agents = true;
    let plan = registration(&[set("a", &[all])], &wanted).expect("a registration");
    assert!(sends(&plan, "cilium.io/v2/ciliumendpoints/"), "{}", plan.to_yaml());
    let machines = "{resourceRules: [{apiGroups: [cluster.x-k8s.io], apiVersions: ['*'], operations: [CREATE], resources: [machines]}]}";
    let roles = ["a", "portcullis"].map(|name| {
        let role = review("CREATE", "rbac.authorization.k8s.io/v1/clusterroles/", "", name, "ann");
        sent_by(&as_policies(&planned(&[all])), &role) == Selection::Applies
    });
    assert_eq!(roles, [true, false], "its own ClusterRole alone");
    let plan = planned(&[all, machines]);
    assert!(sends(&plan, "cluster.x-k8s.io/v1beta1/machines/"), "a policy names them");
    assert!(!sends(&plan, "cilium.io/v2/ciliumendpoints/"));
}

#[test]
fn refuses_what_kubernetes_would_refuse() {
    let sets = [set("a", &["{}"])];
    let error = |change: fn(&mut RegistrationOptions)| {
        let mut options = options();
        change(&mut options);
        registration(&sets, &options).expect_err("refused").to_string()
    };
    assert_eq!(error(|o| o.timeout_seconds = 31), "`31` cannot be a timeout: the API server waits 1 to 30 seconds");
    assert_eq!(error(|o| o.only = Some("b".into())), "there is no policy set `b`; there are a");
    let url = "write `https://host[:port][/path]` without user, query and fragment";
    for bad in ["http://a", "https://", "https://a/?b", "https://u@a", "https://a#b"] {
        let mut options = options();
        options.client = Client::Url(bad.into());
        let error = registration(&sets, &options).expect_err("refused").to_string();
        assert_eq!(error, format!("`{bad}` cannot be the address of a webhook: {url}"));
    }
    assert!(error(|o| o.name = "Portcullis".into()).starts_with("`Portcullis` cannot be the name of an object"));
    let documents = [set("a", &["{documents: [{paths: ['a']}]}"])];
    assert_eq!(
        registration(&documents, &options()).expect_err("nothing").to_string(),
        "no policy of these sets judges objects of a cluster, so there is nothing to register"
    );
}

#[test]
fn gives_one_set_a_path_of_its_own() {
    let sets = [set("a", &["{}"]), set("b", &["{}"])];
    let mut options = options();
    options.only = Some("b".into());
    options.client = Client::Url("https://127.0.0.1:8443".into());
    let plan = registration(&sets, &options).expect("a registration");
    assert_eq!(plan.client, Client::Url("https://127.0.0.1:8443/validate/b".into()));
    assert_eq!(plan.policy_sets.len(), 1);
    options.client = Client::Url("https://example.com/validate".into());
    assert_eq!(registration(&sets, &options).expect("one").client, Client::Url("https://example.com/validate".into()));
}

/// The set of one ValidatingAdmissionPolicy for each pair of `matchConstraints` and `matchResources`.
fn admission(matches: &[(&str, &str)]) -> LoadedSet {
    let mut manifests = portcullis_policies::Manifests::default();
    for (at, (constraints, binding)) in matches.iter().enumerate() {
        let head = "apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingAdmissionPolicy";
        let policy = format!(
            "{{{head}, metadata: {{name: p{at}}}, spec: {{validations: [{{expression: 'true'}}], matchConditions: [{{name: c, expression: 'false'}}], matchConstraints: {constraints}}}}}"
        );
        let binding = format!(
            "{{{head}Binding, metadata: {{name: b{at}}}, spec: {{policyName: p{at}, validationActions: [Deny], matchResources: {binding}}}}}"
        );
        for text in [policy, binding] {
            assert!(manifests.take(yaml(&text)).is_none());
        }
    }
    manifests.into_set().unwrap_or_else(|complaints| panic!("{}", complaints[0])).expect("a set")
}

#[test]
fn sends_everything_that_an_admission_policy_judges() {
    const PODS: &str =
        "resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: ['*'], resources: [pods, pods/exec]}]";
    const ALL: &str =
        "resourceRules: [{apiGroups: ['*'], apiVersions: ['*'], operations: [CREATE, UPDATE], resources: ['*/*']}]";
    const EXACT: &str = "resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: ['*'], resources: ['*']}], matchPolicy: Exact";
    const RED: &str = "namespaceSelector: {matchLabels: {team: red}}";
    const NO_SECRETS: &str =
        "excludeResourceRules: [{apiGroups: [''], apiVersions: [v1], operations: ['*'], resources: [secrets, pods]}]";
    let parts =
        [PODS, ALL, EXACT].map(|rules| [rules.to_owned(), format!("{rules}, {RED}"), format!("{rules}, {NO_SECRETS}")]);
    let constraints: Vec<String> = parts.concat().iter().map(|part| format!("{{{part}}}")).collect();
    let bindings = ["{}".to_owned(), format!("{{{RED}}}"), format!("{{{NO_SECRETS}}}"), format!("{{{PODS}}}")];
    let world = world();
    let (mut wanted, mut kept) = (0_usize, 0_usize);
    for (at, first) in constraints.iter().enumerate() {
        let second = &constraints[(at * 5 + 2) % constraints.len()];
        for binding in &bindings {
            let judging = admission(&[(first, binding), (second, "{}")]);
            let plan = registration(std::slice::from_ref(&judging), &options()).expect("a registration");
            let registered = as_policies(&plan);
            for review in &world {
                let wants = (0..2).any(|policy| judging.select(policy, review) != Selection::Skips);
                let sends = sent_by(&registered, review) != Selection::Skips;
                assert!(!wants || sends || excluded(review), "kept back: {:?}\n{}", review.request, plan.to_yaml());
                wanted += usize::from(wants);
                kept += usize::from(!sends);
            }
        }
    }
    assert!(wanted > 1000 && kept > 1000, "{wanted} wanted, {kept} kept");
    let [pods, red] = [format!("{{{PODS}}}"), format!("{{{RED}}}")];
    let selector = |bindings: [&str; 2]| {
        let set = admission(&bindings.map(|binding| (&*pods, binding)));
        let plan = registration(&[set], &options()).expect("a registration");
        plan.namespace_selector.match_labels.get("team").cloned()
    };
    assert_eq!(selector([&red, &red]).as_deref(), Some("red"), "what all bindings say is asked by the API server");
    assert_eq!(selector([&red, "{}"]), None);
}
