//! Messages of SNS, and the event that a subscribed function gets (SNS developer guide, "Fanout to Lambda functions").

use std::collections::BTreeMap;
use std::time::SystemTime;

use bedrock_model::date::rfc3339;
use serde_json::{Map, Value, json};

use super::super::aws_api::new_uuid;

/// A message as a subscriber gets it.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Message {
    pub(in super::super) id: String,
    pub(in super::super) subject: Option<String>,
    pub(in super::super) body: String,
    pub(in super::super) attributes: BTreeMap<String, MessageAttribute>,
}

/// An attribute of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct MessageAttribute {
    /// `String`, `String.Array`, `Number` or `Binary`.
    pub(in super::super) kind: String,
    /// Binary values are Base64.
    pub(in super::super) value: String,
}

impl Message {
    /// Returns the attributes as filter policies see them: those of the type `Binary` are ignored, and of a list each element
    /// counts (SNS developer guide, "Attribute-based filtering").
    pub(super) fn filtered_attributes(&self) -> Value {
        let value = |attribute: &MessageAttribute| match attribute.kind.as_str() {
            "Number" => serde_json::from_str::<Value>(&attribute.value).ok().filter(Value::is_number),
            "String.Array" => serde_json::from_str::<Value>(&attribute.value).ok().filter(Value::is_array),
            "Binary" => None,
            _ => Some(Value::String(attribute.value.clone())),
        };
        let attributes = self.attributes.iter().filter_map(|(name, attribute)| Some((name.clone(), value(attribute)?)));
        Value::Object(attributes.collect::<Map<_, _>>())
    }
}

/// Returns the event of a message for a subscription of the topic.
pub(in super::super) fn event_json(message: &Message, topic_arn: &str, subscription: &str, now: SystemTime) -> Value {
    let region = topic_arn.split(':').nth(3).unwrap_or_default();
    let service = format!("https://sns.{region}.amazonaws.com");
    let attributes = message
        .attributes
        .iter()
        .map(|(name, attribute)| (name.clone(), json!({ "Type": attribute.kind, "Value": attribute.value })));
    json!({ "Records": [{
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription,
        "Sns": {
            "Type": "Notification",
            "MessageId": message.id,
            "TopicArn": topic_arn,
            "Subject": message.subject,
            "Message": message.body,
            "Timestamp": rfc3339(now),
            "SignatureVersion": "1",
            // Only SNS has the key for a real one.
            "Signature": "bG9jYWw=",
            "SigningCertUrl": format!("{service}/SimpleNotificationService.pem"),
            "UnsubscribeUrl": format!("{service}/?Action=Unsubscribe&SubscriptionArn={subscription}"),
            "MessageAttributes": attributes.collect::<Map<_, _>>(),
        },
    }] })
}

/// Returns the ARN of a new subscription of a topic.
pub(super) fn new_subscription_arn(topic_arn: &str) -> String {
    format!("{topic_arn}:{}", new_uuid())
}
