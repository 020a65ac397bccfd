//! What may be a signature of an image, before anybody has verified it.

use std::collections::BTreeMap;
use std::path::Path;

use bytes::Bytes;

use crate::artifact::Artifact;
use crate::attestation::COSIGN_SIGNATURE;
use crate::bundle::Parsed;
use crate::gather::BUNDLE_TYPE;
use crate::json;
use crate::legacy::{self, Annotations};
use crate::refused::{Reason, Refused};
use crate::signature::verify_at;
use crate::trust::Trust;
use crate::verified::Verified;

/// What may be a signature, and where it was found.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// For a person: `referrers`, ``tag `sha256-....sig` ``, a file.
    pub(crate) found: String,
    pub(crate) form: Form,
}

/// What stands before the path of a file of the caller's.
const FILE: &str = "file ";

/// How it is written.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    /// A sigstore bundle.
    Bundle(Bytes),
    /// A payload with its annotations, as cosign wrote it before bundles.
    SimpleSigning { payload: Bytes, annotations: BTreeMap<String, String> },
    /// A statement in an envelope with its annotations, as cosign wrote attestations before bundles.
    Envelope { envelope: Bytes, annotations: BTreeMap<String, String> },
    /// What says of itself that it is a signature, and cannot be one.
    Broken(String),
}

impl Form {
    /// The word in facts.
    pub(crate) fn as_str(&self) -> &'static str {
        match self {
            Self::Bundle(_) | Self::Broken(_) => "bundle",
            Self::SimpleSigning { .. } => "simpleSigning",
            Self::Envelope { .. } => "envelope",
        }
    }
}

/// Whether these bytes say of themselves that they are a sigstore bundle, of whatever version and however broken besides.
pub fn is_bundle(bytes: &[u8]) -> bool {
    // Everything else is passed over without being kept.
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Head {
        media_type: String,
    }
    serde_json::from_slice(bytes).is_ok_and(|head: Head| head.media_type.starts_with(BUNDLE_TYPE))
}

impl Candidate {
    /// A bundle that the caller gave.
    pub(crate) fn local(path: &Path, bytes: Bytes) -> Self {
        Self { found: format!("{FILE}`{}`", path.display()), form: Form::Bundle(bytes) }
    }

    /// A bundle that lies beside the file that it is about.
    pub(crate) fn beside(path: &Path, bytes: Bytes) -> Self {
        Self { found: format!("`{}`", path.display()), form: Form::Bundle(bytes) }
    }

    /// Whether the caller gave it, who may have given it for another image.
    pub(crate) fn is_local(&self) -> bool {
        self.found.starts_with(FILE)
    }

    /// How many bytes are to be read.
    pub(crate) fn bytes(&self) -> usize {
        match &self.form {
            Form::Bundle(bytes)
            | Form::SimpleSigning { payload: bytes, .. }
            | Form::Envelope { envelope: bytes, .. } => bytes.len(),
            Form::Broken(_) => 0,
        }
    }

    /// The type of predicate that it says it holds, whether that is so or not; nothing where it says none.
    pub(crate) fn claims(&self) -> Option<String> {
        let statement = match &self.form {
            Form::Bundle(bytes) => Parsed::read(bytes).ok()?.statement,
            Form::Envelope { envelope, .. } => legacy::statement(json::read(envelope).ok()?).ok()?,
            Form::SimpleSigning { .. } => return Some(COSIGN_SIGNATURE.to_owned()),
            Form::Broken(_) => None,
        };
        statement.map(|statement| statement.predicate_type)
    }

    /// Verifies it over the digest of an image, at a time in seconds since 1970-01-01T00:00:00Z.
    pub(crate) fn verify(&self, image: &Artifact<'_>, trust: &Trust, now: i64) -> Result<Verified, Refused> {
        match &self.form {
            Form::Bundle(bytes) => verify_at(bytes, image, trust, now),
            Form::Envelope { envelope, annotations } => {
                legacy::verify_attestation_at(envelope, &Annotations::of(annotations), image, trust, now)
            }
            Form::SimpleSigning { payload, annotations } => {
                let signature = annotations.get("dev.cosignproject.cosign/signature").map_or("", String::as_str);
                if signature.is_empty() {
                    return Err(Reason::Malformed.because("its annotation with the signature is missing"));
                }
                legacy::verify_image_at(payload, signature, &Annotations::of(annotations), image, trust, now)
            }
            Form::Broken(why) => Err(Reason::Malformed.because(why.clone())),
        }
    }
}
