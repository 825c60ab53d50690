//! Lambda's Runtime API, and the processes that use it. A process is an execution environment, as on Lambda: it runs
//! one invocation at a time, and shares its state with no other environment.
//!
//! | module | does |
//! | --- | --- |
//! | `function` | a function: its pool of environments |
//! | `program` | the executable of a function |
//! | `environment` | one environment: starts a process, passes invocations to it, kills it |
//! | `runtime_api` | the routes of the Runtime API |
//! | `streamed_response` | a response that is passed on while the process writes it |
//! | `invocation_slot` | hands one invocation at a time to the process that polls for it |
//! | `concurrency_limiter` | limits how many invocations of a fast function run at once |
//! | `memory_limit` | watches the memory of a process |
//! | `busy_poll` | busy-polls the event loop while a response is expected |
//! | `log_pipe`, `log_line` | reads what processes print |
//! | `report` | the log lines that Lambda itself adds: START, END, REPORT |
//! | `function_error` | errors of runtimes, and of processes that exit |

mod busy_poll;
mod concurrency_limiter;
mod environment;
mod function;
mod function_error;
mod invocation_slot;
mod log_line;
mod log_pipe;
mod memory_limit;
mod program;
mod report;
mod runtime_api;
mod streamed_response;

pub(crate) use busy_poll::BusyPoller;
pub use function::{Function, StagedProgram};
pub use log_line::{LogLine, LogSink};
pub use program::Program;
pub use runtime_api::RuntimeApi;
