//! The triggers that are to be there, gathered from the functions that have them.

use std::collections::BTreeMap;

use crate::deploy::desired::Desired;
use crate::deploy::manifest::{ObjectEvent, Trigger};
use crate::deploy::stage::Site;

use super::names::last;

/// By what they are called on AWS: schedules and buckets by name, queues by ARN.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    pub(super) schedules: BTreeMap<String, Schedule>,
    pub(super) queues: BTreeMap<String, Queue>,
    pub(super) buckets: BTreeMap<String, Bucket>,
}

/// When a worker is invoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Schedule {
    pub(crate) key: String,
    pub(crate) expression: String,
    pub(crate) timezone: String,
    /// JSON text; none for Scheduler's own event.
    pub(crate) input: Option<String>,
}

/// Who takes the messages of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Queue {
    pub(super) key: String,
    pub(super) mapping: Mapping,
    /// If it is made with the app.
    pub(super) own: Option<OwnQueue>,
}

/// How messages are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mapping {
    pub(crate) batch_size: i32,
    /// Seconds.
    pub(crate) batch_window: i32,
    pub(crate) partial_failures: bool,
}

/// A queue of the app, which has one for its dead letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnQueue {
    pub(crate) name: String,
    /// Seconds.
    pub(crate) visibility_timeout: i32,
    pub(crate) max_receives: i32,
}

/// Who hears of changes in a bucket.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    /// If it is made with the app.
    pub(super) own: bool,
    pub(super) notices: Vec<Notice>,
}

/// Which changes a worker hears of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Notice {
    pub(crate) key: String,
    pub(crate) prefix: String,
    pub(crate) suffix: String,
    pub(crate) events: Vec<String>,
}

/// What the functions of `desired` are to be invoked by.
pub(super) fn wanted(site: &Site, desired: &Desired) -> Wanted {
    let mut wanted = Wanted::default();
    for (key, function) in desired {
        let mut schedules = 0;
        for trigger in &function.triggers {
            match trigger {
                Trigger::Schedule { schedule, timezone, event } => {
                    schedules += 1;
                    let (expression, timezone, input) = (schedule.clone(), timezone.clone(), event.clone());
                    let schedule = Schedule { key: key.clone(), expression, timezone, input };
                    wanted.schedules.insert(format!("{key}-{schedules}"), schedule);
                }
                Trigger::Queue { .. } => wanted.queues.extend(queue(site, key, trigger)),
                Trigger::Bucket { bucket, prefix, suffix, events } => {
                    let own = !bucket.starts_with("arn:");
                    let name = if own { site.bucket_of(bucket) } else { last(bucket).to_owned() };
                    let mut events: Vec<String> = events.iter().map(|event| event.s3_name().to_owned()).collect();
                    events.sort();
                    let (prefix, suffix) = (prefix.clone(), suffix.clone());
                    let entry = wanted.buckets.entry(name).or_default();
                    entry.own = own;
                    entry.notices.push(Notice { key: key.clone(), prefix, suffix, events });
                    entry.notices.sort();
                }
            }
        }
    }
    wanted
}

fn queue(site: &Site, key: &str, trigger: &Trigger) -> Option<(String, Queue)> {
    let Trigger::Queue { queue, batch_size, batch_window, partial_failures, max_receives, visibility_timeout } =
        trigger
    else {
        return None;
    };
    let mapping = Mapping { batch_size: *batch_size, batch_window: *batch_window, partial_failures: *partial_failures };
    let own = (!queue.starts_with("arn:")).then(|| OwnQueue {
        name: site.queue(queue),
        visibility_timeout: *visibility_timeout,
        max_receives: *max_receives,
    });
    let arn = own.as_ref().map_or_else(|| queue.clone(), |own| site.queue_arn(&own.name));
    Some((arn, Queue { key: key.to_owned(), mapping, own }))
}

impl ObjectEvent {
    /// As a notification configuration has it.
    fn s3_name(self) -> &'static str {
        match self {
            Self::Created => "s3:ObjectCreated:*",
            Self::Removed => "s3:ObjectRemoved:*",
        }
    }
}
