//! A CA and a certificate that nobody keeps, so that one command serves on a laptop.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};

use super::{TlsError, TlsProblem};

/// How long they hold: long enough for a day's work and a weekend, too short to be left in place.
const LIFE: Duration = Duration::from_secs(30 * 24 * 3600);
/// How far back they hold, for clocks that disagree.
const SKEW: Duration = Duration::from_secs(3600);

/// What a caller needs in order to trust a throw-away certificate, as PEM.
pub struct ThrowAway {
    /// The CA: `curl --cacert`, or `caBundle` of a webhook registration.
    pub ca: String,
    /// The certificate.
    pub cert: String,
    key: KeyPair,
}

impl ThrowAway {
    pub(super) fn make(names: &[String]) -> Result<Self, TlsError> {
        make(names).map_err(|error| TlsError::new(Path::new(&names.join(", ")), TlsProblem::Names(error)))
    }

    /// The private key, as PEM.
    pub fn key(&self) -> String {
        self.key.serialize_pem()
    }

    /// Writes `ca.crt`, `tls.crt` and `tls.key` (which only its owner may read) into an existing folder, and gives the
    /// path of the CA.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<PathBuf, TlsError> {
        write(&folder.join("tls.key"), &self.key(), 0o600)?;
        write(&folder.join("tls.crt"), &self.cert, 0o644)?;
        let ca = folder.join("ca.crt");
        write(&ca, &self.ca, 0o644)?;
        Ok(ca)
    }
}

fn make(names: &[String]) -> Result<ThrowAway, rcgen::Error> {
    let mut authority = dated(CertificateParams::new(Vec::<String>::new())?);
    authority.distinguished_name.push(DnType::CommonName, "portcullis throw-away CA");
    // It signs the one certificate below and no other CA.
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate()?)?;

    let mut server = dated(CertificateParams::new(names.to_vec())?);
    server.distinguished_name.push(DnType::CommonName, "portcullis");
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let cert = server.signed_by(&key, &authority)?.pem();
    Ok(ThrowAway { ca: authority.pem(), cert, key })
}

fn dated(mut params: CertificateParams) -> CertificateParams {
    let now = SystemTime::now();
    params.not_before = (now - SKEW).into();
    params.not_after = (now + LIFE).into();
    params
}

/// Replaces a file, with these permissions from its first byte on.
fn write(path: &Path, text: &str, permissions: u32) -> Result<(), TlsError> {
    let failed = |error| TlsError::new(path, TlsProblem::Write(error));
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, permissions);
    #[cfg(not(unix))]
    let _ = permissions;
    options.open(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)
}
