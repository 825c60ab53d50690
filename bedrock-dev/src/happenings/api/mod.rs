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
//! | `call` | calling a worker, with an event that is sent or with one that it had |
//! | `picture` | the call graph as a picture |
//! | `saved` | an invocation as a test of the app |
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
mod picture;
mod queue;
mod routes;
mod saved;
mod triggers;

pub use about::Edge;
pub use desk::{Desk, Picture};
pub use routes::router;
