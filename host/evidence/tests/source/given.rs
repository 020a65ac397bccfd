//! What becomes of the SBOMs and reports that a caller gives: told for each of them, as far as anybody asked.

use std::sync::Arc;

use portcullis_evidence::{Evidence, Use};
use portcullis_model::{Source, sha256_hex};
use portcullis_support::FakeRegistry;
use serde_json::{Value, json};

use crate::documents::{one, query, sarif, sbom};
use crate::instance::p256;
use crate::world::{World, absent, app, failed, name, verified};

/// A source that was given these and may ask nobody.
fn given(sboms: &[(&str, &Value)], reports: &[(&str, &Value)]) -> World {
    let texts = |all: &[(&str, &Value)]| -> Vec<Arc<Source>> {
        all.iter().map(|(name, text)| Source::new(*name, text.to_string())).collect()
    };
    World::of(Evidence { sboms: texts(sboms), reports: texts(reports), ..Evidence::default() })
}

fn uses(world: &World) -> Vec<(String, Use)> {
    world.source.given().into_iter().map(|one| (one.file, one.used)).collect()
}

fn is(all: &[(&str, Use)]) -> Vec<(String, Use)> {
    all.iter().map(|(file, used)| ((*file).to_owned(), *used)).collect()
}

#[tokio::test]
async fn tells_of_each_document_the_most_that_became_of_it() {
    let (own, other) = (app("app").digest(), app("other").digest());
    let (right, wrong, none) = (sbom(&own, "one"), sbom(&other, "one"), json!({"a": 1}));
    let world = given(&[("own", &right), ("other", &wrong), ("none", &none)], &[("scan", &sarif(None))]);
    let unasked = |file| (file, Use::Unasked);
    assert_eq!(uses(&world), is(&["own", "other", "none", "scan"].map(unasked)));
    let image = |digest: &str| name("registry.example", digest);
    let ask = |digest: &str, more: Value| query("sbom", &image(digest), None, more);
    verified(&one(&world, ask(&own, json!({}))).await);
    let unsigned = |file| (file, Use::Unsigned);
    assert_eq!(uses(&world), is(&[unsigned("own"), unsigned("other"), unsigned("none"), unasked("scan")]));
    verified(&one(&world, ask(&own, json!({"local": "accept"}))).await);
    let (told, elsewhere) = (("own", Use::Told), ("other", Use::Elsewhere));
    assert_eq!(uses(&world), is(&[told, elsewhere, ("none", Use::Unreadable), unasked("scan")]));
    // Nothing that is asked later takes anything back.
    verified(&one(&world, ask(&other, json!({"local": "accept"}))).await);
    assert_eq!(uses(&world), is(&[told, ("other", Use::Told), ("none", Use::Unreadable), unasked("scan")]));
}

#[tokio::test]
async fn tells_that_results_were_only_compared_with_a_report() {
    let (report, image) = (sarif(None), name("registry.example", &app("app").digest()));
    let digest = sha256_hex(report.to_string().as_bytes());
    let ask =
        |digest: &str| query("sast", &image, None, json!({"local": "accept", "ask": {"baseline": {"digest": digest}}}));
    let world = given(&[], &[("before", &report)]);
    absent(&one(&world, ask(&digest)).await);
    assert_eq!(uses(&world), is(&[("before", Use::Compared)]));
    let world = given(&[], &[("before", &report)]);
    let error = failed(&one(&world, ask(&sha256_hex(b"another"))).await);
    assert!(error.contains(&format!("(`before` is {digest})")) && error.contains("by --sarif"), "{error}");
    assert_eq!(uses(&world), is(&[("before", Use::Told)]), "that nobody could look is told elsewhere");
}

#[tokio::test]
async fn says_what_would_have_been_enough_where_nobody_may_look() {
    let fake = FakeRegistry::start().await;
    let offline = World::of(Evidence { registry: None, ..World::evidence(&fake.host()) });
    let trust = offline.trust(&[("a", &p256())]);
    let image = name(&fake.host(), &app("app").digest());
    for (kind, more, flag) in [
        ("sbom", json!({"local": "accept"}), Some("--sbom FILE")),
        ("sast", json!({"local": "accept"}), Some("--sarif FILE")),
        ("sast", json!({}), None),
    ] {
        let error = failed(&one(&offline, query(kind, &image, Some(&trust), more)).await);
        assert!(error.contains("no registry may be asked") && error.contains("no bundle was given"), "{error}");
        assert_eq!(error.contains("FILE"), flag.is_some(), "{error}");
        assert!(flag.is_none_or(|flag| error.contains(flag)), "{error}");
    }
}
