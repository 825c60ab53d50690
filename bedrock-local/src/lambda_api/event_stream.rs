//! Messages of an event stream (`application/vnd.amazon.eventstream`, Smithy's "Amazon Event Stream Specification").

use bytes::{BufMut, Bytes, BytesMut};

/// The type of a response that is an event stream.
pub(super) const EVENT_STREAM_TYPE: &str = "application/vnd.amazon.eventstream";

/// The type of a header's value: a string with a length of two bytes.
const STRING: u8 = 7;
/// Bytes of both lengths and the checksum at the start, and of the checksum at the end.
const FRAME_BYTES: usize = 16;

/// Returns an event with its type, and the media type of its payload.
pub(super) fn event(event_type: &str, content_type: &str, payload: &[u8]) -> Bytes {
    let headers =
        encode_headers([(":event-type", event_type), (":content-type", content_type), (":message-type", "event")]);
    let mut message = BytesMut::with_capacity(FRAME_BYTES + headers.len() + payload.len());
    message.put_u32(length(FRAME_BYTES + headers.len() + payload.len()));
    message.put_u32(length(headers.len()));
    message.put_u32(crc32(&message));
    message.extend_from_slice(&headers);
    message.extend_from_slice(payload);
    message.put_u32(crc32(&message));
    message.freeze()
}

fn encode_headers<const COUNT: usize>(headers: [(&str, &str); COUNT]) -> BytesMut {
    let mut bytes = BytesMut::new();
    for (name, value) in headers {
        // Names and values are those of this crate, and short.
        bytes.put_u8(u8::try_from(name.len()).unwrap_or_default());
        bytes.extend_from_slice(name.as_bytes());
        bytes.put_u8(STRING);
        bytes.put_u16(u16::try_from(value.len()).unwrap_or_default());
        bytes.extend_from_slice(value.as_bytes());
    }
    bytes
}

/// Payloads are pieces of a response, and much smaller than 4 GB.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

/// The remainders of all bytes.
const CRC32_TABLE: [u32; 256] = crc32_table();

const fn crc32_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    let mut start = 0_u32;
    while byte < table.len() {
        let mut remainder = start;
        let mut bit = 0;
        while bit < 8 {
            remainder = if remainder & 1 == 1 { (remainder >> 1) ^ 0xedb8_8320 } else { remainder >> 1 };
            bit += 1;
        }
        table[byte] = remainder;
        byte += 1;
        start += 1;
    }
    table
}

/// Returns the checksum of gzip (RFC 1952).
fn crc32(bytes: &[u8]) -> u32 {
    let next =
        |remainder: u32, byte: &u8| CRC32_TABLE[usize::from(remainder.to_le_bytes()[0] ^ byte)] ^ (remainder >> 8);
    !bytes.iter().fold(u32::MAX, next)
}

#[cfg(test)]
mod tests {
    use super::{crc32, event};

    #[test]
    fn checksum_is_that_of_gzip() {
        // The check value of the catalogue of parametrised CRC algorithms.
        assert_eq!((crc32(b"123456789"), crc32(b"")), (0xcbf4_3926, 0));
    }

    #[test]
    fn message_has_lengths_headers_and_checksums() {
        let message = event("PayloadChunk", "application/octet-stream", b"abc");
        let headers = b"\x0b:event-type\x07\0\x0cPayloadChunk\x0d:content-type\x07\0\x18application/octet-stream\
                        \x0d:message-type\x07\0\x05event";
        assert_eq!(message.len(), 16 + headers.len() + 3);
        let number = |start: usize| u32::from_be_bytes(message[start..start + 4].try_into().expect("four bytes"));
        let lengths = [message.len(), headers.len()].map(|length| u32::try_from(length).expect("a length"));
        assert_eq!([number(0), number(4)], lengths);
        assert_eq!(number(8), crc32(&message[..8]));
        assert_eq!(&message[12..12 + headers.len()], headers);
        assert_eq!(&message[12 + headers.len()..message.len() - 4], b"abc");
        assert_eq!(number(message.len() - 4), crc32(&message[..message.len() - 4]));
    }
}
