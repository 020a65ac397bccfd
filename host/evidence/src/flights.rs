//! Looks each thing up once for all who ask at the same time, and remembers for a while what came of it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared};

/// What came of a look-up: whoever waited gets the same, an error too.
pub(crate) type Landed<T> = Result<Arc<T>, Arc<str>>;

/// Look-ups under way and those of before, by what was looked for.
pub(crate) struct Flights<K, T> {
    state: Mutex<State<K, T>>,
    /// The most that is remembered.
    entries: usize,
    bytes: usize,
}

struct State<K, T> {
    under_way: HashMap<K, Shared<BoxFuture<'static, Landed<T>>>>,
    landed: HashMap<K, Kept<T>>,
    bytes: usize,
}

struct Kept<T> {
    value: Arc<T>,
    bytes: usize,
    until: Instant,
}

/// How long something may be remembered, and how much it takes.
pub(crate) struct Keep {
    pub(crate) time: Duration,
    pub(crate) bytes: usize,
}

impl<K: Clone + Eq + Hash + Send + 'static, T: Send + Sync + 'static> Flights<K, T> {
    pub(crate) fn new(entries: usize, bytes: usize) -> Self {
        let state = State { under_way: HashMap::new(), landed: HashMap::new(), bytes: 0 };
        Self { state: Mutex::new(state), entries, bytes }
    }

    /// What is remembered, else what comes of a look-up: one that is under way, or `begin`, which must be driven by somebody
    /// else, so that it does not end with the first who asked. An error is never remembered.
    pub(crate) async fn get(
        &self,
        key: K,
        keep: impl Fn(&T) -> Keep,
        begin: impl FnOnce() -> BoxFuture<'static, Landed<T>>,
    ) -> Landed<T> {
        let flight = {
            let mut state = self.lock();
            match state.landed.get(&key) {
                Some(kept) if Instant::now() < kept.until => return Ok(Arc::clone(&kept.value)),
                Some(_) => state.forget(&key),
                None => {}
            }
            state.under_way.entry(key.clone()).or_insert_with(|| begin().shared()).clone()
        };
        let landed = flight.clone().await;
        let mut state = self.lock();
        // The first who is back here puts it away; a later look-up for the same is another one.
        if state.under_way.get(&key).is_some_and(|other| other.ptr_eq(&flight)) {
            state.under_way.remove(&key);
            if let Ok(value) = &landed {
                let Keep { time, bytes } = keep(value);
                self.remember(&mut state, key, Kept { value: Arc::clone(value), bytes, until: Instant::now() + time });
            }
        }
        landed
    }

    fn remember(&self, state: &mut State<K, T>, key: K, kept: Kept<T>) {
        if kept.bytes > self.bytes {
            return;
        }
        let now = Instant::now();
        if state.landed.len() >= self.entries || state.bytes + kept.bytes > self.bytes {
            let old: Vec<K> =
                state.landed.iter().filter(|(_, kept)| kept.until <= now).map(|(key, _)| key.clone()).collect();
            old.iter().for_each(|key| state.forget(key));
        }
        while state.landed.len() >= self.entries || state.bytes + kept.bytes > self.bytes {
            // What ends first goes first.
            let Some(first) = state.landed.iter().min_by_key(|(_, kept)| kept.until).map(|(key, _)| key.clone()) else {
                return;
            };
            state.forget(&first);
        }
        state.bytes += kept.bytes;
        state.landed.insert(key, kept);
    }

    fn lock(&self) -> MutexGuard<'_, State<K, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    async fn get(flights: &Flights<u32, u32>, key: u32, time: Duration, count: &Arc<AtomicUsize>) -> Landed<u32> {
        let keep = |_: &u32| Keep { time, bytes: 10 };
        let count = Arc::clone(count);
        let begin = move || {
            let work = async move {
                tokio::task::yield_now().await;
                let number = count.fetch_add(1, Ordering::SeqCst);
                if key == 0 { Err("away".into()) } else { Ok(Arc::new(number as u32)) }
            };
            async move { tokio::spawn(work).await.expect("no panic") }.boxed()
        };
        flights.get(key, keep, begin).await
    }

    #[tokio::test]
    async fn looks_once_for_all_who_ask_at_once_and_remembers() {
        let (flights, count) = (Flights::new(8, 1_000), Arc::default());
        let (one, two, other) = tokio::join!(
            get(&flights, 1, LONG, &count),
            get(&flights, 1, LONG, &count),
            get(&flights, 2, LONG, &count)
        );
        assert_eq!(one, two);
        assert!(other.is_ok());
        assert_eq!(count.load(Ordering::SeqCst), 2);
        assert_eq!(get(&flights, 1, LONG, &count).await, one);
        assert_eq!(count.load(Ordering::SeqCst), 2, "it was remembered");
        assert_ne!(get(&flights, 3, Duration::ZERO, &count).await, get(&flights, 3, Duration::ZERO, &count).await);
    }

    #[tokio::test]
    async fn remembers_no_error_and_shares_one() {
        let (flights, count) = (Flights::new(8, 1_000), Arc::default());
        let (one, two) = tokio::join!(get(&flights, 0, LONG, &count), get(&flights, 0, LONG, &count));
        assert!(one.is_err() && one == two);
        assert_eq!(count.load(Ordering::SeqCst), 1, "nobody who waited asks again");
        assert!(get(&flights, 0, LONG, &count).await.is_err());
        assert_eq!(count.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn remembers_no_more_than_its_bounds() {
        for flights in [Flights::new(3, 1_000), Flights::new(100, 30)] {
            let count = Arc::default();
            for key in 1..=9 {
                let _ = get(&flights, key, LONG, &count).await;
            }
            let state = flights.lock();
            assert_eq!((state.landed.len(), state.bytes, state.under_way.len()), (3, 30, 0));
        }
    }

    #[tokio::test]
    async fn goes_on_for_the_others_when_the_first_who_asked_is_gone() {
        let (flights, count) = (Arc::new(Flights::new(8, 1_000)), Arc::default());
        let first = {
            let (flights, count) = (Arc::clone(&flights), Arc::clone(&count));
            tokio::spawn(async move { get(&flights, 1, LONG, &count).await })
        };
        tokio::task::yield_now().await;
        first.abort();
        assert!(get(&flights, 1, LONG, &count).await.is_ok());
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }
}
