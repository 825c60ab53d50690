//! The logs of running requests, by request id, which the lines of host processes carry.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bedrock_model::LogTail;

/// The logs of running requests, by request id. The lines of host processes are added to them.
#[derive(Debug, Default)]
pub(crate) struct LogTailRegistry {
    /// Checked before the lock is taken: most invocations do not collect their log.
    count: AtomicUsize,
    open: Mutex<HashMap<String, LogTail>>,
}

impl LogTailRegistry {
    /// Adds the lines of a request to `tail` until the returned guard is dropped.
    pub(crate) fn open(self: &Arc<Self>, request_id: &str, tail: &LogTail) -> OpenRequestGuard {
        self.lock().insert(request_id.to_owned(), tail.clone());
        self.count.fetch_add(1, Ordering::Relaxed);
        OpenRequestGuard { registry: Arc::clone(self), request_id: request_id.to_owned() }
    }

    /// Adds a line to the log of a request, if that is collected.
    pub(crate) fn line(&self, request_id: &str, text: &str) {
        if self.count.load(Ordering::Relaxed) > 0 {
            let tail = self.lock().get(request_id).cloned();
            if let Some(tail) = tail {
                tail.line(text);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, LogTail>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Collects the log of a request as long as it exists.
#[derive(Debug)]
pub(crate) struct OpenRequestGuard {
    registry: Arc<LogTailRegistry>,
    request_id: String,
}

impl Drop for OpenRequestGuard {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.request_id);
        self.registry.count.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, LogTail, LogTailRegistry};

    #[test]
    fn registry_collects_lines_only_of_open_requests() {
        let registry = Arc::new(LogTailRegistry::default());
        let tail = LogTail::default();
        let open = registry.open("a", &tail);
        registry.line("a", "mine");
        registry.line("b", "another's");
        drop(open);
        registry.line("a", "too late");
        assert_eq!(tail.last(), b"mine\n");
    }
}
