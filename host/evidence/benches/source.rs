//! What a fact costs: from a warm cache, and for a hundred images of a slow registry, with and without one look-up for all.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use portcullis_evidence::{Evidence, Source, Trust, TrustStore};
use portcullis_model::{
    Fact, FactError, FactSource, FactStatus, KeyRule, KeySource, Presence, Query, Resolved, TrustRule,
};
use portcullis_registry::{Client, Config, Host, Keychain};
use portcullis_support::{FakeRegistry, Reply, image, index, referrer};
use serde_json::json;
use tokio::runtime::Handle;

use portcullis_support::instance::{p256, spki};
use portcullis_support::made::{By, COSIGN, Content, Log, bundle, pem};

const NAME: &str = "team/app";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const IMAGES: usize = 100;
/// Who ask for each image at once: as many containers, or as many replicas of a roll-out.
const ASKERS: usize = 8;
const WARM: usize = 20_000;
/// One request of so many is told to come later.
const THROTTLED: usize = 20;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    runtime.block_on(async {
        let world = World::start().await;
        world.warm().await;
        println!();
        println!(
            "{IMAGES} signed images, each asked for by {ASKERS} at once, one request of {THROTTLED} answered with 429"
        );
        for delay in [0, 50, 200] {
            world.fake.set_delay(Duration::from_millis(delay));
            let (shared, alone) = (world.round(true).await, world.round(false).await);
            let time = alone.time.as_secs_f64() / shared.time.as_secs_f64();
            let requests = alone.requests as f64 / shared.requests as f64;
            println!("{delay:>4} ms delay, one look-up for all:  {shared}");
            println!("{delay:>4} ms delay, each looks for itself: {alone}");
            println!("              ratio: {time:.1} times as long, {requests:.1} times the requests");
        }
    });
}

/// A registry with signed images, and whose signatures count.
struct World {
    fake: FakeRegistry,
    images: Vec<String>,
    store: Arc<TrustStore>,
    trust: Arc<Trust>,
    throttles: Arc<AtomicUsize>,
}

impl World {
    async fn start() -> Self {
        let fake = FakeRegistry::start().await;
        let pair = p256();
        let mut lists = BTreeMap::new();
        let mut images = Vec::new();
        for number in 0..IMAGES {
            let subject = image(&[&number.to_be_bytes()]);
            let digest = fake.push(NAME, None, &subject);
            let text = json!({
                "_type": "https://in-toto.io/Statement/v1", "predicateType": COSIGN, "predicate": {},
                "subject": [{"digest": {"sha256": digest["sha256:".len()..]}}],
            });
            let content = Content::Envelope("application/vnd.in-toto+json".to_owned(), text.to_string().into_bytes());
            let signature = bundle(&By::Key(&pair), &content, Log::None, false).to_string();
            fake.push_blob(NAME, signature.as_bytes());
            let manifest = referrer(&subject.descriptor(), BUNDLE, signature.as_bytes());
            fake.push(NAME, None, &manifest);
            // The fake looks through everything for a list of referrers; a registry has it at hand.
            lists.insert(format!("/v2/{NAME}/referrers/{digest}"), index(&[manifest.descriptor()]));
            images.push(format!("{}/{NAME}@{digest}", fake.host()));
        }
        let throttles = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&throttles);
        fake.rule(move |_| {
            let number = count.fetch_add(1, Ordering::SeqCst);
            (number % THROTTLED == THROTTLED - 1).then(|| Reply::error(429, "TOOMANYREQUESTS"))
        });
        fake.rule(move |asked| lists.get(&asked.path).map(|list| Reply::new(200, &list.media_type, &list.bytes)));
        let source = KeySource::Inline(pem("PUBLIC KEY", &spki(&pair)));
        let key = KeyRule { name: "key".to_owned(), source, not_before: None, not_after: None, revoked: false };
        let (log, timestamp) = (Presence::Optional, Presence::Optional);
        let rule = TrustRule { name: "bench".to_owned(), root: None, keys: vec![key], log, timestamp, place: None };
        let store = Arc::<TrustStore>::default();
        let trust = store.keep(Trust::load(&rule, Path::new("")).expect("trust"));
        Self { fake, images, store, trust, throttles }
    }

    fn source(&self) -> Arc<Source> {
        let plain = Host { plain_http: true, private_addresses: true, ..Host::default() };
        let hosts = BTreeMap::from([(self.fake.host(), plain)]);
        let client = Client::new(Config { hosts, only_extra_ca: true, ..Config::default() }).expect("settings");
        let registry = Some((client, Keychain::anonymous()));
        let evidence = Evidence { registry, time: Duration::from_secs(60), ..Evidence::default() };
        Arc::new(Source::new(Arc::clone(&self.store), evidence, Handle::current()))
    }

    fn question(&self, image: &str) -> Query {
        let arguments = json!({"image": image, "trust": self.trust.name()}).to_string();
        Query { trust: self.trust.digest().to_owned(), ..Query::new("signature", arguments) }
    }

    /// One fact, looked up and then remembered.
    async fn warm(&self) {
        let source = self.source();
        let question = [self.question(&self.images[0])];
        let mut times = Vec::with_capacity(WARM);
        let begun = Instant::now();
        assert!(is_verified(&source.look_up(&question, &Resolved::default()).await));
        let cold = begun.elapsed();
        for _ in 0..WARM {
            let (review, begun) = (Resolved::default(), Instant::now());
            let answers = source.look_up(&question, &review).await;
            times.push(begun.elapsed());
            assert!(is_verified(&answers));
        }
        times.sort();
        let at = |part: usize| millis(times[(WARM - 1) * part / 100]);
        println!("a fact looked up: {:.3} ms (registry on loopback, nothing connected)", millis(cold));
        println!("a fact from a warm cache: median {:.4} ms, p99 {:.4} ms, goal below 0.05 ms", at(50), at(99));
        println!("ratio: {:.0}", millis(cold) / at(50));
    }

    /// All images by all askers.
    async fn round(&self, shared: bool) -> Round {
        self.throttles.store(0, Ordering::SeqCst);
        let before = self.fake.log().len();
        let one = self.source();
        let sources: Vec<Arc<Source>> =
            (0..ASKERS).map(|_| if shared { Arc::clone(&one) } else { self.source() }).collect();
        let mut tasks = tokio::task::JoinSet::new();
        let begun = Instant::now();
        for image in &self.images {
            for source in &sources {
                let (source, question) = (Arc::clone(source), [self.question(image)]);
                tasks.spawn(async move { is_verified(&source.look_up(&question, &Resolved::default()).await) });
            }
        }
        let answers = tasks.join_all().await;
        let failed = answers.iter().filter(|verified| !**verified).count();
        Round { time: begun.elapsed(), requests: self.fake.log().len() - before, failed }
    }
}

/// What one round took.
struct Round {
    time: Duration,
    requests: usize,
    /// Askers who were told that it could not be looked up: one request was throttled three times.
    failed: usize,
}

impl std::fmt::Display for Round {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:>7.0} ms, {:>5} requests, {:>3} failed", millis(self.time), self.requests, self.failed)
    }
}

fn is_verified(answers: &[Result<Fact, FactError>]) -> bool {
    let verified = |fact: &Fact| fact.status == FactStatus::Verified;
    answers.len() == 1 && answers.iter().all(|answer| answer.as_ref().is_ok_and(verified))
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
