//! What plugins share that judge evidence about images: whose word counts, and for which image.

pub mod document;
pub mod evidence;
pub mod identity;
mod judge;
pub mod need;
pub mod pattern;
pub mod reading;
pub mod reference;
pub mod settings;
pub mod signer;
pub mod words;

/// Declares the keys that a plugin reads, as `portcullis_sdk::keys!` does, behind those that this crate reads: a key is its
/// position, so that these must come first in every plugin.
#[macro_export]
macro_rules! keys {
    ($($name:ident = $text:literal),* $(,)?) => {
        portcullis_sdk::keys! {
            FILE = "file",
            DIGEST = "digest",
            SIGNER = "signer",
            KEY = "key",
            ISSUER = "issuer",
            SUBJECTS = "subjects",
            CLAIMS = "claims",
            REFUSED = "refused",
            FOUND = "found",
            REASON = "reason",
            $($name = $text),*
        }
    };
}

/// The same for plugins that judge documents, behind the keys of [`document`].
#[macro_export]
macro_rules! document_keys {
    ($($name:ident = $text:literal),* $(,)?) => {
        $crate::keys! {
            AUTHENTICITY = "authenticity",
            SUBJECT = "subject",
            SIGNED_AT_SECONDS = "signedAtSeconds",
            READABLE = "readable",
            FAULT = "fault",
            VALID = "valid",
            FAULTS = "faults",
            FAULT_COUNT = "faultCount",
            POINTER = "pointer",
            WHAT = "what",
            DOCUMENTS = "documents",
            INDEX = "index",
            PLATFORMS = "platforms",
            PLATFORM = "platform",
            PROVENANCE = "provenance",
            $($name = $text),*
        }
    };
}
