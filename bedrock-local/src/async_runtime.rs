//! The async runtime that the workers of an app share.

use tokio::runtime::{Builder, Runtime};

/// Starts a runtime with so many threads that half of them may run workers.
pub fn start() -> std::io::Result<Runtime> {
    let cores = std::thread::available_parallelism().map_or(2, usize::from);
    Builder::new_multi_thread()
        .worker_threads((cores * 2).max(4))
        // Lambda allows 1,024 threads per function. Here the blocking workers of a whole app share them.
        .max_blocking_threads(1024)
        .thread_name("bedrock")
        .enable_all()
        .build()
}
