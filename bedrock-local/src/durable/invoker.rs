//! Runs what is due: invocations of durable functions, and calls of other functions that durable ones chain.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock_durable::limits::MAX_OPERATION_PAYLOAD_BYTES;
use bedrock_durable::{ChainedTarget, DueCall, DueInvocation, DurableError, ErrorObject, InvocationOutcome, Timestamp};
use bedrock_model::function_error::failure_body;
use bedrock_model::{Error, FunctionInfo, Invocation};
use bytes::Bytes;
use serde_json::Value;

use super::engine_queue::{Engine, lock};
use super::functions::RunReason;
use super::service::{DurableService, RunningGuard};

/// Pause before the store is used again after it has failed.
const STORE_RETRY_DELAY: Duration = Duration::from_secs(1);
/// How often ended executions are deleted whose retention period is over, in seconds of the clock.
const RETENTION_CHECK_SECONDS: u64 = 3600;

/// What has begun.
struct Begun {
    /// When there is more to do.
    next: Option<Timestamp>,
    /// Whether nothing ran before, and nothing was due.
    is_idle: bool,
    /// Whether nothing else ran at that moment.
    is_otherwise_idle: bool,
}

impl DurableService {
    /// Runs what becomes due, and deletes executions whose retention period is over. `sleep_until` waits until the clock
    /// shows a time, or was moved. Never ends.
    pub async fn work<F: Future<Output = ()>>(self: Arc<Self>, sleep_until: impl Fn(SystemTime) -> F) {
        let mut last_error = String::new();
        let mut next_check = Timestamp::default();
        loop {
            let next = match self.delete_expired_and_run_due(&mut next_check).await {
                Ok(next) => next,
                Err(error) => {
                    self.log_once(&mut last_error, &error);
                    tokio::time::sleep(STORE_RETRY_DELAY).await;
                    continue;
                }
            };
            tokio::select! {
                () = self.changed.notified() => {}
                () = sleep_until(next.map_or(SystemTime::UNIX_EPOCH, SystemTime::from)), if next.is_some() => {}
            }
        }
    }

    async fn delete_expired_and_run_due(
        self: &Arc<Self>,
        next_check: &mut Timestamp,
    ) -> Result<Option<Timestamp>, DurableError> {
        let now = Timestamp::from(self.now());
        if now >= *next_check {
            self.change_silently(Engine::delete_expired).await?;
            *next_check = now.plus_seconds(RETENTION_CHECK_SECONDS);
        }
        Ok(self.run_due(|| true).await?.next)
    }

    /// Runs what is due whenever something has changed, for a clock that others move. Deletes no execution. Never ends.
    pub async fn work_on_changes(self: Arc<Self>) {
        let mut last_error = String::new();
        loop {
            if let Err(error) = self.run_due(|| true).await {
                self.log_once(&mut last_error, &error);
            }
            self.changed.notified().await;
        }
    }

    /// Waits until no invocation or call of an execution runs, and none is due. Returns what `is_otherwise_idle` returns
    /// at that moment, in which no execution can be started.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn wait_for_due(
        self: &Arc<Self>,
        is_otherwise_idle: impl Fn() -> bool + Clone + Send + 'static,
    ) -> Result<bool, DurableError> {
        loop {
            let begun = self.run_due(is_otherwise_idle.clone()).await?;
            if begun.is_idle {
                return Ok(begun.is_otherwise_idle);
            }
            self.wait_for_running().await;
        }
    }

    /// Begins what is due.
    async fn run_due(
        self: &Arc<Self>,
        is_otherwise_idle: impl FnOnce() -> bool + Send + 'static,
    ) -> Result<Begun, DurableError> {
        let service = Arc::clone(self);
        let begun = self.change_silently(move |engine, now| {
            let was_idle = service.running() == 0;
            let work = engine.begin_due(now)?;
            *lock(&service.scheduled) = work.next;
            // Counted while nothing else uses the engine: what has begun is never missed.
            let invocations: Vec<_> =
                work.invocations.into_iter().map(|due| (due, RunningGuard::new(&service))).collect();
            let calls: Vec<_> = work.calls.into_iter().map(|call| (call, RunningGuard::new(&service))).collect();
            let is_idle = was_idle && invocations.is_empty() && calls.is_empty();
            Ok::<_, DurableError>((
                invocations,
                calls,
                work.unreadable,
                Begun { next: work.next, is_idle, is_otherwise_idle: is_otherwise_idle() },
            ))
        });
        let (invocations, calls, unreadable, begun) = begun.await?;
        for error in unreadable {
            self.functions.print(&format!("error: an execution does not continue: {error}"));
        }
        for (due, guard) in invocations {
            tokio::spawn(Arc::clone(self).run_invocation(due, guard));
        }
        for (call, guard) in calls {
            tokio::spawn(Arc::clone(self).run_call(call, guard));
        }
        Ok(begun)
    }

    async fn run_invocation(self: Arc<Self>, due: DueInvocation, running: RunningGuard) {
        let DueInvocation { arn, worker, request_id, event, trace, code } = due;
        let reason = RunReason::Replay { arn: arn.clone(), code };
        let mut invocation = Invocation::new(event.to_string().into(), Some(trace));
        invocation.request_id.clone_from(&request_id);
        let outcome = match self.functions.find(&worker) {
            Ok(function) => match self.functions.run(&function, invocation, reason).await {
                Ok(response) => InvocationOutcome::Returned(response.to_vec()),
                Err(error) => failed_invocation(&error, &function, &request_id),
            },
            Err(error) => InvocationOutcome::Refused(error.to_string()),
        };
        self.store(move |engine, now| engine.finish_invocation(&arn, &request_id, outcome.clone(), now)).await;
        drop(running);
    }

    async fn run_call(self: Arc<Self>, call: DueCall, running: RunningGuard) {
        let DueCall { parent, worker, payload, trace } = call;
        let outcome = match self.functions.find(&worker) {
            Ok(function) => {
                let invocation = Invocation::new(payload.into(), Some(trace));
                let request_id = invocation.request_id.clone();
                let reason = RunReason::ChainedCall(parent.arn.clone());
                match self.functions.run(&function, invocation, reason).await {
                    Ok(response) => call_result(&response),
                    Err(error) => Err(error_object(&error, &function, &request_id)),
                }
            }
            Err(error) => Err(ErrorObject::typed("ResourceNotFoundException", error.to_string())),
        };
        self.store(move |engine, now| engine.finish_call(&parent, outcome.clone(), now)).await;
        drop(running);
    }

    /// Stores a result, again and again if the store fails: what has run must not be run again.
    async fn store(
        self: &Arc<Self>,
        run: impl Fn(&mut Engine, Timestamp) -> Result<(), DurableError> + Send + Sync + 'static,
    ) {
        let run = Arc::new(run);
        let mut last_error = String::new();
        loop {
            let attempt = Arc::clone(&run);
            match self.change(move |engine, now| attempt(engine, now)).await {
                Ok(()) => return,
                Err(error) => self.log_once(&mut last_error, &error),
            }
            tokio::time::sleep(STORE_RETRY_DELAY).await;
        }
    }

    /// Finds the function that a chained call names, and checks whether the caller may call it.
    pub(super) fn resolve(&self, caller: &str, name: &str) -> Result<ChainedTarget, DurableError> {
        let is_legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '$');
        if name.is_empty() || name.len() > 256 || !name.chars().all(is_legal) {
            return Err(DurableError::invalid(format!("Invalid function ARN '{name}'")));
        }
        let function_name = name.split_once("function:").map_or(name, |(_, rest)| rest);
        let (function_name, qualifier) = match function_name.split_once(':') {
            Some((function_name, qualifier)) => (function_name, Some(qualifier)),
            None => (function_name, None),
        };
        let not_found =
            |message: String| Ok(ChainedTarget::Rejected(ErrorObject::typed("ResourceNotFoundException", message)));
        let function = match self.functions.find(function_name) {
            Ok(function) => function,
            Err(error) => return not_found(error.to_string()),
        };
        // Local functions have one version, the current code.
        if qualifier.is_some_and(|qualifier| !matches!(qualifier, "$LATEST" | "live")) {
            return not_found(format!("Function not found: {}:{}", function.arn, qualifier.unwrap_or_default()));
        }
        if function.durable.is_some() && qualifier.is_none() && function_name == function.name {
            let message = "You cannot invoke a durable function using an unqualified ARN.";
            return Ok(ChainedTarget::Rejected(ErrorObject::typed("InvalidParameterValueException", message)));
        }
        if let Err(message) = self.functions.check_permission(caller, &function) {
            return Ok(ChainedTarget::Rejected(ErrorObject::typed("AccessDeniedException", message)));
        }
        Ok(match self.durable_function(&function) {
            Some(durable) => ChainedTarget::Durable(durable),
            None => ChainedTarget::Plain(function.worker),
        })
    }

    fn log_once(&self, last_error: &mut String, error: &DurableError) {
        let error = error.to_string();
        if *last_error != error {
            let text = format!("error: the durable executions are used again every second: {error}");
            self.functions.print(&text);
            *last_error = error;
        }
    }
}

/// An invocation whose code did not start does not count as a failure of the function: its file may be half edited.
fn failed_invocation(error: &Error, function: &FunctionInfo, request_id: &str) -> InvocationOutcome {
    match error {
        Error::NotStarted { .. } => InvocationOutcome::Refused(error.to_string()),
        _ if failure_body(error, function, request_id).is_none() && !error.may_have_run() => {
            InvocationOutcome::Refused(error.to_string())
        }
        _ => InvocationOutcome::Failed(error_object(error, function, request_id)),
    }
}

/// Returns an error of a function as the API model describes it.
fn error_object(error: &Error, function: &FunctionInfo, request_id: &str) -> ErrorObject {
    let Some(body) = failure_body(error, function, request_id) else {
        return ErrorObject::typed(error.error_type(), error.to_string());
    };
    let text = |key: &str| body[key].as_str().map(str::to_owned);
    let stack = body.get("stackTrace").or_else(|| body.get("trace")).and_then(Value::as_array);
    ErrorObject {
        error_message: text("errorMessage"),
        error_type: text("errorType"),
        error_data: None,
        stack_trace: stack.map(|lines| lines.iter().filter_map(|line| line.as_str().map(str::to_owned)).collect()),
    }
}

fn call_result(response: &Bytes) -> Result<String, ErrorObject> {
    if response.len() > MAX_OPERATION_PAYLOAD_BYTES {
        return Err(ErrorObject::message(format!(
            "CHAINED_INVOKE output payload size must be less than or equal to {MAX_OPERATION_PAYLOAD_BYTES} bytes."
        )));
    }
    let text = std::str::from_utf8(response).map(str::to_owned);
    text.map_err(|_| ErrorObject::message("CHAINED_INVOKE response could not be decoded as UTF-8."))
}
