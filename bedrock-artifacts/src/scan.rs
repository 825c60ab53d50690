//! Scans a file for credentials while its digest is computed: the whole file, also in UTF-16 and in archives. The digest is the
//! one of the bytes that were scanned.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;

use super::digest::Hasher;
use super::entry::Fingerprint;
use super::secrets::{self, SecretMatch};

/// Number of bytes that are scanned at once.
const WINDOW_BYTES: usize = 1024 * 1024;
/// Number of bytes of the window before that are scanned again, for a credential in both.
const OVERLAP_BYTES: usize = 16 * 1024;
/// Maximum nesting of archives.
const MAX_DEPTH: usize = 3;
/// Maximum number of bytes in an archive, which may be made to be endless. Lambda does not take more either.
const MAX_UNPACKED_BYTES: u64 = 512 * 1024 * 1024;

/// What was found in a file.
pub(super) struct Scanned {
    pub(super) fingerprint: Fingerprint,
    /// The first credential. Its line is 0 if it is in an archive.
    pub(super) secret: Option<SecretMatch>,
}

/// Reads a file once.
pub(super) fn scan(path: &Path) -> io::Result<Scanned> {
    let mut reader = DigestReader { inner: File::open(path)?, hasher: Hasher::default(), bytes: 0 };
    let secret = scan_reader(&mut reader, MAX_DEPTH)?;
    // The scan ends at the first credential.
    io::copy(&mut reader, &mut io::sink())?;
    let fingerprint = Fingerprint { bytes: reader.bytes, sha256: reader.hasher.finish() };
    Ok(Scanned { fingerprint, secret })
}

/// Computes the digest of what is read.
struct DigestReader {
    inner: File,
    hasher: Hasher,
    bytes: u64,
}

impl Read for DigestReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }
}

fn scan_reader(reader: &mut dyn Read, depth: usize) -> io::Result<Option<SecretMatch>> {
    let mut window = Vec::new();
    let mut lines_before = 0;
    let mut is_first = true;
    loop {
        let kept = window.len();
        let count = Read::take(&mut *reader, WINDOW_BYTES as u64).read_to_end(&mut window)?;
        if is_first && is_archive(&window) {
            Read::take(&mut *reader, MAX_UNPACKED_BYTES).read_to_end(&mut window)?;
            return Ok(scan_archive(window, depth));
        }
        is_first = false;
        if count == 0 && kept > 0 {
            return Ok(None);
        }
        if let Some(found) = find(&window) {
            return Ok(Some(SecretMatch { line: found.line + lines_before, ..found }));
        }
        if count < WINDOW_BYTES {
            return Ok(None);
        }
        let dropped = window.len().saturating_sub(OVERLAP_BYTES);
        lines_before += window.drain(..dropped).filter(|byte| *byte == b'\n').count();
    }
}

/// Finds a credential in bytes, which may be a text in UTF-16 or have a text in them.
fn find(bytes: &[u8]) -> Option<SecretMatch> {
    secrets::find(bytes).or_else(|| {
        let plain: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
        if plain.len() == bytes.len() { None } else { secrets::find(&plain) }
    })
}

fn is_archive(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04") || start.starts_with(&[0x1f, 0x8b])
}

/// Scans the files in a zip file or a compressed file. What cannot be unpacked is scanned as it is.
fn scan_archive(bytes: Vec<u8>, depth: usize) -> Option<SecretMatch> {
    let in_archive = |found: SecretMatch| SecretMatch { line: 0, ..found };
    let plain = find(&bytes).map(in_archive);
    let Some(depth) = depth.checked_sub(1).filter(|_| plain.is_none()) else { return plain };
    if bytes.starts_with(&[0x1f, 0x8b]) {
        let mut reader = MultiGzDecoder::new(bytes.as_slice()).take(MAX_UNPACKED_BYTES);
        return scan_reader(&mut reader, depth).ok().flatten().map(in_archive);
    }
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut rest = MAX_UNPACKED_BYTES;
    for at in 0..archive.len() {
        let Ok(file) = archive.by_index(at) else { continue };
        let size = file.size();
        if let Ok(Some(found)) = scan_reader(&mut file.take(rest), depth) {
            return Some(in_archive(found));
        }
        rest = rest.saturating_sub(size);
    }
    None
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;
    use crate::Digest;

    fn key_id() -> String {
        ["AKIA", "Z7QXK2M5N3PRT6WY"].concat()
    }

    fn scanned(bytes: &[u8]) -> Option<usize> {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(bytes).expect("written");
        let scanned = scan(file.path()).expect("scanned");
        assert_eq!(scanned.fingerprint, Fingerprint { bytes: bytes.len() as u64, sha256: Digest::of(bytes) });
        scanned.secret.map(|found| found.line)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).expect("compressed");
        encoder.finish().expect("compressed")
    }

    fn zip(bytes: &[u8]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("a/b.txt", SimpleFileOptions::default()).expect("an entry");
        zip.write_all(bytes).expect("an entry");
        zip.finish().expect("a zip").into_inner()
    }

    #[test]
    fn whole_files_are_scanned() {
        let text = format!("\nkey = '{}'\n", key_id());
        assert_eq!(scanned(text.as_bytes()), Some(2));
        assert_eq!(scanned(b"\nnothing\n"), None);
        assert_eq!(scanned(b""), None);
        let line = "x".repeat(99) + "\n";
        for lines in [10_485, 10_486, 40_000] {
            let large = line.repeat(lines) + &text;
            assert_eq!(scanned(large.as_bytes()), Some(lines + 2), "{lines}");
        }
    }

    #[test]
    fn texts_in_utf_16_and_in_binary_files_are_scanned() {
        let text = format!("key = '{}'\n", key_id());
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for bytes in [
            [b"\xff\xfe".to_vec(), le].concat(),
            [b"\xfe\xff".to_vec(), be].concat(),
            [b"\0\0", text.as_bytes()].concat(),
        ] {
            assert_eq!(scanned(&bytes), Some(1));
        }
    }

    #[test]
    fn archives_are_scanned() {
        let text = format!("key = '{}'\n", key_id()).into_bytes();
        for bytes in [gzip(&text), zip(&text), zip(&gzip(&text)), gzip(&zip(&text))] {
            assert_eq!(scanned(&bytes), Some(0));
        }
        let nested = (0..6).fold(text.clone(), |bytes, _| zip(&bytes));
        let _ = scanned(&nested);
        for damaged in [&gzip(&text)[..20], b"PK\x03\x04damaged", &zip(b"nothing")[..30]] {
            assert_eq!(scanned(damaged), None);
        }
    }
}
