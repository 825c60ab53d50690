//! Durable functions: Lambda's durable execution service, over any store and clock.
//!
//! | module | does |
//! | --- | --- |
//! | `service` | the engine with its clock |
//! | `engine_queue` | the operations that wait for the engine, in groups that are stored at once |
//! | `database_thread` | a thread for stores that block |
//! | `invoker` | runs the invocations and calls that are due |
//! | `functions` | what it needs of the functions of an app |
//! | `routes` | the operations of Lambda's API below `/2025-12-01/` |
//! | `request` | reads paths, query parameters and bodies of these operations |

mod database_thread;
mod engine_queue;
mod functions;
mod invoker;
mod request;
mod routes;
mod service;

pub use database_thread::DatabaseThread;
pub use engine_queue::Engine;
pub use functions::{DurableFunctions, RunReason};
pub use routes::router;
pub use service::DurableService;
