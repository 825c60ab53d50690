//! Asynchronous events of the dev server: stored in a file, run, retried, and delivered to destinations.
//!
//! | module | does |
//! | --- | --- |
//! | `store` | the SQLite file |
//! | `worker` | runs due events |
//!
//! The engine, which decides about retries and destinations, is `bedrock_model::AsyncInvoker`. `cargo run` and
//! `bedrock::test` use the same engine with other stores.

mod store;
mod worker;

pub use bedrock_model::async_event::{AsyncEvent, Attempt, Condition, EventRecord, EventState, EventTransition};
pub use bedrock_model::destination::{DestinationDelivery, DestinationFunction, DestinationKind};
pub use bedrock_model::event_invoke_config::EventInvokeConfig;
pub use bedrock_model::{AttemptFuture, Claim};
pub use store::{QueueStore, StoreError};
pub use worker::AsyncQueue;

// aliases until integration
pub use bedrock_model::async_event::{
    AsyncEvent as Event, EventRecord as Listed, EventState as State, EventTransition as Change,
};
pub use bedrock_model::destination::{
    DestinationDelivery as Delivered, DestinationFunction as Receiver, DestinationKind as Why,
};
pub use bedrock_model::destination_record::{dead_letter_attributes as letter, destination_record as record};
pub use bedrock_model::event_invoke_config::EventInvokeConfig as Rules;
pub use bedrock_model::retry_policy::{RetryDecision as Next, decide as next};
pub use bedrock_model::{AttemptFuture as Run, Claim as Taken};
pub(crate) use store::inode as number;
pub use store::{QueueStore as Store, StoreError as Fault};
pub use worker::AsyncQueue as Queue;
