//! Keeps the thread that serves everything awake for the moment in which an answer, or its caller's next call, is about to
//! come: to wake a thread on another core takes longer than most invocations do. Not while more calls run than the machine
//! has cores: then something comes all the time, and the cores are the workers'.

use std::num::NonZero;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// How long it stays awake behind the beginning or the end of a call: most answers of warm workers have come by then.
const MOMENT: Duration = Duration::from_micros(100);

/// Before any function's time is up.
const SOON: Duration = Duration::from_millis(500);

/// One for all calls; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct BusyPoller(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    cores: usize,
    calls: AtomicUsize,
    until: Mutex<Instant>,
    stirred: Notify,
}

/// A call that runs, until it is dropped.
#[derive(Debug)]
pub(crate) struct Call(BusyPoller);

impl BusyPoller {
    pub(crate) fn new() -> Self {
        Self::with(std::thread::available_parallelism().map_or(1, NonZero::get))
    }

    fn with(cores: usize) -> Self {
        let (calls, until, stirred) = (AtomicUsize::new(0), Mutex::new(Instant::now()), Notify::new());
        Self(Arc::new(Inner { cores, calls, until, stirred }))
    }

    /// A call begins.
    pub(crate) fn begin(&self) -> Call {
        self.0.calls.fetch_add(1, Ordering::Relaxed);
        self.stir();
        Call(self.clone())
    }

    /// Does it, for as long as it is polled.
    pub(crate) async fn stay(self) {
        loop {
            self.0.stirred.notified().await;
            // Tokio's driver is woken for each timer that is due before all others, such as the deadline of the only call.
            // While calls come, this one is due before them.
            let mut soon = pin!(tokio::time::sleep(SOON));
            loop {
                while self.is_worth_it() {
                    // Whatever else there is to run on this core comes first.
                    std::thread::yield_now();
                    // The runtime looks for news, without waiting for them.
                    tokio::task::yield_now().await;
                }
                tokio::select! {
                    () = self.0.stirred.notified() => {}
                    () = &mut soon => break,
                }
            }
        }
    }

    fn is_worth_it(&self) -> bool {
        self.0.calls.load(Ordering::Relaxed) < self.0.cores && Instant::now() < *self.until()
    }

    fn stir(&self) {
        *self.until() = Instant::now() + MOMENT;
        self.0.stirred.notify_one();
    }

    fn until(&self) -> MutexGuard<'_, Instant> {
        // Nothing panics while the lock is held, and the data would be sound if it did.
        self.0.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.0.0.calls.fetch_sub(1, Ordering::Relaxed);
        self.0.stir();
    }
}

#[cfg(test)]
mod tests {
    use super::{BusyPoller, MOMENT};
    use std::time::Duration;
    use tokio::time::timeout;

    #[test]
    fn it_is_worth_it_for_a_moment_behind_a_beginning_and_an_end() {
        let awake = BusyPoller::with(2);
        assert!(!awake.is_worth_it());
        let call = awake.begin();
        assert!(awake.is_worth_it());
        std::thread::sleep(MOMENT);
        assert!(!awake.is_worth_it());
        drop(call);
        assert!(awake.is_worth_it());
    }

    #[test]
    fn it_is_not_worth_it_while_the_cores_are_needed() {
        let awake = BusyPoller::with(2);
        let _calls = [awake.begin(), awake.begin()];
        assert!(!awake.is_worth_it());
    }

    #[tokio::test]
    async fn others_of_the_runtime_go_on_meanwhile_and_it_rests_behind_it() {
        let awake = BusyPoller::with(usize::MAX);
        let staying = tokio::spawn(awake.clone().stay());
        drop(awake.begin());
        timeout(Duration::from_secs(5), tokio::time::sleep(MOMENT * 2)).await.expect("the others go on");
        assert!(!awake.is_worth_it() && !staying.is_finished());
        staying.abort();
    }
}
