//! The reading of a SARIF report as the fact `sast` tells it.

use serde_json::{Map, Value, json};

use super::failures::{Failure, Failures};
use super::offender::Offender;
use super::run::{Component, Counted, Run};
use super::severity::Severity;
use super::{FORMAT, Reading};

impl Reading {
    /// The members from `valid` on.
    pub fn to_json(&self) -> Map<String, Value> {
        let faults: Vec<Value> =
            self.faults.first.iter().map(|fault| json!({"pointer": fault.pointer, "what": fault.what})).collect();
        Map::from_iter([
            ("valid".to_owned(), self.valid().into()),
            ("faults".to_owned(), faults.into()),
            ("faultCount".to_owned(), self.faults.count.into()),
            ("format".to_owned(), FORMAT.into()),
            ("version".to_owned(), self.version.into()),
            ("runs".to_owned(), self.runs.iter().map(run).collect()),
        ])
    }
}

fn run(run: &Run) -> Value {
    json!({
        "pointer": run.pointer,
        "tool": tool(&run.tool),
        "extensions": run.extensions.iter().map(|one| json!({"name": one.name, "version": version(one)})).collect::<Value>(),
        "automationId": run.automation_id,
        "guid": run.guid,
        "baselineGuid": run.baseline_guid,
        "executed": run.executed(),
        "failures": run.failures.first.iter().map(failure).collect::<Value>(),
        "failureCount": run.failures.count,
        "external": run.external,
        "rules": run.rules,
        "disabledRules": run.disabled_rules,
        "missingRules": run.missing_rules,
        "results": run.results,
        "ended": run.ended,
        "commit": run.revision.commit,
        "repository": run.revision.repository,
        "branch": run.revision.branch,
        "disagreeing": run.revision.disagreeing,
        "scopes": run.scopes.iter().map(scope).collect::<Value>(),
        "suppressions": {
            "inSource": run.suppressions.in_source,
            "external": run.suppressions.external,
            "unjustified": run.suppressions.unjustified,
            "refused": run.suppressions.refused,
        },
        "descriptorFaults": faults(&run.descriptor_faults),
    })
}

fn tool(tool: &Component) -> Value {
    json!({
        "name": tool.name,
        "fullName": tool.full_name,
        "version": tool.version,
        "semanticVersion": tool.semantic_version,
        "guid": tool.guid,
        "organization": tool.organization,
    })
}

fn version(one: &Component) -> Option<&String> {
    one.semantic_version.as_ref().or(one.version.as_ref())
}

fn scope(counted: &Counted) -> Value {
    let counts =
        Severity::ALL.iter().zip(counted.counts).map(|(severity, count)| (severity.name().to_owned(), count.into()));
    json!({
        "counts": counts.collect::<Map<String, Value>>(),
        "suppressed": counted.suppressed,
        "old": counted.old,
        "notFailures": counted.not_failures,
        "first": counted.first.iter().map(offender).collect::<Value>(),
    })
}

fn offender(one: &Offender) -> Value {
    json!({
        "severity": one.severity.name(),
        "rule": one.rule,
        "tool": one.tool,
        "message": one.message,
        "file": one.file,
        "line": one.line,
        "column": one.column,
        "fingerprint": one.fingerprint,
        "pointer": one.pointer,
    })
}

fn failure(failure: &Failure) -> Value {
    json!({"what": failure.what, "pointer": failure.pointer})
}

fn faults(faults: &Failures) -> Value {
    json!({"count": faults.count, "first": faults.first.iter().map(failure).collect::<Value>()})
}
