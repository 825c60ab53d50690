//! What a trigger did, as readers of the stream get to see it.

use serde::Serialize;

/// What invokes a worker besides calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerKind {
    /// A time.
    Schedule,
    /// Messages.
    Queue,
    /// Files of a folder.
    Bucket,
}

/// What it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerState {
    /// The worker is invoked, or its event was accepted.
    Fired,
    /// Messages that the worker failed with are in the queue again, hidden for a while.
    Returned,
    /// Messages were received too often and are in the dead-letter queue now.
    Dead,
}

/// A trigger did something.
#[derive(Debug, Clone, Serialize)]
pub struct TriggerEvent {
    /// Whose it is.
    pub worker: String,
    /// What it is.
    pub trigger: TriggerKind,
    /// The schedule, or the name of the queue or bucket.
    pub source: String,
    /// What it did.
    pub state: TriggerState,
    /// How many messages or objects; 1 for a schedule.
    pub items: usize,
    /// Of the invocation that it made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}
