//! Decodes the content encoding `aws-chunked`, in which SDKs send chunks with signatures or trailing checksums, while
//! the body arrives.

/// Maximum length of a line: the size of a chunk with its signature, or a trailer.
const MAX_LINE_BYTES: usize = 1024;

/// A decoder that is given the body in parts.
#[derive(Debug, Default)]
pub(super) struct AwsChunkedDecoder {
    state: DecoderState,
    /// The start of a line whose end has not arrived.
    line: Vec<u8>,
    trailers: Vec<(String, String)>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum DecoderState {
    #[default]
    ChunkHead,
    /// Number of missing bytes.
    Chunk(usize),
    ChunkEnd,
    Trailers,
    Finished,
}

impl AwsChunkedDecoder {
    /// Decodes a part and appends its content to `object`. Returns `None` if it is not valid.
    pub(super) fn decode(&mut self, mut part: &[u8], object: &mut Vec<u8>) -> Option<()> {
        while !part.is_empty() {
            match self.state {
                DecoderState::Chunk(missing) => {
                    let (content, rest) = part.split_at(missing.min(part.len()));
                    object.extend_from_slice(content);
                    part = rest;
                    let missing = missing - content.len();
                    self.state = if missing == 0 { DecoderState::ChunkEnd } else { DecoderState::Chunk(missing) };
                }
                DecoderState::Finished => return Some(()),
                _ => {
                    let end = part.iter().position(|byte| *byte == b'\n');
                    let (line, rest) = part.split_at(end.map_or(part.len(), |end| end + 1));
                    self.line.extend_from_slice(line);
                    part = rest;
                    if self.line.len() > MAX_LINE_BYTES {
                        return None;
                    }
                    if end.is_some() {
                        let line = std::mem::take(&mut self.line);
                        self.process_line(std::str::from_utf8(line.strip_suffix(b"\r\n")?).ok()?)?;
                    }
                }
            }
        }
        Some(())
    }

    fn process_line(&mut self, line: &str) -> Option<()> {
        self.state = match self.state {
            DecoderState::ChunkHead => match usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()? {
                0 => DecoderState::Trailers,
                size => DecoderState::Chunk(size),
            },
            DecoderState::ChunkEnd if line.is_empty() => DecoderState::ChunkHead,
            DecoderState::Trailers if line.is_empty() => DecoderState::Finished,
            DecoderState::Trailers => {
                let (name, value) = line.split_once(':')?;
                self.trailers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
                DecoderState::Trailers
            }
            _ => return None,
        };
        Some(())
    }

    /// Returns the trailers of a complete body, or `None` if the body is not complete. Some clients leave out the last
    /// empty line.
    pub(super) fn finish(self) -> Option<Vec<(String, String)>> {
        let is_complete = matches!(self.state, DecoderState::Trailers | DecoderState::Finished);
        (is_complete && self.line.is_empty()).then_some(self.trailers)
    }
}

#[cfg(test)]
mod tests {
    use super::AwsChunkedDecoder;

    /// Decodes a body that arrives in parts of `size` bytes.
    fn decode(body: &str, size: usize) -> Option<(String, Vec<(String, String)>)> {
        let mut decoder = AwsChunkedDecoder::default();
        let mut object = Vec::new();
        for part in body.as_bytes().chunks(size) {
            decoder.decode(part, &mut object)?;
        }
        Some((String::from_utf8(object).expect("text"), decoder.finish()?))
    }

    #[test]
    fn aws_chunked_bodies_are_decoded() {
        for size in [1, 2, 3, 7, 1000] {
            let trailers = vec![("x-amz-checksum-crc32".to_owned(), "NhCmhg==".to_owned())];
            assert_eq!(
                decode("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", size),
                Some(("hello".to_owned(), trailers))
            );
            let signed = "3;chunk-signature=ab\r\nhel\r\n2;chunk-signature=cd\r\nlo\r\n0;chunk-signature=ef\r\n\r\n";
            assert_eq!(decode(signed, size), Some(("hello".to_owned(), Vec::new())));
            assert_eq!(decode("0\r\n\r\n", size), Some((String::new(), Vec::new())));
            for invalid in ["", "hello", "6\r\nhello\r\n0\r\n\r\n", "zz\r\nhello", "5\r\nhello0\r\n", "5\r\nhel"] {
                assert_eq!(decode(invalid, size), None, "{invalid} {size}");
            }
            assert_eq!(decode(&"1".repeat(5000), size), None);
        }
    }
}
