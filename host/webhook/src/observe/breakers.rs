//! What is counted and logged of breakers that open and close.

use std::sync::Arc;

use portcullis_gate::{BreakerWatcher, Called};

use super::{brief, short};
use crate::metrics;

/// What the breakers of policies are watched by.
pub fn breakers() -> Arc<dyn BreakerWatcher> {
    Arc::new(Breakers)
}

struct Breakers;

impl BreakerWatcher for Breakers {
    fn opened(&self, (policy_set, policy): &Called, namespace: &str, message: &str) {
        metrics::breaker_opened(policy_set, policy);
        tracing::warn!(
            policy_set = brief(policy_set),
            policy = brief(policy),
            namespace = brief(namespace),
            fault = short(message),
            "a policy faulted again and again and is not called for this namespace until a trial; its onError holds"
        );
    }

    fn closed(&self, (policy_set, policy): &Called, namespace: &str, why: &str) {
        tracing::info!(
            policy_set = brief(policy_set),
            policy = brief(policy),
            namespace = brief(namespace),
            why,
            "a policy is called again as before"
        );
    }

    fn open(&self, (policy_set, policy): &Called, count: usize) {
        metrics::breaker_open(policy_set, policy, count);
    }
}
