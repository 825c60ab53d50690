//! Tests of a whole app: `cargo test` runs its workers in Rust, Python and JavaScript, with mocks where you want them, a
//! clock that you move, and assertions on who was called with what.
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
//!     app.settled().await;
//!     app.assert_called("biller").with_event(json!({ "order": 7 })).times(1);
//!     app.assert_called("mailer").by("biller").times(1);
//!     Ok(())
//! }
//! ```
//!
//! | what | is as on Lambda |
//! | --- | --- |
//! | events and responses | JSON, also between Rust workers; the 6 MB and 1 MB limits |
//! | failed events | two retries after 1 and 2 minutes of [`App::clock`], maximum age, destinations, as the settings say |
//! | deadlines | real time: those of workers and of the endpoint, which calls inherit |
//! | a worker that panics, raises or exits | an error of that invocation |
//!
//! Reserved concurrency, rights and circles are what `cargo bedrock dev` is for. None of this is in a Lambda build.

mod app;
mod called;
mod current;
mod endpoint;
mod events;
mod front;
mod harness;
mod invocations;
mod mock;
mod prints;
mod start;

pub use app::{App, Clock};
pub use called::Called;
pub use endpoint::Response;
pub use events::Left;
pub use invocations::{Invocation, Outcome};

pub(crate) use start::run;
