//! Every way certificates can be unusable, without a byte of a key.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use portcullis_model::time::format_time;

/// A file that cannot serve, and why.
#[derive(Debug)]
pub struct TlsError {
    path: PathBuf,
    problem: TlsProblem,
}

/// What is wrong with it; written so that it continues "`path`: ...".
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsProblem {
    /// The file cannot be read.
    Read(std::io::Error),
    /// It is not a file: a folder, a pipe or a device.
    NotFile,
    /// It is longer than this many bytes.
    TooLong(u64),
    /// The files kept changing while they were read.
    Unsteady,
    /// A block of the PEM is damaged.
    Pem,
    /// There is no certificate in it.
    NoCertificate,
    /// There is no private key in it.
    NoKey,
    /// A certificate in it is not one that we can read.
    Certificate,
    /// A certificate in it is over since then.
    Expired(SystemTime),
    /// The key is not the one of the certificate in this file.
    KeyMismatch(PathBuf),
    /// More CAs than this.
    TooManyCas(usize),
    /// Names of callers without a CA that vouches for them.
    NamesWithoutCa,
    /// These names cannot stand in a certificate.
    Names(rcgen::Error),
    /// It cannot be written.
    Write(std::io::Error),
    /// rustls refuses it.
    Unusable(rustls::Error),
}

impl TlsError {
    pub(super) fn new(path: &Path, problem: TlsProblem) -> Self {
        Self { path: path.to_owned(), problem }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What is wrong with it.
    pub fn problem(&self) -> &TlsProblem {
        &self.problem
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path.display().to_string().escape_debug(), self.problem)
    }
}

impl fmt::Display for TlsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "cannot be read: {error}"),
            Self::NotFile => f.write_str("is not a file"),
            Self::TooLong(limit) => write!(f, "is longer than {limit} bytes; give PEM with the certificates alone"),
            Self::Unsteady => f.write_str("kept changing while it was read; it is read again"),
            Self::Pem => f.write_str("has a PEM block that is damaged or cut off"),
            Self::NoCertificate => f.write_str("holds no certificate; PEM with `BEGIN CERTIFICATE` is expected"),
            Self::NoKey => f.write_str(
                "holds no private key; PEM with `BEGIN PRIVATE KEY` (not encrypted), `BEGIN RSA PRIVATE KEY` or `BEGIN EC PRIVATE KEY` is expected",
            ),
            Self::Certificate => f.write_str("holds a certificate that cannot be read as X.509"),
            Self::Expired(end) => {
                let seconds = end.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
                let end = format_time(i64::try_from(seconds).unwrap_or(i64::MAX));
                write!(f, "holds a certificate that is over since {end}; renew it, or set the clock right")
            }
            Self::KeyMismatch(cert) => write!(
                f,
                "holds a key that is not the one of the certificate in `{}`; give the pair that was issued together",
                cert.display().to_string().escape_debug()
            ),
            Self::TooManyCas(limit) => write!(f, "holds more than {limit} certificates; give the client CAs alone"),
            Self::NamesWithoutCa => f.write_str("cannot ask callers for their names without a client CA; give one, or no names"),
            Self::Names(error) => write!(f, "these names cannot stand in a certificate: {error}"),
            Self::Write(error) => write!(f, "cannot be written: {error}"),
            Self::Unusable(error) => write!(f, "cannot be used: {error}"),
        }
    }
}

impl std::error::Error for TlsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.problem {
            TlsProblem::Read(error) | TlsProblem::Write(error) => Some(error),
            TlsProblem::Unusable(error) => Some(error),
            _ => None,
        }
    }
}
