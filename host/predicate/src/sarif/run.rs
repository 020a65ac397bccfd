//! One run of one tool, counted.

use std::collections::HashMap;

use super::ask::{Ask, Scope};
use super::baseline::{Keys, Reader, Trait, old};
use super::failures::{Failures, Invocations};
use super::judge::{Judge, Verdict};
use super::log::{Automation, ComponentText, Entry, Revision, Text, json, json_or_default};
use super::offender::Offender;
use super::path::Artifacts;
use super::rules::{Found, Tool};
use super::scope::Scopes;
use super::severity::Severity;
use super::suppress::Suppressed;
use super::work::Work;
use crate::{MAX_RESULTS, MOST_SHOWN, Piece, Unreadable, shown};

/// What one run says.
#[derive(Clone, Debug)]
pub struct Run {
    /// JSON pointer of the run.
    pub pointer: String,
    /// The tool's driver.
    pub tool: Component,
    /// What it was extended with.
    pub extensions: Vec<Component>,
    /// `automationDetails.id`: which of several analyses it is.
    pub automation_id: Option<String>,
    /// `automationDetails.guid`.
    pub guid: Option<String>,
    /// The run that its results say to be compared with.
    pub baseline_guid: Option<String>,
    /// What kept the tool from doing its work.
    pub failures: Failures,
    /// Some of it stands in other files, which nobody can see.
    pub external: bool,
    /// How many rules it declares that are not switched off: where there is none, it looked for nothing.
    pub rules: usize,
    /// How many were switched off.
    pub disabled_rules: usize,
    /// Rules that were asked for, and are not declared or were switched off.
    pub missing_rules: Vec<String>,
    /// How many results it has; none where `results` is null or not there: the scan did not run.
    pub results: Option<u64>,
    /// When the last invocation ended, by its own word.
    pub ended: Option<String>,
    /// The source that it is about, by its own word.
    pub revision: Revisions,
    /// What was counted, for each scope that was asked for.
    pub scopes: Vec<Counted>,
    /// How suppressions were judged.
    pub suppressions: Suppressed,
    /// Results whose rule nobody can tell.
    pub descriptor_faults: Failures,
    /// What the tool says of its work besides.
    pub work: Work,
}

/// A driver or an extension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// Its name as written, but cut and harmless.
    pub name: Option<String>,
    /// Its longer name.
    pub full_name: Option<String>,
    /// Its version in its own form.
    pub version: Option<String>,
    /// Its version by semantic versioning.
    pub semantic_version: Option<String>,
    /// Its guid.
    pub guid: Option<String>,
    /// Who makes it.
    pub organization: Option<String>,
}

/// Which source a run says that it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revisions {
    /// The first revision.
    pub commit: Option<String>,
    /// Its repository.
    pub repository: Option<String>,
    /// Its branch.
    pub branch: Option<String>,
    /// It names several revisions, or several repositories.
    pub disagreeing: bool,
}

/// What was counted in one scope.
#[derive(Clone, Debug, Default)]
pub struct Counted {
    /// Failures by severity, in the order of [`Severity::ALL`].
    pub counts: [u64; 5],
    /// Failures that are suppressed.
    pub suppressed: u64,
    /// Failures that were there before, and what is gone.
    pub old: u64,
    /// Results that are no failures.
    pub not_failures: u64,
    /// The worst, the worst first.
    pub first: Vec<Offender>,
}

impl Counted {
    fn add(&mut self, verdict: Verdict, offender: impl FnOnce(Severity) -> Offender) {
        let severity = match verdict {
            Verdict::Old => return self.old += 1,
            Verdict::NoFailure => return self.not_failures += 1,
            Verdict::Suppressed => return self.suppressed += 1,
            Verdict::Counts(severity) => severity,
        };
        self.counts[severity as usize] += 1;
        let place = self.first.partition_point(|one| one.severity >= severity);
        if place < MOST_SHOWN {
            self.first.insert(place, offender(severity));
            self.first.truncate(MOST_SHOWN);
        }
    }
}

impl Component {
    fn of(text: &ComponentText<'_>) -> Self {
        let said = |text: &Option<Text<'_>>| text.as_deref().map(shown);
        Self {
            name: said(&text.name),
            full_name: said(&text.full_name),
            version: said(&text.version),
            semantic_version: said(&text.semantic_version),
            guid: said(&text.guid),
            organization: said(&text.organization),
        }
    }
}

impl Run {
    /// `before`: the results of an earlier report by tool, where one was given.
    pub(super) fn read(
        piece: Piece<'_>,
        pointer: String,
        ask: &Ask,
        before: Option<&Before>,
    ) -> Result<Self, Unreadable> {
        let tool = Tool::read(piece, &pointer)?;
        let name = tool.driver().name.as_deref().unwrap_or_default();
        let revisions: Vec<Revision<'_>> =
            piece.list("versionControlProvenance").map(|one| json_or_default(Some(one))).collect();
        let artifacts = Artifacts::read(piece, revisions.iter().find_map(|one| one.mapped_to.as_ref()));
        let results = piece.get("results").filter(|results| results.kind() == crate::Kind::List);
        let has_results = results.is_some_and(|results| results.elements().next().is_some());
        let invocations = Invocations::read(piece, &pointer, &tool, has_results);
        let automation: Automation<'_> = json_or_default(piece.get("automationDetails"));
        let baseline_guid = piece.get_str("baselineGuid");
        let (disabled, missing) = rules_that_did_not_run(&tool, &invocations, ask);
        let old = before.zip(results).map(|(before, results)| before.old(results, &tool, &artifacts));
        let judge = Judge::new(ask, &tool, &invocations, baseline_guid.as_deref(), old);
        let mut run = Self {
            tool: Component::of(tool.driver()),
            extensions: tool.components.iter().skip(1).map(|one| Component::of(&one.text)).collect(),
            automation_id: automation.id.as_deref().map(shown),
            guid: automation.guid.as_deref().map(shown),
            baseline_guid: baseline_guid.as_deref().map(shown),
            failures: invocations.failures.clone(),
            external: piece.get("externalPropertyFileReferences").is_some_and(|one| one.members().next().is_some()),
            rules: tool.rule_count() - disabled,
            disabled_rules: disabled,
            missing_rules: missing,
            results: None,
            ended: invocations.ended.clone(),
            revision: Revisions::of(&revisions),
            scopes: vec![Counted::default(); ask.scopes.len().max(1)],
            suppressions: Suppressed::default(),
            descriptor_faults: Failures::default(),
            work: Work::read(piece, name),
            pointer,
        };
        if let Some(results) = results {
            run.results = Some(run.count(results, &judge, &artifacts, ask, name)?);
        }
        Ok(run)
    }

    /// Whether the tool did its work.
    pub fn executed(&self) -> bool {
        self.results.is_some() && self.failures.count == 0
    }

    fn count<'a>(
        &mut self,
        results: Piece<'a>,
        judge: &Judge<'_, 'a>,
        artifacts: &Artifacts<'a>,
        ask: &Ask,
        tool: &str,
    ) -> Result<u64, Unreadable> {
        let everything = [Scope::default()];
        let scopes = if ask.scopes.is_empty() { &everything } else { ask.scopes.as_slice() };
        let mut scopes = Scopes::new(scopes, tool, artifacts);
        let mut count = 0;
        for (index, piece) in results.elements().enumerate() {
            if index >= MAX_RESULTS {
                let pointer = format!("{}/results", self.pointer);
                return Err(Unreadable::at(pointer, format!("it has more than {MAX_RESULTS} results")));
            }
            count += 1;
            let pointer = format!("{}/results/{index}", self.pointer);
            let entry: Option<Entry<'_>> = json(piece);
            let unreadable = entry.is_none();
            let entry = entry.unwrap_or_default();
            let found = judge.tool.rule_of(&entry);
            let verdict = self.verdict(index, (!unreadable).then_some(&entry), &found, judge, &pointer);
            let held = if unreadable { scopes.concerned() } else { scopes.of(&entry, &found, &judge.tool.taxonomies) };
            for (_, counted) in self.scopes.iter_mut().enumerate().filter(|(scope, _)| held >> scope & 1 == 1) {
                counted.add(verdict, |severity| {
                    Offender::of(&entry, &found, judge.tool, artifacts, severity, pointer.clone())
                });
            }
        }
        Ok(count)
    }

    /// A result that cannot be read (its document is not valid) counts as high.
    fn verdict<'a>(
        &mut self,
        index: usize,
        entry: Option<&Entry<'a>>,
        found: &Found<'_, 'a>,
        judge: &Judge<'_, 'a>,
        pointer: &str,
    ) -> Verdict {
        let Some(entry) = entry else {
            self.descriptor_faults.add(|| "the result cannot be read".to_owned(), || pointer.to_owned());
            return Verdict::Counts(Severity::High);
        };
        if let Some(fault) = &found.fault {
            self.descriptor_faults.add(|| shown(fault), || pointer.to_owned());
        }
        judge.verdict(index, entry, found, &mut self.suppressions)
    }
}

impl Revisions {
    fn of(all: &[Revision<'_>]) -> Self {
        let first = all.first();
        let said = |of: fn(&Revision<'_>) -> Option<String>| first.and_then(of);
        let named =
            |one: &Revision<'_>| (one.revision_id.as_deref().map(shown), one.repository_uri.as_deref().map(shown));
        Self {
            commit: said(|one| one.revision_id.as_deref().map(shown)),
            repository: said(|one| one.repository_uri.as_deref().map(shown)),
            branch: said(|one| one.branch.as_deref().map(shown)),
            disagreeing: all.iter().any(|one| Some(named(one)) != first.map(named)),
        }
    }
}

/// How many rules were switched off, and which of those asked for are not among the others.
fn rules_that_did_not_run(tool: &Tool<'_>, invocations: &Invocations<'_>, ask: &Ask) -> (usize, Vec<String>) {
    let mut switched: HashMap<usize, bool> = HashMap::new();
    for one in invocations.all.iter().flat_map(|one| one.rule_configuration_overrides.iter().flatten()) {
        if let Some(enabled) = one.configuration.enabled {
            for rule in tool.rule_named(&one.descriptor).rules {
                // Off in one invocation is off.
                let known = switched.entry(std::ptr::from_ref(rule).addr()).or_insert(enabled);
                *known = *known && enabled;
            }
        }
    }
    let rules = || tool.components.iter().flat_map(|component| &component.rules.all);
    let runs =
        |rule: &super::rules::Rule<'_>| switched.get(&std::ptr::from_ref(rule).addr()).copied().unwrap_or(rule.enabled);
    let disabled = rules().filter(|rule| !runs(rule)).count();
    let names =
        [&tool.driver().name, &tool.driver().guid].map(|name| name.as_deref().unwrap_or_default().to_lowercase());
    let asked = ask.rules.iter().filter(|(tool, _)| names.contains(&tool.to_lowercase())).flat_map(|(_, rules)| rules);
    let mut asked: Vec<&String> = asked.collect();
    if asked.is_empty() {
        return (disabled, Vec::new());
    }
    let declared: std::collections::HashSet<&str> = rules().filter(|rule| runs(rule)).map(|rule| &*rule.id).collect();
    // What the driver switched off did not run, whoever else has a rule of that name.
    let own = tool.components.iter().take(1).flat_map(|driver| &driver.rules.all);
    let off: std::collections::HashSet<&str> = own.filter(|rule| !runs(rule)).map(|rule| &*rule.id).collect();
    asked.retain(|id| !declared.contains(id.as_str()) || off.contains(id.as_str()));
    (disabled, asked.into_iter().cloned().collect())
}

/// The results of an earlier report, by the name of their tool.
#[derive(Default)]
pub(super) struct Before {
    traits: HashMap<String, Vec<Trait>>,
    /// By which both reports are read.
    keys: Keys,
}

impl Before {
    pub(super) fn read<'a>(runs: impl Iterator<Item = Piece<'a>>) -> Result<Self, Unreadable> {
        let mut before = Self::default();
        for (index, piece) in runs.enumerate() {
            let tool = Tool::read(piece, &format!("/runs/{index}"))?;
            let revisions: Vec<Revision<'_>> =
                piece.list("versionControlProvenance").map(|one| json_or_default(Some(one))).collect();
            let artifacts = Artifacts::read(piece, revisions.iter().find_map(|one| one.mapped_to.as_ref()));
            let name = tool.driver().name.as_deref().unwrap_or_default().to_lowercase();
            let Some(results) = piece.get("results") else { continue };
            let mut reader = Reader::new(&before.keys, &tool, &artifacts);
            // What stands beyond is new.
            let there = results.elements().take(MAX_RESULTS);
            let there = there.map(|piece| json::<Entry<'_>>(piece).unwrap_or_default());
            let there = there.filter(|entry| entry.baseline_state.as_deref() != Some("absent"));
            before.traits.entry(name).or_default().extend(there.map(|entry| reader.read(&entry)));
        }
        Ok(before)
    }

    /// Which results of a run were there.
    fn old<'a>(&self, results: Piece<'a>, tool: &Tool<'a>, artifacts: &Artifacts<'a>) -> Vec<bool> {
        let mut reader = Reader::new(&self.keys, tool, artifacts);
        let now = results.elements().take(MAX_RESULTS).map(|piece| reader.read(&json(piece).unwrap_or_default()));
        let now: Vec<Trait> = now.collect();
        let name = tool.driver().name.as_deref().unwrap_or_default().to_lowercase();
        old(&now, self.traits.get(&name).map_or(&[], Vec::as_slice))
    }
}
