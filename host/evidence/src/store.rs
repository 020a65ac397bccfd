//! Every trust that some policy set in force speaks of, by digest.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, Weak};

use crate::trust::Trust;

/// Every trust that some policy set in force speaks of, by digest: whoever looks a fact up under a trust finds it here as long
/// as a policy set holds it.
#[derive(Debug, Default)]
pub struct TrustStore(RwLock<BTreeMap<String, Weak<Trust>>>);

impl TrustStore {
    /// Keeps a trust as long as somebody holds it; the one that is here already where both verify alike.
    pub fn keep(&self, trust: Trust) -> Arc<Trust> {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, held| held.strong_count() > 0);
        if let Some(same) = known.get(trust.digest()).and_then(Weak::upgrade) {
            return same;
        }
        let trust = Arc::new(trust);
        known.insert(trust.digest().to_owned(), Arc::downgrade(&trust));
        trust
    }

    /// The trust of this digest; nothing where no policy set holds it any more.
    pub fn get(&self, digest: &str) -> Option<Arc<Trust>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(digest).and_then(Weak::upgrade)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use portcullis_model::{Presence, TrustRoot, TrustRule};

    use super::*;

    #[test]
    fn forgets_what_nobody_trusts_any_more_n60() {
        let rule = TrustRule {
            name: "public".into(),
            root: Some(TrustRoot::SigstorePublic),
            keys: Vec::new(),
            log: Presence::Required,
            timestamp: Presence::Optional,
            place: None,
        };
        let load = |log| Trust::load(&TrustRule { log, ..rule.clone() }, Path::new("")).expect("a trust");
        let store = TrustStore::default();
        let first = store.keep(load(Presence::Required));
        let same = store.keep(load(Presence::Required));
        assert!(Arc::ptr_eq(&first, &same));
        let other = store.keep(load(Presence::Optional));
        assert_ne!(first.digest(), other.digest());
        let digest = first.digest().to_owned();
        assert!(store.get(&digest).is_some() && store.get("sha256:0").is_none());
        drop((first, same));
        assert!(store.get(&digest).is_none() && store.get(other.digest()).is_some());
    }
}
