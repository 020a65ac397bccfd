//! Records that are read back as they were written, and what is refused.

use super::*;
use crate::testing::yaml;

const REVIEW: &str = r#"{apiVersion: admission.k8s.io/v1, kind: AdmissionReview, request: {uid: a, operation: CREATE, namespace: shop,
    kind: {group: "", version: v1, kind: Secret}, resource: {group: "", version: v1, resource: secrets},
    object: {apiVersion: v1, kind: Secret, metadata: {name: s}, stringData: {p: hunter2}}}}"#;

fn recorded(more: &str) -> Result<(Review, Facts), Error> {
    let head = "{apiVersion: portcullis.dev/v1alpha1, kind: RecordedReview, time: '2026-11-21T10:00:00Z'";
    from_recorded(&yaml(&format!("{head}, review: {REVIEW}{more}}}")))
}

#[test]
fn reads_back_what_it_writes() {
    let fact = "{kind: signature, arguments: {b: 1, a: 2}, status: verified, document: {x: 1}}";
    let rejected = "{kind: signature, arguments: {}, status: rejected, reason: expired}";
    let failed = "{kind: signature, arguments: {c: 1}, trust: t, status: failed, reason: nobody answers}";
    let more = format!(", namespaceLabels: {{team: web}}, mode: sandbox, facts: [{fact}, {rejected}, {failed}]");
    let (review, facts) = recorded(&more).expect("a record");
    assert_eq!((review.time, review.mode), (1_795_255_200, Some(Mode::Sandbox)));
    let text = to_recorded_json(&review, &yaml(REVIEW), &facts, &[], false);
    let (again, facts_again) = from_recorded(&yaml(&text)).expect("the record that was written");
    assert_eq!((again.namespace, again.mode, again.time), (review.namespace, review.mode, review.time));
    let query = Query::new("signature", r#"{"a":2,"b":1}"#);
    assert!(facts_again.get(&query).is_some_and(Result::is_ok));
    let error = facts_again.iter().find_map(|answer| answer.as_ref().err()).expect("what failed");
    assert_eq!((error.query.trust.as_str(), error.message.as_str()), ("t", "nobody answers"));
    assert_eq!(facts_again.iter().count(), facts.iter().count());
}

#[test]
fn keeps_which_file_a_fact_is_about() {
    let fact = "{kind: signature, arguments: {}, file: {path: a.yaml, digest: 'sha256:0'}, status: absent}";
    let (review, facts) = recorded(&format!(", facts: [{fact}]")).expect("a record");
    let file = ReviewedFile { path: "a.yaml".into(), digest: "sha256:0".into() };
    let query = Query { file: Some(Arc::new(file)), ..Query::new("signature", "{}") };
    assert!(facts.get(&query).is_some() && facts.get(&Query::new("signature", "{}")).is_none());
    let text = to_recorded_json(&review, &yaml(REVIEW), &facts, &[], false);
    let (_, again) = from_recorded(&yaml(&text)).expect("the record that was written");
    assert!(again.get(&query).is_some(), "{text}");
    for (file, why) in [
        ("{path: a.yaml}", "`/facts/0/file/digest` is missing: it says which file the fact is about"),
        ("{path: a, digest: b, x: 1}", "`/facts/0/file/x` must be absent: nobody knows this member"),
    ] {
        let more = format!(", facts: [{{kind: a, arguments: {{}}, file: {file}, status: absent}}]");
        assert_eq!(recorded(&more).expect_err(why).to_string(), why);
    }
}

#[test]
fn leaves_no_value_of_a_secret_in_a_redacted_record() {
    let (review, facts) = recorded("").expect("a record");
    // Whatever the value is: a short one stands in the keys of the record, too.
    for value in ["hunter2", "a", "api", "[1, {x: 2}]"] {
        let text = REVIEW.replace("hunter2", value);
        let text = to_recorded_json(&review, &yaml(&text), &facts, &[], true);
        assert!(text.contains(r#""stringData":{"p":"[secret]"}"#), "{text}");
        assert!(from_recorded(&yaml(&text)).is_ok(), "{text}");
    }
}

#[test]
fn knows_no_labels_where_none_were_recorded() {
    let (review, _) = recorded(", namespaceLabels: null").expect("a record");
    assert!(matches!(review.namespace, NamespaceLabels::Unknown(_)));
    let (review, facts) = recorded(", namespaceLabels: null, namespaceLabelsError: timed out").expect("a record");
    assert_eq!(review.namespace, NamespaceLabels::Unknown("timed out".into()));
    let text = to_recorded_json(&review, &yaml(REVIEW), &facts, &[], false);
    let (again, _) = from_recorded(&yaml(&text)).expect("the record that was written");
    assert_eq!(again.namespace, review.namespace, "a decision may quote the reason");
}

#[test]
fn reads_the_decisions_of_now_and_of_earlier_versions() {
    let read = |decisions: &str| recorded_decisions(&yaml(&format!("{{decisions: {decisions}}}")));
    let found =
        read("[{policySet: a, policySetDigest: d, id: x, verdict: deny}, {policySet: b, id: z, verdict: allow}]");
    let found = found.expect("decisions");
    assert_eq!((found[0].policy_set_digest.as_deref(), found[0].verdict), (Some("d"), Verdict::Deny));
    assert_eq!((found[1].policy_set_digest.as_deref(), found[1].id.as_str()), (None, "z"));
    assert_eq!(read("null"), Ok(Vec::new()));
    for bad in ["{}", "[{}]", "[{policySet: a, id: x, verdict: maybe}]", "[{policySet: a, id: x, verdict: deny, x: 1}]"]
    {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn refuses_members_that_nobody_knows_and_facts_without_their_parts() {
    let message = |more: &str| recorded(more).expect_err(more).to_string();
    assert_eq!(message(", lables: {}"), "`/lables` must be absent: nobody knows this member");
    assert_eq!(
        message(", facts: [{kind: a, arguments: {}, status: unknown}]"),
        "`/facts/0/status` must be `verified`, `absent`, `rejected` or `failed`"
    );
    assert_eq!(
        message(", facts: [{kind: a, arguments: {}, status: failed}]"),
        "`/facts/0/reason` is missing: it says why this could not be looked up"
    );
    assert_eq!(
        message(", facts: [{kind: a, arguments: {}, status: verified}]"),
        "`/facts/0/document` is missing: a verified fact has one, and no other has"
    );
    assert_eq!(message(", mode: strict"), "`/mode` must be `sandbox` or `compliance`");
}

#[test]
fn reads_back_the_decisions_that_it_writes() {
    let (review, facts) = recorded("").expect("a record");
    let decision = Decision {
        policy_set: "a \"set\"".into(),
        policy_set_digest: "sha256:0".into(),
        subject: review.subject.clone(),
        operation: "CREATE".into(),
        mode: Mode::Compliance,
        policies: Vec::new(),
        findings: Vec::new(),
        failures: Vec::new(),
        facts: Vec::new(),
    };
    let text = to_recorded_json(&review, &yaml(REVIEW), &facts, std::slice::from_ref(&decision), false);
    let expected = RecordedDecision {
        policy_set: decision.policy_set.clone(),
        policy_set_digest: Some(decision.policy_set_digest.clone()),
        id: decision.id(),
        verdict: Verdict::Allow,
    };
    assert_eq!(recorded_decisions(&yaml(&text)), Ok(vec![expected]));
}

#[test]
fn reads_facts_that_stand_alone_and_says_what_it_expects_where_there_are_none() {
    let of = |kind: &str, more: &str| yaml(&format!("{{apiVersion: portcullis.dev/v1alpha1, kind: {kind}{more}}}"));
    let facts = facts_from(&of("RecordedFacts", ", facts: [{kind: a, arguments: {}, status: absent}]")).expect("facts");
    assert!(facts.get(&Query::new("a", "{}")).is_some_and(Result::is_ok));
    let refused = |document: &Document| facts_from(document).expect_err("no facts").to_string();
    let message = refused(&of("RecordedReview", ""));
    assert!(message.contains("`kind: RecordedFacts` with `apiVersion: portcullis.dev/v1alpha1`"), "{message}");
    let message = refused(&yaml("{apiVersion: portcullis.dev/v2, kind: RecordedFacts}"));
    assert!(message.contains("`kind: RecordedFacts` with `apiVersion: portcullis.dev/v1alpha1`"), "{message}");
    let message = from_recorded(&of("RecordedFacts", "")).expect_err("no review").to_string();
    assert!(message.contains("`kind: RecordedReview` with `apiVersion: portcullis.dev/v1alpha1`"), "{message}");
    assert!(refused(&of("RecordedFacts", ", facts: {}")).contains("a list of facts"), "a map lists none");
}

#[test]
fn takes_no_recorded_labels_for_what_carries_its_own_or_has_none() {
    let of = |kind: &str, resource: &str| {
        let name = format!("{{group: \"\", version: v1, kind: {kind}}}");
        let object = format!("{{apiVersion: v1, kind: {kind}, metadata: {{name: s, labels: {{own: x}}}}}}");
        let resource = format!("{{group: \"\", version: v1, resource: {resource}}}");
        let request =
            format!("{{uid: a, operation: CREATE, name: s, kind: {name}, resource: {resource}, object: {object}}}");
        let review = format!("{{apiVersion: admission.k8s.io/v1, kind: AdmissionReview, request: {request}}}");
        let head = "apiVersion: portcullis.dev/v1alpha1, kind: RecordedReview, time: '2026-11-21T10:00:00Z'";
        let text = format!("{{{head}, review: {review}, namespaceLabels: {{recorded: x}}}}");
        from_recorded(&yaml(&text)).expect("a record").0.namespace
    };
    assert_eq!(of("Node", "nodes"), NamespaceLabels::None);
    assert_eq!(of("Namespace", "namespaces"), NamespaceLabels::Known([("own".to_owned(), "x".to_owned())].into()));
}
