//! What a function did wrong, in the JSON that its runtime writes on Lambda: a 200 for whoever called the API.

use bedrock_build::Language;
use serde_json::{Value, json};

use super::backend::FunctionInfo;
use crate::Error;

/// The body of the answer; nothing for an error that no function made.
pub fn body(error: &Error, function: &FunctionInfo, request_id: &str) -> Option<Value> {
    Some(match error {
        Error::Function { error_type, message, trace, .. } => match function.language {
            _ if is_of_the_platform(error_type) => platform(error_type, request_id, message),
            Language::Python => json!({
                "errorMessage": message, "errorType": error_type, "requestId": request_id, "stackTrace": trace
            }),
            Language::JavaScript => json!({ "errorType": error_type, "errorMessage": message, "trace": trace }),
            Language::Rust => json!({ "errorType": error_type, "errorMessage": message }),
        },
        Error::Timeout { after, .. } => platform("Sandbox.Timedout", request_id, &timed_out(after.as_secs_f64())),
        Error::NotStarted { message, .. } => platform("Runtime.InvalidEntrypoint", request_id, message),
        _ => return None,
    })
}

/// What Lambda says of an invocation that it ended.
pub(super) fn timed_out(seconds: f64) -> String {
    format!("Task timed out after {seconds:.2} seconds")
}

/// Errors that a process cannot report itself, because it is gone or its answer was not taken.
pub(super) fn is_of_the_platform(error_type: &str) -> bool {
    matches!(error_type, "Runtime.ExitError" | "Function.ResponseSizeTooLarge")
}

fn platform(error_type: &str, request_id: &str, message: &str) -> Value {
    if error_type == "Function.ResponseSizeTooLarge" {
        return json!({ "errorType": error_type, "errorMessage": message });
    }
    json!({ "errorType": error_type, "errorMessage": format!("RequestId: {request_id} Error: {message}") })
}
