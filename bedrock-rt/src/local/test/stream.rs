//! A stream of DynamoDB or Kinesis in memory, and the event source mappings that read it on the clock of the test. A stream has
//! one shard.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use bedrock_build::triggers::{StreamService, StreamTrigger};
use bedrock_local::event_sources::{
    Batch, BatchResult, BatchRetryPolicy, DiscardReason, FIRST_RETRY_DELAY, MAX_RETRY_DELAY, NextStep, PendingBatches,
    StreamFilters, StreamRecord, dynamodb_record, kinesis_api_record, kinesis_record, reported_result, take_batch,
};
use serde_json::Value;

use super::record::{KinesisRecord, TableStream};

/// The only shard of a stream.
pub(super) const SHARD: &str = "shardId-000000000000";
/// How long streams keep records: always for DynamoDB, by default for Kinesis.
const RETENTION: Duration = Duration::from_secs(86_400);

/// A stream.
pub(super) struct Stream {
    pub(super) service: StreamService,
    /// The name of the table or of the Kinesis stream in the settings, without app and stage.
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) table: TableStream,
    pub(super) readers: Vec<StreamReader>,
    /// Number of records that were written.
    written: u64,
}

/// A worker that reads a stream.
pub(super) struct StreamReader {
    pub(super) worker: String,
    pub(super) function_name: String,
    pub(super) trigger: StreamTrigger,
    filters: StreamFilters,
    waiting: VecDeque<StreamRecord>,
    pending: Option<PendingBatches>,
    is_running: bool,
    /// Not before this time, after a failure.
    retry_at: Option<SystemTime>,
    retry_delay: Duration,
    /// Of the last invocation.
    pub(super) request_id: String,
}

/// What a reader does next.
pub(super) enum ReaderStep {
    Invoke(Batch),
    Discard(Batch, DiscardReason),
}

impl Stream {
    pub(super) fn new(service: StreamService, name: String, arn: String, table: TableStream) -> Self {
        Self { service, name, arn, table, readers: Vec::new(), written: 0 }
    }

    /// Returns the next sequence number.
    pub(super) fn next_sequence(&mut self) -> String {
        self.written += 1;
        match self.service {
            StreamService::Dynamodb => format!("44215845000000000{:011}", self.written),
            StreamService::Kinesis => format!("4959033827149025660855969253836157109592157598{:010}", self.written),
        }
    }

    /// Writes a record, as `GetRecords` of DynamoDB Streams returns it.
    pub(super) fn write_change(&mut self, record: Value, now: SystemTime) {
        self.write(&StreamRecord { arrived: now, ..dynamodb_record(record, &self.arn) });
    }

    /// Writes a record of Kinesis. Returns its sequence number.
    pub(super) fn put(&mut self, record: &KinesisRecord, now: SystemTime) -> String {
        let sequence = self.next_sequence();
        let record = kinesis_api_record(&record.data, &record.partition_key, &sequence, now);
        // The time in the record is rounded, and may be after now.
        self.write(&StreamRecord { arrived: now, ..kinesis_record(&record, &self.arn, SHARD) });
        sequence
    }

    fn write(&mut self, record: &StreamRecord) {
        for reader in &mut self.readers {
            if reader.filters.accepts(record) {
                reader.waiting.push_back(record.clone());
            }
        }
    }
}

impl StreamReader {
    pub(super) fn new(worker: &str, function_name: &str, trigger: &StreamTrigger) -> Self {
        Self {
            worker: worker.to_owned(),
            function_name: function_name.to_owned(),
            trigger: trigger.clone(),
            filters: StreamFilters::of(trigger.service, &trigger.filters),
            waiting: VecDeque::new(),
            pending: None,
            is_running: false,
            retry_at: None,
            retry_delay: FIRST_RETRY_DELAY,
            request_id: String::new(),
        }
    }

    /// Returns what is due. The reader does nothing else until [`StreamReader::finish`] has the result of an invocation.
    pub(super) fn next_step(&mut self, now: SystemTime) -> Option<ReaderStep> {
        while !self.is_running && self.retry_at.is_none_or(|at| at <= now) {
            if let Some(pending) = &mut self.pending {
                match pending.next(now) {
                    Some(NextStep::Invoke(batch)) => {
                        self.is_running = true;
                        return Some(ReaderStep::Invoke(batch));
                    }
                    Some(NextStep::Discard(batch, reason)) => {
                        (self.retry_at, self.retry_delay) = (None, FIRST_RETRY_DELAY);
                        return Some(ReaderStep::Discard(batch, reason));
                    }
                    None => self.pending = None,
                }
                continue;
            }
            if self.batch_due().is_none_or(|due| due > now) {
                return None;
            }
            let mut records = Vec::new();
            let batch_size = self.batch_size();
            take_batch(&mut records, &mut self.waiting, batch_size);
            self.pending = Some(PendingBatches::new(records, self.policy()));
        }
        None
    }

    /// Takes the result of an invocation.
    pub(super) fn finish(&mut self, batch: Batch, result: BatchResult, now: SystemTime) {
        self.is_running = false;
        if let Some(pending) = &mut self.pending {
            pending.finish(batch, result);
        }
        if result == BatchResult::Processed {
            (self.retry_at, self.retry_delay) = (None, FIRST_RETRY_DELAY);
        } else {
            self.retry_at = Some(now + self.retry_delay);
            self.retry_delay = (self.retry_delay * 2).min(MAX_RETRY_DELAY);
        }
    }

    /// Returns the result that a response of the worker means.
    pub(super) fn result(is_partial: bool, batch: &Batch, response: &[u8]) -> BatchResult {
        if is_partial { reported_result(&batch.records, response) } else { BatchResult::Processed }
    }

    /// Returns when the next invocation is due. `None` if nothing waits for the clock.
    pub(super) fn next_due(&self, now: SystemTime) -> Option<SystemTime> {
        let due = if self.pending.is_some() { self.retry_at } else { self.batch_due() };
        due.filter(|due| !self.is_running && *due > now)
    }

    /// Returns whether discarded records are those that the stream itself does not keep any longer, so that no destination
    /// hears of them.
    pub(super) fn is_expiry(&self, reason: DiscardReason) -> bool {
        let maximum = self.trigger.maximum_record_age.map(Duration::from_secs);
        reason == DiscardReason::TooOld && maximum.is_none_or(|age| age > RETENTION)
    }

    /// Returns whether all records were processed or discarded.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.pending.is_none()
    }

    /// Returns when the batch window of the waiting records is over. `None` if there are none.
    fn batch_due(&self) -> Option<SystemTime> {
        let first = self.waiting.front()?;
        let is_full = self.waiting.len() >= self.batch_size();
        Some(if is_full { first.arrived } else { first.arrived + Duration::from_secs(self.trigger.batch_window) })
    }

    fn batch_size(&self) -> usize {
        usize::try_from(self.trigger.batch_size).unwrap_or(usize::MAX)
    }

    fn policy(&self) -> BatchRetryPolicy {
        let age = self.trigger.maximum_record_age.map_or(RETENTION, Duration::from_secs);
        BatchRetryPolicy {
            maximum_retry_attempts: self.trigger.maximum_retry_attempts,
            maximum_record_age: Some(age.min(RETENTION)),
            is_bisected: self.trigger.bisect_batch_on_function_error,
        }
    }
}
