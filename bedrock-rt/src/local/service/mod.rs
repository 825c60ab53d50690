//! Lambda's API on a port of this machine, as AWS's SDKs and the AWS CLI speak it: how workers call workers with any
//! client, and how the outside does.
//!
//! | module | does |
//! | --- | --- |
//! | `backend` | what the service needs of whatever runs the functions |
//! | `server` | the port and the routes |
//! | `door` | who may come in: this machine's programs, no page of another origin |
//! | `target` | what names, partial ARNs, ARNs and qualifiers mean |
//! | `invoke`, `functions`, `url` | the operations |
//! | `failure`, `log` | what a function did wrong, as its runtime and as Lambda's log write it |
//! | `refusal` | what the call did wrong, as AWS answers it |
//!
//! Knows no engine: `local::workers` is the back end of `cargo run`.

mod backend;
mod body;
mod door;
mod failure;
mod functions;
mod invoke;
mod log;
mod query;
mod refusal;
mod server;
mod target;
mod url;

pub use backend::{Accepted, Backend, Caller, Denied, FunctionInfo, Reply};
pub use door::{Access, worker_key};
pub use failure::body as failure_body;
pub use server::{serve_beside, serve_on, unknown_operation};
