//! Findings over files, by rule, by namespace and by file, as bars.

use std::collections::HashMap;
use std::fmt::Write;

use crate::markup::text;
use crate::report::Report;
use crate::statement::{Statement, Weight};
use crate::tally::by_file;
use crate::words::{count, short};

/// How many bars a chart has; the others are counted.
const BARS: usize = 8;
/// How many columns stand for the files; where there are more files, neighbours share one.
const COLUMNS: usize = 120;
/// How wide and high the drawing of the columns is, in its own units.
const WIDTH: usize = 1200;
const HEIGHT: usize = 100;
/// What a column leaves free for the next one, and what a file without findings still shows.
const GAP: usize = 2;
const FLOOR: usize = 3;

/// The colours of a bar, in the order in which they stand on it: class, words for one and for several.
const KINDS: [(&str, &str, &str); 4] = [
    ("denied", "denied", "denied"),
    ("unjudged", "not judged", "not judged"),
    ("warning", "warning", "warnings"),
    ("other", "waived, known or for the record", "waived, known or for the record"),
];

/// How many of each colour.
#[derive(Clone, Copy, Default)]
struct Bar([usize; 4]);

impl Bar {
    fn add(&mut self, weight: Weight) {
        let kind = match weight {
            Weight::Denied => 0,
            // An error of the input is drawn nowhere: it is no finding.
            Weight::InputError | Weight::NotJudged | Weight::NotJudgedWarns => 1,
            Weight::Warning => 2,
            Weight::Waived | Weight::Known | Weight::Audit | Weight::Shadow | Weight::Note => 3,
        };
        self.0[kind] += 1;
    }

    fn join(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(number, more)| *number += more);
    }

    fn total(&self) -> usize {
        self.0.iter().sum()
    }

    /// `3 denied, 1 warning`, for those who do not see the colours.
    fn words(&self) -> String {
        let some = self.0.iter().zip(KINDS).filter(|(number, _)| **number > 0);
        let word = |(number, (_, one, several)): (&usize, (_, &str, &str))| {
            format!("{number} {}", if *number == 1 { one } else { several })
        };
        let words: Vec<String> = some.map(word).collect();
        if words.is_empty() { "nothing".into() } else { words.join(", ") }
    }
}

/// The charts, where there is anything to draw.
pub(super) fn charts(out: &mut String, report: &Report, statements: &[Statement]) {
    let drawn: Vec<&Statement> = statements.iter().filter(|one| one.weight != Weight::Note).collect();
    if drawn.is_empty() {
        return;
    }
    out.push_str(
        "<section aria-labelledby=\"charts\">\n<h2 id=\"charts\">Where the findings are</h2>\n<p class=\"legend\">",
    );
    for (class, _, name) in KINDS {
        // Writing to a String cannot fail.
        let _ = write!(
            out,
            "<span><svg class=\"key\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><rect class=\"{class}\" width=\"10\" height=\"10\"/></svg>{name}</span> "
        );
    }
    out.push_str("</p>\n<div class=\"charts\">\n");
    over_files(out, report, &drawn);
    let rule = |one: &Statement| Some(one.code.clone());
    bars(out, "by rule", "rule", &tally(&drawn, rule));
    let namespace = |one: &Statement| {
        let subject = &one.decision?.subject;
        Some(if subject.namespace.is_empty() {
            "(no namespace)".to_owned()
        } else {
            short(&subject.namespace).into_owned()
        })
    };
    bars(out, "by namespace", "namespace", &tally(&drawn, namespace));
    let file = |one: &Statement| Some(one.file.unwrap_or("(no file)").to_owned());
    bars(out, "by file", "file", &tally(&drawn, file));
    out.push_str("</div>\n</section>\n");
}

/// How many there are of each name, most first; of those alike the first in the report.
fn tally(statements: &[&Statement], name: impl Fn(&Statement) -> Option<String>) -> Vec<(String, Bar)> {
    let mut bars: Vec<(String, Bar)> = Vec::new();
    let mut index: HashMap<String, usize> = HashMap::new();
    for statement in statements {
        let Some(name) = name(statement) else { continue };
        let at = *index.entry(name.clone()).or_insert_with(|| {
            bars.push((name, Bar::default()));
            bars.len() - 1
        });
        bars[at].1.add(statement.weight);
    }
    bars.sort_by_key(|(_, bar)| std::cmp::Reverse(bar.total()));
    bars
}

fn bars(out: &mut String, title: &str, noun: &str, all: &[(String, Bar)]) {
    if all.is_empty() {
        return;
    }
    let (shown, rest) = all.split_at(all.len().min(BARS));
    let longest = shown.iter().map(|(_, bar)| bar.total()).max().unwrap_or(1).max(1);
    // Writing to a String cannot fail.
    let _ = writeln!(out, "<figure><figcaption>Findings {title}</figcaption>\n<ol class=\"bars\">");
    for (name, bar) in shown {
        let _ = write!(
            out,
            "<li><span class=\"name\">{}</span><span class=\"number\">{}</span>\
             <svg viewBox=\"0 0 {WIDTH} 10\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{0}: {2}\"><title>{0}: {2}</title>",
            text(name),
            bar.total(),
            bar.words()
        );
        let mut x = 0;
        for (number, (class, ..)) in bar.0.into_iter().zip(KINDS).filter(|(number, _)| *number > 0) {
            let width = (number * WIDTH / longest).max(FLOOR);
            let _ = write!(out, "<rect class=\"{class}\" x=\"{x}\" width=\"{width}\" height=\"10\"/>");
            x += width;
        }
        out.push_str("</svg></li>\n");
    }
    if !rest.is_empty() {
        // Without a bar: one of all the others together would dwarf every bar that can be compared.
        let number: usize = rest.iter().map(|(_, bar)| bar.total()).sum();
        let more = count(rest.len(), &format!("more {noun}"));
        let _ = writeln!(out, "<li class=\"dim\"><span>{more}</span><span class=\"number\">{number}</span></li>");
    }
    out.push_str("</ol></figure>\n");
}

/// One column for each file, those without findings too, in the report's order: whether it is one file or everywhere.
fn over_files(out: &mut String, report: &Report, statements: &[&Statement]) {
    let mut files: Vec<(String, Bar)> = Vec::new();
    let mut index: HashMap<&str, usize> = HashMap::new();
    let judged = by_file(&report.decisions).into_iter().map(|(file, _)| file.unwrap_or("(no file)"));
    let spoken = statements.iter().map(|one| one.file.unwrap_or("(no file)"));
    for file in judged.chain(spoken) {
        index.entry(file).or_insert_with(|| {
            files.push((file.to_owned(), Bar::default()));
            files.len() - 1
        });
    }
    if files.len() < 2 {
        return;
    }
    statements.iter().for_each(|one| {
        if let Some(&at) = index.get(one.file.unwrap_or("(no file)")) {
            files[at].1.add(one.weight);
        }
    });
    let clean = files.iter().filter(|(_, bar)| bar.total() == 0).count();
    let each = files.len().div_ceil(COLUMNS);
    let columns: Vec<(String, Bar)> = files.chunks(each).map(column).collect();
    let highest = columns.iter().map(|(_, bar)| bar.total()).max().unwrap_or(1).max(1);
    let shared = if each > 1 { format!(", {each} files in a column") } else { String::new() };
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "<figure class=\"wide\"><figcaption>Findings over {}</figcaption>\n<p class=\"dim\">In the order of the report{shared}; \
         the highest column has {highest}, and {} no finding.</p>\n\
         <svg class=\"columns\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Findings over {} files: the highest column has {highest}\">",
        count(files.len(), "file"),
        if clean == 1 { "1 file has".to_owned() } else { format!("{clean} files have") },
        files.len()
    );
    let step = WIDTH / columns.len();
    for (at, (name, bar)) in columns.iter().enumerate() {
        let width = step.saturating_sub(GAP).clamp(1, WIDTH / 20);
        let x = at * step + (step - width) / 2;
        let _ = write!(out, "<g><title>{}: {}</title>", text(name), bar.words());
        let mut y = HEIGHT;
        if bar.total() == 0 {
            let _ = write!(
                out,
                "<rect class=\"clean\" x=\"{x}\" y=\"{}\" width=\"{width}\" height=\"{FLOOR}\"/>",
                HEIGHT - FLOOR
            );
        }
        for (number, (class, ..)) in bar.0.into_iter().zip(KINDS).filter(|(number, _)| *number > 0) {
            let height = (number * HEIGHT / highest).clamp(FLOOR.min(y), y);
            y -= height;
            let _ = write!(out, "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>");
        }
        out.push_str("</g>");
    }
    out.push_str("</svg></figure>\n");
}

/// The files that share one column.
fn column(files: &[(String, Bar)]) -> (String, Bar) {
    let mut all = Bar::default();
    files.iter().for_each(|(_, bar)| all.join(bar));
    let name = match files {
        [(one, _)] => one.clone(),
        [(first, _), .., (last, _)] => format!("{first} to {last}"),
        [] => String::new(),
    };
    (name, all)
}
