//! A source of facts in front of a fake registry, with signatures that the made-up sigstore or a key made.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use portcullis_evidence::{Clock, Evidence, Source, Trust, TrustStore};
use portcullis_model::{
    Fact, FactError, FactSource, FactStatus, KeyRule, KeySource, NodeId, Presence, Query, Resolved, TrustRule,
};
use portcullis_registry::{Client, Config, Host, Keychain, Limits};
use portcullis_support::{FakeRegistry, Sample, descriptor, image, referrer};
use rcgen::KeyPair;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use crate::instance::{b64, spki};
use crate::made::{By, COSIGN, Content, Log, bundle, pem};

/// The repository of every test.
pub const NAME: &str = "team/app";
/// The type of a bundle, as a layer and as an artifact.
pub const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// A source, and the trusts that are in force for it.
pub struct World {
    pub store: Arc<TrustStore>,
    pub source: Arc<Source>,
    pub clock: Clock,
}

/// A client that may ask these hosts over plain HTTP, without long pauses.
pub fn client(hosts: &[String]) -> Client {
    let plain = Host { plain_http: true, private_addresses: true, ..Host::default() };
    let hosts: BTreeMap<String, Host> = hosts.iter().map(|host| (host.clone(), plain.clone())).collect();
    let limits = Limits { backoff: Duration::from_millis(2), ..Limits::default() };
    Client::new(Config { hosts, limits, only_extra_ca: true, ..Config::default() }).expect("settings")
}

impl World {
    /// In front of a fake registry.
    pub fn at(fake: &FakeRegistry) -> Self {
        Self::of(Self::evidence(&fake.host()))
    }

    /// What is looked up in one registry.
    pub fn evidence(host: &str) -> Evidence {
        let registry = Some((client(&[host.to_owned()]), Keychain::anonymous()));
        Evidence { registry, time: Duration::from_secs(20), ..Evidence::default() }
    }

    /// With everything that a source may be given.
    pub fn of(evidence: Evidence) -> Self {
        let store = Arc::<TrustStore>::default();
        let clock = Clock::default();
        let source = Source::with_clock(Arc::clone(&store), evidence, Handle::current(), clock.clone());
        Self { store, source: Arc::new(source), clock }
    }

    /// Another source, which remembers nothing of this one's, under the same trusts at the same time.
    pub fn beside(&self, evidence: Evidence) -> Self {
        let (store, clock) = (Arc::clone(&self.store), self.clock.clone());
        let source = Source::with_clock(Arc::clone(&store), evidence, Handle::current(), clock.clone());
        Self { store, source: Arc::new(source), clock }
    }

    /// Trust in these keys, in force as long as it is held.
    pub fn trust(&self, keys: &[(&str, &KeyPair)]) -> Arc<Trust> {
        self.store.keep(load(&rule(keys)))
    }

    /// Asks one question in a review of its own.
    pub async fn ask(&self, image: &str, trust: &Trust) -> Result<Fact, FactError> {
        self.ask_in(&Resolved::default(), image, trust).await
    }

    /// Asks one question in a review.
    pub async fn ask_in(&self, review: &Resolved, image: &str, trust: &Trust) -> Result<Fact, FactError> {
        let mut answers = self.source.look_up(&[question(image, trust)], review).await;
        assert_eq!(answers.len(), 1);
        answers.remove(0)
    }
}

/// A rule that trusts keys and no root.
pub fn rule(keys: &[(&str, &KeyPair)]) -> TrustRule {
    let key = |(name, pair): &(&str, &KeyPair)| KeyRule {
        name: (*name).to_owned(),
        source: KeySource::Inline(pem("PUBLIC KEY", &spki(pair))),
        not_before: None,
        not_after: None,
        revoked: false,
    };
    let (log, timestamp) = (Presence::Optional, Presence::Optional);
    let keys = keys.iter().map(key).collect();
    TrustRule { name: "shop".to_owned(), root: None, keys, log, timestamp, place: None }
}

pub fn load(rule: &TrustRule) -> Trust {
    Trust::load(rule, Path::new("/nowhere")).expect("trust")
}

/// A question about an image.
pub fn question(image: &str, trust: &Trust) -> Query {
    let arguments = json!({"image": image, "trust": trust.name()}).to_string();
    Query { trust: trust.digest().to_owned(), ..Query::new("signature", arguments) }
}

/// The name of an image at a registry: by digest, or by tag.
pub fn name(host: &str, reference: &str) -> String {
    let mark = if reference.starts_with("sha256:") { '@' } else { ':' };
    format!("{host}/{NAME}{mark}{reference}")
}

/// A statement about a digest.
pub fn statement(digest: &str, predicate_type: &str) -> Content {
    let hex = digest.strip_prefix("sha256:").expect("SHA-256");
    let text = json!({
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"digest": {"sha256": hex}}],
        "predicateType": predicate_type,
        "predicate": {},
    });
    Content::Envelope("application/vnd.in-toto+json".to_owned(), text.to_string().into_bytes())
}

/// A signature on an image by a key, as cosign makes it in an air gap.
pub fn signature(digest: &str, pair: &KeyPair) -> Vec<u8> {
    bundle(&By::Key(pair), &statement(digest, COSIGN), Log::None, false).to_string().into_bytes()
}

/// The same as cosign made them before bundles: the layer, and the manifest for the tag `.sig`.
pub fn older(payload: &[u8], pair: &KeyPair) -> Sample {
    let signature = b64(By::Key(pair).sign(payload));
    let mut layer = descriptor("application/vnd.dev.cosign.simplesigning.v1+json", payload);
    layer["annotations"] = json!({"dev.cosignproject.cosign/signature": signature});
    let mut sample = image(&[]);
    let mut manifest: Value = serde_json::from_slice(&sample.bytes).expect("JSON");
    manifest["layers"] = json!([layer]);
    sample.bytes = manifest.to_string().into_bytes();
    sample
}

/// What such a signature is over.
pub fn payload(digest: &str, kind: &str) -> Vec<u8> {
    let image = json!({"docker-manifest-digest": digest});
    let identity = json!({"docker-reference": "r.test/app"});
    json!({"critical": {"identity": identity, "image": image, "type": kind}, "optional": null}).to_string().into_bytes()
}

/// Pushes such a signature.
pub fn sign_as_before(fake: &FakeRegistry, digest: &str, payload: &[u8], pair: &KeyPair) {
    fake.push_blob(NAME, payload);
    fake.push(NAME, Some(&format!("{}.sig", digest.replace(':', "-"))), &older(payload, pair));
}

/// An image of its own.
pub fn app(text: &str) -> Sample {
    image(&[text.as_bytes()])
}

/// Pushes a bundle as a referrer of an image.
pub fn attach(fake: &FakeRegistry, subject: &Sample, bundle: &[u8]) -> Sample {
    fake.push_blob(NAME, bundle);
    let manifest = referrer(&subject.descriptor(), BUNDLE, bundle);
    fake.push(NAME, None, &manifest);
    manifest
}

/// Pushes an image and a signature on it by a key; returns the digest.
pub fn signed(fake: &FakeRegistry, subject: &Sample, pair: &KeyPair) -> String {
    let digest = fake.push(NAME, None, subject);
    attach(fake, subject, &signature(&digest, pair));
    digest
}

/// The document of a verified fact.
#[track_caller]
pub fn verified(answer: &Result<Fact, FactError>) -> Value {
    let fact = answer.as_ref().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(fact.status, FactStatus::Verified);
    let document = fact.document.as_ref().expect("what is verified is shown");
    serde_json::from_str(&document.to_json(NodeId::ROOT)).expect("JSON")
}

/// Why what was found was refused.
#[track_caller]
pub fn rejected(answer: &Result<Fact, FactError>) -> String {
    match answer {
        Ok(Fact { status: FactStatus::Rejected(reason), document: None, .. }) => reason.clone(),
        other => panic!("{other:?}"),
    }
}

/// That there is nothing.
#[track_caller]
pub fn absent(answer: &Result<Fact, FactError>) {
    assert!(matches!(answer, Ok(Fact { status: FactStatus::Absent, document: None, .. })), "{answer:?}");
}

/// Why it could not be looked up.
#[track_caller]
pub fn failed(answer: &Result<Fact, FactError>) -> String {
    answer.as_ref().expect_err("it could not be looked up").message.clone()
}

/// How many requests had this in their path.
pub fn asked(fake: &FakeRegistry, part: &str) -> usize {
    fake.log().iter().filter(|one| one.path.contains(part)).count()
}
