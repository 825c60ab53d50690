//! The engine of Lambda durable functions: a function whose steps are checkpointed, that waits for days without running,
//! and is replayed. It knows neither HTTP nor processes: its user runs the invocations that are due, and passes the
//! time to every operation.
//!
//! | module | does |
//! | --- | --- |
//! | `engine` | all executions of an app over a store |
//! | `active_index` | what is known of executions that have not ended, without reading them |
//! | `api` | the operations of Lambda's API that read |
//! | `execution` | one execution: its state, operations and history |
//! | `lifecycle` | starts, invocations, pauses, callbacks and results of chained functions |
//! | `checkpoint`, `validation`, `update` | checkpoints, the rules for them, and their requests |
//! | `timers` | waits, retries and timeouts |
//! | `view` | the event of an invocation and the pages of the state |
//! | `history`, `operation`, `time` | data of the API model |
//! | `recorded`, `replay` | executions that their histories describe, and whether code fits them |
//! | `replay_api` | what a replay answers a worker that can only be observed through its API and its log lines |
//! | `arn`, `token` | ARNs of executions, checkpoint tokens and callback ids |
//! | `store` | where executions are stored, and the store in memory |
//! | `sqlite` | the store in a file, with the feature `sqlite` |
//! | `error`, `limits` | errors and limits of the API model |

#![forbid(unsafe_code)]

mod active_index;
mod api;
mod arn;
mod checkpoint;
mod engine;
mod error;
mod execution;
mod history;
mod lifecycle;
pub mod limits;
mod operation;
mod recorded;
mod replay;
mod replay_api;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;
mod time;
mod timers;
mod token;
mod update;
mod validation;
mod view;

pub use api::{HistoryRequest, ListRequest, PageRequest};
pub use arn::{ExecutionArn, validate_name};
pub use checkpoint::{ChainedTarget, DurableFunction, ResolveTarget};
pub use engine::{DueCall, DueInvocation, DueWork, DurableEngine, StartRequest, StartedExecution};
pub use error::{DurableError, ErrorKind};
pub use execution::{DurableConfig, Execution, ExecutionStatus, ParentOperation};
pub use history::HistoryEvent;
pub use lifecycle::InvocationOutcome;
pub use operation::{ErrorObject, OperationRecord, OperationStatus, OperationType};
pub use recorded::{ExecutionEnd, HistoryError, REPLAY_ARN, RecordedError, RecordedExecution, RecordedOperation};
pub use replay::{Divergence, ReplayOutcome, ReplayReport, ReplayedOperation, first_divergence, unnamed_operations};
pub use replay_api::{CheckpointAnswer, ReplayApi};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteExecutionStore;
pub use store::{ActiveExecution, ExecutionFilter, ExecutionStore, ExecutionSummary, MemoryExecutionStore, StoreError};
pub use time::Timestamp;
pub use token::CallbackId;
pub use update::CheckpointRequest;
