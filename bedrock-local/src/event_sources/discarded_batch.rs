//! What a destination gets of a discarded batch (Lambda developer guide, "Retain discarded batch records").

use std::time::SystemTime;

use bedrock_build::triggers::StreamService;
use bedrock_model::date::rfc3339;
use serde_json::{Value, json};

use super::stream_batches::{Batch, DiscardReason};
use super::stream_record::{StreamRecord, event_json};

/// A batch that was discarded.
#[derive(Debug)]
pub struct DiscardedBatch<'a> {
    /// The service of the stream.
    pub service: StreamService,
    /// The records.
    pub batch: &'a Batch,
    /// Why they were discarded.
    pub reason: DiscardReason,
    /// The request id of the last invocation. Empty if there was none.
    pub request_id: String,
    /// The function that did not process them.
    pub function_arn: &'a str,
    /// The stream.
    pub stream_arn: &'a str,
    /// The id of the shard.
    pub shard: &'a str,
}

impl DiscardedBatch<'_> {
    /// Returns the record for a destination, an ARN. Only buckets get the payload, too.
    #[must_use]
    pub fn record(&self, destination: &str, now: SystemTime) -> Value {
        let mut record = self.json(now);
        if destination.split(':').nth(2) == Some("s3") {
            record["payload"] = event_json(&self.batch.records).to_string().into();
        }
        record
    }

    fn json(&self, now: SystemTime) -> Value {
        let Self { service, batch, reason, request_id, function_arn, stream_arn, shard } = self;
        let sequence = |at: Option<&StreamRecord>| at.map(|record| record.sequence.clone());
        let arrival = |at: Option<&StreamRecord>| at.map(|record| rfc3339(record.arrived));
        let first = batch.records.first();
        let last = batch.records.last();
        let info = json!({
            "shardId": shard,
            "startSequenceNumber": sequence(first),
            "endSequenceNumber": sequence(last),
            "approximateArrivalOfFirstRecord": arrival(first),
            "approximateArrivalOfLastRecord": arrival(last),
            "batchSize": batch.records.len(),
            "streamArn": stream_arn,
        });
        let name = match service {
            StreamService::Dynamodb => "DDBStreamBatchInfo",
            StreamService::Kinesis => "KinesisBatchInfo",
        };
        let mut record = json!({
            "requestContext": {
                "requestId": request_id,
                "functionArn": function_arn,
                "condition": reason.as_str(),
                "approximateInvokeCount": batch.failures,
            },
            "version": "1.0",
            "timestamp": rfc3339(now),
            name: info,
        });
        if batch.failures > 0 {
            record["responseContext"] =
                json!({ "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" });
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn record_of_a_discarded_batch_has_lambda_format() {
        let record = |number: u64| StreamRecord {
            sequence: number.to_string(),
            arrived: UNIX_EPOCH + Duration::from_secs(number),
            event: json!({ "number": number }),
        };
        let batch = Batch { records: vec![record(1), record(2)], failures: 3 };
        let discarded = DiscardedBatch {
            service: StreamService::Dynamodb,
            batch: &batch,
            reason: DiscardReason::RetriesExhausted,
            request_id: "id".to_owned(),
            function_arn: "arn:f",
            stream_arn: "arn:s",
            shard: "shardId-0",
        };
        assert_eq!(
            discarded.json(UNIX_EPOCH),
            json!({
                "requestContext": {
                    "requestId": "id", "functionArn": "arn:f", "condition": "RetryAttemptsExhausted",
                    "approximateInvokeCount": 3
                },
                "responseContext": { "statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled" },
                "version": "1.0",
                "timestamp": "1970-01-01T00:00:00.000Z",
                "DDBStreamBatchInfo": {
                    "shardId": "shardId-0", "startSequenceNumber": "1", "endSequenceNumber": "2",
                    "approximateArrivalOfFirstRecord": "1970-01-01T00:00:01.000Z",
                    "approximateArrivalOfLastRecord": "1970-01-01T00:00:02.000Z", "batchSize": 2, "streamArn": "arn:s"
                }
            })
        );
        let kinesis = DiscardedBatch { service: StreamService::Kinesis, ..discarded };
        let queue = kinesis.record("arn:aws:sqs:us-east-1:000000000000:dead", UNIX_EPOCH);
        assert_eq!((&queue["KinesisBatchInfo"]["batchSize"], queue.get("payload")), (&json!(2), None));
        let bucket = kinesis.record("arn:aws:s3:::dead", UNIX_EPOCH);
        assert_eq!(bucket["payload"], r#"{"Records":[{"number":1},{"number":2}]}"#);
    }
}
