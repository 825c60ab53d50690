//! How much memory a process has: what Linux tells of it in `/proc`. Elsewhere nothing is known, and nothing is refused.

use std::time::Duration;

use bedrock::local::memory_of;

/// How often a process is looked at that has a limit.
const LOOK: Duration = Duration::from_millis(50);

/// Ends as soon as a process is seen to have more than `limit` megabytes, and gives their number. Does not end where
/// there is nothing to see, or when the process is gone: whoever waits for it learns of that by himself.
pub(crate) async fn over(process: u32, limit: u64) -> u64 {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        match memory_of(process, "VmRSS") {
            Some(used) if used > limit => return used,
            Some(_) => {}
            None => std::future::pending().await,
        }
    }
}
