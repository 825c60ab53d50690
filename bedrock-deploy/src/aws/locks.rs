//! Limits what is done at the same time with the clients of one command: changes of one resource policy, large uploads, and the
//! preparation of the bucket for them.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as AsyncMutex, OnceCell, OwnedSemaphorePermit, Semaphore};

/// Zips that are larger than this are uploaded [`MAX_CONCURRENT_LARGE_UPLOADS`] at a time, so that each gets a share of the
/// connection with which it does not take forever.
pub(crate) const LARGE_UPLOAD_BYTES: usize = 5_000_000;
const MAX_CONCURRENT_LARGE_UPLOADS: usize = 2;

/// One lock for each function whose resource policy is changed. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct PolicyLocks(Arc<Mutex<HashMap<String, Arc<AsyncMutex<()>>>>>);

impl PolicyLocks {
    /// Runs `work` when no other work for this function runs.
    pub(crate) async fn locked<T>(&self, function: &str, work: impl Future<Output = T>) -> T {
        let lock = {
            let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(function.to_owned()).or_default())
        };
        let _guard = lock.lock().await;
        work.await
    }
}

/// Whether the bucket for uploads can be used, which is found out once. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct UploadBucketCheck(Arc<OnceCell<bool>>);

impl UploadBucketCheck {
    /// Returns the result of the first `check`.
    pub(crate) async fn get_or_check(&self, check: impl Future<Output = bool>) -> bool {
        *self.0.get_or_init(|| check).await
    }
}

/// Permits for large uploads. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct UploadPermits(Arc<Semaphore>);

impl Default for UploadPermits {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MAX_CONCURRENT_LARGE_UPLOADS)))
    }
}

impl UploadPermits {
    /// Waits until an upload of `bytes` may start. Small uploads need no permit.
    pub(crate) async fn acquire(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        if bytes <= LARGE_UPLOAD_BYTES {
            return None;
        }
        // It returns an error only if the semaphore is closed, which never happens.
        Arc::clone(&self.0).acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn changes_of_one_function_do_not_overlap() {
        let locks = PolicyLocks::default();
        let running = Cell::new(0);
        let work = || async {
            running.set(running.get() + 1);
            tokio::task::yield_now().await;
            let overlapping = running.get();
            running.set(running.get() - 1);
            overlapping
        };
        let same = tokio::join!(locks.locked("a", work()), locks.locked("a", work()));
        assert_eq!(same, (1, 1));
        let different = tokio::join!(locks.locked("a", work()), locks.locked("b", work()));
        assert_eq!(different.0.max(different.1), 2);
    }

    #[tokio::test]
    async fn two_large_uploads_run_at_the_same_time() {
        let permits = UploadPermits::default();
        assert!(permits.acquire(LARGE_UPLOAD_BYTES).await.is_none());
        let first = permits.acquire(LARGE_UPLOAD_BYTES + 1).await;
        let second = permits.acquire(LARGE_UPLOAD_BYTES + 1).await;
        assert!(first.is_some() && second.is_some());
        assert_eq!(permits.0.available_permits(), 0);
        drop(first);
        assert_eq!(permits.0.available_permits(), 1);
    }
}
