//! The clock that ends what runs too long; it rests while nothing runs.
//!
//! A thousand ticks a second cost one percent of a processor, in a process that is idle most of its life. So the clock goes to
//! sleep some ticks after the last evaluation, and whoever begins the next one wakes it. Both sides write their own word before
//! they read the other's, in one order for all threads (`SeqCst`): either the clock sees the evaluation and does not sleep, or
//! the evaluation sees the sleep and ends it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Thread};

use crate::budget::TICK;

/// Ticks without an evaluation before the clock rests: under load it is not woken for each.
const QUIET: u32 = 3;

/// A clock that runs as long as its owners live.
pub(crate) struct Clock {
    beat: Arc<Beat>,
    thread: Thread,
}

/// What runs, and whether the clock sleeps.
#[derive(Default)]
struct Beat {
    running: AtomicUsize,
    resting: AtomicBool,
    ended: AtomicBool,
}

/// An evaluation under way: the clock ticks until it is dropped.
pub(crate) struct Running(Arc<Clock>);

impl Clock {
    /// Starts a thread that calls `tick` while something runs, and ends where it says that there is nothing left to end.
    pub(crate) fn start(tick: impl FnMut() -> bool + Send + 'static) -> io::Result<Arc<Self>> {
        let beat = Arc::new(Beat::default());
        let own = Arc::clone(&beat);
        let thread = thread::Builder::new().name("portcullis-clock".into()).stack_size(64 << 10);
        let handle = thread.spawn(move || own.tick(tick))?;
        Ok(Arc::new(Self { beat, thread: handle.thread().clone() }))
    }

    /// An evaluation begins.
    pub(crate) fn running(self: &Arc<Self>) -> Running {
        self.beat.running.fetch_add(1, Ordering::SeqCst);
        if self.beat.resting.load(Ordering::SeqCst) && self.beat.resting.swap(false, Ordering::SeqCst) {
            self.thread.unpark();
        }
        Running(Arc::clone(self))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.beat.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.beat.ended.store(true, Ordering::SeqCst);
        self.thread.unpark();
    }
}

impl Beat {
    fn tick(&self, mut tick: impl FnMut() -> bool) {
        let mut quiet = 0;
        while !self.ended.load(Ordering::SeqCst) && tick() {
            thread::sleep(TICK);
            quiet = if self.runs() { 0 } else { quiet + 1 };
            if quiet >= QUIET {
                self.rest();
                quiet = 0;
            }
        }
    }

    fn runs(&self) -> bool {
        self.running.load(Ordering::SeqCst) > 0
    }

    /// Sleeps until something runs. Waking for nothing does no harm.
    fn rest(&self) {
        self.resting.store(true, Ordering::SeqCst);
        while self.resting.load(Ordering::SeqCst) && !self.runs() && !self.ended.load(Ordering::SeqCst) {
            thread::park();
        }
        self.resting.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    /// As long as a busy machine may need.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn counting() -> (Arc<Clock>, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let own = Arc::clone(&count);
        let clock = Clock::start(move || {
            own.fetch_add(1, Ordering::SeqCst);
            true
        });
        (clock.expect("a thread"), count)
    }

    fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
        let until = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < until, "never: {what}");
            thread::yield_now();
        }
    }

    #[test]
    fn ticks_for_every_evaluation_however_they_follow_each_other() {
        let (clock, count) = counting();
        for round in 0..400_u64 {
            let running = clock.running();
            let before = count.load(Ordering::SeqCst);
            wait_for("a tick", || count.load(Ordering::SeqCst) > before + 1);
            drop(running);
            // About the moment when it goes to rest, and now and then when it has long done so.
            thread::sleep(Duration::from_micros(round * 37 % 6_000));
        }
    }

    #[test]
    fn rests_while_nothing_runs() {
        let (clock, count) = counting();
        for _ in 0..3 {
            let running = [clock.running(), clock.running()];
            let before = count.load(Ordering::SeqCst);
            wait_for("ticks", || count.load(Ordering::SeqCst) > before + 10);
            drop(running);
            wait_for("rest", || clock.beat.resting.load(Ordering::SeqCst));
            let before = count.load(Ordering::SeqCst);
            thread::sleep(Duration::from_millis(50));
            assert_eq!(count.load(Ordering::SeqCst), before, "it ticks for nobody");
        }
    }

    #[test]
    fn ends_with_its_last_owner_though_it_rests() {
        let (clock, count) = counting();
        wait_for("rest", || clock.beat.resting.load(Ordering::SeqCst));
        let beat = Arc::clone(&clock.beat);
        drop(clock);
        // The thread's own share is gone with it; what it ticked with, too.
        wait_for("its end", || Arc::strong_count(&beat) == 1 && Arc::strong_count(&count) == 1);
    }
}
