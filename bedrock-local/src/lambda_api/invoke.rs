//! The operation `Invoke`, with the invocation types `RequestResponse`, `Event` and `DryRun`.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::de::IgnoredAny;

use bedrock_model::function_error::failure_body;
use bedrock_model::{Caller, ExecutionStart, FunctionInfo, Invocation, LogTail, Metrics};

use super::access::calling_worker;
use super::api_error::ApiError;
use super::body::{self, BodyError};
use super::function_reference::{FunctionReference, LATEST};
use super::log_lines;
use super::request_parts::{NameInPath, header_text, query_parameter};
use super::service::{RequireCredentials, Service};
use bedrock_model::Error;
use bedrock_model::limits::{MAX_EVENT_PAYLOAD_BYTES, MAX_SYNC_PAYLOAD_BYTES};

/// Maximum size of an encoded client context (Lambda API model, `ClientContext`).
const MAX_CLIENT_CONTEXT_BYTES: usize = 3583;

/// Lambda's invocation type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InvocationType {
    RequestResponse,
    Event,
    DryRun,
}

/// `POST /2015-03-31/functions/{name}/invocations`
pub(super) async fn invoke(
    _: RequireCredentials,
    State(service): State<Arc<Service>>,
    NameInPath(path): NameInPath,
    request: Request,
) -> Response<Body> {
    let mut invocation = Invocation::new(Bytes::new(), None);
    let request_id = invocation.request_id.clone();
    let (head, body) = request.into_parts();
    let qualifier = query_parameter(&head.uri, "Qualifier");
    let invoke = InvokeRequest::parse(&service, &head.headers, &path, qualifier.as_deref());
    let is_event = invoke.as_ref().is_ok_and(|invoke| invoke.invocation_type == InvocationType::Event);
    let limit = if is_event { MAX_EVENT_PAYLOAD_BYTES } else { MAX_SYNC_PAYLOAD_BYTES };
    // The body of a rejected call is read, too, because a client that is sending does not read the response.
    let body = body::read(body, limit).await;
    let response = match invoke {
        Ok(invoke) => match parse_event(body, limit, invoke.invocation_type) {
            Ok(event) => {
                invocation.event = event;
                invoke.respond(&service, &head.headers, invocation).await
            }
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    response.unwrap_or_else(|error| error.into_response(&request_id))
}

/// A valid call, except that its event has not been checked yet.
pub(super) struct InvokeRequest {
    pub(super) function: FunctionInfo,
    pub(super) invocation_type: InvocationType,
    pub(super) wants_log: bool,
    pub(super) client_context: Option<String>,
}

impl InvokeRequest {
    pub(super) fn parse(
        service: &Service,
        headers: &HeaderMap,
        path: &str,
        qualifier: Option<&str>,
    ) -> Result<Self, ApiError> {
        let reference = FunctionReference::parse(path, qualifier)?;
        let function = service.function(&reference)?;
        // The name of a worker is short for its function's live alias, and no reference that AWS knows.
        if function.durable.is_some() && reference.qualifier.is_none() && reference.name == function.name {
            let message = "You cannot invoke a durable function using an unqualified ARN.";
            return Err(ApiError::wrong_parameter(message.to_owned()));
        }
        let invocation_type = match header_text(headers, "x-amz-invocation-type") {
            None | Some("RequestResponse") => InvocationType::RequestResponse,
            Some("Event") => InvocationType::Event,
            Some("DryRun") => InvocationType::DryRun,
            Some(other) => return Err(unknown_value("invocationType", other, "[Event, RequestResponse, DryRun]")),
        };
        let wants_log = match header_text(headers, "x-amz-log-type") {
            None | Some("None") => false,
            Some("Tail") => true,
            Some(other) => return Err(unknown_value("logType", other, "[None, Tail]")),
        };
        let client_context = header_text(headers, "x-amz-client-context").map(decode_client_context).transpose()?;
        Ok(Self { function, invocation_type, wants_log, client_context })
    }

    async fn respond(
        self,
        service: &Service,
        headers: &HeaderMap,
        mut invocation: Invocation,
    ) -> Result<Response<Body>, ApiError> {
        if let Some(trace) = header_text(headers, "x-amzn-trace-id") {
            trace.clone_into(&mut invocation.trace);
        }
        let id = invocation.request_id.clone();
        let caller =
            Caller { worker: calling_worker(headers), waits: self.invocation_type == InvocationType::RequestResponse };
        service.backend.admit(caller, &self.function, &invocation).map_err(ApiError::not_admitted)?;
        if self.function.durable.is_some() && self.invocation_type != InvocationType::DryRun {
            invocation.caller_deadline = caller_deadline(headers);
            let name = header_text(headers, "x-amz-durable-execution-name").map(str::to_owned);
            let start = ExecutionStart { invocation, name, waits: caller.waits };
            return execute_and_respond(service, &self.function, start).await;
        }
        match self.invocation_type {
            InvocationType::DryRun => Ok(respond(StatusCode::NO_CONTENT, Body::empty(), &id)),
            InvocationType::Event => {
                let accepted = service.backend.accept(&self.function, invocation).await;
                accepted.map_err(|error| not_run_error(&error))?;
                Ok(respond(StatusCode::ACCEPTED, Body::empty(), &id))
            }
            InvocationType::RequestResponse => {
                invocation.caller_deadline = caller_deadline(headers);
                invocation.client_context = self.client_context;
                invocation.tail = self.wants_log.then(LogTail::default);
                run_and_respond(service, &self.function, invocation).await
            }
        }
    }
}

/// Runs a function and returns its response or its error.
async fn run_and_respond(
    service: &Service,
    function: &FunctionInfo,
    invocation: Invocation,
) -> Result<Response<Body>, ApiError> {
    let id = invocation.request_id.clone();
    let tail = invocation.tail.clone();
    let metrics = invocation.metrics.clone();
    let trace = HeaderValue::from_str(&invocation.trace);
    if let Some(tail) = &tail {
        log_lines::write_start(tail, &id);
    }
    let started = Instant::now();
    let reply = service.backend.run(function, invocation).await;
    let (mut response, failed) = match &reply {
        Ok(response) => (respond(StatusCode::OK, Body::from(response.clone()), &id), None),
        Err(error) => {
            let Some(body) = failure_body(error, function, &id) else {
                return Err(not_run_error(error));
            };
            let mut response = respond(StatusCode::OK, Body::from(body.to_string()), &id);
            response.headers_mut().insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
            (response, Some((error, body)))
        }
    };
    let headers = response.headers_mut();
    headers.insert("x-amz-executed-version", HeaderValue::from_static(LATEST));
    if let Ok(trace) = trace {
        headers.insert("x-amzn-trace-id", trace);
    }
    if let Some(tail) = tail {
        let failed = failed.as_ref().map(|(error, body)| (*error, body));
        let known = metrics.get();
        let took = known.took.or_else(|| Some(started.elapsed()));
        log_lines::write_end(&tail, function, &id, failed, Metrics { took, ..known });
        if let Ok(log) = HeaderValue::from_str(&BASE64_STANDARD.encode(tail.last())) {
            headers.insert("x-amz-log-result", log);
        }
    }
    Ok(response)
}

/// Starts an execution of a durable function, and returns its result if the caller waits for it.
async fn execute_and_respond(
    service: &Service,
    function: &FunctionInfo,
    start: ExecutionStart,
) -> Result<Response<Body>, ApiError> {
    let id = start.invocation.request_id.clone();
    let reply = service.backend.execute(function, start).await;
    let reply = reply.map_err(|error| ApiError::of_execution(&error))?;
    let mut response = match &reply.outcome {
        None => respond(StatusCode::ACCEPTED, Body::empty(), &id),
        Some(Ok(result)) => respond(StatusCode::OK, Body::from(result.clone()), &id),
        Some(Err(error)) => {
            let Some(body) = failure_body(error, function, &id) else { return Err(not_run_error(error)) };
            let mut response = respond(StatusCode::OK, Body::from(body.to_string()), &id);
            response.headers_mut().insert("x-amz-function-error", HeaderValue::from_static("Unhandled"));
            response
        }
    };
    let headers = response.headers_mut();
    headers.insert("x-amz-executed-version", HeaderValue::from_static(LATEST));
    if let Ok(arn) = HeaderValue::from_str(&reply.arn) {
        headers.insert("x-amz-durable-execution-arn", arn);
    }
    Ok(response)
}

/// Returns the error of a call whose function did not run.
pub(super) fn not_run_error(error: &Error) -> ApiError {
    ApiError::from_call_error(error).unwrap_or_else(|| ApiError::service(error.to_string()))
}

/// Checks that the body is JSON. An empty body is an empty object.
pub(super) fn parse_event(
    body: Result<Bytes, BodyError>,
    limit: usize,
    invocation_type: InvocationType,
) -> Result<Bytes, ApiError> {
    let event = body.map_err(|error| match error {
        BodyError::TooLarge(bytes) => ApiError::too_large(
            bytes,
            limit,
            if invocation_type == InvocationType::Event { "Event" } else { "RequestResponse" },
        ),
        BodyError::Broken => ApiError::bad_content("the body is incomplete".to_owned()),
    })?;
    if event.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    // What is skipped is not checked for valid UTF-8 otherwise, and no worker could read it.
    let parsed = std::str::from_utf8(&event).map_err(|error| error.to_string());
    match parsed.and_then(|text| serde_json::from_str::<IgnoredAny>(text).map_err(|error| error.to_string())) {
        Ok(_) => Ok(event),
        Err(error) => Err(ApiError::bad_content(format!("Could not parse request body into json: {error}"))),
    }
}

/// Decodes a client context, which is a JSON object in base64.
fn decode_client_context(header: &str) -> Result<String, ApiError> {
    if header.len() > MAX_CLIENT_CONTEXT_BYTES {
        let message = format!("the client context has {} bytes, the limit is {MAX_CLIENT_CONTEXT_BYTES}", header.len());
        return Err(ApiError::bad_content(message));
    }
    let json = BASE64_STANDARD.decode(header).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    json.filter(|json| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(json).is_ok())
        .ok_or_else(|| ApiError::bad_content("Client context must be a valid Base64-encoded JSON object.".to_owned()))
}

/// Returns the deadline of a worker that calls with `invoke`. A nested call never outlives its caller.
pub(super) fn caller_deadline(headers: &HeaderMap) -> Option<SystemTime> {
    let deadline = header_text(headers, "x-bedrock-deadline-ms")?.parse().ok()?;
    UNIX_EPOCH.checked_add(Duration::from_millis(deadline))
}

pub(super) fn unknown_value(member: &str, value: &str, known: &str) -> ApiError {
    ApiError::invalid(member, value, &format!("Member must satisfy enum value set: {known}"))
}

pub(super) fn respond(status: StatusCode, body: Body, request_id: &str) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::{InvocationType, parse_event};
    use axum::body::Bytes;

    #[test]
    fn events_that_are_not_utf8_are_rejected() {
        let parse = |event: &'static [u8]| parse_event(Ok(Bytes::from_static(event)), 100, InvocationType::Event);
        for event in [&b"\"\xff\""[..], b"{\"a\":[\"\xc3\x28\"]}", b"\xef\xbb\xbf{}", b"{"] {
            assert_eq!(parse(event).expect_err("an error").kind, "InvalidRequestContentException", "{event:?}");
        }
        assert_eq!(parse("\"ä\"".as_bytes()).expect("valid"), "\"ä\"");
        assert_eq!(parse(b"").expect("valid"), "{}");
    }
}
