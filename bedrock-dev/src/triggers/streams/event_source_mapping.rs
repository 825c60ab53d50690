//! An event source mapping of a stream, which works like Lambda's: reads each shard in order, invokes the worker with a batch,
//! and goes on when its records have succeeded or were discarded.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock_build::triggers::{StartingPosition, StreamService, StreamTrigger, TriggerSource};
use bedrock_local::event_sources::{
    Batch, BatchResult, BatchRetryPolicy, DiscardReason, DiscardedBatch, FIRST_RETRY_DELAY, MAX_RETRY_DELAY, NextStep,
    PendingBatches, StreamFilters, StreamRecord, dynamodb_record, kinesis_record, reported_result, stream_event,
    take_batch,
};
use bedrock_model::date::rfc3339;
use bedrock_model::{Error, FunctionInfo, Invocation};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::super::dispatcher::TriggerDispatcher;
use super::client::{Shard, StreamClient, StreamError};
use super::discarded_batch::send_record;
use super::positions::{ShardPosition, StreamPositions};
use crate::event_log::{TriggerEvent, TriggerKind, TriggerState};

/// Pause between two reads of a shard without records. Lambda polls DynamoDB streams four times a second.
const POLL_INTERVAL: Duration = Duration::from_millis(250);
/// Pause between two lists of the shards, and after an error of the service.
const SHARD_INTERVAL: Duration = Duration::from_secs(1);

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

/// ARN of a stream on this machine, and a shard of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct ShardKey {
    arn: String,
    shard: String,
}

/// The shards of a stream that were found.
struct ShardReaders {
    /// A reader returns its shard if that does not exist any more.
    tasks: JoinSet<Option<ShardKey>>,
    /// Those with a reader, also after their end.
    started: HashSet<ShardKey>,
    /// Those that had a reader, also if they were deleted.
    read: HashSet<ShardKey>,
    /// When the mapping began to look for shards, in RFC 3339.
    since: String,
}

/// A shard that is read.
struct ShardReader {
    mapping: Arc<StreamMapping>,
    key: ShardKey,
    /// Where reading begins without a stored position.
    start: StartingPosition,
    iterator: Option<String>,
    /// Sequence number of the last record that was read.
    last_read: Option<String>,
    /// Records that were read and passed the filters, after those of the batch that is processed.
    waiting: VecDeque<StreamRecord>,
    /// Whether all records of a shard that was split or merged were read.
    is_at_end: bool,
}

/// Reads the stream and invokes the worker, without end.
pub(in super::super) async fn poll(mapping: Arc<StreamMapping>) {
    let mut readers = ShardReaders {
        tasks: JoinSet::new(),
        started: HashSet::new(),
        read: HashSet::new(),
        since: rfc3339(SystemTime::now()),
    };
    // A persistent error is logged once.
    let mut last_error = String::new();
    loop {
        while let Some(ended) = readers.tasks.try_join_next() {
            if let Ok(Some(deleted)) = ended {
                readers.started.remove(&deleted);
            }
        }
        match mapping.start_readers(&mut readers).await {
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
    /// Starts to read the shards that are not yet read. A shard waits for the end of those that it comes from.
    async fn start_readers(self: &Arc<Self>, readers: &mut ShardReaders) -> Result<(), StreamError> {
        let worker = &self.function.worker;
        let of_file = |error| StreamError::without_code(format!("failed to read the positions of shards: {error}"));
        let arn = self.client.stream_arn(&self.name).await?;
        // Before the list: a shard that is closed here had ended before it was listed.
        let mut positions = self.positions.of_stream(worker, &arn).map_err(of_file)?;
        let shards = self.client.shards(&arn).await?;
        let key = |shard: &str| ShardKey { arn: arn.clone(), shard: shard.to_owned() };
        if self.trigger.service == StreamService::Kinesis {
            // A stream that was created again has the same ARN and the same shards.
            let is_parent = |id: &String| shards.iter().any(|shard| shard.parents.contains(id));
            for shard in shards.iter().filter(|shard| !shard.is_ended && !is_parent(&shard.id)) {
                if positions.get(&shard.id) == Some(&ShardPosition::Closed) {
                    self.positions.delete(worker, &arn, &shard.id).map_err(of_file)?;
                    positions.remove(&shard.id);
                    readers.started.remove(&key(&shard.id));
                }
            }
        }
        let is_latest = self.trigger.starting_position == StartingPosition::Latest;
        let is_read = |read: &HashSet<ShardKey>, id: &String| positions.contains_key(id) || read.contains(&key(id));
        // The records of a shard that ended before anything was read are not the latest.
        let is_skipped = |read: &HashSet<ShardKey>, shard: &Shard| {
            let is_unread = !is_read(read, &shard.id) && !shard.parents.iter().any(|parent| is_read(read, parent));
            is_latest && shard.is_ended && is_unread
        };
        for shard in &shards {
            let is_waiting = shard.parents.iter().any(|parent| {
                let listed = shards.iter().find(|other| other.id == *parent);
                let is_closed = positions.get(parent) == Some(&ShardPosition::Closed);
                listed.is_some_and(|listed| !is_closed && !is_skipped(&readers.read, listed))
            });
            let is_closed = positions.get(&shard.id) == Some(&ShardPosition::Closed);
            let key = key(&shard.id);
            if is_waiting || is_closed || is_skipped(&readers.read, shard) || !readers.started.insert(key.clone()) {
                continue;
            }
            let has_read_parent = shard.parents.iter().any(|parent| is_read(&readers.read, parent));
            let start = self.start(has_read_parent, &readers.since);
            readers.read.insert(key.clone());
            readers.tasks.spawn(ShardReader::new(Arc::clone(self), key, start).run());
        }
        Ok(())
    }

    /// Returns where reading of a shard without a stored position begins. All records of a shard that comes from one that was
    /// read are new. An iterator of the type `LATEST` would lose what was written before it was requested.
    fn start(&self, has_read_parent: bool, since: &str) -> StartingPosition {
        match &self.trigger.starting_position {
            StartingPosition::Latest if has_read_parent => StartingPosition::TrimHorizon,
            StartingPosition::Latest if self.trigger.service == StreamService::Kinesis => {
                StartingPosition::AtTimestamp(since.to_owned())
            }
            start => start.clone(),
        }
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
    fn new(mapping: Arc<StreamMapping>, key: ShardKey, start: StartingPosition) -> Self {
        let waiting = VecDeque::new();
        Self { mapping, key, start, iterator: None, last_read: None, waiting, is_at_end: false }
    }

    /// Reads the shard to its end. Returns the shard if it does not exist any more.
    async fn run(mut self) -> Option<ShardKey> {
        let mut last_error = String::new();
        loop {
            match self.next_records().await {
                Ok(gathered) => {
                    last_error.clear();
                    self.process(gathered).await;
                    if !self.waiting.is_empty() {
                        continue;
                    }
                    // Also when filters have left nothing of what was read.
                    self.store(self.last_read.as_deref());
                    if self.is_at_end {
                        self.store_position(None);
                        return None;
                    }
                }
                Err(error) if error.is_not_found() => return Some(self.key),
                Err(error) => {
                    // A new iterator of the type `LATEST` would lose what is written in the meantime.
                    if self.last_read.is_some() || !error.code.is_empty() {
                        self.iterator = None;
                    }
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
        let Self { mapping, key: ShardKey { arn, shard }, .. } = self;
        let of_last = self.last_read.clone().map(ShardPosition::After);
        let start = || ShardPosition::Start(self.start.clone());
        let position = of_last.or_else(|| mapping.position(arn, shard)).unwrap_or_else(start);
        match mapping.client.iterator(arn, shard, &position).await {
            Err(error) if error.is_position_lost() && !matches!(position, ShardPosition::Start(_)) => {
                let oldest = ShardPosition::Start(StartingPosition::TrimHorizon);
                mapping.client.iterator(arn, shard, &oldest).await
            }
            iterator => iterator,
        }
    }

    /// Waits for records, at most a batch of them, as long as the batch window says.
    async fn next_records(&mut self) -> Result<Vec<StreamRecord>, StreamError> {
        let batch_size = usize::try_from(self.mapping.trigger.batch_size).unwrap_or(usize::MAX);
        let window = Duration::from_secs(self.mapping.trigger.batch_window);
        let mut gathered = Vec::new();
        let mut window_end = None;
        loop {
            take_batch(&mut gathered, &mut self.waiting, batch_size);
            let is_full = gathered.len() >= batch_size || !self.waiting.is_empty();
            if is_full || self.is_at_end {
                return Ok(gathered);
            }
            if !gathered.is_empty() && Instant::now() >= *window_end.get_or_insert_with(|| Instant::now() + window) {
                return Ok(gathered);
            }
            if self.iterator.is_none() {
                self.iterator = self.new_iterator().await?;
            }
            let Some(iterator) = &self.iterator else {
                self.is_at_end = true;
                return Ok(gathered);
            };
            let page = match self.mapping.client.records(iterator, batch_size - gathered.len()).await {
                Ok(page) => page,
                // What was read already is processed first.
                Err(_) if !gathered.is_empty() => {
                    self.iterator = None;
                    return Ok(gathered);
                }
                Err(error) => return Err(error),
            };
            let is_empty = page.records.is_empty();
            self.iterator = page.next_iterator;
            self.is_at_end = self.iterator.is_none();
            self.add(page.records);
            if self.is_at_end {
                continue;
            }
            if is_empty {
                tokio::time::sleep(POLL_INTERVAL).await;
            } else if gathered.is_empty() && self.waiting.is_empty() {
                // The filters have left nothing of them.
                return Ok(gathered);
            }
        }
    }

    /// Adds the records that the filters accept.
    fn add(&mut self, page: Vec<serde_json::Value>) {
        let count = page.len();
        let before = self.waiting.len();
        for record in page {
            let shown_arn = match &self.mapping.trigger.source {
                TriggerSource::Existing(arn) => arn,
                TriggerSource::Own(_) => &self.key.arn,
            };
            let record = match self.mapping.trigger.service {
                StreamService::Dynamodb => dynamodb_record(record, shown_arn),
                StreamService::Kinesis => kinesis_record(&record, shown_arn, &self.key.shard),
            };
            if self.last_read.is_none() {
                self.store_first(&record.sequence);
            }
            self.last_read = Some(record.sequence.clone());
            if self.mapping.filters.accepts(&record) {
                self.waiting.push_back(record);
            }
        }
        self.mapping.publish(TriggerState::Filtered, count - (self.waiting.len() - before));
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
                    let invocation = Invocation::new(stream_event(&batch.records).to_string().into(), None);
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
                stream_arn: &self.key.arn,
                shard: &self.key.shard,
            };
            if let Err(error) = send_record(&discarded, destination, &mapping.url, SystemTime::now()).await {
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
        let Self { mapping, key: ShardKey { arn, shard }, .. } = self;
        self.log_failure(mapping.positions.set(&mapping.function.worker, arn, shard, sequence));
    }

    /// Stores that the shard is to be read from a record on, unless a position is stored. After a restart, `LATEST` would be
    /// after this record.
    fn store_first(&self, sequence: &str) {
        let Self { mapping, key: ShardKey { arn, shard }, .. } = self;
        self.log_failure(mapping.positions.set_first(&mapping.function.worker, arn, shard, sequence));
    }

    fn log_failure(&self, stored: rusqlite::Result<()>) {
        if let Err(error) = stored {
            let message = format!("failed to store the position of a shard: {error}");
            self.mapping.dispatcher.log_error(&self.mapping.function.worker, &message);
        }
    }
}

#[cfg(test)]
mod tests;
