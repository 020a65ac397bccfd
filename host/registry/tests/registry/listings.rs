//! Referrers API, its pages, and the fallback tag (A39).

use portcullis_registry::{Class, Listing};
use portcullis_support::{FakeRegistry, Reply, image, index, referrer};
use serde_json::Value;

use crate::world::{Asker, NAME, digest};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A registry with so many referrers of one image; the digest of that image.
async fn with_referrers(count: u32) -> (FakeRegistry, String) {
    let fake = FakeRegistry::start().await;
    let subject = image(&[b"subject"]);
    fake.push(NAME, None, &subject);
    for one in 0..count {
        fake.push(NAME, None, &referrer(&subject.descriptor(), BUNDLE, &one.to_be_bytes()));
    }
    (fake, subject.digest())
}

#[tokio::test]
async fn a39_reads_every_page_of_the_referrers_api() {
    let (fake, subject) = with_referrers(23).await;
    let asker = Asker::at(&fake);
    let whole = asker.referrers(&subject).await.expect("a list");
    fake.set_page(5);
    let mut paged = asker.referrers(&subject).await.expect("a list");
    assert_eq!((whole.len(), &paged), (23, &whole));
    assert_eq!(fake.log().len(), 1 + 5);
    paged.dedup();
    assert_eq!(paged.len(), 23);
}

#[tokio::test]
async fn a39_a_page_that_fails_fails_the_list() {
    let (fake, subject) = with_referrers(9).await;
    fake.set_page(4);
    let second =
        |reply: Reply| move |asked: &portcullis_support::Asked| (asked.query == "from=4").then(|| reply.clone());
    fake.rule(second(Reply::error(404, "MANIFEST_UNKNOWN")));
    assert!(Asker::at(&fake).referrers(&subject).await.is_err(), "a part of the list is no list");
    let (fake, subject) = with_referrers(9).await;
    fake.set_page(4);
    fake.rule(second(Reply::error(429, "TOOMANYREQUESTS")));
    let error = Asker::at(&fake).referrers(&subject).await.expect_err("throttled");
    assert_eq!(error.cause.class(), Class::Throttled);
}

#[tokio::test]
async fn a39_takes_the_fallback_tag_where_there_is_no_referrers_api() {
    for status in [400, 404, 405, 406, 501] {
        let (fake, subject) = with_referrers(2).await;
        let asker = Asker::at(&fake);
        let expected = asker.referrers(&subject).await.expect("a list");
        fake.answer("/referrers/", Reply::new(status, "text/plain", "404 page not found\n"));
        let about = digest(&subject);
        let ask = || asker.client.referrers(&asker.repository, &about, asker.access());
        let none = ask().await.expect("an answer").value;
        assert_eq!((none.descriptors.len(), none.source), (0, Listing::Nobody), "{status}");
        // As cosign 3.1 writes it: every type is a wrong one.
        let described: Vec<Value> = expected
            .iter()
            .map(|one| {
                serde_json::json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": one, "size": 1,
                    "artifactType": "application/vnd.oci.empty.v1+json"})
            })
            .collect();
        fake.push(NAME, Some(&subject.replace(':', "-")), &index(&described));
        let found = ask().await.expect("an answer").value;
        let digests: Vec<String> = found.descriptors.iter().map(|one| one.digest.to_string()).collect();
        assert_eq!((digests, found.source), (expected, Listing::Tag), "{status}");
    }
}

#[tokio::test]
async fn a39_a_web_page_in_place_of_the_api_is_no_list() {
    let (fake, subject) = with_referrers(1).await;
    fake.answer_first("/referrers/", vec![Reply::redirect("/login")]);
    fake.answer("/login", Reply::new(200, "text/html; charset=utf-8", "<html>Sign in</html>"));
    let asker = Asker::at(&fake);
    let about = digest(&subject);
    let answer = asker.client.referrers(&asker.repository, &about, asker.access()).await.expect("an answer");
    assert_eq!(answer.value.source, Listing::Nobody);
    assert!(fake.lines().contains(&format!("GET /v2/{NAME}/manifests/{}", subject.replace(':', "-"))));
    // A page instead of everything says nothing at all.
    let fake = FakeRegistry::start().await;
    fake.answer("/", Reply::new(200, "text/html", "<html>Sign in</html>"));
    assert_eq!(Asker::at(&fake).referrers(&subject).await.expect_err("a page").cause.class(), Class::Lying);
}

#[tokio::test]
async fn a39_a_fallback_tag_that_is_no_index_is_an_error() {
    let (fake, subject) = with_referrers(1).await;
    fake.set_referrers_api(false);
    fake.push(NAME, Some(&subject.replace(':', "-")), &image(&[]));
    assert_eq!(Asker::at(&fake).referrers(&subject).await.expect_err("an image").cause.class(), Class::Lying);
}
