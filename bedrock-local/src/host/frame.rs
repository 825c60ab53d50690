//! Frames: the messages on the data socket between the app and a host process.

use bytes::{Buf, Bytes, BytesMut};

use bedrock_model::Invocation;

const INVOKE: u8 = 1;
/// An `INVOKE` frame that contains a client context before the event.
const INVOKE_WITH_CONTEXT: u8 = 3;

/// A complete RECALL frame: the host gives back the calls that it has not started.
pub(super) const RECALL: [u8; 5] = [1, 0, 0, 0, 2];

/// Length of an INVOKE frame before the trace header: kind, id, deadline, request id, length of the trace header.
const INVOKE_HEAD_BYTES: usize = 1 + 8 + 8 + 36 + 1;

/// A message of a host process.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HostFrame {
    /// The worker is loaded. Contains its types as JSON if they were asked for.
    Ready(Bytes),
    InitError(Bytes),
    Response {
        id: u64,
        json: Bytes,
    },
    Error {
        id: u64,
        json: Bytes,
    },
    /// Like `Error`, but the host must get no more invocations.
    Fatal {
        id: u64,
        json: Bytes,
    },
    /// The host gives back an invocation that it has not started, after a RECALL.
    Recalled {
        id: u64,
    },
    /// The invocation streams its response, whose content type is this.
    Stream {
        id: u64,
        content_type: Bytes,
    },
    /// A part of a streamed response.
    Chunk {
        id: u64,
        bytes: Bytes,
    },
    /// A response of `bytes` bytes, which is over the limit and was discarded.
    TooLarge {
        id: u64,
        bytes: usize,
    },
}

/// The host wrote something that is not a valid frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ProtocolError;

/// Returns the frame of an invocation.
pub(super) fn invoke_frame(id: u64, deadline_ms: u64, invocation: &Invocation) -> Vec<u8> {
    // Longer trace headers are truncated: the length is one byte, and no tracer writes longer ones.
    let trace = &invocation.trace.as_bytes()[..invocation.trace.len().min(255)];
    let context = invocation.client_context.as_deref().map(|json| (json, u16::try_from(json.len()).unwrap_or(0)));
    let context_bytes = context.map_or(0, |(json, _)| 2 + json.len());
    let length = INVOKE_HEAD_BYTES + trace.len() + context_bytes + invocation.event.len();
    let mut frame = Vec::with_capacity(4 + length);
    frame.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    frame.push(if context.is_some() { INVOKE_WITH_CONTEXT } else { INVOKE });
    frame.extend_from_slice(&id.to_le_bytes());
    frame.extend_from_slice(&deadline_ms.to_le_bytes());
    let mut request = [b'-'; 36];
    for (to, from) in request.iter_mut().zip(invocation.request_id.bytes()) {
        *to = from;
    }
    frame.extend_from_slice(&request);
    frame.push(u8::try_from(trace.len()).unwrap_or(u8::MAX));
    frame.extend_from_slice(trace);
    if let Some((json, length)) = context {
        // The service accepts less than 4 KB.
        frame.extend_from_slice(&length.to_le_bytes());
        frame.extend_from_slice(json.as_bytes());
    }
    frame.extend_from_slice(&invocation.event);
    frame
}

/// Extracts frames from the bytes that have been read. Contents over the limit are counted and discarded.
#[derive(Debug)]
pub(super) struct FrameReader {
    limit: usize,
    /// The frame that is being discarded.
    discarding: Option<DiscardedFrame>,
}

/// A frame over the limit.
#[derive(Debug)]
struct DiscardedFrame {
    id: u64,
    bytes: usize,
    /// Number of bytes that have not been read yet.
    unread: usize,
}

impl FrameReader {
    /// Returns a reader that accepts contents of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, discarding: None }
    }

    /// Removes the next complete frame from `buffer`. Returns `None` if it is not complete.
    pub(super) fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<HostFrame>, ProtocolError> {
        if let Some(frame) = self.discarding.take() {
            let DiscardedFrame { id, bytes, unread } = frame;
            let available = unread.min(buffer.len());
            buffer.advance(available);
            if available == unread {
                return Ok(Some(HostFrame::TooLarge { id, bytes }));
            }
            self.discarding = Some(DiscardedFrame { id, bytes, unread: unread - available });
            return Ok(None);
        }
        let Some(length) = buffer.first_chunk::<4>().map(|l| u32::from_le_bytes(*l) as usize) else {
            return Ok(None);
        };
        if length == 0 {
            return Err(ProtocolError);
        }
        let Some(&kind) = buffer.get(4) else { return Ok(None) };
        if !(1..=8).contains(&kind) {
            return Err(ProtocolError);
        }
        if length > self.limit + 9 {
            let Some(id) = buffer.get(5..13).and_then(|id| id.try_into().ok()).map(u64::from_le_bytes) else {
                return Ok(None);
            };
            buffer.advance(13);
            let bytes = length - 9;
            self.discarding = Some(DiscardedFrame { id, bytes, unread: bytes });
            return self.next(buffer);
        }
        if buffer.len() < 4 + length {
            // One allocation for the whole frame instead of repeated doubling.
            buffer.reserve(4 + length - buffer.len());
            return Ok(None);
        }
        let mut frame = buffer.split_to(4 + length).freeze();
        frame.advance(5);
        parse_frame(kind, frame).map(Some)
    }
}

/// Reads frames from bytes that arrive in two parts, for the fuzz target. Returns their number.
#[cfg(fuzzing)]
pub fn read_frames(bytes: &[u8], split: usize, limit: usize) -> usize {
    let mut reader = FrameReader::new(limit);
    let mut buffer = BytesMut::new();
    let mut frames = 0;
    let (first, second) = bytes.split_at(split.min(bytes.len()));
    for part in [first, second] {
        buffer.extend_from_slice(part);
        loop {
            match reader.next(&mut buffer) {
                Ok(Some(_)) => frames += 1,
                Ok(None) => break,
                Err(_) => return frames,
            }
        }
    }
    frames
}

fn parse_frame(kind: u8, mut rest: Bytes) -> Result<HostFrame, ProtocolError> {
    if kind == 1 {
        return Ok(HostFrame::Ready(rest));
    }
    if kind == 2 {
        return Ok(HostFrame::InitError(rest));
    }
    let id = rest.try_get_u64_le().map_err(|_| ProtocolError)?;
    Ok(match kind {
        3 => HostFrame::Response { id, json: rest },
        4 => HostFrame::Error { id, json: rest },
        6 => HostFrame::Recalled { id },
        7 => HostFrame::Stream { id, content_type: rest },
        8 => HostFrame::Chunk { id, bytes: rest },
        _ => HostFrame::Fatal { id, json: rest },
    })
}

#[cfg(test)]
mod tests {
    use super::{FrameReader, HostFrame, Invocation, ProtocolError, invoke_frame};
    use bytes::{Bytes, BytesMut};

    fn frame(kind: u8, rest: &[u8]) -> Vec<u8> {
        let mut frame = u32::try_from(rest.len() + 1).expect("small").to_le_bytes().to_vec();
        frame.push(kind);
        frame.extend_from_slice(rest);
        frame
    }

    fn answer(id: u64, json: &[u8]) -> Vec<u8> {
        [&id.to_le_bytes(), json].concat()
    }

    #[test]
    fn frame_is_assembled_from_single_bytes() {
        let parts = [
            frame(1, b""),
            frame(7, &answer(7, b"text/plain")),
            frame(8, &answer(7, b"a")),
            frame(3, &answer(7, b"{}")),
        ];
        let bytes = parts.concat();
        let (mut reader, mut buffer, mut seen) = (FrameReader::new(100), BytesMut::new(), Vec::new());
        for byte in bytes {
            buffer.extend_from_slice(&[byte]);
            seen.extend(reader.next(&mut buffer).expect("a frame"));
        }
        assert_eq!(
            seen,
            [
                HostFrame::Ready(Bytes::new()),
                HostFrame::Stream { id: 7, content_type: Bytes::from_static(b"text/plain") },
                HostFrame::Chunk { id: 7, bytes: Bytes::from_static(b"a") },
                HostFrame::Response { id: 7, json: Bytes::from_static(b"{}") }
            ]
        );
    }

    #[test]
    fn frame_over_the_limit_is_counted_and_discarded() {
        let bytes = [frame(3, &answer(1, &[b' '; 11])), frame(4, &answer(2, b"{}"))].concat();
        let (mut reader, mut buffer, mut seen) = (FrameReader::new(10), BytesMut::new(), Vec::new());
        for byte in bytes {
            buffer.extend_from_slice(&[byte]);
            assert!(buffer.len() <= 23, "{} bytes are buffered", buffer.len());
            seen.extend(reader.next(&mut buffer).expect("a frame"));
        }
        assert_eq!(
            seen,
            [HostFrame::TooLarge { id: 1, bytes: 11 }, HostFrame::Error { id: 2, json: Bytes::from_static(b"{}") }]
        );
    }

    #[test]
    fn invalid_bytes_are_a_protocol_error() {
        for bytes in [&b"hello world"[..], &[0, 0, 0, 0], &frame(9, b"x"), &frame(3, b"short")] {
            let result = FrameReader::new(100).next(&mut BytesMut::from(bytes));
            assert_eq!(result, Err(ProtocolError), "{bytes:?}");
        }
    }

    #[test]
    fn invoke_frame_has_the_documented_layout() {
        let request_id = "0123456789abcdef0123456789abcdef0123".to_owned();
        let mut invocation = Invocation::new(Bytes::from_static(b"{\"a\":1}"), Some("Root=1".to_owned()));
        invocation.request_id = request_id.clone();
        let frame = invoke_frame(5, 1_700_000_000_123, &invocation);
        assert_eq!(frame.len(), 4 + 54 + 6 + 7);
        assert_eq!(frame[4], 1);
        assert_eq!(&frame[21..57], request_id.as_bytes());
        assert_eq!(frame[57], 6);
        assert_eq!(&frame[58..64], b"Root=1");
        assert_eq!(&frame[64..], b"{\"a\":1}");
        invocation.client_context = Some("{\"custom\":{}}".to_owned());
        let longer = invoke_frame(5, 1_700_000_000_123, &invocation);
        assert_eq!((longer[4], &longer[5..64]), (3, &frame[5..64]));
        assert_eq!(&longer[64..66], [13, 0]);
        assert_eq!(&longer[66..], b"{\"custom\":{}}{\"a\":1}");
    }
}
