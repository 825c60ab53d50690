//! How much memory a process has: what Linux tells of it in `/proc`. Elsewhere nothing is known, and nothing is refused.

use std::time::Duration;

/// How often a process is looked at that has a limit.
const LOOK: Duration = Duration::from_millis(50);

/// The most megabytes that a process has had at a time since it was started.
pub(crate) fn most(process: u32) -> Option<u64> {
    read(process, "VmHWM")
}

/// Ends as soon as a process is seen to have more than `limit` megabytes, and gives their number. Does not end where
/// there is nothing to see, or when the process is gone: whoever waits for it learns of that by himself.
pub(crate) async fn over(process: u32, limit: u64) -> u64 {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        match read(process, "VmRSS") {
            Some(used) if used > limit => return used,
            Some(_) => {}
            None => std::future::pending().await,
        }
    }
}

fn read(process: u32, field: &str) -> Option<u64> {
    megabytes(&std::fs::read_to_string(format!("/proc/{process}/status")).ok()?, field)
}

/// A field of proc_pid_status(5), where sizes are in kB; a begun megabyte counts.
fn megabytes(status: &str, field: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    let kilobytes: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes.div_ceil(1024))
}

#[cfg(test)]
mod tests {
    use super::megabytes;

    const STATUS: &str =
        "Name:\tresizer\nVmPeak:\t  999999 kB\nVmHWM:\t  131073 kB\nVmRSS:\t    1024 kB\nThreads:\t3\n";

    #[test]
    fn sizes_are_read_in_megabytes_that_have_begun() {
        assert_eq!(megabytes(STATUS, "VmHWM"), Some(129));
        assert_eq!(megabytes(STATUS, "VmRSS"), Some(1));
        // A process that has ended and was not waited for has no sizes.
        assert_eq!(megabytes("Name:\tresizer\nState:\tZ (zombie)\n", "VmRSS"), None);
        assert_eq!(megabytes(STATUS, "Threads"), None);
        assert_eq!(megabytes(STATUS, "Vm"), None);
    }
}
