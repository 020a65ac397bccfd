//! Nobody takes off the AppArmor profile that the node gives, nor brings one that was not installed there.

use portcullis_sdk::{Finding, Fix, Rule, Severity};

use super::{listed, rule};
use crate::pod::{ANNOTATIONS, APP_ARMOR_PROFILE, Findings, Pod, Read, TYPE};

/// Another profile.
pub const RULE: Rule =
    rule("app-armor-profile", Severity::High, "An AppArmor profile other than the node's is asked for");

const ALLOWED: [&str; 2] = ["RuntimeDefault", "Localhost"];
/// An annotation of a container begins so, until the field came in 1.30; API servers still read it.
const ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";
const DEFAULT: &str = "runtime/default";
const LOCAL: &str = "localhost/";

/// Judges the fields and the annotations.
pub fn judge(pod: &Pod, findings: &mut Findings) {
    for holder in pod.holders() {
        let profile = findings.map(holder, holder.security.node(), APP_ARMOR_PROFILE).node();
        if profile.is_none() {
            continue;
        }
        let finding = match findings.text(holder, profile, TYPE) {
            Read::Is(written, node) if !ALLOWED.contains(&written.as_str()) => {
                let (who, allowed) = (holder.shown(), listed(&ALLOWED));
                let message = format!("the AppArmor profile of {who} is `{written}`; use {allowed}");
                let fix = Fix::replace("set the profile to RuntimeDefault", ALLOWED[0]);
                Finding::new(&RULE, node, message).fix(fix)
            }
            Read::Absent => {
                let (who, allowed) = (holder.shown(), listed(&ALLOWED));
                let message = format!("the AppArmor profile of {who} has no `type`; use {allowed}");
                let fix = Fix::add("set the profile to RuntimeDefault", ALLOWED[0]);
                Finding::new(&RULE, profile, message).missing("/type").fix(fix)
            }
            Read::Is(..) | Read::Unreadable => continue,
        };
        findings.add(finding);
    }
    let annotations = findings.map(&pod.whole, pod.metadata, ANNOTATIONS).node();
    for position in 0..annotations.len() {
        let key = annotations.key_at(position);
        if !key.starts_with(ANNOTATION) {
            continue;
        }
        let node = annotations.at(position);
        let Some(value) = findings.annotation(&pod.whole, &key, node) else { continue };
        if !value.is_empty() && value != DEFAULT && !value.starts_with(LOCAL) {
            let message = format!("the annotation `{key}` is `{value}`; use `{DEFAULT}` or `{LOCAL}...`");
            findings
                .add(Finding::new(&RULE, node, message).fix(Fix::replace(format!("set it to `{DEFAULT}`"), DEFAULT)));
        }
    }
}
