//! The memory of a process, as Linux reports it in `/proc`. On other systems it is unknown.

use std::fs::File;
use std::io::{Read as _, Seek};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Maximum age of a cached value: reading it takes as long as a short invocation.
const MAX_CACHE_AGE: Duration = Duration::from_millis(100);
/// Approximate size of such a file.
const STATUS_FILE_BYTES: usize = 4 * 1024;

/// The memory of one process. It is not read again for each invocation.
#[derive(Debug)]
pub struct ProcessMemory {
    process: u32,
    last_reading: Mutex<Option<Reading>>,
}

/// The last value that was read.
#[derive(Debug)]
struct Reading {
    at: Instant,
    megabytes: Option<u64>,
    /// Stays open: opening it takes longer than reading it.
    status: Option<File>,
}

impl ProcessMemory {
    /// Returns the memory of the process with this id.
    pub fn of(process: u32) -> Self {
        Self { process, last_reading: Mutex::default() }
    }

    /// Returns the peak memory in megabytes. Unless `is_exact`, the value may be up to 100 ms old.
    pub fn peak(&self, is_exact: bool) -> Option<u64> {
        let mut reading = self.last_reading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = &*reading
            && !is_exact
            && last.at.elapsed() < MAX_CACHE_AGE
        {
            return last.megabytes;
        }
        let (before, status) = reading.take().map(|last| (last.megabytes, last.status)).unwrap_or_default();
        let status = status.or_else(|| File::open(status_path(self.process)).ok());
        // Linux reports nothing about a process that has ended. Its last known value still counts.
        let now = status.as_ref().and_then(|status| megabytes(&reread(status).ok()?, "VmHWM"));
        *reading = Some(Reading { at: Instant::now(), megabytes: now.or(before), status });
        now.or(before)
    }
}

/// Returns a size of a process in megabytes: `VmHWM` is its peak memory, `VmRSS` its current memory.
pub fn memory_of(process: u32, field: &str) -> Option<u64> {
    megabytes(&std::fs::read_to_string(status_path(process)).ok()?, field)
}

fn status_path(process: u32) -> String {
    format!("/proc/{process}/status")
}

/// Reads the file from its beginning. Linux generates it again for each read.
fn reread(mut status: &File) -> std::io::Result<String> {
    let mut text = String::with_capacity(STATUS_FILE_BYTES);
    status.rewind()?;
    status.read_to_string(&mut text)?;
    Ok(text)
}

/// Reads a field of proc_pid_status(5), where sizes are in kB. Partial megabytes are rounded up.
fn megabytes(status: &str, field: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    let kilobytes: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes.div_ceil(1024))
}

#[cfg(test)]
mod tests {
    use super::{ProcessMemory, megabytes};

    const STATUS: &str =
        "Name:\tresizer\nVmPeak:\t  999999 kB\nVmHWM:\t  131073 kB\nVmRSS:\t    1024 kB\nThreads:\t3\n";

    #[test]
    fn sizes_are_rounded_up_to_megabytes() {
        assert_eq!(megabytes(STATUS, "VmHWM"), Some(129));
        assert_eq!(megabytes(STATUS, "VmRSS"), Some(1));
        // A zombie process has no sizes.
        assert_eq!(megabytes("Name:\tresizer\nState:\tZ (zombie)\n", "VmRSS"), None);
        assert_eq!(megabytes(STATUS, "Threads"), None);
        assert_eq!(megabytes(STATUS, "Vm"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn exact_peak_includes_recent_allocations() {
        let memory = ProcessMemory::of(std::process::id());
        let before = memory.peak(true).expect("a number");
        let added = vec![1_u8; 256 << 20];
        assert!(memory.peak(true).is_some_and(|now| now >= before + 200), "{before} MB");
        drop(added);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn peak_is_known_only_for_existing_processes() {
        assert!(ProcessMemory::of(std::process::id()).peak(true).is_some_and(|megabytes| megabytes > 0));
        assert_eq!(ProcessMemory::of(u32::MAX).peak(true), None);
    }
}
