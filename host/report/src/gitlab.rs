//! GitLab's Code Quality report.
//!
//! A list of `description`, `check_name`, `fingerprint`, `severity` and `location` with `path` and `lines.begin`; GitLab
//! drops an entry without one of them, so whatever has no file in the repository has its subject's path instead.

use portcullis_model::{Severity, sha256_hex};
use serde::Serialize;

use crate::escape::plain;
use crate::fingerprint::{Seen, fingerprint};
use crate::json_text::{Listed, json_text};
use crate::paths::Folder;
use crate::report::Report;
use crate::statement::{Statement, Weight, statements};
use crate::words::{policy_words, several_sets, subject_name, subject_path};

/// Where an error stands that belongs to no file.
const NOWHERE: &str = "portcullis";

/// The report as a Code Quality report, indented, with a line break at its end. Notes and skipped files have no place in it.
pub fn gitlab(report: &Report, folder: &Folder) -> String {
    let several = several_sets(report);
    json_text(&Listed(|| {
        let mut seen = Seen::default();
        let told = statements(report).into_iter().filter(|statement| statement.weight != Weight::Note);
        told.map(move |statement| Issue::of(&statement, report, several, folder, &mut seen))
    }))
}

#[derive(Serialize)]
struct Issue {
    // In front, because the command knows a report of ours by its beginning.
    check_name: String,
    description: String,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

impl Issue {
    fn of(statement: &Statement, report: &Report, several_sets: bool, folder: &Folder, seen: &mut Seen) -> Self {
        let path = statement.file.and_then(|file| folder.path_of(file)).map(|path| plain(&path).into_owned());
        let instead =
            || statement.decision.map_or_else(|| NOWHERE.to_owned(), |one| plain(&subject_path(one)).into_owned());
        let (begin, end) = statement.lines().unwrap_or((1, 1));
        Self {
            check_name: plain(&statement.code).into_owned(),
            description: description(statement, report, several_sets),
            fingerprint: fingerprint_of(statement, seen),
            severity: severity(statement),
            location: Location { path: path.unwrap_or_else(instead), lines: Lines { begin, end } },
        }
    }
}

/// `denied: container `app` has no memory limit (Deployment shop/web, policy limits)`.
fn description(statement: &Statement, report: &Report, several_sets: bool) -> String {
    let mut text = format!("{}: {}", statement.weight.word(), plain(statement.message));
    if let Some(help) = statement.help() {
        text += &format!("; {help}");
    }
    if let Some((word, by)) = statement.answered_by(report) {
        text += &format!("; {word} {by}");
    }
    if let Some(decision) = statement.decision {
        let set = several_sets.then_some(decision.policy_set.as_str());
        let policy = statement.policy.map_or_else(String::new, |policy| format!(", {}", policy_words(policy, set)));
        text += &format!(" ({}{policy})", subject_name(&decision.subject));
    }
    text
}

/// The same while the statement stays the same, whatever line it moves to.
fn fingerprint_of(statement: &Statement, seen: &mut Seen) -> String {
    let text = match (statement.decision, statement.judged) {
        (Some(decision), Some(judged)) => fingerprint(decision, judged, seen),
        (decision, _) => {
            let subject = decision.map(|decision| seen.subject(decision)).unwrap_or_default();
            let parts = [
                statement.code.as_str(),
                statement.message,
                statement.policy.unwrap_or_default(),
                statement.file.unwrap_or_default(),
                decision.map_or("", |decision| &decision.policy_set),
                &subject,
            ];
            let key = parts.map(|part| format!("{}:{part}", part.len())).concat();
            let number = seen.count(&key);
            format!("{key}:{number}")
        }
    };
    sha256_hex(text.as_bytes()).replace("sha256:", "")
}

/// The severities in order. What was not judged is never less than what could have been found; what denies nothing because
/// somebody answers for it, or because nobody enforces it yet, is only told.
fn severity(statement: &Statement) -> &'static str {
    match (statement.weight, statement.severity) {
        (Weight::InputError | Weight::NotJudged, _) => "blocker",
        (Weight::NotJudgedWarns, _) => "major",
        (Weight::Waived | Weight::Known | Weight::Audit | Weight::Shadow | Weight::Note, _) => "info",
        (Weight::Denied | Weight::Warning, severity) => match severity {
            Some(Severity::Critical) => "blocker",
            Some(Severity::High) => "critical",
            Some(Severity::Medium) => "major",
            Some(Severity::Low) => "minor",
            Some(Severity::Info) | None => "info",
        },
    }
}
