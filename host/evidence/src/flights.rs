//! Looks each thing up once for all who ask at the same time, and remembers for a while what came of it.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};
use tokio::runtime::Handle;

use crate::clock::Clock;
use crate::failure::Failure;

/// What an entry takes besides its value, about: its key and its place.
const ENTRY_BYTES: usize = 512;

/// What came of a look-up: whoever waited gets the same, an error too.
pub(crate) type Landed<T> = Result<Arc<T>, Failure>;

/// What a look-up found, and what may be remembered of it.
pub(crate) struct Found<T> {
    pub(crate) value: T,
    /// Until when it may be remembered; a time that is over means not at all.
    pub(crate) until: Instant,
    /// How many bytes it takes.
    pub(crate) bytes: usize,
}

/// The most of everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Things that are remembered.
    pub(crate) entries: usize,
    /// Bytes that they may take.
    pub(crate) bytes: usize,
    /// Look-ups under way.
    pub(crate) under_way: usize,
    /// Whether errors are remembered, too: not where whoever asks remembers them.
    pub(crate) errors: bool,
}

/// Look-ups under way and those of before, by what was looked for.
pub(crate) struct Flights<K, T> {
    tower: Arc<Tower<K, T>>,
    /// What drives them, whoever waits.
    runtime: Handle,
}

/// What the look-ups under way share with whoever waits for them.
struct Tower<K, T> {
    state: Mutex<State<K, T>>,
    bounds: Bounds,
    clock: Clock,
}

type Flight<T> = Shared<BoxFuture<'static, Landed<T>>>;

struct State<K, T> {
    under_way: HashMap<K, Flight<T>>,
    landed: HashMap<K, Kept<T>>,
    bytes: usize,
}

struct Kept<T> {
    landed: Landed<T>,
    bytes: usize,
    since: Instant,
    until: Instant,
}

impl<K: Clone + Eq + Hash + Send + 'static, T: Send + Sync + 'static> Flights<K, T> {
    pub(crate) fn new(bounds: Bounds, clock: Clock, runtime: Handle) -> Self {
        let state = State { under_way: HashMap::new(), landed: HashMap::new(), bytes: 0 };
        Self { tower: Arc::new(Tower { state: Mutex::new(state), bounds, clock }), runtime }
    }

    /// What is remembered, else what comes of a look-up: one that is under way, or `begin`. A look-up goes on when whoever asked
    /// is gone, and what came of it is put away then too.
    pub(crate) async fn get<F>(&self, key: K, begin: impl FnOnce() -> F) -> Landed<T>
    where
        F: Future<Output = Result<Found<T>, Failure>> + Send + 'static,
    {
        match self.board(key, begin) {
            Ok(flight) => flight.await,
            Err(known) => known,
        }
    }

    /// A look-up to wait for; `Err` holds what is known already.
    fn board<F>(&self, key: K, begin: impl FnOnce() -> F) -> Result<Flight<T>, Landed<T>>
    where
        F: Future<Output = Result<Found<T>, Failure>> + Send + 'static,
    {
        let mut state = self.tower.lock();
        let now = self.tower.clock.instant();
        match state.landed.get(&key) {
            Some(kept) if now < kept.until => return Err(kept.shown(now)),
            Some(_) => state.forget(&key),
            None => {}
        }
        if let Some(flight) = state.under_way.get(&key) {
            return Ok(flight.clone());
        }
        if state.under_way.len() >= self.tower.bounds.under_way {
            let most = self.tower.bounds.under_way;
            return Err(Err(Failure::passing(format!("{most} look-ups are under way, and no more are begun"))));
        }
        let flight = self.take_off(key.clone(), begin());
        state.under_way.insert(key, flight.clone());
        Ok(flight)
    }

    /// Begins a look-up. It is taken off the list of those under way by itself, however it ends: nobody may be there any more
    /// to do it, and whoever asks much later must not get what came of it.
    fn take_off<F>(&self, key: K, work: F) -> Flight<T>
    where
        F: Future<Output = Result<Found<T>, Failure>> + Send + 'static,
    {
        let tower = Arc::clone(&self.tower);
        let task = self.runtime.spawn(async move {
            let mut landing = Landing { tower, key, kept: None };
            let found = work.await;
            landing.kept(found)
        });
        let broken = || Failure::passing("a bug in Portcullis stopped the look-up; please report it");
        async move { task.await.unwrap_or_else(|_| Err(broken())) }.boxed().shared()
    }
}

/// The end of one look-up, also where it ended by a bug.
struct Landing<K: Clone + Eq + Hash, T> {
    tower: Arc<Tower<K, T>>,
    key: K,
    kept: Option<Kept<T>>,
}

impl<K: Clone + Eq + Hash, T> Landing<K, T> {
    fn kept(&mut self, found: Result<Found<T>, Failure>) -> Landed<T> {
        let since = self.tower.clock.instant();
        let kept = match found {
            Ok(Found { value, until, bytes }) => Kept { landed: Ok(Arc::new(value)), bytes, since, until },
            Err(failure) => {
                let keep = if self.tower.bounds.errors { failure.keep } else { Duration::ZERO };
                let (bytes, until) = (failure.bytes(), since + keep);
                Kept { landed: Err(failure), bytes, since, until }
            }
        };
        let landed = kept.landed.clone();
        self.kept = Some(kept);
        landed
    }
}

impl<K: Clone + Eq + Hash, T> Drop for Landing<K, T> {
    fn drop(&mut self) {
        let mut state = self.tower.lock();
        state.under_way.remove(&self.key);
        if let Some(kept) = self.kept.take() {
            self.tower.remember(&mut state, self.key.clone(), kept);
        }
    }
}

impl<K: Clone + Eq + Hash, T> Tower<K, T> {
    fn lock(&self) -> MutexGuard<'_, State<K, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, state: &mut State<K, T>, key: K, mut kept: Kept<T>) {
        let now = self.clock.instant();
        kept.bytes += ENTRY_BYTES;
        if kept.until <= now || kept.bytes > self.bounds.bytes || self.bounds.entries == 0 {
            return;
        }
        let full = |state: &State<K, T>| {
            state.landed.len() >= self.bounds.entries || state.bytes + kept.bytes > self.bounds.bytes
        };
        if full(state) {
            let old: Vec<K> =
                state.landed.iter().filter(|(_, kept)| kept.until <= now).map(|(key, _)| key.clone()).collect();
            old.iter().for_each(|key| state.forget(key));
        }
        while full(state) {
            // What ends first goes first: a flood of errors drives out errors, not what was verified.
            let Some(first) = state.landed.iter().min_by_key(|(_, kept)| kept.until).map(|(key, _)| key.clone()) else {
                return;
            };
            state.forget(&first);
        }
        state.bytes += kept.bytes;
        state.landed.insert(key, kept);
    }
}

impl<T> Kept<T> {
    fn shown(&self, now: Instant) -> Landed<T> {
        let later = |failure: &Failure| failure.remembered(now - self.since, self.until - now);
        self.landed.as_ref().map(Arc::clone).map_err(later)
    }
}

impl<K: Eq + Hash, T> State<K, T> {
    fn forget(&mut self, key: &K) {
        if let Some(kept) = self.landed.remove(key) {
            self.bytes -= kept.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use portcullis_registry::{Cause, Error};

    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const ROOM: Bounds = Bounds { entries: 8, bytes: 100_000, under_way: 8, errors: true };

    /// Key 0 is away, key 13 breaks; all others are numbered in the order in which they were looked up.
    struct Tried {
        flights: Arc<Flights<u32, usize>>,
        count: Arc<AtomicUsize>,
        clock: Clock,
    }

    impl Tried {
        fn new(bounds: Bounds) -> Self {
            let clock = Clock::default();
            let flights = Arc::new(Flights::new(bounds, clock.clone(), Handle::current()));
            Self { flights, count: Arc::default(), clock }
        }

        async fn get(&self, key: u32, time: Duration) -> Landed<usize> {
            let (count, until) = (Arc::clone(&self.count), self.clock.instant() + time);
            let begin = || async move {
                tokio::task::yield_now().await;
                let number = count.fetch_add(1, Ordering::SeqCst);
                assert_ne!(key, 13, "a bug");
                let late = Error { cause: Cause::Late, attempts: Vec::new() };
                if key == 0 { Err(Failure::of(&late)) } else { Ok(Found { value: number, until, bytes: 10 }) }
            };
            self.flights.get(key, begin).await
        }

        fn count(&self) -> usize {
            self.count.load(Ordering::SeqCst)
        }
    }

    #[tokio::test]
    async fn looks_once_for_all_who_ask_at_once_and_remembers() {
        let tried = Tried::new(ROOM);
        let (one, two, other) = tokio::join!(tried.get(1, LONG), tried.get(1, LONG), tried.get(2, LONG));
        assert_eq!(one, two);
        assert!(other.is_ok());
        assert_eq!(tried.count(), 2);
        assert_eq!(tried.get(1, LONG).await, one);
        assert_eq!(tried.count(), 2, "it was remembered");
        tried.clock.pass(LONG);
        assert_ne!(tried.get(1, LONG).await, one, "and no longer than its time");
        assert_ne!(tried.get(3, Duration::ZERO).await, tried.get(3, Duration::ZERO).await, "or not at all");
    }

    #[tokio::test]
    async fn remembers_an_error_as_an_error_and_for_a_short_time() {
        let tried = Tried::new(ROOM);
        let (one, two) = tokio::join!(tried.get(0, LONG), tried.get(0, LONG));
        assert_eq!((&one, tried.count()), (&two, 1), "nobody who waited asks again");
        let text = |landed: Landed<usize>| landed.expect_err("an error").to_string();
        let first = text(one);
        assert_eq!(first, "the registry did not answer in time");
        tried.clock.pass(Duration::from_millis(1_200));
        let later = text(tried.get(0, LONG).await);
        assert_eq!(later, format!("{first} (this was looked up 1 s ago, and is looked up again after 1 s)"));
        assert_eq!(tried.count(), 1);
        tried.clock.pass(Duration::from_millis(900));
        assert_eq!((text(tried.get(0, LONG).await), tried.count()), (first, 2));
    }

    #[tokio::test]
    async fn remembers_no_error_where_whoever_asks_does() {
        let tried = Tried::new(Bounds { errors: false, ..ROOM });
        for count in 1..=2 {
            assert!(tried.get(0, LONG).await.is_err());
            assert_eq!(tried.count(), count);
        }
        assert_eq!(tried.get(1, LONG).await, tried.get(1, LONG).await, "what was found is remembered");
    }

    #[tokio::test]
    async fn remembers_no_more_than_its_bounds_and_what_lasts_longest() {
        for bounds in [Bounds { entries: 3, ..ROOM }, Bounds { bytes: 3 * (ENTRY_BYTES + 10), ..ROOM }] {
            let tried = Tried::new(bounds);
            let good = tried.get(100, 2 * LONG).await;
            for key in 1..=9 {
                let _ = tried.get(key, LONG).await;
            }
            {
                let state = tried.flights.tower.lock();
                assert_eq!((state.landed.len(), state.bytes), (3, 3 * (ENTRY_BYTES + 10)));
                assert!(state.under_way.is_empty());
            }
            assert_eq!(tried.get(100, LONG).await, good, "it is not what a flood drives out");
        }
        let none = Tried::new(Bounds { bytes: 100, ..ROOM });
        assert_ne!(none.get(1, LONG).await, none.get(1, LONG).await, "larger than all room");
        assert_eq!(none.flights.tower.lock().bytes, 0);
    }

    #[tokio::test]
    async fn goes_on_for_the_others_when_the_first_who_asked_is_gone() {
        let tried = Arc::new(Tried::new(ROOM));
        let own = Arc::clone(&tried);
        let first = tokio::spawn(async move { own.get(1, LONG).await });
        tokio::task::yield_now().await;
        first.abort();
        assert!(tried.get(1, LONG).await.is_ok());
        assert_eq!(tried.count(), 1);
    }

    #[tokio::test]
    async fn puts_away_what_nobody_waits_for_any_more_a57() {
        let tried = Arc::new(Tried::new(ROOM));
        let own = Arc::clone(&tried);
        let first = tokio::spawn(async move { own.get(1, LONG).await });
        tokio::task::yield_now().await;
        first.abort();
        while tried.count() == 0 || !tried.flights.tower.lock().under_way.is_empty() {
            tokio::task::yield_now().await;
        }
        tried.clock.pass(LONG);
        let later = tried.get(1, LONG).await;
        assert_eq!(later.ok().as_deref(), Some(&1), "not what was found when somebody last waited");
    }

    #[tokio::test]
    async fn a_bug_in_one_look_up_is_its_own_error_and_the_next_one_is_another_n59() {
        let tried = Tried::new(ROOM);
        for count in 1..=2 {
            let error = tried.get(13, LONG).await.expect_err("a bug");
            assert_eq!(error.to_string(), "a bug in Portcullis stopped the look-up; please report it");
            assert_eq!(tried.count(), count);
        }
        assert!(tried.flights.tower.lock().under_way.is_empty());
    }

    #[tokio::test]
    async fn begins_no_more_look_ups_than_its_bound() {
        let tried = Tried::new(Bounds { under_way: 1, ..ROOM });
        let (one, two) = tokio::join!(tried.get(1, LONG), tried.get(2, LONG));
        assert!(one.is_ok());
        assert_eq!(two.expect_err("no room").to_string(), "1 look-ups are under way, and no more are begun");
        assert!(tried.get(2, LONG).await.is_ok(), "that passes");
    }
}
