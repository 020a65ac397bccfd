//! What one evaluation may spend: time, memory in total, answer size.

use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use wasmtime::ResourceLimiter;

use crate::error::Breach;

/// What one call of a plugin may spend. Every bound ends the call with an error of its own.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Processor time of the calling thread for one `evaluate`, its instance included. Default 50 ms: honest plugins need
    /// microseconds. Checked every millisecond, so a call may overdraw it by one or two.
    pub time: Duration,
    /// The same for one `describe` or `prepare`, which run at load only. Default 500 ms.
    pub load_time: Duration,
    /// Bytes of all linear memories together. Default 64 MiB.
    pub memory: usize,
    /// Elements of all tables together. Default 100,000.
    pub table_elements: usize,
    /// Core instances of one component. Default 32. (Memories and tables are counted by their sums.)
    pub instances: usize,
    /// Handles of the component model. Default 1,000; the contract needs none.
    pub handles: usize,
    /// Calls of imported functions; a call that walks a document pays one more for every 64 nodes. Default 100,000.
    pub calls: u64,
    /// Bytes of texts and lists that imported functions take and give. Default 1 MiB.
    pub bytes: u64,
    /// Bytes of the host's memory that one answer may fill, strings and records alike. Default 1 MiB.
    pub answer: usize,
    /// Findings of one answer. Default 1,000.
    pub findings: usize,
    /// Queries about one review, all rounds together. Default 253, and never more: a handle has 8 bits for a document.
    pub queries: usize,
    /// Bytes of the arguments of one query. Default 16 KiB.
    pub arguments: usize,
    /// Bytes of one message, escapes included; longer ones are cut. Default 4 KiB.
    pub message: usize,
    /// Bytes of settings, and of what `prepare` makes of them. Default 1 MiB each.
    pub settings: usize,
    /// How often one plugin may be asked about one review. Default 4. Counted by the caller, who keeps the rounds.
    pub rounds: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            time: Duration::from_millis(50),
            load_time: Duration::from_millis(500),
            memory: 64 << 20,
            table_elements: 100_000,
            instances: 32,
            handles: 1_000,
            calls: 100_000,
            bytes: 1 << 20,
            answer: 1 << 20,
            findings: 1_000,
            queries: crate::state::FACTS,
            arguments: 16 << 10,
            message: 4 << 10,
            settings: 1 << 20,
            rounds: 4,
        }
    }
}

/// How often the clock thread looks while anything runs.
pub(crate) const TICK: Duration = Duration::from_millis(1);

/// What is left of a budget while a call runs.
pub(crate) struct Purse {
    calls_left: u64,
    bytes_left: u64,
    memory: usize,
    tables: usize,
    time: Duration,
    /// Processor time and moment at which the store was made, before anything is instantiated: no tick interrupts that.
    began: (Duration, Instant),
    deadline: Option<Instant>,
    limits: Limits,
}

/// The part of [`Budget`] that does not shrink, for messages and sums.
#[derive(Clone, Copy)]
struct Limits {
    calls: u64,
    bytes: u64,
    memory: usize,
    elements: usize,
    instances: usize,
}

impl Purse {
    pub(crate) fn new(budget: &Budget, time: Duration, deadline: Option<Instant>) -> Self {
        let limits = Limits {
            calls: budget.calls,
            bytes: budget.bytes,
            memory: budget.memory,
            elements: budget.table_elements,
            instances: budget.instances,
        };
        Self {
            calls_left: budget.calls,
            bytes_left: budget.bytes,
            memory: 0,
            tables: 0,
            time,
            began: (thread_time(), Instant::now()),
            deadline,
            limits,
        }
    }

    /// Pays for one call of an imported function.
    #[inline]
    pub(crate) fn call(&mut self) -> Result<(), Breach> {
        self.work(1)
    }

    /// Pays for a call, or for what a call does beyond its share.
    #[inline]
    pub(crate) fn work(&mut self, steps: u64) -> Result<(), Breach> {
        match self.calls_left.checked_sub(steps) {
            Some(left) => self.calls_left = left,
            None => return Err(Breach::Calls(self.limits.calls)),
        }
        Ok(())
    }

    /// Pays for bytes that cross the boundary.
    #[inline]
    pub(crate) fn bytes(&mut self, bytes: usize) -> Result<(), Breach> {
        match self.bytes_left.checked_sub(bytes as u64) {
            Some(left) => self.bytes_left = left,
            None => return Err(Breach::Bytes(self.limits.bytes)),
        }
        Ok(())
    }

    /// How many more bytes may cross.
    pub(crate) fn bytes_left(&self) -> u64 {
        self.bytes_left
    }

    /// Looks at the clocks; called once per tick while a plugin runs.
    pub(crate) fn tick(&mut self) -> Result<(), Breach> {
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Breach::Deadline);
        }
        if thread_time().saturating_sub(self.began.0) >= self.time { Err(Breach::Time(self.time)) } else { Ok(()) }
    }

    /// Looks at the clocks once everything is instantiated: whether a tick came in between is chance, and a verdict must not be.
    pub(crate) fn started(&mut self) -> Result<(), Breach> {
        let now = Instant::now();
        let late = self.deadline.is_some_and(|deadline| now >= deadline);
        // Nobody spends more processor time than time, and this clock is read without a system call.
        if late || now.saturating_duration_since(self.began.1) >= self.time { self.tick() } else { Ok(()) }
    }
}

/// Processor time of this thread: a busy machine does not fail an honest plugin.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Limits the sums: wasmtime's own `StoreLimits` looks at each memory alone, and a component may have several.
impl ResourceLimiter for Purse {
    fn memory_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let sum = self.memory.saturating_add(desired.saturating_sub(current));
        if sum > self.limits.memory {
            // Not -1 to the guest: whether it copes with that or traps, the operator could not tell why.
            return Err(wasmtime::Error::new(Breach::Memory(self.limits.memory)));
        }
        self.memory = sum;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        let sum = self.tables.saturating_add(desired.saturating_sub(current));
        if sum > self.limits.elements {
            return Err(wasmtime::Error::new(Breach::Tables(self.limits.elements)));
        }
        self.tables = sum;
        Ok(true)
    }

    fn instances(&self) -> usize {
        self.limits.instances
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_memories_that_fit_alone_but_not_together() {
        let budget = Budget::default();
        let mut purse = Purse::new(&budget, budget.time, None);
        assert!(purse.memory_growing(0, 40 << 20, None).is_ok());
        let refused = purse.memory_growing(0, 40 << 20, None).expect_err("80 MiB in all");
        assert_eq!(refused.downcast_ref(), Some(&Breach::Memory(64 << 20)));
        assert!(purse.memory_growing(40 << 20, 64 << 20, None).is_ok(), "what was refused is not counted");
    }

    #[test]
    fn counts_what_was_spent_before_the_first_tick_p01_p27() {
        let budget = Budget::default();
        let mut purse = Purse::new(&budget, Duration::from_secs(3_600), None);
        assert_eq!(purse.started(), Ok(()), "next to nothing yet");
        let mut purse = Purse::new(&budget, Duration::from_millis(5), None);
        let began = thread_time();
        while thread_time().saturating_sub(began) < Duration::from_millis(6) {
            std::hint::spin_loop();
        }
        assert_eq!(purse.started(), Err(Breach::Time(Duration::from_millis(5))));
        assert_eq!(purse.tick(), Err(Breach::Time(Duration::from_millis(5))));
    }

    #[test]
    fn stops_at_the_deadline_whatever_time_was_spent() {
        let budget = Budget::default();
        let mut purse = Purse::new(&budget, budget.time, Some(Instant::now()));
        assert_eq!(purse.tick(), Err(Breach::Deadline));
    }
}
