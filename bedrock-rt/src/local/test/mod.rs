//! Tests of a whole app: `cargo test` runs its workers in Rust, Python and JavaScript, with mocks, a clock that the
//! test moves, and assertions about calls.
//!
//! ```ignore
//! use bedrock::test::App;
//! use serde_json::{Value, json};
//!
//! #[bedrock::test]
//! async fn an_order_is_billed_and_mailed(app: App) -> bedrock::Result<()> {
//!     app.mock("mailer", |_: Value| Ok(json!({ "sent": true })));
//!     let app = app.with_router(my_app::router());
//!     let response = app.post("/orders", json!({ "order": 7 })).await?;
//!     assert_eq!(response.status(), 200);
//!     app.wait_for_due_events().await;
//!     app.assert_called("biller").with_event(json!({ "order": 7 })).times(1);
//!     app.assert_called("mailer").by("biller").times(1);
//!     Ok(())
//! }
//! ```
//!
//! | subject | behaviour, the same as on Lambda |
//! | --- | --- |
//! | events and responses | JSON, also between Rust workers; the 6 MB and 1 MB limits |
//! | failed events | two retries after 1 and 2 minutes of [`App::clock`], maximum age and destinations of the settings |
//! | triggers | [`App::send_message`], [`App::publish`], [`App::put_event`] and others: AWS's events, filters, batches, retries, dead letters |
//! | deadlines | real time; calls inherit the deadline of the worker or endpoint that makes them |
//! | a worker that panics, raises or exits | an error of that invocation |
//!
//! Durable workers need the cargo feature `durable-test`: `App::start_execution` and `Execution`.
//!
//! Reserved concurrency, permissions and recursive loops of calls are checked by `cargo bedrock dev`. A Lambda build
//! contains none of this.

mod app;
mod backend;
mod call_assertion;
mod current_app;
mod endpoint;
mod event_sources;
mod events;
#[cfg(feature = "durable-test")]
mod execute;
#[cfg(not(feature = "durable-test"))]
#[path = "no_execute.rs"]
mod execute;
#[cfg(feature = "durable-test")]
mod execution;
#[cfg(feature = "durable-test")]
mod executions;
#[cfg(not(feature = "durable-test"))]
#[path = "no_executions.rs"]
mod executions;
mod harness;
mod invocations;
mod log_capture;
mod message;
mod mock;
#[cfg(not(feature = "durable-test"))]
mod needs_durable_test;
#[cfg(feature = "durable-test")]
mod operation;
mod queue;
mod record;
mod run;
mod stream;
mod test_runtime;
mod trigger_events;
#[cfg(test)]
mod trigger_tests;

pub use app::{App, Clock};
#[cfg(feature = "durable-test")]
pub use bedrock_durable::{ErrorObject, ExecutionStatus, OperationStatus, OperationType};
pub use call_assertion::CallAssertion;
pub use endpoint::Response;
pub use events::UndeliveredEvent;
#[cfg(feature = "durable-test")]
pub use execution::{Callback, Execution};
pub use invocations::{Invocation, Outcome};
pub use message::{BusEvent, Message, Notification, QueuedMessage};
#[cfg(feature = "durable-test")]
pub use operation::Operation;
pub use record::{ItemChange, KinesisRecord};

/// The former name of [`UndeliveredEvent`].
#[deprecated(note = "use `UndeliveredEvent`")]
pub type Left = UndeliveredEvent;
/// The former name of [`CallAssertion`].
#[deprecated(note = "use `CallAssertion`")]
pub type Called = CallAssertion;

pub(crate) use run::run;
