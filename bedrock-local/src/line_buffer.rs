//! Splits a stream of bytes into lines.

/// Bytes that have been read, and the lines that are complete.
#[derive(Debug)]
pub struct LineBuffer {
    bytes: Vec<u8>,
    /// Where the first line begins that was not returned yet.
    start: usize,
    max_line_bytes: usize,
}

impl LineBuffer {
    /// Returns an empty buffer. A line that is longer than `max_line_bytes` is split.
    pub fn new(max_line_bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(8 * 1024), start: 0, max_line_bytes }
    }

    /// Returns the bytes, to append to them.
    pub fn bytes_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// Returns the next line with its line feed. `None` if it is not complete; at the end of the stream the rest is a
    /// line.
    pub fn next_line(&mut self, is_end: bool) -> Option<&[u8]> {
        let rest = &self.bytes[self.start..];
        let Some(length) = line_length(rest, self.max_line_bytes, is_end) else {
            self.bytes.drain(..self.start);
            self.start = 0;
            return None;
        };
        let start = self.start;
        self.start += length;
        Some(&self.bytes[start..self.start])
    }
}

/// Returns the length of the first line, including its line feed.
fn line_length(bytes: &[u8], max_line_bytes: usize, is_end: bool) -> Option<usize> {
    let line_feed = bytes.iter().take(max_line_bytes).position(|byte| *byte == b'\n').map(|end| end + 1);
    let split = || (bytes.len() >= max_line_bytes).then_some(max_line_bytes);
    line_feed.or_else(split).or_else(|| (is_end && !bytes.is_empty()).then_some(bytes.len()))
}

#[cfg(test)]
mod tests {
    use super::LineBuffer;

    #[test]
    fn line_without_end_is_split() {
        let mut lines = LineBuffer::new(10);
        lines.bytes_mut().extend_from_slice(b"abc");
        assert_eq!(lines.next_line(false), None);
        lines.bytes_mut().extend_from_slice(b"\ndef");
        assert_eq!(lines.next_line(false), Some(&b"abc\n"[..]));
        assert_eq!(lines.next_line(false), None);
        lines.bytes_mut().extend_from_slice(&[b'x'; 20]);
        assert_eq!(lines.next_line(false).map(<[u8]>::len), Some(10));
        assert_eq!(lines.next_line(false).map(<[u8]>::len), Some(10));
        assert_eq!(lines.next_line(false), None);
        assert_eq!(lines.next_line(true), Some(&b"xxx"[..]));
        assert_eq!(lines.next_line(true), None);
    }
}
