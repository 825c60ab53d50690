//! Durable workers in Rust, with AWS's SDK for durable functions. Only the feature `durable` compiles this.
//!
//! ```ignore
//! use std::time::Duration;
//!
//! use bedrock::durable::{DurableContext, DurableWorker, Result};
//!
//! #[bedrock::worker]
//! pub struct OrderFlow;
//!
//! impl DurableWorker for OrderFlow {
//!     type Event = Order;
//!     type Response = Receipt;
//!
//!     async fn execute(&self, event: Order, context: DurableContext) -> Result<Receipt> {
//!         let payment = context.step(move |_| charge(event.card)).name("charge").await?;
//!         context.wait(Duration::from_secs(30 * 86_400)).name("grace period").await?;
//!         Ok(context.invoke("mailer", payment).await?)
//!     }
//! }
//! ```

use std::future::Future;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// AWS's SDK for durable functions, the crate `aws-durable-execution-sdk`.
pub use aws_durable_execution_sdk as sdk;
/// The error of a durable worker and of its steps. Every error converts into it with `?`.
pub use aws_durable_execution_sdk::BoxError;
/// The context of an execution, as it is in the SDK.
pub use aws_durable_execution_sdk::DurableContext;

use crate::WorkerError;

/// Why an invocation that is not of an execution fails.
const NOT_DURABLE: &str = "the event is not of a durable execution: durable workers run in `cargo bedrock \
                                      dev`, and on Lambda in functions that were created with a `DurableConfig`";

/// The result of a durable worker and of its steps.
pub type Result<T, E = BoxError> = std::result::Result<T, E>;

/// A durable worker written in Rust. `#[bedrock::worker]` on its struct and the setting `durable` belong to it.
///
/// Callers use it like any other [`Worker`].
pub trait DurableWorker: Sized + Send + Sync + 'static {
    /// The event that the worker is called with.
    type Event: Serialize + DeserializeOwned + Send + 'static;
    /// The response of the worker, which is the result of the execution.
    type Response: Serialize + DeserializeOwned + Send + 'static;

    /// Runs an execution, from the beginning after each wait. Steps that have run return their stored results. An error
    /// fails the execution.
    fn execute(
        &self,
        event: Self::Event,
        context: DurableContext,
    ) -> impl Future<Output = Result<Self::Response>> + Send;
}

/// Returns the error of an invocation that is not of an execution.
pub(crate) fn not_durable() -> WorkerError {
    WorkerError::new("Runtime.DurableConfigError", NOT_DURABLE)
}
