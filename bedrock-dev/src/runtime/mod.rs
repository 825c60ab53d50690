//! Lambda's Runtime API, and the processes that speak it. A process is an environment, as on Lambda: it runs one
//! invocation at a time, and what it does to itself it does to no other.
//!
//! | module | does |
//! | --- | --- |
//! | `function` | one function: its environments, as many as there are invocations |
//! | `turns` | calls of quick functions, which share a few of them |
//! | `environment` | one process: started, given invocations, ended |
//! | `mailbox` | what passes between an invocation and the process that asks for it |
//! | `server` | the routes of the Runtime API |
//! | `lines` | what processes print |
//! | `report` | what Lambda prints |

mod environment;
mod function;
mod lines;
mod mailbox;
mod report;
mod server;
mod turns;

pub use function::{Function, Program, Successor};
pub use lines::{Line, Sink};
pub use server::RuntimeApi;
