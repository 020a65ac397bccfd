//! Decisions from their first question to their verdict, with plugins that find, ask, nag and break.

use std::time::Duration;

use portcullis_model::{Effect, FactStatus, NamespaceLabels, Occurrence, ReviewedFile, Verdict};
use portcullis_policies::{Baseline, Waivers};

use super::*;
use crate::testing::{course, judge, named, review, sets, sets_of, yaml};

/// The policy, kind and message of a failure.
type Told<'a> = (Option<&'a str>, FailureKind, &'a str);

/// What became of each policy, and what is told of each failure.
fn told(decision: &Decision) -> (Vec<&str>, Vec<Told<'_>>) {
    let states = decision.policies.iter().map(|(_, state)| state.as_str()).collect();
    let failures = decision.failures.iter();
    (states, failures.map(|failed| (failed.policy.as_deref(), failed.kind, failed.message.as_str())).collect())
}

/// The one failure's kind and message, of a decision that denies because its one policy failed.
fn failed(decision: &Decision) -> (FailureKind, &str) {
    let (states, failures) = told(decision);
    assert_eq!((states, decision.verdict(), decision.judged()), (vec!["failed"], Verdict::Deny, false));
    (failures[0].1, failures[0].2)
}

#[test]
fn denies_by_a_finding_in_compliance_and_warns_by_it_in_sandbox() {
    let sets = sets("{policies: [{name: p, plugin: {builtin: finds}}]}");
    let decision = judge(&sets, Review { mode: Some(Mode::Compliance), ..named() });
    assert_eq!((decision.verdict(), decision.findings[0].effect), (Verdict::Deny, Effect::Deny));
    assert_eq!((decision.policy_set.as_str(), decision.operation.as_str()), ("s", "CREATE"));
    assert_eq!(decision.findings[0].finding.pointer, "/spec/name");
    let decision = judge(&sets, Review { mode: Some(Mode::Sandbox), ..named() });
    assert_eq!((decision.verdict(), decision.findings[0].effect), (Verdict::Allow, Effect::Warn));
    let clean = review("CREATE", r#""metadata":{"name":"web"},"spec":{}"#, "");
    assert_eq!(judge(&sets, clean).findings, []);
}

#[test]
fn a_fail_fast_set_ends_with_the_first_policy_that_denies_and_any_other_asks_all() {
    let policies = "policies: [{name: lax, plugin: {builtin: finds}, effect: {compliance: warn}}, {name: strict, plugin: {builtin: finds}}, {name: last, plugin: {builtin: breaks}}]";
    let states = |fail_fast: &str| {
        let sets = sets(&format!("{{{fail_fast}{policies}}}"));
        let decision = judge(&sets, Review { mode: Some(Mode::Compliance), ..named() });
        decision.policies.iter().map(|(_, state)| state.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(states(""), ["evaluated", "evaluated", "failed"]);
    assert_eq!(states("failFast: {compliance: true}, "), ["evaluated", "evaluated", "notEvaluated"]);
    assert_eq!(states("failFast: {sandbox: true}, "), ["evaluated", "evaluated", "failed"]);
}

#[test]
fn a_fail_fast_set_ends_with_a_policy_that_could_not_judge_only_where_that_denies() {
    let states = |more: &str| {
        let sets = sets(&format!(
            "{{failFast: {{compliance: true}}, policies: [{{name: a, plugin: {{builtin: breaks}}{more}}}, {{name: b, plugin: {{builtin: finds}}}}]}}"
        ));
        let decision = judge(&sets, Review { mode: Some(Mode::Compliance), ..named() });
        (decision.policies.iter().map(|(_, state)| state.as_str()).collect::<Vec<_>>(), decision.verdict())
    };
    assert_eq!(states(""), (vec!["failed", "notEvaluated"], Verdict::Deny));
    assert_eq!(states(", onError: {compliance: warn}"), (vec!["failed", "evaluated"], Verdict::Deny));
}

#[test]
fn a_fail_fast_set_asks_nothing_for_what_stands_behind_a_policy_that_waits() {
    let asked = |fail_fast: &str| {
        let sets = sets(&format!(
            "{{{fail_fast}policies: [{{name: a, plugin: {{builtin: asks}}, grants: [signature]}}, {{name: b, plugin: {{builtin: asks-of-the-file}}, grants: [signature]}}]}}"
        ));
        let review = Review { mode: Some(Mode::Compliance), ..named() };
        let (rounds, decision) = course(&sets, review, &mut Progress::default(), &|_| Ok(FactStatus::Absent));
        let states = decision.policies.iter().map(|(_, state)| state.as_str().to_owned()).collect::<Vec<_>>();
        (rounds.iter().map(Vec::len).collect::<Vec<_>>(), states.join(" "), decision.facts.len())
    };
    assert_eq!(asked(""), (vec![2], "evaluated evaluated".into(), 2));
    assert_eq!(asked("failFast: {compliance: true}, "), (vec![1], "evaluated notEvaluated".into(), 1));
}

#[test]
fn asks_once_for_what_two_policies_ask_and_shows_every_fact_that_was_used() {
    let sets = sets(
        "{policies: [{name: a, plugin: {builtin: asks}, grants: [signature]}, {name: b, plugin: {builtin: asks}, grants: [signature]}]}",
    );
    let (rounds, decision) = course(&sets, named(), &mut Progress::default(), &|_| Ok(FactStatus::Verified));
    assert_eq!(rounds, [[Query::new("signature", r#"{"a":1}"#)]]);
    let digest = sha256_hex(br#"{"b":1}"#);
    let query = r#"{"arguments":{"a":1},"kind":"signature"}"#;
    assert_eq!(decision.facts, [(query.to_owned(), "verified".to_owned(), digest)]);
    assert_eq!(decision.findings.len(), 2, "both judged with the answer");
    let absent = judge(&sets, named());
    assert_eq!(absent.facts, [(query.to_owned(), "absent".to_owned(), String::new())]);
}

#[test]
fn judges_at_once_with_answers_that_another_round_has_brought() {
    let sets = sets("{policies: [{name: a, plugin: {builtin: asks}, grants: [signature]}]}");
    let mut facts = Facts::none();
    let query = Query::new("signature", r#"{"a":1}"#);
    facts.extend([Ok(Fact { query, status: FactStatus::Absent, document: None })]);
    let mut progress = Progress::default();
    let Step::Decided(decision) = decide(&Arc::new(named()), &sets.sets[0], &sets, &facts, &mut progress) else {
        unreachable!("there is nothing to wait for")
    };
    assert_eq!((decision.findings.len(), decision.facts.len()), (1, 1));
}

#[test]
fn denies_where_a_fact_could_not_be_looked_up() {
    let sets = sets("{policies: [{name: a, plugin: {builtin: asks}, grants: [signature]}]}");
    let (_, decision) = course(&sets, named(), &mut Progress::default(), &|_| Err("nobody answers".into()));
    assert_eq!(failed(&decision), (FailureKind::Fact, "the fact `signature` could not be looked up: nobody answers"));
    assert_eq!(decision.facts, [], "there is none");
}

#[test]
fn denies_a_plugin_that_asks_without_a_grant_and_says_what_to_add() {
    let sets = sets("{policies: [{name: a, plugin: {builtin: asks}}]}");
    let (rounds, decision) = course(&sets, named(), &mut Progress::default(), &|_| Ok(FactStatus::Verified));
    assert_eq!(rounds, [] as [Vec<Query>; 0], "nobody is asked");
    let message =
        "asked for the fact `signature`, which the policy set does not grant; add `signature` to its `grants`";
    assert_eq!(failed(&decision), (FailureKind::Fact, message));
}

#[test]
fn denies_a_plugin_that_asks_on_and_on_p76() {
    let sets = sets("{policies: [{name: a, plugin: {builtin: nags}, grants: [signature]}]}");
    let (rounds, decision) = course(&sets, named(), &mut Progress::default(), &|_| Ok(FactStatus::Absent));
    assert_eq!(rounds.len(), 3, "the fourth call may ask nothing more");
    let message = "asked for more facts in each of its 4 rounds and never judged";
    assert_eq!(failed(&decision), (FailureKind::Fact, message));
}

#[test]
fn a_plugin_may_ask_only_for_what_is_granted_and_new() {
    let query = |kind: &str, arguments: &str| Query::new(kind, arguments);
    let grants = ["signature".to_owned()];
    let asked = |asked: &[Query], rounds: u32, queries: &[Query]| {
        authorize(queries, &grants, &PolicyProgress { rounds, asked: asked.to_vec(), ..PolicyProgress::default() })
    };
    let (old, new) = (query("signature", "{}"), query("signature", r#"{"a":1}"#));
    assert_eq!(asked(std::slice::from_ref(&old), 3, &[old.clone(), new.clone()]), Ok(vec![new.clone()]));
    let refused = asked(std::slice::from_ref(&old), 1, std::slice::from_ref(&old)).expect_err("nothing new");
    assert_eq!(refused, "asked again for what it had been told, and for nothing new");
    assert!(asked(&[], 1, &[new.clone(), query("sbom", "{}")]).is_err(), "one that is not granted is enough");
    assert!(asked(&[], 4, &[new]).is_err(), "that is the last round");
}

const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../evidence/tests/verify/cosign/cosign.pub");

#[test]
fn asks_by_the_digest_of_the_trust_that_a_name_means_in_this_set() {
    let trust = |name: &str| {
        sets(&format!(
            "{{trust: [{{name: {name}, keys: [{{name: k, file: '{KEY}'}}]}}], policies: [{{name: a, plugin: {{builtin: asks-by-trust}}, grants: [signature]}}]}}"
        ))
    };
    let sets_with = trust("release");
    let (rounds, decision) = course(&sets_with, named(), &mut Progress::default(), &|_| Ok(FactStatus::Absent));
    let digest = sets_with.sets[0].trusts["release"].digest().to_owned();
    assert_eq!(rounds[0][0].trust, digest);
    let query = format!(r#"{{"arguments":{{"trust":"release"}},"kind":"signature","trust":"{digest}"}}"#);
    assert_eq!(decision.facts[0].0, query);

    let hint = "say whose signatures count: `spec: {trust: [{name: release, keys: [{name: .., file: cosign.pub}]}]}`, or with `root:` for certificates";
    let none = sets("{policies: [{name: a, plugin: {builtin: asks-by-trust}, grants: [signature]}]}");
    let message = format!("asks by the trust `release`, which the policy set does not have (it has none); {hint}");
    assert_eq!(failed(&judge(&none, named())), (FailureKind::Settings, message.as_str()));
    let message = format!("asks by the trust `release`, which the policy set does not have (it has `other`); {hint}");
    assert_eq!(failed(&judge(&trust("other"), named())), (FailureKind::Settings, message.as_str()));
}

#[test]
fn says_which_file_a_question_about_the_file_means_and_never_of_another_question() {
    let about = |plugin: &str| {
        let sets = sets(&format!("{{policies: [{{name: a, plugin: {{builtin: {plugin}}}, grants: [signature]}}]}}"));
        let file = Arc::new(ReviewedFile { path: "a.yaml".into(), digest: "sha256:1".into() });
        judge(&sets, Review { file: Some(file), ..named() }).facts[0].0.clone()
    };
    assert_eq!(
        about("asks-of-the-file"),
        r#"{"arguments":{"about":"file"},"kind":"signature","file":{"digest":"sha256:1","path":"a.yaml"}}"#
    );
    assert_eq!(about("asks"), r#"{"arguments":{"a":1},"kind":"signature"}"#);
}

#[test]
fn denies_a_review_of_an_api_server_that_names_nobody_and_asks_for_a_file() {
    let sets = sets("{policies: [{name: a, plugin: {builtin: asks-locally}, grants: [signature]}]}");
    let message = "the AdmissionReview has no `request.userInfo.username`; add one (an API server always sends it)";
    assert_eq!(failed(&judge(&sets, named())), (FailureKind::Settings, message));
    let of_a_file = Review { request_document: None, ..named() };
    assert_eq!(judge(&sets, of_a_file).facts.len(), 1, "where nobody asks, a file may be meant");
}

#[test]
fn calls_nobody_after_the_deadline_and_says_who_took_the_longest() {
    let sets = sets("{policies: [{name: a, plugin: {builtin: finds}}]}");
    let late = |deadline| {
        let bounds = Bounds { deadline: Some(deadline), ..Bounds::default() };
        Progress::sharing(Secrets::default(), &bounds, Watch::default())
    };
    let answers = |_: &Query| Ok(FactStatus::Absent);
    let mut progress = late(Instant::now());
    let (_, decision) = course(&sets, named(), &mut progress, &answers);
    let message = "was not called: the review's deadline had passed; it waited all that time for others";
    assert_eq!(failed(&decision), (FailureKind::Timeout, message));
    assert!(progress.take_spent().is_empty());
    let mut progress = late(Instant::now() + Duration::from_secs(3600));
    let (_, decision) = course(&sets, named(), &mut progress, &answers);
    assert_eq!(decision.findings.len(), 1, "there was time");

    let spent = |policy: &str, time| Spent {
        policy_set: "s".into(),
        policy: policy.into(),
        time: Duration::from_millis(time),
        fault: None,
    };
    let message = "was not called: the review's deadline had passed; policy `b` took the longest";
    assert_eq!(too_late(&[spent("a", 1), spent("b", 3), spent("c", 2)]), message);
}

#[test]
fn tells_what_each_call_took_which_policy_is_under_way_and_what_kind_of_fault_ended_it() {
    let sets = sets(
        "{policies: [{name: a, plugin: {builtin: asks}, grants: [signature]}, {name: b, plugin: {builtin: breaks}}]}",
    );
    let watch = Watch::shown();
    let mut progress = Progress::sharing(Secrets::default(), &Bounds::default(), watch.clone());
    assert!(progress.workload().is_none(), "nobody has judged");
    let (_, decision) = course(&sets, named(), &mut progress, &|_| Ok(FactStatus::Absent));
    let spent = progress.take_spent();
    let calls: Vec<_> = spent.iter().map(|spent| (&*spent.policy_set, &*spent.policy, spent.fault)).collect();
    assert_eq!(calls, [("s", "a", None), ("s", "b", Some(FailureKind::Trap)), ("s", "a", None)]);
    assert_eq!(watch.current(), Some(("s".into(), "a".into())));
    assert!(progress.workload().is_some() && progress.take_spent().is_empty());
    assert_eq!(decision.failures.iter().map(|failure| failure.kind).collect::<Vec<_>>(), [FailureKind::Trap]);
}

#[test]
fn holds_nothing_back_that_only_lets_go_of_its_object_a11() {
    let sets = sets("{policies: [{name: a, plugin: {builtin: breaks}}]}");
    let body =
        |finalizers: &str| format!(r#""metadata":{{"name":"web","finalizers":[{finalizers}]}},"spec":{{"name":"x"}}"#);
    let decision = judge(&sets, review("UPDATE", &body(""), &body(r#""a""#)));
    assert_eq!((told(&decision).0, decision.verdict()), (vec!["skipped"], Verdict::Allow));
    assert!(!decision.matched());
    let decision = judge(&sets, review("UPDATE", &body(r#""a","b""#), &body(r#""a""#)));
    assert_eq!((told(&decision).0, decision.verdict()), (vec!["failed"], Verdict::Deny));
}

#[test]
fn denies_where_nobody_can_know_whether_a_policy_faces_the_review() {
    let sets = sets(
        "{policies: [{name: a, plugin: {builtin: finds}, match: {namespaceSelector: {matchLabels: {team: shop}}}}]}",
    );
    let unknown = Review { namespace: NamespaceLabels::Unknown("nobody answers".into()), ..named() };
    let decision = judge(&sets, unknown);
    let message = "`namespaceSelector` needs the labels of the namespace `shop`: nobody answers";
    assert_eq!(failed(&decision), (FailureKind::Input, message));
    let labels = |team: &str| NamespaceLabels::Known([("team".to_owned(), team.to_owned())].into());
    let elsewhere = judge(&sets, Review { namespace: labels("bank"), ..named() });
    assert_eq!((told(&elsewhere).0, elsewhere.verdict()), (vec!["skipped"], Verdict::Allow));
    assert_eq!(judge(&sets, Review { namespace: labels("shop"), ..named() }).verdict(), Verdict::Deny);
}

#[test]
fn denies_an_object_whose_containers_cannot_be_where_the_set_says() {
    let sets = sets(
        "{workloads: [{apiGroup: example.com, kind: Widget, template: /spec/template}], policies: [{name: a, plugin: {builtin: finds}}]}",
    );
    let object = r#""metadata":{"name":"web"},"spec":{"name":"x","template":"none"}"#;
    assert_eq!(failed(&judge(&sets, review("CREATE", object, ""))).0, FailureKind::Input);
}

#[test]
fn a_waiver_stands_for_its_finding_until_it_expires_and_not_longer() {
    let waivers = || {
        let text = "{apiVersion: portcullis.dev/v1alpha1, kind: Waiver, metadata: {name: w}, spec: {policy: p, rule: test/broken, covers: {namespaces: [shop]}, owner: eve, ticket: T-1, reason: r, expires: '1970-01-02T00:00:00Z'}}";
        Waivers::parse(&[yaml(text)]).unwrap_or_else(|complaints| panic!("{}", complaints[0].message))
    };
    let sets = sets_of("{policies: [{name: p, plugin: {builtin: finds}}]}", waivers());
    let decision = |time| judge(&sets, Review { time, mode: Some(Mode::Compliance), ..named() });
    let active = decision(86_399);
    assert_eq!((active.verdict(), active.findings[0].effect), (Verdict::Allow, Effect::Waived));
    assert_eq!(active.findings[0].waiver.as_deref(), Some("w"));
    let expired = decision(86_400);
    assert_eq!((expired.verdict(), &expired.findings[0].waiver), (Verdict::Deny, &None));
    let other = sets_of("{policies: [{name: q, plugin: {builtin: finds}}]}", waivers());
    assert_eq!(judge(&other, named()).verdict(), Verdict::Deny, "another policy's finding");
}

#[test]
fn a_baseline_makes_known_what_it_lists_and_only_of_what_is_read_from_a_file() {
    let mut sets = sets("{policies: [{name: p, plugin: {builtin: finds}}]}");
    let text = "{apiVersion: portcullis.dev/v1alpha1, kind: Baseline, metadata: {name: b}, spec: {owner: eve, expires: '1970-02-01', findings: [{subject: {apiVersion: example.com/v1, kind: Widget, namespace: shop, name: web, file: a.yaml}, policySet: s, policy: p, rule: test/broken, message: wrong, count: 1}]}}";
    sets.baseline =
        Some(Baseline::parse(&[yaml(text)], 0).unwrap_or_else(|complaints| panic!("{}", complaints[0].message)));
    assert_eq!(judge(&sets, named()).verdict(), Verdict::Deny, "it came from no file");
    let mut review = named();
    review.subject.occurrence = Some(Occurrence { file: "a.yaml".into(), number: 1 });
    let decision = judge(&sets, review);
    assert_eq!((decision.verdict(), decision.findings[0].effect), (Verdict::Allow, Effect::Known));
}

#[test]
fn tells_the_notices_of_the_input_and_of_the_mode_beside_the_decision() {
    let sets =
        sets("{mode: {namespaceLabel: team, default: sandbox}, policies: [{name: p, plugin: {builtin: finds}}]}");
    let namespace = NamespaceLabels::Known([("team".to_owned(), "neither".to_owned())].into());
    let decision = judge(&sets, Review { notices: vec!["odd".into()], namespace, ..named() });
    let (_, failures) = told(&decision);
    assert_eq!((failures.len(), failures[0]), (2, (None, FailureKind::Input, "odd")));
    assert!(failures[1].2.contains("`team: neither`"), "{}", failures[1].2);
    assert!(decision.failures.iter().all(|failure| failure.effect == Effect::Warn) && decision.judged());
    assert_eq!((decision.mode, decision.verdict()), (Mode::Compliance, Verdict::Deny));
}
