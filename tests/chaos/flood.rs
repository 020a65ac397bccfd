//! Too much of the right thing: one namespace that sends all it can, and bodies as large as may be.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use portcullis_load::{Plan, pod, run};
use serde_json::{Value, json};

use crate::experiment::Outcome;
use crate::machine::{files, gives_back};
use crate::questions::{Expect, Questions, STORM};
use crate::row::{Permits, Seen};
use crate::world::{Load, Notes, World};

/// Bytes of a body that is as large as one may be by default (8 MiB), and a little less.
const LARGE: usize = (8 << 20) - (64 << 10);
/// Senders of those at once.
const SENDERS: usize = 4;

/// One namespace takes all there is and is shed as declared; those of others are judged in their turn.
pub fn namespace(world: &World) -> Outcome {
    let server = world.serve(&world.default_set(), &[]);
    let target = world.target(&server);
    let questions = world.questions(&target);
    let storm = Questions::default().with(&pod(STORM, "storm", 2, Some("500m"), 0), true, Expect::Shed).with(
        &pod(STORM, "storm-endless", 2, None, 0),
        false,
        Expect::Shed,
    );
    let plan = Plan {
        rate: world.either(3_000.0, 4_000.0),
        connections: world.either(300, 1_500),
        ..Plan::new(0.0, world.either(Duration::from_secs(3), Duration::from_secs(15)))
    };
    let load = Load { permits: Permits { fair: true, ..Permits::default() }, ..world.load(&target, &questions) };
    Outcome::Held(load.during(|notes| {
        let flood = world.runtime.block_on(run(&target, &storm.all, &plan, &Arc::new(AtomicBool::new(false))));
        let sent = flood.sent.len();
        let (lasted, unsent) = (flood.lasted.as_secs_f64(), flood.unsent);
        notes
            .remarks
            .push(format!("the storm: {sent} reviews in {lasted:.1} s, {unsent} more than its sender could send"));
        let shed = server.metric_sum("portcullis_shed_total");
        if shed > 0.0 {
            notes.remarks.push(format!("{shed} shed by its own count"));
        }
        notes.beside.extend(flood.sent.into_iter().map(|sent| (storm.expect[sent.question], sent.answered)));
    }))
}

/// A ConfigMap of so many bytes, in many values: no built-in policy has anything against it.
fn large(name: &str, bytes: usize) -> Value {
    let mut review = pod("bank", name, 1, Some("500m"), 0);
    let data: serde_json::Map<String, Value> =
        (0..bytes / 1024).map(|n| (format!("key-{n:05}"), "v".repeat(1024 - 14).into())).collect();
    let request = &mut review["request"];
    request["kind"]["kind"] = "ConfigMap".into();
    request["resource"]["resource"] = "configmaps".into();
    request["object"] = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": data,
        "metadata": {"name": name, "namespace": "bank"}});
    review
}

/// The largest bodies, one after the other, from several senders at once.
pub fn bodies(world: &World) -> Outcome {
    let server = world.serve(&world.default_set(), &[]);
    let target = world.target(&server);
    let questions = world.questions(&target);
    let heavy = Questions::default().with(&large("large", LARGE), true, Expect::Shed);
    let before = files(&server);
    let plan = Plan {
        rate: world.either(8.0, 40.0),
        connections: SENDERS,
        ..Plan::new(0.0, world.either(Duration::from_secs(3), Duration::from_secs(20)))
    };
    let inject = |notes: &mut Notes| {
        let heavy_run = world.runtime.block_on(run(&target, &heavy.all, &plan, &Arc::new(AtomicBool::new(false))));
        notes.remarks.push(format!("{} bodies of {} KiB", heavy_run.sent.len(), heavy.all[0].body.len() >> 10));
        let peak = server.resources().map_or(0, |resources| resources.memory >> 20);
        notes.remarks.push(format!("{peak} MiB resident after them"));
        notes.beside.extend(heavy_run.sent.into_iter().map(|sent| (heavy.expect[sent.question], sent.answered)));
    };
    let seen: Seen = world.load(&target, &questions).during(inject);
    Outcome::Held(after(seen, &server, before))
}

/// Adds whether the server gave back what it held.
pub fn after(mut seen: Seen, server: &portcullis_load::Server, before: usize) -> Seen {
    match gives_back(server, before) {
        Ok(remark) => seen.remarks.push(remark),
        Err(complaint) => seen.complaints.push(complaint),
    }
    seen
}
