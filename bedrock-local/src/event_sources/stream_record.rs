//! Records of streams as Lambda sends them to functions, and the filters that decide which ones it sends.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bedrock_build::event_pattern::{EventPattern, FieldPattern, PatternDialect};
use bedrock_build::triggers::StreamService;
use bedrock_model::limits::MAX_SYNC_PAYLOAD_BYTES;
use bedrock_model::{matches_pattern, parse_pattern};
use serde_json::{Map, Value, json};

/// Bytes of the records of a batch. The event has a few more (Lambda developer guide, "Batching behavior": 6 MB).
const MAX_BATCH_BYTES: usize = MAX_SYNC_PAYLOAD_BYTES - r#"{"Records":[]}"#.len();

/// A record of a shard.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamRecord {
    /// Its sequence number in the shard.
    pub sequence: String,
    /// When it was written.
    pub arrived: SystemTime,
    /// As the function gets it.
    pub event: Value,
}

impl StreamRecord {
    /// Returns the bytes that the record takes in the event of a batch.
    #[must_use]
    pub fn size(&self) -> usize {
        self.event.to_string().len() + ",".len()
    }
}

/// Moves records from `waiting` into a batch as long as they fit into it. A record that is too large for any batch is one of
/// its own.
pub fn take_batch(batch: &mut Vec<StreamRecord>, waiting: &mut VecDeque<StreamRecord>, batch_size: usize) {
    let mut bytes: usize = batch.iter().map(StreamRecord::size).sum();
    while batch.len() < batch_size
        && let Some(record) = waiting.pop_front()
    {
        bytes += record.size();
        if bytes > MAX_BATCH_BYTES && !batch.is_empty() {
            waiting.push_front(record);
            return;
        }
        batch.push(record);
    }
}

/// Returns the event of a batch.
#[must_use]
pub fn event_json(records: &[StreamRecord]) -> Value {
    json!({ "Records": records.iter().map(|record| &record.event).collect::<Vec<_>>() })
}

/// Converts a record of `GetRecords` of DynamoDB Streams. The response has every field of the event but the ARN.
#[must_use]
pub fn dynamodb_record(mut record: Value, stream_arn: &str) -> StreamRecord {
    // Only in the API do these names begin with capitals.
    if let Some(Value::Object(identity)) = record.get("userIdentity") {
        let lower: Map<String, Value> =
            identity.iter().map(|(key, value)| (with_small_initial(key), value.clone())).collect();
        record["userIdentity"] = Value::Object(lower);
    }
    record["eventSourceARN"] = stream_arn.into();
    let change = &record["dynamodb"];
    StreamRecord {
        sequence: change["SequenceNumber"].as_str().unwrap_or_default().to_owned(),
        arrived: time(&change["ApproximateCreationDateTime"]),
        event: record,
    }
}

/// Returns `principalId` for `PrincipalId`.
fn with_small_initial(name: &str) -> String {
    let mut chars = name.chars();
    let initial = chars.next().map(|initial| initial.to_ascii_lowercase().to_string()).unwrap_or_default();
    initial + chars.as_str()
}

/// Converts a record of `GetRecords` of Kinesis.
#[must_use]
pub fn kinesis_record(record: &Value, stream_arn: &str, shard: &str) -> StreamRecord {
    let sequence = record["SequenceNumber"].as_str().unwrap_or_default();
    let mut parts = stream_arn.split(':').skip(3);
    let region = parts.next().unwrap_or_default();
    let account = parts.next().unwrap_or_default();
    let event = json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record["PartitionKey"],
            "sequenceNumber": sequence,
            "data": record["Data"],
            "approximateArrivalTimestamp": record["ApproximateArrivalTimestamp"],
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": format!("{shard}:{sequence}"),
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": format!("arn:aws:iam::{account}:role/cargo-bedrock"),
        "awsRegion": region,
        "eventSourceARN": stream_arn,
    });
    let arrived = time(&record["ApproximateArrivalTimestamp"]);
    StreamRecord { sequence: sequence.to_owned(), arrived, event }
}

/// Returns a record as `GetRecords` of Kinesis does.
#[must_use]
pub fn kinesis_api_record(data: &[u8], partition_key: &str, sequence: &str, arrived: SystemTime) -> Value {
    let since = arrived.duration_since(UNIX_EPOCH).unwrap_or_default();
    // Kinesis counts milliseconds, and writes them as a fraction.
    let seconds = Duration::from_millis(u64::try_from(since.as_millis()).unwrap_or_default()).as_secs_f64();
    json!({
        "Data": STANDARD.encode(data),
        "PartitionKey": partition_key,
        "SequenceNumber": sequence,
        "ApproximateArrivalTimestamp": seconds,
    })
}

/// Reads seconds since 1970.
fn time(seconds: &Value) -> SystemTime {
    let duration = seconds.as_f64().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    UNIX_EPOCH + duration.unwrap_or_default()
}

/// Patterns of which one has to match. Without patterns, every record is accepted.
#[derive(Debug, Clone)]
pub struct StreamFilters {
    service: StreamService,
    patterns: Vec<EventPattern>,
}

impl StreamFilters {
    /// Reads JSON texts that the settings have checked.
    #[must_use]
    pub fn of(service: StreamService, texts: &[String]) -> Self {
        let parse = |text: &String| parse_pattern(text, PatternDialect::EventSourceMapping).ok();
        Self { service, patterns: texts.iter().filter_map(parse).collect() }
    }

    /// Returns whether the record reaches the worker. The data of Kinesis is compared decoded: as an object with patterns for
    /// fields, as text with patterns for text.
    #[must_use]
    pub fn accepts(&self, record: &StreamRecord) -> bool {
        if self.patterns.is_empty() {
            return true;
        }
        if self.service == StreamService::Dynamodb {
            return self.patterns.iter().any(|pattern| matches_pattern(pattern, &record.event));
        }
        let data = record.event["kinesis"]["data"].as_str().and_then(|data| STANDARD.decode(data).ok());
        let text = data.and_then(|data| String::from_utf8(data).ok());
        let object = text.as_ref().and_then(|text| serde_json::from_str::<Value>(text).ok()).filter(Value::is_object);
        let matches = |pattern: &EventPattern| {
            let has_fields = pattern.fields.iter().any(|(_, field)| matches!(field, FieldPattern::Fields(_)));
            match (&object, &text) {
                (Some(object), _) if has_fields => matches_pattern(pattern, &json!({ "data": object })),
                (None, Some(text)) if !has_fields => matches_pattern(pattern, &json!({ "data": text })),
                _ => false,
            }
        };
        self.patterns.iter().any(matches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str =
        "arn:aws:dynamodb:us-east-1:000000000000:table/shop-local-orders/stream/2026-11-26T16:00:00.000";
    const STREAM: &str = "arn:aws:kinesis:us-east-1:000000000000:stream/shop-local-clicks";

    fn change() -> Value {
        json!({
            "eventID": "1", "eventName": "REMOVE", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_795_708_800.5, "Keys": { "id": { "S": "7" } },
                "OldImage": { "id": { "S": "7" }, "price": { "N": "9" } }, "SequenceNumber": "111", "SizeBytes": 26,
                "StreamViewType": "NEW_AND_OLD_IMAGES"
            },
            "userIdentity": { "PrincipalId": "dynamodb.amazonaws.com", "Type": "Service" }
        })
    }

    fn click(data: &str) -> StreamRecord {
        let record = json!({
            "Data": STANDARD.encode(data), "PartitionKey": "a", "SequenceNumber": "4959",
            "ApproximateArrivalTimestamp": 1_545_084_650.987
        });
        kinesis_record(&record, STREAM, "shardId-000000000006")
    }

    #[test]
    fn change_of_a_table_has_lambda_format() {
        let record = dynamodb_record(change(), TABLE);
        assert_eq!(record.sequence, "111");
        assert_eq!(record.arrived, UNIX_EPOCH + Duration::from_millis(1_795_708_800_500));
        let mut expected = change();
        expected["eventSourceARN"] = TABLE.into();
        expected["userIdentity"] = json!({ "principalId": "dynamodb.amazonaws.com", "type": "Service" });
        assert_eq!(event_json(&[record]), json!({ "Records": [expected] }));
    }

    #[test]
    fn record_of_kinesis_has_lambda_format() {
        assert_eq!(
            event_json(&[click("hi")]),
            json!({ "Records": [{
                "kinesis": {
                    "kinesisSchemaVersion": "1.0", "partitionKey": "a", "sequenceNumber": "4959", "data": "aGk=",
                    "approximateArrivalTimestamp": 1_545_084_650.987
                },
                "eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": "shardId-000000000006:4959",
                "eventName": "aws:kinesis:record", "invokeIdentityArn": "arn:aws:iam::000000000000:role/cargo-bedrock",
                "awsRegion": "us-east-1", "eventSourceARN": STREAM
            }] })
        );
    }

    #[test]
    fn filters_see_changes_and_decoded_data() {
        let accepts = |service: StreamService, filters: &[&str], record: &StreamRecord| {
            let texts: Vec<String> = filters.iter().map(|text| (*text).to_owned()).collect();
            StreamFilters::of(service, &texts).accepts(record)
        };
        let table = StreamService::Dynamodb;
        let removal = dynamodb_record(change(), TABLE);
        assert!(accepts(table, &[], &removal));
        assert!(accepts(table, &[r#"{"eventName":["REMOVE"],"dynamodb":{"Keys":{"id":{"S":["7"]}}}}"#], &removal));
        assert!(accepts(table, &[r#"{"userIdentity":{"type":["Service"]}}"#], &removal));
        assert!(!accepts(table, &[r#"{"dynamodb":{"OldImage":{"price":{"N":["8"]}}}}"#], &removal));
        let kinesis = StreamService::Kinesis;
        let fields = r#"{"data":{"kind":["order"]}}"#;
        assert!(accepts(kinesis, &[fields], &click(r#"{"kind":"order"}"#)));
        assert!(!accepts(kinesis, &[fields], &click(r#"{"kind":"other"}"#)));
        assert!(!accepts(kinesis, &[fields], &click("order")));
        assert!(accepts(kinesis, &[fields, r#"{"data":["order"]}"#], &click("order")));
        assert!(!accepts(kinesis, &[r#"{"data":[{"anything-but":"x"}]}"#], &click("{}")));
    }
}
