//! Signed times (RFC 3161): by whom, over this signature, and whether they may speak for that time.

use sigstore_tsa::verify_timestamp_for_authority;
use sigstore_types::{SignatureBytes, TimestampToken, TsaAuthority};

use crate::bundle::Parsed;
use crate::certificate::chain_in_date;
use crate::refused::{Reason, Refused};
use crate::trust::{Root, Trust};
use crate::verified::{SignedTime, TimeSource};

/// Every signed time of a bundle. One that does not hold is not made good by another that does (N23).
pub(crate) fn verify(parsed: &Parsed, trust: &Trust) -> Result<Vec<SignedTime>, Refused> {
    let tokens = &parsed.bundle.verification_material.timestamp_verification_data.rfc3161_timestamps;
    if tokens.is_empty() {
        return Ok(Vec::new());
    }
    let root = trust.root.as_ref().ok_or_else(|| Reason::NoRoot.because("it carries a signed time"))?;
    tokens.iter().map(|token| one(&token.signed_timestamp, parsed.signature(), root)).collect()
}

fn one(token: &TimestampToken, signature: &SignatureBytes, root: &Root) -> Result<SignedTime, Refused> {
    let mut refusal = Reason::TimestampUntrusted.alone();
    for (name, authority) in &root.authorities {
        match verify_timestamp_for_authority(token, signature, authority) {
            Ok(time) => {
                let seconds = time.as_second();
                in_office(authority, seconds)?;
                return Ok(SignedTime { seconds, source: TimeSource::Authority(name.clone()) });
            }
            Err(sigstore_tsa::Error::HashMismatch { .. }) => return Err(Reason::TimestampMismatch.alone()),
            Err(sigstore_tsa::Error::TimestampOutsideValidity { time }) => {
                refusal = Reason::TimestampOutsideWindow.because(format!("`{name}` at {time}"));
            }
            Err(
                error @ (sigstore_tsa::Error::Parse(_)
                | sigstore_tsa::Error::Asn1(_)
                | sigstore_tsa::Error::NoTstInfo
                | sigstore_tsa::Error::NoToken
                | sigstore_tsa::Error::ResponseFailure
                | sigstore_tsa::Error::InvalidResponse(_)),
            ) => return Err(Reason::TimestampInvalid.because(error.to_string())),
            // Signed by another authority, or by nobody: the next one may know it.
            Err(_) => {}
        }
    }
    Err(refusal)
}

/// The library asks an anchor for no dates.
fn in_office(authority: &TsaAuthority, seconds: i64) -> Result<(), Refused> {
    let chain = std::iter::once(&authority.leaf).chain(&authority.intermediates).chain(Some(&authority.root));
    chain_in_date(chain.map(|certificate| certificate.as_bytes()), seconds)
        .map_err(|refused| Reason::TimestampUntrusted.because(refused.to_string()))
}
