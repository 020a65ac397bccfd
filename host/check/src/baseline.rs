//! What a run says about its baseline, and the findings that a new one would list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use portcullis_gate::Gate;
use portcullis_model::{Decision, Effect, PolicyState};
use portcullis_policies::{Baseline, Listed};
use portcullis_report::BaselineInfo;

use crate::CheckOptions;
use crate::inputs::relative_to;
use crate::read::FileContent;

/// All findings of a run that a baseline may list, with how often each is there. What could not be judged is none.
pub fn listed(decisions: &[Decision]) -> BTreeMap<Listed, u32> {
    count(decisions, |effect| !matches!(effect, Effect::Waived | Effect::Shadow))
}

fn count(decisions: &[Decision], counts: impl Fn(Effect) -> bool) -> BTreeMap<Listed, u32> {
    let mut all = BTreeMap::new();
    for decision in decisions {
        for judged in decision.findings.iter().filter(|judged| counts(judged.effect)) {
            if let Some(listed) = Listed::of(&decision.subject, &decision.policy_set, judged) {
                *all.entry(listed).or_default() += 1;
            }
        }
    }
    all
}

/// The baseline in force as a report shows it, and what a person should know about it.
pub(crate) fn told(
    gate: &Gate,
    options: &CheckOptions,
    contents: &[&FileContent],
    decisions: &[Decision],
) -> Option<(BaselineInfo, Vec<String>)> {
    let time = options.time;
    let sets = gate.sets();
    let baseline = sets.baseline.as_ref()?;
    let known =
        decisions.iter().flat_map(|decision| &decision.findings).filter(|judged| judged.effect == Effect::Known);
    let (known, listed) = (known.count(), total(baseline.entries().values()));
    let gone = gone(baseline, options, contents, decisions);
    let expired = baseline.is_expired(time);
    let head = &baseline.head;
    let info = BaselineInfo {
        name: head.name.clone(),
        file: baseline.file.clone(),
        digest: baseline.digest.clone(),
        owner: head.owner.clone(),
        expires: head.expires.clone(),
        expired,
        listed,
        gone,
    };
    let (file, owner, expires, digest) = (&info.file, &info.owner, &info.expires, &info.digest);
    let ticket = head.ticket.as_ref().map_or_else(String::new, |ticket| format!(", {ticket}"));
    if expired {
        let text = format!(
            "THE BASELINE `{file}` of {owner} EXPIRED on {expires} and does nothing ({digest}{ticket}): its {listed} findings count again; mend them, or have it renewed"
        );
        return Some((info, vec![text]));
    }
    let mut notices = vec![format!(
        "the baseline `{file}` of {owner}, until {expires} ({digest}{ticket}), lists {listed} findings; {known} are known here"
    )];
    if gone > 0 {
        let (entries, are) = if gone == 1 { ("finding", "is") } else { ("findings", "are") };
        notices.push(format!("{gone} {entries} of the baseline {are} gone: run `portcullis baseline write` again"));
    }
    Some((info, notices))
}

fn total<'a>(counts: impl Iterator<Item = &'a u32>) -> usize {
    counts.map(|&count| count as usize).sum()
}

/// How many findings are listed and not there any more, as far as this run looked: at the file, if it is there, and by the
/// policy.
fn gone(baseline: &Baseline, options: &CheckOptions, contents: &[&FileContent], decisions: &[Decision]) -> usize {
    let found = count(decisions, |_| true);
    let sets: BTreeSet<&str> = decisions.iter().map(|decision| decision.policy_set.as_str()).collect();
    let read: BTreeSet<String> = contents.iter().map(|content| content.file.from(&options.baseline_folder)).collect();
    let unjudged: BTreeSet<[&str; 3]> = decisions.iter().flat_map(unjudged).collect();
    let base = &options.baseline_folder;
    let named: Vec<String> = options.paths.iter().map(|path| relative_to(base, path)).collect();
    let below = |file: &str| {
        named.iter().any(|path| Path::new(file).starts_with(path)) && base.join(file).symlink_metadata().is_err()
    };
    let looked = |entry: &Listed| {
        sets.contains(entry.policy_set.as_str())
            && !unjudged.contains(&[entry.policy_set.as_str(), &entry.policy, &entry.file])
            && (read.contains(&entry.file) || below(&entry.file))
    };
    let missing =
        |(entry, &count): (&Listed, &u32)| count.saturating_sub(found.get(entry).copied().unwrap_or(0)) as usize;
    baseline.entries().iter().filter(|(entry, _)| looked(entry)).map(missing).sum()
}

/// Set, policy and file of what was not judged, about which nothing is known.
fn unjudged(decision: &Decision) -> impl Iterator<Item = [&str; 3]> {
    let file = decision.subject.occurrence.as_ref().map_or("", |occurrence| occurrence.file.as_str());
    let states = decision.policies.iter();
    let open = states.filter(|(_, state)| matches!(state, PolicyState::Failed | PolicyState::NotEvaluated));
    open.map(move |(policy, _)| [decision.policy_set.as_str(), policy.as_str(), file])
}
