//! Which workers are running an invocation, or were until just now. A reload needs it to find out which worker may have
//! written a file.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::sync::Mutex;

/// How long the operating system may take to report a changed file.
const MAX_NOTIFICATION_DELAY: Duration = Duration::from_millis(250);

/// The activity of all workers, by worker name.
#[derive(Debug, Clone, Default)]
pub(crate) struct ActiveWorkers(Arc<Mutex<HashMap<String, Activity>>>);

#[derive(Debug, Default)]
struct Activity {
    running: usize,
    last_end: Option<Instant>,
}

/// Marks a worker as active until it is dropped.
pub(crate) struct ActiveGuard {
    active_workers: ActiveWorkers,
    worker: String,
}

impl ActiveWorkers {
    pub(crate) fn start(&self, worker: &str) -> ActiveGuard {
        self.0.lock().entry(worker.to_owned()).or_default().running += 1;
        ActiveGuard { active_workers: self.clone(), worker: worker.to_owned() }
    }

    /// Returns whether the worker may have written a file whose change was reported at `time`.
    pub(crate) fn was_active(&self, worker: &str, time: Instant) -> bool {
        self.0.lock().get(worker).is_some_and(|activity| {
            activity.running > 0 || activity.last_end.is_some_and(|end| end + MAX_NOTIFICATION_DELAY >= time)
        })
    }
}

impl Drop for ActiveGuard {
    fn drop(&mut self) {
        if let Some(activity) = self.active_workers.0.lock().get_mut(&self.worker) {
            activity.running = activity.running.saturating_sub(1);
            activity.last_end = Some(Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ActiveWorkers, Duration, Instant, MAX_NOTIFICATION_DELAY};

    #[test]
    fn worker_is_active_during_and_shortly_after_a_call() {
        let active_workers = ActiveWorkers::default();
        let now = Instant::now();
        assert!(!active_workers.was_active("a", now));
        let first = active_workers.start("a");
        let second = active_workers.start("a");
        assert!(
            active_workers.was_active("a", now + Duration::from_secs(3600)) && !active_workers.was_active("b", now)
        );
        drop(first);
        assert!(active_workers.was_active("a", now + Duration::from_secs(3600)));
        drop(second);
        assert!(active_workers.was_active("a", Instant::now()));
        assert!(!active_workers.was_active("a", Instant::now() + MAX_NOTIFICATION_DELAY * 2));
    }
}
