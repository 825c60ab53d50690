//! The trait of Rust workers.

use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Context, Result};

/// A worker written in Rust.
///
/// ```ignore
/// #[bedrock::worker]
/// pub struct Resizer;
///
/// impl bedrock::Worker for Resizer {
///     type Event = ResizeRequest;
///     type Response = Thumb;
///
///     async fn execute(&self, event: ResizeRequest, context: &Context) -> Result<Thumb> {
///         thumb_of(event).await
///     }
/// }
/// ```
///
/// Event and response travel as JSON, also on a laptop, so both must be writable and readable.
pub trait Worker: Sized + Send + Sync + 'static {
    /// What the worker is called with.
    type Event: Serialize + DeserializeOwned + Send + 'static;
    /// What it answers.
    type Response: Serialize + DeserializeOwned + Send + 'static;

    /// Runs one invocation. Called again and again on the one instance of this environment; on a laptop also at the
    /// same time from several threads.
    fn execute(&self, event: Self::Event, context: &Context) -> impl Future<Output = Result<Self::Response>> + Send;
}

/// What `#[bedrock::worker]` adds to a [`Worker`]: its name and how to make it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no worker",
    label = "not a worker",
    note = "a worker is a struct with `#[bedrock::worker]` that implements `bedrock::Worker`"
)]
pub trait Registered: Worker {
    /// The worker's name, `resizer` for `Resizer`.
    const NAME: &'static str;
    /// The app that the worker was built in.
    const APP: Option<&'static str>;

    /// Makes the one instance of an environment.
    fn construct() -> impl Future<Output = Result<Self>> + Send;
}
