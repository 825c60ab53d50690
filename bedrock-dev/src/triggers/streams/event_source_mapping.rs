//! An event source mapping of a stream, which works like Lambda's: reads each shard in order, invokes the worker with a batch,
//! and goes on when its records have succeeded or were discarded.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock_build::triggers::{StartingPosition, StreamService, StreamTrigger, TriggerSource};
use bedrock_model::{Error, FunctionInfo, Invocation};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::super::dispatcher::TriggerDispatcher;
use super::batch_retry::{
    Batch, BatchResult, BatchRetryPolicy, DiscardReason, NextStep, PendingBatches, reported_result,
};
use super::client::{StreamClient, StreamError};
use super::discarded_batch::DiscardedBatch;
use super::positions::{ShardPosition, StreamPositions};
use super::record::{StreamFilters, StreamRecord, dynamodb_record, event_json, kinesis_record};
use crate::event_log::{TriggerEvent, TriggerKind, TriggerState};

/// Pause between two reads of a shard without records. Lambda polls DynamoDB streams four times a second.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Pause between two lists of the shards, and after an error of the service.
const SHARD_INTERVAL: Duration = Duration::from_secs(1);
/// Pause before a batch that failed is retried. It doubles each time.
const FIRST_RETRY_DELAY: Duration = Duration::from_millis(100);
const MAX_RETRY_DELAY: Duration = Duration::from_secs(10);

/// A stream and the worker that it invokes.
pub(in super::super) struct StreamMapping {
    pub(in super::super) client: StreamClient,
    /// Full name of the table or of the Kinesis stream.
    pub(in super::super) name: String,
    pub(in super::super) function: FunctionInfo,
    pub(in super::super) trigger: StreamTrigger,
    pub(in super::super) filters: StreamFilters,
    pub(in super::super) positions: Arc<StreamPositions>,
    pub(in super::super) dispatcher: Arc<TriggerDispatcher>,
    /// URL of the dev server, where destinations are.
    pub(in super::super) url: String,
}

/// A shard that is read.
struct ShardReader {
    mapping: Arc<StreamMapping>,
    /// ARN of the stream on this machine.
    arn: String,
    shard: String,
    iterator: Option<String>,
    /// Sequence number of the last record that was read.
    last_read: Option<String>,
}

/// Records that were read, after the filters.
#[derive(Default)]
struct GatheredRecords {
    records: Vec<StreamRecord>,
    is_closed: bool,
}

/// Reads the stream and invokes the worker, without end.
pub(in super::super) async fn poll(mapping: Arc<StreamMapping>) {
    let mut readers = JoinSet::new();
    let mut started = HashSet::new();
    // A persistent error is logged once.
    let mut last_error = String::new();
    loop {
        while readers.try_join_next().is_some() {}
        match mapping.start_readers(&mut readers, &mut started).await {
            Ok(()) => last_error.clear(),
            Err(error) if error.message != last_error => {
                mapping.dispatcher.log_error(&mapping.function.worker, &error.message);
                last_error = error.message;
            }
            Err(_) => {}
        }
        tokio::time::sleep(SHARD_INTERVAL).await;
    }
}

impl StreamMapping {
    /// Starts to read the shards that are not yet read. A shard waits for the end of the one that it comes from.
    async fn start_readers(
        self: &Arc<Self>,
        readers: &mut JoinSet<()>,
        started: &mut HashSet<(String, String)>,
    ) -> Result<(), StreamError> {
        let arn = self.client.stream_arn(&self.name).await?;
        let shards = self.client.shards(&arn).await?;
        for shard in &shards {
            let is_parent_open = shard.parent.as_ref().is_some_and(|parent| {
                let is_listed = shards.iter().any(|other| other.id == *parent);
                is_listed && self.position(&arn, parent) != Some(ShardPosition::Closed)
            });
            if is_parent_open || !started.insert((arn.clone(), shard.id.clone())) {
                continue;
            }
            let mapping = Arc::clone(self);
            let shard = shard.id.clone();
            let reader = ShardReader { mapping, arn: arn.clone(), shard, iterator: None, last_read: None };
            readers.spawn(reader.run());
        }
        Ok(())
    }

    fn position(&self, arn: &str, shard: &str) -> Option<ShardPosition> {
        self.positions.get(&self.function.worker, arn, shard).unwrap_or_else(|error| {
            self.dispatcher
                .log_error(&self.function.worker, &format!("failed to read the position of a shard: {error}"));
            None
        })
    }

    fn policy(&self) -> BatchRetryPolicy {
        BatchRetryPolicy {
            maximum_retry_attempts: self.trigger.maximum_retry_attempts,
            maximum_record_age: self.trigger.maximum_record_age.map(Duration::from_secs),
            is_bisected: self.trigger.bisect_batch_on_function_error,
        }
    }

    fn kind(&self) -> TriggerKind {
        match self.trigger.service {
            StreamService::Dynamodb => TriggerKind::Dynamodb,
            StreamService::Kinesis => TriggerKind::Kinesis,
        }
    }

    fn publish(&self, state: TriggerState, items: usize) {
        if items > 0 {
            self.dispatcher.publish(TriggerEvent {
                worker: self.function.worker.clone(),
                trigger: self.kind(),
                source: self.name.clone(),
                state,
                items,
                request_id: None,
            });
        }
    }
}

impl ShardReader {
    async fn run(mut self) {
        let mut last_error = String::new();
        loop {
            match self.next_records().await {
                Ok(gathered) => {
                    last_error.clear();
                    let is_closed = gathered.is_closed;
                    self.process(gathered.records).await;
                    // Also when filters have left nothing of what was read.
                    self.store(self.last_read.as_deref());
                    if is_closed {
                        self.store_position(None);
                        return;
                    }
                }
                Err(error) => {
                    self.iterator = None;
                    if error.message != last_error {
                        self.mapping.dispatcher.log_error(&self.mapping.function.worker, &error.message);
                        last_error = error.message;
                    }
                    tokio::time::sleep(SHARD_INTERVAL).await;
                }
            }
        }
    }

    /// Returns an iterator after the last record that was read, or after the stored position. If the stream does not have that
    /// record any more, reading goes on with the oldest one.
    async fn new_iterator(&self) -> Result<Option<String>, StreamError> {
        let Self { mapping, arn, shard, .. } = self;
        let of_last = self.last_read.clone().map(ShardPosition::After);
        let start = || ShardPosition::Start(mapping.trigger.starting_position.clone());
        let position = of_last.or_else(|| mapping.position(arn, shard)).unwrap_or_else(start);
        match mapping.client.iterator(arn, shard, &position).await {
            Err(error) if error.is_position_lost() && matches!(position, ShardPosition::After(_)) => {
                let oldest = ShardPosition::Start(StartingPosition::TrimHorizon);
                mapping.client.iterator(arn, shard, &oldest).await
            }
            iterator => iterator,
        }
    }

    /// Waits for records, at most a batch of them, as long as the batch window says.
    async fn next_records(&mut self) -> Result<GatheredRecords, StreamError> {
        let batch_size = usize::try_from(self.mapping.trigger.batch_size).unwrap_or(usize::MAX);
        let window = Duration::from_secs(self.mapping.trigger.batch_window);
        let mut gathered = GatheredRecords::default();
        let mut window_end = None;
        loop {
            if self.iterator.is_none() {
                self.iterator = self.new_iterator().await?;
            }
            let Some(iterator) = &self.iterator else {
                return Ok(GatheredRecords { is_closed: true, ..gathered });
            };
            let page = match self.mapping.client.records(iterator, batch_size - gathered.records.len()).await {
                Ok(page) => page,
                // What was read already is processed first.
                Err(_) if !gathered.records.is_empty() => {
                    self.iterator = None;
                    return Ok(gathered);
                }
                Err(error) => return Err(error),
            };
            let is_empty = page.records.is_empty();
            self.iterator = page.next_iterator;
            gathered.is_closed = self.iterator.is_none();
            self.add(&mut gathered.records, page.records);
            let end = *window_end.get_or_insert_with(|| Instant::now() + window);
            if gathered.records.is_empty() {
                window_end = None;
            }
            let is_due =
                !gathered.records.is_empty() && (Instant::now() >= end || gathered.records.len() >= batch_size);
            if is_due || gathered.is_closed {
                return Ok(gathered);
            }
            if is_empty {
                tokio::time::sleep(POLL_INTERVAL).await;
            } else if gathered.records.is_empty() {
                // The filters have left nothing of them.
                return Ok(gathered);
            }
        }
    }

    /// Adds the records that the filters accept.
    fn add(&mut self, records: &mut Vec<StreamRecord>, page: Vec<serde_json::Value>) {
        let count = page.len();
        let before = records.len();
        for record in page {
            let shown_arn = match &self.mapping.trigger.source {
                TriggerSource::Existing(arn) => arn,
                TriggerSource::Own(_) => &self.arn,
            };
            let record = match self.mapping.trigger.service {
                StreamService::Dynamodb => dynamodb_record(record, shown_arn),
                StreamService::Kinesis => kinesis_record(&record, shown_arn, &self.shard),
            };
            self.last_read = Some(record.sequence.clone());
            if self.mapping.filters.accepts(&record) {
                records.push(record);
            }
        }
        self.mapping.publish(TriggerState::Filtered, count - (records.len() - before));
    }

    /// Invokes the worker until all records are processed or discarded.
    async fn process(&self, records: Vec<StreamRecord>) {
        let mapping = &self.mapping;
        let mut pending = PendingBatches::new(records, mapping.policy());
        let mut delay = FIRST_RETRY_DELAY;
        let mut request_id = String::new();
        while let Some(step) = pending.next(SystemTime::now()) {
            match step {
                NextStep::Discard(batch, reason) => self.discard(&batch, reason, &request_id).await,
                NextStep::Invoke(batch) => {
                    let invocation = Invocation::new(event_json(&batch.records).to_string().into(), None);
                    request_id.clone_from(&invocation.request_id);
                    let result = self.invoke(&batch, invocation).await;
                    let size = batch.records.len();
                    if let Some(sequence) = pending.finish(batch, result) {
                        self.store(Some(&sequence));
                    }
                    if result == BatchResult::Processed {
                        delay = FIRST_RETRY_DELAY;
                        continue;
                    }
                    let done = if let BatchResult::FailedFrom(index) = result { index } else { 0 };
                    mapping.publish(TriggerState::Returned, size - done);
                    tokio::time::sleep(delay).await;
                    delay = (delay * 2).min(MAX_RETRY_DELAY);
                }
            }
        }
    }

    async fn invoke(&self, batch: &Batch, invocation: Invocation) -> BatchResult {
        let mapping = &self.mapping;
        let run =
            mapping.dispatcher.run(&mapping.function, invocation, mapping.kind(), &mapping.name, batch.records.len());
        match run.await {
            Ok(response) if mapping.trigger.partial_failures => reported_result(&batch.records, &response),
            Ok(_) => BatchResult::Processed,
            Err(Error::Throttled { .. }) => BatchResult::NotInvoked,
            Err(_) => BatchResult::Failed,
        }
    }

    async fn discard(&self, batch: &Batch, reason: DiscardReason, request_id: &str) {
        let mapping = &self.mapping;
        let worker = &mapping.function.worker;
        let count = batch.records.len();
        let what = if count == 1 { "1 record".to_owned() } else { format!("{count} records") };
        let why = match reason {
            DiscardReason::RetriesExhausted => "after all retries",
            DiscardReason::TooOld => "because of the maximum record age",
        };
        let message = format!(
            "{what} of the stream of `{}` {} discarded {why}",
            mapping.name,
            if count == 1 { "was" } else { "were" }
        );
        mapping.dispatcher.log_warning(worker, &message);
        mapping.publish(TriggerState::Dead, count);
        if let Some(destination) = &mapping.trigger.on_failure {
            let discarded = DiscardedBatch {
                service: mapping.trigger.service,
                batch,
                reason,
                request_id: request_id.to_owned(),
                function_arn: &mapping.function.arn,
                stream_arn: &self.arn,
                shard: &self.shard,
            };
            if let Err(error) = discarded.send(destination, &mapping.url, SystemTime::now()).await {
                let message = format!("the record of a discarded batch does not reach `{destination}`: {error}");
                mapping.dispatcher.log_error(worker, &message);
            }
        }
        self.store(batch.records.last().map(|record| record.sequence.as_str()));
    }

    /// Stores that the shard was read up to a record.
    fn store(&self, sequence: Option<&str>) {
        if sequence.is_some() {
            self.store_position(sequence);
        }
    }

    fn store_position(&self, sequence: Option<&str>) {
        let mapping = &self.mapping;
        if let Err(error) = mapping.positions.set(&mapping.function.worker, &self.arn, &self.shard, sequence) {
            let message = format!("failed to store the position of a shard: {error}");
            mapping.dispatcher.log_error(&mapping.function.worker, &message);
        }
    }
}
