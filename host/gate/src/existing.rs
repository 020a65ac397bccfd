//! Findings that an object had before its update: they need not hold what the update does not make worse.

use std::sync::Arc;

use portcullis_model::{Document, Effect, Finding, Judged, Mode, NodeId, Policy, Review};
use portcullis_policies::Selection;
use portcullis_runner::{Input, Outcome};

use crate::InstalledSet;

/// Where a controller writes how many Pods it wants.
const REPLICAS: &str = "/spec/replicas";

/// Gives the findings of an update that would deny, and that the object had already, the effect that the policy declares
/// for them (`onExisting`). Where a controller only winds its object down, none of them denies.
///
/// The plugin judges the old object for it, with the same facts, in the same mode and until the same deadline. Whatever goes
/// wrong there leaves the findings as they are. The values of a Secret are hidden in messages, so messages about them say
/// too little to be compared, and its findings stay as well.
pub(crate) fn soften(set: &InstalledSet, index: usize, mode: Mode, input: &Input, findings: &mut [Judged]) {
    let review = &input.review;
    let denies = |judged: &&mut Judged| judged.effect == Effect::Deny;
    // Most updates deny nothing, and comparing two objects costs more than judging one.
    let update = review.request.operation == "UPDATE" && review.old_object.is_some();
    if !update || !findings.iter_mut().any(|judged| denies(&judged)) || portcullis_subject::holds_secret(review) {
        return;
    }
    let fewer = portcullis_subject::winds_down(review);
    let Some(effect) = milder(&set.loaded.set.policies[index], mode, fewer) else { return };
    let Some(known) = before(set, index, mode, input) else { return };
    for judged in findings.iter_mut().filter(denies) {
        let finding = &judged.finding;
        let mut alike = known.iter().filter(|known| (&known.rule, &known.pointer) == (&finding.rule, &finding.pointer));
        // Of too many Pods fewer may still be too many, and the message says how many; it is not new for that. Of anything else
        // the message may have been cut: what it is about must be the same as well.
        let known = match finding.pointer == REPLICAS && fewer {
            true => alike.next().is_some(),
            false => alike.any(|known| known.message == finding.message) && unchanged(review, &finding.pointer),
        };
        if known {
            judged.effect = effect;
            judged.existing = true;
        }
    }
}

/// What an old finding does instead of denying; nothing where it denies.
fn milder(policy: &Policy, mode: Mode, winds_down: bool) -> Option<Effect> {
    match *policy.on_existing.of(mode) {
        Effect::Deny => winds_down.then_some(Effect::Warn),
        declared => Some(declared),
    }
}

/// What the policy finds in the old object; nothing where it did not face it or cannot judge it.
fn before(set: &InstalledSet, index: usize, mode: Mode, input: &Input) -> Option<Vec<Finding>> {
    let old = input.review.old_object.clone()?;
    let review = Arc::new(Review { object: Some(old), ..Review::clone(&input.review) });
    if set.loaded.select(index, &review) != Selection::Applies {
        return None;
    }
    let policy = &set.policies[index];
    let before = Input {
        workload: Arc::new(portcullis_subject::workload::view(&review, &set.loaded.set.workloads)),
        review,
        facts: Arc::clone(&input.facts),
        hidden_label: input.hidden_label.clone(),
        deadline: input.deadline,
        hide: None,
    };
    match policy.plugin.evaluate(policy.prepared.of(mode), &before) {
        Ok(Outcome::Findings(findings)) => Some(findings),
        Ok(Outcome::Needs(_)) | Err(_) => None,
    }
}

/// Whether both objects say the same at this place.
fn unchanged(review: &Review, pointer: &str) -> bool {
    let at = |document: &Option<Document>| {
        let document = document.as_ref()?;
        let (node, found) = document.resolve(NodeId::ROOT, pointer);
        Some(found.then(|| document.to_json(node)))
    };
    let new = at(&review.object);
    new.is_some() && new == at(&review.old_object)
}

#[cfg(test)]
mod tests;
