//! Parses the errors of functions in the formats of the runtimes of Python, Node and Rust and of Lambda itself.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::Error;

/// Body of a failed invocation. Each field may be missing or have another type than documented.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ErrorBody {
    error_type: Value,
    error_message: Value,
    /// Written by Python's runtime.
    stack_trace: Value,
    /// Written by Node's runtime.
    trace: Value,
}

/// Error types of a worker that Lambda timed out, in the present and the former spelling.
const TIMEOUT_ERROR_TYPES: [&str; 2] = ["Sandbox.Timedout", "Sandbox.Timeout"];

/// Parses the body of a response that says that the function failed. `elapsed` is the time until that response.
pub(super) fn function_error(worker: &str, body: &[u8], elapsed: Duration) -> Error {
    let plain = || String::from_utf8_lossy(body).into_owned();
    let error_body = match serde_json::from_slice(body) {
        Ok(Value::String(text)) => ErrorBody { error_message: Value::String(text), ..ErrorBody::default() },
        Ok(object @ Value::Object(_)) => serde_json::from_value(object).unwrap_or_default(),
        _ => ErrorBody::default(),
    };
    let error_type = text(&error_body.error_type).unwrap_or_default();
    let message = text(&error_body.error_message).unwrap_or_else(plain);
    if let Some(after) = sandbox_timeout(&error_type, &message, elapsed) {
        return Error::Timeout { worker: worker.to_owned(), after };
    }
    let trace = if error_body.stack_trace.is_null() { &error_body.trace } else { &error_body.stack_trace };
    Error::Function {
        worker: worker.to_owned(),
        error_type: if error_type.is_empty() { "Unknown".to_owned() } else { error_type },
        message,
        trace: trace_lines(trace),
    }
}

/// Returns how long a worker ran that Lambda timed out (`… Task timed out after 3.00 seconds`), or `None` for another
/// error.
///
/// Lambda once wrote only the message, without a type. With a type of its own, a worker may write the same message.
fn sandbox_timeout(error_type: &str, message: &str, elapsed: Duration) -> Option<Duration> {
    let seconds = || {
        let (_, rest) = message.split_once("Task timed out after ")?;
        let seconds: f64 = rest.split(' ').next()?.parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    };
    match error_type {
        "" => seconds(),
        kind if TIMEOUT_ERROR_TYPES.contains(&kind) => Some(seconds().unwrap_or(elapsed)),
        _ => None,
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

fn trace_lines(trace: &Value) -> Vec<String> {
    match trace {
        Value::Array(trace_lines) => trace_lines.iter().filter_map(text).collect(),
        Value::String(text) => text.lines().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::function_error;
    use crate::Error;
    use std::time::Duration;

    const ELAPSED: Duration = Duration::from_secs(1);

    #[test]
    fn errors_of_every_runtime_are_parsed() {
        let table = [
            (
                r#"{"errorMessage":"'width'","errorType":"KeyError","requestId":"r","stackTrace":["  File a\n","  File b\n"]}"#,
                ("KeyError", "'width'", 2),
            ),
            (
                r#"{"errorType":"TypeError","errorMessage":"no","trace":["TypeError: no","    at f"]}"#,
                ("TypeError", "no", 2),
            ),
            (
                r#"{"errorType":"BadCase","errorMessage":"the width is missing"}"#,
                ("BadCase", "the width is missing", 0),
            ),
            (
                r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: Runtime exited with error: exit status 3"}"#,
                ("Runtime.ExitError", "RequestId: r Error: Runtime exited with error: exit status 3", 0),
            ),
            (
                r#"{"errorMessage":"Response payload size exceeded.","errorType":"Function.ResponseSizeTooLarge"}"#,
                ("Function.ResponseSizeTooLarge", "Response payload size exceeded.", 0),
            ),
            // Java's and .NET's runtimes write the trace in their own formats, old Python runtimes as tuples.
            (r#"{"errorType":"E","errorMessage":"m","stackTrace":[["a.py",3,"f","x()"]]}"#, ("E", "m", 1)),
            (r#"{"errorType":"E","errorMessage":"m","stackTrace":"a\nb\nc"}"#, ("E", "m", 3)),
            (r#"{"errorMessage":"no type"}"#, ("Unknown", "no type", 0)),
            (r#"{"errorType":"OnlyType"}"#, ("OnlyType", r#"{"errorType":"OnlyType"}"#, 0)),
            (r#"{"errorType":7,"errorMessage":{"code":1}}"#, ("7", r#"{"code":1}"#, 0)),
            (r#""a plain string""#, ("Unknown", "a plain string", 0)),
            ("no JSON at all", ("Unknown", "no JSON at all", 0)),
            ("[1]", ("Unknown", "[1]", 0)),
            ("", ("Unknown", "", 0)),
        ];
        for (body, expected) in table {
            let error = function_error("w", body.as_bytes(), ELAPSED);
            assert!(error.may_have_run(), "{body}");
            let Error::Function { worker, error_type, message, trace } = error else { panic!("{body}: {error:?}") };
            assert_eq!((worker.as_str(), error_type.as_str(), message.as_str(), trace.len()), {
                let (kind, text, trace_lines) = expected;
                ("w", kind, text, trace_lines)
            });
        }
    }

    #[test]
    fn sandbox_timeout_becomes_a_timeout_error() {
        let three = Duration::from_millis(3_010);
        let table = [
            (
                r#"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: r Error: Task timed out after 3.01 seconds"}"#,
                three,
            ),
            (
                r#"{"errorType":"Sandbox.Timeout","errorMessage":"2026-11-25T06:35:00Z r Task timed out after 3.01 seconds"}"#,
                three,
            ),
            (r#"{"errorMessage":"2026-11-25T06:35:00Z r Task timed out after 3.01 seconds"}"#, three),
            (r#"{"errorType":"Sandbox.Timedout","errorMessage":"no number"}"#, ELAPSED),
        ];
        for (body, after) in table {
            let expected = Error::Timeout { worker: "w".to_owned(), after };
            assert_eq!(function_error("w", body.as_bytes(), ELAPSED), expected, "{body}");
        }
        let own = r#"{"errorType":"MyError","errorMessage":"Task timed out after 3.01 seconds"}"#;
        assert!(matches!(function_error("w", own.as_bytes(), ELAPSED), Error::Function { .. }));
    }
}
