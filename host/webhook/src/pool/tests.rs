//! Every promise of the threads that judge.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::*;

fn shop() -> Name {
    "shop".into()
}

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
    let pending = pool.run(&shop(), later(), move || {
        begun.send(()).expect("the test waits");
        let _ = gate.recv();
    });
    busy.recv().expect("a busy thread");
    (release, pending.expect("room"))
}

#[tokio::test]
async fn gives_back_what_the_work_returns() {
    assert_eq!(pool(2, 4).run(&shop(), later(), || 6 * 7).expect("room").await, Ok(42));
}

#[tokio::test]
async fn refuses_at_once_when_the_queue_is_full_and_takes_more_when_it_is_not() {
    let pool = pool(1, 1);
    let (release, blocked) = block(&pool);
    let waiting = pool.run(&shop(), later(), || "waited").expect("room for one");
    assert_eq!(pool.run(&shop(), later(), || ()).err(), Some(Lost::Full { limit: 1 }));
    drop(release);
    assert_eq!((blocked.await, waiting.await), (Ok(()), Ok("waited")));
    assert_eq!(pool.run(&shop(), later(), || 1).expect("room again").await, Ok(1));
}

#[tokio::test]
async fn never_begins_work_whose_caller_has_gone_or_whose_time_is_over() {
    // A57, X01
    let pool = pool(1, 8);
    let ran = Arc::new(AtomicUsize::new(0));
    let count = |deadline| {
        let ran = Arc::clone(&ran);
        pool.run(&shop(), deadline, move || ran.fetch_add(1, Ordering::SeqCst)).expect("room")
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
    drop(pool.run(&shop(), later(), || ()).expect("room"));
    let wanted = pool.run(&shop(), later(), || 1).expect("the room of the one who has gone");
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
    let next = pool.run(&shop(), later(), move || began.send(())).expect("room");
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
            pool.run(&shop(), later(), work).expect("room")
        };
        let (one, other) = (meet(tell_other, told_one), meet(tell_one, told_other));
        assert_eq!((one.await, other.await), (Ok(true), Ok(true)), "round {round}");
    }
}

#[tokio::test]
async fn survives_work_that_panics() {
    let pool = pool(1, 4);
    let panicked: Result<(), Lost> =
        pool.run(&shop(), later(), || std::panic::resume_unwind(Box::new("bug"))).expect("room").await;
    assert_eq!(panicked, Err(Lost::Panicked));
    assert_eq!(pool.run(&shop(), later(), || 1).expect("room").await, Ok(1));
}

#[tokio::test]
async fn ends_when_what_runs_has_ended_and_drops_what_waits() {
    let pool = pool(1, 4);
    let (release, blocked) = block(&pool);
    let waiting = pool.run(&shop(), later(), || ()).expect("room");
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
    let all: Vec<_> = (0..3).map(|_| pool.run(&shop(), later(), || ()).expect("room")).collect();
    drop(release);
    blocked.await.expect("ended");
    for one in all {
        one.await.expect("ended");
    }
    assert_eq!((counts.deepest.load(Ordering::SeqCst), counts.left.load(Ordering::SeqCst)), (3, 4));
}

/// Occupies a thread with work of that tenant, as `block`.
fn block_for(pool: &Pool, tenant: &str) -> (mpsc::Sender<()>, Pending<()>) {
    let (release, gate) = mpsc::channel::<()>();
    let (begun, busy) = mpsc::channel();
    let pending = pool.run(&tenant.into(), later(), move || {
        begun.send(()).expect("the test waits");
        let _ = gate.recv();
    });
    busy.recv_timeout(Duration::from_secs(60)).expect("a busy thread");
    (release, pending.expect("room"))
}

#[tokio::test]
async fn begins_another_tenants_work_while_one_holds_every_worker() {
    let pool = pool(2, 8);
    let slow = [block_for(&pool, "slow"), block_for(&pool, "slow")];
    let waits = pool.run(&"slow".into(), later(), || ()).expect("room");
    assert_eq!(pool.run(&"small".into(), later(), || 1).expect("room").await, Ok(1), "while all of `slow` stands");
    for (release, pending) in slow {
        drop(release);
        assert_eq!(pending.await, Ok(()));
    }
    assert_eq!(waits.await, Ok(()));
}

#[tokio::test]
async fn turns_away_the_newest_of_whoever_has_most_in_a_full_queue() {
    let pool = pool(1, 3);
    let (release, blocked) = block_for(&pool, "storm");
    let storm = |_| pool.run(&"storm".into(), later(), || ()).expect("room");
    let mut waiting: Vec<_> = (0..3).map(storm).collect();
    assert_eq!(pool.run(&"storm".into(), later(), || ()).err(), Some(Lost::Full { limit: 3 }), "its own storm");
    let small = pool.run(&"small".into(), later(), || 1).expect("in place of the storm's newest");
    assert_eq!(waiting.pop().expect("three").await, Err(Lost::Full { limit: 3 }));
    assert_eq!(small.await, Ok(1));
    drop(release);
    assert_eq!(blocked.await, Ok(()));
    for pending in waiting {
        assert_eq!(pending.await, Ok(()));
    }
}
