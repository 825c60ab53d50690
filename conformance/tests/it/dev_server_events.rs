//! Tests of the topics and event buses of an app: messages and events that boto3 and workers send.

use bedrock_build::Trigger;
use bedrock_build::triggers::{BusTrigger, FilterScope, TopicTrigger, TriggerSource};
use serde_json::{Value, json};

use crate::dev_server_triggers::TestServer;
use crate::service::client::site_packages;

const TOPIC: &str = "arn:aws:sns:us-east-1:000000000000:conformance-local-alerts";

fn topic() -> Trigger {
    Trigger::Topic(TopicTrigger {
        topic: TriggerSource::Own("alerts".to_owned()),
        filter: Some(r#"{"kind":["order"]}"#.to_owned()),
        filter_scope: FilterScope::Attributes,
    })
}

fn bus(name: &str) -> Trigger {
    let bus = TriggerSource::Own(name.to_owned());
    Trigger::Bus(BusTrigger { bus, pattern: r#"{"source":["shop"]}"#.to_owned() })
}

fn attributes(kind: &str) -> Value {
    json!({ "kind": { "DataType": "String", "StringValue": kind } })
}

fn sns(operation: &str, arguments: &Value) -> Value {
    json!({ "service": "sns", "operation": operation, "arguments": arguments })
}

fn put_events(entries: &Value) -> Value {
    json!({ "service": "events", "operation": "put_events", "arguments": { "Entries": entries } })
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_publishes_messages_that_invoke_the_worker() {
    let mut server = TestServer::open(vec![topic()]).await;
    let publish = |text: &str, kind: &str| {
        sns("publish", &json!({ "TopicArn": TOPIC, "Message": text, "MessageAttributes": attributes(kind) }))
    };
    let batch = json!([
        { "Id": "a", "Message": "größer & <b>", "Subject": "second", "MessageAttributes": attributes("order") },
        { "Id": "b", "Message": "x", "Subject": "no\nline" },
    ]);
    let calls = json!([
        sns("list_topics", &json!({})),
        publish("filtered", "other"),
        publish("first", "order"),
        sns("publish_batch", &json!({ "TopicArn": TOPIC, "PublishBatchRequestEntries": batch })),
        sns("publish", &json!({ "TopicArn": format!("{TOPIC}x"), "Message": "x" })),
    ]);
    let Some(responses) = server.call_operations(calls).await else { return };
    assert_eq!(responses[0]["Topics"], json!([{ "TopicArn": TOPIC }]));
    let fired = server.next("trigger").await;
    assert_eq!((&fired["trigger"], &fired["source"]), (&json!("topic"), &json!("conformance-local-alerts")), "{fired}");
    for (text, subject, id) in [
        ("first", Value::Null, &responses[2]["MessageId"]),
        ("größer & <b>", json!("second"), &responses[3]["Successful"][0]["MessageId"]),
    ] {
        let record = server.next("invocation_started").await["event"]["json"]["Records"][0].clone();
        assert_eq!(record["EventSource"], "aws:sns");
        let message = &record["Sns"];
        assert_eq!((&message["Message"], &message["Subject"], &message["MessageId"]), (&json!(text), &subject, id));
        assert_eq!(message["MessageAttributes"], json!({ "kind": { "Type": "String", "Value": "order" } }));
    }
    assert_eq!(responses[3]["Failed"][0]["Id"], "b", "{responses:?}");
    assert_eq!(responses[4]["exception"], "NotFoundException", "{responses:?}");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn boto3_puts_events_that_invoke_the_worker() {
    let mut server = TestServer::open(vec![bus("default"), bus("orders")]).await;
    let entry = |source: &str, bus: &str| json!({ "Source": source, "DetailType": "sold", "Detail": r#"{"n":1}"#, "EventBusName": bus });
    let mut dated = entry("shop", "conformance-local-orders");
    dated["Time"] = json!("2026-12-24T09:00:00Z");
    let entries = json!([entry("other", "default"), dated, entry("shop", "unknown"), entry("aws.s3", "default")]);
    let too_many = json!(vec![entry("shop", "default"); 11]);
    let Some(responses) = server.call_operations(json!([put_events(&entries), put_events(&too_many)])).await else {
        return;
    };
    assert_eq!(responses[0]["FailedEntryCount"], 2, "{responses:?}");
    let event = server.next("invocation_started").await["event"]["json"].clone();
    assert_eq!(
        event,
        json!({
            "version": "0", "id": responses[0]["Entries"][1]["EventId"], "detail-type": "sold", "source": "shop",
            "account": "000000000000", "time": "2026-12-24T09:00:00Z", "region": "us-east-1", "resources": [],
            "detail": { "n": 1 },
        })
    );
    assert_eq!(responses[1]["code"], "ValidationException", "{responses:?}");
    server.dev_server.close();
}

#[tokio::test(flavor = "multi_thread")]
async fn worker_publishes_with_boto3() {
    let Some(sdk) = site_packages() else { return };
    let mut server = TestServer::open(vec![topic(), bus("default")]).await;
    let publish = json!({
        "do": "service", "sdk": sdk, "service": "events", "operation": "put_events",
        "arguments": { "Entries": [{ "Source": "shop", "DetailType": "sold", "Detail": "{\"from\":\"inside\"}" }] },
    });
    let invoke = json!({ "service": "lambda", "operation": "invoke",
                         "arguments": { "FunctionName": "python_case", "Payload": publish.to_string() } });
    let Some(responses) = server.call_operations(json!([invoke])).await else { return };
    assert!(responses[0]["FunctionError"].is_null(), "{responses:?}");
    loop {
        let started = server.next("invocation_started").await;
        if started["event"]["json"]["detail"]["from"] == "inside" {
            break;
        }
    }
    server.dev_server.close();
}
