//! SELinux types are those of containers, and its users and roles are the node's choice.

use portcullis_sdk::{Finding, Fix, Rule, Severity};

use super::{listed, rule};
use crate::pod::{Findings, Pod, ROLE, SE_LINUX_OPTIONS, TYPE, USER, name};

/// Another type, or any user or role.
pub const RULE: Rule =
    rule("se-linux-options", Severity::High, "An SELinux type, user or role is asked for that is no container's");

/// The last one since 1.31.
const TYPES: [&str; 4] = ["container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

/// Judges the Pod and every container.
pub fn judge(minor: u32, pod: &Pod, findings: &mut Findings) {
    let types = &TYPES[..if minor >= 31 { 4 } else { 3 }];
    for holder in pod.holders() {
        let options = findings.map(holder, holder.security.node(), SE_LINUX_OPTIONS).node();
        if options.is_none() {
            continue;
        }
        if let Some((written, node)) = findings.text(holder, options, TYPE).found()
            && !written.is_empty()
            && !types.contains(&written.as_str())
        {
            let (who, types) = (holder.shown(), listed(types));
            let message = format!("the SELinux type of {who} is `{written}`; use {types}, or remove `type`");
            findings.add(Finding::new(&RULE, node, message).fix(Fix::remove("remove the SELinux type")));
        }
        for key in [USER, ROLE] {
            if let Some((written, node)) = findings.text(holder, options, key).found()
                && !written.is_empty()
            {
                let (field, who) = (name(key), holder.shown());
                let message = format!("the SELinux {field} of {who} is `{written}`; remove `{field}`");
                findings
                    .add(Finding::new(&RULE, node, message).fix(Fix::remove(format!("remove the SELinux {field}"))));
            }
        }
    }
}
