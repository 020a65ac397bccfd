//! Requests that are not a plain CREATE, and those who make them (A03, A04, A06, A10 to A13, A16, A18 to A19, A58, A60).

use portcullis_tests::{Folder, portcullis};
use serde_json::{Value, json};

use crate::{DIGEST, clean, denied, ids, judge, judge_by, pod, refused, review, set, tagged};

#[test]
fn denies_a_debugger_and_a_resize_above_the_limit_a03_a04() {
    let old = pod(&json!({"containers": [clean("app")]}));
    let mut debugged = old.clone();
    debugged["spec"]["ephemeralContainers"] = json!([{"name": "debug", "image": "busybox"}]);
    let found = denied(&judge(&review("UPDATE", "ephemeralcontainers", &debugged, &old)));
    assert!(found.contains(&"digest-missing /spec/ephemeralContainers/0/image".to_owned()), "{found:?}");
    let mut resized = old.clone();
    resized["spec"]["containers"][0]["resources"]["limits"]["cpu"] = json!("17");
    let found = denied(&judge(&review("UPDATE", "resize", &resized, &old)));
    assert!(found.contains(&"cpu-limit-max /spec/containers/0/resources/limits/cpu".to_owned()), "{found:?}");
}

#[test]
fn judges_a_scale_a06() {
    let scale = json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": 50}});
    let mut asked = review("UPDATE", "scale", &scale, &scale);
    asked["request"]["kind"] = json!({"group": "autoscaling", "version": "v1", "kind": "Scale"});
    asked["request"]["resource"] = json!({"group": "apps", "version": "v1", "resource": "statefulsets"});
    asked["request"]["oldObject"]["spec"]["replicas"] = json!(1);
    let set = set(
        "  - {name: few, plugin: {builtin: resource-limits}, settings: {fields: [{pointer: /spec/replicas, max: 10}]}, match: {resourceRules: [{apiGroups: [apps], apiVersions: ['*'], operations: [UPDATE], resources: ['*/scale']}]}}",
    );
    assert_eq!(denied(&judge_by(Some(&set), &asked.to_string(), &[])), ["field-max /spec/replicas"]);
}

#[test]
fn judges_an_update_for_what_it_makes_of_the_object_a10() {
    let old = pod(&json!({"containers": [clean("app")]}));
    let new = pod(&json!({"containers": [tagged("app")]}));
    assert_eq!(denied(&judge(&review("UPDATE", "", &new, &old))).len(), 1);
    assert_eq!(denied(&judge(&review("UPDATE", "", &old, &new))), Vec::<String>::new(), "the other way is a cure");
}

#[test]
fn judges_an_object_in_deletion_and_lets_its_finalizers_go_a11() {
    let mut old = pod(&json!({"containers": [tagged("app")]}));
    old["metadata"]["deletionTimestamp"] = json!("2026-11-21T07:49:14Z");
    old["metadata"]["finalizers"] = json!(["example.com/hold"]);
    let mut released = old.clone();
    released["metadata"]["finalizers"] = json!([]);
    assert_eq!(denied(&judge(&review("UPDATE", "", &released, &old))), Vec::<String>::new(), "nothing hangs");
    let mut changed = released.clone();
    changed["spec"]["containers"][0]["image"] = json!("evil.example/miner");
    assert!(!denied(&judge(&review("UPDATE", "", &changed, &old))).is_empty(), "a deletion excuses nothing");
}

#[test]
fn judges_a_deletion_by_the_old_object_and_a_shell_by_its_options_a12() {
    let set = set(
        "  - {name: keep, plugin: {builtin: cel}, match: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [DELETE, CONNECT], resources: [pods, 'pods/*']}]}, settings: {validations: [{expression: \"request.operation == 'DELETE' ? oldObject.metadata.name != 'web' : !object.stdin\"}]}}",
    );
    let old = pod(&json!({"containers": [clean("app")]}));
    let gone = review("DELETE", "", &Value::Null, &old);
    assert_eq!(denied(&judge_by(Some(&set), &gone.to_string(), &[])).len(), 1);
    let exec = json!({"apiVersion": "v1", "kind": "PodExecOptions", "stdin": true, "command": ["sh"]});
    let mut shell = review("CONNECT", "exec", &exec, &Value::Null);
    shell["request"]["kind"]["kind"] = json!("PodExecOptions");
    assert_eq!(denied(&judge_by(Some(&set), &shell.to_string(), &[])).len(), 1);
    assert_eq!(denied(&judge(&gone)), Vec::<String>::new(), "the default set judges no deletions");
}

#[test]
fn decides_the_same_whatever_verb_made_the_change_a13_a16() {
    let new = pod(&json!({"containers": [tagged("app")]}));
    let plain = review("CREATE", "", &new, &Value::Null);
    let first = ids(&judge(&plain));
    let option = |kind: &str| json!({"apiVersion": "meta.k8s.io/v1", "kind": kind, "fieldManager": "x"});
    for (dry, options) in [
        (true, Value::Null),
        (false, option("CreateOptions")),
        (false, option("PatchOptions")),
        (true, option("UpdateOptions")),
    ] {
        let mut other = plain.clone();
        other["request"]["dryRun"] = json!(dry);
        other["request"]["options"] = options;
        other["request"]["uid"] = json!("another");
        let answer = judge(&other);
        assert_eq!((answer.status, ids(&answer)), (1, first.clone()), "{other}");
    }
}

#[test]
fn obeys_no_label_or_annotation_that_asks_to_be_left_alone_a18_a44() {
    let bad = pod(&json!({"containers": [tagged("app")]}));
    let plain = ids(&judge(&bad));
    for (group, key, value) in [
        ("labels", "admission.gatekeeper.sh/ignore", "no-self-managing"),
        ("labels", "portcullis.dev/mode", "sandbox"),
        ("annotations", "portcullis.dev/mode", "sandbox"),
        ("annotations", "portcullis.dev/ignore", "true"),
        ("annotations", "portcullis.dev/verified", DIGEST),
        ("annotations", "cosign.sigstore.dev/verified", "true"),
        ("annotations", "kyverno.io/verify-images", r#"{"registry.example/team/app:1.4": "pass"}"#),
        ("labels", "pod-security.kubernetes.io/enforce", "privileged"),
    ] {
        let mut asking = bad.clone();
        asking["metadata"][group] = json!({key: value});
        assert_eq!(ids(&judge(&asking)), plain, "{group} {key}");
    }
    // What a pipeline pins, a Namespace in the judged input does not change.
    let sandbox = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"portcullis.dev/mode": "sandbox"}}});
    let both = judge_by(None, &format!("{sandbox}\n---\n{bad}\n"), &[]);
    assert!(both.status == 1 && ids(&both).contains(&plain[0]), "{both:?}");
}

#[test]
fn takes_unknown_labels_and_empty_names_for_no_way_out_a18b() {
    let set = set(
        "  - {name: images, plugin: {builtin: image-reference}, settings: {requireDigest: true}, match: {namespaceSelector: {matchLabels: {env: prod}}}}",
    );
    let mut bad = pod(&json!({"containers": [tagged("app")]}));
    let said = refused(&judge_by(Some(&set), &bad.to_string(), &[]));
    assert!(said.contains("needs the labels of"), "{said}");
    bad["metadata"] = json!({"generateName": "web-", "namespace": "shop"});
    assert_eq!(denied(&judge(&bad)).len(), 1);
    let mut unnamed = review("CREATE", "", &bad, &Value::Null);
    unnamed["request"]["name"] = json!("");
    assert_eq!(denied(&judge(&unnamed)).len(), 1);
}

#[test]
fn believes_the_request_and_not_the_object_about_who_asks_a19() {
    let set = set(
        "  - {name: who, plugin: {builtin: cel}, match: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}, settings: {validations: [{expression: \"request.userInfo.username == 'system:serviceaccount:ci:deployer' || 'system:masters' in request.userInfo.groups\"}]}}",
    );
    let asked = |user: &str, groups: &[&str]| {
        let mut object = pod(&json!({"containers": [clean("app")]}));
        object["metadata"]["annotations"] =
            json!({"userInfo": "system:masters", "kubernetes.io/created-by": "system:serviceaccount:ci:deployer"});
        let mut review = review("CREATE", "", &object, &Value::Null);
        review["request"]["userInfo"] =
            json!({"username": user, "groups": groups, "extra": {"groups": ["system:masters"]}});
        judge_by(Some(&set), &review.to_string(), &[]).status
    };
    assert_eq!(asked("system:serviceaccount:ci:deployer", &[]), 0);
    for (user, groups) in [
        ("system:serviceaccount:ci:deployer2", &[][..]),
        ("xsystem:serviceaccount:ci:deployer", &[]),
        ("mallory", &["system:masters2", "SYSTEM:MASTERS", "system:masters,other"]),
    ] {
        assert_eq!(asked(user, groups), 1, "{user}");
    }
    assert_eq!(asked("mallory", &["a", "b", "system:masters"]), 0);
    assert_eq!(asked("mallory", &["system:masters", "a", "b"]), 0, "the order of groups is nothing");
}

#[test]
fn hides_nothing_behind_waivers_that_expired_or_cover_something_else_a53() {
    let folder = Folder::new("attack-waivers");
    folder.write("pod.json", pod(&json!({"containers": [tagged("app")]})).to_string());
    let waiver = |name: &str, covers: &str, expires: &str| {
        format!(
            "---\napiVersion: portcullis.dev/v1alpha1\nkind: Waiver\nmetadata: {{name: {name}}}\nspec: {{policy: image-reference, rule: digest-missing, covers: {covers}, owner: o, ticket: T-1, reason: r, expires: {expires}}}\n"
        )
    };
    let status = |waivers: &[String]| {
        folder.write("waivers.yaml", waivers.concat());
        portcullis(folder.path(), &["check", "--no-config", "-f", "json", "--waivers", "waivers.yaml", "pod.json"])
            .status
    };
    let good = "2026-12-31";
    assert_eq!(status(&[waiver("fits", "{namespaces: [shop], names: [web]}", good)]), 0);
    assert_eq!(
        status(&[waiver("over", "{namespaces: [shop], names: [web]}", "2026-11-20")]),
        1,
        "it expired yesterday"
    );
    assert_eq!(status(&[waiver("other", "{namespaces: [shop2], names: ['*']}", good)]), 1, "another tenant's");
    let halves = [
        waiver("a", "{namespaces: [shop], names: [db]}", good),
        waiver("b", "{namespaces: [bank], names: [web]}", good),
    ];
    assert_eq!(status(&halves), 1, "two halves are no whole");
    assert_eq!(status(&[waiver("over", "{everything: true}", "2026-11-20"), halves[0].clone(), halves[1].clone()]), 1);
}

#[test]
fn refuses_reviews_that_ask_nothing_a58() {
    let object = pod(&json!({"containers": [clean("app")]}));
    let whole = review("CREATE", "", &object, &Value::Null);
    for (pointer, value) in [
        ("/request", Value::Null),
        ("/request", json!({})),
        ("/request/object", Value::Null),
        ("/request/operation", json!("APPROVE")),
        ("/request/object", json!("a text")),
        ("/request/kind", json!("Pod")),
    ] {
        let mut broken = whole.clone();
        *broken.pointer_mut(pointer).expect("a member") = value.clone();
        let said = refused(&judge(&broken));
        assert!(said.len() > 20, "{pointer} {value}: {said}");
    }
    let mut stranger = whole;
    stranger["apiVersion"] = json!("admission.k8s.io/v2");
    refused(&judge(&stranger));
}

#[test]
fn lets_a_policy_that_cannot_judge_excuse_nobody_a60() {
    let policy = |name: &str, on_error: &str| {
        format!(
            "  - {{name: {name}, plugin: {{builtin: image-reference}}, settings: {{requireDigest: true}}, match: {{namespaceSelector: {{matchLabels: {{env: prod}}}}}}, onError: {{compliance: {on_error}}}}}\n"
        )
    };
    let judges = "  - {name: limits, plugin: {builtin: resource-limits}, settings: {cpu: {max: '1'}}}\n";
    let mut large = clean("app");
    large["resources"]["limits"]["cpu"] = json!("2");
    let (good, bad) =
        (pod(&json!({"containers": [clean("app")]})).to_string(), pod(&json!({"containers": [large]})).to_string());
    let (denies, warns) = (policy("broken", "deny"), policy("broken", "warn"));
    for (policies, text, status, verdict) in [
        ([denies.as_str(), judges], &good, 2, "deny"),
        ([denies.as_str(), judges], &bad, 2, "deny"),
        ([judges, denies.as_str()], &bad, 2, "deny"),
        ([warns.as_str(), judges], &bad, 1, "deny"),
        ([judges, warns.as_str()], &bad, 1, "deny"),
        ([warns.as_str(), judges], &good, 0, "allow"),
    ] {
        let answer = judge_by(Some(&set(policies.concat().trim_end())), text, &[]);
        let said = answer.json()["decisions"][0]["verdict"].as_str().unwrap_or_default().to_owned();
        assert_eq!((answer.status, said.as_str()), (status, verdict), "{policies:?} about {text}: {answer:?}");
    }
}
