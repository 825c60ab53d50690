//! The operation `Invoke`: waiting for the answer, handing over an event, or asking whether one could.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::de::IgnoredAny;

use super::backend::{Caller, FunctionInfo};
use super::body::{self, Unread};
use super::door::{text, worker_of};
use super::query::parameter;
use super::refusal::Refusal;
use super::server::{Service, Signed};
use super::target::{LATEST, Target};
use super::{failure, log};
use crate::limits::{EVENT_PAYLOAD, SYNC_PAYLOAD};
use crate::local::{Invocation, Measures, Tail};

/// Bytes of a client context, as it is sent (Lambda API model, `ClientContext`).
const CLIENT_CONTEXT: usize = 3583;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    RequestResponse,
    Event,
    DryRun,
}

/// `POST /2015-03-31/functions/{name}/invocations`
pub(super) async fn invoke(
    _: Signed,
    State(service): State<Arc<Service>>,
    Path(path): Path<String>,
    request: Request,
) -> Response<Body> {
    let mut invocation = Invocation::new(Bytes::new(), None);
    let request_id = invocation.request_id.clone();
    let (head, body) = request.into_parts();
    let qualifier = parameter(&head.uri, "Qualifier");
    let asked = Asked::read(&service, &head.headers, &path, qualifier.as_deref());
    // Also the body of a call that is refused is read: who still writes does not see the answer.
    let limit = if asked.as_ref().is_ok_and(|asked| asked.kind == Kind::Event) { EVENT_PAYLOAD } else { SYNC_PAYLOAD };
    let event = body::read(body, limit).await;
    let answer = match asked.and_then(|asked| event_of(event, limit, asked.kind).map(|event| (asked, event))) {
        Ok((asked, event)) => {
            invocation.event = event;
            asked.answer(&service, &head.headers, invocation).await
        }
        Err(refusal) => Err(refusal),
    };
    answer.unwrap_or_else(|refusal| refusal.response(&request_id))
}

/// A call that has passed all checks but those of its event.
struct Asked {
    function: FunctionInfo,
    kind: Kind,
    tail: bool,
    client_context: Option<String>,
}

impl Asked {
    fn read(service: &Service, headers: &HeaderMap, path: &str, qualifier: Option<&str>) -> Result<Self, Refusal> {
        let function = service.function(&Target::parse(path, qualifier)?)?;
        let kind = match text(headers, "x-amz-invocation-type") {
            None | Some("RequestResponse") => Kind::RequestResponse,
            Some("Event") => Kind::Event,
            Some("DryRun") => Kind::DryRun,
            Some(other) => return Err(not_one_of("invocationType", other, "[Event, RequestResponse, DryRun]")),
        };
        let tail = match text(headers, "x-amz-log-type") {
            None | Some("None") => false,
            Some("Tail") => true,
            Some(other) => return Err(not_one_of("logType", other, "[None, Tail]")),
        };
        let client_context = text(headers, "x-amz-client-context").map(client_context).transpose()?;
        Ok(Self { function, kind, tail, client_context })
    }

    async fn answer(
        self,
        service: &Service,
        headers: &HeaderMap,
        mut invocation: Invocation,
    ) -> Result<Response<Body>, Refusal> {
        if let Some(trace) = text(headers, "x-amzn-trace-id") {
            trace.clone_into(&mut invocation.trace);
        }
        let id = invocation.request_id.clone();
        let caller = Caller { worker: worker_of(headers), waits: self.kind == Kind::RequestResponse };
        service.backend.admit(caller, &self.function, &invocation).map_err(Refusal::not_admitted)?;
        match self.kind {
            Kind::DryRun => Ok(respond(StatusCode::NO_CONTENT, Body::empty(), &id)),
            Kind::Event => {
                let accepted = service.backend.accept(&self.function, invocation).await;
                accepted.map_err(|error| Refusal::of(&error).unwrap_or_else(|| Refusal::service(error.to_string())))?;
                Ok(respond(StatusCode::ACCEPTED, Body::empty(), &id))
            }
            Kind::RequestResponse => {
                invocation.limit = deadline(headers);
                invocation.client_context = self.client_context;
                invocation.tail = self.tail.then(Tail::default);
                wait(service, &self.function, invocation).await
            }
        }
    }
}

/// Runs a function and says what came of it.
async fn wait(service: &Service, function: &FunctionInfo, invocation: Invocation) -> Result<Response<Body>, Refusal> {
    let (id, tail, measured) = (invocation.request_id.clone(), invocation.tail.clone(), invocation.measured.clone());
    let trace = HeaderValue::from_str(&invocation.trace);
    if let Some(tail) = &tail {
        log::start(tail, &id);
    }
    let began = Instant::now();
    let answer = service.backend.run(function, invocation).await;
    let (mut response, failed) = match &answer {
        Ok(response) => (respond(StatusCode::OK, Body::from(response.clone()), &id), None),
        Err(error) => {
            let Some(body) = failure::body(error, function, &id) else {
                return Err(Refusal::of(error).unwrap_or_else(|| Refusal::service(error.to_string())));
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
        let known = measured.get();
        let took = known.took.or_else(|| Some(began.elapsed()));
        log::end(&tail, function, &id, failed, Measures { took, ..known });
        if let Ok(log) = HeaderValue::from_str(&BASE64_STANDARD.encode(tail.last())) {
            headers.insert("x-amz-log-result", log);
        }
    }
    Ok(response)
}

fn event_of(read: Result<Bytes, Unread>, limit: usize, kind: Kind) -> Result<Bytes, Refusal> {
    let event = read.map_err(|unread| match unread {
        Unread::TooLarge(bytes) => {
            Refusal::too_large(bytes, limit, if kind == Kind::Event { "Event" } else { "RequestResponse" })
        }
        Unread::Broken => Refusal::bad_content("the body broke off".to_owned()),
    })?;
    if event.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<IgnoredAny>(&event) {
        Ok(_) => Ok(event),
        Err(error) => Err(Refusal::bad_content(format!("Could not parse request body into json: {error}"))),
    }
}

/// JSON in base64.
fn client_context(header: &str) -> Result<String, Refusal> {
    if header.len() > CLIENT_CONTEXT {
        let message = format!("the client context has {} bytes, the limit is {CLIENT_CONTEXT}", header.len());
        return Err(Refusal::bad_content(message));
    }
    let json = BASE64_STANDARD.decode(header).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    json.filter(|json| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(json).is_ok())
        .ok_or_else(|| Refusal::bad_content("Client context must be a valid Base64-encoded JSON object.".to_owned()))
}

/// Of a worker that calls with `invoke`: a nested call never outlives its caller.
fn deadline(headers: &HeaderMap) -> Option<SystemTime> {
    let deadline = text(headers, "x-bedrock-deadline-ms")?.parse().ok()?;
    UNIX_EPOCH.checked_add(Duration::from_millis(deadline))
}

fn not_one_of(member: &str, value: &str, known: &str) -> Refusal {
    Refusal::invalid(member, value, &format!("Member must satisfy enum value set: {known}"))
}

fn respond(status: StatusCode, body: Body, request_id: &str) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    if let Ok(id) = HeaderValue::from_str(request_id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}
