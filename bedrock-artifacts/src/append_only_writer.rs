//! A writer that counts and hashes the bytes of a zip file while they are written, so that the file is not read again.

use std::io::{self, Seek, SeekFrom, Write};

use super::digest::{Digest, Hasher};

/// A writer that knows its position but cannot seek back.
pub(super) struct AppendOnlyWriter<W> {
    inner: W,
    position: u64,
    hash: Hasher,
    has_failed: bool,
}

impl<W: Write> AppendOnlyWriter<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, position: 0, hash: Hasher::default(), has_failed: false }
    }

    /// Returns the inner writer, the number of bytes written and their digest.
    pub(super) fn into_parts(self) -> (W, u64, Digest) {
        (self.inner, self.position, self.hash.finish())
    }
}

impl<W: Write> Write for AppendOnlyWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A zip writer that is dropped tries to finish the file, and prints an error if it cannot. Ignore these writes after
        // a failure.
        if self.has_failed {
            return Ok(bytes.len());
        }
        let written = self.inner.write(bytes).inspect_err(|error| {
            self.has_failed = error.kind() != io::ErrorKind::Interrupted;
        })?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.position += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.has_failed { Ok(()) } else { self.inner.flush() }
    }
}

impl<W> Seek for AppendOnlyWriter<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            SeekFrom::Current(0) | SeekFrom::End(0) => Ok(self.position),
            SeekFrom::Start(start) if start == self.position => Ok(self.position),
            _ => Err(io::Error::new(io::ErrorKind::Unsupported, "what was written is not written again")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_bytes_are_counted_and_hashed() {
        let mut sink = AppendOnlyWriter::new(Vec::new());
        sink.write_all(b"ab").expect("write");
        sink.write_all(b"c").expect("write");
        assert_eq!(sink.stream_position().expect("position"), 3);
        assert_eq!(sink.into_parts(), (b"abc".to_vec(), 3, Digest::of(b"abc")));
    }

    #[test]
    fn seeking_back_fails() {
        let mut sink = AppendOnlyWriter::new(Vec::new());
        sink.write_all(b"abc").expect("write");
        assert_eq!(sink.seek(SeekFrom::Start(0)).expect_err("back").kind(), io::ErrorKind::Unsupported);
    }
}
