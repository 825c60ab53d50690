//! The embedded build output of the dashboard, uncompressed and compressed.

use std::io::{self, Write};
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// A file of the dashboard.
pub(super) struct File {
    /// Its URL path.
    pub(super) path: &'static str,
    pub(super) content_type: &'static str,
    pub(super) plain: Bytes,
    /// Compressed with gzip; `None` if that does not make it smaller.
    pub(super) gzipped: Option<Bytes>,
    /// The entity tag, which changes with the content, in quotes as HTTP requires.
    pub(super) etag: String,
    pub(super) gzipped_etag: String,
}

/// The path of the HTML page, which is the same for all routes of the dashboard.
pub(super) const INDEX: &str = "/";

/// All files. They are compressed on the first request, so a program whose dashboard is never opened does not pay for
/// it.
pub(super) static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    vec![
        file(INDEX, "text/html; charset=utf-8", include_bytes!("../../dashboard/index.html")),
        file("/app.js", "text/javascript; charset=utf-8", include_bytes!("../../dashboard/app.js")),
        file("/app.css", "text/css; charset=utf-8", include_bytes!("../../dashboard/app.css")),
        file("/icon.svg", "image/svg+xml", include_bytes!("../../dashboard/icon.svg")),
    ]
});

/// Returns the file at a URL path.
pub(super) fn find(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}

fn file(path: &'static str, content_type: &'static str, bytes: &'static [u8]) -> File {
    let digest = Sha256::digest(bytes).iter().take(8).fold(0_u64, |digest, byte| digest << 8 | u64::from(*byte));
    let gzipped = gzip(bytes).ok().filter(|gzipped| gzipped.len() < bytes.len());
    File {
        path,
        content_type,
        plain: Bytes::from_static(bytes),
        gzipped: gzipped.map(Bytes::from),
        etag: format!("\"{digest:016x}\""),
        gzipped_etag: format!("\"{digest:016x}-gzip\""),
    }
}

fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}
