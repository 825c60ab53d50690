//! Asynchronous events of the dev server: stored in a file, run, retried, and delivered to destinations.
//!
//! | module | does |
//! | --- | --- |
//! | `log_lines` | what the terminal says about retries and failures |
//! | `store` | the SQLite file |
//! | `page` | a page of the stored events |
//! | `worker` | runs due events |
//!
//! The engine, which decides about retries and destinations, is `bedrock_model::AsyncInvoker`. `cargo run` and
//! `bedrock::test` use the same engine with other stores.

mod log_lines;
mod page;
mod store;
mod worker;

pub use bedrock_model::async_event::{AsyncEvent, Attempt, Condition, EventRecord, EventState, EventTransition};
pub use bedrock_model::destination::{DestinationDelivery, DestinationFunction, DestinationKind};
pub use bedrock_model::event_invoke_config::EventInvokeConfig;
pub use bedrock_model::{AttemptFuture, Claim};
pub(crate) use log_lines::log_line;
pub(crate) use page::{PageCursor, QueueCounts, QueuePage};
pub use store::{QueueStore, StoreError};
pub use worker::AsyncQueue;
