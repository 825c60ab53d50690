//! The local runtime: a whole app on one machine, with the behaviour that a program would see on Lambda.
//!
//! | module | does |
//! | --- | --- |
//! | `app` | what the app is and where its files go |
//! | `dispatch`, `detach` | from a call to the worker it names |
//! | `rust` | Rust workers: on the app's own runtime, or on threads when they block |
//! | `host` | Python and JavaScript workers: warm processes and how to talk to them |
//! | `install` | their dependencies, on first use |
//! | `events` | fire-and-forget: retries, and draining at the end |
//! | `service` | Lambda's API on a port of this machine, for calls from inside workers and from outside |
//! | `workers` | this program's workers, as that API sees them |
//! | `output`, `tail` | what workers print |
//! | `measured` | what an invocation took of the machine |
//! | `main_fn`, `once` | the life of the program |
//! | `queue` | what Lambda does with events, for those who do as it does |
//! | `test` | an app within a test of it |
//! | `lambda_files` | what `cargo bedrock build` adds to a worker's zip |
//!
//! None of this is in a Lambda build.

mod app;
mod detach;
mod dispatch;
mod events;
mod files;
mod host;
mod install;
mod interpreter;
mod invocation;
mod lambda_files;
mod main_fn;
mod measured;
mod once;
mod output;
pub mod queue;
mod reaper;
mod rust;
mod serve;
pub mod service;
mod stop;
mod tail;
pub mod test;
mod workers;

pub use crate::date::rfc3339;
pub use crate::id::token;
pub use app::AppInfo;
pub use dispatch::arn as function_arn;
pub use invocation::Invocation;
pub use lambda_files::{identity_file, is_reserved, lambda_files, lambda_handler};
pub use measured::{Measured, Measures, Memory, memory_of};
pub use once::{EVENT, Once, WORKER, run_once};
pub use output::Printed;
pub use reaper::{Group, Reaper};
pub use rust::Registration;
pub use tail::Tail;
pub use workers::{Beside, Hosted};

pub(crate) use dispatch::Local;
pub(crate) use main_fn::main;
pub(crate) use serve::serve;
pub(crate) use tail::Stderr;
