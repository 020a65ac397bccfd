//! Who may call: a client certificate by one of our CAs, in date, with a name that is allowed.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::extensions::GeneralName;

use super::{TlsError, TlsProblem, pem};

/// The most CAs that a bundle may hold; each is tried for a caller whom those before it do not know.
const MOST_CAS: usize = 64;

/// Asks each CA in turn, and only those that are in date: to WebPKI a trust anchor never expires.
pub(super) struct ClientVerifier {
    cas: Vec<Ca>,
    hints: Vec<DistinguishedName>,
    names: Vec<String>,
}

struct Ca {
    validity: Range<SystemTime>,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl ClientVerifier {
    /// A verifier for the CAs of a PEM file. Refused where none of them is in date, or one cannot be read.
    pub(super) fn new(
        path: &Path,
        bytes: &[u8],
        names: &[String],
        provider: &Arc<CryptoProvider>,
    ) -> Result<Self, TlsError> {
        let certificates = pem::certificates(path, bytes)?;
        if certificates.len() > MOST_CAS {
            return Err(TlsError::new(path, TlsProblem::TooManyCas(MOST_CAS)));
        }
        let (mut cas, mut hints) = (Vec::new(), Vec::new());
        for certificate in certificates {
            let validity = pem::validity(path, &certificate)?;
            let mut roots = RootCertStore::empty();
            roots.add(certificate).map_err(|error| TlsError::new(path, TlsProblem::Unusable(error)))?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
                .build()
                .map_err(|_| TlsError::new(path, TlsProblem::Certificate))?;
            hints.extend_from_slice(verifier.root_hint_subjects());
            cas.push(Ca { validity, verifier });
        }
        let now = SystemTime::now();
        // A bundle may hold old beside new while CAs are changed; with nothing but old ones nobody could call.
        match cas.iter().map(|ca| ca.validity.end).max() {
            Some(last) if last <= now => Err(TlsError::new(path, TlsProblem::Expired(last))),
            _ => Ok(Self { cas, hints, names: names.to_vec() }),
        }
    }

    /// The schemes and signatures are the provider's: the same for every CA.
    fn any(&self) -> Result<&dyn ClientCertVerifier, Error> {
        self.cas.first().map(|ca| &*ca.verifier).ok_or(Error::InvalidCertificate(CertificateError::UnknownIssuer))
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let today = SystemTime::UNIX_EPOCH + Duration::from_secs(now.as_secs());
        let mut refusal = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        for ca in &self.cas {
            match ca.verifier.verify_client_cert(end_entity, intermediates, now) {
                Ok(_) if !ca.validity.contains(&today) => {
                    refusal = Error::InvalidCertificate(CertificateError::Expired);
                }
                Ok(verified) if self.names.is_empty() || bears(end_entity, &self.names) => return Ok(verified),
                Ok(_) => refusal = Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure),
                // The word of a CA that knows the caller says more than that the others do not.
                Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {}
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.any()?.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.any()?.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.any().map(ClientCertVerifier::supported_verify_schemes).unwrap_or_default()
    }
}

impl fmt::Debug for ClientVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientVerifier").field("cas", &self.cas.len()).field("names", &self.names).finish()
    }
}

/// Whether a certificate bears one of these names: its only common name, or a DNS or URI name. Nothing is folded and
/// nothing is a wildcard. A certificate that cannot be read bears none.
fn bears(certificate: &CertificateDer<'_>, allowed: &[String]) -> bool {
    let Ok((_, parsed)) = x509_parser::parse_x509_certificate(certificate) else { return false };
    let is_allowed = |name: &str| allowed.iter().any(|allowed| allowed == name);
    let mut common = parsed.subject().iter_common_name();
    // Of several common names nobody can say which one the CA meant.
    if let (Some(name), None) = (common.next(), common.next())
        && name.as_str().is_ok_and(is_allowed)
    {
        return true;
    }
    let Ok(Some(others)) = parsed.subject_alternative_name() else { return false };
    others.value.general_names.iter().any(|name| match name {
        GeneralName::DNSName(name) | GeneralName::URI(name) => is_allowed(name),
        _ => false,
    })
}
