//! What reviews may take that wait for facts.
//!
//! They keep their trees meanwhile, and whoever names a registry that never answers makes them wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::lanes::Name;

/// What one byte of a body takes as a tree, in bytes: 8.7 were seen of a Pod of which each variable is as short as it can be.
const TREE: usize = 9;
/// One tenant may have one of so many parts, or one review.
const SHARE: usize = 4;

/// What may still wait.
#[derive(Debug)]
pub struct Waiting {
    most: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by: HashMap<Name, usize>,
}

/// What one review takes, until it is dropped.
#[derive(Debug)]
pub struct Wait {
    waiting: Arc<Waiting>,
    tenant: Name,
    bytes: usize,
}

impl Waiting {
    /// So many bytes in all; more where the tree of the largest body needs them.
    pub fn new(bytes: usize, largest: usize) -> Arc<Self> {
        Arc::new(Self { most: bytes.max(largest.saturating_mul(TREE)), taken: Mutex::default() })
    }

    /// Room for the tree of a body of so many bytes, if there is some for this tenant.
    pub fn room(self: &Arc<Self>, tenant: &Name, body: usize) -> Option<Wait> {
        let bytes = body.saturating_mul(TREE);
        let mut taken = self.taken();
        let of_tenant = taken.by.get(tenant).copied().unwrap_or_default();
        let is_his_share = of_tenant == 0 || of_tenant + bytes <= self.most / SHARE;
        if !is_his_share || taken.all + bytes > self.most {
            return None;
        }
        taken.all += bytes;
        *taken.by.entry(Name::clone(tenant)).or_default() += bytes;
        Some(Wait { waiting: Arc::clone(self), tenant: Name::clone(tenant), bytes })
    }

    /// Nothing is left half done in it.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        let mut taken = self.waiting.taken();
        taken.all -= self.bytes;
        if let Some(of_tenant) = taken.by.get_mut(&self.tenant) {
            *of_tenant -= self.bytes;
            if *of_tenant == 0 {
                taken.by.remove(&self.tenant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    #[test]
    fn gives_each_tenant_his_share_and_all_of_them_no_more_than_there_is_a50_a42() {
        let waiting = Waiting::new(72 * MIB, MIB);
        let [storm, shop, large]: [Name; 3] = ["storm", "shop", "large"].map(Name::from);
        let many: Vec<_> = (0..10).map_while(|_| waiting.room(&storm, MIB)).collect();
        assert_eq!(many.len(), 2, "a quarter of eight trees");
        let other = waiting.room(&shop, MIB).expect("his share is free");
        assert!(waiting.room(&large, 6 * MIB).is_none(), "there is not so much");
        drop((many, other));
        let whole = waiting.room(&large, 6 * MIB).expect("one review may take more than a share");
        assert!(waiting.room(&large, 1).is_none());
        drop(whole);
        assert!(waiting.taken().by.is_empty() && waiting.taken().all == 0);
    }

    #[test]
    fn has_room_for_the_largest_body() {
        let waiting = Waiting::new(MIB, 8 * MIB);
        assert!(waiting.room(&"shop".into(), 8 * MIB).is_some());
    }
}
