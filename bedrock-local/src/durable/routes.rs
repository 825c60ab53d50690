//! The operations of durable executions in Lambda's API.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, StatusCode, Uri};
use axum::routing::any;
use bedrock_durable::{
    CheckpointRequest, DurableError, ErrorKind, ExecutionArn, ExecutionStatus, HistoryRequest, ListRequest, Timestamp,
};
use bedrock_model::ExecutionError;
use serde_json::{Value, json};

use super::engine_queue::Engine;
use super::request::{Operation, PREFIX, PauseBody, Query, callback_result, parse_error, read_body};
use super::service::{DurableService, api_error};
use crate::lambda_api::{Access, authenticate, error_response, unknown_operation};

type Responded = Result<Response<Body>, ExecutionError>;

/// What the routes share.
struct Api {
    service: Arc<DurableService>,
    access: Access,
}

/// Returns the routes, to be served on the port of Lambda's API, whose check of origins they rely on. Calls need the
/// credentials that `access` requires.
pub fn router(service: &Arc<DurableService>, access: Access) -> Router {
    let api = Api { service: Arc::clone(service), access };
    Router::new().route(&format!("{PREFIX}{{*path}}"), any(operation)).with_state(Arc::new(api))
}

async fn operation(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let caller = match authenticate(&head.headers, &api.access) {
        Ok(caller) => caller.map(str::to_owned),
        Err(response) => return *response,
    };
    let Some(operation) = Operation::parse(&head.method, head.uri.path()) else {
        return unknown_operation(Request::from_parts(head, body)).await;
    };
    let body = read_body(body).await;
    let responded = match (operation.map_err(|error| api_error(&error)), body) {
        (Ok(operation), Ok(body)) => respond(&api.service, operation, caller, &head.uri, body).await,
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    responded.unwrap_or_else(|error| error_response(&error))
}

async fn respond(
    service: &Arc<DurableService>,
    operation: Operation,
    caller: Option<String>,
    uri: &Uri,
    body: Bytes,
) -> Responded {
    let query = Query::of(uri);
    match operation {
        Operation::Checkpoint(arn) => checkpoint(service, arn, caller, &body).await,
        Operation::State(arn) => state(service, arn, caller, &query).await,
        Operation::Get(arn) => {
            let include_data = query.boolean("IncludeExecutionData").map_err(|error| api_error(&error))?;
            ok(service.read(move |engine, _| engine.get(&arn, include_data.unwrap_or(true))).await)
        }
        Operation::History(arn) => {
            let request = history_request(&query).map_err(|error| api_error(&error))?;
            ok(service.read(move |engine, _| engine.history(&arn, &request)).await)
        }
        Operation::Stop(arn) => {
            let error = parse_error(&body).map_err(|error| api_error(&error))?;
            let stopped = service.change(move |engine, now| engine.stop(&arn, error, now)).await;
            ok(stopped.map(|time| json!({ "StopTimestamp": seconds(time) })))
        }
        Operation::Pause(arn) => pause(service, arn, &body).await,
        Operation::Resume(arn) => resume(service, arn, &body).await,
        Operation::Delete(arn) => {
            let deleted = service.change(move |engine, now| engine.delete(&arn).map(|()| now)).await;
            let response = deleted.map(|now| json!({ "DeletionRequestTimestamp": seconds(now) }));
            response.map(|value| json_response(StatusCode::ACCEPTED, &value)).map_err(|error| api_error(&error))
        }
        Operation::List(name) => list(service, &name, &query).await,
        Operation::CallbackSuccess(id) => {
            let result = callback_result(&body)?;
            let completed = service.change(move |engine, now| engine.complete_callback(&id, Ok(result), now)).await;
            ok(completed.map(|()| json!({})))
        }
        Operation::CallbackFailure(id) => {
            let error = parse_error(&body).map_err(|error| api_error(&error))?.unwrap_or_default();
            let completed = service.change(move |engine, now| engine.complete_callback(&id, Err(error), now)).await;
            ok(completed.map(|()| json!({})))
        }
        Operation::CallbackHeartbeat(id) => {
            ok(service.change(move |engine, now| engine.heartbeat(&id, now)).await.map(|()| json!({})))
        }
    }
}

async fn checkpoint(
    service: &Arc<DurableService>,
    arn: ExecutionArn,
    caller: Option<String>,
    body: &[u8],
) -> Responded {
    let request = CheckpointRequest::parse(body);
    let resolver = Arc::clone(service);
    let response = service.change(move |engine, now| {
        check_caller(engine, &arn, caller.as_deref(), "CheckpointDurableExecution")?;
        let request = request.map_err(|error| api_error(&error))?;
        let resolve = |caller: &str, name: &str| resolver.resolve(caller, name);
        engine.checkpoint(&arn, request, &resolve, now).map_err(|error| api_error(&error))
    });
    response.await.map(|value| json_response(StatusCode::OK, &value))
}

async fn state(service: &Arc<DurableService>, arn: ExecutionArn, caller: Option<String>, query: &Query) -> Responded {
    let page = query.page();
    let token = query.text("CheckpointToken").unwrap_or_default().to_owned();
    let response = service.read(move |engine, _| {
        check_caller(engine, &arn, caller.as_deref(), "GetDurableExecutionState")?;
        let page = page.map_err(|error| api_error(&error))?;
        engine.state(&arn, &token, &page).map_err(|error| api_error(&error))
    });
    response.await.map(|value| json_response(StatusCode::OK, &value))
}

/// A worker may use the executions of its own function.
fn check_caller(engine: &Engine, arn: &ExecutionArn, caller: Option<&str>, action: &str) -> Result<(), ExecutionError> {
    let Some(caller) = caller else { return Ok(()) };
    match engine.read(arn, |execution| execution.worker == caller) {
        Ok(false) => Err(ExecutionError {
            exception: "AccessDeniedException",
            status: 403,
            message: format!("`{caller}` is not authorized to perform: lambda:{action} on resource: {arn}"),
        }),
        _ => Ok(()),
    }
}

async fn pause(service: &Arc<DurableService>, arn: ExecutionArn, body: &[u8]) -> Responded {
    let body = PauseBody::parse(body).map_err(|error| api_error(&error))?;
    let token = body.client_token.as_deref();
    if !service.is_repeated("pause", &arn, token) {
        let is_timeout_paused = body.execution_timeout_paused.unwrap_or(true);
        let target = arn.clone();
        let paused =
            service.change(move |engine, now| engine.pause(&target, body.reason, is_timeout_paused, now)).await;
        paused.inspect_err(|_| service.forget_token("pause", &arn, token)).map_err(|error| api_error(&error))?;
    }
    Ok(json_response(StatusCode::ACCEPTED, &json!({})))
}

async fn resume(service: &Arc<DurableService>, arn: ExecutionArn, body: &[u8]) -> Responded {
    let body = PauseBody::parse(body).map_err(|error| api_error(&error))?;
    let token = body.client_token.as_deref();
    if !service.is_repeated("resume", &arn, token) {
        let target = arn.clone();
        let resumed = service.change(move |engine, now| engine.resume(&target, body.reason.as_deref(), now)).await;
        resumed.inspect_err(|_| service.forget_token("resume", &arn, token)).map_err(|error| api_error(&error))?;
    }
    Ok(json_response(StatusCode::ACCEPTED, &json!({})))
}

async fn list(service: &Arc<DurableService>, name: &str, query: &Query) -> Responded {
    let mut request = list_request(query).map_err(|error| api_error(&error))?;
    let unqualified = name.split_once("function:").map_or(name, |(_, rest)| rest);
    let unqualified = unqualified.split(':').next().unwrap_or_default();
    let function = service.functions.find(unqualified).map_err(|error| {
        api_error(&DurableError::new(ErrorKind::ResourceNotFound, format!("Function not found: {error}")))
    })?;
    request.worker = Some(function.worker);
    ok(service.read(move |engine, _| engine.list(&request)).await)
}

fn history_request(query: &Query) -> Result<HistoryRequest, DurableError> {
    Ok(HistoryRequest {
        include_data: query.boolean("IncludeExecutionData")?.unwrap_or(true),
        newest_first: query.boolean("ReverseOrder")?.unwrap_or(false),
        page: query.page()?,
    })
}

fn list_request(query: &Query) -> Result<ListRequest, DurableError> {
    let page = query.page()?;
    let statuses: Vec<&str> = query.all("Statuses").collect();
    let status = match statuses[..] {
        [] => None,
        [text] => Some(ExecutionStatus::ALL.into_iter().find(|status| status.as_str() == text).ok_or_else(|| {
            let constraint = "Member must satisfy constraint: [Member must satisfy enum value set: [RUNNING, SUCCEEDED, FAILED, TIMED_OUT, STOPPED, DELETING, PAUSING, PAUSED]]";
            DurableError::validation("statuses", &format!("[{text}]"), constraint)
        })?),
        _ => return Err(DurableError::invalid("Cannot filter by more than one status")),
    };
    Ok(ListRequest {
        worker: None,
        name: query.text("DurableExecutionName").map(str::to_owned),
        status,
        started_after: query.time("StartedAfter")?,
        started_before: query.time("StartedBefore")?,
        oldest_first: query.boolean("ReverseOrder")?.unwrap_or(false),
        page,
    })
}

fn ok(result: Result<Value, DurableError>) -> Responded {
    result.map(|value| json_response(StatusCode::OK, &value)).map_err(|error| api_error(&error))
}

fn json_response(status: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    response
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 have fewer than 53 bits")]
fn seconds(time: Timestamp) -> f64 {
    time.0 as f64 / 1000.0
}
