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
pub(crate) fn verify(parsed: &Parsed, artifact: &Artifact<'_>, trust: &Trust) -> Result<Signer, Refused> {
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
    let result = root.verifier.verify(artifact.to_library(), &parsed.bundle, &policy).map_err(refuse)?;
    let times: Vec<i64> = result.verified_timestamps().iter().map(|time| time.as_second()).collect();
    if times.is_empty() {
        return Err(Reason::TimestampMissing.alone());
    }
    certificate::check_path(&certificates, root, &times)?;
    Ok(Signer::Certificate(Box::new(certificate::identity(leaf, promised)?)))
}
