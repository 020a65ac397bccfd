//! Why a proof does not count: the step that failed, and words to act on.

use std::fmt;

/// A proof that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The step that failed.
    pub reason: Reason,
    /// What was found, where that says more than the reason; text of strangers may be in it.
    pub detail: String,
}

/// The step that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Reason {
    /// More bytes, entries or certificates than a limit.
    TooLarge,
    /// Not the JSON, base64 or DER that it should be, or a form that the format forbids.
    Malformed,
    /// A version of the format that nobody here knows.
    UnknownVersion,
    /// A payload that is no in-toto statement.
    PayloadType,
    /// A statement that is none: its type, its subjects or its predicate type.
    Statement,
    /// Made for other bytes.
    WrongArtifact,
    /// Only the bytes themselves can be verified, and only their digest is known.
    NeedsBytes,
    /// Made by a key that the trust does not name.
    WrongKey,
    /// Not made by the certificate that came with it.
    WrongSignature,
    /// Made by somebody else than whom the caller asked for; never said by this crate, which knows no expectation.
    WrongIdentity,
    /// Made by a key whose time had not begun.
    KeyNotYetValid,
    /// Made by a key whose time was over.
    KeyExpired,
    /// Made by a key that was taken back.
    KeyRevoked,
    /// Made with a key, and the trust has none.
    NoKeys,
    /// Made with a certificate, or vouched for by a log or an authority, and the trust has no root.
    NoRoot,
    /// A certificate that cannot be read, or names nobody.
    CertificateMalformed,
    /// A certificate that nobody in the root issued.
    CertificateUntrusted,
    /// A certificate that is not for signing code.
    CertificateUsage,
    /// A certificate, or one above it, that had expired at the time of the signature.
    CertificateExpired,
    /// A certificate, or one above it, that was not yet valid at the time of the signature.
    CertificateNotYetValid,
    /// A certificate that no certificate log of the root has promised to list.
    CertificateNotLogged,
    /// A root certificate brought by whoever wants to be trusted.
    RootInBundle,
    /// In no log, and the trust asks for one.
    LogMissing,
    /// In a log, and the trust forbids that.
    LogForbidden,
    /// In a log that the root does not know, or not for that time.
    LogUnknown,
    /// A log entry without a proof, or with one that does not hold.
    LogProof,
    /// A log's own word about its state that is missing, unsigned or of another log.
    LogCheckpoint,
    /// A log's promise that does not hold.
    LogPromise,
    /// A log's time in the future or outside the certificate.
    LogTime,
    /// A log entry about something else.
    LogMismatch,
    /// No signed time where one is needed.
    TimestampMissing,
    /// A signed time, and the trust forbids that.
    TimestampForbidden,
    /// A signed time that cannot be read or does not hold.
    TimestampInvalid,
    /// A signed time of another signature.
    TimestampMismatch,
    /// A signed time by nobody in the root.
    TimestampUntrusted,
    /// A signed time for which its authority may not speak.
    TimestampOutsideWindow,
}

impl Reason {
    /// A name in kebab-case, for documents and metrics; it never changes.
    pub fn code(self) -> &'static str {
        self.words().0
    }

    /// The sentence for the person who has to act.
    fn sentence(self) -> &'static str {
        self.words().1
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::TooLarge => ("too-large", "it is larger than any proof needs to be"),
            Self::Malformed => ("malformed", "it cannot be read"),
            Self::UnknownVersion => ("unknown-version", "its version is unknown here (bundles 0.1 to 0.3 are known)"),
            Self::PayloadType => ("payload-type", "its payload is not `application/vnd.in-toto+json`"),
            Self::Statement => ("statement", "its statement is not one that in-toto describes"),
            Self::WrongArtifact => ("wrong-artifact", "it was made for something else"),
            Self::NeedsBytes => ("needs-bytes", "a signature of this kind needs the file itself, not its digest"),
            Self::WrongKey => ("wrong-key", "no key of the trust made it"),
            Self::WrongSignature => ("wrong-signature", "the certificate that came with it did not make it"),
            Self::WrongIdentity => ("wrong-identity", "somebody else made it"),
            Self::KeyNotYetValid => ("key-not-yet-valid", "it was made by a key before its time"),
            Self::KeyExpired => ("key-expired", "it was made by a key after its time"),
            Self::KeyRevoked => ("key-revoked", "it was made by a key that is revoked"),
            Self::NoKeys => ("no-keys", "it was made with a key, and the trust has no keys"),
            Self::NoRoot => ("no-root", "only a root could vouch for it, and the trust has no root"),
            Self::CertificateMalformed => ("certificate-malformed", "its certificate cannot be used"),
            Self::CertificateUntrusted => ("certificate-untrusted", "nobody in the root issued its certificate"),
            Self::CertificateUsage => ("certificate-usage", "its certificate is not one for signing code"),
            Self::CertificateExpired => ("certificate-expired", "a certificate had expired when it was made"),
            Self::CertificateNotYetValid => {
                ("certificate-not-yet-valid", "a certificate was not yet valid when it was made")
            }
            Self::CertificateNotLogged => {
                ("certificate-not-logged", "no certificate log of the root vouches for its certificate")
            }
            Self::RootInBundle => ("root-in-bundle", "it brings its own root certificate"),
            Self::LogMissing => ("log-missing", "it is in no transparency log, and the trust asks for one"),
            Self::LogForbidden => ("log-forbidden", "it is in a transparency log, and the trust forbids that"),
            Self::LogUnknown => ("log-unknown", "it is in a transparency log that the root does not know"),
            Self::LogProof => ("log-proof", "the proof that it is in a transparency log does not hold"),
            Self::LogCheckpoint => ("log-checkpoint", "the checkpoint of its transparency log does not hold"),
            Self::LogPromise => ("log-promise", "the promise of its transparency log does not hold"),
            Self::LogTime => ("log-time", "the time of its log entry cannot be"),
            Self::LogMismatch => ("log-mismatch", "its log entry is about something else"),
            Self::TimestampMissing => ("timestamp-missing", "it carries no signed time, and one is needed"),
            Self::TimestampForbidden => ("timestamp-forbidden", "it carries a signed time, and the trust forbids that"),
            Self::TimestampInvalid => ("timestamp-invalid", "its signed time does not hold"),
            Self::TimestampMismatch => ("timestamp-mismatch", "its signed time is of another signature"),
            Self::TimestampUntrusted => ("timestamp-untrusted", "no timestamp authority of the root signed its time"),
            Self::TimestampOutsideWindow => {
                ("timestamp-outside-window", "its timestamp authority may not speak for that time")
            }
        }
    }

    /// A refusal for this reason.
    pub(crate) fn because(self, detail: impl Into<String>) -> Refused {
        Refused { reason: self, detail: detail.into() }
    }

    /// A refusal about which there is no more to say.
    pub(crate) fn alone(self) -> Refused {
        self.because(String::new())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason.sentence())?;
        if self.detail.is_empty() { Ok(()) } else { write!(f, ": {}", self.detail) }
    }
}

impl std::error::Error for Refused {}
