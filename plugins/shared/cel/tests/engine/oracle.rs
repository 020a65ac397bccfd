//! Whether every expression means the same to us as to Kubernetes' own CEL.
//!
//! The expressions stand in `tests/expressions/*.txt`, one a line; a line `object: ..` (JSON) and the like holds for those
//! below it. Where `go` or its modules are not installed, nothing is compared, and the test says so.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::trees::{Outcome, judge};
use portcullis_support::go;
use serde_json::{Value as Json, json};

/// Where the oracle stands.
const ORACLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/oracle/cel");
/// What counts as a question's context.
const CONTEXT: [&str; 6] = ["object", "oldObject", "params", "request", "namespaceObject", "variables"];

/// All questions, with the file and line of each.
fn questions() -> Vec<(String, Json)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/expressions");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("the folder").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    let mut questions = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a readable file");
        let name = file.file_name().expect("a name").to_string_lossy().into_owned();
        let mut context = json!({});
        for (number, line) in (1..).zip(text.lines()) {
            let set = line.split_once(": ").filter(|(key, _)| CONTEXT.contains(key));
            if let Some((key, value)) = set {
                context[key] = serde_json::from_str(value).expect("the context is JSON");
            } else if !line.trim().is_empty() && !line.starts_with("# ") {
                let mut question = context.clone();
                // Of somebody who has the whole request.
                let whole = line.strip_prefix("request> ");
                question["whole"] = whole.is_some().into();
                let line = whole.unwrap_or(line);
                let expression = line.strip_prefix("bool> ");
                question["bool"] = expression.is_some().into();
                question["expression"] = expression.unwrap_or(line).replace("\\n\\", "\n").into();
                questions.push((format!("{name}:{number}"), question));
            }
        }
    }
    questions
}

/// The oracle's answers; nothing where it cannot be built here.
fn answers(questions: &[(String, Json)]) -> Option<Vec<Json>> {
    let program = go::built(Path::new(ORACLE)).inspect_err(|reason| {
        println!("SKIPPED: no oracle for CEL, NOTHING WAS COMPARED: {reason}");
    });
    let program = program.ok()?;
    let mut oracle =
        Command::new(&program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the oracle starts");
    let mut input = oracle.stdin.take().expect("its input");
    let lines: String = questions.iter().map(|(_, question)| format!("{question}\n")).collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()));
    let output = oracle.wait_with_output().expect("the oracle ends");
    writer.join().expect("the writer ends").expect("the oracle reads");
    assert!(output.status.success(), "the oracle failed");
    let text = String::from_utf8(output.stdout).expect("text");
    Some(text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect())
}

#[test]
fn means_the_same_as_kubernetes() {
    let questions = questions();
    let Some(answers) = answers(&questions) else { return };
    assert_eq!(questions.len(), answers.len(), "an answer for each question");
    let mut differences = Vec::new();
    for ((place, question), answer) in questions.iter().zip(&answers) {
        let ours = judge(question);
        let same = match &ours {
            Outcome::Refused(_) => answer.get("refused").is_some(),
            Outcome::Failed(_) => answer.get("error").is_some(),
            Outcome::Value(value) => answer["value"] == value.as_str(),
        };
        // What differs on purpose stands in the README, and must differ.
        if same == place.starts_with("differs") {
            let ours = ours.shown();
            differences.push(format!("{place}: {}\n  ours:   {ours}\n  theirs: {answer}", question["expression"]));
        }
    }
    println!("{} expressions compared, {} differ", questions.len(), differences.len());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
