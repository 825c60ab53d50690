//! Requests to DynamoDB Streams and Kinesis on this machine. The account of the app's credentials is that of the tables, and no
//! signature is checked there.

use bedrock_build::triggers::{StartingPosition, StreamService};
use serde_json::{Value, json};

use super::positions::ShardPosition;
use crate::running_server::{HttpRequest, request_to};

/// Records of a `GetRecords` of DynamoDB Streams (API model, `PositiveIntegerObject`).
const MAX_DYNAMODB_RECORDS: usize = 1000;
/// Records of a `GetRecords` of Kinesis (API model, `GetRecordsInputLimit`).
const MAX_KINESIS_RECORDS: usize = 10_000;

/// A service with streams, at a URL.
#[derive(Debug, Clone)]
pub(in super::super) struct StreamClient {
    pub(in super::super) url: String,
    pub(in super::super) region: String,
    pub(in super::super) service: StreamService,
}

/// A shard of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shard {
    pub(super) id: String,
    /// The shard that was split or merged into this one.
    pub(super) parent: Option<String>,
}

/// Records of a shard.
#[derive(Debug, Default)]
pub(super) struct RecordPage {
    pub(super) records: Vec<Value>,
    /// `None` at the end of a shard that was split or merged.
    pub(super) next_iterator: Option<String>,
}

/// A request that failed.
#[derive(Debug)]
pub(super) struct StreamError {
    /// The code of the service. Empty if there was no response.
    pub(super) code: String,
    pub(super) message: String,
}

impl StreamError {
    /// Returns whether reading can go on with the oldest record or with a new iterator.
    pub(super) fn is_position_lost(&self) -> bool {
        ["ExpiredIteratorException", "InvalidArgumentException", "TrimmedDataAccessException", "ValidationException"]
            .contains(&self.code.as_str())
    }
}

impl StreamClient {
    /// Returns the ARN of the stream of a table or of a Kinesis stream, by the name of either.
    pub(super) async fn stream_arn(&self, name: &str) -> Result<String, StreamError> {
        let (response, arn) = match self.service {
            StreamService::Dynamodb => {
                let target = "DynamoDB_20120810.DescribeTable";
                (self.call(target, &json!({ "TableName": name })).await?, "/Table/LatestStreamArn")
            }
            StreamService::Kinesis => {
                let body = json!({ "StreamName": name });
                (
                    self.call("Kinesis_20131202.DescribeStreamSummary", &body).await?,
                    "/StreamDescriptionSummary/StreamARN",
                )
            }
        };
        let arn = response.pointer(arn).and_then(Value::as_str).filter(|arn| !arn.is_empty());
        arn.map(str::to_owned)
            .ok_or_else(|| StreamError { code: String::new(), message: format!("`{name}` has no stream") })
    }

    pub(super) async fn shards(&self, arn: &str) -> Result<Vec<Shard>, StreamError> {
        let mut shards = Vec::new();
        let mut last: Option<Value> = None;
        loop {
            let response = match self.service {
                StreamService::Dynamodb => {
                    let mut body = json!({ "StreamArn": arn });
                    if let Some(last) = last.take() {
                        body["ExclusiveStartShardId"] = last;
                    }
                    self.call("DynamoDBStreams_20120810.DescribeStream", &body).await?["StreamDescription"].take()
                }
                StreamService::Kinesis => {
                    // A token is not combined with the name.
                    let body = last
                        .take()
                        .map_or(json!({ "StreamName": stream_name(arn) }), |token| json!({ "NextToken": token }));
                    self.call("Kinesis_20131202.ListShards", &body).await?
                }
            };
            let text = |value: &Value| value.as_str().map(str::to_owned);
            let listed = response["Shards"].as_array().into_iter().flatten();
            shards.extend(listed.filter_map(|shard| {
                Some(Shard { id: text(&shard["ShardId"])?, parent: text(&shard["ParentShardId"]) })
            }));
            let next = ["LastEvaluatedShardId", "NextToken"].iter().find_map(|key| response.get(*key)).cloned();
            match next.filter(Value::is_string) {
                Some(next) => last = Some(next),
                None => return Ok(shards),
            }
        }
    }

    pub(super) async fn iterator(
        &self,
        arn: &str,
        shard: &str,
        position: &ShardPosition,
    ) -> Result<Option<String>, StreamError> {
        let mut body = match self.service {
            StreamService::Dynamodb => json!({ "StreamArn": arn, "ShardId": shard }),
            StreamService::Kinesis => json!({ "StreamName": stream_name(arn), "ShardId": shard }),
        };
        match position {
            ShardPosition::Start(start) => {
                body["ShardIteratorType"] = start.as_str().into();
                if let StartingPosition::AtTimestamp(time) = start {
                    body["Timestamp"] = epoch_seconds(time).into();
                }
            }
            ShardPosition::After(sequence) => {
                body["ShardIteratorType"] = "AFTER_SEQUENCE_NUMBER".into();
                // The APIs of the two services have different names for it.
                let key = match self.service {
                    StreamService::Dynamodb => "SequenceNumber",
                    StreamService::Kinesis => "StartingSequenceNumber",
                };
                body[key] = sequence.as_str().into();
            }
            ShardPosition::Closed => return Ok(None),
        }
        let response = self.call(&self.streams_target("GetShardIterator"), &body).await?;
        Ok(response["ShardIterator"].as_str().map(str::to_owned))
    }

    pub(super) async fn records(&self, iterator: &str, limit: usize) -> Result<RecordPage, StreamError> {
        let max = match self.service {
            StreamService::Dynamodb => MAX_DYNAMODB_RECORDS,
            StreamService::Kinesis => MAX_KINESIS_RECORDS,
        };
        let body = json!({ "ShardIterator": iterator, "Limit": limit.clamp(1, max) });
        let mut response = self.call(&self.streams_target("GetRecords"), &body).await?;
        let records = match response["Records"].take() {
            Value::Array(records) => records,
            _ => Vec::new(),
        };
        Ok(RecordPage { records, next_iterator: response["NextShardIterator"].as_str().map(str::to_owned) })
    }

    fn streams_target(&self, operation: &str) -> String {
        match self.service {
            StreamService::Dynamodb => format!("DynamoDBStreams_20120810.{operation}"),
            StreamService::Kinesis => format!("Kinesis_20131202.{operation}"),
        }
    }

    async fn call(&self, target: &str, body: &Value) -> Result<Value, StreamError> {
        let Self { url, region, service } = self;
        let version = match service {
            StreamService::Dynamodb => "1.0",
            StreamService::Kinesis => "1.1",
        };
        let credentials = format!("test/20260101/{region}/{}/aws4_request", service.as_str());
        let authorization = format!("AWS4-HMAC-SHA256 Credential={credentials}, SignedHeaders=host, Signature=0");
        let headers = [
            ("authorization", authorization),
            ("content-type", format!("application/x-amz-json-{version}")),
            ("x-amz-date", "20260101T000000Z".to_owned()),
            ("x-amz-target", target.to_owned()),
        ];
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).into();
        let method = "POST".to_owned();
        let request = HttpRequest { method, path: "/".to_owned(), headers, body: body.to_string().into() };
        let response = request_to(url.trim_end_matches('/'), None, request).await;
        let response =
            response.map_err(|message| StreamError { code: String::new(), message: format!("{url}: {message}") })?;
        let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
        if response.status == 200 {
            return Ok(body);
        }
        // `com.amazonaws.dynamodb.v20120810#ResourceNotFoundException`
        let code = body["__type"].as_str().and_then(|code| code.rsplit('#').next()).unwrap_or_default().to_owned();
        let message = ["message", "Message"].iter().find_map(|key| body[*key].as_str()).unwrap_or_default();
        Err(StreamError { message: format!("{url}: {target}: {} {code} {message}", response.status), code })
    }
}

fn stream_name(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Converts a time that the settings have read.
fn epoch_seconds(time: &str) -> f64 {
    time.parse::<jiff::Timestamp>().map(|time| time.as_duration().as_secs_f64()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::epoch_seconds;

    #[test]
    fn start_times_are_seconds_since_1970() {
        let all = ["1970-01-01T00:00:01.5Z", "1970-01-01T01:00:00+01:00"].map(epoch_seconds);
        assert!(all.iter().zip([1.5, 0.0]).all(|(found, expected)| (found - expected).abs() < 1e-9), "{all:?}");
    }
}
