//! Reads the triggers of a worker: each has exactly one kind, and the keys of that kind.

use std::ops::RangeInclusive;

use toml::de::DeTable;

use super::arn::is_arn_of;
use super::json::object_text;
use super::reader::{Reader, Value, is_inside_app, set};
use super::triggers::{
    BucketTrigger, ObjectEvent, QueueTrigger, ScheduleTrigger, StreamService, Trigger, TriggerDeclaration,
    TriggerSource, is_fifo_queue, validate_bucket_name, validate_queue_name,
};
use crate::event_pattern::PatternDialect;
use crate::schedule::{self, Schedule};

const KINDS: &[&str] = &["schedule", "queue", "bucket", "topic", "bus", "dynamodb", "kinesis"];
const SCHEDULE_KEYS: &[&str] = &["event", "schedule", "timezone"];
const QUEUE_KEYS: &[&str] = &[
    "batch-size",
    "batch-window",
    "content-based-deduplication",
    "filters",
    "max-receives",
    "maximum-concurrency",
    "partial-failures",
    "queue",
];
const BUCKET_KEYS: &[&str] = &["bucket", "events", "folder", "prefix", "suffix"];

/// The number of messages in a batch (API model, `BatchSize`, for standard queues).
const BATCH_SIZE: RangeInclusive<u64> = 1..=10_000;
/// The time to gather a batch, in seconds (API model, `MaximumBatchingWindowInSeconds`).
const BATCH_WINDOW_SECONDS: RangeInclusive<u64> = 0..=300;
/// The largest batch size that needs no batch window.
const MAX_SIZE_WITHOUT_WINDOW: u64 = 10;
/// AWS recommends at least 5, because throttled batches count (developer guide of Lambda, "Using Lambda with Amazon SQS").
const DEFAULT_MAX_RECEIVES: u64 = 5;
/// `maxReceiveCount` of a redrive policy.
const MAX_RECEIVES: RangeInclusive<u64> = 1..=1000;
/// Batches of an event source mapping that run at the same time (API model, `MaximumConcurrency`).
const MAXIMUM_CONCURRENCY: RangeInclusive<u64> = 2..=1000;
/// Filters of an event source mapping: five by default, ten on request (Lambda quotas).
const MAX_FILTERS: usize = 10;
/// Characters of a filter (API model, `Pattern`).
const MAX_PATTERN_CHARS: usize = 4096;
/// The only key of a message that filters see (Lambda developer guide, "Using event filtering with an Amazon SQS event
/// source").
const BODY: &str = "body";
/// The limit for keys of S3, and therefore for prefixes and suffixes.
const MAX_KEY_BYTES: usize = 1024;

impl Reader<'_> {
    /// Reads the list `triggers` of a worker.
    pub(super) fn triggers(&mut self, value: &Value<'_>, path: &str) -> Vec<Trigger> {
        let Some(list) = value.get_ref().as_array() else {
            self.wrong_value(value, path, "a list of tables, one for each trigger");
            return Vec::new();
        };
        let worker = path.rsplit('.').nth(1).unwrap_or_default().to_owned();
        let mut triggers = Vec::new();
        for (value, number) in list.iter().zip(0..) {
            if let Some(trigger) = self.trigger(value, &format!("{path}[{number}]")) {
                let location = self.table.manifest.location(&value.span());
                self.triggers.push(TriggerDeclaration { worker: worker.clone(), location, trigger: trigger.clone() });
                triggers.push(trigger);
            }
        }
        triggers
    }

    fn trigger(&mut self, value: &Value<'_>, path: &str) -> Option<Trigger> {
        let table = value.get_ref().as_table();
        let kinds: Vec<&str> =
            KINDS.iter().copied().filter(|kind| table.is_some_and(|t| t.contains_key(*kind))).collect();
        let (Some(table), [kind]) = (table, &kinds[..]) else {
            self.wrong_value(
                value,
                path,
                "a table with exactly one of `schedule`, `queue`, `bucket`, `topic`, `bus`, `dynamodb` and `kinesis`",
            );
            if let Some(table) = table.filter(|_| kinds.is_empty()) {
                self.suggest_key(table, &[], KINDS);
            }
            return None;
        };
        let earlier_problems = self.problems.len();
        let trigger = match *kind {
            "schedule" => self.schedule(table, path).map(Trigger::Schedule),
            "queue" => self.queue(table, path).map(Trigger::Queue),
            "bucket" => self.bucket(table, path).map(Trigger::Bucket),
            "topic" => self.topic(table, path).map(Trigger::Topic),
            "bus" => self.bus(table, path).map(Trigger::Bus),
            "dynamodb" => self.stream(table, StreamService::Dynamodb, path).map(Trigger::Stream),
            _ => self.stream(table, StreamService::Kinesis, path).map(Trigger::Stream),
        };
        trigger.filter(|_| self.problems.len() == earlier_problems)
    }

    fn schedule(&mut self, table: &DeTable<'_>, path: &str) -> Option<ScheduleTrigger> {
        let mut parsed = None;
        let mut timezone = "UTC".to_owned();
        let mut event = None;
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full_path = format!("{path}.{name}");
            match name {
                "schedule" => {
                    let text = self.string(value, &full_path, "a string like `rate(5 minutes)`")?;
                    match Schedule::parse(&text) {
                        Ok(schedule) => parsed = Some(schedule),
                        Err(reason) => {
                            self.not_allowed(value, &full_path, &format!("be `{}`: {reason}", text.escape_debug()));
                        }
                    }
                }
                "timezone" => match value.get_ref().as_str().filter(|timezone| is_timezone(timezone)) {
                    Some(text) => text.clone_into(&mut timezone),
                    None => self.wrong_value(value, &full_path, "the name of a time zone like `Europe/Berlin`"),
                },
                "event" => match object_text(value.get_ref()) {
                    Some(text) => event = Some(text),
                    None => self.wrong_value(value, &full_path, "a table that can be written as JSON"),
                },
                _ => self.unknown_key(name, &key.span(), path, SCHEDULE_KEYS),
            }
        }
        parsed.map(|schedule| ScheduleTrigger { schedule, timezone, event })
    }

    fn queue(&mut self, table: &DeTable<'_>, path: &str) -> Option<QueueTrigger> {
        let mut queue = QueueTrigger {
            queue: self.source(table, "queue", path)?,
            batch_size: 10,
            batch_window: 0,
            partial_failures: false,
            max_receives: DEFAULT_MAX_RECEIVES,
            content_based_deduplication: false,
            filters: Vec::new(),
            maximum_concurrency: None,
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full_path = format!("{path}.{name}");
            match name {
                "queue" => {}
                "batch-size" => set(&mut queue.batch_size, self.number(value, &full_path, "messages", &BATCH_SIZE)),
                "batch-window" => {
                    set(&mut queue.batch_window, self.number(value, &full_path, "seconds", &BATCH_WINDOW_SECONDS));
                }
                "partial-failures" => set(&mut queue.partial_failures, self.boolean(value, &full_path)),
                "content-based-deduplication" => {
                    set(&mut queue.content_based_deduplication, self.boolean(value, &full_path));
                }
                "filters" => queue.filters = self.filters(value, &full_path),
                "max-receives" if matches!(queue.queue, TriggerSource::Existing(_)) => {
                    self.not_allowed(value, &full_path, "be set: an existing queue has its own redrive policy");
                }
                "maximum-concurrency" => {
                    let source = "`ScalingConfig` in Lambda's API reference";
                    queue.maximum_concurrency =
                        self.limited_number(value, &full_path, "batches", &MAXIMUM_CONCURRENCY, source);
                }
                "max-receives" => set(&mut queue.max_receives, self.number(value, &full_path, "", &MAX_RECEIVES)),
                _ => self.unknown_key(name, &key.span(), path, QUEUE_KEYS),
            }
        }
        self.check_fifo(table, path, &queue);
        let is_fifo = is_fifo_queue(queue.queue.as_str());
        if queue.batch_size > MAX_SIZE_WITHOUT_WINDOW && queue.batch_window == 0 && !is_fifo {
            let value = table.get("batch-size").or_else(|| table.get("queue"))?;
            let reason = format!(
                "be {} without a `batch-window` of 1 or more: Lambda only gathers more than {MAX_SIZE_WITHOUT_WINDOW} \
                 messages within a batch window",
                queue.batch_size
            );
            self.not_allowed(value, &format!("{path}.batch-size"), &reason);
        }
        Some(queue)
    }

    /// Checks what only FIFO queues have, and what they do not have.
    fn check_fifo(&mut self, table: &DeTable<'_>, path: &str, queue: &QueueTrigger) {
        let mut refuse = |key: &str, reason: &str| {
            if let Some(value) = table.get(key) {
                self.not_allowed(value, &format!("{path}.{key}"), reason);
            }
        };
        if !is_fifo_queue(queue.queue.as_str()) {
            if queue.content_based_deduplication {
                refuse(
                    "content-based-deduplication",
                    "be set: only FIFO queues, whose names end with `.fifo`, have it",
                );
            }
            return;
        }
        if queue.content_based_deduplication && matches!(queue.queue, TriggerSource::Existing(_)) {
            refuse("content-based-deduplication", "be set: an existing queue has its own attributes");
        }
        if queue.batch_window > 0 {
            refuse("batch-window", "be set for a FIFO queue (`CreateEventSourceMapping` in Lambda's API reference)");
        }
        if queue.batch_size > MAX_SIZE_WITHOUT_WINDOW {
            let reason = format!(
                "be {} for a FIFO queue, the limit is {MAX_SIZE_WITHOUT_WINDOW} (`CreateEventSourceMapping` in Lambda's \
                 API reference)",
                queue.batch_size
            );
            refuse("batch-size", &reason);
        }
    }

    /// Reads the filters of a queue: JSON texts.
    fn filters(&mut self, value: &Value<'_>, path: &str) -> Vec<String> {
        let list = value.get_ref().as_array().filter(|list| (1..=MAX_FILTERS).contains(&list.len()));
        let Some(list) = list else {
            let expected = format!(
                "a list of 1 to {MAX_FILTERS} patterns like `{{ body = {{ kind = [\"order\"] }} }}`, of which Lambda \
                 allows 5 without a higher quota"
            );
            self.wrong_value(value, path, &expected);
            return Vec::new();
        };
        let mut filters = Vec::new();
        for (value, number) in list.iter().zip(0..) {
            let path = format!("{path}[{number}]");
            let mut keys = value.get_ref().as_table().into_iter().flatten().map(|(key, _)| key.get_ref().as_ref());
            if keys.any(|key| key != BODY) {
                self.not_allowed(
                    value,
                    &path,
                    "have keys other than `body`: Lambda filters messages only by their bodies",
                );
                continue;
            }
            filters.extend(self.pattern(value, &path, PatternDialect::EventSourceMapping, MAX_PATTERN_CHARS));
        }
        filters
    }

    fn bucket(&mut self, table: &DeTable<'_>, path: &str) -> Option<BucketTrigger> {
        let mut bucket = BucketTrigger {
            bucket: self.source(table, "bucket", path)?,
            prefix: String::new(),
            suffix: String::new(),
            folder: None,
            events: vec![ObjectEvent::Created],
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full_path = format!("{path}.{name}");
            match name {
                "bucket" => {}
                "prefix" | "suffix" => {
                    let Some(text) = value.get_ref().as_str().filter(|text| text.len() <= MAX_KEY_BYTES) else {
                        self.wrong_value(value, &full_path, &format!("a string of at most {MAX_KEY_BYTES} bytes"));
                        continue;
                    };
                    if text.contains('*') {
                        self.not_allowed(
                            value,
                            &full_path,
                            "contain `*`: S3 has no wildcards in prefixes and suffixes",
                        );
                    }
                    let target = if name == "prefix" { &mut bucket.prefix } else { &mut bucket.suffix };
                    text.clone_into(target);
                }
                "folder" => match value.get_ref().as_str().filter(|folder| is_inside_app(folder)) {
                    Some(folder) => bucket.folder = Some(folder.trim_end_matches('/').to_owned()),
                    None => self.wrong_value(value, &full_path, "a relative path inside the app"),
                },
                "events" => match parse_object_events(value) {
                    Some(events) => bucket.events = events,
                    None => self.wrong_value(value, &full_path, "a list of `\"created\"`, `\"removed\"` or both"),
                },
                _ => self.unknown_key(name, &key.span(), path, BUCKET_KEYS),
            }
        }
        Some(bucket)
    }

    /// Reads the queue or bucket itself: a name, or the ARN of an existing one. `kind` is `queue` or `bucket`.
    fn source(&mut self, table: &DeTable<'_>, kind: &str, path: &str) -> Option<TriggerSource> {
        let value = table.get(kind)?;
        let path = format!("{path}.{kind}");
        let expected = format!("the name of a {kind} of this app, or the ARN of an existing {kind}");
        let text = self.string(value, &path, &expected)?;
        if text.starts_with("arn:") {
            if !is_arn_of(&text, &[if kind == "queue" { "sqs" } else { "s3" }]) {
                self.wrong_value(value, &path, &format!("the ARN of a {kind}"));
                return None;
            }
            return Some(TriggerSource::Existing(text));
        }
        let validation = if kind == "queue" { validate_queue_name(&text) } else { validate_bucket_name(&text) };
        if let Err(reason) = validation {
            self.not_allowed(value, &path, &format!("be `{}`: {reason}", text.escape_debug()));
        }
        Some(TriggerSource::Own(text))
    }
}

/// Returns the events of a list in the order of [`ObjectEvent::ALL`], or `None` if it is not a list of known events.
fn parse_object_events(value: &Value<'_>) -> Option<Vec<ObjectEvent>> {
    let list = value.get_ref().as_array()?;
    let words: Vec<&str> = list.iter().map(|value| value.get_ref().as_str()).collect::<Option<_>>()?;
    let is_known = |word: &&str| ObjectEvent::ALL.iter().any(|event| event.as_str() == *word);
    let events: Vec<_> = ObjectEvent::ALL.into_iter().filter(|event| words.contains(&event.as_str())).collect();
    (!events.is_empty() && words.iter().all(is_known)).then_some(events)
}

fn is_timezone(name: &str) -> bool {
    schedule::time_zones().any(|known| known == name)
}
