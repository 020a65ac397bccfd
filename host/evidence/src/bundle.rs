//! The bytes of a bundle to its parts, within bounds, and whatever the format forbids refused.
//!
//! Base64 is read as protobuf's JSON mapping has it (N13): standard or URL-safe alphabet, padded or not. White space,
//! foreign characters and set bits behind the end are refused. Keys are lowerCamelCase; members that nobody knows are
//! ignored, and nothing is read from them.

use serde_json::Value;
use sigstore_types::bundle::VerificationMaterialContent;
use sigstore_types::{Bundle, MediaType, SignatureContent};

use crate::attestation::{Statement, short};
use crate::certificate;
use crate::refused::{Reason, Refused};
use crate::{
    MAX_BUNDLE_BYTES, MAX_CERTIFICATE_BYTES, MAX_CERTIFICATES, MAX_LOG_ENTRIES, MAX_SIGNATURE_BYTES,
    MAX_TIMESTAMP_BYTES, MAX_TIMESTAMPS, json,
};

/// A bundle whose form is right; nothing about it is verified.
pub(crate) struct Parsed {
    /// As the verifying library reads it.
    pub bundle: Bundle,
    /// What it says, where it is an envelope.
    pub statement: Option<Statement>,
}

impl Parsed {
    /// Reads a bundle, version 0.1 to 0.3.
    pub fn read(bytes: &[u8]) -> Result<Self, Refused> {
        if bytes.len() > MAX_BUNDLE_BYTES {
            return Err(Reason::TooLarge.because(format!("more than {MAX_BUNDLE_BYTES} bytes")));
        }
        Self::from_json(json::read(bytes).map_err(|what| Reason::Malformed.because(what))?)
    }

    /// Checks a bundle that was read already.
    pub fn from_json(value: Value) -> Result<Self, Refused> {
        check_version(&value)?;
        check_shape(&value)?;
        let bundle: Bundle =
            serde_json::from_value(value).map_err(|error| Reason::Malformed.because(short(&error.to_string())))?;
        check_parts(&bundle)?;
        let statement = match &bundle.content {
            SignatureContent::DsseEnvelope(envelope) => {
                Some(Statement::open(&envelope.payload_type, envelope.payload.as_bytes())?)
            }
            _ => None,
        };
        Ok(Self { bundle, statement })
    }

    /// The certificates that came with it, the leaf first; none where a key made it.
    pub fn certificates(&self) -> Vec<&[u8]> {
        certificates(&self.bundle)
    }

    /// The bytes of the signature.
    pub fn signature(&self) -> &sigstore_types::SignatureBytes {
        signature(&self.bundle)
    }
}

fn certificates(bundle: &Bundle) -> Vec<&[u8]> {
    match &bundle.verification_material.content {
        VerificationMaterialContent::Certificate(certificate) => vec![certificate.raw_bytes.as_bytes()],
        VerificationMaterialContent::X509CertificateChain { certificates } => {
            certificates.iter().map(|certificate| certificate.raw_bytes.as_bytes()).collect()
        }
        _ => Vec::new(),
    }
}

fn signature(bundle: &Bundle) -> &sigstore_types::SignatureBytes {
    static NONE: std::sync::LazyLock<sigstore_types::SignatureBytes> =
        std::sync::LazyLock::new(|| sigstore_types::SignatureBytes::new(Vec::new()));
    match &bundle.content {
        SignatureContent::MessageSignature(message) => &message.signature,
        SignatureContent::DsseEnvelope(envelope) => &envelope.signature.sig,
        // No other content is read; one that a later release reads would carry no signature that we know.
        _ => &NONE,
    }
}

fn check_version(value: &Value) -> Result<(), Refused> {
    let Some(members) = value.as_object() else { return Err(Reason::Malformed.because("a bundle is a JSON object")) };
    let Some(version) = members.get("mediaType") else {
        return Err(Reason::UnknownVersion.because("it has no `mediaType`"));
    };
    let known = version.as_str().is_some_and(|text| text.parse::<MediaType>().is_ok());
    if known { Ok(()) } else { Err(Reason::UnknownVersion.because(format!("it is {}", short(&version.to_string())))) }
}

/// What the library would choose from without a word, and what it would read without a bound.
fn check_shape(value: &Value) -> Result<(), Refused> {
    let material = &value["verificationMaterial"];
    one_of(value, &["messageSignature", "dsseEnvelope"])?;
    one_of(material, &["certificate", "x509CertificateChain", "publicKey"])?;
    let count = |list: &Value| list.as_array().map_or(0, Vec::len);
    for (list, limit, what) in [
        (&material["tlogEntries"], MAX_LOG_ENTRIES, "log entries"),
        (&material["timestampVerificationData"]["rfc3161Timestamps"], MAX_TIMESTAMPS, "signed times"),
        (&material["x509CertificateChain"]["certificates"], MAX_CERTIFICATES, "certificates"),
    ] {
        if count(list) > limit {
            return Err(Reason::TooLarge.because(format!("more than {limit} {what}")));
        }
    }
    if !value["dsseEnvelope"].is_null() {
        let signatures = count(&value["dsseEnvelope"]["signatures"]);
        if signatures != 1 {
            return Err(Reason::Malformed.because(format!("an envelope has one signature, this one has {signatures}")));
        }
    }
    Ok(())
}

fn one_of(value: &Value, names: &[&str]) -> Result<(), Refused> {
    let there = names.iter().filter(|name| !value[**name].is_null()).count();
    if there == 1 {
        return Ok(());
    }
    Err(Reason::Malformed.because(format!("it has {there} of `{}`, and must have one", names.join("`, `"))))
}

fn check_parts(bundle: &Bundle) -> Result<(), Refused> {
    let certificates = certificates(bundle);
    let is_chain =
        matches!(bundle.verification_material.content, VerificationMaterialContent::X509CertificateChain { .. });
    if is_chain && bundle.media_type == MediaType::Bundle0_3 {
        return Err(Reason::Malformed.because("a bundle 0.3 has one certificate, not a chain"));
    }
    if is_chain && certificates.is_empty() {
        return Err(Reason::Malformed.because("its chain of certificates is empty"));
    }
    if certificates.iter().any(|certificate| certificate.len() > MAX_CERTIFICATE_BYTES) {
        return Err(Reason::TooLarge.because(format!("a certificate has more than {MAX_CERTIFICATE_BYTES} bytes")));
    }
    for certificate in certificates.iter().skip(1) {
        if certificate::is_self_issued(certificate)? {
            return Err(Reason::RootInBundle.alone());
        }
    }
    let times = &bundle.verification_material.timestamp_verification_data.rfc3161_timestamps;
    if times.iter().any(|time| time.signed_timestamp.as_bytes().len() > MAX_TIMESTAMP_BYTES) {
        return Err(Reason::TooLarge.because(format!("a signed time has more than {MAX_TIMESTAMP_BYTES} bytes")));
    }
    match signature(bundle).as_bytes().len() {
        0 => Err(Reason::Malformed.because("its signature is empty")),
        length if length > MAX_SIGNATURE_BYTES => {
            Err(Reason::TooLarge.because(format!("its signature has more than {MAX_SIGNATURE_BYTES} bytes")))
        }
        _ => Ok(()),
    }
}
