//! Whether a connection does anything.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use super::ConnectionLimits;

/// The requests of one connection: how many are in flight, and since when none is.
#[derive(Debug)]
pub(super) struct Activity {
    since: Instant,
    in_flight: AtomicUsize,
    /// Whole milliseconds from `since` to the end of the last request; zero while there was none.
    ended: AtomicU64,
}

/// A request in flight, until it is dropped.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { since: Instant::now(), in_flight: AtomicUsize::new(0), ended: AtomicU64::new(0) })
    }

    /// A request has begun.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        InFlight(Arc::clone(self))
    }

    /// When it is worth asking whether the connection is asleep.
    pub(super) fn wakes(&self, limits: &ConnectionLimits) -> Instant {
        if self.in_flight.load(Ordering::SeqCst) > 0 {
            return Instant::now() + limits.idle;
        }
        match self.ended.load(Ordering::SeqCst) {
            0 => self.since + limits.header,
            ended => self.since + Duration::from_millis(ended) + limits.idle,
        }
    }

    /// Whether it said nothing for longer than it may.
    pub(super) fn is_asleep(&self, limits: &ConnectionLimits) -> bool {
        self.wakes(limits) <= Instant::now()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let ended = u64::try_from(self.0.since.elapsed().as_millis()).unwrap_or(u64::MAX).max(1);
        // In this order: whoever sees that nothing is in flight sees since when.
        self.0.ended.store(ended, Ordering::SeqCst);
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
    }
}
