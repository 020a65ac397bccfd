//! What Prometheus' own tool says of the rules.

use std::process::Command;

use portcullis_tests::root;

use crate::program::program;

fn promtool(arguments: &[&str]) {
    let Some(program) = program("PORTCULLIS_PROMTOOL", "promtool") else { return };
    let folder = root().join("deploy/monitoring/prometheus");
    let output = Command::new(program).args(arguments).current_dir(folder).output().expect("promtool starts");
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("SUCCESS"), "promtool {arguments:?}: {said}");
}

#[test]
fn holds_rules_that_prometheus_takes() {
    promtool(&["check", "rules", "rules.yaml"]);
}

#[test]
fn alerts_when_it_should_and_not_before() {
    promtool(&["test", "rules", "rules.test.yaml"]);
}
