//! Passes a response from the function that streams it to the client of its URL, with at most a few pieces in between.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::Response;
use bedrock_model::Error;
use bedrock_model::response_stream::{HTTP_RESPONSE_TYPE, PreludeState, ResponseStream, Written, parse_prelude};
use bytes::BytesMut;
use http_body::Frame;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::function_url_response::response_of_prelude;

/// Number of pieces that wait for a slow client.
const MAX_WAITING_PIECES: usize = 8;
/// The type of a streamed response without one.
const DEFAULT_TYPE: &str = "application/octet-stream";

/// What a function writes.
#[derive(Debug)]
enum Piece {
    Open(String),
    Data(Bytes),
}

/// The end of the function.
#[derive(Debug)]
pub(super) struct Writer(mpsc::Sender<Piece>);

/// The end of the client.
#[derive(Debug)]
pub(super) struct Reader(mpsc::Receiver<Piece>);

/// How a response begins.
pub(super) enum Beginning {
    /// Status and headers, without a body, and the first bytes of the body.
    Response(Response<Body>, Bytes),
    /// The function streams, but status and headers are not valid.
    Invalid,
    /// The function has ended without streaming, or without a complete prelude.
    NotStreamed,
}

/// Returns both ends of a stream.
pub(super) fn response_stream() -> (Writer, Reader) {
    let (sender, receiver) = mpsc::channel(MAX_WAITING_PIECES);
    (Writer(sender), Reader(receiver))
}

impl ResponseStream for Writer {
    fn open<'a>(&'a self, content_type: &str) -> Written<'a> {
        self.send(Piece::Open(content_type.to_owned()))
    }

    fn write(&self, bytes: Bytes) -> Written<'_> {
        self.send(Piece::Data(bytes))
    }
}

impl Writer {
    fn send(&self, piece: Piece) -> Written<'_> {
        // Sending fails if the client has gone.
        Box::pin(async move { drop(self.0.send(piece).await) })
    }
}

impl Reader {
    /// Waits for the next bytes that the function writes. `None` after the last ones.
    pub(super) async fn data(&mut self) -> Option<Bytes> {
        loop {
            match self.0.recv().await? {
                Piece::Data(data) if !data.is_empty() => return Some(data),
                Piece::Data(_) | Piece::Open(_) => {}
            }
        }
    }

    /// Waits until status and headers are known.
    pub(super) async fn beginning(&mut self) -> Beginning {
        let mut first = BytesMut::new();
        while let Some(piece) = self.0.recv().await {
            match piece {
                Piece::Open(kind) if kind == HTTP_RESPONSE_TYPE => {}
                Piece::Open(kind) => {
                    let kind = if kind.is_empty() { DEFAULT_TYPE } else { &kind };
                    return match Response::builder().header("content-type", kind).body(Body::empty()) {
                        Ok(response) => Beginning::Response(response, Bytes::new()),
                        Err(_) => Beginning::Invalid,
                    };
                }
                Piece::Data(data) => first.extend_from_slice(&data),
            }
            match parse_prelude(&first) {
                PreludeState::Incomplete => {}
                PreludeState::Invalid => return Beginning::Invalid,
                PreludeState::Complete(prelude, body) => {
                    let Some(response) = response_of_prelude(prelude) else { return Beginning::Invalid };
                    return Beginning::Response(response, first.split_off(body).freeze());
                }
            }
        }
        Beginning::NotStreamed
    }

    /// Returns the body of the response. `reply` is the end of the invocation: if it fails, the connection of the client
    /// is cut, so that the client does not take the response for complete.
    pub(super) fn into_body(self, first: Bytes, reply: JoinHandle<Result<Bytes, Error>>) -> Body {
        Body::new(StreamedBody { first, pieces: self.0, reply: Some(reply) })
    }
}

/// The body of a response that a function is still writing.
struct StreamedBody {
    first: Bytes,
    pieces: mpsc::Receiver<Piece>,
    /// `None` after its end.
    reply: Option<JoinHandle<Result<Bytes, Error>>>,
}

impl HttpBody for StreamedBody {
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let first = std::mem::take(&mut self.first);
        if !first.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        loop {
            match self.pieces.poll_recv(context) {
                Poll::Ready(Some(Piece::Data(data))) if !data.is_empty() => {
                    return Poll::Ready(Some(Ok(Frame::data(data))));
                }
                Poll::Ready(Some(_)) => continue,
                // All that was written is read before the end of the invocation is looked at.
                Poll::Ready(None) | Poll::Pending => {}
            }
            let Some(reply) = &mut self.reply else { return Poll::Ready(None) };
            let result = match Pin::new(reply).poll(context) {
                Poll::Ready(result) => result,
                Poll::Pending => return Poll::Pending,
            };
            self.reply = None;
            match result {
                // Pieces may have arrived in the meantime.
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                Err(error) => return Poll::Ready(Some(Err(error.into()))),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Beginning, HTTP_RESPONSE_TYPE, MAX_WAITING_PIECES, Reader, ResponseStream, response_stream};
    use axum::body::{Bytes, to_bytes};
    use bedrock_model::Error;

    /// Returns the reader of a response that was written completely.
    async fn written(content_type: &str, pieces: &[&'static [u8]]) -> Reader {
        let (writer, reader) = response_stream();
        writer.open(content_type).await;
        for piece in pieces {
            writer.write(Bytes::from_static(piece)).await;
        }
        reader
    }

    fn failure() -> Result<Bytes, Error> {
        Err(Error::Throttled { worker: "w".to_owned(), reason: "too many".to_owned() })
    }

    #[tokio::test]
    async fn beginning_has_status_headers_and_first_bytes() {
        let pieces: [&[u8]; 3] =
            [b"{\"statusCode\":418,\"headers\":{\"x-a\":1,", b"\"content-length\":\"9\"}}\0\0\0\0", b"\0\0\0\0tea"];
        let Beginning::Response(head, first) = written(HTTP_RESPONSE_TYPE, &pieces).await.beginning().await else {
            panic!("a response")
        };
        assert_eq!((head.status().as_u16(), &first[..]), (418, &b"tea"[..]));
        assert_eq!(
            (&head.headers()["x-a"], &head.headers()["content-type"]),
            (&"1".parse().expect("1"), &"application/octet-stream".parse().expect("a type"))
        );
        assert!(!head.headers().contains_key("content-length"));
    }

    #[tokio::test]
    async fn response_of_another_type_has_no_prelude() {
        for (given, expected) in [("text/plain", "text/plain"), ("", "application/octet-stream")] {
            let mut reader = written(given, &[b"{}\0\0\0\0\0\0\0\0"]).await;
            let Beginning::Response(head, first) = reader.beginning().await else { panic!("{given}") };
            assert_eq!(
                (head.status().as_u16(), &head.headers()["content-type"], first.len()),
                (200, &expected.parse().expect("a type"), 0)
            );
        }
    }

    #[tokio::test]
    async fn prelude_that_is_not_valid_is_not_a_response() {
        for piece in [
            &b"no\0\0\0\0\0\0\0\0"[..],
            b"{\"statusCode\":99}\0\0\0\0\0\0\0\0",
            b"{\"headers\":{\"a\":\"b\\nc\"}}\0\0\0\0\0\0\0\0",
        ] {
            let beginning = written(HTTP_RESPONSE_TYPE, &[piece]).await.beginning().await;
            assert!(matches!(beginning, Beginning::Invalid), "{piece:?}");
        }
        let beginning = written(HTTP_RESPONSE_TYPE, &[b"{}\0\0\0\0"]).await.beginning().await;
        assert!(matches!(beginning, Beginning::NotStreamed));
    }

    #[tokio::test]
    async fn body_fails_if_the_invocation_does() {
        for (reply, is_complete) in [(Ok(Bytes::new()), true), (failure(), false)] {
            let (writer, reader) = response_stream();
            writer.write(Bytes::from_static(b"cd")).await;
            let reply = tokio::spawn(async move {
                writer.write(Bytes::from_static(b"ef")).await;
                reply
            });
            let body = to_bytes(reader.into_body(Bytes::from_static(b"ab"), reply), 100).await;
            assert_eq!(body.ok(), is_complete.then_some(Bytes::from_static(b"abcdef")));
        }
    }

    #[tokio::test]
    async fn writer_does_not_wait_for_a_client_that_has_gone() {
        let (writer, reader) = response_stream();
        drop(reader);
        for _ in 0..=MAX_WAITING_PIECES {
            writer.write(Bytes::from_static(b"x")).await;
        }
    }
}
