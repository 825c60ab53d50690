//! Sends the record of a discarded batch to its destination in the dev server.

use std::time::SystemTime;

use bedrock_local::event_sources::DiscardedBatch;
use bedrock_model::date::rfc3339;
use serde_json::json;

use super::super::aws_api::new_uuid;
use crate::running_server::{HttpRequest, request_to};

/// Sends the record of a batch to a queue, a topic or a bucket of the dev server at `url`.
pub(super) async fn send_record(
    discarded: &DiscardedBatch<'_>,
    destination: &str,
    url: &str,
    now: SystemTime,
) -> Result<(), String> {
    let record = discarded.record(destination, now);
    let region = discarded.stream_arn.split(':').nth(3).unwrap_or_default();
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
            ("POST", "/_sqs".to_owned(), json!({ "QueueUrl": queue, "MessageBody": record.to_string() }).to_string())
        }
        "sns" => {
            headers.push(header("content-type", "application/x-www-form-urlencoded"));
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.append_pair("Action", "Publish").append_pair("Version", "2010-03-31");
            form.append_pair("TopicArn", destination).append_pair("Message", &record.to_string());
            ("POST", "/_sns".to_owned(), form.finish())
        }
        _ => {
            let time = rfc3339(now).replace(':', ".");
            ("PUT", format!("/_s3/{name}/aws/lambda/{}/{time}-{}", discarded.shard, new_uuid()), record.to_string())
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
