//! What only the developer's machine needs of a program with Rust workers: they run in the program itself, next to the
//! local runtime of `bedrock-local`.
//!
//! | module | does |
//! | --- | --- |
//! | `main_fn`, `start` | the life of a program, with and without `#[bedrock::main]` |
//! | `rust_worker` | Rust workers: on the app's own runtime, or on threads if they block |
//! | `log_capture` | what Rust workers log |
//! | `serve` | serves the endpoint |
//! | `test` | an app in a test |
//!
//! A Lambda build contains none of this.

mod log_capture;
mod main_fn;
mod rust_worker;
mod serve;
mod start;
pub mod test;

pub use rust_worker::Registration;

pub(crate) use log_capture::StderrLog;
pub(crate) use main_fn::main;
pub(crate) use serve::serve;
pub(crate) use start::detached_transport;
