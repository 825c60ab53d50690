//! The queues and streams of a test's app, and the event source mappings that invoke workers with their batches.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bedrock_build::App;
use bedrock_build::triggers::{
    QueueTrigger, StreamService, StreamTrigger, Trigger, TriggerSource, dead_letter_queue_name,
};
use bedrock_local::event_sources::{
    Batch, BatchResult, DiscardReason, DiscardedBatch, ResourceNames, SqsMessage, failed_messages, sqs_event,
    stream_event,
};
use bedrock_local::{Output, function_arn};
use bedrock_model::{Invocation, Reply};
use bytes::Bytes;
use serde_json::Value;
use tokio::runtime::Handle;
use tokio::sync::watch;

use super::events::{TestEvents, UndeliveredEvent};
use super::queue::{Queue, QueueMapping};
use super::record::TableStream;
use super::stream::{ReaderStep, SHARD, Stream, StreamReader};
use crate::Error;

/// What the event source mappings need from the app of the test.
pub(super) trait BatchTarget: Send + Sync {
    /// Invokes a worker, and waits for its response.
    fn invoke(&self, worker: &str, invocation: Invocation) -> Reply;
}

/// The queues and streams of an app.
pub(super) struct EventSources {
    target: Arc<dyn BatchTarget>,
    events: Arc<TestEvents>,
    handle: Handle,
    output: Output,
    state: Mutex<SourceState>,
    /// Number of batches that are running.
    running: watch::Sender<usize>,
}

/// What changes of the queues and streams.
#[derive(Default)]
pub(super) struct SourceState {
    pub(super) queues: Vec<Queue>,
    pub(super) streams: Vec<Stream>,
}

/// A batch that a worker gets.
enum Work {
    Messages { queue: usize, worker: String, arn: String, is_partial: bool, batch: Vec<SqsMessage> },
    Records { stream: usize, reader: usize, worker: String, is_partial: bool, batch: Batch },
}

impl EventSources {
    pub(super) fn new(
        app: &App,
        target: Arc<dyn BatchTarget>,
        events: Arc<TestEvents>,
        handle: Handle,
        output: Output,
    ) -> Arc<Self> {
        let state = Mutex::new(SourceState::of(app));
        Arc::new(Self { target, events, handle, output, state, running: watch::Sender::default() })
    }

    /// Changes queues or streams, and starts the batches that are due then.
    pub(super) fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut SourceState, SystemTime) -> T) -> T {
        let changed = change(&mut self.lock(), self.events.now());
        self.run_due();
        changed
    }

    /// Starts a task for every batch that is due. They are counted before this returns, so that waiting includes them.
    pub(super) fn run_due(self: &Arc<Self>) {
        while let Some(work) = self.next_work() {
            let running = RunningGuard::new(self);
            self.handle.spawn(async move {
                running.0.run(work).await;
                running.0.run_due();
                drop(running);
            });
        }
    }

    /// Waits until no batch is running. Returns whether that was so at once.
    pub(super) async fn wait_for_due(&self) -> bool {
        let is_idle = *self.running.borrow() == 0;
        // The sender lives as long as `self`.
        let _ = self.running.subscribe().wait_for(|running| *running == 0).await;
        is_idle
    }

    /// Returns when the next batch is due.
    pub(super) fn next_due(&self) -> Option<SystemTime> {
        let now = self.events.now();
        let state = self.lock();
        let queues = state.queues.iter().filter_map(|queue| queue.next_due(now));
        let readers = state.streams.iter().flat_map(|stream| &stream.readers);
        queues.chain(readers.filter_map(|reader| reader.next_due(now))).min()
    }

    /// Describes the messages and records that are not processed.
    pub(super) fn open(&self) -> Vec<String> {
        let state = self.lock();
        let of_queue = |queue: &Queue| {
            let worker = &queue.mapping.as_ref()?.worker;
            let count = queue.len();
            let noun = if count == 1 { "message" } else { "messages" };
            (count > 0).then(|| format!("`{worker}` with {count} {noun} of the queue `{}`", queue.name))
        };
        let of_stream = |stream: &Stream| {
            let readers = stream.readers.iter().filter(|reader| !reader.is_idle());
            let line = |reader: &StreamReader| format!("`{}` with records of `{}`", reader.worker, stream.name);
            readers.map(line).collect::<Vec<_>>()
        };
        state.queues.iter().filter_map(of_queue).chain(state.streams.iter().flat_map(of_stream)).collect()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, SourceState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the next batch that is due, after moving dead letters and discarding records.
    fn next_work(&self) -> Option<Work> {
        let now = self.events.now();
        let mut state = self.lock();
        for index in 0..state.queues.len() {
            let taken = state.queues[index].take(now);
            let queue = &state.queues[index];
            if !taken.dead.is_empty() {
                let dead_letter_queue = dead_letter_queue_name(&queue.name);
                let count = taken.dead.len();
                self.output.print(&format!("dead letters: {count} of the queue `{}`", queue.name));
                if let Some(dead) = state.queues.iter_mut().find(|queue| queue.name == dead_letter_queue) {
                    dead.add_dead(taken.dead);
                }
            }
            let queue = &state.queues[index];
            if let Some(mapping) = queue.mapping.as_ref().filter(|_| !taken.batch.is_empty()) {
                return Some(Work::Messages {
                    queue: index,
                    worker: mapping.worker.clone(),
                    arn: queue.arn.clone(),
                    is_partial: mapping.partial_failures,
                    batch: taken.batch,
                });
            }
        }
        let mut discarded = Vec::new();
        let work = next_records(&mut state.streams, now, &mut discarded);
        drop(state);
        for event in discarded {
            let why = event.condition;
            self.output.print(&format!("error: records for worker `{}` were discarded: {why}", event.worker));
            self.events.add_undelivered(event);
        }
        work
    }

    async fn run(&self, work: Work) {
        match work {
            Work::Messages { queue, worker, arn, is_partial, batch } => {
                let (_, response) = self.invoke(&worker, &sqs_event(&batch, &arn)).await;
                let failed: Vec<&SqsMessage> = match &response {
                    Err(_) => batch.iter().collect(),
                    Ok(response) if is_partial => failed_messages(&batch, response),
                    Ok(_) => Vec::new(),
                };
                let failed: HashSet<String> = failed.into_iter().map(|message| message.id.clone()).collect();
                self.lock().queues[queue].finish(&batch, &failed);
            }
            Work::Records { stream, reader, worker, is_partial, batch } => {
                let (request_id, response) = self.invoke(&worker, &stream_event(&batch.records)).await;
                let result = match response {
                    Ok(response) => StreamReader::result(is_partial, &batch, &response),
                    Err(Error::Throttled { .. }) => BatchResult::NotInvoked,
                    Err(_) => BatchResult::Failed,
                };
                let now = self.events.now();
                let reader = &mut self.lock().streams[stream].readers[reader];
                reader.request_id = request_id;
                reader.finish(batch, result, now);
            }
        }
    }

    /// Invokes a worker, and waits for its response. Returns the request id, too.
    async fn invoke(&self, worker: &str, event: &Value) -> (String, Result<Bytes, Error>) {
        let invocation = Invocation::new(event.to_string().into(), None);
        let request_id = invocation.request_id.clone();
        let response = self.target.invoke(worker, invocation).await;
        (request_id, response)
    }
}

/// Takes the next batch of a stream that is due. Adds what a destination, if there is one, gets of discarded records.
fn next_records(streams: &mut [Stream], now: SystemTime, discarded: &mut Vec<UndeliveredEvent>) -> Option<Work> {
    for (at, stream) in streams.iter_mut().enumerate() {
        for (index, reader) in stream.readers.iter_mut().enumerate() {
            while let Some(step) = reader.next_step(now) {
                match step {
                    ReaderStep::Discard(batch, reason) => {
                        discarded.push(undelivered_batch(stream.service, &stream.arn, reader, &batch, reason, now));
                    }
                    ReaderStep::Invoke(batch) => {
                        return Some(Work::Records {
                            stream: at,
                            reader: index,
                            worker: reader.worker.clone(),
                            is_partial: reader.trigger.partial_failures,
                            batch,
                        });
                    }
                }
            }
        }
    }
    None
}

/// Returns what a test sees of a discarded batch.
fn undelivered_batch(
    service: StreamService,
    stream_arn: &str,
    reader: &StreamReader,
    batch: &Batch,
    reason: DiscardReason,
    now: SystemTime,
) -> UndeliveredEvent {
    let destination = reader.trigger.on_failure.clone().filter(|_| !reader.is_expiry(reason));
    let discarded = DiscardedBatch {
        service,
        batch,
        reason,
        request_id: reader.request_id.clone(),
        function_arn: &function_arn(&reader.function_name),
        stream_arn,
        shard: SHARD,
    };
    UndeliveredEvent {
        worker: reader.worker.clone(),
        request_id: reader.request_id.clone(),
        event: stream_event(&batch.records),
        condition: reason.as_str(),
        attempts: u32::try_from(batch.failures).unwrap_or(u32::MAX),
        record: discarded.record(destination.as_deref().unwrap_or_default(), now),
        destination,
    }
}

impl SourceState {
    /// Returns the queues and streams that the triggers of an app name.
    fn of(app: &App) -> Self {
        let any = function_arn("any");
        let mut parts = any.split(':').skip(3);
        let region = parts.next().unwrap_or_default();
        let account = parts.next().unwrap_or_default();
        let names = ResourceNames { app: app.name.as_str(), region, account };
        let mut state = Self::default();
        for worker in &app.workers {
            for trigger in &worker.settings.triggers {
                match trigger {
                    Trigger::Queue(queue) => {
                        let visibility = Duration::from_secs(queue.visibility_timeout(&worker.settings));
                        state.add_queue(names, worker.name.as_str(), queue, visibility);
                    }
                    Trigger::Stream(stream) => state.add_stream(app, names, worker.name.as_str(), stream),
                    Trigger::Schedule(_) | Trigger::Bucket(_) | Trigger::Topic(_) | Trigger::Bus(_) => {}
                }
            }
        }
        state
    }

    fn add_queue(&mut self, names: ResourceNames<'_>, worker: &str, trigger: &QueueTrigger, visibility: Duration) {
        let is_of_app = matches!(trigger.queue, TriggerSource::Own(_));
        let mapping = QueueMapping::new(worker, trigger, visibility, is_of_app);
        let mut queue = Queue::new(trigger.queue.name().to_owned(), names.queue_arn(&trigger.queue), Some(mapping));
        queue.has_content_based_deduplication = trigger.content_based_deduplication;
        if is_of_app {
            let source = TriggerSource::Own(dead_letter_queue_name(&queue.name));
            self.queues.push(Queue::new(source.name().to_owned(), names.queue_arn(&source), None));
        }
        self.queues.push(queue);
    }

    /// Adds a reader to the stream, which is added if it is new.
    fn add_stream(&mut self, app: &App, names: ResourceNames<'_>, worker: &str, trigger: &StreamTrigger) {
        let full_name = names.stream_name(trigger);
        let arn = match (&trigger.source, trigger.service) {
            (TriggerSource::Existing(arn), _) => arn.clone(),
            (TriggerSource::Own(_), StreamService::Kinesis) => names.arn("kinesis", &format!("stream/{full_name}")),
            (TriggerSource::Own(_), StreamService::Dynamodb) => {
                names.arn("dynamodb", &format!("table/{full_name}/stream/2026-01-01T00:00:00.000"))
            }
        };
        let reader = StreamReader::new(worker, &format!("{}-local-{worker}", names.app), trigger);
        if let Some(known) = self.streams.iter_mut().find(|known| known.arn == arn) {
            known.readers.push(reader);
            return;
        }
        let tables = app.local_tables();
        let key = tables.get(&full_name).filter(|_| trigger.service == StreamService::Dynamodb).map(|key| {
            let attributes = [Some(&key.partition), key.sort.as_ref()];
            attributes.into_iter().flatten().map(|attribute| attribute.name.clone()).collect()
        });
        let table = TableStream { key, view_type: trigger.stream_view_type, region: names.region.to_owned() };
        let mut stream = Stream::new(trigger.service, trigger.name().to_owned(), arn, table);
        stream.readers.push(reader);
        self.streams.push(stream);
    }
}

/// Counts a batch as running, until its task ends or is dropped.
struct RunningGuard(Arc<EventSources>);

impl RunningGuard {
    fn new(sources: &Arc<EventSources>) -> Self {
        sources.running.send_modify(|running| *running += 1);
        Self(Arc::clone(sources))
    }
}

impl Drop for RunningGuard {
    fn drop(&mut self) {
        self.0.running.send_modify(|running| *running -= 1);
    }
}
