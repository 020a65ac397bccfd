//! No container is privileged.

use portcullis_sdk::{Finding, Fix, Rule, Severity};

use super::rule;
use crate::pod::{Findings, PRIVILEGED, Pod};

/// It is.
pub const RULE: Rule = rule("privileged", Severity::Critical, "A container is privileged");

/// Judges every container.
pub fn judge(pod: &Pod, findings: &mut Findings) {
    for holder in &pod.containers {
        if let Some((true, node)) = findings.boolean(holder, holder.security.node(), PRIVILEGED).found() {
            let who = holder.shown();
            let message =
                format!("{who} is privileged: it may do on its node all that root may; set `privileged: false`");
            let fix = Fix::replace("set `privileged` to false", "").with_json("false");
            findings.add(Finding::new(&RULE, node, message).fix(fix));
        }
    }
}
