//! System calls are limited by the runtime's profile or by one of the node.
//!
//! Annotations say so until 1.18, fields since 1.19.

use portcullis_sdk::{Finding, Fix, Node, Rule, Severity};

use super::{listed, rule};
use crate::pod::{ANNOTATIONS, Findings, Holder, Pod, Read, SECCOMP_PROFILE, TYPE};

/// No profile, said in so many words, or an unknown one.
pub const BASELINE: Rule = rule(
    "seccomp-profile-baseline",
    Severity::High,
    "A seccomp profile other than the runtime's or the node's is asked for",
);
/// None is asked for either, since 1.19.
pub const RESTRICTED: Rule = rule(
    "seccomp-profile-restricted",
    Severity::Medium,
    "A container has no seccomp profile of its runtime or its node",
);

const ALLOWED: [&str; 2] = ["RuntimeDefault", "Localhost"];
/// The annotation of the Pod.
const OF_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
/// That of a container, with its name behind.
const OF_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
const DEFAULTS: [&str; 2] = ["runtime/default", "docker/default"];
const LOCAL: &str = "localhost/";

/// Judges the annotations, as until 1.18.
pub fn judge_annotations(pod: &Pod, findings: &mut Findings) {
    let annotations = findings.map(&pod.whole, pod.metadata, ANNOTATIONS).node();
    if annotations.is_none() {
        return;
    }
    let mut keys = vec![OF_POD.to_owned()];
    for holder in &pod.containers {
        let key = format!("{OF_CONTAINER}{}", holder.node.find("name").text());
        // Two containers may have one name, in a file that no API server takes.
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    for key in keys {
        let node = annotations.find(&key);
        if node.is_none() {
            continue;
        }
        let Some(value) = findings.annotation(&pod.whole, &key, node) else { continue };
        if !DEFAULTS.contains(&value.as_str()) && !value.starts_with(LOCAL) {
            let message = format!("the annotation `{key}` is `{value}`; use `{}` or `{LOCAL}...`", DEFAULTS[0]);
            let fix = Fix::replace(format!("set it to `{}`", DEFAULTS[0]), DEFAULTS[0]);
            findings.add(Finding::new(&BASELINE, node, message).fix(fix));
        }
    }
}

/// Judges the profiles that are asked for.
pub fn judge_baseline(pod: &Pod, findings: &mut Findings) {
    for holder in pod.holders() {
        asked(&BASELINE, holder, findings);
    }
}

/// Judges the profiles that are asked for, and that one is.
pub fn judge_restricted(pod: &Pod, findings: &mut Findings) {
    let whole = asked(&RESTRICTED, &pod.whole, findings);
    let mut silent = Vec::new();
    for holder in &pod.containers {
        if asked(&RESTRICTED, holder, findings).is_none() && whole.is_none() {
            silent.push(holder);
        }
    }
    // Where no container says anything, one line in the Pod is what is missing.
    let silent = if silent.len() == pod.containers.len() && !silent.is_empty() { vec![&pod.whole] } else { silent };
    for holder in silent {
        let message = format!(
            "{} has no seccomp profile; set `securityContext.seccompProfile.type: {}`",
            holder.shown(),
            ALLOWED[0]
        );
        let finding = Finding::new(&RESTRICTED, holder.node, message).missing("/securityContext/seccompProfile/type");
        findings.add(finding.fix(Fix::add(format!("set the profile to {}", ALLOWED[0]), ALLOWED[0])));
    }
}

/// Judges the profile of a holder. Nothing where it has none, else its node: one that cannot be read is a finding already.
fn asked(rule: &'static Rule, holder: &Holder, findings: &mut Findings) -> Option<Node> {
    let profile = match holder.security {
        Read::Unreadable => return Some(holder.node),
        security => findings.map(holder, security.node(), SECCOMP_PROFILE),
    };
    let profile = match profile {
        Read::Is((), profile) => profile,
        Read::Unreadable => return Some(holder.node),
        Read::Absent => return None,
    };
    let fix = format!("set the profile to {}", ALLOWED[0]);
    match findings.text(holder, profile, TYPE) {
        Read::Is(written, node) if !ALLOWED.contains(&written.as_str()) => {
            let (who, allowed) = (holder.shown(), listed(&ALLOWED));
            let message = format!("the seccomp profile of {who} is `{written}`; use {allowed}");
            findings.add(Finding::new(rule, node, message).fix(Fix::replace(fix, ALLOWED[0])));
        }
        Read::Absent => {
            let (who, allowed) = (holder.shown(), listed(&ALLOWED));
            let message = format!("the seccomp profile of {who} has no `type`; use {allowed}");
            findings.add(Finding::new(rule, profile, message).missing("/type").fix(Fix::add(fix, ALLOWED[0])));
        }
        Read::Is(..) | Read::Unreadable => {}
    }
    Some(profile)
}
