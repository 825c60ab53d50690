//! The result of a call, and a response that a host process streams: passes it on to the caller that reads it as a stream, or collects it for a caller
//! that waits for the whole response, as Lambda does.

use bedrock_model::Error;
use bedrock_model::ResponseStream;
use bedrock_model::function_error::response_over_limit;
use bedrock_model::limits::{MAX_STREAMED_RESPONSE_BYTES, MAX_SYNC_PAYLOAD_BYTES};
use bedrock_model::response_stream::{MAX_RECORDED_BYTES, recorded_response};
use bytes::{Bytes, BytesMut};
use tokio::sync::{mpsc, oneshot};

/// The result of a call.
#[derive(Debug)]
pub(super) enum CallResult {
    Response(Result<Bytes, Error>),
    /// The host streams the response.
    Streams(StreamedCall),
    /// The host did not start the call.
    NotRun,
}

/// Number of chunks that wait for a slow client.
pub(super) const MAX_WAITING_CHUNKS: usize = 2;

/// The response of a call, while the host writes it.
#[derive(Debug)]
pub(super) struct StreamedCall {
    pub(super) content_type: Bytes,
    pub(super) chunks: mpsc::Receiver<Bytes>,
    /// The end of the response, or the error with which it ends.
    pub(super) ended: oneshot::Receiver<CallResult>,
}

impl StreamedCall {
    /// Waits for the end of the response. Returns its beginning for the event log if `stream` gets it, otherwise all of it.
    /// `None` if the host process is gone without a result.
    pub(super) async fn receive(
        mut self,
        worker: &str,
        stream: Option<&dyn ResponseStream>,
    ) -> Option<Result<Bytes, Error>> {
        let content_type = String::from_utf8_lossy(&self.content_type);
        let (limit, kept) = match stream {
            Some(stream) => {
                stream.open(&content_type).await;
                (MAX_STREAMED_RESPONSE_BYTES, MAX_RECORDED_BYTES)
            }
            None => (MAX_SYNC_PAYLOAD_BYTES, MAX_SYNC_PAYLOAD_BYTES),
        };
        let mut collected = BytesMut::new();
        let mut bytes = 0;
        while let Some(chunk) = self.chunks.recv().await {
            bytes += chunk.len();
            // The rest is read as well, so that the worker comes to its end.
            if bytes > limit {
                continue;
            }
            let missing = kept.saturating_sub(collected.len());
            collected.extend_from_slice(&chunk[..chunk.len().min(missing)]);
            if let Some(stream) = stream {
                stream.write(chunk).await;
            }
        }
        let CallResult::Response(result) = self.ended.await.ok()? else { return None };
        Some(result.and_then(|_| {
            if bytes > limit {
                return Err(response_over_limit(worker, bytes, limit));
            }
            Ok(match stream {
                Some(_) => recorded_response(&content_type, &collected),
                None => collected.freeze(),
            })
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use bedrock_model::response_stream::Written;

    use super::*;

    /// Collects what it gets.
    #[derive(Debug, Default)]
    struct FakeStream(Mutex<(String, Vec<u8>)>);

    impl ResponseStream for FakeStream {
        fn open<'a>(&'a self, content_type: &str) -> Written<'a> {
            self.0.lock().expect("a lock").0 = content_type.to_owned();
            Box::pin(async {})
        }

        fn write(&self, bytes: Bytes) -> Written<'_> {
            self.0.lock().expect("a lock").1.extend_from_slice(&bytes);
            Box::pin(async {})
        }
    }

    async fn receive(
        stream: Option<&dyn ResponseStream>,
        chunks: Vec<Bytes>,
        end: Option<CallResult>,
    ) -> Option<Result<Bytes, Error>> {
        let (sender, receiver) = mpsc::channel(chunks.len());
        let (ends, ended) = oneshot::channel();
        for chunk in chunks {
            sender.try_send(chunk).expect("space");
        }
        drop(sender);
        match end {
            Some(end) => ends.send(end).expect("a receiver"),
            None => drop(ends),
        }
        let call = StreamedCall { content_type: "text/plain".into(), chunks: receiver, ended };
        call.receive("chat", stream).await
    }

    fn response() -> CallResult {
        CallResult::Response(Ok(Bytes::new()))
    }

    #[tokio::test]
    async fn chunks_are_passed_on_or_collected() {
        let chunks = || vec![Bytes::from_static(b"ab"), Bytes::from_static(b"c")];
        let stream = FakeStream::default();
        let received = receive(Some(&stream), chunks(), Some(response())).await;
        assert_eq!(stream.0.into_inner().expect("a lock"), ("text/plain".to_owned(), b"abc".to_vec()));
        let recorded = r#"{"body":"abc","headers":{"content-type":"text/plain"},"statusCode":200}"#;
        assert_eq!(received.expect("a result").expect("a response"), recorded);
        let received = receive(None, chunks(), Some(response())).await;
        assert_eq!(received.expect("a result").expect("a response"), "abc");
    }

    #[tokio::test]
    async fn stream_ends_with_the_error_of_the_worker() {
        let failed = Error::Throttled { worker: "chat".to_owned(), reason: "x".to_owned() };
        let chunks = vec![Bytes::from_static(b"ab")];
        let received = receive(None, chunks.clone(), Some(CallResult::Response(Err(failed)))).await;
        assert!(matches!(received, Some(Err(Error::Throttled { .. }))), "{received:?}");
        assert!(receive(None, chunks, None).await.is_none());
    }

    #[tokio::test]
    async fn response_for_a_whole_reply_has_at_most_6_megabytes() {
        let megabytes = |count| vec![Bytes::from(vec![b'x'; 1024 * 1024]); count];
        let received = receive(None, megabytes(6), Some(response())).await;
        assert_eq!(received.expect("a result").expect("a response").len(), MAX_SYNC_PAYLOAD_BYTES);
        let received = receive(None, megabytes(7), Some(response())).await;
        let Some(Err(Error::Function { error_type, .. })) = received else { panic!("an error") };
        assert_eq!(error_type, "Function.ResponseSizeTooLarge");
        let received = receive(Some(&FakeStream::default()), megabytes(7), Some(response())).await;
        assert!(received.is_some_and(|result| result.is_ok()));
    }
}
