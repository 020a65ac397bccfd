//! Decide, look up what all policies need, decide again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use portcullis_model::{Decision, FactError, FactSource, Facts, Failure, FailureKind, Query, Review, mode_of};

use crate::decide::{Progress, Step, decide};
use crate::redact::Secrets;
use crate::{Gate, InstalledSet, Sets};

impl Gate {
    /// Judges one review, once for each policy set, in the sets' order.
    ///
    /// There is no error to return: whatever could not be judged is part of a decision.
    pub async fn judge(&self, review: &Arc<Review>) -> Vec<Decision> {
        self.judge_with(review, &*self.facts).await
    }

    /// The same with facts from elsewhere: those that were recorded with the review.
    pub async fn judge_with(&self, review: &Arc<Review>, source: &dyn FactSource) -> Vec<Decision> {
        let sets = self.sets(); // One version of the policy sets for the whole judgement.
        let mut facts = Facts::none();
        let secrets = Secrets::default();
        let mut cases: Vec<Case> = sets.sets.iter().map(|set| Case::new(set, &secrets)).collect();
        loop {
            let mut needs: Vec<Query> = cases.iter_mut().flat_map(|case| case.step(review, &sets, &facts)).collect();
            if needs.is_empty() {
                return cases.into_iter().filter_map(|case| case.decision).collect();
            }
            needs.sort();
            needs.dedup();
            let answers = source.look_up(&needs).await;
            facts.extend(answers);
            // A source that leaves a query unanswered could not look; nothing may wait for it forever.
            let silent: Vec<Query> = needs.into_iter().filter(|query| facts.get(query).is_none()).collect();
            let unanswered = |query| Err(FactError { query, message: "the source of facts gave no answer".into() });
            facts.extend(silent.into_iter().map(unanswered));
        }
    }
}

/// One policy set's judgement under way.
struct Case<'a> {
    set: &'a InstalledSet,
    progress: Progress,
    decision: Option<Decision>,
}

impl<'a> Case<'a> {
    fn new(set: &'a InstalledSet, secrets: &Secrets) -> Self {
        Self { set, progress: Progress::sharing(secrets.clone()), decision: None }
    }

    /// Goes as far as the facts allow; returns what is still needed.
    fn step(&mut self, review: &Arc<Review>, sets: &Sets, facts: &Facts) -> Vec<Query> {
        if self.decision.is_some() {
            return Vec::new();
        }
        // A bug must not take the door down with it, and must not let anything in.
        let step =
            catch_unwind(AssertUnwindSafe(|| decide(review, self.set, &sets.waivers, facts, &mut self.progress)));
        let decision = match step {
            Ok(Step::Needs(queries)) => return queries,
            Ok(Step::Decided(decision)) => *decision,
            Err(_) => broken(review, self.set),
        };
        self.decision = Some(decision);
        Vec::new()
    }
}

fn broken(review: &Arc<Review>, set: &InstalledSet) -> Decision {
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
