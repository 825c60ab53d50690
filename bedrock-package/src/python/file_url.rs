//! Paths and `file:` URLs in a list of requirements.

use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What is encoded in a URL: everything that could end a word in a list of requirements.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'+')
    .remove(b'!')
    .remove(b'@')
    .remove(b':')
    .remove(b'=')
    .remove(b',');

/// Returns the path in `file:///a%20b`, `file:a` or `a`.
pub(super) fn local_path(place: &str) -> PathBuf {
    let Some(path) = place.strip_prefix("file:") else { return PathBuf::from(place) };
    let path = path.strip_prefix("//localhost").or_else(|| path.strip_prefix("//")).unwrap_or(path);
    PathBuf::from(percent_decode_str(path).decode_utf8_lossy().into_owned())
}

/// Returns the URL of a path, without letters that end a word in a list of requirements.
pub(super) fn file_url(path: &Path) -> String {
    format!("file://{}", utf8_percent_encode(&path.to_string_lossy(), ENCODED))
}
