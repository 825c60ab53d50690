//! Processes items on several threads. The results are in the order of the items.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Returns the number of threads that the machine can run at the same time.
/// `work` on each item. The items are begun in the order of `weight`, the heaviest first, so that none is left at the
pub(crate) fn available_threads() -> NonZero<usize> {
    thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN)
}

/// `work` on each item. The items are begun in the order of `cost`, the heaviest first, so that none is left at the
/// Calls `work` for each item and returns the results. The items with the highest `cost` are processed first, so that at
/// the end no thread works on a large item while the others are idle.
pub(crate) fn parallel_map<T: Sync, R: Send>(
    items: &[T],
    threads: NonZero<usize>,
    cost: impl Fn(&T) -> u64,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_cached_key(|&at| std::cmp::Reverse(items.get(at).map_or(0, &cost)));
    let next = AtomicUsize::new(0);
    let share = || {
        let mut done = Vec::new();
        while let Some(&at) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.extend(items.get(at).map(|item| (at, work(item))));
        }
        done
    };
    let mut done = thread::scope(|scope| {
        let others: Vec<_> = (1..threads.get().min(items.len())).map(|_| scope.spawn(share)).collect();
        let mut done = share();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_keep_the_order_of_the_items() {
        let items: Vec<u64> = (0..1000).map(|n| n * 7919 % 1000).collect();
        let doubled: Vec<u64> = items.iter().map(|n| n * 2).collect();
        for threads in [1, 2, 8] {
            let threads = NonZero::new(threads).expect("threads");
            assert_eq!(parallel_map(&items, threads, |n| *n, |n| n * 2), doubled);
        }
        assert_eq!(parallel_map(&[], available_threads(), |n| *n, |n: &u64| n * 2), [0; 0]);
    }
}
