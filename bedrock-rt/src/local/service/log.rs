//! The lines that Lambda and its runtimes add to the log of an invocation, before and behind what the worker prints.

use std::time::SystemTime;

use bedrock_build::Language;
use serde_json::Value;

use super::backend::FunctionInfo;
use super::failure::{is_of_the_platform, timed_out};
use super::target::LATEST;
use crate::Error;
use crate::date::rfc3339;
use crate::local::{Measures, Tail};

/// The first line.
pub(super) fn start(tail: &Tail, request_id: &str) {
    tail.line(&format!("START RequestId: {request_id} Version: {LATEST}"));
}

/// What went wrong, if anything did, and the last lines.
pub(super) fn end(
    tail: &Tail,
    function: &FunctionInfo,
    request_id: &str,
    failed: Option<(&Error, &Value)>,
    measures: Measures,
) {
    if let Some((error, body)) = failed {
        self::failed(tail, function, request_id, error, body);
    }
    tail.line(&format!("END RequestId: {request_id}"));
    tail.line(&report(request_id, function.memory, measures));
}

/// The very last one, with what is known. The time that the process took to start is paid for, too.
fn report(request_id: &str, size: u64, measures: Measures) -> String {
    let Measures { took, init, memory } = measures;
    let (took, start) = (took.unwrap_or_default(), init.unwrap_or_default());
    let (duration, billed) = (took.as_secs_f64() * 1000.0, (took + start).as_nanos().div_ceil(1_000_000).max(1));
    let memory = memory.map(|memory| format!("Max Memory Used: {memory} MB\t")).unwrap_or_default();
    let init = init.map(|init| format!("Init Duration: {:.2} ms\t", init.as_secs_f64() * 1000.0)).unwrap_or_default();
    format!(
        "REPORT RequestId: {request_id}\tDuration: {duration:.2} ms\tBilled Duration: {billed} ms\t\
         Memory Size: {size} MB\t{memory}{init}"
    )
}

fn failed(tail: &Tail, function: &FunctionInfo, request_id: &str, error: &Error, body: &Value) {
    let now = rfc3339(SystemTime::now());
    match error {
        Error::Timeout { after, .. } => tail.line(&format!("{now} {request_id} {}", timed_out(after.as_secs_f64()))),
        Error::Function { error_type, message, .. } if is_of_the_platform(error_type) => {
            tail.line(&format!("RequestId: {request_id} Error: {message}"));
            tail.line(error_type);
        }
        Error::Function { error_type, message, trace, .. } => match function.language {
            Language::Python => {
                tail.line(&format!("[ERROR] {error_type}: {message}"));
                tail.line("Traceback (most recent call last):");
                for entry in trace {
                    tail.line(entry.trim_end_matches('\n'));
                }
            }
            Language::JavaScript => tail.line(&format!("{now}\t{request_id}\tERROR\tInvoke Error \t{body}")),
            Language::Rust => tail.line(&format!("ERROR {error_type}: {message}")),
        },
        other => tail.line(&format!("RequestId: {request_id} Error: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{Measures, report};
    use std::time::Duration;

    #[test]
    fn a_report_has_what_is_known() {
        let took = Some(Duration::from_micros(1_234_560));
        assert_eq!(
            report("id", 256, Measures { took, ..Measures::default() }),
            "REPORT RequestId: id\tDuration: 1234.56 ms\tBilled Duration: 1235 ms\tMemory Size: 256 MB\t"
        );
        assert_eq!(
            report("id", 256, Measures { took, init: Some(Duration::from_micros(15_440)), memory: Some(37) }),
            "REPORT RequestId: id\tDuration: 1234.56 ms\tBilled Duration: 1250 ms\tMemory Size: 256 MB\t\
             Max Memory Used: 37 MB\tInit Duration: 15.44 ms\t"
        );
    }
}
