//! The built files of the dashboard, embedded: as they are, and compressed once for those who take that.

use std::io::{self, Write};
use std::sync::LazyLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

/// A file of the dashboard.
pub(super) struct File {
    /// Its address.
    pub(super) path: &'static str,
    pub(super) content_type: &'static str,
    pub(super) plain: Bytes,
    /// With gzip; nothing where that does not make it smaller.
    pub(super) packed: Option<Bytes>,
    /// Changes with the file; in quotes, as HTTP writes it. Of the packed file it is another one.
    pub(super) tag: String,
    pub(super) packed_tag: String,
}

/// The page, which all of its views share.
pub(super) const PAGE: &str = "/";

/// All of them. Compressed when the first is asked for: a program whose dashboard nobody opens does not pay for it.
pub(super) static FILES: LazyLock<Vec<File>> = LazyLock::new(|| {
    vec![
        file(PAGE, "text/html; charset=utf-8", include_bytes!("../../dashboard/index.html")),
        file("/app.js", "text/javascript; charset=utf-8", include_bytes!("../../dashboard/app.js")),
        file("/app.css", "text/css; charset=utf-8", include_bytes!("../../dashboard/app.css")),
        file("/icon.svg", "image/svg+xml", include_bytes!("../../dashboard/icon.svg")),
    ]
});

/// The file at an address.
pub(super) fn at(path: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.path == path)
}

fn file(path: &'static str, content_type: &'static str, bytes: &'static [u8]) -> File {
    let digest = Sha256::digest(bytes).iter().take(8).fold(0_u64, |digest, byte| digest << 8 | u64::from(*byte));
    let packed = pack(bytes).ok().filter(|packed| packed.len() < bytes.len());
    File {
        path,
        content_type,
        plain: Bytes::from_static(bytes),
        packed: packed.map(Bytes::from),
        tag: format!("\"{digest:016x}\""),
        packed_tag: format!("\"{digest:016x}-gzip\""),
    }
}

fn pack(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    encoder.finish()
}
