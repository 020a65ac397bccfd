//! Against registries that nobody here wrote (A39): docker-registry without referrers, go-containerregistry with them.

use std::collections::BTreeMap;

use portcullis_registry::{Config, Content, Legacy, Listing};
use portcullis_support::{RealRegistry, Software, image, index, referrer};

use crate::world::{Asker, NAME, digest, limits, plain};

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

fn asker(registry: &RealRegistry) -> Asker {
    let hosts = BTreeMap::from([(registry.host(), plain())]);
    Asker::of(&registry.host(), Config { hosts, limits: limits(), ..Config::default() })
}

/// Everything that both can do.
async fn reads_what_was_pushed(software: Software) {
    let Some(registry) = RealRegistry::start(software) else { return };
    let asker = asker(&registry);
    assert_eq!(asker.resolve("v1").await.expect("no such repository"), None);
    assert!(asker.referrers(&image(&[]).digest()).await.expect("no such repository").is_empty());

    let (layer, sample) = (b"the layer", image(&[b"the layer"]));
    registry.push_blob(NAME, layer);
    registry.push(NAME, Some("v1"), &sample);
    let list = index(&[sample.descriptor()]);
    registry.push(NAME, Some("list"), &list);
    assert_eq!(asker.resolve("v1").await.expect("an answer"), Some(sample.digest()));
    assert_eq!(asker.resolve("v2").await.expect("no such tag"), None);
    assert_eq!(asker.manifest(&image(&[b"never"]).digest()).await.expect("no such manifest"), None);
    let about = digest(&list.digest());
    let root = asker.client.manifest(&asker.repository, &about, asker.access()).await.expect("an answer").value;
    let children = asker.client.children(&asker.repository, &root.expect("an index"), asker.access()).await;
    let children = children.expect("children").value;
    let Content::Image(found) = &children[0].manifest.content else { panic!("it is an image") };
    let blob = asker.client.blob(&asker.repository, &found.layers[0], asker.access()).await.expect("a blob");
    assert_eq!(blob.value.as_ref(), layer);
    let mut missing = found.layers[0].clone();
    missing.digest = digest(&image(&[b"never"]).digest());
    assert!(asker.client.blob(&asker.repository, &missing, asker.access()).await.is_err());

    let about = digest(&sample.digest());
    let signatures = image(&[b"the layer"]);
    registry.push(NAME, Some(&Legacy::Signatures.tag(&about)), &signatures);
    let found = asker.client.legacy(&asker.repository, &about, Legacy::Signatures, asker.access()).await;
    assert_eq!(found.expect("an answer").value.expect("a manifest").digest.to_string(), signatures.digest());
    let none = asker.client.legacy(&asker.repository, &about, Legacy::Attestations, asker.access()).await;
    assert_eq!(none.expect("an answer").value, None);
}

/// Pushes a referrer, and what a client must push besides where there is no Referrers API.
async fn lists_referrers(software: Software, expected: Listing) {
    let Some(registry) = RealRegistry::start(software) else { return };
    let asker = asker(&registry);
    let subject = image(&[]);
    registry.push(NAME, Some("v1"), &subject);
    let about = digest(&subject.digest());
    let ask = || asker.client.referrers(&asker.repository, &about, asker.access());
    assert!(ask().await.expect("an answer").value.descriptors.is_empty());
    registry.push_blob(NAME, b"a bundle");
    let bundle = referrer(&subject.descriptor(), BUNDLE, b"a bundle");
    registry.push(NAME, None, &bundle);
    if expected == Listing::Tag {
        registry.push(NAME, Some(&subject.digest().replace(':', "-")), &index(&[bundle.descriptor()]));
    }
    let listed = ask().await.expect("an answer").value;
    assert_eq!((listed.descriptors.len(), listed.source), (1, expected));
    let found = asker.client.referrer(&asker.repository, &about, &listed.descriptors[0], asker.access()).await;
    let found = found.expect("a manifest").value;
    assert_eq!((found.digest.to_string(), found.artifact_type()), (bundle.digest(), Some(BUNDLE)));
}

#[tokio::test]
async fn a39_docker_registry() {
    reads_what_was_pushed(Software::Docker).await;
    lists_referrers(Software::Docker, Listing::Tag).await;
}

#[tokio::test]
async fn a39_go_containerregistry() {
    reads_what_was_pushed(Software::Go).await;
    lists_referrers(Software::Go, Listing::Api).await;
}
