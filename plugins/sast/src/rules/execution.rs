//! The tools ran to their end, with rules: an empty list of results is clean only then (A46, A46b).

use portcullis_proof::document::{Document, Fault};
use portcullis_proof::reading::{count, counted, flag};
use portcullis_proof::words::{cut, list, name};
use portcullis_sdk::{Node, Rule, Severity};

use crate::scan::{DISABLED_RULES, EXECUTED, FAILURE_COUNT, FAILURES, LINES, POINTER, RESULTS, RULES, Run, WHAT, sum};
use crate::settings::Entry;

/// A run says that it failed.
pub const FAILED: Rule = Rule::new("scan-failed", Severity::High, "A tool says that its run failed");
/// A run did not look at anything.
pub const EMPTY: Rule = Rule::new("scan-empty", Severity::High, "A run has no results because nothing was looked for");
/// Too many rules are switched off.
pub const DISABLED: Rule = Rule::new("rules-disabled", Severity::Medium, "Too many rules of a tool are switched off");

/// Judges whether the runs succeeded, except for those whose failures are tolerated.
pub fn judge_failures(entry: &Entry<'_>, runs: &[Run]) -> Option<Fault> {
    let failed = |run: &&Run| {
        // One without `results` did not run either, which is a word of its own.
        let ran = flag(run.node.get(EXECUTED)) == Some(true) || count(run.node.get(RESULTS)).is_none();
        let fine = ran && count(run.node.get(FAILURE_COUNT)) == Some(0);
        !fine && !entry.tolerated.iter().any(|tool| run.is_by(tool))
    };
    let failed: Vec<&Run> = runs.iter().filter(failed).collect();
    let first = failed.first()?;
    let failure = first.node.get(FAILURES).at(0);
    let why = match failure.get(WHAT).text() {
        text if text.is_empty() => "it does not say that it succeeded".to_owned(),
        text => match failure.get(POINTER).text() {
            place if place.is_empty() => cut(&text, 400),
            place => format!("{} ({})", cut(&text, 400), name(&place)),
        },
    };
    let many = count(first.node.get(FAILURE_COUNT)).filter(|many| *many > 1);
    let many = many.map_or_else(String::new, |many| format!(", {many} failures in all"));
    let more = if failed.len() > 1 { format!("; and {} more runs like it", failed.len() - 1) } else { String::new() };
    let what = format!(
        "holds a run that failed: {}: {why}{many}{more}; mend the scan, or name the tool in `tolerateFailures`",
        first.shown()
    );
    Some(Fault::new(&FAILED, what).at(if failure.is_none() { first.node } else { failure }))
}

/// Judges whether the runs looked for anything.
pub fn judge_empty(entry: &Entry<'_>, document: &Document, runs: &[Run]) -> Option<Fault> {
    for run in runs {
        let (results, rules) = (count(run.node.get(RESULTS)), count(run.node.get(RULES)));
        // Some tools declare no rule without a result, and say instead how much they looked at.
        let lines = count(run.node.get(LINES));
        let excused = || entry.tools.iter().any(|tool| tool.without_rules && run.is_by(tool.name));
        let what = match (results, rules, lines) {
            (None, ..) => "no `results`, so that the scan did not run",
            (Some(0), _, Some(0)) => "no results because it looked at no line of any source",
            (Some(0), Some(0) | None, None) if !excused() => {
                "neither results nor rules, so that nothing was looked for"
            }
            _ => continue,
        };
        let verb = if document.is_local() { "give" } else { "attest" };
        let besides = match (results, rules, lines) {
            // Not every tool can do more.
            (Some(0), Some(0) | None, None) => {
                format!(
                    ", or write `{{name: {}, withoutRules: accept}}` in `tools` where it never declares any",
                    run.tool.escape_debug()
                )
            }
            _ => String::new(),
        };
        let besides = cut(&besides, 300);
        let what = format!(
            "has in {} {what}; scan the sources with rules, and {verb} what the tool wrote{besides}",
            run.shown()
        );
        return Some(Fault::new(&EMPTY, what).at(run.node));
    }
    None
}

/// Judges how many rules are switched off.
pub fn judge_disabled(entry: &Entry<'_>, runs: &[Run]) -> Option<Fault> {
    let most = entry.max_disabled?;
    let many = sum(runs, |run| run.node.get(DISABLED_RULES));
    if many.is_some_and(|many| many <= most as u64) {
        return None;
    }
    let guilty: Vec<&Run> = runs.iter().filter(|run| count(run.node.get(DISABLED_RULES)) != Some(0)).collect();
    let names: Vec<String> = guilty.iter().map(|run| run.shown()).collect();
    let what = format!(
        "has {} switched off, and {most} are the most (`maxDisabledRules`): {}; switch them on",
        counted(many, "rule"),
        list(&names, "and")
    );
    Some(Fault::new(&DISABLED, what).at(guilty.first().map_or(Node::NONE, |run| run.node)))
}
