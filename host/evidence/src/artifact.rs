//! What a signature must be about: bytes, or the digest of bytes.

use std::fmt;

use sha2::{Digest, Sha256, Sha384, Sha512};
use sigstore_types::HashAlgorithm;

/// What a signature must be about.
#[derive(Clone, Copy)]
pub enum Artifact<'a> {
    /// The bytes themselves; every kind of signature can be verified over them.
    Bytes(&'a [u8]),
    /// The SHA-256 of the bytes, such as an image's digest. Enough for statements, and for signatures over SHA-256.
    Sha256([u8; 32]),
}

impl<'a> Artifact<'a> {
    /// Reads `sha256:` and 64 lower-case hex digits; nothing for any other text (N8).
    pub fn from_digest(text: &str) -> Option<Artifact<'static>> {
        text.strip_prefix("sha256:").and_then(sha256_from_hex).map(Artifact::Sha256)
    }

    /// The SHA-256 of the bytes.
    pub(crate) fn sha256(&self) -> [u8; 32] {
        match self {
            Self::Bytes(bytes) => Sha256::digest(bytes).into(),
            Self::Sha256(digest) => *digest,
        }
    }

    /// The digest of the bytes by another algorithm; nothing where there are no bytes, or nobody uses the algorithm.
    pub(crate) fn digest(&self, algorithm: HashAlgorithm) -> Option<Vec<u8>> {
        match (self, algorithm) {
            (_, HashAlgorithm::Sha2256) => Some(self.sha256().to_vec()),
            (Self::Bytes(bytes), HashAlgorithm::Sha2384) => Some(Sha384::digest(bytes).to_vec()),
            (Self::Bytes(bytes), HashAlgorithm::Sha2512) => Some(Sha512::digest(bytes).to_vec()),
            _ => None,
        }
    }

    /// As the verifying library wants it.
    pub(crate) fn to_library(self) -> sigstore_types::Artifact<'a> {
        match self {
            Self::Bytes(bytes) => sigstore_types::Artifact::from_blob(bytes),
            Self::Sha256(digest) => sigstore_types::Artifact::from_digest(sigstore_types::Sha256Hash::new(digest)),
        }
    }
}

impl fmt::Display for Artifact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256:{}", hex(&self.sha256()))
    }
}

impl fmt::Debug for Artifact<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Artifact({self})")
    }
}

/// 64 lower-case hex digits to bytes; nothing for any other text.
pub(crate) fn sha256_from_hex(text: &str) -> Option<[u8; 32]> {
    from_hex(text)?.try_into().ok()
}

/// Lower-case hex digits to bytes; nothing for any other text.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        _ => None,
    };
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| if let [high, low] = pair { Some(digit(*high)? << 4 | digit(*low)?) } else { None }).collect()
}

/// Bytes to lower-case hex digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        use fmt::Write;
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_digests_written_in_one_way_only_n8() {
        let good = format!("sha256:{}", "0a".repeat(32));
        assert_eq!(Artifact::from_digest(&good).map(|artifact| artifact.to_string()), Some(good.clone()));
        for bad in [
            good.to_uppercase(),
            good.replace('a', "A"),
            good.replace("sha256", "sha512"),
            format!("{good}0a"),
            good[..good.len() - 1].to_owned(),
            format!(" {good}"),
            format!("{good}\n"),
            good.replace("sha256:", ""),
            String::new(),
        ] {
            assert!(Artifact::from_digest(&bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn knows_bytes_by_their_digest() {
        let text = Artifact::Bytes(b"abc").to_string();
        assert_eq!(text, "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
