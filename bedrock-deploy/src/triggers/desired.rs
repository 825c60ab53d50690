//! The desired triggers of a stage, collected from its functions.

use std::collections::BTreeMap;

use bedrock_build::triggers::DEFAULT_BUS;
use serde_json::Value;

use super::streams::desired::{DesiredStream, StreamSource, add_stream};
use crate::desired::Desired;
use crate::manifest::{FilterScope, ObjectEvent, Trigger};
use crate::stage::{StageContext, arn_resource};
use crate::uses::ResourceUse;

/// Attributes of a queue that no worker of the app receives from, as in the app's `terraform/manifest/outputs.tf`.
const USED_QUEUE_VISIBILITY_TIMEOUT_SECONDS: i32 = 30;
const USED_QUEUE_MAX_RECEIVES: i32 = 3;

/// The desired triggers: schedules and buckets by their names, queues by their ARNs.
#[derive(Debug, Clone, Default)]
pub(crate) struct DesiredTriggers {
    pub(crate) schedules: BTreeMap<String, Schedule>,
    pub(crate) queues: BTreeMap<String, DesiredQueue>,
    pub(crate) buckets: BTreeMap<String, DesiredBucket>,
    /// By their ARNs.
    pub(crate) topics: BTreeMap<String, DesiredTopic>,
    /// By their ARNs.
    pub(crate) rules: BTreeMap<String, DesiredRule>,
    pub(crate) streams: BTreeMap<StreamSource, DesiredStream>,
}

/// A topic to which workers subscribe.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DesiredTopic {
    /// Its full name if the deploy creates it.
    pub(crate) app_topic: Option<String>,
    /// By the keys of the functions.
    pub(crate) subscriptions: BTreeMap<String, SubscriptionFilter>,
}

/// Which messages a subscription delivers. The default is all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct SubscriptionFilter {
    pub(crate) policy: Option<Value>,
    /// Whether the policy is compared with the body of a message rather than with its attributes.
    pub(crate) is_of_body: bool,
}

/// A rule of an event bus that invokes a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DesiredRule {
    pub(crate) key: String,
    pub(crate) name: String,
    /// The full name of the bus.
    pub(crate) bus: String,
    /// Whether the deploy creates the bus.
    pub(crate) is_app_bus: bool,
    pub(crate) pattern: Value,
}

/// A schedule that invokes a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) key: String,
    pub(crate) expression: String,
    pub(crate) timezone: String,
    /// JSON text. `None` stands for Scheduler's own event.
    pub(crate) input: Option<String>,
}

/// A queue whose messages a worker receives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DesiredQueue {
    pub(crate) key: String,
    /// `None` if the function only uses the queue.
    pub(crate) mapping: Option<EventSourceMapping>,
    /// `None` if the queue is not created by the deploy.
    pub(crate) app_queue: Option<AppQueue>,
}

/// Settings of an event source mapping, which delivers the messages of a queue to a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventSourceMapping {
    pub(crate) batch_size: i32,
    pub(crate) batch_window_seconds: i32,
    /// Whether the function reports which messages of a batch failed.
    pub(crate) reports_partial_failures: bool,
    /// Event patterns, of which one must match. Empty for all messages.
    pub(crate) filters: Vec<Value>,
    /// `None` for Lambda's own scaling.
    pub(crate) maximum_concurrency: Option<i32>,
}

/// A queue of the app, which has a dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AppQueue {
    pub(crate) name: String,
    pub(crate) visibility_timeout_seconds: i32,
    pub(crate) max_receives: i32,
    /// Whether the body of a message identifies duplicates; only FIFO queues have it.
    pub(crate) content_based_deduplication: bool,
}

/// A bucket that notifies workers of changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DesiredBucket {
    /// Whether the deploy creates it.
    pub(crate) is_app_bucket: bool,
    pub(crate) notifications: Vec<NotificationConfig>,
}

/// The changes of a bucket that a worker is notified of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NotificationConfig {
    pub(crate) key: String,
    pub(crate) prefix: String,
    pub(crate) suffix: String,
    /// S3 event types such as `s3:ObjectCreated:*`, sorted.
    pub(crate) events: Vec<String>,
    /// Whether the alias is invoked. A notification of an earlier deploy invokes the unqualified function.
    pub(crate) invokes_alias: bool,
}

impl DesiredTriggers {
    /// Collects the triggers of the functions of `desired`.
    pub(crate) fn new(stage: &StageContext, desired: &Desired) -> Self {
        let mut triggers = Self::default();
        for (key, function) in desired {
            let mut schedule_count = 0;
            let mut rule_count = 0;
            for trigger in &function.triggers {
                match trigger {
                    Trigger::Schedule { schedule, timezone, event } => {
                        schedule_count += 1;
                        let schedule = Schedule {
                            key: key.clone(),
                            expression: schedule.clone(),
                            timezone: timezone.clone(),
                            input: event.clone(),
                        };
                        triggers.schedules.insert(format!("{key}-{schedule_count}"), schedule);
                    }
                    Trigger::Topic { topic, filter, filter_scope } => {
                        let app_topic = (!topic.starts_with("arn:")).then(|| format!("{}{topic}", stage.prefix()));
                        let arn = app_topic.as_ref().map_or_else(|| topic.clone(), |name| stage.topic_arn(name));
                        let entry = triggers.topics.entry(arn).or_default();
                        entry.app_topic = app_topic;
                        // The build has written it as JSON.
                        let policy = filter.as_ref().and_then(|text| serde_json::from_str(text).ok());
                        let is_of_body = policy.is_some() && *filter_scope == FilterScope::Body;
                        entry.subscriptions.insert(key.clone(), SubscriptionFilter { policy, is_of_body });
                    }
                    Trigger::Bus { bus, pattern } => {
                        rule_count += 1;
                        let rule = desired_rule(stage, key, rule_count, bus, pattern);
                        triggers.rules.insert(stage.rule_arn(&rule.bus, &rule.name), rule);
                    }
                    Trigger::Stream(stream) => {
                        add_stream(&mut triggers.streams, stage, key, stream, &function.resources);
                    }
                    Trigger::Queue { .. } => triggers.queues.extend(desired_queue(stage, key, trigger)),
                    Trigger::Bucket { bucket, prefix, suffix, events } => {
                        let is_app_bucket = !bucket.starts_with("arn:");
                        let name =
                            if is_app_bucket { stage.bucket_name(bucket) } else { arn_resource(bucket).to_owned() };
                        let mut events: Vec<String> = events.iter().map(|event| event.s3_type().to_owned()).collect();
                        events.sort();
                        let entry = triggers.buckets.entry(name).or_default();
                        entry.is_app_bucket = is_app_bucket;
                        entry.notifications.push(NotificationConfig {
                            key: key.clone(),
                            prefix: prefix.clone(),
                            suffix: suffix.clone(),
                            events,
                            invokes_alias: true,
                        });
                        entry.notifications.sort();
                    }
                }
            }
        }
        for (key, function) in desired {
            for resource in &function.resources {
                triggers.add_used(stage, key, resource);
            }
        }
        triggers
    }

    /// Adds a queue or a bucket of the app that a function uses, unless it is one of a trigger.
    fn add_used(&mut self, stage: &StageContext, key: &str, resource: &ResourceUse) {
        match resource.kind.as_str() {
            "queue" => {
                let app_queue = AppQueue {
                    name: stage.queue_name(&resource.name),
                    visibility_timeout_seconds: USED_QUEUE_VISIBILITY_TIMEOUT_SECONDS,
                    max_receives: USED_QUEUE_MAX_RECEIVES,
                    content_based_deduplication: false,
                };
                let queue = DesiredQueue { key: key.to_owned(), mapping: None, app_queue: Some(app_queue) };
                self.queues.entry(resource.arn_in(stage)).or_insert(queue);
            }
            "bucket" => {
                self.buckets.entry(stage.bucket_name(&resource.name)).or_default().is_app_bucket = true;
            }
            _ => {}
        }
    }
}

fn desired_rule(stage: &StageContext, key: &str, number: usize, bus: &str, pattern: &str) -> DesiredRule {
    let is_app_bus = !bus.starts_with("arn:") && bus != DEFAULT_BUS;
    let name = bus.rsplit('/').next().unwrap_or_default();
    DesiredRule {
        key: key.to_owned(),
        name: stage.rule_name(key, number),
        bus: if is_app_bus { format!("{}{name}", stage.prefix()) } else { name.to_owned() },
        is_app_bus,
        // The build has written it as JSON.
        pattern: serde_json::from_str(pattern).unwrap_or_default(),
    }
}

/// Returns the queue with its ARN.
fn desired_queue(stage: &StageContext, key: &str, trigger: &Trigger) -> Option<(String, DesiredQueue)> {
    let Trigger::Queue {
        queue,
        batch_size,
        batch_window,
        partial_failures,
        max_receives,
        visibility_timeout,
        content_based_deduplication,
        filters,
        maximum_concurrency,
    } = trigger
    else {
        return None;
    };
    let mapping = EventSourceMapping {
        batch_size: *batch_size,
        batch_window_seconds: *batch_window,
        reports_partial_failures: *partial_failures,
        // The build has written them as JSON.
        filters: filters.iter().filter_map(|text| serde_json::from_str(text).ok()).collect(),
        maximum_concurrency: *maximum_concurrency,
    };
    let app_queue = (!queue.starts_with("arn:")).then(|| AppQueue {
        name: stage.queue_name(queue),
        visibility_timeout_seconds: *visibility_timeout,
        max_receives: *max_receives,
        content_based_deduplication: *content_based_deduplication,
    });
    let arn = app_queue.as_ref().map_or_else(|| queue.clone(), |app_queue| stage.queue_arn(&app_queue.name));
    Some((arn, DesiredQueue { key: key.to_owned(), mapping: Some(mapping), app_queue }))
}

impl ObjectEvent {
    /// Returns the event type in S3's notification configuration.
    fn s3_type(self) -> &'static str {
        match self {
            Self::Created => "s3:ObjectCreated:*",
            Self::Removed => "s3:ObjectRemoved:*",
        }
    }
}
