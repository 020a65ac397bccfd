//! Whether an artifact is signed by somebody we trust.

use std::time::{SystemTime, UNIX_EPOCH};

use portcullis_model::Presence;
use sigstore_types::SignatureContent;
use sigstore_verify::{CertificateError, Error as Library, TimestampError, TransparencyLogError};

use crate::artifact::Artifact;
use crate::bundle::Parsed;
use crate::refused::{Reason, Refused};
use crate::trust::Trust;
use crate::verified::{Says, Verified};
use crate::{keyed, keyless, log, timestamp};

/// Verifies a sigstore bundle (0.1 to 0.3) over an artifact. Nothing is looked up anywhere.
///
/// Everything that is in the bundle must hold, asked for or not: a signed time that is wrong is not made good by a log
/// entry that is right. Where a key has a window and nobody signed a time, the clock of this machine decides.
///
/// # Errors
/// The first step that failed; nothing of the bundle may be believed then.
pub fn verify(bundle: &[u8], artifact: &Artifact<'_>, trust: &Trust) -> Result<Verified, Refused> {
    verify_at(bundle, artifact, trust, now())
}

/// As [`verify`], with the clock in the caller's hand: seconds since 1970-01-01T00:00:00Z.
///
/// # Errors
/// Those of [`verify`].
pub fn verify_at(bundle: &[u8], artifact: &Artifact<'_>, trust: &Trust, now: i64) -> Result<Verified, Refused> {
    verify_parsed(&Parsed::read(bundle)?, artifact, trust, now)
}

/// Seconds since 1970-01-01T00:00:00Z by the clock of this machine.
pub(crate) fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

pub(crate) fn verify_parsed(
    parsed: &Parsed,
    artifact: &Artifact<'_>,
    trust: &Trust,
    now: i64,
) -> Result<Verified, Refused> {
    let keyed = parsed.certificates().is_empty();
    match () {
        () if keyed && trust.keys.is_empty() => return Err(Reason::NoKeys.alone()),
        () if !keyed && trust.root.is_none() => return Err(Reason::NoRoot.because("it was made with a certificate")),
        () => {}
    }
    bind(parsed, artifact)?;
    check_presence(parsed, trust)?;
    let log = log::check(parsed, trust)?;
    let mut times = timestamp::verify(parsed, trust)?;
    // Those of logs are only claimed until the library has verified the promises.
    times.extend(log::times(parsed, trust.root.as_ref()));
    times.sort();
    let seconds: Vec<i64> = times.iter().map(|time| time.seconds).collect();
    let (signer, key) = if keyed {
        keyed::verify(parsed, artifact, trust).map(|(signer, key)| (signer, trust.keys.get(key)))?
    } else {
        (keyless::verify(parsed, artifact, trust, &seconds)?, None)
    };
    log::check_windows(parsed, trust.root.as_ref(), &times)?;
    if let Some(key) = key {
        keyed::check_time(key, &times, now)?;
    }
    let says = parsed.statement.clone().map_or(Says::Bytes, |statement| Says::Statement(Box::new(statement)));
    Ok(Verified { signer, says, times, log })
}

/// Whether the bundle says of itself that it is about this artifact. What it says is signed; that is verified later.
fn bind(parsed: &Parsed, artifact: &Artifact<'_>) -> Result<(), Refused> {
    if let Some(statement) = &parsed.statement {
        return statement.bind(artifact);
    }
    let SignatureContent::MessageSignature(message) = &parsed.bundle.content else { return Ok(()) };
    let Some(digest) = &message.message_digest else { return Ok(()) };
    let Some(own) = artifact.digest(digest.algorithm) else {
        return Err(Reason::NeedsBytes.because(format!("it is over {}", digest.algorithm)));
    };
    if digest.digest.as_bytes() == own {
        return Ok(());
    }
    Err(Reason::WrongArtifact.because(format!("its digest is not that of {artifact}")))
}

fn check_presence(parsed: &Parsed, trust: &Trust) -> Result<(), Refused> {
    let material = &parsed.bundle.verification_material;
    let timed = !material.timestamp_verification_data.rfc3161_timestamps.is_empty();
    match (trust.log, !material.tlog_entries.is_empty()) {
        (Presence::Required, false) => return Err(Reason::LogMissing.alone()),
        (Presence::Forbidden, true) => return Err(Reason::LogForbidden.alone()),
        _ => {}
    }
    match (trust.timestamp, timed) {
        (Presence::Required, false) => Err(Reason::TimestampMissing.because("no RFC 3161 token")),
        (Presence::Forbidden, true) => Err(Reason::TimestampForbidden.alone()),
        _ => Ok(()),
    }
}

/// The library's word in ours. The binding to the artifact was verified before, so that a mismatch is the log's.
pub(crate) fn refuse(error: Library) -> Refused {
    let reason = match &error {
        Library::SignatureInvalid(_) => Reason::WrongSignature,
        Library::ArtifactMismatch(_) => Reason::LogMismatch,
        Library::UnsupportedArtifact(_) => Reason::NeedsBytes,
        // Said of certificate logs alone: none of the root signs as this promise is signed.
        Library::InvalidTrustRoot(_) => Reason::CertificateNotLogged,
        Library::Certificate(certificate) => match certificate {
            CertificateError::Malformed(_) => Reason::CertificateMalformed,
            CertificateError::NotYetValid { .. } => Reason::CertificateNotYetValid,
            CertificateError::Expired { .. } => Reason::CertificateExpired,
            CertificateError::Sct(_) => Reason::CertificateNotLogged,
            _ => Reason::CertificateUntrusted,
        },
        Library::TransparencyLog(log) => match log {
            TransparencyLogError::UnknownLog { .. } => Reason::LogUnknown,
            TransparencyLogError::Checkpoint(_) => Reason::LogCheckpoint,
            TransparencyLogError::InclusionPromise(_) => Reason::LogPromise,
            TransparencyLogError::EntryMismatch(_) => Reason::LogMismatch,
            TransparencyLogError::IntegratedTime(_) => Reason::LogTime,
            TransparencyLogError::MalformedEntry(_) => Reason::Malformed,
            _ => Reason::LogProof,
        },
        Library::Timestamp(time) => match time {
            TimestampError::NoVerifiedTimestamp(_) => Reason::TimestampMissing,
            TimestampError::OutsideAuthorityValidity { .. } => Reason::TimestampOutsideWindow,
            _ => Reason::TimestampInvalid,
        },
        Library::Bundle(bundle) => match bundle {
            sigstore_bundle::Error::MissingInclusionPromise(_)
            | sigstore_bundle::Error::MissingInclusionProof(_)
            | sigstore_bundle::Error::LogIndexOutOfRange { .. } => Reason::LogProof,
            sigstore_bundle::Error::MissingCheckpoint | sigstore_bundle::Error::CheckpointRootMismatch => {
                Reason::LogCheckpoint
            }
            sigstore_bundle::Error::MissingSigningTimeEvidence => Reason::TimestampMissing,
            _ => Reason::Malformed,
        },
        _ => Reason::Malformed,
    };
    let detail = match reason {
        // The sentence of the reason says it all, and the library's says it again.
        Reason::WrongSignature | Reason::CertificateExpired | Reason::TimestampMissing => String::new(),
        _ => crate::attestation::short(&error.to_string()),
    };
    reason.because(detail)
}
