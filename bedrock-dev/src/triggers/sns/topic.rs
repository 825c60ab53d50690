//! Topics, their subscriptions, and the delivery of a message to the workers whose filter policies it matches.

use std::sync::Arc;

use bedrock_build::triggers::TopicTrigger;
use bedrock_local::event_sources::{SnsMessage, SubscriptionFilter, sns_event};
use bedrock_model::FunctionInfo;

use super::super::aws_api::new_uuid;
use super::super::dispatcher::TriggerDispatcher;
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
    filter: SubscriptionFilter,
}

impl Subscription {
    /// Creates a subscription as the settings of a worker declare it.
    pub(in super::super) fn new(topic_arn: &str, function: FunctionInfo, trigger: &TopicTrigger) -> Self {
        Self { arn: format!("{topic_arn}:{}", new_uuid()), function, filter: SubscriptionFilter::of(trigger) }
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
    pub(super) async fn deliver(&self, topic: &Topic, message: &SnsMessage) -> Result<(), String> {
        let now = self.clock.now();
        for subscription in topic.subscriptions.iter().filter(|subscription| subscription.filter.accepts(message)) {
            let event = sns_event(message, &topic.arn, &subscription.arn, now).to_string();
            let function = &subscription.function;
            self.dispatcher.accept(function, event, TriggerKind::Topic, topic.name(), 1).await?;
        }
        Ok(())
    }
}
