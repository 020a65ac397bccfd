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
