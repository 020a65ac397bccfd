//! A name without a digest means one digest in a review, whatever asks, and nothing is remembered under it (A30, A31, A32, N48).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use portcullis_model::{FactSource, Resolved};
use portcullis_support::{FakeRegistry, Reply, image};
use serde_json::json;

use crate::instance::p256;
use crate::world::{NAME, World, absent, app, asked, failed, name, question, signed, verified};

#[tokio::test]
async fn a_tag_that_moves_between_rounds_means_what_it_meant_first_a31_n48() {
    let fake = FakeRegistry::start().await;
    let (pair, other) = (p256(), p256());
    let (good, evil) = (app("good"), app("evil"));
    let digest = signed(&fake, &good, &pair);
    fake.push(NAME, Some("v1"), &good);
    let world = World::at(&fake);
    let (one, two) = (world.trust(&[("a", &pair)]), world.trust(&[("a", &pair), ("b", &other)]));
    let (review, tagged) = (Resolved::default(), name(&fake.host(), "v1"));
    let first = verified(&world.ask_in(&review, &tagged, &one).await);
    fake.push(NAME, Some("v1"), &evil);
    let second = verified(&world.ask_in(&review, &tagged, &two).await);
    assert_eq!((&first["digest"], &second["digest"]), (&json!(digest), &json!(digest)));
    assert_eq!(asked(&fake, "/manifests/v1"), 1, "once, though under another trust and in another round");
    // Whoever asks in another review gets what the tag means now, however warm everything is (A32).
    absent(&world.ask(&tagged, &one).await);
    assert_eq!(asked(&fake, "/manifests/v1"), 2);
}

#[tokio::test]
async fn a_batch_asks_once_for_each_name_whatever_the_trust_and_the_spelling_a31() {
    let fake = FakeRegistry::start().await;
    let (pair, other) = (p256(), p256());
    let app = app("app");
    let digest = signed(&fake, &app, &pair);
    // A registry that never says the same twice.
    let moves = AtomicBool::new(false);
    let samples = [app.clone(), image(&[b"another"])];
    fake.rule(move |asked| {
        let sample = &samples[usize::from(moves.load(Ordering::SeqCst))];
        asked.path.ends_with("/manifests/latest").then(|| {
            moves.store(true, Ordering::SeqCst);
            Reply::new(200, &sample.media_type, &sample.bytes)
        })
    });
    let world = World::at(&fake);
    let (one, two) = (world.trust(&[("a", &pair)]), world.trust(&[("a", &pair), ("b", &other)]));
    let bare = format!("{}/{NAME}", fake.host());
    let latest = name(&fake.host(), "latest");
    let queries = [(&bare, &one), (&latest, &one), (&latest, &two)].map(|(image, trust)| question(image, trust));
    let answers = world.source.look_up(&queries, &Resolved::default()).await;
    for (query, answer) in queries.iter().zip(&answers) {
        assert_eq!(verified(answer)["digest"], json!(digest));
        assert_eq!(answer.as_ref().map(|fact| &fact.query).ok(), Some(query), "the answers keep the order");
    }
    assert_eq!(asked(&fake, "/manifests/latest"), 1);
}

#[tokio::test]
async fn a_name_that_could_not_be_resolved_stays_so_in_its_review_a31_n46() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let app = app("app");
    signed(&fake, &app, &pair);
    fake.push(NAME, Some("v1"), &app);
    let away = Arc::new(AtomicBool::new(true));
    let rule = Arc::clone(&away);
    fake.rule(move |asked| {
        let hit = rule.load(Ordering::SeqCst) && asked.path.ends_with("/manifests/v1");
        hit.then(|| Reply::error(403, "DENIED"))
    });
    let world = World::at(&fake);
    let (one, two) = (world.trust(&[("a", &pair)]), world.trust(&[("b", &pair)]));
    let (review, tagged) = (Resolved::default(), name(&fake.host(), "v1"));
    let first = failed(&world.ask_in(&review, &tagged, &one).await);
    assert!(first.contains("does not allow") && first.contains("403: DENIED"), "{first}");
    away.store(false, Ordering::SeqCst);
    assert_eq!(failed(&world.ask_in(&review, &tagged, &two).await), first);
    assert_eq!(asked(&fake, "/manifests/v1"), 1, "not again in this review");
    let gone = failed(&world.ask(&name(&fake.host(), "v2"), &one).await);
    assert_eq!(gone, format!("the registry says that there is no `{}`; check name and tag", name(&fake.host(), "v2")));
}

#[tokio::test]
async fn says_whether_the_digest_was_written_down_a30() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let app = app("app");
    let digest = signed(&fake, &app, &pair);
    fake.push(NAME, Some("v1"), &app);
    let world = World::at(&fake);
    let trust = world.trust(&[("a", &pair)]);
    let both = format!("{}@{digest}", name(&fake.host(), "v1"));
    for (image, pinned) in [(name(&fake.host(), "v1"), false), (name(&fake.host(), &digest), true), (both, true)] {
        let document = verified(&world.ask(&image, &trust).await);
        assert_eq!(document["pinned"], json!(pinned), "{image}");
        assert_eq!(document["image"], json!(format!("{}/{NAME}@{digest}", fake.host())));
    }
    assert_eq!(asked(&fake, "/manifests/v1"), 1, "a tag beside a digest means nothing");
}
