//! One question to its answer: gathered, verified and read once for all who ask at the same time, and remembered for a while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::try_join_all;
use portcullis_model::{Fact, Meaning, Query, Resolved, Source as Text};
use portcullis_registry::{Access, Client, Content, Digest, Keychain};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::artifact::Artifact;
use crate::candidate::Candidate;
use crate::clock::Clock;
use crate::fact::Judged;
use crate::failure::Failure;
use crate::file;
use crate::flights::{Bounds, Flights, Found, Landed};
use crate::gather::{Gathered, gather, room};
use crate::given::{self, Given, GivenDocument, Use};
use crate::image::Image;
use crate::platforms::{Platform, platforms};
use crate::proofs::Proofs;
use crate::question::{About, Kind, Question, Scope};
use crate::reports::{self, Part};
use crate::source::{Evidence, MAX_LOOK_UPS, REMEMBER_NOTHING, REMEMBER_VERIFIED, REMEMBERED_BYTES, REMEMBERED_IMAGES};
use crate::store::TrustStore;
use crate::trust::Trust;
use crate::{MAX_VERIFYING, MAX_VERIFYING_TOGETHER};

/// One query and the question that it is.
pub(crate) struct Asked<'a> {
    pub(crate) query: &'a Query,
    pub(crate) question: Result<Question, String>,
    /// The name of its image; empty for none.
    name: String,
    /// Whether somebody in the review asks for attestations of the same image.
    pub(crate) attested: bool,
}

impl Asked<'_> {
    /// What questions that are answered together have in common.
    pub(crate) fn group(&self) -> &str {
        &self.name
    }
}

/// What all look-ups share.
pub(crate) struct Shared {
    store: Arc<TrustStore>,
    registry: Option<(Client, Keychain)>,
    local: Vec<Candidate>,
    given: Vec<Given>,
    pub(crate) time: Duration,
    clock: Clock,
    answers: Flights<Key, Judged>,
    /// What registries have and what of it holds: nothing is remembered, those who ask at once share it.
    gathered: Flights<Place, Gathered>,
    proofs: Flights<(Place, String), Proofs>,
    /// What a digest stands for never changes.
    indexes: Flights<(String, String), Option<Vec<Platform>>>,
    /// By name with tag. Only errors are remembered here: what a tag means is asked for anew for each review (A32).
    tags: Flights<String, Digest>,
    /// For what is held of all images.
    room: Arc<Semaphore>,
    /// For those whose evidence is verified and read.
    verifying: Arc<Semaphore>,
}

/// What is remembered is good for this digest, in this repository, under this trust, for this question, and for nothing else
/// (A32, A34).
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    repository: String,
    /// The digest; where nobody had to know it, the name with its tag.
    digest: String,
    trust: String,
    kind: Kind,
    question: String,
}

/// What is attached to one digest in one repository.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Place {
    repository: String,
    digest: String,
    /// Whether the older tag of attestations is looked at, too.
    attested: bool,
}

impl Shared {
    pub(crate) fn new(store: Arc<TrustStore>, evidence: Evidence, runtime: Handle, clock: Clock) -> Self {
        let (entries, bytes, under_way) = (REMEMBERED_IMAGES, REMEMBERED_BYTES, MAX_LOOK_UPS);
        let bounds = Bounds { entries, bytes, under_way, errors: true };
        let shared = Bounds { entries: 0, errors: false, ..bounds };
        let known = Bounds { errors: false, ..bounds };
        let given = |kind: Kind, texts: Vec<Arc<Text>>| texts.into_iter().map(move |text| Given::new(kind, text));
        let Evidence { registry, bundles, sboms, reports, time } = evidence;
        Self {
            store,
            registry,
            local: bundles.into_iter().map(|(path, bytes)| Candidate::local(&path, bytes)).collect(),
            given: given(Kind::Sbom, sboms).chain(given(Kind::Sast, reports)).collect(),
            time,
            answers: Flights::new(bounds, clock.clone(), runtime.clone()),
            gathered: Flights::new(shared, clock.clone(), runtime.clone()),
            proofs: Flights::new(shared, clock.clone(), runtime.clone()),
            indexes: Flights::new(known, clock.clone(), runtime.clone()),
            tags: Flights::new(bounds, clock.clone(), runtime),
            clock,
            room: room(),
            verifying: Arc::new(Semaphore::new(MAX_VERIFYING)),
        }
    }

    /// The questions that queries are.
    pub(crate) fn read<'a>(&self, queries: &'a [Query]) -> Vec<Asked<'a>> {
        let mut asked: Vec<Asked<'_>> = Vec::with_capacity(queries.len());
        for query in queries {
            let question = Question::read(query);
            let name = question.as_ref().ok().and_then(Question::image).map(Image::name).unwrap_or_default();
            asked.push(Asked { query, question, name, attested: false });
        }
        let wants = |one: &&Asked<'_>| one.question.as_ref().is_ok_and(|one| one.kind != Kind::Signature);
        let wanted: Vec<String> = asked.iter().filter(wants).map(|one| one.name.clone()).collect();
        for one in &mut asked {
            one.attested = wanted.contains(&one.name);
        }
        asked
    }

    /// Whether a registry is asked for it: not where a file of the caller's is enough, and there is one.
    pub(crate) fn asks_registry(&self, question: &Question) -> bool {
        let given = question.local && self.given.iter().any(|given| given.kind == question.kind);
        question.kind == Kind::Signature || (question.trusts && !given)
    }

    /// What has become of the caller's documents.
    pub(crate) fn given(&self) -> Vec<GivenDocument> {
        self.given.iter().map(Given::shown).collect()
    }

    /// Keeps of the caller's documents that what they are about could not be looked up.
    pub(crate) fn unanswered(&self, question: &Question) {
        given::used(&self.given, question, if question.local { Use::Told } else { Use::Unsigned });
    }

    /// # Errors
    /// For a person: what could not be looked up.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        query: &Query,
        question: &Question,
        attested: bool,
        review: &Resolved,
        deadline: Instant,
    ) -> Result<Fact, String> {
        let gone = "the trust that it names is in force no more";
        let trust = match question.kind == Kind::Signature || question.trusts {
            true => Some(self.store.get(&query.trust).ok_or(gone)?),
            false => None,
        };
        let About::Image(image) = &question.about else {
            let now = i64::try_from(self.clock.since_1970().as_secs()).unwrap_or(i64::MAX);
            return file::fact(query, question, self.local.clone(), &self.given, trust.as_deref(), now);
        };
        let asks = self.asks_registry(question);
        let digest = digest_of(image, review);
        let digest = if asks { Some(digest?) } else { digest.ok() };
        let shown = digest.as_ref().map(ToString::to_string);
        let key = Key {
            repository: image.name(),
            digest: shown.clone().unwrap_or_else(|| image.name_with_tag()),
            trust: query.trust.clone(),
            kind: question.kind,
            question: identity(query, question),
        };
        let work = Work { image: image.clone(), digest, trust, question: question.clone(), attested, asks, deadline };
        let begin = || Arc::clone(self).work(work);
        let judged = self.answers.get(key, begin).await.map_err(|failure| image.told(&failure))?;
        if judged.is_nothing() && asks && self.registry.is_none() {
            // Nobody looked: that is not to have found nothing.
            let about = format!("{}@{}", image.name(), shown.unwrap_or_default());
            return Err(given::nobody_looked(question, self.local.len(), &about));
        }
        let name = image.name();
        let named = shown.as_ref().map_or_else(|| image.name_with_tag(), |digest| format!("{name}@{digest}"));
        judged.image_fact(query, &named, shown.as_deref(), image.digest.is_some())
    }

    /// What a tag means now. Reviews that ask at the same time share one request.
    pub(crate) async fn meaning(self: &Arc<Self>, image: Image, deadline: Instant) -> Meaning {
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
}

/// Everything that an answer is made of.
struct Work {
    image: Image,
    digest: Option<Digest>,
    trust: Option<Arc<Trust>>,
    question: Question,
    attested: bool,
    asks: bool,
    deadline: Instant,
}

impl Shared {
    async fn work(self: Arc<Self>, work: Work) -> Result<Found<Judged>, Failure> {
        let begun = self.clock.instant();
        let time_of_day = self.clock.since_1970();
        let judged = match work.question.kind {
            Kind::Signature => {
                let (parts, _) = self.parts(&work).await?;
                Judged::signatures(parts.iter().flat_map(|part| &part.proofs))
            }
            _ => {
                let (parts, platforms) = if work.asks { self.parts(&work).await? } else { (Vec::new(), None) };
                let bytes = parts.iter().flat_map(|part| &part.proofs).map(|proofs| proofs.bytes()).sum();
                let baseline = self.baseline(&work).await?;
                let (given, question, image) = (self.given.clone(), work.question, work.image);
                let digest = work.digest.map(|digest| digest.to_string());
                let subject = reports::Subject::image(&image, digest.as_deref(), platforms);
                let judge = move || reports::judge(&question, &subject, &parts, &given, baseline);
                self.compute(bytes, judge).await?.map_err(Failure::passing)?
            }
        };
        // What may be remembered is good no longer than until a key of the trust begins or ceases to count.
        let usual = if judged.is_verified() { REMEMBER_VERIFIED } else { REMEMBER_NOTHING };
        let now = i64::try_from(time_of_day.as_secs()).unwrap_or(i64::MAX);
        let change = work.trust.as_ref().and_then(|trust| trust.next_change(now));
        let change = change.and_then(|change| u64::try_from(change).ok()).map(Duration::from_secs);
        let time = change.map_or(usual, |change| usual.min(change.saturating_sub(time_of_day)));
        Ok(Found { until: begun + time, bytes: judged.bytes(), value: judged })
    }

    /// The report that results are compared with, where the question names one by its digest: a file of the caller's, or the only
    /// layer of a manifest in the repository of the image.
    async fn baseline(&self, work: &Work) -> Result<Option<Vec<u8>>, Failure> {
        let Some(wanted) = work.question.baseline() else { return Ok(None) };
        if let Some(given) = given::by_digest(&self.given, wanted) {
            return Ok(Some(given));
        }
        let name = work.image.name();
        let none = |why: &str| Failure::passing(given::no_baseline(&self.given, wanted, why));
        let Some((client, keychain)) = &self.registry else {
            return Err(none("is none of the files that were given, and no registry may be asked for it"));
        };
        let digest: Digest = wanted.parse().map_err(|_| none("is no digest"))?;
        let access = Access { keychain, deadline: work.deadline };
        let found = client.manifest(&work.image.repository, &digest, access).await;
        let manifest = found.map_err(|error| Failure::of(&error))?.value;
        let manifest = manifest.ok_or_else(|| none(&format!("is not in `{name}`")))?;
        let Content::Image(image) = &manifest.content else { return Err(none("is an index, and has no report")) };
        let [layer] = image.layers.as_slice() else { return Err(none("must have one layer, which is the report")) };
        let blob = client.blob(&work.image.repository, layer, access).await.map_err(|error| Failure::of(&error))?;
        Ok(Some(blob.value.to_vec()))
    }

    /// What is known of the image, first, and of each of its platforms where they matter; and the platforms, where somebody
    /// looked: nothing of what is no index.
    async fn parts(self: &Arc<Self>, work: &Work) -> Result<(Vec<Part>, Option<Option<Vec<Platform>>>), Failure> {
        let (Some(digest), Some(trust)) = (&work.digest, &work.trust) else { return Ok((Vec::new(), None)) };
        let own = self.part(work, digest, trust, None).await?;
        let enough = !self.local.is_empty() && own.proofs.first().is_some_and(|one| reports::has(&work.question, one));
        let mut parts = vec![own];
        if work.question.kind == Kind::Signature || enough || self.registry.is_none() {
            return Ok((parts, None));
        }
        let platforms = self.index(work, digest).await?;
        if work.question.scope == Scope::Platforms {
            let each = platforms.iter().flatten();
            let each = each.map(|one| self.part(work, &one.digest, trust, Some(one.name.clone())).boxed());
            parts.extend(try_join_all(each.collect::<Vec<_>>()).await?);
        }
        Ok((parts, Some(platforms.as_ref().clone())))
    }

    /// What is known of one digest: what the caller gave, first, and what the registry has.
    async fn part(
        self: &Arc<Self>,
        work: &Work,
        digest: &Digest,
        trust: &Arc<Trust>,
        platform: Option<String>,
    ) -> Result<Part, Failure> {
        let artifact = Artifact::from_digest(&digest.to_string())
            .ok_or_else(|| Failure::passing(format!("signatures are about SHA-256, and the image is `{digest}`")))?;
        let mut proofs = Vec::new();
        if !self.local.is_empty() {
            let given = self.verified(self.local.clone(), artifact, Arc::clone(trust)).await?;
            // Whoever gives a signature that holds wants no registry to be asked for one.
            let enough = reports::has(&work.question, &given);
            proofs.push(Arc::new(given));
            if enough || self.registry.is_none() {
                return Ok(Part { digest: digest.to_string(), platform, proofs });
            }
        }
        if self.registry.is_some() {
            proofs.push(self.attached(work, digest, artifact, trust).await?);
        }
        Ok(Part { digest: digest.to_string(), platform, proofs })
    }

    /// What the registry has, verified.
    async fn attached(
        self: &Arc<Self>,
        work: &Work,
        digest: &Digest,
        artifact: Artifact<'static>,
        trust: &Arc<Trust>,
    ) -> Landed<Proofs> {
        let place = Place { repository: work.image.name(), digest: digest.to_string(), attested: work.attested };
        let (own, image, digest) = (Arc::clone(self), work.image.clone(), digest.clone());
        let (trust, deadline) = (Arc::clone(trust), work.deadline);
        let key = (place.clone(), trust.digest().to_owned());
        let begin = move || async move {
            let begin = || Arc::clone(&own).gather(image, digest, place.attested, deadline);
            let gathered = own.gathered.get(place.clone(), begin).await?;
            let proofs = own.verified(gathered.candidates.clone(), artifact, trust).await?;
            Ok(Found { value: proofs, until: own.clock.instant(), bytes: 0 })
        };
        self.proofs.get(key, begin).await
    }

    async fn gather(
        self: Arc<Self>,
        image: Image,
        digest: Digest,
        attested: bool,
        deadline: Instant,
    ) -> Result<Found<Gathered>, Failure> {
        let name = image.name();
        let none = || Failure::passing(format!("the registry says that there is no `{name}@{digest}`"));
        let (client, keychain) = self.registry.as_ref().ok_or_else(none)?;
        let access = Access { keychain, deadline };
        let gathered = gather(client, &image.repository, &digest, access, &self.room, attested).await;
        let gathered = gathered.map_err(|error| Failure::of(&error))?;
        // A registry has no signatures of what it does not have, which is no word about the image.
        if gathered.candidates.is_empty() {
            let found = client.manifest(&image.repository, &digest, access).await;
            found.map_err(|error| Failure::of(&error))?.value.ok_or_else(none)?;
        }
        Ok(Found { value: gathered, until: self.clock.instant(), bytes: 0 })
    }

    /// The platforms of an index; nothing for an image.
    async fn index(self: &Arc<Self>, work: &Work, digest: &Digest) -> Landed<Option<Vec<Platform>>> {
        let (own, image, deadline) = (Arc::clone(self), work.image.clone(), work.deadline);
        let (key, digest) = ((image.name(), digest.to_string()), digest.clone());
        let begin = move || async move {
            let (client, keychain) =
                own.registry.as_ref().ok_or_else(|| Failure::passing("no registry may be asked"))?;
            let found = platforms(client, &image.repository, &digest, Access { keychain, deadline }).await?;
            let bytes = found.iter().flatten().map(|platform| platform.name.len() + 200).sum();
            Ok(Found { value: found, until: own.clock.instant() + REMEMBER_VERIFIED, bytes })
        };
        self.indexes.get(key, begin).await
    }

    async fn verified(
        &self,
        candidates: Vec<Candidate>,
        artifact: Artifact<'static>,
        trust: Arc<Trust>,
    ) -> Result<Proofs, Failure> {
        let now = i64::try_from(self.clock.since_1970().as_secs()).unwrap_or(i64::MAX);
        let bytes = candidates.iter().map(Candidate::bytes).sum();
        self.compute(bytes, move || Proofs::of(&candidates, &artifact, &trust, now)).await
    }

    /// Computes, where a processor has time for it; what is large, alone.
    async fn compute<T: Send + 'static>(
        &self,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let share = if bytes > MAX_VERIFYING_TOGETHER { MAX_VERIFYING } else { 1 };
        let share = u32::try_from(share).unwrap_or(u32::MAX);
        let turn = Arc::clone(&self.verifying).acquire_many_owned(share).await;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(|_| Failure::passing("a bug in Portcullis stopped the verification; please report it"))
    }
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

/// What distinguishes a question from others about the same digest under the same trust.
fn identity(query: &Query, question: &Question) -> String {
    if question.kind == Kind::Signature {
        return String::new();
    }
    let mut arguments: serde_json::Value = serde_json::from_str(&query.arguments).unwrap_or_default();
    if let Some(members) = arguments.as_object_mut() {
        members.remove("image");
        members.remove("trust");
    }
    arguments.to_string()
}
