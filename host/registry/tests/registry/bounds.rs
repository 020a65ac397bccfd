//! Endless answers end (N45, A40).

use std::time::{Duration, Instant};

use portcullis_registry::{Cause, Class, Config, Limits};
use portcullis_support::{FakeRegistry, Piece, Reply, descriptor, image, index, referrer};

use crate::world::{Asker, NAME, config, digest, limits};

/// An asker with other limits.
fn bounded(fake: &FakeRegistry, limits: Limits) -> Asker {
    Asker::with(fake, Config { limits, ..config(&[fake]) })
}

#[tokio::test]
async fn a40_a_manifest_without_an_end_is_cut() {
    for length in [None, Some(10_000_000_000)] {
        let fake = FakeRegistry::start().await;
        fake.answer("/", Reply::flood(length));
        let asker = Asker::at(&fake);
        for error in [
            asker.resolve("v1").await.map(drop),
            asker.manifest(&image(&[]).digest()).await.map(drop),
            asker.referrers(&image(&[]).digest()).await.map(drop),
        ] {
            let cause = error.expect_err("too long").cause;
            assert!(matches!(cause, Cause::TooLarge { limit: 4_194_304, .. }), "{cause}");
        }
    }
}

#[tokio::test]
async fn n45_a_blob_without_an_end_is_cut_and_a_huge_one_is_not_even_asked_for() {
    let fake = FakeRegistry::start().await;
    let layer = vec![7; 100_000];
    let list = index(&[descriptor("a/b", &layer)]);
    fake.push(NAME, None, &list);
    fake.answer("/blobs/", Reply::flood(None));
    let asker = Asker::at(&fake);
    let read = asker.client.manifest(&asker.repository, &digest(&list.digest()), asker.access()).await;
    let portcullis_registry::Content::Index(read) = read.expect("an answer").value.expect("an index").content else {
        panic!("it is an index")
    };
    let mut blob = read.manifests[0].clone();
    let error = asker.client.blob(&asker.repository, &blob, asker.access()).await.expect_err("too long");
    assert!(matches!(error.cause, Cause::Size { expected: 100_000, .. }), "{error}");
    let asked = fake.log().len();
    blob.size = u64::MAX;
    let error = asker.client.blob(&asker.repository, &blob, asker.access()).await.expect_err("too large");
    assert_eq!(error.cause.class(), Class::TooMuch, "{error}");
    assert_eq!(fake.log().len(), asked, "nothing was asked");
}

#[tokio::test]
async fn n45_too_many_referrers_are_an_error_and_not_a_part_of_them() {
    let fake = FakeRegistry::start().await;
    let subject = image(&[]);
    let many: Vec<_> = (0..10_000_u32).map(|one| descriptor("a/b", &one.to_be_bytes())).collect();
    let list = index(&many);
    fake.answer("/referrers/", Reply::new(200, &list.media_type, &list.bytes));
    let error = Asker::at(&fake).referrers(&subject.digest()).await.expect_err("too many");
    assert_eq!(error.cause, Cause::TooMany { what: "referrers", limit: 1_000 });
    // The same from the fallback tag.
    let fake = FakeRegistry::start().await;
    fake.set_referrers_api(false);
    fake.push(NAME, Some(&subject.digest().replace(':', "-")), &list);
    let error = Asker::at(&fake).referrers(&subject.digest()).await.expect_err("too many");
    assert_eq!(error.cause, Cause::TooMany { what: "referrers", limit: 1_000 });
}

#[tokio::test]
async fn n45_pages_without_an_end_are_an_error() {
    let fake = FakeRegistry::start().await;
    let list = index(&[]);
    fake.rule(move |asked| {
        let page: u32 = asked.field("page").and_then(|page| page.parse().ok()).unwrap_or(0);
        let link = format!("<{}?page={}>; rel=\"next\"", asked.path, page + 1);
        Some(Reply::new(200, &list.media_type, &list.bytes).with("Link", &link))
    });
    let error = Asker::at(&fake).referrers(&image(&[]).digest()).await.expect_err("no end");
    assert_eq!(error.cause, Cause::TooMany { what: "pages of referrers", limit: 50 });
    assert_eq!(fake.log().len(), 50);
}

#[tokio::test]
async fn n45_pages_that_go_round_or_elsewhere_are_not_followed() {
    let other = FakeRegistry::start().await;
    for link in [
        "?",
        "?page=1",
        &format!("{}/v2/x", other.base()),
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "//[",
        "",
    ] {
        let fake = FakeRegistry::start().await;
        let list = index(&[]);
        let header = if link.is_empty() { "no link; rel=next".to_owned() } else { format!("<{link}>; rel=\"next\"") };
        fake.answer("/", Reply::new(200, &list.media_type, &list.bytes).with("Link", &header));
        let error = Asker::at(&fake).referrers(&image(&[]).digest()).await.expect_err(link);
        assert_eq!(error.cause.class(), Class::Lying, "{link}: {error}");
        assert!(fake.log().len() <= 2 && other.log().is_empty(), "{link}");
    }
}

#[tokio::test]
async fn n45_a40_a_slow_body_ends_with_the_time_and_not_later() {
    let fake = FakeRegistry::start().await;
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n".to_vec();
    let slow = vec![Piece::Bytes(head), Piece::Trickle(vec![b' '; 4_000], Duration::from_millis(20))];
    fake.answer("/", Reply::Raw(slow));
    let mut asker = Asker::at(&fake);
    asker.patience = Duration::from_millis(300);
    let begun = Instant::now();
    let error = asker.resolve("v1").await.expect_err("too slow");
    assert_eq!(error.cause, Cause::Late);
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn n45_silence_ends_with_the_time_and_is_tried_again_before() {
    let fake = FakeRegistry::start().await;
    fake.answer("/", Reply::Raw(vec![Piece::Stall]));
    let mut asker = Asker::at(&fake);
    asker.patience = Duration::from_millis(200);
    assert_eq!(asker.resolve("v1").await.expect_err("silent").cause, Cause::Late);
    let asker = bounded(&fake, Limits { answer: Duration::from_millis(50), ..limits() });
    let error = asker.resolve("v1").await.expect_err("silent");
    assert!(matches!(error.cause, Cause::Silent { .. }) && error.attempts.len() == 3, "{error:?}");
    let asker = bounded(&fake, Limits { total: Duration::from_millis(150), ..limits() });
    assert_eq!(asker.resolve("v1").await.expect_err("silent").cause, Cause::Late, "whatever time the caller has");
}

#[tokio::test]
async fn a40_headers_without_an_end_are_cut() {
    for reply in [
        Reply::Raw(vec![Piece::Bytes(b"HTTP/1.1 200 OK\r\nX: ".to_vec()), Piece::Repeat(vec![b'x'; 1_000], 1_000_000)]),
        Reply::raw(format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(1_000))),
    ] {
        let fake = FakeRegistry::start().await;
        fake.answer("/", reply);
        let error = Asker::at(&fake).resolve("v1").await.expect_err("too many headers");
        assert_eq!(error.cause.class(), Class::Lying, "{error}");
    }
}

#[tokio::test]
async fn a40_redirects_without_an_end_are_an_error() {
    let fake = FakeRegistry::start().await;
    fake.answer("/", Reply::redirect("/again"));
    let asker = Asker::at(&fake);
    assert_eq!(asker.resolve("v1").await.expect_err("no end").cause, Cause::Redirects { limit: 5 });
    assert_eq!(fake.log().len(), 6);
}

#[tokio::test]
async fn a40_redirects_to_nowhere_are_not_followed() {
    for to in ["file:///etc/passwd", "gopher://a", "http://u:p@127.0.0.1/", "https://", "\\\\a", "http://127.1/"] {
        let fake = FakeRegistry::start().await;
        fake.answer("/v2/", Reply::redirect(to));
        let error = Asker::at(&fake).resolve("v1").await.expect_err(to);
        assert!(matches!(error.cause.class(), Class::Lying | Class::Failing), "{to}: {error}");
    }
    let fake = FakeRegistry::start().await;
    fake.answer("/", Reply::new(302, "text/plain", ""));
    let error = Asker::at(&fake).resolve("v1").await.expect_err("no place");
    assert!(matches!(error.cause, Cause::Target { .. }), "{error}");
}

#[tokio::test]
async fn n49_a40_indexes_in_indexes_end() {
    let fake = FakeRegistry::start().await;
    let mut inner = index(&[]);
    fake.push(NAME, None, &inner);
    for _ in 0..20 {
        inner = index(&[inner.descriptor()]);
        fake.push(NAME, None, &inner);
    }
    let asker = Asker::at(&fake);
    let root = asker.client.manifest(&asker.repository, &digest(&inner.digest()), asker.access()).await;
    let root = root.expect("an answer").value.expect("an index");
    let asked = fake.log().len();
    let error = asker.client.children(&asker.repository, &root, asker.access()).await.expect_err("too deep");
    assert_eq!(error.cause, Cause::TooMany { what: "levels of indexes", limit: 2 });
    assert_eq!(fake.log().len() - asked, 2);
    let many: Vec<_> = (0..200_u32)
        .map(|one| {
            let sample = image(&[&one.to_be_bytes()]);
            fake.push(NAME, None, &sample);
            sample.descriptor()
        })
        .collect();
    let wide = fake.push(NAME, None, &index(&many));
    let root = asker.client.manifest(&asker.repository, &digest(&wide), asker.access()).await;
    let root = root.expect("an answer").value.expect("an index");
    let error = asker.client.children(&asker.repository, &root, asker.access()).await.expect_err("too wide");
    assert_eq!(error.cause, Cause::TooMany { what: "manifests in an index", limit: 128 });
}

/// Asks for `v1` while a question about a tag that never ends is under way.
async fn beside(asker: &Asker, tag: &str) -> Result<(), portcullis_registry::Error> {
    let (endless, beside) = tokio::join!(asker.resolve(tag), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let deadline = Instant::now() + Duration::from_millis(100);
        let access = portcullis_registry::Access { deadline, ..asker.access() };
        asker.client.resolve(&asker.repository, "v1", access).await
    });
    assert_eq!(endless.expect_err("endless").cause, Cause::Late);
    beside.map(drop)
}

#[tokio::test]
async fn waits_for_room_and_for_connections_and_no_longer_than_its_time() {
    let fake = FakeRegistry::start().await;
    fake.answer("/silent", Reply::Raw(vec![Piece::Stall]));
    let mut part = b"HTTP/1.1 200 OK\r\nContent-Length: 8000\r\n\r\n".to_vec();
    part.extend([b' '; 3_900]);
    fake.answer("/part", Reply::Raw(vec![Piece::Bytes(part), Piece::Stall]));
    fake.push(NAME, Some("v1"), &image(&[]));
    let narrow = Limits { bytes_under_way: 3 << 10, ..limits() };
    for (limits, tag, is_answered) in [
        // What nobody has sent takes no room from others (A42).
        (narrow.clone(), "silent", true),
        (narrow, "part", false),
        (Limits { connections: 1, ..limits() }, "silent", false),
    ] {
        let mut asker = bounded(&fake, limits);
        asker.patience = Duration::from_millis(400);
        match beside(&asker, tag).await {
            Ok(()) => assert!(is_answered, "{tag}"),
            Err(error) => assert!(!is_answered && error.cause.class() == Class::Late, "{tag}: {error}"),
        }
        assert!(asker.resolve("v1").await.expect("there is room again").is_some());
    }
}

#[tokio::test]
async fn many_questions_at_once_share_few_connections() {
    let fake = FakeRegistry::start().await;
    let subject = image(&[]);
    fake.push(NAME, Some("v1"), &subject);
    fake.push(NAME, None, &referrer(&subject.descriptor(), "a/b", b"x"));
    let asker = std::sync::Arc::new(bounded(&fake, Limits { connections: 4, ..limits() }));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..64 {
        let (asker, about) = (asker.clone(), subject.digest());
        tasks.spawn(async move { asker.referrers(&about).await.map(|found| found.len()) });
    }
    while let Some(found) = tasks.join_next().await {
        assert_eq!(found.expect("no panic").expect("an answer"), 1);
    }
}
