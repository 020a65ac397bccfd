//! Files to subjects, through the gate, to a report.

pub mod baseline;
pub mod bytes;
pub mod changed;
pub mod error;
pub mod exit;
pub mod fix;
mod given;
mod ignore;
pub mod inputs;
pub mod listed;
mod named;
mod notices;
mod parallel;
mod read;
mod recorded;
mod subjects;
mod walk;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use portcullis_document::ReadLimits;
use portcullis_evidence::Source;
use portcullis_gate::Gate;
use portcullis_model::{Decision, Mode, Review};
use portcullis_report::{ChangedSince, InputError, Parts, PolicySetInfo, Report, RuleInfo, Skipped, Tool, WaiverInfo};
use portcullis_subject::kinds::Kinds;

use crate::changed::Since;
use crate::inputs::{GatherOptions, Gathered};
use crate::read::FileContent;
use crate::recorded::Comparison;
use crate::subjects::Surroundings;

/// The largest file that is judged by its bytes alone: 1 GiB. Of a larger one somebody signs the digest.
pub const MAX_ARTIFACT_BYTES: u64 = 1 << 30;

/// What to judge, and how.
pub struct CheckOptions {
    /// Files and directories; `-` is the standard input.
    pub paths: Vec<PathBuf>,
    /// Images, by the names that a manifest would have.
    pub images: Vec<String>,
    /// Files that are judged by their bytes alone, whatever is in them.
    pub artifacts: Vec<PathBuf>,
    /// What to leave out, and how large a file may be.
    pub gather: GatherOptions,
    /// How large a document may be.
    pub read: ReadLimits,
    /// The kinds that are known; CRDs in the input add theirs.
    pub kinds: Kinds,
    /// Labels of namespaces; they win over `Namespace` objects in the input.
    pub namespace_labels: BTreeMap<String, BTreeMap<String, String>>,
    /// The namespace of namespaced objects that name none.
    pub default_namespace: Option<String>,
    /// The mode everywhere.
    pub mode: Option<Mode>,
    /// The time of the judgement, in seconds since 1970-01-01T00:00:00Z.
    pub time: i64,
    /// How many threads; `None`: one per core.
    pub jobs: Option<usize>,
    /// Who looks facts up, and so knows what became of the SBOMs and reports that the caller gave.
    pub evidence: Option<Arc<Source>>,
    /// The folder from which a baseline names files; empty where that is the current one.
    pub baseline_folder: PathBuf,
    /// Whether the caller knows of more to judge than it names here: what did nothing may be needed there.
    pub partial: bool,
    /// Where only what changed is judged: since when.
    pub since: Option<Since>,
    /// Who reports.
    pub tool: Tool,
}

/// What one file came to.
#[derive(Default)]
struct FileResult {
    decisions: Vec<Decision>,
    errors: Vec<InputError>,
    skipped: Vec<Skipped>,
    notices: Vec<String>,
    comparison: Comparison,
}

/// Judges everything that the options name. `advance` is told the number of files after each of them.
pub fn run(gate: &Gate, options: &CheckOptions, advance: &(dyn Fn(usize) + Sync)) -> Report {
    let (gathered, contents) = gather(options);
    let parts = match what_changed(options, &contents) {
        Ok(split) => parts(gate, options, gathered, &contents, split, advance),
        Err(error) => Parts { errors: vec![error], ..Parts::default() },
    };
    Report::new(options.tool.clone(), parts)
}

/// The files that the options name, and what is in them.
fn gather(options: &CheckOptions) -> (Gathered, Vec<FileContent>) {
    let gathered = match options.paths.as_slice() {
        [] if !options.images.is_empty() || !options.artifacts.is_empty() => Gathered::default(),
        paths => inputs::gather(paths, &options.gather),
    };
    let contents = parallel::map(&gathered.files, options.jobs, |file| read::read(file, &options.read));
    (gathered, contents)
}

/// What a report of these files is made of, and of what else the options name.
fn parts(
    gate: &Gate,
    options: &CheckOptions,
    gathered: Gathered,
    contents: &[FileContent],
    split: Split,
    advance: &(dyn Fn(usize) + Sync),
) -> Parts {
    let named = named::subjects(options);
    let surroundings = Surroundings::collect(options, contents);
    let (to_judge, left) = split.of(contents);
    let total = to_judge.len();
    let results = parallel::map(&to_judge, options.jobs, |content| {
        let result = judge_file(gate, options, &surroundings, content);
        advance(total);
        result
    });
    let named = parallel::map(&named, options.jobs, |subject| match subject {
        Ok(review) => named::result(gate, review, judge(gate, review)),
        Err(error) => FileResult { errors: vec![error.clone()], ..FileResult::default() },
    });
    let mut parts = Parts {
        policy_sets: policy_sets(gate),
        rules: rules(gate),
        errors: gathered.errors.into_iter().map(InputError::from).chain(surroundings.errors.clone()).collect(),
        skipped: gathered.skipped,
        waivers: waivers(gate),
        changed_since: split.told,
        ..Parts::default()
    };
    let mut comparison = Comparison::default();
    let mut of_files = Vec::new();
    for result in results.into_iter().chain(named) {
        comparison.extend(result.comparison);
        parts.decisions.extend(result.decisions);
        parts.errors.extend(result.errors);
        parts.skipped.extend(result.skipped);
        of_files.extend(result.notices);
    }
    let sets = gate.sets();
    let untold = notices::untold_warnings(&sets, &parts.decisions);
    parts.notices = [gathered.notices, untold, notices::expired_waivers(&sets, options.time), of_files].concat();
    parts.notices.extend(notices::unused_admission_policies(&sets, &parts.decisions));
    let given = options.evidence.as_ref().map(|source| source.given()).unwrap_or_default();
    parts.notices.extend(given::notices(&sets, &given, &parts.decisions));
    parts.notices.extend(comparison.notices());
    match &mut parts.changed_since {
        Some(since) => {
            since.left_subjects = left.iter().any(|content| surroundings.holds_subject(gate, options, content));
            parts.notices.push(since.words());
        }
        // What is left as it was, or could not be judged, may need what nothing here needed.
        None if options.partial || !parts.errors.is_empty() => {}
        None => parts.notices.extend(notices::idle_waivers(&sets, options.time, &parts.decisions)),
    }
    if let Some((info, told)) = baseline::told(gate, options, &to_judge, &parts.decisions) {
        parts.notices.extend(told);
        parts.baseline = Some(info);
    }
    parts
}

/// Which files are judged, and what is told of those that are left as they were.
struct Split {
    judged: Vec<bool>,
    told: Option<ChangedSince>,
}

impl Split {
    /// The files that are judged, and those that are left.
    fn of<'c>(&self, contents: &'c [FileContent]) -> (Vec<&'c FileContent>, Vec<&'c FileContent>) {
        let (judged, left): (Vec<_>, Vec<_>) = contents.iter().zip(&self.judged).partition(|(_, judged)| **judged);
        let only = |pairs: Vec<(&'c FileContent, &bool)>| pairs.into_iter().map(|(content, _)| content).collect();
        (only(judged), only(left))
    }
}

fn what_changed(options: &CheckOptions, contents: &[FileContent]) -> Result<Split, InputError> {
    let Some(since) = &options.since else { return Ok(Split { judged: vec![true; contents.len()], told: None }) };
    let (judged, told) = changed::split(since, contents, &options.paths, &options.read)?;
    Ok(Split { judged, told: Some(told) })
}

fn judge_file(gate: &Gate, options: &CheckOptions, surroundings: &Surroundings, content: &FileContent) -> FileResult {
    let mut result = FileResult::default();
    let found = surroundings.subjects(gate, options, content);
    result.errors = found.errors;
    result.skipped = found.skipped;
    for (review, record) in found.reviews {
        let review = Arc::new(review);
        let decisions = match &record {
            Some(record) => pollster::block_on(gate.judge_with(&review, &record.facts)),
            None => judge(gate, &review),
        };
        if let Some(record) = &record {
            result.errors.extend(result.comparison.compare(record, &decisions));
        }
        result.decisions.extend(decisions);
    }
    result
}

fn judge(gate: &Gate, review: &Arc<Review>) -> Vec<Decision> {
    pollster::block_on(gate.judge(review))
}

fn policy_sets(gate: &Gate) -> Vec<PolicySetInfo> {
    let info = |set: &portcullis_gate::InstalledSet| PolicySetInfo {
        name: set.loaded.set.name.clone(),
        digest: set.loaded.set.digest.clone(),
    };
    gate.sets().sets.iter().map(info).collect()
}

fn rules(gate: &Gate) -> Vec<RuleInfo> {
    let info = |rule: portcullis_gate::RuleInfo| RuleInfo {
        policy: rule.policy,
        plugin: rule.plugin,
        plugin_version: rule.plugin_version,
        plugin_digest: rule.plugin_digest,
        id: rule.id,
        title: rule.title,
        severity: rule.severity,
        help: Some(rule.help).filter(|help| !help.is_empty()),
    };
    gate.sets().rules().into_iter().map(info).collect()
}

fn waivers(gate: &Gate) -> Vec<WaiverInfo> {
    let info = |waiver: &portcullis_policies::Waiver| WaiverInfo {
        name: waiver.name.clone(),
        owner: waiver.owner.clone(),
        ticket: waiver.ticket.clone(),
        reason: waiver.reason.clone(),
        expires: waiver.expires.clone(),
    };
    gate.sets().waivers.iter().map(info).collect()
}
