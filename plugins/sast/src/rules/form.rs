//! A report can be read, keeps its schema, and holds all of its own results.

use portcullis_proof::document::Fault;
use portcullis_proof::reading::flag;
use portcullis_sdk::{Kind, Node, Rule, Severity};

use crate::scan::{EXTERNAL as KEY, RUNS, Run};

/// It is none that anybody could read (N57, A46b).
pub const UNREADABLE: Rule = Rule::new("sarif-unreadable", Severity::High, "A SARIF report cannot be read");
/// It does not keep the schema (A46c).
pub const INVALID: Rule =
    Rule::new("sarif-invalid", Severity::High, "A SARIF report does not keep the schema of its version");
/// Nothing ran (A46).
pub const NO_RUNS: Rule = Rule::new("no-runs", Severity::High, "A SARIF report holds no run of any tool");
/// What it says stands somewhere else, where nobody verified it (A46c).
pub const EXTERNAL: Rule = Rule::new(
    "external-properties",
    Severity::High,
    "A SARIF report keeps a part of itself in files that nobody signed",
);

/// The fault of a report without runs.
pub fn no_runs(document: Node) -> Fault {
    let what = match document.get(RUNS).kind() {
        Kind::List => "holds no run of any tool",
        _ => "says nothing of any run",
    };
    Fault::new(
        &NO_RUNS,
        format!("{what}, which is no proof of anything; scan the sources and attest what the tool wrote"),
    )
}

/// Judges whether the runs are whole.
pub fn judge_external(runs: &[Run]) -> Option<Fault> {
    let guilty = runs.iter().find(|run| flag(run.node.get(KEY)) != Some(false))?;
    let what = format!(
        "keeps a part of {} in other files (`externalPropertyFileReferences`), or may do so; write all of it into one file",
        guilty.shown()
    );
    Some(Fault::new(&EXTERNAL, what).at(guilty.node))
}
