//! What refers to a digest: the Referrers API with its pages, or the fallback tag.

use std::collections::BTreeSet;

use hyper::header::{CONTENT_TYPE, LINK};

use crate::call::{Call, Get};
use crate::client::{tagged, url};
use crate::config::Endpoint;
use crate::digest::Digest;
use crate::error::Cause;
use crate::exchange::Reply;
use crate::location::{join, next_page, same_origin};
use crate::manifest::{Content, Descriptor, Manifest, OCI_INDEX, essence};
use crate::refusal::refusal;

/// What refers to a digest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Referrers {
    /// All of them as listed, unfiltered, each digest once.
    pub descriptors: Vec<Descriptor>,
    /// Who says so.
    pub source: Listing,
}

/// Who lists the referrers of a digest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listing {
    /// The Referrers API.
    Api,
    /// The tag `sha256-<hex>`, in a registry without that API.
    Tag,
    /// Nobody: the registry has neither the API nor such a tag.
    #[default]
    Nobody,
}

/// Asks one place.
pub(crate) async fn look(call: &mut Call<'_>, endpoint: &Endpoint, subject: &Digest) -> Result<Referrers, Cause> {
    let limits = call.shared.config.limits.clone();
    let what = format!("the referrers of `{subject}`");
    let first = url(endpoint, "referrers", &subject.to_string())?;
    let mut next = Some(first.clone());
    let mut seen = BTreeSet::new();
    let mut found = Found { limit: limits.referrers, ..Found::default() };
    for page in 0..limits.pages {
        let Some(url) = next.take() else { break };
        seen.insert(url.to_string());
        let get = Get { url, accept: OCI_INDEX, limit: limits.manifest, what: &what };
        let reply = call.get(endpoint, &get).await?;
        if page == 0 && is_unsupported(&reply) {
            return fallback(call, endpoint, subject, limits.referrers).await;
        }
        if reply.status.as_u16() != 200 {
            return Err(refusal(&reply));
        }
        found.add(listed(&reply, &what)?)?;
        next = following(&reply, &what)?;
        if let Some(next) = &next
            && (!same_origin(next, &first) || seen.contains(&next.to_string()))
        {
            let why = "the next page of referrers is at another host, or one that was there already";
            return Err(Cause::Target { url: reply.shown(), why });
        }
    }
    if next.is_some() {
        return Err(Cause::TooMany { what: "pages of referrers", limit: limits.pages });
    }
    Ok(Referrers { descriptors: found.descriptors, source: Listing::Api })
}

/// Whether an answer says that there is no Referrers API here: 404 as the specification has it, what registries answer in
/// its stead to a path that they do not know (go-containerregistry takes the same ones for that), and the web page that a
/// registry redirects to. That alone never means that there are no referrers: the fallback tag is asked.
fn is_unsupported(reply: &Reply) -> bool {
    match reply.status.as_u16() {
        400 | 404 | 405 | 406 | 501 => true,
        200 => reply.header(CONTENT_TYPE).is_some_and(|header| essence(header).eq_ignore_ascii_case("text/html")),
        _ => false,
    }
}

async fn fallback(
    call: &mut Call<'_>,
    endpoint: &Endpoint,
    subject: &Digest,
    limit: usize,
) -> Result<Referrers, Cause> {
    let Some(manifest) = tagged(call, endpoint, &subject.tag()).await? else { return Ok(Referrers::default()) };
    let Content::Index(index) = manifest.content else {
        let what = format!("the fallback tag `{}`", subject.tag());
        return Err(Cause::Unreadable { what, why: "it is an image and no index".to_owned() });
    };
    let mut found = Found { limit, ..Found::default() };
    found.add(index.manifests)?;
    Ok(Referrers { descriptors: found.descriptors, source: Listing::Tag })
}

/// The descriptors so far.
#[derive(Default)]
struct Found {
    descriptors: Vec<Descriptor>,
    digests: BTreeSet<Digest>,
    limit: usize,
}

impl Found {
    fn add(&mut self, page: Vec<Descriptor>) -> Result<(), Cause> {
        for descriptor in page {
            if !self.digests.insert(descriptor.digest.clone()) {
                continue;
            }
            if self.descriptors.len() >= self.limit {
                // A part of the list could lack just the one that matters.
                return Err(Cause::TooMany { what: "referrers", limit: self.limit });
            }
            self.descriptors.push(descriptor);
        }
        Ok(())
    }
}

fn listed(reply: &Reply, what: &str) -> Result<Vec<Descriptor>, Cause> {
    let unreadable = |why: &str| Cause::Unreadable { what: what.to_owned(), why: why.to_owned() };
    let read = Manifest::read(Digest::of(&reply.body), reply.body.clone(), reply.header(CONTENT_TYPE));
    match read {
        Ok(Manifest { content: Content::Index(index), .. }) => Ok(index.manifests),
        Ok(_) => Err(unreadable("it is an image and no index")),
        Err(Cause::Unreadable { why, .. }) => Err(unreadable(&why)),
        Err(cause) => Err(cause),
    }
}

/// The URL of the next page.
fn following(reply: &Reply, what: &str) -> Result<Option<hyper::Uri>, Cause> {
    for header in reply.headers.get_all(LINK) {
        let unreadable = |why: &str| Cause::Unreadable { what: what.to_owned(), why: why.to_owned() };
        let text = header.to_str().map_err(|_| unreadable("its `Link` header is no text"))?;
        if let Some(target) = next_page(text).map_err(unreadable)? {
            let refused = |why| Cause::Target { url: reply.shown(), why };
            return join(&reply.url, &target).map(Some).map_err(refused);
        }
    }
    Ok(None)
}
