//! What controllers do: they create Pods, remove finalizers, empty namespaces.

use std::time::Duration;

use portcullis_e2e::guard::wait_for;
use portcullis_e2e::objects::{Limits, config_map, deployment, pod};
use serde_json::{Value, json};

use crate::Case;
use crate::world::{LOOSE, STRICT, World};

pub const CASES: &[Case] = cases![
    lets_controllers_create_what_was_allowed,
    tells_in_an_event_why_pods_are_denied,
    lets_a_workload_that_broke_rules_be_mended,
    judges_what_a_cron_job_makes,
    never_holds_what_is_being_deleted,
    lets_a_namespace_with_content_be_deleted,
    judges_a_deletion,
];

const SOON: Duration = Duration::from_secs(30);

fn lets_controllers_create_what_was_allowed(world: &mut World) {
    world.create_in(STRICT, &deployment("served", 2, Limits::Good));
    let count = wait_for("the Pods of a Deployment", SOON, || {
        let pods = world.kubectl_in(STRICT, &["get", "pods", "-l", "app=served", "-o", "json"]).json();
        let count = pods["items"].as_array().map_or(0, Vec::len);
        if count == 2 { Ok(count) } else { Err(format!("{count} Pods")) }
    });
    world.table.row(
        "a Deployment of two, created",
        "the controllers create two Pods",
        &format!("{count} Pods"),
        count == 2,
    );
}

/// The Deployment was let in while its namespace was a sandbox; its Pod must come again when it is under compliance.
fn tells_in_an_event_why_pods_are_denied(world: &mut World) {
    world.namespace("hardened", Some("sandbox"));
    let said = world.create_in("hardened", &deployment("late", 1, Limits::Missing));
    world.succeeds("a Deployment without limits, sandbox", "created with a warning", &said, &["Warning:", "created"]);
    let pod = wait_for("the Pod", SOON, || {
        let pod = world.kubectl_in("hardened", &["get", "pods", "-o", "name"]).out;
        if pod.starts_with("pod/") { Ok(pod.trim().to_owned()) } else { Err("no Pod".to_owned()) }
    });
    world.kubectl.must(&["label", "namespace", "hardened", "--overwrite", "portcullis.dev/mode=compliance"]);
    let said = world.kubectl_in("hardened", &["delete", &pod, "--grace-period=0", "--force"]);
    world.succeeds("its Pod is deleted, compliance", "deleted", &said, &["deleted"]);
    let message = wait_for("an event", SOON, || {
        let list = ["get", "events", "--field-selector=reason=FailedCreate", "-o", "json"];
        let events = world.kubectl_in("hardened", &list).json();
        events["items"][0]["message"].as_str().map(str::to_owned).ok_or_else(|| "none yet".to_owned())
    });
    let holds = message.contains("denied the request") && message.contains("memory-limit-missing");
    world.table.row("event FailedCreate of its ReplicaSet", "carries policy, rule and field", &message, holds);
}

/// The Deployment is older than the rule. Its controller must be able to wind the old ReplicaSet down, or mending would hang.
fn lets_a_workload_that_broke_rules_be_mended(world: &mut World) {
    const PLACE: &str = "brownfield";
    world.namespace(PLACE, Some("sandbox"));
    let legacy = |limits: Limits| {
        let mut object = deployment("legacy", 2, limits);
        object["spec"]["strategy"] = json!({"type": "Recreate"});
        object
    };
    world.create_in(PLACE, &legacy(Limits::Missing));
    wait_for("the first Pods", SOON, || replicas_of(world, PLACE, &[2]));
    world.kubectl.must(&["label", "namespace", PLACE, "--overwrite", "portcullis.dev/mode=compliance"]);
    let said = world.kubectl_in(PLACE, &["annotate", "deployment", "legacy", "note=1"]);
    world.denies("annotate a Deployment that breaks rules", "denied", &said, &["memory-limit-missing"]);
    let said = world.kubectl.run_with(&["-n", PLACE, "replace", "-f", "-"], &legacy(Limits::Good).to_string());
    world.allows("replace it by one that keeps every rule", "replaced", &said);
    let seen = wait_for("the old ReplicaSet at none, the new one at two", SOON, || replicas_of(world, PLACE, &[0, 2]));
    world.table.row(
        "its ReplicaSets, some seconds later",
        "the old one is wound down (0), the new one has 2",
        &seen,
        true,
    );
}

/// Waits for the numbers of Pods of all ReplicaSets of a namespace, sorted.
fn replicas_of(world: &World, namespace: &str, wanted: &[u64]) -> Result<String, String> {
    let sets = world.kubectl_in(namespace, &["get", "replicasets", "-o", "json"]).json();
    let sets = sets["items"].as_array().cloned().unwrap_or_default();
    let mut numbers: Vec<u64> = sets.iter().filter_map(|set| set["status"]["replicas"].as_u64()).collect();
    numbers.sort_unstable();
    let seen = format!("{numbers:?}");
    if numbers == wanted { Ok(seen) } else { Err(seen) }
}

fn judges_what_a_cron_job_makes(world: &mut World) {
    let job = |limits: Limits| {
        let mut spec = pod("x", limits)["spec"].clone();
        spec["restartPolicy"] = json!("Never");
        json!({
            "apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "nightly"},
            "spec": {"schedule": "0 3 * * *", "jobTemplate": {"spec": {"template": {"spec": spec}}}}
        })
    };
    let said = world.create_in(STRICT, &job(Limits::Missing));
    world.denies(
        "a CronJob without memory limit",
        "denied (A09)",
        &said,
        &["memory-limit-missing", "spec.jobTemplate.spec.template.spec.containers[0]"],
    );
    let said = world.create_in(STRICT, &job(Limits::Good));
    world.allows("a CronJob that keeps every rule", "created", &said);
    let said = world.kubectl_in(STRICT, &["create", "job", "now", "--from=cronjob/nightly"]);
    world.allows("a Job of it", "created", &said);
    let pods = wait_for("the Pod of a Job", SOON, || {
        let pods = world.kubectl_in(STRICT, &["get", "pods", "-l", "job-name=now", "-o", "name"]).out;
        if pods.starts_with("pod/") { Ok(pods) } else { Err(pods) }
    });
    world.table.row("the Pod of that Job", "the controller creates it", &pods, true);
}

/// A Pod that would be denied today, with a finalizer.
fn never_holds_what_is_being_deleted(world: &mut World) {
    world.namespace("ending", Some("sandbox"));
    let mut object = pod("stuck", Limits::Missing);
    object["metadata"]["finalizers"] = json!(["e2e.example.org/hold"]);
    world.create_in("ending", &object);
    let mut map = config_map("stuck", 10);
    map["metadata"]["finalizers"] = json!(["e2e.example.org/hold"]);
    world.create_in("ending", &map);
    world.kubectl.must(&["label", "namespace", "ending", "--overwrite", "portcullis.dev/mode=compliance"]);
    let said = world.kubectl_in("ending", &["annotate", "pod", "stuck", "note=1"]);
    world.denies(
        "annotate a Pod that breaks rules, before it is deleted",
        "denied (A11)",
        &said,
        &["memory-limit-missing"],
    );
    world.kubectl_in("ending", &["delete", "pod", "stuck", "--wait=false", "--grace-period=0", "--force"]);
    let said = world.kubectl_in("ending", &["set", "image", "pod/stuck", "app=nginx:latest"]);
    world.denies(
        "change the image of a Pod that is being deleted",
        "denied: deletionTimestamp excuses nothing (A11)",
        &said,
        &["image-reference"],
    );
    let patch = json!({"status": {"message": "ending"}}).to_string();
    let said =
        world.kubectl_in("ending", &["patch", "pod", "stuck", "--subresource=status", "--type=merge", "-p", &patch]);
    world.allows("set status of a Pod that is being deleted", "patched (A11)", &said);
    let patch = json!({"metadata": {"finalizers": null}}).to_string();
    let said = world.kubectl_in("ending", &["patch", "pod", "stuck", "--type=merge", "-p", &patch]);
    world.allows("remove the finalizer of a Pod that breaks rules", "patched: nothing hangs (A11)", &said);
    let gone = world.kubectl_in("ending", &["get", "pod", "stuck"]);
    world.table.row("that Pod", "gone", &gone.words(), gone.err.contains("NotFound"));
}

/// Deletes a namespace that holds what compliance would deny today.
fn lets_a_namespace_with_content_be_deleted(world: &mut World) {
    world.namespace("leaving", Some("sandbox"));
    for name in ["one", "two"] {
        world.create_in("leaving", &pod(name, Limits::Missing));
        world.create_in("leaving", &deployment(name, 1, Limits::Missing));
        world.create_in("leaving", &config_map(name, 100));
    }
    world.kubectl.must(&["label", "namespace", "leaving", "--overwrite", "portcullis.dev/mode=compliance"]);
    let said = world.kubectl.run(&["delete", "namespace", "leaving", "--wait=false"]);
    world.allows("delete a namespace with Pods, Deployments and ConfigMaps", "deleted", &said);
    let ended = wait_for("the end of a namespace", Duration::from_secs(60), || {
        let said = world.kubectl.run(&["get", "namespace", "leaving", "-o", "json"]);
        let conditions: Vec<Value> = said.json()["status"]["conditions"].as_array().cloned().unwrap_or_default();
        if said.err.contains("NotFound") { Ok(said.words()) } else { Err(format!("{conditions:?}")) }
    });
    world.table.row("that namespace, some seconds later", "gone", &ended, true);
    world.kubectl.run(&["delete", "namespace", "ending", "--wait=false"]);
}

fn judges_a_deletion(world: &mut World) {
    for namespace in [STRICT, LOOSE] {
        let mut object = config_map("kept", 10);
        object["metadata"]["labels"] = json!({"protected": "true"});
        world.create_in(namespace, &object);
    }
    let said = world.kubectl_in(STRICT, &["delete", "configmap", "kept"]);
    world.denies(
        "a DELETE for which a policy cannot know whether it matches, compliance",
        "denied as not judged (A12): `object` is null",
        &said,
        &["named"],
    );
    let said = world.kubectl_in(LOOSE, &["delete", "configmap", "kept"]);
    world.succeeds("the same, sandbox", "deleted with a warning", &said, &["Warning:", "deleted"]);
}
