//! Who asks, who may ask, and what is written down about it.

use std::time::Duration;

use portcullis_e2e::client::{Client, Door};
use portcullis_e2e::guard::wait_for;
use portcullis_e2e::objects::{Limits, config_map, namespace, pod};
use portcullis_e2e::webhook::HOME;
use serde_json::json;

use crate::Case;
use crate::world::{STRICT, World};

pub const CASES: &[Case] = cases![
    judges_an_impersonated_user,
    refuses_callers_without_the_right_certificate,
    reads_namespaces_and_nothing_else,
    writes_the_decision_into_the_audit_log,
    says_how_it_is,
    leaves_the_mode_to_whoever_may_set_it,
];

fn judges_an_impersonated_user(world: &mut World) {
    let role = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "writers"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "User", "name": "mallory", "apiGroup": "rbac.authorization.k8s.io"}, {"kind": "User", "name": "alice", "apiGroup": "rbac.authorization.k8s.io"}]
    });
    world.create_in(STRICT, &role);
    let text = config_map("by-hand", 10).to_string();
    let create =
        |world: &World, who: &str| world.kubectl.run_with(&["-n", STRICT, "--as", who, "create", "-f", "-"], &text);
    let said = create(world, "mallory");
    world.denies(
        "create as `mallory`, impersonated",
        "denied: the policy sees the impersonated user (A19)",
        &said,
        &["not-mallory", "not for mallory"],
    );
    let said = create(world, "alice");
    world.allows("create as `alice`, impersonated", "created", &said);
    let said = world.kubectl.run_with(
        &["-n", STRICT, "--as", "alice", "--as-group", "system:masters", "create", "-f", "-"],
        &pod("by-hand", Limits::Missing).to_string(),
    );
    world.denies(
        "create a bad Pod as `system:masters`",
        "denied: nobody is exempt (A19)",
        &said,
        &["memory-limit-missing"],
    );
}

fn refuses_callers_without_the_right_certificate(world: &mut World) {
    let address = world.plan().address;
    let review = json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview"});
    let ca = world.plane.authority().pem().to_owned();
    let call = |door: &Door| match Client::new(door).post("/validate?timeout=5s", &review) {
        Ok(answer) => format!("{} {}", answer.status, answer.text()),
        Err(error) => error,
    };
    let seen = call(&Door::secure(address, &ca, None));
    world.table.row(
        "call the webhook without a client certificate",
        "refused before anything is read (A54)",
        &seen,
        !seen.starts_with("200"),
    );
    let stranger = world.plane.authority().client("kube-apiserver", &[]);
    let seen = call(&Door::secure(address, &ca, Some(&stranger)));
    world.table.row(
        "call it with a certificate of another authority",
        "refused (A54)",
        &seen,
        !seen.starts_with("200"),
    );
    let wrong = world.plane.callers().client("somebody-else", &[]);
    let seen = call(&Door::secure(address, &ca, Some(&wrong)));
    world.table.row(
        "call it with the right authority and another name",
        "refused (A54)",
        &seen,
        !seen.starts_with("200"),
    );
    let right = world.plane.callers().client("kube-apiserver", &[]);
    let seen = call(&Door::secure(address, &ca, Some(&right)));
    world.table.row(
        "call it with the API server's name, and a review without a request",
        "400 with a reason (A58)",
        &seen,
        seen.starts_with("400"),
    );
}

fn reads_namespaces_and_nothing_else(world: &mut World) {
    let account = format!("system:serviceaccount:{HOME}:portcullis");
    let may = |world: &World, verb: &str, resource: &str| {
        world.kubectl.run(&["auth", "can-i", verb, resource, "--as", &account, "-A"]).out.trim().to_owned()
    };
    let seen: Vec<String> = [
        ("list", "namespaces"),
        ("watch", "namespaces"),
        ("get", "secrets"),
        ("list", "pods"),
        ("update", "namespaces"),
        ("get", "validatingwebhookconfigurations"),
    ]
    .iter()
    .map(|(verb, resource)| format!("{verb} {resource}: {}", may(world, verb, resource)))
    .collect();
    let seen = seen.join(", ");
    let expected = "list namespaces: yes, watch namespaces: yes, get secrets: no, list pods: no, update namespaces: no, get validatingwebhookconfigurations: no";
    world.table.row("what the webhook's account may do", expected, &seen, seen == expected);
}

fn writes_the_decision_into_the_audit_log(world: &mut World) {
    world.namespace("audited", None);
    world.create_in("audited", &pod("bad", Limits::Missing));
    let notes = world.plane.audited().into_iter().rev().find(|event| event["objectRef"]["resource"] == "pods");
    let notes = notes.map(|event| event["annotations"].clone()).unwrap_or_default().to_string();
    let holds = notes.contains("sha256:") && notes.contains("compliance");
    world.table.row(
        "the API server's audit log of a denied request",
        "decision id, mode and digest of the policy set",
        &notes,
        holds,
    );
}

fn says_how_it_is(world: &mut World) {
    let webhook = world.webhook.as_ref().expect("it runs");
    let page = |path: &str| webhook.page(path).map_or_else(|error| (0, error), |answer| (answer.status, answer.text()));
    let (live, ready, healthy, metrics) = (page("/livez"), page("/readyz?verbose"), page("/healthz"), page("/metrics"));
    world.table.row("GET /livez", "200", &format!("{live:?}"), live.0 == 200);
    world.table.row("GET /readyz?verbose", "200, names its conditions", &format!("{ready:?}"), ready.0 == 200);
    let holds = healthy.0 == 200 && healthy.1.contains("\"health_up\":1") && healthy.1.contains("\"version\"");
    world.table.row("GET /healthz", "200, JSON with version and health_up", &healthy.1, holds);
    let wanted = ["portcullis_reviews_total", "portcullis_review_seconds", "health_up"];
    let there: Vec<&str> = wanted.into_iter().filter(|name| metrics.1.contains(name)).collect();
    world.table.row("GET /metrics", &wanted.join(", "), &there.join(", "), there == wanted);
    let named =
        ["shell", "debugged", "resized"].into_iter().filter(|name| metrics.1.contains(&format!("\"{name}\""))).count();
    world.table.row("names of objects in the metrics", "none", &named.to_string(), named == 0);
}

/// The policy of the runbook (deploy/README.md), as it stands there.
fn leaves_the_mode_to_whoever_may_set_it(world: &mut World) {
    let page = std::fs::read_to_string(portcullis_e2e::assets::root().join("deploy/README.md")).expect("the runbook");
    let policy = page.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let policy = policy.filter(|block| block.contains("kind: ValidatingAdmissionPolicy\n")).collect::<String>();
    world.kubectl.must_with(&["apply", "-f", "-"], &policy);
    world.must_create(&namespace("modest", Some("compliance")));
    for (name, roles) in [("labeller", &["labellers"][..]), ("chooser", &["labellers", "portcullis-modes"])] {
        for role in roles {
            world.must_create(&json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": {"name": format!("{name}-{role}")},
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
                "subjects": [{"kind": "User", "name": name, "apiGroup": "rbac.authorization.k8s.io"}]
            }));
        }
    }
    world.must_create(&json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "labellers"},
        "rules": [{"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "patch", "update", "create"]}]
    }));
    let label = |world: &World, who: &str, label: &str| {
        world.kubectl.run(&["--as", who, "label", "--overwrite", "namespace", "modest", label])
    };
    let words = "only who may `set` `modes.portcullis.dev`";
    let said = wait_for("the policy of the runbook", Duration::from_secs(20), || {
        match label(world, "labeller", "portcullis.dev/mode=sandbox") {
            said if !said.succeeded() => Ok(said),
            said => {
                // By the administrator: the policy may be in force by now.
                world.kubectl.run(&["label", "--overwrite", "namespace", "modest", "portcullis.dev/mode=compliance"]);
                Err(said.words())
            }
        }
    });
    world.table.row(
        "choose the mode of a namespace without the right to",
        "refused by the runbook's ValidatingAdmissionPolicy",
        &said.words(),
        said.words().contains(words),
    );
    let said = label(world, "labeller", "team=red");
    world.allows("another label of it", "labelled", &said);
    let said = world
        .kubectl
        .run_with(&["--as", "labeller", "create", "-f", "-"], &namespace("loosest", Some("sandbox")).to_string());
    world.table.row(
        "create a namespace as a sandbox without the right to",
        "refused",
        &said.words(),
        !said.succeeded() && said.words().contains(words),
    );
    let said = label(world, "chooser", "portcullis.dev/mode=sandbox");
    world.allows("choose the mode with the right to", "labelled", &said);
    world.kubectl.must_with(&["delete", "-f", "-"], &policy);
}
