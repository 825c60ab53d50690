//! Takes the triggers of a worker out of its settings: each of one kind, with the keys of that kind.

use toml::de::DeTable;

use super::super::destination::is_arn_of;
use super::super::reader::{Reader, Value};
use super::super::{json, set};
use super::{
    BucketTrigger, ObjectEvent, QueueTrigger, ScheduleTrigger, Source, Trigger, bucket_fault, is_fifo, queue_fault,
};
use crate::schedule::Schedule;
use std::ops::RangeInclusive;

const KINDS: &[&str] = &["schedule", "queue", "bucket"];
const SCHEDULE_KEYS: &[&str] = &["event", "schedule", "timezone"];
const QUEUE_KEYS: &[&str] = &["batch-size", "batch-window", "max-receives", "partial-failures", "queue"];
const BUCKET_KEYS: &[&str] = &["bucket", "events", "folder", "prefix", "suffix"];

/// Messages of a batch (API model, `BatchSize`, for standard queues).
const BATCH_SIZE: RangeInclusive<u64> = 1..=10_000;
/// Seconds of gathering (API model, `MaximumBatchingWindowInSeconds`).
const BATCH_WINDOW: RangeInclusive<u64> = 0..=300;
/// Batches above this size need a window.
const BATCH_WITHOUT_WINDOW: u64 = 10;
/// `maxReceiveCount` of a redrive policy.
const MAX_RECEIVES: RangeInclusive<u64> = 1..=1000;
/// Bytes of a key of S3, which a prefix or suffix is part of.
const MAX_KEY: usize = 1024;
/// Characters of a time zone (API model of Scheduler, `ScheduleExpressionTimezone`).
const MAX_TIMEZONE: usize = 50;

/// A trigger with the worker that has it and its place in the file, to compare it with others.
pub(in super::super) struct Declared {
    pub(super) worker: String,
    pub(super) place: String,
    pub(super) trigger: Trigger,
}

impl Reader<'_> {
    /// The list `triggers` of a worker.
    pub(in super::super) fn triggers(&mut self, value: &Value<'_>, path: &str) -> Vec<Trigger> {
        let Some(list) = value.get_ref().as_array() else {
            self.wrong(value, path, "a list of tables, one for each trigger");
            return Vec::new();
        };
        let worker = path.split('.').nth(1).unwrap_or_default().to_owned();
        let mut triggers = Vec::new();
        for (value, number) in list.iter().zip(0..) {
            if let Some(trigger) = self.trigger(value, &format!("{path}[{number}]")) {
                let place = self.table.file.place(&value.span());
                self.declared.push(Declared { worker: worker.clone(), place, trigger: trigger.clone() });
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
            self.wrong(value, path, "a table with one of `schedule`, `queue` and `bucket`");
            return None;
        };
        let problems = self.problems.len();
        let trigger = match *kind {
            "schedule" => self.schedule(table, path).map(Trigger::Schedule),
            "queue" => self.queue(table, path).map(Trigger::Queue),
            _ => self.bucket(table, path).map(Trigger::Bucket),
        };
        trigger.filter(|_| self.problems.len() == problems)
    }

    fn schedule(&mut self, table: &DeTable<'_>, path: &str) -> Option<ScheduleTrigger> {
        let (mut found, mut timezone, mut event) = (None, "UTC".to_owned(), None);
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full = format!("{path}.{name}");
            match name {
                "schedule" => {
                    let text = self.text(value, &full, "a text like `rate(5 minutes)`")?;
                    match Schedule::parse(&text) {
                        Ok(schedule) => found = Some(schedule),
                        Err(reason) => self.refuse(value, &full, &format!("be `{}`: {reason}", text.escape_debug())),
                    }
                }
                "timezone" => {
                    const ZONE: &str = "the name of a time zone like `Europe/Berlin`";
                    match value.get_ref().as_str().filter(|zone| is_zone(zone)) {
                        Some(zone) => zone.clone_into(&mut timezone),
                        None => self.wrong(value, &full, ZONE),
                    }
                }
                "event" => match json::object(value.get_ref()) {
                    Some(text) => event = Some(text),
                    None => self.wrong(value, &full, "a table that can be written as JSON"),
                },
                _ => self.unknown(name, &key.span(), path, SCHEDULE_KEYS),
            }
        }
        found.map(|schedule| ScheduleTrigger { schedule, timezone, event })
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
            let full = format!("{path}.{name}");
            match name {
                "queue" => {}
                "batch-size" => set(&mut queue.batch_size, self.number(value, &full, "messages", &BATCH_SIZE)),
                "batch-window" => set(&mut queue.batch_window, self.number(value, &full, "seconds", &BATCH_WINDOW)),
                "partial-failures" => set(&mut queue.partial_failures, self.boolean(value, &full)),
                "max-receives" if matches!(queue.queue, Source::Existing(_)) => {
                    self.refuse(value, &full, "be set: a queue that exists has a redrive policy of its own");
                }
                "max-receives" => set(&mut queue.max_receives, self.number(value, &full, "", &MAX_RECEIVES)),
                _ => self.unknown(name, &key.span(), path, QUEUE_KEYS),
            }
        }
        if queue.batch_size > BATCH_WITHOUT_WINDOW && queue.batch_window == 0 {
            let value = table.get("batch-size").or_else(|| table.get("queue"))?;
            let reason = format!(
                "be {} without a `batch-window` of 1 or more: Lambda gathers more than {BATCH_WITHOUT_WINDOW} messages \
                 within a window alone",
                queue.batch_size
            );
            self.refuse(value, &format!("{path}.batch-size"), &reason);
        }
        Some(queue)
    }

    fn bucket(&mut self, table: &DeTable<'_>, path: &str) -> Option<BucketTrigger> {
        let bucket = self.source(table, "bucket", path)?;
        let events = vec![ObjectEvent::Created];
        let mut bucket = BucketTrigger { bucket, prefix: String::new(), suffix: String::new(), folder: None, events };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let full = format!("{path}.{name}");
            match name {
                "bucket" => {}
                "prefix" | "suffix" => {
                    let Some(text) = value.get_ref().as_str().filter(|text| text.len() <= MAX_KEY) else {
                        self.wrong(value, &full, &format!("a text of at most {MAX_KEY} bytes"));
                        continue;
                    };
                    let place = if name == "prefix" { &mut bucket.prefix } else { &mut bucket.suffix };
                    text.clone_into(place);
                }
                "folder" => match value.get_ref().as_str().filter(|folder| super::super::is_inside(folder)) {
                    Some(folder) => bucket.folder = Some(folder.trim_end_matches('/').to_owned()),
                    None => self.wrong(value, &full, "a relative path inside the app"),
                },
                "events" => match object_events(value) {
                    Some(events) => bucket.events = events,
                    None => self.wrong(value, &full, "a list of `\"created\"`, `\"removed\"` or both"),
                },
                _ => self.unknown(name, &key.span(), path, BUCKET_KEYS),
            }
        }
        Some(bucket)
    }

    /// The queue or bucket itself: a name, or the ARN of one that exists.
    fn source(&mut self, table: &DeTable<'_>, kind: &str, path: &str) -> Option<Source> {
        let value = table.get(kind)?;
        let path = format!("{path}.{kind}");
        let (service, fault): (&str, fn(&str) -> Option<String>) =
            if kind == "queue" { ("sqs", queue_fault) } else { ("s3", bucket_fault) };
        let text =
            self.text(value, &path, &format!("the name of a {kind} of this app, or the ARN of one that exists"))?;
        if text.starts_with("arn:") {
            if !is_arn_of(&text, &[service]) {
                self.wrong(value, &path, &format!("the ARN of a {kind}"));
                return None;
            }
            if is_fifo(&text) {
                self.refuse(value, &path, "be a FIFO queue: those are not supported");
            }
            return Some(Source::Existing(text));
        }
        if let Some(reason) = fault(&text) {
            self.refuse(value, &path, &format!("be `{}`: {reason}", text.escape_debug()));
        }
        Some(Source::Own(text))
    }
}

fn object_events(value: &Value<'_>) -> Option<Vec<ObjectEvent>> {
    let list = value.get_ref().as_array()?;
    let words: Vec<&str> = list.iter().map(|value| value.get_ref().as_str()).collect::<Option<_>>()?;
    let known = |word: &&str| ObjectEvent::ALL.iter().any(|event| event.as_str() == *word);
    let events: Vec<_> = ObjectEvent::ALL.into_iter().filter(|event| words.contains(&event.as_str())).collect();
    (!events.is_empty() && words.iter().all(known)).then_some(events)
}

fn is_zone(name: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "_-+/".contains(c);
    (1..=MAX_TIMEZONE).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(legal)
}
