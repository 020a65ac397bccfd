//! The webhook stopped, started, replaced, and cut off from the API server.

use std::time::{Duration, Instant};

use portcullis_e2e::guard::wait_for;
use portcullis_e2e::load::{Hit, Load, Seen};
use portcullis_e2e::objects::{Limits, config_map, pod};
use portcullis_e2e::plane::free_address;
use portcullis_e2e::webhook::{Plan, Webhook};
use serde_json::json;

use crate::Case;
use crate::change::{oddity, shot, tally};
use crate::world::{LOOSE, STRICT, World};

pub const CASES: &[Case] = cases![
    answers_in_the_time_that_the_api_server_gives,
    never_takes_what_it_cannot_know_for_a_sandbox,
    sheds_load_without_a_wrong_verdict,
    gives_no_wrong_verdict_when_it_is_killed,
    denies_while_it_is_stopped,
    gives_no_wrong_verdict_while_it_is_restarted,
    fails_no_call_while_one_replica_follows_another,
];

fn wrong(hits: &[Hit]) -> usize {
    let right = |hit: &&Hit| {
        matches!((hit.kind, &hit.seen), (_, Seen::NotAsked(_)) | ("bad", Seen::Denied(_)) | ("good", Seen::Allowed))
    };
    hits.len() - hits.iter().filter(right).count()
}

fn failed(hits: &[Hit]) -> usize {
    hits.iter().filter(|hit| matches!(hit.seen, Seen::NotAsked(_))).count()
}

/// The webhook cannot read labels, and the API server waits two seconds.
fn answers_in_the_time_that_the_api_server_gives(world: &mut World) {
    let names = world.kubectl.must(&["get", "validatingwebhookconfigurations", "-o", "json"]).json();
    let name = names["items"][0]["metadata"]["name"].as_str().expect("a registration").to_owned();
    let hooks = names["items"][0]["webhooks"].as_array().map_or(0, Vec::len);
    let patch = |seconds: u32| {
        let patch: Vec<_> = (0..hooks)
            .map(|hook| json!({"op": "replace", "path": format!("/webhooks/{hook}/timeoutSeconds"), "value": seconds}))
            .collect();
        json!(patch).to_string()
    };
    world.kubectl.must(&["patch", "validatingwebhookconfiguration", &name, "--type=json", "-p", &patch(2)]);
    std::thread::sleep(Duration::from_secs(1));
    world.way_back.hold(true);
    let timed = |world: &mut World, namespace: &str, limits: Limits| {
        let start = Instant::now();
        let seen = world.try_create(namespace, &pod("timed", limits));
        (seen, start.elapsed())
    };
    let (seen, time) = timed(world, LOOSE, Limits::Missing);
    let holds = matches!(seen, Seen::Denied(_)) && time < Duration::from_secs(2);
    world.table.row(
        "a bad Pod in the sandbox while labels cannot be read, timeout 2 s",
        "denied by the webhook within 2 s: an unknown mode is compliance (A57, A18b)",
        &format!("{seen:?} after {} ms", time.as_millis()),
        holds,
    );
    let (seen, time) = timed(world, STRICT, Limits::Missing);
    let holds = matches!(seen, Seen::Denied(_)) && time < Duration::from_secs(2);
    world.table.row(
        "a bad Pod in compliance meanwhile",
        "denied",
        &format!("{seen:?} after {} ms", time.as_millis()),
        holds,
    );
    let (seen, time) = timed(world, STRICT, Limits::Good);
    let holds = matches!(seen, Seen::Allowed | Seen::Warned) && time < Duration::from_secs(2);
    world.table.row(
        "a good Pod in compliance meanwhile",
        "allowed within 2 s",
        &format!("{seen:?} after {} ms", time.as_millis()),
        holds,
    );
    world.kubectl.must(&["patch", "validatingwebhookconfiguration", &name, "--type=json", "-p", &patch(1)]);
    std::thread::sleep(Duration::from_secs(1));
    let (seen, time) = timed(world, LOOSE, Limits::Missing);
    let holds = matches!(seen, Seen::Denied(_)) && time < Duration::from_secs(1);
    let expected = "denied by the webhook within 1 s";
    world.table.row(
        "the bad Pod in the sandbox, timeout 1 s",
        expected,
        &format!("{seen:?} after {} ms", time.as_millis()),
        holds,
    );
    world.way_back.hold(false);
    world.way_back.cut();
    let start = Instant::now();
    let back = wait_for("the labels", Duration::from_secs(60), || {
        match world.try_create(LOOSE, &pod("timed", Limits::Missing)) {
            Seen::Warned => Ok(start.elapsed()),
            other => Err(format!("{other:?}")),
        }
    });
    world.table.row(
        "the same Pod when they can be read again",
        "warned",
        &format!("warned after {:.1} s", back.as_secs_f64()),
        true,
    );
    world.kubectl.must(&["patch", "validatingwebhookconfiguration", &name, "--type=json", "-p", &patch(10)]);
}

/// The label changes while the webhook hears nothing of the cluster: its watch has fallen behind.
fn never_takes_what_it_cannot_know_for_a_sandbox(world: &mut World) {
    world.namespace("asleep", Some("sandbox"));
    let bad = pod("sleeper", Limits::Missing);
    let before = world.try_create("asleep", &bad);
    world.table.row("a bad Pod in a sandbox", "warned", &format!("{before:?}"), before == Seen::Warned);
    world.way_back.hold(true);
    world.kubectl.must(&["label", "namespace", "asleep", "--overwrite", "portcullis.dev/mode=compliance"]);
    let during = world.try_create("asleep", &bad);
    let holds = !matches!(during, Seen::Allowed | Seen::Warned);
    world.table.row(
        "it becomes compliance while the webhook hears nothing",
        "not let in (A18b)",
        &format!("{during:?}"),
        holds,
    );
    world.way_back.hold(false);
    let until = Instant::now() + Duration::from_secs(3);
    let (mut denied, mut weaker) = (0, 0);
    while Instant::now() < until {
        match world.try_create("asleep", &bad) {
            Seen::Allowed | Seen::Warned => weaker += 1,
            _ => denied += 1,
        }
    }
    let seen = format!("{weaker} weaker verdicts, {denied} denied");
    world.table.row(
        "in the seconds in which it catches up",
        "not one weaker verdict (A18)",
        &seen,
        weaker == 0 && denied > 10,
    );
    let home = world.plane.door().address;
    world.way_back.turn(free_address());
    world.way_back.cut();
    let seen = world.try_create(LOOSE, &pod("alone", Limits::Missing));
    let ready = world.webhook.as_ref().expect("it runs").page("/readyz").map(|page| page.status);
    let holds = !matches!(seen, Seen::Allowed | Seen::Warned);
    let seen = format!("{seen:?}; /readyz: {ready:?}");
    world.table.row(
        "a bad Pod in the sandbox while the webhook cannot reach the API server",
        "not let in (A18b)",
        &seen,
        holds,
    );
    world.way_back.turn(home);
    let start = Instant::now();
    let back = wait_for("the API server", Duration::from_secs(60), || {
        match world.try_create(LOOSE, &pod("alone", Limits::Missing)) {
            Seen::Warned => Ok(start.elapsed()),
            other => Err(format!("{other:?}")),
        }
    });
    world.table.row("the same when it can again", "warned", &format!("warned after {:.1} s", back.as_secs_f64()), true);
}

fn sheds_load_without_a_wrong_verdict(world: &mut World) {
    let shots = [shot(STRICT, "bad", Limits::Missing), shot(STRICT, "good", Limits::Good)];
    let start = Instant::now();
    let load = Load::start(&world.plane.door(), 48, &shots);
    load.pass(2500);
    let hits = load.stop();
    let rate = hits.len() as f64 / start.elapsed().as_secs_f64();
    let slowest = hits.iter().map(|hit| hit.answered - hit.sent).max().unwrap_or_default();
    let seen = format!(
        "{} wrong of {}, {rate:.0} a second, slowest {} ms; {}{}",
        wrong(&hits),
        hits.len(),
        slowest.as_millis(),
        tally(&hits),
        oddity(&hits)
    );
    world.table.row(
        "48 clients at once",
        "no wrong verdict, no failed call",
        &seen,
        wrong(&hits) == 0 && failed(&hits) == 0,
    );
}

fn gives_no_wrong_verdict_when_it_is_killed(world: &mut World) {
    let shots = [shot(STRICT, "bad", Limits::Missing), shot(STRICT, "good", Limits::Good)];
    let load = Load::start(&world.plane.door(), 4, &shots);
    load.pass(60);
    let mut webhook = world.webhook.take().expect("it runs");
    let plan = webhook.plan.clone();
    webhook.process().kill();
    drop(webhook);
    let start = Instant::now();
    world.webhook = Some(Webhook::start(&world.plane, plan));
    let away = start.elapsed();
    load.pass(100);
    let hits = load.stop();
    let last_good = hits.iter().max_by_key(|hit| hit.sent).is_some_and(|hit| !matches!(hit.seen, Seen::NotAsked(_)));
    let seen = format!(
        "{} wrong of {}; ready again after {} ms; {}",
        wrong(&hits),
        hits.len(),
        away.as_millis(),
        tally(&hits)
    );
    world.table.row(
        "killed under load and started again",
        "no wrong verdict; calls fail only while it is away (A56)",
        &seen,
        wrong(&hits) == 0 && last_good,
    );
}

fn denies_while_it_is_stopped(world: &mut World) {
    world.create_in(STRICT, &pod("doomed", Limits::Good));
    let webhook = world.webhook.take().expect("it runs");
    let plan = webhook.plan.clone();
    let ended = webhook.stop();
    world.table.row("SIGTERM to an idle webhook", "ends with status 0", &format!("{ended:?}"), ended.is_ok());
    let seen = world.try_create(STRICT, &pod("good", Limits::Good));
    world.table.row(
        "a good Pod while the webhook is stopped",
        "refused: failurePolicy Fail",
        &format!("{seen:?}"),
        matches!(seen, Seen::NotAsked(_)),
    );
    let said = world.kubectl_in(STRICT, &["delete", "pod", "doomed", "--wait=false"]);
    world.allows("delete a Pod while the webhook is stopped", "deleted: nobody asked for DELETE of Pods", &said);
    let lease = json!({"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "recovery"}});
    let said = world.create_in(STRICT, &lease);
    world.allows("create a Lease while the webhook is stopped", "created: leader election goes on (A62)", &said);
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "recovery"}});
    let said = world.create_in(STRICT, &secret);
    world.allows("create a Secret while the webhook is stopped", "created: no policy could find anything in it", &said);
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "recovery"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    });
    let said = world.create_in(STRICT, &claim);
    let holds = !said.succeeded() && said.words().contains("failed calling webhook");
    world.table.row("create a claim for storage meanwhile", "refused: failurePolicy Fail", &said.words(), holds);
    let said = world.create_in(portcullis_e2e::webhook::HOME, &pod("portcullis", Limits::Missing));
    let holds = said.succeeded();
    world.table.row(
        "create a Pod in the webhook's own namespace meanwhile",
        "created: it can start without itself (A62)",
        &said.words(),
        holds,
    );
    world.webhook = Some(Webhook::start(&world.plane, plan));
    let seen = wait_for("the webhook", Duration::from_secs(10), || {
        match world.try_create(STRICT, &pod("fine", Limits::Good)) {
            Seen::Allowed => Ok(Seen::Allowed),
            other => Err(format!("{other:?}")),
        }
    });
    world.table.row("the same Pod when it runs again", "allowed", &format!("{seen:?}"), true);
}

fn gives_no_wrong_verdict_while_it_is_restarted(world: &mut World) {
    let shots = [shot(STRICT, "bad", Limits::Missing), shot(STRICT, "good", Limits::Good)];
    let load = Load::start(&world.plane.door(), 4, &shots);
    load.pass(100);
    let webhook = world.webhook.take().expect("it runs");
    let plan = webhook.plan.clone();
    let start = Instant::now();
    let ended = webhook.stop();
    let drained = start.elapsed();
    world.webhook = Some(Webhook::start(&world.plane, plan));
    let away = start.elapsed();
    load.pass(200);
    let hits = load.stop();
    let seen = format!(
        "{} wrong of {}; ended with {ended:?} after {} ms, ready again after {} ms; {}{}",
        wrong(&hits),
        hits.len(),
        drained.as_millis(),
        away.as_millis(),
        tally(&hits),
        oddity(&hits)
    );
    let last_good = hits.iter().max_by_key(|hit| hit.sent).is_some_and(|hit| !matches!(hit.seen, Seen::NotAsked(_)));
    world.table.row(
        "the only webhook restarted by SIGTERM under load",
        "no wrong verdict; calls fail only while it is away (A56)",
        &seen,
        wrong(&hits) == 0 && ended.is_ok() && last_good,
    );
}

/// What a Service and a rolling update do: the new one is ready, new connections go there, then the old one is told to end.
fn fails_no_call_while_one_replica_follows_another(world: &mut World) {
    let shots = [shot(STRICT, "bad", Limits::Missing), shot(STRICT, "good", Limits::Good)];
    let load = Load::start(&world.plane.door(), 4, &shots);
    let mut ended = Vec::new();
    for round in 0..3 {
        load.pass(60);
        let plan =
            Plan { name: format!("webhook-{round}"), address: free_address(), ops: free_address(), ..world.plan() };
        let next = Webhook::start(&world.plane, plan);
        world.door.turn(next.plan.address);
        let old = world.webhook.replace(next).expect("it runs");
        ended.push(old.stop());
    }
    load.pass(60);
    let hits = load.stop();
    let holds = wrong(&hits) == 0 && failed(&hits) == 0 && ended.iter().all(Result::is_ok);
    let seen = format!(
        "{} wrong, {} failed calls of {}; ended: {ended:?}; {}{}",
        wrong(&hits),
        failed(&hits),
        hits.len(),
        tally(&hits),
        oddity(&hits)
    );
    world.table.row(
        "three replicas follow each other behind one address, under load",
        "no wrong verdict, no failed call (A56)",
        &seen,
        holds,
    );
    let said = world.create_in(STRICT, &config_map("after", 10));
    world.allows("a ConfigMap afterwards", "created", &said);
}
