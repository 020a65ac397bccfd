//! What a proof says once it holds: who, what, when, and where it is logged.

use std::collections::BTreeMap;

use crate::attestation::{COSIGN_SIGNATURE, Statement};

/// A proof that holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// Who made it.
    pub signer: Signer,
    /// What it says of the artifact.
    pub says: Says,
    /// Every time that somebody in the root signed for it, earliest first. Empty where nothing vouches for a time.
    pub times: Vec<SignedTime>,
    /// Where it is logged. Two entries of one log are one witness: count [`LogEntry::log`], not entries (N24).
    pub log: Vec<LogEntry>,
}

impl Verified {
    /// The predicate type of what was signed; cosign's own for an image signature in the legacy form, nothing for a signature
    /// over bytes.
    pub fn predicate_type(&self) -> Option<&str> {
        match &self.says {
            Says::Bytes => None,
            Says::Image { .. } => Some(COSIGN_SIGNATURE),
            Says::Statement(statement) => Some(&statement.predicate_type),
        }
    }

    /// Whether it is a signature on an image, and not, say, an SBOM that somebody signed about it (N53).
    pub fn is_image_signature(&self) -> bool {
        self.predicate_type() == Some(COSIGN_SIGNATURE)
    }
}

/// Who made a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// A key that the trust names.
    Key {
        /// Its name in the trust.
        name: String,
        /// The SHA-256 of its SubjectPublicKeyInfo, as `sha256:` and hex digits.
        fingerprint: String,
    },
    /// Whoever a certificate of the root names.
    Certificate(Box<Identity>),
}

/// Whoever a certificate names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Who vouched for them: the URL of the OpenID Connect issuer (`1.3.6.1.4.1.57264.1.8`, or the older `.1.1`).
    pub issuer: Option<String>,
    /// All subject alternative names, in their order. A check that is content with any of several is easily deceived (N33).
    pub subjects: Vec<SubjectName>,
    /// What a CI system says about the run, by the names of Fulcio's extensions such as `sourceRepositoryRef`.
    pub claims: BTreeMap<&'static str, String>,
    /// The SHA-256 of the certificate, as `sha256:` and hex digits.
    pub fingerprint: String,
    /// The first second of the certificate.
    pub not_before: i64,
    /// The last second of the certificate.
    pub not_after: i64,
    /// Whether a certificate log of the root promised to list the certificate; not so only where the root has no such log.
    pub logged: bool,
}

/// One subject alternative name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SubjectName {
    /// An e-mail address: a person.
    Email(String),
    /// A URI: a workload, such as a CI workflow.
    Uri(String),
    /// The name of a host.
    Dns(String),
    /// A user name of Fulcio (`1.3.6.1.4.1.57264.1.7`).
    Username(String),
}

impl SubjectName {
    /// The name without its kind.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Email(name) | Self::Uri(name) | Self::Dns(name) | Self::Username(name) => name,
        }
    }

    /// Its kind, in a word.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Email(_) => "email",
            Self::Uri(_) => "uri",
            Self::Dns(_) => "dns",
            Self::Username(_) => "username",
        }
    }
}

/// What a signature says of the artifact.
#[derive(Clone, Debug, PartialEq)]
pub enum Says {
    /// That these are the bytes; nothing else.
    Bytes,
    /// That this is the image, in cosign's form before bundles.
    Image {
        /// The name under which it was signed. Mirrors change it, so that it proves nothing about where an image came from.
        reference: String,
        /// What the signer added (`optional`), where it is text.
        annotations: BTreeMap<String, String>,
    },
    /// Whatever its predicate says.
    Statement(Box<Statement>),
}

/// A time that somebody in the root signed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SignedTime {
    /// Seconds since 1970-01-01T00:00:00Z.
    pub seconds: i64,
    /// Who signed it.
    pub source: TimeSource,
}

/// Who signed a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TimeSource {
    /// A timestamp authority (RFC 3161): its URI or name in the root.
    Authority(String),
    /// A log (Rekor v1): its URL in the root.
    Log(String),
}

/// One entry of a transparency log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEntry {
    /// The URL of the log in the root.
    pub log: String,
    /// The index of the entry.
    pub index: u64,
    /// The kind and version of the entry, such as `hashedrekord/0.0.1`.
    pub kind: String,
    /// Whether the log has shown that the entry is in it. Else it has only promised, as in bundles 0.1.
    pub proved: bool,
}
