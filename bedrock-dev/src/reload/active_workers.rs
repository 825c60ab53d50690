//! Which workers are at work, or were a moment ago: a file of theirs that changes then, and is no code, may be their own.
//! Whoever reloaded a worker for each file that it writes would never come to an end.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long the system may take to tell of a change.
const LATE: Duration = Duration::from_millis(250);
/// How the names of files end that are code, or say what code there is.
const CODE: [&str; 12] = ["cjs", "cts", "js", "jsx", "lock", "mjs", "mts", "py", "rs", "toml", "ts", "tsx"];
/// Files that are as good as code.
const NAMES: [&str; 5] = [".bedrockignore", ".env", ".gitignore", "package-lock.json", "package.json"];

/// Of all workers, by their names.
#[derive(Debug, Clone, Default)]
pub(crate) struct ActiveWorkers(Arc<Mutex<HashMap<String, Work>>>);

#[derive(Debug, Default)]
struct Work {
    running: usize,
    ended: Option<Instant>,
}

/// A worker is at work as long as somebody has it.
pub(crate) struct ActiveGuard {
    busy: ActiveWorkers,
    worker: String,
}

impl ActiveWorkers {
    pub(crate) fn begin(&self, worker: &str) -> ActiveGuard {
        self.lock().entry(worker.to_owned()).or_default().running += 1;
        ActiveGuard { busy: self.clone(), worker: worker.to_owned() }
    }

    /// Whether a worker may have written a file that changed at this time.
    pub(super) fn was(&self, worker: &str, at: Instant) -> bool {
        self.lock()
            .get(worker)
            .is_some_and(|work| work.running > 0 || work.ended.is_some_and(|ended| ended + LATE >= at))
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Work>> {
        // Nothing panics while the lock is held, and the data would be sound if it did.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ActiveGuard {
    fn drop(&mut self) {
        if let Some(work) = self.busy.lock().get_mut(&self.worker) {
            work.running = work.running.saturating_sub(1);
            work.ended = Some(Instant::now());
        }
    }
}

/// Whether a file is taken for code, whoever writes it.
pub(super) fn is_code(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    let extension = path.extension().unwrap_or_default();
    CODE.iter().any(|code| extension == *code) || NAMES.contains(&&*name) || name.starts_with("requirements")
}

#[cfg(test)]
mod tests {
    use super::{ActiveWorkers, Duration, Instant, LATE, Path, is_code};

    #[test]
    fn a_worker_may_have_written_what_changes_while_it_works_and_a_moment_later() {
        let (busy, now) = (ActiveWorkers::default(), Instant::now());
        assert!(!busy.was("a", now));
        let (one, other) = (busy.begin("a"), busy.begin("a"));
        assert!(busy.was("a", now + Duration::from_secs(3600)) && !busy.was("b", now));
        drop(one);
        assert!(busy.was("a", now + Duration::from_secs(3600)));
        drop(other);
        assert!(busy.was("a", Instant::now()) && !busy.was("a", Instant::now() + LATE * 2));
    }

    #[test]
    fn code_is_told_by_its_name() {
        for code in ["main.py", "a/b.mjs", "src/lib.rs", "requirements-dev.txt", "package.json", ".env"] {
            assert!(is_code(Path::new(code)), "{code}");
        }
        for data in ["out.csv", "cache.json", "state.sqlite", "cache", "notes.md"] {
            assert!(!is_code(Path::new(data)), "{data}");
        }
    }
}
