//! Signatures made with a certificate that lived for minutes: the library's verification, and what it leaves out.

use sigstore_verify::VerificationPolicy;

use crate::artifact::Artifact;
use crate::bundle::Parsed;
use crate::certificate;
use crate::refused::{Reason, Refused};
use crate::signature::refuse;
use crate::trust::Trust;
use crate::verified::Signer;

/// Verifies certificate, signature and log entries at every verified time. The binding to the artifact was checked before.
///
/// Who the certificate names is told, not judged.
///
/// `signed` are the times that the bundle carries.
pub(crate) fn verify(
    parsed: &Parsed,
    artifact: &Artifact<'_>,
    trust: &Trust,
    signed: &[i64],
) -> Result<Signer, Refused> {
    let root = trust.root.as_ref().ok_or_else(|| Reason::NoRoot.alone())?;
    let certificates = parsed.certificates();
    let leaf = certificates.first().ok_or_else(|| Reason::CertificateMalformed.because("there is none"))?;
    certificate::check_usage(leaf)?;
    // A root without certificate logs (as GitHub's for private repositories) has nobody who could promise anything.
    let promised = !root.trusted.ctlogs.is_empty();
    let mut policy = VerificationPolicy::any_identity();
    if !promised {
        policy = policy.skip_sct();
    }
    if parsed.bundle.verification_material.tlog_entries.is_empty() {
        policy = policy.skip_tlog_unsafe();
    }
    let verdict = root.verifier.verify(artifact.to_library(), &parsed.bundle, &policy).map_err(refuse);
    let verified = verdict.as_ref().map_or(&[][..], |result| result.verified_timestamps());
    let times: Vec<i64> = match &verdict {
        // The library builds the chain once all times are verified, and says only in words what is wrong with it.
        Err(refused) if refused.reason == Reason::CertificateUntrusted => signed.to_vec(),
        _ => verified.iter().map(|time| time.as_second()).collect(),
    };
    let path = certificate::check_path(&certificates, root, &times);
    match verdict {
        Err(refused) if refused.reason == Reason::CertificateUntrusted => return Err(path.err().unwrap_or(refused)),
        Err(refused) => return Err(refused),
        Ok(_) if times.is_empty() => return Err(Reason::TimestampMissing.alone()),
        Ok(_) => path?,
    }
    Ok(Signer::Certificate(Box::new(certificate::identity(leaf, promised)?)))
}
