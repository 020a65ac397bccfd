//! No container takes a port of its node.

use portcullis_sdk::{Finding, Fix, Rule, Severity};

use super::rule;
use crate::pod::{Findings, HOST_PORT, PORTS, Pod};

/// A port of the node.
pub const RULE: Rule = rule("host-ports", Severity::Medium, "A container takes a port of its node");

/// Judges every port of every container.
pub fn judge(pod: &Pod, findings: &mut Findings) {
    for holder in &pod.containers {
        for port in findings.maps(holder, holder.node, PORTS) {
            if let Some((number, node)) = findings.integer(holder, port, HOST_PORT).found()
                && number != 0
            {
                let who = holder.shown();
                let message =
                    format!("{who} takes the port {number} of its node; remove `hostPort`, and use a Service");
                findings.add(Finding::new(&RULE, node, message).fix(Fix::remove("remove `hostPort`")));
            }
        }
    }
}
