//! Which capabilities a container may add, and that it drops the rest.

use portcullis_sdk::{Finding, Fix, Node, Rule, Severity};

use super::{listed, rule};
use crate::pod::{ADD, CAPABILITIES, DROP, Findings, Holder, Pod, Read};

/// One beyond those of the level.
pub const BASELINE: Rule = rule(
    "capabilities-baseline",
    Severity::High,
    "A container adds a capability that the level baseline does not list",
);
/// Not all are dropped, or one is added, since 1.22.
pub const RESTRICTED: Rule = rule(
    "capabilities-restricted",
    Severity::Medium,
    "A container does not drop all capabilities, or adds another one than NET_BIND_SERVICE",
);

const ALL: &str = "ALL";
const NET_BIND_SERVICE: &str = "NET_BIND_SERVICE";
/// What container runtimes give; NET_RAW, which they give too, is not among them.
const DEFAULT: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    NET_BIND_SERVICE,
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// Judges what every container adds.
pub fn judge_baseline(pod: &Pod, findings: &mut Findings) {
    for holder in &pod.containers {
        let capabilities = findings.map(holder, holder.security.node(), CAPABILITIES).node();
        added(&BASELINE, &DEFAULT, holder, capabilities, findings);
    }
}

/// Judges what every container adds, and that it drops all others.
pub fn judge_restricted(pod: &Pod, findings: &mut Findings) {
    for holder in pod.containers.iter().filter(|holder| holder.security != Read::Unreadable) {
        let capabilities = findings.map(holder, holder.security.node(), CAPABILITIES);
        let dropped = match capabilities {
            Read::Is((), node) => findings.texts(holder, node, DROP),
            Read::Absent => Read::Absent,
            Read::Unreadable => continue,
        };
        added(&RESTRICTED, &[NET_BIND_SERVICE], holder, capabilities.node(), findings);
        let keeps = || format!("{} keeps capabilities; set `securityContext.capabilities.drop: [ALL]`", holder.shown());
        let all = r#"["ALL"]"#;
        match dropped {
            Read::Is(dropped, node) if !dropped.iter().any(|(name, _)| name == ALL) => {
                findings.add(match dropped.iter().find(|(name, _)| meant(name) == ALL) {
                    Some((name, item)) => {
                        let who = holder.shown();
                        let message =
                            format!("{who} drops `{name}`, which Kubernetes does not take for `ALL`; write `ALL`");
                        Finding::new(&RESTRICTED, *item, message).fix(Fix::replace("write `ALL`", ALL))
                    }
                    None => {
                        let fix = Fix::replace("drop all capabilities", "").with_json(all);
                        Finding::new(&RESTRICTED, node, keeps()).fix(fix)
                    }
                });
            }
            Read::Absent => {
                let fix = Fix::add("drop all capabilities", "").with_json(all);
                let finding = Finding::new(&RESTRICTED, holder.node, keeps());
                findings.add(finding.missing("/securityContext/capabilities/drop").fix(fix));
            }
            Read::Is(..) | Read::Unreadable => {}
        }
    }
}

fn added(rule: &'static Rule, allowed: &[&str], holder: &Holder, capabilities: Node, findings: &mut Findings) {
    let Some((added, _)) = findings.texts(holder, capabilities, ADD).found() else { return };
    for (name, node) in added {
        if allowed.contains(&name.as_str()) {
            continue;
        }
        let who = holder.shown();
        let meant = meant(&name);
        let (way, fix) = if allowed.contains(&meant.as_str()) {
            (format!("write `{meant}`"), Fix::replace(format!("write `{meant}`"), &meant))
        } else if allowed.len() == 1 {
            (format!("remove it, only {} may be added", listed(allowed)), Fix::remove(format!("do not add `{name}`")))
        } else {
            let way = "remove it, it is none of those that `baseline` lets a container add".to_owned();
            (way, Fix::remove(format!("do not add `{name}`")))
        };
        let message = format!("{who} adds the capability `{name}`; {way}");
        findings.add(Finding::new(rule, node, message).fix(fix));
    }
}

/// The capability that a runtime might understand all the same. Kubernetes compares names as they are written, and so do we.
fn meant(name: &str) -> String {
    let upper = name.to_uppercase();
    upper.strip_prefix("CAP_").unwrap_or(&upper).to_owned()
}
