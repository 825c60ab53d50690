//! Durable functions: Lambda's durable execution service.
//!
//! | module | does |
//! | --- | --- |
//! | `service` | the engine with its clock and its database thread |
//! | `invoker` | runs the invocations and calls that are due |
//! | `functions` | what it needs of the functions of an app |
//! | `routes` | the operations of Lambda's API below `/2025-12-01/` |
//! | `request` | reads paths, query parameters and bodies of these operations |

mod functions;
mod invoker;
mod request;
mod routes;
mod service;

pub(crate) use functions::Functions;
pub(crate) use routes::router;
pub(crate) use service::DurableService;
