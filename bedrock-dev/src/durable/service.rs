//! The engine of durable executions with its clock. The engine is only used on its own turn of a blocking thread, so
//! that a locked file stops no other call.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use bedrock_durable::{
    DurableConfig, DurableEngine, DurableError, DurableFunction, ErrorObject, ExecutionArn, SqliteExecutionStore,
    StartRequest, StoreError, Timestamp,
};
use bedrock_model::{Error, ExecutionError, ExecutionReply, ExecutionStart, FunctionInfo};
use bytes::Bytes;
use tokio::sync::{Notify, watch};

use super::functions::Functions;
use crate::Clock;
use crate::database_file::DatabaseThread;
use crate::event_log::Recorder;
use crate::execution::LogSink;
use crate::sync::Mutex;

pub(super) type Engine = DurableEngine<SqliteExecutionStore>;

/// How long a request with a `ClientToken` is remembered.
const CLIENT_TOKEN_SECONDS: u64 = 900;

/// The durable executions of an app.
pub(crate) struct DurableService {
    engine: Mutex<Engine>,
    thread: DatabaseThread,
    pub(super) functions: Arc<dyn Functions>,
    pub(super) recorder: Recorder,
    pub(super) clock: Clock,
    pub(super) log_sink: LogSink,
    /// Notified when something may have become due.
    pub(super) changed: Notify,
    /// The number of changes, for callers that wait for the end of an execution.
    changes: watch::Sender<u64>,
    /// The requests to pause and resume that had a `ClientToken`.
    client_tokens: Mutex<HashMap<String, Timestamp>>,
}

impl DurableService {
    /// Opens the executions in a file. What was running when another program ended is run again.
    pub(crate) fn open(
        path: &Path,
        functions: Arc<dyn Functions>,
        recorder: Recorder,
        clock: Clock,
        log_sink: LogSink,
    ) -> Result<Arc<Self>, StoreError> {
        let engine = DurableEngine::open(SqliteExecutionStore::open(path)?, clock.now().into())?;
        Ok(Arc::new(Self {
            engine: Mutex::new(engine),
            thread: DatabaseThread::new(),
            functions,
            recorder,
            clock,
            log_sink,
            changed: Notify::new(),
            changes: watch::Sender::default(),
            client_tokens: Mutex::default(),
        }))
    }

    /// Uses the engine without notifying anybody of changes.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        run: impl FnOnce(&mut Engine, Timestamp) -> T + Send + 'static,
    ) -> T {
        let service = Arc::clone(self);
        self.thread.run(move || run(&mut service.engine.lock(), service.clock.now().into())).await
    }

    /// Changes executions, and notifies the invoker and the callers that wait.
    pub(super) async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        run: impl FnOnce(&mut Engine, Timestamp) -> T + Send + 'static,
    ) -> T {
        let result = self.read(run).await;
        self.notify_changed();
        result
    }

    pub(super) fn notify_changed(&self) {
        self.changed.notify_one();
        self.notify_callers();
    }

    /// Notifies the callers that wait for the end of an execution.
    pub(super) fn notify_callers(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Starts an execution of a function, and waits for its end if the caller waits.
    pub(crate) async fn execute(
        self: Arc<Self>,
        function: FunctionInfo,
        start: ExecutionStart,
    ) -> Result<ExecutionReply, ExecutionError> {
        let ExecutionStart { invocation, name, waits } = start;
        let Some(durable_function) = durable_function(&function) else {
            let message = format!("worker `{}` is not durable", function.worker);
            return Err(api_error(&DurableError::invalid(message)));
        };
        let input = String::from_utf8_lossy(&invocation.event).into_owned();
        let request = StartRequest { function: durable_function, name, input, trace: invocation.trace, is_sync: waits };
        let started = self.change(move |engine, now| engine.start(request, now)).await;
        let arn = started.map_err(|error| api_error(&error))?.arn;
        if !waits {
            return Ok(ExecutionReply { arn: arn.as_str().to_owned(), outcome: None });
        }
        let outcome = self.wait_for_end(&arn, &function.worker, invocation.caller_deadline).await?;
        Ok(ExecutionReply { arn: arn.as_str().to_owned(), outcome: Some(outcome) })
    }

    /// Waits for the end of an execution, but not past the deadline of the caller.
    async fn wait_for_end(
        self: &Arc<Self>,
        arn: &ExecutionArn,
        worker: &str,
        deadline: Option<SystemTime>,
    ) -> Result<Result<Bytes, Error>, ExecutionError> {
        let end = async {
            let mut changes = self.changes.subscribe();
            loop {
                changes.mark_unchanged();
                let read = arn.clone();
                match self.read(move |engine, _| engine.outcome(&read)).await {
                    Ok(Some(outcome)) => return Ok(outcome),
                    Ok(None) => {}
                    Err(error) => return Err(api_error(&error)),
                }
                // The service itself owns the sender, so this cannot fail.
                let _ = changes.changed().await;
            }
        };
        let outcome = match deadline {
            None => end.await?,
            Some(deadline) => {
                let remaining = deadline.duration_since(SystemTime::now()).unwrap_or_default();
                match tokio::time::timeout(remaining, end).await {
                    Ok(outcome) => outcome?,
                    Err(_) => return Ok(Err(Error::Timeout { worker: worker.to_owned(), after: remaining })),
                }
            }
        };
        Ok(match outcome {
            Ok(result) => Ok(result.unwrap_or_else(|| "null".to_owned()).into()),
            Err(error) => Err(function_error(worker, error)),
        })
    }

    /// Returns whether a request with this token was made before, within 15 minutes, and remembers it.
    pub(super) fn is_repeated(&self, operation: &str, arn: &ExecutionArn, token: Option<&str>) -> bool {
        let Some(token) = token else { return false };
        let now = Timestamp::from(self.clock.now());
        let mut tokens = self.client_tokens.lock();
        tokens.retain(|_, until| *until >= now);
        let until = now.plus_seconds(CLIENT_TOKEN_SECONDS);
        tokens.insert(format!("{operation} {arn} {token}"), until).is_some()
    }
}

/// Returns a function as the engine knows it. `None` if it is not durable.
pub(super) fn durable_function(function: &FunctionInfo) -> Option<DurableFunction> {
    let durable = function.durable?;
    Some(DurableFunction {
        worker: function.worker.clone(),
        arn: function.arn.clone(),
        config: DurableConfig { execution_timeout: durable.timeout, retention_days: durable.retention },
    })
}

/// Returns an error of the engine as Lambda's API returns it.
pub(super) fn api_error(error: &DurableError) -> ExecutionError {
    ExecutionError { exception: error.kind.name(), status: error.kind.status(), message: error.message.clone() }
}

/// Returns the error that the caller of a failed execution gets.
fn function_error(worker: &str, error: ErrorObject) -> Error {
    Error::Function {
        worker: worker.to_owned(),
        error_type: error.error_type.unwrap_or_default(),
        message: error.error_message.unwrap_or_default(),
        trace: error.stack_trace.unwrap_or_default(),
    }
}
