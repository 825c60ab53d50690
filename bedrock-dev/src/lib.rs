//! The dev server of `cargo bedrock dev`, which users' programs do not link: a durable queue of events, Rust workers as
//! processes, and a clock that can run fast. It uses neither a terminal nor a command line.
//!
//! | module | does |
//! | --- | --- |
//! | `running_server` | a dev server in another process |
//! | `server` | starts everything on one port, and stops it |
//! | `config`, `error` | configuration of the server, and why it could not be started |
//! | `backend` | the functions of an app as Lambda's API sees them: over `execution`, `bedrock_local` and `async_queue` |
//! | `execution` | Lambda's Runtime API and the processes that use it: one for each execution environment |
//! | `function_url` | whose requests the endpoint's URL accepts: signatures, as AWS checks them |
//! | `policy` | what AWS rejects: reserved concurrency, calls without permission, recursive loops, too much memory |
//! | `async_queue` | asynchronous events: stored in a file, retried, sent to destinations |
//! | `durable` | the functions that durable executions run |
//! | `code_store`, `code_files`, `installed_packages` | the code that durable executions keep |
//! | `replay` | runs programs of Rust workers against recorded executions |
//! | `triggers` | what invokes workers in addition to calls: schedules, SQS queues, S3 buckets |
//! | `event_log` | the log of what the server does |
//! | `http_api` | the routes that read the log and change the app's state |
//! | `dashboard` | the web page that shows it |
//! | `account` | services of an AWS account of the user |
//! | `https` | connects to other servers |
//! | `otlp` | sends invocations to an OpenTelemetry collector |
//! | `api_gateway` | the HTTP API of the endpoint |
//! | `reload` | from a saved file to new processes of the workers that it affects |
//! | `debug` | workers under a debugger |
//! | `clock` | the time for retries, schedules and ages: real, faster, or advanced manually |
//! | `database_file` | private files of SQLite, used on a blocking thread |
//! | `sync` | locks without poisoning |

mod account;
mod api_gateway;
mod async_queue;
mod backend;
mod clock;
mod code_files;
mod code_store;
mod config;
pub mod dashboard;
mod database_file;
pub mod debug;
mod durable;
mod error;
pub mod event_log;
pub mod execution;
mod function_url;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod http_api;
mod https;
mod installed_packages;
pub mod otlp;
mod policy;
mod reload;
mod replay;
mod reservation;
mod running_server;
mod server;
mod sync;
mod triggers;

pub use account::{AccountRequest, AccountServices, SignedHead, SigningFuture};
pub use async_queue::{
    AsyncEvent, AsyncQueue, Attempt, AttemptFuture, Claim, Condition, DestinationDelivery, DestinationFunction,
    DestinationKind, EventInvokeConfig, EventRecord, EventState, EventTransition, QueueStore, StoreError,
};
pub use backend::{ENDPOINT, RecordingBackend};
pub use clock::Clock;
pub use config::DevServerConfig;
pub use error::StartError;
pub use policy::CallGraph;
pub use reload::{
    Affected, BuildError, BuildProgress, FileWatcher, ReloadFailure, ReloadOutcome, ReloadSuccess, Reloader,
    SelfWrittenFiles, SharedFileUsersFn, WatchError, affected,
};
pub use replay::ReplayedWorker;
pub use reservation::{Reservation, is_reserved};
pub use running_server::{HttpRequest, HttpResponse, RunningInvocation, RunningServer, request_to};
pub use server::{DURABLE_STORE, DevServer};
pub use triggers::{
    HTTP_SAMPLE_NAMES, SAMPLE_NAMES, ServicesServer, TriggerSetupError, http_event, http_request, http_sample_event,
    resource_variables, sample_event,
};
