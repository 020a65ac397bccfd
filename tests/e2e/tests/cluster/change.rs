//! What changes while requests come: the label of a namespace, the certificate, the policy sets.

use std::time::{Duration, Instant};

use portcullis_e2e::certificates::Pair;
use portcullis_e2e::client::{Client, Door};
use portcullis_e2e::guard::wait_for;
use portcullis_e2e::load::{Hit, Load, Seen, Shot};
use portcullis_e2e::objects::{Limits, deployment, namespace, pod};
use portcullis_e2e::plane::free_address;
use portcullis_e2e::volume::Volume;
use portcullis_e2e::webhook::{Plan, Webhook};
use serde_json::json;

use crate::Case;
use crate::world::{STRICT, World, path_of, set_file};

pub const CASES: &[Case] = &[
    ("never_gives_the_weaker_mode_after_a_relabel", relabelled),
    ("knows_a_namespace_in_the_moment_it_is_made", new_namespaces),
    ("rotates_its_certificate_twice_under_load", certificates),
    ("takes_good_policy_sets_and_refuses_bad_ones_under_load", policy_sets),
];

/// How long a change of files may take to be seen; a volume of the kubelet takes up to a minute more.
const SEEN: Duration = Duration::from_secs(45);

/// A shot of a Pod.
pub fn shot(namespace: &str, kind: &'static str, limits: Limits) -> Shot {
    let object = pod(&format!("load-{kind}"), limits);
    Shot { path: path_of(namespace, &object), object: object.into(), kind }
}

fn count(hits: &[Hit], wanted: impl Fn(&Hit) -> bool) -> usize {
    hits.iter().filter(|hit| wanted(hit)).count()
}

/// How many got what, for a row.
pub fn tally(hits: &[Hit]) -> String {
    let kinds: std::collections::BTreeSet<&str> = hits.iter().map(|hit| hit.kind).collect();
    let line = |kind: &str| {
        let of = |wanted: fn(&Seen) -> bool| count(hits, |hit| hit.kind == kind && wanted(&hit.seen));
        let (allowed, warned) = (of(|seen| *seen == Seen::Allowed), of(|seen| *seen == Seen::Warned));
        let (denied, not_asked) =
            (of(|seen| matches!(seen, Seen::Denied(_))), of(|seen| matches!(seen, Seen::NotAsked(_))));
        let other = of(|seen| matches!(seen, Seen::Other(_)));
        format!("{kind}: {allowed} allowed, {warned} warned, {denied} denied, {not_asked} failed calls, {other} other")
    };
    kinds.into_iter().map(line).collect::<Vec<_>>().join("; ")
}

/// The first answer that is neither of the webhook nor of a failed call.
pub fn oddity(hits: &[Hit]) -> String {
    let odd = hits.iter().find(|hit| matches!(hit.seen, Seen::Other(_) | Seen::NotAsked(_)));
    odd.map(|hit| format!(" (first: {:?})", hit.seen)).unwrap_or_default()
}

fn relabelled(world: &mut World) {
    world.namespace("turning", Some("sandbox"));
    let shots = [shot("turning", "bad", Limits::Missing), shot("turning", "good", Limits::Good)];
    let load = Load::start(&world.plane.door(), 4, &shots);
    let mut strict: Vec<(Instant, Instant)> = Vec::new();
    let relabel = |world: &mut World, mode: &str| {
        let patch = json!({"metadata": {"labels": {"portcullis.dev/mode": mode}}}).to_string();
        let begun = Instant::now();
        let answer = world.client.send(
            hyper::Method::PATCH,
            "/api/v1/namespaces/turning",
            "application/merge-patch+json",
            patch.into(),
        );
        assert!(answer.as_ref().is_ok_and(|answer| answer.status == 200), "{answer:?}");
        (begun, Instant::now())
    };
    for _ in 0..8 {
        load.pass(40);
        let (_, since) = relabel(world, "compliance");
        load.pass(40);
        let (until, _) = relabel(world, "sandbox");
        strict.push((since, until));
    }
    let hits = load.stop();
    let within: Vec<Hit> = hits
        .iter()
        .filter(|hit| strict.iter().any(|(since, until)| hit.sent >= *since && hit.answered <= *until))
        .cloned()
        .collect();
    let weaker = count(&within, |hit| hit.kind == "bad" && !matches!(hit.seen, Seen::Denied(_)));
    let wrong = count(&hits, |hit| hit.kind == "good" && hit.seen != Seen::Allowed);
    let holds = weaker == 0 && wrong == 0 && within.len() > 100;
    let seen = format!(
        "{weaker} weaker of {} sent while it was strict; of all: {}{}",
        within.len(),
        tally(&hits),
        oddity(&hits)
    );
    world.table.row(
        "sandbox -> compliance and back, 8 times, under load",
        "not one weaker verdict after the relabel returned (A18)",
        &seen,
        holds,
    );
}

fn new_namespaces(world: &mut World) {
    let bad = deployment("first", 1, Limits::Missing);
    let (mut strict, mut loose) = (0, 0);
    let mut odd = String::new();
    for number in 0..20 {
        let mode = if number % 2 == 0 { "compliance" } else { "sandbox" };
        let name = format!("new-{number}");
        let made = world.client.post("/api/v1/namespaces", &namespace(&name, Some(mode))).expect("an answer");
        assert_eq!(made.status, 201, "{}", made.message());
        match (mode, world.try_create(&name, &bad)) {
            ("compliance", Seen::Denied(_)) => strict += 1,
            ("sandbox", Seen::Warned) => loose += 1,
            (mode, other) => odd = format!("; {mode}: {other:?}"),
        }
        let _ = world.client.send(
            hyper::Method::DELETE,
            &format!("/api/v1/namespaces/{name}"),
            "application/json",
            "".into(),
        );
    }
    let seen = format!("{strict} of 10 denied, {loose} of 10 warned{odd}");
    world.table.row(
        "a bad Deployment in the moment after its namespace was made",
        "10 denied (compliance), 10 warned (sandbox) (A18)",
        &seen,
        strict == 10 && loose == 10,
    );
}

fn certificates(world: &mut World) {
    let shots = [shot(STRICT, "bad", Limits::Missing), shot(STRICT, "good", Limits::Good)];
    let load = Load::start(&world.plane.door(), 4, &shots);
    let address = world.plan().address;
    let caller = world.plane.callers().client("kube-apiserver", &[]);
    let hosts = ["127.0.0.1", "localhost"];
    let mut took = Vec::new();
    for round in 1..=2 {
        let authority = if round == 1 { world.plane.successor() } else { world.plane.authority() };
        let (ca, pair) = (authority.pem().to_owned(), authority.server("portcullis", &hosts));
        load.pass(50);
        swap(&mut world.certificates, &pair);
        let start = Instant::now();
        // Only a server that shows the new certificate can be believed by one who trusts nobody else.
        wait_for("the new certificate", SEEN, || {
            Client::new(&Door::secure(address, &ca, Some(&caller))).get("/").map(|_| ())
        });
        took.push(format!("{:.1} s", start.elapsed().as_secs_f64()));
        load.pass(50);
    }
    // A pair that does not fit: the last good one stays.
    let (one, other) =
        (world.plane.authority().server("portcullis", &hosts), world.plane.authority().server("portcullis", &hosts));
    swap(&mut world.certificates, &Pair { certificate: one.certificate, key: other.key });
    world.webhook.as_mut().expect("it runs").process().hang_up();
    std::thread::sleep(Duration::from_secs(2));
    let ca = world.plane.authority().pem().to_owned();
    let still = Client::new(&Door::secure(address, &ca, Some(&caller))).get("/").is_ok();
    let told =
        world.webhook.as_ref().expect("it runs").page("/readyz?verbose").map(|page| page.text()).unwrap_or_default();
    load.pass(50);
    let good = world.plane.authority().server("portcullis", &hosts);
    swap(&mut world.certificates, &good);
    let hits = load.stop();
    let wrong = count(&hits, |hit| match hit.kind {
        "bad" => !matches!(hit.seen, Seen::Denied(_)),
        _ => hit.seen != Seen::Allowed,
    });
    let seen = format!(
        "{wrong} wrong or failed of {}; new certificate seen after {}: {}{}",
        hits.len(),
        took.join(" and "),
        tally(&hits),
        oddity(&hits)
    );
    world.table.row(
        "certificate rotated twice by `..data`, to another authority and back, under load",
        "no failed call, no wrong verdict (A56)",
        &seen,
        wrong == 0 && took.len() == 2,
    );
    world.table.row(
        "then a certificate and a key that do not fit",
        "the last good pair stays; /readyz?verbose says so",
        &format!("still served: {still}; {told}"),
        still && told.contains("certificate"),
    );
}

fn swap(volume: &mut Volume, pair: &Pair) {
    volume.swap(&[("tls.crt", &pair.certificate), ("tls.key", &pair.key)]);
}

fn policy_sets(world: &mut World) {
    let strict = std::fs::read_to_string(set_file()).expect("the set");
    let wide = strict.replace("max: \"16\"", "max: \"64\"");
    assert_ne!(strict, wide);
    let broken = strict.replace("requireLimits: true", "requireLimit: true");
    let folder = world.plane.folder().to_owned();
    let mut sets = Volume::new(&folder.join("changing-sets"), &[("e2e.yaml", &strict)]);
    let records = folder.join("records-changing");
    let versions = [("strict", &strict), ("wide", &wide)].map(|(name, text)| {
        let version = folder.join(format!("version-{name}"));
        std::fs::create_dir_all(&version).expect("a folder");
        std::fs::write(version.join("e2e.yaml"), text).expect("a file");
        version
    });
    let plan = Plan {
        name: "webhook-changing".to_owned(),
        address: free_address(),
        ops: free_address(),
        policies: sets.folder().to_owned(),
        records: Some(records.clone()),
        ..world.plan()
    };
    let mut changing = Webhook::start(&world.plane, plan);
    world.recorded.push((records, versions.to_vec()));
    world.door.turn(changing.plan.address);
    world.door.cut();
    let shots = [
        shot(STRICT, "bad", Limits::Missing),
        shot(STRICT, "huge", Limits::TooMuch),
        shot(STRICT, "good", Limits::Good),
    ];
    let load = Load::start(&world.plane.door(), 4, &shots);
    load.pass(60);
    let begin = Instant::now();
    let becomes = |world: &mut World, wanted: fn(&Seen) -> bool, what: &str| {
        let start = Instant::now();
        wait_for(what, SEEN, || {
            let seen = world.try_create(STRICT, &pod("huge", Limits::TooMuch));
            if wanted(&seen) { Ok(format!("{:.1} s", start.elapsed().as_secs_f64())) } else { Err(format!("{seen:?}")) }
        })
    };
    sets.swap(&[("e2e.yaml", &wide)]);
    let first = becomes(world, |seen| *seen == Seen::Allowed, "the wider set");
    load.pass(60);
    sets.swap(&[("e2e.yaml", &broken)]);
    changing.process().hang_up();
    std::thread::sleep(Duration::from_secs(2));
    load.pass(60);
    let kept = world.try_create(STRICT, &pod("huge", Limits::TooMuch));
    let told = changing.page("/readyz?verbose").map(|page| page.text()).unwrap_or_default();
    sets.swap(&[("e2e.yaml", &strict)]);
    let second = becomes(world, |seen| matches!(seen, Seen::Denied(_)), "the strict set");
    load.pass(60);
    let hits: Vec<Hit> = load.stop().into_iter().filter(|hit| hit.sent >= begin).collect();
    let wrong = count(&hits, |hit| match hit.kind {
        "bad" => !matches!(hit.seen, Seen::Denied(_)),
        "good" => hit.seen != Seen::Allowed,
        _ => !matches!(hit.seen, Seen::Allowed | Seen::Denied(_)),
    });
    let seen = format!(
        "{wrong} wrong or failed of {}; seen after {first} and {second}: {}{}",
        hits.len(),
        tally(&hits),
        oddity(&hits)
    );
    world.table.row(
        "policy set replaced by a wider one and back, under load",
        "no failed call, no verdict of half a set",
        &seen,
        wrong == 0,
    );
    let holds = kept == Seen::Allowed && told.contains("requireLimit");
    world.table.row(
        "a set with a slip in a setting between them",
        "the last good one keeps serving; /readyz?verbose says what is wrong (A59)",
        &format!("{kept:?}; {told}"),
        holds,
    );
    let back = world.plan().address;
    world.door.turn(back);
    world.door.cut();
    let ended = changing.stop();
    world.table.row("SIGTERM to that webhook", "ends with status 0", &format!("{ended:?}"), ended.is_ok());
    world.wait_until_denied();
}
