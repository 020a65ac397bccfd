//! What plugins share that judge evidence about images: whose word counts, and for which image.

pub mod identity;
pub mod pattern;
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
