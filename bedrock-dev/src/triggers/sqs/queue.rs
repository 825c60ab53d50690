//! A queue: its configuration, its messages, and the tasks that wait for them.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock_local::event_sources::MessageAttributes;
use tokio::sync::watch;

use super::store::{
    ListedMessage, MessageCounts, MessageStore, MessageStoreError, NewMessage, ReceiveRequest, Received, RedrivePolicy,
    SentMessage,
};
use crate::Clock;

/// Maximum delay of a message (SQS quotas).
pub(super) const MAX_DELAY_SECONDS: u64 = 900;

/// Configuration of a queue.
pub(in super::super) struct SqsQueueConfig {
    /// `shop-local-jobs`
    pub(in super::super) name: String,
    pub(in super::super) arn: String,
    pub(in super::super) url: String,
    /// Visibility timeout in seconds.
    pub(in super::super) visibility: u64,
    pub(in super::super) redrive: Option<RedrivePolicy>,
    /// `None` for a standard queue.
    pub(in super::super) fifo: Option<FifoQueueConfig>,
}

/// Configuration of a FIFO queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct FifoQueueConfig {
    /// Whether the body of a message identifies duplicates if the sender gives no `MessageDeduplicationId`.
    pub(in super::super) content_based_deduplication: bool,
}

/// A message to be sent.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct OutgoingMessage<'a> {
    pub(in super::super) body: &'a str,
    pub(in super::super) attributes: &'a MessageAttributes,
    /// The value of `AWSTraceHeader`.
    pub(in super::super) trace: Option<&'a str>,
    /// Seconds until it becomes visible.
    pub(in super::super) delay: u64,
    /// `MessageGroupId`. Every message of a FIFO queue has one.
    pub(in super::super) group: Option<&'a str>,
    /// `MessageDeduplicationId`. Every message of a FIFO queue has one, and no other.
    pub(in super::super) deduplication_id: Option<&'a str>,
}

#[cfg(test)]
impl<'a> OutgoingMessage<'a> {
    /// Returns a message without attributes, of a group if the queue is a FIFO queue.
    pub(in super::super) fn of(body: &'a str, group: Option<&'a str>) -> Self {
        static NO_ATTRIBUTES: MessageAttributes = MessageAttributes::new();
        Self { body, attributes: &NO_ATTRIBUTES, trace: None, delay: 0, group, deduplication_id: group.map(|_| body) }
    }
}

/// A queue of an app.
pub(in super::super) struct SqsQueue {
    /// `shop-local-jobs`
    pub(in super::super) name: String,
    pub(in super::super) arn: String,
    pub(in super::super) url: String,
    /// Visibility timeout in seconds.
    pub(in super::super) visibility: u64,
    pub(in super::super) redrive: Option<RedrivePolicy>,
    /// `None` for a standard queue.
    pub(in super::super) fifo: Option<FifoQueueConfig>,
    messages: Arc<MessageStore>,
    pub(in super::super) clock: Clock,
    /// Changes when messages are sent, released or become visible.
    changes: watch::Sender<u64>,
}

impl SqsQueue {
    pub(in super::super) fn new(config: SqsQueueConfig, messages: Arc<MessageStore>, clock: Clock) -> Self {
        let SqsQueueConfig { name, arn, url, visibility, redrive, fifo } = config;
        Self { name, arn, url, visibility, redrive, fifo, messages, clock, changes: watch::Sender::default() }
    }

    /// Uses the messages on a blocking thread, so that a locked database stops no other request.
    pub(in super::super) async fn on_thread<T: Send + 'static>(
        self: &Arc<Self>,
        operation: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> T {
        let queue = Arc::clone(self);
        self.messages.thread.run(move || operation(&queue)).await
    }

    /// Sends a message.
    pub(in super::super) fn send(&self, message: &OutgoingMessage<'_>) -> Result<SentMessage, MessageStoreError> {
        let OutgoingMessage { body, attributes, trace, delay, group, deduplication_id } = *message;
        let now = self.clock.now();
        let visible = now + Duration::from_secs(delay);
        let message = NewMessage { body, attributes, trace, sent: now, visible, group, deduplication_id };
        let sent = self.messages.send(&self.name, &message)?;
        self.wake();
        Ok(sent)
    }

    /// Receives messages for a client: they are hidden for the visibility timeout, and removed when the client deletes
    /// them.
    pub(super) fn receive(&self, max_messages: usize, visibility: Option<u64>) -> Result<Received, MessageStoreError> {
        let visibility = visibility.unwrap_or(self.visibility);
        let is_fifo = self.fifo.is_some();
        self.receive_with(&ReceiveRequest { max_messages, visibility, held: false, is_fifo, own_groups: &[] })
    }

    /// Receives messages for an event source mapping of this process: they are hidden until they are released, and then
    /// for the rest of the visibility timeout. `own_groups` are the groups of which the caller holds messages already.
    pub(super) fn hold(&self, max_messages: usize, own_groups: &[String]) -> Result<Received, MessageStoreError> {
        let visibility = self.visibility;
        let is_fifo = self.fifo.is_some();
        self.receive_with(&ReceiveRequest { max_messages, visibility, held: true, is_fifo, own_groups })
    }

    fn receive_with(&self, request: &ReceiveRequest<'_>) -> Result<Received, MessageStoreError> {
        self.messages.receive(&self.name, request, self.redrive.as_ref(), self.clock.now())
    }

    pub(super) fn delete(&self, receipt: &str) -> Result<(), MessageStoreError> {
        self.messages.delete(&self.name, receipt)
    }

    /// Releases failed messages of a batch and deletes processed ones, see [`MessageStore::finish`].
    pub(super) fn finish(&self, processed: &[String], failed: &[String]) -> Result<(), MessageStoreError> {
        let finished = self.messages.finish(processed, failed);
        self.wake();
        finished
    }

    /// Hides a received message for another `seconds`. Returns `false` if there is no such message.
    pub(super) fn change_visibility(&self, receipt: &str, seconds: u64) -> Result<bool, MessageStoreError> {
        let until = self.clock.now() + Duration::from_secs(seconds);
        let is_changed = self.messages.hide_until(&self.name, receipt, until)?;
        self.wake();
        Ok(is_changed)
    }

    pub(super) fn purge(&self) -> Result<usize, MessageStoreError> {
        self.messages.purge(&self.name)
    }

    /// Returns the oldest messages without receiving them.
    pub(in super::super) fn peek(&self, limit: usize) -> Result<Vec<ListedMessage>, MessageStoreError> {
        self.messages.peek(&self.name, limit)
    }

    /// Deletes a message. Returns `false` if there is none that could be.
    pub(in super::super) fn drop_message(&self, id: &str) -> Result<bool, MessageStoreError> {
        let is_dropped = self.messages.drop_message(&self.name, id)?;
        self.wake();
        Ok(is_dropped)
    }

    /// Moves a message here from another queue. Returns `false` if there is none that could be.
    pub(in super::super) fn take_from(&self, other: &str, id: &str) -> Result<bool, MessageStoreError> {
        let is_moved = self.messages.move_message(other, id, &self.name, self.clock.now())?;
        self.wake();
        Ok(is_moved)
    }

    pub(in super::super) fn counts(&self) -> Result<MessageCounts, MessageStoreError> {
        self.messages.counts(&self.name, self.clock.now())
    }

    /// Limits the times of messages to those that the clock can have set, see
    /// [`MessageStore::clamp_future_timestamps`].
    pub(in super::super) fn clamp_future_timestamps(&self) -> Result<(), MessageStoreError> {
        let longest_delay = Duration::from_secs(self.visibility.max(MAX_DELAY_SECONDS));
        self.messages.clamp_future_timestamps(&self.name, self.clock.now(), longest_delay)
    }

    fn wake(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Waits until there may be messages, or until `deadline`.
    pub(super) async fn wait(self: &Arc<Self>, deadline: Option<SystemTime>) -> Result<(), MessageStoreError> {
        // Subscribed before the database is read, so that no change in between is missed.
        let mut changes = self.changes.subscribe();
        let next_visible =
            self.on_thread(|queue| queue.messages.next_visible(&queue.name, queue.fifo.is_some())).await?;
        let due = [next_visible, deadline].into_iter().flatten().min();
        tokio::select! {
            // Cannot fail: the queue has the sender.
            _ = changes.changed() => {}
            () = async {
                match due {
                    Some(due) => self.clock.sleep_until(due).await,
                    None => std::future::pending().await,
                }
            } => {}
        }
        Ok(())
    }
}
