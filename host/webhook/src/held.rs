//! What bodies may take that are held at once, with a share that only small ones have: large ones keep no small one waiting.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{AcquireError, Semaphore, SemaphorePermit};

use crate::metrics::{self, HeldGuard};

/// A body that is announced with so many bytes at most is a small one, as most reviews of a cluster are.
const SMALL: usize = 64 << 10;
/// One of so many parts of all bytes is for small bodies alone.
const SHARE: usize = 4;
/// What one permit stands for, in bytes.
const PERMIT: usize = 1_024;

/// What may still be held.
pub struct Held {
    /// For small bodies; nothing where there is too little for a share of their own.
    small: Option<Part>,
    /// For all others.
    rest: Part,
}

struct Part {
    free: Semaphore,
    /// How many wait for it.
    waiting: AtomicUsize,
}

/// Somebody who waits, until it is dropped.
struct Waits<'a>(&'a AtomicUsize);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What one body may take, until it is dropped.
pub struct Room<'a> {
    part: &'a Part,
    _permit: SemaphorePermit<'a>,
    _counted: HeldGuard,
}

impl Held {
    /// So many bytes in all, of which the largest body must find room beside the small ones' share.
    pub fn new(bytes: usize, largest: usize) -> Self {
        let bytes = bytes.max(largest);
        let share = Some((bytes / SHARE).min(bytes - largest)).filter(|share| *share >= SMALL);
        let part = |bytes: usize| Part {
            free: Semaphore::new(bytes.div_ceil(PERMIT).min(Semaphore::MAX_PERMITS)),
            waiting: AtomicUsize::new(0),
        };
        Self { small: share.map(part), rest: part(bytes - share.unwrap_or_default()) }
    }

    /// Waits until a body of that size finds room.
    ///
    /// # Errors
    /// Never: nobody closes what it waits for.
    pub async fn room(&self, bytes: usize) -> Result<Room<'_>, AcquireError> {
        let part = self.small.as_ref().filter(|_| bytes <= SMALL).unwrap_or(&self.rest);
        let permits = bytes.div_ceil(PERMIT);
        part.waiting.fetch_add(1, Ordering::Relaxed);
        let waits = Waits(&part.waiting);
        let permit = part.free.acquire_many(u32::try_from(permits).unwrap_or(u32::MAX)).await?;
        drop(waits);
        Ok(Room { part, _permit: permit, _counted: metrics::held((permits * PERMIT) as u64) })
    }
}

impl Room<'_> {
    /// Whether others wait for what it takes.
    pub fn is_wanted(&self) -> bool {
        self.part.waiting.load(Ordering::Relaxed) > 0
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    const MIB: usize = 1 << 20;

    /// Room, where there is some at once.
    fn at_once(held: &Held, bytes: usize) -> Option<Room<'_>> {
        match pin!(held.room(bytes)).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(room) => room.ok(),
            Poll::Pending => None,
        }
    }

    #[test]
    fn gives_small_bodies_room_whatever_large_ones_take_and_wait_for_a50() {
        let held = Held::new(32 * MIB, 8 * MIB);
        let large: Vec<_> = (0..3).map_while(|_| at_once(&held, 8 * MIB)).collect();
        assert_eq!(large.len(), 3, "three quarters are for all");
        let mut waiting = pin!(held.room(8 * MIB));
        assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let small: Vec<_> = (0..1_000).map_while(|_| at_once(&held, SMALL)).collect();
        assert_eq!(small.len(), 8 * MIB / SMALL, "and one quarter for small ones");
        assert!(at_once(&held, 1).is_none(), "which have no more than that");
        assert!(large[0].is_wanted() && !small[0].is_wanted());
        drop(large);
        assert!(waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }

    #[test]
    fn always_has_room_for_one_of_the_largest() {
        for (bytes, largest) in [(8 * MIB, 8 * MIB), (MIB, 8 * MIB), (9 * MIB, 8 * MIB), (100, 100), (1, 1)] {
            let held = Held::new(bytes, largest);
            assert!(at_once(&held, largest).is_some() && at_once(&held, 1).is_some(), "{bytes} {largest}");
        }
    }
}
