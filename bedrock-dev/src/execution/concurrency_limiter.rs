//! Limits how many invocations of a fast function run at once, so that few processes serve them: a process that has
//! just responded has its data in the processor's caches, and an idle or a new one has not. An invocation waits at most
//! [`MAX_WAIT`].

use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

/// Invocations admitted per core without waiting: one that runs, and one that is being handed over.
const PERMITS_PER_CORE: usize = 2;
/// How long a further invocation waits for a permit. A new process takes longer than that to start.
const MAX_WAIT: Duration = Duration::from_millis(3);
/// A function is fast if its average duration is below this.
const FAST_FUNCTION: Duration = Duration::from_millis(2);
/// The newest duration has a weight of 1/8 in the moving average.
const AVERAGE_WINDOW: u64 = 8;

/// The limiter of one function.
#[derive(Debug)]
pub(super) struct ConcurrencyLimiter {
    permits: Semaphore,
    /// Average duration of an invocation in µs.
    average_duration: AtomicU64,
}

/// Admits one invocation until it is dropped. An invocation that waited in vain is admitted without a permit.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    _permit: Option<SemaphorePermit<'a>>,
}

impl ConcurrencyLimiter {
    pub(super) fn new() -> Self {
        Self::with_cores(std::thread::available_parallelism().map_or(1, NonZero::get))
    }

    fn with_cores(cores: usize) -> Self {
        Self { permits: Semaphore::new(PERMITS_PER_CORE * cores), average_duration: AtomicU64::new(0) }
    }

    /// Waits for a permit if one is likely to become free soon.
    pub(super) async fn acquire(&self) -> Permit<'_> {
        let permit = match self.permits.try_acquire() {
            Ok(permit) => Some(permit),
            Err(_) if self.is_fast() => {
                let acquired = tokio::time::timeout(MAX_WAIT, self.permits.acquire()).await;
                acquired.ok().and_then(Result::ok)
            }
            Err(_) => None,
        };
        Permit { _permit: permit }
    }

    /// Adds the duration of an invocation to the moving average.
    pub(super) fn record_duration(&self, duration: Duration) {
        let duration = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let average = self.average_duration.load(Ordering::Relaxed);
        // Of two simultaneous updates one may get lost, which is good enough for an estimate.
        let new_average = average - average / AVERAGE_WINDOW + duration / AVERAGE_WINDOW;
        self.average_duration.store(new_average, Ordering::Relaxed);
    }

    fn is_fast(&self) -> bool {
        Duration::from_micros(self.average_duration.load(Ordering::Relaxed)) < FAST_FUNCTION
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use tokio::time::{Instant, sleep};

    use super::{ConcurrencyLimiter, FAST_FUNCTION, MAX_WAIT, PERMITS_PER_CORE};

    /// Starts `count` invocations at once. Returns the largest number that ran at the same time, and the total
    /// duration.
    async fn run(limiter: &Arc<ConcurrencyLimiter>, count: usize, duration: Duration) -> (usize, Duration) {
        let running = Arc::<AtomicUsize>::default();
        let max_running = Arc::<AtomicUsize>::default();
        let start = Instant::now();
        let invocation = |_| {
            let limiter = Arc::clone(limiter);
            let running = Arc::clone(&running);
            let max_running = Arc::clone(&max_running);
            tokio::spawn(async move {
                let _permit = limiter.acquire().await;
                max_running.fetch_max(running.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
                sleep(duration).await;
                running.fetch_sub(1, Ordering::Relaxed);
                limiter.record_duration(duration);
            })
        };
        for invocation in (0..count).map(invocation).collect::<Vec<_>>() {
            invocation.await.expect("it does not panic");
        }
        (max_running.load(Ordering::Relaxed), start.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn fast_invocations_are_limited() {
        let limiter = Arc::new(ConcurrencyLimiter::with_cores(2));
        let fast = Duration::from_millis(1);
        assert_eq!(run(&limiter, 12, fast).await, (2 * PERMITS_PER_CORE, 3 * fast));
    }

    #[tokio::test(start_paused = true)]
    async fn slow_functions_are_not_limited_once_known_as_slow() {
        let limiter = Arc::new(ConcurrencyLimiter::with_cores(2));
        let slow = Duration::from_secs(1);
        assert_eq!(run(&limiter, 12, slow).await, (12, slow + MAX_WAIT));
        assert_eq!(run(&limiter, 12, slow).await, (12, slow));
    }

    #[tokio::test(start_paused = true)]
    async fn average_adapts_soon_and_tolerates_one_slow_call() {
        let limiter = Arc::new(ConcurrencyLimiter::with_cores(2));
        limiter.record_duration(Duration::MAX);
        assert!(!limiter.is_fast());
        let limiter = Arc::new(ConcurrencyLimiter::with_cores(2));
        limiter.record_duration(FAST_FUNCTION * 7);
        assert!(limiter.is_fast());
        run(&limiter, 12, Duration::from_secs(1)).await;
        run(&limiter, 100, Duration::from_millis(1)).await;
        assert!(limiter.is_fast());
    }
}
