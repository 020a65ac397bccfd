//! A breaker for each policy and namespace: what faults again and again is not called for a while, and then tried once.
//!
//! By namespace, because what a policy judges is somebody's input: whoever finds an object at which a policy traps must not be
//! able to take that policy away from everybody else.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use portcullis_model::FailureKind;

use crate::Sets;
use crate::watch::Called;

/// The default of [`BreakerRules::faults`].
pub const DEFAULT_FAULTS: u32 = 5;
/// The default of [`BreakerRules::rest`].
pub const DEFAULT_REST: Duration = Duration::from_secs(10);
/// The rest doubles with each trial that fails, up to so many times the first.
const LONGEST: u32 = 16;
/// Policies and namespaces that are remembered because of their faults; beyond it those that were asked for longest ago are
/// forgotten.
const REMEMBERED: usize = 10_000;
/// What nobody has asked for so long is forgotten: the policy may be gone with its set, the namespace with its tenant.
const FORGOTTEN: Duration = Duration::from_secs(600);
/// How often it is looked for what can be forgotten.
const SWEEP: Duration = Duration::from_secs(10);

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
    /// It is called as before; `why` goes on after "because".
    fn closed(&self, policy: &Called, namespace: &str, why: &str);
    /// So many policies and namespaces have an open breaker now.
    fn open(&self, policy: &Called, count: usize);
}

/// All breakers of a door. They outlive a reload: a policy whose plugin is another one begins anew.
pub struct Breakers {
    rules: BreakerRules,
    watcher: Option<Arc<dyn BreakerWatcher>>,
    /// How many are remembered, so that a door without faults takes no lock.
    remembered: AtomicUsize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    breakers: HashMap<Key, Breaker>,
    /// How many trials there were: the number of the last one.
    trials: u64,
    swept: Option<Instant>,
}

impl State {
    /// For how many namespaces a policy is not called.
    fn open(&self, policy: &Called) -> usize {
        self.breakers.iter().filter(|(key, breaker)| key.policy == *policy && breaker.open.is_some()).count()
    }
}

/// One policy's breaker for one namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    policy: Called,
    plugin: String,
    namespace: String,
}

struct Breaker {
    faults: u32,
    /// When it faulted or was refused for the last time.
    asked: Instant,
    kind: FailureKind,
    message: String,
    open: Option<Open>,
}

struct Open {
    until: Instant,
    rest: Duration,
    /// The number of the trial under way.
    trial: Option<u64>,
}

/// Whether a policy may be called.
#[derive(Debug)]
pub enum Admission {
    /// It may.
    Call,
    /// It may, to show whether it judges again.
    Trial(Trial),
    /// It may not: its breaker is open.
    Refused {
        /// The kind of its last fault.
        kind: FailureKind,
        /// Why, for the decision.
        message: String,
    },
}

/// The one call that may close an open breaker. Who drops it without a word has lost it, as when the caller has gone: then
/// the next call is the trial.
#[derive(Debug)]
pub struct Trial {
    breakers: Arc<Breakers>,
    key: Key,
    number: u64,
}

impl Drop for Trial {
    fn drop(&mut self) {
        let mut state = self.breakers.lock();
        if let Some(open) = state.breakers.get_mut(&self.key).and_then(|breaker| breaker.open.as_mut())
            && open.trial == Some(self.number)
        {
            open.trial = None;
        }
    }
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
        Self { rules, watcher, remembered: AtomicUsize::new(0), state: Mutex::default() }
    }

    /// Whether a policy may be called now.
    pub fn admit(self: &Arc<Self>, subject: Subject<'_>, now: Instant) -> Admission {
        if self.remembered.load(Ordering::Acquire) == 0 {
            return Admission::Call;
        }
        let mut state = self.lock();
        self.sweep(&mut state, now);
        let State { breakers, trials, .. } = &mut *state;
        let key = subject.key();
        let Some(breaker) = breakers.get_mut(&key) else { return Admission::Call };
        breaker.asked = now;
        let Some(open) = &mut breaker.open else { return Admission::Call };
        if now >= open.until && open.trial.is_none() {
            *trials += 1;
            open.trial = Some(*trials);
            return Admission::Trial(Trial { breakers: Arc::clone(self), key, number: *trials });
        }
        let Breaker { faults, kind, message, .. } = breaker;
        let of = if subject.namespace.is_empty() { "for what has no namespace" } else { "in this namespace" };
        let message = format!(
            "was not called: it failed {faults} times in a row {of} and rests until a trial shows that it judges again; the last time {message}"
        );
        Admission::Refused { kind: *kind, message }
    }

    /// A policy that was called judged.
    pub fn judged(&self, subject: Subject<'_>, trial: Option<&Trial>) {
        if self.remembered.load(Ordering::Acquire) == 0 {
            return;
        }
        let key = subject.key();
        let mut state = self.lock();
        // What began before it opened is no trial.
        let counts = |breaker: &Breaker| match &breaker.open {
            None => true,
            Some(open) => is_under_way(open, trial),
        };
        if !state.breakers.get(&key).is_some_and(counts) {
            return;
        }
        let was_open = state.breakers.remove(&key).is_some_and(|breaker| breaker.open.is_some());
        self.remembered.store(state.breakers.len(), Ordering::Release);
        if was_open {
            self.tell(&state, &key, |watcher| watcher.closed(&key.policy, &key.namespace, "a trial judged"));
        }
    }

    /// A policy that was called trapped or spent its time; `message` says so without any value of a Secret, since others will read it.
    pub fn faulted(&self, subject: Subject<'_>, trial: Option<&Trial>, kind: FailureKind, message: &str, now: Instant) {
        if self.rules.faults == 0 {
            return;
        }
        let key = subject.key();
        let mut state = self.lock();
        self.make_room(&mut state, &key);
        let breaker = state.breakers.entry(key.clone()).or_insert_with(|| Breaker {
            faults: 0,
            asked: now,
            kind,
            message: String::new(),
            open: None,
        });
        breaker.faults = breaker.faults.saturating_add(1);
        breaker.asked = now;
        breaker.kind = kind;
        message.clone_into(&mut breaker.message);
        let opened = match &mut breaker.open {
            Some(open) if is_under_way(open, trial) => {
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
        self.remembered.store(state.breakers.len(), Ordering::Release);
        if opened {
            self.tell(&state, &key, |watcher| watcher.opened(&key.policy, &key.namespace, message));
        }
    }

    /// Forgets policies that are in no set any more or have another plugin, and what nobody asks for; then says of each policy
    /// how many of its breakers are open. To be called after each reload, and every so often where no review comes.
    pub fn keep(&self, sets: &Sets, now: Instant) {
        let policies = || sets.sets.iter().flat_map(|set| &set.policies);
        let mut state = self.lock();
        let stand: HashSet<(&Called, &str)> =
            policies().map(|policy| (&policy.called, policy.plugin_label.as_str())).collect();
        let is_gone = |key: &Key| !stand.contains(&(&key.policy, key.plugin.as_str()));
        let gone: Vec<_> = state.breakers.extract_if(|key, _| is_gone(key)).collect();
        self.forget(&state, &gone, "it is in no policy set any more, or its plugin is another one");
        self.sweep(&mut state, now);
        let Some(watcher) = &self.watcher else { return };
        for policy in policies() {
            watcher.open(&policy.called, state.open(&policy.called));
        }
    }

    /// Forgets what nobody has asked for any more, so that nothing is shown as open for ever.
    fn sweep(&self, state: &mut State, now: Instant) {
        if state.swept.is_some_and(|swept| now.saturating_duration_since(swept) < SWEEP) {
            return;
        }
        state.swept = Some(now);
        let idle = |breaker: &Breaker| {
            let ended = breaker.open.as_ref().is_none_or(|open| now >= open.until && open.trial.is_none());
            ended && now.saturating_duration_since(breaker.asked) >= FORGOTTEN
        };
        let gone: Vec<_> = state.breakers.extract_if(|_, breaker| idle(breaker)).collect();
        self.forget(state, &gone, "nobody asked for it any more");
    }

    fn forget(&self, state: &State, gone: &[(Key, Breaker)], why: &str) {
        self.remembered.store(state.breakers.len(), Ordering::Release);
        for (key, _) in gone.iter().filter(|(_, breaker)| breaker.open.is_some()) {
            self.tell(state, key, |watcher| watcher.closed(&key.policy, &key.namespace, why));
        }
    }

    /// Forgets what was asked for longest ago, closed ones first, where there is no room for one more.
    fn make_room(&self, state: &mut State, wanted: &Key) {
        if state.breakers.len() < REMEMBERED || state.breakers.contains_key(wanted) {
            return;
        }
        let oldest = state.breakers.iter().min_by_key(|(_, breaker)| (breaker.open.is_some(), breaker.asked));
        let Some(oldest) = oldest.map(|(key, _)| key.clone()) else { return };
        if state.breakers.remove(&oldest).is_some_and(|breaker| breaker.open.is_some()) {
            let why = "more faulted than can be remembered";
            self.tell(state, &oldest, |watcher| watcher.closed(&oldest.policy, &oldest.namespace, why));
        }
    }

    fn tell(&self, state: &State, key: &Key, say: impl FnOnce(&dyn BreakerWatcher)) {
        let Some(watcher) = &self.watcher else { return };
        watcher.open(&key.policy, state.open(&key.policy));
        say(&**watcher);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing is left half done under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Breakers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Breakers").field("rules", &self.rules).finish_non_exhaustive()
    }
}

fn is_under_way(open: &Open, trial: Option<&Trial>) -> bool {
    trial.is_some_and(|trial| open.trial == Some(trial.number))
}

#[cfg(test)]
mod tests;
