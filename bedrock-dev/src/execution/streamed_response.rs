//! A response that a process streams (Lambda developer guide, "Building a custom runtime", response streaming): passes it
//! on while it is written, and records its beginning.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bedrock_model::ResponseStream;
use bedrock_model::limits::MAX_STREAMED_RESPONSE_BYTES;
use bedrock_model::response_stream::{MAX_RECORDED_BYTES, recorded_response};
use bytes::{Bytes, BytesMut};
use hyper::StatusCode;
use hyper::body::Body;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use serde_json::{Value, json};

use super::invocation_slot::{InvocationSlot, RuntimeReply};

/// How long the exit of a process may be noticed later than the end of its connection.
const EXIT_DELAY: Duration = Duration::from_secs(2);

const ERROR_TYPE: &str = "lambda-runtime-function-error-type";
const ERROR_BODY: &str = "lambda-runtime-function-error-body";

/// Returns whether a process streams its response.
pub(super) fn is_streaming(headers: &HeaderMap) -> bool {
    let mode = headers.get("lambda-runtime-function-response-mode");
    mode.is_some_and(|mode| mode.as_bytes().eq_ignore_ascii_case(b"streaming"))
}

/// Passes a response on to `stream` while the process writes it. Returns the reply of the invocation, and the status that
/// the process gets; or, if the process has exited, only a status.
pub(super) async fn receive_streamed<B>(
    slot: &InvocationSlot,
    stream: &dyn ResponseStream,
    headers: &HeaderMap,
    mut body: B,
) -> Result<(RuntimeReply, StatusCode), StatusCode>
where
    B: Body<Data = Bytes> + Unpin,
{
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    stream.open(content_type).await;
    let mut recorded = BytesMut::new();
    let mut bytes = 0;
    loop {
        let frame = match next_frame(&mut body).await {
            None => break,
            Some(Ok(frame)) => frame,
            Some(Err(_)) => return cut_off(slot).await,
        };
        let data = match frame.into_data() {
            Ok(data) => data,
            Err(frame) => match frame.trailers_ref().and_then(trailer_error) {
                Some(error) => return Ok((RuntimeReply::Error(error), StatusCode::ACCEPTED)),
                None => continue,
            },
        };
        bytes += data.len();
        if bytes > MAX_STREAMED_RESPONSE_BYTES {
            let reply = RuntimeReply::TooLarge { bytes, limit: MAX_STREAMED_RESPONSE_BYTES };
            return Ok((reply, StatusCode::PAYLOAD_TOO_LARGE));
        }
        let missing = MAX_RECORDED_BYTES.saturating_sub(recorded.len());
        recorded.extend_from_slice(&data[..data.len().min(missing)]);
        stream.write(data).await;
    }
    Ok((RuntimeReply::Response(recorded_response(content_type, &recorded)), StatusCode::ACCEPTED))
}

async fn next_frame<B: Body + Unpin>(body: &mut B) -> Option<Result<hyper::body::Frame<B::Data>, B::Error>> {
    std::future::poll_fn(|context| std::pin::Pin::new(&mut *body).poll_frame(context)).await
}

/// Handles a body that ends too early. Usually the process has exited, which [`InvocationSlot::close`] reports.
async fn cut_off(slot: &InvocationSlot) -> Result<(RuntimeReply, StatusCode), StatusCode> {
    if tokio::time::timeout(EXIT_DELAY, slot.closed()).await.is_ok() {
        return Err(StatusCode::GONE);
    }
    let message = "the response ended before it was complete";
    let error = json!({ "errorType": "Runtime.TruncatedResponse", "errorMessage": message });
    Ok((RuntimeReply::Error(error.to_string().into()), StatusCode::BAD_REQUEST))
}

/// Returns the JSON of the error in the trailers of a response. `None` if they have none.
fn trailer_error(trailers: &HeaderMap) -> Option<Bytes> {
    let error_type = trailers.get(ERROR_TYPE)?;
    let body = trailers.get(ERROR_BODY).and_then(|body| BASE64_STANDARD.decode(body.as_bytes()).ok());
    let body = body.filter(|body| serde_json::from_slice::<Value>(body).is_ok_and(|body| body.is_object()));
    Some(body.map_or_else(
        || {
            json!({ "errorType": String::from_utf8_lossy(error_type.as_bytes()), "errorMessage": "" })
                .to_string()
                .into()
        },
        Bytes::from,
    ))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bedrock_model::response_stream::Written;
    use futures_util::stream;
    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    /// Counts bytes.
    #[derive(Debug, Default)]
    struct FakeStream(AtomicUsize);

    impl ResponseStream for FakeStream {
        fn open<'a>(&'a self, _: &str) -> Written<'a> {
            Box::pin(async {})
        }

        fn write(&self, bytes: Bytes) -> Written<'_> {
            self.0.fetch_add(bytes.len(), Ordering::Relaxed);
            Box::pin(async {})
        }
    }

    type Received = Result<(RuntimeReply, StatusCode), StatusCode>;

    /// Receives a response with these frames. Returns the result and the number of bytes that were passed on.
    async fn receive(slot: &InvocationSlot, frames: Vec<Result<Frame<Bytes>, ()>>) -> (Received, usize) {
        let stream = FakeStream::default();
        let headers = headers(&[("content-type", "text/plain")]);
        let received = receive_streamed(slot, &stream, &headers, StreamBody::new(stream::iter(frames))).await;
        (received, stream.0.into_inner())
    }

    #[tokio::test]
    async fn response_is_cut_at_200_megabytes() {
        let megabyte = Bytes::from(vec![b'x'; 1024 * 1024]);
        let frames = |count| (0..count).map(|_| Ok(Frame::data(megabyte.clone()))).collect();
        let slot = InvocationSlot::new();
        let (received, bytes) = receive(&slot, frames(200)).await;
        let Ok((RuntimeReply::Response(recorded), StatusCode::ACCEPTED)) = received else { panic!("{received:?}") };
        assert_eq!(bytes, MAX_STREAMED_RESPONSE_BYTES);
        assert!(recorded.len() < 2 * MAX_RECORDED_BYTES);
        let (received, bytes) = receive(&slot, frames(201)).await;
        let Ok((RuntimeReply::TooLarge { limit, .. }, StatusCode::PAYLOAD_TOO_LARGE)) = received else {
            panic!("{received:?}")
        };
        assert_eq!((bytes, limit), (MAX_STREAMED_RESPONSE_BYTES, MAX_STREAMED_RESPONSE_BYTES));
    }

    #[tokio::test]
    async fn trailers_and_exits_end_the_invocation_with_an_error() {
        let slot = InvocationSlot::new();
        let trailers = Frame::trailers(headers(&[(ERROR_TYPE, "Runtime.X")]));
        let (received, bytes) = receive(&slot, vec![Ok(Frame::data(Bytes::from_static(b"x"))), Ok(trailers)]).await;
        assert!(matches!(received, Ok((RuntimeReply::Error(_), StatusCode::ACCEPTED))), "{received:?}");
        assert_eq!(bytes, 1);
        slot.close("exit status 3");
        let (received, _) = receive(&slot, vec![Err(())]).await;
        assert_eq!(received.err(), Some(StatusCode::GONE));
    }

    #[tokio::test(start_paused = true)]
    async fn response_that_ends_early_without_an_exit_is_truncated() {
        let (received, _) = receive(&InvocationSlot::new(), vec![Err(())]).await;
        let Ok((RuntimeReply::Error(error), StatusCode::BAD_REQUEST)) = received else { panic!("{received:?}") };
        assert!(String::from_utf8_lossy(&error).contains("Runtime.TruncatedResponse"));
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().expect("a name"), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn mode_of_response_is_a_header() {
        assert!(is_streaming(&headers(&[("lambda-runtime-function-response-mode", "streaming")])));
        assert!(is_streaming(&headers(&[("lambda-runtime-function-response-mode", "Streaming")])));
        assert!(!is_streaming(&headers(&[("lambda-runtime-function-response-mode", "buffered")])));
        assert!(!is_streaming(&headers(&[])));
    }

    #[test]
    fn trailers_contain_the_error_as_base64() {
        let error =
            |pairs: &[_]| trailer_error(&headers(pairs)).map(|error| String::from_utf8_lossy(&error).into_owned());
        assert_eq!(error(&[]), None);
        // {"errorMessage":"x"}
        let whole = error(&[(ERROR_TYPE, "Runtime.X"), (ERROR_BODY, "eyJlcnJvck1lc3NhZ2UiOiJ4In0=")]);
        assert_eq!(whole.as_deref(), Some(r#"{"errorMessage":"x"}"#));
        for body in ["%", "eA==", ""] {
            let only_type = error(&[(ERROR_TYPE, "Runtime.X"), (ERROR_BODY, body)]);
            assert_eq!(only_type.as_deref(), Some(r#"{"errorMessage":"","errorType":"Runtime.X"}"#), "{body}");
        }
    }
}
