//! Everything in a registry that may be a signature of an image: referrers, the fallback tag, cosign's older tag.

use portcullis_registry::{
    Access, Cause, Client, Content, Descriptor, Digest, Error, Legacy, Listing, Manifest, Repository,
};

use crate::candidate::{Candidate, Form};
use crate::{MAX_BUNDLE_BYTES, MAX_CANDIDATES};

/// What the layer of a manifest with a bundle is (sigstore bundle specification; the older form carries the version apart).
pub(crate) const BUNDLE_TYPE: &str = "application/vnd.dev.sigstore.bundle";
/// What the layers below cosign's older tag are.
pub(crate) const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";

/// Reads all of them. An empty list is a trustworthy "nothing there".
///
/// # Errors
/// Something could not be looked up, whole, or there is too much of it.
pub(crate) async fn gather(
    client: &Client,
    repository: &Repository,
    digest: &Digest,
    access: Access<'_>,
) -> Result<Vec<Candidate>, Error> {
    let mut found = Vec::new();
    let referrers = client.referrers(repository, digest, access).await?.value;
    let place = match referrers.source {
        Listing::Api | Listing::Nobody => "referrers".to_owned(),
        Listing::Tag => format!("tag `{}-{}`", digest.algorithm(), digest.hex()),
    };
    for descriptor in &referrers.descriptors {
        match client.referrer(repository, digest, descriptor, access).await {
            Ok(answer) => bundles(client, repository, &answer.value, &place, access, &mut found).await?,
            // What is listed here and is about something else proves nothing about this image (N43).
            Err(Error { cause: cause @ Cause::Subject { .. }, .. }) => {
                found.push(Candidate { found: place.clone(), form: Form::Broken(cause.to_string()) });
            }
            Err(error) => return Err(error),
        }
        check(&found)?;
    }
    if let Some(manifest) = client.legacy(repository, digest, Legacy::Signatures, access).await?.value {
        let place = format!("tag `{}`", Legacy::Signatures.tag(digest));
        simple_signing(client, repository, &manifest, &place, access, &mut found).await?;
    }
    Ok(found)
}

/// The bundles of one referrer; none where it is something else. Only the manifest itself says what it is.
async fn bundles(
    client: &Client,
    repository: &Repository,
    manifest: &Manifest,
    place: &str,
    access: Access<'_>,
    found: &mut Vec<Candidate>,
) -> Result<(), Error> {
    let Content::Image(image) = &manifest.content else { return Ok(()) };
    let typed = manifest.artifact_type().is_some_and(|kind| kind.starts_with(BUNDLE_TYPE));
    for layer in &image.layers {
        if !layer.media_type.starts_with(BUNDLE_TYPE) && !typed {
            continue;
        }
        let form = match oversized(layer) {
            Some(why) => Form::Broken(why),
            None => Form::Bundle(client.blob(repository, layer, access).await?.value),
        };
        found.push(Candidate { found: place.to_owned(), form });
        check(found)?;
    }
    Ok(())
}

async fn simple_signing(
    client: &Client,
    repository: &Repository,
    manifest: &Manifest,
    place: &str,
    access: Access<'_>,
    found: &mut Vec<Candidate>,
) -> Result<(), Error> {
    let Content::Image(image) = &manifest.content else { return Ok(()) };
    for layer in image.layers.iter().filter(|layer| layer.media_type == SIMPLE_SIGNING) {
        let form = match oversized(layer) {
            Some(why) => Form::Broken(why),
            None => {
                let payload = client.blob(repository, layer, access).await?.value;
                Form::SimpleSigning { payload, annotations: layer.annotations.clone() }
            }
        };
        found.push(Candidate { found: place.to_owned(), form });
        check(found)?;
    }
    Ok(())
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
