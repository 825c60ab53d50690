//! What invokes the workers of a test's app besides calls: messages, notifications, events, records, objects and schedules
//! that the test sends.

use std::time::{SystemTime, UNIX_EPOCH};

use bedrock_build::event_pattern::PatternDialect;
use bedrock_build::triggers::{StreamService, Trigger, TriggerSource};
use bedrock_local::event_sources::{
    BusEvent as SentBusEvent, ObjectChange, ResourceNames, SnsMessage, SubscriptionFilter, event_bus_event,
    matches_change, md5_hex, s3_event, schedule_event, sns_event,
};
use bedrock_local::function_arn;
use bedrock_model::id::new_uuid;
use bedrock_model::{Invocation, matches_pattern, parse_pattern};

use super::app::App;
use super::message::{BusEvent, Message, Notification, QueuedMessage};
use super::queue::Queue;
use super::record::{ItemChange, KinesisRecord};
use super::stream::Stream;
use crate::{Result, WorkerError};

/// A trigger with its worker and its index among the triggers of that worker.
struct WorkerTrigger<'a> {
    worker: &'a str,
    index: usize,
    trigger: &'a Trigger,
}

/// Triggers: each function sends what AWS's services would, to the workers whose `triggers` say so. Resources are named as in
/// the settings, or by their ARN. Nothing else is stored: no SDK finds these queues, tables or objects.
impl App {
    /// Sends a message to an SQS queue, text, JSON or a [`Message`]. Returns its id.
    ///
    /// The worker gets it in a batch as soon as the settings of the trigger allow: `batch-size`, `batch-window`, `filters` and
    /// `maximum-concurrency`. Failed messages become visible again after the visibility timeout, on the clock of the test, and
    /// are moved to the dead-letter queue after `max-receives`.
    ///
    /// ```ignore
    /// app.send_message("jobs", json!({ "order": 7 }))?;
    /// app.wait_for_due_events().await;
    /// app.assert_called("biller").times(1);
    /// ```
    ///
    /// # Errors
    ///
    /// If no trigger has such a queue, or SQS would refuse the message.
    pub fn send_message(&self, queue: &str, message: impl Into<Message>) -> Result<String> {
        let mut ids = self.send_messages(queue, [message])?;
        Ok(ids.pop().unwrap_or_default())
    }

    /// Sends messages to an SQS queue, all before the worker gets the first of them. Returns their ids.
    ///
    /// # Errors
    ///
    /// The same errors as [`App::send_message`]. Then no message was sent.
    pub fn send_messages<M: Into<Message>>(
        &self,
        queue: &str,
        messages: impl IntoIterator<Item = M>,
    ) -> Result<Vec<String>> {
        let messages: Vec<Message> = messages.into_iter().map(Into::into).collect();
        self.harness.sources.change(|state, now| {
            let known: Vec<String> = state.queues.iter().map(|queue| queue.name.clone()).collect();
            let found = state.queues.iter_mut().find(|each| each.name == queue || each.arn == queue);
            let queue = found.ok_or_else(|| unknown("queue", queue, known))?;
            if let Some(mapping) = &queue.mapping {
                self.check_is_not_durable(&mapping.worker)?;
            }
            messages.iter().try_for_each(|message| queue.check(message))?;
            Ok(messages.into_iter().map(|message| queue.send(message, now)).collect())
        })
    }

    /// Returns the messages that are in a queue, oldest first: those that wait, those that a worker is processing, and in a
    /// dead-letter queue (`jobs-dead`) those that failed too often.
    ///
    /// # Panics
    ///
    /// If no trigger has such a queue.
    #[track_caller]
    pub fn messages(&self, queue: &str) -> Vec<QueuedMessage> {
        let state = self.harness.sources.lock();
        let known: Vec<String> = state.queues.iter().map(|queue| queue.name.clone()).collect();
        let listed = state.queues.iter().find(|each| each.name == queue || each.arn == queue).map(Queue::list);
        drop(state);
        match listed {
            Some(messages) => messages,
            None => panic!("{}", unknown("queue", queue, known)),
        }
    }

    /// Publishes a message to an SNS topic, text, JSON or a [`Notification`]. Each worker whose subscription accepts it is
    /// invoked asynchronously. Returns the id of the message.
    ///
    /// # Errors
    ///
    /// If no trigger has such a topic, or the event does not fit the contract of a worker.
    pub fn publish(&self, topic: &str, notification: impl Into<Notification>) -> Result<String> {
        let Notification { body, subject, attributes } = notification.into();
        let message = SnsMessage { id: new_uuid(), subject, body, attributes };
        let mut known = Vec::new();
        let mut subscriptions = Vec::new();
        for WorkerTrigger { worker, trigger, .. } in self.triggers() {
            let Trigger::Topic(subscribed) = trigger else { continue };
            known.push(subscribed.topic.as_str().to_owned());
            if is_named(&subscribed.topic, topic) {
                subscriptions.push((worker, subscribed));
            }
        }
        if subscriptions.is_empty() {
            return Err(unknown("topic", topic, known));
        }
        for (worker, subscribed) in subscriptions {
            if SubscriptionFilter::of(subscribed).accepts(&message) {
                let arn = self.with_names(|names| names.topic_arn(&subscribed.topic));
                let subscription = subscription_arn(&arn, worker);
                self.accept(worker, sns_event(&message, &arn, &subscription, self.now()).to_string())?;
            }
        }
        Ok(message.id)
    }

    /// Puts an event on an event bus of EventBridge. Each rule that matches invokes its worker asynchronously. Events of AWS's
    /// own services (`aws.s3`) can be put, too. Returns the id of the event.
    ///
    /// # Errors
    ///
    /// If no trigger has such an event bus, the detail is not an object, or the event does not fit the contract of a worker.
    pub fn put_event(&self, bus: &str, event: BusEvent) -> Result<String> {
        let BusEvent { source, detail_type, detail, resources } = event;
        if !detail.is_object() {
            return Err(WorkerError::new(
                "InvalidEvent",
                format!("the detail of an event is a JSON object, not {detail}"),
            ));
        }
        let id = new_uuid();
        let sent = SentBusEvent { id: id.clone(), source, detail_type, detail, resources, time: self.now() };
        let event = self.with_names(|names| event_bus_event(&sent, names.region, names.account));
        let mut known = Vec::new();
        let mut rules = Vec::new();
        for WorkerTrigger { worker, trigger, .. } in self.triggers() {
            let Trigger::Bus(rule) = trigger else { continue };
            known.push(rule.bus.as_str().to_owned());
            if is_named(&rule.bus, bus) {
                rules.push((worker, rule));
            }
        }
        if rules.is_empty() {
            return Err(unknown("bus", bus, known));
        }
        for (worker, rule) in rules {
            // The settings have checked the pattern.
            let pattern = parse_pattern(&rule.pattern, PatternDialect::EventBridge);
            if pattern.is_ok_and(|pattern| matches_pattern(&pattern, &event)) {
                self.accept(worker, event.to_string())?;
            }
        }
        Ok(id)
    }

    /// Puts records into a Kinesis stream, which has one shard. Each worker that reads it gets them in batches, in their order:
    /// a batch that fails is retried, split or discarded as the settings of the trigger say, and what follows it waits.
    /// Discarded batches are in [`App::undelivered_events`]. Returns the sequence numbers.
    ///
    /// # Errors
    ///
    /// If no trigger has such a stream.
    pub fn put_records(&self, stream: &str, records: impl IntoIterator<Item = KinesisRecord>) -> Result<Vec<String>> {
        let records: Vec<KinesisRecord> = records.into_iter().collect();
        self.write("stream", StreamService::Kinesis, stream, |stream, now| {
            Ok(records.iter().map(|record| stream.put(record, now)).collect())
        })
    }

    /// Changes items of a DynamoDB table whose stream invokes workers, with the same rules as [`App::put_records`]. Returns the
    /// sequence numbers of the records.
    ///
    /// ```ignore
    /// app.change_items("orders", [ItemChange::insert(json!({ "id": { "S": "7" }, "state": { "S": "paid" } }))])?;
    /// ```
    ///
    /// # Errors
    ///
    /// If no trigger has such a table, or an item is not in DynamoDB's format or without its key. Then no item was changed.
    pub fn change_items(&self, table: &str, changes: impl IntoIterator<Item = ItemChange>) -> Result<Vec<String>> {
        let changes: Vec<ItemChange> = changes.into_iter().collect();
        self.write("table", StreamService::Dynamodb, table, |stream, now| {
            let mut records = Vec::new();
            for change in changes {
                let sequence = stream.next_sequence();
                records.extend(change.record(&stream.table, &sequence, now)?.map(|record| (sequence, record)));
            }
            let written = records.into_iter().map(|(sequence, record)| {
                stream.write_change(record, now);
                sequence
            });
            Ok(written.collect())
        })
    }

    /// Notifies the workers of a new object in a bucket, as S3 does. The object itself is not stored.
    ///
    /// # Errors
    ///
    /// If no trigger has such a bucket, or the event does not fit the contract of a worker.
    pub fn object_created(&self, bucket: &str, key: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let content = content.as_ref();
        let change = ObjectChange::Created { key: key.to_owned(), size: content.len() as u64, etag: md5_hex(content) };
        self.notify(bucket, &change)
    }

    /// Notifies the workers of the deletion of an object in a bucket, as S3 does.
    ///
    /// # Errors
    ///
    /// The same errors as [`App::object_created`].
    pub fn object_removed(&self, bucket: &str, key: &str) -> Result<()> {
        self.notify(bucket, &ObjectChange::Removed { key: key.to_owned() })
    }

    /// Invokes a worker as if one of its schedules were due now. `index` is that of the schedule among the triggers of the
    /// worker, from 0. The clock does not fire schedules.
    ///
    /// # Errors
    ///
    /// If that trigger is not a schedule, or the event does not fit the contract of the worker.
    ///
    /// # Panics
    ///
    /// If the app has no such worker.
    #[track_caller]
    pub fn fire_schedule(&self, worker: &str, index: usize) -> Result<()> {
        self.check_name(worker);
        let found = self.triggers().find(|trigger| trigger.worker == worker && trigger.index == index);
        let Some(WorkerTrigger { trigger: Trigger::Schedule(schedule), .. }) = found else {
            let message = format!("the trigger {index} of worker `{worker}` is not a schedule");
            return Err(WorkerError::new("NoSchedule", message));
        };
        let function = self.harness.local.info(worker)?.function_info();
        let event = schedule_event(&function, index, schedule.event.as_deref(), self.now(), &new_uuid());
        self.accept(worker, event)
    }

    fn notify(&self, bucket: &str, change: &ObjectChange) -> Result<()> {
        let mut known = Vec::new();
        let mut notified = Vec::new();
        for WorkerTrigger { worker, index, trigger } in self.triggers() {
            let Trigger::Bucket(trigger) = trigger else { continue };
            known.push(trigger.bucket.as_str().to_owned());
            if is_named(&trigger.bucket, bucket) {
                notified.push((worker, index, trigger));
            }
        }
        if notified.is_empty() {
            return Err(unknown("bucket", bucket, known));
        }
        let now = self.now();
        let sequence = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_micros();
        let sequence = u64::try_from(sequence).unwrap_or(u64::MAX);
        for (worker, index, trigger) in notified {
            if matches_change(trigger, change) {
                let event = self.with_names(|names| {
                    let id = format!("{}-local-{worker}-{index}", names.app);
                    s3_event(names, &names.bucket_name(&trigger.bucket), &id, change, now, sequence)
                });
                self.accept(worker, event.to_string())?;
            }
        }
        Ok(())
    }

    /// Writes to a stream.
    fn write(
        &self,
        kind: &str,
        service: StreamService,
        name: &str,
        write: impl FnOnce(&mut Stream, SystemTime) -> Result<Vec<String>>,
    ) -> Result<Vec<String>> {
        self.harness.sources.change(|state, now| {
            let of_service = || state.streams.iter().filter(|stream| stream.service == service);
            let known = of_service().map(|stream| stream.name.clone()).collect();
            let found = state.streams.iter_mut().filter(|stream| stream.service == service);
            let mut found = found.filter(|stream| stream.name == name || stream.arn == name);
            let stream = found.next().ok_or_else(|| unknown(kind, name, known))?;
            stream.readers.iter().try_for_each(|reader| self.check_is_not_durable(&reader.worker))?;
            write(stream, now)
        })
    }

    /// Accepts an event for a worker, and starts to run it.
    fn accept(&self, worker: &str, event: String) -> Result<()> {
        let info = self.harness.local.info(worker)?;
        let invocation = Invocation::new(event.into(), None);
        info.check_event(&invocation.event)?;
        self.harness.accept(&info, invocation, None);
        Ok(())
    }

    /// Refuses batches for a durable worker: the batch would wait for an execution that may wait for the clock.
    fn check_is_not_durable(&self, worker: &str) -> Result<()> {
        let info = self.harness.local.info(worker)?;
        if self.harness.is_durable(&info) {
            let message = format!(
                "worker `{worker}` is durable, and gets no batches of queues and streams in a test\n\
                 help: start it with `app.start_execution(\"{worker}\", event)`, or mock it"
            );
            return Err(WorkerError::new("DurableWorker", message));
        }
        Ok(())
    }

    fn triggers(&self) -> impl Iterator<Item = WorkerTrigger<'_>> {
        self.on_disk.workers.iter().flat_map(|worker| {
            let triggers = worker.settings.triggers.iter().enumerate();
            triggers.map(move |(index, trigger)| WorkerTrigger { worker: worker.name.as_str(), index, trigger })
        })
    }

    fn now(&self) -> SystemTime {
        self.harness.events.now()
    }

    fn with_names<T>(&self, read: impl FnOnce(&ResourceNames<'_>) -> T) -> T {
        let any = function_arn("any");
        let mut parts = any.split(':').skip(3);
        let region = parts.next().unwrap_or_default();
        let account = parts.next().unwrap_or_default();
        read(&ResourceNames { app: self.on_disk.name.as_str(), region, account })
    }
}

/// Returns whether a test means this resource.
fn is_named(source: &TriggerSource, name: &str) -> bool {
    source.as_str() == name || source.name() == name
}

/// Returns the ARN of a worker's subscription, which is the same in each event.
fn subscription_arn(topic: &str, worker: &str) -> String {
    let digest = md5_hex(format!("{topic} {worker}").as_bytes());
    let parts: Vec<&str> = [0..8, 8..12, 12..16, 16..20, 20..32].map(|part| &digest[part]).to_vec();
    format!("{topic}:{}", parts.join("-"))
}

/// Returns the error for a resource that no trigger names.
fn unknown(kind: &str, name: &str, mut known: Vec<String>) -> WorkerError {
    known.sort();
    known.dedup();
    let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    let known = match names.len() {
        0 => format!(", or with any other {kind}"),
        _ => format!("\nhelp: those of the app are {}", names.join(", ")),
    };
    WorkerError::new("UnknownResource", format!("no worker has a trigger with the {kind} `{name}`{known}"))
}
