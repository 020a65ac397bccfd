//! Violations where a careless reader does not look (A01 to A09b, A14 to A17b).

use serde_json::{Value, json};

use crate::{clean, denied, judge, judge_by, pinned, pod, refused, set, tagged};

const MISSING: &str = "digest-missing";

#[test]
fn finds_what_only_an_init_container_or_a_sidecar_breaks_a01_a02() {
    let mut sidecar = tagged("proxy");
    sidecar["restartPolicy"] = json!("Always");
    for (init, at) in [(json!([tagged("setup")]), 0), (json!([clean("first"), sidecar]), 1)] {
        let spec = json!({"containers": [clean("app")], "initContainers": init});
        let found = denied(&judge(&pod(&spec)));
        assert_eq!(found, [format!("{MISSING} /spec/initContainers/{at}/image")]);
    }
}

#[test]
fn takes_the_limits_of_a_pod_and_holds_them_to_the_range_a05() {
    let bare = json!({"name": "app", "image": pinned()});
    let limits = |cpu: &str| json!({"containers": [bare], "resources": {"limits": {"cpu": cpu, "memory": "1Gi"}}});
    assert_eq!(denied(&judge(&pod(&limits("2")))), Vec::<String>::new(), "no container needs its own");
    let found = denied(&judge(&pod(&limits("64"))));
    assert!(found.contains(&"cpu-limit-max /spec/resources/limits/cpu".to_owned()), "{found:?}");
    assert!(
        !denied(&judge(&pod(&json!({"containers": [bare], "resources": {}})))).is_empty(),
        "nothing bounds nothing"
    );
}

#[test]
fn finds_the_image_of_a_volume_a07() {
    let volume = json!({"name": "model", "image": {"reference": "registry.example/model:1"}});
    let found = denied(&judge(&pod(&json!({"containers": [clean("app")], "volumes": [volume]}))));
    assert_eq!(found, [format!("{MISSING} /spec/volumes/0/image/reference")]);
}

#[test]
fn finds_the_containers_of_custom_kinds_or_says_that_nobody_looked_a08() {
    let rollout = json!({"apiVersion": "example.com/v1", "kind": "Rollout", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"spec": {"containers": [tagged("app")]}}}});
    let unnamed = judge(&rollout);
    assert!(unnamed.out.contains("its containers were not judged: name the kind `Rollout`"), "{unnamed:?}");
    let named = "apiVersion: portcullis.dev/v1alpha1\nkind: PolicySet\nmetadata: {name: mine}\nspec:\n  workloads: [{apiGroup: example.com, kind: Rollout, template: /spec/template}]\n  policies:\n  - {name: images, plugin: {builtin: image-reference}, settings: {requireDigest: true}}\n";
    let answer = judge_by(Some(named), &rollout.to_string(), &[]);
    assert_eq!(denied(&answer), [format!("{MISSING} /spec/template/spec/containers/0/image")]);
}

#[test]
fn finds_the_containers_of_every_bare_controller_a09() {
    let template = json!({"spec": {"containers": [tagged("app")]}});
    let of = |version: &str, kind: &str, spec: Value| json!({"apiVersion": version, "kind": kind, "metadata": {"name": "x", "namespace": "shop"}, "spec": spec});
    for object in [
        of("apps/v1", "ReplicaSet", json!({"template": template})),
        of("v1", "ReplicationController", json!({"template": template})),
        of("batch/v1", "Job", json!({"template": template})),
        of("batch/v1", "CronJob", json!({"jobTemplate": {"spec": {"template": template}}})),
        json!({"apiVersion": "v1", "kind": "PodTemplate", "metadata": {"name": "x", "namespace": "shop"}, "template": template}),
    ] {
        let found = denied(&judge(&object));
        assert!(found.len() == 1 && found[0].starts_with(MISSING), "{}: {found:?}", object["kind"]);
    }
}

#[test]
fn finds_what_lists_streams_anchors_and_merges_carry_a09b() {
    let bad = pod(&json!({"containers": [tagged("app")]}));
    let list = |items: &Value| json!({"apiVersion": "v1", "kind": "List", "items": items});
    assert_eq!(denied(&judge(&list(&json!([list(&json!([bad]))])))).len(), 1, "a list in a list");
    let typed =
        json!({"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "x"}, "spec": bad["spec"]}]});
    assert_eq!(denied(&judge(&typed)).len(), 1, "items without kind");
    let pinned = pinned();
    // The pinned image stands in the anchor; what is merged over it does not.
    let merged = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, annotations: &a {{name: app, image: '{pinned}', resources: {{limits: {{cpu: 1, memory: 1Gi}}}}}}}}\nspec: {{containers: [{{<<: *a, image: nginx}}]}}\n"
    );
    let found = denied(&judge_by(None, &merged, &[]));
    assert!(found.iter().any(|one| one.starts_with("digest-missing")), "{found:?}");
    let harmless = pod(&json!({"containers": [clean("app")]}));
    let stream = format!("{harmless}\n---\n# {harmless}\n---\n{bad}\n...\n---\n{harmless}\n");
    assert_eq!(denied(&judge_by(None, &stream, &[])).len(), 1, "the second document of three");
}

#[test]
fn finds_the_second_document_however_it_is_parted_from_the_first_a09b() {
    let (good, bad) = (pod(&json!({"containers": [clean("app")]})), pod(&json!({"containers": [tagged("app")]})));
    for between in [
        "",
        "\n",
        " ",
        "\n---\n",
        "\n--- ",
        "\n---\t\n",
        "\r\n---\r\n",
        "\r---\r",
        "\u{85}---\u{85}",
        "\n---\n---\n",
        "\n--- # x\n",
    ] {
        let found = denied(&judge_by(None, &format!("{good}{between}{bad}\n"), &[]));
        assert_eq!(found.len(), 1, "{between:?}");
    }
    // To kubectl the mark is the beginning of a text there, so that it sees no object.
    let marked = judge_by(None, &format!("{good}\n---\n\u{feff}{bad}\n"), &[]);
    assert!(refused(&marked).contains("a byte-order mark inside the text"), "{marked:?}");
    for before in ["\u{feff}", "%YAML 1.2\n---\n", "---\n", "# x\n"] {
        assert_eq!(denied(&judge_by(None, &format!("{before}{bad}\n"), &[])).len(), 1, "{before:?}");
    }
}

#[test]
fn lets_no_definition_in_the_input_rename_a_kind_of_kubernetes_a14() {
    let set = set(
        "  - {name: images, plugin: {builtin: image-reference}, settings: {requireDigest: true}, match: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}}",
    );
    let renamed = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "foos.apps"},
        "spec": {"group": "apps", "scope": "Cluster", "names": {"kind": "Deployment", "plural": "foos"}, "versions": [{"name": "v1", "served": true, "storage": true}]}});
    let bad = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"template": {"spec": {"containers": [tagged("app")]}}}});
    for text in [format!("{renamed}\n---\n{bad}"), format!("{bad}\n---\n{renamed}")] {
        let answer = judge_by(Some(&set), &text, &[]);
        assert!(refused(&answer).contains("two definitions of `apps/v1 Deployment` disagree"), "{answer:?}");
        assert!(answer.out.contains("digest-missing"), "and the Deployment is judged: {answer:?}");
    }
}

#[test]
fn refuses_keys_that_stand_twice_a09b() {
    let text = pod(&json!({"containers": [clean("app")]})).to_string();
    for twice in [
        text.replacen("\"image\":", "\"image\":\"nginx\",\"image\":", 1),
        text.replacen("\"image\":", "\"im\\u0061ge\":\"nginx\",\"image\":", 1),
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers: []\nspec:\n  containers: [{name: a, image: nginx}]\n".to_owned(),
    ] {
        let said = refused(&judge_by(None, &twice, &[]));
        assert!(said.contains("twice") || said.contains("duplicate"), "{said}");
    }
}

#[test]
fn knows_a_workload_in_every_version_that_ever_had_it_a14() {
    for version in ["extensions/v1beta1", "apps/v1beta1", "apps/v1beta2", "apps/v1"] {
        let object = json!({"apiVersion": version, "kind": "Deployment", "metadata": {"name": "x", "namespace": "shop"},
            "spec": {"template": {"spec": {"containers": [tagged("app")]}}}});
        assert_eq!(denied(&judge(&object)).len(), 1, "{version}");
    }
    let set = set(
        "  - {name: images, plugin: {builtin: image-reference}, settings: {requireDigest: true}, match: {resourceRules: [{apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments]}]}}",
    );
    let old = json!({"apiVersion": "extensions/v1beta1", "kind": "Deployment", "metadata": {"name": "x", "namespace": "shop"},
        "spec": {"template": {"spec": {"containers": [tagged("app")]}}}});
    let said = refused(&judge_by(Some(&set), &old.to_string(), &[]));
    assert!(said.contains("the object is written in `extensions/v1beta1`, and the rule judges `apps/v1`"), "{said}");
}

#[test]
fn sees_past_bulk_and_past_what_nobody_knows_a15() {
    let mut bad = pod(&json!({"containers": [tagged("app")], "fieldFromTheFuture": {"containers": [clean("other")]}}));
    let plain = denied(&judge(&bad));
    let fields: serde_json::Map<String, Value> = (0..5_000).map(|n| (format!("f:key-{n}"), json!({".": {}}))).collect();
    bad["metadata"]["managedFields"] = json!([{"manager": "kubectl", "operation": "Apply", "apiVersion": "v1", "fieldsType": "FieldsV1", "fieldsV1": fields}]);
    bad["status"] = json!({"spec": {"containers": [clean("status")]}, "phase": "Running"});
    assert_eq!(denied(&judge(&bad)), plain);
    assert_eq!(plain.len(), 1, "{plain:?}");
}

#[test]
fn takes_nothing_for_something_in_no_spelling_a17() {
    let missing = "memory-limit-missing /spec/containers/0/resources/limits/memory";
    for resources in [
        json!(null),
        json!({}),
        json!({"limits": null}),
        json!({"limits": {}}),
        json!({"limits": {"cpu": "1"}}),
        json!({"limits": {"cpu": "1", "memory": null}}),
    ] {
        let container = json!({"name": "app", "image": pinned(), "resources": resources});
        let found = denied(&judge(&pod(&json!({"containers": [container]}))));
        assert!(found.contains(&missing.to_owned()), "{resources}: {found:?}");
    }
    let mut empty = clean("app");
    empty["resources"]["limits"]["memory"] = json!("");
    let found = denied(&judge(&pod(&json!({"containers": [empty]}))));
    assert!(found.iter().any(|one| one.starts_with("memory-limit-unreadable")), "{found:?}");
    for image in [json!(null), json!("")] {
        let mut container = clean("app");
        container["image"] = image;
        assert!(
            denied(&judge(&pod(&json!({"containers": [container]}))))
                .iter()
                .any(|one| one.starts_with("image-missing"))
        );
    }
    let wrong = judge(&pod(&json!({"containers": {"0": tagged("app")}})));
    assert_ne!(wrong.status, 0, "a map is no list of containers: {wrong:?}");
}

#[test]
fn reads_quantities_in_every_spelling_a17b() {
    let cpu = |value: Value| {
        let mut container = clean("app");
        container["resources"]["limits"]["cpu"] = value;
        denied(&judge(&pod(&json!({"containers": [container]}))))
    };
    for inside in [
        json!("1"),
        json!(1),
        json!("1000m"),
        json!("1e0"),
        json!("+1"),
        json!("1000000000n"),
        json!("16"),
        json!(0.5),
        json!("0.5"),
        json!("1600e-2"),
        json!(" 1"),
    ] {
        assert_eq!(cpu(inside.clone()), Vec::<String>::new(), "{inside}");
    }
    for outside in [
        json!("17"),
        json!("16001m"),
        json!("1k"),
        json!("1Ki"),
        json!("1e3"),
        json!(1e3),
        json!("16000000001n"),
        json!("1e9999"),
        json!("9999999999999999999999"),
    ] {
        assert!(cpu(outside.clone()).iter().any(|one| one.starts_with("cpu-limit-max")), "{outside}");
    }
    for below in [json!("0"), json!("-1"), json!("99m"), json!("1n")] {
        assert!(cpu(below.clone()).iter().any(|one| one.starts_with("cpu-limit-min")), "{below}");
    }
    for none in [
        json!("1 000"),
        json!("1K"),
        json!("0x10"),
        json!("1_000"),
        json!("１"),
        json!("1\n"),
        json!(true),
        json!("1mm"),
        json!("NaN"),
        json!(["1"]),
    ] {
        assert!(
            cpu(none.clone()).iter().any(|one| one.starts_with("cpu-limit-unreadable")),
            "{none}: {:?}",
            cpu(none.clone())
        );
    }
}

#[test]
fn judges_objects_as_large_as_an_api_server_takes_a50() {
    let many: Vec<Value> = (0..10_000).map(|n| clean(&format!("c{n}"))).chain([tagged("last")]).collect();
    let answer = judge(&pod(&json!({"containers": many})));
    let last = format!("{MISSING} /spec/containers/10000/image");
    match answer.status {
        // A build that nobody optimised may spend the 50 ms of a policy on so many; that denies and says so.
        2 => assert!(refused(&answer).contains("spent its 50 ms"), "{answer:?}"),
        _ => assert!(denied(&answer).contains(&last), "the last of 10,001 containers is judged: {}", answer.err),
    }
    let mut bulky = pod(&json!({"containers": [tagged("app")]}));
    bulky["metadata"]["annotations"] = json!({"note": "x".repeat(3 << 20)});
    assert_eq!(denied(&judge(&bulky)).len(), 1);
    let deep = format!(
        r#"{{"apiVersion": "v1", "kind": "Pod", "metadata": {{"name": "a"}}, "spec": {}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let said = refused(&judge_by(None, &deep, &[]));
    assert!(said.contains("more than 100 maps and lists inside each other"), "{said}");
}
