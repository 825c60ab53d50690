//! The lines that Lambda adds to the log of an invocation, before and after the output of its process.

use std::fmt::Write as _;
use std::time::Duration;

/// Most reports are not longer.
const REPORT_CAPACITY_BYTES: usize = 192;

/// Time and memory that an invocation used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ResourceUsage {
    /// From when the process received the invocation to its reply.
    pub(super) duration: Duration,
    /// Peak memory of the process so far in megabytes, if it is known.
    pub(super) max_memory: Option<u64>,
}

/// Why an invocation ended without a reply of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureStatus {
    TimedOut,
    Exited,
    OutOfMemory,
}

/// Returns the first line.
pub(super) fn start_line(request_id: &str) -> String {
    format!("START RequestId: {request_id} Version: $LATEST")
}

/// Returns the last two lines. `init` is how long the process took to start if it was started for this invocation;
/// `memory_size` is the configured size in megabytes.
pub(super) fn end_lines(
    request_id: &str,
    usage: ResourceUsage,
    init: Option<Duration>,
    memory_size: u64,
    failure: Option<FailureStatus>,
) -> [String; 2] {
    let milliseconds = |duration: Duration| duration.as_secs_f64() * 1000.0;
    // For custom runtimes, Lambda bills the init phase, too.
    let billed = (usage.duration + init.unwrap_or_default()).as_nanos().div_ceil(1_000_000).max(1);
    let duration = milliseconds(usage.duration);
    let mut report = String::with_capacity(REPORT_CAPACITY_BYTES);
    // Writing to a string cannot fail.
    let _ = write!(
        report,
        "REPORT RequestId: {request_id}\tDuration: {duration:.2} ms\tBilled Duration: {billed} ms\t\
         Memory Size: {memory_size} MB\t"
    );
    if let Some(max_memory) = usage.max_memory {
        let _ = write!(report, "Max Memory Used: {max_memory} MB\t");
    }
    if let Some(init) = init {
        let _ = write!(report, "Init Duration: {:.2} ms\t", milliseconds(init));
    }
    if let Some(failure) = failure {
        let _ = write!(report, "{}\t", status_fields(failure));
    }
    [format!("END RequestId: {request_id}"), report]
}

fn status_fields(failure: FailureStatus) -> &'static str {
    match failure {
        FailureStatus::TimedOut => "Status: timeout",
        FailureStatus::Exited => "Status: error\tError Type: Runtime.ExitError",
        FailureStatus::OutOfMemory => "Status: error\tError Type: Runtime.OutOfMemory",
    }
}

#[cfg(test)]
mod tests {
    use super::{FailureStatus, ResourceUsage, end_lines};
    use std::time::Duration;

    #[test]
    fn report_contains_known_values_only() {
        let usage = ResourceUsage { duration: Duration::from_micros(1_234_560), max_memory: Some(37) };
        let report = |usage, init, failure| end_lines("id", usage, init, 256, failure)[1].clone();
        assert_eq!(end_lines("id", usage, None, 256, None)[0], "END RequestId: id");
        assert_eq!(
            report(usage, None, None),
            "REPORT RequestId: id\tDuration: 1234.56 ms\tBilled Duration: 1235 ms\tMemory Size: 256 MB\t\
             Max Memory Used: 37 MB\t"
        );
        assert_eq!(
            report(usage, Some(Duration::from_micros(15_440)), Some(FailureStatus::OutOfMemory)),
            "REPORT RequestId: id\tDuration: 1234.56 ms\tBilled Duration: 1250 ms\tMemory Size: 256 MB\t\
             Max Memory Used: 37 MB\tInit Duration: 15.44 ms\tStatus: error\tError Type: Runtime.OutOfMemory\t"
        );
        assert_eq!(
            report(ResourceUsage::default(), None, Some(FailureStatus::TimedOut)),
            "REPORT RequestId: id\tDuration: 0.00 ms\tBilled Duration: 1 ms\tMemory Size: 256 MB\tStatus: timeout\t"
        );
    }
}
