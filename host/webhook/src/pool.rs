//! The threads that judge: so many at once, so many waiting, and nothing for a caller who has gone.

use std::collections::VecDeque;
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

/// Why work was not taken, or never ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// As much is waiting as may wait.
    Full {
        /// How much that is.
        limit: usize,
    },
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
            Self::Late => write!(f, "the time for the review was over before a thread was free to judge it"),
            Self::Panicked => write!(f, "a bug in Portcullis stopped the judgement; please report it"),
            Self::Ended => write!(f, "this Portcullis is shutting down; try again"),
        }
    }
}

impl std::error::Error for Lost {}

/// Told of everything that waits, for metrics; called under the queue's lock, so it must be quick.
pub trait Watcher: Send + Sync {
    /// So many jobs wait now.
    fn depth(&self, waiting: usize);
    /// A job has left the queue after this time, to be run or because nobody wants it any more.
    fn waited(&self, time: Duration);
}

/// A fixed number of threads over one bounded queue, first in, first out.
///
/// A thread is busy until its work has really ended, whoever has stopped waiting for it: no more than `workers` jobs ever
/// run at once (X01).
pub struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    queue: Mutex<Queue>,
    more: Condvar,
    limit: usize,
    watcher: Option<Arc<dyn Watcher>>,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Waiting>,
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
    fn late(self: Box<Self>);
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

    fn late(self: Box<Self>) {
        let _ = self.reply.send(Err(Lost::Late));
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
    /// Starts `workers` threads (at least one) named after the pool; at most `queue` jobs wait for them.
    ///
    /// # Errors
    /// A thread that could not be started.
    pub fn new(name: &str, workers: usize, queue: usize, watcher: Option<Arc<dyn Watcher>>) -> io::Result<Self> {
        let shared = Arc::new(Shared { queue: Mutex::default(), more: Condvar::new(), limit: queue.max(1), watcher });
        let mut pool = Self { shared, threads: Vec::new() };
        for index in 0..workers.max(1) {
            let shared = Arc::clone(&pool.shared);
            let builder = thread::Builder::new().name(format!("{name}-{index}"));
            // Dropping the pool on the way out ends those that run already.
            pool.threads.push(builder.spawn(move || shared.work())?);
        }
        Ok(pool)
    }

    /// Queues work, to begin before the deadline or not at all.
    ///
    /// # Errors
    /// [`Lost::Full`] and [`Lost::Ended`] at once; the others come with the result.
    pub fn run<T, F>(&self, deadline: Instant, work: F) -> Result<Pending<T>, Lost>
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
        if queue.jobs.len() >= self.shared.limit {
            // What nobody waits for any more must not keep out what somebody does.
            queue.jobs.retain(|waiting| waiting.job.wanted());
        }
        if queue.jobs.len() >= self.shared.limit {
            return Err(Lost::Full { limit: self.shared.limit });
        }
        queue.jobs.push_back(waiting);
        self.shared.tell_depth(&queue);
        // Whoever is busy looks again before he sleeps; a word to nobody would still cost a system call.
        let idle = queue.idle > 0;
        drop(queue);
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
            std::mem::take(&mut queue.jobs)
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
            watcher.depth(queue.jobs.len());
        }
    }

    fn work(&self) {
        while let Some(waiting) = self.next() {
            if let Some(watcher) = &self.watcher {
                watcher.waited(waiting.since.elapsed());
            }
            if !waiting.job.wanted() {
                continue;
            }
            if Instant::now() >= waiting.deadline {
                waiting.job.late();
            } else {
                waiting.job.run();
            }
        }
    }

    /// The next job; nothing when the pool has ended.
    fn next(&self) -> Option<Waiting> {
        let mut queue = self.lock();
        loop {
            if let Some(waiting) = queue.jobs.pop_front() {
                self.tell_depth(&queue);
                return Some(waiting);
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
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    fn later() -> Instant {
        Instant::now() + Duration::from_secs(600)
    }

    fn pool(workers: usize, queue: usize) -> Pool {
        Pool::new("test", workers, queue, None).expect("threads")
    }

    /// Occupies one thread until the sender is dropped or used; returns when the thread is really busy.
    fn block(pool: &Pool) -> (mpsc::Sender<()>, Pending<()>) {
        let (release, gate) = mpsc::channel::<()>();
        let (begun, busy) = mpsc::channel();
        let pending = pool.run(later(), move || {
            begun.send(()).expect("the test waits");
            let _ = gate.recv();
        });
        busy.recv().expect("a busy thread");
        (release, pending.expect("room"))
    }

    #[tokio::test]
    async fn gives_back_what_the_work_returns() {
        assert_eq!(pool(2, 4).run(later(), || 6 * 7).expect("room").await, Ok(42));
    }

    #[tokio::test]
    async fn refuses_at_once_when_the_queue_is_full_and_takes_more_when_it_is_not() {
        let pool = pool(1, 1);
        let (release, blocked) = block(&pool);
        let waiting = pool.run(later(), || "waited").expect("room for one");
        assert_eq!(pool.run(later(), || ()).err(), Some(Lost::Full { limit: 1 }));
        drop(release);
        assert_eq!((blocked.await, waiting.await), (Ok(()), Ok("waited")));
        assert_eq!(pool.run(later(), || 1).expect("room again").await, Ok(1));
    }

    #[tokio::test]
    async fn never_begins_work_whose_caller_has_gone_or_whose_time_is_over() {
        // A57, X01
        let pool = pool(1, 8);
        let ran = Arc::new(AtomicUsize::new(0));
        let count = |deadline| {
            let ran = Arc::clone(&ran);
            pool.run(deadline, move || ran.fetch_add(1, Ordering::SeqCst)).expect("room")
        };
        let (release, _blocked) = block(&pool);
        let gone = count(later());
        let late = count(Instant::now());
        let wanted = count(later());
        drop(gone);
        drop(release);
        assert_eq!(late.await, Err(Lost::Late));
        assert_eq!(wanted.await, Ok(0));
        assert_eq!(ran.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn makes_room_by_dropping_what_nobody_waits_for() {
        let pool = pool(1, 1);
        let (release, _blocked) = block(&pool);
        drop(pool.run(later(), || ()).expect("room"));
        let wanted = pool.run(later(), || 1).expect("the room of the one who has gone");
        drop(release);
        assert_eq!(wanted.await, Ok(1));
    }

    #[tokio::test]
    async fn keeps_a_thread_busy_until_its_work_has_ended_whoever_has_gone() {
        // X01: the caller hangs up, the work does not.
        let pool = pool(1, 8);
        let (release, blocked) = block(&pool);
        drop(blocked);
        let (began, beginning) = mpsc::channel();
        let next = pool.run(later(), move || began.send(())).expect("room");
        assert_eq!(beginning.try_recv(), Err(mpsc::TryRecvError::Empty));
        drop(release);
        assert!(next.await.is_ok());
        assert_eq!(beginning.try_recv(), Ok(()));
    }

    #[tokio::test]
    async fn wakes_as_many_threads_as_there_is_work_for() {
        let pool = pool(2, 4);
        // Each of two jobs waits for a word of the other, which has to run beside it; most rounds find both threads asleep.
        for round in 0..100 {
            let ((tell_one, told_one), (tell_other, told_other)) = (mpsc::channel(), mpsc::channel());
            let meet = |tell: mpsc::Sender<()>, told: mpsc::Receiver<()>| {
                let work = move || tell.send(()).is_ok() && told.recv_timeout(Duration::from_secs(60)).is_ok();
                pool.run(later(), work).expect("room")
            };
            let (one, other) = (meet(tell_other, told_one), meet(tell_one, told_other));
            assert_eq!((one.await, other.await), (Ok(true), Ok(true)), "round {round}");
        }
    }

    #[tokio::test]
    async fn survives_work_that_panics() {
        let pool = pool(1, 4);
        let panicked: Result<(), Lost> =
            pool.run(later(), || std::panic::resume_unwind(Box::new("bug"))).expect("room").await;
        assert_eq!(panicked, Err(Lost::Panicked));
        assert_eq!(pool.run(later(), || 1).expect("room").await, Ok(1));
    }

    #[tokio::test]
    async fn ends_when_what_runs_has_ended_and_drops_what_waits() {
        let pool = pool(1, 4);
        let (release, blocked) = block(&pool);
        let waiting = pool.run(later(), || ()).expect("room");
        let ending = thread::spawn(move || drop(pool));
        assert_eq!(waiting.await, Err(Lost::Ended));
        drop(release);
        ending.join().expect("ended");
        assert_eq!(blocked.await, Ok(()));
    }

    #[derive(Default)]
    struct Counts {
        deepest: AtomicUsize,
        left: AtomicUsize,
    }

    impl Watcher for Counts {
        fn depth(&self, waiting: usize) {
            self.deepest.fetch_max(waiting, Ordering::SeqCst);
        }

        fn waited(&self, _: Duration) {
            self.left.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[tokio::test]
    async fn tells_how_many_wait_and_how_long() {
        let counts = Arc::new(Counts::default());
        let pool = Pool::new("test", 1, 8, Some(Arc::clone(&counts) as Arc<dyn Watcher>)).expect("threads");
        let (release, blocked) = block(&pool);
        let all: Vec<_> = (0..3).map(|_| pool.run(later(), || ()).expect("room")).collect();
        drop(release);
        blocked.await.expect("ended");
        for one in all {
            one.await.expect("ended");
        }
        assert_eq!((counts.deepest.load(Ordering::SeqCst), counts.left.load(Ordering::SeqCst)), (3, 4));
    }
}
