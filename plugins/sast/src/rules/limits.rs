//! The tools found no more than somebody allowed.

use portcullis_proof::document::Fault;
use portcullis_proof::reading::count;
use portcullis_proof::words::{cut, list, name};
use portcullis_sdk::{Node, Rule, Severity};

use crate::scan::{FILE, FIRST, LINE, POINTER, RULE, Run, SCOPES, SEVERITY, SUPPRESSIONS, results};
use crate::settings::{Entry, Limit, SEVERITIES};

/// More results of a severity than are allowed.
pub const TOO_MANY: Rule = Rule::new("too-many-results", Severity::High, "A scan found more than is allowed");

/// How many results a message names.
const MOST_NAMED: usize = 3;

/// Judges every limit.
pub fn judge(entry: &Entry<'_>, runs: &[Run]) -> Vec<Fault> {
    (0..).zip(&entry.limits).filter_map(|(scope, limit)| exceeded(entry, limit, runs, scope)).collect()
}

fn exceeded(entry: &Entry<'_>, limit: &Limit, runs: &[Run], scope: u32) -> Option<Fault> {
    let mut over: Vec<String> = Vec::new();
    let mut severities: Vec<&str> = Vec::new();
    for (severity, most) in SEVERITIES.into_iter().zip(&limit.most) {
        let Some(most) = most else { continue };
        match results(entry, runs, scope, severity) {
            Some(many) if many <= *most as u64 => {}
            Some(many) => {
                over.push(format!("{many} {severity} ({most} allowed)"));
                severities.push(severity);
            }
            None => over.push(format!("an unknown number of {severity} ({most} allowed)")),
        }
    }
    if over.is_empty() {
        return None;
    }
    let mut found: Vec<Node> = runs.iter().flat_map(|run| run.node.get(SCOPES).at(scope).get(FIRST).items()).collect();
    found.retain(|result| severities.contains(&result.get(SEVERITY).text().as_str()));
    found.sort_by_key(|result| SEVERITIES.iter().position(|severity| *severity == result.get(SEVERITY).text()));
    let named: Vec<String> = found.iter().take(MOST_NAMED).map(|result| shown(*result)).collect();
    let first = if named.is_empty() { String::new() } else { format!(", first {}", list(&named, "and")) };
    let about = if limit.about.is_empty() { String::new() } else { format!(" in {}", name(&limit.about)) };
    let what = format!(
        "has more results{about} than are allowed: {}{first}{}; mend them, or suppress what is none with a justification",
        over.join(", "),
        refused(runs)
    );
    Some(Fault::new(&TOO_MANY, what).at(found.first().copied().unwrap_or(Node::NONE)))
}

/// A result and its place: `src/app.py:12` `py/sql-injection`.
fn shown(result: Node) -> String {
    let (file, line) = (result.get(FILE).text(), result.get(LINE).number_text());
    let place = match (file.is_empty(), line.is_empty()) {
        (true, _) => result.get(POINTER).text(),
        (false, true) => file,
        (false, false) => format!("{}:{line}", cut(&file, 120)),
    };
    format!("{} {}", name(&place), name(&result.get(RULE).text()))
}

/// How many results count although somebody suppressed them.
fn refused(runs: &[Run]) -> String {
    let many: u64 = runs.iter().filter_map(|run| count(run.node.get(SUPPRESSIONS).find("refused"))).sum();
    if many == 0 {
        String::new()
    } else {
        format!("; {many} are suppressed in a way that does not count (`suppressions`)")
    }
}
