//! What a run says about its baseline, and the findings that a new one would list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use portcullis_gate::{Gate, InstalledSet};
use portcullis_model::{Decision, Effect, Mode, PolicyState};
use portcullis_policies::{Baseline, Listed};
use portcullis_report::BaselineInfo;

use crate::CheckOptions;
use crate::inputs::Base;
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
    let (gone, stricter) = gone(gate, options, contents, decisions, baseline);
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
        let beware = if stricter > 0 { ", in compliance" } else { "" };
        notices.push(format!(
            "{gone} {entries} of the baseline {are} gone: run `portcullis baseline write` again{beware}"
        ));
    }
    if stricter > 0 {
        let (entries, are) = if stricter == 1 { ("finding", "is") } else { ("findings", "are") };
        notices.push(format!(
            "{stricter} {entries} of the baseline {are} not found in sandbox, where other settings hold; a baseline that is written now \
             would lose what is known in compliance"
        ));
    }
    Some((info, notices))
}

fn total<'a>(counts: impl Iterator<Item = &'a u32>) -> usize {
    counts.map(|&count| count as usize).sum()
}

/// How many findings are listed and not there any more, as far as this run looked: at the file, if it is there, and by the
/// policy. And how many besides are not there in sandbox, of policies that have other settings in compliance, for which a
/// baseline is written: nobody looked by these.
fn gone(
    gate: &Gate,
    options: &CheckOptions,
    contents: &[&FileContent],
    decisions: &[Decision],
    baseline: &Baseline,
) -> (usize, usize) {
    let found = count(decisions, |_| true);
    let sets: BTreeSet<&str> = decisions.iter().map(|decision| decision.policy_set.as_str()).collect();
    let folder = Base::new(&options.baseline_folder);
    let read: BTreeSet<String> = contents.iter().map(|content| content.file.from(&folder)).collect();
    let unjudged: BTreeSet<[&str; 3]> = decisions.iter().flat_map(unjudged).collect();
    let by_mode = settled_by_mode(gate);
    let sandboxes: BTreeSet<_> =
        decisions.iter().filter(|decision| decision.mode == Mode::Sandbox).filter_map(whose).collect();
    let base = &options.baseline_folder;
    let named: Vec<String> = options.paths.iter().map(|path| folder.relative(path)).collect();
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
    let in_sandbox = |entry: &Listed| {
        let whose = [&entry.policy_set, &entry.api_version, &entry.kind, &entry.namespace, &entry.name, &entry.file];
        by_mode.contains(&[entry.policy_set.clone(), entry.policy.clone()])
            && sandboxes.contains(&(whose.map(String::as_str), entry.occurrence))
    };
    let entries = baseline.entries().iter().filter(|(entry, _)| looked(entry));
    let (stricter, gone): (Vec<_>, Vec<_>) = entries.partition(|(entry, _)| in_sandbox(entry));
    (gone.into_iter().map(missing).sum(), stricter.into_iter().map(missing).sum())
}

/// Set and name of the policies whose settings are not the same in both modes.
fn settled_by_mode(gate: &Gate) -> BTreeSet<[String; 2]> {
    let sets = gate.sets();
    let of_set = |set: &InstalledSet| {
        let own = set.loaded.set.policies.iter().filter(|policy| policy.settings.sandbox != policy.settings.compliance);
        own.map(|policy| [set.loaded.set.name.clone(), policy.name.clone()]).collect::<Vec<_>>()
    };
    sets.sets.iter().flat_map(of_set).collect()
}

/// The set that judged, and the subject as a baseline names it.
fn whose(decision: &Decision) -> Option<([&str; 6], u32)> {
    let subject = &decision.subject;
    let occurrence = subject.occurrence.as_ref()?;
    let parts = [&decision.policy_set, &subject.api_version, &subject.kind, &subject.namespace, &subject.name];
    let [set, version, kind, namespace, name] = parts.map(String::as_str);
    Some(([set, version, kind, namespace, name, occurrence.file.as_str()], occurrence.number))
}

/// Set, policy and file of what was not judged, about which nothing is known.
fn unjudged(decision: &Decision) -> impl Iterator<Item = [&str; 3]> {
    let file = decision.subject.occurrence.as_ref().map_or("", |occurrence| occurrence.file.as_str());
    let states = decision.policies.iter();
    let open = states.filter(|(_, state)| matches!(state, PolicyState::Failed | PolicyState::NotEvaluated));
    open.map(move |(policy, _)| [decision.policy_set.as_str(), policy.as_str(), file])
}
