//! A turn on a blocking thread for the operations of a database, so that it never blocks the thread that serves requests.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Runs the operations of a database one after the other on a blocking thread, in the order in which they were asked
/// for. A database that another program locks thus takes one thread, however many operations wait.
#[derive(Debug, Clone)]
pub struct DatabaseThread(Arc<Semaphore>);

impl Default for DatabaseThread {
    fn default() -> Self {
        Self::new()
    }
}

impl DatabaseThread {
    /// Returns a thread that is free.
    pub fn new() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }

    /// Runs `operation` and returns its result.
    pub async fn run<T: Send + 'static>(&self, operation: impl FnOnce() -> T + Send + 'static) -> T {
        // The semaphore is never closed.
        let turn = Arc::clone(&self.0).acquire_owned().await;
        let running = tokio::task::spawn_blocking(move || {
            // Owned by the operation, which is completed even if its caller is gone.
            let _turn = turn;
            operation()
        });
        match running.await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is shutting down.
                Err(_) => std::future::pending().await,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DatabaseThread;

    #[tokio::test]
    async fn database_thread_blocks_no_task() {
        let thread = DatabaseThread::new();
        let (unblock, blocked) = std::sync::mpsc::channel::<()>();
        let first = tokio::spawn({
            let thread = thread.clone();
            async move { thread.run(move || blocked.recv().is_ok()).await }
        });
        tokio::task::yield_now().await;
        let second = tokio::spawn(async move { thread.run(|| 2).await });
        // This task runs on the only thread of the runtime.
        unblock.send(()).expect("it waits");
        assert!(first.await.expect("it ends"));
        assert_eq!(second.await.expect("it ends"), 2);
    }
}
