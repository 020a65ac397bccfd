//! Registries that lie: what comes is what was named, or an error, and what is about something else proves nothing (N41 to N45).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use portcullis_evidence::{Evidence, MAX_CANDIDATES};
use portcullis_support::{FakeRegistry, Piece, Reply, Sample, descriptor, image, index, referrer};
use serde_json::{Value, json};

use crate::instance::p256;
use crate::world::{BUNDLE, NAME, World, app, asked, attach, failed, name, rejected, signature, signed, verified};

/// One answer after the other.
type Replies = Box<dyn Fn() -> Reply + Send + Sync>;

/// What becomes of a signed image when one of its requests is answered otherwise.
async fn told(part: impl Fn(&Sample, &str) -> String, reply: impl Fn(&Sample) -> Reply) -> String {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let subject = app("app");
    let digest = fake.push(NAME, None, &subject);
    let bundle = signature(&digest, &pair);
    let manifest = attach(&fake, &subject, &bundle);
    let blob = portcullis_support::digest(&bundle);
    fake.answer(&part(&manifest, &blob), reply(&manifest));
    let world = World::at(&fake);
    failed(&world.ask(&name(&fake.host(), &digest), &world.trust(&[("a", &pair)])).await)
}

#[tokio::test]
async fn a_manifest_other_than_its_digest_is_an_error_n41() {
    let other = image(&[b"another"]);
    let error = told(
        |manifest, _| format!("/manifests/{}", manifest.digest()),
        |_| Reply::new(200, &other.media_type, &other.bytes),
    );
    let error = error.await;
    assert!(error.contains("the registry sent other bytes than") && error.contains(&other.digest()), "{error}");
}

#[tokio::test]
async fn a_tag_whose_digest_header_lies_is_an_error_n41() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let (good, evil) = (app("good"), app("evil"));
    let digest = signed(&fake, &good, &pair);
    // Other clients believe the header and pull the one, while the bytes are the other.
    let reply = Reply::new(200, &evil.media_type, &evil.bytes).with("Docker-Content-Digest", &digest);
    fake.answer("/manifests/v1", reply);
    let world = World::at(&fake);
    let error = failed(&world.ask(&name(&fake.host(), "v1"), &world.trust(&[("a", &pair)])).await);
    assert!(error.contains("the registry sent other bytes than") && error.contains(&digest), "{error}");
}

#[tokio::test]
async fn a_manifest_that_differs_with_each_request_is_an_error_and_never_taken_n42() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let subject = app("app");
    let digest = fake.push(NAME, None, &subject);
    let manifest = attach(&fake, &subject, &signature(&digest, &pair));
    let path = format!("/manifests/{}", manifest.digest());
    let count = AtomicUsize::new(0);
    fake.rule(move |asked| {
        let other = image(&[&count.load(Ordering::SeqCst).to_be_bytes()]);
        asked.path.ends_with(&path).then(|| {
            count.fetch_add(1, Ordering::SeqCst);
            Reply::new(200, &other.media_type, &other.bytes)
        })
    });
    let world = World::at(&fake);
    let trust = world.trust(&[("a", &pair)]);
    for _ in 0..2 {
        let error = failed(&world.ask(&name(&fake.host(), &digest), &trust).await);
        assert!(error.contains("the registry sent other bytes than"), "{error}");
        world.clock.pass(Duration::from_secs(60));
    }
}

#[tokio::test]
async fn a_referrer_of_something_else_proves_nothing_n43() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let (subject, other) = (app("app"), app("other"));
    let digest = fake.push(NAME, None, &subject);
    // A good signature of this image, in a manifest that belongs to another one or to none.
    let bundle = signature(&digest, &pair);
    let strayed = attach(&fake, &other, &bundle);
    let mut value: Value = serde_json::from_slice(&strayed.bytes).expect("JSON");
    value.as_object_mut().expect("a map").remove("subject");
    let loose = Sample { bytes: value.to_string().into_bytes(), ..strayed.clone() };
    fake.push(NAME, None, &loose);
    for (manifest, says) in [(strayed, "but says that it is about"), (loose, "but does not say what it is about")] {
        let fake_list = index(&[manifest.descriptor()]);
        let fake_again = FakeRegistry::start().await;
        fake_again.push(NAME, None, &subject);
        fake_again.push(NAME, None, &manifest);
        fake_again.push_blob(NAME, &bundle);
        fake_again.answer("/referrers/", Reply::new(200, &fake_list.media_type, &fake_list.bytes));
        let world = World::at(&fake_again);
        let reason = rejected(&world.ask(&name(&fake_again.host(), &digest), &world.trust(&[("a", &pair)])).await);
        assert!(reason.starts_with("referrers: it cannot be read: the manifest") && reason.contains(says), "{reason}");
    }
}

#[tokio::test]
async fn a_bundle_other_than_described_is_an_error_n44() {
    let by_blob = |_: &Sample, blob: &str| format!("/blobs/{blob}");
    let error = told(by_blob, |_| Reply::new(200, "application/octet-stream", b"something else")).await;
    assert!(error.contains("14 bytes") && error.contains("were announced"), "{error}");
    let same_length = |manifest: &Sample| {
        let value: Value = serde_json::from_slice(&manifest.bytes).expect("JSON");
        let size = value["layers"][0]["size"].as_u64().expect("a size");
        Reply::new(200, "application/octet-stream", vec![b' '; usize::try_from(size).expect("small")])
    };
    let error = told(by_blob, same_length).await;
    assert!(error.contains("the registry sent other bytes than"), "{error}");
    let error = told(by_blob, |_| Reply::error(404, "BLOB_UNKNOWN")).await;
    assert!(error.contains("the registry names the blob") && error.contains("but does not have it"), "{error}");
}

#[tokio::test]
async fn floods_are_errors_and_end_n45_a40() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let subject = app("app");
    let digest = signed(&fake, &subject, &pair);
    let image = name(&fake.host(), &digest);
    let many: Vec<Value> = (0..10_000).map(|one: u32| descriptor("a/b", &one.to_be_bytes())).collect();
    let many = index(&many);
    let endless = {
        let list = index(&[]);
        let count = AtomicUsize::new(0);
        move || {
            let next = count.fetch_add(1, Ordering::SeqCst);
            Reply::new(200, &list.media_type, &list.bytes).with("Link", &format!("<?from={next}>; rel=\"next\""))
        }
    };
    let replies: [(Replies, &str); 3] = [
        (Box::new(move || Reply::new(200, &many.media_type, &many.bytes)), "more than 1000 referrers"),
        (Box::new(endless), "more than 50 pages of referrers"),
        (Box::new(|| Reply::flood(None)), "is larger than 4194304 bytes"),
    ];
    for (reply, words) in replies {
        let fake = FakeRegistry::start().await;
        fake.rule(move |asked| asked.path.contains("/referrers/").then(&reply));
        let world = World::at(&fake);
        let image = name(&fake.host(), &digest);
        let error = failed(&world.ask(&image, &world.trust(&[("a", &pair)])).await);
        assert!(error.contains(words), "{error}");
        assert!(asked(&fake, "/referrers/") <= 50);
    }
    let world = World::at(&fake);
    verified(&world.ask(&image, &world.trust(&[("a", &pair)])).await);
}

#[tokio::test]
async fn too_many_or_too_large_signatures_are_no_fact_n45_a40() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let subject = app("app");
    let digest = signed(&fake, &subject, &pair);
    let bundle = signature(&digest, &pair);
    fake.push_blob(NAME, &bundle);
    let of = |layers: Vec<Value>| {
        let mut manifest: Value =
            serde_json::from_slice(&referrer(&subject.descriptor(), BUNDLE, b"").bytes).expect("JSON");
        manifest["layers"] = layers.into();
        Sample { bytes: manifest.to_string().into_bytes(), ..subject.clone() }
    };
    let world = World::at(&fake);
    let trust = world.trust(&[("a", &pair)]);
    let image = name(&fake.host(), &digest);
    verified(&world.ask(&image, &trust).await);
    // One that is too large to be a signature is refused beside the good one; nobody asks for its bytes.
    let mut huge = descriptor(BUNDLE, b"huge");
    huge["size"] = json!(10_000_000_000_u64);
    fake.push(NAME, None, &of(vec![huge.clone()]));
    world.clock.pass(Duration::from_secs(3_600));
    let document = verified(&world.ask(&image, &trust).await);
    let reason = document["refused"][0]["reason"].as_str().expect("a reason").to_owned();
    assert!(reason.contains("it has 10000000000 bytes, at most 50331648 are read"), "{reason}");
    assert_eq!(asked(&fake, huge["digest"].as_str().expect("a digest")), 0);
    // Several that are together more than anybody should hold.
    let large: Vec<Value> = (0..5_u8)
        .map(|one| {
            let bytes = vec![b' ' + one; 30 << 20];
            fake.push_blob(NAME, &bytes);
            descriptor(BUNDLE, &bytes)
        })
        .collect();
    let large = fake.push(NAME, None, &of(large));
    world.clock.pass(Duration::from_secs(3_600));
    let error = failed(&world.ask(&image, &trust).await);
    assert!(error.contains("what is attached to one image is larger than 100663296 bytes"), "{error}");
    // And too many of them.
    fake.answer(&large, Reply::error(404, "MANIFEST_UNKNOWN"));
    let other = app("many");
    let digest = fake.push(NAME, None, &other);
    let mut manifest: Value = serde_json::from_slice(&referrer(&other.descriptor(), BUNDLE, b"").bytes).expect("JSON");
    manifest["layers"] = vec![descriptor(BUNDLE, &bundle); MAX_CANDIDATES + 1].into();
    fake.push(NAME, None, &Sample { bytes: manifest.to_string().into_bytes(), ..other });
    let error = failed(&world.ask(&name(&fake.host(), &digest), &trust).await);
    assert!(error.contains("more than 256 signatures and attestations of one image"), "{error}");
}

#[tokio::test]
async fn a_slow_body_and_silence_end_with_the_time_n45_n59_a42() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n".to_vec();
    let slow = Reply::Raw(vec![Piece::Bytes(head), Piece::Trickle(vec![b' '; 4_000], Duration::from_millis(20))]);
    for (part, reply) in [("/referrers/", slow), ("/manifests/v1", Reply::Raw(vec![Piece::Stall]))] {
        let fake = FakeRegistry::start().await;
        let pair = p256();
        let subject = app("app");
        let digest = signed(&fake, &subject, &pair);
        fake.answer(part, reply);
        let time = Duration::from_millis(300);
        let world = World::of(Evidence { time, ..World::evidence(&fake.host()) });
        let reference = if part.ends_with("v1") { "v1" } else { &digest };
        let begun = Instant::now();
        let error = failed(&world.ask(&name(&fake.host(), reference), &world.trust(&[("a", &pair)])).await);
        assert!(error.contains("`: the registry did not answer in time"), "{error}");
        assert!(begun.elapsed() >= time);
    }
}
