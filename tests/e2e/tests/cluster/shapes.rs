//! Objects of unusual kind and size: custom kinds, old versions, megabytes.

use std::time::{Duration, Instant};

use portcullis_e2e::client::Answer;
use portcullis_e2e::guard::wait_for;
use portcullis_e2e::load::Seen;
use portcullis_e2e::objects::{Limits, config_map, container, pod};
use portcullis_e2e::plane::free_address;
use portcullis_e2e::webhook::{Plan, Webhook};
use serde_json::{Value, json};

use crate::Case;
use crate::world::{LOOSE, STRICT, World};

pub const CASES: &[Case] = cases![
    judges_a_custom_kind_that_runs_containers,
    lets_a_config_map_of_1_4_mb_be_changed,
    lets_a_config_map_of_markup_be_changed,
    keeps_the_values_of_secrets_to_itself,
    judges_a_pod_of_a_thousand_containers,
    lets_what_no_policy_wants_pass_without_a_call,
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

fn judges_a_custom_kind_that_runs_containers(world: &mut World) {
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

fn lets_a_config_map_of_1_4_mb_be_changed(world: &mut World) {
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

/// Go writes `<` as six bytes of JSON, so what the API server takes as 1 MB arrives as 6 MB, twice. By default a review may
/// have 8 MiB, which is enough for markup, and not for a text of nothing else.
fn lets_a_config_map_of_markup_be_changed(world: &mut World) {
    let (made, changed) = change_text(world, "<p>ab</p>");
    world.table.row("create a ConfigMap of 1.0 MB of markup", "201", &made, made.starts_with("201"));
    world.table.row("change it", "200", &changed, changed.starts_with("200"));
    let (made, changed) = change_text(world, "<");
    world.table.row("create a ConfigMap of 1.0 MB of `<`", "201", &made, made.starts_with("201"));
    let holds = changed.contains("the review is larger") || changed.starts_with("200");
    world.table.row(
        "change it: a review of 12.6 MB",
        "200, or refused in words where `--max-body` is less",
        &changed,
        holds,
    );
    let plan = Plan {
        name: "webhook-roomy".to_owned(),
        address: free_address(),
        ops: free_address(),
        records: None,
        more: ["--max-body", "20Mi"].map(str::to_owned).to_vec(),
        ..world.plan()
    };
    let roomy = Webhook::start(&world.plane, plan);
    world.door.turn(roomy.plan.address);
    world.door.cut();
    let (_, changed) = change_text(world, "<");
    world.table.row("change it with `--max-body 20Mi`", "200", &changed, changed.starts_with("200"));
    let home = world.plan().address;
    world.door.turn(home);
    world.door.cut();
}

/// Creates a ConfigMap of this text repeated to 1 MB, changes its labels, and removes it; both answers.
fn change_text(world: &mut World, text: &str) -> (String, String) {
    let path = format!("/api/v1/namespaces/{STRICT}/configmaps");
    let mut object = config_map("markup", 10);
    object["data"]["text"] = json!(text.repeat(1_000_000 / text.len()));
    let made = world.client.post(&path, &object).expect("an answer");
    object["metadata"]["labels"] = json!({"changed": "yes"});
    let body = object.to_string().into();
    let changed = world.client.send(hyper::Method::PUT, &format!("{path}/markup"), "application/json", body);
    let changed = changed.expect("an answer");
    let _ = world.client.send(hyper::Method::DELETE, &format!("{path}/markup"), "application/json", "".into());
    let said = |answer: &Answer| match answer.status {
        200..300 => answer.status.to_string(),
        status => format!("{status} {}", answer.message()),
    };
    (said(&made), said(&changed))
}

fn keeps_the_values_of_secrets_to_itself(world: &mut World) {
    const VALUE: &str = "never-to-be-seen-anywhere-4711";
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "quiet"}, "stringData": {"password": VALUE}
    });
    let said = world.create_in(STRICT, &secret);
    world.allows("create a Secret", "created", &said);
    let said = world.kubectl_in(STRICT, &["annotate", "secret", "quiet", "note=1"]);
    world.allows("change it", "annotated", &said);
    std::thread::sleep(Duration::from_millis(500));
    let encoded = "bmV2ZXItdG8tYmUtc2Vlbi1hbnl3aGVyZS00NzEx";
    let leaked = |path: &std::path::Path| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.contains(VALUE) || text.contains(encoded)
    };
    let mut files = portcullis_e2e::judge::files(&world.recorded[0].0, "json");
    let (records, log) = (files.len(), world.plane.folder().join("webhook.log"));
    files.push(log);
    let leaks = files.iter().filter(|path| leaked(path)).count();
    let seen = format!("{leaks} of {records} records and the log");
    world.table.row("where its value stands in records and log", "nowhere", &seen, leaks == 0 && records > 0);
}

fn judges_a_pod_of_a_thousand_containers(world: &mut World) {
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
    for container in object["spec"]["containers"].as_array_mut().into_iter().flatten() {
        container["resources"] = Limits::Missing.resources();
    }
    let seen = world.try_create(STRICT, &object);
    let length = if let Seen::Denied(text) = &seen { text.len() } else { 0 };
    let seen = format!("a message of {length} bytes");
    world.table.row(
        "the same with a thousand bad ones",
        "denied in a message of bounded length",
        &seen,
        (1..16_384).contains(&length),
    );
}

fn lets_what_no_policy_wants_pass_without_a_call(world: &mut World) {
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
    text.chars().take(40).collect()
}
