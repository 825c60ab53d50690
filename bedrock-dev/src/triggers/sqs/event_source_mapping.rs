//! An event source mapping, which works like Lambda's: polls a queue for batches of messages, invokes the worker, and
//! deletes processed messages. Failed messages return to the queue after their visibility timeout.

use std::sync::Arc;
use std::time::Duration;

use bedrock_local::event_sources::{MessageFilters, SqsMessage, failed_messages, sqs_event};
use bedrock_model::{FunctionInfo, Invocation};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::super::dispatcher::TriggerDispatcher;
use super::queue::SqsQueue;
use super::store::MessageStoreError;
use crate::event_log::{TriggerEvent, TriggerKind, TriggerState};

/// Maximum number of concurrent batches. Lambda starts with five pollers, which suffice locally.
const MAX_CONCURRENT_BATCHES: usize = 5;
/// Maximum size of the messages in one batch; the rest of the event must fit into 6 MB, too.
const MAX_BATCH_BYTES: usize = 5 * 1024 * 1024;
/// Pause after an error of the database.
const ERROR_DELAY: Duration = Duration::from_secs(1);

/// Pause before the result of a batch that could not be stored is stored again. It doubles each time.
const FIRST_STORE_DELAY: Duration = Duration::from_millis(100);
/// How far the clock may be set back without a change of the stored times.
const MAX_CLOCK_DRIFT: Duration = Duration::from_secs(1);

/// The receipt handles of a batch that was run.
struct BatchResult {
    processed: Vec<String>,
    failed: Vec<String>,
}

/// A queue and the worker that it invokes.
pub(in super::super) struct EventSourceMapping {
    pub(in super::super) queue: Arc<SqsQueue>,
    pub(in super::super) function: FunctionInfo,
    pub(in super::super) batch_size: usize,
    /// Seconds.
    pub(in super::super) batch_window: u64,
    pub(in super::super) partial_failures: bool,
    pub(in super::super) filters: MessageFilters,
    /// Maximum number of concurrent batches. `None` for Lambda's own scaling.
    pub(in super::super) maximum_concurrency: Option<usize>,
    pub(in super::super) dispatcher: Arc<TriggerDispatcher>,
}

/// Polls the queue and invokes the worker, without end.
pub(in super::super) async fn poll(mapping: Arc<EventSourceMapping>) {
    let batches = mapping.maximum_concurrency.map_or(MAX_CONCURRENT_BATCHES, |max| max.min(MAX_CONCURRENT_BATCHES));
    let permits = Arc::new(Semaphore::new(batches));
    // Aborted when this task ends.
    let mut batches = JoinSet::new();
    // A persistent error is logged once.
    let mut last_error = String::new();
    loop {
        while batches.try_join_next().is_some() {}
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
        match mapping.next_batch().await {
            Ok(messages) => {
                last_error.clear();
                let mapping = Arc::clone(&mapping);
                batches.spawn(async move {
                    let _permit = permit;
                    mapping.process(&messages).await;
                });
            }
            Err(error) => {
                let error = error.to_string();
                if last_error != error {
                    mapping.dispatcher.log_error(&mapping.function.worker, &error);
                    last_error = error;
                }
                tokio::time::sleep(ERROR_DELAY).await;
            }
        }
    }
}

impl EventSourceMapping {
    /// Waits for a batch. Messages that are already held when the database fails are returned as a batch: no other
    /// receiver would get them, and the next call returns the error.
    async fn next_batch(&self) -> Result<Vec<SqsMessage>, MessageStoreError> {
        let mut messages = Vec::new();
        match self.fill_batch(&mut messages).await {
            Err(error) if messages.is_empty() => Err(error),
            _ => Ok(messages),
        }
    }

    /// Adds messages until the batch is full or its window has passed.
    async fn fill_batch(&self, messages: &mut Vec<SqsMessage>) -> Result<(), MessageStoreError> {
        let mut window_end = None;
        let mut bytes = 0;
        // The groups of a FIFO queue that are in this batch: no other batch gets messages of them.
        let mut groups = Vec::new();
        let mut last_time = self.queue.clock.now();
        loop {
            let now = self.queue.clock.now();
            if now + MAX_CLOCK_DRIFT < last_time {
                // Hidden messages would otherwise stay hidden until the clock shows the former time again.
                self.queue.on_thread(SqsQueue::clamp_future_timestamps).await?;
                window_end = None;
            }
            last_time = now;
            // One after the other, so that no message is held that does not fit.
            while messages.len() < self.batch_size && bytes < MAX_BATCH_BYTES {
                let own_groups = groups.clone();
                let received = self.queue.on_thread(move |queue| queue.hold(1, &own_groups)).await?;
                self.report_dead(received.dead);
                let Some(message) = received.messages.into_iter().next() else { break };
                if !self.filters.accepts(&message.body) {
                    // Lambda deletes what it does not send to the function.
                    self.queue.on_thread(move |queue| queue.finish(&[message.receipt], &[])).await?;
                    self.publish(TriggerState::Filtered, 1);
                    continue;
                }
                groups.extend(message.group.clone());
                bytes += message.body.len();
                messages.push(message);
            }
            let now = self.queue.clock.now();
            if !messages.is_empty() {
                let end = *window_end.get_or_insert(now + Duration::from_secs(self.batch_window));
                if now >= end || messages.len() >= self.batch_size || bytes >= MAX_BATCH_BYTES {
                    return Ok(());
                }
            }
            self.queue.wait(window_end).await?;
        }
    }

    async fn process(&self, messages: &[SqsMessage]) {
        let event = sqs_event(messages, &self.queue.arn).to_string();
        let trace = messages.iter().find_map(|message| message.trace.clone());
        let invocation = Invocation::new(event.into(), trace);
        let result =
            self.dispatcher.run(&self.function, invocation, TriggerKind::Queue, &self.queue.name, messages.len()).await;
        let failed: Vec<&SqsMessage> = match &result {
            Err(_) => messages.iter().collect(),
            Ok(response) if self.partial_failures => failed_messages(messages, response),
            Ok(_) => Vec::new(),
        };
        let failed: Vec<String> = failed.into_iter().map(|message| message.receipt.clone()).collect();
        let returned = failed.len();
        let receipts = messages.iter().map(|message| message.receipt.clone());
        let processed = receipts.filter(|receipt| !failed.contains(receipt)).collect();
        self.store_result(BatchResult { processed, failed }).await;
        self.publish(TriggerState::Returned, returned);
    }

    /// Deletes the processed messages and releases the failed ones. If the database fails, this is repeated until it
    /// succeeds: no other receiver would get a message that is held, and a processed one would be processed again.
    async fn store_result(&self, result: BatchResult) {
        let result = Arc::new(result);
        let mut delay = FIRST_STORE_DELAY;
        let mut is_logged = false;
        loop {
            let result = Arc::clone(&result);
            let stored = self.queue.on_thread(move |queue| queue.finish(&result.processed, &result.failed)).await;
            let Err(error) = stored else { return };
            if matches!(error, MessageStoreError::Deleted(_)) {
                self.dispatcher.log_error(&self.function.worker, &error.to_string());
                return;
            }
            if !is_logged {
                let message =
                    format!("the result of a batch is not stored and is stored again until that succeeds: {error}");
                self.dispatcher.log_error(&self.function.worker, &message);
                is_logged = true;
            }
            tokio::time::sleep(delay).await;
            delay = (delay * 2).min(ERROR_DELAY * 5);
        }
    }

    /// Reports messages that were received too often. No caller learns of them otherwise.
    fn report_dead(&self, count: usize) {
        let Some(redrive) = self.queue.redrive.as_ref().filter(|_| count > 0) else { return };
        let what = if count == 1 { "1 message was".to_owned() } else { format!("{count} messages were") };
        let source = &self.queue.name;
        let target = &redrive.dead_letter_queue;
        let receives = redrive.max_receives;
        let text = format!("{what} received {receives} times and moved from the queue `{source}` to `{target}`");
        self.dispatcher.log_warning(&self.function.worker, &text);
        self.publish(TriggerState::Dead, count);
    }

    fn publish(&self, state: TriggerState, items: usize) {
        if items > 0 {
            self.dispatcher.publish(TriggerEvent {
                worker: self.function.worker.clone(),
                trigger: TriggerKind::Queue,
                source: self.queue.name.clone(),
                state,
                items,
                request_id: None,
            });
        }
    }
}

#[cfg(test)]
mod tests;
