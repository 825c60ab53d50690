//! The trait of Rust workers.

use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::executor::BoxedExecutor;
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
/// Event and response are transferred as JSON, also locally, so both must implement `Serialize` and `Deserialize`.
pub trait Worker: Sized + Send + Sync + 'static {
    /// The event that the worker is called with.
    type Event: Serialize + DeserializeOwned + Send + 'static;
    /// The response of the worker.
    type Response: Serialize + DeserializeOwned + Send + 'static;

    /// Runs one invocation. It is called repeatedly on the one instance of this execution environment. The local
    /// runtime also calls it from several threads at the same time.
    fn execute(&self, event: Self::Event, context: &Context) -> impl Future<Output = Result<Self::Response>> + Send;

    /// Whether the worker is durable.
    #[doc(hidden)]
    const IS_DURABLE: bool = false;

    /// Returns what runs the worker, if it is not run like others.
    #[doc(hidden)]
    fn into_executor(self) -> std::result::Result<BoxedExecutor, Self> {
        Err(self)
    }
}

/// A [`Worker`] with a name and a constructor. `#[bedrock::worker]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a worker",
    label = "not a worker",
    note = "a worker is a struct with `#[bedrock::worker]` that implements `bedrock::Worker`"
)]
pub trait RegisteredWorker: Worker {
    /// The worker's name, `resizer` for `Resizer`.
    const NAME: &'static str;
    /// The app that the worker was built in. `None` if it was built outside of an app.
    const APP: Option<&'static str>;

    /// Constructs the one instance of an execution environment.
    fn construct() -> impl Future<Output = Result<Self>> + Send;
}
