//! One queue: its settings, its messages, and whoever waits for them.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use tokio::sync::watch;

use super::message::{Attributes, Message};
use super::store::{MessageStoreError, Messages, Received, Wanted};
use crate::Clock;

/// Where messages go that were received too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct DeadLetters {
    /// The queue's name.
    pub(in super::super) queue: String,
    pub(in super::super) max_receives: u32,
}

/// How many messages a queue has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub(in super::super) struct Counts {
    pub(in super::super) waiting: i64,
    pub(in super::super) in_flight: i64,
    pub(in super::super) delayed: i64,
}

/// A queue of an app.
pub(in super::super) struct SqsQueue {
    /// `shop-local-jobs`
    pub(in super::super) name: String,
    pub(in super::super) arn: String,
    pub(in super::super) url: String,
    /// Seconds for which a received message is hidden.
    pub(in super::super) visibility: u64,
    pub(in super::super) dead: Option<DeadLetters>,
    messages: Arc<Messages>,
    pub(in super::super) clock: Clock,
    /// Told of new messages, of those that come back, and of room for another batch.
    news: watch::Sender<u64>,
}

impl SqsQueue {
    pub(in super::super) fn new(
        name: String,
        arn: String,
        url: String,
        (visibility, dead): (u64, Option<DeadLetters>),
        messages: Arc<Messages>,
        clock: Clock,
    ) -> Self {
        Self { name, arn, url, visibility, dead, messages, clock, news: watch::Sender::default() }
    }

    pub(in super::super) fn send(
        &self,
        body: &str,
        attributes: (&Attributes, Option<&str>),
        delay: u64,
    ) -> Result<String, MessageStoreError> {
        let id = self.messages.send(&self.name, body, attributes, (self.clock.now(), delay))?;
        self.wake();
        Ok(id)
    }

    /// For somebody else: hidden for a time, and gone when it is deleted.
    pub(super) fn receive(&self, most: usize, visibility: Option<u64>) -> Result<Received, MessageStoreError> {
        let visibility = visibility.unwrap_or(self.visibility);
        self.take(Wanted { most, visibility, held: false })
    }

    /// For a batch of this program: hidden until it says that it is done, and then for what is left of the time.
    pub(super) fn hold(&self, most: usize) -> Result<Received, MessageStoreError> {
        self.take(Wanted { most, visibility: self.visibility, held: true })
    }

    fn take(&self, wanted: Wanted) -> Result<Received, MessageStoreError> {
        self.messages.receive(&self.name, wanted, self.dead.as_ref(), self.clock.now())
    }

    pub(super) fn delete(&self, receipt: &str) -> Result<(), MessageStoreError> {
        self.messages.delete(&self.name, receipt)
    }

    pub(super) fn release(&self, messages: &[&Message]) -> Result<(), MessageStoreError> {
        let receipts: Vec<&str> = messages.iter().map(|message| message.receipt.as_str()).collect();
        self.messages.release(&receipts)?;
        self.wake();
        Ok(())
    }

    pub(super) fn hide(&self, receipt: &str, seconds: u64) -> Result<bool, MessageStoreError> {
        let done = self.messages.hide(&self.name, receipt, self.clock.now() + Duration::from_secs(seconds))?;
        self.wake();
        Ok(done)
    }

    pub(super) fn purge(&self) -> Result<usize, MessageStoreError> {
        self.messages.purge(&self.name)
    }

    pub(in super::super) fn counts(&self) -> Result<Counts, MessageStoreError> {
        self.messages.counts(&self.name, self.clock.now())
    }

    fn wake(&self) {
        self.news.send_modify(|news| *news = news.wrapping_add(1));
    }

    /// Waits until there may be messages, or until `limit`.
    pub(super) async fn wait(&self, limit: Option<SystemTime>) -> Result<(), MessageStoreError> {
        // Before the file is looked at, so that nothing comes unnoticed in between.
        let mut news = self.news.subscribe();
        let next = self.messages.next(&self.name)?;
        let due = [next, limit].into_iter().flatten().min();
        tokio::select! {
            // The queue itself keeps the sender.
            _ = news.changed() => {}
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
