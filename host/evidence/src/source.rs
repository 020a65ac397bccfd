//! Answers questions about signatures: gathers what a registry has, verifies it, and says what became of it.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt};
use portcullis_model::{Answers, Fact, FactError, FactSource, Meaning, Query, Resolved};
use portcullis_registry::{Access, Client, Digest, Keychain};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::artifact::Artifact;
use crate::candidate::Candidate;
use crate::clock::Clock;
use crate::fact::Judged;
use crate::failure::Failure;
use crate::file;
use crate::flights::{Bounds, Flights, Found};
use crate::gather::{Gathered, gather, room};
use crate::image::Image;
use crate::store::TrustStore;
use crate::trust::Trust;
use crate::{MAX_AT_ONCE, MAX_VERIFYING};

/// The kind of the questions that are answered here.
pub const SIGNATURE: &str = "signature";

/// What evidence is looked up with.
pub struct Evidence {
    /// Registries and the credentials for them; without one only what was given counts, and names must have digests.
    pub registry: Option<(Client, Keychain)>,
    /// Bundles that the caller gave, by their files.
    pub bundles: Vec<(PathBuf, Bytes)>,
    /// The most time for one image, what its tag means included. Default [`DEFAULT_LOOK_UP_TIME`].
    pub time: Duration,
}

/// The default of [`Evidence::time`]: below what the API server waits by default.
pub const DEFAULT_LOOK_UP_TIME: Duration = Duration::from_secs(8);
/// How long what was verified is remembered. A digest never means other bytes; what may change is what else is signed.
pub const REMEMBER_VERIFIED: Duration = Duration::from_secs(600);
/// How long it is remembered that there was nothing, or nothing good: whoever signs now wants to be let in now.
pub const REMEMBER_NOTHING: Duration = Duration::from_secs(10);
/// Images that are remembered, errors included.
pub const REMEMBERED_IMAGES: usize = 4_096;
/// Bytes that they may take.
pub const REMEMBERED_BYTES: usize = 32 << 20;
/// Look-ups that may be under way, and as many questions what a tag means.
pub const MAX_LOOK_UPS: usize = 1_024;

/// Answers questions about evidence.
pub struct Source {
    shared: Arc<Shared>,
}

struct Shared {
    store: Arc<TrustStore>,
    registry: Option<(Client, Keychain)>,
    local: Vec<Candidate>,
    time: Duration,
    clock: Clock,
    images: Flights<Key, Judged>,
    /// By name with tag. Only errors are remembered here: what a tag means is asked for anew for each review (A32).
    tags: Flights<String, Digest>,
    /// For what is held of all images.
    room: Arc<Semaphore>,
    /// For those whose evidence is verified.
    verifying: Arc<Semaphore>,
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
        Self::with_clock(store, evidence, runtime, Clock::default())
    }

    /// The same by a clock that a test may hurry.
    pub fn with_clock(store: Arc<TrustStore>, evidence: Evidence, runtime: Handle, clock: Clock) -> Self {
        let local = evidence.bundles.into_iter().map(|(path, bytes)| Candidate::local(&path, bytes)).collect();
        let bounds = Bounds { entries: REMEMBERED_IMAGES, bytes: REMEMBERED_BYTES, under_way: MAX_LOOK_UPS };
        let images = Flights::new(bounds, clock.clone(), runtime.clone());
        let tags = Flights::new(bounds, clock.clone(), runtime);
        let Evidence { registry, time, .. } = evidence;
        let (room, verifying) = (room(), Arc::new(Semaphore::new(MAX_VERIFYING)));
        Self { shared: Arc::new(Shared { store, registry, local, time, clock, images, tags, room, verifying }) }
    }
}

impl FactSource for Source {
    fn look_up<'a>(&'a self, queries: &'a [Query], review: &'a Resolved) -> Answers<'a> {
        Box::pin(async move {
            let deadline = Instant::now() + self.shared.time;
            self.resolve(queries, review, deadline).await;
            let answers = queries.iter().map(|query| self.answer(query, review, deadline).boxed()).collect::<Vec<_>>();
            stream::iter(answers).buffered(MAX_AT_ONCE).collect().await
        })
    }
}

impl Source {
    /// Asks once what each name without a digest means that nobody in this review has asked about, before anything is answered
    /// (A31, N48).
    async fn resolve(&self, queries: &[Query], review: &Resolved, deadline: Instant) {
        let ours = queries.iter().filter(|query| query.kind == SIGNATURE);
        let images = ours.filter_map(|query| asked(query).ok()).filter(|image| image.digest.is_none());
        let names: BTreeMap<String, Image> = images.map(|image| (image.name_with_tag(), image)).collect();
        let unknown = names.into_iter().filter(|(name, _)| review.get(name).is_none());
        let one = |(name, image)| async move {
            let meaning = self.shared.meaning(image, deadline).await;
            review.keep(name, meaning);
        };
        stream::iter(unknown.map(one).map(FutureExt::boxed).collect::<Vec<_>>())
            .buffer_unordered(MAX_AT_ONCE)
            .collect::<Vec<()>>()
            .await;
    }

    async fn answer(&self, query: &Query, review: &Resolved, deadline: Instant) -> Result<Fact, FactError> {
        let answered = match query.kind.as_str() {
            // A bug is an error of this question alone.
            SIGNATURE => AssertUnwindSafe(self.shared.signature(query, review, deadline)).catch_unwind().await,
            other => Ok(Err(format!("nobody here knows facts of the kind `{}`", other.escape_debug()))),
        };
        let broken = |_| Err("a bug in Portcullis stopped the look-up; please report it".to_owned());
        answered.unwrap_or_else(broken).map_err(|message| FactError { query: query.clone(), message })
    }
}

/// The image that a question is about.
fn asked(query: &Query) -> Result<Image, String> {
    let arguments: serde_json::Value = serde_json::from_str(&query.arguments).unwrap_or_default();
    Image::read(arguments["image"].as_str().ok_or("the question has no `image`")?)
}

/// The digest of an image: as it is written, else what its tag means in this review.
fn digest_of(image: &Image, review: &Resolved) -> Result<Digest, String> {
    if let Some(digest) = &image.digest {
        return Ok(digest.clone());
    }
    let name = image.name_with_tag();
    let meaning = review.get(&name).unwrap_or_else(|| Err(format!("nobody has asked what `{name}` means")))?;
    meaning.parse().map_err(|error| format!("`{name}` means what is no digest: {error}"))
}

impl Shared {
    async fn signature(self: &Arc<Self>, query: &Query, review: &Resolved, deadline: Instant) -> Result<Fact, String> {
        let trust = self.store.get(&query.trust).ok_or("the trust that it names is in force no more")?;
        if file::asked(query) {
            let now = i64::try_from(self.clock.since_1970().as_secs()).unwrap_or(i64::MAX);
            return file::fact(query, self.local.clone(), &trust, now);
        }
        let image = asked(query)?;
        let digest = digest_of(&image, review)?;
        let key = Key { repository: image.name(), digest: digest.to_string(), trust: query.trust.clone() };
        let begin = || Arc::clone(self).look(image.clone(), digest.clone(), trust, deadline);
        let judged = self.images.get(key, begin).await.map_err(|failure| image.told(&failure))?;
        if judged.is_nothing() && self.registry.is_none() {
            // Nobody looked: that is not to have found nothing.
            let (given, name) = (self.local.len(), image.name());
            return Err(format!(
                "no registry may be asked, and none of the {given} bundles that were given is about `{name}@{digest}`"
            ));
        }
        judged.image_fact(query, &image.name(), &digest.to_string(), image.digest.is_some())
    }

    /// What a tag means now. Reviews that ask at the same time share one request.
    async fn meaning(self: &Arc<Self>, image: Image, deadline: Instant) -> Meaning {
        let name = image.name_with_tag();
        if self.registry.is_none() {
            return Err(format!("`{name}` has no digest, and no registry may be asked what it means"));
        }
        let begin = || Arc::clone(self).resolve(image.clone(), deadline);
        let found = self.tags.get(name, begin).await;
        found.map(|digest| digest.to_string()).map_err(|failure| image.told(&failure))
    }

    async fn resolve(self: Arc<Self>, image: Image, deadline: Instant) -> Result<Found<Digest>, Failure> {
        let name = image.name_with_tag();
        let none = || Failure::passing(format!("the registry says that there is no `{name}`; check name and tag"));
        let (client, keychain) = self.registry.as_ref().ok_or_else(none)?;
        let access = Access { keychain, deadline };
        let tag = image.tag.as_deref().unwrap_or_default();
        let found = client.resolve(&image.repository, tag, access).await.map_err(|error| Failure::of(&error))?;
        let manifest = found.value.ok_or_else(none)?;
        Ok(Found { value: manifest.digest, until: self.clock.instant(), bytes: 0 })
    }

    /// Gathers and verifies.
    async fn look(
        self: Arc<Self>,
        image: Image,
        digest: Digest,
        trust: Arc<Trust>,
        deadline: Instant,
    ) -> Result<Found<Judged>, Failure> {
        let artifact = Artifact::from_digest(&digest.to_string())
            .ok_or_else(|| Failure::passing(format!("signatures are about SHA-256, and the image is `{digest}`")))?;
        let mut candidates = self.local.clone();
        if !candidates.is_empty() {
            let given = Arc::clone(&self).judged(candidates.clone(), artifact, Arc::clone(&trust)).await?;
            // Whoever gives a signature that holds wants no registry to be asked for one.
            if given.value.is_signed() || self.registry.is_none() {
                return Ok(given);
            }
        }
        let mut held = Vec::new();
        if let Some((client, keychain)) = &self.registry {
            let access = Access { keychain, deadline };
            let found = gather(client, &image.repository, &digest, access, &self.room).await;
            let Gathered { candidates: found, room } = found.map_err(|error| Failure::of(&error))?;
            held = room;
            // A registry has no signatures of what it does not have, which is no word about the image.
            let missing =
                async || client.manifest(&image.repository, &digest, access).await.map(|it| it.value.is_none());
            if found.is_empty() && missing().await.map_err(|error| Failure::of(&error))? {
                let name = image.name();
                return Err(Failure::passing(format!("the registry says that there is no `{name}@{digest}`")));
            }
            candidates.extend(found);
        }
        let judged = self.judged(candidates, artifact, trust).await;
        drop(held);
        judged
    }

    /// Verifies, where a processor has time for it.
    async fn judged(
        self: Arc<Self>,
        candidates: Vec<Candidate>,
        artifact: Artifact<'static>,
        trust: Arc<Trust>,
    ) -> Result<Found<Judged>, Failure> {
        let _turn = Arc::clone(&self.verifying).acquire_owned().await;
        let judged = tokio::task::spawn_blocking(move || self.judge(&candidates, &artifact, &trust)).await;
        judged.map_err(|_| Failure::passing("a bug in Portcullis stopped the verification; please report it"))
    }

    /// What may be remembered is good no longer than until a key of the trust begins or ceases to count.
    fn judge(&self, candidates: &[Candidate], artifact: &Artifact<'_>, trust: &Trust) -> Found<Judged> {
        let (begun, time_of_day) = (self.clock.instant(), self.clock.since_1970());
        let now = i64::try_from(time_of_day.as_secs()).unwrap_or(i64::MAX);
        let value = Judged::of(candidates, artifact, trust, now);
        let usual = if value.is_verified() { REMEMBER_VERIFIED } else { REMEMBER_NOTHING };
        let change = trust.next_change(now).and_then(|change| u64::try_from(change).ok()).map(Duration::from_secs);
        let time = change.map_or(usual, |change| usual.min(change.saturating_sub(time_of_day)));
        Found { until: begun + time, bytes: value.bytes(), value }
    }
}
