//! Room for answers, taken as their bytes come; and a share of everything for each host, so that one that is slow stops no other.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::error::Cause;
use crate::limits::{HOST_PART, Limits, MAX_REQUESTS_PER_HOST};

/// A unit of room, in bytes.
const KIB: u64 = 1024;

/// Room for the answers of all hosts.
pub(crate) struct Room {
    all: Arc<Semaphore>,
    /// KiB in all, and for one host.
    sizes: (u32, u32),
    hosts: Mutex<HashMap<String, Weak<Share>>>,
}

/// What one host may take at once.
struct Share {
    requests: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
}

/// One request, as long as it is under way.
pub(crate) struct Visit {
    all: Arc<Semaphore>,
    share: Arc<Share>,
    sizes: (u32, u32),
    deadline: Instant,
    held: Vec<OwnedSemaphorePermit>,
    /// KiB that are taken, in all and of the host's share.
    taken: (u32, u32),
}

impl Room {
    pub(crate) fn new(limits: &Limits) -> Self {
        let all = kib(limits.bytes_under_way);
        // The largest answer must fit.
        let host = kib(limits.bytes_under_way / HOST_PART).max(kib(limits.blob)).min(all);
        let permits = |kib: u32| usize::try_from(kib).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        Self { all: Arc::new(Semaphore::new(permits(all))), sizes: (all, host), hosts: Mutex::default() }
    }

    /// Begins a request to a host (with its port), when fewer than [`MAX_REQUESTS_PER_HOST`] are under way there.
    pub(crate) async fn enter(&self, host: &str, deadline: Instant) -> Result<Visit, Cause> {
        let share = self.share(host);
        let waiting = Arc::clone(&share.requests).acquire_owned();
        let Ok(Ok(permit)) = timeout_at(deadline, waiting).await else { return Err(Cause::Crowded) };
        let (all, sizes) = (Arc::clone(&self.all), self.sizes);
        Ok(Visit { all, share, sizes, deadline, held: vec![permit], taken: (0, 0) })
    }

    fn share(&self, host: &str) -> Arc<Share> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = hosts.get(host).and_then(Weak::upgrade) {
            return share;
        }
        hosts.retain(|_, share| share.strong_count() > 0);
        let bytes = usize::try_from(self.sizes.1).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let share = Arc::new(Share {
            requests: Arc::new(Semaphore::new(MAX_REQUESTS_PER_HOST)),
            bytes: Arc::new(Semaphore::new(bytes)),
        });
        hosts.insert(host.to_owned(), Arc::downgrade(&share));
        share
    }
}

impl Visit {
    /// Waits until there is room for so many bytes in all; it is given back when the visit ends.
    pub(crate) async fn room(&mut self, bytes: u64) -> Result<(), Cause> {
        let wanted = kib(bytes);
        let of_host = wanted.min(self.sizes.1).saturating_sub(self.taken.1);
        let of_all = wanted.min(self.sizes.0).saturating_sub(self.taken.0);
        for (semaphore, more) in [(&self.share.bytes, of_host), (&self.all, of_all)] {
            if more == 0 {
                continue;
            }
            let waiting = Arc::clone(semaphore).acquire_many_owned(more);
            let Ok(Ok(permit)) = timeout_at(self.deadline, waiting).await else { return Err(Cause::Crowded) };
            self.held.push(permit);
        }
        self.taken = (self.taken.0 + of_all, self.taken.1 + of_host);
        Ok(())
    }
}

fn kib(bytes: u64) -> u32 {
    u32::try_from(bytes / KIB + 1).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_millis(20)
    }

    #[tokio::test]
    async fn a_host_that_takes_all_it_may_stops_no_other_a42() {
        let room = Room::new(&Limits::default());
        let mut slow = Vec::new();
        for _ in 0..MAX_REQUESTS_PER_HOST {
            slow.push(room.enter("slow.example", soon()).await.expect("a request"));
        }
        assert!(matches!(room.enter("slow.example", soon()).await, Err(Cause::Crowded)));
        let mut other = room.enter("other.example", soon()).await.expect("another host");
        for visit in &mut slow {
            // All that the host may have, and then no more.
            let _ = visit.room(8 << 20).await;
        }
        other.room(32 << 20).await.expect("room for another host");
        drop((slow, other));
        let mut again = room.enter("slow.example", soon()).await.expect("a request");
        again.room(32 << 20).await.expect("all is given back");
    }

    #[tokio::test]
    async fn takes_room_as_bytes_come() {
        let limits = Limits { bytes_under_way: 64 << 10, blob: 16 << 10, ..Limits::default() };
        let room = Room::new(&limits);
        let mut one = room.enter("a.example", soon()).await.expect("a request");
        for bytes in [0, 1_000, 4_000, 16_000] {
            one.room(bytes).await.expect("room");
        }
        assert_eq!(one.taken, (16, 16));
        let mut two = room.enter("a.example", soon()).await.expect("a request");
        assert!(matches!(two.room(8_000).await, Err(Cause::Crowded)), "the host has its share");
        drop(one);
        let mut three = room.enter("a.example", soon()).await.expect("a request");
        three.room(8_000).await.expect("room");
    }
}
