//! Signatures made with a key: which key of the trust made it, and whether it was that key's time.
//!
//! The verifying library refuses a keyed bundle that carries neither a log entry nor a signed time, which is what cosign
//! makes in an air gap. So the signature itself is always verified here, and the library is asked about the rest.

use sigstore_crypto::{SigningScheme, VerificationKey};
use sigstore_types::{HashAlgorithm, SignatureContent};
use sigstore_verify::PublicKeyVerificationPolicy;

use crate::artifact::Artifact;
use crate::bundle::Parsed;
use crate::refused::{Reason, Refused};
use crate::signature::refuse;
use crate::trust::{Trust, TrustedKey};
use crate::verified::{SignedTime, Signer};

/// Verifies the signature by the keys of the trust, and by the root whatever else there is. The binding to the artifact was
/// checked before.
pub(crate) fn verify(parsed: &Parsed, artifact: &Artifact<'_>, trust: &Trust) -> Result<(Signer, usize), Refused> {
    if trust.keys.is_empty() {
        return Err(Reason::NoKeys.alone());
    }
    let (index, key) = signer(parsed, artifact, &trust.keys)?;
    let material = &parsed.bundle.verification_material;
    let logged = !material.tlog_entries.is_empty();
    if logged || !material.timestamp_verification_data.rfc3161_timestamps.is_empty() {
        let root = trust.root.as_ref().ok_or_else(|| Reason::NoRoot.alone())?;
        let mut policy = PublicKeyVerificationPolicy::new(key.der.clone());
        if !logged {
            policy = policy.skip_tlog_unsafe();
        }
        root.verifier.verify(artifact.to_library(), &parsed.bundle, &policy).map_err(refuse)?;
    }
    Ok((Signer::Key { name: key.name.clone(), fingerprint: key.fingerprint.clone() }, index))
}

/// The key that made a signature. The hint in the bundle is signed by nobody and is not looked at (N39): keys are few.
fn signer<'a>(
    parsed: &Parsed,
    artifact: &Artifact<'_>,
    keys: &'a [TrustedKey],
) -> Result<(usize, &'a TrustedKey), Refused> {
    let mut refusal = Reason::WrongKey.alone();
    for (index, key) in keys.iter().enumerate() {
        match made_by(parsed, artifact, key) {
            Ok(()) => return Ok((index, key)),
            Err(why) if why.reason == Reason::NeedsBytes => refusal = why,
            Err(_) => {}
        }
    }
    Err(refusal)
}

fn made_by(parsed: &Parsed, artifact: &Artifact<'_>, key: &TrustedKey) -> Result<(), Refused> {
    let wrong = |_| Reason::WrongKey.alone();
    let signature = parsed.signature();
    let with = |scheme: SigningScheme| VerificationKey::from_spki_with_scheme(&key.der, scheme).map_err(wrong);
    match &parsed.bundle.content {
        SignatureContent::DsseEnvelope(envelope) => {
            with(key.algorithm.default_signing_scheme())?.verify(envelope.pae(), signature).map_err(wrong)
        }
        SignatureContent::MessageSignature(message) => {
            let scheme = match &message.message_digest {
                Some(digest) => key.algorithm.resolve_signing_scheme(digest.algorithm).map_err(wrong)?,
                None => key.algorithm.default_signing_scheme(),
            };
            let verifier = with(scheme)?;
            match artifact {
                Artifact::Bytes(bytes) => verifier.verify(bytes, signature).map_err(wrong),
                Artifact::Sha256(digest) if scheme.hash_algorithm() == Some(HashAlgorithm::Sha2256) => {
                    verifier.verify_prehashed(digest, signature).map_err(wrong)
                }
                Artifact::Sha256(_) => Err(Reason::NeedsBytes.because(format!("it is {}", scheme.name()))),
            }
        }
        _ => Err(Reason::Malformed.because("it has no signature that is known here")),
    }
}

/// Whether a key counted at every time that somebody signed, or else now (N40, CVE-2026-54787).
///
/// Without a signed time nobody knows when a signature was made, and whoever holds an old key can sign today.
pub(crate) fn check_time(key: &TrustedKey, times: &[SignedTime], now: i64) -> Result<(), Refused> {
    let who = |what: &str| format!("`{}` {what}", key.name);
    if key.revoked {
        return Err(Reason::KeyRevoked.because(who("is revoked")));
    }
    let signed: Vec<i64> = times.iter().map(|time| time.seconds).collect();
    let when = if signed.is_empty() { vec![now] } else { signed };
    let unsure = if times.is_empty() { ", and no signed time says that it was made before" } else { "" };
    for time in when {
        if key.not_before.is_some_and(|from| time < from) {
            let from = portcullis_model::format_time(key.not_before.unwrap_or_default());
            return Err(Reason::KeyNotYetValid.because(who(&format!("counts from {from}"))));
        }
        if key.not_after.is_some_and(|to| time >= to) {
            let to = portcullis_model::format_time(key.not_after.unwrap_or_default());
            return Err(Reason::KeyExpired.because(who(&format!("counted until {to}{unsure}"))));
        }
    }
    Ok(())
}
