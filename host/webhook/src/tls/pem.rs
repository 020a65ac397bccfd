//! PEM files to certificates and keys, read so that a rotation in the same moment does not mix two versions.

use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::time::SystemTime;

use portcullis_model::sha256_hex;
use rustls_pki_types::pem::{Error, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{TlsError, TlsFiles, TlsProblem, time};

/// The longest file that is read, in bytes: a chain or a bundle of CAs has some thousand.
const LONGEST: u64 = 1 << 20;
/// How often the files are read until two readings are the same.
const READINGS: usize = 5;

/// What one reading of all files found.
#[derive(PartialEq)]
pub(super) struct Contents {
    pub(super) cert: Vec<u8>,
    pub(super) key: Vec<u8>,
    pub(super) client_ca: Option<Vec<u8>>,
}

impl Contents {
    /// Reads until two readings in a row agree: a rotation between certificate and key would give half of each.
    pub(super) fn read(files: &TlsFiles) -> Result<Self, TlsError> {
        let mut last = Self::read_once(files)?;
        for _ in 1..READINGS {
            let next = Self::read_once(files)?;
            if next == last {
                return Ok(next);
            }
            last = next;
        }
        Err(TlsError::new(&files.cert, TlsProblem::Unsteady))
    }

    fn read_once(files: &TlsFiles) -> Result<Self, TlsError> {
        Ok(Self {
            cert: read(&files.cert)?,
            key: read(&files.key)?,
            client_ca: files.client_ca.as_deref().map(read).transpose()?,
        })
    }

    /// One word for all of it, so that no second copy of the key stays in memory to be compared with.
    pub(super) fn digest(&self) -> String {
        let parts = [Some(&self.cert), Some(&self.key), self.client_ca.as_ref()];
        let digests: Vec<String> = parts.into_iter().flatten().map(|part| sha256_hex(part)).collect();
        sha256_hex(digests.join(" ").as_bytes())
    }
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let failed = |error| TlsError::new(path, TlsProblem::Read(error));
    // Asked before it is opened: opening a pipe waits until somebody writes to it.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err(TlsError::new(path, TlsProblem::NotFile));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes)).map_err(failed)?;
    if bytes.len() as u64 > LONGEST {
        return Err(TlsError::new(path, TlsProblem::TooLong(LONGEST)));
    }
    Ok(bytes)
}

/// All certificates of a file; at least one.
pub(super) fn certificates(path: &Path, bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(bytes).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(TlsError::new(path, TlsProblem::NoCertificate)),
        Err(_) => Err(TlsError::new(path, TlsProblem::Pem)),
    }
}

/// The first private key of a file. What the library says about a damaged one is not passed on: it may quote it.
pub(super) fn key(path: &Path, bytes: &[u8]) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(bytes).map_err(|error| {
        let problem = if matches!(error, Error::NoItemsFound) { TlsProblem::NoKey } else { TlsProblem::Pem };
        TlsError::new(path, problem)
    })
}

/// From when until when a certificate holds.
pub(super) fn validity(path: &Path, certificate: &CertificateDer<'_>) -> Result<Range<SystemTime>, TlsError> {
    let (_, parsed) =
        x509_parser::parse_x509_certificate(certificate).map_err(|_| TlsError::new(path, TlsProblem::Certificate))?;
    let validity = parsed.validity();
    Ok(time(validity.not_before.timestamp())..time(validity.not_after.timestamp()))
}
