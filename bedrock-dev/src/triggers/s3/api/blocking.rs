//! Runs operations on a thread that may block on the disk.

use std::io;

use super::error::S3Error;

/// Runs an operation and returns its result.
pub(super) async fn run_blocking<T: Send + 'static>(
    operation: impl FnOnce() -> Result<T, S3Error> + Send + 'static,
) -> Result<T, S3Error> {
    let result = tokio::task::spawn_blocking(operation).await;
    result.unwrap_or_else(|error| Err(S3Error::from(io::Error::other(error))))
}
