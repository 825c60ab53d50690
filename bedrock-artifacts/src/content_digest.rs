//! The digest of the contents of an artifact. Caches and deploys compare it, because unlike the digest of the zip file it
//! does not depend on the version of the compressor.

use std::fs;
use std::io;
use std::path::Path;

use super::digest::{Digest, Hasher};
use super::entry::{Entry, Fingerprint, Source};
use super::parallel_map::{available_threads, parallel_map};
use bedrock_diagnostics::{Error, Result, relative_path};

/// Returns the digest of the paths, modes and bytes of the entries. Their order does not matter. `app` is for messages.
pub fn content_digest(entries: &[Entry], app: &Path) -> Result<Digest> {
    let fingerprints = parallel_map(entries, available_threads(), entry_size, |entry| fingerprint(entry, app));
    let fingerprints = fingerprints.into_iter().collect::<Result<Vec<_>>>()?;
    let mut all: Vec<(&Entry, Fingerprint)> = entries.iter().zip(fingerprints).collect();
    all.sort_by(|(one, _), (other, _)| one.path.cmp(&other.path));
    Ok(combined(all.iter().map(|(entry, fingerprint)| (*entry, fingerprint))))
}

/// Returns the digest of entries that are sorted by path.
pub(super) fn combined<'a>(entries: impl Iterator<Item = (&'a Entry, &'a Fingerprint)>) -> Digest {
    let mut hash = Hasher::default();
    for (entry, fingerprint) in entries {
        // The length comes before the path, so that different lists of entries never give the same bytes.
        hash.update(&(entry.path.len() as u64).to_le_bytes());
        hash.update(entry.path.as_bytes());
        hash.update(&entry.mode().to_le_bytes());
        hash.update(&fingerprint.bytes.to_le_bytes());
        hash.update(fingerprint.sha256.bytes());
    }
    hash.finish()
}

/// Returns the size of an entry in bytes, as an estimate of the work that it takes.
pub(super) fn entry_size(entry: &Entry) -> u64 {
    match &entry.source {
        Source::Bytes(bytes) => bytes.len() as u64,
        // Reading the file reports it if it does not exist.
        Source::File(path) => fs::metadata(path).map_or(0, |metadata| metadata.len()),
    }
}

/// Returns the error for a source file that cannot be read.
pub(super) fn unreadable(file: &Path, app: &Path, error: &io::Error) -> Error {
    Error::io(format!("failed to read `{}`", relative_path(file, app)), error)
}

fn fingerprint(entry: &Entry, app: &Path) -> Result<Fingerprint> {
    // What was scanned is what counts: packing refuses other bytes.
    if let Some(scanned) = &entry.fingerprint {
        return Ok(scanned.clone());
    }
    match &entry.source {
        Source::Bytes(bytes) => Ok(Fingerprint { bytes: bytes.len() as u64, sha256: Digest::of(bytes) }),
        Source::File(path) => fs::File::open(path)
            .and_then(|mut file| Digest::of_reader(&mut file))
            .map(|(sha256, bytes)| Fingerprint { bytes, sha256 })
            .map_err(|error| unreadable(path, app, &error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(entries: &[Entry]) -> Digest {
        content_digest(entries, Path::new("/")).expect("readable")
    }

    #[test]
    fn digest_ignores_order_and_source_of_entries() {
        let temp_dir = tempfile::TempDir::new().expect("room");
        fs::write(temp_dir.path().join("x"), "one").expect("file");
        let here = [Entry::bytes("a", "one"), Entry::bytes("b", "two").executable()];
        let there = [Entry::bytes("b", "two").executable(), Entry::file("a", temp_dir.path().join("x"))];
        assert_eq!(digest(&here), digest(&there));
        assert_eq!(digest(&here).to_string(), "63e31e363d7edb430160194f7cef0457f56ff14bdfa630e2d33f58b08e2ac9a3");
    }

    #[test]
    fn digest_depends_on_path_mode_and_bytes() {
        let plain = digest(&[Entry::bytes("a", "one")]);
        for other in [
            vec![],
            vec![Entry::bytes("b", "one")],
            vec![Entry::bytes("a", "one").executable()],
            vec![Entry::bytes("a", "onf")],
            vec![Entry::bytes("a", "one"), Entry::bytes("b", "")],
        ] {
            assert_ne!(digest(&other), plain, "{other:?}");
        }
    }

    #[test]
    fn missing_file_is_named() {
        let error = content_digest(&[Entry::file("a", "/app/gone.py")], Path::new("/app")).expect_err("gone");
        assert_eq!(error.reports[0].message, "failed to read `gone.py`");
        assert_eq!(error.reports[0].causes, ["no such file or directory"]);
    }
}
