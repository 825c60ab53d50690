//! Where executions are stored: the interface, and the store in memory.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::arn::ExecutionArn;
use crate::error::{DurableError, ErrorKind};
use crate::execution::{Execution, ExecutionStatus};
use crate::operation::{OperationRecord, OperationStatus};
use crate::time::Timestamp;

/// Why the store cannot be used.
#[derive(Debug)]
pub enum StoreError {
    /// The file is not a store of executions, or cannot be read or written.
    File(PathBuf, Box<dyn Error + Send + Sync>),
    /// The file cannot be created, or made unreadable for other users.
    Permissions(PathBuf, io::Error),
    /// A stored execution cannot be read. It was written by another version, or changed by hand.
    Content {
        /// The file.
        path: PathBuf,
        /// The execution.
        arn: String,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// The file was deleted while it was in use. Everything that is written to it now would be lost.
    Gone(PathBuf),
    /// The changes that were made together with this one were not stored.
    Group(PathBuf),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "failed to use the executions `{}`: {error}", path.display()),
            Self::Permissions(path, error) => {
                write!(f, "failed to protect the executions `{}`: {error}", path.display())
            }
            Self::Content { path, arn, error } => {
                write!(f, "failed to read the execution `{arn}` in `{}`: {error}", path.display())
            }
            Self::Group(path) => {
                write!(f, "failed to use the executions `{}`: changes at the same time were not stored", path.display())
            }
            Self::Gone(path) => write!(
                f,
                "the executions `{}` were deleted (by `cargo clean`?); restart `cargo bedrock dev`",
                path.display()
            ),
        }
    }
}

impl Error for StoreError {}

impl From<StoreError> for DurableError {
    fn from(error: StoreError) -> Self {
        Self::new(ErrorKind::Service, error.to_string())
    }
}

/// What a list contains of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionSummary {
    /// The ARN.
    pub arn: ExecutionArn,
    /// The worker.
    pub worker: String,
    /// The status.
    pub status: ExecutionStatus,
    /// When it started.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The code that it keeps.
    pub code: Option<String>,
}

/// Which executions a list has, and in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExecutionFilter {
    /// The worker; `None` for all.
    pub worker: Option<String>,
    /// The name.
    pub name: Option<String>,
    /// The status.
    pub status: Option<ExecutionStatus>,
    /// They started later than this.
    pub started_after: Option<Timestamp>,
    /// They started earlier than this.
    pub started_before: Option<Timestamp>,
    /// Whether the oldest comes first.
    pub oldest_first: bool,
}

impl ExecutionFilter {
    fn contains(&self, summary: &ExecutionSummary) -> bool {
        self.worker.as_ref().is_none_or(|worker| *worker == summary.worker)
            && self.name.as_ref().is_none_or(|name| name == summary.arn.name())
            && self.status.is_none_or(|status| status == summary.status)
            && self.started_after.is_none_or(|after| summary.started > after)
            && self.started_before.is_none_or(|before| summary.started < before)
    }
}

/// What is known of an execution that has not ended, without its operations and its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActiveExecution {
    /// The ARN.
    pub arn: ExecutionArn,
    /// The worker.
    pub worker: String,
    /// The execution that waits for its result.
    pub parent: Option<ExecutionArn>,
    /// When there is something to do.
    pub due: Option<Timestamp>,
    /// Whether an invocation or a call of it runs.
    pub is_running: bool,
    /// Whether it was not invoked yet. `false` after it was read from a file: its delay has passed.
    pub is_new: bool,
    /// The code that it keeps.
    pub code: Option<String>,
}

impl From<&Execution> for ActiveExecution {
    fn from(execution: &Execution) -> Self {
        let is_called = |record: &OperationRecord| {
            record.operation.status == OperationStatus::Started
                && record.call.as_ref().is_some_and(|call| call.due.is_none())
        };
        Self {
            arn: execution.arn.clone(),
            worker: execution.worker.clone(),
            parent: execution.parent.as_ref().map(|parent| parent.arn.clone()),
            due: execution.next_due(),
            is_running: execution.invocation.is_some() || execution.operations.iter().any(is_called),
            is_new: execution.token_sequence == 0,
            code: execution.code.clone(),
        }
    }
}

impl From<&Execution> for ExecutionSummary {
    fn from(execution: &Execution) -> Self {
        Self {
            arn: execution.arn.clone(),
            worker: execution.worker.clone(),
            status: execution.status,
            started: execution.started,
            ended: execution.ended,
            code: execution.code.clone(),
        }
    }
}

/// Stores executions.
pub trait ExecutionStore {
    /// Returns all executions that have not ended.
    fn active(&self) -> Result<Vec<ActiveExecution>, StoreError>;

    /// Returns an execution, or `None` if there is none with this ARN.
    fn load(&self, arn: &ExecutionArn) -> Result<Option<Execution>, StoreError>;

    /// Returns the newest execution of a worker with this name.
    fn find(&self, worker: &str, name: &str) -> Result<Option<ExecutionArn>, StoreError>;

    /// Returns all executions, the newest first.
    fn list(&self) -> Result<Vec<ExecutionSummary>, StoreError>;

    /// Returns at most `count` executions of a list, after the first `start` ones.
    fn page(&self, filter: &ExecutionFilter, start: usize, count: usize) -> Result<Vec<ExecutionSummary>, StoreError> {
        let mut all = self.list()?;
        if filter.oldest_first {
            all.reverse();
        }
        Ok(all.into_iter().filter(|summary| filter.contains(summary)).skip(start).take(count).collect())
    }

    /// Returns the number of all executions.
    fn count(&self) -> Result<usize, StoreError> {
        Ok(self.list()?.len())
    }

    /// Finds an execution by its id, the last part of its ARN.
    fn find_id(&self, id: &str) -> Result<Option<ExecutionArn>, StoreError> {
        Ok(self.list()?.into_iter().find(|summary| summary.arn.id() == id).map(|summary| summary.arn))
    }

    /// Begins a group: what is saved and deleted until [`ExecutionStore::commit`] is stored together.
    fn begin(&self);

    /// Stores the changes of the group that have not failed by themselves. If that fails, none of them is stored.
    fn commit(&self) -> Result<(), StoreError>;

    /// Stores what has changed in the executions, all of it or nothing. In a group it is stored at the end of the group.
    fn save(&self, executions: &[&Execution]) -> Result<(), StoreError>;

    /// Deletes an execution.
    fn delete(&self, arn: &ExecutionArn) -> Result<(), StoreError>;

    /// Returns the ended executions whose retention period is over.
    fn expired(&self, now: Timestamp) -> Result<Vec<ExecutionArn>, StoreError>;
}

/// A store that is chosen at run time.
impl ExecutionStore for Box<dyn ExecutionStore + Send + Sync> {
    fn active(&self) -> Result<Vec<ActiveExecution>, StoreError> {
        (**self).active()
    }

    fn load(&self, arn: &ExecutionArn) -> Result<Option<Execution>, StoreError> {
        (**self).load(arn)
    }

    fn find(&self, worker: &str, name: &str) -> Result<Option<ExecutionArn>, StoreError> {
        (**self).find(worker, name)
    }

    fn list(&self) -> Result<Vec<ExecutionSummary>, StoreError> {
        (**self).list()
    }

    fn page(&self, filter: &ExecutionFilter, start: usize, count: usize) -> Result<Vec<ExecutionSummary>, StoreError> {
        (**self).page(filter, start, count)
    }

    fn count(&self) -> Result<usize, StoreError> {
        (**self).count()
    }

    fn find_id(&self, id: &str) -> Result<Option<ExecutionArn>, StoreError> {
        (**self).find_id(id)
    }

    fn begin(&self) {
        (**self).begin();
    }

    fn commit(&self) -> Result<(), StoreError> {
        (**self).commit()
    }

    fn save(&self, executions: &[&Execution]) -> Result<(), StoreError> {
        (**self).save(executions)
    }

    fn delete(&self, arn: &ExecutionArn) -> Result<(), StoreError> {
        (**self).delete(arn)
    }

    fn expired(&self, now: Timestamp) -> Result<Vec<ExecutionArn>, StoreError> {
        (**self).expired(now)
    }
}

/// Returns when an execution that ended is deleted.
pub(crate) fn retention_end(execution: &Execution) -> Option<Timestamp> {
    Some(execution.ended?.plus_seconds(execution.config.retention_days * 86_400))
}

/// A store in memory.
#[derive(Debug, Default)]
pub struct MemoryExecutionStore(Mutex<BTreeMap<ExecutionArn, Execution>>);

impl MemoryExecutionStore {
    fn read<T>(&self, read: impl FnOnce(&mut BTreeMap<ExecutionArn, Execution>) -> T) -> T {
        read(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ExecutionStore for MemoryExecutionStore {
    fn active(&self) -> Result<Vec<ActiveExecution>, StoreError> {
        Ok(self.read(|all| {
            all.values().filter(|execution| !execution.status.is_terminal()).map(ActiveExecution::from).collect()
        }))
    }

    fn load(&self, arn: &ExecutionArn) -> Result<Option<Execution>, StoreError> {
        Ok(self.read(|all| all.get(arn).cloned()))
    }

    fn find(&self, worker: &str, name: &str) -> Result<Option<ExecutionArn>, StoreError> {
        Ok(self.read(|all| {
            let named = all.values().filter(|execution| execution.worker == worker && execution.arn.name() == name);
            named.max_by_key(|execution| execution.started).map(|execution| execution.arn.clone())
        }))
    }

    fn list(&self) -> Result<Vec<ExecutionSummary>, StoreError> {
        let mut all: Vec<_> = self.read(|all| all.values().map(ExecutionSummary::from).collect());
        all.sort_by(|one, other| (other.started, &other.arn).cmp(&(one.started, &one.arn)));
        Ok(all)
    }

    fn begin(&self) {}

    fn commit(&self) -> Result<(), StoreError> {
        // No change fails.
        Ok(())
    }

    fn save(&self, executions: &[&Execution]) -> Result<(), StoreError> {
        self.read(|all| {
            for execution in executions {
                let mut stored = (*execution).clone();
                let operations = std::mem::take(&mut stored.operations);
                let events = std::mem::take(&mut stored.events);
                stored.repeated = None;
                all.insert(execution.arn.clone(), stored.with_stored(operations, events));
            }
        });
        Ok(())
    }

    fn delete(&self, arn: &ExecutionArn) -> Result<(), StoreError> {
        self.read(|all| all.remove(arn));
        Ok(())
    }

    fn expired(&self, now: Timestamp) -> Result<Vec<ExecutionArn>, StoreError> {
        Ok(self.read(|all| {
            let expired = all.values().filter(|execution| retention_end(execution).is_some_and(|end| end <= now));
            expired.map(|execution| execution.arn.clone()).collect()
        }))
    }
}
