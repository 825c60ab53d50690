//! The engine: all executions of an app, over a store. Every operation is stored before its result is returned, so an
//! end of the program loses nothing that a caller was told.

use std::collections::{BTreeSet, HashMap};

use bedrock_model::id::new_uuid;
use serde_json::Value;

use crate::active_index::ActiveIndex;
use crate::arn::{ExecutionArn, validate_name};
use crate::checkpoint::{ChildStart, DurableFunction, LATEST, ResolveTarget};
use crate::error::{DurableError, ErrorKind};
use crate::execution::{Changes, Execution, ExecutionStatus, ParentOperation};
use crate::lifecycle::{InvocationOutcome, StartDetails};
use crate::limits::{CHAINED_START_DELAY_MILLISECONDS, MAX_SYNC_EXECUTION_TIMEOUT_SECONDS};
use crate::operation::{ErrorObject, OperationStatus};
use crate::store::{ActiveExecution, ExecutionFilter, ExecutionStore, ExecutionSummary, StoreError};
use crate::time::Timestamp;
use crate::token::CallbackId;
use crate::update::CheckpointRequest;

/// How an execution is started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartRequest {
    /// The function.
    pub function: DurableFunction,
    /// The name of the execution; `None` for a new one.
    pub name: Option<String>,
    /// The event, JSON.
    pub input: String,
    /// The trace header.
    pub trace: String,
    /// Whether the caller waits for the result.
    pub is_sync: bool,
}

/// An invocation that has begun and that the caller has to run.
#[derive(Debug, Clone, PartialEq)]
pub struct DueInvocation {
    /// The execution.
    pub arn: ExecutionArn,
    /// The worker.
    pub worker: String,
    /// The request id.
    pub request_id: String,
    /// The event.
    pub event: Value,
    /// The trace header.
    pub trace: String,
    /// The code that the execution keeps.
    pub code: Option<String>,
}

/// A call of a function that is not durable, which the caller has to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueCall {
    /// The operation that gets the result.
    pub parent: ParentOperation,
    /// The worker.
    pub worker: String,
    /// The event, JSON.
    pub payload: String,
    /// The trace header.
    pub trace: String,
}

/// What the caller has to do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DueWork {
    /// Invocations of durable functions.
    pub invocations: Vec<DueInvocation>,
    /// Calls of other functions.
    pub calls: Vec<DueCall>,
    /// When there is more to do.
    pub next: Option<Timestamp>,
    /// Why executions that are due cannot be read. They are read again when the program starts again.
    pub unreadable: Vec<String>,
}

/// The result of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartedExecution {
    /// The execution.
    pub arn: ExecutionArn,
    /// Whether it is new. It is not if a call with the same name and payload started it before.
    pub is_new: bool,
}

/// All executions of an app.
#[derive(Debug)]
pub struct DurableEngine<S> {
    pub(crate) store: S,
    /// What is known of the executions that have not ended. The others are only in the store.
    pub(crate) index: ActiveIndex,
    /// The executions that are in memory: those that run, and those that are being changed. One that waits is read when
    /// it is due.
    loaded: HashMap<ExecutionArn, Execution>,
    /// Executions in memory that may have changed.
    touched: BTreeSet<ExecutionArn>,
    /// Executions that have ended, or were deleted, since [`DurableEngine::take_ended`].
    ended: Vec<ExecutionArn>,
    /// Whether a group was not stored, and the index was not read again since.
    is_outdated: bool,
}

impl<S: ExecutionStore> DurableEngine<S> {
    /// Opens the executions of a store. Invocations that a program was running when it ended are run again. A call of a
    /// function that is not durable is not: it is unknown how far it got.
    pub fn open(store: S, now: Timestamp) -> Result<Self, StoreError> {
        let mut engine = Self {
            store,
            index: ActiveIndex::default(),
            loaded: HashMap::new(),
            touched: BTreeSet::new(),
            ended: Vec::new(),
            is_outdated: false,
        };
        let active = engine.store.active()?;
        let running: Vec<_> =
            active.iter().filter(|execution| execution.is_running).map(|execution| execution.arn.clone()).collect();
        for execution in active {
            engine.index.insert(execution);
        }
        for arn in running {
            let Some(execution) = engine.get_mut(&arn)? else { continue };
            let calls = execution
                .operations
                .iter()
                .filter(|record| record.call.as_ref().is_some_and(|call| call.due.is_none()));
            let calls: Vec<_> = calls.map(|record| record.operation.id.clone()).collect();
            execution.abandon_invocation(now);
            for operation in calls {
                let error = ErrorObject::typed("Runtime.ExitError", "the program that ran the function ended");
                execution.complete_chained(&operation, OperationStatus::Failed, Err(error), now);
            }
            execution.changes.is_changed = true;
        }
        engine.save(now)?;
        Ok(engine)
    }

    /// Begins a group of operations, whose changes are stored together by [`DurableEngine::end_group`]. Before that, no result
    /// of them may be given to anybody.
    pub fn begin_group(&mut self) {
        if self.is_outdated {
            // If that fails, the store fails for the operations, too.
            let _ = self.read_again();
        }
        self.store.begin();
    }

    /// Stores the changes of a group. If that fails, none of them has happened.
    pub fn end_group(&mut self) -> Result<(), StoreError> {
        let stored = self.store.commit();
        if stored.is_err() {
            self.is_outdated = true;
            // Otherwise the next group tries again.
            let _ = self.read_again();
        }
        stored
    }

    /// Forgets what is in memory, and reads the index from the store.
    fn read_again(&mut self) -> Result<(), StoreError> {
        self.loaded.clear();
        self.touched.clear();
        self.ended.clear();
        let active = self.store.active()?;
        self.index = ActiveIndex::default();
        for execution in active {
            self.index.insert(execution);
        }
        self.is_outdated = false;
        Ok(())
    }

    /// Returns an execution that has not ended, to be changed. It is read from the store if it is not in memory.
    fn get_mut(&mut self, arn: &ExecutionArn) -> Result<Option<&mut Execution>, StoreError> {
        if !self.loaded.contains_key(arn) {
            if !self.index.contains(arn) {
                return Ok(None);
            }
            let Some(execution) = self.store.load(arn)? else { return Ok(None) };
            self.loaded.insert(arn.clone(), execution);
        }
        self.touched.insert(arn.clone());
        Ok(self.loaded.get_mut(arn))
    }

    /// Adds a new execution, to be saved.
    fn add(&mut self, execution: Execution) {
        self.touched.insert(execution.arn.clone());
        self.loaded.insert(execution.arn.clone(), execution);
    }

    /// Starts an execution, or returns the one that has the same name and the same input.
    pub fn start(&mut self, request: StartRequest, now: Timestamp) -> Result<StartedExecution, DurableError> {
        let StartRequest { function, name, input, trace, is_sync } = request;
        if is_sync && function.config.execution_timeout > MAX_SYNC_EXECUTION_TIMEOUT_SECONDS {
            return Err(DurableError::invalid(
                "You cannot synchronously invoke a durable function with an executionTimeout greater than 15 minutes.",
            ));
        }
        if let Some(name) = &name {
            validate_name(name)?;
            if let Some(arn) = self.store.find(&function.worker, name)? {
                let is_same = self.read(&arn, |execution| execution.input() == input)?;
                if is_same {
                    return Ok(StartedExecution { arn, is_new: false });
                }
                let message = format!("Durable execution with name {name} has already been started");
                return Err(DurableError::new(ErrorKind::AlreadyStarted, message));
            }
        }
        let id = new_uuid();
        let arn = ExecutionArn::new(&function.arn, LATEST, name.as_deref().unwrap_or(&id), &id);
        let details = StartDetails { function, input, trace, is_sync, parent: None };
        self.add(Execution::start(arn.clone(), details, now));
        self.save(now)?;
        Ok(StartedExecution { arn, is_new: true })
    }

    /// Fires what is due, and begins the invocations and calls that are due.
    pub fn begin_due(&mut self, now: Timestamp) -> Result<DueWork, DurableError> {
        let mut work = DueWork::default();
        let due = self.read_due(now, &mut work)?;
        for arn in &due {
            let Some(execution) = self.loaded.get_mut(arn) else { continue };
            if execution.fire_due(now) {
                execution.request_invocation(now);
            }
            begin_calls(execution, now, &mut work.calls);
            let is_due = execution.next_invocation.is_some_and(|due| due <= now) && execution.invocation.is_none();
            if is_due && !execution.status.is_terminal() {
                let request_id = new_uuid();
                let event = execution.begin_invocation(request_id.clone(), now);
                work.invocations.push(DueInvocation {
                    arn: execution.arn.clone(),
                    worker: execution.worker.clone(),
                    request_id,
                    event,
                    trace: execution.trace.clone(),
                    code: execution.code.clone(),
                });
            }
        }
        self.save(now)?;
        work.next = self.next_due();
        Ok(work)
    }

    /// Reads the executions that are due, before one of them changes. One that cannot be read does not hold up the
    /// others.
    fn read_due(&mut self, now: Timestamp, work: &mut DueWork) -> Result<Vec<ExecutionArn>, StoreError> {
        let mut due = self.index.due_at(now);
        let mut unreadable = Vec::new();
        for arn in &due {
            match self.get_mut(arn) {
                Ok(_) => {}
                Err(error @ StoreError::Content { .. }) => {
                    self.index.remove(arn);
                    unreadable.push(arn.clone());
                    work.unreadable.push(error.to_string());
                }
                Err(error) => return Err(error),
            }
        }
        due.retain(|arn| !unreadable.contains(arn));
        Ok(due)
    }

    /// Returns when [`DurableEngine::begin_due`] has something to do.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.index.next_due()
    }

    /// Returns the codes that executions keep which have not ended: pairs of a worker and a code.
    pub fn codes(&self) -> BTreeSet<(String, String)> {
        self.index.codes()
    }

    /// Returns whether the last execution of a code has ended or left it since the last call.
    pub fn take_released_code(&mut self) -> bool {
        self.index.take_released_code()
    }

    /// Returns the executions that have ended, or were deleted, since the last call.
    pub fn take_ended(&mut self) -> Vec<ExecutionArn> {
        std::mem::take(&mut self.ended)
    }

    /// Makes an execution continue with other code. `None` is that of the function.
    pub fn update_code(
        &mut self,
        arn: &ExecutionArn,
        code: Option<String>,
        now: Timestamp,
    ) -> Result<(), DurableError> {
        self.change(arn, now, |execution| {
            if execution.status.is_terminal() {
                return Err(DurableError::new(ErrorKind::ResourceConflict, "the execution has ended"));
            }
            execution.code = code;
            execution.changes.is_changed = true;
            Ok(())
        })
    }

    /// Returns all executions, the newest first.
    pub fn summaries(&self) -> Result<Vec<ExecutionSummary>, StoreError> {
        self.store.list()
    }

    /// Returns the newest executions, at most `count`.
    pub fn newest(&self, count: usize) -> Result<Vec<ExecutionSummary>, StoreError> {
        self.store.page(&ExecutionFilter::default(), 0, count)
    }

    /// Returns the number of all executions.
    pub fn count(&self) -> Result<usize, StoreError> {
        self.store.count()
    }

    /// Finds an execution by its id, the last part of its ARN.
    pub fn find_id(&self, id: &str) -> Result<Option<ExecutionArn>, StoreError> {
        self.store.find_id(id)
    }

    /// Ends an invocation that [`DurableEngine::begin_due`] returned.
    pub fn finish_invocation(
        &mut self,
        arn: &ExecutionArn,
        request_id: &str,
        outcome: InvocationOutcome,
        now: Timestamp,
    ) -> Result<(), DurableError> {
        if let Some(execution) = self.get_mut(arn)? {
            execution.finish_invocation(request_id, outcome, now);
            self.release_children(arn, now)?;
            return Ok(self.save(now)?);
        }
        // It ended during the invocation. Its history gets the end of the invocation, too.
        let Some(mut execution) = self.store.load(arn)? else { return Ok(()) };
        execution.finish_invocation(request_id, outcome, now);
        Ok(self.store.save(&[&execution])?)
    }

    /// Ends a call that [`DurableEngine::begin_due`] returned.
    pub fn finish_call(
        &mut self,
        parent: &ParentOperation,
        outcome: Result<String, ErrorObject>,
        now: Timestamp,
    ) -> Result<(), DurableError> {
        let status = if outcome.is_ok() { OperationStatus::Succeeded } else { OperationStatus::Failed };
        if let Some(execution) = self.get_mut(&parent.arn)? {
            execution.complete_chained(&parent.operation, status, outcome.map(Some), now);
        }
        Ok(self.save(now)?)
    }

    /// `CheckpointDurableExecution`
    pub fn checkpoint(
        &mut self,
        arn: &ExecutionArn,
        request: CheckpointRequest,
        resolve: &ResolveTarget<'_>,
        now: Timestamp,
    ) -> Result<Value, DurableError> {
        let execution = self.get_mut(arn)?.ok_or_else(DurableError::stale_token)?;
        let outcome = execution.checkpoint(request, resolve, now)?;
        self.release_children(arn, now)?;
        for child in outcome.children {
            self.start_child(child, now);
        }
        self.save(now)?;
        Ok(outcome.response)
    }

    /// `StopDurableExecution`. Returns when the execution stopped.
    pub fn stop(
        &mut self,
        arn: &ExecutionArn,
        error: Option<ErrorObject>,
        now: Timestamp,
    ) -> Result<Timestamp, DurableError> {
        self.change(arn, now, |execution| Ok(execution.stop(error, now)))
    }

    /// `PauseDurableExecution`
    pub fn pause(
        &mut self,
        arn: &ExecutionArn,
        reason: Option<String>,
        is_timeout_paused: bool,
        now: Timestamp,
    ) -> Result<(), DurableError> {
        self.change(arn, now, |execution| execution.request_pause(reason, is_timeout_paused, now))
    }

    /// `ResumeDurableExecution`
    pub fn resume(&mut self, arn: &ExecutionArn, reason: Option<&str>, now: Timestamp) -> Result<(), DurableError> {
        self.change(arn, now, |execution| execution.resume(reason, now))
    }

    /// `DeleteDurableExecution`
    pub fn delete(&mut self, arn: &ExecutionArn) -> Result<(), DurableError> {
        let status = self.read(arn, |execution| execution.status)?;
        if !status.is_terminal() {
            let message = format!("the execution has status {} and cannot be deleted", status.as_str());
            return Err(DurableError::new(ErrorKind::ResourceConflict, message));
        }
        self.ended.push(arn.clone());
        Ok(self.store.delete(arn)?)
    }

    /// `SendDurableExecutionCallbackSuccess` and `SendDurableExecutionCallbackFailure`
    pub fn complete_callback(
        &mut self,
        id: &CallbackId,
        outcome: Result<Option<String>, ErrorObject>,
        now: Timestamp,
    ) -> Result<(), DurableError> {
        self.fire_callbacks(id, now)?;
        self.change(&id.arn, now, |execution| execution.complete_callback(&id.operation, outcome, now))
    }

    /// `SendDurableExecutionCallbackHeartbeat`
    pub fn heartbeat(&mut self, id: &CallbackId, now: Timestamp) -> Result<(), DurableError> {
        self.fire_callbacks(id, now)?;
        self.change(&id.arn, now, |execution| execution.heartbeat(&id.operation, now))
    }

    /// A callback whose timeout is over has timed out, even if the clock was not read since.
    fn fire_callbacks(&mut self, id: &CallbackId, now: Timestamp) -> Result<(), DurableError> {
        if let Some(execution) = self.get_mut(&id.arn)? {
            if execution.fire_due(now) {
                execution.request_invocation(now);
            }
            self.save(now)?;
        }
        Ok(())
    }

    /// Deletes the executions whose retention period is over. Returns their number.
    pub fn delete_expired(&mut self, now: Timestamp) -> Result<usize, DurableError> {
        let expired = self.store.expired(now)?;
        for arn in &expired {
            self.store.delete(arn)?;
            self.ended.push(arn.clone());
        }
        Ok(expired.len())
    }

    /// Reads an execution.
    pub fn read<T>(&self, arn: &ExecutionArn, read: impl FnOnce(&Execution) -> T) -> Result<T, DurableError> {
        if let Some(execution) = self.loaded.get(arn) {
            return Ok(read(execution));
        }
        self.store.load(arn)?.as_ref().map(read).ok_or_else(DurableError::unknown_execution)
    }

    /// Returns the outcome of an execution. `None` while it runs.
    pub fn outcome(&self, arn: &ExecutionArn) -> Result<Option<Result<Option<String>, ErrorObject>>, DurableError> {
        self.read(arn, |execution| {
            execution.status.is_terminal().then(|| match (execution.status, &execution.error) {
                (ExecutionStatus::Succeeded, _) => Ok(execution.result.clone()),
                (_, error) => Err(error.clone().unwrap_or_default()),
            })
        })
    }

    fn change<T>(
        &mut self,
        arn: &ExecutionArn,
        now: Timestamp,
        change: impl FnOnce(&mut Execution) -> Result<T, DurableError>,
    ) -> Result<T, DurableError> {
        let result = match self.get_mut(arn)? {
            Some(execution) => change(execution)?,
            // An execution that has ended rejects changes by itself, with the right error.
            None => change(&mut self.store.load(arn)?.ok_or_else(DurableError::unknown_execution)?)?,
        };
        self.save(now)?;
        Ok(result)
    }

    fn start_child(&mut self, child: ChildStart, now: Timestamp) {
        let ChildStart { arn, function, input, trace, parent } = child;
        let details = StartDetails { function, input, trace, is_sync: false, parent: Some(parent) };
        let mut execution = Execution::start(arn, details, now);
        execution.next_invocation = Some(now.plus_milliseconds(CHAINED_START_DELAY_MILLISECONDS));
        self.add(execution);
    }

    /// Makes the first invocations of child executions due that wait for the invocation of their parent to suspend.
    fn release_children(&mut self, parent: &ExecutionArn, now: Timestamp) -> Result<(), StoreError> {
        for arn in self.index.waiting_children(parent, now) {
            let Some(child) = self.get_mut(&arn)? else { continue };
            if child.token_sequence == 0 && child.next_invocation.is_some_and(|due| due > now) {
                child.next_invocation = Some(now);
                child.changes.is_changed = true;
            }
        }
        Ok(())
    }

    /// Passes the outcomes of ended child executions to their parents, and stores all changes. If that fails, the
    /// changed executions are read again from the store.
    fn save(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let saved = self.complete_parents(now).and_then(|()| {
            let touched = self.touched.iter().filter_map(|arn| self.loaded.get(arn));
            let changed: Vec<_> = touched.filter(|execution| execution.changes.is_changed).collect();
            if changed.is_empty() { Ok(()) } else { self.store.save(&changed) }
        });
        for arn in std::mem::take(&mut self.touched) {
            let Some(execution) = self.loaded.get_mut(&arn) else { continue };
            let is_changed = execution.changes.is_changed;
            if is_changed && saved.is_ok() {
                execution.changes = Changes { stored_events: execution.events.len(), ..Changes::default() };
                if execution.status.is_terminal() {
                    self.index.remove(&arn);
                    self.loaded.remove(&arn);
                    self.ended.push(arn);
                    continue;
                }
                self.index.insert(ActiveExecution::from(&*execution));
            }
            let is_waiting = execution.invocation.is_none() && execution.next_due().is_none_or(|due| due > now);
            if is_waiting || (is_changed && saved.is_err()) {
                self.loaded.remove(&arn);
            }
        }
        saved
    }

    fn complete_parents(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let touched = self.touched.iter().filter_map(|arn| self.loaded.get(arn));
        let outcomes: Vec<_> =
            touched.filter(|execution| execution.status.is_terminal()).filter_map(parent_outcome).collect();
        for (parent, status, outcome) in outcomes {
            if let Some(execution) = self.get_mut(&parent.arn)? {
                execution.complete_chained(&parent.operation, status, outcome, now);
            }
        }
        Ok(())
    }
}

type ParentOutcome = (ParentOperation, OperationStatus, Result<Option<String>, ErrorObject>);

/// Returns what the parent of an ended execution gets.
fn parent_outcome(execution: &Execution) -> Option<ParentOutcome> {
    let parent = execution.parent.clone()?;
    let error = || execution.error.clone().unwrap_or_default();
    Some(match execution.status {
        ExecutionStatus::Succeeded => (parent, OperationStatus::Succeeded, Ok(execution.result.clone())),
        ExecutionStatus::TimedOut => {
            let message = format!("CHAINED_INVOKE timed out after {} seconds.", execution.config.execution_timeout);
            (parent, OperationStatus::TimedOut, Err(ErrorObject::typed("ChainedInvoke.Timeout", message)))
        }
        ExecutionStatus::Stopped => (parent, OperationStatus::Stopped, Err(error())),
        _ => (parent, OperationStatus::Failed, Err(error())),
    })
}

fn begin_calls(execution: &mut Execution, now: Timestamp, calls: &mut Vec<DueCall>) {
    for (position, record) in execution.operations.iter_mut().enumerate() {
        let Some(call) = &mut record.call else { continue };
        if record.operation.status != OperationStatus::Started || call.due.is_none_or(|due| due > now) {
            continue;
        }
        call.due = None;
        execution.changes.operations.insert(position);
        execution.changes.is_changed = true;
        calls.push(DueCall {
            parent: ParentOperation { arn: execution.arn.clone(), operation: record.operation.id.clone() },
            worker: call.worker.clone(),
            payload: call.payload.clone(),
            trace: execution.trace.clone(),
        });
    }
}
