//! The stream over HTTP, below `/_bedrock/v1/` on the port of Lambda's API. `docs/schema/dev-api.v1.json` describes it.
//!
//! | module | does |
//! | --- | --- |
//! | `routes` | what is where |
//! | `door` | who may read, and who may change something |
//! | `desk` | what the routes share |
//! | `events` | the stream as server-sent events, and as a list |
//! | `invocations` | invocations put together |
//! | `about` | the app |
//! | `queue` | the queue, and what is done to it by hand |
//! | `triggers` | the queues of messages, and firing a schedule |
//! | `call` | calling a worker |
//! | `parameters` | what stands behind the `?` |
//! | `answer` | JSON, and errors as such |

mod about;
mod answer;
mod call;
mod desk;
mod door;
mod events;
mod invocations;
mod parameters;
mod queue;
mod routes;
mod triggers;

pub use about::Edge;
pub use desk::Desk;
pub use routes::router;
