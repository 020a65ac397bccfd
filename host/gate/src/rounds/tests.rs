//! Judgements by several sets, with answers that come, come late, or never come.

use std::task::{Context, Poll, Waker};

use portcullis_model::{FactStatus, Verdict};

use super::*;
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
    let bounds = Bounds { only: only.map(str::to_owned), deadline: None };
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
