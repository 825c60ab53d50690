//! Keeps the thread that serves everything from sleeping while a response, or the caller's next call, is about to
//! arrive: waking a thread on another core takes longer than most invocations. There is no busy-polling while more
//! calls run than the machine has cores: something arrives all the time then, and the workers need the cores.

use std::num::NonZero;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::sync::Mutex;

/// How long to keep polling after a call starts or ends; most warm invocations finish within this window.
const SPIN_AFTER_ACTIVITY: Duration = Duration::from_micros(100);

/// Shorter than the timeout of any function.
const TIMER_INTERVAL: Duration = Duration::from_millis(500);

/// Busy-polls for all calls; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct BusyPoller(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cores: usize,
    running_calls: AtomicUsize,
    spin_until: Mutex<Instant>,
    activity: Notify,
}

/// Counts a call as running until it is dropped.
#[derive(Debug)]
pub(crate) struct CallGuard(BusyPoller);

impl BusyPoller {
    pub(crate) fn new() -> Self {
        Self::with_cores(std::thread::available_parallelism().map_or(1, NonZero::get))
    }

    fn with_cores(cores: usize) -> Self {
        Self(Arc::new(Inner {
            cores,
            running_calls: AtomicUsize::new(0),
            spin_until: Mutex::new(Instant::now()),
            activity: Notify::new(),
        }))
    }

    /// Counts a call as running, and keeps the poller spinning for a moment.
    pub(crate) fn call_started(&self) -> CallGuard {
        self.0.running_calls.fetch_add(1, Ordering::Relaxed);
        self.wake();
        CallGuard(self.clone())
    }

    /// Busy-polls after activity. Never ends.
    pub(crate) async fn run(self) {
        loop {
            self.0.activity.notified().await;
            // A new timer that is due before all others, such as the deadline of the only call, wakes tokio's driver.
            // While calls arrive, this timer is due before theirs.
            let mut timer = pin!(tokio::time::sleep(TIMER_INTERVAL));
            loop {
                while self.should_spin() {
                    // Other threads on this core run first.
                    std::thread::yield_now();
                    // The runtime polls for I/O without blocking.
                    tokio::task::yield_now().await;
                }
                tokio::select! {
                    () = self.0.activity.notified() => {}
                    () = &mut timer => break,
                }
            }
        }
    }

    fn should_spin(&self) -> bool {
        self.0.running_calls.load(Ordering::Relaxed) < self.0.cores && Instant::now() < *self.0.spin_until.lock()
    }

    fn wake(&self) {
        *self.0.spin_until.lock() = Instant::now() + SPIN_AFTER_ACTIVITY;
        self.0.activity.notify_one();
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        self.0.0.running_calls.fetch_sub(1, Ordering::Relaxed);
        self.0.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::{BusyPoller, SPIN_AFTER_ACTIVITY};
    use std::time::Duration;
    use tokio::time::timeout;

    #[test]
    fn poller_spins_only_after_recent_activity() {
        let poller = BusyPoller::with_cores(2);
        assert!(!poller.should_spin());
        let call = poller.call_started();
        assert!(poller.should_spin());
        std::thread::sleep(SPIN_AFTER_ACTIVITY);
        assert!(!poller.should_spin());
        drop(call);
        assert!(poller.should_spin());
    }

    #[test]
    fn poller_does_not_spin_while_all_cores_are_busy() {
        let poller = BusyPoller::with_cores(2);
        let _calls = [poller.call_started(), poller.call_started()];
        assert!(!poller.should_spin());
    }

    #[tokio::test]
    async fn poller_lets_other_tasks_run_and_then_sleeps() {
        let poller = BusyPoller::with_cores(usize::MAX);
        let running = tokio::spawn(poller.clone().run());
        drop(poller.call_started());
        timeout(Duration::from_secs(5), tokio::time::sleep(SPIN_AFTER_ACTIVITY * 2)).await.expect("other tasks run");
        assert!(!poller.should_spin() && !running.is_finished());
        running.abort();
    }
}
