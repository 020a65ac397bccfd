//! What judged, what was judged, who answers for what, and what was left aside.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;

use portcullis_model::{Decision, Place, Verdict};

use super::prose;
use crate::markup::{markup, text};
use crate::report::Report;
use crate::words::{count, policy_code_of, several_sets, subject_name};

/// How many rows a table has.
const ROWS: usize = 1_000;

/// A table with a label on every cell, so that a phone can show a row as a card.
struct Table<'a> {
    id: &'a str,
    title: String,
    columns: &'a [&'a str],
    rows: Vec<Vec<String>>,
    /// Whether it is folded at first.
    folded: bool,
}

impl Table<'_> {
    fn write(self, out: &mut String) {
        let Self { id, title, columns, rows, folded } = self;
        if rows.is_empty() {
            return;
        }
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "<section aria-labelledby=\"{id}\">\n<details{}>\n<summary><h2 id=\"{id}\">{title}</h2></summary>\n<div class=\"card scroll\"><table>\n<thead><tr>",
            if folded { "" } else { " open=\"open\"" }
        );
        for column in columns {
            let _ = writeln!(out, "<th scope=\"col\">{column}</th>");
        }
        out.push_str("</tr></thead>\n<tbody>\n");
        for row in rows.iter().take(ROWS) {
            out.push_str("<tr>");
            for (cell, column) in row.iter().zip(columns) {
                let _ = write!(out, "<td data-label=\"{column}\"><span>{cell}</span></td>");
            }
            out.push_str("</tr>\n");
        }
        out.push_str("</tbody>\n</table></div>\n");
        if rows.len() > ROWS {
            let more = rows.len() - ROWS;
            let _ = writeln!(out, "<p class=\"dim\">and {more} more: <code>--format json</code> lists all</p>");
        }
        out.push_str("</details>\n</section>\n");
    }
}

/// Every decision, those that deny in front.
pub(super) fn subjects(out: &mut String, report: &Report) {
    let mut decisions: Vec<&Decision> = report.decisions.iter().collect();
    decisions.sort_by_key(|decision| decision.verdict() == Verdict::Allow);
    let several = several_sets(report);
    let row = |decision: &&Decision| {
        let verdict = match (decision.verdict(), decision.matched()) {
            (Verdict::Deny, _) => "<b class=\"badge e-denied\">denied</b>",
            (Verdict::Allow, true) => "<b class=\"badge ok\">allowed</b>",
            (Verdict::Allow, false) => "<b class=\"badge\">no policy matches</b>",
        };
        let set = if several { format!(" by {}", text(&decision.policy_set)) } else { String::new() };
        let place = decision.subject.place.as_ref().map(Place::to_string).unwrap_or_default();
        vec![
            format!("<b>{}</b>", markup(&subject_name(&decision.subject))),
            format!("{verdict}{set}"),
            decision.mode.to_string(),
            decision.findings.len().to_string(),
            format!("<code>{}</code>", text(&place)),
            format!("<code class=\"digest\">{}</code>", decision.id()),
        ]
    };
    // Ids are hashed for the rows that are shown, and for no other.
    let more = vec![Vec::new(); decisions.len().saturating_sub(ROWS)];
    let rows: Vec<Vec<String>> = decisions.iter().take(ROWS).map(row).chain(more).collect();
    let title = format!("Decisions <span class=\"dim\">({})</span>", rows.len());
    let columns = &["Subject", "Verdict", "Mode", "Findings", "Where", "Decision"];
    Table { id: "decisions", title, columns, rows, folded: true }.write(out);
}

/// Who answers for what, and until when.
pub(super) fn waivers(out: &mut String, report: &Report) {
    let mut used: HashMap<&str, usize> = HashMap::new();
    for judged in report.decisions.iter().flat_map(|decision| &decision.findings) {
        if let Some(waiver) = &judged.waiver {
            *used.entry(waiver).or_default() += 1;
        }
    }
    let row = |waiver: &crate::WaiverInfo| {
        let number = used.get(waiver.name.as_str()).copied().unwrap_or_default();
        let used = if number == 0 { "nothing in this run".to_owned() } else { count(number, "finding") };
        vec![
            format!("<b>{}</b>", text(&waiver.name)),
            text(&waiver.owner),
            text(&waiver.expires),
            text(&waiver.ticket),
            prose(&waiver.reason),
            used,
        ]
    };
    let rows = report.waivers.iter().map(row).collect();
    let columns = &["Waiver", "Owner", "Until", "Ticket", "Reason", "Waives"];
    Table { id: "waivers", title: "Waivers".into(), columns, rows, folded: false }.write(out);
}

/// Who answers for what was there before, and until when.
pub(super) fn baseline(out: &mut String, report: &Report) {
    let row = |baseline: &crate::BaselineInfo| {
        let ended = if baseline.expired { " (expired: it does nothing)" } else { "" };
        vec![
            format!("<b>{}</b>", text(&baseline.name)),
            text(&baseline.owner),
            format!("{}{ended}", text(&baseline.expires)),
            format!("<code>{}</code>", text(&baseline.file)),
            format!("<code class=\"digest\">{}</code>", text(&baseline.digest)),
            baseline.listed.to_string(),
            report.summary.known.to_string(),
            baseline.gone.to_string(),
        ]
    };
    let rows = report.baseline.iter().map(row).collect();
    let columns = &["Baseline", "Owner", "Until", "File", "Digest", "Lists", "Known here", "Gone"];
    Table { id: "baseline", title: "Baseline".into(), columns, rows, folded: false }.write(out);
}

/// What was fixed, and what was not.
pub(super) fn fixes(out: &mut String, report: &Report) {
    let row = |fix: &crate::FixOutcome| {
        // What it says of file, subject and reason is harmless already.
        vec![fix.state.word().to_owned(), format!("<code>{}</code>", text(&fix.code)), prose(&fix.words())]
    };
    let rows: Vec<Vec<String>> = report.fixes.iter().flatten().map(row).collect();
    let title = format!("Fixes <span class=\"dim\">({})</span>", rows.len());
    Table { id: "fixes", title, columns: &["What became of it", "Rule", "Fix"], rows, folded: false }.write(out);
}

/// The sets that judged, by digest.
pub(super) fn policy_sets(out: &mut String, report: &Report) {
    let row = |set: &crate::PolicySetInfo| {
        vec![format!("<b>{}</b>", text(&set.name)), format!("<code class=\"digest\">{}</code>", text(&set.digest))]
    };
    let rows = report.policy_sets.iter().map(row).collect();
    let columns = &["Policy set", "Digest"];
    Table { id: "sets", title: "Policy sets".into(), columns, rows, folded: false }.write(out);
}

/// Every plugin by digest, and every rule that could have spoken, with how often it did.
pub(super) fn rules(out: &mut String, report: &Report) {
    let mut plugins: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut spoke: HashMap<String, usize> = HashMap::new();
    for judged in report.decisions.iter().flat_map(|decision| &decision.findings) {
        *spoke.entry(policy_code_of(judged)).or_default() += 1;
    }
    let mut rows = Vec::new();
    for rule in &report.rules {
        plugins.insert((&rule.plugin, &rule.plugin_digest), &rule.plugin_version);
        let code = rule.code();
        let number = spoke.get(&code).copied().unwrap_or_default().to_string();
        rows.push(vec![format!("<code>{}</code>", text(&code)), prose(&rule.title), rule.severity.to_string(), number]);
    }
    let plugin = |((name, digest), version): (&(&str, &str), &&str)| {
        let digest = format!("<code class=\"digest\">{}</code>", text(digest));
        vec![format!("<b>{}</b>", text(name)), text(version), digest]
    };
    let of_plugins = plugins.iter().map(plugin).collect();
    let columns = &["Plugin", "Version", "Digest"];
    Table { id: "plugins", title: "Plugins".into(), columns, rows: of_plugins, folded: true }.write(out);
    let title = format!("Rules <span class=\"dim\">({})</span>", rows.len());
    let columns = &["Rule", "What it asks for", "Severity", "Findings"];
    Table { id: "rules", title, columns, rows, folded: true }.write(out);
}

/// Things worth knowing that change nothing.
pub(super) fn notes(out: &mut String, report: &Report) {
    let rows = report.notices.iter().map(|notice| vec![prose(notice)]).collect();
    Table { id: "notes", title: "Notes".into(), columns: &["Note"], rows, folded: false }.write(out);
}

/// Files that were not judged because they are plainly something else.
pub(super) fn skipped(out: &mut String, report: &Report) {
    let row = |file: &crate::Skipped| vec![format!("<code>{}</code>", text(&file.path)), prose(&file.reason)];
    let rows: Vec<Vec<String>> = report.skipped.iter().map(row).collect();
    let title = format!("Skipped files <span class=\"dim\">({})</span>", rows.len());
    Table { id: "skipped", title, columns: &["File", "Why"], rows, folded: true }.write(out);
}
