//! What invokes a worker besides calls: schedules, queues and buckets, as the setting `triggers` of the worker says.
//!
//! Types and names alone: `read.rs` takes them out of the settings, `conflicts.rs` compares those of all workers.

mod conflicts;
mod read;

use crate::name::{AppName, MAX_QUEUE_NAME};
use crate::schedule::Schedule;
use crate::settings::FunctionSettings;

pub(super) use conflicts::conflicts;
pub(super) use read::Declared;

/// One thing that invokes a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// EventBridge Scheduler: an accepted event when it is due.
    Schedule(ScheduleTrigger),
    /// An event source mapping of SQS: batches of messages, which are deleted when the worker has answered.
    Queue(QueueTrigger),
    /// Notifications of an S3 bucket: an accepted event for each object.
    Bucket(BucketTrigger),
}

/// `{ schedule = "rate(5 minutes)" }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleTrigger {
    /// When.
    pub schedule: Schedule,
    /// Name in the IANA time zone database, for example `Europe/Berlin`; it is not looked up here. Default `UTC`.
    pub timezone: String,
    /// What the worker gets, as JSON text of an object; Scheduler's own event where there is none.
    pub event: Option<String>,
}

/// `{ queue = "jobs" }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueTrigger {
    /// Which queue.
    pub queue: Source,
    /// Messages that one invocation gets at most, 1 to 10,000. Default 10.
    pub batch_size: u64,
    /// Seconds for which messages are gathered, 0 to 300. Default 0.
    pub batch_window: u64,
    /// Whether the answer names the messages that failed (`batchItemFailures`).
    pub partial_failures: bool,
    /// How often a message of an own queue is received before it goes to the dead-letter queue, 1 to 1,000. Default 3.
    pub max_receives: u64,
}

/// `{ bucket = "uploads" }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketTrigger {
    /// Which bucket.
    pub bucket: Source,
    /// What the keys begin with. Default: anything.
    pub prefix: String,
    /// What the keys end with. Default: anything.
    pub suffix: String,
    /// The folder that is the bucket on a laptop, relative to the app; `target/bedrock/buckets/NAME` where it is not set.
    pub folder: Option<String>,
    /// Of which changes the worker hears; at least one. Default: of new objects.
    pub events: Vec<ObjectEvent>,
}

/// A queue or bucket.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// One of the app: it is made, and deleted, with it. Its name without app and stage.
    Own(String),
    /// One that exists, by its ARN.
    Existing(String),
}

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectEvent {
    /// It is there or was replaced: `s3:ObjectCreated:*`.
    Created,
    /// It is gone: `s3:ObjectRemoved:*`.
    Removed,
}

/// SQS's longest visibility timeout in seconds.
const MAX_VISIBILITY: u64 = 43_200;

impl Source {
    /// The name without app, stage, account and region: `jobs`, the last part of an ARN.
    pub fn name(&self) -> &str {
        match self {
            Self::Own(name) => name,
            Self::Existing(arn) => arn.rsplit(':').next().unwrap_or(arn),
        }
    }

    /// What the settings say: the name or the ARN.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Own(text) | Self::Existing(text) => text,
        }
    }
}

impl ObjectEvent {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Created, Self::Removed];

    /// As the settings have it: `created` or `removed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Removed => "removed",
        }
    }

    /// The name in a notification configuration of S3.
    pub fn s3_name(self) -> &'static str {
        match self {
            Self::Created => "s3:ObjectCreated:*",
            Self::Removed => "s3:ObjectRemoved:*",
        }
    }
}

impl Trigger {
    /// What it is, for messages and lists: ``queue `jobs` ``.
    pub fn title(&self) -> String {
        match self {
            Self::Schedule(schedule) if schedule.timezone == "UTC" => format!("schedule `{}`", schedule.schedule),
            Self::Schedule(schedule) => format!("schedule `{}` ({})", schedule.schedule, schedule.timezone),
            Self::Queue(queue) => format!("queue `{}`", queue.queue.as_str()),
            Self::Bucket(bucket) => {
                let keys = format!("{}*{}", bucket.prefix, bucket.suffix);
                let keys = if keys == "*" { String::new() } else { format!(" ({keys})") };
                format!("bucket `{}`{keys}", bucket.bucket.as_str())
            }
        }
    }
}

impl BucketTrigger {
    /// The folder that is the bucket on a laptop, relative to the app.
    pub fn folder(&self) -> String {
        self.folder.clone().unwrap_or_else(|| format!("target/bedrock/buckets/{}", self.bucket.name()))
    }
}

impl QueueTrigger {
    /// Seconds for which a received message is hidden from others: six timeouts of the worker and the batch window,
    /// as Lambda's documentation asks for, so that a message is not given out again while it may still be worked on.
    pub fn visibility_timeout(&self, worker: &FunctionSettings) -> u64 {
        (6 * worker.timeout + self.batch_window).min(MAX_VISIBILITY)
    }
}

/// What is behind the name of a queue in that of its dead-letter queue.
pub const DEAD: &str = "-dead";

/// The environment variable with the URL of an own queue: `MY_APP_QUEUE_URL_JOBS`.
pub fn queue_variable(app: &AppName, queue: &str) -> String {
    variable(&format!("{app}_QUEUE_URL_{queue}"))
}

/// The environment variable with the name of an own bucket: `MY_APP_BUCKET_UPLOADS`.
pub fn bucket_variable(app: &AppName, bucket: &str) -> String {
    variable(&format!("{app}_BUCKET_{bucket}"))
}

fn variable(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// Names of FIFO queues end so, and no others do.
fn is_fifo(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| end == "fifo")
}

/// Why an own queue cannot have that name.
fn queue_fault(name: &str) -> Option<String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if is_fifo(name) {
        Some("FIFO queues are not supported".to_owned())
    } else if name.ends_with(DEAD) {
        Some(format!("names that end with `{DEAD}` are those of dead-letter queues"))
    } else {
        length_fault(name, 1, MAX_QUEUE_NAME).or_else(|| {
            (!name.chars().all(legal)).then(|| "names of queues have letters, digits, `-` and `_`".to_owned())
        })
    }
}

/// Why an own bucket cannot have that name.
fn bucket_fault(name: &str) -> Option<String> {
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let ends = name.starts_with('-') || name.ends_with('-');
    length_fault(name, 1, MAX_QUEUE_NAME).or_else(|| {
        (ends || !name.chars().all(legal))
            .then(|| "names of buckets have small letters, digits and, between them, `-`".to_owned())
    })
}

fn length_fault(name: &str, min: usize, max: usize) -> Option<String> {
    let length = name.chars().count();
    (!(min..=max).contains(&length)).then(|| format!("it has {length} characters, {min} to {max} are allowed"))
}

#[cfg(test)]
mod tests;
