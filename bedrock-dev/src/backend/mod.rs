//! The functions of an app as Lambda's API sees them.
//!
//! | module | does |
//! | --- | --- |
//! | `function_registry` | finds functions and runs them |
//! | `function_factory` | creates the functions that have an executable of their own |
//! | `endpoint` | the endpoint as a function |
//! | `active_workers` | which workers are running an invocation |
//! | `event_runner` | runs the events of the queue |
//! | `local_backend` | the backend of Lambda's API: admits calls, and accepts events into the queue |
//! | `recording_backend` | publishes the invocations of a backend to the event log |
//!
//! Nothing here refers back to its user: the queue holds the event runner, and the backend holds the queue.

mod active_workers;
mod endpoint;
mod event_runner;
mod function_factory;
mod function_registry;
mod local_backend;
mod recording_backend;

pub use endpoint::ENDPOINT;
pub(crate) use event_runner::EventRunner;
pub(crate) use function_factory::FunctionFactory;
pub(crate) use function_registry::FunctionRegistry;
pub(crate) use local_backend::LocalBackend;
pub use recording_backend::RecordingBackend;
