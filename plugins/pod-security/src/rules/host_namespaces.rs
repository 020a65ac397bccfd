//! A Pod sees neither the network nor the processes of its node.

use portcullis_sdk::{Finding, Fix, Rule, Severity};

use super::rule;
use crate::pod::{Findings, HOST_IPC, HOST_NETWORK, HOST_PID, Pod, name};

/// A namespace is the node's.
pub const RULE: Rule = rule("host-namespaces", Severity::High, "A Pod shares a namespace of its node");

/// Judges the Pod.
pub fn judge(pod: &Pod, findings: &mut Findings) {
    for (key, what) in [
        (HOST_NETWORK, "uses the network of its node"),
        (HOST_PID, "sees the processes of its node"),
        (HOST_IPC, "uses the shared memory of its node"),
    ] {
        if let Some((true, node)) = findings.boolean(&pod.whole, pod.whole.node, key).found() {
            let field = name(key);
            let message = format!("the Pod {what}; set `{field}: false`");
            let fix = Fix::replace(format!("set `{field}` to false"), "").with_json("false");
            findings.add(Finding::new(&RULE, node, message).fix(fix));
        }
    }
}
