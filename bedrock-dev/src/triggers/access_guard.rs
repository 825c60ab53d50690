//! Denies requests of functions to AWS's services that their rights do not cover. The function is that of the access key;
//! requests with other keys come from outside the app and are not checked.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{Method, Response, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use bedrock_build::triggers::DEFAULT_BUS;
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::aws_api::{EVENTS_PATH, S3_PATH, SERVICES_PATH, SNS_PATH, SQS_PATH};
use super::caller::calling_function;
use super::denial::denial;
use super::local_resources::LocalResources;
use super::required_right::RequiredRight;
use super::resource_access::ResourceAccess;
use super::s3::{self, DeniedKeys};
use super::{services, sns};

/// Maximum size of a request whose body says what it is about: that of the local services.
const MAX_REQUEST_BYTES: usize = 8 * 1024 * 1024;

struct Guard {
    access: ResourceAccess,
    resources: LocalResources,
}

/// Checks each request to these routes.
pub(super) fn guard_access(routes: Router, access: ResourceAccess, resources: LocalResources) -> Router {
    routes.route_layer(from_fn_with_state(Arc::new(Guard { access, resources }), check))
}

async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response<Body> {
    let (mut head, body) = request.into_parts();
    let Some(function) = calling_function(&head).filter(|function| guard.access.is_checked(function)) else {
        return next.run(Request::from_parts(head, body)).await;
    };
    let is_s3 = is_below(&head, S3_PATH);
    let is_forwarded = is_below(&head, SERVICES_PATH);
    let deletes_objects = is_s3 && S3Request::of(&head).deletes_objects();
    // Objects are streamed: their path says everything.
    let is_streamed = if is_forwarded { !services::needs_body(&head) } else { is_s3 && !deletes_objects };
    let (body, bytes) = if is_streamed {
        (body, Bytes::new())
    } else {
        let limit = if is_forwarded { services::MAX_REQUEST_BYTES } else { MAX_REQUEST_BYTES };
        let Ok(bytes) = to_bytes(body, limit).await else {
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
            return response;
        };
        (Body::from(bytes.clone()), bytes)
    };
    let mut denied_keys = DeniedKeys::default();
    for right in required(&guard.resources, &head, &bytes) {
        let Err(message) = guard.access.check(&function, &right) else { continue };
        if is_forwarded {
            return services::protocol(&head).denial(&head, &message);
        }
        match right.shown_resource().split_once('/') {
            Some((_, key)) if deletes_objects => denied_keys.insert(key, message),
            _ => return denial(&right.action, &message),
        }
    }
    head.extensions.insert(denied_keys);
    next.run(Request::from_parts(head, body)).await
}

fn is_below(head: &Parts, base: &str) -> bool {
    head.uri.path().starts_with(base)
}

/// Returns what a request needs. Empty if it is not an operation of the local services, which answer that themselves.
fn required(resources: &LocalResources, head: &Parts, body: &Bytes) -> Vec<RequiredRight> {
    if is_below(head, SERVICES_PATH) {
        return services::required(resources, head, body);
    }
    let path = head.uri.path();
    let operation = head.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = operation.rsplit('.').next().unwrap_or_default();
    if path.starts_with(S3_PATH) {
        return of_s3(head, body);
    }
    if path.starts_with(SQS_PATH) && !operation.is_empty() {
        let params: Value = serde_json::from_slice(body).unwrap_or_default();
        // This operation reads the name, and no other does.
        let name = if operation == "GetQueueUrl" {
            params["QueueName"].as_str()
        } else {
            params["QueueUrl"].as_str().and_then(|url| url.rsplit('/').next())
        };
        let name = name.unwrap_or("*");
        let action = format!("sqs:{}", operation.trim_end_matches("Batch"));
        return vec![RequiredRight::new(action, resources.queue_arn_of_name(name))];
    }
    if path.starts_with(SNS_PATH) {
        let params = sns::Parameters::of(body);
        let Some(action) = params.get("Action") else { return Vec::new() };
        let topic = params.topic_arn().unwrap_or("*");
        return vec![RequiredRight::new(format!("sns:{}", action.trim_end_matches("Batch")), topic)];
    }
    if path.starts_with(EVENTS_PATH) {
        let params: Value = serde_json::from_slice(body).unwrap_or_default();
        let bus = |entry: &Value| {
            let name = entry["EventBusName"].as_str().unwrap_or(DEFAULT_BUS);
            if name.starts_with("arn:") { name.to_owned() } else { resources.bus_arn(name) }
        };
        let entries = params["Entries"].as_array().into_iter().flatten();
        return entries.map(|entry| RequiredRight::new(format!("events:{operation}"), bus(entry))).collect();
    }
    Vec::new()
}

/// What a request to S3 is about.
struct S3Request {
    bucket: String,
    /// Empty if it is about the bucket.
    key: String,
    /// The operation, if it is another one than the plain one.
    selected: Option<String>,
}

impl S3Request {
    fn of(head: &Parts) -> Self {
        let path = head.uri.path().strip_prefix(S3_PATH).unwrap_or_default().trim_start_matches('/');
        let path = percent_decode_str(path).decode_utf8_lossy();
        let (bucket, key) = path.split_once('/').unwrap_or((&path, ""));
        let query: Vec<(String, String)> =
            form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
        let selected = s3::selected_operation(&head.method, &query, !key.is_empty());
        Self { bucket: bucket.to_owned(), key: key.to_owned(), selected }
    }

    fn deletes_objects(&self) -> bool {
        self.selected.as_deref() == Some("DeleteObjects")
    }
}

/// Returns what an operation of S3 needs (S3 user guide, "Required permissions for Amazon S3 API operations"). Only the keys
/// of `DeleteObjects` are in the body.
fn of_s3(head: &Parts, body: &Bytes) -> Vec<RequiredRight> {
    let request = S3Request::of(head);
    let S3Request { bucket, key, selected } = &request;
    if request.deletes_objects() {
        let keys = s3::keys_to_delete(body).unwrap_or_default().into_iter();
        return keys.map(|key| RequiredRight::new("s3:DeleteObject", format!("arn:aws:s3:::{bucket}/{key}"))).collect();
    }
    let action = match (selected.as_deref(), &head.method, key.is_empty()) {
        _ if bucket.is_empty() => "ListAllMyBuckets",
        (None, &Method::GET | &Method::HEAD, true) => "ListBucket",
        (None, &Method::PUT, true) => "CreateBucket",
        (None, &Method::DELETE, true) => "DeleteBucket",
        (None, &Method::GET | &Method::HEAD, false) => "GetObject",
        (None, &Method::PUT, false)
        | (Some("CreateMultipartUpload" | "UploadPart" | "CompleteMultipartUpload"), ..) => "PutObject",
        (None, &Method::DELETE, false) => "DeleteObject",
        (Some("ListParts"), ..) => "ListMultipartUploadParts",
        (Some(name @ ("AbortMultipartUpload" | "GetBucketLocation" | "GetBucketVersioning")), ..) => name,
        _ => return Vec::new(),
    };
    let resource = match (action, key.as_str()) {
        ("ListAllMyBuckets", _) => "*".to_owned(),
        (_, "") => format!("arn:aws:s3:::{bucket}"),
        _ => format!("arn:aws:s3:::{bucket}/{key}"),
    };
    let source = head.headers.get("x-amz-copy-source").and_then(|source| source.to_str().ok());
    let source = source.map(|source| source.split('?').next().unwrap_or_default().trim_start_matches('/'));
    let source = source.map(|source| format!("arn:aws:s3:::{}", percent_decode_str(source).decode_utf8_lossy()));
    let copied = source.map(|source| RequiredRight::new("s3:GetObject", source));
    [RequiredRight::new(format!("s3:{action}"), resource)].into_iter().chain(copied).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(method: &Method, uri: &str, headers: &[(&'static str, &str)], body: &str) -> Vec<String> {
        let mut request = axum::http::Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).expect("a request").into_parts();
        let resources = LocalResources::for_app("shop", "http://127.0.0.1:1");
        let required = required(&resources, &head, &Bytes::from(body.to_owned()));
        required
            .into_iter()
            .map(|right| format!("{} {}", right.action, right.resource.as_deref().unwrap_or("?")))
            .collect()
    }

    #[test]
    fn operations_of_s3_need_the_actions_of_iam() {
        for (method, uri, expected) in [
            (Method::GET, "/_s3/", "s3:ListAllMyBuckets *"),
            (Method::PUT, "/_s3/b/folder/", "s3:PutObject arn:aws:s3:::b/folder/"),
            (Method::GET, "/_s3/b/", "s3:ListBucket arn:aws:s3:::b"),
            (Method::PUT, "/_s3/b", "s3:CreateBucket arn:aws:s3:::b"),
            (Method::GET, "/_s3/b?list-type=2", "s3:ListBucket arn:aws:s3:::b"),
            (Method::HEAD, "/_s3/b", "s3:ListBucket arn:aws:s3:::b"),
            (Method::GET, "/_s3/b?location", "s3:GetBucketLocation arn:aws:s3:::b"),
            (Method::HEAD, "/_s3/b/c%20d/e", "s3:GetObject arn:aws:s3:::b/c d/e"),
            (Method::PUT, "/_s3/b/c?uploadId=1&partNumber=1", "s3:PutObject arn:aws:s3:::b/c"),
            (Method::POST, "/_s3/b/c?uploads", "s3:PutObject arn:aws:s3:::b/c"),
            (Method::DELETE, "/_s3/b/c?uploadId=1", "s3:AbortMultipartUpload arn:aws:s3:::b/c"),
            (Method::GET, "/_s3/b/c?uploadId=1", "s3:ListMultipartUploadParts arn:aws:s3:::b/c"),
            (Method::DELETE, "/_s3/b/c", "s3:DeleteObject arn:aws:s3:::b/c"),
        ] {
            assert_eq!(needs(&method, uri, &[], ""), [expected], "{method} {uri}");
        }
        // The local S3 has no such operation, and says so.
        assert!(needs(&Method::GET, "/_s3/b?policy", &[], "").is_empty());
        let copy = needs(&Method::PUT, "/_s3/b/c", &[("x-amz-copy-source", "/other/k%20e?versionId=1")], "");
        assert_eq!(copy, ["s3:PutObject arn:aws:s3:::b/c", "s3:GetObject arn:aws:s3:::other/k e"]);
    }

    #[test]
    fn deletion_of_objects_needs_the_right_for_each_key() {
        let body = "<Delete><Object><Key>a/b</Key></Object><Object><Key>c &amp; d</Key></Object></Delete>";
        let copied = [("x-amz-copy-source", "/other/key")];
        assert_eq!(
            needs(&Method::POST, "/_s3/b?delete", &copied, body),
            ["s3:DeleteObject arn:aws:s3:::b/a/b", "s3:DeleteObject arn:aws:s3:::b/c & d"]
        );
        // The local S3 deletes nothing then.
        for malformed in ["", "<Delete>", "<Delete/>", "<Delete><Object/></Delete>"] {
            assert!(needs(&Method::POST, "/_s3/b?delete", &[], malformed).is_empty(), "{malformed}");
        }
    }

    #[test]
    fn last_one_of_repeated_parameters_counts() {
        let topics = "TopicArn=arn:aws:sns:x:1:first&TopicArn=arn:aws:sns:x:1:last";
        let published = needs(&Method::POST, "/_sns/", &[], &format!("Action=ListTopics&{topics}&Action=Publish"));
        assert_eq!(published, ["sns:Publish arn:aws:sns:x:1:last"]);
    }

    #[test]
    fn operations_of_other_services_name_their_resource() {
        let target = |name| [("x-amz-target", name)];
        let queue = r#"{"QueueUrl":"http://127.0.0.1/_sqs/000000000000/q"}"#;
        let sent = needs(&Method::POST, "/_sqs", &target("AmazonSQS.SendMessageBatch"), queue);
        assert_eq!(sent, ["sqs:SendMessage arn:aws:sqs:us-east-1:000000000000:q"]);
        let both = r#"{"QueueName":"theirs","QueueUrl":"http://127.0.0.1/_sqs/000000000000/q"}"#;
        let named = needs(&Method::POST, "/_sqs", &target("AmazonSQS.GetQueueUrl"), both);
        assert_eq!(named, ["sqs:GetQueueUrl arn:aws:sqs:us-east-1:000000000000:theirs"]);
        let listed = needs(&Method::POST, "/_sqs", &target("AmazonSQS.ListQueues"), "{}");
        assert_eq!(listed, ["sqs:ListQueues arn:aws:sqs:us-east-1:000000000000:*"]);
        let published = needs(&Method::POST, "/_sns/", &[], "Action=PublishBatch&TopicArn=arn%3Aaws%3Asns%3Ax%3A1%3At");
        assert_eq!(published, ["sns:Publish arn:aws:sns:x:1:t"]);
        let entries = r#"{"Entries":[{},{"EventBusName":"b"},{"EventBusName":"arn:aws:events:x:1:event-bus/c"}]}"#;
        let put = needs(&Method::POST, "/_events/", &target("AWSEvents.PutEvents"), entries);
        let arn = "events:PutEvents arn:aws:events:us-east-1:000000000000:event-bus";
        let expected = [
            format!("{arn}/default"),
            format!("{arn}/b"),
            "events:PutEvents arn:aws:events:x:1:event-bus/c".to_owned(),
        ];
        assert_eq!(put, expected);
    }
}
