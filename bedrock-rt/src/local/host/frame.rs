//! Frames: the bytes on the data socket between the app and a host.

use bytes::{Buf, Bytes, BytesMut};

use crate::local::Invocation;

const INVOKE: u8 = 1;
/// The same with what the caller says of itself before the event.
const INVOKE_FOR: u8 = 3;

/// A whole RECALL frame: whatever the host has not begun comes back.
pub(super) const RECALL: [u8; 5] = [1, 0, 0, 0, 2];

/// Bytes of an INVOKE frame before the trace header: kind, id, deadline, request id, length of the trace header.
const INVOKE_HEAD: usize = 1 + 8 + 8 + 36 + 1;

/// What a host says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    Ready,
    InitError(Bytes),
    Response {
        id: u64,
        json: Bytes,
    },
    Error {
        id: u64,
        json: Bytes,
    },
    /// Like `Error`, and the host must get no further invocation.
    Fatal {
        id: u64,
        json: Bytes,
    },
    /// An invocation that the host had not begun comes back after a RECALL.
    Recalled {
        id: u64,
    },
    /// A response of so many bytes that was not kept.
    TooLarge {
        id: u64,
        bytes: usize,
    },
}

/// The host wrote what is no frame.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Nonsense;

/// The frame of an invocation.
pub(super) fn invoke(id: u64, deadline_ms: u64, invocation: &Invocation) -> Vec<u8> {
    // Longer trace headers than this are cut: no tracer writes them, and the length is one byte.
    let trace = &invocation.trace.as_bytes()[..invocation.trace.len().min(255)];
    let caller = invocation.client_context.as_deref().map(|json| (json, u16::try_from(json.len()).unwrap_or(0)));
    let more = caller.map_or(0, |(json, _)| 2 + json.len());
    let length = INVOKE_HEAD + trace.len() + more + invocation.event.len();
    let mut frame = Vec::with_capacity(4 + length);
    frame.extend_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    frame.push(if caller.is_some() { INVOKE_FOR } else { INVOKE });
    frame.extend_from_slice(&id.to_le_bytes());
    frame.extend_from_slice(&deadline_ms.to_le_bytes());
    let mut request = [b'-'; 36];
    for (to, from) in request.iter_mut().zip(invocation.request_id.bytes()) {
        *to = from;
    }
    frame.extend_from_slice(&request);
    frame.push(u8::try_from(trace.len()).unwrap_or(u8::MAX));
    frame.extend_from_slice(trace);
    if let Some((json, length)) = caller {
        // The service takes less than 4 KB of it.
        frame.extend_from_slice(&length.to_le_bytes());
        frame.extend_from_slice(json.as_bytes());
    }
    frame.extend_from_slice(&invocation.event);
    frame
}

/// Takes frames out of what has been read. Contents over the limit are counted and thrown away.
#[derive(Debug)]
pub(super) struct Reader {
    limit: usize,
    /// The frame that is being thrown away: its id, its size, and what has not been read of it yet.
    skipping: Option<(u64, usize, usize)>,
}

impl Reader {
    /// Keeps contents of at most `limit` bytes.
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, skipping: None }
    }

    /// The next whole frame in `buffer`, if there is one; its bytes are taken out of the buffer.
    pub(super) fn next(&mut self, buffer: &mut BytesMut) -> Result<Option<Said>, Nonsense> {
        if let Some((id, bytes, left)) = self.skipping {
            let now = left.min(buffer.len());
            buffer.advance(now);
            self.skipping = (now < left).then_some((id, bytes, left - now));
            return Ok((now == left).then_some(Said::TooLarge { id, bytes }));
        }
        let Some(length) = buffer.first_chunk::<4>().map(|l| u32::from_le_bytes(*l) as usize) else {
            return Ok(None);
        };
        if length == 0 {
            return Err(Nonsense);
        }
        let Some(&kind) = buffer.get(4) else { return Ok(None) };
        if !(1..=6).contains(&kind) {
            return Err(Nonsense);
        }
        if length > self.limit + 9 {
            let Some(id) = buffer.get(5..13).and_then(|id| id.try_into().ok()).map(u64::from_le_bytes) else {
                return Ok(None);
            };
            buffer.advance(13);
            self.skipping = Some((id, length - 9, length - 9));
            return self.next(buffer);
        }
        if buffer.len() < 4 + length {
            // One allocation for the whole frame instead of doubling up to it.
            buffer.reserve(4 + length - buffer.len());
            return Ok(None);
        }
        let mut frame = buffer.split_to(4 + length).freeze();
        frame.advance(5);
        said(kind, frame).map(Some)
    }
}

fn said(kind: u8, mut rest: Bytes) -> Result<Said, Nonsense> {
    if kind == 1 {
        return Ok(Said::Ready);
    }
    if kind == 2 {
        return Ok(Said::InitError(rest));
    }
    let id = rest.try_get_u64_le().map_err(|_| Nonsense)?;
    Ok(match kind {
        3 => Said::Response { id, json: rest },
        4 => Said::Error { id, json: rest },
        6 => Said::Recalled { id },
        _ => Said::Fatal { id, json: rest },
    })
}

#[cfg(test)]
mod tests {
    use super::{Invocation, Nonsense, Reader, Said, invoke};
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
    fn a_frame_that_comes_byte_by_byte_is_one_frame() {
        let bytes = [frame(1, b""), frame(3, &answer(7, b"{}"))].concat();
        let (mut reader, mut buffer, mut seen) = (Reader::new(100), BytesMut::new(), Vec::new());
        for byte in bytes {
            buffer.extend_from_slice(&[byte]);
            seen.extend(reader.next(&mut buffer).expect("a frame"));
        }
        assert_eq!(seen, [Said::Ready, Said::Response { id: 7, json: Bytes::from_static(b"{}") }]);
    }

    #[test]
    fn a_frame_over_the_limit_is_counted_and_not_kept() {
        let bytes = [frame(3, &answer(1, &[b' '; 11])), frame(4, &answer(2, b"{}"))].concat();
        let (mut reader, mut buffer, mut seen) = (Reader::new(10), BytesMut::new(), Vec::new());
        for byte in bytes {
            buffer.extend_from_slice(&[byte]);
            assert!(buffer.len() <= 23, "kept {} bytes", buffer.len());
            seen.extend(reader.next(&mut buffer).expect("a frame"));
        }
        assert_eq!(seen, [Said::TooLarge { id: 1, bytes: 11 }, Said::Error { id: 2, json: Bytes::from_static(b"{}") }]);
    }

    #[test]
    fn what_is_no_frame_is_nonsense() {
        for bytes in [&b"hello world"[..], &[0, 0, 0, 0], &frame(9, b"x"), &frame(3, b"short")] {
            let result = Reader::new(100).next(&mut BytesMut::from(bytes));
            assert_eq!(result, Err(Nonsense), "{bytes:?}");
        }
    }

    #[test]
    fn the_frame_of_an_invocation_has_its_fields_where_the_protocol_says() {
        let request_id = "0123456789abcdef0123456789abcdef0123".to_owned();
        let mut invocation = Invocation::new(Bytes::from_static(b"{\"a\":1}"), Some("Root=1".to_owned()));
        invocation.request_id = request_id.clone();
        let frame = invoke(5, 1_700_000_000_123, &invocation);
        assert_eq!(frame.len(), 4 + 54 + 6 + 7);
        assert_eq!(frame[4], 1);
        assert_eq!(&frame[21..57], request_id.as_bytes());
        assert_eq!(frame[57], 6);
        assert_eq!(&frame[58..64], b"Root=1");
        assert_eq!(&frame[64..], b"{\"a\":1}");
        invocation.client_context = Some("{\"custom\":{}}".to_owned());
        let longer = invoke(5, 1_700_000_000_123, &invocation);
        assert_eq!((longer[4], &longer[5..64]), (3, &frame[5..64]));
        assert_eq!(&longer[64..66], [13, 0]);
        assert_eq!(&longer[66..], b"{\"custom\":{}}{\"a\":1}");
    }
}
