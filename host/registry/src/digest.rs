//! Digests: read strictly, and compared with every byte.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::error::Cause;

/// The algorithms that github.com/opencontainers/go-digest has, and the hex digits of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Algorithm {
    Sha256,
    Sha384,
    Sha512,
}

impl Algorithm {
    const ALL: [Self; 3] = [Self::Sha256, Self::Sha384, Self::Sha512];

    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }

    fn digits(self) -> usize {
        match self {
            Self::Sha256 => 64,
            Self::Sha384 => 96,
            Self::Sha512 => 128,
        }
    }

    fn hash(self, bytes: &[u8]) -> String {
        match self {
            Self::Sha256 => hex(&Sha256::digest(bytes)),
            Self::Sha384 => hex(&Sha384::digest(bytes)),
            Self::Sha512 => hex(&Sha512::digest(bytes)),
        }
    }
}

/// The name of some bytes: `sha256:` and 64 lower-case hex digits (or sha384, sha512).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    algorithm: Algorithm,
    hex: String,
}

impl Digest {
    /// The SHA-256 digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self { algorithm: Algorithm::Sha256, hex: Algorithm::Sha256.hash(bytes) }
    }

    /// The name of the algorithm.
    pub fn algorithm(&self) -> &'static str {
        self.algorithm.name()
    }

    /// The hex digits.
    pub fn hex(&self) -> &str {
        &self.hex
    }

    /// Whether these are the bytes.
    ///
    /// # Errors
    /// They are others.
    pub fn check(&self, bytes: &[u8]) -> Result<(), Cause> {
        let found = self.algorithm.hash(bytes);
        if found == self.hex {
            return Ok(());
        }
        Err(Cause::Digest { expected: self.to_string(), found: format!("{}:{found}", self.algorithm.name()) })
    }

    /// The tag under which things about this digest lie in a registry that has no Referrers API (OCI distribution 1.1,
    /// "Referrers Tag Schema"): `sha256-<hex>`. At most 64 digits are kept, as the specification says.
    pub(crate) fn tag(&self) -> String {
        format!("{}-{}", self.algorithm.name(), self.hex.get(..64).unwrap_or(&self.hex))
    }
}

impl FromStr for Digest {
    type Err = Cause;

    fn from_str(text: &str) -> Result<Self, Cause> {
        let wrong = |why| Err(Cause::Name { text: text.to_owned(), why });
        let (name, hex) = text.split_once(':').unwrap_or((text, ""));
        let Some(algorithm) = Algorithm::ALL.into_iter().find(|one| one.name() == name) else {
            return wrong("is no digest: its algorithm is not one of sha256, sha384, sha512");
        };
        if hex.len() != algorithm.digits() || !hex.bytes().all(|one| matches!(one, b'0'..=b'9' | b'a'..=b'f')) {
            return wrong("is no digest: it has another number of lower-case hex digits than its algorithm");
        }
        Ok(Self { algorithm, hex: hex.to_owned() })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}", self.algorithm.name(), self.hex)
    }
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |one: u8| char::from(DIGITS[usize::from(one & 15)]);
    bytes.iter().flat_map(|one| [digit(one >> 4), digit(*one)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn knows_bytes_by_their_digest() {
        assert_eq!(Digest::of(b"").to_string(), EMPTY);
        let sha512: Digest = format!("sha512:{}", Algorithm::Sha512.hash(b"x")).parse().expect("a digest");
        assert!(sha512.check(b"x").is_ok() && sha512.check(b"y").is_err());
        assert_eq!(sha512.tag().len(), "sha512-".len() + 64);
    }

    #[test]
    fn a20c_n8_refuses_digests_of_another_form() {
        let upper = EMPTY.to_uppercase().replace("SHA256", "sha256");
        for bad in [
            "",
            "sha256",
            "sha256:",
            "sha256:00",
            &EMPTY[7..],
            &upper,
            &format!("{EMPTY} "),
            &format!(" {EMPTY}"),
            &EMPTY.replace("sha256", "sha512"),
            &EMPTY.replace("sha256", "md5"),
            &EMPTY.replace("sha256", "SHA256"),
        ] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }
}
