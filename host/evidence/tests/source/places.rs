//! Where signatures lie and what they are about: referrers, the fallback tag, the older tag; index and child; this repository and no other.

use std::time::Duration;

use portcullis_support::{FakeRegistry, descriptor, image, index, referrer};
use serde_json::json;

use crate::instance::p256;
use crate::made::{By, Log, bundle};
use crate::world::{
    BUNDLE, NAME, World, absent, app, attach, name, payload, rejected, sign_as_before, signature, signed, statement,
    verified,
};

const SIMPLE: &str = "cosign container image signature";

#[tokio::test]
async fn finds_signatures_in_every_place_a39() {
    let pair = p256();
    for (api, older, place) in [
        (true, false, "referrers".to_owned()),
        (false, false, format!("tag `{}`", app("app").digest().replace(':', "-"))),
        (true, true, format!("tag `{}.sig`", app("app").digest().replace(':', "-"))),
        (false, true, format!("tag `{}.sig`", app("app").digest().replace(':', "-"))),
    ] {
        let fake = FakeRegistry::start().await;
        fake.set_referrers_api(api);
        let subject = app("app");
        let digest = fake.push(NAME, None, &subject);
        if older {
            sign_as_before(&fake, &digest, &payload(&digest, SIMPLE), &pair);
        } else {
            let manifest = attach(&fake, &subject, &signature(&digest, &pair));
            if !api {
                fake.push(NAME, Some(&digest.replace(':', "-")), &index(&[manifest.descriptor()]));
            }
        }
        let world = World::at(&fake);
        let document = verified(&world.ask(&name(&fake.host(), &digest), &world.trust(&[("a", &pair)])).await);
        let format = if older { "simpleSigning" } else { "bundle" };
        let signatures = document["signatures"].as_array().expect("a list");
        assert_eq!(signatures.len(), 1);
        assert_eq!((&signatures[0]["found"], &signatures[0]["format"]), (&json!(place), &json!(format)));
        assert_eq!((&signatures[0]["key"], &document["refused"]), (&json!("a"), &json!([])));
    }
}

#[tokio::test]
async fn finds_what_an_index_lists_under_a_wrong_type_a39_n43() {
    // cosign 3.1 writes this type into the index below the fallback tag; who filters by it finds nothing.
    let fake = FakeRegistry::start().await;
    fake.set_referrers_api(false);
    let pair = p256();
    let subject = app("app");
    let digest = fake.push(NAME, None, &subject);
    let manifest = attach(&fake, &subject, &signature(&digest, &pair));
    let mut listed = manifest.descriptor();
    listed["artifactType"] = json!("application/vnd.oci.empty.v1+json");
    fake.push(NAME, Some(&digest.replace(':', "-")), &index(&[listed]));
    let world = World::at(&fake);
    verified(&world.ask(&name(&fake.host(), &digest), &world.trust(&[("a", &pair)])).await);
    // And the reverse: something else that is listed as a bundle is none.
    let other = fake.push(NAME, None, &app("other"));
    let note = referrer(&app("other").descriptor(), "text/plain", b"a note");
    fake.push(NAME, None, &note);
    let mut listed = note.descriptor();
    listed["artifactType"] = json!(BUNDLE);
    fake.push(NAME, Some(&other.replace(':', "-")), &index(&[listed]));
    absent(&world.ask(&name(&fake.host(), &other), &world.trust(&[("a", &pair)])).await);
}

#[tokio::test]
async fn what_is_named_must_be_signed_be_it_index_or_child_a38_n49() {
    let pair = p256();
    for index_is_signed in [true, false] {
        let fake = FakeRegistry::start().await;
        let child = app("amd64");
        fake.push(NAME, None, &child);
        let list = index(&[child.descriptor()]);
        fake.push(NAME, Some("v1"), &list);
        let (with, without) = if index_is_signed { (&list, &child) } else { (&child, &list) };
        attach(&fake, with, &signature(&with.digest(), &pair));
        let world = World::at(&fake);
        let trust = world.trust(&[("a", &pair)]);
        verified(&world.ask(&name(&fake.host(), &with.digest()), &trust).await);
        absent(&world.ask(&name(&fake.host(), &without.digest()), &trust).await);
        let by_tag = world.ask(&name(&fake.host(), "v1"), &trust).await;
        if index_is_signed { drop(verified(&by_tag)) } else { absent(&by_tag) }
    }
}

#[tokio::test]
async fn a_signature_in_another_repository_is_none_here_n50_a34() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let subject = app("app");
    let digest = signed(&fake, &subject, &pair);
    fake.push("team/other", None, &subject);
    let world = World::at(&fake);
    let trust = world.trust(&[("a", &pair)]);
    verified(&world.ask(&name(&fake.host(), &digest), &trust).await);
    // Also where the first repository is warm in the cache.
    absent(&world.ask(&format!("{}/team/other@{digest}", fake.host()), &trust).await);
}

#[tokio::test]
async fn an_older_signature_says_itself_what_it_is_about_n51() {
    let pair = p256();
    let other = app("other").digest();
    let digest = app("app").digest();
    for (payload, words) in [
        (payload(&other, SIMPLE), "it was made for something else"),
        (payload(&digest, "atomic container signature"), "its payload is not"),
        (payload(&digest.to_uppercase(), SIMPLE), "it was made for something else"),
    ] {
        let fake = FakeRegistry::start().await;
        fake.push(NAME, None, &app("app"));
        sign_as_before(&fake, &digest, &payload, &pair);
        let world = World::at(&fake);
        let reason = rejected(&world.ask(&name(&fake.host(), &digest), &world.trust(&[("a", &pair)])).await);
        assert!(reason.starts_with("tag `sha256-") && reason.contains(words), "{reason}");
    }
    // Without its annotation it is none.
    let fake = FakeRegistry::start().await;
    let digest = fake.push(NAME, None, &app("app"));
    let bare = payload(&digest, SIMPLE);
    fake.push_blob(NAME, &bare);
    let mut manifest: serde_json::Value = serde_json::from_slice(&image(&[]).bytes).expect("JSON");
    manifest["layers"] = json!([descriptor("application/vnd.dev.cosign.simplesigning.v1+json", &bare)]);
    let sample = portcullis_support::Sample { bytes: manifest.to_string().into_bytes(), ..image(&[]) };
    fake.push(NAME, Some(&format!("{}.sig", digest.replace(':', "-"))), &sample);
    let world = World::at(&fake);
    let reason = rejected(&world.ask(&name(&fake.host(), &digest), &world.trust(&[("a", &pair)])).await);
    assert!(reason.contains("its annotation with the signature is missing"), "{reason}");
}

#[tokio::test]
async fn a_good_signature_stands_beside_bad_ones_which_are_told_of_n52() {
    let fake = FakeRegistry::start().await;
    let (pair, stranger) = (p256(), p256());
    let subject = app("app");
    let digest = fake.push(NAME, None, &subject);
    sign_as_before(&fake, &digest, &payload(&digest, SIMPLE), &pair);
    attach(&fake, &subject, &signature(&digest, &stranger));
    attach(&fake, &subject, &signature(&app("other").digest(), &pair));
    attach(&fake, &subject, b"{}");
    let world = World::at(&fake);
    let image = name(&fake.host(), &digest);
    let document = verified(&world.ask(&image, &world.trust(&[("a", &pair)])).await);
    assert_eq!(document["signatures"].as_array().map(Vec::len), Some(1));
    let refused = document["refused"].to_string();
    for words in ["no key of the trust made it", "it was made for something else", "its version is unknown here"] {
        assert!(refused.contains(words), "{words}: {refused}");
    }
    assert_eq!(document["refused"].as_array().map(Vec::len), Some(3));
    // Where nothing is good, all of it is the reason.
    let reason = rejected(&world.ask(&image, &world.trust(&[("b", &p256())])).await);
    assert_eq!(reason.matches("referrers: ").count() + reason.matches("tag `").count(), 4, "{reason}");
}

#[tokio::test]
async fn an_attestation_says_what_it_is_and_that_is_no_signature_n53_n54() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let subject = app("app");
    let digest = fake.push(NAME, None, &subject);
    let sbom = bundle(&By::Key(&pair), &statement(&digest, "https://cyclonedx.org/bom"), Log::None, false);
    attach(&fake, &subject, sbom.to_string().as_bytes());
    let world = World::at(&fake);
    let image = name(&fake.host(), &digest);
    let document = verified(&world.ask(&image, &world.trust(&[("a", &pair)])).await);
    let types = |document: &serde_json::Value| {
        let signatures = document["signatures"].as_array().expect("a list");
        signatures.iter().map(|one| one["predicateType"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(types(&document), ["https://cyclonedx.org/bom"], "the plugin asks for another one");
    attach(&fake, &subject, &signature(&digest, &pair));
    world.clock.pass(Duration::from_secs(3_600));
    let mut types = types(&verified(&world.ask(&image, &world.trust(&[("a", &pair)])).await));
    types.sort();
    assert_eq!(types, ["https://cyclonedx.org/bom", "https://sigstore.dev/cosign/sign/v1"]);
}

#[tokio::test]
async fn an_attestation_of_a_child_is_none_of_the_index_n56() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let child = app("amd64");
    fake.push(NAME, None, &child);
    let list = index(&[child.descriptor()]);
    let digest = fake.push(NAME, None, &list);
    attach(&fake, &list, &signature(&child.digest(), &pair));
    let world = World::at(&fake);
    let reason = rejected(&world.ask(&name(&fake.host(), &digest), &world.trust(&[("a", &pair)])).await);
    assert!(reason.contains("it was made for something else"), "{reason}");
}
