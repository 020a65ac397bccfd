//! The decision function: no I/O, no clock; decided, or what it needs to know.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use portcullis_document::{ReadLimits, read_json_text};
use portcullis_model::{
    ABOUT_FILE, Decision, Effect, Fact, Facts, Failure, FailureKind, Judged, Mode, NodeId, PolicyState, Query, Review,
    Workload, json_string, mode_of, sha256_hex,
};
use portcullis_policies::{Selection, WaiverMatch};
use portcullis_runner::{Input, Outcome};
use portcullis_subject::Secrets;

use crate::breaker::{Admission, Breakers, Subject, Trial};
use crate::existing;
use crate::rounds::Bounds;
use crate::watch::{Spent, Watch};
use crate::{InstalledSet, Sets};

/// How often a plugin may be called for one review: it asks, is answered, and may ask again.
pub const MAX_ROUNDS: u32 = 4;

/// What came of one step.
pub enum Step {
    /// Everything is judged.
    Decided(Box<Decision>),
    /// These facts are needed first; sorted, each once.
    Needs(Vec<Query>),
}

/// What earlier rounds of one judgement already settled, so that a round costs only the policies that asked.
#[derive(Default)]
pub struct Progress {
    policies: Vec<PolicyProgress>,
    workload: Option<Arc<Workload>>,
    secrets: Secrets,
    deadline: Option<Instant>,
    breakers: Option<Arc<Breakers>>,
    watch: Watch,
    spent: Vec<Spent>,
    left_out: bool,
}

impl Progress {
    /// The beginning of one of several judgements of the same review, which share the work to find its secrets, the
    /// bounds, and the word about which policy is under way.
    pub(crate) fn sharing(secrets: Secrets, bounds: &Bounds, watch: Watch) -> Self {
        Self { secrets, deadline: bounds.deadline, breakers: bounds.breakers.clone(), watch, ..Self::default() }
    }

    /// The view that was built, where a policy judged.
    pub(crate) fn workload(&self) -> Option<Arc<Workload>> {
        self.workload.clone()
    }

    /// Whether a breaker kept a policy from being called.
    pub(crate) fn left_out(&self) -> bool {
        self.left_out
    }

    /// What each call of a plugin took, so far.
    pub(crate) fn take_spent(&mut self) -> Vec<Spent> {
        std::mem::take(&mut self.spent)
    }
}

#[derive(Default)]
struct PolicyProgress {
    rounds: u32,
    asked: Vec<Query>,
    /// Whether its breaker closes depends on this judgement.
    trial: Option<Trial>,
    settled: Option<Settled>,
}

struct Settled {
    state: PolicyState,
    findings: Vec<Judged>,
    failures: Vec<Failure>,
}

impl Settled {
    fn denies(&self) -> bool {
        self.findings.iter().any(|judged| judged.effect == Effect::Deny)
            || self.failures.iter().any(|failure| failure.effect == Effect::Deny)
    }
}

/// What is the same for every policy of one decision.
struct Case<'a> {
    review: &'a Arc<Review>,
    set: &'a InstalledSet,
    sets: &'a Sets,
    facts: &'a Facts,
    mode: Mode,
    secrets: Secrets,
    /// The update only lets go of the object, so no policy may hold it (see [`portcullis_subject::lets_go`]).
    lets_go: bool,
}

/// Judges a review by one policy set, as far as the facts at hand allow.
///
/// The same review, set, waivers, baseline and facts give the same bytes, whatever was asked in which round.
pub fn decide(review: &Arc<Review>, set: &InstalledSet, sets: &Sets, facts: &Facts, progress: &mut Progress) -> Step {
    let rules = &set.loaded.set;
    let (mode, notice) = mode_of(&rules.mode, review);
    let lets_go = portcullis_subject::lets_go(review);
    let case = Case { review, set, sets, facts, mode, secrets: progress.secrets.clone(), lets_go };
    let fail_fast = *rules.fail_fast.of(mode);
    progress.policies.resize_with(rules.policies.len(), PolicyProgress::default);

    let mut needs = Vec::new();
    for index in 0..rules.policies.len() {
        let needed = step(&case, index, progress);
        let waiting = !needed.is_empty();
        needs.extend(needed);
        // In a failFast set a policy that waits may deny, so nothing after it is asked before it has judged.
        let denied = progress.policies[index].settled.as_ref().is_some_and(Settled::denies);
        if fail_fast && (denied || waiting) {
            break;
        }
    }
    if !needs.is_empty() {
        needs.sort();
        needs.dedup();
        return Step::Needs(needs);
    }
    Step::Decided(Box::new(assemble(&case, notice, progress)))
}

/// Brings one policy as far as it can go; returns what it waits for.
fn step(case: &Case<'_>, index: usize, progress: &mut Progress) -> Vec<Query> {
    if progress.policies[index].settled.is_some() {
        return Vec::new();
    }
    let selection = if case.lets_go { Selection::Skips } else { case.set.loaded.select(index, case.review) };
    let settled = match selection {
        Selection::Skips => Settled { state: PolicyState::Skipped, findings: Vec::new(), failures: Vec::new() },
        Selection::Unknown(reason) => failed(case, index, FailureKind::Input, &reason),
        Selection::Applies => match evaluate(case, index, progress) {
            Ok(settled) => settled,
            Err(needs) => return needs,
        },
    };
    progress.policies[index].settled = Some(settled);
    Vec::new()
}

/// Calls the plugin once; `Err` holds the new queries that it waits for.
fn evaluate(case: &Case<'_>, index: usize, progress: &mut Progress) -> Result<Settled, Vec<Query>> {
    let rules = &case.set.loaded.set;
    let policy = &rules.policies[index];
    let installed = &case.set.policies[index];
    if let Err(error) = portcullis_subject::workload::check_custom(case.review, &rules.workloads) {
        return Ok(failed(case, index, FailureKind::Input, &error.to_string()));
    }
    let workload = progress
        .workload
        .get_or_insert_with(|| Arc::new(portcullis_subject::workload::view(case.review, &rules.workloads)))
        .clone();
    if progress.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
        return Ok(failed(case, index, FailureKind::Timeout, &too_late(&progress.spent)));
    }
    let own = &mut progress.policies[index];
    let subject = Subject {
        policy: &installed.called,
        plugin: &installed.plugin_label,
        namespace: &case.review.request.namespace,
    };
    // A later round of a review goes on, whatever became of others meanwhile.
    if let (0, Some(breakers)) = (own.rounds, &progress.breakers) {
        match breakers.admit(subject, Instant::now()) {
            Admission::Call => {}
            Admission::Trial(trial) => own.trial = Some(trial),
            Admission::Refused { kind, message } => {
                progress.left_out = true;
                return Ok(failed(case, index, kind, &message));
            }
        }
    }
    let known = match answers(&own.asked, case.facts) {
        Ok(known) => known,
        Err(message) => return Ok(failed(case, index, FailureKind::Fact, &message)),
    };
    let input = Input {
        review: Arc::clone(case.review),
        workload,
        facts: Arc::new(known),
        hidden_label: case.set.mode_label.clone(),
        deadline: progress.deadline,
        hide: case.secrets.hide(case.review),
    };
    own.rounds += 1;
    progress.watch.begins(&installed.called);
    let began = Instant::now();
    let outcome = installed.plugin.evaluate(installed.prepared.of(case.mode), &input);
    let (policy_set, name) = installed.called.clone();
    progress.spent.push(Spent {
        policy_set,
        policy: name,
        time: began.elapsed(),
        fault: outcome.as_ref().err().map(portcullis_runner::Error::kind),
    });
    if let Some(breakers) = &progress.breakers {
        tell(breakers, subject, own.trial.as_ref(), &outcome, case);
    }
    match outcome {
        Ok(Outcome::Findings(findings)) => {
            // A waiver names a rule and an object, so it is looked for once for each rule and not for each finding.
            let mut waivers: HashMap<String, Option<String>> = HashMap::new();
            let judge = |finding: portcullis_model::Finding| {
                let known = waivers.get(&finding.rule).cloned();
                let waiver = known.unwrap_or_else(|| {
                    let found = waiver(case, index, &finding);
                    waivers.insert(finding.rule.clone(), found.clone());
                    found
                });
                Judged::new(policy, &installed.plugin_label, case.mode, waiver, finding)
            };
            let mut findings: Vec<Judged> = findings.into_iter().map(judge).collect();
            existing::soften(case.set, index, case.mode, &input, &mut findings);
            if let Some(baseline) = &case.sets.baseline {
                baseline.apply(case.review.time, &case.review.subject, &rules.name, &mut findings);
            }
            Ok(Settled { state: PolicyState::Evaluated, findings, failures: Vec::new() })
        }
        Ok(Outcome::Needs(queries)) => {
            let named = completed(queries, case).map_err(|message| (FailureKind::Settings, message));
            let fresh = named.and_then(|queries| {
                authorize(&queries, &policy.grants, own).map_err(|message| (FailureKind::Fact, message))
            });
            match fresh {
                Ok(fresh) => {
                    own.asked.extend(fresh);
                    let unanswered: Vec<Query> =
                        own.asked.iter().filter(|query| case.facts.get(query).is_none()).cloned().collect();
                    // Another policy's earlier round may already have brought every answer.
                    if unanswered.is_empty() { evaluate(case, index, progress) } else { Err(unanswered) }
                }
                Err((kind, message)) => Ok(failed(case, index, kind, &message)),
            }
        }
        Err(error) => Ok(failed(case, index, error.kind(), &error.to_string())),
    }
}

/// Tells a breaker how a call ended. What only asks has not ended yet, and what was stopped for others' sake shows nothing.
fn tell(
    breakers: &Breakers,
    subject: Subject<'_>,
    trial: Option<&Trial>,
    outcome: &Result<Outcome, portcullis_runner::Error>,
    case: &Case<'_>,
) {
    match outcome {
        Ok(Outcome::Findings(_)) => breakers.judged(subject, trial),
        Err(error) if error.is_fault() => {
            let message = case.secrets.redact(case.review, &error.to_string());
            breakers.faulted(subject, trial, error.kind(), &message, Instant::now());
        }
        Ok(Outcome::Needs(_)) | Err(_) => {}
    }
}

/// Why a policy was not called any more, and who took the time. (How long it took would differ with each run.)
fn too_late(spent: &[Spent]) -> String {
    let slowest = spent.iter().max_by_key(|spent| spent.time);
    let who = slowest.map_or_else(
        || "it waited all that time for others".into(),
        |spent| format!("policy `{}` took the longest", spent.policy),
    );
    format!("was not called: the review's deadline had passed; {who}")
}

/// Says of each question that names a trust which one of the policy set's that is: what a name means in another set, or meant in
/// another version of this one, is another question. Likewise of each that is about the file which one that is.
fn completed(queries: Vec<Query>, case: &Case<'_>) -> Result<Vec<Query>, String> {
    let one = |mut query: Query| {
        let arguments = read_json_text(&query.arguments, &ReadLimits::default()).map_err(|error| error.to_string())?;
        if arguments.string(NodeId::ROOT, &["about"]) == Some(ABOUT_FILE) {
            query.file.clone_from(&case.review.file);
        }
        // A plugin asks so only where nobody is named who asks; a review of an API server that names nobody is none of a file.
        if !arguments.find(NodeId::ROOT, "local").is_none() && case.review.request_document.is_some() {
            return Err(
                "the AdmissionReview has no `request.userInfo.username`; add one (an API server always sends it)"
                    .into(),
            );
        }
        let named = arguments.find(NodeId::ROOT, "trust");
        if !named.is_none() {
            let name = arguments.text(named);
            let trust = case.set.trusts.get(name).ok_or_else(|| unknown_trust(name, case.set))?;
            trust.digest().clone_into(&mut query.trust);
        }
        Ok(query)
    };
    queries.into_iter().map(one).collect()
}

fn unknown_trust(name: &str, set: &InstalledSet) -> String {
    let known: Vec<String> = set.trusts.keys().map(|name| format!("`{name}`")).collect();
    let there = if known.is_empty() { "it has none".to_owned() } else { format!("it has {}", known.join(", ")) };
    let name = name.escape_debug();
    format!(
        "asks by the trust `{name}`, which the policy set does not have ({there}); say whose signatures count: `spec: {{trust: [{{name: {name}, keys: [{{name: .., file: cosign.pub}}]}}]}}`, or with `root:` for certificates"
    )
}

/// The one gate that every query passes: granted by the set, and new. (That the plugin declared it, the runner has seen.)
fn authorize(queries: &[Query], grants: &[String], own: &PolicyProgress) -> Result<Vec<Query>, String> {
    if let Some(query) = queries.iter().find(|query| !grants.contains(&query.kind)) {
        let kind = &query.kind;
        return Err(format!(
            "asked for the fact `{kind}`, which the policy set does not grant; add `{kind}` to its `grants`"
        ));
    }
    let fresh: Vec<Query> = queries.iter().filter(|query| !own.asked.contains(query)).cloned().collect();
    if fresh.is_empty() {
        return Err("asked again for what it had been told, and for nothing new".into());
    }
    if own.rounds >= MAX_ROUNDS {
        return Err(format!("asked for more facts in each of its {MAX_ROUNDS} rounds and never judged"));
    }
    Ok(fresh)
}

/// The answers to a policy's own queries in the order in which it asked; an error where one could not be looked up.
fn answers(asked: &[Query], facts: &Facts) -> Result<Vec<Fact>, String> {
    let mut known = Vec::with_capacity(asked.len());
    for query in asked {
        match facts.get(query) {
            Some(Ok(fact)) => known.push(fact.clone()),
            Some(Err(error)) => return Err(error.to_string()),
            None => {}
        }
    }
    Ok(known)
}

fn waiver(case: &Case<'_>, index: usize, finding: &portcullis_model::Finding) -> Option<String> {
    let set = &case.set.loaded.set;
    let plugin = case.set.policies[index].plugin.name();
    match case.sets.waivers.find(&set.name, &set.policies[index].name, plugin, &finding.rule, case.review) {
        WaiverMatch::Active(name) => Some(name),
        WaiverMatch::Expired { .. } | WaiverMatch::None => None,
    }
}

/// A failure's message may quote the object (a condition does) or the plugin, so no value of a Secret stays in it.
fn failed(case: &Case<'_>, index: usize, kind: FailureKind, message: &str) -> Settled {
    let message = case.secrets.redact(case.review, message);
    let failure = Failure::of_policy(&case.set.loaded.set.policies[index], case.mode, kind, message);
    Settled { state: PolicyState::Failed, findings: Vec::new(), failures: vec![failure] }
}

fn assemble(case: &Case<'_>, notice: Option<Failure>, progress: &mut Progress) -> Decision {
    let rules = &case.set.loaded.set;
    // Only where a policy has judged there is a view, and something that it did not show.
    let unseen = progress.workload.as_ref();
    let unseen = unseen.and_then(|view| portcullis_subject::workload::notice(case.review, view, &rules.workloads));
    let unseen = unseen.map(|message| Failure::notice(FailureKind::Input, message));
    let mut decision = Decision {
        policy_set: rules.name.clone(),
        policy_set_digest: rules.digest.clone(),
        subject: case.review.subject.clone(),
        operation: case.review.request.operation.clone(),
        mode: case.mode,
        policies: Vec::with_capacity(rules.policies.len()),
        findings: Vec::new(),
        failures: notices(case.review).chain(notice).chain(unseen).collect(),
        facts: Vec::new(),
    };
    let mut used: Vec<Query> = Vec::new();
    for (policy, own) in rules.policies.iter().zip(&mut progress.policies) {
        used.append(&mut own.asked);
        match own.settled.take() {
            None => decision.policies.push((policy.name.clone(), PolicyState::NotEvaluated)),
            Some(settled) => {
                decision.policies.push((policy.name.clone(), settled.state));
                decision.findings.extend(settled.findings);
                decision.failures.extend(settled.failures);
            }
        }
    }
    used.sort();
    used.dedup();
    decision.facts = used.iter().filter_map(|query| case.facts.get(query)).flatten().map(fact_used).collect();
    decision
}

/// What is worth telling about a review, whoever judges it.
pub(crate) fn notices(review: &Review) -> impl Iterator<Item = Failure> {
    review.notices.iter().map(|notice| Failure::notice(FailureKind::Input, notice.clone()))
}

/// Query, status and digest of a fact, as the decision's canonical bytes hold it.
fn fact_used(fact: &Fact) -> (String, String, String) {
    let mut query = String::from("{\"arguments\":");
    query.push_str(&fact.query.arguments);
    query.push_str(",\"kind\":");
    json_string(&fact.query.kind, &mut query);
    if !fact.query.trust.is_empty() {
        query.push_str(",\"trust\":");
        json_string(&fact.query.trust, &mut query);
    }
    if let Some(file) = &fact.query.file {
        query.push_str(",\"file\":{\"digest\":");
        json_string(&file.digest, &mut query);
        query.push_str(",\"path\":");
        json_string(&file.path, &mut query);
        query.push('}');
    }
    query.push('}');
    let root = portcullis_model::NodeId::ROOT;
    let digest = fact.document.as_ref().map_or(String::new(), |document| sha256_hex(document.to_json(root).as_bytes()));
    (query, fact.status.as_str().to_owned(), digest)
}

#[cfg(test)]
mod tests;
