//! MD5 (RFC 1321) and SHA-256 (FIPS 180-4) of short texts: the digests in events of SQS and S3. Every user compiles this
//! crate, so it has no other one for them. Nothing here protects anything.

use std::fmt::Write as _;

/// Bytes of a block of both digests.
const BLOCK_BYTES: usize = 64;

/// The rotations of MD5, four for each round.
const MD5_ROTATIONS: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// The first 32 bits of the fractions of the cube roots of the first 64 primes.
const SHA256_CONSTANTS: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

/// Returns the MD5 digest in hexadecimal digits.
#[allow(clippy::many_single_char_names, reason = "the names of the standard")]
#[must_use]
pub fn md5_hex(bytes: &[u8]) -> String {
    let mut state: [u32; 4] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
    let length = (bytes.len() as u64).wrapping_mul(8).to_le_bytes();
    for block in padded(bytes, length).chunks_exact(BLOCK_BYTES) {
        let words: Vec<u32> = block.chunks_exact(4).map(|word| u32::from_le_bytes(four_bytes(word))).collect();
        let [mut a, mut b, mut c, mut d] = state;
        for (index, constant) in (0_u32..64).zip(md5_constants()) {
            let round = index / 16;
            let (mixed, word) = match round {
                0 => (b & c | !b & d, index),
                1 => (b & d | c & !d, 5 * index + 1),
                2 => (b ^ c ^ d, 3 * index + 5),
                _ => (c ^ (b | !d), 7 * index),
            };
            let sum = a.wrapping_add(mixed).wrapping_add(constant).wrapping_add(words[(word % 16) as usize]);
            let rotation = MD5_ROTATIONS[round as usize][(index % 4) as usize];
            (a, d, c, b) = (d, c, b, b.wrapping_add(sum.rotate_left(rotation)));
        }
        for (sum, value) in state.iter_mut().zip([a, b, c, d]) {
            *sum = sum.wrapping_add(value);
        }
    }
    hex(state.iter().flat_map(|word| word.to_le_bytes()))
}

/// Returns the SHA-256 digest in hexadecimal digits.
#[allow(clippy::many_single_char_names, reason = "the names of the standard")]
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    let mut state: [u32; 8] =
        [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
    let length = (bytes.len() as u64).wrapping_mul(8).to_be_bytes();
    for block in padded(bytes, length).chunks_exact(BLOCK_BYTES) {
        let mut words: Vec<u32> = block.chunks_exact(4).map(|word| u32::from_be_bytes(four_bytes(word))).collect();
        for at in 16..64 {
            let early: u32 = words[at - 15];
            let late: u32 = words[at - 2];
            let first = early.rotate_right(7) ^ early.rotate_right(18) ^ (early >> 3);
            let second = late.rotate_right(17) ^ late.rotate_right(19) ^ (late >> 10);
            words.push(words[at - 16].wrapping_add(first).wrapping_add(words[at - 7]).wrapping_add(second));
        }
        let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = state;
        for (word, constant) in words.iter().zip(SHA256_CONSTANTS) {
            let choice = e & f ^ !e & g;
            let first = (e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25)).wrapping_add(choice);
            let first = h.wrapping_add(first).wrapping_add(constant).wrapping_add(*word);
            let majority = a & b ^ a & c ^ b & c;
            let second = (a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22)).wrapping_add(majority);
            (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(first), c, b, a, first.wrapping_add(second));
        }
        for (sum, value) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
            *sum = sum.wrapping_add(value);
        }
    }
    hex(state.iter().flat_map(|word| word.to_be_bytes()))
}

/// Returns the constants of MD5: the integer parts of 2³² times the absolute sine of 1 to 64.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the sine is at most 1")]
fn md5_constants() -> impl Iterator<Item = u32> {
    (1..=64).map(|number| (f64::from(number).sin().abs() * 4_294_967_296.0) as u32)
}

/// Returns the bytes with a bit, zeros and their length in bits, so that they fill blocks.
fn padded(bytes: &[u8], length: [u8; 8]) -> Vec<u8> {
    let mut padded = bytes.to_vec();
    padded.push(0x80);
    padded.resize((padded.len() + length.len()).next_multiple_of(BLOCK_BYTES) - length.len(), 0);
    padded.extend(length);
    padded
}

fn four_bytes(word: &[u8]) -> [u8; 4] {
    word.try_into().unwrap_or_default()
}

fn hex(bytes: impl Iterator<Item = u8>) -> String {
    bytes.fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{md5_hex, sha256_hex};

    #[test]
    fn digests_are_those_of_the_standards() {
        for (text, md5, sha256) in [
            (
                "",
                "d41d8cd98f00b204e9800998ecf8427e",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            (
                "abc",
                "900150983cd24fb0d6963f7d28e17f72",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "8215ef0796a20bcaaae116d3876c664a",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
            ),
        ] {
            assert_eq!((md5_hex(text.as_bytes()), sha256_hex(text.as_bytes())), (md5.to_owned(), sha256.to_owned()));
        }
        let digits = "12345678901234567890123456789012345678901234567890123456789012345678901234567890";
        assert_eq!(md5_hex(digits.as_bytes()), "57edf4a22be3c955ac49da2e2107b67a");
        let million = vec![b'a'; 1_000_000];
        assert_eq!(sha256_hex(&million), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
        assert_eq!(md5_hex(&million), "7707d6ae4e027c70eea2a935c2296f21");
    }
}
