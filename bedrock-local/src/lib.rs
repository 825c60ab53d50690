//! The local runtime of an app: its workers on one machine, with the behaviour that they would have on Lambda. Used by
//! `bedrock-rt` for `cargo run` and tests, by `bedrock-dev` and by the command.
//!
//! | module | does |
//! | --- | --- |
//! | `app_info`, `worker_info` | what is known about the app and its workers |
//! | `start`, `hosted_workers` | connect an app with its backend and Lambda's API |
//! | `async_runtime`, `shutdown`, `single_invocation` | the life of the program |
//! | `dispatch` | from a call to the worker that it names |
//! | `linked_worker` | the interface of Rust workers in the same program; `bedrock-rt` implements it |
//! | `caller_deadline`, `spawn_on_drop` | calls whose caller has a deadline or stops waiting |
//! | `async_events`, `event_settings` | fire-and-forget calls: retries, destinations, and waiting for them at the end |
//! | `event_sources` | events of AWS's services, and what event source mappings do with batches |
//! | `durable` | durable executions, with the feature `durable`: the service over the engine, and its API |
//! | `host` | Python and JavaScript workers: warm processes and their protocol |
//! | `host_files`, `interpreter`, `install` | what a host process needs: its program, its interpreter, its dependencies |
//! | `old_code` | workers that run with code of before a reload, for durable executions |
//! | `worker_tools` | prepares workers for test runners and editors |
//! | `services` | the AWS services of the settings, under `cargo run` |
//! | `reaper` | kills host processes when the program ends |
//! | `lambda_api`, `local_backend`, `api_port` | Lambda's API on a local port, for calls from workers and from outside |
//! | `http_server`, `connection_timeouts`, `response_framing` | the HTTP server of the endpoint and of that API |
//! | `output`, `log_tail_registry`, `line_buffer`, `stderr` | what workers print |
//! | `process_memory` | the memory of a process |
//! | `worker_contract` | checks events, responses and code against `contract.json` |
//! | `lambda_files` | what `cargo bedrock build` adds to a worker's zip |
//!
//! A Lambda build contains none of this. Lambda's rules themselves are in `bedrock-model`.

#![forbid(unsafe_code)]

mod api_port;
mod app_info;
mod async_events;
mod async_runtime;
mod build_warnings;
mod caller_deadline;
mod connection_timeouts;
mod dispatch;
#[cfg(feature = "durable")]
pub mod durable;
mod event_settings;
pub mod event_sources;
#[cfg(fuzzing)]
pub mod fuzzing;
mod host;
mod host_files;
mod hosted_workers;
mod http_server;
mod install;
mod interpreter;
pub mod lambda_api;
mod lambda_files;
mod line_buffer;
mod linked_worker;
mod local_backend;
mod log_tail_registry;
mod old_code;
mod output;
mod process_memory;
mod reaper;
mod response_framing;
#[cfg(test)]
mod response_framing_tests;
mod services;
mod shutdown;
mod single_invocation;
mod spawn_on_drop;
mod start;
mod stderr;
mod worker_contract;
mod worker_environment;
mod worker_info;
mod worker_tools;

pub use api_port::{
    is_configured as is_api_configured, open as open_api, open_alongside_routes as open_api_alongside_routes,
};
pub use app_info::{AppInfo, scratch_folder};
pub use async_events::{AsyncEvents, DRAIN_TIMEOUT, DrainResult};
pub use async_runtime::start as start_async_runtime;
pub use caller_deadline::within_caller_deadline;
pub use dispatch::{FailedTransport, LocalApp, LocalTransport};
pub use event_settings::EventSettings;
pub use host::registry::{ApiUrl, HostConfig, HostRegistry};
pub use host::tools::WorkerTools;
pub use hosted_workers::{HostOptions, HostedWorkers};
pub use http_server::serve_until;
pub use lambda_files::{
    WorkerIdentity, identity_file, is_for_durable_workers, is_reserved, lambda_files, lambda_handler,
};
pub use line_buffer::LineBuffer;
pub use linked_worker::{FindLinkedWorker, LinkedWorker, no_linked_worker};
pub use old_code::{IDLE_TIMEOUT as OLD_CODE_IDLE_TIMEOUT, OldCode, OldCodeWorkers};
pub use output::{LogSink, Output, short_id, start_captured as start_captured_output};
pub use process_memory::{ProcessMemory, memory_of};
pub use reaper::{Group, Reaper};
pub use response_framing::correct_framing;
pub use services::{NO_SERVICES_IN_TESTS, is_endpoint_set, start_services};
pub use shutdown::{handle_signals, shutdown_requested};
pub use single_invocation::{
    CALLEES_VARIABLE, EVENT_VARIABLE, RESPONSE_VARIABLE, SingleInvocation, WORKER_VARIABLE,
    requested as requested_invocation, run as run_invocation, run_single_invocation,
};
pub use spawn_on_drop::SpawnOnDrop;
pub use start::start;
pub use stderr::print_error;
pub use worker_contract::{CONTRACT_VARIABLE, ContractReply, WorkerContracts, read_contract_reply};
pub use worker_environment::{REMOVED_VARIABLES, lambda_variables};
pub use worker_info::{Deadline, WorkerInfo, function_arn, stopping_error};
pub use worker_tools::prepare_workers;
