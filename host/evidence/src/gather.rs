//! Everything in a registry that may be a signature or an attestation of an image: referrers, the fallback tag, cosign's older tags.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use portcullis_registry::{
    Access, Cause, Client, Content, Descriptor, Digest, Error, Legacy, Listing, Manifest, Repository,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout_at;

use crate::candidate::{Candidate, Form};
use crate::{MAX_BUNDLE_BYTES, MAX_CANDIDATES, MAX_EVIDENCE_BYTES, MAX_EVIDENCE_HELD};

/// What the layer of a manifest with a bundle is (sigstore bundle specification; the older form carries the version apart).
pub(crate) const BUNDLE_TYPE: &str = "application/vnd.dev.sigstore.bundle";
/// What the layers below cosign's older tag are.
pub(crate) const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// What the layers of an attestation are below cosign's older tag.
pub(crate) const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";
/// Referrers of one image that are read at once.
const AT_ONCE: usize = 8;

/// What was gathered, and the room that it takes as long as it is held.
pub(crate) struct Gathered {
    pub(crate) candidates: Vec<Candidate>,
    #[expect(dead_code, reason = "held as long as the candidates are, and given back with them")]
    room: Vec<OwnedSemaphorePermit>,
}

/// Room for evidence, in KiB.
pub(crate) fn room() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(usize::try_from(MAX_EVIDENCE_HELD / KIB).unwrap_or(usize::MAX)))
}

/// A unit of [`MAX_EVIDENCE_HELD`].
const KIB: u64 = 1024;

/// Reads all of them. No candidate is a trustworthy "nothing there". What cosign attested before bundles stands below a tag of
/// its own, which is asked for only where `attestations` matter.
///
/// # Errors
/// Something could not be looked up, whole, or there is too much of it.
pub(crate) async fn gather(
    client: &Client,
    repository: &Repository,
    digest: &Digest,
    access: Access<'_>,
    room: &Arc<Semaphore>,
    attestations: bool,
) -> Result<Gathered, Error> {
    let bytes = AtomicU64::new(0);
    let place = Place { client, repository, digest, access, bytes, room, held: Mutex::default() };
    let attested = async { if attestations { place.older(Legacy::Attestations).await } else { Ok(Vec::new()) } };
    let older = try_join(place.older(Legacy::Signatures), attested);
    let (mut candidates, (signatures, attested)) = try_join(place.referrers(), older).await?;
    candidates.extend(signatures.into_iter().chain(attested));
    check(&candidates)?;
    let room = place.held.into_inner().unwrap_or_else(PoisonError::into_inner);
    Ok(Gathered { candidates, room })
}

/// One image in one repository.
struct Place<'a> {
    client: &'a Client,
    repository: &'a Repository,
    digest: &'a Digest,
    access: Access<'a>,
    /// What was read of it so far, or is being read.
    bytes: AtomicU64,
    room: &'a Arc<Semaphore>,
    /// What of the room this image has.
    held: Mutex<Vec<OwnedSemaphorePermit>>,
}

impl Place<'_> {
    /// What refers to it, by the Referrers API or the fallback tag.
    async fn referrers(&self) -> Result<Vec<Candidate>, Error> {
        let referrers = self.client.referrers(self.repository, self.digest, self.access).await?.value;
        let name = match referrers.source {
            Listing::Api | Listing::Nobody => "referrers".to_owned(),
            Listing::Tag => format!("tag `{}-{}`", self.digest.algorithm(), self.digest.hex()),
        };
        let each: Vec<_> = referrers.descriptors.iter().map(|one| self.referrer(one, &name).boxed()).collect();
        let mut each = stream::iter(each).buffered(AT_ONCE);
        let mut found = Vec::new();
        while let Some(more) = each.try_next().await? {
            found.extend(more);
            check(&found)?;
        }
        Ok(found)
    }

    async fn referrer(&self, descriptor: &Descriptor, name: &str) -> Result<Vec<Candidate>, Error> {
        match self.client.referrer(self.repository, self.digest, descriptor, self.access).await {
            Ok(answer) => self.bundles(&answer.value, name).await,
            // What is listed here and is about something else proves nothing about this image (N43).
            Err(Error { cause: cause @ Cause::Subject { .. }, .. }) => {
                Ok(vec![Candidate { found: name.to_owned(), form: Form::Broken(cause.to_string()) }])
            }
            Err(error) => Err(error),
        }
    }

    /// The bundles of one referrer; none where it is something else. Only the manifest itself says what it is.
    async fn bundles(&self, manifest: &Manifest, name: &str) -> Result<Vec<Candidate>, Error> {
        let Content::Image(image) = &manifest.content else { return Ok(Vec::new()) };
        let typed = manifest.artifact_type().is_some_and(|kind| kind.starts_with(BUNDLE_TYPE));
        let mut found = Vec::new();
        for layer in image.layers.iter().filter(|layer| typed || layer.media_type.starts_with(BUNDLE_TYPE)) {
            let form = match oversized(layer) {
                Some(why) => Form::Broken(why),
                None => Form::Bundle(self.blob(layer).await?),
            };
            found.push(Candidate { found: name.to_owned(), form });
            check(&found)?;
        }
        Ok(found)
    }

    /// What cosign kept below a tag before there were bundles.
    async fn older(&self, kind: Legacy) -> Result<Vec<Candidate>, Error> {
        let legacy = self.client.legacy(self.repository, self.digest, kind, self.access).await?.value;
        let Some(Content::Image(image)) = legacy.map(|manifest| manifest.content) else { return Ok(Vec::new()) };
        let name = format!("tag `{}`", kind.tag(self.digest));
        let layer_type = if kind == Legacy::Attestations { ENVELOPE } else { SIMPLE_SIGNING };
        let mut found = Vec::new();
        for layer in image.layers.iter().filter(|layer| layer.media_type == layer_type) {
            let annotations = layer.annotations.clone();
            let form = match (oversized(layer), kind) {
                (Some(why), _) => Form::Broken(why),
                (None, Legacy::Attestations) => Form::Envelope { envelope: self.blob(layer).await?, annotations },
                (None, _) => Form::SimpleSigning { payload: self.blob(layer).await?, annotations },
            };
            found.push(Candidate { found: name.clone(), form });
            check(&found)?;
        }
        Ok(found)
    }

    /// A layer, as long as all of them together are not too much to hold at once (A40).
    async fn blob(&self, layer: &Descriptor) -> Result<Bytes, Error> {
        let before = self.bytes.fetch_add(layer.size, Ordering::SeqCst);
        if before.saturating_add(layer.size) > MAX_EVIDENCE_BYTES {
            let what = "what is attached to one image".to_owned();
            return Err(Error { cause: Cause::TooLarge { what, limit: MAX_EVIDENCE_BYTES }, attempts: Vec::new() });
        }
        let share = u32::try_from(layer.size / KIB + 1).unwrap_or(u32::MAX);
        let waiting = Arc::clone(self.room).acquire_many_owned(share);
        match timeout_at(self.access.deadline.into(), waiting).await {
            Ok(Ok(permit)) => self.held.lock().unwrap_or_else(PoisonError::into_inner).push(permit),
            _ => return Err(Error { cause: Cause::Crowded, attempts: Vec::new() }),
        }
        Ok(self.client.blob(self.repository, layer, self.access).await?.value)
    }
}

pub(crate) fn oversized(layer: &Descriptor) -> Option<String> {
    let most = MAX_BUNDLE_BYTES as u64;
    (layer.size > most).then(|| format!("it has {} bytes, at most {most} are read", layer.size))
}

/// Too many are an error and no fact: among those that nobody reads may be the one that counts.
fn check(found: &[Candidate]) -> Result<(), Error> {
    if found.len() <= MAX_CANDIDATES {
        return Ok(());
    }
    let cause = Cause::TooMany { what: "signatures and attestations of one image", limit: MAX_CANDIDATES };
    Err(Error { cause, attempts: Vec::new() })
}
