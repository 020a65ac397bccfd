//! Files in another version or group than a rule names.

use super::*;

#[test]
fn compares_the_version_that_a_match_policy_says() {
    let scaler = |version: &str, sent: Option<&str>| {
        let (group, resource) = ("autoscaling".to_owned(), "horizontalpodautoscalers".to_owned());
        let kind =
            GroupVersionKind { group: group.clone(), version: version.into(), kind: "HorizontalPodAutoscaler".into() };
        let resource = Some(GroupVersionResource { group, version: version.into(), resource });
        let document = sent.map(|sent| json(&format!(r#"{{"requestResource":{{"group":"autoscaling","version":"{sent}","resource":"horizontalpodautoscalers"}}}}"#)));
        Review { request: Request { kind, resource, ..pod().request }, request_document: document, ..pod() }
    };
    let rules = "resourceRules: [{apiGroups: [autoscaling], apiVersions: [v2], operations: ['*'], resources: [horizontalpodautoscalers]}]";
    let exact = admission(&format!("{rules}, matchPolicy: Exact"), "");
    let equivalent = admission(rules, "");
    assert_eq!(exact.select(0, &scaler("v2", None)), Selection::Applies);
    assert_eq!(exact.select(0, &scaler("v1", None)), Selection::Skips);
    assert_eq!(exact.select(0, &scaler("v2", Some("v2"))), Selection::Applies);
    assert_eq!(exact.select(0, &scaler("v2", Some("v1"))), Selection::Skips, "converted for somebody else");
    assert_eq!(equivalent.select(0, &scaler("v2", Some("v1"))), Selection::Applies);
    assert_eq!(equivalent.select(0, &scaler("v1", Some("v1"))), Selection::Skips, "it would have been converted");
    let why = "the object is written in `autoscaling/v1`, and the rule judges `autoscaling/v2`: the API server would convert it, which nobody does here; write the object so";
    assert_eq!(equivalent.select(0, &scaler("v1", None)), Selection::Unknown(why.into()), "nobody converts a file");
    let any = admission(&rules.replace("[autoscaling]", "['*']").replace("[horizontalpodautoscalers]", "['*']"), "");
    assert_eq!(any.select(0, &scaler("v1", None)), Selection::Skips, "a rule for everything knows of no other version");
}

#[test]
fn lets_no_file_past_a_rule_of_a_policy_set_by_its_version_a14() {
    let deployment = |group: &str, version: &str| {
        let kind = GroupVersionKind { group: group.into(), version: version.into(), kind: "Deployment".into() };
        let resource =
            GroupVersionResource { group: group.into(), version: version.into(), resource: "deployments".into() };
        Review { request: Request { kind, resource: Some(resource), ..pod().request }, ..pod() }
    };
    let set =
        set("{resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: ['*'], resources: [deployments]}]}");
    assert_eq!(set.select(0, &deployment("apps", "v1")), Selection::Applies);
    for (group, version) in [("apps", "v1beta1"), ("extensions", "v1beta1")] {
        let file = deployment(group, version);
        assert!(matches!(set.select(0, &file), Selection::Unknown(_)), "{group}/{version}: nobody converts a file");
        let sent = Review { request_document: Some(json("{}")), ..file };
        assert_eq!(set.select(0, &sent), Selection::Skips, "the registration has the API server convert it");
    }
    assert_eq!(set.select(0, &deployment("example.com", "v1beta1")), Selection::Skips, "another group");
}

#[test]
fn does_not_skip_what_another_group_serves_too() {
    let event = |group: &str| {
        let kind = GroupVersionKind { group: group.into(), version: "v1".into(), kind: "Event".into() };
        let resource = GroupVersionResource { group: group.into(), version: "v1".into(), resource: "events".into() };
        Review { request: Request { kind, resource: Some(resource), ..pod().request }, ..pod() }
    };
    let rules = |group: &str| {
        format!("resourceRules: [{{apiGroups: [{group}], apiVersions: [v1], operations: ['*'], resources: [events]}}]")
    };
    let newer = admission(&rules("events.k8s.io"), "");
    assert_eq!(newer.select(0, &event("events.k8s.io")), Selection::Applies);
    let why = "the object is written in `v1`, and the rule judges `events.k8s.io/v1`: the API server would convert it, which nobody does here; write the object so";
    assert_eq!(newer.select(0, &event("")), Selection::Unknown(why.into()));
    let why = "the object is written in `events.k8s.io/v1`, and the rule judges `v1`: the API server would convert it, which nobody does here; write the object so";
    assert_eq!(admission(&rules("''"), "").select(0, &event("events.k8s.io")), Selection::Unknown(why.into()));
    let exact = admission(&format!("{}, matchPolicy: Exact", rules("events.k8s.io")), "");
    assert_eq!(exact.select(0, &event("")), Selection::Skips);
    assert_eq!(newer.select(0, &pod()), Selection::Skips, "another resource");
    assert_eq!(newer.select(0, &event("example.com")), Selection::Skips, "another group that only uses the word");
    let sent = Review { request_document: Some(json("{}")), ..event("") };
    assert_eq!(newer.select(0, &sent), Selection::Skips, "an API server would have converted it");

    let strange = admission(&rules("example.com"), "");
    assert_eq!(strange.select(0, &event("")), Selection::Skips, "a group that serves other events");
    // A file whose plural nobody knows is found by its kind.
    let unnamed = |group: &str, kind: &str| {
        let mut review = event(group);
        review.request.kind.kind = kind.into();
        review.request.resource = None;
        newer.select(0, &review)
    };
    assert!(matches!(unnamed("", "Event"), Selection::Unknown(_)));
    assert_eq!(unnamed("", "Pod"), Selection::Skips);
}
