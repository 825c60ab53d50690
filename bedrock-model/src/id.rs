//! Random ids in AWS's formats: request ids, trace headers, access keys.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};
use std::time::{SystemTime, UNIX_EPOCH};

thread_local! {
    // Each thread is seeded once with the operating system's randomness. Ids have to be unique, not secret.
    static STATE: Cell<u64> = Cell::new(RandomState::new().hash_one(std::process::id()));
}

/// Returns 64 random bits (splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014).
pub fn random() -> u64 {
    STATE.with(|state| {
        let next = state.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        state.set(next);
        let mut z = next;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn hex(out: &mut String, value: u64, digits: u32) {
    for shift in (0..digits).rev() {
        out.push(char::from(HEX[(value >> (shift * 4) & 0xf) as usize]));
    }
}

/// Returns a random UUID (version 4), 36 characters. Request ids have this form.
pub fn new_uuid() -> String {
    let high = random() & 0xffff_ffff_ffff_0fff | 0x4000;
    let low = random() & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
    let mut out = String::with_capacity(36);
    hex(&mut out, high >> 32, 8);
    out.push('-');
    hex(&mut out, high >> 16 & 0xffff, 4);
    out.push('-');
    hex(&mut out, high & 0xffff, 4);
    out.push('-');
    hex(&mut out, low >> 48, 4);
    out.push('-');
    hex(&mut out, low, 12);
    out
}

/// Returns the value of `X-Amzn-Trace-Id` for a call that starts a trace: `Root=1-<seconds>-<96 bits>;Parent=…`.
pub fn new_trace_header() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let mut out = String::with_capacity(80);
    out.push_str("Root=1-");
    hex(&mut out, seconds, 8);
    out.push('-');
    hex(&mut out, random(), 16);
    hex(&mut out, random(), 8);
    out.push_str(";Parent=");
    hex(&mut out, random(), 16);
    out.push_str(";Sampled=0");
    out
}

/// Returns a secret for one run of the program. Callers that know it may use the local Invoke API.
pub fn new_access_key() -> String {
    // Each half has new hasher keys, so the secret cannot be derived from the visible ids.
    let mut out = "BEDROCK".to_owned();
    hex(&mut out, RandomState::new().hash_one(1), 16);
    hex(&mut out, RandomState::new().hash_one(2), 16);
    out
}

#[cfg(test)]
mod tests {
    use super::{new_trace_header, new_uuid};

    #[test]
    fn new_uuid_has_version_4() {
        let id = new_uuid();
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4", "{id}");
        assert!("89ab".contains(&id[19..20]), "{id}");
        assert_ne!(id, new_uuid());
    }

    #[test]
    fn new_trace_header_has_the_documented_form() {
        let header = new_trace_header();
        assert_eq!(header.len(), "Root=1-6555a4f0-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0".len());
        assert!(header.starts_with("Root=1-"), "{header}");
    }
}
