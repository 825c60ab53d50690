//! The runtime of `cargo bedrock`: what an app and its Rust workers link. Not Amazon Bedrock, the model service.
//!
//! An app has one **endpoint** (its HTTP binary) and many **workers**. On AWS each is a Lambda function of its own;
//! on a laptop `cargo run` runs them all, without an account, Docker or a change to the code.
//!
//! ```ignore
//! // src/main.rs: the endpoint
//! #[bedrock::main]
//! async fn main() -> bedrock::Result<()> {
//!     bedrock::serve(axum::Router::new().route("/thumb", axum::routing::get(thumb))).await
//! }
//!
//! async fn thumb() -> Result<String, bedrock::Error> {
//!     let thumb = bedrock::invoke!(Resizer, ResizeRequest { width: 64 }, require_response = true).await?;
//!     Ok(thumb.url)
//! }
//! ```
//!
//! | item | is for |
//! | --- | --- |
//! | [`main`], [`serve`] | the endpoint |
//! | [`worker`], [`Worker`], [`run`] | a Rust worker |
//! | [`invoke!`], [`invoke_arn`] | calling a worker, or any other Lambda function |
//! | [`Error`] | what a call can come to, and whether the worker may have run |
//! | [`config`] | the ARNs of the workers |
//! | [`mod@test`] | tests of a whole app |

#![forbid(unsafe_code)]

mod caller;
mod config;
mod context;
#[cfg(any(test, not(bedrock_lambda), not(feature = "aws-sdk")))]
mod date;
mod error;
mod exec;
mod failure;
mod id;
mod invoke;
mod limits;
#[cfg(not(bedrock_lambda))]
#[doc(hidden)]
pub mod local;
mod logging;
#[cfg(any(bedrock_lambda, feature = "aws-sdk", test))]
mod remote;
mod run;
mod serve;
mod transport;
mod worker;

#[cfg(not(bedrock_lambda))]
#[doc(inline)]
pub use local::test;

pub use config::{Config, config};
pub use context::Context;
pub use error::Error;
pub use failure::{Result, WorkerError};
pub use invoke::{InvokeArn, invoke_arn};
pub use run::run;
pub use serve::serve;
pub use worker::{Registered, Worker};

/// Makes `async fn main` the endpoint of the app.
///
/// Starts the async runtime, runs the body, and at the end waits up to ten seconds for events that were accepted by
/// fire-and-forget calls. Every Rust worker of the app must be a dependency of the crate; one that is not is a compile
/// error that prints the line to add.
///
/// The body may return nothing or a `Result` whose error can be displayed; an error ends the program with status 1.
pub use bedrock_macros::main;

/// Makes an `async fn` a test that gets the whole app, an [`App`](mod@test): see there.
///
/// It needs no other async runtime. Every Rust worker that the crate depends on is linked into the test. The function may
/// return nothing or a `Result` whose error can be displayed; an error fails the test. Other attributes, such as
/// `#[should_panic]`, go below it.
pub use bedrock_macros::test;

/// Registers a Rust worker. Goes on the struct that implements [`Worker`].
///
/// The struct is called after the worker's folder: `workers/system_fetcher` has `SystemFetcher`. One instance is made
/// per environment, not per call: of a unit struct directly, of another one with `Default`, or by an async function
/// that returns a [`Result`] of it:
///
/// ```ignore
/// #[bedrock::worker(init = Resizer::connect)]
/// pub struct Resizer { client: Client }
/// ```
pub use bedrock_macros::worker;

/// Calls a worker. The compiler checks that it exists, and for a Rust worker also the types.
///
/// ```ignore
/// invoke!("system_fetcher", json!({})).await?;                                            // accepted, () comes back
/// let systems: Vec<System> = invoke!("system_fetcher", json!({}), require_response = true).await?;
/// let thumb = invoke!(Resizer, ResizeRequest { width: 64 }, require_response = true).await?;
/// ```
///
/// The result is a future that does nothing until it is awaited, and gives `Result<_, bedrock::Error>`.
///
/// - Without `require_response = true` the call is fire-and-forget: it is done when the event is accepted (at most
///   1 MiB, 1,048,576 bytes of JSON). A worker that fails gets the event twice more.
/// - With it the call waits for the answer, never longer than the caller itself has left. Event and response are at
///   most 6 MiB, 6,291,456 bytes of JSON, each.
/// - A string that names a Rust worker is as typed as the path form if the calling crate depends on the worker's
///   crate. Every other string takes whatever serde can write as JSON.
///
/// Nothing is retried that may have run; see [`Error::may_have_run`].
pub use bedrock_macros::invoke;

#[doc(hidden)]
pub mod __private;
