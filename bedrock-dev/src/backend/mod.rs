//! The functions of an app as Lambda's API sees them.
//!
//! | module | does |
//! | --- | --- |
//! | `local_backend` | finds functions and runs them; accepts events into the queue |
//! | `recording_backend` | decorates a backend: publishes its invocations to the event log |
//! | `function_factory` | creates the functions that have programs of their own |
//! | `endpoint` | the endpoint as a function |

pub(crate) mod endpoint;
mod function_factory;
mod local_backend;
mod recording_backend;

pub use endpoint::ENDPOINT;
pub(crate) use function_factory::{FunctionFactory, copied};
pub(crate) use local_backend::LocalBackend;
pub use recording_backend::RecordingBackend;
