//! A Pod sets only kernel parameters that are its own and reach nobody else.

use portcullis_sdk::{Finding, Fix, Rule, Severity};

use super::rule;
use crate::pod::{Findings, NAME, Pod, Read, SYSCTLS};

/// Another one.
pub const RULE: Rule = rule("sysctls", Severity::High, "A Pod sets a kernel parameter that may reach beyond it");

/// The minor version that each is allowed since.
const SAFE: [(u32, &str); 14] = [
    (0, "kernel.shm_rmid_forced"),
    (0, "net.ipv4.ip_local_port_range"),
    (0, "net.ipv4.tcp_syncookies"),
    (0, "net.ipv4.ping_group_range"),
    (0, "net.ipv4.ip_unprivileged_port_start"),
    (27, "net.ipv4.ip_local_reserved_ports"),
    (29, "net.ipv4.tcp_keepalive_time"),
    (29, "net.ipv4.tcp_fin_timeout"),
    (29, "net.ipv4.tcp_keepalive_intvl"),
    (29, "net.ipv4.tcp_keepalive_probes"),
    (32, "net.ipv4.tcp_rmem"),
    (32, "net.ipv4.tcp_wmem"),
    (37, "net.ipv4.tcp_slow_start_after_idle"),
    (37, "net.ipv4.tcp_notsent_lowat"),
];

/// Judges the Pod.
pub fn judge(minor: u32, pod: &Pod, findings: &mut Findings) {
    for sysctl in findings.maps(&pod.whole, pod.whole.security.node(), SYSCTLS) {
        let name = match findings.text(&pod.whole, sysctl, NAME) {
            Read::Is(name, _) => name,
            Read::Absent => String::new(),
            Read::Unreadable => continue,
        };
        if !SAFE.iter().any(|(since, safe)| *safe == name && minor >= *since) {
            let message = format!("the Pod sets the sysctl `{name}`; remove it, it is not known to be safe");
            findings.add(Finding::new(&RULE, sysctl, message).fix(Fix::remove(format!("do not set `{name}`"))));
        }
    }
}
