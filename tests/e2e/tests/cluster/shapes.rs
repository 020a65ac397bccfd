//! Objects of unusual kind and size: custom kinds, old versions, megabytes.

use std::time::{Duration, Instant};

use portcullis_e2e::guard::wait_for;
use portcullis_e2e::load::Seen;
use portcullis_e2e::objects::{Limits, config_map, container, pod};
use serde_json::{Value, json};

use crate::Case;
use crate::world::{LOOSE, STRICT, World};

pub const CASES: &[Case] = &[
    ("judges_a_custom_kind_that_runs_containers", custom_kind),
    ("lets_a_config_map_of_1_4_mb_be_changed", large_config_map),
    ("judges_a_pod_of_a_thousand_containers", many_containers),
    ("lets_what_no_policy_wants_pass_without_a_call", unwanted),
];

fn definition() -> Value {
    let schema = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "rollouts.e2e.example.org"},
        "spec": {
            "group": "e2e.example.org", "scope": "Namespaced",
            "names": {"plural": "rollouts", "singular": "rollout", "kind": "Rollout", "listKind": "RolloutList"},
            "versions": [{"name": "v1alpha1", "served": true, "storage": true, "schema": {"openAPIV3Schema": schema}}]
        }
    })
}

fn rollout(name: &str, limits: Limits) -> Value {
    json!({
        "apiVersion": "e2e.example.org/v1alpha1", "kind": "Rollout", "metadata": {"name": name},
        "spec": {"replicas": 2, "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container(limits)]}}}
    })
}

fn custom_kind(world: &mut World) {
    let said = world.kubectl.create(&definition());
    world.allows("create a CustomResourceDefinition", "created", &said);
    wait_for("the custom kind", Duration::from_secs(20), || {
        match Seen::of(&world.post(STRICT, &rollout("probe", Limits::Good), "?dryRun=All")) {
            Seen::Allowed => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
    let said = world.create_in(STRICT, &rollout("custom", Limits::Missing));
    world.denies(
        "a custom object whose template has no memory limit",
        "denied (A08)",
        &said,
        &["memory-limit-missing", "spec.template.spec.containers[0]"],
    );
    let said = world.create_in(STRICT, &rollout("custom", Limits::Good));
    world.allows("a custom object that keeps every rule", "created", &said);
    let said = world.create_in(LOOSE, &rollout("custom", Limits::Missing));
    world.succeeds("the first one, in the sandbox", "created with a warning", &said, &["Warning:", "created"]);
    let bad = json!({"spec": {"template": {"spec": {"containers": [container(Limits::TooMuch)]}}}}).to_string();
    let said = world.kubectl_in(STRICT, &["patch", "rollout", "custom", "--type=merge", "-p", &bad]);
    world.denies("a custom object is changed to 32 CPUs", "denied", &said, &["cpu-limit-max"]);
}

fn large_config_map(world: &mut World) {
    let path = format!("/api/v1/namespaces/{STRICT}/configmaps");
    let mut object = config_map("large", 1_000_000);
    let answer = world.client.post(&path, &object).expect("an answer");
    world.table.row(
        "create a ConfigMap of 1.0 MB",
        "201",
        &format!("{} {}", answer.status, short(&answer.message())),
        answer.status == 201,
    );
    object = config_map("large", 1_040_000);
    // `data` and `binaryData` together may have 1 MiB; annotations 256 KiB more.
    object["metadata"]["annotations"] = json!({"notes": "n".repeat(250_000), "words": "\"quoted\" \\ and <escaped>"});
    object["metadata"]["labels"] = json!({"size": "large"});
    let start = Instant::now();
    let put = |world: &mut World, object: &Value| {
        let body = object.to_string().into();
        world.client.send(hyper::Method::PUT, &format!("{path}/large"), "application/json", body).expect("an answer")
    };
    let answer = put(world, &object);
    world.table.row(
        "change it to 1.3 MB (old and new in one review)",
        "200",
        &format!("{} {} in {} ms", answer.status, short(&answer.message()), start.elapsed().as_millis()),
        answer.status == 200,
    );
    object["metadata"]["labels"]["size"] = json!("still-large");
    let start = Instant::now();
    let answer = put(world, &object);
    world.table.row(
        "change it again: two objects of 1.3 MB in one review",
        "200",
        &format!("{} {} in {} ms", answer.status, short(&answer.message()), start.elapsed().as_millis()),
        answer.status == 200,
    );
}

fn many_containers(world: &mut World) {
    let mut object = pod("crowd", Limits::Good);
    let containers: Vec<Value> = (0..1000)
        .map(|number| {
            let mut container = container(Limits::Good);
            container["name"] = json!(format!("c{number}"));
            container
        })
        .collect();
    object["spec"]["containers"] = json!(containers);
    let start = Instant::now();
    let seen = world.try_create(STRICT, &object);
    world.table.row(
        "a good Pod of 1000 containers",
        "allowed (A50)",
        &format!("{seen:?} in {} ms", start.elapsed().as_millis()),
        seen == Seen::Allowed,
    );
    object["spec"]["containers"][777]["resources"] = Limits::Missing.resources();
    let seen = world.try_create(STRICT, &object);
    let holds = matches!(&seen, Seen::Denied(text) if text.contains("c777"));
    world.table.row("the same with one bad container among them", "denied; it is named", &format!("{seen:?}"), holds);
}

fn unwanted(world: &mut World) {
    let reviews = |world: &World| -> u64 {
        let webhook = world.webhook.as_ref().expect("it runs");
        let text = webhook.page("/metrics").expect("metrics").text();
        let lines = text.lines().filter(|line| line.starts_with("portcullis_reviews_total"));
        lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).map(|count| count as u64).sum()
    };
    let before = reviews(world);
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "quiet"}});
    let said = world.create_in(STRICT, &lease);
    world.allows("create a Lease", "created", &said);
    world.kubectl_in(STRICT, &["delete", "lease", "quiet"]);
    let after = reviews(world);
    world.table.row(
        "reviews that the webhook counted for it",
        "none: no policy reads Leases",
        &(after - before).to_string(),
        after == before,
    );
}

fn short(text: &str) -> String {
    text.chars().take(120).collect()
}
