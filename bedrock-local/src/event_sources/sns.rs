//! Messages of SNS, which of them a subscription gets, and the event that its function gets (SNS developer guide, "Fanout to
//! Lambda functions").

use std::collections::BTreeMap;
use std::time::SystemTime;

use bedrock_build::event_pattern::{EventPattern, PatternDialect};
use bedrock_build::triggers::{FilterScope, TopicTrigger};
use bedrock_model::date::rfc3339;
use bedrock_model::{matches_pattern, parse_pattern};
use serde_json::{Map, Value, json};

/// A message as a subscriber gets it.
#[derive(Debug, Clone, Default)]
pub struct SnsMessage {
    /// `MessageId`
    pub id: String,
    /// `Subject`
    pub subject: Option<String>,
    /// The message itself.
    pub body: String,
    /// Its attributes by their names.
    pub attributes: BTreeMap<String, MessageAttribute>,
}

/// An attribute of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageAttribute {
    /// `String`, `String.Array`, `Number` or `Binary`.
    pub kind: String,
    /// Binary values are Base64.
    pub value: String,
}

impl SnsMessage {
    /// Returns the attributes as filter policies see them: those of the type `Binary` are ignored, and of a list each element
    /// counts (SNS developer guide, "Attribute-based filtering").
    fn filtered_attributes(&self) -> Value {
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

/// The filter policy of a subscription.
#[derive(Debug, Clone, Default)]
pub struct SubscriptionFilter {
    /// `None` for all messages.
    pattern: Option<EventPattern>,
    scope: FilterScope,
}

impl SubscriptionFilter {
    /// Reads the policy of a trigger, which the settings have checked.
    #[must_use]
    pub fn of(trigger: &TopicTrigger) -> Self {
        let parse = |text: &String| parse_pattern(text, PatternDialect::EventSourceMapping).ok();
        Self { pattern: trigger.filter.as_ref().and_then(parse), scope: trigger.filter_scope }
    }

    /// Returns whether the function gets the message. A policy for bodies matches none that is not a JSON object.
    #[must_use]
    pub fn accepts(&self, message: &SnsMessage) -> bool {
        let Some(pattern) = &self.pattern else { return true };
        match self.scope {
            FilterScope::Attributes => matches_pattern(pattern, &message.filtered_attributes()),
            FilterScope::Body => {
                let body = serde_json::from_str::<Value>(&message.body).ok().filter(Value::is_object);
                body.is_some_and(|body| matches_pattern(pattern, &body))
            }
        }
    }
}

/// Returns the event of a message for a subscription of the topic, an ARN.
#[must_use]
pub fn event_json(message: &SnsMessage, topic_arn: &str, subscription: &str, now: SystemTime) -> Value {
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
