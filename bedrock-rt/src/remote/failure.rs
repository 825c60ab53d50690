//! The errors that functions end with, as the runtimes of Python, Node and Rust and Lambda itself write them.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::Error;

/// Any part may be missing, and be of another type than the documentation says.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Written {
    error_type: Value,
    error_message: Value,
    /// Python's.
    stack_trace: Value,
    /// Node's.
    trace: Value,
}

/// Lambda's own word for a worker that it ended, in its present and its former spelling.
const TIMED_OUT: [&str; 2] = ["Sandbox.Timedout", "Sandbox.Timeout"];

/// Reads the body of an answer that says the function failed. `waited` is how long the answer took.
pub(super) fn function_error(worker: &str, body: &[u8], waited: Duration) -> Error {
    let plain = || String::from_utf8_lossy(body).into_owned();
    let written = match serde_json::from_slice(body) {
        Ok(Value::String(text)) => Written { error_message: Value::String(text), ..Written::default() },
        Ok(object @ Value::Object(_)) => serde_json::from_value(object).unwrap_or_default(),
        _ => Written::default(),
    };
    let error_type = text(&written.error_type).unwrap_or_default();
    let message = text(&written.error_message).unwrap_or_else(plain);
    if let Some(after) = timed_out(&error_type, &message, waited) {
        return Error::Timeout { worker: worker.to_owned(), after };
    }
    let trace = if written.stack_trace.is_null() { &written.trace } else { &written.stack_trace };
    Error::Function {
        worker: worker.to_owned(),
        error_type: if error_type.is_empty() { "Unknown".to_owned() } else { error_type },
        message,
        trace: lines(trace),
    }
}

/// How long a worker ran that Lambda ended, if that is what happened: `… Task timed out after 3.00 seconds`.
///
/// The message alone, without a type, is how Lambda told it before it had types. A worker may say the same of its own.
fn timed_out(error_type: &str, message: &str, waited: Duration) -> Option<Duration> {
    let seconds = || {
        let (_, rest) = message.split_once("Task timed out after ")?;
        let seconds: f64 = rest.split(' ').next()?.parse().ok()?;
        Duration::try_from_secs_f64(seconds).ok()
    };
    match error_type {
        "" => seconds(),
        kind if TIMED_OUT.contains(&kind) => Some(seconds().unwrap_or(waited)),
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

fn lines(trace: &Value) -> Vec<String> {
    match trace {
        Value::Array(lines) => lines.iter().filter_map(text).collect(),
        Value::String(text) => text.lines().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::function_error;
    use crate::Error;
    use std::time::Duration;

    const WAITED: Duration = Duration::from_secs(1);

    #[test]
    fn the_errors_of_every_runtime_are_read() {
        let table = [
            (
                r#"{"errorMessage":"'width'","errorType":"KeyError","requestId":"r","stackTrace":["  File a\n","  File b\n"]}"#,
                ("KeyError", "'width'", 2),
            ),
            (
                r#"{"errorType":"TypeError","errorMessage":"no","trace":["TypeError: no","    at f"]}"#,
                ("TypeError", "no", 2),
            ),
            (r#"{"errorType":"BadCase","errorMessage":"as it was told"}"#, ("BadCase", "as it was told", 0)),
            (
                r#"{"errorType":"Runtime.ExitError","errorMessage":"RequestId: r Error: Runtime exited with error: exit status 3"}"#,
                ("Runtime.ExitError", "RequestId: r Error: Runtime exited with error: exit status 3", 0),
            ),
            (
                r#"{"errorMessage":"Response payload size exceeded.","errorType":"Function.ResponseSizeTooLarge"}"#,
                ("Function.ResponseSizeTooLarge", "Response payload size exceeded.", 0),
            ),
            // Java's and .NET's runtimes write the trace in their own ways, old Python as tuples.
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
            let error = function_error("w", body.as_bytes(), WAITED);
            assert!(error.may_have_run(), "{body}");
            let Error::Function { worker, error_type, message, trace } = error else { panic!("{body}: {error:?}") };
            assert_eq!((worker.as_str(), error_type.as_str(), message.as_str(), trace.len()), {
                let (kind, text, lines) = expected;
                ("w", kind, text, lines)
            });
        }
    }

    #[test]
    fn a_worker_that_lambda_ended_is_a_timeout() {
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
            (r#"{"errorType":"Sandbox.Timedout","errorMessage":"no number"}"#, WAITED),
        ];
        for (body, after) in table {
            let expected = Error::Timeout { worker: "w".to_owned(), after };
            assert_eq!(function_error("w", body.as_bytes(), WAITED), expected, "{body}");
        }
        let own = r#"{"errorType":"MyError","errorMessage":"Task timed out after 3.01 seconds"}"#;
        assert!(matches!(function_error("w", own.as_bytes(), WAITED), Error::Function { .. }));
    }
}
