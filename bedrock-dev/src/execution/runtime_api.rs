//! The routes of the Runtime API (Lambda developer guide, "Using the Lambda runtime API"). All processes share one
//! port; each has a secret path of its own on it.
//!
//! This uses hyper without axum: every invocation of a Rust worker passes through here twice, and there are only four
//! routes.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use bedrock_model::Invocation;
use bytes::Bytes;
use http_body_util::{BodyExt, Collected, Full, Limited};
use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::invocation_slot::{InvocationSlot, RuntimeReply};
use super::streamed_response::{is_streaming, receive_streamed};
use crate::sync::RwLock;

/// Maximum size of a response (Lambda quotas: 6 MB).
const MAX_RESPONSE_BYTES: usize = 6 * 1024 * 1024;
/// A response that is too large is read up to this size, so that the process receives an HTTP error.
const MAX_READ_BYTES: usize = 64 * 1024 * 1024;
/// Maximum size of an error.
const MAX_ERROR_BYTES: usize = MAX_RESPONSE_BYTES;
/// Delay after a connection could not be accepted, for example because no file descriptor is free.
const ACCEPT_RETRY_DELAY: Duration = Duration::from_millis(100);

/// The slots and function ARNs of all environments, by the key in the path.
type InvocationSlots = RwLock<HashMap<String, (Arc<InvocationSlot>, Arc<str>)>>;
type HttpResponse = Response<Full<Bytes>>;

/// The Runtime API server of all environments of this program.
#[derive(Debug, Clone)]
pub struct RuntimeApi {
    address: SocketAddr,
    slots: Arc<InvocationSlots>,
}

impl RuntimeApi {
    /// Starts the server on a free port of 127.0.0.1, on the current tokio runtime.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let slots = Arc::<InvocationSlots>::default();
        tokio::spawn(accept_connections(listener, Arc::clone(&slots)));
        Ok(Self { address, slots })
    }

    /// Registers a slot. Returns its key, and the value of `AWS_LAMBDA_RUNTIME_API` for its process. On Lambda that
    /// value is only an address; `lambda_runtime` also accepts a URL with a path.
    pub(super) fn register(&self, slot: &Arc<InvocationSlot>, arn: &str) -> (String, String) {
        // A request id has 122 random bits.
        let key = Invocation::new(Bytes::new(), None).request_id;
        self.slots.write().insert(key.clone(), (Arc::clone(slot), arn.into()));
        let value = format!("http://{}/{key}", self.address);
        (key, value)
    }

    pub(super) fn unregister(&self, key: &str) {
        self.slots.write().remove(key);
    }
}

async fn accept_connections(listener: TcpListener, slots: Arc<InvocationSlots>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => serve_connection(stream, Arc::clone(&slots)),
            Err(_) => tokio::time::sleep(ACCEPT_RETRY_DELAY).await,
        }
    }
}

fn serve_connection(stream: TcpStream, slots: Arc<InvocationSlots>) {
    // With Nagle's algorithm, small responses on reused connections would wait 40 ms for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let slots = Arc::clone(&slots);
        async move { Ok::<_, Infallible>(handle_request(&slots, request).await.unwrap_or_else(empty_response)) }
    });
    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
}

/// A route below the key of a process.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    Next,
    Response(&'a str),
    Error(&'a str),
    InitError,
}

impl<'a> Route<'a> {
    /// Returns the key and the route of a request. `None` if there is no such route.
    fn of(method: &Method, path: &'a str) -> Option<(&'a str, Self)> {
        let (key, path) = path.strip_prefix('/')?.split_once("/2018-06-01/runtime/")?;
        let of_invocation = || path.strip_prefix("invocation/")?.split_once('/');
        let route = match (method, path) {
            (&Method::GET, "invocation/next") => Self::Next,
            (&Method::POST, "init/error") => Self::InitError,
            (&Method::POST, _) => match of_invocation()? {
                (id, "response") => Self::Response(id),
                (id, "error") => Self::Error(id),
                _ => return None,
            },
            _ => return None,
        };
        Some((key, route))
    }
}

async fn handle_request(slots: &InvocationSlots, request: Request<Incoming>) -> Result<HttpResponse, StatusCode> {
    let (head, body) = request.into_parts();
    let (key, route) = Route::of(&head.method, head.uri.path()).ok_or(StatusCode::NOT_FOUND)?;
    let (slot, arn) = slots.read().get(key).cloned().ok_or(StatusCode::FORBIDDEN)?;
    match route {
        Route::Next => next_invocation(&slot, &arn).await,
        Route::Response(id) => match slot.response_stream(id).filter(|_| is_streaming(&head.headers)) {
            Some(stream) => {
                let (reply, status) = receive_streamed(&slot, &*stream, &head.headers, body).await?;
                acknowledge(slot.complete(id, reply), status)
            }
            None => receive_response(&slot, id, body).await,
        },
        Route::Error(id) => {
            let error = read_body(body, MAX_ERROR_BYTES).await?;
            acknowledge(slot.complete(id, RuntimeReply::Error(error)), StatusCode::ACCEPTED)
        }
        Route::InitError => {
            slot.fail_init(read_body(body, MAX_ERROR_BYTES).await?);
            Ok(empty_response(StatusCode::ACCEPTED))
        }
    }
}

async fn next_invocation(slot: &InvocationSlot, arn: &str) -> Result<HttpResponse, StatusCode> {
    let (invocation, deadline) = slot.next().await.ok_or(StatusCode::GONE)?;
    let deadline = deadline.duration_since(UNIX_EPOCH).map_or(0, |since_epoch| since_epoch.as_millis()).to_string();
    let mut response = Response::new(Full::new(invocation.event.clone()));
    let client_context = invocation.client_context.as_deref();
    for (name, value) in [
        ("content-type", Some("application/json")),
        ("lambda-runtime-aws-request-id", Some(invocation.request_id.as_str())),
        ("lambda-runtime-deadline-ms", Some(&deadline)),
        ("lambda-runtime-invoked-function-arn", Some(arn)),
        ("lambda-runtime-trace-id", Some(&invocation.trace)),
        ("lambda-runtime-client-context", client_context),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

async fn receive_response(slot: &InvocationSlot, id: &str, body: Incoming) -> Result<HttpResponse, StatusCode> {
    let body = read_body(body, MAX_READ_BYTES).await?;
    let bytes = body.len();
    if bytes > MAX_RESPONSE_BYTES {
        // As on Lambda, the process receives an error and continues with its next invocation.
        acknowledge(
            slot.complete(id, RuntimeReply::TooLarge { bytes, limit: MAX_RESPONSE_BYTES }),
            StatusCode::PAYLOAD_TOO_LARGE,
        )
    } else {
        acknowledge(slot.complete(id, RuntimeReply::Response(body)), StatusCode::ACCEPTED)
    }
}

async fn read_body(body: Incoming, max_bytes: usize) -> Result<Bytes, StatusCode> {
    let collected = Limited::new(body, max_bytes).collect().await;
    collected.map(Collected::to_bytes).map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)
}

/// Responds with `status`, or with an error if the process does not have such an invocation.
fn acknowledge(is_known: bool, status: StatusCode) -> Result<HttpResponse, StatusCode> {
    if is_known { Ok(empty_response(status)) } else { Err(StatusCode::BAD_REQUEST) }
}

fn empty_response(status: StatusCode) -> HttpResponse {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests {
    use super::{Method, Route};

    #[test]
    fn only_known_routes_below_a_key_are_found() {
        let found = |method: Method, path| Route::of(&method, path).map(|(key, route)| format!("{key} {route:?}"));
        let get = |path| found(Method::GET, path);
        let post = |path| found(Method::POST, path);
        assert_eq!(get("/k/2018-06-01/runtime/invocation/next").as_deref(), Some("k Next"));
        assert_eq!(post("/k/2018-06-01/runtime/invocation/7/response").as_deref(), Some("k Response(\"7\")"));
        assert_eq!(post("/k/2018-06-01/runtime/invocation/7/error").as_deref(), Some("k Error(\"7\")"));
        assert_eq!(post("/k/2018-06-01/runtime/init/error").as_deref(), Some("k InitError"));
        for path in ["/", "/k", "/2018-06-01/runtime/invocation/next", "/k/2018-06-01/runtime/invocation/7/other"] {
            assert_eq!((get(path), post(path)), (None, None), "{path}");
        }
        assert_eq!(post("/k/2018-06-01/runtime/invocation/next"), None);
        assert_eq!(get("/k/2018-06-01/runtime/init/error"), None);
    }
}
