//! The triggers of a worker: schedules, queues, buckets, topics, rules of event buses and streams that invoke it.
//!
//! This file has only the types and the rules for names: `trigger_reader.rs`, `event_trigger_reader.rs` and
//! `stream_trigger_reader.rs` read triggers from the settings, and `trigger_conflicts.rs` compares the triggers of all workers.

use crate::name::{AppName, MAX_QUEUE_NAME_LENGTH};
use crate::schedule::Schedule;

pub use super::stream_trigger::{StartingPosition, StreamService, StreamTrigger, StreamViewType};
pub use super::trigger_source::TriggerSource;

/// A trigger of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A schedule of EventBridge Scheduler, which invokes the worker asynchronously.
    Schedule(ScheduleTrigger),
    /// An event source mapping of an SQS queue: batches of messages, which are deleted after the worker has succeeded.
    Queue(QueueTrigger),
    /// Notifications of an S3 bucket, which invoke the worker asynchronously for each object.
    Bucket(BucketTrigger),
    /// A subscription of an SNS topic, which invokes the worker asynchronously for each message.
    Topic(TopicTrigger),
    /// A rule of an event bus of EventBridge, which invokes the worker asynchronously for each event that matches.
    Bus(BusTrigger),
    /// An event source mapping of a DynamoDB stream or a Kinesis stream: batches of records, in the order of each shard.
    Stream(StreamTrigger),
}

/// `{ schedule = "rate(5 minutes)" }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduleTrigger {
    /// When the worker is invoked.
    pub schedule: Schedule,
    /// A name in the IANA time zone database, for example `Europe/Berlin`; its existence is not checked here. Default
    /// `UTC`.
    pub timezone: String,
    /// The event, as JSON text of an object. `None` for the default event of EventBridge Scheduler.
    pub event: Option<String>,
}

/// `{ queue = "jobs" }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueTrigger {
    /// The queue.
    pub queue: TriggerSource,
    /// The maximum number of messages per invocation, 1 to 10,000. Default 10.
    pub batch_size: u64,
    /// The maximum time to gather messages for a batch, in seconds, 0 to 300. Default 0.
    pub batch_window: u64,
    /// Whether the response lists the messages that failed (`batchItemFailures`).
    pub partial_failures: bool,
    /// How often a message is received before it is moved to the dead-letter queue, 1 to 1,000. Default 3. Only for a
    /// queue of the app.
    pub max_receives: u64,
    /// Whether the body of a message identifies duplicates. Only for a FIFO queue of the app.
    pub content_based_deduplication: bool,
    /// Event patterns as JSON texts of objects. A message reaches the worker if one of them matches; empty (default) for all
    /// messages.
    pub filters: Vec<String>,
    /// The maximum number of batches that run at the same time, 2 to 1,000. `None` for Lambda's own scaling.
    pub maximum_concurrency: Option<u64>,
}

/// `{ bucket = "uploads" }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketTrigger {
    /// The bucket.
    pub bucket: TriggerSource,
    /// The prefix of the keys. Empty (default) for all keys.
    pub prefix: String,
    /// The suffix of the keys. Empty (default) for all keys.
    pub suffix: String,
    /// The local folder that emulates the bucket, relative to the app. `None` for `target/bedrock/buckets/NAME`.
    pub folder: Option<String>,
    /// The kinds of changes that invoke the worker, at least one. Default: only new objects.
    pub events: Vec<ObjectEvent>,
}

/// `{ topic = "alerts" }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicTrigger {
    /// The topic.
    pub topic: TriggerSource,
    /// The filter policy, as JSON text of an object. `None` for all messages.
    pub filter: Option<String>,
    /// What the filter policy is compared with.
    pub filter_scope: FilterScope,
}

/// What a filter policy of SNS is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FilterScope {
    /// The attributes of the message.
    #[default]
    Attributes,
    /// The message, which must be a JSON object.
    Body,
}

/// `{ bus = "default", pattern = { source = ["shop"] } }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusTrigger {
    /// The event bus. `Own("default")` is the bus that every account has.
    pub bus: TriggerSource,
    /// The event pattern, as JSON text of an object.
    pub pattern: String,
}

/// A kind of change of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectEvent {
    /// The object was created or replaced: `s3:ObjectCreated:*`.
    Created,
    /// The object was deleted: `s3:ObjectRemoved:*`.
    Removed,
}

/// A trigger with its worker and its location in the manifest, to compare it with other triggers.
#[derive(Clone)]
pub(super) struct TriggerDeclaration {
    pub(super) worker: String,
    pub(super) location: String,
    pub(super) trigger: Trigger,
}

impl ObjectEvent {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Created, Self::Removed];

    /// Returns the name in the settings: `created` or `removed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Removed => "removed",
        }
    }

    /// Returns the name in a notification configuration of S3.
    pub fn s3_name(self) -> &'static str {
        match self {
            Self::Created => "s3:ObjectCreated:*",
            Self::Removed => "s3:ObjectRemoved:*",
        }
    }
}

impl Trigger {
    /// Returns a description for messages and lists: ``queue `jobs` ``.
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
            Self::Topic(topic) => {
                let filter = topic.filter.as_ref().map(|filter| format!(" ({filter})")).unwrap_or_default();
                format!("topic `{}`{filter}", topic.topic.as_str())
            }
            Self::Bus(bus) => format!("bus `{}` ({})", bus.bus.as_str(), bus.pattern),
            Self::Stream(stream) => {
                let filters = if stream.filters.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", stream.filters.join(" or "))
                };
                format!("{} stream `{}`{filters}", stream.service.title(), stream.source.as_str())
            }
        }
    }
}

impl Trigger {
    /// Returns the kind and the name of what invokes the worker, as call graphs show it: `schedule` with its expression, or the
    /// kind of a resource, as in the setting `uses`, with its name or ARN. A DynamoDB stream is its `table`.
    #[must_use]
    pub fn kind_and_name(&self) -> (&'static str, String) {
        let (kind, source) = match self {
            Self::Schedule(trigger) => return ("schedule", trigger.schedule.to_string()),
            Self::Queue(trigger) => ("queue", &trigger.queue),
            Self::Bucket(trigger) => ("bucket", &trigger.bucket),
            Self::Topic(trigger) => ("topic", &trigger.topic),
            Self::Bus(trigger) => ("bus", &trigger.bus),
            Self::Stream(trigger) => match trigger.service {
                StreamService::Dynamodb => ("table", &trigger.source),
                StreamService::Kinesis => ("stream", &trigger.source),
            },
        };
        (kind, source.as_str().to_owned())
    }
}

impl FilterScope {
    /// Returns the word in the settings and in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Attributes => "attributes",
            Self::Body => "body",
        }
    }
}

/// The event bus that every account has.
pub const DEFAULT_BUS: &str = "default";

impl BusTrigger {
    /// Returns whether the bus is one of the app, which is created with it.
    #[must_use]
    pub fn is_bus_of_app(&self) -> bool {
        matches!(&self.bus, TriggerSource::Own(name) if name != DEFAULT_BUS)
    }
}

impl BucketTrigger {
    /// Returns the local folder that emulates the bucket, relative to the app.
    pub fn folder(&self) -> String {
        self.folder.clone().unwrap_or_else(|| Self::default_folder(self.bucket.name()))
    }

    /// Returns the local folder of a bucket whose settings have none, relative to the app.
    #[must_use]
    pub fn default_folder(bucket: &str) -> String {
        format!("target/bedrock/buckets/{bucket}")
    }
}

/// The suffix of the name of a dead-letter queue, after the name of its queue.
const DEAD_LETTER_SUFFIX: &str = "-dead";
/// The suffix of the name of a FIFO queue (SQS API reference, `CreateQueue`).
const FIFO_SUFFIX: &str = ".fifo";

/// Returns the environment variable with the URL of a queue of the app: `MY_APP_QUEUE_URL_JOBS`.
pub fn queue_variable(app: &AppName, queue: &str) -> String {
    variable_name(&format!("{app}_QUEUE_URL_{queue}"))
}

/// Returns the environment variable with the name of a bucket of the app: `MY_APP_BUCKET_UPLOADS`.
pub fn bucket_variable(app: &AppName, bucket: &str) -> String {
    variable_name(&format!("{app}_BUCKET_{bucket}"))
}

pub(super) fn variable_name(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' }).collect()
}

/// Returns whether a queue or a topic is FIFO, by its name or ARN: the names of all that are, and of no others, end with `.fifo`.
#[must_use]
pub fn is_fifo_queue(name: &str) -> bool {
    name.ends_with(FIFO_SUFFIX)
}

/// Returns the name of the dead-letter queue of a queue. That of a FIFO queue is a FIFO queue, too.
#[must_use]
pub fn dead_letter_queue_name(queue: &str) -> String {
    match queue.strip_suffix(FIFO_SUFFIX) {
        Some(name) => format!("{name}{DEAD_LETTER_SUFFIX}{FIFO_SUFFIX}"),
        None => format!("{queue}{DEAD_LETTER_SUFFIX}"),
    }
}

/// Returns the name of the queue whose dead-letter queue this is. `None` if it is not a dead-letter queue.
#[must_use]
pub fn queue_of_dead_letter_queue(name: &str) -> Option<String> {
    match name.strip_suffix(FIFO_SUFFIX) {
        Some(name) => name.strip_suffix(DEAD_LETTER_SUFFIX).map(|name| format!("{name}{FIFO_SUFFIX}")),
        None => name.strip_suffix(DEAD_LETTER_SUFFIX).map(str::to_owned),
    }
}

/// Returns why a queue of the app cannot have that name.
pub(super) fn validate_queue_name(name: &str) -> Result<(), String> {
    let is_legal = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if queue_of_dead_letter_queue(name).is_some() {
        return Err(format!("the suffix `{DEAD_LETTER_SUFFIX}` is reserved for dead-letter queues"));
    }
    validate_length(name)?;
    let name = name.strip_suffix(FIFO_SUFFIX).unwrap_or(name);
    if name.is_empty() || !name.chars().all(is_legal) {
        return Err(format!(
            "queue names have only letters, digits, `-` and `_`, and those of FIFO queues end with `{FIFO_SUFFIX}`"
        ));
    }
    Ok(())
}

/// Returns why a bucket of the app cannot have that name.
pub(super) fn validate_bucket_name(name: &str) -> Result<(), String> {
    let is_legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    validate_length(name)?;
    if name.starts_with('-') || name.ends_with('-') || !name.chars().all(is_legal) {
        return Err("bucket names have only lower-case letters, digits and, between them, `-`".to_owned());
    }
    Ok(())
}

/// Returns why a topic or an event bus of the app cannot have that name.
pub(super) fn validate_topic_or_bus_name(name: &str) -> Result<(), String> {
    if name.ends_with(FIFO_SUFFIX) {
        return Err("Lambda functions cannot subscribe to FIFO topics: use a FIFO queue".to_owned());
    }
    validate_length(name)?;
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        return Err("names of topics and event buses have only letters, digits, `-` and `_`".to_owned());
    }
    Ok(())
}

/// Returns why a table or a Kinesis stream of the app cannot have that name.
pub(super) fn validate_stream_name(name: &str) -> Result<(), String> {
    validate_length(name)?;
    if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        return Err("names of tables and streams have only letters, digits, `-` and `_`".to_owned());
    }
    Ok(())
}

fn validate_length(name: &str) -> Result<(), String> {
    let length = name.chars().count();
    if (1..=MAX_QUEUE_NAME_LENGTH).contains(&length) {
        Ok(())
    } else {
        Err(format!("it has {length} characters, the limit is {MAX_QUEUE_NAME_LENGTH}"))
    }
}

#[cfg(test)]
mod tests;
