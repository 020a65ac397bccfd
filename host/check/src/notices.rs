//! What a person should know of a run besides its findings: waivers that did nothing, and policies that nobody judged by.

use std::collections::{BTreeSet, HashSet};

use portcullis_gate::{Sets, Warning};
use portcullis_model::{Decision, FailureKind, Place};
use portcullis_policies::{ADMISSION_SET, Waiver};

/// How many waivers that were not needed are named; the others are counted.
const IDLE_WAIVERS_SHOWN: usize = 10;
/// How many files are named that hold policies nobody judged by; the others are counted.
const FILES_SHOWN: usize = 3;
/// A policy that `--policies` takes as it is.
const ADMISSION_POLICY: &str = "ValidatingAdmissionPolicy";
/// Its group, in front of its version.
const ADMISSION_GROUP: &str = "admissionregistration.k8s.io/";

/// What can hardly be meant in the sets, unless a policy that it is about failed by its settings, which says so.
pub(crate) fn untold_warnings(sets: &Sets, decisions: &[Decision]) -> Vec<String> {
    let is_told = |warning: &Warning| {
        let own = decisions.iter().filter(|decision| decision.policy_set == warning.policy_set);
        let mut failures = own.flat_map(|decision| &decision.failures);
        failures.any(|failure| {
            let own = failure.policy.as_ref().is_some_and(|policy| warning.policies.contains(policy));
            own && failure.kind == FailureKind::Settings
        })
    };
    let warnings = sets.warnings().into_iter().filter(|warning| !warning.at_admission && !is_told(warning));
    warnings.map(|warning| warning.message).collect()
}

/// An expired waiver does nothing, and somebody should know.
pub(crate) fn expired_waivers(sets: &Sets, time: i64) -> Vec<String> {
    let notice = |waiver: &Waiver| {
        let (name, owner, expires) = (&waiver.name, &waiver.owner, &waiver.expires);
        format!(
            "the waiver `{name}` of {owner} expired on {expires} and does nothing; renew or remove it ({})",
            waiver.ticket
        )
    };
    sets.waivers.expired(time).into_iter().map(notice).collect()
}

/// Waivers that are in force and were not needed, which often means that somebody can remove them.
pub(crate) fn idle_waivers(sets: &Sets, time: i64, decisions: &[Decision]) -> Option<String> {
    let findings = decisions.iter().flat_map(|decision| &decision.findings);
    let used: HashSet<&str> = findings.filter_map(|judged| judged.waiver.as_deref()).collect();
    let idle: Vec<_> = sets.waivers.in_force(time).filter(|waiver| !used.contains(waiver.name.as_str())).collect();
    let name = |waiver: &&Waiver| format!("`{}` of {} ({})", waiver.name, waiver.owner, waiver.ticket);
    let shown: Vec<String> = idle.iter().take(IDLE_WAIVERS_SHOWN).map(name).collect();
    let more = match idle.len().saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (who, which) = match idle.len() {
        0 => return None,
        1 => ("1 waiver is".to_owned(), "it if it is"),
        all => (format!("{all} waivers are"), "those that are"),
    };
    let shown = shown.join(", ");
    Some(format!("{who} in force but waived nothing in this run: {shown}{more}; remove {which} not needed any more"))
}

/// Files with ValidatingAdmissionPolicies among what was judged, where nobody judged by any: a person may have meant to.
pub(crate) fn unused_admission_policies(sets: &Sets, decisions: &[Decision]) -> Option<String> {
    if sets.sets.iter().any(|set| set.loaded.set.name == ADMISSION_SET) {
        return None;
    }
    let subjects = decisions.iter().map(|decision| &decision.subject);
    let own =
        subjects.filter(|subject| subject.kind == ADMISSION_POLICY && subject.api_version.starts_with(ADMISSION_GROUP));
    let files: BTreeSet<&str> = own.filter_map(|subject| subject.place.as_ref()).map(Place::file).collect();
    let shown: Vec<String> = files.iter().take(FILES_SHOWN).map(|file| format!("`{file}`")).collect();
    let more = match files.len().saturating_sub(shown.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let told = format!(
        "a {ADMISSION_POLICY} was judged as an object like any other ({}{more}); to judge by it, give it with --policies",
        shown.join(", ")
    );
    (!shown.is_empty()).then_some(told)
}
