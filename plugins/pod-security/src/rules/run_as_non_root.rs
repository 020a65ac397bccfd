//! Containers run as another user than root: `runAsNonRoot: true`, of the Pod or of each container.

use portcullis_sdk::{Finding, Fix, Rule, Severity};

use super::rule;
use crate::pod::{Findings, Holder, Pod, RUN_AS_NON_ROOT, Read};

/// It is not `true`.
pub const RULE: Rule = rule("run-as-non-root", Severity::Medium, "A container may run as root");

/// Judges the Pod and every container.
pub fn judge(pod: &Pod, findings: &mut Findings) {
    // What the Pod says, where it can be read, holds for all containers that say nothing.
    let said = |holder: &Holder, findings: &mut Findings| match holder.security {
        Read::Unreadable => Read::Unreadable,
        security => findings.boolean(holder, security.node(), RUN_AS_NON_ROOT),
    };
    let whole = said(&pod.whole, findings);
    let mut silent = Vec::new();
    explicit(&pod.whole, whole, findings);
    for holder in &pod.containers {
        let own = said(holder, findings);
        explicit(holder, own, findings);
        if own == Read::Absent && whole == Read::Absent {
            silent.push(holder);
        }
    }
    // Where no container says anything, one line in the Pod is what is missing.
    let silent = if silent.len() == pod.containers.len() && !silent.is_empty() { vec![&pod.whole] } else { silent };
    for holder in silent {
        let message = format!("{} may run as root; set `securityContext.runAsNonRoot: true`", holder.shown());
        let fix = Fix::add("add `runAsNonRoot: true`", "").with_json("true");
        findings.add(Finding::new(&RULE, holder.node, message).missing("/securityContext/runAsNonRoot").fix(fix));
    }
}

fn explicit(holder: &Holder, said: Read<bool>, findings: &mut Findings) {
    if let Some((false, node)) = said.found() {
        let message = format!("{} may run as root: it says `runAsNonRoot: false`; set it to `true`", holder.shown());
        let fix = Fix::replace("set `runAsNonRoot` to true", "").with_json("true");
        findings.add(Finding::new(&RULE, node, message).fix(fix));
    }
}
