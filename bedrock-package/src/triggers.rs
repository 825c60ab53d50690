//! The triggers of workers in the manifest. Queues and buckets have the names of the settings, because their names on AWS
//! depend on the stage.

use bedrock_build::Trigger;
use bedrock_build::triggers::{BucketTrigger, ObjectEvent, QueueTrigger, ScheduleTrigger};
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
    },
    Bucket {
        bucket: String,
        prefix: String,
        suffix: String,
        events: Vec<&'static str>,
    },
}

impl Entry {
    pub(super) fn of(trigger: &Trigger, settings: &bedrock_build::FunctionSettings) -> Self {
        match trigger {
            Trigger::Schedule(ScheduleTrigger { schedule, timezone, event }) => {
                Self::Schedule { schedule: schedule.to_string(), timezone: timezone.clone(), event: event.clone() }
            }
            Trigger::Queue(queue) => {
                let QueueTrigger { batch_size, batch_window, partial_failures, max_receives, .. } = *queue;
                let visibility_timeout = queue.visibility_timeout(settings);
                let queue = queue.queue.as_str().to_owned();
                Self::Queue { queue, batch_size, batch_window, partial_failures, max_receives, visibility_timeout }
            }
            Trigger::Bucket(BucketTrigger { bucket, prefix, suffix, events, .. }) => Self::Bucket {
                bucket: bucket.as_str().to_owned(),
                prefix: prefix.clone(),
                suffix: suffix.clone(),
                events: events.iter().copied().map(ObjectEvent::as_str).collect(),
            },
        }
    }
}
