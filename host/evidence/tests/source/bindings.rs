//! What binds a report to a commit, and what hides in cosign's wrapper.

use portcullis_support::FakeRegistry;
use portcullis_support::made::{By, Content, Log, bundle};
use serde_json::{Value, json};

use crate::documents::{COMMIT, GENERIC, SARIF, attested, documents, one, query, sarif};
use crate::instance::p256;
use crate::world::{NAME, World, app, attach, name, verified};

#[tokio::test]
async fn takes_a_commit_only_from_a_subject_that_is_a_source() {
    let source = |name: &str, digests: Value| json!({"name": name, "digest": digests});
    let git = "git+https://github.com/org/app";
    for (subject, commit) in [
        (source(git, json!({"gitCommit": COMMIT})), json!(COMMIT)),
        (source(git, json!({"sha1": COMMIT})), json!(COMMIT)),
        (source("app.tar", json!({"sha1": COMMIT})), Value::Null),
        (source(git, json!({"sha256": "0a".repeat(32), "gitCommit": COMMIT})), Value::Null),
    ] {
        let fake = FakeRegistry::start().await;
        let (pair, image) = (p256(), app("app"));
        let digest = fake.push(NAME, None, &image);
        let own = json!({"name": "app", "digest": {"sha256": digest.trim_start_matches("sha256:"), "sha1": COMMIT}});
        let statement = json!({"_type": "https://in-toto.io/Statement/v1", "subject": [own, subject],
            "predicateType": SARIF, "predicate": sarif(None)});
        let content = Content::Envelope("application/vnd.in-toto+json".to_owned(), statement.to_string().into_bytes());
        attach(&fake, &image, bundle(&By::Key(&pair), &content, Log::None, false).to_string().as_bytes());
        let world = World::at(&fake);
        let trust = world.trust(&[("a", &pair)]);
        let fact = verified(&one(&world, query("sast", &name(&fake.host(), &digest), Some(&trust), json!({}))).await);
        assert_eq!(documents(&fact)[0]["binding"]["commit"], commit, "{subject}");
    }
}

#[tokio::test]
async fn tells_of_a_report_in_a_wrapper_that_cannot_be_read_n57() {
    let fake = FakeRegistry::start().await;
    let (pair, image) = (p256(), app("app"));
    let digest = fake.push(NAME, None, &image);
    let twice = sarif(None).to_string().replacen(r#""runs":"#, r#""runs":[],"runs":"#, 1);
    for data in [json!({"Data": "a note of somebody's"}), json!({"Data": twice})] {
        attach(&fake, &image, &attested(&digest, GENERIC, &data, &pair));
    }
    let world = World::at(&fake);
    let trust = world.trust(&[("a", &pair)]);
    let fact = verified(&one(&world, query("sast", &name(&fake.host(), &digest), Some(&trust), json!({}))).await);
    assert_eq!(documents(&fact).len(), 1, "{fact}");
    assert_eq!(documents(&fact)[0]["readable"], false, "{fact}");
}
