//! What the webhook costs whoever asks the API server.

use std::time::{Duration, Instant};

use portcullis_e2e::client::Client;
use portcullis_e2e::guard::wait_for;
use portcullis_e2e::load::Seen;
use portcullis_e2e::objects::{Limits, pod};
use portcullis_e2e::webhook::registration;

use crate::Case;
use crate::world::{STRICT, World, path_of};

pub const CASES: &[Case] =
    &[("costs_little_beside_the_api_server", with_and_without), ("accepts_what_we_deploy", manifests)];

/// Rounds with the webhook and without it, in turn, and requests in each.
const ROUNDS: usize = 5;
const REQUESTS: usize = 80;
/// Requests at once in the second half.
const AT_ONCE: usize = 4;

fn with_and_without(world: &mut World) {
    let policies = world.policies();
    let text = registration(&world.plane, world.plan().address, &policies, &[]);
    let (mut with, mut without) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..ROUNDS {
        world.kubectl.must_with(&["delete", "-f", "-"], &text);
        becomes(world, |seen| *seen == Seen::Allowed);
        measure(world, &mut without);
        world.kubectl.must_with(&["apply", "-f", "-"], &text);
        becomes(world, |seen| matches!(seen, Seen::Denied(_)));
        measure(world, &mut with);
    }
    world.register(&policies, &[]);
    let mut table =
        String::from("| requests at once | webhook | p50 | p99 | requests |\n| --- | --- | --- | --- | --- |\n");
    let ms = |time: Duration| format!("{:.2} ms", time.as_secs_f64() * 1000.0);
    for (index, at_once) in [1, AT_ONCE].into_iter().enumerate() {
        let (none, some) = (quantiles(&mut without[index]), quantiles(&mut with[index]));
        let ratio = |one: Duration, other: Duration| format!("{:.2}", one.as_secs_f64() / other.as_secs_f64());
        let requests = ROUNDS * REQUESTS;
        table += &format!("| {at_once} | not registered | {} | {} | {requests} |\n", ms(none.0), ms(none.1));
        table += &format!("| {at_once} | registered | {} | {} | {requests} |\n", ms(some.0), ms(some.1));
        table += &format!("| {at_once} | ratio | {} | {} | |\n", ratio(some.0, none.0), ratio(some.1, none.1));
    }
    world.table.note(&format!("Time of `create --dry-run=server` of a good Pod through the API server ({ROUNDS} rounds in turn, TLS with client certificates, recording on):\n\n{table}"));
}

fn becomes(world: &mut World, wanted: fn(&Seen) -> bool) {
    wait_for("the change of the registration", Duration::from_secs(20), || {
        match world.try_create(STRICT, &pod("bad", Limits::Missing)) {
            seen if wanted(&seen) => Ok(()),
            seen => Err(format!("{seen:?}")),
        }
    });
}

/// One after the other, then several at once.
fn measure(world: &World, into: &mut [Vec<Duration>; 2]) {
    for (times, at_once) in into.iter_mut().zip([1, AT_ONCE]) {
        let threads: Vec<_> = (0..at_once)
            .map(|_| {
                let door = world.plane.door();
                std::thread::spawn(move || requests(&mut Client::new(&door), REQUESTS / at_once))
            })
            .collect();
        times.extend(threads.into_iter().flat_map(|thread| thread.join().expect("a measuring thread")));
    }
}

fn requests(client: &mut Client, count: usize) -> Vec<Duration> {
    let object = pod("measured", Limits::Good);
    let path = format!("{}?dryRun=All", path_of(STRICT, &object));
    let once = |client: &mut Client| {
        let start = Instant::now();
        let answer = client.post(&path, &object).expect("an answer");
        assert_eq!(answer.status, 201, "{}", answer.message());
        start.elapsed()
    };
    once(client);
    (0..count).map(|_| once(client)).collect()
}

fn quantiles(times: &mut [Duration]) -> (Duration, Duration) {
    times.sort();
    (times[times.len() / 2], times[times.len() * 99 / 100])
}

/// `deploy/manifests`, where they are, as the API server sees them.
fn manifests(world: &mut World) {
    let folder = portcullis_e2e::assets::root().join("deploy/manifests");
    if !folder.is_dir() {
        println!("SKIPPED: there is no {}", folder.display());
        return;
    }
    for path in portcullis_e2e::judge::files(&folder, "yaml") {
        let said = world.kubectl.run(&["apply", "--dry-run=server", "-f", &path.display().to_string()]);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        world.succeeds(&format!("deploy/manifests/{name}, dry run"), "accepted", &said, &["server dry run"]);
    }
}
