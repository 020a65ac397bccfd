//! Whether a connection does anything.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::ConnectionLimits;

/// The requests of one connection: how many are in flight, since when none is, and which answers wait to be taken.
#[derive(Debug)]
pub(super) struct Activity {
    state: Mutex<State>,
    /// The first byte of it was heard.
    spoke: Notify,
}

#[derive(Debug)]
struct State {
    /// When it came, or had shaken hands.
    since: Instant,
    /// When the first byte of its first request came.
    heard: Option<Instant>,
    in_flight: usize,
    /// The end of the last request.
    ended: Option<Instant>,
    /// Since when answers are ready, by their number: the first has waited longest.
    ready: BTreeMap<u64, Instant>,
    /// Since when the rest of a body is waited for, by its number.
    missing: BTreeMap<u64, Instant>,
    /// The number of the next answer or body.
    next: u64,
}

/// A request in flight, until it is dropped.
#[derive(Debug)]
pub(super) struct InFlight {
    activity: Arc<Activity>,
    /// The number of its answer, once there is one.
    answer: Option<u64>,
}

/// A body of which more is waited for, until it is dropped.
#[derive(Debug)]
pub(super) struct Missing {
    activity: Arc<Activity>,
    number: u64,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        let since = Instant::now();
        let (ready, missing) = (BTreeMap::new(), BTreeMap::new());
        let state = State { since, heard: None, in_flight: 0, ended: None, ready, missing, next: 0 };
        Arc::new(Self { state: Mutex::new(state), spoke: Notify::new() })
    }

    /// From now on it can ask.
    pub(super) fn can_ask(&self) {
        self.state().since = Instant::now();
    }

    /// The first byte of its first request is here: the rest of its headers must not be long in coming.
    pub(super) fn hear(&self) {
        self.state().heard.get_or_insert_with(Instant::now);
        self.spoke.notify_one();
    }

    /// Returns once it has been heard.
    pub(super) async fn spoke(&self) {
        self.spoke.notified().await;
    }

    /// Whether it was ever answered, and since when nobody works for it: it asks for nothing, or it neither sends the rest of
    /// what it asks nor takes what it was answered. Nothing while somebody does.
    pub(super) fn idle(&self) -> Option<(bool, Instant)> {
        let state = self.state();
        let theirs = state.ready.len() + state.missing.len();
        (state.in_flight <= theirs).then(|| {
            let last = state.ready.values().chain(state.missing.values()).max().copied();
            (state.ended.is_some(), last.or(state.ended).unwrap_or(state.since))
        })
    }

    /// Whether it has asked for something that has not ended, be it its own fault.
    pub(super) fn has_asked(&self) -> bool {
        self.state().in_flight > 0
    }

    /// The rest of a body is not there yet.
    pub(super) fn misses(self: &Arc<Self>) -> Missing {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.missing.insert(number, Instant::now());
        Missing { activity: Arc::clone(self), number }
    }

    /// A request has begun.
    pub(super) fn begin(self: &Arc<Self>) -> InFlight {
        self.state().in_flight += 1;
        InFlight { activity: Arc::clone(self), answer: None }
    }

    /// When it is worth asking whether the connection is asleep.
    pub(super) fn wakes(&self, limits: &ConnectionLimits) -> Instant {
        // No later than what begins from now on may wait.
        let latest = Instant::now() + limits.answer.min(limits.idle);
        self.ends(limits).map_or(latest, |end| end.min(latest))
    }

    /// Whether it said nothing, or did not take an answer, for longer than it may.
    pub(super) fn is_asleep(&self, limits: &ConnectionLimits) -> bool {
        self.ends(limits).is_some_and(|end| end <= Instant::now())
    }

    /// When it has slept for too long; nothing while it waits for us.
    fn ends(&self, limits: &ConnectionLimits) -> Option<Instant> {
        let state = self.state();
        if state.in_flight > 0 {
            return state.ready.values().next().map(|ready| *ready + limits.answer);
        }
        Some(match (state.ended, state.heard) {
            (Some(ended), _) => ended + limits.idle,
            (None, Some(heard)) => heard + limits.header,
            // Go's client opens connections ahead of its requests, and never sends one again that such a connection lost.
            (None, None) => state.since + limits.idle,
        })
    }

    /// Nothing is left half done in it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl InFlight {
    /// Its answer is there, for the caller to take.
    pub(super) fn is_ready(&mut self) {
        let mut state = self.activity.state();
        let number = state.next;
        state.next += 1;
        state.ready.insert(number, Instant::now());
        self.answer = Some(number);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.in_flight -= 1;
        state.ended = Some(Instant::now());
        if let Some(number) = self.answer {
            state.ready.remove(&number);
        }
    }
}

impl Drop for Missing {
    fn drop(&mut self) {
        self.activity.state().missing.remove(&self.number);
    }
}
