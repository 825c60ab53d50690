//! Topics, their subscriptions, and the delivery of a message to the workers whose filter policies it matches.

use std::sync::Arc;

use bedrock_build::event_pattern::{EventPattern, PatternDialect};
use bedrock_build::triggers::{FilterScope, TopicTrigger};
use bedrock_model::{FunctionInfo, matches_pattern, parse_pattern};
use serde_json::Value;

use super::super::dispatcher::TriggerDispatcher;
use super::message::{Message, event_json, new_subscription_arn};
use crate::Clock;
use crate::event_log::TriggerKind;

/// All topics of an app.
pub(in super::super) struct Sns {
    pub(in super::super) topics: Vec<Topic>,
    pub(in super::super) dispatcher: Arc<TriggerDispatcher>,
    pub(in super::super) clock: Clock,
}

/// A topic.
pub(in super::super) struct Topic {
    pub(in super::super) arn: String,
    pub(in super::super) subscriptions: Vec<Subscription>,
}

/// A subscription of a worker.
pub(in super::super) struct Subscription {
    arn: String,
    function: FunctionInfo,
    filter: Option<EventPattern>,
    scope: FilterScope,
}

impl Subscription {
    /// Creates a subscription as the settings of a worker declare it.
    pub(in super::super) fn new(topic_arn: &str, function: FunctionInfo, trigger: &TopicTrigger) -> Self {
        // The settings have checked the policy.
        let parse = |text: &String| parse_pattern(text, PatternDialect::EventSourceMapping).ok();
        Self {
            arn: new_subscription_arn(topic_arn),
            function,
            filter: trigger.filter.as_ref().and_then(parse),
            scope: trigger.filter_scope,
        }
    }

    /// Returns whether the worker gets the message. A policy for bodies matches none that is not a JSON object.
    fn accepts(&self, message: &Message) -> bool {
        let Some(filter) = &self.filter else { return true };
        match self.scope {
            FilterScope::Attributes => matches_pattern(filter, &message.filtered_attributes()),
            FilterScope::Body => {
                let body = serde_json::from_str::<Value>(&message.body).ok().filter(Value::is_object);
                body.is_some_and(|body| matches_pattern(filter, &body))
            }
        }
    }
}

impl Topic {
    /// Returns the name: the last part of the ARN.
    fn name(&self) -> &str {
        self.arn.rsplit(':').next().unwrap_or_default()
    }
}

impl Sns {
    /// Serves these topics.
    pub(in super::super) fn open(topics: Vec<Topic>, dispatcher: &Arc<TriggerDispatcher>, clock: &Clock) -> Arc<Self> {
        Arc::new(Self { topics, dispatcher: Arc::clone(dispatcher), clock: clock.clone() })
    }

    pub(super) fn find(&self, arn: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.arn == arn)
    }

    /// Delivers a message to every subscription that accepts it. The error says why a worker's queue has rejected it.
    pub(super) async fn deliver(&self, topic: &Topic, message: &Message) -> Result<(), String> {
        let now = self.clock.now();
        for subscription in topic.subscriptions.iter().filter(|subscription| subscription.accepts(message)) {
            let event = event_json(message, &topic.arn, &subscription.arn, now).to_string();
            let function = &subscription.function;
            self.dispatcher.accept(function, event, TriggerKind::Topic, topic.name(), 1).await?;
        }
        Ok(())
    }
}
