//! Manifests and indexes: read strictly, and never taken for each other.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;

use crate::digest::Digest;
use crate::error::Cause;
use crate::limits::MAX_MANIFEST_VALUES;

/// The media types that are asked for: always the same list, so that no registry has a reason to answer differently.
pub(crate) const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
     application/vnd.docker.distribution.manifest.v2+json, application/vnd.docker.distribution.manifest.list.v2+json";
/// An index of OCI.
pub(crate) const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// The bytes of one manifest or index, and what they say. The bytes are those of the digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The digest of the bytes: the one that was asked for, else SHA-256.
    pub digest: Digest,
    /// The bytes as the registry has them.
    pub bytes: Bytes,
    /// The media type, on which the header and the text agree.
    pub media_type: String,
    /// What it says.
    pub content: Content,
}

/// What a manifest says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// One image or artifact.
    Image(Image),
    /// A list of manifests.
    Index(Index),
}

/// One image or artifact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// `artifactType`.
    pub artifact_type: Option<String>,
    /// `config`.
    pub config: Descriptor,
    /// `layers`.
    pub layers: Vec<Descriptor>,
    /// `subject`: what it is about.
    pub subject: Option<Descriptor>,
    /// `annotations`.
    pub annotations: BTreeMap<String, String>,
}

/// A list of manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// `artifactType`.
    pub artifact_type: Option<String>,
    /// `manifests`.
    pub manifests: Vec<Descriptor>,
    /// `subject`: what it is about.
    pub subject: Option<Descriptor>,
    /// `annotations`.
    pub annotations: BTreeMap<String, String>,
}

/// What somebody says about other bytes. Only `digest` and `size` are checked when those are fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// `mediaType`.
    pub media_type: String,
    /// `digest`.
    pub digest: Digest,
    /// `size` in bytes.
    pub size: u64,
    /// `artifactType`: not to be trusted, cosign 3.1 writes a wrong one.
    pub artifact_type: Option<String>,
    /// `platform`.
    pub platform: Option<Platform>,
    /// `annotations`.
    pub annotations: BTreeMap<String, String>,
}

/// What a manifest in an index runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Platform {
    /// `architecture`, such as `amd64`.
    #[serde(default)]
    pub architecture: String,
    /// `os`, such as `linux`.
    #[serde(default)]
    pub os: String,
    /// `variant`, such as `v8`.
    #[serde(default)]
    pub variant: Option<String>,
}

impl Index {
    /// Whether it lists a manifest itself.
    pub fn lists(&self, digest: &Digest) -> bool {
        self.manifests.iter().any(|one| one.digest == *digest)
    }
}

impl Manifest {
    /// What kind of artifact it says it is: `artifactType`, else the media type of its config (OCI image 1.1, "Guidelines
    /// for Artifact Usage").
    pub fn artifact_type(&self) -> Option<&str> {
        match &self.content {
            Content::Image(image) => Some(image.artifact_type.as_deref().unwrap_or(&image.config.media_type)),
            Content::Index(index) => index.artifact_type.as_deref(),
        }
    }

    /// What it says it is about.
    pub fn subject(&self) -> Option<&Descriptor> {
        match &self.content {
            Content::Image(image) => image.subject.as_ref(),
            Content::Index(index) => index.subject.as_ref(),
        }
    }

    /// Reads the bytes of a digest. `header` is the media type that the registry says they have.
    pub(crate) fn read(digest: Digest, bytes: Bytes, header: Option<&str>) -> Result<Self, Cause> {
        let unreadable = |why: String| Cause::Unreadable { what: format!("the manifest `{digest}`"), why };
        // Each of a map's entries and a list's items has one before it, and takes many times its bytes in memory.
        if bytes.iter().filter(|byte| **byte == b',').count() > MAX_MANIFEST_VALUES {
            return Err(unreadable(format!("it has more than {MAX_MANIFEST_VALUES} values")));
        }
        let text: Text = serde_json::from_slice(&bytes).map_err(|error| unreadable(said(&error)))?;
        let header = header.map(essence).filter(|header| !matches!(*header, "" | "application/json" | "text/plain"));
        let media_type = match (text.media_type.as_deref(), header) {
            // What one reader takes for an index is an image to another (CVE-2021-41190): they must agree.
            (Some(own), Some(header)) if own != header => {
                return Err(unreadable(format!("it says that it is `{own}`, and the registry says `{header}`")));
            }
            (Some(own), _) => own.to_owned(),
            (None, Some(header)) => header.to_owned(),
            (None, None) if text.manifests.is_some() => OCI_INDEX.to_owned(),
            (None, None) => OCI_MANIFEST.to_owned(),
        };
        let content = text.content(&media_type).map_err(unreadable)?;
        Ok(Self { digest, bytes, media_type, content })
    }
}

/// The media type without its parameters.
pub(crate) fn essence(header: &str) -> &str {
    header.split(';').next().unwrap_or_default().trim()
}

/// What a parser says, without the text it quotes.
fn said(error: &serde_json::Error) -> String {
    crate::error::quoted(&error.to_string())
}

/// A manifest or an index as written; fields that we do not know are somebody else's.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Text {
    schema_version: Option<u64>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<DescriptorText>,
    layers: Option<Vec<DescriptorText>>,
    manifests: Option<Vec<DescriptorText>>,
    subject: Option<DescriptorText>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

impl Text {
    fn content(self, media_type: &str) -> Result<Content, String> {
        if self.schema_version != Some(2) {
            return Err("its `schemaVersion` is not 2".to_owned());
        }
        let artifact_type = self.artifact_type.filter(|text| !text.is_empty());
        let subject = self.subject.map(Descriptor::read).transpose()?;
        let annotations = self.annotations.unwrap_or_default();
        match media_type {
            OCI_MANIFEST | DOCKER_MANIFEST => {
                if self.manifests.is_some() {
                    return Err("it is an image with `manifests`".to_owned());
                }
                let config = Descriptor::read(self.config.ok_or("it has no `config`")?)?;
                // Docker's own manifests and old artifacts may have none.
                let layers = descriptors(self.layers.unwrap_or_default())?;
                Ok(Content::Image(Image { artifact_type, config, layers, subject, annotations }))
            }
            OCI_INDEX | DOCKER_INDEX => {
                if self.config.is_some() || self.layers.is_some() {
                    return Err("it is an index with `config` or `layers`".to_owned());
                }
                let manifests = descriptors(self.manifests.ok_or("it has no `manifests`")?)?;
                Ok(Content::Index(Index { artifact_type, manifests, subject, annotations }))
            }
            other => Err(format!("the media type `{}` is not one of a manifest or index", crate::error::quoted(other))),
        }
    }
}

fn descriptors(texts: Vec<DescriptorText>) -> Result<Vec<Descriptor>, String> {
    texts.into_iter().map(Descriptor::read).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescriptorText {
    media_type: String,
    digest: String,
    size: u64,
    artifact_type: Option<String>,
    platform: Option<Platform>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

impl Descriptor {
    fn read(text: DescriptorText) -> Result<Self, String> {
        Ok(Self {
            digest: text.digest.parse().map_err(|cause: Cause| cause.to_string())?,
            media_type: text.media_type,
            size: text.size,
            artifact_type: text.artifact_type.filter(|text| !text.is_empty()),
            platform: text.platform,
            annotations: text.annotations.unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = r#"{"mediaType":"application/vnd.oci.empty.v1+json","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}"#;

    fn read(text: &str, header: Option<&str>) -> Result<Manifest, Cause> {
        Manifest::read(Digest::of(text.as_bytes()), Bytes::from(text.to_owned()), header)
    }

    #[test]
    fn knows_the_artifact_type_by_the_manifest_alone() {
        let with = |more: &str| format!(r#"{{"schemaVersion":2,"config":{EMPTY},"layers":[]{more}}}"#);
        let of = |text: &str| read(text, Some(OCI_MANIFEST)).expect("a manifest").artifact_type().map(str::to_owned);
        assert_eq!(of(&with("")).as_deref(), Some("application/vnd.oci.empty.v1+json"));
        assert_eq!(of(&with(r#","artifactType":"a/b""#)).as_deref(), Some("a/b"));
        let subject = read(&with(&format!(r#","subject":{EMPTY}"#)), None).expect("a manifest");
        assert_eq!(subject.subject().map(|subject| subject.size), Some(2));
    }

    #[test]
    fn n42_refuses_what_one_reader_takes_for_an_image_and_another_for_an_index() {
        let both = format!(r#"{{"schemaVersion":2,"config":{EMPTY},"layers":[],"manifests":[]}}"#);
        let image = format!(r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{EMPTY},"layers":[]}}"#);
        assert!(
            read(&both, Some(OCI_MANIFEST)).is_err()
                && read(&both, Some(OCI_INDEX)).is_err()
                && read(&both, None).is_err()
        );
        assert!(read(&image, Some(OCI_INDEX)).is_err() && read(&image, Some(DOCKER_MANIFEST)).is_err());
        assert!(read(&image, Some("application/vnd.oci.image.manifest.v1+json; charset=utf-8")).is_ok());
        assert!(read(&image, None).is_ok() && read(&image, Some("application/json")).is_ok());
    }

    #[test]
    fn a40_refuses_what_would_be_many_times_its_size_in_memory() {
        let with = |count: usize| {
            let notes: Vec<String> = (0..count).map(|note| format!("\"{note}\":\"\"")).collect();
            format!(r#"{{"schemaVersion":2,"config":{EMPTY},"layers":[],"annotations":{{{}}}}}"#, notes.join(","))
        };
        assert!(read(&with(10_000), None).is_ok());
        let error = read(&with(MAX_MANIFEST_VALUES), None).expect_err("too many");
        assert!(error.to_string().contains("values"), "{error}");
    }

    #[test]
    fn n11_refuses_texts_that_are_no_manifest() {
        let deep = "[".repeat(100_000);
        let twice = format!(r#"{{"schemaVersion":2,"config":{EMPTY},"config":{EMPTY},"layers":[]}}"#);
        let upper = format!(
            r#"{{"schemaVersion":2,"config":{},"layers":[]}}"#,
            EMPTY.replace("sha256:44136f", "sha256:44136F")
        );
        let negative = format!(r#"{{"schemaVersion":2,"config":{},"layers":[]}}"#, EMPTY.replace(":2,", ":-2,"));
        let first = r#"{"schemaVersion":1,"mediaType":"application/vnd.docker.distribution.manifest.v1+json"}"#;
        for bad in ["", "null", "[]", "{}", "\u{feff}{}", &deep, &twice, &upper, &negative, first, "<html></html>"] {
            assert!(read(bad, Some(OCI_MANIFEST)).is_err(), "{}", bad.get(..40).unwrap_or(bad));
        }
    }
}
