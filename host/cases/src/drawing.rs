//! What a plugin found beside what a case draws: the difference as a drawing, and the case drawn anew.

use std::collections::BTreeMap;

use portcullis_document::{ReadLimits, read_yaml};
use portcullis_model::{Document, NodeId, Source};

use crate::case::{Case, Expected};
use crate::reading::caret;

/// The most carets that are drawn under one value.
const MOST_CARETS: usize = 60;

/// The differences between what is drawn and what was found, under the lines that they concern; empty where there are none.
///
/// A line that begins with `+` was found and is not drawn; one with `-` is drawn and was not found exactly so. Values of
/// Secrets are masked in the lines; whoever found something keeps them out of its words.
pub fn differences(case: &Case, found: &[Expected]) -> String {
    let (more, less) = (without(found, &case.findings), without(&case.findings, found));
    let mut of_line: BTreeMap<u32, Vec<(char, &Expected)>> = BTreeMap::new();
    for (sign, finding) in less.iter().map(|one| ('-', one)).chain(more.iter().map(|one| ('+', one))) {
        of_line.entry(finding.line).or_default().push((sign, finding));
    }
    let (lines, masked) = (case.text.lines().collect::<Vec<_>>(), case.source());
    let widest = of_line.keys().last().map_or(1, |line| line.to_string().len());
    let mut text = String::new();
    for (line, findings) in of_line {
        let whole = (line as usize).checked_sub(1).and_then(|at| lines.get(at)).copied().unwrap_or_default();
        text.push_str(&format!("  {line:>widest$} | {}\n", masked.line_text(line)));
        for (sign, finding) in findings {
            let carets = carets(whole, finding.column);
            let indent = " ".repeat((finding.column.max(1) - 1) as usize);
            text.push_str(&format!(
                "{sign} {:>widest$} | {indent}{carets} {}: {}\n",
                "", finding.code, finding.message
            ));
        }
    }
    text
}

/// What stands in the first list more often than in the second.
fn without(some: &[Expected], others: &[Expected]) -> Vec<Expected> {
    let mut left = others.to_vec();
    let mut rest = Vec::new();
    for one in some {
        match left.iter().position(|other| other == one) {
            Some(at) => drop(left.swap_remove(at)),
            None => rest.push(one.clone()),
        }
    }
    rest
}

/// As many carets as the value at this column is wide.
fn carets(line: &str, column: u32) -> String {
    let value: String = line.chars().skip((column.max(1) - 1) as usize).collect();
    let quoted = value.chars().next().filter(|first| ['"', '\''].contains(first));
    let wide = match quoted {
        Some(quote) => value.chars().skip(1).position(|c| c == quote).map_or(1, |at| at + 2),
        None => value.chars().take_while(|c| !c.is_whitespace() && !",]}".contains(*c)).count(),
    };
    // The colon behind a key is not part of it.
    let colon = quoted.is_none() && wide > 1 && value.chars().nth(wide - 1) == Some(':');
    "^".repeat((wide - usize::from(colon)).clamp(1, MOST_CARETS))
}

/// The text of a case with what was found drawn in it. Lines of carets that are right stay as they are, and so does every
/// other line.
///
/// # Errors
/// A finding that cannot be drawn where it stands, in words for the author of the case.
pub fn redrawn(case: &Case, found: &[Expected]) -> Result<String, String> {
    let mut missing: Vec<Expected> = found.to_vec();
    let mut text = String::new();
    // Where what is found in the line above is drawn: behind the carets that stay.
    let mut guilty: Option<(u32, String)> = None;
    for (number, whole) in (1u32..).zip(case.text.split_inclusive('\n')) {
        let line = whole.trim_end_matches(['\n', '\r']);
        if let (Some((above, _)), Some((column, said))) = (&guilty, caret(line)) {
            let same = |one: &Expected| {
                one.line == *above && one.column == column && said == format!("{}: {}", one.code, one.message)
            };
            if let Some(at) = missing.iter().position(same) {
                missing.swap_remove(at);
                text.push_str(whole);
            }
            continue;
        }
        if let Some((above, shown)) = guilty.take() {
            draw(above, &shown, &mut missing, ending(&case.text), &mut text);
        }
        text.push_str(whole);
        guilty = Some((number, line.to_owned()));
    }
    if let Some((above, shown)) = guilty {
        draw(above, &shown, &mut missing, ending(&case.text), &mut text);
    }
    check(case, found, &missing, &text)?;
    Ok(text)
}

/// Draws what was found in one line and is not drawn yet.
fn draw(line: u32, shown: &str, missing: &mut Vec<Expected>, ending: &str, text: &mut String) {
    let mut here: Vec<Expected> = missing.extract_if(.., |one| one.line == line).collect();
    here.sort();
    for finding in here {
        if !text.ends_with('\n') {
            text.push_str(ending);
        }
        // The `#` stands in column 1, and for a caret there.
        let indent = " ".repeat((finding.column.max(2) - 2) as usize);
        let carets = carets(shown, finding.column);
        text.push_str(&format!("#{indent}{carets} {}: {}{ending}", finding.code, finding.message));
    }
}

fn ending(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// Refuses a drawing that would be read as something else, or that changes the manifest.
fn check(case: &Case, found: &[Expected], left: &[Expected], text: &str) -> Result<(), String> {
    let place = |one: &Expected| format!("{}:{}:{}", case.name, one.line, one.column);
    if let Some(one) = left.first() {
        return Err(format!("{}: cannot be drawn: the file has no such line", place(one)));
    }
    if let Some(one) = found.iter().find(|one| one.column == 2) {
        return Err(format!(
            "{}: cannot be drawn: `#` stands before the carets, so that none can stand in column 2; indent the line",
            place(one)
        ));
    }
    let mut sorted = found.to_vec();
    sorted.sort();
    let read = Case::parse(&case.name, text).ok().filter(|read| read.findings.len() == sorted.len());
    let same = read.is_some_and(|read| {
        // Lines of carets above move what is drawn below, and never to another value.
        let said = |all: &[Expected]| {
            all.iter().map(|one| (one.column, one.code.clone(), one.message.clone())).collect::<Vec<_>>()
        };
        said(&read.findings) == said(&sorted) && json(&case.name, &read.text) == json(&case.name, &case.text)
    });
    if same {
        return Ok(());
    }
    let which = found.first().map_or_else(|| case.name.clone(), place);
    Err(format!(
        "{which}: cannot be drawn: with comments between its lines the manifest would say something else (texts of several lines); draw the findings by hand, or shorten the text"
    ))
}

fn json(name: &str, text: &str) -> Option<String> {
    let documents = read_yaml(&Source::new(name, text), &ReadLimits::default()).ok()?;
    documents.first().map(|document: &Document| document.to_json(NodeId::ROOT))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# A Pod.\nkind: Pod\n#     ^^^ p/r: gone\nmetadata:\n  name: web # why\n#       ^ p/s: stays as it is\n";

    fn case(text: &str) -> Case {
        Case::parse("a.yaml", text).expect("a case")
    }

    fn found(line: u32, column: u32, code: &str, message: &str) -> Expected {
        Expected { line, column, code: code.into(), message: message.into() }
    }

    #[test]
    fn draws_differences_under_their_lines() {
        let found = [found(5, 9, "p/s", "stays as it is"), found(5, 3, "p/t", "new")];
        assert_eq!(
            differences(&case(TEXT), &found),
            "  2 | kind: Pod\n-   |       ^^^ p/r: gone\n  5 |   name: web # why\n+   |   ^^^^ p/t: new\n"
        );
        assert_eq!(differences(&case(TEXT), &case(TEXT).findings), "");
    }

    #[test]
    fn shows_no_value_of_a_secret() {
        let text = "# A Secret.\nkind: Secret\nstringData:\n  pin: hunter2hunter2 # why\n#      ^ p/r: `hunter2hunter2` is short\n";
        let found = [found(4, 8, "p/r", "`[secret]` is long")];
        let secret = case(text);
        assert_eq!(
            differences(&secret, &found),
            "  4 |   pin: ************** # why\n-   |        ^^^^^^^^^^^^^^ p/r: `[secret]` is short\n+   |        ^^^^^^^^^^^^^^ p/r: `[secret]` is long\n"
        );
        let drawn = redrawn(&secret, &found).expect("drawn");
        assert!(drawn.ends_with("# why\n#      ^^^^^^^^^^^^^^ p/r: `[secret]` is long\n"), "{drawn}");
        assert_eq!(differences(&case(&drawn), &found), "");
    }

    #[test]
    fn shows_what_is_drawn_once_and_found_twice() {
        let twice = [found(2, 7, "p/r", "gone"), found(2, 7, "p/r", "gone"), found(5, 9, "p/s", "stays as it is")];
        assert_eq!(differences(&case(TEXT), &twice), "  2 | kind: Pod\n+   |       ^^^ p/r: gone\n");
    }

    #[test]
    fn draws_a_case_anew_and_keeps_every_other_byte() {
        let found = [found(5, 9, "p/s", "stays as it is"), found(5, 3, "p/t", "new"), found(2, 1, "p/u", "first")];
        let redrawn = redrawn(&case(TEXT), &found).expect("drawn");
        let expected = "# A Pod.\nkind: Pod\n#^^^^ p/u: first\nmetadata:\n  name: web # why\n#       ^ p/s: stays as it is\n# ^^^^ p/t: new\n";
        assert_eq!(redrawn, expected);
        let again = case(&redrawn);
        assert_eq!(super::redrawn(&again, &again.findings).as_deref(), Ok(expected), "nothing is left to do");
        let windows = case("# A Pod.\r\nkind: Pod");
        let drawn = super::redrawn(&windows, &[Expected { line: 2, column: 7, ..found[0].clone() }]);
        assert_eq!(drawn.as_deref(), Ok("# A Pod.\r\nkind: Pod\r\n#     ^^^ p/s: stays as it is\r\n"));
    }

    #[test]
    fn refuses_to_draw_where_it_would_change_the_manifest() {
        let block = case("# A map.\ndata:\n  text: |\n    a\n    b\n");
        let said = redrawn(&block, &[found(3, 9, "p/r", "bad")]).expect_err("inside a text");
        assert!(said.starts_with("a.yaml:3:9: cannot be drawn: with comments between its lines"), "{said}");
        let said = redrawn(&case("# A map.\n{a: 1}\n"), &[found(2, 2, "p/r", "bad")]).expect_err("column 2");
        assert!(said.starts_with("a.yaml:2:2: cannot be drawn: `#` stands before the carets"), "{said}");
        let said = redrawn(&block, &[found(9, 1, "p/r", "bad")]).expect_err("no such line");
        assert_eq!(said, "a.yaml:9:1: cannot be drawn: the file has no such line");
    }
}
