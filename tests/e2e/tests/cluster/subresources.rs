//! What is asked for beside objects: scale, exec, resize, ephemeral containers, eviction, status.

use portcullis_e2e::objects::{IMAGE, Limits, deployment, pod};
use serde_json::json;

use crate::Case;
use crate::world::{LOOSE, STRICT, World};

pub const CASES: &[Case] = &[
    ("judges_scale", scale),
    ("judges_exec_and_attach", exec),
    ("judges_a_resize", resize),
    ("judges_an_ephemeral_container", ephemeral),
    ("judges_an_eviction", eviction),
    ("leaves_status_to_controllers", status),
];

fn scale(world: &mut World) {
    world.create_in(STRICT, &deployment("scaled", 1, Limits::Good));
    let said = world.kubectl_in(STRICT, &["scale", "deployment", "scaled", "--replicas=9"]);
    world.denies(
        "kubectl scale to 9 where 5 are allowed",
        "denied; `autoscaling/v1 Scale` is judged (A06)",
        &said,
        &["replicas", "no more than five"],
    );
    let said = world.kubectl_in(STRICT, &["scale", "deployment", "scaled", "--replicas=3"]);
    world.allows("kubectl scale to 3", "scaled", &said);
    world.create_in(LOOSE, &deployment("scaled", 1, Limits::Good));
    let said = world.kubectl_in(LOOSE, &["scale", "deployment", "scaled", "--replicas=9"]);
    world.succeeds(
        "kubectl scale to 9, sandbox",
        "scaled with a warning",
        &said,
        &["Warning:", "no more than five", "scaled"],
    );
}

fn exec(world: &mut World) {
    for namespace in [STRICT, LOOSE] {
        world.create_in(namespace, &pod("shell", Limits::Good));
    }
    let said = world.kubectl_in(STRICT, &["exec", "shell", "--", "sh"]);
    world.denies(
        "kubectl exec, compliance",
        "denied (A12): CONNECT with `PodExecOptions`",
        &said,
        &["no-shell", "nobody opens a shell here"],
    );
    let said = world.kubectl_in(STRICT, &["attach", "shell"]);
    world.denies("kubectl attach, compliance", "denied (A12)", &said, &["nobody opens a shell here"]);
    let said = world.kubectl_in(LOOSE, &["exec", "shell", "--", "sh"]);
    let holds = said.words().contains("does not have a host assigned") && !said.words().contains("denied");
    world.table.row("kubectl exec, sandbox", "let through; only the kubelet is missing", &said.words(), holds);
}

fn resize(world: &mut World) {
    // With requests of its own, so that its class of service stays the same.
    let mut object = pod("resized", Limits::Good);
    object["spec"]["containers"][0]["resources"]["requests"] = json!({"cpu": "200m", "memory": "200Mi"});
    world.create_in(STRICT, &object);
    let to = |cpu: &str| {
        json!({"spec": {"containers": [{"name": "app", "resources": {"limits": {"cpu": cpu}}}]}}).to_string()
    };
    let said = world.kubectl_in(STRICT, &["patch", "pod", "resized", "--subresource=resize", "-p", &to("32")]);
    world.denies("resize of a Pod to 32 CPUs", "denied (A04)", &said, &["cpu-limit-max"]);
    let said = world.kubectl_in(STRICT, &["patch", "pod", "resized", "--subresource=resize", "-p", &to("500m")]);
    world.allows("resize of a Pod to 500m", "patched", &said);
}

fn ephemeral(world: &mut World) {
    world.create_in(STRICT, &pod("debugged", Limits::Good));
    let said = world.kubectl_in(STRICT, &["debug", "debugged", "--image=busybox", "--target=app", "--attach=false"]);
    world.denies(
        "kubectl debug with an image without digest",
        "denied (A03): UPDATE of `pods/ephemeralcontainers`",
        &said,
        &["image-reference"],
    );
    let said =
        world.kubectl_in(STRICT, &["debug", "debugged", &format!("--image={IMAGE}"), "--target=app", "--attach=false"]);
    let holds = said.succeeded() || !said.words().contains("denied the request");
    world.table.row(
        "kubectl debug with an image by digest",
        "let in: ephemeral containers have no limits",
        &said.words(),
        holds,
    );
    let pod = world.kubectl_in(STRICT, &["get", "pod", "debugged", "-o", "json"]).json();
    let count = pod["spec"]["ephemeralContainers"].as_array().map_or(0, Vec::len);
    world.table.row("ephemeral containers of that Pod", "one", &count.to_string(), count == 1);
}

fn eviction(world: &mut World) {
    let evict = |world: &mut World, name: &str, seconds: u32| {
        let eviction = json!({
            "apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": STRICT},
            "deleteOptions": {"gracePeriodSeconds": seconds}
        });
        let path = format!("/api/v1/namespaces/{STRICT}/pods/{name}/eviction");
        world.client.post(&path, &eviction).expect("an answer")
    };
    world.create_in(STRICT, &pod("evicted", Limits::Good));
    let answer = evict(world, "evicted", 0);
    let holds = answer.status == 403 && answer.message().contains("a Pod gets time to end");
    world.table.row("eviction without grace", "denied: CREATE of `pods/eviction`", &answer.message(), holds);
    let answer = evict(world, "evicted", 30);
    world.table.row(
        "eviction with 30 s of grace",
        "201",
        &format!("{} {}", answer.status, answer.message()),
        answer.status == 201,
    );
}

fn status(world: &mut World) {
    let pod = pod("reported", Limits::Missing);
    world.create_in(LOOSE, &pod);
    let patch = json!({"status": {"phase": "Running"}}).to_string();
    let said =
        world.kubectl_in(LOOSE, &["patch", "pod", "reported", "--subresource=status", "--type=merge", "-p", &patch]);
    world.allows("status of a Pod that breaks rules", "patched; status is not what a policy judges", &said);
}
