//! The routes of the Runtime API (Lambda developer guide, "Using the Lambda runtime API"). All processes share a port;
//! each has a path of its own below it, which no other program knows.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::UNIX_EPOCH;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, Response, StatusCode};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use bedrock::local::Invocation;
use tokio::net::TcpListener;

use super::mailbox::{Mailbox, Said};

/// Bytes of a response (Lambda quotas: 6 MB).
pub(super) const RESPONSE: usize = 6 * 1024 * 1024;
/// Bytes that are read of a response which is too large, so that the process gets to hear of it.
const READ_MOST: usize = 64 * 1024 * 1024;
/// Bytes of an error.
const ERROR: usize = RESPONSE;

type Mailboxes = RwLock<HashMap<String, (Arc<Mailbox>, String)>>;

/// The server of all environments of a program.
#[derive(Debug, Clone)]
pub struct RuntimeApi {
    address: SocketAddr,
    mailboxes: Arc<Mailboxes>,
}

impl RuntimeApi {
    /// Starts it on a free port of 127.0.0.1, on the runtime that this is called on.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let mailboxes = Arc::<Mailboxes>::default();
        let router = Router::new()
            .route("/{key}/2018-06-01/runtime/invocation/next", get(next))
            .route("/{key}/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/{key}/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/{key}/2018-06-01/runtime/init/error", post(init_error))
            .with_state(Arc::clone(&mailboxes));
        let listener = ListenerExt::tap_io(listener, |stream| {
            // Small answers on kept connections would wait 40 ms for the acknowledgement otherwise.
            let _ = stream.set_nodelay(true);
        });
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, mailboxes })
    }

    /// Gives a mailbox a path, and the value of its process's `AWS_LAMBDA_RUNTIME_API`. On Lambda that is an address alone;
    /// `lambda_runtime` takes a URL with a path, too.
    pub(super) fn add(&self, mailbox: &Arc<Mailbox>, arn: &str) -> (String, String) {
        // A request id is 122 random bits.
        let key = Invocation::new(bytes::Bytes::new(), None).request_id;
        let mut all = self.mailboxes.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(key.clone(), (Arc::clone(mailbox), arn.to_owned()));
        let value = format!("http://{}/{key}", self.address);
        (key, value)
    }

    pub(super) fn remove(&self, key: &str) {
        self.mailboxes.write().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

fn of(mailboxes: &Mailboxes, key: &str) -> Result<(Arc<Mailbox>, String), StatusCode> {
    let all = mailboxes.read().unwrap_or_else(PoisonError::into_inner);
    all.get(key).cloned().ok_or(StatusCode::FORBIDDEN)
}

async fn next(State(mailboxes): State<Arc<Mailboxes>>, Path(key): Path<String>) -> Result<Response<Body>, StatusCode> {
    let (mailbox, arn) = of(&mailboxes, &key)?;
    let (invocation, deadline) = mailbox.next().await.ok_or(StatusCode::GONE)?;
    let deadline = deadline.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis()).to_string();
    let mut response = Response::new(Body::from(invocation.event.clone()));
    let context = invocation.client_context.as_deref();
    for (name, value) in [
        ("content-type", Some("application/json")),
        ("lambda-runtime-aws-request-id", Some(invocation.request_id.as_str())),
        ("lambda-runtime-deadline-ms", Some(&deadline)),
        ("lambda-runtime-invoked-function-arn", Some(&arn)),
        ("lambda-runtime-trace-id", Some(&invocation.trace)),
        ("lambda-runtime-client-context", context),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}

async fn response(
    State(mailboxes): State<Arc<Mailboxes>>,
    Path((key, id)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, StatusCode> {
    let (mailbox, _) = of(&mailboxes, &key)?;
    let body = to_bytes(request.into_body(), READ_MOST).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    let bytes = body.len();
    let said = if bytes > RESPONSE { Said::TooLarge(bytes) } else { Said::Response(body) };
    // As Lambda does it: the process is told, and goes on with its next invocation.
    let status = if bytes > RESPONSE { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::ACCEPTED };
    if mailbox.answer(&id, said) { Ok(status) } else { Err(StatusCode::BAD_REQUEST) }
}

async fn error(
    State(mailboxes): State<Arc<Mailboxes>>,
    Path((key, id)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, StatusCode> {
    let (mailbox, _) = of(&mailboxes, &key)?;
    let body = to_bytes(request.into_body(), ERROR).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    if mailbox.answer(&id, Said::Error(body)) { Ok(StatusCode::ACCEPTED) } else { Err(StatusCode::BAD_REQUEST) }
}

async fn init_error(
    State(mailboxes): State<Arc<Mailboxes>>,
    Path(key): Path<String>,
    request: Request,
) -> Result<StatusCode, StatusCode> {
    let (mailbox, _) = of(&mailboxes, &key)?;
    let body = to_bytes(request.into_body(), ERROR).await.map_err(|_| StatusCode::PAYLOAD_TOO_LARGE)?;
    mailbox.fail(body);
    Ok(StatusCode::ACCEPTED)
}
