//! Every tool that must have looked did, in a version and with the rules that somebody chose (A46b).

use portcullis_proof::document::Fault;
use portcullis_proof::reading::is_at_least;
use portcullis_proof::words::{list, name, similar};
use portcullis_sdk::{Kind, Rule, Severity};

use crate::scan::{AUTOMATION_ID, MISSING_RULES, Run};
use crate::settings::{Entry, Tool};

/// There is no run of a tool, or none as it must be.
pub const MISSING: Rule = Rule::new(
    "tool-missing",
    Severity::High,
    "A tool that must have scanned the sources did not, or without its rules",
);
/// All runs of a tool are by versions that are too old.
pub const OUTDATED: Rule = Rule::new("tool-outdated", Severity::Medium, "A tool that scanned the sources is too old");

/// How many other tools a message names: of all reports together.
const MOST_NAMED: usize = 10;

/// Judges every tool that is asked for; `beside` are runs of reports that break another rule.
pub fn judge(entry: &Entry<'_>, runs: &[Run], beside: &[Run]) -> Vec<Fault> {
    let told = if entry.need.all { ", told below" } else { "" };
    let hint = |tool: &Tool<'_>| match beside.iter().find(|run| run.is_by(tool.name)) {
        Some(run) => format!("; there is a report of {}, and it breaks a rule{told}", name(&run.tool)),
        None => String::new(),
    };
    let lacking = |tool: &Tool<'_>| lacking(tool, runs).map(|fault| Fault { what: fault.what + &hint(tool), ..fault });
    entry.tools.iter().filter_map(lacking).collect()
}

/// The tools that did run, each once, and what to do about that.
fn others(tool: &Tool<'_>, runs: &[Run]) -> String {
    let mut there: Vec<&str> = Vec::new();
    for run in runs {
        if !there.contains(&run.tool.as_str()) {
            there.push(&run.tool);
        }
    }
    let more = there.len().saturating_sub(MOST_NAMED);
    let mut named: Vec<String> = there.iter().take(MOST_NAMED).map(|one| name(one)).collect();
    if more > 0 {
        named.push(format!("{more} more"));
    }
    let last = named.pop().unwrap_or_default();
    let named = if named.is_empty() { last } else { format!("{} and {last}", named.join(", ")) };
    let meant = match similar(tool.name, &there) {
        Some(near) => format!("write {} if that is meant, or ", name(near)),
        None => String::new(),
    };
    format!("{named}; {meant}scan with it, too (`tools`)")
}

fn lacking(tool: &Tool<'_>, runs: &[Run]) -> Option<Fault> {
    let asked = name(tool.name);
    let own: Vec<&Run> = runs.iter().filter(|run| run.is_by(tool.name)).collect();
    let Some(any) = own.first() else {
        let what = format!("holds no run of {asked}, only of {}", others(tool, runs));
        return Some(Fault::new(&MISSING, what));
    };
    let named: Vec<&&Run> = own
        .iter()
        .filter(|run| tool.automation.is_empty() || run.node.get(AUTOMATION_ID).text() == tool.automation)
        .collect();
    if named.is_empty() {
        let found = name(&any.node.get(AUTOMATION_ID).text());
        let what = format!(
            "holds no run of {asked} whose `automationDetails.id` is {}, but {found}; scan with it as that",
            name(tool.automation)
        );
        return Some(Fault::new(&MISSING, what).at(any.node));
    }
    let fresh: Vec<&&&Run> =
        named.iter().filter(|run| tool.version.is_empty() || is_at_least(&run.version, tool.version)).collect();
    if fresh.is_empty() {
        let found: Vec<String> = named.iter().map(|run| name(&run.version)).collect();
        let what = format!(
            "was made by {asked} {}, and {} is the oldest that counts (`minVersion`); update it and scan again",
            list(&found, "and"),
            name(tool.version)
        );
        return Some(Fault::new(&OUTDATED, what).at(named[0].node));
    }
    let missing = |run: &Run| -> Option<Vec<String>> {
        let rules = run.node.get(MISSING_RULES);
        if tool.rules.is_empty() {
            return Some(Vec::new());
        }
        // Of the rules that were asked of any tool of this name.
        let there = rules.items().map(|rule| rule.text()).filter(|rule| tool.rules.contains(&rule.as_str()));
        (rules.kind() == Kind::List).then(|| there.map(|rule| name(&rule)).collect())
    };
    let lacks: Vec<Option<Vec<String>>> = fresh.iter().map(|run| missing(run)).collect();
    if lacks.iter().flatten().any(Vec::is_empty) {
        return None;
    }
    let rules = match lacks.into_iter().flatten().min_by_key(Vec::len) {
        Some(rules) => list(&rules, "and"),
        None => "the rules that are asked for, as far as anybody knows".to_owned(),
    };
    let what = format!("was made by {asked} without {rules}; switch these on and scan again (`tools`)");
    Some(Fault::new(&MISSING, what).at(fresh[0].node))
}
