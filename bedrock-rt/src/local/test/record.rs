//! Records that a test puts into streams: changes of the items of a DynamoDB table, and records of Kinesis.

use std::time::{SystemTime, UNIX_EPOCH};

use bedrock_build::triggers::StreamViewType;
use bedrock_local::event_sources::md5_hex;
use serde_json::{Map, Value, json};

use crate::{Result, WorkerError};

/// A record of a Kinesis stream. See [`App::put_records`](super::App::put_records).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KinesisRecord {
    pub(super) partition_key: String,
    pub(super) data: Vec<u8>,
}

impl KinesisRecord {
    /// Returns a record with this partition key and these bytes.
    #[must_use]
    pub fn new(partition_key: impl Into<String>, data: impl AsRef<[u8]>) -> Self {
        Self { partition_key: partition_key.into(), data: data.as_ref().to_vec() }
    }

    /// Returns a record whose data is JSON text.
    #[must_use]
    pub fn json(partition_key: impl Into<String>, data: &Value) -> Self {
        Self::new(partition_key, data.to_string())
    }
}

/// A change of an item of a DynamoDB table. Items are objects in DynamoDB's format: `{ "id": { "S": "7" } }`. See
/// [`App::change_items`](super::App::change_items).
#[derive(Debug, Clone, PartialEq)]
pub struct ItemChange {
    old: Option<Value>,
    new: Option<Value>,
    key: Option<Vec<String>>,
    is_expired: bool,
}

/// A stream of a table, as far as its records depend on it.
#[derive(Debug, Clone)]
pub(super) struct TableStream {
    /// The attributes of the key. `None` if no function says them.
    pub(super) key: Option<Vec<String>>,
    pub(super) view_type: StreamViewType,
    pub(super) region: String,
}

impl ItemChange {
    /// Returns the creation of an item.
    #[must_use]
    pub fn insert(item: Value) -> Self {
        Self { old: None, new: Some(item), key: None, is_expired: false }
    }

    /// Returns the change of an item. If both are equal, DynamoDB writes no record.
    #[must_use]
    pub fn modify(old: Value, new: Value) -> Self {
        Self { old: Some(old), new: Some(new), key: None, is_expired: false }
    }

    /// Returns the deletion of an item.
    #[must_use]
    pub fn remove(item: Value) -> Self {
        Self { old: Some(item), new: None, key: None, is_expired: false }
    }

    /// Returns the deletion of an item by DynamoDB itself, at the end of its time to live.
    #[must_use]
    pub fn expire(item: Value) -> Self {
        Self { is_expired: true, ..Self::remove(item) }
    }

    /// Names the attributes of the table's key, if no function has a `key` for the table in its `uses`.
    #[must_use]
    pub fn with_key(mut self, attributes: &[&str]) -> Self {
        self.key = Some(attributes.iter().map(|name| (*name).to_owned()).collect());
        self
    }

    /// Returns the record as `GetRecords` of DynamoDB Streams does. `None` if the item does not change.
    pub(super) fn record(self, table: &TableStream, sequence: &str, now: SystemTime) -> Result<Option<Value>> {
        let invalid = |message: String| WorkerError::new("InvalidItem", message);
        for item in [&self.old, &self.new].into_iter().flatten() {
            let is_attribute = |value: &Value| value.as_object().is_some_and(|value| value.len() == 1);
            if !item.as_object().is_some_and(|item| item.values().all(is_attribute)) {
                return Err(invalid(format!(
                    "an item is an object of DynamoDB's attribute values, `{{ \"id\": {{ \"S\": \"7\" }} }}`, but this is {item}"
                )));
            }
        }
        if self.old == self.new {
            return Ok(None);
        }
        let name = match (&self.old, &self.new) {
            (None, _) => "INSERT",
            (Some(_), Some(_)) => "MODIFY",
            (Some(_), None) => "REMOVE",
        };
        let Some(key) = self.key.or_else(|| table.key.clone()) else {
            return Err(invalid(
                "no function says what the key of the table is\n\
                 help: name it, with `ItemChange::insert(item).with_key(&[\"id\"])`"
                    .to_owned(),
            ));
        };
        let item = self.new.as_ref().or(self.old.as_ref()).unwrap_or(&Value::Null);
        let mut keys = Map::new();
        for attribute in key {
            let Some(value) = item.get(&attribute) else {
                return Err(invalid(format!(
                    "the item does not have the attribute `{attribute}` of the table's key: {item}"
                )));
            };
            keys.insert(attribute, value.clone());
        }
        let keys = Value::Object(keys);
        let is_shown = |view_types: [StreamViewType; 2]| view_types.contains(&table.view_type);
        let new = self.new.filter(|_| is_shown([StreamViewType::NewAndOldImages, StreamViewType::NewImage]));
        let old = self.old.filter(|_| is_shown([StreamViewType::NewAndOldImages, StreamViewType::OldImage]));
        let parts = [Some(&keys), new.as_ref(), old.as_ref()];
        let mut change = json!({
            "ApproximateCreationDateTime": now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            "SequenceNumber": sequence,
            "SizeBytes": parts.into_iter().flatten().map(size_of_item).sum::<usize>(),
            "StreamViewType": table.view_type.as_str(),
        });
        change["Keys"] = keys;
        for (name, image) in [("NewImage", new), ("OldImage", old)] {
            if let Some(image) = image {
                change[name] = image;
            }
        }
        let mut record = json!({
            "eventID": md5_hex(sequence.as_bytes()),
            "eventName": name,
            "eventVersion": "1.1",
            "eventSource": "aws:dynamodb",
            "awsRegion": table.region,
            "dynamodb": change,
        });
        if self.is_expired {
            record["userIdentity"] = json!({ "PrincipalId": "dynamodb.amazonaws.com", "Type": "Service" });
        }
        Ok(Some(record))
    }
}

/// Returns about as many bytes as DynamoDB counts: names and values (DynamoDB developer guide, "Item sizes and formats").
fn size_of_item(item: &Value) -> usize {
    let size = |(name, value): (&String, &Value)| name.len() + size_of_value(value);
    item.as_object().into_iter().flatten().map(size).sum()
}

fn size_of_value(value: &Value) -> usize {
    let Some((kind, value)) = value.as_object().and_then(|value| value.iter().next()) else { return 1 };
    match (kind.as_str(), value) {
        ("N", Value::String(digits)) => digits.len().div_ceil(2) + 1,
        (_, Value::String(text)) => text.len(),
        ("M", item) => 3 + size_of_item(item),
        ("L", Value::Array(list)) => 3 + list.iter().map(|value| 1 + size_of_value(value)).sum::<usize>(),
        (_, Value::Array(set)) => set.iter().filter_map(Value::as_str).map(str::len).sum(),
        _ => 1,
    }
}
