//! A file in which an object is written before it takes its place, so that readers never see a part of an object. Its
//! digests are computed while it is written, and compared with those that the client has sent.

use std::fs::{DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Crc;
use md5::{Digest as _, Md5};
use sha2::Sha256;

use super::super::super::aws_api::{hex, new_uuid};
use super::error::S3Error;

/// Number of bytes that are copied at once.
const BUFFER_BYTES: usize = 256 * 1024;

/// A temporary file; it is deleted if it does not take its place.
#[derive(Debug)]
pub(super) struct Draft {
    path: TemporaryPath,
    file: File,
    pub(super) size: u64,
    md5: Md5,
    sha256: Sha256,
    crc32: Crc,
}

/// A file that is deleted when this is dropped.
#[derive(Debug)]
struct TemporaryPath(PathBuf);

impl Drop for TemporaryPath {
    fn drop(&mut self) {
        // It is gone if it has taken its place.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A part of an object that is uploaded in several requests. Its file is closed.
#[derive(Debug)]
pub(super) struct Part {
    path: TemporaryPath,
    pub(super) size: u64,
    pub(super) md5: [u8; 16],
}

impl Part {
    /// Opens the content.
    pub(super) fn open(&self) -> io::Result<File> {
        File::open(&self.path.0)
    }

    /// Returns the MD5 digest in hexadecimal digits.
    pub(super) fn etag(&self) -> String {
        hex(&self.md5)
    }
}

impl Draft {
    /// Creates an empty file in this folder.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        // Objects may contain what is no one else's business; in their bucket, they are files like any other.
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        let path = folder.join(new_uuid());
        let file = File::create_new(&path)?;
        Ok(Self { path: TemporaryPath(path), file, size: 0, md5: Md5::new(), sha256: Sha256::new(), crc32: Crc::new() })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.size += bytes.len() as u64;
        self.md5.update(bytes);
        self.sha256.update(bytes);
        self.crc32.update(bytes);
        Ok(())
    }

    /// Writes everything that a file, or a part of it, contains.
    pub(super) fn copy(&mut self, source: &mut impl io::Read) -> io::Result<()> {
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            match source.read(&mut buffer)? {
                0 => return Ok(()),
                bytes => self.write(&buffer[..bytes])?,
            }
        }
    }

    /// Returns the MD5 digest in hexadecimal digits.
    pub(super) fn etag(&self) -> String {
        hex(&self.md5.clone().finalize())
    }

    /// Closes the file and keeps it as a part.
    pub(super) fn into_part(self) -> Part {
        Part { path: self.path, size: self.size, md5: self.md5.finalize().into() }
    }

    /// Compares the content with the digests in the headers and trailers of the request.
    pub(super) fn verify(&self, headers: &HeaderMap, trailers: &[(String, String)]) -> Result<(), S3Error> {
        let value = |name: &str| -> Option<String> {
            let trailer = trailers.iter().find(|(trailer, _)| trailer == name).map(|(_, value)| value.clone());
            trailer.or_else(|| Some(headers.get(name)?.to_str().ok()?.to_owned()))
        };
        if let Some(expected) = value("content-md5") {
            let digest = STANDARD.decode(&expected).ok().filter(|digest| digest.len() == 16);
            let digest = digest.ok_or_else(S3Error::invalid_digest)?;
            if digest != self.md5.clone().finalize()[..] {
                return Err(S3Error::bad_digest("Content-MD5"));
            }
        }
        let checksums = [
            ("x-amz-checksum-crc32", "CRC32", self.crc32.sum().to_be_bytes().to_vec()),
            ("x-amz-checksum-sha256", "SHA256", self.sha256.clone().finalize().to_vec()),
        ];
        for (name, algorithm, actual) in checksums {
            let Some(expected) = value(name) else { continue };
            let expected = STANDARD.decode(&expected).ok().filter(|digest| digest.len() == actual.len());
            let expected = expected.ok_or_else(|| S3Error::invalid_checksum(name))?;
            if expected != actual {
                return Err(S3Error::bad_digest(algorithm));
            }
        }
        let is_digest = |text: &String| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if let Some(expected) = value("x-amz-content-sha256").filter(is_digest)
            && !expected.eq_ignore_ascii_case(&hex(&self.sha256.clone().finalize()))
        {
            return Err(S3Error::content_sha256_mismatch());
        }
        Ok(())
    }

    /// Moves the file to its place.
    pub(super) fn place(self, path: &Path) -> io::Result<()> {
        match move_file(&self.path.0, path) {
            // A concurrent deletion of the last file has removed the folder: try once more.
            Err(error) if error.kind() == io::ErrorKind::NotFound => move_file(&self.path.0, path),
            moved => moved,
        }
    }
}

fn move_file(temporary: &Path, path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    match std::fs::rename(temporary, path) {
        // The folder of temporary files may be on a different disk.
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => std::fs::copy(temporary, path).map(|_| ()),
        moved => moved,
    }
}

#[cfg(test)]
mod tests {
    use super::Draft;
    use axum::http::{HeaderMap, HeaderName, HeaderValue};

    #[test]
    fn digests_of_the_request_are_compared() {
        let scratch = tempfile::tempdir().expect("a folder");
        let mut draft = Draft::create(scratch.path()).expect("a file");
        draft.write(b"hel").expect("written");
        draft.write(b"lo").expect("written");
        assert_eq!(draft.etag(), "5d41402abc4b2a76b9719d911017c592");
        let sha256 = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
        for (name, value, expected) in [
            ("content-md5", "XUFAKrxLKna5cZ2REBfFkg==", true),
            ("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==", false),
            ("content-md5", "XUFA", false),
            ("x-amz-checksum-crc32", "NhCmhg==", true),
            ("x-amz-checksum-crc32", "NhCmhA==", false),
            ("x-amz-checksum-sha256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", true),
            ("x-amz-checksum-sha256", "no", false),
            ("x-amz-content-sha256", sha256, true),
            ("x-amz-content-sha256", "UNSIGNED-PAYLOAD", true),
            ("x-amz-content-sha256", &sha256.replace('2', "3"), false),
        ] {
            let header =
                HeaderMap::from_iter([(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a value"))]);
            assert_eq!(draft.verify(&header, &[]).is_ok(), expected, "{name}: {value}");
            let trailer = [(name.to_owned(), value.to_owned())];
            assert_eq!(draft.verify(&HeaderMap::new(), &trailer).is_ok(), expected, "{name}: {value}");
        }
        drop(draft);
        assert_eq!(scratch.path().read_dir().expect("a folder").count(), 0);
    }
}
