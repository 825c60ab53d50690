//! Calls of a quick function take turns in a few processes: one that has just answered has what it needs in the caches of
//! the processor, and one that has rested, or is yet to be started, has not. Nobody waits for more than a moment.

use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

/// Calls that run at the same time and wait for nobody, for each core of the machine: one runs, one is on its way.
const EACH_CORE: usize = 2;
/// How long another call waits for its turn. A process of its own takes longer to start.
const PATIENCE: Duration = Duration::from_millis(3);
/// Calls of quick functions take less than this, on average.
const QUICK: Duration = Duration::from_millis(2);
/// One part in so many of the average is the last call.
const LAST: u64 = 8;

/// Those of one function.
#[derive(Debug)]
pub(super) struct ConcurrencyLimiter {
    free: Semaphore,
    /// What calls take on average, in µs.
    average: AtomicU64,
}

/// The turn of one call, until it is dropped; it may have none and run all the same.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    _permit: Option<SemaphorePermit<'a>>,
}

impl ConcurrencyLimiter {
    pub(super) fn new() -> Self {
        Self::with(std::thread::available_parallelism().map_or(1, NonZero::get))
    }

    fn with(cores: usize) -> Self {
        Self { free: Semaphore::new(EACH_CORE * cores), average: AtomicU64::new(0) }
    }

    /// Waits for a turn, if it is likely to come soon.
    pub(super) async fn take(&self) -> Permit<'_> {
        let permit = match self.free.try_acquire() {
            Ok(permit) => Some(permit),
            Err(_) if self.is_quick() => {
                let waited = tokio::time::timeout(PATIENCE, self.free.acquire()).await;
                waited.ok().and_then(Result::ok)
            }
            Err(_) => None,
        };
        Permit { _permit: permit }
    }

    /// What a call took.
    pub(super) fn note(&self, took: Duration) {
        let took = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let average = self.average.load(Ordering::Relaxed);
        // Two calls that end at once may count as one: it is an estimate.
        self.average.store(average - average / LAST + took / LAST, Ordering::Relaxed);
    }

    fn is_quick(&self) -> bool {
        Duration::from_micros(self.average.load(Ordering::Relaxed)) < QUICK
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::{ConcurrencyLimiter, EACH_CORE, PATIENCE, QUICK};

    /// How many of so many calls, each of which takes so long, have run at the same time, and how long all of them took.
    async fn run(turns: &Arc<ConcurrencyLimiter>, calls: usize, took: Duration) -> (usize, Duration) {
        let (running, most, began) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default(), Instant::now());
        let call = |_| {
            let (turns, running, most) = (Arc::clone(turns), Arc::clone(&running), Arc::clone(&most));
            tokio::spawn(async move {
                let _turn = turns.take().await;
                most.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                sleep(took).await;
                running.fetch_sub(1, Ordering::Relaxed);
                turns.note(took);
            })
        };
        for call in (0..calls).map(call).collect::<Vec<_>>() {
            call.await.expect("it ran");
        }
        (most.load(Ordering::Relaxed), began.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn quick_calls_take_turns() {
        let (turns, quick) = (Arc::new(ConcurrencyLimiter::with(2)), Duration::from_millis(1));
        assert_eq!(run(&turns, 12, quick).await, (2 * EACH_CORE, 3 * quick));
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_waits_for_a_moment_and_of_a_function_that_is_known_to_be_slow_for_none() {
        let (turns, slow) = (Arc::new(ConcurrencyLimiter::with(2)), Duration::from_secs(1));
        assert_eq!(run(&turns, 12, slow).await, (12, slow + PATIENCE));
        assert_eq!(run(&turns, 12, slow).await, (12, slow));
    }

    #[tokio::test(start_paused = true)]
    async fn a_function_that_has_become_quick_is_soon_known_as_such_and_one_slow_call_changes_little() {
        let turns = Arc::new(ConcurrencyLimiter::with(2));
        turns.note(Duration::MAX);
        assert!(!turns.is_quick());
        let turns = Arc::new(ConcurrencyLimiter::with(2));
        turns.note(QUICK * 7);
        assert!(turns.is_quick());
        run(&turns, 12, Duration::from_secs(1)).await;
        run(&turns, 100, Duration::from_millis(1)).await;
        assert!(turns.is_quick());
    }
}
