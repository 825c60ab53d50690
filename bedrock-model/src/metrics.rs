//! Duration, initialization time and memory of an invocation.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Collects the metrics of one invocation. Clones share the same values.
#[derive(Debug, Clone, Default)]
pub struct InvocationMetrics(Arc<Mutex<Metrics>>);

/// What is known about an invocation. Every value may be unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Metrics {
    /// Time from the moment at which the process got the invocation to its response.
    pub took: Option<Duration>,
    /// Time that the process took to start, if this was its first invocation.
    pub init: Option<Duration>,
    /// Peak memory of the process so far, in megabytes.
    pub memory: Option<u64>,
}

impl InvocationMetrics {
    /// Adds values. A value that is `None` keeps what was recorded before; memory is the maximum of both.
    pub fn record(&self, metrics: Metrics) {
        let mut known = self.lock();
        known.took = metrics.took.or(known.took);
        known.init = metrics.init.or(known.init);
        known.memory = metrics.memory.max(known.memory);
    }

    /// Returns the values that are known so far.
    pub fn get(&self) -> Metrics {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Metrics> {
        // No code panics while it holds the lock, and the values would be valid if it did.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, InvocationMetrics, Metrics};

    #[test]
    fn later_metrics_do_not_erase_earlier_ones() {
        let metrics = InvocationMetrics::default();
        assert_eq!(metrics.get(), Metrics::default());
        let took = Some(Duration::from_millis(5));
        let init = Some(Duration::from_millis(2));
        metrics.clone().record(Metrics { took: None, init, memory: Some(40) });
        metrics.record(Metrics { took, init: None, memory: Some(30) });
        assert_eq!(metrics.get(), Metrics { took, init, memory: Some(40) });
    }
}
