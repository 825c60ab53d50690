//! Runs what is due: invocations of durable functions, and calls of other functions that durable ones chain.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bedrock_durable::limits::MAX_OPERATION_PAYLOAD_BYTES;
use bedrock_durable::{ChainedTarget, DueCall, DueInvocation, DurableError, ErrorObject, InvocationOutcome, Timestamp};
use bedrock_model::function_error::failure_body;
use bedrock_model::{Error, FunctionInfo, Invocation};
use bytes::Bytes;
use serde_json::Value;

use super::service::{DurableService, durable_function};
use crate::execution::LogLine;

/// Pause before the store is used again after it has failed.
const STORE_RETRY_DELAY: Duration = Duration::from_secs(1);
/// How often ended executions are deleted whose retention period is over, in seconds of the clock.
const RETENTION_CHECK_SECONDS: u64 = 3600;

impl DurableService {
    /// Runs invocations when they become due. Never ends.
    pub(crate) async fn work(self: Arc<Self>) {
        let mut last_error = String::new();
        let mut next_check = Timestamp::default();
        loop {
            let work = self
                .read(move |engine, now| {
                    let is_check_due = now >= next_check;
                    if is_check_due {
                        engine.delete_expired(now)?;
                    }
                    Ok::<_, DurableError>((engine.begin_due(now)?, is_check_due, now))
                })
                .await;
            let (work, is_check_due, now) = match work {
                Ok(work) => work,
                Err(error) => {
                    self.log_once(&mut last_error, &error);
                    tokio::time::sleep(STORE_RETRY_DELAY).await;
                    continue;
                }
            };
            if is_check_due {
                next_check = now.plus_seconds(RETENTION_CHECK_SECONDS);
            }
            // An execution may have timed out.
            self.notify_callers();
            for due in work.invocations {
                tokio::spawn(Arc::clone(&self).run_invocation(due));
            }
            for call in work.calls {
                tokio::spawn(Arc::clone(&self).run_call(call));
            }
            tokio::select! {
                () = self.changed.notified() => {}
                () = self.clock.sleep_until(work.next.map_or(SystemTime::UNIX_EPOCH, SystemTime::from)), if work.next.is_some() => {}
            }
        }
    }

    async fn run_invocation(self: Arc<Self>, due: DueInvocation) {
        let DueInvocation { arn, worker, request_id, event, trace } = due;
        let outcome = match self.functions.find(&worker) {
            Ok(function) => match self.run(&function, &request_id, event.to_string(), trace).await {
                Ok(response) => InvocationOutcome::Returned(response.to_vec()),
                Err(error) => failed_invocation(&error, &function, &request_id),
            },
            Err(error) => InvocationOutcome::Refused(error.to_string()),
        };
        self.store(move |engine, now| engine.finish_invocation(&arn, &request_id, outcome.clone(), now)).await;
    }

    async fn run_call(self: Arc<Self>, call: DueCall) {
        let DueCall { parent, worker, payload, trace } = call;
        let outcome = match self.functions.find(&worker) {
            Ok(function) => {
                let request_id = Invocation::new(Bytes::new(), None).request_id;
                match self.run(&function, &request_id, payload, trace).await {
                    Ok(response) => call_result(&response),
                    Err(error) => Err(error_object(&error, &function, &request_id)),
                }
            }
            Err(error) => Err(ErrorObject::typed("ResourceNotFoundException", error.to_string())),
        };
        self.store(move |engine, now| engine.finish_call(&parent, outcome.clone(), now)).await;
    }

    async fn run(
        &self,
        function: &FunctionInfo,
        request_id: &str,
        event: String,
        trace: String,
    ) -> Result<Bytes, Error> {
        let mut invocation = Invocation::new(event.into(), Some(trace));
        request_id.clone_into(&mut invocation.request_id);
        self.recorder.run(function, None, invocation, |invocation| self.functions.run(function, invocation)).await
    }

    /// Stores a result, again and again if the store fails: what has run must not be run again.
    async fn store(
        self: &Arc<Self>,
        run: impl Fn(&mut super::service::Engine, Timestamp) -> Result<(), DurableError> + Send + Sync + 'static,
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
        Ok(match durable_function(&function) {
            Some(durable) => ChainedTarget::Durable(durable),
            None => ChainedTarget::Plain(function.worker),
        })
    }

    fn log_once(&self, last_error: &mut String, error: &DurableError) {
        let error = error.to_string();
        if *last_error != error {
            let text = format!("error: the durable executions are used again every second: {error}");
            (self.log_sink)(LogLine { worker: "".into(), request_id: None, text });
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
