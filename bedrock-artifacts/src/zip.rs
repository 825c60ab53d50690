//! Writes reproducible zip files: the bytes depend only on the entries, not on their order, the clock, the machine or the
//! number of threads. A temporary file in the same folder is renamed when it is complete.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use zip::ZipWriter;
use zip::result::ZipError;

use super::append_only_writer::AppendOnlyWriter;
use super::compress::{CompressedEntry, compress};
use super::content_digest::{combined, entry_size};
use super::digest::Digest;
use super::entry::{Entry, Fingerprint};
use super::names;
use super::parallel_map::{available_threads, parallel_map};
use bedrock_diagnostics::{Error, Result, io_reason, relative_path};

/// Number of uncompressed bytes whose compressed form is held in memory until it is written.
const BATCH_BYTES: u64 = 64 * 1024 * 1024;

/// A zip file that has been written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedZip {
    /// Size of the zip file.
    pub bytes: u64,
    /// Digest of the zip file, which Lambda returns as `CodeSha256`.
    pub sha256: Digest,
    /// Total size of the files.
    pub unzipped_bytes: u64,
    /// Digest of the files, equal to the result of [`super::content_digest`].
    pub content_sha256: Digest,
}

/// Writes the entries to the zip file `path`, and creates missing parent folders. `app` is for messages.
pub fn pack(entries: Vec<Entry>, path: &Path, app: &Path) -> Result<PackedZip> {
    pack_with(entries, path, app, CompressionOptions { threads: available_threads(), batch: BATCH_BYTES })
}

/// Options of compression. They do not affect the bytes of the zip file.
#[derive(Debug, Clone, Copy)]
struct CompressionOptions {
    threads: NonZero<usize>,
    /// Number of bytes that are compressed before they are written.
    batch: u64,
}

fn pack_with(entries: Vec<Entry>, path: &Path, app: &Path, effort: CompressionOptions) -> Result<PackedZip> {
    let entries = sorted(entries, path, app)?;
    let failed = |error: &io::Error| unwritable(path, app, error);
    let above = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(above)
        .map_err(|error| Error::io(format!("failed to create the folder `{}`", relative_path(above, app)), &error))?;
    let draft = tempfile::Builder::new()
        .prefix(".bedrock-pack-")
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(above)
        .map_err(|error| failed(&error))?;
    let packed = write(&entries, draft.as_file(), effort, app, &failed)?;
    draft.persist(path).map_err(|error| failed(&error.error))?;
    Ok(packed)
}

/// Sorts the entries by the bytes of their paths, and checks the paths.
fn sorted(mut entries: Vec<Entry>, path: &Path, app: &Path) -> Result<Vec<Entry>> {
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    let problems = names::path_problems(&entries.iter().map(|entry| entry.path.as_str()));
    if problems.is_empty() {
        return Ok(entries);
    }
    let failure = Error::app(format!("failed to pack `{}`", relative_path(path, app)));
    Err(problems.into_iter().fold(failure, Error::cause))
}

fn write(
    entries: &[Entry],
    to: impl Write,
    effort: CompressionOptions,
    app: &Path,
    failed: &impl Fn(&io::Error) -> Error,
) -> Result<PackedZip> {
    let unwritten = |error: ZipError| match error {
        ZipError::Io(error) => failed(&error),
        error => failed(&io::Error::other(error.to_string())),
    };
    let mut zip = ZipWriter::new(AppendOnlyWriter::new(BufWriter::new(to)));
    let mut fingerprints: Vec<Fingerprint> = Vec::new();
    for batch in batches(entries, effort.batch) {
        for compressed in parallel_map(batch, effort.threads, entry_size, |entry| compress(entry, app)) {
            let CompressedEntry { zipped, fingerprint } = compressed?;
            zip.add_prepared_file(zipped).map_err(unwritten)?;
            fingerprints.push(fingerprint);
        }
    }
    let (buffered, bytes, sha256) = zip.finish().map_err(unwritten)?.into_parts();
    buffered.into_inner().map_err(|error| failed(error.error()))?;
    Ok(PackedZip {
        bytes,
        sha256,
        unzipped_bytes: fingerprints.iter().map(|fingerprint| fingerprint.bytes).sum(),
        content_sha256: combined(entries.iter().zip(&fingerprints)),
    })
}

/// Splits the entries into batches of at least `full` bytes.
fn batches(entries: &[Entry], full: u64) -> impl Iterator<Item = &[Entry]> {
    let mut rest = entries;
    std::iter::from_fn(move || {
        let mut held = 0;
        let end = rest.iter().position(|entry| {
            held += entry_size(entry);
            held >= full
        });
        let (batch, remaining) = rest.split_at(end.map_or(rest.len(), |last| last + 1));
        rest = remaining;
        (!batch.is_empty()).then_some(batch)
    })
}

fn unwritable(path: &Path, app: &Path, error: &io::Error) -> Error {
    Error::call(format!("failed to write `{}`", relative_path(path, app))).cause(io_reason(error))
}

#[cfg(test)]
mod tests;
