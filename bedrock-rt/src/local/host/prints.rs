//! What workers print: the pipe of a host, cut into lines, each with the request it belongs to.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt};

use crate::local::output::Output;

/// A longer line is shown as several. The hosts cut theirs at the same length.
const LONGEST: usize = 64 * 1024 + 64;
/// A tag is `0x1e`, 36 bytes request id, `0x1f`.
const TAG: usize = 38;

/// Reads the pipe to its end. Never stops reading before, or the worker would hang in its next `print`.
pub(super) async fn read(mut pipe: impl AsyncRead + Unpin, worker: Arc<str>, output: Output) {
    let mut buffer = Vec::with_capacity(8 * 1024);
    loop {
        match pipe.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(_) => {}
        }
        let mut start = 0;
        while let Some(length) = line_length(&buffer[start..]) {
            show(&worker, &buffer[start..start + length], &output).await;
            start += length;
        }
        buffer.drain(..start);
    }
    if !buffer.is_empty() {
        show(&worker, &buffer, &output).await;
    }
}

/// How many bytes the first line has, its end included; nothing while it is not complete.
fn line_length(bytes: &[u8]) -> Option<usize> {
    let end = bytes.iter().take(LONGEST).position(|byte| *byte == b'\n');
    end.map(|end| end + 1).or_else(|| (bytes.len() >= LONGEST).then_some(LONGEST))
}

async fn show(worker: &str, line: &[u8], output: &Output) {
    let (request_id, text) = split_tag(line);
    let text = String::from_utf8_lossy(text);
    output.line(worker, request_id, text.trim_end_matches(['\n', '\r'])).await;
}

fn split_tag(line: &[u8]) -> (Option<&str>, &[u8]) {
    match line.split_at_checked(TAG) {
        Some(([0x1e, id @ .., 0x1f], text)) => match std::str::from_utf8(id) {
            Ok(id) => (Some(id), text),
            Err(_) => (None, line),
        },
        _ => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, line_length, split_tag};

    #[test]
    fn a_tagged_line_belongs_to_its_request() {
        let line = b"\x1e0123456789abcdef0123456789abcdef0123\x1fhello\n";
        assert_eq!(split_tag(line), (Some("0123456789abcdef0123456789abcdef0123"), &b"hello\n"[..]));
        assert_eq!(split_tag(b"hello\n"), (None, &b"hello\n"[..]));
        assert_eq!(split_tag(b"\x1e"), (None, &b"\x1e"[..]));
    }

    #[test]
    fn a_line_without_end_is_cut() {
        assert_eq!(line_length(b"abc"), None);
        assert_eq!(line_length(b"abc\ndef"), Some(4));
        assert_eq!(line_length(&vec![b'x'; LONGEST * 2]), Some(LONGEST));
    }
}
