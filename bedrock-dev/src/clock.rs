//! The clock for retries, schedules and ages of events. Deadlines of invocations always use real time.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

/// Maximum duration of one sleep: timers stand still while the machine is suspended, so the clock is read again after
/// it.
const MAX_SLEEP: Duration = Duration::from_secs(30);

/// A clock; cheap to clone. All clones show the same time.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    start_time: SystemTime,
    start: Instant,
    /// Seconds of this clock per real second; 0 for one that is only advanced manually.
    speed: u32,
    /// Whether it shows the time of the machine, which continues while the machine is suspended.
    is_real: bool,
    /// By how much it was advanced manually.
    advanced: watch::Sender<Duration>,
}

impl Clock {
    /// Wall-clock time.
    pub fn real() -> Self {
        Self::with_speed(SystemTime::now(), 1, true)
    }

    /// A clock that starts at `start_time` and runs `speed` times as fast as real time. Stored times must not be in the
    /// future of a clock that is started again, so the caller chooses the start.
    pub fn fast(start_time: SystemTime, speed: u32) -> Self {
        Self::with_speed(start_time, speed.max(1), false)
    }

    /// A clock that stands still until it is advanced.
    pub fn manual(start_time: SystemTime) -> Self {
        Self::with_speed(start_time, 0, false)
    }

    fn with_speed(start_time: SystemTime, speed: u32, is_real: bool) -> Self {
        Self(Arc::new(Inner { start_time, start: Instant::now(), speed, is_real, advanced: watch::Sender::default() }))
    }

    /// Returns the current time of this clock.
    pub fn now(&self) -> SystemTime {
        let inner = &self.0;
        let time =
            if inner.is_real { SystemTime::now() } else { inner.start_time + inner.start.elapsed() * inner.speed };
        time + *inner.advanced.borrow()
    }

    /// Returns whether it shows wall-clock time, and has never been advanced.
    pub(crate) fn is_real(&self) -> bool {
        self.0.is_real && self.0.advanced.borrow().is_zero()
    }

    /// Advances the clock, and wakes all sleeping tasks.
    pub fn advance(&self, by: Duration) {
        self.0.advanced.send_modify(|advanced| *advanced += by);
    }

    /// Sets a clock back that was advanced, and wakes all sleeping tasks.
    pub fn set_back(&self, by: Duration) {
        self.0.advanced.send_modify(|advanced| *advanced = advanced.saturating_sub(by));
    }

    /// Waits until the clock shows `time`, or until it is advanced or set back, so that the caller can check what is
    /// due.
    pub async fn sleep_until(&self, time: SystemTime) {
        let mut advanced = self.0.advanced.subscribe();
        let mut last_time = self.now();
        while let Some(remaining) = time.duration_since(self.now()).ok().filter(|remaining| !remaining.is_zero()) {
            // Rounded up by a millisecond, so that the task does not wake just before the time.
            let real_duration = remaining
                .checked_div(self.0.speed)
                .map(|duration| (duration + Duration::from_millis(1)).min(MAX_SLEEP));
            tokio::select! {
                () = async {
                    match real_duration {
                        Some(duration) => tokio::time::sleep(duration).await,
                        None => std::future::pending().await,
                    }
                } => {}
                // The clock itself owns the sender, so this cannot fail.
                _ = advanced.changed() => return,
            }
            let now = self.now();
            if now < last_time {
                return;
            }
            last_time = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    #[tokio::test]
    async fn manual_clock_stands_still_and_wakes_sleepers() {
        let clock = Clock::manual(UNIX_EPOCH);
        assert_eq!(clock.now(), UNIX_EPOCH);
        let wake_time = UNIX_EPOCH + Duration::from_secs(60);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                while clock.now() < wake_time {
                    clock.sleep_until(wake_time).await;
                }
                clock.now()
            }
        });
        for _ in 0..6 {
            tokio::task::yield_now().await;
            assert!(!sleeper.is_finished());
            clock.advance(Duration::from_secs(10));
        }
        assert_eq!(sleeper.await.expect("it does not panic"), wake_time);
    }

    #[tokio::test]
    async fn fast_clock_passes_an_hour_quickly() {
        let start_time = SystemTime::now();
        let clock = Clock::fast(start_time, 100_000);
        clock.sleep_until(start_time + Duration::from_secs(3600)).await;
        assert!(clock.now() >= start_time + Duration::from_secs(3600));
        assert!(start_time.elapsed().expect("time has passed") < Duration::from_secs(3600));
    }

    #[tokio::test]
    async fn sleep_until_a_past_time_returns_at_once() {
        Clock::manual(SystemTime::now()).sleep_until(UNIX_EPOCH).await;
    }
}
