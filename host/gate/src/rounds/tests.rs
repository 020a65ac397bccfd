//! Judgements by several sets, with answers that come, come late, or never come.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use portcullis_model::{Effect, FactStatus, Verdict};

use super::*;
use crate::breaker::{BreakerRules, Subject};
use crate::testing::{named, sets};

const ASKS: &str = "{policies: [{name: a, plugin: {builtin: asks}, grants: [signature]}]}";

/// Two sets, `s` and `t`, that ask the same.
fn two() -> Sets {
    let (mut sets, mut other) = (sets(ASKS), sets(ASKS));
    other.sets[0].loaded.set.name = "t".into();
    sets.sets.append(&mut other.sets);
    sets
}

fn begin(sets: Sets, only: Option<&str>) -> Judging {
    let bounds = Bounds { only: only.map(str::to_owned), ..Bounds::default() };
    Gate::new(sets, Arc::new(Facts::none())).begin(Arc::new(named()), &bounds)
}

fn absent(query: &Query) -> Result<Fact, FactError> {
    Ok(Fact { query: query.clone(), status: FactStatus::Absent, document: None })
}

/// What a future is ready with at once.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("nothing here waits"),
    }
}

#[test]
fn each_set_decides_for_itself_by_one_look_at_what_all_of_them_ask() {
    let mut judging = begin(two(), None);
    let needs = judging.step();
    assert_eq!(needs, [Query::new("signature", r#"{"a":1}"#)]);
    judging.learn(needs.clone(), vec![absent(&needs[0])]);
    assert_eq!(judging.step(), []);
    let judgement = judging.finish();
    let sets: Vec<_> = judgement.decisions.iter().map(|decision| decision.policy_set.as_str()).collect();
    assert_eq!(sets, ["s", "t"]);
    assert!(judgement.decisions.iter().all(|decision| decision.findings.len() == 1 && decision.judged()));
    assert_eq!((judgement.spent.len(), judgement.facts.iter().count()), (4, 1));
    assert!(judgement.workload.is_some());
}

#[test]
fn only_the_chosen_set_judges() {
    let mut judging = begin(two(), Some("t"));
    let needs = judging.step();
    judging.learn(needs.clone(), vec![absent(&needs[0])]);
    judging.step();
    let sets: Vec<_> = judging.finish().decisions.into_iter().map(|decision| decision.policy_set).collect();
    assert_eq!(sets, ["t"]);
    assert!(begin(two(), Some("u")).finish().decisions.is_empty());
}

#[test]
fn what_nobody_answers_could_not_be_looked_up_and_denies() {
    let mut judging = begin(sets(ASKS), None);
    let needs = judging.step();
    judging.learn(needs, Vec::new());
    assert_eq!(judging.step(), [], "nothing waits for it for ever");
    let decision = judging.finish().decisions.remove(0);
    assert_eq!(decision.verdict(), Verdict::Deny);
    let message = "the fact `signature` could not be looked up: the source of facts gave no answer";
    assert_eq!((decision.failures[0].kind, decision.failures[0].message.as_str()), (FailureKind::Fact, message));
}

#[test]
fn a_set_that_has_not_decided_when_all_is_over_denies() {
    let mut judging = begin(sets(ASKS), None);
    assert_eq!(judging.step().len(), 1);
    let decision = judging.finish().decisions.remove(0);
    assert_eq!((decision.verdict(), decision.judged()), (Verdict::Deny, false));
    assert_eq!((decision.policy_set.as_str(), decision.operation.as_str()), ("s", "CREATE"));
    assert_eq!(decision.failures[0].message, "a bug in Portcullis stopped the judgement; please report it");
}

#[test]
fn asks_its_source_of_facts_or_the_one_that_is_given() {
    let gate = Gate::new(sets(ASKS), Arc::new(Facts::none()));
    let review = Arc::new(named());
    let alone = ready(gate.judge(&review)).remove(0);
    let message = "the fact `signature` could not be looked up: no recorded fact answers it; give one with --facts";
    assert_eq!((alone.verdict(), alone.failures[0].message.as_str()), (Verdict::Deny, message));
    let mut recorded = Facts::none();
    recorded.extend([absent(&Query::new("signature", r#"{"a":1}"#))]);
    let told = ready(gate.judge_with(&review, &recorded)).remove(0);
    assert_eq!((told.failures.len(), told.findings.len()), (0, 1));
}

#[test]
fn shows_which_policy_is_under_way_and_keeps_what_names_mean_to_the_end() {
    let mut judging = begin(sets(ASKS), None);
    let watch = judging.watch();
    assert_eq!(watch.current(), None);
    judging.step();
    assert_eq!(watch.current(), Some(("s".into(), "a".into())));
    judging.resolved().keep("nginx:1".into(), Ok("sha256:1".into()));
    assert_eq!(judging.resolved().get("nginx:1"), Some(Ok("sha256:1".into())));
}

/// A review of this namespace under these breakers.
fn judge_within(gate: &Gate, breakers: &Arc<Breakers>, namespace: &str) -> Judgement {
    let bounds = Bounds { breakers: Some(Arc::clone(breakers)), ..Bounds::default() };
    let mut review = named();
    review.request.namespace = namespace.into();
    let mut judging = gate.begin(Arc::new(review), &bounds);
    assert_eq!(judging.step(), []);
    judging.finish()
}

fn breakers(rest: Duration) -> Arc<Breakers> {
    Arc::new(Breakers::new(BreakerRules { faults: 3, rest }, None))
}

#[test]
fn calls_nobody_who_faulted_again_and_again_and_goes_on_with_the_others_a51_a60() {
    let policies = "{policies: [{name: bad, plugin: {builtin: breaks}, onError: {compliance: warn}}, {name: good, plugin: {builtin: finds}}]}";
    let gate = Gate::new(sets(policies), Arc::new(Facts::none()));
    let breakers = breakers(Duration::from_secs(3_600));
    let called =
        |judgement: &Judgement| judgement.spent.iter().map(|spent| spent.policy.to_string()).collect::<Vec<_>>();
    for _ in 0..3 {
        let judgement = judge_within(&gate, &breakers, "shop");
        assert_eq!((called(&judgement), judgement.left_out), (vec!["bad".to_owned(), "good".to_owned()], false));
        assert!(judgement.decisions[0].failures[0].message.contains("trapped"), "{judgement:?}");
    }
    let judgement = judge_within(&gate, &breakers, "shop");
    assert_eq!((called(&judgement), judgement.left_out), (vec!["good".to_owned()], true));
    let decision = &judgement.decisions[0];
    let failure = &decision.failures[0];
    assert_eq!((failure.kind, failure.effect, decision.findings.len()), (FailureKind::Trap, Effect::Warn, 1));
    assert!(!decision.judged(), "it is never a pass");
    let begins = "was not called: it failed 3 times in a row in this namespace and rests until a trial shows that it judges again; the last time plugin `test` trapped";
    assert!(failure.message.starts_with(begins), "{}", failure.message);
    assert_eq!(called(&judge_within(&gate, &breakers, "other")), ["bad", "good"], "another namespace");
    // Without breakers a decision depends on nothing that is remembered.
    assert!(ready(gate.judge(&Arc::new(named())))[0].failures[0].message.contains("trapped"));
}

#[test]
fn keeps_calling_who_does_not_judge_and_broke_nothing_a60() {
    let policies = "{policies: [{name: stray, plugin: {builtin: strays}, grants: [signature]}]}";
    let gate = Gate::new(sets(policies), Arc::new(Facts::none()));
    let breakers = breakers(Duration::from_secs(3_600));
    for _ in 0..5 {
        let judgement = judge_within(&gate, &breakers, "shop");
        assert_eq!((judgement.spent.len(), judgement.left_out), (1, false));
        let failure = &judgement.decisions[0].failures[0];
        assert_eq!(failure.kind, FailureKind::Fact, "{failure:?}");
        assert!(failure.message.contains("`signaturo`"), "{failure:?}");
    }
}

#[test]
fn a_trial_ends_with_its_review_whatever_becomes_of_it() {
    let gate = Gate::new(sets(ASKS), Arc::new(Facts::none()));
    let breakers = breakers(Duration::ZERO);
    let sets = gate.sets();
    let installed = &sets.sets[0].policies[0];
    let subject = Subject { policy: &installed.called, plugin: &installed.plugin_label, namespace: "shop" };
    (0..3).for_each(|_| breakers.faulted(subject, None, FailureKind::Trap, "it trapped", Instant::now()));
    let bounds = Bounds { breakers: Some(Arc::clone(&breakers)), ..Bounds::default() };
    let begin = || gate.begin(Arc::new(named()), &bounds);
    let mut lost = begin();
    assert_eq!(lost.step().len(), 1, "it is tried, and asks");
    let mut other = begin();
    assert_eq!(other.step(), [], "one trial at a time");
    assert!(other.finish().decisions[0].failures[0].message.starts_with("was not called"));
    drop(lost);
    let mut trial = begin();
    let needs = trial.step();
    trial.learn(needs.clone(), vec![absent(&needs[0])]);
    assert_eq!(trial.step(), []);
    assert!(trial.finish().decisions[0].judged());
    // Closed: several at once are called as before.
    let (mut one, mut two) = (begin(), begin());
    assert_eq!((one.step().len(), two.step().len()), (1, 1));
}
