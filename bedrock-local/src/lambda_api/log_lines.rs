//! The lines that Lambda and its runtimes add to the log of an invocation, before and after what the worker prints.

use std::time::SystemTime;

use bedrock_build::Language;
use serde_json::Value;

use bedrock_model::date::rfc3339;
use bedrock_model::function_error::{is_platform_error, timeout_text};
use bedrock_model::{FunctionInfo, LogTail, Metrics};

use super::function_reference::LATEST;
use bedrock_model::Error;

/// Writes the first line.
pub(super) fn write_start(tail: &LogTail, request_id: &str) {
    tail.line(&format!("START RequestId: {request_id} Version: {LATEST}"));
}

/// Writes the error, if the function failed, and the last lines.
pub(super) fn write_end(
    tail: &LogTail,
    function: &FunctionInfo,
    request_id: &str,
    failed: Option<(&Error, &Value)>,
    metrics: Metrics,
) {
    if let Some((error, body)) = failed {
        write_error(tail, function, request_id, error, body);
    }
    tail.line(&format!("END RequestId: {request_id}"));
    tail.line(&report_line(request_id, function.memory, metrics));
}

/// Returns the last line, with the metrics that are known. The billed duration includes the initialization.
fn report_line(request_id: &str, size: u64, metrics: Metrics) -> String {
    let Metrics { took, init, memory } = metrics;
    let took = took.unwrap_or_default();
    let duration = took.as_secs_f64() * 1000.0;
    let billed = (took + init.unwrap_or_default()).as_nanos().div_ceil(1_000_000).max(1);
    let memory = memory.map(|memory| format!("Max Memory Used: {memory} MB\t")).unwrap_or_default();
    let init = init.map(|init| format!("Init Duration: {:.2} ms\t", init.as_secs_f64() * 1000.0)).unwrap_or_default();
    format!(
        "REPORT RequestId: {request_id}\tDuration: {duration:.2} ms\tBilled Duration: {billed} ms\t\
         Memory Size: {size} MB\t{memory}{init}"
    )
}

fn write_error(tail: &LogTail, function: &FunctionInfo, request_id: &str, error: &Error, body: &Value) {
    let now = rfc3339(SystemTime::now());
    match error {
        Error::Timeout { after, .. } => tail.line(&format!("{now} {request_id} {}", timeout_text(after.as_secs_f64()))),
        Error::Function { error_type, message, .. } if is_platform_error(error_type) => {
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
    use super::{Metrics, report_line};
    use std::time::Duration;

    #[test]
    fn report_line_contains_known_metrics() {
        let took = Some(Duration::from_micros(1_234_560));
        assert_eq!(
            report_line("id", 256, Metrics { took, ..Metrics::default() }),
            "REPORT RequestId: id\tDuration: 1234.56 ms\tBilled Duration: 1235 ms\tMemory Size: 256 MB\t"
        );
        assert_eq!(
            report_line("id", 256, Metrics { took, init: Some(Duration::from_micros(15_440)), memory: Some(37) }),
            "REPORT RequestId: id\tDuration: 1234.56 ms\tBilled Duration: 1250 ms\tMemory Size: 256 MB\t\
             Max Memory Used: 37 MB\tInit Duration: 15.44 ms\t"
        );
    }
}
