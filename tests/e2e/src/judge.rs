//! `portcullis check`: the other door, for comparison.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::assets::portcullis;

/// Runs `check --format json` with policy sets, in a folder that is empty of anything else.
pub fn check(home: &Path, policies: &Path, inputs: &[PathBuf], more: &[&str]) -> Value {
    let mut command = Command::new(portcullis());
    command.args(["check", "--format", "json", "--policies"]).arg(policies).args(more).args(inputs).env_clear();
    command.env("PORTCULLIS_CACHE_DIR", home.join("plugins")).current_dir(home);
    let output = command.output().expect("the product starts");
    let report = serde_json::from_slice(&output.stdout);
    report.unwrap_or_else(|error| panic!("no report ({error}): {}", String::from_utf8_lossy(&output.stderr)))
}

/// The decisions of a report, in order.
pub fn decisions(report: &Value) -> &[Value] {
    report["decisions"].as_array().map(Vec::as_slice).unwrap_or_default()
}

/// The ids of a report's decisions, by the name of the file and that of the policy set.
pub fn ids(report: &Value) -> BTreeMap<(String, String), String> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |decision: &Value| {
        let file = text(&decision["subject"]["source"]["file"]);
        let file = Path::new(&file).file_name().unwrap_or_default().to_string_lossy().into_owned();
        ((file, text(&decision["policySet"])), text(&decision["id"]))
    };
    decisions(report).iter().map(one).collect()
}

/// One finding without what depends on the file that it stands in: policy, rule and pointer; and its message.
pub type Finding = ((String, String, String), String);

/// The findings and failures of one decision.
pub fn findings(decision: &Value) -> Vec<Finding> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |name: &str| decision[name].as_array().cloned().unwrap_or_default();
    let found = list("findings").into_iter().map(|finding| {
        ((text(&finding["policy"]), text(&finding["rule"]), text(&finding["pointer"])), text(&finding["message"]))
    });
    let failed = list("errors").into_iter().map(|error| {
        (
            (text(&error["policy"]), format!("not judged: {}", text(&error["kind"])), String::new()),
            text(&error["message"]),
        )
    });
    found.chain(failed).collect()
}

/// `kind namespace/name` of a decision's subject.
pub fn subject(decision: &Value) -> String {
    let subject = &decision["subject"];
    format!("{} {}", subject["kind"].as_str().unwrap_or_default(), subject["name"].as_str().unwrap_or_default())
}

/// All files of a folder that end so, sorted.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|e| e == ending)).collect();
    files.sort();
    files
}
