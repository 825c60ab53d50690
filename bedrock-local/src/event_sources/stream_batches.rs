//! Decides what becomes of a batch of a shard (Lambda developer guide, "Error handling for Kinesis event source mappings" and
//! "Configuring partial batch response with Kinesis Data Streams and Lambda"). Batches stay in the order of the shard: what
//! follows a failed record waits until it has succeeded or was discarded.

use std::collections::VecDeque;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use super::stream_record::StreamRecord;

/// Pause before a batch that failed is retried. It doubles each time. Lambda does not say how long it waits.
pub const FIRST_RETRY_DELAY: Duration = Duration::from_millis(100);
/// Longest pause before a batch is retried.
pub const MAX_RETRY_DELAY: Duration = Duration::from_secs(10);

/// When records of failed batches are discarded.
#[derive(Debug, Clone, Copy, Default)]
pub struct BatchRetryPolicy {
    /// `None` for no limit.
    pub maximum_retry_attempts: Option<u64>,
    /// `None` for no limit.
    pub maximum_record_age: Option<Duration>,
    /// Whether a batch of more than one record is split in two when the function fails.
    pub is_bisected: bool,
}

/// What the function did with a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchResult {
    /// The function succeeded.
    Processed,
    /// The function failed, or its response names no record of the batch.
    Failed,
    /// The records from this index on are still to be processed.
    FailedFrom(usize),
    /// The function was not invoked, for example because of its concurrency. This is not a retry.
    NotInvoked,
}

/// Records of a shard that one invocation gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch {
    /// The records, in the order of the shard.
    pub records: Vec<StreamRecord>,
    /// Invocations that failed.
    pub failures: u64,
}

/// Why records were discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiscardReason {
    /// The function has failed as often as it may.
    RetriesExhausted,
    /// They have reached the maximum age.
    TooOld,
}

/// What is to be done next.
#[derive(Debug, PartialEq)]
pub enum NextStep {
    /// Invoke the function.
    Invoke(Batch),
    /// Discard the records, and send a record of them to the destination.
    Discard(Batch, DiscardReason),
}

/// The records of a shard that were read and are not processed, in their order.
#[derive(Debug)]
pub struct PendingBatches {
    policy: BatchRetryPolicy,
    batches: VecDeque<Batch>,
}

impl DiscardReason {
    /// Returns the name that destination records contain.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RetriesExhausted => "RetryAttemptsExhausted",
            Self::TooOld => "MaximumRecordAgeExceeded",
        }
    }
}

impl PendingBatches {
    /// Returns the records as one batch.
    #[must_use]
    pub fn new(records: Vec<StreamRecord>, policy: BatchRetryPolicy) -> Self {
        let batch = (!records.is_empty()).then_some(Batch { records, failures: 0 });
        Self { policy, batches: batch.into_iter().collect() }
    }

    /// Removes the first records. Returns `None` if all are done.
    pub fn next(&mut self, now: SystemTime) -> Option<NextStep> {
        let mut batch = self.batches.pop_front()?;
        if let Some(age) = self.policy.maximum_record_age {
            let is_fresh = |record: &StreamRecord| now.duration_since(record.arrived).unwrap_or_default() <= age;
            let old = batch.records.iter().position(is_fresh).unwrap_or(batch.records.len());
            if old > 0 {
                let fresh = batch.records.split_off(old);
                self.put_back(fresh, batch.failures);
                return Some(NextStep::Discard(batch, DiscardReason::TooOld));
            }
        }
        let is_exhausted = self.policy.maximum_retry_attempts.is_some_and(|retries| batch.failures > retries);
        Some(if is_exhausted {
            NextStep::Discard(batch, DiscardReason::RetriesExhausted)
        } else {
            NextStep::Invoke(batch)
        })
    }

    /// Puts back what is to be done again of a batch that the function got. Returns the sequence number up to which the shard
    /// is processed; `None` if no record of the batch is.
    pub fn finish(&mut self, batch: Batch, result: BatchResult) -> Option<String> {
        let Batch { mut records, failures } = batch;
        match result {
            BatchResult::Processed => return records.pop().map(|record| record.sequence),
            BatchResult::NotInvoked => self.put_back(records, failures),
            BatchResult::FailedFrom(index) => {
                let rest = records.split_off(index.min(records.len()));
                self.put_back(rest, failures + 1);
                return records.pop().map(|record| record.sequence);
            }
            // Splitting does not count towards the retries.
            BatchResult::Failed if self.policy.is_bisected && records.len() > 1 => {
                let second = records.split_off(records.len() / 2);
                self.put_back(second, failures);
                self.put_back(records, failures);
            }
            BatchResult::Failed => self.put_back(records, failures + 1),
        }
        None
    }

    fn put_back(&mut self, records: Vec<StreamRecord>, failures: u64) {
        if !records.is_empty() {
            self.batches.push_front(Batch { records, failures });
        }
    }
}

/// Returns the result that a response means, of a function that reports failures. The lowest sequence number counts: it is the
/// first record of the batch that the response names.
#[must_use]
pub fn reported_result(records: &[StreamRecord], response: &[u8]) -> BatchResult {
    let Ok(response) = serde_json::from_slice::<Value>(response) else { return BatchResult::Failed };
    let failures = match &response {
        Value::Null => return BatchResult::Processed,
        Value::Object(response) => response.get("batchItemFailures"),
        _ => return BatchResult::Failed,
    };
    let failures = match failures {
        None | Some(Value::Null) => return BatchResult::Processed,
        Some(Value::Array(failures)) => failures,
        Some(_) => return BatchResult::Failed,
    };
    let index = |item: &Value| {
        let id = item.get("itemIdentifier").and_then(Value::as_str)?;
        records.iter().position(|record| record.sequence == id)
    };
    let indexes: Option<Vec<usize>> = failures.iter().map(index).collect();
    match indexes.map(|indexes| indexes.into_iter().min()) {
        Some(None) => BatchResult::Processed,
        Some(Some(index)) => BatchResult::FailedFrom(index),
        // The response names an unknown record.
        None => BatchResult::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(number: u64) -> StreamRecord {
        let arrived = SystemTime::UNIX_EPOCH + Duration::from_secs(number);
        StreamRecord { sequence: number.to_string(), arrived, event: json!({}) }
    }

    fn pending(count: u64, policy: BatchRetryPolicy) -> PendingBatches {
        PendingBatches::new((1..=count).map(record).collect(), policy)
    }

    fn numbers(batch: &Batch) -> String {
        batch.records.iter().map(|record| record.sequence.as_str()).collect::<Vec<_>>().join(",")
    }

    /// Runs the batches with a function that fails as `result` says. Returns what was invoked, discarded and checkpointed.
    fn run(mut pending: PendingBatches, now: u64, result: impl Fn(&Batch) -> BatchResult) -> Vec<String> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(now);
        let mut log = Vec::new();
        while let Some(step) = pending.next(now) {
            match step {
                NextStep::Discard(batch, reason) => log.push(format!("discard {} {reason:?}", numbers(&batch))),
                NextStep::Invoke(batch) => {
                    let text = format!("invoke {}", numbers(&batch));
                    let result = result(&batch);
                    let checkpoint = pending.finish(batch, result);
                    log.push(checkpoint.map_or(text.clone(), |sequence| format!("{text} → {sequence}")));
                }
            }
            assert!(log.len() < 100, "endless: {log:?}");
        }
        log
    }

    fn fails_with(number: &'static str) -> impl Fn(&Batch) -> BatchResult {
        move |batch| {
            let is_bad = batch.records.iter().any(|record| record.sequence == number);
            if is_bad { BatchResult::Failed } else { BatchResult::Processed }
        }
    }

    #[test]
    fn processed_batch_ends_at_its_last_record() {
        assert_eq!(run(pending(3, BatchRetryPolicy::default()), 0, |_| BatchResult::Processed), ["invoke 1,2,3 → 3"]);
        assert!(pending(0, BatchRetryPolicy::default()).next(SystemTime::UNIX_EPOCH).is_none());
    }

    #[test]
    fn failed_batch_is_discarded_after_its_retries() {
        let policy = BatchRetryPolicy { maximum_retry_attempts: Some(2), ..BatchRetryPolicy::default() };
        let log = run(pending(2, policy), 0, |_| BatchResult::Failed);
        assert_eq!(log, ["invoke 1,2", "invoke 1,2", "invoke 1,2", "discard 1,2 RetriesExhausted"]);
        let none = BatchRetryPolicy { maximum_retry_attempts: Some(0), ..BatchRetryPolicy::default() };
        assert_eq!(run(pending(1, none), 0, |_| BatchResult::Failed), ["invoke 1", "discard 1 RetriesExhausted"]);
    }

    #[test]
    fn bisected_batch_isolates_the_bad_record() {
        let policy =
            BatchRetryPolicy { maximum_retry_attempts: Some(1), is_bisected: true, ..BatchRetryPolicy::default() };
        assert_eq!(
            run(pending(5, policy), 0, fails_with("4")),
            [
                "invoke 1,2,3,4,5",
                "invoke 1,2 → 2",
                "invoke 3,4,5",
                "invoke 3 → 3",
                "invoke 4,5",
                "invoke 4",
                "invoke 4",
                "discard 4 RetriesExhausted",
                "invoke 5 → 5"
            ]
        );
    }

    #[test]
    fn lowest_failed_record_is_the_checkpoint() {
        let policy =
            BatchRetryPolicy { maximum_retry_attempts: Some(1), is_bisected: true, ..BatchRetryPolicy::default() };
        let fails_from_3 = |batch: &Batch| {
            let index = batch.records.iter().position(|record| record.sequence == "3");
            index.map_or(BatchResult::Processed, BatchResult::FailedFrom)
        };
        let log = run(pending(4, policy), 0, fails_from_3);
        assert_eq!(log, ["invoke 1,2,3,4 → 2", "invoke 3,4", "discard 3,4 RetriesExhausted"]);
    }

    #[test]
    fn old_records_are_discarded_without_an_invocation() {
        let age = Some(Duration::from_secs(60));
        let policy = BatchRetryPolicy { maximum_record_age: age, ..BatchRetryPolicy::default() };
        let log = run(pending(4, policy), 62, |_| BatchResult::Processed);
        assert_eq!(log, ["discard 1 TooOld", "invoke 2,3,4 → 4"]);
        assert_eq!(run(pending(2, policy), 100, |_| BatchResult::Processed), ["discard 1,2 TooOld"]);
    }

    #[test]
    fn throttled_invocation_is_not_a_retry() {
        let policy = BatchRetryPolicy { maximum_retry_attempts: Some(0), ..BatchRetryPolicy::default() };
        let count = std::cell::Cell::new(0);
        let log = run(pending(1, policy), 0, |_| {
            count.set(count.get() + 1);
            if count.get() < 3 { BatchResult::NotInvoked } else { BatchResult::Processed }
        });
        assert_eq!(log, ["invoke 1", "invoke 1", "invoke 1 → 1"]);
    }

    #[test]
    fn response_names_where_processing_stopped() {
        let records: Vec<StreamRecord> = (1..=3).map(record).collect();
        for (response, expected) in [
            ("null", BatchResult::Processed),
            ("{}", BatchResult::Processed),
            (r#"{"batchItemFailures": null}"#, BatchResult::Processed),
            (r#"{"batchItemFailures": []}"#, BatchResult::Processed),
            (r#"{"batchItemFailures": [{"itemIdentifier": "2"}]}"#, BatchResult::FailedFrom(1)),
            (
                r#"{"batchItemFailures": [{"itemIdentifier": "3"}, {"itemIdentifier": "1"}]}"#,
                BatchResult::FailedFrom(0),
            ),
            (r#"{"batchItemFailures": [{"itemIdentifier": ""}]}"#, BatchResult::Failed),
            (r#"{"batchItemFailures": [{"itemIdentifier": null}]}"#, BatchResult::Failed),
            (r#"{"batchItemFailures": [{"id": "2"}]}"#, BatchResult::Failed),
            (r#"{"batchItemFailures": [{"itemIdentifier": "2"}, {"itemIdentifier": "9"}]}"#, BatchResult::Failed),
            (r#"{"batchItemFailures": "2"}"#, BatchResult::Failed),
            (r#""done""#, BatchResult::Failed),
            ("no JSON", BatchResult::Failed),
        ] {
            assert_eq!(reported_result(&records, response.as_bytes()), expected, "{response}");
        }
    }
}
