//! Events about triggers, as they are serialized.

use serde::Serialize;

/// The kind of a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerKind {
    /// A schedule.
    Schedule,
    /// A queue of messages.
    Queue,
    /// A bucket, which is a folder locally.
    Bucket,
    /// A topic.
    Topic,
    /// A rule of an event bus.
    Bus,
    /// A change of a table.
    Dynamodb,
    /// A record of a Kinesis stream.
    Kinesis,
}

/// What a trigger did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerState {
    /// It invoked the worker, or offered its event to the asynchronous queue.
    Fired,
    /// The asynchronous queue rejected the event: it has the request id of the one that was fired.
    Rejected,
    /// Messages that the worker failed to process were returned to the queue, hidden until their visibility timeout.
    Returned,
    /// Messages that were received too often were moved to the dead-letter queue.
    Dead,
    /// Messages that no filter matches were deleted.
    Filtered,
}

/// A trigger did something.
#[derive(Debug, Clone, Serialize)]
pub struct TriggerEvent {
    /// The worker of the trigger.
    pub worker: String,
    /// The kind of the trigger.
    pub trigger: TriggerKind,
    /// The schedule, or the name of the queue, bucket, topic or event bus.
    pub source: String,
    /// What the trigger did.
    pub state: TriggerState,
    /// Number of messages or objects; 1 for a schedule and an event of a bus.
    pub items: usize,
    /// The request id of the invocation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}
