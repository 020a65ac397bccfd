//! The findings as cards, worst first, and the check boxes that choose among them.

use std::collections::BTreeSet;
use std::fmt::Write;

use portcullis_model::Severity;

use super::prose;
use crate::excerpt::{Excerpt, unseen};
use crate::markup::{markup, text};
use crate::report::Report;
use crate::sarif_text::is_web_address;
use crate::statement::{Statement, Weight};
use crate::words::{several_sets, subject_name};

/// How many cards the page has; the charts count all.
const FINDINGS_SHOWN: usize = 2_000;
/// How many errors of the input have a card.
const ERRORS_SHOWN: usize = 200;
/// How many policies have a check box of their own; the others share the last one.
const POLICIES: usize = 40;
/// The columns of a quoted line.
const COLUMNS: usize = 100;

/// The effects of what a filter may hide, as classes and as words; what is not judged is one of them.
const EFFECTS: [(&str, &str); 7] = [
    ("unjudged", "not judged"),
    ("denied", "denied"),
    ("warning", "warnings"),
    ("waived", "waived"),
    ("known", "known"),
    ("record", "audit and shadow"),
    ("note", "notes"),
];

fn effect(weight: Weight) -> &'static str {
    match weight {
        Weight::InputError => "error",
        Weight::NotJudged | Weight::NotJudgedWarns => "unjudged",
        Weight::Denied => "denied",
        Weight::Warning => "warning",
        Weight::Waived => "waived",
        Weight::Known => "known",
        Weight::Audit | Weight::Shadow => "record",
        Weight::Note => "note",
    }
}

/// The policies that spoke, each with the number of its check box.
pub(super) struct Policies<'a>(Vec<&'a str>);

impl<'a> Policies<'a> {
    pub(super) fn of(statements: &[Statement<'a>]) -> Self {
        let names: BTreeSet<&str> = statements.iter().filter_map(|statement| statement.policy).collect();
        Self(names.into_iter().collect())
    }

    /// The rules that hide what a policy said while its box is empty: numbers only, no name is part of a style sheet.
    pub(super) fn style(&self) -> String {
        let rule = |at| format!("body:has(#p-{at}:not(:checked)) .p-{at}{{display:none}}\n");
        (0..self.0.len().min(POLICIES)).map(rule).collect()
    }

    fn number(&self, policy: &str) -> usize {
        self.0.binary_search(&policy).unwrap_or_default().min(POLICIES - 1)
    }

    fn boxes(&self) -> Vec<(String, String)> {
        let shared = self.0.len().saturating_sub(POLICIES - 1);
        let name = |(at, name): (usize, &&str)| match (at == POLICIES - 1, shared) {
            (true, 2..) => (format!("p-{at}"), format!("{shared} more policies")),
            _ => (format!("p-{at}"), text(name)),
        };
        self.0.iter().take(POLICIES).enumerate().map(name).collect()
    }
}

/// What could not be used: no findings, and nothing that a filter should hide.
pub(super) fn errors(out: &mut String, report: &Report, errors: &[Statement], policies: &Policies) {
    if errors.is_empty() {
        return;
    }
    out.push_str(
        "<section aria-labelledby=\"errors\">\n<h2 id=\"errors\">Errors in the input</h2>\n<ol class=\"cards\">\n",
    );
    errors.iter().take(ERRORS_SHOWN).for_each(|error| card(out, error, report, false, policies));
    out.push_str("</ol>\n");
    if let Some(more) = errors.len().checked_sub(ERRORS_SHOWN).filter(|&more| more > 0) {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "<p class=\"dim\">and {more} more: <code>--format json</code> lists all</p>");
    }
    out.push_str("</section>\n");
}

/// The section with the filters and the cards.
pub(super) fn findings(out: &mut String, report: &Report, statements: &[Statement], policies: &Policies) {
    out.push_str("<section aria-labelledby=\"findings\">\n<h2 id=\"findings\">Findings</h2>\n");
    if statements.is_empty() {
        let nothing = if report.decisions.is_empty() { "Nothing was judged." } else { "Nothing was found." };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "<p class=\"card empty\">{nothing}</p>\n</section>");
        return;
    }
    let shown = &statements[..statements.len().min(FINDINGS_SHOWN)];
    out.push_str("<div class=\"found\">\n");
    filters(out, shown, policies);
    out.push_str("<div class=\"list\">\n<ol class=\"cards\">\n");
    let several = several_sets(report);
    shown.iter().for_each(|statement| card(out, statement, report, several, policies));
    // The number is counted by the style sheet, so it stands behind what it counts. Writing to a String cannot fail.
    let _ = writeln!(out, "</ol>\n<p class=\"shown\"> of {} shown</p>", statements.len());
    if shown.len() < statements.len() {
        let more = statements.len() - shown.len();
        let _ = writeln!(
            out,
            "<p class=\"card empty\">{more} more have no card here, none of them worse than these: <code>--format json</code> lists all, and the charts count them.</p>"
        );
    }
    out.push_str("</div>\n</div>\n</section>\n");
}

fn filters(out: &mut String, statements: &[Statement], policies: &Policies) {
    let effects: BTreeSet<&str> = statements.iter().map(|statement| effect(statement.weight)).collect();
    let severities: BTreeSet<Severity> = statements.iter().filter_map(|statement| statement.severity).collect();
    let of_effect = EFFECTS.into_iter().filter(|(class, _)| effects.contains(class));
    let of_severity = severities.into_iter().rev().map(|severity| (format!("s-{severity}"), severity.to_string()));
    out.push_str("<form class=\"filters card\" aria-label=\"Filters\">\n");
    boxes(out, "Effect", of_effect.map(|(class, word)| (format!("e-{class}"), word.to_owned())).collect());
    boxes(out, "Severity", of_severity.collect());
    boxes(out, "Policy", policies.boxes());
    out.push_str("<input type=\"reset\" value=\"Show all\"/>\n</form>\n");
}

fn boxes(out: &mut String, legend: &str, all: Vec<(String, String)>) {
    if all.is_empty() {
        return;
    }
    // Writing to a String cannot fail.
    let _ = writeln!(out, "<fieldset><legend>{legend}</legend>");
    for (id, name) in all {
        let _ = writeln!(
            out,
            "<label for=\"{id}\"><input type=\"checkbox\" id=\"{id}\" checked=\"checked\" autocomplete=\"off\"/> {name}</label>"
        );
    }
    out.push_str("</fieldset>\n");
}

fn card(out: &mut String, statement: &Statement, report: &Report, several_sets: bool, policies: &Policies) {
    let mut classes = format!("card f e-{}", effect(statement.weight));
    if let Some(severity) = statement.severity {
        classes += &format!(" s-{severity}");
    }
    if let Some(policy) = statement.policy {
        classes += &format!(" p-{}", policies.number(policy));
    }
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "<li class=\"{classes}\"><div class=\"in\">\n<p class=\"what\"><b class=\"badge\">{}</b> ",
        statement.weight.word()
    );
    if let Some(severity) = statement.severity {
        let _ = write!(out, "<span class=\"severity\">{severity}</span> ");
    }
    let _ = writeln!(out, "{}</p>\n<h3>{}</h3>", code(statement, report), prose(statement.message));
    about(out, statement, several_sets);
    excerpt(out, statement);
    if let Some(help) = statement.help() {
        let _ = writeln!(out, "<p class=\"aside\"><b>Help</b> {}</p>", prose(&help));
    }
    if statement.judged.is_some_and(|judged| judged.existing) {
        out.push_str("<p class=\"aside\"><b>Note</b> the object had this before the update</p>\n");
    }
    if let Some((word, by)) = statement.answered_by(report) {
        let word = if word == "known" { "Known" } else { "Waived" };
        let _ = writeln!(out, "<p class=\"aside\"><b>{word}</b> {}</p>", prose(&by));
    }
    out.push_str("</div></li>\n");
}

/// The finding code, as a link where the plugin says what explains it.
fn code(statement: &Statement, report: &Report) -> String {
    let shown = text(&statement.code);
    let rule = statement.judged.and_then(|judged| report.rules.iter().find(|rule| rule.found(judged)));
    match rule.and_then(|rule| rule.help.as_deref()).filter(|help| is_web_address(help)) {
        Some(help) => {
            format!("<a rel=\"noopener noreferrer nofollow\" href=\"{}\"><code>{shown}</code></a>", text(help))
        }
        None => format!("<code>{shown}</code>"),
    }
}

/// What is spoken of, and where it stands.
fn about(out: &mut String, statement: &Statement, several_sets: bool) {
    let mut parts = Vec::new();
    if let Some(decision) = statement.decision {
        parts.push(format!("<b>{}</b> ({})", markup(&subject_name(&decision.subject)), decision.mode));
    }
    match (statement.place, statement.file) {
        (Some((place, _)), _) => parts.push(format!("<code>{}</code>", text(&place.to_string()))),
        (None, Some(file)) => parts.push(format!("<code>{}</code>", text(file))),
        (None, None) => {}
    }
    let unplaced = statement.judged.filter(|judged| judged.finding.place.is_none());
    if let Some(judged) = unplaced {
        let pointer = if judged.finding.pointer.is_empty() { "/" } else { &judged.finding.pointer };
        parts.push(format!("at <code>{}</code>", text(pointer)));
    }
    if let Some(policy) = statement.policy {
        parts.push(format!("policy {}", text(policy)));
    }
    if let Some(decision) = statement.decision.filter(|_| several_sets) {
        parts.push(format!("set {}", text(&decision.policy_set)));
    }
    if !parts.is_empty() {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "<p class=\"about\">{}</p>", parts.join("<span class=\"dot\"> · </span>"));
    }
}

/// The guilty line with carets under it, as at the terminal, and what of the pointer it does not show. A subject as a whole is
/// quoted nowhere.
fn excerpt(out: &mut String, statement: &Statement) {
    let own = statement.decision.is_none() || statement.judged.is_some_and(|judged| judged.finding.place.is_some());
    let Some((place, quote)) = statement.place.filter(|_| own) else { return };
    let excerpt = Excerpt::of(place, quote, COLUMNS).map(Excerpt::outdented);
    if let Some(shown) = &excerpt {
        let gutter = shown.line.to_string().len().max(4);
        // Writing to a String cannot fail.
        let _ = writeln!(
            out,
            "<pre><code><span class=\"gutter\">{:>gutter$} | </span>{}\n<span class=\"gutter\">{:gutter$} | </span>{:indent$}<b>{}</b></code></pre>",
            shown.line,
            markup(&shown.text),
            "",
            "",
            "^".repeat(shown.width),
            indent = shown.indent
        );
    }
    if let Some(pointer) = statement.judged.and_then(|judged| unseen(&judged.finding.pointer, excerpt.as_ref())) {
        let _ = writeln!(out, "<p class=\"aside\"><b>At</b> <code>{}</code></p>", text(pointer));
    }
}
