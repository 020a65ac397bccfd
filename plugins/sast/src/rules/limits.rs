//! The tools found no more than somebody allowed.

use portcullis_proof::document::Fault;
use portcullis_proof::reading::{count, counted};
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
        "has more results{about} than are allowed: {}{first}{}",
        over.join(", "),
        refused(entry, runs).unwrap_or_else(|| "; mend them, or suppress what is none with a justification".to_owned())
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

/// How many results count although somebody suppressed them, why, and what to do; nothing where there are none.
fn refused(entry: &Entry<'_>, runs: &[Run]) -> Option<String> {
    let sum = |key: &str| -> u64 { runs.iter().filter_map(|run| count(run.node.get(SUPPRESSIONS).find(key))).sum() };
    let many = sum("refused");
    if many == 0 {
        return None;
    }
    let unjustified = sum("unjustified") > 0;
    let why = |key: &str, place: &str, setting: &str, word: &str| match word {
        _ if sum(key) == 0 => None,
        "refuse" => Some(format!("those {place} do not count (`suppressions.{setting}` is `refuse`)")),
        "justified" if unjustified => {
            Some(format!("those {place} count only with a justification (`suppressions.{setting}` is `justified`)"))
        }
        _ => None,
    };
    let mut whys: Vec<String> = Vec::new();
    whys.extend(why("inSource", "in the source", "inSource", entry.in_source));
    whys.extend(why("external", "from elsewhere", "external", entry.external));
    if whys.is_empty() {
        whys.push("theirs are rejected, under review, or of no known kind".to_owned());
    }
    let all = counted(Some(many), "result");
    let verb = if many == 1 { "is" } else { "are" };
    Some(format!("; {all} {verb} suppressed in a way that does not count: {}; mend them", list(&whys, "and")))
}
