//! The parts of `/proc` that container runtimes mask stay masked.
//!
//! Since 1.35 `baseline` lets a Pod in a user namespace do as it likes, and `restricted` has a check of its own that does
//! not.

use portcullis_sdk::{Finding, Fix, Rule, Severity};

use super::rule;
use crate::pod::{Findings, PROC_MOUNT, Pod};

/// Unmasked.
pub const BASELINE: Rule = rule("proc-mount", Severity::High, "A container unmasks `/proc`");
/// Unmasked, in a user namespace or not.
pub const RESTRICTED: Rule = rule("proc-mount-restricted", Severity::High, "A container unmasks `/proc`");

const DEFAULT: &str = "Default";

/// Judges every container by one of the two rules.
pub fn judge(rule: &'static Rule, pod: &Pod, findings: &mut Findings) {
    for holder in &pod.containers {
        if let Some((written, node)) = findings.text(holder, holder.security.node(), PROC_MOUNT).found()
            && written != DEFAULT
        {
            let who = holder.shown();
            let message = format!("the `procMount` of {who} is `{written}`; set `procMount: {DEFAULT}`");
            let fix = Fix::replace(format!("set `procMount` to {DEFAULT}"), DEFAULT);
            findings.add(Finding::new(rule, node, message).fix(fix));
        }
    }
}
