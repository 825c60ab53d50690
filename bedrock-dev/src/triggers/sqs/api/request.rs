//! Reads the parameters of a request, and processes the entries of a batch.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use super::error::SqsError;

/// Maximum number of entries in a batch.
const MAX_BATCH_ENTRIES: usize = 10;
/// Maximum length of the id of an entry.
const MAX_BATCH_ENTRY_ID_LENGTH: usize = 80;

/// Processes each entry of a batch. An error in one entry does not affect the others.
pub(super) fn for_each_entry(
    params: &Value,
    mut process: impl FnMut(&Value) -> Result<Map<String, Value>, SqsError>,
) -> Result<Value, SqsError> {
    let entries = entries(params);
    let ids: Vec<&str> = entries.iter().filter_map(|entry| text(entry, "Id")).collect();
    if ids.len() < entries.len() {
        return Err(SqsError::missing_parameter("Id"));
    }
    if entries.is_empty() {
        let message = "There should be at least one SendMessageBatchRequestEntry in the request.";
        return Err(SqsError::with_code("EmptyBatchRequest", "AWS.SimpleQueueService.EmptyBatchRequest", message));
    }
    if entries.len() > MAX_BATCH_ENTRIES {
        let message = format!("Maximum number of entries per request are 10. You have sent {}.", entries.len());
        let query = "AWS.SimpleQueueService.TooManyEntriesInBatchRequest";
        return Err(SqsError::with_code("TooManyEntriesInBatchRequest", query, &message));
    }
    if !ids.iter().all(|id| is_batch_entry_id(id)) {
        let message = format!(
            "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most \
             {MAX_BATCH_ENTRY_ID_LENGTH} letters long."
        );
        let query = "AWS.SimpleQueueService.InvalidBatchEntryId";
        return Err(SqsError::with_code("InvalidBatchEntryId", query, &message));
    }
    if let Some((_, id)) = ids.iter().enumerate().find(|(index, id)| ids[..*index].contains(id)) {
        let message = format!("Id {id} repeated.");
        let query = "AWS.SimpleQueueService.BatchEntryIdsNotDistinct";
        return Err(SqsError::with_code("BatchEntryIdsNotDistinct", query, &message));
    }
    let mut successful = Vec::new();
    let mut failed = Vec::new();
    for (entry, id) in entries.iter().zip(ids) {
        match process(entry) {
            Ok(mut result) => {
                result.insert("Id".to_owned(), id.into());
                successful.push(Value::Object(result));
            }
            Err(error) => failed.push(json!({
                "Id": id, "SenderFault": true, "Code": error.query_code, "Message": error.message
            })),
        }
    }
    Ok(json!({ "Successful": successful, "Failed": failed }))
}

fn is_batch_entry_id(id: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=MAX_BATCH_ENTRY_ID_LENGTH).contains(&id.len()) && id.bytes().all(is_allowed)
}

/// Returns the required receipt handle.
pub(super) fn receipt_handle(params: &Value) -> Result<&str, SqsError> {
    let receipt = text(params, "ReceiptHandle").ok_or_else(|| SqsError::missing_parameter("ReceiptHandle"))?;
    // The handles of the local SQS are UUIDs.
    let is_hyphen = |index: usize| [8, 13, 18, 23].contains(&index);
    let matches = |(index, byte): (usize, &u8)| if is_hyphen(index) { *byte == b'-' } else { byte.is_ascii_hexdigit() };
    if receipt.len() == 36 && receipt.as_bytes().iter().enumerate().all(matches) {
        return Ok(receipt);
    }
    Err(SqsError::invalid_receipt_handle(&format!(
        "The input receipt handle \"{receipt}\" is not a valid receipt handle."
    )))
}

/// Returns a string parameter.
pub(super) fn text<'a>(params: &'a Value, name: &str) -> Option<&'a str> {
    params.get(name)?.as_str()
}

/// Returns a parameter that is a list of strings; empty if it is missing.
pub(super) fn texts<'a>(params: &'a Value, name: &str) -> Vec<&'a str> {
    params.get(name).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Returns the entries of a batch.
pub(super) fn entries(params: &Value) -> &[Value] {
    params.get("Entries").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// Returns a number parameter in a range. Returns `None` if it is missing.
pub(super) fn number(params: &Value, name: &str, range: RangeInclusive<u64>) -> Result<Option<u64>, SqsError> {
    let Some(value) = params.get(name).filter(|value| !value.is_null()) else { return Ok(None) };
    let number = value.as_u64().filter(|number| range.contains(number));
    number.map(Some).ok_or_else(|| {
        let (min, max) = range.into_inner();
        SqsError::invalid_value(format!(
            "Value {value} for parameter {name} is invalid. Reason: Must be between {min} and {max}, if provided."
        ))
    })
}
