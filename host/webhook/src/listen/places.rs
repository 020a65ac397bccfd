//! A bounded number of places; where all are taken, whoever has stood idle for longest leaves theirs to who comes.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout, timeout_at};

use super::activity::Activity;

/// How long one who was asked to leave is waited for until another one is asked, too.
const ANOTHER: Duration = Duration::from_millis(20);

/// All places of one door.
pub(super) struct Places {
    free: Arc<Semaphore>,
    most: u32,
    standing: Mutex<Standing>,
}

#[derive(Default)]
struct Standing {
    /// The number of the next connection.
    next: u64,
    all: BTreeMap<u64, (Arc<Activity>, Arc<Notify>)>,
}

/// One place, until it is dropped.
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
    /// What its connection does.
    pub(super) activity: Arc<Activity>,
    leave: Arc<Notify>,
    _permit: OwnedSemaphorePermit,
}

impl Places {
    /// So many, one at least and no more than can be counted.
    pub(super) fn new(most: usize) -> Arc<Self> {
        let most = u32::try_from(most.clamp(1, Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX);
        Arc::new(Self { free: Arc::new(Semaphore::new(most as usize)), most, standing: Mutex::default() })
    }

    /// A free place, if there is one.
    pub(super) fn free(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.free).try_acquire_owned().ok()
    }

    /// Waits for a place, and asks those to leave who have stood idle for so long.
    pub(super) async fn make_room(&self, idle: Duration, left: impl Fn()) -> io::Result<OwnedSemaphorePermit> {
        loop {
            if self.ask_one_to_leave(idle) {
                left();
            }
            if let Ok(place) = timeout(ANOTHER, Arc::clone(&self.free).acquire_owned()).await {
                return place.map_err(io::Error::other);
            }
        }
    }

    /// A connection takes this place.
    pub(super) fn take(self: &Arc<Self>, permit: OwnedSemaphorePermit) -> Place {
        let (activity, leave) = (Activity::new(), Arc::default());
        let mut standing = self.standing();
        let number = standing.next;
        standing.next += 1;
        standing.all.insert(number, (Arc::clone(&activity), Arc::clone(&leave)));
        Place { places: Arc::clone(self), number, activity, leave, _permit: permit }
    }

    /// Waits until all have left; how many had not.
    pub(super) async fn all_left(&self, until: Instant) -> usize {
        match timeout_at(until, self.free.acquire_many(self.most)).await {
            Ok(_) => 0,
            Err(_) => self.most as usize - self.free.available_permits(),
        }
    }

    /// Asks whoever has stood idle for longest, and first of all those who were never answered: an API server that hears of its
    /// end while it sends loses a review. Whoever is asked is asked once.
    fn ask_one_to_leave(&self, idle: Duration) -> bool {
        let now = Instant::now();
        let mut standing = self.standing();
        let asleep = standing.all.iter().filter_map(|(number, (activity, _))| {
            let (was_answered, since) = activity.idle()?;
            let idle = Some(now.saturating_duration_since(since)).filter(|time| *time >= idle)?;
            Some(((!was_answered, idle), *number))
        });
        let longest = asleep.max().and_then(|(_, number)| standing.all.remove(&number));
        let Some((_, leave)) = longest else { return false };
        leave.notify_one();
        true
    }

    /// Nothing is left half done in it.
    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Returns when somebody else needs it.
    pub(super) async fn is_needed(&self) {
        self.leave.notified().await;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.standing().all.remove(&self.number);
    }
}
