//! Requests to DynamoDB Streams and Kinesis on this machine. The account of the app's credentials is that of the tables, and no
//! signature is checked there.

use std::time::Duration;

use bedrock_build::triggers::{StartingPosition, StreamService};
use serde_json::{Value, json};

use super::positions::ShardPosition;
use crate::running_server::{HttpRequest, request_to};

/// Records of a `GetRecords` of DynamoDB Streams (API model, `PositiveIntegerObject`).
const MAX_DYNAMODB_RECORDS: usize = 1000;
/// Records of a `GetRecords` of Kinesis (API model, `GetRecordsInputLimit`).
const MAX_KINESIS_RECORDS: usize = 10_000;
/// The longest time that a request takes.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

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
    /// The shards that were split or merged into this one.
    pub(super) parents: Vec<String>,
    /// Whether the service says that no record will be added.
    pub(super) is_ended: bool,
}

/// Records of a shard.
#[derive(Debug)]
pub(super) struct RecordPage {
    pub(super) records: Vec<Value>,
    /// `None` at the end of a shard that was split or merged.
    pub(super) next_iterator: Option<String>,
}

/// A request that failed.
#[derive(Debug)]
pub(super) struct StreamError {
    /// The code of the service. Empty if there was no valid response.
    pub(super) code: String,
    pub(super) message: String,
}

impl StreamError {
    pub(super) fn without_code(message: String) -> Self {
        Self { code: String::new(), message }
    }

    /// Returns whether the stream or the shard does not exist any more.
    pub(super) fn is_not_found(&self) -> bool {
        self.code == "ResourceNotFoundException"
    }

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
        arn.map(str::to_owned).ok_or_else(|| StreamError::without_code(format!("`{name}` has no stream")))
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
            let listed = response["Shards"].as_array().ok_or_else(|| self.invalid("a list of shards"))?;
            shards.extend(listed.iter().filter_map(|shard| {
                let parents = ["ParentShardId", "AdjacentParentShardId"].iter().filter_map(|key| text(&shard[*key]));
                let is_ended = shard["SequenceNumberRange"]["EndingSequenceNumber"].is_string();
                Some(Shard { id: text(&shard["ShardId"])?, parents: parents.collect(), is_ended })
            }));
            let next = ["LastEvaluatedShardId", "NextToken"].iter().find_map(|key| response.get(*key)).cloned();
            match next.filter(Value::is_string) {
                Some(next) => last = Some(next),
                None => return Ok(shards),
            }
        }
    }

    /// Returns `None` for a shard that was read to its end.
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
            ShardPosition::At(sequence) | ShardPosition::After(sequence) => {
                let is_at = matches!(position, ShardPosition::At(_));
                let kind = if is_at { "AT_SEQUENCE_NUMBER" } else { "AFTER_SEQUENCE_NUMBER" };
                body["ShardIteratorType"] = kind.into();
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
        let iterator = response["ShardIterator"].as_str().ok_or_else(|| self.invalid("a shard iterator"))?;
        Ok(Some(iterator.to_owned()))
    }

    pub(super) async fn records(&self, iterator: &str, limit: usize) -> Result<RecordPage, StreamError> {
        let max = match self.service {
            StreamService::Dynamodb => MAX_DYNAMODB_RECORDS,
            StreamService::Kinesis => MAX_KINESIS_RECORDS,
        };
        let body = json!({ "ShardIterator": iterator, "Limit": limit.clamp(1, max) });
        let mut response = self.call(&self.streams_target("GetRecords"), &body).await?;
        let Value::Array(records) = response["Records"].take() else {
            return Err(self.invalid("a list of records"));
        };
        // Only a valid response can mean the end of the shard.
        let next_iterator = match response["NextShardIterator"].take() {
            Value::Null => None,
            Value::String(iterator) => Some(iterator),
            _ => return Err(self.invalid("the next shard iterator")),
        };
        Ok(RecordPage { records, next_iterator })
    }

    /// Returns the error of a response that is not what was asked for.
    fn invalid(&self, expected: &str) -> StreamError {
        let service = self.service.title();
        StreamError::without_code(format!("{}: a response of {service} does not contain {expected}", self.url))
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
        let response =
            tokio::time::timeout(REQUEST_TIMEOUT, request_to(url.trim_end_matches('/'), None, request)).await;
        let Ok(response) = response else {
            let seconds = REQUEST_TIMEOUT.as_secs();
            return Err(StreamError::without_code(format!("{url}: {target}: no response within {seconds} seconds")));
        };
        let response = response.map_err(|message| StreamError::without_code(format!("{url}: {message}")))?;
        let body = serde_json::from_slice::<Value>(&response.body).ok().filter(Value::is_object);
        if response.status == 200 {
            let message = || format!("{url}: {target}: the response is not a JSON object");
            return body.ok_or_else(|| StreamError::without_code(message()));
        }
        let body = body.unwrap_or_default();
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
    use super::*;

    #[test]
    fn start_times_are_seconds_since_1970() {
        let all = ["1970-01-01T00:00:01.5Z", "1970-01-01T01:00:00+01:00"].map(epoch_seconds);
        assert!(all.iter().zip([1.5, 0.0]).all(|(found, expected)| (found - expected).abs() < 1e-9), "{all:?}");
    }

    fn client(url: String) -> StreamClient {
        StreamClient { url, region: "us-east-1".to_owned(), service: StreamService::Kinesis }
    }

    /// Starts a service whose response to each request is `body` with status 200.
    async fn service_with(body: &'static str) -> StreamClient {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let app = axum::Router::new().fallback(move || async move { body });
        tokio::spawn(async move { axum::serve(listener, app).await });
        client(url)
    }

    #[tokio::test]
    async fn only_a_valid_page_ends_a_shard() {
        for body in [
            "<html>",
            "",
            "null",
            "[]",
            "{}",
            r#"{"Records": {}}"#,
            r#"{"NextShardIterator": "a"}"#,
            r#"{"Records": [], "NextShardIterator": 1}"#,
        ] {
            let error = service_with(body).await.records("i", 1).await.expect_err(body);
            assert_eq!(error.code, "", "{body}");
            assert!(error.message.contains("response"), "{body}: {}", error.message);
        }
        for body in [r#"{"Records": []}"#, r#"{"Records": [], "NextShardIterator": null}"#] {
            let page = service_with(body).await.records("i", 1).await.expect(body);
            assert_eq!(page.next_iterator, None, "{body}");
        }
        let page = service_with(r#"{"Records": [{}], "NextShardIterator": "j"}"#).await.records("i", 1).await;
        let page = page.expect("a page");
        assert_eq!((page.records.len(), page.next_iterator.as_deref()), (1, Some("j")));
    }

    #[tokio::test]
    async fn responses_without_what_was_asked_for_are_errors() {
        for body in ["<html>", "{}", r#"{"ShardIterator": null, "Shards": null}"#] {
            let client = service_with(body).await;
            let position = ShardPosition::Start(StartingPosition::TrimHorizon);
            assert!(client.iterator("arn", "shard", &position).await.is_err(), "{body}");
            assert!(client.shards("arn").await.is_err(), "{body}");
            assert!(client.stream_arn("name").await.is_err(), "{body}");
        }
    }

    #[tokio::test]
    async fn shards_have_their_parents_and_their_end() {
        let client = service_with(
            r#"{"Shards": [
                {"ShardId": "a", "SequenceNumberRange": {"StartingSequenceNumber": "1", "EndingSequenceNumber": "2"}},
                {"ShardId": "b", "ParentShardId": "a", "AdjacentParentShardId": "c"}
            ]}"#,
        );
        let shards = client.await.shards("arn").await.expect("shards");
        let shard = |id: &str, parents: &[&str], is_ended| {
            let parents = parents.iter().map(|parent| (*parent).to_owned()).collect();
            Shard { id: id.to_owned(), parents, is_ended }
        };
        assert_eq!(shards, [shard("a", &[], true), shard("b", &["a", "c"], false)]);
    }

    #[tokio::test(start_paused = true)]
    async fn request_without_a_response_fails() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let client = client(format!("http://{}", listener.local_addr().expect("an address")));
        let error = client.records("i", 1).await.expect_err("no response");
        assert!(error.message.contains("no response within 30 seconds"), "{}", error.message);
    }
}
