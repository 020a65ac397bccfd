//! Manifests, referrers and blobs: bounded in size, time and redirects.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use hyper::Uri;
use hyper::header::{CONTENT_TYPE, HeaderName};
use tokio::time::timeout_at;

use crate::attempt::Attempt;
use crate::call::{Call, Get, Shared};
use crate::config::{Config, Endpoint};
use crate::digest::Digest;
use crate::error::{Cause, Error};
use crate::keychain::Keychain;
use crate::manifest::{ACCEPT, Content, Descriptor, Manifest};
use crate::name::{Repository, check_tag};
use crate::referrers::Referrers;
use crate::refusal::check_absent;
use crate::rounds::Rounds;

/// What a registry says that the digest of a manifest is; compared where we asked by tag, never believed.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");

/// Who asks, and until when.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    /// The credentials of whoever asks.
    pub keychain: &'a Keychain,
    /// When an answer is of no use any more. A question ends then, whatever is under way.
    pub deadline: Instant,
}

/// An answer, and what was sent for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// The answer.
    pub value: T,
    /// Every request, in order.
    pub attempts: Vec<Attempt>,
}

/// Where cosign kept things about an image before there were referrers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Legacy {
    /// Tag `sha256-<hex>.sig`.
    Signatures,
    /// Tag `sha256-<hex>.att`.
    Attestations,
    /// Tag `sha256-<hex>.sbom`: SBOMs that nobody signed.
    Sboms,
}

impl Legacy {
    /// The tag for a digest.
    pub fn tag(self, digest: &Digest) -> String {
        let suffix = match self {
            Self::Signatures => "sig",
            Self::Attestations => "att",
            Self::Sboms => "sbom",
        };
        format!("{}.{suffix}", digest.tag())
    }
}

/// A manifest below an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Child {
    /// What the index says about it.
    pub descriptor: Descriptor,
    /// The manifest itself.
    pub manifest: Manifest,
}

/// Reads registries. Cheap to clone; all clones share connections and tokens. Dropping the future of a question ends it.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Client").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

/// What is asked for by name.
#[derive(Clone, Copy)]
enum Reference<'a> {
    Tag(&'a str),
    Digest(&'a Digest),
}

impl Client {
    /// Checks the settings and reads the certificate authorities. Nothing is sent. Questions must be asked within a tokio
    /// runtime.
    ///
    /// # Errors
    /// The settings cannot be used.
    pub fn new(config: Config) -> Result<Self, Error> {
        Ok(Self { shared: Arc::new(Shared::new(config).map_err(Error::unsent)?) })
    }

    /// What a tag means now: one request, and the digest is that of the bytes that came. `None`: the registry itself says
    /// that there is no such tag or repository. Ask once and speak of the digest from then on.
    ///
    /// # Errors
    /// It could not be looked up; also where `Docker-Content-Digest` contradicts the bytes, as other clients believe it.
    pub async fn resolve(
        &self,
        repository: &Repository,
        tag: &str,
        access: Access<'_>,
    ) -> Result<Answer<Option<Manifest>>, Error> {
        check_tag(tag).map_err(Error::unsent)?;
        let mut call = self.call(access);
        let looking = self.manifest_by(&mut call, repository, Reference::Tag(tag));
        let result = in_time(access, &self.shared.config, looking).await;
        finish(call, result)
    }

    /// The manifest or index of a digest. `None`: the registry itself says that there is no such thing.
    ///
    /// # Errors
    /// It could not be looked up, or other bytes came.
    pub async fn manifest(
        &self,
        repository: &Repository,
        digest: &Digest,
        access: Access<'_>,
    ) -> Result<Answer<Option<Manifest>>, Error> {
        let mut call = self.call(access);
        let looking = self.manifest_by(&mut call, repository, Reference::Digest(digest));
        let result = in_time(access, &self.shared.config, looking).await;
        finish(call, result)
    }

    /// The manifest that a descriptor is about: its digest, its size and its media type.
    ///
    /// # Errors
    /// It could not be looked up, is not there, or is another one than described.
    pub async fn described(
        &self,
        repository: &Repository,
        descriptor: &Descriptor,
        access: Access<'_>,
    ) -> Result<Answer<Manifest>, Error> {
        let mut call = self.call(access);
        let looking = self.manifest_of(&mut call, repository, descriptor);
        let result = in_time(access, &self.shared.config, looking).await;
        finish(call, result)
    }

    /// The bytes that a descriptor is about: exactly as many as it says, with exactly its digest.
    ///
    /// # Errors
    /// They could not be had, are not there, or are others than described.
    pub async fn blob(
        &self,
        repository: &Repository,
        descriptor: &Descriptor,
        access: Access<'_>,
    ) -> Result<Answer<Bytes>, Error> {
        let mut call = self.call(access);
        let looking = self.blob_of(&mut call, repository, descriptor);
        let result = in_time(access, &self.shared.config, looking).await;
        finish(call, result)
    }

    /// What refers to a digest: the descriptors as the registry lists them, all of them, each digest once. They are not
    /// filtered, because what they say about an artifact's type is often wrong and never to be trusted: fetch each with
    /// [`Client::referrer`] and decide by the manifest.
    ///
    /// An empty list is a trustworthy "nothing there": the Referrers API said so, or there is none and the registry itself
    /// says that the fallback tag does not exist.
    ///
    /// # Errors
    /// It could not be looked up, whole.
    pub async fn referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
        access: Access<'_>,
    ) -> Result<Answer<Referrers>, Error> {
        let mut call = self.call(access);
        let looking = self.referrers_by(&mut call, repository, subject);
        let result = in_time(access, &self.shared.config, looking).await;
        finish(call, result)
    }

    /// The manifest of a referrer, if it says itself that it is about `subject`.
    ///
    /// # Errors
    /// It could not be had, is another one than described, or is about something else.
    pub async fn referrer(
        &self,
        repository: &Repository,
        subject: &Digest,
        descriptor: &Descriptor,
        access: Access<'_>,
    ) -> Result<Answer<Manifest>, Error> {
        let answer = self.described(repository, descriptor, access).await?;
        match answer.value.subject().map(|own| &own.digest) {
            Some(own) if own == subject => Ok(answer),
            own => {
                let cause = Cause::Subject {
                    manifest: answer.value.digest.to_string(),
                    expected: subject.to_string(),
                    found: own.map(Digest::to_string),
                };
                Err(Error { cause, attempts: answer.attempts })
            }
        }
    }

    /// What cosign kept about a digest before there were referrers. `None`: the registry itself says that there is no such
    /// tag. The tag binds nothing: what lies there must say itself what it is about.
    ///
    /// # Errors
    /// It could not be looked up.
    pub async fn legacy(
        &self,
        repository: &Repository,
        subject: &Digest,
        kind: Legacy,
        access: Access<'_>,
    ) -> Result<Answer<Option<Manifest>>, Error> {
        self.resolve(repository, &kind.tag(subject), access).await
    }

    /// Every manifest below an index, indexes in it included, each digest once; none for an image.
    ///
    /// # Errors
    /// One of them could not be had, or there are too many or too deep ones.
    pub async fn children(
        &self,
        repository: &Repository,
        index: &Manifest,
        access: Access<'_>,
    ) -> Result<Answer<Vec<Child>>, Error> {
        let mut call = self.call(access);
        let looking = self.children_of(&mut call, repository, index);
        let result = in_time(access, &self.shared.config, looking).await;
        finish(call, result)
    }

    fn call<'a>(&'a self, access: Access<'a>) -> Call<'a> {
        let deadline = deadline(access, &self.shared.config);
        let retries = self.shared.config.limits.retries;
        Call { shared: &self.shared, keychain: access.keychain, deadline, attempts: Vec::new(), retries }
    }

    async fn manifest_by(
        &self,
        call: &mut Call<'_>,
        repository: &Repository,
        reference: Reference<'_>,
    ) -> Result<Option<Manifest>, Cause> {
        let mut rounds = Rounds::new(&self.shared.config, repository)?;
        while let Some(endpoint) = rounds.next(call) {
            let result = manifest_from(call, &endpoint, reference).await;
            rounds.take(result);
        }
        rounds.finish()
    }

    async fn manifest_of(
        &self,
        call: &mut Call<'_>,
        repository: &Repository,
        descriptor: &Descriptor,
    ) -> Result<Manifest, Cause> {
        let what = format!("the manifest `{}`", descriptor.digest);
        if descriptor.size > self.shared.config.limits.manifest {
            return Err(Cause::TooLarge { what, limit: self.shared.config.limits.manifest });
        }
        let found = self.manifest_by(call, repository, Reference::Digest(&descriptor.digest)).await?;
        let manifest = found.ok_or_else(|| Cause::Missing { what: what.clone() })?;
        let size = manifest.bytes.len() as u64;
        if size != descriptor.size {
            return Err(Cause::Size { what, expected: descriptor.size, found: size });
        }
        if manifest.media_type != descriptor.media_type {
            let why = format!("it is `{}`, and was described as `{}`", manifest.media_type, descriptor.media_type);
            return Err(Cause::Unreadable { what, why });
        }
        Ok(manifest)
    }

    async fn blob_of(
        &self,
        call: &mut Call<'_>,
        repository: &Repository,
        descriptor: &Descriptor,
    ) -> Result<Bytes, Cause> {
        let what = format!("the blob `{}`", descriptor.digest);
        if descriptor.size > self.shared.config.limits.blob {
            return Err(Cause::TooLarge { what, limit: self.shared.config.limits.blob });
        }
        let mut rounds = Rounds::new(&self.shared.config, repository)?;
        while let Some(endpoint) = rounds.next(call) {
            let result = blob_from(call, &endpoint, descriptor, &what).await;
            rounds.take(result);
        }
        rounds.finish()?.ok_or(Cause::Missing { what })
    }

    async fn referrers_by(
        &self,
        call: &mut Call<'_>,
        repository: &Repository,
        subject: &Digest,
    ) -> Result<Referrers, Cause> {
        let mut rounds = Rounds::new(&self.shared.config, repository)?;
        let mut nothing = Referrers::default();
        while let Some(endpoint) = rounds.next(call) {
            let found = match crate::referrers::look(call, &endpoint, subject).await {
                // Many mirrors know nothing of referrers: their empty list is no last word.
                Ok(found) if found.descriptors.is_empty() => {
                    nothing = found;
                    Ok(None)
                }
                other => other.map(Some),
            };
            rounds.take(found);
        }
        Ok(rounds.finish()?.unwrap_or(nothing))
    }

    async fn children_of(
        &self,
        call: &mut Call<'_>,
        repository: &Repository,
        index: &Manifest,
    ) -> Result<Vec<Child>, Cause> {
        let limits = &self.shared.config.limits;
        let mut seen = BTreeSet::from([index.digest.clone()]);
        let mut children = Vec::new();
        let mut waiting = VecDeque::from([(index.clone(), 0)]);
        while let Some((parent, depth)) = waiting.pop_front() {
            let Content::Index(parent) = parent.content else { continue };
            if depth >= limits.nesting {
                return Err(Cause::TooMany { what: "levels of indexes", limit: limits.nesting });
            }
            for descriptor in parent.manifests {
                if !seen.insert(descriptor.digest.clone()) {
                    continue;
                }
                if children.len() >= limits.children {
                    return Err(Cause::TooMany { what: "manifests in an index", limit: limits.children });
                }
                let manifest = self.manifest_of(call, repository, &descriptor).await?;
                waiting.push_back((manifest.clone(), depth + 1));
                children.push(Child { descriptor, manifest });
            }
        }
        Ok(children)
    }
}

fn deadline(access: Access<'_>, config: &Config) -> tokio::time::Instant {
    let latest = Instant::now() + config.limits.total;
    access.deadline.min(latest).into()
}

/// Ends a question when its time is over, wherever it is.
async fn in_time<T>(
    access: Access<'_>,
    config: &Config,
    looking: impl Future<Output = Result<T, Cause>>,
) -> Result<T, Cause> {
    timeout_at(deadline(access, config), looking).await.unwrap_or(Err(Cause::Late))
}

fn finish<T>(call: Call<'_>, result: Result<T, Cause>) -> Result<Answer<T>, Error> {
    match result {
        Ok(value) => Ok(Answer { value, attempts: call.attempts }),
        Err(cause) => Err(Error { cause, attempts: call.attempts }),
    }
}

/// A URL below a repository.
pub(crate) fn url(endpoint: &Endpoint, kind: &str, reference: &str) -> Result<Uri, Cause> {
    let text = format!("{}://{}/v2/{}/{kind}/{reference}", endpoint.scheme(), endpoint.host, endpoint.name);
    text.parse().map_err(|_| Cause::Name { text, why: "is no URL" })
}

/// A manifest from one place. `None`: that registry itself says that there is no such thing.
async fn manifest_from(
    call: &mut Call<'_>,
    endpoint: &Endpoint,
    reference: Reference<'_>,
) -> Result<Option<Manifest>, Cause> {
    let name = match reference {
        Reference::Tag(tag) => tag.to_owned(),
        Reference::Digest(digest) => digest.to_string(),
    };
    let what = format!("the manifest `{name}`");
    let limit = call.shared.config.limits.manifest;
    let get = Get { url: url(endpoint, "manifests", &name)?, accept: ACCEPT, limit, what: &what };
    let reply = call.get(endpoint, &get).await?;
    if reply.status.as_u16() != 200 {
        return check_absent(&reply).map(|()| None);
    }
    let digest = match reference {
        Reference::Digest(digest) => {
            digest.check(&reply.body)?;
            digest.clone()
        }
        Reference::Tag(_) => {
            let digest = Digest::of(&reply.body);
            if let Some(said) = reply.header(CONTENT_DIGEST).filter(|said| said.starts_with("sha256:"))
                && said != digest.to_string()
            {
                return Err(Cause::Digest { expected: crate::error::quoted(said), found: digest.to_string() });
            }
            digest
        }
    };
    Manifest::read(digest, reply.body.clone(), reply.header(CONTENT_TYPE)).map(Some)
}

/// The fallback tag of a digest, from one place.
pub(crate) async fn tagged(call: &mut Call<'_>, endpoint: &Endpoint, tag: &str) -> Result<Option<Manifest>, Cause> {
    manifest_from(call, endpoint, Reference::Tag(tag)).await
}

async fn blob_from(
    call: &mut Call<'_>,
    endpoint: &Endpoint,
    descriptor: &Descriptor,
    what: &str,
) -> Result<Option<Bytes>, Cause> {
    let url = url(endpoint, "blobs", &descriptor.digest.to_string())?;
    let get = Get { url, accept: "application/octet-stream, */*", limit: descriptor.size, what };
    let size = |found: u64| Cause::Size { what: what.to_owned(), expected: descriptor.size, found };
    let reply = match call.get(endpoint, &get).await {
        // It ended nowhere near: what counts is that it is one byte too long.
        Err(Cause::TooLarge { .. }) => return Err(size(descriptor.size.saturating_add(1))),
        other => other?,
    };
    if reply.status.as_u16() != 200 {
        return check_absent(&reply).map(|()| None);
    }
    if reply.body.len() as u64 != descriptor.size {
        return Err(size(reply.body.len() as u64));
    }
    descriptor.digest.check(&reply.body)?;
    Ok(Some(reply.body))
}
