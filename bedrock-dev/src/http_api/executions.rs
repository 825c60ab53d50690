//! The executions of durable workers: lists and describes them, stops, pauses and resumes them, and answers their callbacks.
//! Payloads are redacted, as for every reader of the API.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use bedrock_durable::{
    CallbackId, DurableError, ErrorKind, ErrorObject, Execution, ExecutionArn, ExecutionSummary, HistoryEvent,
    OperationRecord, OperationType, StoreError, Timestamp,
};
use bedrock_local::durable::{DurableService, Engine};
use bedrock_model::date::rfc3339;
use serde::Serialize;
use serde_json::value::RawValue;

use super::response::{ApiError, ApiResult, ok};
use super::state::ApiState;
use crate::event_log::{Payload, VERSION};

/// Maximum number of executions in one response.
const MAX_EXECUTIONS: usize = 500;
/// Maximum number of operations, and of invocations, in one response.
const MAX_OPERATIONS: usize = 1000;

#[derive(Serialize)]
struct ExecutionsResponse {
    version: u32,
    /// The number of all executions.
    total: usize,
    executions: Vec<ExecutionView>,
    /// The names of the current codes of the workers of these executions.
    current_code: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct ExecutionView {
    execution_id: String,
    name: String,
    arn: String,
    worker: String,
    status: &'static str,
    started_at: String,
    ended_at: Option<String>,
    /// `current` or `old`: the code with which it goes on. `None` if it always has the current code.
    code: Option<&'static str>,
}

#[derive(Serialize)]
struct ExecutionResponse {
    version: u32,
    execution: ExecutionDetailsView,
}

/// Serialized directly instead of through `Value`, which would change numbers.
#[derive(Serialize)]
struct ExecutionDetailsView {
    #[serde(flatten)]
    summary: ExecutionView,
    times_out_at: Option<String>,
    pause_reason: Option<String>,
    input: Payload,
    result: Option<Payload>,
    error: Option<ErrorView>,
    /// The oldest ones.
    invocations: Vec<InvocationView>,
    /// The number of all operations.
    operation_count: usize,
    /// In the order of their starts.
    operations: Vec<OperationView>,
}

#[derive(Serialize)]
struct ErrorView {
    error_type: Option<String>,
    message: Option<String>,
    stack: Vec<String>,
}

/// An invocation of the function for the execution.
#[derive(Serialize)]
struct InvocationView {
    request_id: String,
    started_at: String,
    ended_at: Option<String>,
}

#[derive(Serialize)]
struct OperationView {
    operation_id: String,
    parent_id: Option<String>,
    name: Option<String>,
    kind: &'static str,
    sub_type: Option<String>,
    status: &'static str,
    started_at: String,
    ended_at: Option<String>,
    /// The number of attempts of a step that ended.
    attempts: Option<u32>,
    /// When a wait, the pause before the next attempt of a step, or the timeout of a callback ends.
    due_at: Option<String>,
    /// What completes a callback that is open.
    callback_id: Option<String>,
    result: Option<Payload>,
    error: Option<ErrorView>,
}

/// `GET /_bedrock/v1/executions`
pub(super) async fn list(State(state): State<Arc<ApiState>>) -> ApiResult {
    let Some(service) = &state.executions else {
        return Ok(ok(&ExecutionsResponse {
            version: VERSION,
            total: 0,
            executions: Vec::new(),
            current_code: BTreeMap::new(),
        }));
    };
    let read = service.read(|engine, _| Ok::<_, StoreError>((engine.newest(MAX_EXECUTIONS)?, engine.count()?)));
    let (summaries, total) = read.await.map_err(|error| ApiError::internal(&error))?;
    let workers: BTreeSet<&String> = summaries.iter().map(|summary| &summary.worker).collect();
    let current = workers.into_iter().filter_map(|worker| Some((worker.clone(), service.code(worker)?)));
    Ok(ok(&ExecutionsResponse {
        version: VERSION,
        total,
        executions: summaries.iter().map(|summary| summary_view(service, summary)).collect(),
        current_code: current.collect(),
    }))
}

/// `GET /_bedrock/v1/executions/{id}`
pub(super) async fn get(State(state): State<Arc<ApiState>>, Path(id): Path<String>) -> ApiResult {
    let shared = Arc::clone(&state);
    let service = service(&state, &id)?;
    let described = Arc::clone(service);
    let view = service.read(move |engine, _| {
        let arn = find(engine, &id)?;
        engine.read(&arn, |execution| details(&shared, &described, execution))
    });
    let execution = view.await.map_err(api_error)?;
    Ok(ok(&ExecutionResponse { version: VERSION, execution }))
}

/// `POST /_bedrock/v1/executions/{id}/stop`
pub(super) async fn stop(State(state): State<Arc<ApiState>>, Path(id): Path<String>) -> ApiResult {
    change(&state, id, |engine, arn, now| engine.stop(arn, None, now).map(drop)).await
}

/// `POST /_bedrock/v1/executions/{id}/pause`
pub(super) async fn pause(State(state): State<Arc<ApiState>>, Path(id): Path<String>) -> ApiResult {
    change(&state, id, |engine, arn, now| engine.pause(arn, None, true, now).map(drop)).await
}

/// `POST /_bedrock/v1/executions/{id}/resume`
pub(super) async fn resume(State(state): State<Arc<ApiState>>, Path(id): Path<String>) -> ApiResult {
    change(&state, id, |engine, arn, now| engine.resume(arn, None, now).map(drop)).await
}

/// `POST /_bedrock/v1/executions/{id}/update-code`: the body is the name of the current code, or empty.
pub(super) async fn update_code(State(state): State<Arc<ApiState>>, Path(id): Path<String>, body: Bytes) -> ApiResult {
    let service = Arc::clone(service(&state, &id)?);
    let expected = String::from_utf8_lossy(&body).trim().to_owned();
    change(&state, id, move |engine, arn, now| {
        let code = service.code(&engine.read(arn, |execution| execution.worker.clone())?);
        if !expected.is_empty() && code.as_ref() != Some(&expected) {
            return Err(DurableError::new(ErrorKind::ResourceConflict, "the code has changed in the meantime"));
        }
        engine.update_code(arn, code, now)
    })
    .await
}

/// `POST /_bedrock/v1/executions/{id}/callbacks/{operation}/succeed`: the body is the result.
pub(super) async fn succeed(
    State(state): State<Arc<ApiState>>,
    Path((id, operation)): Path<(String, String)>,
    body: Bytes,
) -> ApiResult {
    let text = String::from_utf8_lossy(&body).trim().to_owned();
    if let Err(error) = serde_json::from_str::<&RawValue>(&text)
        && !text.is_empty()
    {
        return Err(ApiError::bad_request(format!("the result is not valid JSON: {error}")));
    }
    answer(&state, id, operation, Ok(Some(text).filter(|text| !text.is_empty()))).await
}

/// `POST /_bedrock/v1/executions/{id}/callbacks/{operation}/fail`: the body is the message of the error.
pub(super) async fn fail(
    State(state): State<Arc<ApiState>>,
    Path((id, operation)): Path<(String, String)>,
    body: Bytes,
) -> ApiResult {
    let text = String::from_utf8_lossy(&body).trim().to_owned();
    let error = if text.is_empty() { ErrorObject::default() } else { ErrorObject::message(text) };
    answer(&state, id, operation, Err(error)).await
}

async fn answer(
    state: &ApiState,
    id: String,
    operation: String,
    outcome: Result<Option<String>, ErrorObject>,
) -> ApiResult {
    change(state, id, move |engine, arn, now| {
        let is_open = engine.read(arn, |execution| {
            execution.operations.iter().any(|record| record.operation.id == operation && is_open_callback(record))
        })?;
        if !is_open {
            return Err(DurableError::invalid("the execution has no such open callback"));
        }
        let callback = CallbackId { arn: arn.clone(), operation };
        engine.complete_callback(&callback, outcome, now)
    })
    .await
}

async fn change(
    state: &ApiState,
    id: String,
    run: impl FnOnce(&mut Engine, &ExecutionArn, Timestamp) -> Result<(), DurableError> + Send + 'static,
) -> ApiResult {
    let service = service(state, &id)?;
    let described = Arc::clone(service);
    let view = service.change(move |engine, now| {
        let arn = find(engine, &id)?;
        run(engine, &arn, now)?;
        engine.read(&arn, |execution| summary_view(&described, &execution.into()))
    });
    let execution = view.await.map_err(api_error)?;
    Ok(ok(&serde_json::json!({ "version": VERSION, "execution": execution })))
}

fn service<'a>(state: &'a ApiState, id: &str) -> Result<&'a Arc<DurableService>, ApiError> {
    state.executions.as_ref().ok_or_else(|| ApiError::not_found(format!("no execution `{id}`")))
}

fn find(engine: &Engine, id: &str) -> Result<ExecutionArn, DurableError> {
    engine.find_id(id)?.ok_or_else(DurableError::unknown_execution)
}

fn api_error(error: DurableError) -> ApiError {
    let status = StatusCode::from_u16(error.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    ApiError::new(status, error.message)
}

fn summary_view(service: &DurableService, summary: &ExecutionSummary) -> ExecutionView {
    let is_current = |code: &String| service.code(&summary.worker).as_ref() == Some(code);
    let kept = summary.code.as_ref().filter(|_| summary.ended.is_none());
    ExecutionView {
        execution_id: summary.arn.id().to_owned(),
        name: summary.arn.name().to_owned(),
        arn: summary.arn.as_str().to_owned(),
        worker: summary.worker.clone(),
        status: summary.status.as_str(),
        started_at: text(summary.started),
        ended_at: summary.ended.map(text),
        code: kept.map(|code| if is_current(code) { "current" } else { "old" }),
    }
}

fn details(state: &ApiState, service: &DurableService, execution: &Execution) -> ExecutionDetailsView {
    let payload = |text: &String| state.recorder.payload(&execution.worker, text.as_bytes());
    let input = execution.operations.first().and_then(|record| record.operation.execution_details.as_ref());
    let is_shown = |record: &&OperationRecord| record.operation.operation_type != OperationType::Execution;
    let operations = execution.operations.iter().filter(is_shown);
    let running = execution.invocation.as_ref().map(|invocation| InvocationView {
        request_id: invocation.request_id.clone(),
        started_at: text(invocation.started),
        ended_at: None,
    });
    let ended = execution.events.iter().filter_map(ended_invocation);
    ExecutionDetailsView {
        summary: summary_view(service, &execution.into()),
        times_out_at: execution.ended.is_none().then(|| text(execution.timeout_at())),
        pause_reason: execution.pause.as_ref().and_then(|pause| pause.reason.clone()),
        input: payload(&input.map(|details| details.input_payload.clone()).unwrap_or_default()),
        result: execution.result.as_ref().map(payload),
        error: execution.error.as_ref().map(error_view),
        invocations: ended.chain(running).take(MAX_OPERATIONS).collect(),
        operation_count: operations.clone().count(),
        operations: operations.take(MAX_OPERATIONS).map(|record| operation_view(record, &payload)).collect(),
    }
}

fn ended_invocation(event: &HistoryEvent) -> Option<InvocationView> {
    let time = |key: &str| event.details[key].as_u64().map(|time| text(Timestamp(time)));
    if event.event_type != "InvocationCompleted" {
        return None;
    }
    Some(InvocationView {
        request_id: event.details["RequestId"].as_str().unwrap_or_default().to_owned(),
        started_at: time("StartTimestamp").unwrap_or_else(|| text(event.timestamp)),
        ended_at: Some(time("EndTimestamp").unwrap_or_else(|| text(event.timestamp))),
    })
}

fn operation_view(record: &OperationRecord, payload: &dyn Fn(&String) -> Payload) -> OperationView {
    let operation = &record.operation;
    let results = [
        operation.context_details.as_ref().map(|details| (&details.result, &details.error)),
        operation.step_details.as_ref().map(|details| (&details.result, &details.error)),
        operation.callback_details.as_ref().map(|details| (&details.result, &details.error)),
        operation.chained_invoke_details.as_ref().map(|details| (&details.result, &details.error)),
    ];
    let (result, error) = results.into_iter().flatten().next().unwrap_or((&None, &None));
    let is_open = !operation.status.is_terminal();
    OperationView {
        operation_id: operation.id.clone(),
        parent_id: operation.parent_id.clone(),
        name: operation.name.clone(),
        kind: operation.operation_type.as_str(),
        sub_type: operation.sub_type.clone(),
        status: operation.status.as_str(),
        started_at: text(operation.start_timestamp),
        ended_at: operation.end_timestamp.map(text),
        attempts: operation.step_details.as_ref().map(|details| details.attempt),
        due_at: due(record).filter(|_| is_open).map(text),
        callback_id: operation
            .callback_details
            .as_ref()
            .filter(|_| is_open_callback(record))
            .map(|details| details.callback_id.clone()),
        result: result.as_ref().map(payload),
        error: error.as_ref().map(error_view),
    }
}

fn due(record: &OperationRecord) -> Option<Timestamp> {
    let operation = &record.operation;
    let wait = operation.wait_details.as_ref().and_then(|details| details.scheduled_end_timestamp);
    let attempt = operation.step_details.as_ref().and_then(|details| details.next_attempt_timestamp);
    let callback = record.callback.and_then(|timeouts| match (timeouts.deadline, timeouts.heartbeat_deadline) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    });
    wait.or(attempt).or(callback)
}

fn is_open_callback(record: &OperationRecord) -> bool {
    record.operation.callback_details.is_some() && !record.operation.status.is_terminal()
}

fn error_view(error: &ErrorObject) -> ErrorView {
    ErrorView {
        error_type: error.error_type.clone(),
        message: error.error_message.clone(),
        stack: error.stack_trace.clone().unwrap_or_default(),
    }
}

fn text(time: Timestamp) -> String {
    let Timestamp(milliseconds) = time;
    rfc3339(UNIX_EPOCH.checked_add(Duration::from_millis(milliseconds)).unwrap_or(SystemTime::UNIX_EPOCH))
}
