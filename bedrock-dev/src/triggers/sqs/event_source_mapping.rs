//! An event source mapping, which works like Lambda's: polls a queue for batches of messages, invokes the worker, and
//! deletes processed messages. Failed messages return to the queue after their visibility timeout.

use std::sync::Arc;
use std::time::Duration;

use bedrock::local::Invocation;
use bedrock::local::lambda_api::FunctionInfo;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::super::dispatcher::TriggerDispatcher;
use super::batch;
use super::message::Message;
use super::queue::SqsQueue;
use super::store::MessageStoreError;
use crate::event_log::{TriggerEvent, TriggerKind, TriggerState};

/// Maximum number of concurrent batches. Lambda starts with five pollers, which suffice locally.
const MAX_CONCURRENT_BATCHES: usize = 5;
/// Maximum size of the messages in one batch; the rest of the event must fit into 6 MB, too.
const MAX_BATCH_BYTES: usize = 5 * 1024 * 1024;
/// Pause after an error of the database.
const ERROR_DELAY: Duration = Duration::from_secs(1);

/// A queue and the worker that it invokes.
pub(in super::super) struct EventSourceMapping {
    pub(in super::super) queue: Arc<SqsQueue>,
    pub(in super::super) function: FunctionInfo,
    pub(in super::super) batch_size: usize,
    /// Seconds.
    pub(in super::super) batch_window: u64,
    pub(in super::super) partial_failures: bool,
    pub(in super::super) dispatcher: Arc<TriggerDispatcher>,
}

/// Polls the queue and invokes the worker, without end.
pub(in super::super) async fn poll(mapping: Arc<EventSourceMapping>) {
    let permits = Arc::new(Semaphore::new(MAX_CONCURRENT_BATCHES));
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
                    if let Err(error) = mapping.process(&messages).await {
                        mapping.dispatcher.log_error(&mapping.function.worker, &error.to_string());
                    }
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
    async fn next_batch(&self) -> Result<Vec<Message>, MessageStoreError> {
        let mut messages = Vec::new();
        match self.fill_batch(&mut messages).await {
            Err(error) if messages.is_empty() => Err(error),
            _ => Ok(messages),
        }
    }

    /// Adds messages until the batch is full or its window has passed.
    async fn fill_batch(&self, messages: &mut Vec<Message>) -> Result<(), MessageStoreError> {
        let mut window_end = None;
        let mut bytes = 0;
        loop {
            // One after the other, so that no message is held that does not fit.
            while messages.len() < self.batch_size && bytes < MAX_BATCH_BYTES {
                let received = self.queue.hold(1)?;
                self.publish(TriggerState::Dead, received.dead);
                let Some(message) = received.messages.into_iter().next() else { break };
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

    async fn process(&self, messages: &[Message]) -> Result<(), MessageStoreError> {
        let event = batch::event_json(messages, &self.queue.arn).to_string();
        let trace = messages.iter().find_map(|message| message.trace.clone());
        let invocation = Invocation::new(event.into(), trace);
        let result = self.dispatcher.run(&self.function, invocation, &self.queue.name, messages.len()).await;
        let mut failed: Vec<&Message> = match &result {
            Err(_) => messages.iter().collect(),
            Ok(response) if self.partial_failures => batch::failed_messages(messages, response),
            Ok(_) => Vec::new(),
        };
        let processed: Vec<&Message> =
            messages.iter().filter(|message| !failed.iter().any(|other| other.id == message.id)).collect();
        let mut first_error = None;
        for message in processed {
            if let Err(error) = self.queue.delete(&message.receipt) {
                // Returned to the queue instead of being held until the next start.
                failed.push(message);
                first_error.get_or_insert(error);
            }
        }
        self.queue.release(&failed)?;
        self.publish(TriggerState::Returned, failed.len());
        first_error.map_or(Ok(()), Err)
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
