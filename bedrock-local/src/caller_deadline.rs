//! The deadline that a call inherits from its caller.

use std::future::Future;
use std::time::SystemTime;

use bedrock_model::Error;

/// Waits for the response of `worker`, but not longer than the caller's deadline: starting a process takes time, too.
pub async fn within_caller_deadline<T>(
    worker: &str,
    caller_deadline: Option<SystemTime>,
    response: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Some(deadline) = caller_deadline else { return response.await };
    let remaining = deadline.duration_since(SystemTime::now()).unwrap_or_default();
    let timed_out = |_| Err(Error::Timeout { worker: worker.to_owned(), after: remaining });
    tokio::time::timeout(remaining, response).await.unwrap_or_else(timed_out)
}
