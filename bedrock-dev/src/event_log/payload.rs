//! Events and responses as the log stores them: short ones in full, long ones truncated.

use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::value::RawValue;

/// Maximum stored size of a payload, a log line or a message.
pub const MAX_STORED_BYTES: usize = 64 * 1024;
/// JSON that is nested deeper is stored as text: many JSON parsers fail at about 128 levels.
const MAX_JSON_DEPTH: usize = 64;

/// An event or a response: `{"bytes": 9, "json": {"n": 1}}`, or `{"bytes": 5242880, "text": "[1, 1…", "cut": true}`.
#[derive(Debug, Clone)]
pub struct Payload {
    /// Size of the full payload.
    bytes: usize,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    /// JSON as it was sent, without whitespace between its tokens.
    Json(Box<RawValue>),
    /// Not valid JSON, or too long or too deeply nested.
    Text { text: String, is_truncated: bool },
}

impl Payload {
    /// Stores a payload.
    pub fn of(bytes: &[u8]) -> Self {
        Self::with_size(bytes, bytes.len())
    }

    /// Stores a redacted payload whose original had `size` bytes.
    pub(super) fn with_size(bytes: &[u8], size: usize) -> Self {
        let json =
            (bytes.len() <= MAX_STORED_BYTES).then(|| std::str::from_utf8(bytes).ok().and_then(compact_json)).flatten();
        let content = json.map_or_else(|| truncated_text(bytes), Content::Json);
        Self { bytes: size, content }
    }

    /// Returns the size of the full payload.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the full payload if it is stored as JSON.
    pub fn json(&self) -> Option<&str> {
        match &self.content {
            Content::Json(json) => Some(json.get()),
            Content::Text { .. } => None,
        }
    }

    /// Returns the stored part.
    pub fn stored_text(&self) -> &str {
        match &self.content {
            Content::Json(json) => json.get(),
            Content::Text { text, .. } => text,
        }
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut payload = serializer.serialize_struct("Payload", 3)?;
        payload.serialize_field("bytes", &self.bytes)?;
        match &self.content {
            Content::Json(json) => payload.serialize_field("json", json)?,
            Content::Text { text, is_truncated } => {
                payload.serialize_field("text", text)?;
                payload.serialize_field("cut", is_truncated)?;
            }
        }
        payload.end()
    }
}

/// Truncates a text to at most `max_bytes`, without splitting a character.
pub(super) fn truncate_at_char(text: &mut String, max_bytes: usize) {
    if text.len() > max_bytes {
        let end = (0..=max_bytes).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
        text.shrink_to_fit();
    }
}

fn truncated_text(bytes: &[u8]) -> Content {
    // Replacing invalid UTF-8 may make the text longer, so it is truncated again below.
    let mut text = String::from_utf8_lossy(bytes.get(..MAX_STORED_BYTES).unwrap_or(bytes)).into_owned();
    if bytes.len() > MAX_STORED_BYTES {
        // The last character may have been split.
        text.truncate(text.trim_end_matches('\u{fffd}').len());
    }
    let is_truncated = bytes.len() > MAX_STORED_BYTES || text.len() > MAX_STORED_BYTES;
    truncate_at_char(&mut text, MAX_STORED_BYTES);
    Content::Text { text, is_truncated }
}

/// Returns JSON in one line, with unchanged numbers, keys and order. Returns `None` if the text is not valid JSON or
/// too deeply nested.
fn compact_json(text: &str) -> Option<Box<RawValue>> {
    let mut line = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut from = 0;
    let mut at = 0;
    // Everything between two spaces is copied at once: this runs for every event and every response.
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = end_of_string(bytes, at);
                continue;
            }
            b' ' | b'\t' | b'\n' | b'\r' => {
                line.push_str(text.get(from..at)?);
                // A space between two words makes the text invalid, and must not be removed.
                if line.ends_with(|c: char| c.is_ascii_alphanumeric()) {
                    line.push(' ');
                }
                from = at + 1;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_JSON_DEPTH {
            return None;
        }
        at += 1;
    }
    line.push_str(text.get(from..)?);
    RawValue::from_string(line).ok()
}

/// Returns the index after the string that starts at `at`, or the length if the string does not end.
fn end_of_string(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(rest) = bytes.get(at..) {
        match rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
            Some(found) if rest.get(found) == Some(&b'"') => return at + found + 1,
            // An escaped character does not end the string.
            Some(found) => at += found + 2,
            None => break,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::{MAX_STORED_BYTES, Payload};
    use serde_json::{Value, json};

    fn to_value(bytes: &[u8]) -> Value {
        let text = serde_json::to_string(&Payload::of(bytes)).expect("JSON");
        assert!(!text.contains('\n'), "{text}");
        serde_json::from_str(&text).expect("JSON")
    }

    #[test]
    fn short_json_is_stored_in_one_line() {
        assert_eq!(
            to_value(b"{\n  \"b\": [1, 2],\t\"a b\": \" \\\" x\"\n}"),
            json!({ "bytes": 33, "json": { "b": [1, 2], "a b": " \" x" } })
        );
        let exact = Payload::of(b"{\"z\": 12345678901234567890123, \"a\": 1.10}");
        assert_eq!(exact.stored_text(), "{\"z\":12345678901234567890123,\"a\":1.10}");
        assert_eq!(to_value(b" null "), json!({ "bytes": 6, "json": null }));
        let escaped = r#"{ "a\\": "[ \" {", "é": [ ] }"#;
        assert_eq!(Payload::of(escaped.as_bytes()).stored_text(), r#"{"a\\":"[ \" {","é":[]}"#);
    }

    #[test]
    fn invalid_json_is_stored_as_text() {
        assert_eq!(to_value(b"1 2"), json!({ "bytes": 3, "text": "1 2", "cut": false }));
        assert_eq!(to_value(b""), json!({ "bytes": 0, "text": "", "cut": false }));
        for broken in ["\"a", "\"a\\", "[1, \"a\\\""] {
            assert_eq!(to_value(broken.as_bytes())["text"], json!(broken));
        }
        assert_eq!(to_value(b"\xffa"), json!({ "bytes": 2, "text": "\u{fffd}a", "cut": false }));
        let deep = [vec![b'['; 500], vec![b']'; 500]].concat();
        assert_eq!(to_value(&deep)["text"].as_str().map(str::len), Some(1000));
    }

    #[test]
    fn long_payloads_are_truncated_with_their_size() {
        let large = format!("\"{}\"", "é".repeat(5 * 1024 * 1024 / 2));
        let shown = to_value(large.as_bytes());
        assert_eq!((&shown["bytes"], &shown["cut"]), (&json!(5_242_882), &json!(true)));
        let text = shown["text"].as_str().expect("text");
        assert!(
            text.len() <= MAX_STORED_BYTES && text.len() > MAX_STORED_BYTES - 4 && text.ends_with('é'),
            "{}",
            text.len()
        );
        let binary = to_value(&vec![0xff; 5 * 1024 * 1024]);
        assert!(binary["text"].as_str().is_some_and(|text| text.len() <= MAX_STORED_BYTES), "{binary}");
    }
}
