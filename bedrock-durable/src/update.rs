//! Updates of operations in a checkpoint, as the API model describes them, and the constraints of the model.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::error::{DurableError, ErrorKind};
use crate::limits::{CALLBACK_TIMEOUT_SECONDS, DELAY_SECONDS, MAX_ERROR_BYTES, MAX_OPERATION_PAYLOAD_BYTES};
use crate::operation::{ErrorObject, OperationType};

/// `OperationAction` of the API model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OperationAction {
    /// Starts an operation, or the next attempt of a step.
    Start,
    /// Ends an operation with a result.
    Succeed,
    /// Ends an operation with an error.
    Fail,
    /// Ends an attempt of a step, and schedules the next one.
    Retry,
    /// Cancels a wait.
    Cancel,
}

/// `OperationUpdate` of the API model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OperationUpdate {
    /// The operation.
    pub id: String,
    /// The child context of the operation.
    #[serde(default)]
    pub parent_id: Option<String>,
    /// The name that the user chose.
    #[serde(default)]
    pub name: Option<String>,
    /// What the operation is.
    #[serde(rename = "Type")]
    pub operation_type: OperationType,
    /// What the SDK calls it.
    #[serde(default)]
    pub sub_type: Option<String>,
    /// What happens to it.
    pub action: OperationAction,
    /// A result, or the event of a chained function.
    #[serde(default)]
    pub payload: Option<String>,
    /// An error.
    #[serde(default)]
    pub error: Option<ErrorObject>,
    /// Options of a child context.
    #[serde(default)]
    pub context_options: Option<ContextOptions>,
    /// Options of a step.
    #[serde(default)]
    pub step_options: Option<StepOptions>,
    /// Options of a wait.
    #[serde(default)]
    pub wait_options: Option<WaitOptions>,
    /// Options of a callback.
    #[serde(default)]
    pub callback_options: Option<CallbackOptions>,
    /// Options of a chained function.
    #[serde(default)]
    pub chained_invoke_options: Option<ChainedInvokeOptions>,
}

/// `ContextOptions` of the API model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContextOptions {
    /// Whether the operations of the ended context are replayed.
    pub replay_children: Option<bool>,
}

/// `StepOptions` of the API model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct StepOptions {
    /// The delay before the next attempt.
    pub next_attempt_delay_seconds: Option<u64>,
}

/// `WaitOptions` of the API model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct WaitOptions {
    /// The duration.
    pub wait_seconds: Option<u64>,
}

/// `CallbackOptions` of the API model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct CallbackOptions {
    /// The timeout; 0 for none.
    pub timeout_seconds: Option<u64>,
    /// The longest time between two heartbeats; 0 for any.
    pub heartbeat_timeout_seconds: Option<u64>,
}

/// `ChainedInvokeOptions` of the API model.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChainedInvokeOptions {
    /// The name or ARN of the function.
    pub function_name: String,
    /// The tenant.
    #[serde(default)]
    pub tenant_id: Option<String>,
    /// The trace header of the call.
    #[serde(default)]
    pub x_amzn_trace_id: Option<String>,
}

/// The body of `CheckpointDurableExecution`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CheckpointRequest {
    /// Permits this checkpoint.
    pub checkpoint_token: String,
    /// The updates, which are applied together or not at all.
    #[serde(default)]
    pub updates: Vec<OperationUpdate>,
    /// Makes a repeated request return the same response.
    #[serde(default)]
    pub client_token: Option<String>,
}

impl CheckpointRequest {
    /// Reads a body and checks it against the API model.
    pub fn parse(body: &[u8]) -> Result<Self, DurableError> {
        let request: Self = serde_json::from_slice(body)
            .map_err(|error| DurableError::new(ErrorKind::Serialization, error.to_string()))?;
        if !(1..=2048).contains(&request.checkpoint_token.len()) {
            let constraint = "Member must have length between 1 and 2048";
            return Err(DurableError::validation("checkpointToken", &request.checkpoint_token, constraint));
        }
        if let Some(token) = &request.client_token {
            validate_client_token(token)?;
        }
        for (i, update) in request.updates.iter().enumerate() {
            update.validate(i + 1)?;
        }
        Ok(request)
    }
}

/// Checks a `ClientToken`.
pub(crate) fn validate_client_token(token: &str) -> Result<(), DurableError> {
    if (1..=64).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(());
    }
    let constraint = "Member must satisfy regular expression pattern: [\\x21-\\x7E]+";
    Err(DurableError::validation("clientToken", token, constraint))
}

impl OperationUpdate {
    /// Checks the constraints of the API model and the limits of payloads. `number` is the position in the request.
    fn validate(&self, number: usize) -> Result<(), DurableError> {
        let member = |name: &str| format!("updates.{number}.member.{name}");
        let ids = [("id", Some(&self.id), 64), ("parentId", self.parent_id.as_ref(), 64)];
        for (name, value, longest) in ids.into_iter().chain([("subType", self.sub_type.as_ref(), 32)]) {
            let Some(value) = value else { continue };
            let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
            if value.is_empty() || value.len() > longest || !value.bytes().all(is_word) {
                let constraint = format!("Member must match [a-zA-Z0-9-_]+ and have at most {longest} characters");
                return Err(DurableError::validation(&member(name), value, &constraint));
            }
        }
        if let Some(name) = &self.name {
            let is_printable = |byte: u8| (0x20..=0x7e).contains(&byte);
            if name.is_empty() || name.len() > 256 || !name.bytes().all(is_printable) {
                let constraint = "Member must match [\\x20-\\x7E]+ and have at most 256 characters";
                return Err(DurableError::validation(&member("name"), name, constraint));
            }
        }
        let step = self.step_options.as_ref().and_then(|options| options.next_attempt_delay_seconds);
        let wait = self.wait_options.as_ref().and_then(|options| options.wait_seconds);
        let callback = self.callback_options.clone().unwrap_or_default();
        for (name, value, range) in [
            ("stepOptions.nextAttemptDelaySeconds", step, DELAY_SECONDS),
            ("waitOptions.waitSeconds", wait, DELAY_SECONDS),
            ("callbackOptions.timeoutSeconds", callback.timeout_seconds, CALLBACK_TIMEOUT_SECONDS),
            ("callbackOptions.heartbeatTimeoutSeconds", callback.heartbeat_timeout_seconds, CALLBACK_TIMEOUT_SECONDS),
        ] {
            validate_seconds(&member(name), value, &range)?;
        }
        self.validate_sizes()
    }

    fn validate_sizes(&self) -> Result<(), DurableError> {
        let bytes = self.payload.as_ref().map_or(0, String::len);
        // The limit of an execution's own result depends on how it was started.
        if self.operation_type != OperationType::Execution && bytes > MAX_OPERATION_PAYLOAD_BYTES {
            let direction = if self.operation_type == OperationType::ChainedInvoke { "input" } else { "output" };
            return Err(DurableError::invalid(format!(
                "{} {direction} payload size must be less than or equal to {MAX_OPERATION_PAYLOAD_BYTES} bytes.",
                self.operation_type.as_str()
            )));
        }
        if self.error.as_ref().is_some_and(|error| error.bytes() > MAX_ERROR_BYTES) {
            let message = format!("Error object size must be less than or equal to {MAX_ERROR_BYTES} bytes.");
            return Err(DurableError::invalid(message));
        }
        Ok(())
    }
}

fn validate_seconds(member: &str, value: Option<u64>, range: &RangeInclusive<u64>) -> Result<(), DurableError> {
    match value {
        Some(value) if value < *range.start() => {
            let constraint = format!("Member must have value greater than or equal to {}", range.start());
            Err(DurableError::validation(member, &value.to_string(), &constraint))
        }
        Some(value) if value > *range.end() => {
            let constraint = format!("Member must have value less than or equal to {}", range.end());
            Err(DurableError::validation(member, &value.to_string(), &constraint))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::CheckpointRequest;
    use serde_json::{Value, json};

    fn error_of(update: &Value) -> (&'static str, String) {
        let body = json!({ "CheckpointToken": "QUJD", "Updates": [update] }).to_string();
        let error = CheckpointRequest::parse(body.as_bytes()).expect_err("an error");
        (error.kind.name(), error.message)
    }

    #[test]
    fn checkpoint_requests_of_the_api_model_are_read() {
        let body = json!({
            "CheckpointToken": "QUJD",
            "ClientToken": "a",
            "Updates": [
                { "Id": "1", "Type": "STEP", "SubType": "Step", "Action": "RETRY", "Name": "a b", "Error": {},
                  "StepOptions": { "NextAttemptDelaySeconds": 1 } },
                { "Id": "2", "Type": "CHAINED_INVOKE", "Action": "START", "Payload": "1",
                  "ChainedInvokeOptions": { "FunctionName": "x", "TenantId": "t", "XAmznTraceId": "Root=1" } },
            ],
        });
        let request = CheckpointRequest::parse(body.to_string().as_bytes()).expect("valid");
        assert_eq!(request.updates.len(), 2);
        let options = request.updates[1].chained_invoke_options.as_ref().expect("options");
        assert_eq!((options.function_name.as_str(), options.x_amzn_trace_id.as_deref()), ("x", Some("Root=1")));
    }

    #[test]
    fn updates_that_violate_the_api_model_are_validation_errors() {
        for update in [
            json!({ "Id": "", "Type": "STEP", "Action": "START" }),
            json!({ "Id": "a b", "Type": "STEP", "Action": "START" }),
            json!({ "Id": "a".repeat(65), "Type": "STEP", "Action": "START" }),
            json!({ "Id": "1", "ParentId": "/", "Type": "STEP", "Action": "START" }),
            json!({ "Id": "1", "Name": "ä", "Type": "STEP", "Action": "START" }),
            json!({ "Id": "1", "SubType": "a".repeat(33), "Type": "STEP", "Action": "START" }),
            json!({ "Id": "1", "Type": "WAIT", "Action": "START", "WaitOptions": { "WaitSeconds": 0 } }),
            json!({ "Id": "1", "Type": "WAIT", "Action": "START", "WaitOptions": { "WaitSeconds": 31_622_401 } }),
            json!({ "Id": "1", "Type": "CALLBACK", "Action": "START",
                    "CallbackOptions": { "TimeoutSeconds": 100_000_000 } }),
        ] {
            assert_eq!(error_of(&update).0, "ValidationException", "{update}");
        }
    }

    #[test]
    fn oversized_payloads_and_errors_are_rejected() {
        let large = "x".repeat(1_048_577);
        let update = json!({ "Id": "1", "Type": "STEP", "Action": "SUCCEED", "Payload": large });
        let expected = "STEP output payload size must be less than or equal to 1048576 bytes.";
        assert_eq!(error_of(&update), ("InvalidParameterValueException", expected.to_owned()));
        let update = json!({ "Id": "1", "Type": "CHAINED_INVOKE", "Action": "START", "Payload": large });
        assert!(error_of(&update).1.starts_with("CHAINED_INVOKE input payload"));
        let update = json!({ "Id": "1", "Type": "STEP", "Action": "FAIL", "Error": { "ErrorData": large } });
        assert!(error_of(&update).1.starts_with("Error object size"));
    }

    #[test]
    fn other_bodies_are_serialization_errors() {
        for body in ["", "[]", "{}", r#"{"CheckpointToken":"a","Updates":[{"Id":"1","Type":"X","Action":"START"}]}"#] {
            let error = CheckpointRequest::parse(body.as_bytes()).expect_err(body);
            assert_eq!(error.kind.name(), "SerializationException", "{body}");
        }
        let error = CheckpointRequest::parse(br#"{"CheckpointToken":""}"#).expect_err("an error");
        assert_eq!(error.kind.name(), "ValidationException");
        let error = CheckpointRequest::parse(br#"{"CheckpointToken":"a","ClientToken":" "}"#).expect_err("an error");
        assert_eq!(error.kind.name(), "ValidationException");
    }
}
