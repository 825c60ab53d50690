//! Parses unsigned numbers that consist of digits only.

use std::str::FromStr;

/// Parses a number. Unlike `u64::from_str` it rejects a leading `+`.
pub(super) fn parse_number<T: FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|b| b.is_ascii_digit()) { text.parse().ok() } else { None }
}
