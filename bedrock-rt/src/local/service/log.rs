//! The lines that Lambda and its runtimes add to the log of an invocation, before and behind what the worker prints.

use std::time::{Duration, SystemTime};

use bedrock_build::Language;
use serde_json::Value;

use super::backend::FunctionInfo;
use super::failure::{is_of_the_platform, timed_out};
use super::target::LATEST;
use crate::Error;
use crate::date::rfc3339;
use crate::local::Tail;

/// The first line.
pub(super) fn start(tail: &Tail, request_id: &str) {
    tail.line(&format!("START RequestId: {request_id} Version: {LATEST}"));
}

/// What went wrong, if anything did, and the last lines. How much memory was used is not known here.
pub(super) fn end(
    tail: &Tail,
    function: &FunctionInfo,
    request_id: &str,
    failed: Option<(&Error, &Value)>,
    took: Duration,
) {
    if let Some((error, body)) = failed {
        self::failed(tail, function, request_id, error, body);
    }
    tail.line(&format!("END RequestId: {request_id}"));
    let (duration, billed) = (took.as_secs_f64() * 1000.0, took.as_nanos().div_ceil(1_000_000).max(1));
    tail.line(&format!(
        "REPORT RequestId: {request_id}\tDuration: {duration:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {} MB\t",
        function.memory
    ));
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
