//! What an update may keep of what its object had before, and what it may not.

use portcullis_model::Verdict;

use super::*;
use crate::testing::{judge, review, sets};

/// The effect of the one finding of an update and whether it is told as one of before.
fn update(plugin: &str, on_existing: &str, object: &str, old: &str) -> (Effect, bool) {
    let spec = format!("{{policies: [{{name: p, plugin: {{builtin: {plugin}}}{on_existing}}}]}}");
    let review = Review { mode: Some(Mode::Compliance), ..review("UPDATE", object, old) };
    let decision = judge(&sets(&spec), review);
    assert_eq!((decision.findings.len(), decision.failures.len()), (1, 0));
    let judged = &decision.findings[0];
    assert_eq!(decision.verdict() == Verdict::Deny, judged.effect == Effect::Deny);
    (judged.effect, judged.existing)
}

fn named(name: &str, labels: &str) -> String {
    format!(r#""metadata":{{"name":"web","labels":{{{labels}}}}},"spec":{{"name":"{name}"}}"#)
}

const WARN: &str = ", onExisting: {compliance: warn}";

#[test]
fn softens_only_what_the_object_had_before_word_for_word_and_only_where_the_policy_says_so() {
    let (old, touched) = (named("x", ""), named("x", r#""a":"b""#));
    assert_eq!(update("finds", WARN, &touched, &old), (Effect::Warn, true));
    assert_eq!(update("finds", ", onExisting: {compliance: audit}", &touched, &old), (Effect::Audit, true));
    assert_eq!(update("finds", "", &touched, &old), (Effect::Deny, false), "nobody said so");
    assert_eq!(update("finds", ", onExisting: {sandbox: warn}", &touched, &old), (Effect::Deny, false));
    // The plugin says the same of it, but it is another value.
    assert_eq!(update("finds", WARN, &named("y", ""), &old), (Effect::Deny, false));
    let clean = r#""metadata":{"name":"web"},"spec":{}"#;
    assert_eq!(update("finds", WARN, &old, clean), (Effect::Deny, false), "it is new");
}

#[test]
fn softens_nothing_of_a_creation_and_nothing_that_denies_nothing() {
    let object = named("x", "");
    let spec = format!("{{policies: [{{name: p, plugin: {{builtin: finds}}{WARN}}}]}}");
    let with_old = Review { mode: Some(Mode::Compliance), ..review("UPDATE", &object, &object) };
    let mut created = with_old.clone();
    created.request.operation = "CREATE".into();
    let mut without_old = with_old;
    without_old.old_object = None;
    for review in [created, without_old] {
        assert_eq!(judge(&sets(&spec), review).verdict(), Verdict::Deny);
    }
    let audited = update("finds", &format!(", effect: {{compliance: audit}}{WARN}"), &object, &object);
    assert_eq!(audited, (Effect::Audit, false), "it stays what it is");
}

#[test]
fn softens_nothing_where_the_old_object_did_not_face_the_policy() {
    let only_labelled = ", match: {objectSelector: {matchLabels: {a: b}}}";
    let condition = ", match: {matchConditions: [{name: c, expression: 'object.metadata.labels.size() == 1'}]}";
    let labelled = named("x", r#""a":"b""#);
    // An objectSelector looks at the old object as well; a condition looks at the object in hand.
    assert_eq!(update("finds", &format!("{WARN}{only_labelled}"), &labelled, &labelled), (Effect::Warn, true));
    assert_eq!(update("finds", &format!("{WARN}{condition}"), &labelled, &named("x", "")), (Effect::Deny, false));
    assert_eq!(update("finds", &format!("{WARN}{condition}"), &labelled, &labelled), (Effect::Warn, true));
}

fn owned(replicas: &str, labels: &str) -> String {
    format!(
        r#""metadata":{{"name":"web","labels":{{{labels}}},"ownerReferences":[{{"kind":"Deployment","name":"web","controller":true}}]}},"spec":{{"name":"x","replicas":{replicas}}}"#
    )
}

#[test]
fn a_controller_may_run_fewer_of_what_was_too_many_before_and_never_more() {
    assert_eq!(update("counts", "", &owned("3", ""), &owned("5", "")), (Effect::Warn, true));
    assert_eq!(update("finds", "", &owned("3", ""), &owned("5", "")), (Effect::Warn, true), "nor for anything else");
    assert_eq!(update("counts", "", &owned("6", ""), &owned("5", "")), (Effect::Deny, false));
    let (lone, before) = [r#""replicas":3"#, r#""replicas":5"#]
        .map(|spec| format!(r#""metadata":{{"name":"web"}},"spec":{{{spec}}}"#))
        .into();
    assert_eq!(update("counts", WARN, &lone, &before), (Effect::Deny, false), "nobody's controller: another number");
}

#[test]
fn a_milder_effect_is_what_the_policy_declares_or_a_warning_for_what_only_winds_down() {
    let sets = sets(
        "{policies: [{name: a, plugin: {builtin: finds}}, {name: b, plugin: {builtin: finds}, onExisting: {compliance: audit}}]}",
    );
    let policies = &sets.sets[0].loaded.set.policies;
    assert_eq!(milder(&policies[0], Mode::Compliance, false), None);
    assert_eq!(milder(&policies[0], Mode::Compliance, true), Some(Effect::Warn));
    assert_eq!(milder(&policies[1], Mode::Compliance, true), Some(Effect::Audit));
    assert_eq!(milder(&policies[1], Mode::Sandbox, false), None);
}

#[test]
fn softens_nothing_of_a_secret_whose_values_no_message_may_tell_apart() {
    let object = named("x", "");
    let spec = format!("{{policies: [{{name: p, plugin: {{builtin: finds}}{WARN}}}]}}");
    let mut secret = Review { mode: Some(Mode::Compliance), ..review("UPDATE", &object, &object) };
    assert_eq!(judge(&sets(&spec), secret.clone()).verdict(), Verdict::Allow);
    secret.request.kind.kind = "Secret".into();
    assert_eq!(judge(&sets(&spec), secret).verdict(), Verdict::Deny);
}
