//! Code of before a reload, with which a Python or JavaScript worker still runs: durable executions that wait for days
//! keep the code with which they started. Which code that is, and where it is stored, is decided by the dev server.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long the processes of old code may be idle before they are stopped.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// A copy of the code of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldCode {
    /// The folder of the worker in the copy, an absolute path.
    pub folder: PathBuf,
    /// The folder of Python with the dependencies that it had. `None` for those of today.
    pub site: Option<PathBuf>,
}

/// The workers that run with old code, by the folder of the copy.
#[derive(Debug)]
pub struct OldCodeWorkers<W>(Mutex<HashMap<PathBuf, RunningWorker<W>>>);

#[derive(Debug)]
struct RunningWorker<W> {
    worker: Arc<W>,
    /// The number of its running invocations.
    running: usize,
    last_used: Instant,
}

impl<W> Default for OldCodeWorkers<W> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<W> OldCodeWorkers<W> {
    fn with<T>(&self, action: impl FnOnce(&mut HashMap<PathBuf, RunningWorker<W>>) -> T) -> T {
        action(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Begins an invocation of a worker, which `create` creates if it does not run.
    pub fn begin(&self, folder: &Path, create: impl FnOnce() -> W) -> Arc<W> {
        self.with(|workers| {
            let new = || RunningWorker { worker: Arc::new(create()), running: 0, last_used: Instant::now() };
            let worker = workers.entry(folder.to_owned()).or_insert_with(new);
            worker.running += 1;
            Arc::clone(&worker.worker)
        })
    }

    /// Ends an invocation.
    pub fn end(&self, folder: &Path) {
        self.with(|workers| {
            // It was removed if its execution was deleted in the meantime.
            if let Some(worker) = workers.get_mut(folder) {
                worker.running = worker.running.saturating_sub(1);
                worker.last_used = Instant::now();
            }
        });
    }

    /// Removes and returns a worker that has been idle for this time.
    pub fn take_idle(&self, folder: &Path, timeout: Duration) -> Option<Arc<W>> {
        self.with(|workers| {
            let worker = workers.get(folder)?;
            let is_idle = worker.running == 0 && worker.last_used.elapsed() >= timeout;
            if is_idle { workers.remove(folder).map(|worker| worker.worker) } else { None }
        })
    }

    /// Removes and returns a worker whose code is no longer needed.
    pub fn take(&self, folder: &Path) -> Option<Arc<W>> {
        self.with(|workers| workers.remove(folder)).map(|worker| worker.worker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worker_is_idle_after_its_last_invocation() {
        let workers = OldCodeWorkers::default();
        let folder = Path::new("/a");
        let first = workers.begin(folder, || 1);
        assert_eq!(*workers.begin(folder, || 2), 1, "it is shared");
        workers.end(folder);
        assert_eq!(workers.take_idle(folder, Duration::ZERO), None);
        workers.end(folder);
        assert_eq!(workers.take_idle(folder, Duration::from_secs(3600)), None);
        assert_eq!(workers.take_idle(folder, Duration::ZERO), Some(first));
        assert_eq!(*workers.begin(folder, || 2), 2);
        assert_eq!(workers.take(folder).as_deref(), Some(&2));
        // The end of an invocation whose code was removed.
        workers.end(folder);
        assert_eq!(workers.take(folder), None);
    }
}
