//! The runtime of `cargo bedrock`, which apps and their Rust workers link. Not related to Amazon Bedrock, the model
//! service.
//!
//! An app has one **endpoint** (its HTTP binary) and many **workers**. On AWS each is a separate Lambda function.
//! Locally `cargo run` runs them all, without an account, Docker or a change to the code.
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
//! | item | purpose |
//! | --- | --- |
//! | [`main`], [`serve`] | the endpoint |
//! | [`worker`], [`Worker`], [`run`], [`macro@contract`] | a Rust worker |
//! | `durable` | a durable Rust worker, with the feature `durable` |
//! | [`invoke!`], [`invoke_arn`] | calls of a worker, or of any other Lambda function |
//! | [`Error`] | why a call failed, and whether the worker may have run |
//! | [`config`] | the ARNs of the workers |
//! | [`Metric`] | metrics of CloudWatch |
//! | [`mod@test`] | tests of a whole app |

#![forbid(unsafe_code)]

mod caller;
mod config;
mod context;
#[cfg(feature = "durable")]
pub mod durable;
#[cfg(feature = "durable")]
mod durable_worker;
mod exec;
mod executor;
mod failure;
mod invoke;
mod json;
#[cfg(any(bedrock_lambda, feature = "aws-sdk", test))]
mod lambda;
#[cfg(not(bedrock_lambda))]
mod local;
mod logging;
mod main_result;
mod metric;
#[cfg(not(any(bedrock_lambda, feature = "aws-sdk", test)))]
mod not_built_for_lambda;
#[cfg(any(bedrock_lambda, feature = "aws-sdk", test))]
mod remote;
mod request_context;
mod run;
mod runtime;
mod serve;
mod stderr;
mod worker;

#[cfg(not(any(bedrock_lambda, feature = "aws-sdk", test)))]
use not_built_for_lambda as lambda;

#[cfg(not(bedrock_lambda))]
#[doc(inline)]
pub use local::test;

#[allow(unused_imports, reason = "Lambda builds need only some of them")]
use bedrock_model::{date, id, limits};

#[doc(inline)]
pub use bedrock_model::Error;
pub use config::{Config, config};
pub use context::Context;
pub use failure::{Result, WorkerError};
pub use invoke::{InvokeArn, invoke_arn};
pub use metric::{InvalidMetric, Metric, MetricUnit};
pub use request_context::{MissingRequestContext, RequestContext};
pub use run::run;
pub use serve::serve;
/// The former name of [`RegisteredWorker`].
#[doc(no_inline)]
pub use worker::RegisteredWorker as Registered;
pub use worker::{RegisteredWorker, Worker};

/// Makes `async fn main` the endpoint of the app.
///
/// Starts the async runtime, runs the body, and then waits up to ten seconds for events that were accepted by
/// fire-and-forget calls. Every Rust worker of the app must be a dependency of the crate. If one is missing, the
/// compile error contains the line to add.
///
/// The body may return nothing or a `Result` whose error can be displayed; an error ends the program with status 1.
pub use bedrock_macros::main;

/// Makes an `async fn` a test of the whole app. The function gets an [`App`](mod@test).
///
/// The test needs no other async runtime. Every Rust worker that the crate depends on is linked into the test. The
/// function may return nothing or a `Result` whose error can be displayed; an error fails the test. Other attributes,
/// such as `#[should_panic]`, must follow this one.
pub use bedrock_macros::test;

/// Registers a Rust worker. Belongs on the struct that implements [`Worker`].
///
/// The name of the struct follows from the worker's folder: `workers/system_fetcher` contains `SystemFetcher`. One
/// instance is made per execution environment, not per call. A unit struct is constructed directly, any other struct
/// with `Default` or with an async function that returns a [`Result`] of it:
///
/// ```ignore
/// #[bedrock::worker(init = Resizer::connect)]
/// pub struct Resizer { client: Client }
/// ```
pub use bedrock_macros::worker;

/// Calls a worker. The compiler checks that it exists, and for a Rust worker also the types.
///
/// ```ignore
/// invoke!("system_fetcher", json!({})).await?;                                            // accepted; returns ()
/// let systems: Vec<System> = invoke!("system_fetcher", json!({}), require_response = true).await?;
/// let thumb = invoke!(Resizer, ResizeRequest { width: 64 }, require_response = true).await?;
/// ```
///
/// The macro returns a future that does nothing until it is awaited. Its output is `Result<_, bedrock::Error>`.
///
/// - Without `require_response = true` the call is fire-and-forget: it is complete when the event is accepted (at most
///   1 MiB, 1,048,576 bytes of JSON). If the worker fails, it gets the event up to two more times.
/// - With it the call waits for the response, but not longer than the caller itself has time left. Event and response
///   have at most 6 MiB, 6,291,456 bytes of JSON, each.
/// - A string that names a Rust worker is type-checked like the path form if the calling crate depends on the worker's
///   crate. Every other string accepts any event that serde can serialize as JSON.
///
/// A call is not retried if the worker may have run; see [`Error::may_have_run`].
pub use bedrock_macros::invoke;

/// Makes a struct or an enum a type of the worker's contract.
///
/// Belongs on the event and the response of a Rust worker, and on the types that they use. `cargo bedrock contracts`
/// writes the worker's `contract.json` from them, and from that the types for callers in Python and JavaScript:
///
/// ```ignore
/// #[bedrock::contract]
/// #[derive(Serialize, Deserialize)]
/// #[serde(rename_all = "camelCase")]
/// pub struct ResizeRequest {
///     pub width: u32,
///     #[serde(default)]
///     pub sizes: Vec<Size>,
///     #[contract(format = "date-time")]
///     pub taken_at: Option<String>,
/// }
/// ```
///
/// The attributes of serde are followed: `rename`, `rename_all`, `default`, `skip`, `skip_serializing`,
/// `skip_serializing_if`, `transparent`, `tag`, `content`. What does not mean the same in all languages is an error at its
/// token, with what to write instead: `flatten`, `untagged`, tuples, generic types, integers of 64 bits.
///
/// Options of a field:
///
/// - `#[contract(as = "T")]`: what the field is in JSON, if functions of serde read and write it.
/// - `#[contract(format = "uuid")]`: a string with a format: `date-time`, `date`, `uuid`, `uri`, `email`, `decimal` or
///   `base64`.
/// - `#[contract(safe_int)]`: the integer of 64 bits is never beyond ±9007199254740991.
pub use bedrock_macros::contract;

/// Declares the module `workers` with the types of the workers' contracts. Belongs into `main.rs` or `lib.rs`.
///
/// For each worker with a `contract.json` it has a module with the types `Event` and `Response`, and the types that
/// they use. [`invoke!`] of such a worker takes its event, or a literal of `json!`, and returns its response:
///
/// ```ignore
/// bedrock::workers!();
///
/// let pdf = invoke!("invoice_pdf", workers::invoice_pdf::Event { id: 7 }, require_response = true).await?;
/// ```
///
/// The module has the workers whose names are in the crate's files, so a changed contract compiles only crates that use it.
/// A crate that re-exports the module for others lists them: `bedrock::workers!(invoice_pdf, resizer);`.
/// Without contracts the module is empty.
pub use bedrock_macros::workers;

#[doc(hidden)]
pub mod __private;
