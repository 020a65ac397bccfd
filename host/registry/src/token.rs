//! Tokens: remembered for one registry, one scope and one credential, and not for long.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::Duration;

use hyper::header::HeaderValue;
use tokio::time::Instant;

use crate::limits::{MAX_TOKEN_AGE, MAX_TOKENS};

/// What a token is good for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// Scheme, host and port of the registry.
    pub(crate) origin: String,
    /// The repository there.
    pub(crate) name: String,
    /// The credential that it was had with; nothing for nobody's.
    pub(crate) credential: Option<[u8; 32]>,
}

/// The headers that were good a moment ago.
#[derive(Default)]
pub(crate) struct Tokens {
    tokens: Mutex<HashMap<Key, (Instant, HeaderValue)>>,
}

impl Tokens {
    /// The header for a request, if there is one that is still good.
    pub(crate) fn get(&self, key: &Key) -> Option<HeaderValue> {
        let tokens = self.lock();
        let (until, header) = tokens.get(key)?;
        (*until > Instant::now()).then(|| header.clone())
    }

    /// Remembers a header.
    pub(crate) fn keep(&self, key: Key, header: HeaderValue, age: Duration) {
        let now = Instant::now();
        let mut tokens = self.lock();
        if tokens.len() >= MAX_TOKENS {
            tokens.retain(|_, (until, _)| *until > now);
        }
        if tokens.len() >= MAX_TOKENS {
            let first = tokens.iter().min_by_key(|(_, (until, _))| *until).map(|(key, _)| key.clone());
            first.map(|key| tokens.remove(&key));
        }
        tokens.insert(key, (now + age.min(MAX_TOKEN_AGE), header));
    }

    /// Forgets a header that was refused.
    pub(crate) fn forget(&self, key: &Key) {
        self.lock().remove(key);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, (Instant, HeaderValue)>> {
        // Nothing in here can be half written.
        self.tokens.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_a_bounded_number_of_tokens_and_none_too_long() {
        let tokens = Tokens::default();
        let key = |name: usize, credential| Key { origin: "https://a".to_owned(), name: name.to_string(), credential };
        let header = HeaderValue::from_static("Bearer x");
        for name in 0..MAX_TOKENS + 10 {
            tokens.keep(key(name, None), header.clone(), Duration::from_secs(100 + name as u64));
        }
        assert_eq!(tokens.lock().len(), MAX_TOKENS);
        assert!(tokens.get(&key(0, None)).is_none() && tokens.get(&key(MAX_TOKENS, None)).is_some());
        assert!(tokens.get(&key(MAX_TOKENS, Some([0; 32]))).is_none(), "a34: another credential is another token");
        tokens.keep(key(1_000, None), header, Duration::ZERO);
        assert!(tokens.get(&key(1_000, None)).is_none(), "over at once");
    }
}
