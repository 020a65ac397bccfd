//! Who is next: a bounded queue with a lane for each tenant, in which one tenant's storm keeps no other waiting.
//!
//! Fair queueing by what was really spent (start-time fair queueing; Goyal, Vin and Cheng 1996): the lane that has had the
//! least time goes first, so that neither many reviews nor slow ones buy more than a share. A lane that comes back after a
//! pause begins where a fair share would be by now: nobody saves up, nobody pays for what he had while nobody else wanted
//! it, and a stream of lanes that were never there before keeps no older one waiting for ever.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// What a job is taken to cost before its lane has shown what its jobs cost: about a review with four policies.
const GUESS: Duration = Duration::from_micros(200);
/// Of how many jobs the last one makes up the expected cost of the next one.
const MEMORY: u32 = 8;
/// Lanes that nobody waits in are forgotten no earlier than this many of them are kept.
const KEPT: usize = 64;

/// The name of a lane: a tenant.
pub type Name = Arc<str>;

/// Jobs that wait, by lane.
#[derive(Debug)]
pub struct Lanes<J> {
    lanes: HashMap<Name, Lane<J>>,
    /// The lanes whose next job may begin, the least served first.
    ready: BTreeSet<(Duration, Name)>,
    waiting: usize,
    running: usize,
    /// How much a lane has had by now that took a fair share all the time.
    clock: Duration,
    limit: usize,
    at_once: usize,
}

#[derive(Debug)]
struct Lane<J> {
    jobs: VecDeque<J>,
    running: usize,
    served: Duration,
    expected: Duration,
}

impl<J> Default for Lane<J> {
    fn default() -> Self {
        Self { jobs: VecDeque::new(), running: 0, served: Duration::ZERO, expected: GUESS }
    }
}

/// What became of a job that was offered.
#[derive(Debug, PartialEq, Eq)]
pub enum Offered<J> {
    /// It waits.
    Waits,
    /// It waits, in the place of the newest of the longest lane, which is given back.
    InPlaceOf(J),
    /// Its own lane is the longest: it is given back.
    Refused(J),
}

/// A job that began, until [`Lanes::ended`] is told of it.
#[derive(Debug)]
pub struct Begun {
    lane: Name,
    charged: Duration,
}

impl<J> Lanes<J> {
    /// At most `limit` jobs wait, and `at_once` of one lane run at the same time; at least one each.
    pub fn new(limit: usize, at_once: usize) -> Self {
        Self {
            lanes: HashMap::new(),
            ready: BTreeSet::new(),
            waiting: 0,
            running: 0,
            clock: Duration::ZERO,
            limit: limit.max(1),
            at_once: at_once.max(1),
        }
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// How many may wait.
    pub fn limit(&self) -> usize {
        self.limit
    }

    /// Whether nobody more can wait without another one's leaving.
    pub fn is_full(&self) -> bool {
        self.waiting >= self.limit
    }

    /// Whether a job could begin now.
    pub fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Puts a job at the end of its lane. Where all places are taken, the newest of the longest lane goes, unless that is
    /// the job's own: whoever makes the queue long is the one who is turned away.
    pub fn offer(&mut self, name: &Name, job: J) -> Offered<J> {
        let mut displaced = None;
        if self.is_full() {
            let own = self.lanes.get(name).map_or(0, |lane| lane.jobs.len());
            let longest = self.lanes.iter().max_by(|(a, one), (b, other)| {
                // By name where they are equally long, so that it does not depend on the map.
                one.jobs.len().cmp(&other.jobs.len()).then_with(|| b.cmp(a))
            });
            match longest.filter(|(_, lane)| lane.jobs.len() > own + 1).map(|(longest, _)| Arc::clone(longest)) {
                None => return Offered::Refused(job),
                Some(longest) => displaced = self.take(&longest, VecDeque::pop_back),
            }
        }
        let clock = self.clock;
        self.forget();
        let lane = self.lanes.entry(Arc::clone(name)).or_default();
        if lane.jobs.is_empty() && lane.running == 0 {
            lane.served = lane.served.max(clock);
        }
        lane.jobs.push_back(job);
        self.waiting += 1;
        if lane.running < self.at_once {
            self.ready.insert((lane.served, Arc::clone(name)));
        }
        displaced.map_or(Offered::Waits, Offered::InPlaceOf)
    }

    /// The job to begin now, if any may.
    pub fn begin(&mut self) -> Option<(Begun, J)> {
        let (served, name) = self.ready.first().cloned()?;
        self.clock = self.clock.max(served);
        let job = self.take(&name, VecDeque::pop_front)?;
        let lane = self.lanes.get_mut(&name)?;
        // Charged before it is known, so that the next one to begin is another lane's.
        let charged = lane.expected;
        self.running += 1;
        lane.running += 1;
        self.serve(&name, |served| served + charged);
        Some((Begun { lane: name, charged }, job))
    }

    /// What began has ended after that time.
    pub fn ended(&mut self, begun: &Begun, spent: Duration) {
        let Some(lane) = self.lanes.get_mut(&begun.lane) else { return };
        lane.running = lane.running.saturating_sub(1);
        lane.expected = (lane.expected * (MEMORY - 1) + spent) / MEMORY;
        self.clock += spent / u32::try_from(self.ready.len() + self.running).unwrap_or(u32::MAX).max(1);
        self.running = self.running.saturating_sub(1);
        self.serve(&begun.lane, |served| (served + spent).saturating_sub(begun.charged));
        if self.waiting == 0 {
            // Nobody has had what another one wanted.
            self.lanes.retain(|_, lane| lane.running > 0);
        }
    }

    /// Drops what is not wanted any more.
    pub fn retain(&mut self, mut wanted: impl FnMut(&J) -> bool) {
        self.waiting = 0;
        for (name, lane) in &mut self.lanes {
            lane.jobs.retain(&mut wanted);
            self.waiting += lane.jobs.len();
            if lane.jobs.is_empty() {
                self.ready.remove(&(lane.served, Arc::clone(name)));
            }
        }
    }

    /// Everything that waits, in no order.
    pub fn drain(&mut self) -> Vec<J> {
        self.waiting = 0;
        self.ready.clear();
        self.lanes.values_mut().flat_map(|lane| std::mem::take(&mut lane.jobs)).collect()
    }

    fn take(&mut self, name: &Name, end: impl FnOnce(&mut VecDeque<J>) -> Option<J>) -> Option<J> {
        let lane = self.lanes.get_mut(name)?;
        let job = end(&mut lane.jobs)?;
        self.waiting -= 1;
        if lane.jobs.is_empty() {
            self.ready.remove(&(lane.served, Arc::clone(name)));
        }
        Some(job)
    }

    /// Changes how much a lane has been served, and with it its place among those that may begin.
    fn serve(&mut self, name: &Name, change: impl FnOnce(Duration) -> Duration) {
        let Some(lane) = self.lanes.get_mut(name) else { return };
        self.ready.remove(&(lane.served, Arc::clone(name)));
        lane.served = change(lane.served);
        if !lane.jobs.is_empty() && lane.running < self.at_once {
            self.ready.insert((lane.served, Arc::clone(name)));
        }
    }

    /// Forgets lanes in which nobody is and which are not ahead of their share, once there are many.
    fn forget(&mut self) {
        let in_use = self.waiting + self.running;
        if self.lanes.len() < KEPT + 2 * in_use {
            return;
        }
        let clock = self.clock;
        self.lanes.retain(|_, lane| !lane.jobs.is_empty() || lane.running > 0 || lane.served > clock);
    }
}

#[cfg(test)]
mod tests;
