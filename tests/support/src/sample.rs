//! Manifests, indexes and referrers made of a few words.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The media type of an image.
const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
/// The media type of an index.
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The config of whatever has none.
pub(crate) const EMPTY: &[u8] = b"{}";

/// Bytes with their media type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The media type.
    pub media_type: String,
}

impl Sample {
    /// A manifest as somebody writes it.
    pub fn of(value: &Value, media_type: &str) -> Self {
        Self { bytes: value.to_string().into_bytes(), media_type: media_type.to_owned() }
    }

    /// `sha256:...`
    pub fn digest(&self) -> String {
        digest(&self.bytes)
    }

    /// A descriptor of it.
    pub fn descriptor(&self) -> Value {
        descriptor(&self.media_type, &self.bytes)
    }
}

/// `sha256:...`
pub fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// A descriptor of bytes.
pub fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": digest(bytes), "size": bytes.len()})
}

/// An image with these layers.
pub fn image(layers: &[&[u8]]) -> Sample {
    let layers: Vec<Value> =
        layers.iter().map(|layer| descriptor("application/vnd.oci.image.layer.v1.tar", layer)).collect();
    let config = descriptor("application/vnd.oci.image.config.v1+json", EMPTY);
    Sample::of(&json!({"schemaVersion": 2, "mediaType": IMAGE, "config": config, "layers": layers}), IMAGE)
}

/// An index of these manifests.
pub fn index(manifests: &[Value]) -> Sample {
    Sample::of(&json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": manifests}), INDEX)
}

/// An artifact of a type that refers to a subject, with one layer.
pub fn referrer(subject: &Value, artifact_type: &str, layer: &[u8]) -> Sample {
    let config = descriptor("application/vnd.oci.empty.v1+json", EMPTY);
    let layers = [descriptor(artifact_type, layer)];
    let value = json!({"schemaVersion": 2, "mediaType": IMAGE, "artifactType": artifact_type,
        "config": config, "layers": layers, "subject": subject});
    Sample::of(&value, IMAGE)
}
