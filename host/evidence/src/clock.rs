//! The time of this machine, which a test may hurry.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The time of this machine. All clones show the same.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Milliseconds ahead of this machine; only tests put it ahead.
    ahead: Arc<AtomicU64>,
}

impl Clock {
    /// Lets time pass at once, so that a test need not wait for it.
    pub fn pass(&self, time: Duration) {
        self.ahead.fetch_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// For how long something is remembered is measured by this.
    pub(crate) fn instant(&self) -> Instant {
        Instant::now() + self.ahead()
    }

    /// The time of day, since 1970-01-01T00:00:00Z.
    pub(crate) fn since_1970(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + self.ahead()
    }

    fn ahead(&self) -> Duration {
        Duration::from_millis(self.ahead.load(Ordering::SeqCst))
    }
}
