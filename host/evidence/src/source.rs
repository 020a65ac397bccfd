//! Answers questions about signatures: gathers what a registry has, verifies it, and says what became of it.

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use portcullis_model::{Answers, Fact, FactError, FactSource, Query};
use portcullis_registry::{Access, Client, Digest, Error, Keychain};
use tokio::runtime::Handle;

use crate::artifact::Artifact;
use crate::candidate::Candidate;
use crate::fact::Judged;
use crate::flights::{Flights, Keep, Landed};
use crate::gather::gather;
use crate::image::Image;
use crate::signature::now;
use crate::store::TrustStore;
use crate::trust::Trust;

/// The kind of the questions that are answered here.
pub const SIGNATURE: &str = "signature";
/// Requests that an error names.
const ATTEMPTS_SHOWN: usize = 3;

/// What evidence is looked up with.
pub struct Evidence {
    /// Registries and the credentials for them; without one only what was given counts, and names must have digests.
    pub registry: Option<(Client, Keychain)>,
    /// Bundles that the caller gave, by their files.
    pub bundles: Vec<(PathBuf, Bytes)>,
    /// The most time for one image. Default [`DEFAULT_LOOK_UP_TIME`].
    pub time: Duration,
}

/// The default of [`Evidence::time`]: below what the API server waits by default.
pub const DEFAULT_LOOK_UP_TIME: Duration = Duration::from_secs(8);
/// How long what was verified is remembered. A digest never means other bytes; what may change is what else is signed.
pub const REMEMBER_VERIFIED: Duration = Duration::from_secs(600);
/// How long it is remembered that there was nothing, or nothing good: whoever signs now wants to be let in now.
pub const REMEMBER_NOTHING: Duration = Duration::from_secs(10);
/// Images that are remembered.
pub const REMEMBERED_IMAGES: usize = 4_096;
/// Bytes that they may take.
pub const REMEMBERED_BYTES: usize = 32 << 20;

/// Answers questions about evidence.
pub struct Source {
    shared: Arc<Shared>,
    runtime: Handle,
}

struct Shared {
    store: Arc<TrustStore>,
    registry: Option<(Client, Keychain)>,
    local: Vec<Candidate>,
    time: Duration,
    flights: Flights<Key, Judged>,
}

/// What is remembered is good for this digest, in this repository, under this trust, and for nothing else (A32, A34).
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    repository: String,
    digest: String,
    trust: String,
}

impl Source {
    /// A source that works on this runtime, whoever waits for its answers.
    pub fn new(store: Arc<TrustStore>, evidence: Evidence, runtime: Handle) -> Self {
        let local = evidence.bundles.into_iter().map(|(path, bytes)| Candidate::local(&path, bytes)).collect();
        let flights = Flights::new(REMEMBERED_IMAGES, REMEMBERED_BYTES);
        let shared = Shared { store, registry: evidence.registry, local, time: evidence.time, flights };
        Self { shared: Arc::new(shared), runtime }
    }
}

impl FactSource for Source {
    fn look_up<'a>(&'a self, queries: &'a [Query]) -> Answers<'a> {
        let one = |query: &Query| {
            let (shared, runtime, query) = (Arc::clone(&self.shared), self.runtime.clone(), query.clone());
            // A task of its own: it ends with whoever asked, and a bug in it is an error of this question alone.
            let task = AbortOnDrop(self.runtime.spawn(answer(shared, runtime, query.clone())));
            async move { task.await.unwrap_or_else(|message| Err(FactError { query, message })) }
        };
        Box::pin(join_all(queries.iter().map(one).collect::<Vec<_>>()))
    }
}

/// A task that nobody waits for any more is not worth finishing.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<T> Future for AbortOnDrop<T> {
    type Output = Result<T, String>;

    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<Self::Output> {
        let broken = |_| "a bug in Portcullis stopped the look-up; please report it".to_owned();
        self.0.poll_unpin(context).map(|result| result.map_err(broken))
    }
}

async fn answer(shared: Arc<Shared>, runtime: Handle, query: Query) -> Result<Fact, FactError> {
    let answered = match query.kind.as_str() {
        SIGNATURE => shared.signature(&runtime, &query).await,
        other => Err(format!("nobody here knows facts of the kind `{}`", other.escape_debug())),
    };
    answered.map_err(|message| FactError { query, message })
}

impl Shared {
    async fn signature(self: &Arc<Self>, runtime: &Handle, query: &Query) -> Result<Fact, String> {
        let trust = self.store.get(&query.trust).ok_or("the trust that it names is in force no more")?;
        let arguments: serde_json::Value = serde_json::from_str(&query.arguments).unwrap_or_default();
        let text = arguments["image"].as_str().ok_or("the question has no `image`")?;
        let image = Image::read(text)?;
        let digest = match &image.digest {
            Some(digest) => digest.clone(),
            None => self.resolve(&image).await?,
        };
        let name = image.name();
        let key = Key { repository: name.clone(), digest: digest.to_string(), trust: query.trust.clone() };
        let begin = || self.begin(runtime, image.clone(), digest.clone(), Arc::clone(&trust));
        let judged = self.flights.get(key, |judged| keep(judged, &trust), begin).await;
        let judged = judged.map_err(|message| message.to_string())?;
        if judged.is_nothing() && self.registry.is_none() {
            // Nobody looked: that is not to have found nothing.
            let given = self.local.len();
            return Err(format!(
                "no registry may be asked, and none of the {given} bundles that were given is about `{name}@{digest}`"
            ));
        }
        judged.fact(query, &name, &digest.to_string(), image.digest.is_some())
    }

    /// What a tag means now. It is asked for anew for each review, and remembered by nobody (A32).
    async fn resolve(&self, image: &Image) -> Result<Digest, String> {
        let tag = image.tag.as_deref().unwrap_or_default();
        let Some((client, keychain)) = &self.registry else {
            return Err(format!("`{}:{tag}` has no digest, and no registry may be asked what it means", image.name()));
        };
        let access = Access { keychain, deadline: Instant::now() + self.time };
        let found = client.resolve(&image.repository, tag, access).await.map_err(|error| told(&error))?;
        let manifest =
            found.value.ok_or_else(|| format!("the registry says that there is no `{}:{tag}`", image.name()))?;
        Ok(manifest.digest)
    }

    /// Gathers and verifies, on the runtime: it goes on for others when the first who asked is gone, and ends by its own
    /// deadline.
    fn begin(
        self: &Arc<Self>,
        runtime: &Handle,
        image: Image,
        digest: Digest,
        trust: Arc<Trust>,
    ) -> BoxFuture<'static, Landed<Judged>> {
        let shared = Arc::clone(self);
        let task = runtime.spawn(async move {
            let artifact = Artifact::from_digest(&digest.to_string())
                .ok_or_else(|| Arc::from(format!("signatures are about SHA-256, and the image is `{digest}`")))?;
            let mut candidates = shared.local.clone();
            if let Some((client, keychain)) = &shared.registry {
                let access = Access { keychain, deadline: Instant::now() + shared.time };
                let found = gather(client, &image.repository, &digest, access).await;
                candidates.extend(found.map_err(|error| Arc::from(told(&error)))?);
            }
            // Signatures are work for a processor.
            let judged =
                tokio::task::spawn_blocking(move || Arc::new(Judged::of(&candidates, &artifact, &trust))).await;
            judged.map_err(|_| Arc::from("a bug in Portcullis stopped the verification; please report it"))
        });
        async move { task.await.unwrap_or_else(|_| Err("the look-up was ended".into())) }.boxed()
    }
}

/// No longer than until a key of the trust begins or ceases to count.
fn keep(judged: &Judged, trust: &Trust) -> Keep {
    let usual = if judged.is_verified() { REMEMBER_VERIFIED } else { REMEMBER_NOTHING };
    let now = now();
    let change = trust.next_change(now).map(|change| u64::try_from(change - now).unwrap_or_default());
    let time = change.map_or(usual, |seconds| usual.min(Duration::from_secs(seconds)));
    Keep { time, bytes: judged.bytes() }
}

/// The error, and what was tried.
fn told(error: &Error) -> String {
    let mut out = error.to_string();
    let skipped = error.attempts.len().saturating_sub(ATTEMPTS_SHOWN);
    let last: Vec<String> = error.attempts.iter().skip(skipped).map(ToString::to_string).collect();
    if !last.is_empty() {
        out.push_str(&format!(" (asked: {})", last.join(", ")));
    }
    out
}
