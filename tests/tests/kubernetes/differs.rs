//! The committed lists: what Kubernetes' libraries say of a few inputs, and in which ways ours differs on purpose.

use std::path::Path;

use crate::asking::Oracle;
use crate::kind::Answer;

/// One way in which ours differs.
#[derive(Debug)]
pub struct Row {
    /// The kind of question.
    pub kind: String,
    /// Its name, which the code of the kind knows as well.
    pub class: String,
    /// An input that differs so.
    pub example: Vec<String>,
    /// What the library says of it.
    pub theirs: Answer,
}

/// `facts.tsv`: a question, and the answer to it.
pub fn facts(folder: &Path) -> Vec<(Vec<String>, Answer)> {
    let lines = lines(folder, "facts.tsv").into_iter();
    let facts: Vec<_> = lines.map(|[question, answer]| (list(&question), Answer::read(&answer))).collect();
    assert!(!facts.is_empty(), "no fact");
    facts
}

/// `differs.tsv`: kind and class, reason, an example, and the answer to that.
pub fn listed(folder: &Path) -> Vec<Row> {
    let row = |[name, reason, example, answer]: [String; 4]| {
        let (kind, class) = name.split_once(' ').expect("a kind and a class");
        assert!(reason.len() > 20, "{name} has no reason");
        Row { kind: kind.to_owned(), class: class.to_owned(), example: list(&example), theirs: Answer::read(&answer) }
    };
    lines(folder, "differs.tsv").into_iter().map(row).collect()
}

/// Asks the program again and writes its answers into the last column of both.
pub fn write(folder: &Path, oracle: &mut Oracle) {
    for (name, column) in [("facts.tsv", 0), ("differs.tsv", 2)] {
        let path = folder.join(name);
        let mut written = String::new();
        for line in std::fs::read_to_string(&path).expect("the list").lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            if line.starts_with('#') || columns.len() <= column {
                written += &format!("{line}\n");
                continue;
            }
            let kind = columns[0].split(' ').next().filter(|_| column > 0).map(str::to_owned);
            let question: Vec<String> = kind.into_iter().chain(list(columns[column])).collect();
            written += &format!("{}\t{}\n", columns[..=column].join("\t"), oracle.ask_line(&question));
        }
        std::fs::write(path, written).expect("the list");
    }
}

fn lines<const N: usize>(folder: &Path, name: &str) -> Vec<[String; N]> {
    let text = std::fs::read_to_string(folder.join(name)).expect("the list");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let columns = |line: &str| {
        let columns: Vec<String> = line.split('\t').map(str::to_owned).collect();
        columns
            .try_into()
            .unwrap_or_else(|columns| panic!("{name} has a line of another number of columns: {columns:?}"))
    };
    lines.map(columns).collect()
}

fn list(text: &str) -> Vec<String> {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("no list of texts ({error}): {text}"))
}
