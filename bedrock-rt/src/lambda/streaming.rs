//! Responses that are streamed (Lambda developer guide, "Building a custom runtime", response streaming): a prelude with
//! status and headers, eight zero bytes, then the body while the router writes it.
//!
//! `lambda_http` streams, too, but `lambda_runtime` 1.5 writes the error of a body into the body, where the client takes it
//! for content. Here it is in the trailers, as Lambda wants it.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::{CONNECTION, CONTENT_TYPE, SET_COOKIE, TRAILER, TRANSFER_ENCODING};
use axum::http::request::Builder;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use lambda_http::Service;
use lambda_http::aws_lambda_events::encodings::Base64Data;
use lambda_runtime::LambdaInvocation;
use lambda_runtime::streaming::{Sender, channel};
use lambda_runtime_api_client::{BoxError, PooledClient, build_request};
use serde::Serialize;

use super::streamed_request::request_of_url;
use crate::{Context, WorkerError, caller, exec};

/// The variable that deployments and `cargo bedrock dev` set if the URL of the function streams.
const INVOKE_MODE: &str = "BEDROCK_INVOKE_MODE";

const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
const ERROR_BODY: &str = "lambda-runtime-function-error-body";
/// The header by which the Runtime API recognizes responses to an invocation that has timed out.
const INVOCATION_ID: &str = "lambda-runtime-invocation-id";
/// The error type of a body that fails, as of `lambda_runtime`.
const STREAM_ERROR: &str = "Runtime.StreamError";

type RuntimeFuture = Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send>>;

/// Returns whether the URL of this function streams.
pub(super) fn is_on() -> bool {
    std::env::var(INVOKE_MODE).is_ok_and(|mode| mode == "RESPONSE_STREAM")
}

/// Streams the responses to requests of the function URL. The inner service answers all other invocations.
#[derive(Clone)]
pub(super) struct StreamingService<S> {
    inner: S,
    router: Router,
    client: Arc<PooledClient>,
}

impl<S> StreamingService<S> {
    /// Connects to the Runtime API with the first response.
    pub(super) fn new(inner: S, router: Router) -> Self {
        Self { inner, router, client: Arc::new(PooledClient::builder().build()) }
    }
}

impl<S> Service<LambdaInvocation> for StreamingService<S>
where
    S: Service<LambdaInvocation, Response = (), Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = ();
    type Error = BoxError;
    type Future = RuntimeFuture;

    fn poll_ready(&mut self, context: &mut TaskContext<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> RuntimeFuture {
        let Some(request) = request_of_url(&invocation.body, &invocation.context) else {
            return Box::pin(self.inner.call(invocation));
        };
        let response = self.router.call(request);
        let api = InvocationApi {
            client: Arc::clone(&self.client),
            request_id: invocation.context.request_id.clone(),
            invocation_id: invocation.parts.headers.get(INVOCATION_ID).cloned(),
        };
        let context = Context::from(invocation.context);
        // The body belongs to the invocation, too: its calls inherit deadline and trace.
        Box::pin(async move { caller::scope(&context, respond(api, response)).await })
    }
}

async fn respond<E>(
    api: InvocationApi,
    response: impl Future<Output = Result<Response<Body>, E>>,
) -> Result<(), BoxError>
where
    E: Into<BoxError>,
{
    let mut response = pin!(response);
    match poll_fn(|context| catch_panic(|| response.as_mut().poll(context))).await {
        Ok(response) => api.stream(response.map_err(Into::into)?).await,
        Err(panic) => api.report_error(&exec::panic_error(&*panic)).await,
    }
}

/// Polls, and returns the payload of a panic as an error.
fn catch_panic<T>(poll: impl FnOnce() -> Poll<T>) -> Poll<Result<T, Box<dyn Any + Send>>> {
    match catch_unwind(AssertUnwindSafe(poll)) {
        Ok(polled) => polled.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    }
}

/// The routes of the Runtime API for one invocation.
struct InvocationApi {
    client: Arc<PooledClient>,
    request_id: String,
    invocation_id: Option<HeaderValue>,
}

impl InvocationApi {
    /// Streams a response, until it ends or Lambda does not want the rest.
    async fn stream(&self, response: Response<Body>) -> Result<(), BoxError> {
        let (head, body) = response.into_parts();
        let prelude = prelude(head.status.as_u16(), &head.headers)?;
        let (sender, api_body) = channel();
        let request = self
            .request("response")
            .header("lambda-runtime-function-response-mode", "streaming")
            .header(CONTENT_TYPE, "application/vnd.awslambda.http-integration-response")
            .header(TRANSFER_ENCODING, "chunked")
            .header(TRAILER, ERROR_TYPE)
            .header(TRAILER, ERROR_BODY);
        let mut posted = self.client.call(request.body(api_body)?);
        let posted = tokio::select! {
            posted = &mut posted => posted,
            () = send(sender, prelude, body) => posted.await,
        };
        match posted {
            Ok(response) if !response.status().is_success() => {
                tracing::error!("Lambda does not take the rest of the response: status {}", response.status());
            }
            Ok(_) => {}
            // The invocation has timed out, or Lambda has stopped it for another reason.
            Err(error) => tracing::error!("failed to stream the response: {error}"),
        }
        Ok(())
    }

    /// Reports an error instead of a response.
    async fn report_error(&self, error: &WorkerError) -> Result<(), BoxError> {
        tracing::error!("{error}");
        let request = self.request("error").header(ERROR_TYPE, error_type_header(error));
        self.client.call(request.body(error_json(error)?.into())?).await?;
        Ok(())
    }

    fn request(&self, route: &str) -> Builder {
        let path = format!("/2018-06-01/runtime/invocation/{}/{route}", self.request_id);
        let request = build_request().method(Method::POST).uri(path);
        match &self.invocation_id {
            Some(id) => request.header(INVOCATION_ID, id),
            None => request,
        }
    }
}

/// Sends a response to Lambda: the prelude at once, then the body. Ends when Lambda does not want the rest.
async fn send(mut sender: Sender, prelude: Bytes, mut body: Body) {
    if sender.send_data(prelude).await.is_err() {
        return;
    }
    loop {
        let frame = poll_fn(|context| catch_panic(|| Pin::new(&mut body).poll_frame(context))).await;
        let error = match frame {
            Ok(None) => return,
            Ok(Some(Ok(frame))) => {
                // Trailers of a router have no place in a response of Lambda.
                let Ok(data) = frame.into_data() else { continue };
                if sender.send_data(data).await.is_err() {
                    return;
                }
                continue;
            }
            Ok(Some(Err(error))) => WorkerError::new(STREAM_ERROR, error),
            Err(panic) => exec::panic_error(&*panic),
        };
        tracing::error!("the body of the response failed: {error}");
        if let Ok(trailers) = error_trailers(&error) {
            let _ = sender.send_trailers(trailers).await;
        }
        return;
    }
}

/// Returns status and headers as JSON, with the separator.
fn prelude(status: u16, headers: &HeaderMap) -> serde_json::Result<Bytes> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Prelude {
        status_code: u16,
        headers: BTreeMap<String, String>,
        cookies: Vec<String>,
    }
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let mut joined = BTreeMap::<String, String>::new();
    // How the response is framed is a matter between Lambda and the client.
    for (name, value) in headers.iter().filter(|(name, _)| ![SET_COOKIE, CONNECTION, TRANSFER_ENCODING].contains(name))
    {
        joined.entry(name.to_string()).and_modify(|all| *all += ", ").or_default().push_str(&text(value));
    }
    let cookies = headers.get_all(SET_COOKIE).iter().map(text).collect();
    let mut bytes = serde_json::to_vec(&Prelude { status_code: status, headers: joined, cookies })?;
    bytes.extend([0; 8]);
    Ok(bytes.into())
}

/// Returns the JSON of an error (Lambda developer guide, "Runtime API").
fn error_json(error: &WorkerError) -> serde_json::Result<Vec<u8>> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct ErrorBody<'a> {
        error_type: &'a str,
        error_message: &'a str,
    }
    serde_json::to_vec(&ErrorBody { error_type: &error.error_type, error_message: &error.message })
}

fn error_type_header(error: &WorkerError) -> HeaderValue {
    HeaderValue::from_str(&error.error_type).unwrap_or(HeaderValue::from_static(STREAM_ERROR))
}

/// Returns the trailers of a response that has failed in the middle.
fn error_trailers(error: &WorkerError) -> Result<HeaderMap, BoxError> {
    let mut data = Base64Data::default();
    data.0 = error_json(error)?;
    let quoted = serde_json::to_string(&data)?;
    let body = HeaderValue::from_str(quoted.trim_matches('"'))?;
    Ok(HeaderMap::from_iter([
        (HeaderName::from_static(ERROR_TYPE), error_type_header(error)),
        (HeaderName::from_static(ERROR_BODY), body),
    ]))
}

#[cfg(test)]
mod tests {
    use super::{ERROR_BODY, ERROR_TYPE, error_trailers, prelude, send};
    use crate::WorkerError;
    use axum::body::{Body, Bytes, HttpBody};
    use axum::http::{HeaderMap, HeaderName};
    use http_body_util::BodyExt;
    use hyper::body::Frame;
    use lambda_runtime::streaming::channel;
    use std::collections::VecDeque;
    use std::io::Error;
    use std::pin::Pin;
    use std::task::{Context, Poll};

    /// A body with these pieces. It panics at an empty one.
    struct FakeBody(VecDeque<Result<&'static str, &'static str>>);

    impl HttpBody for FakeBody {
        type Data = Bytes;
        type Error = Error;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
            Poll::Ready(self.0.pop_front().map(|piece| match piece {
                Ok("") => panic!("no more"),
                Ok(text) => Ok(Frame::data(Bytes::from_static(text.as_bytes()))),
                Err(text) => Err(Error::other(text)),
            }))
        }
    }

    /// Returns what Lambda gets of a body, and the trailers.
    async fn sent<const COUNT: usize>(pieces: [Result<&'static str, &'static str>; COUNT]) -> (Bytes, HeaderMap) {
        let (sender, api_body) = channel();
        let send = send(sender, Bytes::from_static(b"{}"), Body::new(FakeBody(pieces.into())));
        let ((), collected) = tokio::join!(send, BodyExt::collect(api_body));
        let collected = collected.expect("a body");
        let trailers = collected.trailers().cloned().unwrap_or_default();
        (collected.to_bytes(), trailers)
    }

    #[tokio::test]
    async fn body_that_fails_ends_with_trailers_and_no_content() {
        let (bytes, trailers) = sent([Ok("a"), Ok("b")]).await;
        assert_eq!((&bytes[..], trailers.len()), (&b"{}ab"[..], 0));
        let (bytes, trailers) = sent([Ok("a"), Err("broken"), Ok("b")]).await;
        assert_eq!(
            (&bytes[..], &trailers[ERROR_TYPE]),
            (&b"{}a"[..], &"Runtime.StreamError".parse().expect("a value"))
        );
        let (bytes, trailers) = sent([Ok("a"), Ok("")]).await;
        assert_eq!((&bytes[..], &trailers[ERROR_TYPE]), (&b"{}a"[..], &"Panic".parse().expect("a value")));
    }

    #[test]
    fn prelude_has_status_headers_and_cookies() {
        let headers = [
            ("content-type", "text/event-stream"),
            ("vary", "a"),
            ("vary", "b"),
            ("set-cookie", "c=1"),
            ("set-cookie", "d=2"),
            ("connection", "close"),
            ("transfer-encoding", "chunked"),
        ];
        let headers = headers.map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("a value")));
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value);
        }
        let expected = "{\"statusCode\":201,\"headers\":{\"content-type\":\"text/event-stream\",\"vary\":\"a, b\"},\
                        \"cookies\":[\"c=1\",\"d=2\"]}\0\0\0\0\0\0\0\0";
        assert_eq!(prelude(201, &map).expect("a prelude"), expected.as_bytes());
    }

    #[test]
    fn trailers_of_a_failed_body_have_type_and_base64() {
        let trailers = error_trailers(&WorkerError::new("Bad", "ä")).expect("trailers");
        assert_eq!(trailers[ERROR_TYPE], "Bad");
        // {"errorType":"Bad","errorMessage":"ä"}
        assert_eq!(trailers[ERROR_BODY], "eyJlcnJvclR5cGUiOiJCYWQiLCJlcnJvck1lc3NhZ2UiOiLDpCJ9");
        let trailers = error_trailers(&WorkerError::new("with\nline feed", "")).expect("trailers");
        assert_eq!(trailers[ERROR_TYPE], "Runtime.StreamError");
    }
}
