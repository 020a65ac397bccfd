//! No probe and no handler makes the node call anybody but the Pod itself, since 1.34.

use portcullis_sdk::{Finding, Fix, Key, Node, Rule, Severity};

use super::rule;
use crate::pod::{
    Findings, HOST, HTTP_GET, Holder, LIFECYCLE, LIVENESS_PROBE, POST_START, PRE_STOP, Pod, READINESS_PROBE,
    STARTUP_PROBE, TCP_SOCKET, name,
};

/// A host is named.
pub const RULE: Rule = rule(
    "host-probes-and-host-lifecycle",
    Severity::High,
    "A probe or a lifecycle handler makes the node call another host than the Pod",
);

/// Judges every probe and handler of every container.
pub fn judge(pod: &Pod, findings: &mut Findings) {
    for holder in &pod.containers {
        for probe in [LIVENESS_PROBE, READINESS_PROBE, STARTUP_PROBE] {
            called(holder, holder.node, probe, findings);
        }
        let lifecycle = findings.map(holder, holder.node, LIFECYCLE).node();
        for handler in [POST_START, PRE_STOP] {
            called(holder, lifecycle, handler, findings);
        }
    }
}

fn called(holder: &Holder, parent: Node, key: Key, findings: &mut Findings) {
    let handler = findings.map(holder, parent, key).node();
    for action in [HTTP_GET, TCP_SOCKET] {
        let node = findings.map(holder, handler, action).node();
        let Some((host, node)) = findings.text(holder, node, HOST).found() else { continue };
        if !host.is_empty() {
            let (what, who) = (name(key), holder.shown());
            let message = format!(
                "the node calls `{host}` for the `{what}` of {who}; remove `host`, so that it calls the Pod itself"
            );
            findings.add(Finding::new(&RULE, node, message).fix(Fix::remove("remove `host`")));
        }
    }
}
