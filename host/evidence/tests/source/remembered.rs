//! What is remembered, for whom and for how long: one look-up for all, and nothing survives the trust that it was verified by (A32, A33, A34, N60).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use portcullis_evidence::{REMEMBER_NOTHING, REMEMBER_VERIFIED, Trust};
use portcullis_model::{FactSource, Resolved, TrustRoot, TrustRule};
use portcullis_support::{FakeRegistry, Reply};
use serde_json::json;

use crate::instance::{INSTANCE, Instance, now, p256};
use crate::made::{By, COSIGN, Log, bundle, leaf};
use crate::world::{
    NAME, World, absent, app, asked, attach, failed, load, name, question, rejected, rule, signature, signed,
    statement, verified,
};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn looks_once_for_all_who_ask_at_once() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let digest = signed(&fake, &app("app"), &pair);
    fake.push(NAME, Some("v1"), &app("app"));
    let world = Arc::new(World::at(&fake));
    let trust = world.trust(&[("a", &pair)]);
    let mut askers = tokio::task::JoinSet::new();
    for number in 0..32 {
        let (world, trust) = (Arc::clone(&world), Arc::clone(&trust));
        let image = name(&fake.host(), if number % 2 == 0 { &digest } else { "v1" });
        askers.spawn(async move { verified(&world.ask(&image, &trust).await)["signatures"].clone() });
    }
    let answers = askers.join_all().await;
    assert!(answers.windows(2).all(|two| two[0] == two[1]));
    assert_eq!((asked(&fake, "/referrers/"), asked(&fake, "/blobs/"), asked(&fake, ".sig")), (1, 1, 1));
}

#[tokio::test]
async fn eight_containers_with_one_image_are_one_look_up() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let digest = signed(&fake, &app("app"), &pair);
    let world = World::at(&fake);
    let trust = world.trust(&[("a", &pair)]);
    let queries = vec![question(&name(&fake.host(), &digest), &trust); 8];
    let answers = world.source.look_up(&queries, &Resolved::default()).await;
    assert_eq!(answers.iter().map(verified).filter(|one| one["digest"] == json!(digest)).count(), 8);
    assert_eq!(asked(&fake, "/referrers/"), 1);
}

#[tokio::test]
async fn others_get_the_answer_when_the_first_who_asked_is_gone_a57() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let digest = signed(&fake, &app("app"), &pair);
    let world = Arc::new(World::at(&fake));
    let trust = world.trust(&[("a", &pair)]);
    let image = name(&fake.host(), &digest);
    let first = {
        let (world, trust, image) = (Arc::clone(&world), Arc::clone(&trust), image.clone());
        tokio::spawn(async move { world.ask(&image, &trust).await })
    };
    while asked(&fake, "/referrers/") == 0 {
        tokio::task::yield_now().await;
    }
    first.abort();
    verified(&world.ask(&image, &trust).await);
    assert_eq!(asked(&fake, "/referrers/"), 1, "it went on for them");
}

#[tokio::test]
async fn what_was_verified_is_remembered_for_its_time_and_nothing_for_less() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let subject = app("later");
    let (good, later) = (signed(&fake, &app("app"), &pair), fake.push(NAME, None, &subject));
    let world = World::at(&fake);
    let trust = world.trust(&[("a", &pair)]);
    let (good, bare) = (name(&fake.host(), &good), name(&fake.host(), &later));
    let first = verified(&world.ask(&good, &trust).await);
    absent(&world.ask(&bare, &trust).await);
    attach(&fake, &subject, &signature(&later, &pair));
    absent(&world.ask(&bare, &trust).await);
    assert_eq!(asked(&fake, "/referrers/"), 2);
    world.clock.pass(REMEMBER_NOTHING);
    verified(&world.ask(&bare, &trust).await);
    assert_eq!(verified(&world.ask(&good, &trust).await), first, "the same bytes from the cache (A33)");
    assert_eq!(asked(&fake, "/referrers/"), 3);
    world.clock.pass(REMEMBER_VERIFIED);
    assert_eq!(verified(&world.ask(&good, &trust).await), first);
    assert_eq!(asked(&fake, "/referrers/"), 4);
}

#[tokio::test]
async fn errors_are_remembered_as_errors_each_class_for_its_own_short_time_n46() {
    for (reply, seconds, words) in [
        (Reply::error(401, "UNAUTHORIZED"), 5, "does not accept the credentials"),
        (Reply::error(403, "DENIED"), 5, "does not allow"),
        (Reply::error(429, "TOOMANYREQUESTS"), 5, "throttles"),
        (Reply::error(429, "TOOMANYREQUESTS").with("Retry-After", "25"), 25, "throttles"),
        (Reply::error(429, "TOOMANYREQUESTS").with("Retry-After", "3600"), 30, "throttles"),
        (Reply::new(500, "text/plain", "oops"), 2, "fails to answer"),
        (Reply::raw(""), 2, "cannot be reached"),
        (Reply::new(200, "application/vnd.oci.image.index.v1+json", "{}"), 5, "is unreadable"),
    ] {
        for (part, reference) in [("/referrers/", "digest"), ("/manifests/v1", "v1")] {
            let fake = FakeRegistry::start().await;
            let pair = p256();
            let digest = signed(&fake, &app("app"), &pair);
            fake.push(NAME, Some("v1"), &app("app"));
            let away = Arc::new(AtomicBool::new(true));
            let (own, wrong) = (Arc::clone(&away), reply.clone());
            fake.rule(move |asked| (own.load(Ordering::SeqCst) && asked.path.contains(part)).then(|| wrong.clone()));
            let world = World::at(&fake);
            let trust = world.trust(&[("a", &pair)]);
            let image = name(&fake.host(), if reference == "v1" { "v1" } else { &digest });
            let first = failed(&world.ask(&image, &trust).await);
            assert!(first.contains(words) && !first.contains("ago"), "{first}");
            let before = asked(&fake, part);
            away.store(false, Ordering::SeqCst);
            world.clock.pass((seconds - 1) * SECOND);
            let later = failed(&world.ask(&image, &trust).await);
            assert!(later.starts_with(&first) && later.contains("(this was looked up"), "{later}");
            assert_eq!(asked(&fake, part), before, "nobody was asked");
            world.clock.pass(SECOND);
            verified(&world.ask(&image, &trust).await);
        }
    }
}

#[tokio::test]
async fn a_fact_is_good_for_one_trust_only_a34() {
    let fake = FakeRegistry::start().await;
    let (pair, other) = (p256(), p256());
    let image = name(&fake.host(), &signed(&fake, &app("app"), &pair));
    let world = World::at(&fake);
    let (one, two) = (world.trust(&[("a", &pair)]), world.trust(&[("b", &other)]));
    for _ in 0..2 {
        verified(&world.ask(&image, &one).await);
        assert!(rejected(&world.ask(&image, &two).await).contains("no key of the trust made it"));
    }
    assert_eq!(asked(&fake, "/referrers/"), 2, "the second time both were remembered, each for itself");
}

/// What becomes of a warm fact when the trust that it was verified by gives way to another.
async fn after(world: &World, image: &str, before: Arc<Trust>, after: Trust) -> String {
    verified(&world.ask(image, &before).await);
    let query = question(image, &before);
    let now = world.store.keep(after);
    assert_ne!(before.digest(), now.digest());
    drop(before);
    let old = world.source.look_up(&[query], &Resolved::default()).await;
    assert_eq!(failed(&old[0]), "the trust that it names is in force no more");
    rejected(&world.ask(image, &now).await)
}

#[tokio::test]
async fn no_fact_survives_a_revoked_key_n60_n40() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let image = name(&fake.host(), &signed(&fake, &app("app"), &pair));
    let world = World::at(&fake);
    let mut revoked = rule(&[("a", &pair)]);
    revoked.keys[0].revoked = true;
    let reason = after(&world, &image, world.trust(&[("a", &pair)]), load(&revoked)).await;
    assert!(reason.contains("it was made by a key that is revoked"), "{reason}");
}

#[tokio::test]
async fn no_fact_survives_another_root_n60() {
    let fake = FakeRegistry::start().await;
    let subject = app("app");
    let digest = fake.push(NAME, None, &subject);
    let keyless = bundle(&By::Leaf(&leaf()), &statement(&digest, COSIGN), Log::V2, true);
    attach(&fake, &subject, keyless.to_string().as_bytes());
    let world = World::at(&fake);
    let under = |instance: &Instance, name: &str| {
        let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
        std::fs::write(&path, instance.trusted_root().to_string()).expect("a file");
        load(&TrustRule { root: Some(TrustRoot::File(path)), ..rule(&[]) })
    };
    let before = world.store.keep(under(&INSTANCE, "before.json"));
    let image = name(&fake.host(), &digest);
    let other = under(&Instance::new(-86_400, 86_400), "after.json");
    let reason = after(&world, &image, before, other).await;
    assert!(reason.contains("it is in a transparency log that the root does not know"), "{reason}");
}

#[tokio::test]
async fn a_key_is_remembered_no_longer_than_its_window_n60_n40() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let image = name(&fake.host(), &signed(&fake, &app("app"), &pair));
    let world = World::at(&fake);
    let mut window = rule(&[("a", &pair)]);
    (window.keys[0].not_before, window.keys[0].not_after) = (Some(now() + 4), Some(now() + 60));
    let trust = world.store.keep(load(&window));
    let early = rejected(&world.ask(&image, &trust).await);
    assert!(early.contains("it was made by a key before its time"), "{early}");
    world.clock.pass(4 * SECOND);
    verified(&world.ask(&image, &trust).await);
    world.clock.pass(50 * SECOND);
    verified(&world.ask(&image, &trust).await);
    assert_eq!(asked(&fake, "/referrers/"), 2, "within the window it is remembered");
    world.clock.pass(6 * SECOND);
    let late = rejected(&world.ask(&image, &trust).await);
    assert!(late.contains("it was made by a key after its time"), "{late}");
}
