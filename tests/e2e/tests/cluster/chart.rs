//! The Helm chart at a real API server: what it registers when, and what is left when it goes.

use std::process::Command;
use std::time::Duration;

use portcullis_e2e::assets::root;
use portcullis_e2e::guard::wait_for;
use portcullis_e2e::kubectl::Said;
use serde_json::Value;

use crate::Case;
use crate::world::World;

pub const CASES: &[Case] = cases![registers_fail_only_where_somebody_can_answer,];

/// The release and its namespace; the registration of the other cases is called as the chart alone.
const RELEASE: &str = "gatehouse";
const HOME: &str = "gatehouse-home";
const NAME: &str = "gatehouse-portcullis";

/// Helm as the administrator; nothing where there is none (`PORTCULLIS_HELM`, which `cargo xtask e2e` sets).
fn helm(world: &World, arguments: &[&str]) -> Option<Said> {
    let program = std::env::var_os("PORTCULLIS_HELM").filter(|program| !program.is_empty())?;
    let mut helm = Command::new(program);
    helm.args(arguments).args(["--namespace", HOME]).current_dir(root()).env_clear();
    helm.env("HOME", world.plane.folder()).env("KUBECONFIG", world.plane.folder().join("admin.kubeconfig"));
    let output = helm.output().expect("Helm starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Some(Said { status: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) })
}

/// What the API server does when nobody answers; nothing where the release has no registration.
fn policy(world: &World) -> String {
    let said = world.kubectl.run(&["get", "validatingwebhookconfiguration", NAME, "-o", "json"]);
    said.json()["webhooks"][0]["failurePolicy"].as_str().unwrap_or("none").to_owned()
}

/// Says of every Pod of the release what a kubelet would say.
fn pods_are(world: &World, ready: &str) {
    let patch = format!(r#"{{"status":{{"phase":"Running","conditions":[{{"type":"Ready","status":"{ready}"}}]}}}}"#);
    wait_for("the Deployment", Duration::from_secs(30), || {
        let pods = world.kubectl_in(HOME, &["get", "pods", "-o", "json"]).json();
        for pod in pods["items"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let name = pod["metadata"]["name"].as_str().unwrap_or_default();
            world.kubectl_in(HOME, &["patch", "pod", name, "--subresource=status", "--type=merge", "-p", &patch]);
        }
        let seen = world.kubectl_in(HOME, &["get", "deployment", NAME, "-o", "json"]).json();
        let count = seen["status"]["readyReplicas"].as_u64().unwrap_or(0);
        if (count > 0) == (ready == "True") { Ok(()) } else { Err(format!("{count} ready")) }
    });
}

fn registers_fail_only_where_somebody_can_answer(world: &mut World) {
    let image = format!("image.digest=sha256:{}", "0".repeat(64));
    let install =
        ["install", RELEASE, "deploy/chart", "--create-namespace", "--set", "image.repository=registry.example/p"];
    let Some(said) = helm(world, &[&install[..], &["--set", &image]].concat()) else {
        println!("SKIPPED: PORTCULLIS_HELM names no Helm to install the chart with");
        return;
    };
    let mut rows = vec![("helm install", "Ignore: nobody could answer", said, policy(world), "Ignore")];
    let upgrade = |world: &World| {
        helm(world, &["upgrade", RELEASE, "deploy/chart", "--reset-then-reuse-values"]).expect("it was there before")
    };
    let said = upgrade(world);
    rows.push(("helm upgrade while no Pod is ready", "still Ignore", said, policy(world), "Ignore"));
    pods_are(world, "True");
    let said = upgrade(world);
    rows.push(("helm upgrade when Pods are ready", "Fail", said, policy(world), "Fail"));
    pods_are(world, "False");
    let said = upgrade(world);
    rows.push(("helm upgrade of a release whose Pods are down", "still Fail", said, policy(world), "Fail"));
    let said = helm(world, &["rollback", RELEASE, "3"]).expect("Helm");
    rows.push(("helm rollback to a revision with Fail", "Fail", said, policy(world), "Fail"));
    let said = helm(world, &["uninstall", RELEASE]).expect("Helm");
    rows.push(("helm uninstall while nobody answers", "no registration is left", said, policy(world), "none"));
    world.kubectl.run(&["delete", "validatingwebhookconfiguration", NAME, "--ignore-not-found"]);
    for (case, expected, said, seen, right) in rows {
        let holds = said.succeeded() && seen == right;
        world.table.row(
            case,
            expected,
            &format!("{seen}; {}", said.words().chars().take(200).collect::<String>()),
            holds,
        );
    }
    let left: Value = world.kubectl_in(HOME, &["get", "deployments,services,secrets", "-o", "json"]).json();
    let left = left["items"].as_array().map_or(usize::MAX, Vec::len);
    world.table.row("what is left in its namespace", "nothing", &format!("{left} objects"), left == 0);
    world.kubectl.run(&["delete", "namespace", HOME, "--wait=false"]);
}
