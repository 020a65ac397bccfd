//! Annotations of GitHub Actions: workflow commands in the log of a step.
//!
//! A command is a line `::name key=value,..::data`. Values and data are escaped as GitHub's own toolkit does, after
//! everything that begins a line or a command was made harmless.

use std::fmt::Write;

use crate::escape::plain;
use crate::paths::Folder;
use crate::report::{Report, ReportVerdict};
use crate::statement::{Level, Statement, Weight, statements_worst_first};
use crate::words::{several_sets, subject_name, summary_words};

/// How many annotations of each level GitHub shows of one step.
const SHOWN: usize = 10;
/// The same for notices, of which the last one is the summary.
const NOTICES_SHOWN: usize = SHOWN - 1;

/// The report as workflow commands, worst first. What GitHub would not show follows as plain lines of the log, so that the
/// log holds everything, and the last notice says how many these are.
pub fn github(report: &Report, folder: &Folder) -> String {
    let mut out = String::new();
    let mut rest: Vec<Statement> = Vec::new();
    let mut shown = [0_usize; 3];
    for statement in statements_worst_first(report) {
        let level = statement.weight.level();
        let number = &mut shown[level as usize];
        if *number < if level == Level::Notice { NOTICES_SHOWN } else { SHOWN } {
            *number += 1;
            annotation(&mut out, &statement, report, folder);
        } else {
            rest.push(statement);
        }
    }
    let mut notes: Vec<&String> = Vec::new();
    for notice in &report.notices {
        let number = &mut shown[Level::Notice as usize];
        if *number < NOTICES_SHOWN {
            *number += 1;
            command(&mut out, "notice", &[("title", "note".to_owned())], &[plain(notice).into_owned()]);
        } else {
            notes.push(notice);
        }
    }
    let more = rest.len() + notes.len();
    summary(&mut out, report, more);
    // Lines of the log, like what is no annotation: the words in front keep a stranger's text from beginning one.
    for fix in report.fixes.iter().flatten() {
        let _ = writeln!(out, "{}: {} {}", fix.state.word(), plain(&fix.code), fix.words());
    }
    if more > 0 {
        let _ = writeln!(out, "::group::portcullis: {more} more");
        rest.iter().for_each(|statement| line(&mut out, statement, report, folder));
        // The words in front keep a stranger's text from beginning a line.
        for notice in notes {
            let _ = writeln!(out, "note: {}", plain(notice));
        }
        out.push_str("::endgroup::\n");
    }
    out
}

fn annotation(out: &mut String, statement: &Statement, report: &Report, folder: &Folder) {
    let name = match statement.weight.level() {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Notice => "notice",
    };
    let path = statement.file.and_then(|file| folder.path_of(file));
    let mut properties = Vec::new();
    if let Some(path) = &path {
        properties.push(("file", plain(path).into_owned()));
        properties.extend(region(statement));
    }
    properties.push(("title", title(statement)));
    let mut lines = vec![plain(statement.message).into_owned()];
    lines.extend(statement.help().map(|help| format!("help: {help}")));
    lines.extend(statement.answered_by(report).map(|(word, by)| format!("{word} {by}")));
    lines.extend(about(statement, report, path.is_none()));
    command(out, name, &properties, &lines);
}

/// GitHub takes columns only where they are of one line.
fn region(statement: &Statement) -> Vec<(&'static str, String)> {
    let (Some((place, _)), Some((first, last))) = (statement.place, statement.lines()) else { return Vec::new() };
    let mut region = vec![("line", first.to_string()), ("endLine", last.to_string())];
    if first == last {
        let (column, (end_line, end)) = (place.start().1, place.end());
        region.push(("col", column.to_string()));
        region.extend((end_line == first).then(|| ("endColumn", end.max(column).to_string())));
    }
    region
}

/// `denied: resource-limits/cpu-limit-max (high)`.
fn title(statement: &Statement) -> String {
    let code = plain(&statement.code);
    let word = statement.weight.word();
    match (statement.severity, statement.weight) {
        (Some(severity), _) => format!("{word}: {code} ({severity})"),
        (None, Weight::InputError) => "error in the input".to_owned(),
        (None, Weight::Note) => word.to_owned(),
        (None, _) => match statement.policy {
            Some(policy) => format!("{word}: policy {}", plain(policy)),
            None => word.to_owned(),
        },
    }
}

/// What is spoken of, and where, if GitHub cannot show that.
fn about(statement: &Statement, report: &Report, without_file: bool) -> Option<String> {
    let place =
        || statement.place.map_or_else(|| statement.file.map(str::to_owned), |(place, _)| Some(place.to_string()));
    let at = place().filter(|_| without_file).map(|at| format!(" at {}", plain(&at))).unwrap_or_default();
    let Some(decision) = statement.decision else { return (!at.is_empty()).then(|| at.trim_start().to_owned()) };
    let set = if several_sets(report) { format!(", set {}", plain(&decision.policy_set)) } else { String::new() };
    Some(format!("{} ({}{set}){at}", subject_name(&decision.subject), decision.mode))
}

/// The last notice: how it ended, and what GitHub does not show.
fn summary(out: &mut String, report: &Report, more: usize) {
    let word = match report.verdict {
        ReportVerdict::Allow => "allowed",
        ReportVerdict::Deny => "denied",
        ReportVerdict::Error => "error",
    };
    let mut lines = vec![format!("{word}  {}", summary_words(report))];
    if more > 0 {
        lines.push(format!("{more} more are not shown as annotations, of which GitHub shows {SHOWN} of each level; the log has all of them"));
    }
    command(out, "notice", &[("title", "portcullis".to_owned())], &lines);
}

/// One line of the log for what is no annotation.
fn line(out: &mut String, statement: &Statement, report: &Report, folder: &Folder) {
    let path = statement.file.and_then(|file| folder.path_of(file));
    let at = match (&path, statement.place) {
        (Some(path), Some((place, _))) => format!("{}:{}: ", plain(path), place.start().0),
        (Some(path), None) => format!("{}: ", plain(path)),
        (None, _) => String::new(),
    };
    let about = about(statement, report, path.is_none()).map_or_else(String::new, |about| format!(" [{about}]"));
    let text = format!("{} {at}{}{about}", title(statement), plain(statement.message));
    out.push_str(text.trim_end());
    out.push('\n');
}

fn command(out: &mut String, name: &str, properties: &[(&str, String)], lines: &[String]) {
    let properties: Vec<String> = properties.iter().map(|(key, value)| format!("{key}={}", property(value))).collect();
    let data: Vec<String> = lines.iter().map(|line| data(line)).collect();
    // Our own line breaks are the only ones: `%0A` is what the runner makes one of.
    let _ = writeln!(out, "::{name} {}::{}", properties.join(","), data.join("%0A"));
}

/// What stands after the second `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands behind a `key=`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_as_the_toolkit_does() {
        assert_eq!(data("50%\r\n::x"), "50%25%0D%0A::x");
        assert_eq!(property("a%0A, b: c::d"), "a%250A%2C b%3A c%3A%3Ad");
    }
}
