//! Lambda's Invoke API on a port of this machine: how workers call workers, with `invoke` or with any AWS SDK.

use std::net::Ipv4Addr;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, Response, StatusCode};
use axum::routing::post;
use serde_json::json;
use tokio::net::TcpListener;

use super::dispatch::{Local, LocalTransport};
use crate::Error;
use crate::caller::Caller;
use crate::limits::{EVENT_PAYLOAD, SYNC_PAYLOAD};
use crate::transport::{Call, Kind, Target, Transport};

#[derive(Clone)]
struct Api {
    local: Weak<Local>,
    token: Arc<str>,
}

/// Starts the service on a free port of 127.0.0.1 and gives its URL.
pub(super) async fn start(local: Weak<Local>, token: Arc<str>) -> std::io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let router =
        Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoke)).with_state(Api { local, token });
    tokio::spawn(super::serve::run(listener, router, Box::pin(std::future::pending())));
    Ok(url)
}

async fn invoke(State(api): State<Api>, Path(name): Path<String>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    // Only this run's workers know the token; a page in a browser does not, and cannot send the header unasked.
    if !header(&parts.headers, "authorization").is_some_and(|value| value.contains(&*api.token)) {
        return refusal(StatusCode::FORBIDDEN, "AccessDeniedException", "the credentials are not those of this run");
    }
    let kind = match header(&parts.headers, "x-amz-invocation-type") {
        None | Some("RequestResponse") => Kind::RequestResponse,
        Some("Event") => Kind::Event,
        Some("DryRun") => return dry_run(&api, &name),
        Some(other) => {
            let message = format!("`{other}` is no invocation type");
            return refusal(StatusCode::BAD_REQUEST, "InvalidParameterValueException", &message);
        }
    };
    let limit = if kind == Kind::Event { EVENT_PAYLOAD } else { SYNC_PAYLOAD };
    let Ok(event) = to_bytes(body, limit).await else {
        let message = format!("the event is larger than {limit} bytes");
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", &message);
    };
    let event = if event.is_empty() { Bytes::from_static(b"{}") } else { event };
    if serde_json::from_slice::<serde::de::IgnoredAny>(&event).is_err() {
        return refusal(StatusCode::BAD_REQUEST, "InvalidRequestContentException", "the event is no JSON");
    }
    let Some(local) = api.local.upgrade() else {
        return refusal(StatusCode::SERVICE_UNAVAILABLE, "ServiceException", "the program is stopping");
    };
    let call = Call { target: Target::Any(name), event, kind, caller: caller(&parts.headers) };
    match LocalTransport(local).call(call).await {
        Ok(_) if kind == Kind::Event => respond(StatusCode::ACCEPTED, Body::empty()),
        Ok(response) => respond(StatusCode::OK, Body::from(response)),
        Err(error) => failure(&error),
    }
}

fn dry_run(api: &Api, name: &str) -> Response<Body> {
    match api.local.upgrade().map(|local| local.info(name)) {
        Some(Ok(_)) => respond(StatusCode::NO_CONTENT, Body::empty()),
        Some(Err(error)) => failure(&error),
        None => refusal(StatusCode::SERVICE_UNAVAILABLE, "ServiceException", "the program is stopping"),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn caller(headers: &HeaderMap) -> Option<Caller> {
    let deadline: u64 = header(headers, "x-bedrock-deadline-ms")?.parse().ok()?;
    let deadline: SystemTime = UNIX_EPOCH.checked_add(Duration::from_millis(deadline))?;
    Some(Caller { deadline, trace: header(headers, "x-amzn-trace-id").map(str::to_owned), function: None })
}

/// As Lambda does it: what the function did wrong is a 200 with a header, what the call did wrong is a status.
fn failure(error: &Error) -> Response<Body> {
    let message = error.to_string();
    match error {
        Error::Function { error_type, message, trace, .. } => function_error(error_type, message, trace),
        Error::Timeout { after, .. } => {
            let message = format!("Task timed out after {:.2} seconds", after.as_secs_f64());
            function_error("Sandbox.Timedout", &message, &[])
        }
        Error::NotStarted { .. } => function_error("Runtime.InvalidEntrypoint", &message, &[]),
        Error::WorkerNotFound { worker, help } => {
            let help = help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
            refusal(StatusCode::NOT_FOUND, "ResourceNotFoundException", &format!("Function not found: {worker}{help}"))
        }
        Error::Throttled { .. } => refusal(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", &message),
        Error::AccessDenied { .. } => refusal(StatusCode::FORBIDDEN, "AccessDeniedException", &message),
        Error::PayloadTooLarge { .. } => refusal(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", &message),
        Error::Serialize { .. } | Error::Deserialize { .. } | Error::Transport { .. } => {
            refusal(StatusCode::INTERNAL_SERVER_ERROR, "ServiceException", &message)
        }
    }
}

fn function_error(error_type: &str, message: &str, trace: &[String]) -> Response<Body> {
    let body = json!({ "errorType": error_type, "errorMessage": message, "trace": trace }).to_string();
    let mut response = respond(StatusCode::OK, Body::from(body));
    response.headers_mut().insert("x-amz-function-error", axum::http::HeaderValue::from_static("Unhandled"));
    response
}

fn refusal(status: StatusCode, kind: &'static str, message: &str) -> Response<Body> {
    let who = if status.is_server_error() { "Server" } else { "User" };
    let mut response = respond(status, Body::from(json!({ "Type": who, "message": message }).to_string()));
    response.headers_mut().insert("x-amzn-errortype", axum::http::HeaderValue::from_static(kind));
    response
}

fn respond(status: StatusCode, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert("content-type", axum::http::HeaderValue::from_static("application/json"));
    headers.insert("x-amz-executed-version", axum::http::HeaderValue::from_static("$LATEST"));
    response
}
