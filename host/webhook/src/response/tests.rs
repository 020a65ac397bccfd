//! Answers: their bounds, their words, and what is told where nothing is enforced.

use portcullis_model::{Finding, Severity, Subject, SubjectKind};

use super::*;

#[test]
fn writes_fields_as_kubernetes_does() {
    for (pointer, expected) in [
        ("", "(the whole object)"),
        ("/spec/containers/0/image", "spec.containers[0].image"),
        ("/metadata/annotations/example.com~1owner", "metadata.annotations[example.com/owner]"),
        ("/data/a~0b", "data[a~b]"),
        ("/spec/", "spec[]"),
    ] {
        assert_eq!(field(pointer), expected);
    }
}

#[test]
fn cuts_between_characters_and_says_so() {
    assert_eq!(cut("short", 5), "short");
    assert_eq!(cut("longer", 5), "lo\u{2026}");
    assert_eq!(cut("ääää", 6), "ä\u{2026}");
    assert!(cut(&"ä".repeat(1_000), WARNING_BYTES).len() <= WARNING_BYTES);
}

fn decision(failures: Vec<Failure>) -> Decision {
    Decision {
        policy_set: "default".into(),
        policy_set_digest: "sha256:0".into(),
        subject: Subject {
            kind_of: SubjectKind::Object,
            api_version: "v1".into(),
            kind: "Pod\n".into(),
            namespace: "shop".into(),
            name: "n".repeat(10_000),
            place: None,
            occurrence: None,
        },
        operation: "CREATE".into(),
        mode: Mode::Compliance,
        policies: vec![("p".into(), PolicyState::Failed)],
        findings: Vec::new(),
        failures,
        facts: Vec::new(),
    }
}

fn failure(kind: FailureKind, message: &str, effect: Effect) -> Failure {
    Failure { policy: Some("p".into()), kind, message: message.into(), effect }
}

#[test]
fn keeps_to_its_bounds_whatever_strangers_write() {
    let hostile = "\u{1b}[2J\n\u{202e}漢".repeat(5_000);
    let failures = (0..100).map(|_| failure(FailureKind::Trap, &hostile, Effect::Deny)).collect();
    let text = denial(&[decision(failures)], None);
    assert!(text.len() <= MESSAGE_BYTES, "{}", text.len());
    assert!(text.starts_with("Pod\\n `shop/nnn") && text.contains("\n- and "), "{text}");
    assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'));
    let failures = (0..100).map(|n| failure(FailureKind::Trap, &format!("{n} {hostile}"), Effect::Warn)).collect();
    let told = warnings(&[&decision(failures)], Manner::default());
    assert!(told.iter().all(|one| one.len() <= WARNING_BYTES && !one.contains(char::is_control)));
    assert!(told.iter().map(String::len).sum::<usize>() <= WARNINGS_BYTES && told.len() <= WARNINGS_SHOWN);
    assert!(told.last().is_some_and(|last| last.starts_with("and ")), "{told:?}");
}

#[test]
fn tells_by_its_code_why_nothing_could_be_judged() {
    let of = |kind, overload| denial_reason(&[decision(vec![failure(kind, "x", Effect::Deny)])], overload).code();
    assert_eq!(of(FailureKind::Timeout, true), 429);
    assert_eq!(of(FailureKind::Timeout, false), 504);
    assert_eq!(of(FailureKind::Trap, false), 500);
}

#[test]
fn says_the_same_twice_only_once() {
    let twice =
        vec![failure(FailureKind::Fact, "away", Effect::Warn), failure(FailureKind::Fact, "away", Effect::Warn)];
    assert_eq!(warnings(&[&decision(twice)], Manner::default()), ["policy `default/p` not judged (fact): away"]);
}

fn warned(policy_set: &str, messages: &[&str]) -> Decision {
    let judged = |message: &&str| Judged {
        policy: "limits".into(),
        plugin: "resource-limits@sha256:0".into(),
        severity: Severity::High,
        effect: Effect::Warn,
        existing: false,
        waiver: None,
        finding: Finding {
            rule: "cpu".into(),
            severity: Severity::High,
            message: (*message).into(),
            pointer: "/spec".into(),
            place: None,
            fix: None,
        },
    };
    let findings = messages.iter().map(judged).collect();
    Decision { policy_set: policy_set.into(), findings, ..decision(Vec::new()) }
}

#[test]
fn warns_once_of_what_two_sets_say() {
    let sets = [warned("a", &["too much", "too old"]), warned("b", &["too much"]), warned("c", &["too much"])];
    let all: Vec<&Decision> = sets.iter().collect();
    assert_eq!(
        warnings(&all[..2], Manner::default()),
        ["a/limits (b/limits too), cpu, spec: too much", "a/limits, cpu, spec: too old"]
    );
    assert_eq!(warnings(&all, Manner::default())[0], "a/limits (2 other policy sets too), cpu, spec: too much");
    // Within one set each policy speaks for itself.
    let one = Decision { findings: [&sets[0].findings[..], &sets[0].findings[..]].concat(), ..sets[0].clone() };
    assert_eq!(warnings(&[&one], Manner::default()), ["a/limits, cpu, spec: too much", "a/limits, cpu, spec: too old"]);
}

#[test]
fn says_that_labels_could_not_be_read_within_its_bounds_and_only_where_compliance_holds() {
    let long = "away ".repeat(5_000);
    let of = |reason| Manner { unread: Some(UnreadLabels { namespace: "shop", reason }), ..Manner::default() };
    let unread = of(&long);
    let failures = (0..100).map(|_| failure(FailureKind::Trap, &"x".repeat(900), Effect::Deny)).collect();
    let answer = decided("1", &[decision(failures)], unread);
    let body: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    let message = body["response"]["status"]["message"].as_str().expect("a text");
    assert!(message.len() <= MESSAGE_BYTES && message.ends_with("\u{2026}; compliance holds)"), "{message}");
    let mild = Decision { mode: Mode::Sandbox, ..warned("a", &["too much"]) };
    assert_eq!(warnings(&[&mild], unread).len(), 1, "nothing was taken for compliance");
    let told = warnings(&[&warned("a", &["too much"])], of("away"));
    assert_eq!(told[0], "(the labels of namespace `shop` could not be read: away; compliance holds)");
    assert!(warnings(&[&decision(Vec::new())], unread).is_empty(), "who is not warned needs no reason");
}

#[test]
fn lets_in_what_it_only_observes_and_says_that_it_would_be_denied() {
    let both = vec![failure(FailureKind::Fact, "lost", Effect::Deny), failure(FailureKind::Fact, "away", Effect::Warn)];
    let decisions = [decision(both)];
    let of = |observed| {
        let answer = decided("1", &decisions, Manner { observed, ..Manner::default() });
        serde_json::from_slice::<serde_json::Value>(&answer.body).expect("JSON")["response"].clone()
    };
    let (enforced, observed) = (of(false), of(true));
    assert_eq!((&enforced["allowed"], &observed["allowed"]), (&false.into(), &true.into()));
    assert!(observed["status"].is_null() && enforced["auditAnnotations"]["enforced"].is_null());
    assert_eq!(observed["auditAnnotations"]["enforced"], "false");
    assert_eq!(observed["auditAnnotations"]["verdicts"], "default=deny");
    assert_eq!(observed["warnings"][0], "would be denied: policy `default/p` not judged (fact): lost");
    assert_eq!(observed["warnings"][1], enforced["warnings"][0]);
}

#[test]
fn says_how_many_policies_an_early_denial_kept_from_judging() {
    let mut first = decision(vec![failure(FailureKind::Trap, "x", Effect::Deny)]);
    assert!(!denial(std::slice::from_ref(&first), None).contains("failFast"));
    first.policies.extend(["q", "r"].map(|name| (name.into(), PolicyState::NotEvaluated)));
    assert!(denial(&[first], None).ends_with("\n- 2 policies not evaluated after the first denial (failFast)"));
}

#[test]
fn says_once_that_nothing_was_judged_and_when_to_come_again() {
    let of = |effect, retry| {
        let failures = (0..3).map(|_| failure(FailureKind::Timeout, "too much to do", effect)).collect();
        let overload = Some(Overload { reason: "queue_full", words: "too much to do", retry });
        let answer = decided("1", &[decision(failures)], Manner { overload, ..Manner::default() });
        serde_json::from_slice::<serde_json::Value>(&answer.body).expect("JSON")["response"].clone()
    };
    let let_in = of(Effect::Warn, Some(1));
    let words = "nothing was judged, 3 policies are left out: too much to do";
    assert_eq!((&let_in["allowed"], &let_in["warnings"]), (&true.into(), &serde_json::json!([words])));
    assert_eq!(let_in["auditAnnotations"]["not-judged"], "default=queue_full", "an allow that is no verdict");
    let denied = of(Effect::Deny, Some(60));
    assert_eq!((&denied["status"]["code"], &denied["warnings"]), (&429.into(), &serde_json::Value::Null));
    assert_eq!(denied["status"]["details"]["retryAfterSeconds"], 60);
    let message = denied["status"]["message"].as_str().expect("a message");
    assert!(message.ends_with(" is denied: 3 policies could not be judged\n- too much to do"), "{message}");
    let for_today = of(Effect::Deny, None);
    assert_eq!(
        (&for_today["status"]["code"], &for_today["status"]["details"]),
        (&429.into(), &serde_json::Value::Null)
    );
}

#[test]
fn names_in_the_audit_log_what_was_not_judged() {
    let annotation = |decision: Decision| {
        let answer = decided("1", &[decision], Manner::default());
        let answer: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
        answer["response"]["auditAnnotations"]["not-judged"].clone()
    };
    let trapped = |_| failure(FailureKind::Trap, "x", Effect::Warn);
    assert_eq!(annotation(decision((0..1).map(trapped).collect())), "default/p=trap");
    let many = annotation(decision((0..REASONS_SHOWN + 2).map(trapped).collect()));
    assert!(many.as_str().is_some_and(|many| many.ends_with(",default/p=trap,and 2 more")), "{many}");
    assert_eq!(annotation(decision(Vec::new())), serde_json::Value::Null);
}

#[test]
fn lets_in_what_nobody_could_even_read_where_nothing_is_enforced() {
    let answer: serde_json::Value =
        serde_json::from_slice(&observed("admission.k8s.io/v1", "7", "too much to do").body).expect("JSON");
    let response = &answer["response"];
    assert_eq!((&response["uid"], &response["allowed"]), (&"7".into(), &true.into()));
    assert_eq!(response["warnings"], serde_json::json!(["would be denied: too much to do"]));
    assert_eq!(response["auditAnnotations"]["enforced"], "false");
}
