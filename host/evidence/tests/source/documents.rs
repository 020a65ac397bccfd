//! SBOMs and SARIF reports: all that is attested is read, whoever attached it, and nothing counts that is about something else.

use std::sync::Arc;

use portcullis_evidence::{Evidence, Trust};
use portcullis_model::{Fact, FactError, FactSource, NodeId, Query, Resolved, Source};
use portcullis_support::{FakeRegistry, descriptor, image, index};
use rcgen::KeyPair;
use serde_json::{Value, json};

use crate::instance::p256;
use crate::made::{By, Content, Log, bundle};
use crate::world::{
    NAME, World, absent, app, asked, attach, failed, name, rejected, sign_as_before, signature, verified,
};

const CYCLONEDX: &str = "https://cyclonedx.org/bom";
const SPDX: &str = "https://spdx.dev/Document";
pub const SARIF: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0";
pub const GENERIC: &str = "https://cosign.sigstore.dev/attestation/v1";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// An SBOM of an image, by its digest, with one component.
pub fn sbom(digest: &str, component: &str) -> Value {
    json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "metadata": {"component": {"type": "container", "name": "app", "version": digest}},
        "components": [{"type": "library", "name": component, "version": "1"}],
    })
}

fn spdx() -> Value {
    json!({
        "spdxVersion": "SPDX-2.3", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "name": "app",
        "documentNamespace": "https://example.com/app",
        "creationInfo": {"created": "2026-11-01T00:00:00Z", "creators": ["Tool: made-up-1"]},
        "documentDescribes": ["SPDXRef-0"],
        "packages": [{"name": "app", "SPDXID": "SPDXRef-0", "downloadLocation": "NOASSERTION"},
            {"name": "left-pad", "SPDXID": "SPDXRef-1", "downloadLocation": "NOASSERTION"}],
    })
}

pub fn sarif(commit: Option<&str>) -> Value {
    let mut run = json!({
        "tool": {"driver": {"name": "linter", "rules": [{"id": "r1"}]}},
        "results": [{"ruleId": "r1", "level": "error", "message": {"text": "bad"}}],
    });
    if let Some(commit) = commit {
        let at = json!([{"repositoryUri": "https://github.com/org/app", "revisionId": commit}]);
        run["versionControlProvenance"] = at;
    }
    json!({"version": "2.1.0", "runs": [run]})
}

fn about(digest: &str, version: &str, predicate_type: &str, predicate: &Value) -> Content {
    let hex = digest.strip_prefix("sha256:").expect("SHA-256");
    let text = json!({
        "_type": format!("https://in-toto.io/Statement/{version}"),
        "subject": [{"name": "app", "digest": {"sha256": hex}}],
        "predicateType": predicate_type,
        "predicate": predicate,
    });
    Content::Envelope("application/vnd.in-toto+json".to_owned(), text.to_string().into_bytes())
}

/// An attestation in a bundle.
pub fn attested(digest: &str, predicate_type: &str, predicate: &Value, pair: &KeyPair) -> Vec<u8> {
    let content = about(digest, "v1", predicate_type, predicate);
    bundle(&By::Key(pair), &content, Log::None, false).to_string().into_bytes()
}

/// Attestations as cosign made them before bundles: one layer each, below one tag.
fn attest_as_before(fake: &FakeRegistry, digest: &str, all: &[(&str, &Value)], pair: &KeyPair) {
    let envelope = |(kind, predicate): &(&str, &Value)| {
        let content = about(digest, "v0.1", kind, predicate);
        let made = bundle(&By::Key(pair), &content, Log::None, false);
        let envelope = made["dsseEnvelope"].to_string().into_bytes();
        fake.push_blob(NAME, &envelope);
        let mut layer = descriptor("application/vnd.dsse.envelope.v1+json", &envelope);
        layer["annotations"] = json!({"dev.cosignproject.cosign/signature": "", "predicateType": kind});
        layer
    };
    let mut sample = image(&[]);
    let mut manifest: Value = serde_json::from_slice(&sample.bytes).expect("JSON");
    manifest["layers"] = all.iter().map(envelope).collect();
    sample.bytes = manifest.to_string().into_bytes();
    fake.push(NAME, Some(&format!("{}.att", digest.replace(':', "-"))), &sample);
}

pub fn query(kind: &str, image: &str, trust: Option<&Trust>, more: Value) -> Query {
    let mut arguments = json!({"image": image});
    if let Some(trust) = trust {
        arguments["trust"] = trust.name().into();
    }
    let more = more.as_object().expect("members").clone();
    arguments.as_object_mut().expect("members").extend(more);
    let digest = trust.map(|trust| trust.digest().to_owned()).unwrap_or_default();
    Query { trust: digest, ..Query::new(kind, arguments.to_string()) }
}

async fn ask(world: &World, queries: &[Query]) -> Vec<Result<Fact, FactError>> {
    world.source.look_up(queries, &Resolved::default()).await
}

pub async fn one(world: &World, query: Query) -> Result<Fact, FactError> {
    ask(world, &[query]).await.remove(0)
}

pub fn documents(document: &Value) -> &Vec<Value> {
    document["documents"].as_array().expect("documents")
}

#[tokio::test]
async fn reads_every_attestation_in_both_layouts_and_says_whose_each_is() {
    let fake = FakeRegistry::start().await;
    let (ours, theirs, stranger) = (p256(), p256(), p256());
    let subject = app("app");
    let digest = fake.push(NAME, None, &subject);
    attach(&fake, &subject, &attested(&digest, CYCLONEDX, &sbom(&digest, "one"), &ours));
    attach(&fake, &subject, &attested(&digest, CYCLONEDX, &sbom(&digest, "two"), &theirs));
    attach(&fake, &subject, &attested(&digest, SPDX, &spdx(), &ours));
    attach(&fake, &subject, &attested(&digest, SPDX, &json!(spdx().to_string()), &theirs));
    attach(&fake, &subject, &attested(&digest, CYCLONEDX, &sbom(&digest, "three"), &stranger));
    attach(&fake, &subject, &signature(&digest, &stranger));
    attest_as_before(&fake, &digest, &[(CYCLONEDX, &sbom(&digest, "four")), (SARIF, &sarif(None))], &ours);
    let world = World::at(&fake);
    let trust = world.trust(&[("ours", &ours), ("theirs", &theirs)]);
    let fact = verified(&one(&world, query("sbom", &name(&fake.host(), &digest), Some(&trust), json!({}))).await);
    let mut told: Vec<String> = documents(&fact)
        .iter()
        .map(|one| {
            assert_eq!((&one["authenticity"], &one["valid"]), (&json!("attested"), &json!(true)), "{one}");
            assert_eq!((&one["readable"], &one["fault"]), (&json!(true), &Value::Null), "{one}");
            assert_eq!((&one["subject"], &one["components"]), (&json!(digest), &json!(1)), "{one}");
            format!("{} {} {} {}", one["key"], one["format"], one["version"], one["found"])
        })
        .collect();
    told.sort();
    let att = format!("\"tag `{}.att`\"", digest.replace(':', "-"));
    let expected = [
        "\"ours\" \"CycloneDX\" \"1.6\" \"referrers\"".to_owned(),
        format!("\"ours\" \"CycloneDX\" \"1.6\" {att}"),
        "\"ours\" \"SPDX\" \"2.3\" \"referrers\"".to_owned(),
        "\"theirs\" \"CycloneDX\" \"1.6\" \"referrers\"".to_owned(),
        "\"theirs\" \"SPDX\" \"2.3\" \"referrers\"".to_owned(),
    ];
    assert_eq!(told, expected);
    let refused = fact["refused"].as_array().expect("a list");
    assert_eq!(refused.len(), 1, "that of the stranger; a signature is no SBOM, whoever made it: {refused:?}");
    assert!(refused[0]["reason"].as_str().is_some_and(|why| why.contains("no key of the trust made it")));
}

#[tokio::test]
async fn asks_a_registry_once_for_all_that_is_asked_of_an_image() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let subject = app("app");
    let digest = fake.push(NAME, None, &subject);
    attach(&fake, &subject, &signature(&digest, &pair));
    let attestation = attach(&fake, &subject, &attested(&digest, CYCLONEDX, &sbom(&digest, "one"), &pair));
    attach(&fake, &subject, &attested(&digest, SARIF, &sarif(None), &pair));
    let world = World::at(&fake);
    let (trust, other) = (world.trust(&[("a", &pair)]), world.trust(&[("a", &pair), ("b", &p256())]));
    let image = name(&fake.host(), &digest);
    let asked_for = [
        query("signature", &image, Some(&trust), json!({})),
        query("sbom", &image, Some(&trust), json!({"scope": "either"})),
        query("sast", &image, Some(&trust), json!({"scope": "index"})),
        query("sbom", &image, Some(&other), json!({"ask": {"types": ["library"]}})),
    ];
    for answer in ask(&world, &asked_for).await {
        verified(&answer);
    }
    assert_eq!(asked(&fake, &format!("/referrers/{digest}")), 1);
    assert_eq!(asked(&fake, &attestation.digest()), 1);
    assert_eq!(asked(&fake, &format!("/manifests/{digest}")), 1, "whether it is an index");
    let before = fake.log().len();
    ask(&world, &asked_for).await.iter().for_each(|answer| drop(verified(answer)));
    assert_eq!(fake.log().len(), before, "all of it is remembered");
    let asks_more = query("sbom", &image, Some(&trust), json!({"ask": {"licenses": ["MIT"]}}));
    verified(&one(&world, asks_more).await);
    assert!(fake.log().len() > before, "another question is another look-up");
}

#[tokio::test]
async fn tells_nothing_there_from_nothing_that_counts() {
    let fake = FakeRegistry::start().await;
    let (pair, stranger) = (p256(), p256());
    let signed = app("signed");
    let digest = fake.push(NAME, None, &signed);
    attach(&fake, &signed, &signature(&digest, &pair));
    attach(&fake, &signed, &attested(&digest, "https://example.com/other", &json!({}), &stranger));
    let world = World::at(&fake);
    let trust = world.trust(&[("a", &pair)]);
    let image = name(&fake.host(), &digest);
    absent(&one(&world, query("sbom", &image, Some(&trust), json!({}))).await);
    absent(&one(&world, query("sast", &image, Some(&trust), json!({}))).await);

    // N54: the right type by somebody else.
    let other = app("other");
    let digest = fake.push(NAME, None, &other);
    attach(&fake, &other, &attested(&digest, CYCLONEDX, &sbom(&digest, "one"), &stranger));
    let image = name(&fake.host(), &digest);
    let why = rejected(&one(&world, query("sbom", &image, Some(&trust), json!({}))).await);
    assert!(why.contains("no key of the trust made it"), "{why}");
    absent(&one(&world, query("sast", &image, Some(&trust), json!({}))).await);

    // What cannot even be opened may be anything.
    let broken = app("broken");
    let digest = fake.push(NAME, None, &broken);
    attach(&fake, &broken, b"no bundle");
    let image = name(&fake.host(), &digest);
    let why = rejected(&one(&world, query("sast", &image, Some(&trust), json!({}))).await);
    assert!(why.contains("it cannot be read"), "{why}");
}

#[tokio::test]
async fn refuses_documents_about_another_image_n56_a45() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let (one_image, other_image) = (app("one"), app("two"));
    let digest = fake.push(NAME, None, &one_image);
    let other = fake.push(NAME, None, &other_image);
    // The statement is about the other one, and attached to this one.
    attach(&fake, &one_image, &attested(&other, CYCLONEDX, &sbom(&other, "one"), &pair));
    let world = World::at(&fake);
    let trust = world.trust(&[("a", &pair)]);
    let why = rejected(&one(&world, query("sbom", &name(&fake.host(), &digest), Some(&trust), json!({}))).await);
    assert!(why.contains("it was made for something else"), "{why}");
    // The statement is about this one, and the SBOM of the other one.
    attach(&fake, &other_image, &attested(&other, CYCLONEDX, &sbom(&digest, "one"), &pair));
    let fact = verified(&one(&world, query("sbom", &name(&fake.host(), &other), Some(&trust), json!({}))).await);
    assert_eq!(documents(&fact)[0]["binding"]["state"], "disagrees");
    assert_eq!(documents(&fact)[0]["binding"]["pointer"], "/metadata/component/version");
}

#[tokio::test]
async fn looks_at_an_index_and_at_each_of_its_platforms_n56() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let (amd, arm) = (app("amd64"), app("arm64"));
    let mut entries = Vec::new();
    for (sample, architecture) in [(&amd, "amd64"), (&arm, "arm64")] {
        fake.push(NAME, None, sample);
        let mut entry = sample.descriptor();
        entry["platform"] = json!({"os": "linux", "architecture": architecture});
        entries.push(entry);
    }
    // What buildkit adds is no platform.
    let noise = app("attestation");
    fake.push(NAME, None, &noise);
    let mut entry = noise.descriptor();
    entry["platform"] = json!({"os": "unknown", "architecture": "unknown"});
    entry["annotations"] = json!({"vnd.docker.reference.type": "attestation-manifest"});
    entries.push(entry);
    let all = index(&entries);
    let digest = fake.push(NAME, None, &all);
    attach(&fake, &amd, &attested(&amd.digest(), CYCLONEDX, &sbom(&amd.digest(), "one"), &pair));
    // That of a platform, attached to the index as if it were about it.
    attach(&fake, &all, &attested(&amd.digest(), CYCLONEDX, &sbom(&amd.digest(), "one"), &pair));
    let world = World::at(&fake);
    let trust = world.trust(&[("a", &pair)]);
    let image = name(&fake.host(), &digest);
    let fact = verified(&one(&world, query("sbom", &image, Some(&trust), json!({"scope": "either"}))).await);
    assert_eq!(fact["index"], true);
    let platforms: Vec<&Value> = fact["platforms"].as_array().expect("a list").iter().collect();
    assert_eq!(platforms.len(), 2);
    assert_eq!(*platforms[1], json!({"platform": "linux/arm64", "digest": arm.digest()}));
    assert_eq!(documents(&fact).len(), 1, "of one platform alone");
    assert_eq!(
        (&documents(&fact)[0]["platform"], &documents(&fact)[0]["subject"]),
        (&json!("linux/amd64"), &json!(amd.digest()))
    );
    assert_eq!(documents(&fact)[0]["binding"]["state"], "agrees");
    assert!(fact["refused"][0]["reason"].as_str().is_some_and(|why| why.contains("made for something else")));
    // Whoever asks for the index alone is told of nothing else.
    let why = rejected(&one(&world, query("sbom", &image, Some(&trust), json!({"scope": "index"}))).await);
    assert!(why.contains("it was made for something else"), "{why}");
}

#[tokio::test]
async fn leaves_no_platform_out_whatever_the_index_says_of_it_n56() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let mut entries = Vec::new();
    for (text, os, architecture, annotation) in [
        ("arm", "linux", "aarch64", None),
        ("hidden", "linux", "x86_64", Some("x")),
        ("hidden too", "linux", "amd64", Some("attestation-manifest")),
        ("noise", "unknown", "unknown", Some("attestation-manifest")),
    ] {
        let sample = app(text);
        fake.push(NAME, None, &sample);
        let mut entry = sample.descriptor();
        entry["platform"] = json!({"os": os, "architecture": architecture, "variant": if architecture == "aarch64" { "v8" } else { "" }});
        if let Some(value) = annotation {
            entry["annotations"] = json!({"vnd.docker.reference.type": value});
        }
        entries.push(entry);
    }
    let first = app("arm");
    attach(&fake, &first, &attested(&first.digest(), CYCLONEDX, &sbom(&first.digest(), "one"), &pair));
    let digest = fake.push(NAME, None, &index(&entries));
    let world = World::at(&fake);
    let trust = world.trust(&[("a", &pair)]);
    let fact = verified(
        &one(&world, query("sbom", &name(&fake.host(), &digest), Some(&trust), json!({"scope": "either"}))).await,
    );
    let names: Vec<&str> =
        fact["platforms"].as_array().expect("a list").iter().filter_map(|one| one["platform"].as_str()).collect();
    assert_eq!(names, ["linux/arm64", "linux/amd64", "linux/amd64"], "by one name each, and none is missing");
    // Where nobody looked, nobody knows: no word about an index is not the word that it is none.
    let text = Source::new("sbom.json", sbom(&digest, "two").to_string());
    let given = World::of(Evidence { sboms: vec![text], ..Evidence::default() });
    let fact =
        verified(&one(&given, query("sbom", &name(&fake.host(), &digest), None, json!({"local": "accept"}))).await);
    assert_eq!(fact["index"], Value::Null);
}

#[tokio::test]
async fn says_of_what_cannot_be_read_that_it_is_there_and_why_n57() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let subject = app("app");
    let digest = fake.push(NAME, None, &subject);
    attach(&fake, &subject, &attested(&digest, CYCLONEDX, &json!({"a": 2}), &pair));
    attach(&fake, &subject, &attested(&digest, GENERIC, &json!({"Data": "hello", "Timestamp": "x"}), &pair));
    let world = World::at(&fake);
    let trust = world.trust(&[("a", &pair)]);
    let image = name(&fake.host(), &digest);
    let fact = verified(&one(&world, query("sbom", &image, Some(&trust), json!({}))).await);
    assert_eq!(documents(&fact).len(), 1, "a wrapper around anything else is no SBOM");
    assert_eq!(documents(&fact)[0]["readable"], false);
    assert!(documents(&fact)[0]["fault"]["what"].as_str().is_some_and(|what| what.contains("no SBOM")), "{fact}");
    absent(&one(&world, query("sast", &image, Some(&trust), json!({}))).await);

    let wrapped = app("wrapped");
    let digest = fake.push(NAME, None, &wrapped);
    let data = json!({"Data": sarif(None).to_string(), "Timestamp": "2026-11-22T00:00:00Z"});
    attach(&fake, &wrapped, &attested(&digest, GENERIC, &data, &pair));
    let fact = verified(&one(&world, query("sast", &name(&fake.host(), &digest), Some(&trust), json!({}))).await);
    assert_eq!(documents(&fact)[0]["runs"][0]["scopes"][0]["counts"]["high"], 1);
}

#[tokio::test]
async fn joins_a_scan_to_the_commit_that_the_provenance_names() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let subject = app("app");
    let digest = fake.push(NAME, None, &subject);
    let dependency = json!({"uri": "git+https://github.com/org/app@refs/heads/main", "digest": {"gitCommit": COMMIT}});
    let provenance = json!({
        "buildDefinition": {"buildType": "https://example.com/build", "externalParameters": {},
            "resolvedDependencies": [dependency]},
        "runDetails": {"builder": {"id": "https://example.com/builder"}},
    });
    attach(&fake, &subject, &attested(&digest, SARIF, &sarif(Some(COMMIT)), &pair));
    let world = World::at(&fake);
    let trust = world.trust(&[("a", &pair)]);
    let asked_for = query("sast", &name(&fake.host(), &digest), Some(&trust), json!({}));
    let fact = verified(&one(&world, asked_for.clone()).await);
    let none = json!({"by": "subject", "commit": null, "repository": null});
    assert_eq!((&documents(&fact)[0]["binding"], &documents(&fact)[0]["runs"][0]["commit"]), (&none, &json!(COMMIT)));
    attach(&fake, &subject, &attested(&digest, PROVENANCE, &provenance, &pair));
    let world = world.beside(World::evidence(&fake.host()));
    let fact = verified(&one(&world, asked_for).await);
    let joined = json!({"by": "provenance", "commit": COMMIT, "repository": "https://github.com/org/app"});
    assert_eq!(documents(&fact)[0]["binding"], joined);
    assert_eq!(fact["provenance"][0]["builder"], "https://example.com/builder");
}

#[tokio::test]
async fn counts_as_old_what_stands_in_the_baseline_that_is_named_by_its_digest() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let subject = app("app");
    let digest = fake.push(NAME, None, &subject);
    attach(&fake, &subject, &attested(&digest, SARIF, &sarif(None), &pair));
    let before = sarif(None).to_string().into_bytes();
    fake.push_blob(NAME, &before);
    let baseline = fake.push(NAME, None, &image(&[&before]));
    let world = World::at(&fake);
    let trust = world.trust(&[("a", &pair)]);
    let asked_for = |digest: &str, known: &str| {
        query("sast", &name(&fake.host(), digest), Some(&trust), json!({"ask": {"baseline": {"digest": known}}}))
    };
    let fact = verified(&one(&world, asked_for(&digest, &baseline)).await);
    let scope = &documents(&fact)[0]["runs"][0]["scopes"][0];
    assert_eq!((&scope["counts"]["high"], &scope["old"]), (&json!(0), &json!(1)), "{fact}");
    let nowhere = format!("sha256:{}", "0a".repeat(32));
    let error = failed(&one(&world, asked_for(&digest, &nowhere)).await);
    assert!(error.contains(&format!("the baseline `{nowhere}` is not in")), "{error}");
}

#[tokio::test]
async fn files_of_the_caller_are_told_as_what_they_are_with_their_places() {
    let digest = format!("sha256:{}", "0a".repeat(32));
    let text = |name: &str, value: &Value| Source::new(name, serde_json::to_string_pretty(value).expect("JSON"));
    let sboms = vec![text("sbom.json", &sbom(&digest, "one"))];
    let reports = vec![text("scan.sarif", &sarif(None))];
    let world = World::of(Evidence { sboms, reports, ..Evidence::default() });
    let image = format!("ghcr.io/org/app@{digest}");
    let answers = ask(
        &world,
        &[
            query("sbom", &image, None, json!({"local": "accept"})),
            query("sast", &image, None, json!({"local": "accept"})),
        ],
    )
    .await;
    let fact = verified(&answers[0]);
    let document = &documents(&fact)[0];
    assert_eq!(
        (&document["authenticity"], &document["file"], &document["signer"]),
        (&json!("local"), &json!("sbom.json"), &Value::Null)
    );
    assert_eq!(document["binding"]["state"], "agrees");
    let tree = answers[1].as_ref().ok().and_then(|fact| fact.document.clone()).expect("a document");
    let (node, whole) = tree.resolve(NodeId::ROOT, "/documents/0/runs/0/scopes/0/first/0");
    assert!(whole);
    assert_eq!(tree.place(node).map(|place| place.to_string()).as_deref(), Some("scan.sarif:5:9"));

    // Nobody need know a digest for it: then name and tag are all that there is, and a digest says nothing.
    let mut by_tag = sbom(&digest, "one");
    by_tag["metadata"]["component"]["version"] = json!("1");
    let tagged = World::of(Evidence { sboms: vec![text("sbom.json", &by_tag)], ..Evidence::default() });
    for (world, image, state) in [
        (&tagged, "ghcr.io/org/app:1", "agrees"),
        (&tagged, "ghcr.io/org/app:2", "silent"),
        (&tagged, "ghcr.io/org/other:1", "silent"),
        (&world, "ghcr.io/org/app:1", "silent"),
    ] {
        let fact = verified(&one(world, query("sbom", image, None, json!({"local": "accept"}))).await);
        let told = (&documents(&fact)[0]["binding"]["state"], &fact["digest"]);
        assert_eq!(told, (&json!(state), &Value::Null), "{image}");
    }
    // Without such a file there is nothing, and whoever names a trust wants a registry to be asked.
    let bare = World::of(Evidence::default());
    absent(&one(&bare, query("sbom", &image, None, json!({"local": "accept"}))).await);
    let trust = bare.trust(&[("a", &p256())]);
    let error = failed(&one(&bare, query("sbom", &image, Some(&trust), json!({"local": "accept"}))).await);
    assert!(error.contains("no registry may be asked"), "{error}");
}

#[tokio::test]
async fn a_file_of_the_caller_stands_beside_what_is_attested_and_never_for_it() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let subject = app("app");
    let digest = fake.push(NAME, None, &subject);
    attach(&fake, &subject, &attested(&digest, CYCLONEDX, &sbom(&digest, "one"), &pair));
    sign_as_before(&fake, &digest, b"{}", &pair);
    let sboms: Vec<Arc<Source>> = vec![Source::new("sbom.json", sbom(&digest, "two").to_string())];
    let world = World::of(Evidence { sboms, ..World::evidence(&fake.host()) });
    let trust = world.trust(&[("a", &pair)]);
    let image = name(&fake.host(), &digest);
    let fact = verified(&one(&world, query("sbom", &image, Some(&trust), json!({}))).await);
    let told: Vec<&Value> = documents(&fact).iter().map(|one| &one["authenticity"]).collect();
    assert_eq!(told, ["attested", "local"]);
    let before = fake.log().len();
    let fact = verified(&one(&world, query("sbom", &image, Some(&trust), json!({"local": "accept"}))).await);
    assert_eq!(documents(&fact).len(), 1, "where a file is enough, nobody is asked");
    assert_eq!(fake.log().len(), before);
}

#[tokio::test]
async fn refuses_to_look_for_what_it_does_not_know() {
    let fake = FakeRegistry::start().await;
    let pair = p256();
    let subject = app("app");
    let digest = fake.push(NAME, None, &subject);
    attach(&fake, &subject, &attested(&digest, CYCLONEDX, &sbom(&digest, "one"), &pair));
    let world = World::at(&fake);
    let trust = world.trust(&[("a", &pair)]);
    for (kind, more, words) in [
        ("sbom", json!({"ask": {"colour": []}}), "nobody here knows `colour`"),
        ("sbom", json!({"ask": {"components": ["left-pad"]}}), "is no pattern of"),
        ("sast", json!({"ask": {"colour": []}}), "unknown field `colour`"),
        ("sbom", json!({"scope": "all"}), "has the scope `all`"),
    ] {
        let error = failed(&one(&world, query(kind, &name(&fake.host(), &digest), Some(&trust), more)).await);
        assert!(error.contains(words), "{error}");
    }
}
