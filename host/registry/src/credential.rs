//! One secret, and the ways to show it to a registry.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::HeaderValue;
use sha2::{Digest as _, Sha256};

/// What proves to a registry who we are. Nothing that is printed shows the secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A user name and a password.
    Password {
        /// The user name.
        user: String,
        /// The password.
        password: String,
    },
    /// A refresh token, to be changed for a token of the registry (`identitytoken`).
    Identity {
        /// The refresh token.
        token: String,
    },
    /// A token that the registry takes as it is (`registrytoken`).
    Token {
        /// The token.
        token: String,
    },
}

impl fmt::Debug for Credential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Password { user, .. } => write!(out, "Password {{ user: {user:?}, .. }}"),
            Self::Identity { .. } => write!(out, "Identity {{ .. }}"),
            Self::Token { .. } => write!(out, "Token {{ .. }}"),
        }
    }
}

impl Credential {
    /// The header of Basic authentication; nothing where this is no password.
    pub(crate) fn basic(&self) -> Option<HeaderValue> {
        let Self::Password { user, password } = self else { return None };
        secret(&format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
    }

    /// Tells credentials apart without being one.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let (kind, one, other) = match self {
            Self::Password { user, password } => ("password", user.as_str(), password.as_str()),
            Self::Identity { token } => ("identity", "", token.as_str()),
            Self::Token { token } => ("token", "", token.as_str()),
        };
        let mut hash = Sha256::new();
        for part in [kind, one, other] {
            // The length stands before each part, so that no two lists of parts are one text.
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.finalize().into()
    }
}

/// The header that carries a token; nothing where the token has characters that no header may have.
pub(crate) fn bearer(token: &str) -> Option<HeaderValue> {
    secret(&format!("Bearer {token}"))
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    // Kept out of debug output and of header tables of HTTP/2.
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_no_secret_and_tells_credentials_apart() {
        let password =
            |user: &str, password: &str| Credential::Password { user: user.to_owned(), password: password.to_owned() };
        assert!(!format!("{:?} {:?}", password("u", "geheim"), bearer("geheim")).contains("geheim"));
        assert_ne!(password("ab", "c").fingerprint(), password("a", "bc").fingerprint());
        assert_ne!(
            Credential::Token { token: "x".to_owned() }.fingerprint(),
            Credential::Identity { token: "x".to_owned() }.fingerprint()
        );
        assert_eq!(password("a", "b").basic().expect("a header"), "Basic YTpi");
        assert!(bearer("a\r\nX: y").is_none());
    }
}
