//! SHA-256 digests and their text forms: hexadecimal for people and file names, base64 as in Lambda's `CodeSha256`.

use std::fmt;
use std::io::{self, Read};

use data_encoding::{BASE64, HEXLOWER};
use sha2::Digest as _;

/// Size of the buffer that [`Digest::of_reader`] reads into: larger buffers do not make it faster.
const BUFFER_BYTES: usize = 128 * 1024;

/// A SHA-256 digest. Its `Display` form has 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Returns the digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Reads `reader` to its end in chunks. Returns the digest and the number of bytes.
    pub fn of_reader(reader: &mut impl Read) -> io::Result<(Self, u64)> {
        let mut hasher = Hasher::default();
        let mut bytes = 0;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => return Ok((hasher.finish(), bytes)),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let chunk = buffer.get(..count).unwrap_or_default();
            hasher.update(chunk);
            bytes += chunk.len() as u64;
        }
    }

    /// Returns the base64 form that Lambda's `CodeSha256` and Terraform's `source_code_hash` use.
    #[must_use]
    pub fn base64(self) -> String {
        BASE64.encode(&self.0)
    }

    /// Returns the 32 bytes of the digest.
    #[must_use]
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// Computes a [`Digest`] from bytes that arrive in pieces.
#[derive(Debug, Default)]
pub struct Hasher(sha2::Sha256);

impl Hasher {
    /// Adds `bytes` to the input.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the digest of all bytes that were added.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_has_hex_and_base64_forms() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digest.base64(), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn reader_digest_equals_digest_of_its_bytes() {
        let bytes = vec![7; 3 * BUFFER_BYTES + 1];
        assert_eq!(Digest::of_reader(&mut bytes.as_slice()).expect("read"), (Digest::of(&bytes), bytes.len() as u64));
    }
}
