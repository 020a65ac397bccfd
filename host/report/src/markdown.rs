//! A summary for the comment on a change, or for the page of a job.
//!
//! GitHub flavoured Markdown, as GitHub, GitLab and Gitea show it: what came out, a table of the rules that spoke, and the
//! findings folded away, worst first.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::markdown_text::{code, prose};
use crate::report::{Report, ReportVerdict};
use crate::statement::{Statement, Weight, statements_worst_first};
use crate::words::{count, several_sets, subject_name, summary_words};

/// The longest summary, in bytes: GitHub takes no comment of more than 65,536 characters, and 1 MiB for a job's page.
pub const MARKDOWN_BYTES: usize = 65_000;
/// What the end of a summary may take of that: the notes, the policy sets, and how many findings are left out.
const ENDING_BYTES: usize = 8_000;
/// The longest cell, in characters.
const CELL: usize = 600;
/// How many rules have a row of their own.
const RULES_SHOWN: usize = 50;
/// How many notes, skipped files and policy sets are told.
const ASIDES_SHOWN: usize = 10;

/// The report as Markdown, never longer than [`MARKDOWN_BYTES`].
pub fn markdown(report: &Report) -> String {
    let statements = statements_worst_first(report);
    let ending = ending(report);
    let mut page = Page { out: String::new(), room: MARKDOWN_BYTES - ending.len() };
    page.heading(report);
    page.rules(&statements, report.baseline.is_some());
    let several = several_sets(report);
    let mut rest = statements.as_slice();
    while let Some(first) = rest.first() {
        let section = Section::of(first.weight);
        let (these, others) = rest.split_at(rest.partition_point(|one| Section::of(one.weight) <= section));
        page.section(section, these, report, several);
        rest = others;
    }
    page.out + &ending
}

/// The parts of the summary, in its order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Unjudged,
    Denied,
    Warnings,
    Waived,
    Known,
    Recorded,
}

impl Section {
    fn of(weight: Weight) -> Self {
        match weight {
            Weight::InputError | Weight::NotJudged => Self::Unjudged,
            Weight::Denied => Self::Denied,
            Weight::NotJudgedWarns | Weight::Warning => Self::Warnings,
            Weight::Waived => Self::Waived,
            Weight::Known => Self::Known,
            Weight::Audit | Weight::Shadow | Weight::Note => Self::Recorded,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Unjudged => "Not judged",
            Self::Denied => "Denied",
            Self::Warnings => "Warnings",
            Self::Waived => "Waived",
            Self::Known => "Known",
            Self::Recorded => "For the record",
        }
    }
}

struct Page {
    out: String,
    /// How long it may become.
    room: usize,
}

impl Page {
    fn heading(&mut self, report: &Report) {
        let (mark, word) = match report.verdict {
            ReportVerdict::Allow => ("✅", "allowed"),
            ReportVerdict::Deny => ("❌", "denied"),
            ReportVerdict::Error => ("⚠️", "error"),
        };
        // Writing to a String cannot fail.
        let _ = writeln!(self.out, "## {mark} Portcullis: {word}\n\n{}\n", summary_words(report));
    }

    /// One row for each rule of a policy that spoke, worst first. What is known has a column where there is a baseline.
    fn rules(&mut self, statements: &[Statement], baseline: bool) {
        let mut rows: Vec<Row> = Vec::new();
        let mut index = BTreeMap::new();
        for statement in statements.iter().filter(|one| !matches!(one.weight, Weight::InputError | Weight::Note)) {
            let key = (statement.policy.unwrap_or_default(), statement.code.as_str());
            let at = *index.entry(key).or_insert_with(|| {
                rows.push(Row::of(statement));
                rows.len() - 1
            });
            rows[at].count(statement);
        }
        if rows.is_empty() {
            return;
        }
        let (known, bar) = if baseline { ("Known | ", "--:|") } else { ("", "") };
        let _ = writeln!(self.out, "| Rule | Severity | Denied | Warnings | Waived | {known}Others |");
        let _ = writeln!(self.out, "|---|---|--:|--:|--:|{bar}--:|");
        for row in rows.iter().take(RULES_SHOWN) {
            let line = row.line(baseline);
            if self.out.len() + line.len() > self.room {
                break;
            }
            self.out.push_str(&line);
        }
        if rows.len() > RULES_SHOWN {
            let _ = writeln!(self.out, "\nand {} more rules", rows.len() - RULES_SHOWN);
        }
        self.out.push('\n');
    }

    fn section(&mut self, section: Section, statements: &[Statement], report: &Report, several_sets: bool) {
        let opening = format!(
            "<details>\n<summary><b>{}</b> ({})</summary>\n\n| Rule | What | Where |\n|---|---|---|\n",
            section.title(),
            statements.len()
        );
        let closing = "\n</details>\n\n";
        // Room for the sentence that says how many are left out.
        let room = self.room.saturating_sub(closing.len() + 100);
        let mut shown = 0;
        if self.out.len() + opening.len() < room {
            self.out.push_str(&opening);
            for statement in statements {
                let line = line(statement, report, several_sets);
                if self.out.len() + line.len() > room {
                    break;
                }
                self.out.push_str(&line);
                shown += 1;
            }
            if shown < statements.len() {
                let more = statements.len() - shown;
                let _ = writeln!(self.out, "\nand {more} more (`--format json` lists all)");
            }
            self.out.push_str(closing);
        } else {
            let text = format!("**{}** ({}): `--format json` lists them\n\n", section.title(), statements.len());
            // Six sections at most, and each of these lines is shorter than what the ending leaves free.
            self.out.push_str(&text);
        }
    }
}

/// A rule of a policy, and how often it said what.
struct Row {
    rule: String,
    severity: &'static str,
    denied: usize,
    warnings: usize,
    waived: usize,
    known: usize,
    others: usize,
}

impl Row {
    fn of(statement: &Statement) -> Self {
        Self {
            rule: rule(statement),
            severity: statement.severity.map_or("", |severity| severity.as_str()),
            denied: 0,
            warnings: 0,
            waived: 0,
            known: 0,
            others: 0,
        }
    }

    fn count(&mut self, statement: &Statement) {
        match statement.weight {
            Weight::InputError | Weight::NotJudged | Weight::Denied => self.denied += 1,
            Weight::NotJudgedWarns | Weight::Warning => self.warnings += 1,
            Weight::Waived => self.waived += 1,
            Weight::Known => self.known += 1,
            Weight::Audit | Weight::Shadow | Weight::Note => self.others += 1,
        }
    }

    fn line(&self, baseline: bool) -> String {
        let number = |number: usize| if number == 0 { String::new() } else { number.to_string() };
        let [denied, warnings, waived, known, others] =
            [self.denied, self.warnings, self.waived, self.known, self.others].map(number);
        let (rule, severity) = (&self.rule, self.severity);
        let known = if baseline { format!("{known} | ") } else { String::new() };
        format!("| {rule} | {severity} | {denied} | {warnings} | {waived} | {known}{others} |\n")
    }
}

/// One statement as a row.
fn line(statement: &Statement, report: &Report, several_sets: bool) -> String {
    let severity = statement.severity.map_or_else(String::new, |severity| format!("<br>{severity}"));
    let mut what = prose(&cut(statement.message));
    if let Some(help) = statement.help() {
        what += &format!("<br>help: {}", prose(&cut(&help)));
    }
    if let Some((word, by)) = statement.answered_by(report) {
        what += &format!("<br>{word} {}", prose(&cut(&by)));
    }
    let mut at = Vec::new();
    if let Some(decision) = statement.decision {
        let set = if several_sets { format!(", set {}", code(&cut(&decision.policy_set))) } else { String::new() };
        at.push(format!("{} ({}{set})", code(&cut(&subject_name(&decision.subject))), decision.mode));
    }
    let place = statement.place.map(|(place, _)| format!("{}:{}", cut(place.file()), place.start().0));
    if let Some(place) = place.or_else(|| statement.file.map(cut)) {
        at.push(code(&place));
    }
    format!("| {}{severity} | {what} | {} |\n", rule(statement), at.join("<br>"))
}

/// The code, which says by itself whose rule was broken; what was not judged has one for all policies.
fn rule(statement: &Statement) -> String {
    let policy = statement.policy.filter(|_| statement.judged.is_none());
    let policy = policy.map_or_else(String::new, |policy| format!("<br>policy {}", code(&cut(policy))));
    code(&cut(&statement.code)) + &policy
}

/// What judged, what was left aside, and what is worth knowing; bounded by itself.
fn ending(report: &Report) -> String {
    let mut out = String::new();
    let mut list = |title: &str, items: Vec<String>| {
        if items.is_empty() {
            return;
        }
        let _ = writeln!(out, "{title}\n");
        let mut shown = 0;
        for item in items.iter().take(ASIDES_SHOWN) {
            if out.len() + item.len() > ENDING_BYTES - 1_000 {
                break;
            }
            let _ = writeln!(out, "- {item}");
            shown += 1;
        }
        if shown < items.len() {
            let _ = writeln!(out, "- and {} more (`--format json` lists all)", items.len() - shown);
        }
        out.push('\n');
    };
    let fixes = report.fixes.iter().flatten();
    let fixes =
        fixes.map(|fix| format!("{}: {} {}", fix.state.word(), code(&cut(&fix.code)), prose(&cut(&fix.words()))));
    list("Fixes:", fixes.collect());
    list("Notes:", report.notices.iter().map(|notice| prose(&cut(notice))).collect());
    let skipped =
        report.skipped.iter().map(|file| format!("{}: {}", code(&cut(&file.path)), prose(&cut(&file.reason))));
    list(&format!("Skipped {}:", count(report.skipped.len(), "file")), skipped.collect());
    let sets = report.policy_sets.iter().map(|set| format!("{} {}", code(&cut(&set.name)), code(&cut(&set.digest))));
    list("Policy sets:", sets.collect());
    let commit =
        if report.tool.commit.is_empty() { String::new() } else { format!(" ({})", code(&report.tool.commit)) };
    let _ = writeln!(out, "Judged by portcullis {}{commit}", code(&report.tool.version));
    out
}

/// At most [`CELL`] characters.
fn cut(text: &str) -> String {
    match text.char_indices().nth(CELL) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
