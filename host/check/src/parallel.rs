//! The same work on many items, with the results in the items' order.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Applies `work` to every item on at most `jobs` threads; the results stand in the order of the items, whoever was first.
pub fn map<T: Sync, R: Send>(items: &[T], jobs: Option<usize>, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let jobs = jobs.unwrap_or(cores).clamp(1, items.len().max(1));
    if jobs == 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<R>>> = items.iter().map(|_| Mutex::new(None)).collect();
    let run = || {
        while let Some((item, slot)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| items.get(at).zip(results.get(at)))
        {
            let result = work(item);
            if let Ok(mut slot) = slot.lock() {
                *slot = Some(result);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..jobs {
            // Where no further thread can be started, this one does the work.
            let _ = std::thread::Builder::new().name("check".into()).spawn_scoped(scope, run);
        }
        run();
    });
    results.into_iter().filter_map(|slot| slot.into_inner().ok().flatten()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_of_the_items_whatever_the_threads_do() {
        let items: Vec<usize> = (0..1000).collect();
        for jobs in [Some(1), Some(2), Some(16), None] {
            assert_eq!(map(&items, jobs, |item| item * 2), (0..2000).step_by(2).collect::<Vec<_>>());
        }
        assert!(map(&Vec::<u8>::new(), None, |item| *item).is_empty());
    }
}
