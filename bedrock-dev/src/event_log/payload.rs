//! Events and responses as readers get to see them: whole while they are short, the beginning of what is long.

use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::value::RawValue;

/// Bytes of a payload, a line or a message that are shown at most.
pub const LONGEST: usize = 64 * 1024;
/// Readers of JSON give up on what is nested deeper than about 128 levels; such a payload is shown as text.
const DEEPEST: usize = 64;

/// What a worker gets or answers: `{"bytes": 9, "json": {"n": 1}}`, or `{"bytes": 5242880, "text": "[1, 1…", "cut": true}`.
#[derive(Debug, Clone)]
pub struct Payload {
    bytes: usize,
    shown: Shown,
}

#[derive(Debug, Clone)]
enum Shown {
    /// As it was sent, without the space between its parts.
    Json(Box<RawValue>),
    /// What is no JSON, or too long or too deep to be shown as such.
    Text { text: String, is_cut: bool },
}

impl Payload {
    /// Of what is sent.
    pub fn of(bytes: &[u8]) -> Self {
        Self::sized(bytes, bytes.len())
    }

    /// Of what stands for something that has another size.
    pub(super) fn sized(bytes: &[u8], size: usize) -> Self {
        let json = (bytes.len() <= LONGEST).then(|| std::str::from_utf8(bytes).ok().and_then(json)).flatten();
        let shown = json.map_or_else(|| text(bytes), Shown::Json);
        Self { bytes: size, shown }
    }

    /// Bytes of all of it.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// All of it, if it is JSON that is not too long.
    pub fn json(&self) -> Option<&str> {
        match &self.shown {
            Shown::Json(json) => Some(json.get()),
            Shown::Text { .. } => None,
        }
    }

    /// What is shown of it.
    pub fn shown(&self) -> &str {
        match &self.shown {
            Shown::Json(json) => json.get(),
            Shown::Text { text, .. } => text,
        }
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut payload = serializer.serialize_struct("Payload", 3)?;
        payload.serialize_field("bytes", &self.bytes)?;
        match &self.shown {
            Shown::Json(json) => payload.serialize_field("json", json)?,
            Shown::Text { text, is_cut } => {
                payload.serialize_field("text", text)?;
                payload.serialize_field("cut", is_cut)?;
            }
        }
        payload.end()
    }
}

/// Cuts a text, at the end of a character.
pub(super) fn cut(text: &mut String, most: usize) {
    if text.len() > most {
        let end = (0..=most).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
        text.shrink_to_fit();
    }
}

fn text(bytes: &[u8]) -> Shown {
    // What is no UTF-8 may become longer, so it is cut once more.
    let mut text = String::from_utf8_lossy(bytes.get(..LONGEST).unwrap_or(bytes)).into_owned();
    if bytes.len() > LONGEST {
        // The last character may have been cut in two.
        text.truncate(text.trim_end_matches('\u{fffd}').len());
    }
    let is_cut = bytes.len() > LONGEST || text.len() > LONGEST;
    cut(&mut text, LONGEST);
    Shown::Text { text, is_cut }
}

/// JSON in one line with its numbers, its keys and their order as they are; nothing if it is none or nested too deep.
fn json(text: &str) -> Option<Box<RawValue>> {
    let mut line = String::with_capacity(text.len());
    let (bytes, mut depth, mut from, mut at) = (text.as_bytes(), 0_usize, 0, 0);
    // What lies between two spaces is copied at once: every event and every response comes through here.
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = behind_string(bytes, at);
                continue;
            }
            b' ' | b'\t' | b'\n' | b'\r' => {
                line.push_str(text.get(from..at)?);
                // Between two words it is what makes the text no JSON.
                if line.ends_with(|c: char| c.is_ascii_alphanumeric()) {
                    line.push(' ');
                }
                from = at + 1;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return None;
        }
        at += 1;
    }
    line.push_str(text.get(from..)?);
    RawValue::from_string(line).ok()
}

/// The place behind the string that begins at `at`, or behind everything if it does not end.
fn behind_string(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(rest) = bytes.get(at..) {
        match rest.iter().position(|byte| matches!(byte, b'"' | b'\\')) {
            Some(found) if rest.get(found) == Some(&b'"') => return at + found + 1,
            // What is escaped ends nothing.
            Some(found) => at += found + 2,
            None => break,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::{LONGEST, Payload};
    use serde_json::{Value, json};

    fn written(bytes: &[u8]) -> Value {
        let text = serde_json::to_string(&Payload::of(bytes)).expect("JSON");
        assert!(!text.contains('\n'), "{text}");
        serde_json::from_str(&text).expect("JSON")
    }

    #[test]
    fn short_json_stays_what_it_is_in_one_line() {
        assert_eq!(
            written(b"{\n  \"b\": [1, 2],\t\"a b\": \" \\\" x\"\n}"),
            json!({ "bytes": 33, "json": { "b": [1, 2], "a b": " \" x" } })
        );
        let exact = Payload::of(b"{\"z\": 12345678901234567890123, \"a\": 1.10}");
        assert_eq!(exact.shown(), "{\"z\":12345678901234567890123,\"a\":1.10}");
        assert_eq!(written(b" null "), json!({ "bytes": 6, "json": null }));
        let escaped = r#"{ "a\\": "[ \" {", "é": [ ] }"#;
        assert_eq!(Payload::of(escaped.as_bytes()).shown(), r#"{"a\\":"[ \" {","é":[]}"#);
    }

    #[test]
    fn what_is_no_json_is_text() {
        assert_eq!(written(b"1 2"), json!({ "bytes": 3, "text": "1 2", "cut": false }));
        assert_eq!(written(b""), json!({ "bytes": 0, "text": "", "cut": false }));
        for broken in ["\"a", "\"a\\", "[1, \"a\\\""] {
            assert_eq!(written(broken.as_bytes())["text"], json!(broken));
        }
        assert_eq!(written(b"\xffa"), json!({ "bytes": 2, "text": "\u{fffd}a", "cut": false }));
        let deep = [vec![b'['; 500], vec![b']'; 500]].concat();
        assert_eq!(written(&deep)["text"].as_str().map(str::len), Some(1000));
    }

    #[test]
    fn five_megabytes_are_cut_and_their_size_is_told() {
        let large = format!("\"{}\"", "é".repeat(5 * 1024 * 1024 / 2));
        let shown = written(large.as_bytes());
        assert_eq!((&shown["bytes"], &shown["cut"]), (&json!(5_242_882), &json!(true)));
        let text = shown["text"].as_str().expect("text");
        assert!(text.len() <= LONGEST && text.len() > LONGEST - 4 && text.ends_with('é'), "{}", text.len());
        let binary = written(&vec![0xff; 5 * 1024 * 1024]);
        assert!(binary["text"].as_str().is_some_and(|text| text.len() <= LONGEST), "{binary}");
    }
}
