//! What Lambda's event source mapping does: takes batches of messages, has the worker invoked, deletes what it has worked
//! on and leaves the rest to come back when its visibility timeout is over.

use std::sync::Arc;
use std::time::Duration;

use bedrock::local::Invocation;
use bedrock::local::service::FunctionInfo;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::super::dispatcher::TriggerDispatcher;
use super::batch;
use super::message::Message;
use super::queue::SqsQueue;
use super::store::MessageStoreError;
use crate::event_log::{TriggerEvent, TriggerKind, TriggerState};

/// Batches at the same time: Lambda begins with so many pollers, and a laptop needs no more.
const AT_ONCE: usize = 5;
/// Bytes of the messages of one invocation, with room for the rest of the event in its 6 MB.
const MOST_BYTES: usize = 5 * 1024 * 1024;
/// Before a file that could not be used is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// A worker that a queue invokes.
pub(in super::super) struct EventSourceMapping {
    pub(in super::super) queue: Arc<SqsQueue>,
    pub(in super::super) function: FunctionInfo,
    pub(in super::super) batch_size: usize,
    /// Seconds.
    pub(in super::super) batch_window: u64,
    pub(in super::super) partial_failures: bool,
    pub(in super::super) firing: Arc<TriggerDispatcher>,
}

/// Runs for ever.
pub(in super::super) async fn consume(consumer: Arc<EventSourceMapping>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    // They end with this task.
    let mut batches = JoinSet::new();
    // A fault that stays is told once.
    let mut told = String::new();
    loop {
        while batches.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { return };
        match consumer.gather().await {
            Ok(messages) => {
                told.clear();
                let consumer = Arc::clone(&consumer);
                batches.spawn(async move {
                    let _place = place;
                    if let Err(fault) = consumer.work(&messages).await {
                        consumer.firing.complain(&consumer.function.worker, &fault.to_string());
                    }
                });
            }
            Err(fault) => {
                let fault = fault.to_string();
                if told != fault {
                    consumer.firing.complain(&consumer.function.worker, &fault);
                    told = fault;
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

impl EventSourceMapping {
    /// Waits for a batch. What is held when the file fails is one too: nobody else would get it, and the next round meets
    /// the fault with empty hands.
    async fn gather(&self) -> Result<Vec<Message>, MessageStoreError> {
        let mut gathered = Vec::new();
        match self.fill(&mut gathered).await {
            Err(fault) if gathered.is_empty() => Err(fault),
            _ => Ok(gathered),
        }
    }

    /// A batch is whole when it has its number of messages, or when its window is over.
    async fn fill(&self, gathered: &mut Vec<Message>) -> Result<(), MessageStoreError> {
        let (mut over, mut bytes) = (None, 0);
        loop {
            // One after the other, so that no message is held for which there is no room.
            while gathered.len() < self.batch_size && bytes < MOST_BYTES {
                let received = self.queue.hold(1)?;
                self.tell(TriggerState::Dead, received.dead);
                let Some(message) = received.messages.into_iter().next() else { break };
                bytes += message.body.len();
                gathered.push(message);
            }
            let now = self.queue.clock.now();
            if !gathered.is_empty() {
                let over = *over.get_or_insert(now + Duration::from_secs(self.batch_window));
                if now >= over || gathered.len() >= self.batch_size || bytes >= MOST_BYTES {
                    return Ok(());
                }
            }
            self.queue.wait(over).await?;
        }
    }

    async fn work(&self, messages: &[Message]) -> Result<(), MessageStoreError> {
        let event = batch::event(messages, &self.queue.arn).to_string();
        let trace = messages.iter().find_map(|message| message.trace.clone());
        let invocation = Invocation::new(event.into(), trace);
        let answer = self.firing.run(&self.function, invocation, &self.queue.name, messages.len()).await;
        let mut failed: Vec<&Message> = match &answer {
            Err(_) => messages.iter().collect(),
            Ok(response) if self.partial_failures => batch::failed(messages, response),
            Ok(_) => Vec::new(),
        };
        let done: Vec<&Message> =
            messages.iter().filter(|message| !failed.iter().any(|other| other.id == message.id)).collect();
        let mut fault = None;
        for message in done {
            if let Err(error) = self.queue.delete(&message.receipt) {
                // It comes back rather than being held until the next start.
                failed.push(message);
                fault.get_or_insert(error);
            }
        }
        self.queue.release(&failed)?;
        self.tell(TriggerState::Returned, failed.len());
        fault.map_or(Ok(()), Err)
    }

    fn tell(&self, state: TriggerState, items: usize) {
        if items > 0 {
            let (worker, source) = (self.function.worker.clone(), self.queue.name.clone());
            self.firing.tell(TriggerEvent {
                worker,
                trigger: TriggerKind::Queue,
                source,
                state,
                items,
                request_id: None,
            });
        }
    }
}

#[cfg(test)]
mod tests;
