//! The lines that Lambda adds to the log of an invocation, before and behind what its process prints.

use std::fmt::Write as _;
use std::time::Duration;

/// Bytes of most reports.
const ROOM: usize = 192;

/// What an invocation took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ResourceUsage {
    /// Between the moment at which the process got it and its answer.
    pub(super) took: Duration,
    /// The most megabytes that the process has had so far, where that is known.
    pub(super) memory: Option<u64>,
}

/// How it ended, if not with an answer of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureStatus {
    TimedOut,
    Ended,
    OutOfMemory,
}

/// The first line.
pub(super) fn start(request_id: &str) -> String {
    format!("START RequestId: {request_id} Version: $LATEST")
}

/// The last lines. `init` is what the start of the process took, if it was started for this invocation; the size is that
/// of the setting, in megabytes.
pub(super) fn end(
    request_id: &str,
    spent: ResourceUsage,
    init: Option<Duration>,
    size: u64,
    broken: Option<FailureStatus>,
) -> [String; 2] {
    let milliseconds = |duration: Duration| duration.as_secs_f64() * 1000.0;
    // A function of a custom runtime pays for its init, too.
    let billed = (spent.took + init.unwrap_or_default()).as_nanos().div_ceil(1_000_000).max(1);
    let took = milliseconds(spent.took);
    let mut report = String::with_capacity(ROOM);
    // Writing to a string cannot fail.
    let _ = write!(
        report,
        "REPORT RequestId: {request_id}\tDuration: {took:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {size} MB\t"
    );
    if let Some(memory) = spent.memory {
        let _ = write!(report, "Max Memory Used: {memory} MB\t");
    }
    if let Some(init) = init {
        let _ = write!(report, "Init Duration: {:.2} ms\t", milliseconds(init));
    }
    if let Some(broken) = broken {
        let _ = write!(report, "{}\t", status(broken));
    }
    [format!("END RequestId: {request_id}"), report]
}

fn status(broken: FailureStatus) -> &'static str {
    match broken {
        FailureStatus::TimedOut => "Status: timeout",
        FailureStatus::Ended => "Status: error\tError Type: Runtime.ExitError",
        FailureStatus::OutOfMemory => "Status: error\tError Type: Runtime.OutOfMemory",
    }
}

#[cfg(test)]
mod tests {
    use super::{FailureStatus, ResourceUsage, end};
    use std::time::Duration;

    #[test]
    fn a_report_has_what_is_known() {
        let spent = ResourceUsage { took: Duration::from_micros(1_234_560), memory: Some(37) };
        let report = |spent, init, broken| end("id", spent, init, 256, broken)[1].clone();
        assert_eq!(end("id", spent, None, 256, None)[0], "END RequestId: id");
        assert_eq!(
            report(spent, None, None),
            "REPORT RequestId: id\tDuration: 1234.56 ms\tBilled Duration: 1235 ms\tMemory Size: 256 MB\t\
             Max Memory Used: 37 MB\t"
        );
        assert_eq!(
            report(spent, Some(Duration::from_micros(15_440)), Some(FailureStatus::OutOfMemory)),
            "REPORT RequestId: id\tDuration: 1234.56 ms\tBilled Duration: 1250 ms\tMemory Size: 256 MB\t\
             Max Memory Used: 37 MB\tInit Duration: 15.44 ms\tStatus: error\tError Type: Runtime.OutOfMemory\t"
        );
        assert_eq!(
            report(ResourceUsage::default(), None, Some(FailureStatus::TimedOut)),
            "REPORT RequestId: id\tDuration: 0.00 ms\tBilled Duration: 1 ms\tMemory Size: 256 MB\tStatus: timeout\t"
        );
    }
}
