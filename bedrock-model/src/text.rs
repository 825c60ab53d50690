//! Small operations on text that several crates need.

use std::error::Error;

/// Returns the longest beginning of `text` that has at most `max_bytes` bytes and ends with a whole character.
pub fn truncate_at_char(text: &str, max_bytes: usize) -> &str {
    let end = (0..=max_bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
    text.get(..end).unwrap_or_default()
}

/// Returns the text of an error and of all its causes, separated by `: `.
pub fn error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{error_chain, truncate_at_char};

    #[test]
    fn truncated_text_ends_with_a_whole_character() {
        assert_eq!(truncate_at_char("short", 1024), "short");
        assert_eq!(truncate_at_char(&format!("{}ä", "x".repeat(1023)), 1024), "x".repeat(1023));
        assert_eq!(truncate_at_char(&"x".repeat(2000), 1024).len(), 1024);
        assert_eq!(truncate_at_char("ä", 0), "");
    }

    #[test]
    fn error_chain_contains_all_causes() {
        let inner = "x".parse::<u8>().expect_err("not a number");
        let outer = std::io::Error::new(std::io::ErrorKind::InvalidData, inner);
        assert_eq!(error_chain(&outer), "invalid digit found in string");
    }
}
