//! Tests of SNS's API as clients use it, without their libraries.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use bedrock_build::triggers::{FilterScope, TopicTrigger, TriggerSource};
use serde_json::Value;

use super::super::topic::{Sns, Subscription, Topic};
use super::serve;
use crate::Clock;
use crate::triggers::fake_backend::{RecordedCalls, function};

const ARN: &str = "arn:aws:sns:us-east-1:000000000000:shop-local-alerts";

struct TestSns {
    calls: RecordedCalls,
    sns: Arc<Sns>,
}

impl TestSns {
    /// Opens a topic with a subscription. The queue of the worker rejects the first `rejections` events.
    fn open(filter: Option<(&str, FilterScope)>, rejections: u32) -> Self {
        let calls = RecordedCalls::new(rejections);
        let trigger = TopicTrigger {
            topic: TriggerSource::Own("alerts".to_owned()),
            filter: filter.map(|(text, _)| text.to_owned()),
            filter_scope: filter.map_or(FilterScope::Attributes, |(_, scope)| scope),
        };
        let subscriptions = vec![Subscription::new(ARN, function(), &trigger)];
        let topics = vec![Topic { arn: ARN.to_owned(), subscriptions }];
        let dispatcher = Arc::clone(&calls.dispatcher);
        Self { calls, sns: Arc::new(Sns { topics, dispatcher, clock: Clock::real() }) }
    }

    /// Returns status and document of a request.
    async fn call(&self, parameters: &[(&str, &str)]) -> (u16, String) {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
        let request = Request::post("/_sns/")
            .header("authorization", "AWS4-HMAC-SHA256 Credential=any/1/us-east-1/sns/aws4_request")
            .body(Body::from(body))
            .expect("a request");
        let (head, body) = serve(State(Arc::clone(&self.sns)), request).await.into_parts();
        let body = to_bytes(body, usize::MAX).await.expect("a body");
        (head.status.as_u16(), String::from_utf8(body.to_vec()).expect("text"))
    }

    async fn publish(&self, parameters: &[(&str, &str)]) -> (u16, String) {
        self.call(&[&[("Action", "Publish"), ("TopicArn", ARN)], parameters].concat()).await
    }

    /// Returns the part `Sns` of each event.
    fn messages(&self) -> Vec<Value> {
        let events = self.calls.events.lock().expect("events");
        events.iter().map(|event| event["Records"][0]["Sns"].clone()).collect()
    }
}

#[tokio::test]
async fn message_reaches_the_worker_with_its_attributes() {
    let sns = TestSns::open(None, 0);
    let (status, document) = sns
        .publish(&[
            ("Message", "größer"),
            ("Subject", "a subject"),
            ("MessageAttributes.entry.1.Name", "kind"),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
            ("MessageAttributes.entry.1.Value.StringValue", "order"),
        ])
        .await;
    let message = sns.messages().pop().expect("a message");
    assert_eq!(status, 200, "{document}");
    assert!(document.contains(&format!("<MessageId>{}</MessageId>", message["MessageId"].as_str().expect("an id"))));
    assert_eq!(
        (&message["Message"], &message["Subject"], &message["TopicArn"]),
        (&"größer".into(), &"a subject".into(), &ARN.into())
    );
    assert_eq!(message["MessageAttributes"], serde_json::json!({ "kind": { "Type": "String", "Value": "order" } }));
}

#[tokio::test]
async fn filter_policies_see_attributes_or_bodies() {
    let kind = |value| {
        [
            ("Message", r#"{"kind":"body"}"#),
            ("MessageAttributes.entry.1.Name", "kind"),
            ("MessageAttributes.entry.1.Value.DataType", "String.Array"),
            ("MessageAttributes.entry.1.Value.StringValue", value),
        ]
    };
    let number = [
        ("Message", "x"),
        ("MessageAttributes.entry.1.Name", "n"),
        ("MessageAttributes.entry.1.Value.DataType", "Number"),
        ("MessageAttributes.entry.1.Value.StringValue", "7"),
    ];
    let order = r#"{"kind":["order"]}"#;
    for (policy, scope, message, is_delivered) in [
        (order, FilterScope::Attributes, &kind(r#"["a","order"]"#)[..], true),
        (order, FilterScope::Attributes, &kind(r#"["a"]"#), false),
        (order, FilterScope::Attributes, &[("Message", r#"{"kind":"order"}"#)], false),
        (r#"{"n":[{"numeric":[">",5]}]}"#, FilterScope::Attributes, &number, true),
        (r#"{"n":[{"numeric":[">",7]}]}"#, FilterScope::Attributes, &number, false),
        (r#"{"kind":["body"]}"#, FilterScope::Body, &kind(r#"["a"]"#), true),
        (order, FilterScope::Body, &kind(r#"["order"]"#), false),
        (order, FilterScope::Body, &[("Message", "order")], false),
        (r#"{"kind":[{"exists":false}]}"#, FilterScope::Body, &[("Message", "order")], false),
    ] {
        let sns = TestSns::open(Some((policy, scope)), 0);
        assert_eq!(sns.publish(message).await.0, 200);
        assert_eq!(sns.messages().len(), usize::from(is_delivered), "{policy} {message:?}");
    }
}

#[tokio::test]
async fn structured_messages_have_a_text_for_functions() {
    let sns = TestSns::open(None, 0);
    let json = |text| [("MessageStructure", "json"), ("Message", text)];
    assert_eq!(sns.publish(&json(r#"{"default":"a","lambda":"b"}"#)).await.0, 200);
    assert_eq!(sns.publish(&json(r#"{"default":"a"}"#)).await.0, 200);
    for text in [r#"{"lambda":"b"}"#, "{"] {
        let (status, document) = sns.publish(&json(text)).await;
        assert_eq!(status, 400);
        assert!(document.contains("<Code>InvalidParameter</Code>"), "{document}");
    }
    let texts: Vec<_> = sns.messages().into_iter().map(|message| message["Message"].clone()).collect();
    assert_eq!(texts, ["b", "a"]);
}

#[tokio::test]
async fn invalid_requests_get_the_errors_of_sns() {
    let sns = TestSns::open(None, 0);
    let long = "x".repeat(256 * 1024 + 1);
    let attribute = |kind, value| {
        [
            ("Message", "x"),
            ("MessageAttributes.entry.1.Name", "a"),
            ("MessageAttributes.entry.1.Value.DataType", kind),
            ("MessageAttributes.entry.1.Value.StringValue", value),
        ]
    };
    for (parameters, code) in [
        (&[("TopicArn", "arn:aws:sns:us-east-1:000000000000:none")][..], "NotFound"),
        (&[("Action", "Subscribe")], "InvalidAction"),
        (&[("Message", "")], "InvalidParameter"),
        (&[("Message", &long)], "InvalidParameter"),
        (&[("Message", "x"), ("Subject", "a\nb")], "InvalidParameter"),
        (&attribute("Number", "many"), "ParameterValueInvalid"),
        (&attribute("Text", "x"), "ParameterValueInvalid"),
    ] {
        let (_, document) = sns.publish(parameters).await;
        assert!(document.contains(&format!("<Code>{code}</Code>")), "{document}");
    }
    assert!(sns.messages().is_empty());
    let anonymous = Request::post("/_sns/").body(Body::empty()).expect("a request");
    assert_eq!(serve(State(Arc::clone(&sns.sns)), anonymous).await.status(), 403);
}

#[tokio::test]
async fn batch_reports_each_message() {
    let sns = TestSns::open(None, 1);
    let entry = |number: usize, name: &str| format!("PublishBatchRequestEntries.member.{number}.{name}");
    let names: Vec<String> = (1..=3).flat_map(|number| [entry(number, "Id"), entry(number, "Message")]).collect();
    let values = ["a", "rejected", "b", "delivered", "c", ""];
    let mut parameters = vec![("Action", "PublishBatch"), ("TopicArn", ARN)];
    parameters.extend(names.iter().map(String::as_str).zip(values));
    let (status, document) = sns.call(&parameters).await;
    assert_eq!((status, sns.messages().len()), (200, 1), "{document}");
    assert!(document.contains("<Successful><member><Id>b</Id>"), "{document}");
    assert!(document.contains("<Failed><member><Id>a</Id><Code>InternalError</Code>"), "{document}");
    assert!(document.contains("<member><Id>c</Id><Code>InvalidParameter</Code>"), "{document}");
    assert!(sns.call(&parameters[..2]).await.1.contains("EmptyBatchRequest"));
    let same = [&parameters[..4], &[(names[2].as_str(), "a"), (names[3].as_str(), "x")]].concat();
    assert!(sns.call(&same).await.1.contains("BatchEntryIdsNotDistinct"));
}
