//! Tests of what a worker may do with local resources: boto3 inside a worker gets AWS's errors for anything else.

use std::time::SystemTime;

use bedrock_build::Use;
use bedrock_build::triggers::{BusTrigger, DEFAULT_BUS, FilterScope, TopicTrigger, Trigger, TriggerSource};
use bedrock_build::uses::{Access, ResourceKind, ResourceUse};
use bedrock_dev::Clock;
use serde_json::{Value, json};

use crate::dev_server_triggers::{TestServer, bucket, queue};
use crate::service::access::exchange;
use crate::service::client::site_packages;

fn used(kind: ResourceKind, name: &str, word: &str) -> Use {
    let access: &'static Access = kind.accesses().find(|access| access.word == word).expect("a word");
    Use::Resource(ResourceUse { kind, name: name.to_owned(), access, key: None })
}

fn topic() -> Trigger {
    let topic = TriggerSource::Own("alerts".to_owned());
    Trigger::Topic(TopicTrigger { topic, filter: None, filter_scope: FilterScope::Attributes })
}

/// Calls one operation of each service from inside the worker. Returns the error types and messages of the calls.
async fn calls_inside(server: &TestServer) -> Option<Vec<(String, String)>> {
    let sdk = site_packages()?;
    let url = format!("{}/_sqs/000000000000/conformance-local-jobs", server.dev_server.url);
    let entries = json!([{ "Source": "shop", "DetailType": "sold", "Detail": "{}" }]);
    let bucket = "conformance-local-uploads";
    let topic = "arn:aws:sns:us-east-1:000000000000:conformance-local-alerts";
    let calls = [
        ("sqs", "send_message", json!({ "QueueUrl": url, "MessageBody": "good" })),
        ("sqs", "purge_queue", json!({ "QueueUrl": url })),
        ("s3", "list_objects_v2", json!({ "Bucket": bucket })),
        ("s3", "put_object", json!({ "Bucket": bucket, "Key": "x", "Body": "x" })),
        ("sns", "publish", json!({ "TopicArn": topic, "Message": "x" })),
        ("events", "put_events", json!({ "Entries": entries })),
    ];
    let calls = calls.map(|(service, operation, arguments)| {
        let event = json!({
            "do": "service", "sdk": sdk, "service": service, "operation": operation, "arguments": arguments
        });
        let arguments = json!({ "FunctionName": "python_case", "Payload": event.to_string() });
        json!({ "service": "lambda", "operation": "invoke", "arguments": arguments })
    });
    let responses = server.call_operations(json!(calls)).await?;
    assert_eq!(responses.len(), 6);
    let outcome = |response: &Value| -> (String, String) {
        // boto3 names the operation and the code in the message.
        response["FunctionError"]
            .as_str()
            .map_or_else(Default::default, |error| (error.to_owned(), response.to_string()))
    };
    Some(responses.iter().map(outcome).collect())
}

/// Opens a server whose worker has these uses.
async fn open(uses: Option<Vec<Use>>) -> TestServer {
    let folder = tempfile::tempdir().expect("a folder");
    let bus = TriggerSource::Own(DEFAULT_BUS.to_owned());
    let bus = Trigger::Bus(BusTrigger { bus, pattern: r#"{"source":["other"]}"#.to_owned() });
    let triggers = vec![queue(1), bucket(), topic(), bus];
    TestServer::open_with(folder, Clock::manual(SystemTime::now()), triggers, uses).await
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_may_do_only_what_it_uses() {
    let uses = [
        used(ResourceKind::Queue, "jobs", "send"),
        used(ResourceKind::Bucket, "uploads", "read"),
        used(ResourceKind::Bus, "default", "put"),
    ];
    let server = open(Some(uses.to_vec())).await;
    let Some(outcomes) = calls_inside(&server).await else { return };
    let failed: Vec<bool> = outcomes.iter().map(|(error, _)| !error.is_empty()).collect();
    assert_eq!(failed, [false, true, false, true, true, false], "{outcomes:#?}");
    let user =
        "User: arn:aws:sts::000000000000:assumed-role/conformance-local-python_case/conformance-local-python_case";
    for (index, code, action, resource) in [
        (1, "AccessDenied", "sqs:purgequeue", "arn:aws:sqs:us-east-1:000000000000:conformance-local-jobs"),
        (3, "AccessDenied", "s3:PutObject", "arn:aws:s3:::conformance-local-uploads/x"),
        (4, "AuthorizationError", "SNS:Publish", "arn:aws:sns:us-east-1:000000000000:conformance-local-alerts"),
    ] {
        let message = outcomes[index].1.replace(['\\', '"'], "");
        let text = format!(
            "{user} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows \
             the {action} action"
        );
        assert!(message.contains(&format!("({code})")) && message.contains(&text), "{message}");
    }
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoint_is_checked_and_other_programs_are_not() {
    let server = open(Some(vec![used(ResourceKind::Queue, "jobs", "send")])).await;
    let url = server.dev_server.url.clone();
    let send = move |key: &str, operation: &str, rest: &str| {
        let queue = format!("{url}/_sqs/000000000000/conformance-local-jobs");
        let headers = [
            format!("Host: {}", url.trim_start_matches("http://")),
            format!(
                "Authorization: AWS4-HMAC-SHA256 Credential={key}/20261130/us-east-1/sqs/aws4_request, Signature=x"
            ),
            format!("X-Amz-Target: AmazonSQS.{operation}"),
            "Content-Type: application/x-amz-json-1.0".to_owned(),
        ];
        let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
        let (head, _) = exchange(&url, "POST /_sqs", &headers, &format!(r#"{{"QueueUrl":"{queue}"{rest}}}"#));
        head.split(' ').nth(1).unwrap_or_default().to_owned()
    };
    let statuses = tokio::task::spawn_blocking(move || {
        [
            send("LOCAL_endpoint", "SendMessage", r#","MessageBody":"good""#),
            send("LOCAL_endpoint", "PurgeQueue", ""),
            send("AKIDEXAMPLE", "PurgeQueue", ""),
        ]
    });
    assert_eq!(statuses.await.expect("a thread"), ["200", "403", "200"]);
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_without_uses_is_not_restricted() {
    let server = open(None).await;
    let Some(outcomes) = calls_inside(&server).await else { return };
    let failed: Vec<bool> = outcomes.iter().map(|(error, _)| !error.is_empty()).collect();
    assert_eq!(failed, [false; 6], "{outcomes:#?}");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_a_deletion_are_checked_one_by_one() {
    let bucket = "conformance-local-uploads";
    let resource = format!("arn:aws:s3:::{bucket}/mine/*");
    let statement = json!({ "Effect": "Allow", "Action": ["s3:DeleteObject"], "Resource": [resource] });
    let server = open(Some(vec![Use::Statement(statement.to_string())])).await;
    let url = server.dev_server.url.clone();
    let delete = move |authorization: &str, query: &str| {
        let headers = [format!("Host: {}", url.trim_start_matches("http://")), authorization.to_owned()];
        let headers: Vec<&str> = headers.iter().map(String::as_str).filter(|header| !header.is_empty()).collect();
        let keys = "<Object><Key>mine/a</Key></Object><Object><Key>Mine/b</Key></Object>";
        let line = format!("POST /_s3/{bucket}?delete{query}");
        exchange(&url, &line, &headers, &format!("<Delete>{keys}</Delete>"))
    };
    let signed = "Authorization: AWS4-HMAC-SHA256 Credential=LOCAL_endpoint/20261130/us-east-1/s3/aws4_request";
    let responses = tokio::task::spawn_blocking(move || {
        [delete(signed, ""), delete("", "&AWSAccessKeyId=LOCAL_endpoint&Signature=x&Expires=1")]
    });
    for (head, body) in responses.await.expect("a thread") {
        assert_eq!(head.split(' ').nth(1), Some("200"), "{head}");
        let deleted = body.contains("<Deleted><Key>mine/a</Key></Deleted>") && body.matches("<Key>").count() == 2;
        assert!(deleted && body.contains("<Error><Code>AccessDenied</Code><Message>User: "), "{body}");
        assert!(
            body.contains(&format!("s3:DeleteObject on resource: &quot;arn:aws:s3:::{bucket}/Mine/b&quot;")),
            "{body}"
        );
    }
    server.dev_server.close();
}
