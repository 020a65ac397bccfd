//! Exactly the bytes of a digest, or an error (N41, N42, N43, N44, N48, N49, A31, A38).

use portcullis_registry::{Cause, Content, Legacy};
use portcullis_support::{FakeRegistry, Reply, descriptor, image, index, referrer};
use serde_json::Value;

use crate::world::{Asker, NAME, digest, sent};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";

#[tokio::test]
async fn gets_a_manifest_by_its_tag_and_its_digest() {
    let fake = FakeRegistry::start().await;
    let sample = image(&[b"layer"]);
    let pushed = fake.push(NAME, Some("v1"), &sample);
    let asker = Asker::at(&fake);
    assert_eq!(asker.resolve("v1").await.expect("an answer"), Some(pushed.clone()));
    assert_eq!(asker.manifest(&pushed).await.expect("an answer"), Some(sample.bytes.len()));
    assert_eq!(asker.resolve("v2").await.expect("an answer"), None);
    assert_eq!(fake.connections(), 1, "one connection serves all");
}

#[tokio::test]
async fn a31_a_tag_is_resolved_by_one_request() {
    let fake = FakeRegistry::start().await;
    let pushed = fake.push(NAME, Some("v1"), &image(&[b"one"]));
    let asker = Asker::at(&fake);
    let answer = asker.client.resolve(&asker.repository, "v1", asker.access()).await.expect("an answer");
    assert_eq!(answer.value.as_ref().expect("a manifest").digest.to_string(), pushed);
    assert_eq!(sent(&answer), ["team/app/manifests/v1 -> 200"]);
    assert_eq!(fake.lines(), ["GET /v2/team/app/manifests/v1"], "no HEAD, and nothing asked twice");
}

#[tokio::test]
async fn n41_refuses_bytes_of_another_digest_whatever_the_header_says() {
    let fake = FakeRegistry::start().await;
    let pushed = fake.push(NAME, None, &image(&[b"one"]));
    let other = image(&[b"other"]);
    let lie = Reply::new(200, OCI, &other.bytes).with("Docker-Content-Digest", &pushed);
    fake.answer("/manifests/", lie);
    let asker = Asker::at(&fake);
    let error = asker.manifest(&pushed).await.expect_err("other bytes");
    assert_eq!(error.cause, Cause::Digest { expected: pushed.clone(), found: other.digest() });
    let error = asker.resolve("v1").await.expect_err("other clients believe the header");
    assert_eq!(error.cause, Cause::Digest { expected: pushed, found: other.digest() });
}

#[tokio::test]
async fn n41_believes_no_header_about_bytes_that_are_right() {
    let fake = FakeRegistry::start().await;
    let sample = image(&[b"one"]);
    let lie = Reply::new(200, OCI, &sample.bytes).with("Docker-Content-Digest", "sha256:00");
    fake.answer("/manifests/", lie);
    assert!(Asker::at(&fake).manifest(&sample.digest()).await.expect("an answer").is_some());
}

#[tokio::test]
async fn n42_always_asks_for_the_same_types() {
    let fake = FakeRegistry::start().await;
    let child = image(&[b"one"]);
    let list = index(&[child.descriptor()]);
    fake.push(NAME, None, &child);
    let pushed = fake.push(NAME, Some("v1"), &list);
    let asker = Asker::at(&fake);
    asker.resolve("v1").await.expect("an answer");
    asker.manifest(&pushed).await.expect("an answer");
    asker.manifest(&child.digest()).await.expect("an answer");
    let accepted: Vec<Option<String>> = fake.log().iter().map(|one| one.header("accept").map(str::to_owned)).collect();
    assert!(accepted.len() == 3 && accepted.iter().all(|one| *one == accepted[0]), "{accepted:?}");
}

#[tokio::test]
async fn n42_refuses_an_index_that_is_called_an_image() {
    let fake = FakeRegistry::start().await;
    let list = index(&[]);
    fake.answer("/manifests/", Reply::new(200, OCI, &list.bytes));
    let error = Asker::at(&fake).manifest(&list.digest()).await.expect_err("two kinds at once");
    assert!(matches!(error.cause, Cause::Unreadable { .. }), "{error}");
}

#[tokio::test]
async fn n43_refuses_a_referrer_of_something_else() {
    let fake = FakeRegistry::start().await;
    let (one, other) = (image(&[b"one"]), image(&[b"other"]));
    let about_other = referrer(&other.descriptor(), "a/b", b"x");
    let about_nothing = image(&[b"nothing"]);
    for sample in [&one, &other, &about_other, &about_nothing] {
        fake.push(NAME, None, sample);
    }
    let list = index(&[about_other.descriptor(), about_nothing.descriptor()]);
    fake.answer("/referrers/", Reply::new(200, &list.media_type, &list.bytes));
    let asker = Asker::at(&fake);
    let subject = digest(&one.digest());
    let listed = asker.client.referrers(&asker.repository, &subject, asker.access()).await.expect("a list").value;
    for (descriptor, found) in listed.descriptors.iter().zip([Some(other.digest()), None]) {
        let error = asker.client.referrer(&asker.repository, &subject, descriptor, asker.access()).await;
        match error.expect_err("it is about something else").cause {
            Cause::Subject { found: said, .. } => assert_eq!(said, found),
            cause => panic!("{cause}"),
        }
    }
}

#[tokio::test]
async fn n43_tells_the_artifact_type_by_the_manifest_and_not_by_the_list() {
    let fake = FakeRegistry::start().await;
    let subject = image(&[b"one"]);
    let sample = referrer(&subject.descriptor(), "application/vnd.dev.sigstore.bundle.v0.3+json", b"x");
    fake.push(NAME, None, &sample);
    let mut described = sample.descriptor();
    described["artifactType"] = Value::from("application/vnd.oci.empty.v1+json");
    let list = index(&[described]);
    fake.answer("/referrers/", Reply::new(200, &list.media_type, &list.bytes));
    let asker = Asker::at(&fake);
    let about = digest(&subject.digest());
    let listed = asker.client.referrers(&asker.repository, &about, asker.access()).await.expect("a list").value;
    assert_eq!(listed.descriptors[0].artifact_type.as_deref(), Some("application/vnd.oci.empty.v1+json"));
    let read = asker.client.referrer(&asker.repository, &about, &listed.descriptors[0], asker.access()).await;
    let read = read.expect("a manifest").value;
    assert_eq!(read.artifact_type(), Some("application/vnd.dev.sigstore.bundle.v0.3+json"));
}

#[tokio::test]
async fn n44_refuses_a_blob_of_another_size_or_digest() {
    let fake = FakeRegistry::start().await;
    let sample = image(&[b"the layer"]);
    fake.push(NAME, None, &sample);
    fake.push_blob(NAME, b"the layer");
    let asker = Asker::at(&fake);
    let read = asker.client.manifest(&asker.repository, &digest(&sample.digest()), asker.access()).await;
    let Content::Image(image) = read.expect("an answer").value.expect("a manifest").content else {
        panic!("it is an image")
    };
    let layer = image.layers[0].clone();
    let get = |descriptor: portcullis_registry::Descriptor| {
        let asker = &asker;
        async move { asker.client.blob(&asker.repository, &descriptor, asker.access()).await.map(|answer| answer.value) }
    };
    assert_eq!(get(layer.clone()).await.expect("a blob").as_ref(), b"the layer");
    for size in [0, 8, 10, 1_000] {
        let error = get(portcullis_registry::Descriptor { size, ..layer.clone() }).await.expect_err("another size");
        assert!(matches!(error.cause, Cause::Size { .. }), "{size}: {error}");
    }
    fake.answer("/blobs/", Reply::new(200, "text/plain", b"the Layer"));
    let error = get(layer.clone()).await.expect_err("another text");
    assert!(matches!(error.cause, Cause::Digest { .. }), "{error}");
}

#[tokio::test]
async fn n48_a_tag_that_moves_changes_nothing_about_a_digest() {
    let fake = FakeRegistry::start().await;
    let (old, new) = (image(&[b"old"]), image(&[b"new"]));
    fake.push(NAME, Some("v1"), &old);
    let asker = Asker::at(&fake);
    let resolved = asker.resolve("v1").await.expect("an answer").expect("a digest");
    fake.push(NAME, Some("v1"), &new);
    assert_eq!(asker.manifest(&resolved).await.expect("an answer"), Some(old.bytes.len()));
}

#[tokio::test]
async fn n49_a38_walks_an_index_and_ends() {
    let fake = FakeRegistry::start().await;
    let (amd64, arm64) = (image(&[b"amd64"]), image(&[b"arm64"]));
    let inner = index(&[arm64.descriptor(), amd64.descriptor()]);
    let outer = index(&[amd64.descriptor(), inner.descriptor()]);
    for sample in [&amd64, &arm64, &inner, &outer] {
        fake.push(NAME, None, sample);
    }
    let asker = Asker::at(&fake);
    let root = asker.client.manifest(&asker.repository, &digest(&outer.digest()), asker.access()).await;
    let root = root.expect("an answer").value.expect("an index");
    let children = asker.client.children(&asker.repository, &root, asker.access()).await.expect("children").value;
    let digests: Vec<String> = children.iter().map(|child| child.manifest.digest.to_string()).collect();
    assert_eq!(digests, [amd64.digest(), inner.digest(), arm64.digest()], "each once");
    let Content::Index(root) = root.content else { panic!("it is an index") };
    assert!(root.lists(&digest(&amd64.digest())) && !root.lists(&digest(&arm64.digest())), "not a child of its own");
}

#[tokio::test]
async fn n49_refuses_a_child_that_is_missing_or_described_wrongly() {
    let fake = FakeRegistry::start().await;
    let child = image(&[b"child"]);
    let mut longer = child.descriptor();
    longer["size"] = Value::from(child.bytes.len() + 1);
    let mut other = child.descriptor();
    other["mediaType"] = Value::from("application/vnd.oci.image.index.v1+json");
    let missing = descriptor(OCI, b"never pushed");
    fake.push(NAME, None, &child);
    let asker = Asker::at(&fake);
    let mut causes = Vec::new();
    for wrong in [longer, other, missing] {
        let pushed = fake.push(NAME, None, &index(&[wrong]));
        let root = asker.client.manifest(&asker.repository, &digest(&pushed), asker.access()).await;
        let root = root.expect("an answer").value.expect("an index");
        causes.push(asker.client.children(&asker.repository, &root, asker.access()).await.expect_err("wrong").cause);
    }
    assert!(matches!(causes[0], Cause::Size { .. }) && matches!(causes[1], Cause::Unreadable { .. }), "{causes:?}");
    assert!(matches!(causes[2], Cause::Missing { .. }), "{causes:?}");
}

#[tokio::test]
async fn n51_a39_finds_what_cosign_kept_under_tags() {
    let fake = FakeRegistry::start().await;
    let subject = image(&[b"one"]);
    let about = digest(&subject.digest());
    let tag = Legacy::Signatures.tag(&about);
    assert_eq!(tag, format!("sha256-{}.sig", about.hex()));
    let signatures = image(&[b"payload"]);
    fake.push(NAME, Some(&tag), &signatures);
    let asker = Asker::at(&fake);
    let ask = |kind| asker.client.legacy(&asker.repository, &about, kind, asker.access());
    let found = ask(Legacy::Signatures).await.expect("an answer").value.expect("signatures");
    assert_eq!(found.digest.to_string(), signatures.digest());
    assert_eq!(ask(Legacy::Attestations).await.expect("an answer").value, None);
}
