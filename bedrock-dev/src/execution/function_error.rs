//! The error of an invocation: parsed from the runtime's JSON, or made from how the process exited.

use std::process::ExitStatus;

use bytes::Bytes;

/// An error as Lambda's callers see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FunctionError {
    pub(super) error_type: String,
    pub(super) message: String,
    pub(super) stack_trace: Vec<String>,
}

impl FunctionError {
    pub(super) fn new(error_type: &str, message: String) -> Self {
        Self { error_type: error_type.to_owned(), message, stack_trace: Vec::new() }
    }

    /// The error of a process that exited; `message` is Lambda's text.
    pub(super) fn exited(message: String) -> Self {
        Self::new("Runtime.ExitError", message)
    }

    /// Parses the JSON of a runtime. Any key may be missing; what is not JSON becomes the message.
    pub(super) fn from_json(json: &Bytes) -> Self {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct ErrorJson {
            #[serde(default)]
            error_type: String,
            #[serde(default)]
            error_message: String,
            #[serde(default, alias = "trace")]
            stack_trace: Vec<String>,
        }
        match serde_json::from_slice::<ErrorJson>(json) {
            Ok(ErrorJson { error_type, error_message, stack_trace }) => {
                Self { error_type, message: error_message, stack_trace }
            }
            Err(_) => Self::new("Unknown", String::from_utf8_lossy(json).into_owned()),
        }
    }
}

/// Lambda's text for a process that exits without a reason that is known.
pub(super) const EXITED_WITHOUT_REASON: &str = "Runtime exited without providing a reason";
/// Lambda's text for a process that it killed because of its memory.
pub(super) const KILLED: &str = "Runtime exited with error: signal: killed";

/// Describes an exit status in Lambda's words.
pub(super) fn exit_status_text(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(0) | None, None) => EXITED_WITHOUT_REASON.to_owned(),
        (Some(code), _) => format!("Runtime exited with error: exit status {code}"),
        (None, Some(6)) => "Runtime exited with error: signal: aborted".to_owned(),
        (None, Some(9)) => KILLED.to_owned(),
        (None, Some(signal)) => format!("Runtime exited with error: signal: {signal}"),
    }
}
