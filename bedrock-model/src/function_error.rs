//! Errors of functions, as the JSON that Lambda's runtimes write: `errorType`, `errorMessage` and the stack trace.

use bedrock_build::Language;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::Error;
use crate::backend::FunctionInfo;
use crate::limits::MAX_SYNC_PAYLOAD_BYTES;

/// The error object of a Python or Node.js runtime. Every key may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FunctionError {
    /// The error's class, for example `KeyError`.
    #[serde(default)]
    pub error_type: String,
    /// The error's text.
    #[serde(default)]
    pub error_message: String,
    /// The lines of the stack trace. Python writes `stackTrace`, Node.js writes `trace`.
    #[serde(default, alias = "trace")]
    pub stack_trace: Vec<String>,
}

impl FunctionError {
    /// Reads an error object. JSON that is not an error object becomes the message of an error of type `Unknown`.
    pub fn parse(json: &[u8]) -> Self {
        serde_json::from_slice(json).unwrap_or_else(|_| Self {
            error_type: "Unknown".to_owned(),
            error_message: String::from_utf8_lossy(json).into_owned(),
            stack_trace: Vec::new(),
        })
    }

    /// Returns the error that the caller of `worker` gets.
    pub fn into_error(self, worker: &str) -> Error {
        Error::Function {
            worker: worker.to_owned(),
            error_type: self.error_type,
            message: self.error_message,
            trace: self.stack_trace,
        }
    }
}

/// Returns the response body of an `Invoke` call whose function failed. `None` if the function did not run, because
/// then the call itself failed.
pub fn failure_body(error: &Error, function: &FunctionInfo, request_id: &str) -> Option<Value> {
    Some(match error {
        Error::Function { error_type, message, trace, .. } => match function.language {
            _ if is_platform_error(error_type) => platform_error(error_type, request_id, message),
            Language::Python => json!({
                "errorMessage": message, "errorType": error_type, "requestId": request_id, "stackTrace": trace
            }),
            Language::JavaScript => json!({ "errorType": error_type, "errorMessage": message, "trace": trace }),
            Language::Rust => json!({ "errorType": error_type, "errorMessage": message }),
        },
        Error::Timeout { after, .. } => {
            platform_error("Sandbox.Timedout", request_id, &timeout_text(after.as_secs_f64()))
        }
        Error::NotStarted { message, .. } => platform_error("Runtime.InvalidEntrypoint", request_id, message),
        _ => return None,
    })
}

/// Returns Lambda's message for an invocation that was ended at its timeout.
pub fn timeout_text(seconds: f64) -> String {
    format!("Task timed out after {seconds:.2} seconds")
}

/// Whether Lambda itself writes this error, because the process exited or its response was rejected.
pub fn is_platform_error(error_type: &str) -> bool {
    matches!(error_type, "Runtime.ExitError" | "Function.ResponseSizeTooLarge")
}

/// Returns the error of a worker whose response is larger than [`MAX_SYNC_PAYLOAD_BYTES`].
pub fn response_too_large(worker: &str, bytes: usize) -> Error {
    response_over_limit(worker, bytes, MAX_SYNC_PAYLOAD_BYTES)
}

/// Returns the error of a worker whose response is larger than `limit` bytes.
pub fn response_over_limit(worker: &str, bytes: usize, limit: usize) -> Error {
    Error::Function {
        worker: worker.to_owned(),
        error_type: "Function.ResponseSizeTooLarge".to_owned(),
        message: format!(
            "Response payload size ({bytes} bytes) exceeded maximum allowed payload size ({limit} bytes)."
        ),
        trace: Vec::new(),
    }
}

fn platform_error(error_type: &str, request_id: &str, message: &str) -> Value {
    if error_type == "Function.ResponseSizeTooLarge" {
        return json!({ "errorType": error_type, "errorMessage": message });
    }
    json!({ "errorType": error_type, "errorMessage": format!("RequestId: {request_id} Error: {message}") })
}

#[cfg(test)]
mod tests {
    use super::FunctionError;

    #[test]
    fn error_objects_of_both_languages_and_plain_text_are_read() {
        let table = [
            (r#"{"errorType":"KeyError","errorMessage":"'a'","stackTrace":["x"]}"#, "KeyError", "'a'", 1),
            (r#"{"errorType":"TypeError","errorMessage":"no","trace":["x","y"]}"#, "TypeError", "no", 2),
            (r#"{"errorMessage":"no"}"#, "", "no", 0),
            ("a text", "Unknown", "a text", 0),
        ];
        for (json, kind, text, lines) in table {
            let error = FunctionError::parse(json.as_bytes());
            let found = (error.error_type.as_str(), error.error_message.as_str(), error.stack_trace.len());
            assert_eq!(found, (kind, text, lines), "{json}");
        }
    }
}
