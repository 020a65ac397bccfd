//! Whether bytes prove what somebody claims of an artifact: signatures verified against trust, offline.
//!
//! [`Trust`] is who counts, [`Artifact`] what a signature must be about, [`verify`] joins both over a sigstore bundle and
//! [`legacy`] over what cosign wrote before bundles. Verifying dials nobody. [`Source`] gathers what registries have and
//! answers the questions of policies with it. Who signed is told, not judged: that an identity is the expected one is for
//! whoever asks to say, and that a statement is of the expected type too ([`Verified::is_image_signature`]).

mod artifact;
mod attestation;
mod bundle;
mod candidate;
mod carried;
mod certificate;
mod clock;
mod error;
mod fact;
mod failure;
mod file;
mod flights;
mod gather;
mod given;
mod image;
mod json;
mod keyed;
mod keyless;
pub mod legacy;
mod log;
mod look_up;
mod placed;
mod platforms;
mod proofs;
mod question;
mod refused;
mod reports;
mod signature;
mod source;
mod store;
mod timestamp;
mod trust;
mod verified;

pub use artifact::Artifact;
pub use attestation::{COSIGN_SIGNATURE, Statement, StatementSubject};
pub use candidate::is_bundle;
pub use carried::{Carried, Claims, Described, Found, Holds, Part, Piece, Proof, carried};
pub use clock::Clock;
pub use error::{Error, ErrorKind};
pub use failure::{
    REMEMBER_DENIED, REMEMBER_FAILING, REMEMBER_SETTINGS, REMEMBER_THROTTLED, REMEMBER_THROTTLED_AT_MOST,
    REMEMBER_UNREACHABLE, REMEMBER_UNREADABLE,
};
pub use given::{GivenDocument, Use};
pub use refused::{Reason, Refused};
pub use reports::{explain, noun};
pub use signature::{verify, verify_at};
pub use source::{
    DEFAULT_LOOK_UP_TIME, Evidence, MAX_LOOK_UPS, REMEMBER_NOTHING, REMEMBER_VERIFIED, REMEMBERED_BYTES,
    REMEMBERED_IMAGES, SAST, SBOM, SIGNATURE, Source,
};
pub use store::TrustStore;
pub use trust::{PUBLIC_ROOT_DATE, PUBLIC_ROOT_STALE_SECONDS, Trust};
pub use verified::{Identity, LogEntry, Says, SignedTime, Signer, SubjectName, TimeSource, Verified};

/// Bytes of one bundle or envelope: 48 MiB, an SBOM of 36 MiB in base64; no more than a registry's blob may have.
pub const MAX_BUNDLE_BYTES: usize = 48 << 20;
/// Bytes of an SBOM or a report that the caller gives.
pub const MAX_DOCUMENT_BYTES: usize = portcullis_predicate::MAX_TEXT;
/// Values of one bundle, root or annotation, lists and maps included. A text of seven bytes may take hundreds in memory. (What
/// a statement says, an SBOM for example, is not kept, and may have any number.)
pub const MAX_JSON_VALUES: usize = 20_000;
/// Keys of one map of a statement.
pub const MAX_MAP_KEYS: usize = 10_000;
/// Digests of one subject of a statement.
pub const MAX_DIGESTS: usize = 16;
/// Questions of one review that are looked up at once.
pub const MAX_AT_ONCE: usize = 16;
/// Bytes of evidence that are held at once, of all images: 192 MiB.
pub const MAX_EVIDENCE_HELD: u64 = 192 << 20;
/// Images whose evidence is verified at once: it is work for a processor, and needs memory besides.
pub const MAX_VERIFYING: usize = 4;
/// Bytes of what is verified or read beside others; whatever has more is verified and read alone.
pub const MAX_VERIFYING_TOGETHER: usize = 8 << 20;
/// Platforms of one index whose evidence is looked up.
pub const MAX_PLATFORMS: usize = 32;
/// Lists and maps inside each other in a bundle or a statement.
pub const MAX_DEPTH: usize = 64;
/// Certificates that a bundle may bring, the leaf included.
pub const MAX_CERTIFICATES: usize = 8;
/// Bytes of a signed file that is read whole: 1 GiB. Of a larger one only the digest is compared, which some signatures do not
/// allow.
pub const MAX_SIGNED_FILE_BYTES: usize = 1 << 30;
/// Bytes of one certificate.
pub const MAX_CERTIFICATE_BYTES: usize = 64 << 10;
/// Log entries of one bundle.
pub const MAX_LOG_ENTRIES: usize = 8;
/// Signed times (RFC 3161) of one bundle.
pub const MAX_TIMESTAMPS: usize = 8;
/// Bytes of one signed time.
pub const MAX_TIMESTAMP_BYTES: usize = 64 << 10;
/// Bytes of one signature; those of RSA and ML-DSA are below.
pub const MAX_SIGNATURE_BYTES: usize = 16 << 10;
/// Subjects of one statement.
pub const MAX_SUBJECTS: usize = 10_000;
/// Bytes of one file of trust: a root or a key.
pub const MAX_TRUST_FILE_BYTES: usize = 4 << 20;
/// Keys of one trust rule.
pub const MAX_KEYS: usize = 64;
/// Logs, certificate authorities and timestamp authorities of one root, each.
pub const MAX_AUTHORITIES: usize = 64;
/// Signatures and attestations of one image that are read.
pub const MAX_CANDIDATES: usize = 256;
/// Attached pieces of one image that [`carried()`] looks at.
pub const MAX_PIECES_SHOWN: usize = 100;
/// Layers of one of them.
pub const MAX_PARTS_SHOWN: usize = 32;
/// Entries of an index that it names.
pub const MAX_PLATFORMS_SHOWN: usize = 64;
/// Subjects of a statement that it names.
pub const MAX_SUBJECTS_SHOWN: usize = 4;
/// Bytes of all that is attached to one image and read: 96 MiB, two of the largest attestations.
pub const MAX_EVIDENCE_BYTES: u64 = 96 << 20;
/// Bytes of the payload of a legacy signature.
pub const MAX_PAYLOAD_BYTES: usize = 1 << 20;
