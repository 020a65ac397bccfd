//! The threads that judge: so many at once, so many waiting, each tenant his share, and nothing for a caller who has gone.

use std::fmt;
use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::lanes::{Begun, Lanes, Name, Offered};
use crate::rates::Limited;
use crate::response::RETRY_SECONDS;

/// Threads beside the workers. One tenant's jobs take no more threads than there are workers, so that another's never waits
/// until one of them has ended: the processors are shared between both meanwhile.
pub const SPARE: usize = 1;

/// Why work was not taken, or never ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lost {
    /// As much is waiting as may wait, and nobody has more of it than this tenant.
    Full {
        /// How much that is.
        limit: usize,
    },
    /// It needs facts, and as many reviews of its tenant, or of all, wait for such as may.
    Waiting,
    /// Its tenant has had as much as he may have: it never came to the queue.
    Limited(Arc<Limited>),
    /// Its deadline passed before a thread was free.
    Late,
    /// It panicked: a bug.
    Panicked,
    /// The pool has ended.
    Ended,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { limit } => {
                write!(f, "{limit} reviews are waiting already, and no more may wait (`--queue`); try again")
            }
            Self::Waiting => write!(
                f,
                "the reviews that wait for an answer of a registry take all the memory that they may; try again"
            ),
            Self::Limited(limited) => limited.fmt(f),
            Self::Late => write!(f, "the time for the review was over before a thread was free to judge it"),
            Self::Panicked => write!(f, "a bug in Portcullis stopped the judgement; please report it"),
            Self::Ended => write!(f, "this Portcullis is shutting down; try again"),
        }
    }
}

impl std::error::Error for Lost {}

impl Lost {
    /// The word for metrics where there was too much to do, and nothing went wrong otherwise.
    pub fn overload(&self) -> Option<&'static str> {
        match self {
            Self::Full { .. } | Self::Waiting => Some("queue_full"),
            Self::Limited(_) => Some("rate_limited"),
            Self::Ended => Some("shutting_down"),
            Self::Late | Self::Panicked => None,
        }
    }

    /// After how many seconds it is worth while to come again; nothing where that would be long.
    pub fn retry(&self) -> Option<u32> {
        match self {
            Self::Limited(limited) => limited.exceeded.retry(),
            _ => Some(RETRY_SECONDS),
        }
    }
}

/// Told of everything that waits, for metrics; called under the queue's lock, so it must be quick.
pub trait Watcher: Send + Sync {
    /// So many jobs wait now.
    fn depth(&self, waiting: usize);
    /// A job has left the queue after this time, to be run or because nobody wants it any more.
    fn waited(&self, time: Duration);
}

/// A fixed number of threads over one bounded queue with a lane for each tenant; within a lane first in, first out.
///
/// A thread is busy until its work has really ended, whoever has stopped waiting for it: no more than `workers` jobs of one
/// lane ever run at once, and [`SPARE`] more of others (X01).
pub struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    queue: Mutex<Queue>,
    more: Condvar,
    watcher: Option<Arc<dyn Watcher>>,
}

struct Queue {
    lanes: Lanes<Waiting>,
    /// Threads that sleep until there is more.
    idle: usize,
    ended: bool,
}

struct Waiting {
    since: Instant,
    deadline: Instant,
    job: Box<dyn Job>,
}

/// Work with the way back to whoever waits for it.
trait Job: Send {
    fn wanted(&self) -> bool;
    fn run(self: Box<Self>);
    fn lost(self: Box<Self>, lost: Lost);
}

struct Task<T, F> {
    work: F,
    reply: oneshot::Sender<Result<T, Lost>>,
}

impl<T: Send, F: FnOnce() -> T + Send> Job for Task<T, F> {
    fn wanted(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run(self: Box<Self>) {
        let Self { work, reply } = *self;
        // Whatever the work held is gone with it, so nothing half-done can be seen afterwards.
        let outcome = catch_unwind(AssertUnwindSafe(work)).map_err(|_| Lost::Panicked);
        // Whoever waited may have gone meanwhile.
        let _ = reply.send(outcome);
    }

    fn lost(self: Box<Self>, lost: Lost) {
        let _ = self.reply.send(Err(lost));
    }
}

/// The result to come; dropping it withdraws the work if it has not begun.
pub struct Pending<T>(oneshot::Receiver<Result<T, Lost>>);

impl<T> Future for Pending<T> {
    type Output = Result<T, Lost>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        // A sender that is gone without a word belonged to a pool that has ended.
        Pin::new(&mut self.0).poll(context).map(|outcome| outcome.unwrap_or(Err(Lost::Ended)))
    }
}

impl Pool {
    /// Starts `workers` threads (at least one) and the spare ones, named after the pool; at most `queue` jobs wait for them.
    ///
    /// # Errors
    /// A thread that could not be started.
    pub fn new(name: &str, workers: usize, queue: usize, watcher: Option<Arc<dyn Watcher>>) -> io::Result<Self> {
        let workers = workers.max(1);
        let queue = Mutex::new(Queue { lanes: Lanes::new(queue, workers), idle: 0, ended: false });
        let shared = Arc::new(Shared { queue, more: Condvar::new(), watcher });
        let mut pool = Self { shared, threads: Vec::new() };
        for index in 0..workers + SPARE {
            let shared = Arc::clone(&pool.shared);
            let builder = thread::Builder::new().name(format!("{name}-{index}"));
            // Dropping the pool on the way out ends those that run already.
            pool.threads.push(builder.spawn(move || shared.work())?);
        }
        Ok(pool)
    }

    /// Queues a tenant's work, to begin before the deadline or not at all. Where the queue is full, the newest work of
    /// whoever has most in it is lost ([`Lost::Full`]): his who asks, or another's.
    ///
    /// # Errors
    /// [`Lost::Full`] and [`Lost::Ended`] at once; the others come with the result.
    pub fn run<T, F>(&self, tenant: &Name, deadline: Instant, work: F) -> Result<Pending<T>, Lost>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let (reply, pending) = oneshot::channel();
        let waiting = Waiting { since: Instant::now(), deadline, job: Box::new(Task { work, reply }) };
        let mut queue = self.shared.lock();
        if queue.ended {
            return Err(Lost::Ended);
        }
        if queue.lanes.is_full() {
            // What nobody waits for any more must not keep out what somebody does.
            queue.lanes.retain(|waiting| waiting.job.wanted());
        }
        let offered = queue.lanes.offer(tenant, waiting);
        let limit = queue.lanes.limit();
        self.shared.tell_depth(&queue);
        // Whoever is busy looks again before he sleeps; a word to nobody would still cost a system call.
        let idle = queue.idle > 0 && queue.lanes.has_ready();
        drop(queue);
        match offered {
            Offered::Waits => {}
            Offered::InPlaceOf(other) => other.job.lost(Lost::Full { limit }),
            Offered::Refused(_) => return Err(Lost::Full { limit }),
        }
        if idle {
            self.shared.more.notify_one();
        }
        Ok(Pending(pending))
    }
}

impl Drop for Pool {
    /// Takes nothing new, drops what waits, and returns when what runs has ended.
    fn drop(&mut self) {
        let dropped = {
            let mut queue = self.shared.lock();
            queue.ended = true;
            queue.lanes.drain()
        };
        self.shared.more.notify_all();
        drop(dropped);
        let own = thread::current().id();
        for handle in self.threads.drain(..).filter(|handle| handle.thread().id() != own) {
            // Jobs catch their panics; a thread has nothing else to panic with.
            let _ = handle.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        // No job runs under the lock, so a poisoned queue is still whole.
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell_depth(&self, queue: &Queue) {
        if let Some(watcher) = &self.watcher {
            watcher.depth(queue.lanes.waiting());
        }
    }

    fn work(&self) {
        let mut before = None;
        while let Some((begun, waiting)) = self.next(before.take()) {
            let began = Instant::now();
            if let Some(watcher) = &self.watcher {
                watcher.waited(began.saturating_duration_since(waiting.since));
            }
            if waiting.job.wanted() {
                if began >= waiting.deadline {
                    waiting.job.lost(Lost::Late);
                } else {
                    waiting.job.run();
                }
            }
            before = Some((begun, began.elapsed()));
        }
    }

    /// The next job, after the one before has ended; nothing when the pool has ended.
    fn next(&self, before: Option<(Begun, Duration)>) -> Option<(Begun, Waiting)> {
        let mut queue = self.lock();
        if let Some((begun, spent)) = before {
            queue.lanes.ended(&begun, spent);
        }
        loop {
            if let Some(next) = queue.lanes.begin() {
                self.tell_depth(&queue);
                // Work for which no thread was woken, because its lane had as many as it may: now another may have it.
                if queue.idle > 0 && queue.lanes.has_ready() {
                    self.more.notify_one();
                }
                return Some(next);
            }
            if queue.ended {
                return None;
            }
            queue.idle += 1;
            queue = self.more.wait(queue).unwrap_or_else(PoisonError::into_inner);
            queue.idle -= 1;
        }
    }
}

#[cfg(test)]
mod tests;
