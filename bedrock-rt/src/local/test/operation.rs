//! What a test sees of an operation of an execution.

use std::time::SystemTime;

use bedrock_durable::{ErrorObject, OperationRecord, OperationStatus, OperationType};
use bedrock_model::destination_record::json_or_text;
use serde_json::{Map, Value};

use super::invocations::shorten;

/// An operation of an execution: a step, a wait, a callback and so on.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Operation {
    /// The id that the SDK chose.
    pub id: String,
    /// The child context that it belongs to.
    pub parent_id: Option<String>,
    /// The name in the code.
    pub name: Option<String>,
    /// What it is.
    pub operation_type: OperationType,
    /// What the SDK calls it, for example `WaitForCondition`.
    pub sub_type: Option<String>,
    /// Its status.
    pub status: OperationStatus,
    /// The number of attempts of a step. 0 for other operations.
    pub attempts: u32,
    /// Its result: JSON, or a text if it is not JSON. Of values that the SDK for Python stores with their types, this is
    /// what the result of a worker would be.
    pub result: Option<Value>,
    /// Its error. A step that is retried has that of the last attempt.
    pub error: Option<ErrorObject>,
    /// When its status changes by itself: the end of a wait, the next attempt of a step, the timeout of a callback.
    pub due: Option<SystemTime>,
}

impl Operation {
    /// Returns what a test sees of an operation of a worker.
    pub(super) fn of(record: &OperationRecord, is_python: bool) -> Self {
        let operation = record.operation.clone();
        let step = operation.step_details.clone().unwrap_or_default();
        let (result, error) = match operation.operation_type {
            OperationType::Step => (step.result, step.error),
            OperationType::Context => operation.context_details.map(|d| (d.result, d.error)).unwrap_or_default(),
            OperationType::Callback => operation.callback_details.map(|d| (d.result, d.error)).unwrap_or_default(),
            OperationType::ChainedInvoke => {
                operation.chained_invoke_details.map(|d| (d.result, d.error)).unwrap_or_default()
            }
            OperationType::Execution | OperationType::Wait => (None, None),
        };
        Self {
            id: operation.id,
            parent_id: operation.parent_id,
            name: operation.name,
            operation_type: operation.operation_type,
            sub_type: operation.sub_type,
            status: operation.status,
            attempts: step.attempt,
            result: result.map(|text| read_result(&text, is_python)),
            error,
            due: record.due().map(SystemTime::from),
        }
    }

    /// Returns a line for failed assertions.
    pub(super) fn describe(&self, now: SystemTime) -> String {
        let name = self.name.as_ref().map_or_else(|| "without a name".to_owned(), |name| format!("`{name}`"));
        let mut parts = vec![format!("{} {name}: {}", self.operation_type.as_str(), self.status.as_str())];
        if self.attempts > 1 {
            parts.push(format!(", attempt {}", self.attempts));
        }
        if let Some(due) = self.due {
            parts.push(format!(", due in {} s", due.duration_since(now).unwrap_or_default().as_secs()));
        }
        if let Some(result) = &self.result {
            parts.push(format!(": {}", shorten(&result.to_string())));
        }
        if let Some(error) = &self.error {
            let part = |part: &Option<String>| part.clone().unwrap_or_default();
            parts.push(format!(": {}: {}", part(&error.error_type), shorten(&part(&error.error_message))));
        }
        parts.concat()
    }
}

fn read_result(text: &str, is_python: bool) -> Value {
    let value = json_or_text(text.as_bytes());
    if is_python { without_types(value) } else { value }
}

/// Removes the types that the SDK for Python stores (`serdes.py` of version 3.0): a value that is not plain JSON of
/// one level is `{"t": TYPE, "v": VALUE}`, and so are the values in it.
fn without_types(value: Value) -> Value {
    let Value::Object(mut members) = value else { return value };
    let is_typed = members.len() == 2 && members.get("t").is_some_and(Value::is_string) && members.contains_key("v");
    match members.remove("v") {
        Some(Value::Array(items)) if is_typed => items.into_iter().map(without_types).collect(),
        Some(Value::Object(items)) if is_typed => {
            Value::Object(items.into_iter().map(|(key, item)| (key, without_types(item))).collect::<Map<_, _>>())
        }
        Some(plain) if is_typed => plain,
        Some(other) => {
            members.insert("v".to_owned(), other);
            Value::Object(members)
        }
        None => Value::Object(members),
    }
}

#[cfg(test)]
mod tests {
    use super::read_result;
    use serde_json::json;

    #[test]
    fn typed_values_of_the_python_sdk_are_plain() {
        let typed =
            r#"{"t":"m","v":{"paid":{"t":"i","v":7},"at":{"t":"l","v":[{"t":"dt","v":"2026"},{"t":"n","v":null}]}}}"#;
        assert_eq!(read_result(typed, true), json!({ "paid": 7, "at": ["2026", null] }));
        assert_eq!(read_result(typed, false), serde_json::from_str::<serde_json::Value>(typed).expect("JSON"));
        for plain in [r#"{"t":1,"v":2}"#, r#"{"v":2}"#, r#"{"t":"m","v":1,"w":2}"#, "[1]", "\"a\""] {
            assert_eq!(read_result(plain, true), serde_json::from_str::<serde_json::Value>(plain).expect("JSON"));
        }
        assert_eq!(read_result("no JSON", true), json!("no JSON"));
    }
}
