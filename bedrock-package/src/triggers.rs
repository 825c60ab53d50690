//! The triggers of workers in the manifest. Queues, buckets, topics, buses, tables and streams have the names of the
//! settings, because their names on AWS depend on the stage.

use bedrock_build::Trigger;
use bedrock_build::triggers::{
    BucketTrigger, BusTrigger, ObjectEvent, QueueTrigger, ScheduleTrigger, StreamService, StreamTrigger, TopicTrigger,
    is_fifo_queue,
};
use serde::Serialize;

/// A trigger. Its first key is its kind.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Entry {
    Schedule {
        schedule: String,
        timezone: String,
        /// JSON text, as it reaches the worker; null for Scheduler's own event.
        event: Option<String>,
    },
    Queue {
        queue: String,
        batch_size: u64,
        batch_window: u64,
        partial_failures: bool,
        /// Of a queue of the app.
        max_receives: u64,
        /// Seconds, of a queue of the app.
        visibility_timeout: u64,
        /// Of a FIFO queue of the app.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        content_based_deduplication: bool,
        /// JSON texts.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        filters: Vec<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        maximum_concurrency: Option<u64>,
    },
    Bucket {
        bucket: String,
        prefix: String,
        suffix: String,
        events: Vec<&'static str>,
    },
    Topic {
        topic: String,
        /// JSON text; null for all messages.
        filter: Option<String>,
        filter_scope: &'static str,
    },
    Bus {
        bus: String,
        /// JSON text.
        pattern: String,
    },
    Stream(Box<StreamEntry>),
}

/// An event source mapping of a stream.
#[derive(Debug, Serialize)]
pub(super) struct StreamEntry {
    /// A table of the app, or the ARN of a stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    dynamodb: Option<String>,
    /// A Kinesis stream of the app, or the ARN of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    kinesis: Option<String>,
    starting_position: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    starting_position_timestamp: Option<String>,
    batch_size: u64,
    batch_window: u64,
    parallelization_factor: u64,
    /// -1 for no limit.
    maximum_retry_attempts: i64,
    /// -1 for no limit.
    maximum_record_age: i64,
    bisect_batch_on_function_error: bool,
    tumbling_window: u64,
    partial_failures: bool,
    /// JSON texts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    filters: Vec<String>,
    on_failure: Option<String>,
    /// Of a table of the app.
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_view_type: Option<&'static str>,
}

impl StreamEntry {
    fn of(trigger: &StreamTrigger) -> Self {
        let source = trigger.source.as_str().to_owned();
        let (dynamodb, kinesis) = match trigger.service {
            StreamService::Dynamodb => (Some(source), None),
            StreamService::Kinesis => (None, Some(source)),
        };
        let or_no_limit = |limit: Option<u64>| limit.and_then(|limit| i64::try_from(limit).ok()).unwrap_or(-1);
        Self {
            dynamodb,
            kinesis,
            starting_position: trigger.starting_position.as_str(),
            starting_position_timestamp: trigger.starting_position.timestamp().map(str::to_owned),
            batch_size: trigger.batch_size,
            batch_window: trigger.batch_window,
            parallelization_factor: trigger.parallelization_factor,
            maximum_retry_attempts: or_no_limit(trigger.maximum_retry_attempts),
            maximum_record_age: or_no_limit(trigger.maximum_record_age),
            bisect_batch_on_function_error: trigger.bisect_batch_on_function_error,
            tumbling_window: trigger.tumbling_window,
            partial_failures: trigger.partial_failures,
            filters: trigger.filters.clone(),
            on_failure: trigger.on_failure.clone(),
            stream_view_type: trigger.table_of_app().map(|_| trigger.stream_view_type.as_str()),
        }
    }
}

/// Returns whether a reader of version 2 of the manifest would create something else, because it does not know the
/// trigger's keys or kind.
pub(super) fn needs_version_with_stages(trigger: &Trigger) -> bool {
    match trigger {
        Trigger::Queue(QueueTrigger { queue, filters, maximum_concurrency, .. }) => {
            is_fifo_queue(queue.as_str()) || !filters.is_empty() || maximum_concurrency.is_some()
        }
        Trigger::Topic(_) | Trigger::Bus(_) | Trigger::Stream(_) => true,
        Trigger::Schedule(_) | Trigger::Bucket(_) => false,
    }
}

impl Entry {
    pub(super) fn of(trigger: &Trigger, settings: &bedrock_build::FunctionSettings) -> Self {
        match trigger {
            Trigger::Schedule(ScheduleTrigger { schedule, timezone, event }) => {
                Self::Schedule { schedule: schedule.to_string(), timezone: timezone.clone(), event: event.clone() }
            }
            Trigger::Queue(queue) => Self::Queue {
                queue: queue.queue.as_str().to_owned(),
                batch_size: queue.batch_size,
                batch_window: queue.batch_window,
                partial_failures: queue.partial_failures,
                max_receives: queue.max_receives,
                visibility_timeout: queue.visibility_timeout(settings),
                content_based_deduplication: queue.content_based_deduplication,
                filters: queue.filters.clone(),
                maximum_concurrency: queue.maximum_concurrency,
            },
            Trigger::Bucket(BucketTrigger { bucket, prefix, suffix, events, .. }) => Self::Bucket {
                bucket: bucket.as_str().to_owned(),
                prefix: prefix.clone(),
                suffix: suffix.clone(),
                events: events.iter().copied().map(ObjectEvent::as_str).collect(),
            },
            Trigger::Topic(TopicTrigger { topic, filter, filter_scope }) => Self::Topic {
                topic: topic.as_str().to_owned(),
                filter: filter.clone(),
                filter_scope: filter_scope.as_str(),
            },
            Trigger::Bus(BusTrigger { bus, pattern }) => {
                Self::Bus { bus: bus.as_str().to_owned(), pattern: pattern.clone() }
            }
            Trigger::Stream(stream) => Self::Stream(Box::new(StreamEntry::of(stream))),
        }
    }
}
