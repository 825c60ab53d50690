//! The local runtime: a whole app on one machine, with the behaviour that the program would have on Lambda.
//!
//! | module | does |
//! | --- | --- |
//! | `app_info`, `worker_info` | what is known about the app and its workers |
//! | `main_fn`, `single_invocation`, `async_runtime`, `shutdown` | the life of the program |
//! | `start`, `hosted_workers` | connect an app with its backend and Lambda's API |
//! | `dispatch` | from a call to the worker that it names |
//! | `caller_deadline`, `spawn_on_drop` | calls whose caller has a deadline or stops waiting |
//! | `async_events`, `event_settings` | fire-and-forget calls: retries, destinations, and waiting for them at the end |
//! | `rust_worker` | Rust workers: on the app's own runtime, or on threads if they block |
//! | `host` | Python and JavaScript workers: warm processes and their protocol |
//! | `host_files`, `interpreter`, `install` | what a host process needs: its program, its interpreter, its dependencies |
//! | `worker_tools` | prepares workers for test runners and editors |
//! | `reaper` | kills host processes when the program ends |
//! | `lambda_api`, `local_backend`, `api_port` | Lambda's API on a local port, for calls from workers and from outside |
//! | `serve` | the HTTP server of the endpoint and of that API |
//! | `output`, `log_capture`, `line_buffer` | what workers print |
//! | `process_memory` | the memory of a process |
//! | `test` | an app in a test |
//! | `lambda_files` | what `cargo bedrock build` adds to a worker's zip |
//!
//! A Lambda build contains none of this. Lambda's rules themselves are in `bedrock-model`.

mod api_port;
mod app_info;
mod async_events;
mod async_runtime;
mod caller_deadline;
mod dispatch;
mod event_settings;
mod host;
mod host_files;
mod hosted_workers;
mod install;
mod interpreter;
pub mod lambda_api;
mod lambda_files;
mod line_buffer;
mod local_backend;
mod log_capture;
mod main_fn;
mod output;
mod process_memory;
mod reaper;
pub(crate) mod response_framing;
#[cfg(test)]
mod response_framing_tests;
mod rust_worker;
mod serve;
mod shutdown;
mod single_invocation;
mod spawn_on_drop;
mod start;
pub mod test;
mod worker_environment;
mod worker_info;
mod worker_tools;

pub use app_info::AppInfo;
pub use bedrock_model::date::rfc3339;
pub use bedrock_model::exit_status::exit_status_text;
pub use bedrock_model::function_error::FunctionError;
pub use bedrock_model::id::{new_access_key, new_uuid};
pub use bedrock_model::{Invocation, InvocationMetrics, LogTail, Metrics};
pub use caller_deadline::within_caller_deadline;
pub use host::tools::WorkerTools;
pub use hosted_workers::{HostOptions, HostedWorkers};
pub use lambda_files::{identity_file, is_reserved, lambda_files, lambda_handler};
pub use line_buffer::LineBuffer;
pub use output::LogSink;
pub use process_memory::{ProcessMemory, memory_of};
pub use reaper::{Group, Reaper};
pub use rust_worker::Registration;
pub use single_invocation::{
    EVENT_VARIABLE, RESPONSE_VARIABLE, SingleInvocation, WORKER_VARIABLE, run_single_invocation,
};
pub use spawn_on_drop::SpawnOnDrop;
pub use worker_environment::{REMOVED_VARIABLES, lambda_variables};
pub use worker_info::function_arn;
pub use worker_tools::prepare_workers;

pub(crate) use log_capture::StderrLog;
pub(crate) use main_fn::main;
pub(crate) use serve::serve;
pub(crate) use start::detached_transport;
