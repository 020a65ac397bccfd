//! What cosign wrote before bundles: a payload and a signature, with certificate, log entry and time in annotations.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use x509_parser::pem::Pem;

use crate::artifact::{Artifact, from_hex, sha256_from_hex};
use crate::attestation::{Statement, short};
use crate::bundle::Parsed;
use crate::refused::{Reason, Refused};
use crate::signature::{now, verify_parsed};
use crate::trust::Trust;
use crate::verified::{Says, Verified};
use crate::{MAX_BUNDLE_BYTES, MAX_CERTIFICATES, MAX_PAYLOAD_BYTES, certificate, json};

/// The type that a payload must say it has.
const PAYLOAD_TYPE: &str = "cosign container image signature";

/// The annotations of a layer, as they stand there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Annotations<'a> {
    /// `dev.sigstore.cosign/certificate`: PEM.
    pub certificate: Option<&'a str>,
    /// `dev.sigstore.cosign/chain`: PEM.
    pub chain: Option<&'a str>,
    /// `dev.sigstore.cosign/bundle`: the log's promise, as JSON.
    pub bundle: Option<&'a str>,
    /// `dev.sigstore.cosign/rfc3161timestamp`: a signed time, as JSON.
    pub timestamp: Option<&'a str>,
}

impl<'a> Annotations<'a> {
    /// Those of a layer.
    pub fn of(annotations: &'a BTreeMap<String, String>) -> Self {
        let text = |name: &str| annotations.get(name).map(String::as_str);
        Self {
            certificate: text("dev.sigstore.cosign/certificate"),
            chain: text("dev.sigstore.cosign/chain"),
            bundle: text("dev.sigstore.cosign/bundle"),
            timestamp: text("dev.sigstore.cosign/rfc3161timestamp"),
        }
    }
}

/// Verifies an image signature (`.sig`): `payload` is the layer, `signature` its annotation
/// `dev.cosignproject.cosign/signature`, `image` the digest that the image was resolved to.
///
/// # Errors
/// The first step that failed, as in [`crate::verify`].
pub fn verify_image(
    payload: &[u8],
    signature: &str,
    annotations: &Annotations<'_>,
    image: &Artifact<'_>,
    trust: &Trust,
) -> Result<Verified, Refused> {
    verify_image_at(payload, signature, annotations, image, trust, now())
}

/// As [`verify_image`], with the clock in the caller's hand.
pub(crate) fn verify_image_at(
    payload: &[u8],
    signature: &str,
    annotations: &Annotations<'_>,
    image: &Artifact<'_>,
    trust: &Trust,
    now: i64,
) -> Result<Verified, Refused> {
    if payload.len() > MAX_PAYLOAD_BYTES {
        return Err(Reason::TooLarge.because(format!("its payload has more than {MAX_PAYLOAD_BYTES} bytes")));
    }
    let digest = STANDARD.encode(Sha256::digest(payload));
    let content = json!({"messageDigest": {"algorithm": "SHA2_256", "digest": digest}, "signature": signature});
    let parsed = bundle("messageSignature", content, annotations)?;
    let verified = verify_parsed(&parsed, &Artifact::Bytes(payload), trust, now)?;
    Ok(Verified { says: simple_signing(payload, image)?, ..verified })
}

/// Verifies an attestation (`.att`): `envelope` is the layer, `artifact` what it must be about.
///
/// # Errors
/// The first step that failed, as in [`crate::verify`].
pub fn verify_attestation(
    envelope: &[u8],
    annotations: &Annotations<'_>,
    artifact: &Artifact<'_>,
    trust: &Trust,
) -> Result<Verified, Refused> {
    verify_attestation_at(envelope, annotations, artifact, trust, now())
}

/// As [`verify_attestation`], with the clock in the caller's hand.
pub(crate) fn verify_attestation_at(
    envelope: &[u8],
    annotations: &Annotations<'_>,
    artifact: &Artifact<'_>,
    trust: &Trust,
    now: i64,
) -> Result<Verified, Refused> {
    if envelope.len() > MAX_BUNDLE_BYTES {
        return Err(Reason::TooLarge.because(format!("more than {MAX_BUNDLE_BYTES} bytes")));
    }
    let content = json::read(envelope).map_err(|what| Reason::Malformed.because(what))?;
    verify_parsed(&bundle("dsseEnvelope", content, annotations)?, artifact, trust, now)
}

/// The statement of an envelope, whoever signed it; nothing where it holds none.
pub(crate) fn statement(envelope: Value) -> Result<Option<Statement>, Refused> {
    Ok(bundle("dsseEnvelope", envelope, &Annotations::default())?.statement)
}

/// A bundle with the same parts, so that one verifier judges both.
fn bundle(name: &str, content: Value, annotations: &Annotations<'_>) -> Result<Parsed, Refused> {
    let mut material = serde_json::Map::new();
    match annotations.certificate {
        Some(leaf) => material.insert("x509CertificateChain".to_owned(), chain(leaf, annotations.chain)?),
        None => material.insert("publicKey".to_owned(), json!({"hint": ""})),
    };
    let mut version = "0.2";
    if let Some(text) = annotations.bundle {
        // Only there is a promise without a proof enough.
        version = "0.1";
        material.insert("tlogEntries".to_owned(), json!([log_entry(text)?]));
    }
    if let Some(text) = annotations.timestamp {
        let value = json::read(text.as_bytes()).map_err(|what| Reason::Malformed.because(what))?;
        let time = value["SignedRFC3161Timestamp"]
            .as_str()
            .ok_or_else(|| Reason::Malformed.because("its signed time has no `SignedRFC3161Timestamp`"))?;
        let times = json!({"rfc3161Timestamps": [{"signedTimestamp": time}]});
        material.insert("timestampVerificationData".to_owned(), times);
    }
    let media_type = format!("application/vnd.dev.sigstore.bundle+json;version={version}");
    Parsed::from_json(json!({"mediaType": media_type, "verificationMaterial": material, name: content}))
}

/// Leaf and intermediates. cosign adds the root, which proves nothing and is left out: the trust brings its own.
fn chain(leaf: &str, rest: Option<&str>) -> Result<Value, Refused> {
    let mut certificates = pem(leaf)?;
    if certificates.len() != 1 {
        return Err(Reason::CertificateMalformed.because("the annotation holds more than one"));
    }
    for certificate in rest.map(pem).transpose()?.unwrap_or_default() {
        if !certificate::is_self_issued(&certificate)? {
            certificates.push(certificate);
        }
    }
    let list: Vec<Value> = certificates.iter().map(|der| json!({"rawBytes": STANDARD.encode(der)})).collect();
    Ok(json!({"certificates": list}))
}

fn pem(text: &str) -> Result<Vec<Vec<u8>>, Refused> {
    let malformed = || Reason::CertificateMalformed.because("it is no PEM text");
    let mut certificates = Vec::new();
    for block in Pem::iter_from_buffer(text.as_bytes()).take(MAX_CERTIFICATES + 1) {
        let block = block.map_err(|_| malformed())?;
        if block.label != "CERTIFICATE" {
            return Err(malformed());
        }
        certificates.push(block.contents);
    }
    match certificates.len() {
        0 => Err(malformed()),
        count if count > MAX_CERTIFICATES => {
            Err(Reason::TooLarge.because(format!("more than {MAX_CERTIFICATES} certificates")))
        }
        _ => Ok(certificates),
    }
}

/// The log's promise as cosign keeps it (`SignedEntryTimestamp` and `Payload`) to an entry of a bundle.
fn log_entry(text: &str) -> Result<Value, Refused> {
    let malformed = |what: &str| Reason::Malformed.because(format!("its log entry {what}"));
    let value = json::read(text.as_bytes()).map_err(|what| Reason::Malformed.because(what))?;
    let payload = &value["Payload"];
    let (promise, body) = (value["SignedEntryTimestamp"].as_str(), payload["body"].as_str());
    let (Some(promise), Some(body)) = (promise, body) else {
        return Err(malformed("has no `SignedEntryTimestamp` or no `Payload.body`"));
    };
    let bytes = STANDARD.decode(body).map_err(|_| malformed("is no base64"))?;
    let entry = json::read(&bytes).map_err(|what| Reason::Malformed.because(what))?;
    let id = payload["logID"].as_str().and_then(from_hex).ok_or_else(|| malformed("has no `Payload.logID` in hex"))?;
    Ok(json!({
        "logIndex": payload["logIndex"],
        "logId": {"keyId": STANDARD.encode(id)},
        "kindVersion": {"kind": entry["kind"], "version": entry["apiVersion"]},
        "integratedTime": payload["integratedTime"],
        "inclusionPromise": {"signedEntryTimestamp": promise},
        "canonicalizedBody": body,
    }))
}

/// What a payload says, once its signature is verified.
fn simple_signing(payload: &[u8], image: &Artifact<'_>) -> Result<Says, Refused> {
    let value = json::read(payload).map_err(|what| Reason::Malformed.because(what))?;
    let critical = &value["critical"];
    if critical["type"] != PAYLOAD_TYPE {
        let what = format!("its payload says that it is {}", short(&critical["type"].to_string()));
        return Err(Reason::PayloadType.because(what));
    }
    let digest = critical["image"]["docker-manifest-digest"].as_str().unwrap_or_default();
    if digest.strip_prefix("sha256:").and_then(sha256_from_hex) != Some(image.sha256()) {
        return Err(Reason::WrongArtifact.because(format!("it is about `{}`, not about {image}", short(digest))));
    }
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let annotations = value["optional"].as_object().into_iter().flatten();
    let annotations: BTreeMap<_, _> =
        annotations.filter_map(|(name, value)| Some((name.clone(), text(value)?))).collect();
    Ok(Says::Image { reference: text(&critical["identity"]["docker-reference"]).unwrap_or_default(), annotations })
}
