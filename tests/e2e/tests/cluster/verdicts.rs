//! What a person sees who creates and changes things: allowed, denied with a reason, warned.

use portcullis_e2e::load::Seen;
use portcullis_e2e::objects::{Limits, container, deployment, pod};
use serde_json::json;

use crate::Case;
use crate::world::{LOOSE, STRICT, World};

pub const CASES: &[Case] = &[
    ("allows_what_keeps_every_rule", allows),
    ("denies_with_policy_rule_and_field", denies),
    ("warns_in_a_sandbox", warns),
    ("judges_one_object_by_the_mode_of_its_namespace", two_namespaces),
    ("judges_an_update_however_it_is_sent", updates),
    ("leaves_nothing_behind_after_a_dry_run", dry_run),
    ("judges_server_side_apply", server_side_apply),
    ("judges_an_object_whose_name_is_generated", generate_name),
    ("judges_each_object_of_a_list", list),
];

fn allows(world: &mut World) {
    let said = world.create_in(STRICT, &pod("good", Limits::Good));
    world.allows("create a Pod that keeps every rule, compliance", "created, no warning", &said);
    let said = world.create_in(STRICT, &deployment("good", 1, Limits::Good));
    world.allows("create a Deployment that keeps every rule, compliance", "created, no warning", &said);
}

fn denies(world: &mut World) {
    let said = world.create_in(STRICT, &pod("bad", Limits::Missing));
    let words = ["resource-limits", "memory-limit-missing", "spec", "containers", "`app`"];
    world.denies(
        "create a Pod without a memory limit, compliance",
        "denied; policy, rule, container and field are named",
        &said,
        &words,
    );
    let mut object = pod("bad", Limits::Missing);
    object["spec"]["containers"][0]["image"] = json!("nginx:latest");
    let said = world.create_in(STRICT, &object);
    world.denies(
        "create a Pod with two kinds of findings, compliance",
        "denied; both policies are named",
        &said,
        &["resource-limits", "image-reference"],
    );
    let said = world.create_in(STRICT, &deployment("bad", 1, Limits::TooMuch));
    world.denies(
        "create a Deployment with 32 CPUs, compliance",
        "denied; rule `cpu-limit-max`",
        &said,
        &["cpu-limit-max"],
    );
    let gone = world.kubectl_in(STRICT, &["get", "pod", "bad"]);
    world.table.row("get what was denied", "it is not there", &gone.words(), gone.err.contains("NotFound"));
}

fn warns(world: &mut World) {
    let said = world.create_in(LOOSE, &pod("bad", Limits::Missing));
    world.succeeds(
        "create a Pod without a memory limit, sandbox",
        "created with a warning that names the rule",
        &said,
        &["Warning:", "memory-limit-missing", "created"],
    );
    let answer = world.post(LOOSE, &pod("bad2", Limits::Missing), "?dryRun=All").expect("an answer");
    let long = answer.warnings.iter().map(|warning| warning.chars().count()).max().unwrap_or_default();
    world.table.row(
        "the longest warning",
        "at most 256 characters, at least one",
        &format!("{} warnings, {long} characters", answer.warnings.len()),
        (1..=256).contains(&long),
    );
}

fn two_namespaces(world: &mut World) {
    let object = deployment("twice", 1, Limits::TooMuch);
    let loose = world.create_in(LOOSE, &object);
    world.succeeds("one Deployment, in the sandbox", "created with a warning", &loose, &["Warning:", "created"]);
    let strict = world.create_in(STRICT, &object);
    world.denies("the same Deployment, in compliance", "denied", &strict, &["cpu-limit-max"]);
    world.namespace("unlabelled", None);
    let said = world.create_in("unlabelled", &object);
    world.denies(
        "the same Deployment, in a namespace without a label",
        "denied: compliance is the default",
        &said,
        &["cpu-limit-max"],
    );
    world.namespace("mislabelled", Some("sandboxx"));
    let said = world.create_in("mislabelled", &object);
    world.denies(
        "the same Deployment, in a namespace with a label that nobody knows",
        "denied: it counts as compliance",
        &said,
        &["cpu-limit-max"],
    );
}

fn updates(world: &mut World) {
    world.create_in(STRICT, &deployment("changing", 1, Limits::Good));
    let bad =
        json!({"spec": {"template": {"spec": {"containers": [{"name": "app", "image": "nginx:latest"}]}}}}).to_string();
    let said = world.kubectl_in(STRICT, &["patch", "deployment", "changing", "-p", &bad]);
    world.denies("strategic merge patch to an image without digest", "denied (A10, A16)", &said, &["image-reference"]);
    let patch =
        json!([{"op": "remove", "path": "/spec/template/spec/containers/0/resources/limits/memory"}]).to_string();
    let said = world.kubectl_in(STRICT, &["patch", "deployment", "changing", "--type=json", "-p", &patch]);
    world.denies("JSON patch that removes the memory limit", "denied (A16)", &said, &["memory-limit-missing"]);
    let said = world
        .kubectl
        .run_with(&["-n", STRICT, "replace", "-f", "-"], &deployment("changing", 1, Limits::Missing).to_string());
    world.denies("replace (PUT) without the memory limit", "denied (A16)", &said, &["memory-limit-missing"]);
    let said = world.kubectl_in(STRICT, &["set", "image", "deployment/changing", "app=nginx"]);
    world.denies("kubectl set image", "denied", &said, &["image-reference"]);
    let said = world.kubectl_in(STRICT, &["label", "deployment", "changing", "team=web"]);
    world.allows("kubectl label of what keeps every rule", "labelled", &said);
    world.create_in(STRICT, &pod("running", Limits::Good));
    let said = world.kubectl_in(STRICT, &["set", "image", "pod/running", "app=nginx:1"]);
    world.denies("a Pod's image is changed afterwards", "denied (A10)", &said, &["image-reference"]);
}

fn dry_run(world: &mut World) {
    let text = pod("only-tried", Limits::Missing).to_string();
    let said = world.kubectl.run_with(&["-n", STRICT, "create", "--dry-run=server", "-f", "-"], &text);
    world.denies(
        "dry run of a Pod without a memory limit, compliance",
        "denied as without dry run",
        &said,
        &["memory-limit-missing"],
    );
    let text = pod("only-tried", Limits::Good).to_string();
    let said = world.kubectl.run_with(&["-n", STRICT, "create", "--dry-run=server", "-f", "-"], &text);
    world.succeeds("dry run of a good Pod", "`created (server dry run)`", &said, &["server dry run"]);
    let gone = world.kubectl_in(STRICT, &["get", "pod", "only-tried"]);
    world.table.row("get what was only tried", "it is not there (A13)", &gone.words(), gone.err.contains("NotFound"));
}

fn server_side_apply(world: &mut World) {
    let apply = |world: &World, limits: Limits| {
        let text = deployment("applied", 1, limits).to_string();
        world.kubectl.run_with(&["-n", STRICT, "apply", "--server-side", "-f", "-"], &text)
    };
    let said = apply(world, Limits::Missing);
    world.denies(
        "server-side apply that creates, without memory limit",
        "denied (A16)",
        &said,
        &["memory-limit-missing"],
    );
    let said = apply(world, Limits::Good);
    world.allows("server-side apply that creates, good", "serverside-applied", &said);
    let said = apply(world, Limits::TooMuch);
    world.denies("server-side apply that changes to 32 CPUs", "denied", &said, &["cpu-limit-max"]);
}

fn generate_name(world: &mut World) {
    let generated = |limits: Limits| {
        let mut object = pod("x", limits);
        object["metadata"] = json!({"generateName": "job-"});
        object
    };
    let said = world.create_in(STRICT, &generated(Limits::Missing));
    world.denies("create with generateName, without memory limit", "denied (A18b)", &said, &["memory-limit-missing"]);
    let said = world.create_in(STRICT, &generated(Limits::Good));
    world.succeeds("create with generateName, good", "created as `job-...`", &said, &["pod/job-", "created"]);
}

fn list(world: &mut World) {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [pod("first", Limits::Good), pod("second", Limits::Missing)]});
    let said = world.create_in(STRICT, &list);
    let holds =
        !said.succeeded() && said.out.contains("pod/first created") && said.err.contains("memory-limit-missing");
    world.table.row(
        "create a List of a good and a bad Pod",
        "the first created, the second denied",
        &said.words(),
        holds,
    );
    let mut hidden = pod("hidden", Limits::Good);
    let mut init = container(Limits::Missing);
    init["name"] = json!("init");
    init["restartPolicy"] = json!("Always");
    hidden["spec"]["initContainers"] = json!([init]);
    let seen = world.try_create(STRICT, &hidden);
    let holds = matches!(&seen, Seen::Denied(text) if text.contains("init"));
    world.table.row(
        "a Pod whose sidecar alone has no memory limit",
        "denied; the sidecar is named (A01, A02)",
        &format!("{seen:?}"),
        holds,
    );
}
