//! Which checks apply at which level and in which version, as `k8s.io/pod-security-admission` registers them.
//!
//! A rule is named after its check there, in kebab-case.

pub mod allow_privilege_escalation;
pub mod app_armor_profile;
pub mod capabilities;
pub mod host_namespaces;
pub mod host_ports;
pub mod host_probes;
pub mod privileged;
pub mod proc_mount;
pub mod run_as_non_root;
pub mod run_as_user;
pub mod se_linux_options;
pub mod seccomp_profile;
pub mod sysctls;
pub mod volumes;
pub mod windows_host_process;

use portcullis_sdk::{Rule, Severity};

use crate::pod::{Findings, Pod, UNREADABLE};
use crate::settings::Settings;

/// Every rule; ids are forever.
pub const ALL: &[Rule] = &[
    allow_privilege_escalation::RULE,
    app_armor_profile::RULE,
    capabilities::BASELINE,
    capabilities::RESTRICTED,
    host_namespaces::RULE,
    volumes::HOST_PATH,
    host_ports::RULE,
    host_probes::RULE,
    privileged::RULE,
    proc_mount::BASELINE,
    proc_mount::RESTRICTED,
    volumes::RESTRICTED,
    run_as_non_root::RULE,
    run_as_user::RULE,
    seccomp_profile::BASELINE,
    seccomp_profile::RESTRICTED,
    se_linux_options::RULE,
    sysctls::RULE,
    windows_host_process::RULE,
    UNREADABLE,
];

/// Where people read more about every rule.
const STANDARDS: &str = "https://kubernetes.io/docs/concepts/security/pod-security-standards/";

/// A rule with its page.
const fn rule(id: &'static str, severity: Severity, title: &'static str) -> Rule {
    Rule::new(id, severity, title).with_help(STANDARDS)
}

/// Applies every check of the level and the version.
pub fn judge(settings: &Settings, pod: &Pod, findings: &mut Findings) {
    host_namespaces::judge(pod, findings);
    privileged::judge(pod, findings);
    windows_host_process::judge(pod, findings);
    host_ports::judge(pod, findings);
    app_armor_profile::judge(pod, findings);
    se_linux_options::judge(settings.minor, pod, findings);
    sysctls::judge(settings.minor, pod, findings);
    if settings.minor >= 34 {
        host_probes::judge(pod, findings);
    }
    let restricted = settings.is_restricted();
    // Where `restricted` says more of something than `baseline`, its check stands instead of the other. A Pod for Windows
    // is let off the stricter ones (1.25), and the others then hold: the API server takes neither of it anyway.
    let windows = settings.minor >= 25 && pod.windows;
    if restricted && settings.minor >= 22 && !windows {
        capabilities::judge_restricted(pod, findings);
    } else {
        capabilities::judge_baseline(pod, findings);
    }
    if settings.minor < 19 {
        seccomp_profile::judge_annotations(pod, findings);
    } else if restricted && !windows {
        seccomp_profile::judge_restricted(pod, findings);
    } else {
        seccomp_profile::judge_baseline(pod, findings);
    }
    if restricted {
        volumes::judge_restricted(pod, findings);
    } else {
        volumes::judge_baseline(pod, findings);
    }
    // In a user namespace root is nobody on the node (KEP-127).
    let relaxed = settings.minor >= 35 && pod.user_namespace;
    if restricted && settings.minor >= 35 {
        proc_mount::judge(&proc_mount::RESTRICTED, pod, findings);
    } else if !relaxed {
        proc_mount::judge(&proc_mount::BASELINE, pod, findings);
    }
    if restricted && settings.minor >= 8 && !windows {
        allow_privilege_escalation::judge(pod, findings);
    }
    if restricted && !relaxed {
        run_as_non_root::judge(pod, findings);
        if settings.minor >= 23 {
            run_as_user::judge(pod, findings);
        }
    }
}

/// Words for a message: `` `a`, `b` or `c` ``.
fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => quoted.concat(),
    }
}
