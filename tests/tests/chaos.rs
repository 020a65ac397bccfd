//! The short form of the chaos: seconds of each experiment that is cheap, through the binary that also holds the long ones.

use std::process::Command;

use portcullis_tests::{Folder, binary};
use serde_json::Value;

/// Holds these in their short form; the report. Whatever is wrong is in it, so the exit status says no more.
fn held(name: &str, experiments: &[&str]) -> Value {
    let folder = Folder::new(name);
    let mut chaos = Command::new(env!("CARGO_BIN_EXE_chaos"));
    chaos.args(["--short", "--report"]).arg(folder.path()).args(experiments).env("PORTCULLIS_BIN", binary());
    let output = chaos.output().expect("the experiments run");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    let report = std::fs::read(folder.path().join("chaos.json")).unwrap_or_default();
    let report: Value = serde_json::from_slice(&report).unwrap_or_default();
    let markdown = std::fs::read_to_string(folder.path().join("chaos.md")).unwrap_or_default();
    println!("{markdown}");
    // What could not be tried is said where whoever counts skipped tests finds it.
    said.lines().filter(|line| line.starts_with("SKIPPED: ")).for_each(|line| println!("{line}"));
    assert!(output.status.success(), "{said}");
    let names: Vec<&str> = list(&report).iter().filter_map(|row| row["experiment"].as_str()).collect();
    assert_eq!(names, experiments, "{said}");
    report
}

fn list(report: &Value) -> &[Value] {
    report["experiments"].as_array().map_or(&[], Vec::as_slice)
}

/// Nothing wrong in any of them, and something right in each that could be tried.
fn assert_right(report: &Value) {
    for row in list(report).iter().filter(|row| row["skipped"].is_null()) {
        assert_eq!((&row["wronglyAllowed"], &row["wronglyDenied"]), (&0.into(), &0.into()), "{row}");
        assert!(row["right"].as_u64() > Some(20) && row["recoverySeconds"].is_number(), "{row}");
    }
    for (name, digest) in report["policySets"].as_object().expect("sets") {
        assert!(digest.as_str().is_some_and(|digest| digest.starts_with("sha256:")), "{name}: {digest}");
    }
    let began = report["began"].as_str().unwrap_or_default();
    assert!(began.ends_with('Z') && began.len() == 20, "ISO 8601: {began}");
}

#[test]
fn judges_rightly_while_replicas_are_killed_and_restarted_a56() {
    let report = held("chaos-restarts", &["kill-one", "kill-both", "rolling-restart"]);
    assert_right(&report);
    let rolling = &list(&report)[2];
    assert_eq!(rolling["lost"], 0, "a restart in order loses nothing: {rolling}");
}

#[test]
fn judges_rightly_while_everything_under_it_changes() {
    let report = held("chaos-changes", &["reloads", "certificates", "disk-full"]);
    assert_right(&report);
    assert!(list(&report).iter().all(|row| row["lost"] == 0), "{report}");
}

#[test]
fn judges_rightly_beside_policies_that_trap_and_swell_and_never_end() {
    let report = held("chaos-plugins", &["slow-policy", "trapping-policy", "memory-of-a-plugin"]);
    assert_right(&report);
    for row in &list(&report)[1..] {
        assert!(row["warned"].as_u64() > Some(0), "who lets in what it could not judge says so: {row}");
    }
}

#[test]
fn judges_rightly_while_callers_misbehave_a50_a55() {
    let report = held("chaos-callers", &["large-bodies", "half-closed", "rapid-reset", "continuation-flood"]);
    assert_right(&report);
}

#[test]
fn judges_rightly_while_nobody_outside_answers() {
    let report = held("chaos-outside", &["watch-cut-off", "registry-stalled"]);
    assert_right(&report);
    let stalled = &list(&report)[1];
    assert!(stalled["warned"].as_u64() > Some(0), "a sandbox is told what could not be judged: {stalled}");
    assert!(stalled["declared"].as_object().is_some_and(|codes| !codes.is_empty()), "and compliance denies: {stalled}");
}
