//! Lambda's Runtime API, and the processes that use it. A process is an execution environment, as on Lambda: it runs one
//! invocation at a time, and its global state is shared with no other environment.
//!
//! | module | does |
//! | --- | --- |
//! | `function` | one function: its pool of environments |
//! | `environment` | one environment: starts its process, passes it invocations, ends it |
//! | `runtime_api` | the routes of the Runtime API |
//! | `invocation_slot` | hands one invocation at a time to the process that polls for it |
//! | `concurrency_limiter` | limits how many invocations of fast functions run at once |
//! | `busy_poll` | a thread that busy-polls while a response is expected |
//! | `log_pipe` | reads what processes print |
//! | `report` | the log lines that Lambda itself prints |

mod busy_poll;
mod concurrency_limiter;
mod environment;
mod function;
mod invocation_slot;
mod log_pipe;
mod report;
mod runtime_api;

pub(crate) use busy_poll::BusyPoller;
pub use function::{Function, Program, StagedProgram};
pub use log_pipe::{LogLine, LogSink};
pub use runtime_api::RuntimeApi;

// aliases until integration
pub use self::{LogLine as Line, LogSink as Sink};
