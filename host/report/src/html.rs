//! For the auditor: one page without scripts, that asks nobody for anything.
//!
//! Charts are SVG, filters are check boxes that the style sheet reads (`:has()`). The page is well-formed as XML too, and its
//! `Content-Security-Policy` allows nothing but its own style sheet, known by its hash: should a stranger's text ever break
//! out of an element, a browser would still run and load nothing.

mod charts;
mod findings;
mod tables;

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use portcullis_model::sha256_hex;

use crate::markup::text;
use crate::report::{Report, ReportVerdict};
use crate::statement::{Weight, statements_worst_first};
use crate::words::{count, summary_words};

/// How the page looks; rules for the filters of policies are added to it.
const STYLE: &str = include_str!("html/page.css");

/// The report as one HTML page, with a line break at its end.
pub fn html(report: &Report) -> String {
    let all = statements_worst_first(report);
    let (errors, statements) = all.split_at(all.partition_point(|one| one.weight == Weight::InputError));
    let policies = findings::Policies::of(statements);
    let style = format!("\n{STYLE}{}", policies.style());
    let word = verdict_word(report.verdict);
    let mut out = String::with_capacity(64 * 1024);
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<meta name=\"referrer\" content=\"no-referrer\"/>\n\
         <title>Portcullis: {word}</title>\n<style>{style}</style>\n</head>\n<body>\n",
        policy_for(&style)
    );
    header(&mut out, report);
    out.push_str("<main>\n");
    findings::errors(&mut out, report, errors, &policies);
    charts::charts(&mut out, report, statements);
    findings::findings(&mut out, report, statements, &policies);
    tables::subjects(&mut out, report);
    tables::fixes(&mut out, report);
    tables::waivers(&mut out, report);
    tables::baseline(&mut out, report);
    tables::policy_sets(&mut out, report);
    tables::rules(&mut out, report);
    tables::notes(&mut out, report);
    tables::skipped(&mut out, report);
    out.push_str("</main>\n");
    footer(&mut out, report);
    out.push_str("</body>\n</html>\n");
    out
}

/// Nothing is loaded, nothing runs, nothing is sent; only this style sheet counts.
fn policy_for(style: &str) -> String {
    let hex = sha256_hex(style.as_bytes()).replace("sha256:", "");
    let bytes: Vec<u8> =
        (0..hex.len() / 2).filter_map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).ok()).collect();
    let hash = STANDARD.encode(bytes);
    format!("default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'")
}

fn verdict_word(verdict: ReportVerdict) -> &'static str {
    match verdict {
        ReportVerdict::Allow => "allowed",
        ReportVerdict::Deny => "denied",
        ReportVerdict::Error => "error",
    }
}

/// What came out, in a word, a sentence and a few numbers.
fn header(out: &mut String, report: &Report) {
    let word = verdict_word(report.verdict);
    let mark = match report.verdict {
        ReportVerdict::Allow => "M5 13l5 5 9-11",
        ReportVerdict::Deny => "M6 6l12 12M18 6L6 18",
        ReportVerdict::Error => "M12 5v9M12 18v1",
    };
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "<header class=\"top v-{word}\">\n<p class=\"brand\">Portcullis</p>\n\
         <h1><svg class=\"mark\" viewBox=\"0 0 24 24\" aria-hidden=\"true\"><path d=\"{mark}\"/></svg>{}</h1>\n\
         <p class=\"sentence\">{}</p>\n<dl class=\"tiles\">\n",
        match report.verdict {
            ReportVerdict::Allow => "Allowed",
            ReportVerdict::Deny => "Denied",
            ReportVerdict::Error => "Not judged in full",
        },
        text(&sentence(report))
    );
    let summary = &report.summary;
    let known = report.baseline.as_ref().map(|_| ("t-waived", "known", summary.known));
    let fixed = report.fixes.as_ref().map(|_| ("t-allowed", "fixed", summary.fixed));
    let tiles = [
        ("", "subjects", summary.subjects),
        ("t-denied", "denied", summary.denied),
        ("t-allowed", "allowed", summary.allowed),
        ("", "findings", summary.findings),
        ("t-warning", "warnings", summary.warnings),
        ("t-waived", "waived", summary.waived),
        ("t-unjudged", "not judged", summary.not_judged),
        ("t-unjudged", "input errors", report.errors.len()),
    ];
    for (class, name, number) in tiles.into_iter().chain(known).chain(fixed) {
        let class = if number == 0 { "t-none" } else { class };
        let _ = writeln!(out, "<div class=\"tile {class}\"><dt>{name}</dt><dd>{number}</dd></div>");
    }
    out.push_str("</dl>\n</header>\n");
}

/// What the numbers mean for whoever reads only this.
fn sentence(report: &Report) -> String {
    let summary = &report.summary;
    let denied = match (summary.denied, summary.subjects) {
        (1, 1) => "The only subject may not enter.".to_owned(),
        (denied, all) if denied == all => format!("None of the {all} subjects may enter."),
        (denied, all) => format!("{denied} of {all} subjects may not enter."),
    };
    match report.verdict {
        ReportVerdict::Allow => {
            let warnings = match summary.warnings {
                0 => String::new(),
                1 => "; 1 warning should be looked at".to_owned(),
                some => format!("; {some} warnings should be looked at"),
            };
            match summary.subjects {
                0 => "Nothing that changed had to be judged.".to_owned(),
                1 => format!("The only subject may enter{warnings}."),
                all => format!("All {all} subjects may enter{warnings}."),
            }
        }
        ReportVerdict::Deny => denied,
        ReportVerdict::Error => {
            let errors = count(summary.errors.max(1), "error");
            let denied = if summary.denied > 0 { format!(" {denied}") } else { String::new() };
            format!("{errors} kept this run from judging everything; what was not judged is not allowed.{denied}")
        }
    }
}

fn footer(out: &mut String, report: &Report) {
    let commit =
        if report.tool.commit.is_empty() { String::new() } else { format!(" ({})", text(&report.tool.commit)) };
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "<footer><p>{}</p><p>Judged by portcullis {}{commit}. This page holds no time, so that the same input gives the same page.</p></footer>",
        text(&summary_words(report)),
        text(&report.tool.version)
    );
}

/// A sentence with what it quotes in backticks as code.
fn prose(stranger: &str) -> String {
    let parts: Vec<String> = stranger.split('`').map(text).collect();
    if parts.len().is_multiple_of(2) {
        return text(stranger);
    }
    let part = |(at, part): (usize, &String)| if at % 2 == 1 { format!("<code>{part}</code>") } else { part.clone() };
    parts.iter().enumerate().map(part).collect()
}
