//! A SHA-256 and how it is written: hex for people and file names, base64 as in Lambda's `CodeSha256`.

use std::fmt;
use std::io::{self, Read};

use data_encoding::{BASE64, HEXLOWER};
use sha2::Digest as _;

/// Large enough that reading is not what takes the time, small enough for a thread's stack of buffers.
const BUFFER: usize = 128 * 1024;

/// The SHA-256 of some bytes. Displayed as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// Reads to the end, without holding it.
    pub(crate) fn of_reader(reader: &mut impl Read) -> io::Result<(Self, u64)> {
        let mut hash = Hash::default();
        let mut bytes = 0;
        let mut buffer = vec![0; BUFFER];
        loop {
            let read = match reader.read(&mut buffer) {
                Ok(0) => return Ok((hash.digest(), bytes)),
                Ok(read) => read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let read = buffer.get(..read).unwrap_or_default();
            hash.add(read);
            bytes += read.len() as u64;
        }
    }

    /// As Lambda's `CodeSha256` and Terraform's `source_code_hash` are written.
    pub(crate) fn base64(self) -> String {
        BASE64.encode(&self.0)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
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

/// A digest in the making.
#[derive(Default)]
pub(crate) struct Hash(sha2::Sha256);

impl Hash {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn digest(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_written_in_hex_and_in_base64() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digest.base64(), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn a_reader_has_the_digest_of_its_bytes() {
        let bytes = vec![7; 3 * BUFFER + 1];
        assert_eq!(Digest::of_reader(&mut bytes.as_slice()).expect("read"), (Digest::of(&bytes), bytes.len() as u64));
    }
}
