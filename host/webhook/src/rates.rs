//! How many reviews a namespace may have: so many a minute with a burst, and so many a day, by its tier.
//!
//! Each replica counts for itself. A namespace without a tier is not limited and costs nothing here.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant, SystemTime};

use portcullis_policies::{RateLimits, Tier};

use crate::lanes::Name;

/// Namespaces that are counted at once; beyond it those are forgotten whose count says least.
const COUNTED: usize = 20_000;
const MINUTE: Duration = Duration::from_secs(60);
const DAY: u64 = 86_400;

/// Why a review was one too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    /// More at once than the minute and the burst allow.
    Minute {
        /// How many a minute.
        most: u32,
        /// How many at once.
        burst: u32,
    },
    /// More than the day allows.
    Day {
        /// How many a day.
        most: u32,
    },
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Minute { most, burst } => write!(f, "{most} reviews a minute and {burst} at once"),
            Self::Day { most } => write!(f, "{most} reviews a day (until midnight, UTC)"),
        }
    }
}

impl Exceeded {
    /// After how many seconds there is room for one more; nothing where only another day helps.
    pub fn retry(&self) -> Option<u32> {
        match self {
            Self::Minute { most, .. } => Some(60_u32.div_ceil((*most).max(1))),
            Self::Day { .. } => None,
        }
    }
}

/// A namespace that has had what it may have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limited {
    /// Its tier.
    pub tier: String,
    /// The label that names the tier of a namespace.
    pub label: String,
    /// What was one too many.
    pub exceeded: Exceeded,
}

impl fmt::Display for Limited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tier, label, exceeded } = self;
        write!(
            f,
            "the namespace sends more reviews than its tier `{tier}` allows, {exceeded}; change less at once, or ask for another tier (the namespace's label `{label}`)"
        )
    }
}

/// The tiers in force, and what each namespace has had.
#[derive(Debug)]
pub struct Limiter {
    limits: RwLock<Arc<RateLimits>>,
    rates: Rates,
}

impl Limiter {
    /// Nobody has had anything yet.
    pub fn new(limits: RateLimits) -> Self {
        Self { limits: RwLock::new(Arc::new(limits)), rates: Rates::default() }
    }

    /// Other tiers from now on; what was counted stays.
    pub fn replace(&self, limits: RateLimits) {
        *self.limits.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(limits);
    }

    /// Whether it matters what labels a namespace has.
    pub fn depends_on_labels(&self) -> bool {
        self.limits().names().next().is_some()
    }

    /// Counts one review of a namespace with these labels, as far as they are known.
    ///
    /// # Errors
    /// It is one too many, and is not counted.
    pub fn take(&self, namespace: &Name, labels: Option<&BTreeMap<String, String>>) -> Result<(), Limited> {
        let limits = self.limits();
        let Some(tier) = limits.tier(labels) else { return Ok(()) };
        self.rates.take(namespace, tier, Instant::now(), SystemTime::now()).map_err(|exceeded| Limited {
            tier: tier.name.clone(),
            label: limits.namespace_label.clone(),
            exceeded,
        })
    }

    fn limits(&self) -> Arc<RateLimits> {
        Arc::clone(&self.limits.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The counts of all namespaces that have a tier.
#[derive(Debug, Default)]
pub struct Rates {
    counts: Mutex<HashMap<Name, Count>>,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    /// When the bucket of the minute will be full again (the theoretical arrival time of GCRA, ITU-T I.371).
    full: Instant,
    /// The day since 1970 (UTC) that is counted.
    day: u64,
    /// When its first review came.
    began: Instant,
    used: u32,
}

impl Rates {
    /// Counts one review of a namespace by its tier.
    ///
    /// # Errors
    /// It is one too many, and is not counted.
    pub fn take(&self, namespace: &Name, tier: &Tier, now: Instant, time: SystemTime) -> Result<(), Exceeded> {
        let today = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs() / DAY;
        let mut counts = self.lock();
        if !counts.contains_key(namespace) {
            make_room(&mut counts, now, today);
        }
        let count =
            counts.entry(Name::clone(namespace)).or_insert(Count { full: now, day: today, began: now, used: 0 });
        // A clock that goes back gives nobody a second day, and one that was far ahead holds nobody for longer than one.
        if count.day < today || now.saturating_duration_since(count.began) >= Duration::from_secs(DAY) {
            (count.day, count.began, count.used) = (today, now, 0);
        }
        if let Some(most) = tier.per_day.filter(|most| count.used >= most.get()) {
            return Err(Exceeded::Day { most: most.get() });
        }
        if let Some(most) = tier.per_minute {
            let every = MINUTE / most.get();
            let full = count.full.max(now) + every;
            if full.saturating_duration_since(now) > every * tier.burst.get() {
                return Err(Exceeded::Minute { most: most.get(), burst: tier.burst.get() });
            }
            count.full = full;
        }
        count.used = count.used.saturating_add(1);
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Name, Count>> {
        // Nothing is left half done under the lock.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets what says nothing any more; where that is not enough, whoever used least of his day.
fn make_room(counts: &mut HashMap<Name, Count>, now: Instant, today: u64) {
    if counts.len() < COUNTED {
        return;
    }
    counts.retain(|_, count| count.full > now || count.day >= today);
    if counts.len() < COUNTED {
        return;
    }
    let least = counts.iter().min_by_key(|(_, count)| (count.used, count.full)).map(|(name, _)| Name::clone(name));
    if let Some(least) = least {
        counts.remove(&least);
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::*;

    fn tier(per_minute: u32, per_day: u32, burst: u32) -> Tier {
        Tier {
            name: "bronze".into(),
            per_minute: NonZeroU32::new(per_minute),
            per_day: NonZeroU32::new(per_day),
            burst: NonZeroU32::new(burst).expect("a burst"),
        }
    }

    struct World {
        rates: Rates,
        began: Instant,
        day: SystemTime,
    }

    impl World {
        fn new() -> Self {
            Self {
                rates: Rates::default(),
                began: Instant::now(),
                day: SystemTime::UNIX_EPOCH + Duration::from_secs(DAY * 20_000),
            }
        }

        fn at(&self, namespace: &str, tier: &Tier, after: Duration) -> Result<(), Exceeded> {
            self.rates.take(&namespace.into(), tier, self.began + after, self.day + after)
        }

        /// How many of many at one moment are let in.
        fn burst(&self, namespace: &str, tier: &Tier, after: Duration) -> usize {
            (0..10_000).take_while(|_| self.at(namespace, tier, after).is_ok()).count()
        }
    }

    #[test]
    fn lets_a_burst_in_and_then_so_many_a_minute() {
        let (world, tier) = (World::new(), tier(60, 0, 100));
        assert_eq!(world.burst("shop", &tier, Duration::ZERO), 100);
        assert_eq!(world.at("shop", &tier, Duration::ZERO), Err(Exceeded::Minute { most: 60, burst: 100 }));
        assert_eq!(world.burst("shop", &tier, Duration::from_millis(999)), 0);
        assert_eq!(world.burst("shop", &tier, Duration::from_secs(1)), 1);
        assert_eq!(world.burst("shop", &tier, Duration::from_secs(31)), 30);
        assert_eq!(world.burst("other", &tier, Duration::ZERO), 100, "each namespace has its own");
        assert_eq!(world.burst("shop", &tier, Duration::from_secs(3_600)), 100, "never more than the burst");
    }

    #[test]
    fn lets_so_many_in_a_day_whatever_the_minute_allows() {
        let (world, tier) = (World::new(), tier(0, 1_000, 1));
        assert_eq!(world.burst("shop", &tier, Duration::ZERO), 1_000);
        assert_eq!(world.at("shop", &tier, Duration::from_secs(DAY - 1)), Err(Exceeded::Day { most: 1_000 }));
        assert_eq!(world.burst("shop", &tier, Duration::from_secs(DAY)), 1_000);
    }

    #[test]
    fn gives_nobody_a_second_day_when_the_clock_goes_back() {
        let (world, tier) = (World::new(), tier(0, 10, 1));
        let tomorrow = world.day + Duration::from_secs(DAY);
        let take = |time| world.rates.take(&"shop".into(), &tier, world.began, time).is_ok();
        assert_eq!((0..20).filter(|_| take(tomorrow)).count(), 10);
        assert!(!take(world.day) && !take(SystemTime::UNIX_EPOCH) && !take(tomorrow));
    }

    #[test]
    fn holds_nobody_for_longer_than_a_day_when_the_clock_was_far_ahead() {
        let (world, tier) = (World::new(), tier(0, 10, 1));
        let far = world.day + Duration::from_secs(DAY * 3_650);
        let take = |after, time| world.rates.take(&"shop".into(), &tier, world.began + after, time).is_ok();
        assert_eq!((0..20).filter(|_| take(Duration::ZERO, far)).count(), 10);
        let almost = Duration::from_secs(DAY - 1);
        assert!(!take(almost, world.day + almost));
        let later = Duration::from_secs(DAY);
        assert_eq!((0..20).filter(|_| take(later, world.day + later)).count(), 10);
        assert_eq!((0..20).filter(|_| take(later * 2, world.day + later * 2)).count(), 10);
    }

    #[test]
    fn counts_a_bounded_number_of_namespaces_and_keeps_those_that_say_most() {
        let (world, tier) = (World::new(), tier(60, 1_000, 100));
        assert_eq!(world.burst("storm", &tier, Duration::ZERO), 100);
        for number in 0..COUNTED + 10 {
            assert!(world.at(&format!("namespace-{number}"), &tier, Duration::ZERO).is_ok());
        }
        assert_eq!(world.rates.lock().len(), COUNTED);
        assert!(world.at("storm", &tier, Duration::ZERO).is_err(), "not forgotten");
    }
}
