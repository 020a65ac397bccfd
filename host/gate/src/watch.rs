//! Which policy is under way and what each one took, for whoever waits.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use portcullis_model::FailureKind;

/// What one call of a plugin took. Kept beside the decision, never in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The policy set.
    pub policy_set: Arc<str>,
    /// The policy.
    pub policy: Arc<str>,
    /// Wall time of the call.
    pub time: Duration,
    /// Why it did not judge, where it did not.
    pub fault: Option<FailureKind>,
}

/// Says from another thread which policy is being judged.
#[derive(Clone, Debug, Default)]
pub struct Watch(Option<Arc<Mutex<Option<Called>>>>);

/// The names of a policy set and of a policy in it.
pub type Called = (Arc<str>, Arc<str>);

impl Watch {
    /// A watch that somebody looks at; the default one costs nothing and shows nothing.
    pub(crate) fn shown() -> Self {
        Self(Some(Arc::default()))
    }

    pub(crate) fn begins(&self, called: &Called) {
        if let Some(shared) = &self.0 {
            *shared.lock().unwrap_or_else(PoisonError::into_inner) = Some(called.clone());
        }
    }

    /// The policy set and the policy that were called last; nothing before the first call.
    pub fn current(&self) -> Option<Called> {
        self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
