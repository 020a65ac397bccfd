//! A breaker for each policy and namespace: what faults again and again is not called for a while, and then tried once.
//!
//! By namespace, because what a policy judges is somebody's input: whoever finds an object at which a policy traps must not be
//! able to take that policy away from everybody else.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use portcullis_model::FailureKind;

use crate::watch::Called;

/// The default of [`BreakerRules::faults`].
pub const DEFAULT_FAULTS: u32 = 5;
/// The default of [`BreakerRules::rest`].
pub const DEFAULT_REST: Duration = Duration::from_secs(10);
/// The rest doubles with each trial that fails, up to so many times the first.
const LONGEST: u32 = 16;
/// A trial that nobody has heard of for so long counts as failed, and another one may begin.
const TRIAL: Duration = Duration::from_secs(60);
/// Policies and namespaces that are remembered because of their faults; beyond it those that faulted longest ago are forgotten.
const REMEMBERED: usize = 10_000;

/// When a breaker opens and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BreakerRules {
    /// Faults in a row after which it opens; 0: never. Default [`DEFAULT_FAULTS`].
    pub faults: u32,
    /// How long it stays open before a trial. Default [`DEFAULT_REST`].
    pub rest: Duration,
}

impl Default for BreakerRules {
    fn default() -> Self {
        Self { faults: DEFAULT_FAULTS, rest: DEFAULT_REST }
    }
}

/// Told of what opens and closes, for metrics and log.
pub trait BreakerWatcher: Send + Sync {
    /// A policy is not called any more for a namespace; `message` says what its last fault was.
    fn opened(&self, policy: &Called, namespace: &str, message: &str);
    /// It judged again, and is called as before.
    fn closed(&self, policy: &Called, namespace: &str);
    /// So many policies and namespaces have an open breaker now.
    fn open(&self, policy: &Called, count: usize);
}

/// All breakers of a door. They outlive a reload: a policy whose plugin is another one begins anew.
pub struct Breakers {
    rules: BreakerRules,
    watcher: Option<Arc<dyn BreakerWatcher>>,
    /// How many are remembered, so that a door without faults takes no lock.
    remembered: AtomicUsize,
    breakers: Mutex<HashMap<Key, Breaker>>,
}

/// One policy's breaker for one namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    policy: Called,
    plugin: String,
    namespace: String,
}

#[derive(Debug)]
struct Breaker {
    faults: u32,
    last: Instant,
    kind: FailureKind,
    message: String,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    until: Instant,
    rest: Duration,
    trial: Option<Instant>,
}

/// Whether a policy may be called.
#[derive(Debug, PartialEq, Eq)]
pub enum Admission {
    /// It may.
    Call,
    /// It may, to show whether it judges again.
    Trial,
    /// It may not: its breaker is open.
    Refused {
        /// The kind of its last fault.
        kind: FailureKind,
        /// Why, for the decision.
        message: String,
    },
}

/// Who is called for whom.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The policy set and the policy.
    pub policy: &'a Called,
    /// The plugin with its digest.
    pub plugin: &'a str,
    /// The namespace of the review.
    pub namespace: &'a str,
}

impl Subject<'_> {
    fn key(&self) -> Key {
        Key { policy: self.policy.clone(), plugin: self.plugin.to_owned(), namespace: self.namespace.to_owned() }
    }
}

impl Breakers {
    /// Breakers that are all closed.
    pub fn new(rules: BreakerRules, watcher: Option<Arc<dyn BreakerWatcher>>) -> Self {
        Self { rules, watcher, remembered: AtomicUsize::new(0), breakers: Mutex::default() }
    }

    /// Whether a policy may be called now.
    pub fn admit(&self, subject: Subject<'_>, now: Instant) -> Admission {
        if self.remembered.load(Ordering::Acquire) == 0 {
            return Admission::Call;
        }
        let mut breakers = self.lock();
        let Some(breaker) = breakers.get_mut(&subject.key()) else { return Admission::Call };
        let Some(open) = &mut breaker.open else { return Admission::Call };
        let tried = open.trial.is_some_and(|since| now.saturating_duration_since(since) < TRIAL);
        if now >= open.until && !tried {
            open.trial = Some(now);
            return Admission::Trial;
        }
        let Breaker { faults, kind, message, .. } = breaker;
        let message = format!(
            "was not called: it failed {faults} times in a row in this namespace and rests until a trial shows that it judges again; the last time {message}"
        );
        Admission::Refused { kind: *kind, message }
    }

    /// A policy that was called judged.
    pub fn judged(&self, subject: Subject<'_>, admission: &Admission) {
        if self.remembered.load(Ordering::Acquire) == 0 {
            return;
        }
        let key = subject.key();
        let mut breakers = self.lock();
        // What began before it opened is no trial.
        let counts = |breaker: &Breaker| breaker.open.is_none() || *admission == Admission::Trial;
        if !breakers.get(&key).is_some_and(counts) {
            return;
        }
        let was_open = breakers.remove(&key).is_some_and(|breaker| breaker.open.is_some());
        self.remembered.store(breakers.len(), Ordering::Release);
        if was_open {
            self.tell(&breakers, &key, |watcher| watcher.closed(&key.policy, &key.namespace));
        }
    }

    /// A policy that was called trapped or spent its time.
    pub fn faulted(&self, subject: Subject<'_>, admission: &Admission, kind: FailureKind, message: &str, now: Instant) {
        if self.rules.faults == 0 {
            return;
        }
        let key = subject.key();
        let mut breakers = self.lock();
        make_room(&mut breakers, &key);
        let breaker = breakers.entry(key.clone()).or_insert_with(|| Breaker {
            faults: 0,
            last: now,
            kind,
            message: String::new(),
            open: None,
        });
        breaker.faults = breaker.faults.saturating_add(1);
        breaker.last = now;
        breaker.kind = kind;
        message.clone_into(&mut breaker.message);
        let opened = match &mut breaker.open {
            Some(open) if *admission == Admission::Trial => {
                open.rest = (open.rest * 2).min(self.rules.rest * LONGEST);
                open.until = now + open.rest;
                open.trial = None;
                false
            }
            // What began before it opened: no trial, and nothing new.
            Some(_) => false,
            None if breaker.faults >= self.rules.faults => {
                breaker.open = Some(Open { until: now + self.rules.rest, rest: self.rules.rest, trial: None });
                true
            }
            None => false,
        };
        self.remembered.store(breakers.len(), Ordering::Release);
        if opened {
            self.tell(&breakers, &key, |watcher| watcher.opened(&key.policy, &key.namespace, message));
        }
    }

    fn tell(&self, breakers: &HashMap<Key, Breaker>, key: &Key, say: impl FnOnce(&dyn BreakerWatcher)) {
        let Some(watcher) = &self.watcher else { return };
        let of_policy = breakers.iter().filter(|(other, breaker)| other.policy == key.policy && breaker.open.is_some());
        watcher.open(&key.policy, of_policy.count());
        say(&**watcher);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Breaker>> {
        // Nothing is left half done under the lock.
        self.breakers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets what faulted longest ago, closed ones first, where there is no room for one more.
fn make_room(breakers: &mut HashMap<Key, Breaker>, wanted: &Key) {
    if breakers.len() < REMEMBERED || breakers.contains_key(wanted) {
        return;
    }
    let oldest = breakers.iter().min_by_key(|(_, breaker)| (breaker.open.is_some(), breaker.last));
    if let Some(oldest) = oldest.map(|(key, _)| key.clone()) {
        breakers.remove(&oldest);
    }
}

#[cfg(test)]
mod tests;
