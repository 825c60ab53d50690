//! Connections that wait for their next request. One that failed, or was silent for long, is never used again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::connect::Sender;

/// How long a connection may be silent. Below the minute after which servers and gateways begin to close them.
const SILENCE: Duration = Duration::from_secs(50);
/// How many may wait. A burst may open more; each takes some 40 KB, and functions have 128 MB.
const MOST: usize = 128;

#[derive(Debug, Default)]
pub(super) struct Pool {
    /// The one that was used last is at the end, and is the next to be used.
    idle: Mutex<VecDeque<Idle>>,
    /// Held while the first connection is opened ahead of time, so that the first call waits for that one.
    opening: Arc<AsyncMutex<()>>,
}

#[derive(Debug)]
struct Idle {
    sender: Sender,
    /// By the monotonic clock, and by the calendar: Lambda freezes programs, and the first stands still meanwhile.
    since: Time,
}

type Time = (Instant, SystemTime);

impl Pool {
    /// A connection that can take a request.
    pub(super) async fn take(&self) -> Option<Sender> {
        loop {
            let mut sender = if let Some(sender) = self.pop() {
                sender
            } else {
                drop(self.opening.lock().await);
                self.pop()?
            };
            // Only one whose server has closed it is never ready.
            if sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
    }

    /// Takes back a connection whose answer was read to its end.
    pub(super) fn put(&self, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() >= MOST {
            idle.pop_front();
        }
        idle.push_back(Idle { sender, since: (Instant::now(), SystemTime::now()) });
    }

    /// For whoever opens the first connection; nothing if somebody does.
    pub(super) fn opening(&self) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.opening).try_lock_owned().ok()
    }

    fn pop(&self) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let now = (Instant::now(), SystemTime::now());
        // Those that waited longest are in front.
        while idle.front().is_some_and(|first| first.sender.is_closed() || is_stale(first.since, now)) {
            idle.pop_front();
        }
        idle.pop_back().map(|last| last.sender)
    }
}

/// Whether a connection has been silent for too long, by either clock.
fn is_stale(since: Time, now: Time) -> bool {
    let by_date = now.1.duration_since(since.1).unwrap_or_default();
    now.0.duration_since(since.0).max(by_date) > SILENCE
}

#[cfg(test)]
mod tests {
    use super::is_stale;
    use std::time::{Duration, Instant, SystemTime};

    #[test]
    fn a_connection_that_was_frozen_with_the_program_is_stale_although_its_clock_stood_still() {
        let (instant, date) = (Instant::now(), SystemTime::now());
        let after = |ran, passed| (instant + Duration::from_secs(ran), date + Duration::from_secs(passed));
        let table = [((0, 0), false), ((49, 49), false), ((51, 51), true), ((1, 600), true), ((51, 0), true)];
        for ((ran, passed), stale) in table {
            assert_eq!(is_stale((instant, date), after(ran, passed)), stale, "{ran} s of {passed} s");
        }
        // The calendar may be set back.
        assert!(!is_stale((instant, date), (instant, date - Duration::from_secs(600))));
    }
}
