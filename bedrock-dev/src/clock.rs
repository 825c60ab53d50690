//! What time it is for retries, schedules and ages. The deadlines of invocations are real whatever this clock says.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

/// A sleep is as long as this at most: the machine may be asleep meanwhile, and timers stand still with it.
const STEP: Duration = Duration::from_secs(30);

/// A clock; cheap to clone, all clones show the same time.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    began: SystemTime,
    since: Instant,
    /// Seconds of this clock in a real one; 0 for one that is moved by hand alone.
    pace: u32,
    /// Whether it shows the machine's time, which goes on while that is asleep.
    is_real: bool,
    /// What it was moved by.
    moved: watch::Sender<Duration>,
}

impl Clock {
    /// As everybody's.
    pub fn real() -> Self {
        Self::with(SystemTime::now(), 1, true)
    }

    /// So many times as fast, beginning at `began`: a time that was stored must not lie ahead of a clock that starts anew.
    pub fn fast(began: SystemTime, times: u32) -> Self {
        Self::with(began, times.max(1), false)
    }

    /// Stands still until it is moved.
    pub fn by_hand(began: SystemTime) -> Self {
        Self::with(began, 0, false)
    }

    fn with(began: SystemTime, pace: u32, is_real: bool) -> Self {
        Self(Arc::new(Inner { began, since: Instant::now(), pace, is_real, moved: watch::Sender::default() }))
    }

    /// What it shows.
    pub fn now(&self) -> SystemTime {
        let inner = &self.0;
        let shown = if inner.is_real { SystemTime::now() } else { inner.began + inner.since.elapsed() * inner.pace };
        shown + *inner.moved.borrow()
    }

    /// Whether it is as everybody's, and was never moved by hand.
    pub(crate) fn is_real(&self) -> bool {
        self.0.is_real && self.0.moved.borrow().is_zero()
    }

    /// Moves it forward; whoever sleeps until a time in between wakes up.
    pub fn advance(&self, by: Duration) {
        self.0.moved.send_modify(|moved| *moved += by);
    }

    /// Waits until it shows `time`, or until it is moved by hand, so that others may look what is due.
    pub async fn sleep_until(&self, time: SystemTime) {
        let mut moved = self.0.moved.subscribe();
        while let Some(left) = time.duration_since(self.now()).ok().filter(|left| !left.is_zero()) {
            // Waking up a millisecond late is better than just before the time.
            let real = left.checked_div(self.0.pace).map(|real| (real + Duration::from_millis(1)).min(STEP));
            tokio::select! {
                () = async {
                    match real {
                        Some(real) => tokio::time::sleep(real).await,
                        None => std::future::pending().await,
                    }
                } => {}
                // The clock itself keeps the sender.
                _ = moved.changed() => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    #[tokio::test]
    async fn a_clock_that_is_moved_by_hand_stands_still_and_wakes_sleepers() {
        let clock = Clock::by_hand(UNIX_EPOCH);
        assert_eq!(clock.now(), UNIX_EPOCH);
        let until = UNIX_EPOCH + Duration::from_secs(60);
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move {
                while clock.now() < until {
                    clock.sleep_until(until).await;
                }
                clock.now()
            }
        });
        for _ in 0..6 {
            tokio::task::yield_now().await;
            assert!(!sleeper.is_finished());
            clock.advance(Duration::from_secs(10));
        }
        assert_eq!(sleeper.await.expect("a time"), until);
    }

    #[tokio::test]
    async fn a_fast_clock_reaches_an_hour_soon() {
        let began = SystemTime::now();
        let clock = Clock::fast(began, 100_000);
        clock.sleep_until(began + Duration::from_secs(3600)).await;
        assert!(clock.now() >= began + Duration::from_secs(3600));
        assert!(began.elapsed().expect("later") < Duration::from_secs(3600));
    }

    #[tokio::test]
    async fn a_time_that_has_passed_is_not_waited_for() {
        Clock::by_hand(SystemTime::now()).sleep_until(UNIX_EPOCH).await;
    }
}
