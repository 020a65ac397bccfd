//! What becomes of one result: its level and severity, and whether it counts.

use std::collections::HashMap;

use super::ask::Ask;
use super::failures::Invocations;
use super::log::Entry;
use super::rules::{Found, Rule, Tool};
use super::severity::{Level, Score, Severity};
use super::suppress::{Suppressed, is_suppressed};

/// What becomes of a result. Each counts once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It was there before, or it is gone.
    Old,
    /// It is no failure.
    NoFailure,
    /// It is suppressed.
    Suppressed,
    /// It counts.
    Counts(Severity),
}

/// All that the results of a run have in common.
pub(super) struct Judge<'j, 'a> {
    ask: &'j Ask,
    pub(super) tool: &'j Tool<'a>,
    /// How many invocations there are, and what they configured.
    invocations: usize,
    overrides: Overrides,
    /// What each says of its own state is believed: it was compared with the baseline that was asked for.
    trusted: bool,
    /// What the comparison with an earlier report says, by the index of the result.
    old: Option<Vec<bool>>,
}

impl<'j, 'a> Judge<'j, 'a> {
    pub(super) fn new(
        ask: &'j Ask,
        tool: &'j Tool<'a>,
        invocations: &Invocations<'a>,
        baseline_guid: Option<&str>,
        old: Option<Vec<bool>>,
    ) -> Self {
        let wanted =
            ask.baseline.as_ref().and_then(|baseline| baseline.guid.as_deref()).filter(|guid| !guid.is_empty());
        let same = matches!((wanted, baseline_guid), (Some(one), Some(other)) if one.eq_ignore_ascii_case(other));
        // Where an earlier report is at hand, it says more than the word of the run.
        let compared = ask.baseline.as_ref().is_some_and(|baseline| baseline.document.is_some());
        let (count, overrides) = (invocations.all.len(), overrides(tool, invocations));
        Self { ask, tool, invocations: count, overrides, trusted: same && !compared, old }
    }

    pub(super) fn verdict(
        &self,
        index: usize,
        entry: &Entry<'a>,
        found: &Found<'_, 'a>,
        told: &mut Suppressed,
    ) -> Verdict {
        let state = entry.baseline_state.as_deref();
        if state == Some("absent") {
            return Verdict::Old;
        }
        if self.is_no_failure(entry) {
            return Verdict::NoFailure;
        }
        // Also of what is old: whoever reads the counts wants to know all that is suppressed.
        let suppressed = is_suppressed(entry.suppressions.as_deref().unwrap_or_default(), &self.ask.suppressions, told);
        let old = match &self.old {
            Some(old) => old.get(index).copied().unwrap_or(false),
            None => self.trusted && matches!(state, Some("unchanged" | "updated")),
        };
        if old {
            return Verdict::Old;
        }
        if suppressed {
            return Verdict::Suppressed;
        }
        Verdict::Counts(self.severity(entry, found))
    }

    /// A kind other than `fail` has the level `none` (3.27.10). One with another level contradicts itself, and counts.
    fn is_no_failure(&self, entry: &Entry<'a>) -> bool {
        let asked = match entry.kind.as_deref() {
            Some("open") => self.ask.kinds.open,
            Some("review") => self.ask.kinds.review,
            Some("pass" | "notApplicable" | "informational") => false,
            _ => return false,
        };
        !asked && matches!(entry.level.as_deref(), None | Some("none"))
    }

    fn severity(&self, entry: &Entry<'a>, found: &Found<'_, 'a>) -> Severity {
        let own = Rule::score_of(entry.properties.as_ref());
        if let Score::Known(severity) = own {
            return severity;
        }
        let invocation = self.invocation(entry);
        let by = |rule: Option<&Rule<'a>>| {
            let level = self.level(entry, rule, invocation.unwrap_or_default());
            let by_rule = rule.map_or(Score::Absent, |rule| rule.score).or_level(level);
            // What the result says and nobody can read is not outweighed by what its rule says.
            if own == Score::Unreadable { by_rule.max(own.or_level(level)) } else { by_rule }
        };
        let mut severity = found.rules.iter().map(|rule| by(Some(rule))).max();
        if found.rules.is_empty() || found.or_none {
            severity = severity.max(Some(by(None)));
        }
        let severity = severity.unwrap_or(Severity::High);
        // Which rule it is about, or what was configured, cannot be told: then how bad it is cannot be told either.
        if found.fault.is_some() || invocation.is_none() { severity.max(Severity::High) } else { severity }
    }

    /// The invocation that a result says it comes from; nothing where it names one that is not there.
    fn invocation(&self, entry: &Entry<'a>) -> Option<Option<usize>> {
        let index = entry.provenance.as_ref().and_then(|one| one.invocation_index).filter(|index| *index != -1);
        let Some(index) = index else { return Some(None) };
        let index = usize::try_from(index).ok().filter(|index| *index < self.invocations)?;
        Some(Some(index))
    }

    /// Its own level, that which its invocation configured, that of its rule, or `warning` (3.27.10).
    fn level(&self, entry: &Entry<'a>, rule: Option<&Rule<'a>>, invocation: Option<usize>) -> Level {
        let own = entry.level.as_deref();
        // `open` and `review` have no level of their own; who asks for them asks for what a failure would have.
        let undecided = matches!(entry.kind.as_deref(), Some("open" | "review")) && own == Some("none");
        if let Some(own) = own.filter(|_| !undecided) {
            return Level::read(own).unwrap_or(Level::Error);
        }
        let Some(rule) = rule else { return Level::Warning };
        let configured = invocation.and_then(|index| self.overrides.get(&(index, std::ptr::from_ref(rule).addr())));
        configured.copied().or(rule.level).unwrap_or(Level::Warning)
    }
}

/// The levels that each invocation gives to rules, by its index and where the rule lies in memory.
type Overrides = HashMap<(usize, usize), Level>;

fn overrides<'a>(tool: &Tool<'a>, invocations: &Invocations<'a>) -> Overrides {
    let mut overrides = Overrides::new();
    for (index, invocation) in invocations.all.iter().enumerate() {
        for one in invocation.rule_configuration_overrides.iter().flatten() {
            let Some(level) = one.configuration.level.as_deref() else { continue };
            let level = Level::read(level).unwrap_or(Level::Error);
            for rule in tool.rule_named(&one.descriptor).rules {
                // Where a rule is configured twice, the stricter counts.
                let known = overrides.entry((index, std::ptr::from_ref(rule).addr())).or_insert(level);
                *known = level.max(*known);
            }
        }
    }
    overrides
}
