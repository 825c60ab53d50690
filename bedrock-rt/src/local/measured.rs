//! What is known of an invocation once it has run: how long its process took to start, and how much memory that has had.
//! The memory is what Linux tells in `/proc`; elsewhere it is not known.

use std::fs::File;
use std::io::{Read as _, Seek};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How old a number may be that is not asked for by name: reading it takes as long as a short invocation.
const FRESH: Duration = Duration::from_millis(100);
/// Bytes that such a file has at most, about.
const ROOM: usize = 4 * 1024;

/// What an invocation took; cheap to clone, all clones have the same.
#[derive(Debug, Clone, Default)]
pub struct Measured(Arc<Mutex<Measures>>);

/// The numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measures {
    /// Between the moment at which its process got it and its answer.
    pub took: Option<Duration>,
    /// How long its process took to start, if it is the first that ran in it.
    pub init: Option<Duration>,
    /// The most megabytes that its process has had at a time so far.
    pub memory: Option<u64>,
}

impl Measured {
    /// Adds what is known; what was noted before stays where nothing is.
    pub fn note(&self, measures: Measures) {
        let mut known = self.lock();
        let (took, init) = (measures.took.or(known.took), measures.init.or(known.init));
        *known = Measures { took, init, memory: measures.memory.max(known.memory) };
    }

    /// As far as it is known by now.
    pub fn get(&self) -> Measures {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Measures> {
        // Nothing panics while the lock is held, and the data would be sound if it did.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The memory of one process, which is not looked at for each of its invocations.
#[derive(Debug)]
pub struct Memory {
    process: u32,
    read: Mutex<Option<Read>>,
}

/// What was read last.
#[derive(Debug)]
struct Read {
    at: Instant,
    megabytes: Option<u64>,
    /// Kept open: finding it takes longer than reading it.
    status: Option<File>,
}

impl Memory {
    /// Of the process with this number.
    pub fn of(process: u32) -> Self {
        Self { process, read: Mutex::default() }
    }

    /// The most megabytes that it has had at a time: by now, or a moment ago where that will do.
    pub fn most(&self, is_exact: bool) -> Option<u64> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = &*read
            && !is_exact
            && last.at.elapsed() < FRESH
        {
            return last.megabytes;
        }
        let (before, status) = read.take().map(|last| (last.megabytes, last.status)).unwrap_or_default();
        let status = status.or_else(|| File::open(status_of(self.process)).ok());
        // Of a process that has ended nothing is told any more; what it had before still counts.
        let now = status.as_ref().and_then(|status| megabytes(&again(status).ok()?, "VmHWM"));
        *read = Some(Read { at: Instant::now(), megabytes: now.or(before), status });
        now.or(before)
    }
}

/// A size that Linux tells of a process, in megabytes: `VmHWM`, the most it has had, or `VmRSS`, what it has.
pub fn memory_of(process: u32, field: &str) -> Option<u64> {
    megabytes(&std::fs::read_to_string(status_of(process)).ok()?, field)
}

fn status_of(process: u32) -> String {
    format!("/proc/{process}/status")
}

/// The whole file from its beginning, as Linux writes it now.
fn again(mut status: &File) -> std::io::Result<String> {
    let mut text = String::with_capacity(ROOM);
    status.rewind()?;
    status.read_to_string(&mut text)?;
    Ok(text)
}

/// A field of proc_pid_status(5), where sizes are in kB; a begun megabyte counts.
fn megabytes(status: &str, field: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    let kilobytes: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes.div_ceil(1024))
}

#[cfg(test)]
mod tests {
    use super::{Duration, Measured, Measures, Memory, megabytes};

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

    #[test]
    fn what_is_noted_later_does_not_hide_what_was_known() {
        let measured = Measured::default();
        assert_eq!(measured.get(), Measures::default());
        let (took, init) = (Some(Duration::from_millis(5)), Some(Duration::from_millis(2)));
        measured.clone().note(Measures { took: None, init, memory: Some(40) });
        measured.note(Measures { took, init: None, memory: Some(30) });
        assert_eq!(measured.get(), Measures { took, init, memory: Some(40) });
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn who_wants_the_exact_number_gets_what_was_added_since() {
        let memory = Memory::of(std::process::id());
        let before = memory.most(true).expect("a number");
        let added = vec![1_u8; 256 << 20];
        assert!(memory.most(true).is_some_and(|now| now >= before + 200), "{before} MB");
        drop(added);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_process_has_some_memory_and_one_that_is_none_has_none() {
        assert!(Memory::of(std::process::id()).most(true).is_some_and(|megabytes| megabytes > 0));
        assert_eq!(Memory::of(u32::MAX).most(true), None);
    }
}
