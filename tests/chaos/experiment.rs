//! Every experiment, and how one is held.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::SystemTime;

use crate::row::{Row, Seen};
use crate::world::World;
use crate::{clock, connections, disk, flood, http2, outside, plugins, reloads, restarts};

/// What becomes of an experiment that ran.
pub enum Outcome {
    /// It was held.
    Held(Seen),
    /// It cannot be held here, and why.
    Skipped(String),
}

/// One thing that goes wrong.
pub struct Experiment {
    pub name: &'static str,
    /// What is done, in a few words.
    pub injected: &'static str,
    run: fn(&World) -> Outcome,
}

const fn new(name: &'static str, injected: &'static str, run: fn(&World) -> Outcome) -> Experiment {
    Experiment { name, injected, run }
}

/// All of them, the ones that break the most first.
pub const EXPERIMENTS: [Experiment; 21] = [
    new("kill-one", "kill -9 of one of two replicas, started again a second later", restarts::kill_one),
    new("kill-both", "kill -9 of both replicas at once, started again at once", restarts::kill_both),
    new("rolling-restart", "SIGTERM and a new process, one replica after the other", restarts::rolling),
    new("reloads", "good and broken policy sets every 200 ms", reloads::sets),
    new("certificates", "other certificates and keys, of two authorities, and broken pairs", reloads::certificates),
    new("slow-policy", "a policy that takes milliseconds, and one that never ends", plugins::slow),
    new("trapping-policy", "a policy that traps in every review", plugins::trapping),
    new("memory-of-a-plugin", "a policy that takes all memory that it can get", plugins::memory),
    new("disk-full", "the file system of the cache and the records is full", disk::full),
    new("watch-cut-off", "the watch of the namespaces hangs up and reads stall", outside::watch),
    new("registry-stalled", "a registry with signatures that never answers", outside::registry),
    new("flood", "one namespace sends as much as it can", flood::namespace),
    new("large-bodies", "bodies of almost 8 MiB from several senders", flood::bodies),
    new("idle-connections", "5,000 connections that say nothing", connections::idle),
    new("idle-after-a-call", "connections that call once and then stand, in every place", connections::standing),
    new("slow-heads", "TLS connections that send a head byte by byte", connections::slow_heads),
    new("slow-bodies", "reviews that come byte by byte", connections::slow_bodies),
    new("half-closed", "callers who close their half in and after a review", connections::half_closed),
    new("rapid-reset", "HTTP/2 streams that are opened and reset (CVE-2023-44487)", http2::rapid_reset),
    new("continuation-flood", "HTTP/2 heads that never end (CVE-2024-27316)", http2::continuations),
    new("clock-jumps", "the wall clock jumps a day, a year, and back", clock::jumps),
];

/// Runs one; whatever it could not do is its row's complaint.
pub fn hold(world: &World, experiment: &Experiment) -> Row {
    let began = SystemTime::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| (experiment.run)(world)));
    let mut row = Row::new(experiment.name, experiment.injected, began);
    match outcome {
        Ok(Outcome::Held(seen)) => row.fill(seen),
        Ok(Outcome::Skipped(why)) => row.skipped = Some(why),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked");
            row.complaints.push(format!("could not be held: {text}"));
        }
    }
    row
}
