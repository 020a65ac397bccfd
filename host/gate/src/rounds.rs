//! Decide, look up what all policies need, decide again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use portcullis_model::{
    Decision, Fact, FactError, FactSource, Facts, Failure, FailureKind, Query, Resolved, Review, Workload, mode_of,
};
use portcullis_subject::Secrets;

use crate::breaker::Breakers;
use crate::decide::{Progress, Step, decide};
use crate::watch::{Spent, Watch};
use crate::{Gate, InstalledSet, Sets};

/// What limits one judgement.
#[derive(Clone, Debug, Default)]
pub struct Bounds {
    /// The one policy set that judges; all of them where nobody chose.
    pub only: Option<String>,
    /// When the answer must be there: a policy that is late fails with its `onError`.
    pub deadline: Option<Instant>,
    /// What is remembered of policies that faulted; nothing where a decision may depend on nothing but what is judged.
    pub breakers: Option<Arc<Breakers>>,
}

impl Bounds {
    /// Whether a policy set judges.
    pub(crate) fn admit(&self, set: &InstalledSet) -> bool {
        self.only.as_ref().is_none_or(|only| *only == set.loaded.set.name)
    }
}

/// What came of a judgement.
#[derive(Debug)]
pub struct Judgement {
    /// One decision for each policy set, in the sets' order.
    pub decisions: Vec<Decision>,
    /// Every fact that was looked up.
    pub facts: Facts,
    /// What each call of a plugin took, in the order of the calls.
    pub spent: Vec<Spent>,
    /// What runs containers, as the first set saw it; nothing where no policy judged.
    pub workload: Option<Arc<Workload>>,
    /// Whether a breaker kept a policy from being called: then the decisions depend on what was remembered, too.
    pub left_out: bool,
}

/// One review under judgement, by one version of the policy sets from its beginning to its end.
///
/// [`Self::step`] is work for a processor and belongs on a thread that may compute; what it asks for is looked up elsewhere
/// and comes back through [`Self::learn`].
pub struct Judging {
    review: Arc<Review>,
    sets: Arc<Sets>,
    cases: Vec<Case>,
    facts: Facts,
    resolved: Resolved,
    watch: Watch,
}

/// One policy set's judgement under way.
struct Case {
    set: usize,
    progress: Progress,
    decision: Option<Decision>,
}

impl Gate {
    /// Judges one review, once for each policy set, in the sets' order.
    ///
    /// There is no error to return: whatever could not be judged is part of a decision.
    pub async fn judge(&self, review: &Arc<Review>) -> Vec<Decision> {
        self.judge_with(review, &*self.facts).await
    }

    /// The same with facts from elsewhere: those that were recorded with the review.
    pub async fn judge_with(&self, review: &Arc<Review>, source: &dyn FactSource) -> Vec<Decision> {
        let mut judging = Judging::new(Arc::clone(review), self.sets(), &Bounds::default(), Watch::default());
        loop {
            let needs = judging.step();
            if needs.is_empty() {
                return judging.finish().decisions;
            }
            let answers = source.look_up(&needs, judging.resolved()).await;
            judging.learn(needs, answers);
        }
    }

    /// Begins a judgement whose steps the caller runs where and when it likes.
    pub fn begin(&self, review: Arc<Review>, bounds: &Bounds) -> Judging {
        Judging::new(review, self.sets(), bounds, Watch::shown())
    }
}

impl Judging {
    fn new(review: Arc<Review>, sets: Arc<Sets>, bounds: &Bounds, watch: Watch) -> Self {
        let secrets = Secrets::default();
        let case =
            |set| Case { set, progress: Progress::sharing(secrets.clone(), bounds, watch.clone()), decision: None };
        let judging = sets.sets.iter().enumerate().filter(|(_, set)| bounds.admit(set));
        let cases = judging.map(|(index, _)| case(index)).collect();
        Self { review, sets, cases, facts: Facts::none(), resolved: Resolved::default(), watch }
    }

    /// Goes as far as the facts allow; returns what is needed next, sorted and each once. Nothing: everything is decided.
    pub fn step(&mut self) -> Vec<Query> {
        let Self { review, sets, cases, facts, .. } = self;
        let mut needs: Vec<Query> = cases.iter_mut().flat_map(|case| case.step(review, sets, facts)).collect();
        needs.sort();
        needs.dedup();
        needs
    }

    /// Takes the answers to what was asked. A query without an answer could not be looked up: nothing may wait for it forever.
    pub fn learn(&mut self, asked: Vec<Query>, answers: Vec<Result<Fact, FactError>>) {
        self.facts.extend(answers);
        let silent: Vec<Query> = asked.into_iter().filter(|query| self.facts.get(query).is_none()).collect();
        let unanswered = |query| Err(FactError { query, message: "the source of facts gave no answer".into() });
        self.facts.extend(silent.into_iter().map(unanswered));
    }

    /// What names meant when this review first asked: for whoever looks facts up for any round of any of its policy sets.
    pub fn resolved(&self) -> &Resolved {
        &self.resolved
    }

    /// Shows from another thread which policy is under way.
    pub fn watch(&self) -> Watch {
        self.watch.clone()
    }

    /// What was decided. A set that still waits for facts has not judged, and denies.
    pub fn finish(self) -> Judgement {
        let Self { review, sets, cases, facts, .. } = self;
        let mut spent = Vec::new();
        let workload = cases.iter().find_map(|case| case.progress.workload());
        let left_out = cases.iter().any(|case| case.progress.left_out());
        let decisions = cases
            .into_iter()
            .map(|mut case| {
                spent.append(&mut case.progress.take_spent());
                case.decision.unwrap_or_else(|| broken(&review, &sets.sets[case.set]))
            })
            .collect();
        Judgement { decisions, facts, spent, workload, left_out }
    }
}

impl Case {
    /// Goes as far as the facts allow; returns what is still needed.
    fn step(&mut self, review: &Arc<Review>, sets: &Sets, facts: &Facts) -> Vec<Query> {
        if self.decision.is_some() {
            return Vec::new();
        }
        let set = &sets.sets[self.set];
        // A bug must not take the door down with it, and must not let anything in.
        let step = catch_unwind(AssertUnwindSafe(|| decide(review, set, sets, facts, &mut self.progress)));
        let decision = match step {
            Ok(Step::Needs(queries)) => return queries,
            Ok(Step::Decided(decision)) => *decision,
            Err(_) => broken(review, set),
        };
        self.decision = Some(decision);
        Vec::new()
    }
}

fn broken(review: &Review, set: &InstalledSet) -> Decision {
    let rules = &set.loaded.set;
    Decision {
        policy_set: rules.name.clone(),
        policy_set_digest: rules.digest.clone(),
        subject: review.subject.clone(),
        operation: review.request.operation.clone(),
        mode: mode_of(&rules.mode, review).0,
        policies: Vec::new(),
        findings: Vec::new(),
        failures: vec![Failure::of_subject(
            FailureKind::Trap,
            "a bug in Portcullis stopped the judgement; please report it",
        )],
        facts: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
