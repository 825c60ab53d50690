//! The routes of the Runtime API (Lambda developer guide, "Using the Lambda runtime API"). All processes share a port;
//! each has a path of its own below it, which no other program knows.
//!
//! On hyper alone: every invocation of a Rust worker comes through here twice, and these are four routes.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, UNIX_EPOCH};

use bedrock::local::Invocation;
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

/// Bytes of a response (Lambda quotas: 6 MB).
pub(super) const RESPONSE: usize = 6 * 1024 * 1024;
/// Bytes that are read of a response which is too large, so that the process gets to hear of it.
const READ_MOST: usize = 64 * 1024 * 1024;
/// Bytes of an error.
const ERROR: usize = RESPONSE;
/// Before a connection is accepted again where that has failed: there may be no file descriptor left.
const PAUSE: Duration = Duration::from_millis(100);

type InvocationSlots = RwLock<HashMap<String, (Arc<InvocationSlot>, Arc<str>)>>;
type HttpResponse = Response<Full<Bytes>>;

/// The server of all environments of a program.
#[derive(Debug, Clone)]
pub struct RuntimeApi {
    address: SocketAddr,
    mailboxes: Arc<InvocationSlots>,
}

impl RuntimeApi {
    /// Starts it on a free port of 127.0.0.1, on the runtime that this is called on.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mailboxes = Arc::<InvocationSlots>::default();
        tokio::spawn(accept(listener, Arc::clone(&mailboxes)));
        Ok(Self { address, mailboxes })
    }

    /// Gives a mailbox a path, and the value of its process's `AWS_LAMBDA_RUNTIME_API`. On Lambda that is an address alone;
    /// `lambda_runtime` takes a URL with a path, too.
    pub(super) fn add(&self, mailbox: &Arc<InvocationSlot>, arn: &str) -> (String, String) {
        // A request id is 122 random bits.
        let key = Invocation::new(Bytes::new(), None).request_id;
        let mut all = self.mailboxes.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(key.clone(), (Arc::clone(mailbox), arn.into()));
        let value = format!("http://{}/{key}", self.address);
        (key, value)
    }

    pub(super) fn remove(&self, key: &str) {
        self.mailboxes.write().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

async fn accept(listener: TcpListener, mailboxes: Arc<InvocationSlots>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => serve(stream, Arc::clone(&mailboxes)),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

fn serve(stream: TcpStream, mailboxes: Arc<InvocationSlots>) {
    // Small answers on kept connections would wait 40 ms for the acknowledgement otherwise.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let mailboxes = Arc::clone(&mailboxes);
        async move { Ok::<_, Infallible>(answer(&mailboxes, request).await.unwrap_or_else(empty)) }
    });
    tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
}

/// What a process asks for, below its key.
#[derive(Debug, PartialEq, Eq)]
enum Route<'a> {
    Next,
    Response(&'a str),
    Error(&'a str),
    InitError,
}

impl<'a> Route<'a> {
    /// The key and what is asked for; nothing if there is no such route.
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

async fn answer(mailboxes: &InvocationSlots, request: Request<Incoming>) -> Result<HttpResponse, StatusCode> {
    let (head, body) = request.into_parts();
    let (key, route) = Route::of(&head.method, head.uri.path()).ok_or(StatusCode::NOT_FOUND)?;
    let (mailbox, arn) = of(mailboxes, key)?;
    match route {
        Route::Next => next(&mailbox, &arn).await,
        Route::Response(id) => response(&mailbox, id, body).await,
        Route::Error(id) => {
            taken(mailbox.answer(id, RuntimeReply::Error(read(body, ERROR).await?)), StatusCode::ACCEPTED)
        }
        Route::InitError => {
            mailbox.fail(read(body, ERROR).await?);
            Ok(empty(StatusCode::ACCEPTED))
        }
    }
}

fn of(mailboxes: &InvocationSlots, key: &str) -> Result<(Arc<InvocationSlot>, Arc<str>), StatusCode> {
    let all = mailboxes.read().unwrap_or_else(PoisonError::into_inner);
    all.get(key).cloned().ok_or(StatusCode::FORBIDDEN)
}

async fn next(mailbox: &InvocationSlot, arn: &str) -> Result<HttpResponse, StatusCode> {
    let (invocation, deadline) = mailbox.next().await.ok_or(StatusCode::GONE)?;
    let deadline = deadline.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis()).to_string();
    let mut response = Response::new(Full::new(invocation.event.clone()));
    let context = invocation.client_context.as_deref();
    for (name, value) in [
        ("content-type", Some("application/json")),
        ("lambda-runtime-aws-request-id", Some(invocation.request_id.as_str())),
        ("lambda-runtime-deadline-ms", Some(&deadline)),
        ("lambda-runtime-invoked-function-arn", Some(arn)),
        ("lambda-runtime-trace-id", Some(&invocation.trace)),
        ("lambda-runtime-client-context", context),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

async fn response(mailbox: &InvocationSlot, id: &str, body: Incoming) -> Result<HttpResponse, StatusCode> {
    let body = read(body, READ_MOST).await?;
    let bytes = body.len();
    let said = if bytes > RESPONSE { RuntimeReply::TooLarge(bytes) } else { RuntimeReply::Response(body) };
    // As Lambda does it: the process is told, and goes on with its next invocation.
    let status = if bytes > RESPONSE { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::ACCEPTED };
    taken(mailbox.answer(id, said), status)
}

async fn read(body: Incoming, most: usize) -> Result<Bytes, StatusCode> {
    let read = Limited::new(body, most).collect().await;
    read.map(Collected::to_bytes).map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)
}

/// Whether the process had such an invocation.
fn taken(is_taken: bool, status: StatusCode) -> Result<HttpResponse, StatusCode> {
    if is_taken { Ok(empty(status)) } else { Err(StatusCode::BAD_REQUEST) }
}

fn empty(status: StatusCode) -> HttpResponse {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}

#[cfg(test)]
mod tests {
    use super::{Method, Route};

    #[test]
    fn each_route_is_found_below_a_key_and_nothing_else_is() {
        let of =
            |method: Method, rest| Route::of(&method, rest).map(|(key, route)| (key.to_owned(), format!("{route:?}")));
        let found = |method, rest| of(method, rest).map(|(key, route)| format!("{key} {route}"));
        let (get, post) = (|rest| found(Method::GET, rest), |rest| found(Method::POST, rest));
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
