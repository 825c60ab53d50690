//! Pool of idle connections. A connection that failed, or was idle for too long, is not used again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard};

use super::connector::Sender;

/// Maximum time without traffic. Servers and gateways begin to close connections after a minute.
const MAX_IDLE_TIME: Duration = Duration::from_secs(50);
/// Maximum number of idle connections. A burst may open more; each takes about 40 KB, and small functions have 128 MB.
const MAX_IDLE_CONNECTIONS: usize = 128;

#[derive(Debug, Default)]
pub(super) struct Pool {
    /// Ordered by their last use. The last one is used next.
    idle: Mutex<VecDeque<Idle>>,
    /// Locked while a connection is opened before the first call, so that the first call waits for it.
    opening_guard: Arc<AsyncMutex<()>>,
}

#[derive(Debug)]
struct Idle {
    sender: Sender,
    /// Time of the last use by the monotonic clock and by the wall clock: the monotonic clock does not advance while
    /// Lambda freezes the execution environment.
    since: Time,
}

type Time = (Instant, SystemTime);

impl Pool {
    /// Returns an idle connection that is ready for a request, or `None` if a new one is needed.
    pub(super) async fn take(&self) -> Option<Sender> {
        loop {
            let mut sender = if let Some(sender) = self.pop() {
                sender
            } else {
                drop(self.opening_guard.lock().await);
                self.pop()?
            };
            // Fails only if the server has closed the connection.
            if sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
    }

    /// Returns a connection to the pool. Its response must have been read completely.
    pub(super) fn put(&self, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() >= MAX_IDLE_CONNECTIONS {
            idle.pop_front();
        }
        idle.push_back(Idle { sender, since: (Instant::now(), SystemTime::now()) });
    }

    /// Returns a guard for the task that opens the first connection, or `None` if a task already does.
    pub(super) fn opening_guard(&self) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.opening_guard).try_lock_owned().ok()
    }

    fn pop(&self) -> Option<Sender> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let now = (Instant::now(), SystemTime::now());
        // The connections that were idle the longest come first.
        while idle.front().is_some_and(|first| first.sender.is_closed() || is_stale(first.since, now)) {
            idle.pop_front();
        }
        idle.pop_back().map(|last| last.sender)
    }
}

/// Whether a connection has been idle for too long by either clock.
fn is_stale(since: Time, now: Time) -> bool {
    let wall_clock_time = now.1.duration_since(since.1).unwrap_or_default();
    now.0.duration_since(since.0).max(wall_clock_time) > MAX_IDLE_TIME
}

#[cfg(test)]
mod tests {
    use super::is_stale;
    use std::time::{Duration, Instant, SystemTime};

    #[test]
    fn connection_is_stale_after_the_sandbox_was_frozen() {
        let instant = Instant::now();
        let date = SystemTime::now();
        let after = |ran, passed| (instant + Duration::from_secs(ran), date + Duration::from_secs(passed));
        let table = [((0, 0), false), ((49, 49), false), ((51, 51), true), ((1, 600), true), ((51, 0), true)];
        for ((ran, passed), stale) in table {
            assert_eq!(is_stale((instant, date), after(ran, passed)), stale, "{ran} s of {passed} s");
        }
        // The wall clock may be set back.
        assert!(!is_stale((instant, date), (instant, date - Duration::from_secs(600))));
    }
}
