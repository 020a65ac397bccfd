//! In front of registries that nobody here wrote (A39): docker-registry with the fallback tag, go-containerregistry with referrers.

use portcullis_support::{RealRegistry, Software, index, referrer};
use serde_json::json;

use crate::instance::p256;
use crate::world::{BUNDLE, NAME, World, absent, app, name, older, payload, rejected, signature, verified};

async fn judges(software: Software) {
    let Some(registry) = RealRegistry::start(software) else { return };
    let (pair, stranger) = (p256(), p256());
    let world = World::of(World::evidence(&registry.host()));
    let trust = world.trust(&[("a", &pair)]);
    let push = |text: &str| {
        registry.push_blob(NAME, text.as_bytes());
        let sample = app(text);
        (registry.push(NAME, Some(text), &sample), sample)
    };
    let attach = |subject: &portcullis_support::Sample, bundle: &[u8]| {
        registry.push_blob(NAME, bundle);
        let manifest = referrer(&subject.descriptor(), BUNDLE, bundle);
        registry.push(NAME, None, &manifest);
        if software == Software::Docker {
            let tag = subject.digest().replace(':', "-");
            registry.push(NAME, Some(&tag), &index(&[manifest.descriptor()]));
        }
    };
    let (bare, _) = push("bare");
    absent(&world.ask(&name(&registry.host(), &bare), &trust).await);
    let (digest, subject) = push("bundle");
    attach(&subject, &signature(&digest, &pair));
    for reference in [digest.as_str(), "bundle"] {
        let document = verified(&world.ask(&name(&registry.host(), reference), &trust).await);
        assert_eq!(document["digest"], json!(digest));
    }
    let (digest, _) = push("older");
    let text = payload(&digest, "cosign container image signature");
    registry.push_blob(NAME, &text);
    registry.push(NAME, Some(&format!("{}.sig", digest.replace(':', "-"))), &older(&text, &pair));
    verified(&world.ask(&name(&registry.host(), &digest), &trust).await);
    let (digest, subject) = push("stranger");
    attach(&subject, &signature(&digest, &stranger));
    let reason = rejected(&world.ask(&name(&registry.host(), &digest), &trust).await);
    assert!(reason.contains("no key of the trust made it"), "{reason}");
}

#[tokio::test]
async fn docker_registry_a39() {
    judges(Software::Docker).await;
}

#[tokio::test]
async fn go_containerregistry_a39() {
    judges(Software::Go).await;
}
