//! What is counted, what is just enough, and what is refused once.

use super::*;
use crate::sample::yaml;
use crate::settings::MAX_SETTINGS;

#[test]
fn counts_what_it_takes_and_hands_back_what_is_none_of_its_own() {
    let mut manifests = Manifests::default();
    for other in [
        "{apiVersion: portcullis.dev/v1alpha1, kind: Something}",
        "{apiVersion: e.x/v1, kind: PolicySett}",
        "{apiVersion: v1, spec: {}}",
        "{kind: Pod}",
    ] {
        assert!(manifests.take(yaml(other)).is_some(), "{other}");
    }
    assert_eq!((manifests.is_empty(), manifests.len()), (true, 0));
    let group = "apiVersion: admissionregistration.k8s.io/v1";
    for (text, count, complaints) in [
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}", 1, 0),
        ("{apiVersion: v1, kind: ConfigMap, metadata: {name: b}}", 2, 0),
        (POLICY, 3, 0),
        (BINDING, 4, 0),
        (&format!("{{{group}, kind: Something}}"), 5, 1),
        ("{apiVersion: e.x/v1, kind: ValidatingAdmissionPolicyy}", 6, 2),
        (&format!("{{{group}, kind: ValidatingWebhookConfiguration}}"), 7, 2),
    ] {
        assert!(manifests.take(yaml(text)).is_none(), "{text}");
        assert_eq!((manifests.len(), manifests.complaints.len()), (count, complaints), "{text}");
        assert!(!manifests.is_empty());
    }
    assert_eq!((manifests.policies.len(), manifests.bindings.len(), manifests.others.len()), (1, 1, 3));
    let mut found = Manifests::default();
    assert!(found.take(yaml(POLICY)).is_none() && !found.is_empty());
}

#[test]
fn takes_settings_of_as_many_bytes_as_a_plugin_does_and_not_one_more() {
    let with = |length: usize| {
        let message = format!("[{{message: {}, expression", "x".repeat(length));
        load(&[("p.yaml", &POLICY.replace("[{expression", &message)), ("b.yaml", BINDING)])
    };
    let length = |set: Result<LoadedSet, Vec<String>>| set.map(|set| set.set.policies[0].settings.sandbox.len());
    let around = length(with(1)).expect("a set") - 1;
    assert_eq!(length(with(MAX_SETTINGS - around)), Ok(MAX_SETTINGS));
    let refused = length(with(MAX_SETTINGS - around + 1)).expect_err("one byte more");
    assert!(refused[0].contains("the policy `replicas` and its params take more than 1048576 bytes"), "{refused:?}");
}

#[test]
fn refuses_messages_keys_and_names_that_the_api_server_refuses_and_says_so_once() {
    let message = about("validations", "validations: [{expression: 'true', message: 5}]");
    assert!(message.contains("`message` must be a string"), "{message}");
    assert_eq!(about("validations", "validations: [{expression: 'true', message: ''}]"), "");
    for key in ["a b", "a/b", ""] {
        let annotation = format!("auditAnnotations: [{{key: '{key}', valueExpression: \"'x'\"}}]");
        assert!(!about("auditAnnotations", &annotation).is_empty(), "{key}");
    }
    let named = |name: &str| {
        about_binding(&format!("validationActions: [Deny], paramRef: {{name: {name}, parameterNotFoundAction: Deny}}"))
    };
    for name in [".", "..", "a/b", "a%b"] {
        assert!(named(name).contains(&format!("`{name}` is not the name of an object")), "{name}: {}", named(name));
    }
    assert_eq!(named("5").lines().count(), 1, "{}", named("5"));
}

#[test]
fn leaves_out_what_no_policy_of_an_api_server_judges() {
    let never = |policy: &str| -> Vec<String> {
        matching::never(policy)
            .flat_map(|rule| {
                rule.resources.into_iter().map(move |resource| format!("{}/{resource}", rule.api_groups[0]))
            })
            .collect()
    };
    let own = never("replicas");
    for resource in [
        "authentication.k8s.io/tokenreviews/*",
        "authorization.k8s.io/selfsubjectrulesreviews/*",
        "admissionregistration.k8s.io/validatingadmissionpolicies/*",
    ] {
        assert!(own.iter().any(|one| one == resource), "{resource}: {own:?}");
    }
    let fixed = never("replicas.static.k8s.io");
    assert!(fixed.len() == 6 && fixed.iter().all(|one| !one.starts_with("admissionregistration")), "{fixed:?}");
}
