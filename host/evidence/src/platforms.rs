//! What an index stands for: the image of each platform.

use portcullis_registry::{Access, Client, Content, Descriptor, Digest, Repository};

use crate::MAX_PLATFORMS;
use crate::failure::Failure;

/// What buildkit says of the entries of an index that are no image but say something about one.
const ATTESTATION: &str = "vnd.docker.reference.type";

/// One platform of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Platform {
    /// Such as `linux/arm64/v8`; empty where the index does not say.
    pub(crate) name: String,
    /// Its image.
    pub(crate) digest: Digest,
}

/// The platforms of an index, in its order; nothing for an image.
///
/// # Errors
/// It could not be looked up, or there are too many.
pub(crate) async fn platforms(
    client: &Client,
    repository: &Repository,
    digest: &Digest,
    access: Access<'_>,
) -> Result<Option<Vec<Platform>>, Failure> {
    let found = client.manifest(repository, digest, access).await.map_err(|error| Failure::of(&error))?;
    let name = format!("{}/{}@{digest}", repository.registry(), repository.name());
    let manifest =
        found.value.ok_or_else(|| Failure::passing(format!("the registry says that there is no `{name}`")))?;
    let Content::Index(index) = manifest.content else { return Ok(None) };
    let images = index.manifests.iter().filter(|entry| !entry.annotations.contains_key(ATTESTATION));
    let platforms: Vec<Platform> =
        images.map(|entry| Platform { name: shown(entry), digest: entry.digest.clone() }).collect();
    if platforms.len() > MAX_PLATFORMS {
        let count = platforms.len();
        return Err(Failure::passing(format!("`{name}` has {count} platforms, at most {MAX_PLATFORMS} are looked at")));
    }
    Ok(Some(platforms))
}

/// A platform as people write it.
pub(crate) fn shown(entry: &Descriptor) -> String {
    let Some(platform) = &entry.platform else { return String::new() };
    let variant = platform.variant.as_deref().map(|variant| format!("/{variant}")).unwrap_or_default();
    format!("{}/{}{variant}", platform.os, platform.architecture)
}
