//! What is told of what cannot be known, and what is known all the same.

use super::*;

#[test]
fn knows_a_namespace_by_its_name_where_nothing_else_of_it_is_known() {
    let by_name = |name: &str, more: &str| {
        format!("{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}{more}}}}}}}")
    };
    let mut review = pod();
    for namespace in [NamespaceLabels::Unknown("nobody answers".into()), NamespaceLabels::None] {
        review.namespace = namespace;
        assert!(applies(&by_name("shop", ""), &review));
        assert!(!applies(&by_name("bank", ""), &review));
        assert!(unknown(&by_name("shop", ", team: red"), &review).starts_with("`namespaceSelector` needs the labels"));
    }
    review.request.namespace = String::new();
    let why = "`namespaceSelector` needs the labels of its namespace: they were not given";
    assert_eq!(unknown(&by_name("shop", ""), &review), why, "it may go into any");
    let mut somewhere = pod();
    somewhere.namespace = NamespaceLabels::None;
    somewhere.request.namespaced = None;
    assert!(unknown(RED, &somewhere).ends_with("they were not given"), "it is in one, whatever its kind");
}

#[test]
fn tells_of_all_that_cannot_be_known_what_was_asked_first() {
    let mut review = pod();
    review.request.resource = None;
    review.request.namespaced = None;
    review.namespace = NamespaceLabels::Unknown("nobody answers".into());
    let both = rule("resources=[pods]; scope=Namespaced");
    assert_eq!(unknown(&both, &review), UNKNOWN_PLURAL);
    let rules_and_labels = format!("{{{}, {}", &both[1..both.len() - 1], &RED[1..]);
    assert_eq!(unknown(&rules_and_labels, &review), UNKNOWN_PLURAL);
}

#[test]
fn lets_the_api_server_ask_the_first_conditions_up_to_one_that_it_could_fail_on() {
    let set = set(&with_conditions(&["request.operation == 'CREATE'", "request.name.size() > 1 / 0", "true"]));
    let first = ("c0".to_owned(), "request.operation == 'CREATE'".to_owned());
    assert_eq!(set.forwarded(0), [first], "the third may not be asked before the second");
    assert_eq!(set.forwarded(1), [], "there is no such policy");
}

#[test]
fn asks_a_namespace_for_its_own_labels_though_it_stands_in_none() {
    for (labels, faces) in [(r#"{"team":"red"}"#, true), (r#"{"team":"blue"}"#, false), ("{}", false)] {
        let mut review = namespace_review("CREATE", labels);
        review.request.namespaced = Some(false);
        assert_eq!(applies(RED, &review), faces, "{labels}");
    }
    let mut role = pod();
    role.request.kind.kind = "ClusterRole".into();
    role.request.resource.as_mut().expect("a resource").resource = "clusterroles".into();
    role.request.namespaced = Some(false);
    role.namespace = labels(&[("team", "blue")]);
    assert!(applies(RED, &role), "what stands in no namespace is never exempt by the labels of one");
}

#[test]
fn tells_of_a_condition_that_fails_on_a_secret_nothing_that_its_values_may_stand_in() {
    let condition = with_conditions(&["int(object.data.pin) > 0"]);
    let of = |kind: &str| {
        let mut review = pod();
        review.request.kind.kind = kind.into();
        review.object =
            Some(json(&format!(r#"{{"kind":"{kind}","metadata":{{"name":"web"}},"data":{{"pin":"hunter2"}}}}"#)));
        unknown(&condition, &review)
    };
    assert_eq!(of("Secret"), "the condition `c0` failed: its error is not told of a Secret");
    let open = of("ConfigMap");
    assert!(open.starts_with("the condition `c0` failed: ") && !open.contains("not told"), "{open}");
}
