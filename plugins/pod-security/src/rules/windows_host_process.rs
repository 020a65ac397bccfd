//! No container is a process of its Windows node.

use portcullis_sdk::{Finding, Fix, Rule, Severity};

use super::rule;
use crate::pod::{Findings, HOST_PROCESS, Pod, WINDOWS_OPTIONS};

/// It is.
pub const RULE: Rule =
    rule("windows-host-process", Severity::Critical, "A container runs as a process of its Windows node");

/// Judges the Pod and every container.
pub fn judge(pod: &Pod, findings: &mut Findings) {
    for holder in pod.holders() {
        let options = findings.map(holder, holder.security.node(), WINDOWS_OPTIONS).node();
        if let Some((true, node)) = findings.boolean(holder, options, HOST_PROCESS).found() {
            let message = format!("{} runs as a process of its Windows node; set `hostProcess: false`", holder.shown());
            let fix = Fix::replace("set `hostProcess` to false", "").with_json("false");
            findings.add(Finding::new(&RULE, node, message).fix(fix));
        }
    }
}
