//! The event log and the state of the app over HTTP, below `/_bedrock/v1/` on the port of Lambda's API.
//! `docs/schema/dev-api.v1.json` describes it.
//!
//! | module | does |
//! | --- | --- |
//! | `routes` | the route table |
//! | `access` | checks who may read and who may change something |
//! | `state` | what the handlers share |
//! | `events` | the event log as server-sent events, and as a list |
//! | `invocations` | invocations and traces |
//! | `app` | the app and its call graph |
//! | `app_info` | the description of the app |
//! | `queue` | events of the asynchronous queue: list, retry, drop |
//! | `executions` | executions of durable workers: list, show, stop, pause, resume, update their code, answer callbacks |
//! | `triggers` | SQS queues, and firing a schedule |
//! | `call` | invokes a worker, with a new event or with that of an earlier invocation |
//! | `save_as_test` | saves an invocation as a test of the app |
//! | `query_params` | typed query strings |
//! | `response` | JSON responses and errors |

mod access;
mod app;
mod app_info;
mod call;
mod events;
mod executions;
mod invocations;
mod query_params;
mod queue;
mod response;
mod routes;
mod save_as_test;
mod state;
mod triggers;

pub use app_info::Edge;
pub use routes::router;
pub use state::{ApiState, RenderCallGraph};
