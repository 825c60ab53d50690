//! The memory limit of a process. Only Linux reports how much memory a process has, so the limit is not enforced
//! elsewhere.

use std::time::Duration;

use bedrock_local::memory_of;

const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Resolves with the resident size in megabytes once the process exceeds `limit` megabytes. Never resolves if the size
/// is unknown or the process has exited: the caller is notified of that by other means.
pub(super) async fn memory_limit_exceeded(process: u32, limit: u64) -> u64 {
    let mut interval = tokio::time::interval(POLL_INTERVAL);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        match memory_of(process, "VmRSS") {
            Some(used) if used > limit => return used,
            Some(_) => {}
            None => std::future::pending().await,
        }
    }
}
