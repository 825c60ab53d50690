//! The operation `InvokeWithResponseStream`: the response of a function as a stream of events, while the function writes
//! it. The response of a function that does not stream is one event.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Response, StatusCode};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bedrock_model::function_error::failure_body;
use bedrock_model::limits::MAX_SYNC_PAYLOAD_BYTES;
use bedrock_model::{Caller, Error, FunctionInfo, Invocation, LogTail, Metrics};
use http_body::Frame;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::access::calling_worker;
use super::api_error::ApiError;
use super::body;
use super::event_stream::{EVENT_STREAM_TYPE, event};
use super::function_reference::LATEST;
use super::invoke::{
    InvocationType, InvokeRequest, caller_deadline, not_run_error, parse_event, respond, unknown_value,
};
use super::log_lines;
use super::request_parts::{NameInPath, header_text, query_parameter};
use super::response_stream::{Reader, response_stream};
use super::service::{RequireCredentials, Service};

/// Number of events that wait for a slow client.
const MAX_WAITING_EVENTS: usize = 1;

/// `POST /2021-11-15/functions/{name}/response-streaming-invocations`
pub(super) async fn invoke_with_response_stream(
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
    let body = body::read(body, MAX_SYNC_PAYLOAD_BYTES).await;
    let started = async {
        let invoke = invoke?;
        invocation.event = parse_event(body, MAX_SYNC_PAYLOAD_BYTES, invoke.invocation_type)?;
        if let Some(trace) = header_text(&head.headers, "x-amzn-trace-id") {
            trace.clone_into(&mut invocation.trace);
        }
        let caller = Caller { worker: calling_worker(&head.headers), waits: true };
        service.backend.admit(caller, &invoke.function, &invocation).map_err(ApiError::not_admitted)?;
        match invoke.invocation_type {
            InvocationType::DryRun => return Ok(respond(StatusCode::NO_CONTENT, Body::empty(), &request_id)),
            InvocationType::RequestResponse => {}
            InvocationType::Event => return Err(unknown_value("invocationType", "Event", "[RequestResponse, DryRun]")),
        }
        invocation.caller_deadline = caller_deadline(&head.headers);
        invocation.client_context = invoke.client_context;
        invocation.tail = invoke.wants_log.then(LogTail::default);
        StreamedInvocation::start(&service, invoke.function, invocation).respond().await
    };
    started.await.unwrap_or_else(|error: ApiError| error.into_response(&request_id))
}

/// A running invocation.
struct StreamedInvocation {
    function: FunctionInfo,
    request_id: String,
    tail: Option<LogTail>,
    metrics: bedrock_model::InvocationMetrics,
    started: Instant,
    reader: Reader,
    reply: JoinHandle<Result<Bytes, Error>>,
}

impl StreamedInvocation {
    fn start(service: &Service, function: FunctionInfo, mut invocation: Invocation) -> Self {
        let (writer, reader) = response_stream();
        let request_id = invocation.request_id.clone();
        let tail = invocation.tail.clone();
        let metrics = invocation.metrics.clone();
        if let Some(tail) = &tail {
            log_lines::write_start(tail, &request_id);
        }
        invocation.response_stream = Some(Arc::new(writer));
        let reply = tokio::spawn(service.backend.run(&function, invocation));
        Self { function, request_id, tail, metrics, started: Instant::now(), reader, reply }
    }

    /// Responds as soon as the function writes or ends. The call fails if the function does not run.
    async fn respond(mut self) -> Result<Response<Body>, ApiError> {
        let request_id = self.request_id.clone();
        let first = self.reader.data().await;
        let (sender, receiver) = mpsc::channel(MAX_WAITING_EVENTS);
        if let Some(first) = first {
            tokio::spawn(async move {
                let _ = sender.send(payload_chunk(&first)).await;
                while let Some(data) = self.reader.data().await {
                    let _ = sender.send(payload_chunk(&data)).await;
                }
                let result = (&mut self.reply).await.unwrap_or_else(|error| Err(self.lost(&error)));
                let _ = sender.send(self.complete(&result)).await;
            });
        } else {
            let result = (&mut self.reply).await.unwrap_or_else(|error| Err(self.lost(&error)));
            if let Some(error) = result.as_ref().err().filter(|error| self.failure(error).is_none()) {
                return Err(not_run_error(error));
            }
            tokio::spawn(async move {
                if let Some(chunk) = result.as_ref().ok().and_then(whole_response) {
                    let _ = sender.send(chunk).await;
                }
                let _ = sender.send(self.complete(&result)).await;
            });
        }
        let mut response = respond(StatusCode::OK, Body::new(EventBody(receiver)), &request_id);
        let headers = response.headers_mut();
        headers.insert("content-type", HeaderValue::from_static(EVENT_STREAM_TYPE));
        headers.insert("x-amz-executed-version", HeaderValue::from_static(LATEST));
        Ok(response)
    }

    fn failure(&self, error: &Error) -> Option<Value> {
        failure_body(error, &self.function, &self.request_id)
    }

    /// Returns the error of an invocation whose task has ended, which it does only with the runtime.
    fn lost(&self, error: &tokio::task::JoinError) -> Error {
        let worker = self.function.worker.clone();
        Error::Transport { worker, message: error.to_string(), may_have_run: true }
    }

    /// Returns the last event: whether the function has failed, and the end of its log. AWS's API reference says of
    /// `ErrorCode` and `ErrorDetails` only that they are strings; here they are type and JSON of the error.
    fn complete(&self, result: &Result<Bytes, Error>) -> Bytes {
        let error = result.as_ref().err();
        let failure = error.map(|error| {
            let body = self.failure(error).unwrap_or_else(|| json!({ "errorMessage": error.to_string() }));
            (error, body)
        });
        let mut complete = json!({});
        if let Some((error, body)) = &failure {
            let code = body["errorType"].as_str().unwrap_or_else(|| error.error_type());
            complete["ErrorCode"] = code.into();
            complete["ErrorDetails"] = body.to_string().into();
        }
        if let Some(tail) = &self.tail {
            let failed = failure.as_ref().map(|(error, body)| (*error, body));
            let known = self.metrics.get();
            let took = known.took.or_else(|| Some(self.started.elapsed()));
            log_lines::write_end(tail, &self.function, &self.request_id, failed, Metrics { took, ..known });
            complete["LogResult"] = BASE64_STANDARD.encode(tail.last()).into();
        }
        event("InvokeComplete", "application/json", complete.to_string().as_bytes())
    }
}

fn payload_chunk(bytes: &[u8]) -> Bytes {
    event("PayloadChunk", "application/octet-stream", bytes)
}

/// Returns the chunk of a response that is not streamed. `None` for one without bytes, such as that of a custom runtime that
/// sends no body.
fn whole_response(response: &Bytes) -> Option<Bytes> {
    (!response.is_empty()).then(|| payload_chunk(response))
}

/// The events of a response.
struct EventBody(mpsc::Receiver<Bytes>);

impl HttpBody for EventBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        self.0.poll_recv(context).map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{payload_chunk, whole_response};

    #[test]
    fn response_without_bytes_has_no_chunk() {
        assert_eq!(whole_response(&Bytes::new()), None);
        assert_eq!(whole_response(&Bytes::from_static(b"{}")), Some(payload_chunk(b"{}")));
    }
}
