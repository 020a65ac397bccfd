//! Nobody asks for the user root, since 1.23.

use portcullis_sdk::{Finding, Fix, Rule, Severity};

use super::rule;
use crate::pod::{Findings, Pod, RUN_AS_USER};

/// The user is 0.
pub const RULE: Rule = rule("run-as-user", Severity::Medium, "A container is told to run as root");

/// Judges the Pod and every container.
pub fn judge(pod: &Pod, findings: &mut Findings) {
    for holder in pod.holders() {
        if let Some((0, node)) = findings.integer(holder, holder.security.node(), RUN_AS_USER).found() {
            let who = holder.shown();
            let message = format!("{who} runs as root; remove `runAsUser: 0`, or write the number of another user");
            findings.add(Finding::new(&RULE, node, message).fix(Fix::remove("leave the user to the image")));
        }
    }
}
