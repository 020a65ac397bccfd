//! No process gains more rights than its parent: `allowPrivilegeEscalation: false`, since 1.8.

use portcullis_sdk::{Finding, Fix, Rule, Severity};

use super::rule;
use crate::pod::{ALLOW_PRIVILEGE_ESCALATION, Findings, Pod, Read};

/// It is not `false`.
pub const RULE: Rule = rule(
    "allow-privilege-escalation",
    Severity::Medium,
    "A container does not forbid its processes to gain more rights than their parents",
);

/// Judges every container.
pub fn judge(pod: &Pod, findings: &mut Findings) {
    for holder in pod.containers.iter().filter(|holder| holder.security != Read::Unreadable) {
        let set = findings.boolean(holder, holder.security.node(), ALLOW_PRIVILEGE_ESCALATION);
        let may = "may let a process gain more rights than its parent";
        let finding = match set {
            Read::Is(true, node) => {
                let message = format!("{} {may}; set `allowPrivilegeEscalation: false`", holder.shown());
                let fix = Fix::replace("set `allowPrivilegeEscalation` to false", "").with_json("false");
                Finding::new(&RULE, node, message).fix(fix)
            }
            Read::Absent => {
                let message =
                    format!("{} {may}; set `securityContext.allowPrivilegeEscalation: false`", holder.shown());
                let fix = Fix::add("add `allowPrivilegeEscalation: false`", "").with_json("false");
                Finding::new(&RULE, holder.node, message).missing("/securityContext/allowPrivilegeEscalation").fix(fix)
            }
            Read::Is(false, _) | Read::Unreadable => continue,
        };
        findings.add(finding);
    }
}
