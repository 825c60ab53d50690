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
    since: (Instant, SystemTime),
}

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
        let (now, date) = (Instant::now(), SystemTime::now());
        // Those that waited longest are in front.
        while idle.front().is_some_and(|first| first.is_stale(now, date)) {
            idle.pop_front();
        }
        idle.pop_back().map(|last| last.sender)
    }
}

impl Idle {
    fn is_stale(&self, now: Instant, date: SystemTime) -> bool {
        let (since, since_date) = self.since;
        let by_date = date.duration_since(since_date).unwrap_or_default();
        now.duration_since(since).max(by_date) > SILENCE || self.sender.is_closed()
    }
}
