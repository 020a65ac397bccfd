//! What a person should know though it denies nothing: each thing once, and not too many of them.

use std::collections::HashMap;

use portcullis_model::{Decision, Effect, Judged, Verdict};
use portcullis_report::plain;

use super::{
    Manner, WARNING_BYTES, WARNINGS_BYTES, WARNINGS_SHOWN, counted, cut, denying_failures, denying_findings,
    failure_line, failures, field, with_effect,
};

/// The most important first: why compliance holds, what was not judged, findings by severity, oddities of the review, and
/// last what somebody answers for. Where nothing is enforced, what would be denied comes before all of them.
pub(super) fn warnings(decisions: &[&Decision], manner: Manner<'_>) -> Vec<String> {
    let all = || decisions.iter().copied();
    let warned = || all().flat_map(|decision| failures(decision, Effect::Warn));
    let mut lines: Vec<String> = Vec::new();
    let policies = || warned().filter(|(_, failure)| failure.policy.is_some());
    match manner.overload {
        // All of them say the same.
        Some(overload) => {
            lines.extend(left_out(policies().count()).map(|words| format!("{words}: {}", overload.words)))
        }
        None => lines.extend(policies().map(|(decision, failure)| failure_line(decision, failure))),
    }
    if manner.observed {
        let denied = merged(denying_findings(all()));
        let failed = denying_failures(all());
        let unjudged: Vec<String> = match manner.overload {
            Some(overload) => {
                left_out(failed.len()).map(|words| format!("{words}: {}", overload.words)).into_iter().collect()
            }
            None => failed.into_iter().map(|(decision, failure)| failure_line(decision, failure)).collect(),
        };
        let would = denied.iter().map(Said::line).chain(unjudged).map(|line| format!("would be denied: {line}"));
        lines.splice(0..0, would);
    }
    let mut findings = with_effect(all(), Effect::Warn);
    findings.sort_by_key(|(_, judged)| std::cmp::Reverse(judged.severity));
    lines.extend(merged(findings).iter().map(Said::line));
    lines.extend(warned().filter(|(_, failure)| failure.policy.is_none()).map(|(_, failure)| failure.message.clone()));
    let waived = merged(with_effect(all(), Effect::Waived));
    lines.extend(waived.iter().map(|said| {
        let waiver = said.judged.waiver.as_deref().unwrap_or_default();
        format!("waived by `{waiver}`: {}", said.line())
    }));
    // A denial has said why compliance holds, and who is not warned need not know.
    let denied = !manner.observed && all().any(|decision| decision.verdict() == Verdict::Deny);
    let unread = manner.unread.filter(|_| !denied && !lines.is_empty());
    lines.splice(0..0, unread.and_then(|unread| unread.words(decisions, &lines)));
    bounded(lines)
}

/// What did not happen, where that many policies were kept from judging.
fn left_out(policies: usize) -> Option<String> {
    (policies > 0).then(|| format!("nothing was judged, {} left out", counted(policies, "policy is", "policies are")))
}

/// A finding, and who says it.
struct Said<'a> {
    judged: &'a Judged,
    /// The names of policy sets and policies; no set twice.
    by: Vec<(&'a str, &'a str)>,
}

impl Said<'_> {
    fn line(&self) -> String {
        let finding = &self.judged.finding;
        let by = match self.by.as_slice() {
            [] => String::new(),
            [(set, policy)] => format!("{set}/{policy}"),
            [(set, policy), (other, same)] => format!("{set}/{policy} ({other}/{same} too)"),
            [(set, policy), others @ ..] => format!("{set}/{policy} ({} other policy sets too)", others.len()),
        };
        format!("{by}, {}, {}: {}", finding.rule, field(&finding.pointer), finding.message)
    }
}

/// What several sets say in the same words is said once. Within a set every policy speaks for itself.
fn merged<'a>(findings: Vec<(&'a Decision, &'a Judged)>) -> Vec<Said<'a>> {
    let mut all: Vec<Said<'a>> = Vec::new();
    let (mut known, mut times) = (HashMap::new(), HashMap::new());
    for (decision, judged) in findings {
        let (set, finding) = (decision.policy_set.as_str(), &judged.finding);
        let words = (&finding.rule, &finding.pointer, &finding.message, &judged.waiver);
        // What a set says for the second time is the same as what another one says for the second time.
        let time: &mut usize = times.entry((set, words)).or_default();
        *time += 1;
        let at = *known.entry((*time, words)).or_insert(all.len());
        match all.get_mut(at) {
            Some(said) => said.by.push((set, &judged.policy)),
            None => all.push(Said { judged, by: vec![(set, &judged.policy)] }),
        }
    }
    all
}

/// Each short enough, none twice, and not too many; the last one counts those that are left out.
fn bounded(lines: Vec<String>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    let (mut bytes, mut left_out) = (0, 0);
    for line in lines {
        let line = cut(&plain(&line), WARNING_BYTES);
        if kept.contains(&line) {
            continue;
        }
        // One place and the room for the count are kept free.
        if left_out > 0 || kept.len() + 1 >= WARNINGS_SHOWN || bytes + line.len() + 64 > WARNINGS_BYTES {
            left_out += 1;
            continue;
        }
        bytes += line.len();
        kept.push(line);
    }
    if left_out > 0 {
        kept.push(format!("and {} more that deny nothing", left_out));
    }
    kept
}
