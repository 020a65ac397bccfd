//! What was tried, what was expected, what was seen.

use std::fmt::Write as _;
use std::path::Path;

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was tried.
    pub case: String,
    /// What should have been seen.
    pub expected: String,
    /// What was.
    pub seen: String,
    /// Whether that is the same.
    pub holds: bool,
}

/// All lines of a run, and what was measured.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    notes: Vec<String>,
}

impl Table {
    /// Adds and prints a line; what does not hold fails the run, but only when it is over.
    pub fn row(&mut self, case: &str, expected: &str, seen: &str, holds: bool) {
        let row = Row { case: case.to_owned(), expected: expected.to_owned(), seen: cell(seen), holds };
        println!("{}", line(&row));
        self.rows.push(row);
    }

    /// Adds and prints text that stands below the table.
    pub fn note(&mut self, text: &str) {
        println!("{text}");
        self.notes.push(text.to_owned());
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Lines from this one on that do not hold.
    pub fn broken_since(&self, first: usize) -> Vec<&Row> {
        self.rows[first.min(self.rows.len())..].iter().filter(|row| !row.holds).collect()
    }

    /// Everything, as Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::from("| case | expected | seen | |\n| --- | --- | --- | --- |\n");
        for row in &self.rows {
            let _ = writeln!(text, "{}", line(row));
        }
        for note in &self.notes {
            let _ = write!(text, "\n{note}\n");
        }
        text
    }

    /// Writes that to a file.
    pub fn write(&self, path: &Path) {
        if let Some(folder) = path.parent() {
            let _ = std::fs::create_dir_all(folder);
        }
        std::fs::write(path, self.markdown()).expect("a file for the table");
    }
}

fn line(row: &Row) -> String {
    format!("| {} | {} | {} | {} |", row.case, row.expected, row.seen, if row.holds { "ok" } else { "**NOT OK**" })
}

/// One line, of bounded length, with nothing in it that a table would obey.
fn cell(text: &str) -> String {
    const LONGEST: usize = 300;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
