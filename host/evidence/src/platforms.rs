//! What an index stands for: the image of each platform.

use portcullis_registry::{Access, Client, Content, Descriptor, Digest, Repository};

use crate::MAX_PLATFORMS;
use crate::failure::Failure;

/// What buildkit says of the entries of an index that are no image but say something about one; they run nowhere.
const ATTESTATION: (&str, &str) = ("vnd.docker.reference.type", "attestation-manifest");
/// The platform of these. Anything else could be pulled by somebody.
const NOWHERE: &str = "unknown/unknown";

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
    let (key, value) = ATTESTATION;
    let is_noise = |entry: &Descriptor| {
        shown(entry) == NOWHERE && entry.annotations.get(key).is_some_and(|written| written == value)
    };
    let images = index.manifests.iter().filter(|entry| !is_noise(entry));
    let platforms: Vec<Platform> =
        images.map(|entry| Platform { name: shown(entry), digest: entry.digest.clone() }).collect();
    if platforms.len() > MAX_PLATFORMS {
        let count = platforms.len();
        return Err(Failure::passing(format!("`{name}` has {count} platforms, at most {MAX_PLATFORMS} are looked at")));
    }
    Ok(Some(platforms))
}

/// A platform as the index writes it.
pub(crate) fn written(entry: &Descriptor) -> String {
    let Some(platform) = &entry.platform else { return String::new() };
    let variant = platform.variant.as_deref().map(|variant| format!("/{variant}")).unwrap_or_default();
    format!("{}/{}{variant}", platform.os, platform.architecture)
}

/// A platform as people write it, and runtimes compare it (containerd's `platforms.Normalize`): one name for each.
pub(crate) fn shown(entry: &Descriptor) -> String {
    let Some(platform) = &entry.platform else { return String::new() };
    let lower = |text: &str| text.trim().to_ascii_lowercase();
    let (os, variant) = (lower(&platform.os), platform.variant.as_deref().map(lower).unwrap_or_default());
    let (architecture, variant) = match (lower(&platform.architecture).as_str(), variant.as_str()) {
        ("x86_64" | "x86-64" | "amd64", "" | "v1") => ("amd64".to_owned(), String::new()),
        ("x86_64" | "x86-64" | "amd64", variant) => ("amd64".to_owned(), variant.to_owned()),
        ("aarch64" | "arm64", "" | "8" | "v8") => ("arm64".to_owned(), String::new()),
        ("aarch64" | "arm64", variant) => ("arm64".to_owned(), variant.to_owned()),
        ("i386" | "386" | "i686", _) => ("386".to_owned(), String::new()),
        ("armhf", _) => ("arm".to_owned(), "v7".to_owned()),
        ("armel", _) => ("arm".to_owned(), "v6".to_owned()),
        (architecture, variant) => (architecture.to_owned(), variant.to_owned()),
    };
    let os = if os == "macos" { "darwin" } else { &os };
    let variant = if variant.is_empty() { variant } else { format!("/{variant}") };
    format!("{os}/{architecture}{variant}")
}
