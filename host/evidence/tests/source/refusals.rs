//! "Could not look" is an error at every step, and never "there is no signature" (N46, A42), nor is anybody dialled who must not be (A43).

use std::path::PathBuf;

use portcullis_evidence::Evidence;
use portcullis_support::{FakeRegistry, Reply};
use serde_json::json;

use crate::instance::p256;
use crate::world::{NAME, World, absent, app, failed, name, payload, sign_as_before, signature, signed, verified};

#[tokio::test]
async fn every_refusal_at_every_step_is_an_error_and_never_absent_n46_a42() {
    let replies = [
        (Reply::error(401, "UNAUTHORIZED"), "does not accept the credentials"),
        (Reply::error(403, "DENIED"), "does not allow"),
        (Reply::error(429, "TOOMANYREQUESTS"), "throttles"),
        (Reply::new(500, "text/plain", "oops"), "fails to answer"),
        (Reply::new(503, "text/plain", "oops"), "fails to answer"),
        (Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx"), "broke off"),
        (Reply::raw(""), "cannot be reached"),
    ];
    for (reply, words) in replies {
        for part in ["/manifests/v1", "/referrers/", ".sig", "/blobs/"] {
            let fake = FakeRegistry::start().await;
            let pair = p256();
            let subject = app("app");
            // Without any signature at the steps before the last one: the answer would be "absent".
            let digest = fake.push(NAME, Some("v1"), &subject);
            if part == "/blobs/" {
                sign_as_before(&fake, &digest, &payload(&digest, "cosign container image signature"), &pair);
            }
            fake.answer(part, reply.clone());
            let world = World::at(&fake);
            let error = failed(&world.ask(&name(&fake.host(), "v1"), &world.trust(&[("a", &pair)])).await);
            assert!(error.contains(words), "{part}: {error}");
            assert!(error.contains("(asked: http://"), "{part}: it says what was tried: {error}");
        }
    }
}

#[tokio::test]
async fn a_page_of_somebody_else_is_not_the_word_of_a_registry_n46() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let digest = fake.push(NAME, None, &app("app"));
    fake.answer(".sig", Reply::new(404, "text/html", "<html>404</html>"));
    let world = World::at(&fake);
    let error = failed(&world.ask(&name(&fake.host(), &digest), &world.trust(&[("a", &pair)])).await);
    assert!(error.contains("is answered with 404, but not with a registry's own word"), "{error}");
}

#[tokio::test]
async fn nothing_there_is_said_only_where_the_registry_says_so_n46() {
    for referrers_api in [true, false] {
        let fake = FakeRegistry::start().await;
        fake.set_referrers_api(referrers_api);
        let digest = fake.push(NAME, None, &app("app"));
        let world = World::at(&fake);
        absent(&world.ask(&name(&fake.host(), &digest), &world.trust(&[("a", &p256())])).await);
    }
}

#[tokio::test]
async fn questions_that_nobody_can_answer_are_errors() {
    let fake = FakeRegistry::start().await;
    let world = World::at(&fake);
    let trust = world.trust(&[("a", &p256())]);
    let sha512 = format!("{}/{NAME}@sha512:{}", fake.host(), "0a".repeat(64));
    for (image, words) in [
        (sha512.as_str(), "signatures are about SHA-256"),
        ("nginx", "is no full name of an image"),
        ("a.example/b@sha256:0", "is no full name of an image"),
        ("registry.invalid/a:1", "no address is known"),
    ] {
        let error = failed(&world.ask(image, &trust).await);
        assert!(error.contains(words), "{image}: {error}");
    }
    let mut query = crate::world::question("a.example/b:1", &trust);
    query.kind = "weather".to_owned();
    let answers = portcullis_model::FactSource::look_up(&*world.source, &[query], &Default::default()).await;
    assert_eq!(failed(&answers[0]), "nobody here knows facts of the kind `weather`");
    assert_eq!(fake.connections(), 0);
}

#[tokio::test]
async fn without_a_registry_nobody_is_dialled_and_bundles_of_the_caller_count_a43() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let subject = app("app");
    let digest = signed(&fake, &subject, &pair);
    fake.push(NAME, Some("v1"), &subject);
    let other = app("other").digest();
    let bundles = vec![
        (PathBuf::from("other.json"), signature(&other, &pair).into()),
        (PathBuf::from("app.json"), signature(&digest, &pair).into()),
    ];
    let image = name(&fake.host(), &digest);
    let offline = World::of(Evidence { registry: None, bundles: bundles.clone(), ..World::evidence(&fake.host()) });
    let trust = offline.trust(&[("a", &pair)]);
    let document = verified(&offline.ask(&image, &trust).await);
    assert_eq!(document["signatures"][0]["found"], json!("file `app.json`"));
    assert_eq!(document["refused"], json!([]), "a file that is about another image is nobody's signature of this one");
    let stranger = name(&fake.host(), &app("stranger").digest());
    let error = failed(&offline.ask(&stranger, &trust).await);
    assert!(error.contains("none of the 2 bundles that were given is about"), "nobody looked: {error}");
    let error = failed(&offline.ask(&name(&fake.host(), "v1"), &trust).await);
    assert!(error.contains("has no digest, and no registry may be asked what it means"), "{error}");
    assert_eq!(fake.connections(), 0, "nobody was dialled");
    // Where a registry may be asked, it is not, as long as what was given is enough; then it is.
    let online = World::of(Evidence { bundles, ..World::evidence(&fake.host()) });
    let trust = online.trust(&[("a", &pair)]);
    assert_eq!(verified(&online.ask(&image, &trust).await)["signatures"].as_array().map(Vec::len), Some(1));
    assert_eq!(fake.connections(), 0);
    let stranger = app("stranger");
    let digest = signed(&fake, &stranger, &pair);
    verified(&online.ask(&name(&fake.host(), &digest), &trust).await);
    assert!(fake.connections() > 0);
}
