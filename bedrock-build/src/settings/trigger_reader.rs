//! Reads the triggers of a worker: each has exactly one kind, and the keys of that kind.

use std::ops::RangeInclusive;

use toml::de::DeTable;

use super::arn::is_arn_of;
use super::json::object_text;
use super::reader::{Reader, Value, is_inside_app, set};
use super::triggers::{
    BucketTrigger, ObjectEvent, QueueTrigger, ScheduleTrigger, Trigger, TriggerDeclaration, TriggerSource, is_fifo,
    validate_bucket_name, validate_queue_name,
};
use crate::schedule::{self, Schedule};

const KINDS: &[&str] = &["schedule", "queue", "bucket"];
const SCHEDULE_KEYS: &[&str] = &["event", "schedule", "timezone"];
const QUEUE_KEYS: &[&str] = &["batch-size", "batch-window", "max-receives", "partial-failures", "queue"];
const BUCKET_KEYS: &[&str] = &["bucket", "events", "folder", "prefix", "suffix"];

/// The number of messages in a batch (API model, `BatchSize`, for standard queues).
const BATCH_SIZE: RangeInclusive<u64> = 1..=10_000;
/// The time to gather a batch, in seconds (API model, `MaximumBatchingWindowInSeconds`).
const BATCH_WINDOW_SECONDS: RangeInclusive<u64> = 0..=300;
/// The largest batch size that needs no batch window.
const MAX_SIZE_WITHOUT_WINDOW: u64 = 10;
/// `maxReceiveCount` of a redrive policy.
const MAX_RECEIVES: RangeInclusive<u64> = 1..=1000;
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
            self.wrong_value(value, path, "a table with one of `schedule`, `queue` and `bucket`");
            return None;
        };
        let earlier_problems = self.problems.len();
        let trigger = match *kind {
            "schedule" => self.schedule(table, path).map(Trigger::Schedule),
            "queue" => self.queue(table, path).map(Trigger::Queue),
            _ => self.bucket(table, path).map(Trigger::Bucket),
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
            max_receives: 3,
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
                "max-receives" if matches!(queue.queue, TriggerSource::Existing(_)) => {
                    self.not_allowed(value, &full_path, "be set: an existing queue has its own redrive policy");
                }
                "max-receives" => set(&mut queue.max_receives, self.number(value, &full_path, "", &MAX_RECEIVES)),
                _ => self.unknown_key(name, &key.span(), path, QUEUE_KEYS),
            }
        }
        if queue.batch_size > MAX_SIZE_WITHOUT_WINDOW && queue.batch_window == 0 {
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
            if is_fifo(&text) {
                self.not_allowed(value, &path, "be a FIFO queue: FIFO queues are not supported");
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
