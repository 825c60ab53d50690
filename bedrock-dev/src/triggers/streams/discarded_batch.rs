//! What a destination gets of a discarded batch (Lambda developer guide, "Retain discarded batch records").

use std::time::SystemTime;

use bedrock_build::triggers::StreamService;
use bedrock_model::date::rfc3339;
use serde_json::{Value, json};

use super::super::aws_api::new_uuid;
use super::batch_retry::{Batch, DiscardReason};
use super::record::{StreamRecord, event_json};
use crate::running_server::{HttpRequest, request_to};

/// A batch that was discarded.
pub(super) struct DiscardedBatch<'a> {
    pub(super) service: StreamService,
    pub(super) batch: &'a Batch,
    pub(super) reason: DiscardReason,
    /// Of the last invocation, or of none.
    pub(super) request_id: String,
    pub(super) function_arn: &'a str,
    pub(super) stream_arn: &'a str,
    pub(super) shard: &'a str,
}

impl DiscardReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::RetriesExhausted => "RetryAttemptsExhausted",
            Self::TooOld => "MaximumRecordAgeExceeded",
        }
    }
}

impl DiscardedBatch<'_> {
    /// Returns the record. Only buckets get the payload, too.
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

    /// Sends the record to a queue, a topic or a bucket of the dev server at `url`.
    pub(super) async fn send(&self, destination: &str, url: &str, now: SystemTime) -> Result<(), String> {
        let mut record = self.json(now);
        let region = self.stream_arn.split(':').nth(3).unwrap_or_default();
        let name = destination.rsplit(':').next().unwrap_or_default();
        let service = destination.split(':').nth(2).unwrap_or_default();
        let credentials = format!("test/20260101/{region}/{service}/aws4_request");
        let authorization = format!("AWS4-HMAC-SHA256 Credential={credentials}, SignedHeaders=host, Signature=0");
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let mut headers = vec![header("authorization", &authorization)];
        let (method, path, body) = match service {
            "sqs" => {
                headers.push(header("content-type", "application/x-amz-json-1.0"));
                headers.push(header("x-amz-target", "AmazonSQS.SendMessage"));
                let account = destination.split(':').nth(4).unwrap_or_default();
                let queue = format!("{url}/_sqs/{account}/{name}");
                (
                    "POST",
                    "/_sqs".to_owned(),
                    json!({ "QueueUrl": queue, "MessageBody": record.to_string() }).to_string(),
                )
            }
            "sns" => {
                headers.push(header("content-type", "application/x-www-form-urlencoded"));
                let mut form = form_urlencoded::Serializer::new(String::new());
                form.append_pair("Action", "Publish").append_pair("Version", "2010-03-31");
                form.append_pair("TopicArn", destination).append_pair("Message", &record.to_string());
                ("POST", "/_sns".to_owned(), form.finish())
            }
            _ => {
                record["payload"] = event_json(&self.batch.records).to_string().into();
                let time = rfc3339(now).replace(':', ".");
                ("PUT", format!("/_s3/{name}/aws/lambda/{}/{time}-{}", self.shard, new_uuid()), record.to_string())
            }
        };
        let request = HttpRequest { method: method.to_owned(), path, headers, body: body.into() };
        let response = request_to(url, None, request).await?;
        if response.status < 300 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&response.body).into_owned();
        Err(format!("{} {text}", response.status))
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
        assert_eq!(kinesis.json(UNIX_EPOCH)["KinesisBatchInfo"]["batchSize"], 2);
    }
}
